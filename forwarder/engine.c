/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.c - the doors of the engine: chunks, questions and orders come in from
 * other threads, under one lock that nobody holds for long.  The loop itself is
 * in pipeline.c. */
#include "build.h"

#include "forwarder/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/clock.h"
#include "forwarder/cmd.h"
#include "forwarder/engine_parts.h"
#include "forwarder/log.h"
#include "forwarder/thread.h"

struct engine *
engine_new(struct config *config, struct catalogue *catalogue, bool once)
{
    struct engine *e = calloc(1, sizeof *e);

    if (!e) {
        catalogue_unref(catalogue);
        return NULL;
    }
    e->reload_catalogue = catalogue;
    e->config = config_ref(config);
    e->once = once;
    e->inbox_last = &e->inbox;
    e->asked_last = &e->asked;
    e->started = e->heartbeat = e->last_commit = e->resent = clock_monotonic();
    e->utc_offset = clock_utc() - e->started;
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->places_lock, NULL);
    thread_condition(&e->wake);
    return e;
}

void
engine_free(struct engine *e)
{
    if (!e)
        return;
    for (unsigned i = 0; i < e->n_places; i++) {
        free(e->places[i].path);
        free(e->places[i].p);
    }
    free(e->places);
    config_unref(e->reload);
    catalogue_unref(e->reload_catalogue);
    config_unref(e->config);
    pthread_cond_destroy(&e->wake);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->places_lock);
    free(e);
}

int64_t
engine_now(const struct engine *e)
{
    return clock_monotonic() + e->utc_offset;
}

int64_t
engine_heartbeat(struct engine *e)
{
    int64_t at;

    pthread_mutex_lock(&e->lock);
    at = e->heartbeat;
    pthread_mutex_unlock(&e->lock);
    return at;
}

/* What all came to: the exit status. */
int
engine_status(const struct engine *e)
{
    if (e->fatal)
        return CMD_FAILED;
    if (!e->once)
        return CMD_DONE;
    for (unsigned i = 0; i < e->n_workers; i++) {
        struct worker_status s;

        worker_status(e->workers[i], &s);
        if (s.failed)
            return CMD_FAILED;
    }
    if (e->failed || e->stuck_since || e->blocked || merge_failed(e->p.merge))
        return CMD_FAILED;
    return e->unframed ? CMD_UNFRAMED : CMD_DONE;
}

int
engine_run(struct engine *e, void (*ready)(void *arg), void *arg)
{
    int r;

    e->fatal = engine_start(e);
    if (e->fatal == -ENOMEM)
        log_error("cannot start: out of memory");
    if (!e->fatal) {
        if (ready)
            ready(arg);
        r = pipeline_follow(e);
        if (!e->fatal) /* what failed first counts */
            e->fatal = r;
        if (e->fatal)
            log_error("stopped: %s; nothing that was read is lost", strerror(-e->fatal));
    }
    return engine_finish(e);
}

/* Nobody is answered any more. */
void
engine_close_door(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->ended = true;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

/* --- from other threads ------------------------------------------------------ */

void
engine_stop(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

void
engine_reload(struct engine *e, struct config *config, struct catalogue *catalogue)
{
    pthread_mutex_lock(&e->lock);
    config_unref(e->reload);
    catalogue_unref(e->reload_catalogue);
    e->reload = config;
    e->reload_catalogue = catalogue;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

void
engine_reload_failed(struct engine *e, const char *why)
{
    pthread_mutex_lock(&e->lock);
    snprintf(e->reload_error, sizeof e->reload_error, "%s", why);
    pthread_mutex_unlock(&e->lock);
}

void
engine_note_agent(struct engine *e, const struct agent_child_report *report)
{
    pthread_mutex_lock(&e->lock);
    e->agent = *report;
    pthread_mutex_unlock(&e->lock);
}

int
engine_ask(struct engine *e, struct engine_request *q, int timeout_ms)
{
    int64_t until = clock_monotonic() + (int64_t) timeout_ms * 1000000;
    struct timespec at = clock_timespec(until);
    int r = 0;

    q->done = false;
    q->next = NULL;
    pthread_mutex_lock(&e->lock);
    *e->asked_last = q;
    e->asked_last = &q->next;
    /* One condition for both ways: there are few who ask. */
    pthread_cond_broadcast(&e->wake);
    while (!q->done && !e->ended && r != ETIMEDOUT)
        r = pthread_cond_timedwait(&e->wake, &e->lock, &at);
    if (!q->done) {
        struct engine_request **p = &e->asked;

        while (*p && *p != q)
            p = &(*p)->next;
        if (!*p) {
            /* It is at work: its memory is in use until it is done. */
            while (!q->done)
                pthread_cond_wait(&e->wake, &e->lock);
        } else {
            *p = q->next;
            for (e->asked_last = &e->asked; *e->asked_last; e->asked_last = &(*e->asked_last)->next)
                continue;
        }
    }
    r = q->done ? 0 : e->ended ? -ESHUTDOWN : -ETIMEDOUT;
    pthread_mutex_unlock(&e->lock);
    return r;
}

/* --- the engine's side -------------------------------------------------------- */

struct engine_source *
engine_source_of(struct engine *e, const struct follow *f)
{
    for (unsigned i = 0; i < e->n_sources; i++)
        if (e->sources[i].follow == f)
            return &e->sources[i];
    return NULL;
}

/* A chunk about the source as a whole. */
static void
take_news(struct engine *e, struct follow_chunk *c)
{
    struct engine_source *s = engine_source_of(e, c->follow);

    if (c->what == FOLLOW_FORGET)
        engine_forget_place(e, c->bytes);
    if (s && c->what == FOLLOW_SEEN)
        s->seen = true;
    if (s && (c->what == FOLLOW_TROUBLE || c->what == FOLLOW_WELL) && c->kind < FOLLOW_TROUBLES) {
        struct engine_trouble *t = &s->trouble[c->kind];

        t->now = c->what == FOLLOW_TROUBLE;
        snprintf(t->text, sizeof t->text, "%s", c->text);
        if (t->now) {
            log_error("%s:%d: source '%s': %s", s->sc->place.file, s->sc->place.line, s->sc->name, c->text);
            e->failed++;
        }
    }
    follow_return(c);
}

/* A chunk of a log; its first one brings the tail into being. */
static void
take_chunk(struct engine *e, struct follow_chunk *c)
{
    struct tail *t = c->log->taker, **grown;
    char err[512];

    if (c->follow == e->leaving && t) {
        tail_take(t, c); /* goes back with those before it: the last one frees the log */
        return;
    }
    /* After a failure nothing more is taken: the next start begins before it. */
    if (c->follow == e->leaving || (!t && (c->what == FOLLOW_GONE || e->fatal))) {
        follow_return(c);
        return;
    }
    if (!t) {
        grown = realloc(e->tails, (e->n_tails + 1) * sizeof *grown);
        if (grown)
            e->tails = grown;
        t = grown ? tail_new(c, err, sizeof err) : NULL;
        if (t && !merge_add(e->p.merge, t->stream)) {
            tail_free(t);
            t = NULL;
        }
        if (!t) {
            log_error("%s", grown ? err : "out of memory");
            e->fatal = -ENOMEM;
            follow_return(c);
            return;
        }
        c->log->taker = t;
        e->tails[e->n_tails++] = t;
        engine_resume_stream(e, t);
    }
    tail_take(t, c);
    merge_wake(e->p.merge, t->stream);
}

void
engine_take_chunks(struct engine *e, int wait_ms)
{
    int64_t now = clock_monotonic(), until = now + (int64_t) wait_ms * 1000000;
    struct timespec at = clock_timespec(until);
    struct follow_chunk *c, *next;

    pthread_mutex_lock(&e->lock);
    e->heartbeat = now;
    while (wait_ms > 0 && !e->inbox && !e->asked && !e->stopping && !e->called && (!e->reload || e->stuck_since)
           && pthread_cond_timedwait(&e->wake, &e->lock, &at) != ETIMEDOUT)
        continue;
    e->called = false;
    c = e->inbox;
    e->inbox = NULL;
    e->inbox_last = &e->inbox;
    pthread_mutex_unlock(&e->lock);
    engine_look_at_clock(e);
    for (; c; c = next) {
        next = c->next;
        if (c->log)
            take_chunk(e, c);
        else
            take_news(e, c);
    }
    for (unsigned i = 0; merge_failed(e->p.merge) && i < e->n_tails; i++)
        if (merge_has_ended(e->tails[i]->stream))
            tail_drain(e->tails[i]);
}

void
engine_take_questions(struct engine *e)
{
    struct engine_request *q;

    for (;;) {
        pthread_mutex_lock(&e->lock);
        q = e->asked;
        if (q && !(e->asked = q->next))
            e->asked_last = &e->asked;
        pthread_mutex_unlock(&e->lock);
        if (!q)
            break;
        answer(e, q);
        pthread_mutex_lock(&e->lock);
        q->done = true;
        pthread_cond_broadcast(&e->wake);
        pthread_mutex_unlock(&e->lock);
    }
}

void
engine_take_orders(struct engine *e)
{
    struct config *config;
    struct catalogue *catalogue;

    engine_take_questions(e);
    pthread_mutex_lock(&e->lock);
    config = e->reload;
    catalogue = e->reload_catalogue;
    e->reload = NULL;
    e->reload_catalogue = NULL;
    if (config && e->stopping) {
        config_unref(config);
        catalogue_unref(catalogue);
        config = NULL;
    }
    pthread_mutex_unlock(&e->lock);
    if (!config)
        return;
    if (!engine_is_blocked(e)) {
        engine_replace(e, config, catalogue);
        return;
    }
    /* Later: what is in memory has to be on disk before anything is stopped. */
    engine_reload(e, config, catalogue);
}

static bool
all_is_read(struct engine *e)
{
    struct follow_status s;
    bool empty;

    for (unsigned i = 0; i < e->n_sources; i++) {
        follow_status(e->sources[i].follow, &s);
        if (!s.ended)
            return false;
    }
    pthread_mutex_lock(&e->lock);
    empty = !e->inbox;
    pthread_mutex_unlock(&e->lock);
    for (unsigned i = 0; empty && i < e->n_tails; i++)
        empty = !e->tails[i]->first && e->tails[i]->gone;
    return empty && merge_is_idle(e->p.merge);
}

bool
engine_is_done(struct engine *e)
{
    bool stopping;

    if (e->fatal)
        return true;
    pthread_mutex_lock(&e->lock);
    stopping = e->stopping;
    pthread_mutex_unlock(&e->lock);
    return stopping || (e->once && !engine_is_blocked(e) && all_is_read(e));
}

int
engine_rest(struct engine *e)
{
    int64_t now = clock_monotonic(), left;
    int rest = ENGINE_WATCH_MS;

    if (e->stuck_since) {
        left = (e->retry_at - now) / 1000000 + 1;
        return left < 0 ? 0 : left < rest ? (int) left : rest;
    }
    if (e->blocked || merge_owed(e->p.merge))
        return ENGINE_BATCH_MS;
    if (engine_is_due(e))
        return 0;
    rest = e->once ? 10 : ENGINE_WATCH_MS;
    pthread_mutex_lock(&e->lock);
    if (e->soon)
        rest = ENGINE_SOON_MS - (int) ((now - e->last_commit) / 1000000);
    pthread_mutex_unlock(&e->lock);
    return rest > 0 ? rest : 1;
}
