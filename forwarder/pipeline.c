/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pipeline.c - THE FILE TO READ FIRST: the whole path of a record, as literal
 * calls.
 *
 *   stream_next      bytes of a source -> record -> event     (stream.c)
 *   diagnose_event   event alone: claim and cause             (diagnose.c)
 *   correlate_event  events together: verdict, alarms, items  (correlate.c)
 *   sink             export and report: XML or lines
 *                    forward: journal_append, and then
 *   deliver_all      journal -> filter -> target->send -> flush -> cursor
 *
 * export and report end at the sink.  forward goes through the journal from
 * the start: items, the correlator's state and the sources' checkpoints commit
 * together, so that a crash at any point neither loses nor invents anything. */
#include "build.h"

#include "forwarder/pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/bounds.h"
#include "forwarder/checkpoint.h"
#include "forwarder/clock.h"
#include "forwarder/cmd.h"
#include "forwarder/deliver.h"
#include "forwarder/log.h"
#include "forwarder/sources.h"
#include "parsers/item_xml.h"
#include "parsers/when.h"

enum { PIPELINE_COMMIT = 1000, PIPELINE_COMMIT_MOST = 100000, PIPELINE_TRANSIENT = 64, PIPELINE_PROGRESS = 1 << 14 };

bool
pipeline_init(struct pipeline *p)
{
    struct catalogue_error error;
    size_t n = 0;

    memset(p, 0, sizeof *p);
    while (catalogue_builtin[n].name)
        n++;
    p->catalogue = catalogue_new(catalogue_builtin, n, &error);
    if (!p->catalogue) {
        log_error("catalogue %s:%d: %s", error.file, error.line, error.text);
        return false;
    }
    p->scratch = catalogue_scratch_new(p->catalogue);
    p->correlate = correlate_new(p->catalogue);
    p->merge = merge_new();
    p->progress = isatty(STDERR_FILENO);
    if (p->scratch && p->correlate && p->merge)
        return true;
    log_error("out of memory");
    pipeline_fini(p);
    return false;
}

void
pipeline_fini(struct pipeline *p)
{
    merge_free(p->merge);
    correlate_free(p->correlate);
    catalogue_scratch_free(p->scratch);
    catalogue_unref(p->catalogue);
    memset(p, 0, sizeof *p);
}

static void
add_stream(struct pipeline *p, struct stream *s)
{
    if (stream_zone_unknown(s))
        correlate_unknown_zone(p->correlate, stream_id(s));
    if (!merge_add(p->merge, s)) {
        log_error("%s: out of memory", stream_path(s));
        stream_close(s);
        p->failed++;
    }
}

void
pipeline_open_inputs(struct pipeline *p, const struct inputs *in, const struct stream_options *options)
{
    char err[512];

    p->failed += in->failed;
    p->total_bytes = in->bytes;
    for (unsigned i = 0; i < in->n; i++) {
        struct stream *s = stream_open(in->path[i], options, in->n > PIPELINE_TRANSIENT, err, sizeof err);

        if (s) {
            add_stream(p, s);
            continue;
        }
        log_error("%s", err);
        p->failed++;
    }
}

/* A record that no signature can match changes nothing while no run or stall
 * waits for it, and before anything is due. */
static bool
is_idle(void *arg, struct str text)
{
    const struct pipeline *p = arg;

    return correlate_idle(p->correlate) && catalogue_idle(p->catalogue, text);
}

static int64_t
due_before(void *arg)
{
    const struct pipeline *p = arg;

    return correlate_next_due(p->correlate);
}

static void
show_progress(const struct pipeline *p, bool end)
{
    uint64_t bytes = 0;

    if (!p->progress)
        return;
    if (end) {
        fputs("\r\033[K", stderr);
        return;
    }
    for (unsigned i = 0; i < merge_count(p->merge); i++)
        bytes += stream_stats(merge_stream(p->merge, i))->bytes;
    if (p->total_bytes)
        fprintf(stderr, "\r%llu of %llu MB", (unsigned long long) (bytes >> 20),
                (unsigned long long) (p->total_bytes >> 20));
    else
        fprintf(stderr, "\r%llu MB", (unsigned long long) (bytes >> 20));
}

int
pipeline_run(struct pipeline *p, const struct sink *sink, bool faults, pipeline_between *between, void *arg)
{
    const struct stream_pass pass = {is_idle, due_before, p};
    struct arena *arena = NULL;
    struct stream *s;
    int r = 0;

    while (!r && (s = merge_next(p->merge, faults ? &pass : NULL))) {
        struct correlate_input in = {
            .ev = stream_event(s), .source = stream_id(s), .nearest = stream_nearest(s), .arrival = p->arrival};

        /* An error leaves the event unclassified, with its bytes as text. */
        diagnose_event(p->catalogue, p->scratch, stream_arena(s), in.ev);
        if (!faults || in.ev->cls != CLASS_ACTIVITY)
            r = stream_identify(s);
        if (!r)
            r = correlate_event(p->correlate, stream_arena(s), sink, &in);
        if (++p->events % PIPELINE_PROGRESS == 0)
            show_progress(p, false);
        if (!r && between)
            r = between(arg);
    }
    show_progress(p, true);
    bounds_report(p->correlate);
    p->failed += merge_failed(p->merge);
    if (!r && (arena = arena_new(EVENT_TEXT_MAX * 16)))
        r = correlate_finish(p->correlate, arena, sink);
    arena_free(arena);
    return r;
}

int
pipeline_status(const struct pipeline *p)
{
    if (p->failed)
        return CMD_FAILED;
    for (unsigned i = 0; i < merge_count(p->merge); i++)
        if (stream_stats(merge_stream(p->merge, i))->unframed_bytes)
            return CMD_UNFRAMED;
    return CMD_DONE;
}

/* --- through the journal ------------------------------------------------ */

struct journal_sink {
    struct pipeline *p;
    struct journal *journal;
    struct xml_buf xml;
    bool open; /* a transaction */
    unsigned pending;
    int64_t cost, ended; /* of the last commit, ns */
    uint64_t items, faults;
};

/* Ends the transaction: what was read and what follows from it. */
static int
commit(struct journal_sink *k)
{
    int64_t started = clock_monotonic();
    int r = 0;

    if (!k->open && !(r = journal_begin(k->journal)))
        k->open = true;
    if (!r)
        r = checkpoint_save(k->journal, k->p->merge, k->p->correlate);
    if (!r)
        r = journal_commit(k->journal);
    if (r)
        log_error("journal: %s", journal_error(k->journal));
    k->open = false;
    k->pending = 0;
    k->ended = clock_monotonic();
    k->cost = k->ended - started;
    return r;
}

static int
append(void *arg, const struct item *item)
{
    struct journal_sink *k = arg;
    uint64_t seq;
    int r = 0;

    xml_buf_clear(&k->xml);
    item_xml_write(&k->xml, item);
    if (k->xml.failed)
        return -ENOMEM;
    if (!k->open && !(r = journal_begin(k->journal)))
        k->open = true;
    if (!r)
        r = journal_append(k->journal, item, str_make(k->xml.p, k->xml.n), clock_utc(), false, &seq);
    if (r) {
        log_error("journal: %s", journal_error(k->journal));
        return r;
    }
    k->items++;
    k->pending++;
    k->faults += item->kind == ITEM_ALARM && item->alarm->state == ALARM_RAISED;
    return 0;
}

/* Between records only, so that a checkpoint never stands inside one.  What the
 * correlator remembers is saved with each commit and may be much: no more than
 * a tenth of the time goes into commits. */
static int
commit_when_full(void *arg)
{
    struct journal_sink *k = arg;

    if (k->pending < PIPELINE_COMMIT
        || (k->pending < PIPELINE_COMMIT_MOST && clock_monotonic() - k->ended < 10 * k->cost))
        return 0;
    return commit(k);
}

int
pipeline_forward_once(const struct config *config)
{
    struct pipeline p = {0};
    struct journal_sink k = {0};
    struct sink sink = {append, NULL};
    char err[1024];
    int r = -EIO, status = CMD_FAILED;

    xml_buf_init(&k.xml, EVENT_TEXT_MAX * 16);
    if (!pipeline_init(&p))
        goto out;
    k.p = &p;
    k.journal = journal_open(config->state, config->journal_limit, err, sizeof err);
    if (!k.journal) {
        log_error("%s", err);
        goto out;
    }
    r = checkpoint_restore_correlate(k.journal, p.correlate);
    if (r) {
        log_error("%s: the saved state of the alarms cannot be read; it is kept as it is", config->state);
        goto out;
    }
    p.failed += sources_open(config, k.journal, p.merge);
    for (unsigned i = 0; i < merge_count(p.merge); i++)
        if (stream_zone_unknown(merge_stream(p.merge, i)))
            correlate_unknown_zone(p.correlate, stream_id(merge_stream(p.merge, i)));
    p.arrival = clock_utc();
    sink.arg = &k;
    r = pipeline_run(&p, &sink, false, commit_when_full, &k);
    if (r || commit(&k))
        goto out;
    log_info("read %llu records from %u files: %llu items, %llu faults, %u alarms open",
             (unsigned long long) p.events, merge_count(p.merge), (unsigned long long) k.items,
             (unsigned long long) k.faults, alarm_open_count(correlate_alarms(p.correlate)));
    status = deliver_all(config, k.journal) ? CMD_FAILED : pipeline_status(&p);
out:
    journal_close(k.journal);
    xml_buf_fini(&k.xml);
    pipeline_fini(&p);
    return status;
}
