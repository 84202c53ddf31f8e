/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair_state.c - pairing to bytes and back: failures in pages, each report and
 * each learned offset a part of its own. */
#include "build.h"

#include "parsers/pair_state.h"

#include <stdlib.h>

static void
save_proof(struct keep_out *o, const struct proof *p)
{
    keep_put_u64(o, p->serial);
    keep_put_u64(o, p->run);
    keep_put_u64(o, (uint64_t) p->t);
    keep_put_u64(o, (uint64_t) p->ok);
    keep_put_u64(o, (uint64_t) p->clock << 32 | p->win32);
    keep_put_u64(o, (uint64_t) p->cls | (uint64_t) p->severity << 8 | (uint64_t) p->ok_known << 16
                        | (uint64_t) p->tagged << 17 | (uint64_t) p->win32_known << 18);
    keep_put_str(o, str_z(p->id));
    keep_put_str(o, p->host);
    keep_put_str(o, p->package);
    keep_put_str(o, p->server);
    keep_put_str(o, p->target);
    keep_put_str(o, p->share);
    keep_put_str(o, p->file);
    keep_put_str(o, p->symbol);
    keep_put_str(o, p->signature);
}

static void
save_page(void *table, struct part *part, struct keep_out *o)
{
    const struct pair_table *t = table;

    for (unsigned i = 0; i < PAIR_PAGE; i++) {
        const struct proof *p = t->slot[part->id * PAIR_PAGE + i];

        keep_put_u64(o, p != NULL);
        if (p)
            save_proof(o, p);
    }
}

/* NULL when it is none. */
static struct proof *
read_proof(struct keep_in *in)
{
    struct proof p = {0};
    struct str id;
    uint64_t bits;

    p.serial = keep_get_u64(in);
    p.run = keep_get_u64(in);
    p.t = (int64_t) keep_get_u64(in);
    p.ok = (int64_t) keep_get_u64(in);
    bits = keep_get_u64(in);
    p.clock = (uint32_t) (bits >> 32);
    p.win32 = (uint32_t) bits;
    bits = keep_get_u64(in);
    p.cls = (uint8_t) bits;
    p.severity = (uint8_t) (bits >> 8);
    p.ok_known = bits >> 16 & 1;
    p.tagged = bits >> 17 & 1;
    p.win32_known = bits >> 18 & 1;
    id = keep_get_str(in);
    p.host = keep_get_str(in);
    p.package = keep_get_str(in);
    p.server = keep_get_str(in);
    p.target = keep_get_str(in);
    p.share = keep_get_str(in);
    p.file = keep_get_str(in);
    p.symbol = keep_get_str(in);
    p.signature = keep_get_str(in);
    if (in->failed || id.n >= EVENT_ID_SIZE || p.cls >= CLASS_COUNT || p.severity > SEVERITY_CLEARED)
        return NULL;
    if (id.n)
        memcpy(p.id, id.p, id.n);
    p.target_hash = alarm_hash(p.target);
    return proof_keep(&p);
}

static bool
restore_page(struct pair_table *t, uint64_t id, struct keep_in *in)
{
    if (id >= PAIR_FAILURES_ALL / PAIR_PAGE)
        return false;
    t->page[id].stored = true;
    for (unsigned i = 0; i < PAIR_PAGE; i++) {
        unsigned slot = (unsigned) id * PAIR_PAGE + i;
        struct proof *p;

        if (keep_get_u64(in) == 0)
            continue;
        p = read_proof(in);
        if (!p || t->slot[slot]) {
            free(p);
            return false;
        }
        p->slot = slot;
        t->slot[slot] = p;
        if (slot >= t->n_slots)
            t->n_slots = slot + 1;
    }
    return !in->failed;
}

static void
save_held(void *table, struct part *part, struct keep_out *o)
{
    const struct held *h = (const struct held *) (const void *) ((const char *) part - offsetof(struct held, part));

    (void) table;
    keep_put_u64(o, h->state);
    keep_put_event(o, h->ev);
    moment_save(o, &h->at);
    keep_put_u64(o, (uint64_t) h->due);
    keep_put_u64(o, (uint64_t) h->ready | (uint64_t) h->proven << 1 | (uint64_t) h->share << 2);
    keep_put_u64(o, (uint64_t) h->apart);
    keep_put_str(o, str_z(h->filed));
}

static bool
restore_held(struct pair_table *t, uint64_t id, struct keep_in *in)
{
    struct held *h = calloc(1, sizeof *h);
    struct str filed;
    struct event ev;
    uint64_t state, bits;

    if (!h)
        return false;
    state = keep_get_u64(in);
    keep_get_event(in, &ev);
    moment_restore(in, &h->at);
    h->due = (int64_t) keep_get_u64(in);
    bits = keep_get_u64(in);
    h->ready = bits & 1;
    h->proven = bits >> 1 & 1;
    h->share = bits >> 2 & 1;
    h->apart = (int64_t) keep_get_u64(in);
    filed = keep_get_str(in);
    h->part.id = id;
    h->part.stored = true;
    if (in->failed || state >= HELD_STATES || !(h->ev = keep_event(&ev))
        || (str_has(filed) && !(h->filed = keep_str(filed)))) {
        held_free(h);
        return false;
    }
    h->state = (enum held_state) state;
    h->at.when.zone = h->ev->when.zone;
    if (held_put(t, h))
        return true;
    held_free(h);
    return false;
}

static void
save_zone(void *table, struct part *part, struct keep_out *o)
{
    const struct pair_table *t = table;

    keep_put_u64(o, (uint64_t) t->offset[part->id]);
}

static bool
restore_zone(struct pair_table *t, uint64_t clock, struct keep_in *in)
{
    if (clock >= PAIR_CLOCKS_MAX || t->learned[clock])
        return false;
    t->n_learned++;
    t->learned[clock] = true;
    t->offset[clock] = (int64_t) keep_get_u64(in);
    t->zone[clock].stored = true;
    return !in->failed;
}

static void
save_all(struct pair_table *t, struct part_sink *s)
{
    for (unsigned i = 0; i < PAIR_FAILURES_ALL / PAIR_PAGE; i++) {
        bool used = false;

        for (unsigned j = 0; j < PAIR_PAGE; j++)
            used = used || t->slot[i * PAIR_PAGE + j];
        if (!used)
            continue;
        save_page(t, &t->page[i], part_begin(s));
        part_end(s, t->pages.kind, i);
    }
    for (struct held *h = t->waiting.oldest; h; h = h->newer) {
        save_held(t, &h->part, part_begin(s));
        part_end(s, t->reports.kind, h->part.id);
    }
    for (unsigned i = 0; i < t->expiry.n; i++) {
        struct held *h = held_told(t, i);

        save_held(t, &h->part, part_begin(s));
        part_end(s, t->reports.kind, h->part.id);
    }
    for (unsigned i = 0; i < PAIR_CLOCKS_MAX; i++) {
        if (!t->learned[i])
            continue;
        save_zone(t, &t->zone[i], part_begin(s));
        part_end(s, t->zones.kind, i);
    }
}

void
pair_save(struct pair_table *t, struct part_sink *s)
{
    if (s->all) {
        save_all(t, s);
        return;
    }
    parts_put(&t->pages, s, save_page, t);
    parts_put(&t->reports, s, save_held, t);
    parts_put(&t->zones, s, save_zone, t);
}

void
pair_saved(struct pair_table *t)
{
    parts_saved(&t->pages);
    parts_saved(&t->reports);
    parts_saved(&t->zones);
}

void
pair_save_core(const struct pair_table *t, struct keep_out *o)
{
    keep_put_u64(o, t->serial);
    keep_put_u64(o, t->n_held);
    keep_put_u64(o, t->by_age.n);
    keep_put_u64(o, t->waiting.n + t->expiry.n);
    keep_put_u64(o, t->n_learned);
}

bool
pair_restore_core(struct pair_table *t, struct keep_in *in)
{
    t->serial = keep_get_u64(in);
    t->n_held = keep_get_u64(in);
    t->want_proofs = (unsigned) keep_get_u64(in);
    t->want_held = (unsigned) keep_get_u64(in);
    t->want_learned = (unsigned) keep_get_u64(in);
    return !in->failed;
}

bool
pair_restore_part(struct pair_table *t, struct str kind, uint64_t id, struct keep_in *in)
{
    if (str_eq(kind, str_z(t->pages.kind)))
        return restore_page(t, id, in);
    if (str_eq(kind, str_z(t->reports.kind)))
        return restore_held(t, id, in);
    return str_eq(kind, str_z(t->zones.kind)) && restore_zone(t, id, in);
}

static int
by_serial(const void *a, const void *b)
{
    const struct proof *const *p = a, *const *q = b;

    return ((*p)->serial > (*q)->serial) - ((*p)->serial < (*q)->serial);
}

/* The lists again, in the order in which the failures came. */
bool
pair_restore_end(struct pair_table *t)
{
    struct proof **order = calloc(t->n_slots + 1, sizeof(struct proof *));
    unsigned n = 0;
    bool ok = order != NULL;

    for (unsigned i = t->n_slots; ok && i-- > 0;) {
        if (t->slot[i])
            order[n++] = t->slot[i];
        else
            t->free_slot[t->n_free++] = i;
    }
    ok = ok && n == t->want_proofs && t->waiting.n + t->expiry.n == t->want_held && t->n_learned == t->want_learned;
    if (ok)
        qsort(order, n, sizeof(struct proof *), by_serial);
    for (unsigned i = 0; ok && i < n; i++)
        ok = proof_add(t, order[i], false);
    free(order);
    return ok;
}

static bool
restore_failure_v1(struct pair_table *t, struct keep_in *in)
{
    struct event ev;
    struct moment at;
    struct str server;
    uint64_t run;
    bool ok_known;
    int64_t ok;

    keep_get_event(in, &ev);
    moment_restore(in, &at);
    run = keep_get_u64(in);
    server = keep_get_str(in);
    ok_known = keep_get_u64(in) != 0;
    ok = (int64_t) keep_get_u64(in);
    if (in->failed || !pair_failure(t, &ev, &at, run, server))
        return false;
    if (ok_known && t->newest)
        pair_copied(t, &ev, &(struct moment){.known = true, .clock = at.clock, .t = ok}, server);
    return true;
}

bool
pair_restore_v1(struct pair_table *t, struct keep_in *in)
{
    uint64_t n = keep_get_u64(in), clock;

    for (uint64_t i = 0; i < n && !in->failed; i++)
        if (!restore_failure_v1(t, in))
            return false;
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n && !in->failed; i++) {
        struct event ev;
        struct moment at;
        int64_t due;

        keep_get_event(in, &ev);
        moment_restore(in, &at);
        due = (int64_t) keep_get_u64(in);
        keep_get_u64(in); /* its arrival, which starts anew */
        if (!pair_hold(t, &ev, &at, due, 0))
            return false;
    }
    while ((clock = keep_get_u64(in)) < PAIR_CLOCKS_MAX && !in->failed) {
        if (!restore_zone(t, clock, in))
            return false;
        t->zone[clock].stored = false;
        part_changed(&t->zones, &t->zone[clock]);
    }
    return !in->failed;
}
