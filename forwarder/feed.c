/* SPDX-License-Identifier: BSD-2-Clause
 *
 * feed.c - a ring of published batches under one lock.  The engine publishes,
 * the workers take; nobody does anything slow while holding the lock. */
#include "build.h"

#include "forwarder/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "forwarder/clock.h"
#include "forwarder/thread.h"

enum { FEED_BATCHES = 4096 };

struct feed {
    pthread_mutex_t lock;
    pthread_cond_t news;
    size_t max_bytes, bytes;
    uint64_t last, kicks;
    unsigned first, n; /* of the ring */
    struct batch *ring[FEED_BATCHES];
};

struct feed *
feed_new(size_t max_bytes)
{
    struct feed *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->max_bytes = max_bytes;
    pthread_mutex_init(&f->lock, NULL);
    thread_condition(&f->news);
    return f;
}

/* The oldest batch leaves the ring: what holds it keeps it. */
static void
drop_oldest(struct feed *f)
{
    struct batch *b = f->ring[f->first];

    f->bytes -= batch_bytes(b);
    batch_unref(b);
    f->first = (f->first + 1) % FEED_BATCHES;
    f->n--;
}

void
feed_free(struct feed *f)
{
    if (!f)
        return;
    while (f->n)
        drop_oldest(f);
    pthread_cond_destroy(&f->news);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void
feed_publish(struct feed *f, struct batch *b)
{
    unsigned n = batch_count(b);

    if (n == 0) {
        batch_unref(b);
        return;
    }
    pthread_mutex_lock(&f->lock);
    while (f->n && (f->n == FEED_BATCHES || f->bytes + batch_bytes(b) > f->max_bytes))
        drop_oldest(f);
    f->ring[(f->first + f->n) % FEED_BATCHES] = b;
    f->n++;
    f->bytes += batch_bytes(b);
    f->last = batch_at(b, n - 1)->seq;
    pthread_cond_broadcast(&f->news);
    pthread_mutex_unlock(&f->lock);
}

void
feed_set_last(struct feed *f, uint64_t seq)
{
    pthread_mutex_lock(&f->lock);
    f->last = seq;
    pthread_cond_broadcast(&f->news);
    pthread_mutex_unlock(&f->lock);
}

uint64_t
feed_last(struct feed *f)
{
    uint64_t last;

    pthread_mutex_lock(&f->lock);
    last = f->last;
    pthread_mutex_unlock(&f->lock);
    return last;
}

const struct batch *
feed_get(struct feed *f, uint64_t seq)
{
    const struct batch *found = NULL;
    unsigned low = 0, high;

    pthread_mutex_lock(&f->lock);
    high = f->n;
    /* The first batch whose last item is above 'seq'. */
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const struct batch *b = f->ring[(f->first + middle) % FEED_BATCHES];

        if (batch_at(b, batch_count(b) - 1)->seq > seq)
            high = middle;
        else
            low = middle + 1;
    }
    if (low < f->n) {
        const struct batch *b = f->ring[(f->first + low) % FEED_BATCHES];

        if (batch_at(b, 0)->seq <= seq + 1)
            found = batch_ref(b);
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

void
feed_wait(struct feed *f, uint64_t seq, int wait_ms, uint64_t *kicks)
{
    int64_t until = clock_monotonic() + (int64_t) wait_ms * 1000000;
    struct timespec at = clock_timespec(until);

    pthread_mutex_lock(&f->lock);
    while (f->last <= seq && f->kicks == *kicks && pthread_cond_timedwait(&f->news, &f->lock, &at) != ETIMEDOUT)
        continue;
    *kicks = f->kicks;
    pthread_mutex_unlock(&f->lock);
}

void
feed_kick(struct feed *f)
{
    pthread_mutex_lock(&f->lock);
    f->kicks++;
    pthread_cond_broadcast(&f->news);
    pthread_mutex_unlock(&f->lock);
}
