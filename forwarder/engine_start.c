/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_start.c - what the engine stands on: the journal and the state in it,
 * a follow for each source, a worker for each target; how they begin, are
 * replaced when the configuration is read again, and end. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/engine_parts.h"
#include "forwarder/log.h"
#include "forwarder/reload.h"
#include "forwarder/snmp_engine.h"
#include "parsers/when.h"

enum { ENGINE_ARENA = 256 << 20, ENGINE_JOIN_MS = 3000, ENGINE_TURN_MS = 20 };

/* --- state ----------------------------------------------------------------------- */

struct state_parts {
    struct engine *e;
    void *whole; /* a journal of the first version has the state in one piece */
    size_t n;
    unsigned count;
};

static int
take_part(void *arg, const char *name, const void *p, size_t n)
{
    struct state_parts *k = arg;

    if (strcmp(name, "state") == 0) {
        k->whole = malloc(n ? n : 1);
        if (!k->whole)
            return -ENOMEM;
        memcpy(k->whole, p, n);
        k->n = n;
        return 0;
    }
    k->count++;
    return correlate_restore_part(k->e->p.correlate, name, p, n);
}

/* Storms that are on say so by an alarm; one without a storm would stay. */
static void
adopt_storms(struct engine *e)
{
    struct alarm_table *t = correlate_alarms(e->p.correlate);
    struct str prefix = STR("self:STORM:");

    for (unsigned i = 0; i < alarm_open_count(t); i++) {
        struct str key = alarm_at(t, i)->key;

        if (str_starts(key, prefix))
            storm_adopt(e->storms, str_skip(key, prefix.n), engine_now(e));
    }
}

static int
restore_state(struct engine *e)
{
    struct state_parts k = {.e = e};
    struct keep_in in = {0};
    void *p = NULL;
    size_t n = 0;
    int r = journal_each(e->journal, "correlate", take_part, &k);

    if (!r && k.whole && !k.count) {
        r = correlate_restore(e->p.correlate, k.whole, k.n);
        e->whole = r == 0;
    } else if (!r && k.count) {
        r = correlate_restore_end(e->p.correlate);
    }
    free(k.whole);
    if (!r && journal_get(e->journal, "engine", "storms", &p, &n) == 0) {
        in = (struct keep_in){.p = p, .end = (const uint8_t *) p + n};
        if (!storm_restore(e->storms, &in))
            r = -EINVAL;
    }
    if (!r)
        adopt_storms(e);
    free(p);
    p = NULL;
    if (!r && journal_get(e->journal, "engine", "history", &p, &n) == 0) {
        in = (struct keep_in){.p = p, .end = (const uint8_t *) p + n};
        if (!engine_restore_history(e, &in))
            r = -EINVAL;
    }
    free(p);
    if (r)
        log_error("%s: the saved state of the alarms cannot be read (%s); it is kept as it is: keep the folder for "
                  "whoever looks into it, and name another",
                  e->config->state, strerror(-r));
    return r ? r : journal_each(e->journal, "source", engine_take_place, e);
}

/* --- sources ---------------------------------------------------------------------- */

/* From a follow's thread. */
static void
post(void *arg, struct follow_chunk *c)
{
    struct engine *e = arg;

    c->next = NULL;
    pthread_mutex_lock(&e->lock);
    *e->inbox_last = c;
    e->inbox_last = &c->next;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

static int
start_source(struct engine *e, struct config *config, const struct config_source *sc)
{
    const struct follow_taker taker = {
        .post = post, .place = engine_place, .places = engine_each_place, .arg = e, .once = e->once,
        .budget = ENGINE_BUDGET};
    struct engine_source *grown = realloc(e->sources, (e->n_sources + 1) * sizeof *grown), *s;

    if (!grown)
        return -ENOMEM;
    e->sources = grown;
    s = &grown[e->n_sources];
    memset(s, 0, sizeof *s);
    s->sc = sc;
    s->since = clock_monotonic();
    s->follow = follow_start(sc, &taker);
    if (!s->follow) {
        log_error("%s:%d: source '%s' cannot be followed: %s", sc->place.file, sc->place.line, sc->name,
                  strerror(errno));
        return -errno;
    }
    s->config = config_ref(config);
    e->n_sources++;
    return 0;
}

/* What became of a file of a drop folder. */
static void
tell_read(const struct tail *t, const struct place *at)
{
    if (stream_is_refused(t->stream))
        return; /* tail.c has said so */
    if (!at->finished)
        log_warn("%s: not read to its end: %" PRIu64 " records so far", stream_path(t->stream), at->records);
    else if (!at->offset)
        log_info("%s: there is nothing new in it", stream_path(t->stream));
    else if (strcmp(stream_format(t->stream), "none") == 0)
        log_warn("%s: in no format that is known; its bytes came as they are, in %" PRIu64 " unclassified records",
                 stream_path(t->stream), at->records);
    else if (at->unframed)
        log_warn("%s: read as %s: %" PRIu64 " records; %" PRIu64 " bytes are no record of that format",
                 stream_path(t->stream), stream_format(t->stream), at->records, at->unframed);
    else
        log_info("%s: read as %s: %" PRIu64 " records", stream_path(t->stream), stream_format(t->stream), at->records);
}

void
engine_drop_tail(struct engine *e, unsigned i)
{
    struct tail *t = e->tails[i];
    struct keep_out o = {0};
    struct place at;

    /* Its place stays, for the day it comes back. */
    if (!t->opened)
        ; /* it has none yet */
    else if ((!stream_save(t->stream, &o) || engine_keep_place(e, stream_path(t->stream), o.p, o.n, t->moved))
             && t->moved && !e->fatal) {
        log_error("%s: out of memory", stream_path(t->stream));
        e->fatal = -ENOMEM;
    }
    if (o.p && t->moved == false && stream_saved_place(o.p, o.n, &at) && at.once)
        tell_read(t, &at);
    free(o.p);
    e->unframed += stream_stats(t->stream)->unframed_bytes;
    e->failed += stream_is_refused(t->stream);
    merge_remove(e->p.merge, t->stream);
    if (t->log)
        t->log->taker = NULL;
    tail_free(t);
    e->tails[i] = e->tails[--e->n_tails];
}

/* What has been taken of it is committed first: its places are saved then. */
static void
stop_source(struct engine *e, unsigned i)
{
    struct engine_source *s = &e->sources[i];

    e->leaving = s->follow;
    follow_stop(s->follow);
    for (int wait = ENGINE_JOIN_MS; wait > 0 && !follow_wait(s->follow, ENGINE_TURN_MS); wait -= ENGINE_TURN_MS)
        engine_take_chunks(e, 0);
    /* Nothing is posted any more; what was goes back before its follow ends. */
    engine_take_chunks(e, 0);
    for (unsigned k = e->n_tails; k-- > 0;)
        if (e->tails[k]->follow == s->follow)
            engine_drop_tail(e, k);
    if (!follow_join(s->follow, 0))
        log_warn("source '%s': its folder does not answer; its thread is left behind", s->sc->name);
    e->leaving = NULL;
    config_unref(s->config);
    *s = e->sources[--e->n_sources];
}

/* --- targets ----------------------------------------------------------------------- */

static void
worker_is_dirty_now(void *arg)
{
    struct engine *e = arg;

    pthread_mutex_lock(&e->lock);
    e->dirty = true;
    pthread_mutex_unlock(&e->lock);
}

/* Between two commits it does not hurry: those of many messages go together. */
static void
worker_waits(void *arg)
{
    struct engine *e = arg;

    pthread_mutex_lock(&e->lock);
    e->dirty = e->soon = e->called = true;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

static uint64_t
records_read(void *arg)
{
    return ((struct engine *) arg)->records;
}

static int
start_target(struct engine *e, struct config *config, const struct config_target *tc)
{
    const struct worker_shared shared = {.journal = e->journal,
                                         .feed = e->feed,
                                         .started = e->started,
                                         .dirty = worker_is_dirty_now,
                                         .soon = worker_waits,
                                         .arg = e,
                                         .once = e->once,
                                         .records_read = records_read};
    struct worker **grown = realloc(e->workers, (e->n_workers + 1) * sizeof *grown);
    char err[512];

    if (!grown)
        return -ENOMEM;
    e->workers = grown;
    grown[e->n_workers] = worker_start(config, tc, e->journal, &shared, err, sizeof err);
    if (!grown[e->n_workers]) {
        log_error("%s", err);
        return -EIO;
    }
    e->n_workers++;
    e->resend_owed = e->resend_owed || (tc->resend_start && !e->once);
    return 0;
}

/* Lets 'n' workers end, and commits where they stood.  A new configuration waits
 * meanwhile: it would replace the very workers that are waited for. */
static void
end_workers(struct engine *e, struct worker **w, unsigned n, int wait_ms, bool finish)
{
    unsigned running = n;

    for (unsigned i = 0; i < n; i++) {
        if (finish)
            worker_finish(w[i]);
        else
            worker_stop(w[i], wait_ms);
    }
    feed_kick(e->feed);
    while (running) {
        engine_take_chunks(e, 0);
        engine_take_questions(e);
        running = 0;
        for (unsigned i = 0; i < n; i++)
            running += !worker_ended(w[i]);
        if (!e->fatal && engine_is_due(e))
            engine_commit(e);
        if (running)
            feed_wait(e->feed, UINT64_MAX, ENGINE_TURN_MS, &e->kicks);
    }
}

/* Which events are worth a row: what some target takes. */
static void
note_wanted(struct engine *e, const struct config *config)
{
    bool any = false;

    e->wanted = SEVERITY_CRITICAL;
    for (unsigned i = 0; i < config->n_targets; i++) {
        const struct config_target *tc = &config->targets[i];

        if (tc->items == CONFIG_ITEMS_ALARMS)
            continue;
        any = true;
        if (tc->severity > e->wanted)
            e->wanted = tc->severity;
    }
    e->wants_events = any;
}

static void
target_gone(void *arg, const char *name, uint64_t undelivered)
{
    struct engine *e = arg;

    log_warn("target '%s' is no longer configured; %llu items that it had not had are given up", name,
             (unsigned long long) undelivered);
    if (worker_forget(e->journal, name))
        log_error("target '%s': what it was told cannot be forgotten: %s", name, journal_error(e->journal));
}

static int
keep_cursors(struct engine *e, const struct config *config)
{
    const char **names = calloc(config->n_targets ? config->n_targets : 1, sizeof *names);
    int r = names ? journal_begin(e->journal) : -ENOMEM;

    for (unsigned i = 0; !r && i < config->n_targets; i++)
        names[i] = config->targets[i].name;
    if (!r)
        r = journal_cursor_keep(e->journal, names, config->n_targets, target_gone, e);
    if (!r)
        r = journal_commit(e->journal);
    else
        journal_rollback(e->journal);
    if (r)
        log_error("journal: %s", journal_error(e->journal));
    free(names);
    return r;
}

/* Before any target opens; the journal's lock is ours.  Who sends no SNMPv3 can
 * do without. */
static int
start_snmp(const struct config *config)
{
    char err[1024];
    int r = snmp_engine_start(config, err, sizeof err);
    bool needed = config_wants_engine(config);

    if (r < 0 && needed)
        log_error("%s", err);
    else if (r < 0)
        log_warn("%s", err);
    return needed ? r : 0;
}

/* --- all of it --------------------------------------------------------------------- */

int
engine_start(struct engine *e)
{
    const struct config *config = e->config;
    struct catalogue *catalogue = e->reload_catalogue;
    char err[1024];
    int r;

    e->reload_catalogue = NULL;
    if (!pipeline_init(&e->p, catalogue))
        return -EINVAL;
    merge_feeder(e->p.merge, tail_more, e);
    e->storms = storm_new();
    e->feed = feed_new(ENGINE_FEED);
    e->batch = batch_new();
    e->arena = arena_new(ENGINE_ARENA);
    if (!e->storms || !e->feed || !e->batch || !e->arena) {
        log_error("out of memory");
        return -ENOMEM;
    }
    e->journal = journal_open(config->state, config->journal_limit, err, sizeof err);
    if (!e->journal) {
        log_error("%s", err);
        return -EIO;
    }
    e->history_cutoff = engine_now(e) - ENGINE_HISTORY;
    r = restore_state(e);
    if (!r)
        r = keep_cursors(e, config);
    if (r)
        return r;
    feed_set_last(e->feed, journal_last_seq(e->journal));
    engine_watch_room(e);
    engine_look_at_clock(e);
    note_wanted(e, config);
    if (!e->once)
        r = engine_clear_orphans(e);
    if (!r)
        r = start_snmp(config);
    for (unsigned i = 0; !r && i < config->n_targets; i++)
        r = start_target(e, e->config, &config->targets[i]);
    for (unsigned i = 0; !r && i < config->n_sources; i++)
        r = start_source(e, e->config, &config->sources[i]);
    return r;
}

int
engine_finish(struct engine *e)
{
    int status;

    if (e->journal && !e->fatal && !engine_is_blocked(e)) {
        if (e->once)
            e->fatal = engine_end_once(e);
        if (!e->fatal)
            engine_commit(e);
    }
    while (e->n_sources)
        stop_source(e, e->n_sources - 1);
    while (e->n_tails)
        engine_drop_tail(e, e->n_tails - 1);
    if (e->journal)
        end_workers(e, e->workers, e->n_workers, ENGINE_STOP_MS, e->once && !e->fatal && !e->stuck_since);
    if (e->journal && !e->fatal && !e->stuck_since)
        engine_commit(e);
    status = engine_status(e);
    if (e->once && !e->fatal)
        log_info("read %llu records: %llu items, %llu faults, %u alarms open", (unsigned long long) e->records,
                 (unsigned long long) e->items, (unsigned long long) e->faults,
                 alarm_open_count(correlate_alarms(e->p.correlate)));
    engine_close_door(e);
    for (unsigned i = 0; i < e->n_workers; i++)
        worker_free(e->workers[i]);
    free(e->workers);
    free(e->sources);
    free(e->tails);
    e->workers = NULL;
    e->n_workers = 0;
    batch_unref(e->batch);
    arena_free(e->arena);
    feed_free(e->feed);
    storm_free(e->storms);
    journal_close(e->journal);
    e->journal = NULL;
    if (e->p.merge)
        pipeline_fini(&e->p);
    return status;
}

/* Targets that are gone or changed end; the others do not notice. */
static void
replace_targets(struct engine *e, struct config *config)
{
    for (unsigned i = e->n_workers; i-- > 0;) {
        const struct config_target *old = worker_target(e->workers[i]);
        bool same = false;

        for (unsigned k = 0; k < config->n_targets; k++)
            same = same || reload_same_target(old, &config->targets[k]);
        if (same)
            continue;
        end_workers(e, &e->workers[i], 1, ENGINE_STOP_MS, false);
        /* Where it stood is on disk before another one goes on from there. */
        if (!e->fatal && !e->stuck_since && worker_is_dirty(e->workers[i]))
            engine_commit(e);
        worker_free(e->workers[i]);
        e->workers[i] = e->workers[--e->n_workers];
    }
    keep_cursors(e, config);
    for (unsigned k = 0; k < config->n_targets; k++) {
        bool running = false;

        for (unsigned i = 0; i < e->n_workers; i++)
            running = running || strcmp(worker_target(e->workers[i])->name, config->targets[k].name) == 0;
        if (!running)
            start_target(e, config, &config->targets[k]);
    }
}

void
engine_replace(struct engine *e, struct config *config, struct catalogue *catalogue)
{
    struct config *old = e->config;

    if (engine_is_due(e))
        engine_commit(e);
    if (catalogue && !pipeline_replace_catalogue(&e->p, catalogue))
        log_error("out of memory; the catalogue stays as it was");
    else if (catalogue)
        e->limited = 0;
    note_wanted(e, config);
    for (unsigned i = e->n_sources; i-- > 0;) {
        bool same = false;

        for (unsigned k = 0; k < config->n_sources; k++)
            same = same || reload_same_source(e->sources[i].sc, &config->sources[k]);
        if (!same)
            stop_source(e, i);
    }
    for (unsigned k = 0; k < config->n_sources; k++) {
        bool running = false;

        for (unsigned i = 0; i < e->n_sources; i++)
            running = running || reload_same_source(e->sources[i].sc, &config->sources[k]);
        if (!running)
            start_source(e, config, &config->sources[k]);
    }
    replace_targets(e, config);
    e->config = config;
    config_unref(old);
    e->last_reload = clock_utc();
    pthread_mutex_lock(&e->lock);
    e->reload_error[0] = '\0';
    pthread_mutex_unlock(&e->lock);
    if (engine_clear_orphans(e))
        e->fatal = -ENOMEM;
    log_info("configuration read again: %u sources, %u targets", e->n_sources, e->n_workers);
}
