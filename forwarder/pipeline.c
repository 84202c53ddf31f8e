/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pipeline.c - THE FILE TO READ FIRST: the whole path of a record, as literal
 * calls.
 *
 *   stream_next      bytes of a source -> record -> event     (stream.c)
 *   diagnose_event   event alone: claim and cause             (diagnose.c)
 *   correlate_event  events together: verdict, alarms, items  (correlate.c)
 *   sink             export and report: XML or lines
 *                    forward: a batch, and then
 *   engine_commit    batch, state, places, cursors -> journal -> feed
 *   worker           feed or journal -> filter -> target->send -> settle -> cursor
 *
 * export and report end at the sink and read their files to the end.  forward
 * has its bytes from follows, a thread each (follow.c), and goes through the
 * journal from the start: items, the correlator's state, the sources' places
 * and the targets' cursors commit together, so that a crash at any point
 * neither loses nor invents anything. */
#include "build.h"

#include "forwarder/pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/bounds.h"
#include "forwarder/cmd.h"
#include "forwarder/engine.h"
#include "forwarder/engine_parts.h"
#include "forwarder/log.h"
#include "parsers/when.h"

enum { PIPELINE_TRANSIENT = 64, PIPELINE_PROGRESS = 1 << 14, PIPELINE_END_ARENA = 64 << 20 };

bool
pipeline_init(struct pipeline *p, struct catalogue *catalogue)
{
    struct catalogue_error error;

    memset(p, 0, sizeof *p);
    p->catalogue = catalogue ? catalogue : catalogue_new_builtin(&error);
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

bool
pipeline_replace_catalogue(struct pipeline *p, struct catalogue *catalogue)
{
    struct catalogue_scratch *scratch = catalogue_scratch_new(catalogue);

    if (!scratch) {
        catalogue_unref(catalogue);
        return false;
    }
    catalogue_scratch_free(p->scratch);
    catalogue_unref(p->catalogue);
    p->scratch = scratch;
    p->catalogue = catalogue;
    correlate_catalogue(p->correlate, catalogue);
    return true;
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

    return correlate_idle(p->correlate) && catalogue_idle(p->catalogue, p->scratch, text);
}

/* The same of an event-log record whose source no signature knows. */
static bool
is_foreign(void *arg, struct str source)
{
    const struct pipeline *p = arg;

    return correlate_idle(p->correlate) && catalogue_foreign(p->catalogue, source);
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

/* The event of 's' through diagnosis and correlation to the sink; not named
 * (which costs) when 'faults' and nobody is going to see it. */
static int
take_event(struct pipeline *p, struct stream *s, const struct sink *sink, bool faults, int64_t arrival,
           bool history)
{
    struct correlate_input in = {.ev = stream_event(s),
                                 .source = stream_id(s),
                                 .nearest = stream_nearest(s),
                                 .arrival = arrival,
                                 .history = history};
    bool zoneless = in.ev->when.local_known && !in.ev->when.utc_known;
    int r = 0;

    /* An error leaves the event unclassified, with its bytes as text. */
    diagnose_event(p->catalogue, p->scratch, stream_arena(s), in.ev);
    /* A STATMSG line shows UTC: it teaches, also as the first of its log. */
    if (zoneless && in.ev->when.utc_known)
        correlate_unknown_zone(p->correlate, stream_id(s));
    if (!faults || in.ev->cls != CLASS_ACTIVITY)
        r = stream_identify(s);
    if (!r)
        r = correlate_event(p->correlate, stream_arena(s), sink, &in);
    p->events++;
    return r;
}

int
pipeline_run(struct pipeline *p, const struct sink *sink, bool faults)
{
    const struct stream_pass pass = {is_idle, is_foreign, due_before, p};
    struct arena *arena = NULL;
    struct stream *s;
    int r = 0;

    while (!r && (s = merge_next(p->merge, faults ? &pass : NULL))) {
        r = take_event(p, s, sink, faults, 0, false);
        if (p->events % PIPELINE_PROGRESS == 0)
            show_progress(p, false);
    }
    show_progress(p, true);
    bounds_report(p->correlate, p->catalogue, p->scratch);
    p->failed += merge_failed(p->merge);
    if (!r && (arena = arena_new(PIPELINE_END_ARENA)))
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

/* --- followed, through the journal ------------------------------------------ */

/* Records that are there, until there is no more, or a batch is full and could
 * not be written. */
static int
take_records(struct engine *e)
{
    const struct sink sink = engine_sink(e);
    struct stream *s;
    int r = 0;

    while (!r && !engine_is_blocked(e) && engine_may_read(e) && (s = merge_next(e->p.merge, NULL))) {
        bool history = engine_is_history(e, s);

        r = take_event(&e->p, s, &sink, false, e->once ? 0 : e->clock + e->utc_offset, history);
        engine_note_record(e, s);
        if (!r && storm_waiting(e->storms))
            r = engine_watch_storms(e); /* before the next alarm of it */
        if (!r && engine_batch_is_full(e)) {
            engine_commit(e);
            engine_take_chunks(e, 0);
            engine_take_orders(e); /* nobody waits for the end of a long read */
            if (engine_is_done(e))
                break;
        }
    }
    return r;
}

/* The daemon, and with e->once what is there now: one round takes what the
 * follows have handed out, makes items of it, commits them, and lets the
 * workers know. */
int
pipeline_follow(struct engine *e)
{
    int r = 0;

    while (!r && !engine_is_done(e)) {
        engine_take_chunks(e, engine_rest(e)); /* follow threads -> tails; sleeps when there is nothing to do */
        engine_take_orders(e);                 /* questions, a new configuration */
        r = take_records(e);                   /* tails -> events -> verdicts -> items */
        if (!r)
            r = merge_error(e->p.merge);       /* no memory: what is read is whole, or not at all */
        if (!r)
            r = engine_watch(e);               /* what time alone makes due; our own state as alarms */
        if (!r && engine_is_due(e))
            engine_commit(e);                  /* items, state, places, cursors -> journal -> feed -> workers */
    }
    return r;
}
