/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_report.c - `truecause report`: what went wrong, one line a fault, newest
 * first.  The first thing an administrator tries: no configuration needed. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/cmd.h"
#include "forwarder/log.h"
#include "forwarder/pipeline.h"
#include "parsers/map.h"
#include "parsers/summary.h"

enum { REPORT_MAX = 10000 };

static const char usage[] =
    "usage: truecause report [OPTION]... FILE|DIR|-...\n"
    "Says what failed and why, one line a fault, newest first.\n"
    "\n"
    "  --format FORMAT   auto (default), sms-log, bracket-log, event-xml, evtx, viewer-text, nt-trap, relay-line\n"
    "  --zone ZONE       time zone of records that show none: America/Los_Angeles, +02:00\n"
    "  --host HOST       computer that wrote the records\n"
    "  --site SITE       its SMS site code\n"
    "  --date-order mdy|dmy|ymd   of short dates (default mdy)\n"
    "  --code-page NAME  of 8-bit text that is not UTF-8 (default windows-1252)\n"
    "  --catalogue PATH  a file or folder of signatures that adds to those in the program\n"
    "\n"
    "Exit status as for export.\n";

/* One fault from its raise to its end. */
struct episode {
    char key[ALARM_KEY_MAX + 1];
    char line[SUMMARY_SIZE];
    char when[WHEN_TEXT_SIZE], cleared[WHEN_TEXT_SIZE];
    char reason[64];
    enum severity severity;
    uint64_t count, number;
    bool open;
};

struct report {
    struct episode *episode; /* ring, the newest REPORT_MAX */
    uint64_t n;
    struct map *open; /* key -> its episode */
};

/* The next place of the ring; what stood there is no longer shown. */
static struct episode *
new_episode(struct report *r, struct str key)
{
    struct episode *e = &r->episode[r->n % REPORT_MAX];

    if (r->n >= REPORT_MAX && e->open)
        map_take(r->open, str_z(e->key));
    memset(e, 0, sizeof *e);
    if (!map_put(r->open, key, e))
        return NULL;
    e->open = true;
    e->number = r->n++;
    return e;
}

static void
copy_text(char *out, size_t size, struct str s)
{
    size_t n = s.n < size - 1 ? s.n : size - 1;

    if (n)
        memcpy(out, s.p, n);
    out[n] = '\0';
}

static int
note_item(void *arg, const struct item *item)
{
    struct report *r = arg;
    const struct alarm_item *a = item->alarm;
    struct episode *e;

    if (item->kind != ITEM_ALARM)
        return 0;
    e = map_get(r->open, a->key);
    if (!e && a->state == ALARM_UPDATED && str_starts(a->key, STR("dist:"))) {
        /* The alarm got its server: it was filed under "-" until now. */
        char bare[ALARM_KEY_MAX + 1];

        e = map_take(r->open, alarm_key(bare, "dist", STR_NONE, a->f.package));
        if (e && !map_put(r->open, a->key, e))
            return -ENOMEM;
    }
    if (a->state == ALARM_CLEARED) {
        if (!e)
            return 0;
        map_take(r->open, a->key);
        e->open = false;
        copy_text(e->reason, sizeof e->reason, a->reason);
        when_text(&a->when, e->cleared);
        return 0;
    }
    if (!e && !(e = new_episode(r, a->key)))
        return -ENOMEM;
    copy_text(e->key, sizeof e->key, a->key);
    copy_text(e->line, sizeof e->line, a->summary);
    when_text(&a->last, e->when);
    e->severity = a->severity;
    e->count = a->count;
    return 0;
}

/* "1998-09-10 09:55:37Z" as people write it, to the second; the Z means UTC. */
static void
print_time(const char *iso)
{
    size_t n = strlen(iso);

    if (n < 19)
        fputs("(no time)           ", stdout);
    else
        printf("%.10s %.8s%s", iso, iso + 11, iso[n - 1] == 'Z' ? "Z" : "");
}

static void
print_episode(const struct episode *e)
{
    print_time(e->when);
    printf("  %-8s  %s", severity_name(e->severity), e->line);
    if (e->count > 1)
        printf("  (%" PRIu64 " times)", e->count);
    if (!e->open) {
        fputs("  [over", stdout);
        if (e->cleared[0]) {
            fputc(' ', stdout);
            print_time(e->cleared);
        }
        printf(": %s]", e->reason);
    }
    fputc('\n', stdout);
}

static void
print_span(const struct pipeline *p)
{
    for (unsigned i = 0; i < merge_count(p->merge); i++) {
        struct stream *s = merge_stream(p->merge, i);
        const struct stream_stats *st = stream_stats(s);
        char first[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE], name[1024];

        text_show(str_z(stream_path(s)), name, sizeof name);
        printf("%s: %s, %" PRIu64 " records", name, stream_format(s), st->records);
        if (st->first_known) {
            when_text(&st->first, first);
            when_text(&st->last, last);
            fputs(", ", stdout);
            print_time(first);
            fputs(" to ", stdout);
            print_time(last);
            if (!st->first.utc_known)
                fputs(", local time; its zone is unknown, --zone tells", stdout);
            else if (st->zone[0])
                printf(", zone %s", st->zone);
        }
        if (st->unframed_bytes)
            printf("; %" PRIu64 " of %" PRIu64 " bytes no format could frame", st->unframed_bytes, st->bytes);
        fputc('\n', stdout);
    }
}

/* Newest first; what shows no time comes last, else in the order it came. */
static int
newer(const void *x, const void *y)
{
    const struct episode *a = x, *b = y;
    int order = strcmp(b->when, a->when);

    return order ? order : a->number < b->number ? 1 : a->number > b->number ? -1 : 0;
}

static void
print_report(const struct report *r, const struct pipeline *p)
{
    uint64_t shown = r->n < REPORT_MAX ? r->n : REPORT_MAX, open = 0, unframed = 0;

    qsort(r->episode, (size_t) shown, sizeof *r->episode, newer);
    for (uint64_t i = 0; i < shown; i++)
        print_episode(&r->episode[i]);
    if (r->n > shown)
        printf("(%" PRIu64 " older faults are not shown; export has them all)\n", r->n - shown);
    if (r->n == 0)
        puts("No faults found.");
    fputc('\n', stdout);
    print_span(p);
    for (unsigned i = 0; i < merge_count(p->merge); i++)
        unframed += stream_stats(merge_stream(p->merge, i))->unframed_bytes;
    printf("Bytes no format could frame: %" PRIu64 "\n", unframed);
    open = alarm_open_count(correlate_alarms(p->correlate));
    printf("Open at the end: %" PRIu64 "\n", open);
    for (uint64_t i = 0; i < shown; i++)
        if (r->episode[i].open)
            printf("  %s\n", r->episode[i].key);
}

int
cmd_report(int argc, char **argv)
{
    struct options options;
    struct report report = {0};
    struct pipeline p;
    struct inputs in;
    struct sink sink = {note_item, &report};
    int status;

    if (!options_read(&options, argc, argv, "", usage, &status))
        return status;
    report.episode = calloc(REPORT_MAX, sizeof *report.episode);
    report.open = map_new(REPORT_MAX + 1);
    if (!report.episode || !report.open || !pipeline_init(&p, options.catalogue)) {
        map_free(report.open);
        free(report.episode);
        return CMD_FAILED;
    }
    inputs_expand(&in, argv + options.first, argc - options.first);
    pipeline_open_inputs(&p, &in, &options.stream);
    status = CMD_FAILED;
    if (pipeline_run(&p, &sink, true) == 0) {
        print_report(&report, &p);
        status = pipeline_status(&p);
    }
    if (fflush(stdout) != 0)
        status = CMD_FAILED;
    pipeline_fini(&p);
    inputs_fini(&in);
    map_free(report.open);
    free(report.episode);
    return status;
}
