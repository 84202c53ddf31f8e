/* SPDX-License-Identifier: BSD-2-Clause
 *
 * run_state.c - instruction runs to bytes and back: each open run a part of
 * its own, the spans of ended ones in pages.  Called by stall_state.c. */
#include "build.h"

#include "parsers/run.h"

#include <stdlib.h>

static void
save_run(void *table, struct part *part, struct keep_out *o)
{
    const struct run *r = (const struct run *) (const void *) ((const char *) part - offsetof(struct run, part));
    const struct run_table *t = table;

    keep_put_str(o, str_make(r->key, r->key_n));
    keep_put_u64(o, r->id);
    keep_put_u64(o, r->source);
    keep_put_str(o, str_z(r->instruction));
    keep_put_u64(o, (uint64_t) r->started | (uint64_t) r->thread_known << 1 | (uint64_t) (r->pending != NULL) << 2
                        | (uint64_t) r->told << 3 | (uint64_t) r->crowded << 4 | (uint64_t) r->faulted << 5
                        | (uint64_t) r->late << 6
                        | (uint64_t) (r->pending && r->pending_arrival) << 7);
    if (r->pending) {
        keep_put_event(o, r->pending);
        moment_save(o, &r->pending_at);
        if (r->pending_arrival)
            keep_put_u64(o, (uint64_t) r->pending_arrival);
    }
    keep_put_u64(o, r->n_cargo);
    for (unsigned i = 0; i < r->n_cargo; i++) {
        keep_put_str(o, str_z(r->cargo[i].package));
        keep_put_str(o, str_z(r->cargo[i].server));
        keep_put_u64(o, r->cargo[i].failed);
    }
    keep_put_u64(o, map_index(t->runs, str_make(r->key, r->key_n)));
}

static bool
read_cargo(struct run *r, struct keep_in *in)
{
    uint64_t n = keep_get_u64(in);

    if (n > RUN_CARGO)
        return false;
    for (uint64_t i = 0; i < n && !in->failed; i++) {
        struct run_cargo *c = &r->cargo[r->n_cargo++];

        c->package = keep_str(keep_get_str(in));
        c->server = keep_str(keep_get_str(in));
        c->failed = keep_get_u64(in) != 0;
        if (!c->package || !c->server)
            return false;
    }
    return true;
}

/* What both versions keep of one; NULL when it is none. */
static struct run *
read_run(struct keep_in *in)
{
    struct run *r = calloc(1, sizeof *r);
    struct str key = keep_get_str(in), name;
    struct event pending;
    uint64_t bits;

    if (!r)
        return NULL;
    if (key.n == 0 || key.n >= RUN_KEY_SIZE)
        goto fail;
    memcpy(r->key, key.p, key.n);
    r->key_n = key.n;
    r->id = keep_get_u64(in);
    r->source = keep_get_u64(in);
    name = keep_get_str(in);
    r->instruction = str_has(name) ? keep_str(name) : NULL;
    bits = keep_get_u64(in);
    r->started = bits & 1;
    r->thread_known = bits >> 1 & 1;
    r->told = bits >> 3 & 1;
    r->crowded = bits >> 4 & 1;
    r->late = bits >> 6 & 1;
    r->faulted = bits >> 5 & 1;
    if (bits >> 2 & 1) {
        keep_get_event(in, &pending);
        moment_restore(in, &r->pending_at);
        if (bits >> 7 & 1)
            r->pending_arrival = (int64_t) keep_get_u64(in);
        r->pending = keep_event(&pending);
    }
    if (read_cargo(r, in) && !in->failed && (r->pending || !(bits >> 2 & 1)) && (r->instruction || !str_has(name)))
        return r;
fail:
    run_free(r);
    return NULL;
}

static void
count_in(struct run_table *t, const struct run *r)
{
    t->n_pending += r->pending != NULL;
    t->n_unnamed += !r->thread_known;
}

bool
run_restore_run(struct run_table *t, uint64_t id, struct keep_in *in)
{
    struct run *r = read_run(in);
    uint64_t i = keep_get_u64(in);

    if (!r)
        return false;
    r->part.id = id;
    r->part.stored = true;
    if (in->failed || id != r->id || i >= RUN_MAX || !map_place(t->runs, str_make(r->key, r->key_n), r, (unsigned) i)) {
        run_free(r);
        return false;
    }
    count_in(t, r);
    return true;
}

static void
save_spans(void *table, struct part *part, struct keep_out *o)
{
    const struct run_table *t = table;

    for (unsigned i = 0; i < RUN_PAGE; i++) {
        const struct run_span *s = &t->span[part->id * RUN_PAGE + i];

        keep_put_u64(o, s->id);
        if (s->id == 0)
            continue;
        keep_put_u64(o, s->clock);
        keep_put_u64(o, (uint64_t) s->start);
        keep_put_u64(o, (uint64_t) s->end);
    }
}

static void
read_span(struct run_span *s, uint64_t id, struct keep_in *in)
{
    s->id = id;
    s->clock = (uint32_t) keep_get_u64(in);
    s->start = (int64_t) keep_get_u64(in);
    s->end = (int64_t) keep_get_u64(in);
}

bool
run_restore_spans(struct run_table *t, uint64_t id, struct keep_in *in)
{
    if (id >= RUN_SPANS / RUN_PAGE || t->page[id].stored)
        return false;
    t->page[id].stored = true;
    t->n_pages++;
    for (unsigned i = 0; i < RUN_PAGE; i++) {
        uint64_t run = keep_get_u64(in);

        if (run && run % RUN_SPANS != id * RUN_PAGE + i)
            return false;
        if (run)
            read_span(&t->span[run % RUN_SPANS], run, in);
    }
    return !in->failed;
}

void
run_save(struct run_table *t, struct part_sink *s)
{
    if (!s->all) {
        parts_put(&t->run_parts, s, save_run, t);
        parts_put(&t->span_parts, s, save_spans, t);
        return;
    }
    for (unsigned i = 0; i < map_count(t->runs); i++) {
        struct run *r = map_at(t->runs, i);

        save_run(t, &r->part, part_begin(s));
        part_end(s, t->run_parts.kind, r->part.id);
    }
    for (unsigned i = 0; i < RUN_SPANS / RUN_PAGE; i++) {
        bool used = false;

        for (unsigned j = 0; j < RUN_PAGE; j++)
            used = used || t->span[i * RUN_PAGE + j].id;
        if (!used)
            continue;
        save_spans(t, &t->page[i], part_begin(s));
        part_end(s, t->span_parts.kind, i);
    }
}

void
run_saved(struct run_table *t)
{
    parts_saved(&t->run_parts);
    parts_saved(&t->span_parts);
}

void
run_save_core(const struct run_table *t, struct keep_out *o)
{
    keep_put_u64(o, t->next);
    keep_put_u64(o, map_count(t->runs));
    keep_put_u64(o, t->n_pages);
}

bool
run_restore_core(struct run_table *t, struct keep_in *in)
{
    t->next = keep_get_u64(in);
    t->want = (unsigned) keep_get_u64(in);
    t->want_pages = (unsigned) keep_get_u64(in);
    return !in->failed && t->next > 0;
}

bool
run_restore_end(struct run_table *t)
{
    return map_count(t->runs) == t->want && t->n_pages == t->want_pages && map_settle(t->runs);
}

bool
run_restore_v1(struct run_table *t, struct keep_in *in)
{
    uint64_t n, id;

    t->next = keep_get_u64(in);
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++) {
        struct run *r = read_run(in);

        if (!r)
            return false;
        r->part.id = r->id;
        if (run_find(t, str_make(r->key, r->key_n)) || !map_put(t->runs, str_make(r->key, r->key_n), r)) {
            run_free(r);
            return false;
        }
        count_in(t, r);
        run_changed(t, r);
    }
    while ((id = keep_get_u64(in)) != 0 && !in->failed) {
        read_span(&t->span[id % RUN_SPANS], id, in);
        run_span_changed(t, id);
    }
    return !in->failed && t->next > 0;
}
