/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.c - a worker as the engine sees it: started from what the journal
 * says, saved in the engine's transactions, asked and ended from other
 * threads.  The thread itself is in worker_run.c. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/thread.h"
#include "forwarder/worker_parts.h"

enum {
    WORKER_ARENA = 8 * 1024 * 1024, /* an item and its tree */
    WORKER_XML = EVENT_TEXT_MAX * 16
};

static void
release_worker(struct worker *w)
{
    told_free(w->told);
    acked_free(w->acked);
    arena_free(w->arena);
    arena_free(w->held);
    xml_buf_fini(&w->xml);
    config_unref(w->config);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* Where it stands, from the journal.  0 or negative errno. */
static int
restore(struct worker *w, struct journal *j)
{
    uint64_t last = journal_last_seq(j);
    struct journal_cursor at;
    int r = journal_cursor_get(j, w->tc->name, w->shared.once, &at);

    if (!r)
        r = told_restore(w->told, j, w->tc->name, clock_monotonic(), clock_utc());
    if (!r)
        r = worker_replay_restore(w, j);
    if (r)
        return r;
    if (at.seq > last) {
        log_warn("target '%s': it stood at item %" PRIu64 " of a journal that ends at %" PRIu64 "; it goes on there",
                 w->tc->name, at.seq, last);
        at.seq = last;
    }
    told_start(w->told, &at);
    w->open_keys = told_open(w->told);
    return w->acked ? acked_restore(w->acked, j, w->tc->name, &at) : 0;
}

struct worker *
worker_start(struct config *config, const struct config_target *tc, struct journal *journal,
             const struct worker_shared *shared, char *err, size_t errlen)
{
    const struct target_class *cls = shared->target_class ? shared->target_class : target_find(tc->type);
    struct worker *w = calloc(1, sizeof *w);
    int64_t now = clock_monotonic();
    int r = -ENOMEM;

    if (!w) {
        snprintf(err, errlen, "%s:%d: target '%s' cannot be set up: out of memory", tc->place.file, tc->place.line,
                 tc->name);
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    w->config = config_ref(config);
    w->tc = tc;
    w->cls = cls;
    w->shared = *shared;
    w->backoff_ms = WORKER_BACKOFF_MS;
    w->jitter = (uint64_t) now ^ (uint64_t) (uintptr_t) w;
    w->dirty_due = now; /* where it begins is saved */
    w->heartbeat = tc->heartbeat_ms && !shared->once ? now + WORKER_S : INT64_MAX;
    w->again = now;
    xml_buf_init(&w->xml, WORKER_XML);
    w->arena = arena_new(WORKER_ARENA);
    w->held = arena_new(WORKER_ARENA);
    w->told = told_new();
    if (tc->inform)
        w->acked = acked_new();
    if (!cls) {
        r = -EINVAL;
    } else if (w->arena && w->held && w->told && (w->acked || !tc->inform)) {
        worker_filter_init(&w->filter, tc, w->told, shared->once);
        r = restore(w, journal);
        if (!r) {
            r = -thread_start(&w->thread, worker_run, w);
            w->running = r == 0;
        }
    }
    if (r) {
        snprintf(err, errlen, "%s:%d: target '%s' cannot be set up: %s", tc->place.file, tc->place.line, tc->name,
                 strerror(-r));
        release_worker(w);
        return NULL;
    }
    return w;
}

/* --- from other threads --------------------------------------------------------------------- */

bool
worker_is_dirty(struct worker *w)
{
    bool dirty;

    pthread_mutex_lock(&w->lock);
    dirty = told_changed(w->told) || worker_replay_changed(w) || (w->acked && acked_changed(w->acked));
    pthread_mutex_unlock(&w->lock);
    return dirty;
}

int
worker_save(struct worker *w, struct journal *j)
{
    struct journal_cursor at;
    int r;

    pthread_mutex_lock(&w->lock);
    at = told_cursor(w->told);
    r = told_save(w->told, j, w->tc->name, clock_monotonic(), clock_utc());
    if (!r && w->acked)
        r = acked_save(w->acked, j, w->tc->name, &at);
    if (!r)
        r = worker_replay_save(w, j);
    pthread_mutex_unlock(&w->lock);
    return r;
}

void
worker_saved(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    told_saved(w->told);
    if (w->acked)
        acked_saved(w->acked);
    worker_replay_saved(w);
    pthread_mutex_unlock(&w->lock);
}

uint64_t
worker_done(struct worker *w)
{
    uint64_t seq;

    pthread_mutex_lock(&w->lock);
    seq = told_durable(w->told).seq;
    pthread_mutex_unlock(&w->lock);
    return seq;
}

void
worker_drop(struct worker *w, uint64_t seq)
{
    pthread_mutex_lock(&w->lock);
    if (seq > w->drop_to && seq > told_cursor(w->told).seq) {
        w->drop_to = seq;
        atomic_store_explicit(&w->attention, true, memory_order_release);
    }
    pthread_mutex_unlock(&w->lock);
    feed_kick(w->shared.feed);
}

void
worker_finish(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->finishing = true;
    pthread_mutex_unlock(&w->lock);
    feed_kick(w->shared.feed);
}

void
worker_stop(struct worker *w, int wait_ms)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    w->stop_by = clock_monotonic() + wait_ms * WORKER_MS;
    atomic_store_explicit(&w->attention, true, memory_order_release);
    pthread_mutex_unlock(&w->lock);
    feed_kick(w->shared.feed);
}

const struct config_target *
worker_target(const struct worker *w)
{
    return w->tc;
}

bool
worker_ended(struct worker *w)
{
    bool ended;

    pthread_mutex_lock(&w->lock);
    ended = w->ended;
    pthread_mutex_unlock(&w->lock);
    return ended;
}

void
worker_free(struct worker *w)
{
    char what[300];

    if (!w)
        return;
    if (w->running) {
        if (!worker_ended(w))
            worker_stop(w, 0);
        pthread_join(w->thread, NULL);
        snprintf(what, sizeof what, "target '%s'", w->tc->name);
        log_limit_flush(&w->log, what);
    }
    release_worker(w);
}

void
worker_status(struct worker *w, struct worker_status *s)
{
    struct journal_cursor at;
    uint64_t last = feed_last(w->shared.feed);

    pthread_mutex_lock(&w->lock);
    at = told_cursor(w->told);
    *s = (struct worker_status){.name = w->tc->name, .type = w->tc->type, .state = w->state, .failed = w->failed,
                                .down_since = w->down_since, .retry_at = w->retry_at, .seq = at.seq,
                                .target_seq = at.target_seq, .behind = last > at.seq ? last - at.seq : 0,
                                .oldest_unsafe = told_oldest(w->told), .sent = w->sent,
                                .acknowledged = told_totals(w->told)->items - w->given_up,
                                .folded = told_totals(w->told)->folded, .dropped = w->dropped,
                                .skipped = w->skipped, .truncated = w->truncated, .reconnects = w->reconnects,
                                .refused = w->refused, .retries = w->retries, .refusals = w->refusals,
                                .in_flight = w->in_flight,
                                .open_keys = w->open_keys,
                                .replaying = w->replay.last ? w->replay.last - w->replay.next + 1 : 0};
    if (!s->oldest_unsafe && s->behind)
        s->oldest_unsafe = atomic_load_explicit(&w->waiting, memory_order_relaxed);
    s->expiry = w->expiry;
    s->n_addresses = w->tc->n_addresses;
    s->address_n = w->proven + 1;
    s->address = s->n_addresses ? &w->tc->addresses[w->proven] : NULL;
    memcpy(s->error, w->error, sizeof s->error);
    pthread_mutex_unlock(&w->lock);
}

int
worker_forget(struct journal *j, const char *target)
{
    int r = told_forget(j, target);

    if (!r)
        r = acked_forget(j, target);
    return r ? r : worker_replay_forget(j, target);
}
