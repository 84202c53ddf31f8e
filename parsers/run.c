/* SPDX-License-Identifier: BSD-2-Clause
 *
 * run.c - the table of instruction runs.  A run begins when a thread finds or
 * starts an instruction and ends when it is executed, fails or gives way to
 * the next.  Threads are numbers: `EE8`, `3816 (0xee8)` and the thread a main
 * thread says it created are the same one. */
#include "build.h"

#include "parsers/run.h"

#include <stdlib.h>

struct run_thread
run_thread(const struct event *ev)
{
    struct str s = ev->f.thread;
    size_t hex = str_find_case(s, STR("(0x")), digits = 0;
    bool trace = str_eq(ev->format, STR("sms-log"));
    /* Bare numbers are hexadecimal in `$$<` logs only. */
    uint32_t base = hex < s.n || trace ? 16 : 10;
    struct run_thread t = {.form_1x = hex == s.n && trace};

    s = hex < s.n ? str_skip(s, hex + 3) : s;
    for (; digits < s.n && digits < 10; digits++) {
        int value = str_hex_value(s.p[digits]);

        if (value < 0 || value >= (int) base)
            break;
        t.number = t.number * base + (uint32_t) value;
    }
    t.known = digits > 0;
    return t;
}

/* Made for every record with a fact, so by hand. */
struct str
run_key(char out[RUN_KEY_SIZE], struct str host, bool known, uint32_t thread, uint64_t source)
{
    uint64_t number = known ? thread : source;
    size_t n = 0;

    while (n < host.n && n < ALARM_KEY_MAX - 32) {
        out[n] = str_upper_char(host.p[n]);
        n++;
    }
    out[n++] = known ? ':' : '?';
    memcpy(out + n, &number, sizeof number);
    n += sizeof number;
    if (known && host.n == 0) {
        /* Equal thread numbers of logs whose hosts nobody knows are two. */
        memcpy(out + n, &source, sizeof source);
        n += sizeof source;
    }
    return str_make(out, n);
}

bool
run_table_init(struct run_table *t)
{
    t->runs = map_new(RUN_MAX);
    t->next = 1;
    return t->runs != NULL;
}

static void
run_free(struct run *r)
{
    if (!r)
        return;
    free(r->instruction);
    free(r->pending);
    for (unsigned i = 0; i < r->n_cargo; i++) {
        free(r->cargo[i].package);
        free(r->cargo[i].server);
    }
    free(r);
}

void
run_table_fini(struct run_table *t)
{
    for (unsigned i = 0; t->runs && i < map_count(t->runs); i++)
        run_free(map_at(t->runs, i));
    map_free(t->runs);
}

struct run *
run_find(struct run_table *t, struct str key)
{
    return map_get(t->runs, key);
}

bool
run_span(const struct run_table *t, uint64_t id, struct run_span *out)
{
    const struct run_span *s = &t->span[id % RUN_SPANS];

    if (id == 0 || s->id != id)
        return false;
    *out = *s;
    return true;
}

void
run_drop_pending(struct run_table *t, struct run *r)
{
    if (r->pending) {
        free(r->pending);
        r->pending = NULL;
        t->n_pending--;
    }
    r->told = false;
}

void
run_end(struct run_table *t, struct run *r, struct str key, const struct moment *at)
{
    struct run_span *s = &t->span[r->id % RUN_SPANS];

    if (s->id == r->id && at->known && at->clock == s->clock)
        s->end = at->t;
    run_drop_pending(t, r);
    if (!r->thread_known)
        t->n_unnamed--;
    map_take(t->runs, key);
    run_free(r);
}

struct run *
run_begin(struct run_table *t, const struct moment *at, struct str key, uint64_t source)
{
    struct run *r = map_get(t->runs, key);
    struct run_span *s;

    if (r)
        run_end(t, r, key, at);
    if (map_count(t->runs) == RUN_MAX) {
        /* Runs are refound at their next line; the first is the oldest. */
        struct str first = map_key_at(t->runs, 0);
        char copy[RUN_KEY_SIZE];

        memcpy(copy, first.p, first.n);
        run_end(t, map_at(t->runs, 0), str_make(copy, first.n), at);
        t->evicted++;
    }
    r = calloc(1, sizeof *r);
    if (!r || !map_put(t->runs, key, r)) {
        free(r);
        return NULL;
    }
    r->id = t->next++;
    r->source = source;
    r->thread_known = true;
    s = &t->span[r->id % RUN_SPANS];
    *s = (struct run_span){.id = r->id, .clock = at->clock, .end = INT64_MAX};
    s->start = at->known ? at->t : INT64_MAX;
    return r;
}

struct run *
run_move(struct run_table *t, struct str old, struct str key)
{
    struct run *r = map_take(t->runs, old);

    if (r && !map_put(t->runs, key, r)) {
        t->n_unnamed -= !r->thread_known;
        run_drop_pending(t, r);
        run_free(r);
        return NULL;
    }
    return r;
}

void
run_carries(struct run *r, struct str package, struct str server, bool failed)
{
    struct run_cargo *c;

    for (unsigned i = 0; i < r->n_cargo; i++)
        if (str_case_eq(str_z(r->cargo[i].package), package) && str_case_eq(str_z(r->cargo[i].server), server)) {
            r->cargo[i].failed = r->cargo[i].failed || failed;
            return;
        }
    if (r->n_cargo == RUN_CARGO) {
        r->crowded = true;
        return;
    }
    c = &r->cargo[r->n_cargo];
    *c = (struct run_cargo){keep_str(package), keep_str(server), failed};
    if (!c->package || !c->server) {
        free(c->package);
        free(c->server);
        r->crowded = true;
        return;
    }
    r->n_cargo++;
}

static void
save_run(struct keep_out *o, struct str key, const struct run *r)
{
    keep_put_str(o, key);
    keep_put_u64(o, r->id);
    keep_put_u64(o, r->source);
    keep_put_str(o, str_z(r->instruction));
    keep_put_u64(o, (uint64_t) r->started | (uint64_t) r->thread_known << 1 | (uint64_t) (r->pending != NULL) << 2
                        | (uint64_t) r->told << 3 | (uint64_t) r->crowded << 4 | (uint64_t) r->faulted << 5);
    if (r->pending) {
        keep_put_event(o, r->pending);
        moment_save(o, &r->pending_at);
    }
    keep_put_u64(o, r->n_cargo);
    for (unsigned i = 0; i < r->n_cargo; i++) {
        keep_put_str(o, str_z(r->cargo[i].package));
        keep_put_str(o, str_z(r->cargo[i].server));
        keep_put_u64(o, r->cargo[i].failed);
    }
}

static bool
restore_run(struct run_table *t, struct keep_in *in)
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
    r->told = bits >> 3 & 1;
    r->faulted = bits >> 5 & 1;
    if (bits >> 2 & 1) {
        keep_get_event(in, &pending);
        moment_restore(in, &r->pending_at);
        r->pending = keep_event(&pending);
        t->n_pending += r->pending != NULL;
    }
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n && i < RUN_CARGO && !in->failed; i++) {
        struct str package = keep_get_str(in), server = keep_get_str(in);

        run_carries(r, package, server, keep_get_u64(in) != 0);
    }
    r->crowded = r->crowded || (bits >> 4 & 1);
    t->n_unnamed += !r->thread_known;
    if (in->failed || n > RUN_CARGO || key.n >= RUN_KEY_SIZE || map_get(t->runs, key) || !map_put(t->runs, key, r)) {
        run_free(r);
        return false;
    }
    return true;
}

void
run_save(const struct run_table *t, struct keep_out *o)
{
    keep_put_u64(o, t->next);
    keep_put_u64(o, map_count(t->runs));
    for (unsigned i = 0; i < map_count(t->runs); i++)
        save_run(o, map_key_at(t->runs, i), map_at(t->runs, i));
    for (unsigned i = 0; i < RUN_SPANS; i++) {
        const struct run_span *s = &t->span[i];

        if (s->id == 0)
            continue;
        keep_put_u64(o, s->id);
        keep_put_u64(o, s->clock);
        keep_put_u64(o, (uint64_t) s->start);
        keep_put_u64(o, (uint64_t) s->end);
    }
    keep_put_u64(o, 0);
}

/* Into an empty table; false when the bytes are not a saved table. */
bool
run_restore(struct run_table *t, struct keep_in *in)
{
    uint64_t n, id;

    t->next = keep_get_u64(in);
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++)
        if (!restore_run(t, in))
            return false;
    while ((id = keep_get_u64(in)) != 0 && !in->failed) {
        struct run_span *s = &t->span[id % RUN_SPANS];

        s->id = id;
        s->clock = (uint32_t) keep_get_u64(in);
        s->start = (int64_t) keep_get_u64(in);
        s->end = (int64_t) keep_get_u64(in);
    }
    return !in->failed && t->next > 0;
}
