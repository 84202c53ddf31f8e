/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow.c - what all kinds of sources have in common: a thread of its own for
 * each source, the chunks it hands out, the budget of bytes that are out, and
 * what others may know of it.  Every call that a share can hang in stands between
 * follow_busy() and follow_idle(); nothing waits for it. */
#include "build.h"

#include "forwarder/follow.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/follow_base.h"
#include "forwarder/thread.h"

bool
follow_stopped(struct follow *f)
{
    return atomic_load_explicit(&f->stopping, memory_order_relaxed);
}

void
follow_busy(struct follow *f)
{
    atomic_store_explicit(&f->busy_since, clock_monotonic(), memory_order_relaxed);
}

void
follow_idle(struct follow *f)
{
    atomic_store_explicit(&f->busy_since, 0, memory_order_relaxed);
}

struct chunk *
follow_chunk_new(struct follow *f, size_t n)
{
    struct chunk *c = NULL;

    if (n == FOLLOW_CHUNK) {
        pthread_mutex_lock(&f->lock);
        if ((c = f->spare)) {
            f->spare = c->spare;
            f->n_spare--;
        }
        pthread_mutex_unlock(&f->lock);
    }
    if (!c && !(c = malloc(sizeof *c + PLACE_TAIL + n)))
        return NULL;
    memset(c, 0, sizeof *c);
    c->cap = n;
    c->pub.bytes = c->buffer + PLACE_TAIL;
    return c;
}

void
follow_chunk_free(struct follow *f, struct chunk *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&f->lock);
    if (c->cap == FOLLOW_CHUNK && f->n_spare < FOLLOW_SPARE) {
        c->spare = f->spare;
        f->spare = c;
        f->n_spare++;
        c = NULL;
    }
    pthread_mutex_unlock(&f->lock);
    free(c);
}

void
follow_post(struct follow *f, struct follow_log *l, struct chunk *c, enum follow_what what)
{
    c->pub.follow = f;
    c->pub.log = l;
    c->pub.what = what;
    pthread_mutex_lock(&f->lock);
    f->out_bytes += c->pub.n;
    if (l)
        l->out++;
    if (what == FOLLOW_BYTES)
        f->status.bytes += c->pub.n;
    f->status.lost += what == FOLLOW_LOST;
    pthread_mutex_unlock(&f->lock);
    /* follow_join() may give us up at any time, and the taker with us. */
    atomic_store(&f->posting, true);
    if (!atomic_load(&f->stopping))
        f->taker.post(f->taker.arg, &c->pub);
    else
        follow_return(&c->pub);
    atomic_store(&f->posting, false);
}

void
follow_return(struct follow_chunk *pub)
{
    struct follow *f = pub->follow;
    struct chunk *c = (struct chunk *) pub;
    struct follow_log *l = pub->log, *gone = NULL;
    bool wake;

    pthread_mutex_lock(&f->lock);
    f->out_bytes -= pub->n;
    /* At the end FOLLOW_GONE comes back at once, while others are still out. */
    if (l) {
        l->out--;
        l->gone = l->gone || pub->what == FOLLOW_GONE;
        gone = l->gone && l->out == 0 ? l : NULL;
    }
    wake = f->waiting;
    f->waiting = false;
    f->returned = true;
    pthread_mutex_unlock(&f->lock);
    if (gone)
        f->kind->gone(gone);
    follow_chunk_free(f, c);
    if (wake)
        (void) !write(f->wake, &(uint64_t){1}, sizeof(uint64_t));
}

bool
follow_place(struct follow *f, const char *path, struct place *out)
{
    bool known = false;

    /* follow_join() may give us up at any time, and the taker with us. */
    atomic_store(&f->posting, true);
    if (!atomic_load(&f->stopping))
        known = f->taker.place(f->taker.arg, path, out);
    atomic_store(&f->posting, false);
    return known;
}

size_t
follow_room(struct follow *f, const struct follow_log *l)
{
    size_t share = f->taker.budget / 4 / (f->n_sharing + 1), left, room = 0;

    share = share > FOLLOW_CHUNK ? FOLLOW_CHUNK : share < FOLLOW_CHUNK_SHARED ? FOLLOW_CHUNK_SHARED : share;
    pthread_mutex_lock(&f->lock);
    left = f->out_bytes < f->taker.budget ? f->taker.budget - f->out_bytes : 0;
    if (l->out == 0 || (l->out < FOLLOW_OUTSTANDING && left >= FOLLOW_CHUNK_SHARED))
        room = left < share ? left : share;
    /* Whoever merges the logs needs something of each. */
    if (l->out == 0 && room < FOLLOW_CHUNK_LEAST)
        room = FOLLOW_CHUNK_LEAST;
    pthread_mutex_unlock(&f->lock);
    return room;
}

bool
follow_tell(struct follow *f, enum follow_what what, enum follow_trouble kind, const char *text)
{
    struct chunk *c = follow_chunk_new(f, 0);

    f->untold = f->untold || !c;
    if (!c)
        return false;
    c->pub.kind = kind;
    snprintf(c->pub.text, sizeof c->pub.text, "%s", text);
    follow_post(f, NULL, c, what);
    return true;
}

bool
follow_forget(struct follow *f, const char *path)
{
    size_t n = strlen(path) + 1;
    struct chunk *c = follow_chunk_new(f, n);

    f->untold = f->untold || !c;
    if (!c)
        return false;
    memcpy(c->pub.bytes, path, n);
    c->pub.n = n;
    follow_post(f, NULL, c, FOLLOW_FORGET);
    return true;
}

void
follow_note_returns(struct follow *f)
{
    pthread_mutex_lock(&f->lock);
    f->returned = false;
    pthread_mutex_unlock(&f->lock);
}

bool
follow_was_returned(struct follow *f, bool blocked)
{
    bool returned;

    pthread_mutex_lock(&f->lock);
    f->waiting = blocked && !f->returned;
    returned = blocked && f->returned;
    pthread_mutex_unlock(&f->lock);
    return returned;
}

void
follow_woken(struct follow *f)
{
    uint64_t count;

    (void) !read(f->wake, &count, sizeof count);
}

static void
follow_free(struct follow *f)
{
    f->kind->close(f);
    if (f->wake >= 0)
        close(f->wake);
    for (struct chunk *c = f->spare, *next; c; c = next) {
        next = c->spare;
        free(c);
    }
    pthread_cond_destroy(&f->ended_cond);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void *
run(void *arg)
{
    struct follow *f = arg;
    bool abandoned;

    f->kind->run(f);
    pthread_mutex_lock(&f->lock);
    f->ended = true;
    f->status.ended = !follow_stopped(f);
    abandoned = f->abandoned;
    pthread_cond_broadcast(&f->ended_cond);
    pthread_mutex_unlock(&f->lock);
    if (abandoned)
        follow_free(f);
    return NULL;
}

/* True when the source's files are of the format, as said or by their name. */
static bool
is_of(const struct config_source *source, const char *format)
{
    const char *path = source->path ? source->path : "", *end = strrchr(path, '.');

    return strcmp(source->format, format) == 0
           || (strcmp(source->format, "auto") == 0 && end && strcasecmp(end + 1, format) == 0);
}

/* The kind that reads such a source. */
static const struct follow_kind *
kind_of(const struct config_source *source)
{
    if (source->traps)
        return &follow_traps_kind;
    if (source->read_once || is_of(source, "evtx"))
        return &follow_drop_kind;
    return is_of(source, "evt") ? &follow_snapshot_kind : &follow_logs_kind;
}

struct follow *
follow_start(const struct config_source *source, const struct follow_taker *taker)
{
    const struct follow_kind *kind = kind_of(source);
    struct follow *f = calloc(1, kind->size);
    int r;

    if (!f)
        return NULL;
    f->kind = kind;
    pthread_mutex_init(&f->lock, NULL);
    thread_condition(&f->ended_cond);
    f->source = source;
    f->taker = *taker;
    f->poll_ns = source->poll_ms * CLOCK_MS;
    f->wake = -1;
    if (!kind->open(f) || (f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        goto fail;
    if ((r = thread_start(&f->thread, run, f)) == 0)
        return f;
    errno = r;
fail:
    r = errno;
    follow_free(f);
    errno = r;
    return NULL;
}

void
follow_stop(struct follow *f)
{
    atomic_store(&f->stopping, true);
    (void) !write(f->wake, &(uint64_t){1}, sizeof(uint64_t));
}

bool
follow_wait(struct follow *f, int wait_ms)
{
    int64_t until = clock_monotonic() + wait_ms * CLOCK_MS;
    struct timespec t = clock_timespec(until);
    bool ended;

    pthread_mutex_lock(&f->lock);
    while (!f->ended && pthread_cond_timedwait(&f->ended_cond, &f->lock, &t) == 0)
        ;
    ended = f->ended;
    pthread_mutex_unlock(&f->lock);
    /* From now on the thread calls the taker no more. */
    atomic_store(&f->stopping, true);
    while (atomic_load(&f->posting))
        sched_yield();
    return ended;
}

bool
follow_join(struct follow *f, int wait_ms)
{
    bool ended;

    follow_wait(f, wait_ms);
    pthread_mutex_lock(&f->lock);
    ended = f->ended;
    if (!ended) {
        pthread_detach(f->thread);
        f->abandoned = true;
    }
    pthread_mutex_unlock(&f->lock);
    if (ended) {
        pthread_join(f->thread, NULL);
        follow_free(f);
    }
    return ended;
}

void
follow_status(struct follow *f, struct follow_status *out)
{
    pthread_mutex_lock(&f->lock);
    *out = f->status;
    pthread_mutex_unlock(&f->lock);
    out->busy_since = atomic_load_explicit(&f->busy_since, memory_order_relaxed);
}
