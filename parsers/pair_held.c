/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair_held.c - the reports: those that wait, in the order they came, and those
 * that were told and may still be proved until their window has passed. */
#include "build.h"

#include "parsers/pair_state.h"

#include <stdlib.h>

#include "parsers/when.h"

void
held_free(struct held *h)
{
    if (!h)
        return;
    free(h->ev);
    free(h->filed);
    free(h);
}

static struct held *
held_of(struct heap_node *node)
{
    return (struct held *) (void *) ((char *) node - offsetof(struct held, turn));
}

struct held *
held_told(struct pair_table *t, unsigned i)
{
    return i < t->expiry.n ? held_of(t->expiry.node[i]) : NULL;
}

void
held_init(struct pair_table *t)
{
    t->reports.kind = "held";
    t->due.node = t->due_room;
    t->ready.node = t->ready_room;
    t->expiry.node = t->expiry_room;
}

void
held_fini(struct pair_table *t)
{
    while (t->waiting.oldest)
        held_drop(t, t->waiting.oldest);
    while (t->expiry.n)
        held_drop(t, held_told(t, 0));
    parts_fini(&t->reports);
}

/* The lists are in the order of the numbers given when reports came. */
static void
list_put(struct held_list *l, struct held *h)
{
    struct held *after = l->newest;

    while (after && after->part.id > h->part.id)
        after = after->older;
    h->older = after;
    h->newer = after ? after->newer : l->oldest;
    *(after ? &after->newer : &l->oldest) = h;
    *(h->newer ? &h->newer->older : &l->newest) = h;
    l->n++;
}

static void
list_take(struct held_list *l, struct held *h)
{
    *(h->older ? &h->older->newer : &l->oldest) = h->newer;
    *(h->newer ? &h->newer->older : &l->newest) = h->older;
    l->n--;
}

static struct heap *
turns_of(struct pair_table *t, const struct held *h)
{
    return h->state != HELD_WAITING ? &t->expiry : h->ready ? &t->ready : &t->due;
}

static void
take_turn(struct pair_table *t, struct held *h)
{
    struct heap *turns = turns_of(t, h);

    h->turn.key = turns == &t->ready ? 0 : h->due;
    h->turn.order = h->part.id;
    heap_put(turns, &h->turn);
}

static struct held_list *
list_of(struct pair_table *t, const struct held *h)
{
    return h->state == HELD_WAITING ? &t->waiting : &t->told_of[h->bucket];
}

bool
held_put(struct pair_table *t, struct held *h)
{
    if (h->state == HELD_WAITING ? t->waiting.n == PAIR_HELD_MAX : t->expiry.n == PAIR_HELD_MAX)
        return false;
    h->bucket = proof_bucket(h->ev->f.package);
    list_put(list_of(t, h), h);
    take_turn(t, h);
    return true;
}

void
held_take(struct pair_table *t, struct held *h)
{
    heap_take(turns_of(t, h), &h->turn);
    list_take(list_of(t, h), h);
}

void
held_drop(struct pair_table *t, struct held *h)
{
    held_take(t, h);
    part_gone(&t->reports, &h->part);
    held_free(h);
}

void
held_keep(struct pair_table *t, struct held *h)
{
    if (t->expiry.n == PAIR_HELD_MAX) {
        held_drop(t, held_told(t, 0));
        t->counters.settled++;
    }
    held_put(t, h);
    part_changed(&t->reports, &h->part);
}

void
held_expire(struct pair_table *t, int64_t now)
{
    struct held *h;

    while (t->expiry.n && (h = held_of(t->expiry.node[0]))->due < now)
        held_drop(t, h);
}

/* 'h' need not wait any longer. */
static void
make_ready(struct pair_table *t, struct held *h)
{
    if (h->ready)
        return;
    heap_take(&t->due, &h->turn);
    h->ready = true;
    take_turn(t, h);
}

struct held *
held_next(struct pair_table *t, int64_t now, enum pair_which which)
{
    struct held *h;

    if (which == PAIR_ALL)
        return t->waiting.oldest;
    /* Its own window includes its last instant. */
    while (which == PAIR_DUE && t->due.n && (h = held_of(t->due.node[0]))->due < now)
        make_ready(t, h);
    return t->ready.n ? held_of(t->ready.node[0]) : NULL;
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
        make_ready(t, t->waiting.oldest);
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
    held_put(t, h);
    part_changed(&t->reports, &h->part);
    return true;
}

int64_t
pair_next_due(const struct pair_table *t)
{
    if (t->ready.n)
        return INT64_MIN;
    return t->due.n ? t->due.node[0]->key : INT64_MAX;
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
        unsigned b = h->bucket;

        /* The remaining time starts anew with the program. */
        if (h->arrival == 0)
            h->arrival = now;
        if (h->ready || (!(behind[b / 8] >> b % 8 & 1) && waited(h, now, read_past, arg)))
            make_ready(t, h);
        else
            behind[b / 8] |= (uint8_t) (1u << b % 8);
    }
}
