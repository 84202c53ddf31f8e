/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_state.c - what it costs to keep the correlator's state on disk: reads
 * a log and asks for the parts that changed after every 1,000 records, as the
 * daemon's commits do.  Prints time, bytes and parts a commit for the second
 * half, when as many failures are remembered as there can be.
 *
 *   bench_state FILE */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/stream.h"
#include "parsers/catalogue.h"
#include "parsers/correlate.h"

enum { COMMIT = 1000 };

struct totals {
    unsigned long long commits, parts, gone, bytes, most, ns, here;
};

static int
take_item(void *arg, const struct item *item)
{
    (void) item;
    ++*(unsigned long long *) arg;
    return 0;
}

static int
take_part(void *arg, const char *name, const void *p, size_t n)
{
    struct totals *t = arg;

    (void) name;
    t->parts += p != NULL;
    t->gone += p == NULL;
    t->here += n;
    return 0;
}

static unsigned long long
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (unsigned long long) ts.tv_sec * 1000000000u + (unsigned long long) ts.tv_nsec;
}

static int
commit(struct correlate *k, struct totals *t)
{
    unsigned long long begin = now();
    int r;

    t->here = 0;
    r = correlate_save_changes(k, take_part, t);
    correlate_saved(k);
    t->ns += now() - begin;
    t->bytes += t->here;
    t->most = t->here > t->most ? t->here : t->most;
    t->commits++;
    return r;
}

static void
print(const struct correlate *k, const struct totals *t, unsigned long long items)
{
    double n = t->commits ? (double) t->commits : 1;

    printf("items %llu, failures forgotten %llu\n", items, (unsigned long long) correlate_pairs(k)->forgotten);
    printf("a commit of %d records: %.1f us, %.1f KiB (most %.1f), %.1f parts, %.1f gone\n", COMMIT,
           (double) t->ns / n / 1e3, (double) t->bytes / n / 1024, (double) t->most / 1024, (double) t->parts / n,
           (double) t->gone / n);
}

int
main(int argc, char **argv)
{
    struct stream_options o = {.format = "sms-log", .host = "ANFIELD", .zone = "UTC"};
    struct totals first = {0}, t = {0};
    struct catalogue_error error;
    struct catalogue *cat;
    struct catalogue_scratch *scratch;
    struct correlate *k;
    struct stream *s;
    unsigned long long items = 0, records = 0;
    struct sink sink = {take_item, &items};
    char err[512];
    int r;

    cat = catalogue_new_builtin(&error);
    scratch = cat ? catalogue_scratch_new(cat) : NULL;
    k = cat ? correlate_new(cat) : NULL;
    s = argc == 2 ? stream_open(argv[1], &o, false, err, sizeof err) : NULL;
    if (!scratch || !k || !s) {
        fprintf(stderr, "bench_state: %s\n", argc == 2 && !s ? err : "usage: bench_state FILE");
        return 1;
    }
    while ((r = stream_next(s, NULL)) > 0) {
        struct correlate_input in = {.ev = stream_event(s), .source = stream_id(s), .nearest = stream_nearest(s)};

        if (diagnose_event(cat, scratch, stream_arena(s), in.ev) != PERR_OK || stream_identify(s)
            || correlate_event(k, stream_arena(s), &sink, &in))
            return 1;
        if (++records % COMMIT == 0) {
            bool full = correlate_pairs(k)->forgotten > 0;

            if (commit(k, full ? &t : &first))
                return 1;
        }
    }
    print(k, t.commits ? &t : &first, items);
    correlate_free(k);
    catalogue_scratch_free(scratch);
    catalogue_unref(cat);
    stream_close(s);
    return r < 0;
}
