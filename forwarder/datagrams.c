/* SPDX-License-Identifier: BSD-2-Clause
 *
 * datagrams.c - pace and grace of targets without acknowledgement; see the
 * header.  Sleeps in the thread of its target and holds nothing meanwhile. */
#include "build.h"

#include "forwarder/datagrams.h"

#include <errno.h>

#include "forwarder/clock.h"
#include "parsers/when.h"

#define GRACE (DATAGRAMS_GRACE_MS * (WHEN_SECOND / 1000))
/* After a pause go at once those of 50 ms, but few, because the socket buffer of a
 * receiver takes some ninety of our messages and may not be empty: eight, or
 * those of 2 ms. */
#define BURST (WHEN_SECOND / 20)
#define BURST_LEAST (WHEN_SECOND / 500)
enum { BURST_MESSAGES = 8 };
#define PATIENCE (WHEN_SECOND / 10) /* of a send() that the pace holds back */

static void
sleep_until(int64_t when)
{
    struct timespec at = clock_timespec(when);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

int
datagrams_pace(struct target *t, struct datagrams *d)
{
    int64_t now, each, burst;

    if (!t->tc->pace)
        return 0;
    now = clock_monotonic();
    each = WHEN_SECOND / t->tc->pace;
    burst = BURST_MESSAGES * each < BURST ? BURST_MESSAGES * each : BURST;
    burst = burst > BURST_LEAST ? burst : BURST_LEAST;
    if (d->next_at < now - burst)
        d->next_at = now - burst;
    if (d->next_at > now + PATIENCE) {
        sleep_until(now + PATIENCE);
        return -EAGAIN;
    }
    if (d->next_at > now)
        sleep_until(d->next_at);
    d->next_at += each;
    return 0;
}

void
datagrams_sent(struct target *t, struct datagrams *d, const struct target_item *item)
{
    if (item->seq > t->taken)
        t->taken = item->seq;
    t->sent++;
    d->n++;
    d->last_at = clock_monotonic();
}

void
datagrams_lost(struct target *t, struct datagrams *d)
{
    t->taken = d->safe;
    t->sent -= d->n - d->n_safe;
    d->n = d->n_marked = d->n_safe;
    d->marked = d->safe;
}

/* Moves what is safe as far as 'now' allows. */
static void
ripen(const struct target *t, struct datagrams *d, int64_t now)
{
    for (int i = 0; i < 2; i++) {
        if (d->n_marked > d->n_safe && now >= d->marked_at + GRACE) {
            d->safe = d->marked;
            d->n_safe = d->n_marked;
        }
        if (d->n_marked == d->n_safe && d->n > d->n_safe) {
            d->marked = t->taken;
            d->n_marked = d->n;
            d->marked_at = d->last_at;
        }
    }
    if (d->n == d->n_safe) /* what was taken and needs no message */
        d->safe = d->marked = t->taken;
}

int
datagrams_settle(struct target *t, struct datagrams *d, int wait_ms, uint64_t *safe, int (*trouble)(struct target *))
{
    int64_t deadline = clock_monotonic() + wait_ms * (WHEN_SECOND / 1000);
    uint64_t before = d->n_safe;
    int lost;

    for (;;) {
        int64_t now = clock_monotonic(), next;

        lost = trouble(t);
        if (lost)
            datagrams_lost(t, d);
        else
            ripen(t, d, now);
        if (lost || d->n_safe > before || d->n == d->n_safe || now >= deadline)
            break;
        next = d->marked_at + GRACE;
        sleep_until(next < deadline ? next : deadline);
    }
    *safe = d->safe;
    return lost ? -lost : 0;
}
