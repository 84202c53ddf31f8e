/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall_state.c - runs and stalls to bytes and back. */
#include "build.h"

#include "parsers/stall_state.h"

#include <stdlib.h>

static void
save_run(struct keep_out *o, struct str key, const struct run *r)
{
    keep_put_str(o, key);
    keep_put_u64(o, r->id);
    keep_put_u64(o, r->source);
    keep_put_str(o, str_z(r->instruction));
    keep_put_u64(o, (uint64_t) r->started | (uint64_t) r->thread_known << 1 | (uint64_t) (r->pending != NULL) << 2);
    if (r->pending) {
        keep_put_event(o, r->pending);
        moment_save(o, &r->pending_at);
    }
    keep_put_u64(o, r->n_packages);
    for (unsigned i = 0; i < r->n_packages; i++) {
        keep_put_str(o, str_z(r->package[i].name));
        keep_put_u64(o, r->package[i].failed);
    }
}

static bool
restore_run(struct stall_table *t, struct keep_in *in)
{
    struct run *r = calloc(1, sizeof *r);
    struct str key = keep_get_str(in), name;
    struct event pending;
    uint64_t bits, n;

    if (!r)
        return false;
    r->id = keep_get_u64(in);
    r->source = keep_get_u64(in);
    name = keep_get_str(in);
    r->instruction = str_has(name) ? keep_str(name) : NULL;
    bits = keep_get_u64(in);
    r->started = bits & 1;
    r->thread_known = bits >> 1 & 1;
    if (bits >> 2 & 1) {
        keep_get_event(in, &pending);
        moment_restore(in, &r->pending_at);
        r->pending = keep_event(&pending);
        t->n_pending += r->pending != NULL;
    }
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n && i < STALL_RUN_PACKAGES && !in->failed; i++) {
        r->package[i].name = keep_str(keep_get_str(in));
        r->package[i].failed = keep_get_u64(in) != 0;
        r->n_packages += r->package[i].name != NULL;
    }
    t->n_unnamed += !r->thread_known;
    if (in->failed || n > STALL_RUN_PACKAGES || key.n > ALARM_KEY_MAX || map_get(t->runs, key)
        || !map_put(t->runs, key, r)) {
        stall_run_free(r);
        return false;
    }
    return true;
}

static bool
restore_stall(struct stall_table *t, struct keep_in *in)
{
    struct stall *s = &t->stall[t->n_stalls];
    struct str key;
    uint64_t bits;

    if (t->n_stalls == STALL_OPEN_MAX)
        return false;
    memset(s, 0, sizeof *s);
    key = keep_get_str(in);
    if (key.n > ALARM_KEY_MAX)
        return false;
    if (key.n)
        memcpy(s->key_text, key.p, key.n);
    s->key = str_make(s->key_text, key.n);
    s->host = keep_str(keep_get_str(in));
    s->instruction = keep_str(keep_get_str(in));
    s->source = keep_get_u64(in);
    bits = keep_get_u64(in);
    s->thread_known = bits & 1;
    s->form_1x = bits >> 1 & 1;
    s->reopened = bits >> 2 & 1;
    s->thread = (uint32_t) keep_get_u64(in);
    moment_restore(in, &s->at);
    t->n_stalls++;
    return s->host && s->instruction && !in->failed;
}

void
stall_save(const struct stall_table *t, struct keep_out *o)
{
    keep_put_u64(o, t->next_run);
    keep_put_u64(o, map_count(t->runs));
    for (unsigned i = 0; i < map_count(t->runs); i++)
        save_run(o, map_key_at(t->runs, i), map_at(t->runs, i));
    for (unsigned i = 0; i < STALL_SPANS; i++) {
        const struct run_span *s = &t->span[i];

        /* Ended runs older than the ring do not matter to any open window. */
        if (s->id == 0 || s->id + STALL_SPANS <= t->next_run)
            continue;
        keep_put_u64(o, s->id);
        keep_put_u64(o, s->clock);
        keep_put_u64(o, (uint64_t) s->start);
        keep_put_u64(o, (uint64_t) s->end);
    }
    keep_put_u64(o, 0);
    keep_put_u64(o, t->n_stalls);
    for (unsigned i = 0; i < t->n_stalls; i++) {
        const struct stall *s = &t->stall[i];

        keep_put_str(o, str_make(s->key_text, s->key.n));
        keep_put_str(o, str_z(s->host));
        keep_put_str(o, str_z(s->instruction));
        keep_put_u64(o, s->source);
        keep_put_u64(o, (uint64_t) s->thread_known | (uint64_t) s->form_1x << 1 | (uint64_t) s->reopened << 2);
        keep_put_u64(o, s->thread);
        moment_save(o, &s->at);
    }
}

/* Into an empty table; false when the bytes are not a saved table. */
bool
stall_restore(struct stall_table *t, struct keep_in *in)
{
    uint64_t n, id;

    t->next_run = keep_get_u64(in);
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++)
        if (!restore_run(t, in))
            return false;
    while ((id = keep_get_u64(in)) != 0 && !in->failed) {
        struct run_span *s = &t->span[id % STALL_SPANS];

        s->id = id;
        s->clock = (uint32_t) keep_get_u64(in);
        s->start = (int64_t) keep_get_u64(in);
        s->end = (int64_t) keep_get_u64(in);
    }
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++)
        if (!restore_stall(t, in))
            return false;
    t->due = INT64_MIN;
    return !in->failed && t->next_run > 0;
}
