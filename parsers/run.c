/* SPDX-License-Identifier: BSD-2-Clause
 *
 * run.c - the table of instruction runs.  A run begins when a thread finds or
 * starts an instruction and ends when it is executed, fails or gives way to
 * the next.  Threads are numbers: `EE8`, `3816 (0xee8)` and the thread a main
 * thread says it created are the same one. */
#include "build.h"

#include "parsers/run.h"

#include <stdlib.h>

#include "parsers/summary.h"

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

struct str
run_stem(struct str instruction)
{
    struct str base = summary_basename(instruction);
    size_t dot = base.n;

    while (dot > 0 && base.p[dot - 1] != '.')
        dot--;
    return dot > 1 ? str_make(base.p, dot - 1) : base;
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

struct str
run_key_of(char out[RUN_KEY_SIZE], const struct event *ev, const struct run_thread *thread, uint64_t source)
{
    struct str key = run_key(out, ev->f.host, thread->known, thread->number, source);
    uint64_t h;

    if (!str_has(ev->f.component) || str_case_eq(ev->f.component, STR("SMS_DESPOOLER")))
        return key;
    h = alarm_hash(ev->f.component);
    memcpy(out + key.n, &h, sizeof h);
    key.n += sizeof h;
    return key;
}

bool
run_table_init(struct run_table *t)
{
    t->runs = map_new(RUN_MAX);
    t->next = 1;
    t->run_parts.kind = "run";
    t->span_parts.kind = "span";
    for (unsigned i = 0; i < RUN_SPANS / RUN_PAGE; i++)
        t->page[i].id = i;
    return t->runs != NULL;
}

void
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
    parts_fini(&t->run_parts);
    parts_fini(&t->span_parts);
}

void
run_changed(struct run_table *t, struct run *r)
{
    part_changed(&t->run_parts, &r->part);
}

void
run_span_changed(struct run_table *t, uint64_t id)
{
    struct part *page = &t->page[id % RUN_SPANS / RUN_PAGE];

    t->n_pages += !page->listed && !page->stored;
    part_changed(&t->span_parts, page);
}

/* The last one moves into the gap, and has another number then. */
static void
take_out(struct run_table *t, struct run *r)
{
    struct run *last = map_at(t->runs, map_count(t->runs) - 1);

    map_take(t->runs, str_make(r->key, r->key_n));
    if (last != r)
        run_changed(t, last);
}

static bool
put_in(struct run_table *t, struct run *r, struct str key)
{
    memcpy(r->key, key.p, key.n);
    r->key_n = key.n;
    if (!map_put(t->runs, key, r))
        return false;
    run_changed(t, r);
    return true;
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
        run_changed(t, r);
    }
    r->told = false;
}

void
run_end(struct run_table *t, struct run *r, const struct moment *at)
{
    struct run_span *s = &t->span[r->id % RUN_SPANS];

    if (s->id == r->id && at->known && at->clock == s->clock) {
        s->end = at->t;
        run_span_changed(t, r->id);
    }
    run_drop_pending(t, r);
    if (!r->thread_known)
        t->n_unnamed--;
    take_out(t, r);
    part_gone(&t->run_parts, &r->part);
    run_free(r);
}

struct run *
run_in_the_way(const struct run_table *t)
{
    struct run *oldest = NULL;

    for (unsigned i = 0; map_count(t->runs) == RUN_MAX && i < RUN_MAX; i++) {
        struct run *r = map_at(t->runs, i);

        if (!oldest || r->id < oldest->id)
            oldest = r;
    }
    return oldest;
}

struct run *
run_begin(struct run_table *t, const struct moment *at, struct str key, uint64_t source)
{
    struct run *r = map_get(t->runs, key);
    struct run_span *s;

    if (r)
        run_end(t, r, at);
    if ((r = run_in_the_way(t))) {
        /* Runs are refound at their next line. */
        run_end(t, r, at);
        t->evicted++;
    }
    r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->part.id = t->next;
    if (!put_in(t, r, key)) {
        free(r);
        return NULL;
    }
    r->id = t->next++;
    r->source = source;
    r->thread_known = true;
    s = &t->span[r->id % RUN_SPANS];
    *s = (struct run_span){.id = r->id, .clock = at->clock, .end = INT64_MAX};
    s->start = at->known ? at->t : INT64_MAX;
    run_span_changed(t, r->id);
    return r;
}

struct run *
run_move(struct run_table *t, struct str old, struct str key)
{
    struct run *r = map_get(t->runs, old);

    if (!r)
        return NULL;
    take_out(t, r);
    if (!put_in(t, r, key)) {
        t->n_unnamed -= !r->thread_known;
        run_drop_pending(t, r);
        part_gone(&t->run_parts, &r->part);
        run_free(r);
        return NULL;
    }
    return r;
}

void
run_carries(struct run_table *t, struct run *r, struct str package, struct str server, bool failed)
{
    struct run_cargo *c;

    for (unsigned i = 0; i < r->n_cargo; i++)
        if (str_case_eq(str_z(r->cargo[i].package), package) && str_case_eq(str_z(r->cargo[i].server), server)) {
            if (failed && !r->cargo[i].failed) {
                r->cargo[i].failed = true;
                run_changed(t, r);
            }
            return;
        }
    if (r->crowded)
        return;
    run_changed(t, r);
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
