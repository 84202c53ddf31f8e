/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair_held.c - the reports: those that wait, in the order they came, and those
 * that were told and may still be proved until their window has passed. */
#include "build.h"

#include "parsers/pair_state.h"

#include <stdlib.h>

#include "parsers/when.h"

/* A report whose logs cannot be read waits no longer than this, by arrival. */
#define PAIR_PATIENCE (5 * WHEN_MINUTE)

void
held_free(struct held *h)
{
    if (!h)
        return;
    free(h->ev);
    free(h->filed);
    free(h);
}

void
held_push(struct held_list *l, struct held *h)
{
    h->older = l->newest;
    h->newer = NULL;
    *(l->newest ? &l->newest->newer : &l->oldest) = h;
    l->newest = h;
    l->n++;
}

void
held_take(struct held_list *l, struct held *h)
{
    *(h->older ? &h->older->newer : &l->oldest) = h->newer;
    *(h->newer ? &h->newer->older : &l->newest) = h->older;
    l->n--;
}

void
held_drop(struct pair_table *t, struct held_list *l, struct held *h)
{
    held_take(l, h);
    part_gone(&t->reports, &h->part);
    held_free(h);
}

void
held_keep(struct pair_table *t, struct held *h)
{
    if (t->told.n == PAIR_HELD_MAX)
        held_drop(t, &t->told, t->told.oldest);
    held_push(&t->told, h);
    part_changed(&t->reports, &h->part);
}

void
held_expire(struct pair_table *t, int64_t now)
{
    struct held *newer;

    for (struct held *h = t->told.oldest; h; h = newer) {
        newer = h->newer;
        if (h->due < now)
            held_drop(t, &t->told, h);
    }
}

bool
pair_wants(const struct event *ev)
{
    const struct facts *f = &ev->f;

    if (!f->claimed || f->claim_class != CLASS_DISK_FULL || !str_has(f->claim_event) || ev->log == NULL)
        return false;
    /* A report that shows a code of its own needs no other record's. */
    if (f->win32_known)
        return false;
    return !(f->figures == FIGURES_FILLED && f->basis == BASIS_FIGURES);
}

bool
pair_hold(struct pair_table *t, const struct event *ev, const struct moment *at, int64_t due, int64_t arrival)
{
    struct held *h;

    if (t->waiting.n == PAIR_HELD_MAX) {
        /* The oldest goes next, whether its window has passed or not. */
        if (!t->waiting.oldest->ready)
            t->counters.early++;
        t->waiting.oldest->ready = true;
        return false;
    }
    h = calloc(1, sizeof *h);
    if (!h || !(h->ev = keep_event(ev))) {
        held_free(h);
        return false;
    }
    h->at = *at;
    h->at.when.zone = h->ev->when.zone;
    h->due = due;
    h->arrival = arrival;
    h->part.id = ++t->n_held;
    held_push(&t->waiting, h);
    part_changed(&t->reports, &h->part);
    return true;
}

int64_t
pair_next_due(const struct pair_table *t)
{
    int64_t due = INT64_MAX;

    for (const struct held *h = t->waiting.oldest; h; h = h->newer) {
        if (h->ready)
            return INT64_MIN;
        if (h->due < due)
            due = h->due;
    }
    return due;
}

unsigned
pair_held_count(const struct pair_table *t)
{
    return t->waiting.n;
}

/* Whether all is read that could prove 'h', or it has waited long enough. */
static bool
waited(const struct held *h, int64_t now, bool (*read_past)(void *, struct str, int64_t, int64_t), void *arg)
{
    int64_t until = h->at.clock == 0 ? h->at.t + PAIR_WINDOW : 0;
    struct str host = h->ev->f.host, server = h->ev->f.server;

    return now - h->arrival >= PAIR_PATIENCE
           || (read_past(arg, host, until, h->arrival)
               && (!server.n || host_same(server, host) || read_past(arg, server, until, h->arrival)));
}

void
pair_live(struct pair_table *t, int64_t now, bool (*read_past)(void *, struct str host, int64_t until, int64_t),
          void *arg)
{
    /* Of one package they go in the order in which they came, as in a batch:
     * which are one failure is seen from that. */
    uint8_t behind[PAIR_BUCKETS / 8] = {0};

    for (struct held *h = t->waiting.oldest; h; h = h->newer) {
        unsigned b = proof_bucket(h->ev->f.package);

        /* The remaining time starts anew with the program. */
        if (h->arrival == 0)
            h->arrival = now;
        if (h->ready || (!(behind[b / 8] >> b % 8 & 1) && waited(h, now, read_past, arg)))
            h->ready = true;
        else
            behind[b / 8] |= (uint8_t) (1u << b % 8);
    }
}
