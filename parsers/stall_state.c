/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall_state.c - stalls to bytes and back, with the runs they come from. */
#include "build.h"

#include "parsers/stall_state.h"

#include <stdlib.h>

static void
save_stall(void *table, struct part *part, struct keep_out *o)
{
    const struct stall *s = (const struct stall *) (const void *) ((const char *) part - offsetof(struct stall, part));

    (void) table;
    keep_put_str(o, s->key);
    keep_put_str(o, str_z(s->host));
    keep_put_str(o, str_z(s->instruction));
    keep_put_u64(o, s->source);
    keep_put_u64(o, (uint64_t) s->thread.known | (uint64_t) s->thread.form_1x << 1 | (uint64_t) s->reopened << 2);
    keep_put_u64(o, s->thread.number);
    moment_save(o, &s->at);
}

/* NULL when it is none. */
static struct stall *
read_stall(struct keep_in *in)
{
    struct stall *s = calloc(1, sizeof *s);
    struct str key = keep_get_str(in);
    uint64_t bits;

    if (!s)
        return NULL;
    if (key.n <= ALARM_KEY_MAX && key.n)
        memcpy(s->key_text, key.p, key.n);
    s->key = str_make(s->key_text, key.n);
    s->host = keep_str(keep_get_str(in));
    s->instruction = keep_str(keep_get_str(in));
    s->source = keep_get_u64(in);
    bits = keep_get_u64(in);
    s->thread.known = bits & 1;
    s->thread.form_1x = bits >> 1 & 1;
    s->reopened = bits >> 2 & 1;
    s->thread.number = (uint32_t) keep_get_u64(in);
    moment_restore(in, &s->at);
    if (s->host && s->instruction && key.n <= ALARM_KEY_MAX && !in->failed)
        return s;
    stall_drop_memory(s);
    return NULL;
}

/* Oldest first, by the number it was given when it began. */
static bool
restore_stall(struct stall_table *t, uint64_t id, struct keep_in *in)
{
    struct stall *s = t->n_stalls < STALL_OPEN_MAX ? read_stall(in) : NULL;
    unsigned i = t->n_stalls;

    if (!s)
        return false;
    s->part.id = id;
    s->part.stored = true;
    for (; i > 0 && t->stall[i - 1]->part.id > id; i--)
        t->stall[i] = t->stall[i - 1];
    t->stall[i] = s;
    t->n_stalls++;
    return true;
}

void
stall_save(struct stall_table *t, struct part_sink *s)
{
    run_save(&t->runs, s);
    if (!s->all)
        parts_put(&t->parts, s, save_stall, t);
    for (unsigned i = 0; s->all && i < t->n_stalls; i++) {
        save_stall(t, &t->stall[i]->part, part_begin(s));
        part_end(s, t->parts.kind, t->stall[i]->part.id);
    }
}

void
stall_saved(struct stall_table *t)
{
    run_saved(&t->runs);
    parts_saved(&t->parts);
}

void
stall_save_core(const struct stall_table *t, struct keep_out *o)
{
    run_save_core(&t->runs, o);
    keep_put_u64(o, t->n_parts);
    keep_put_u64(o, t->n_stalls);
}

bool
stall_restore_core(struct stall_table *t, struct keep_in *in)
{
    if (!run_restore_core(&t->runs, in))
        return false;
    t->n_parts = keep_get_u64(in);
    t->want = (unsigned) keep_get_u64(in);
    return !in->failed;
}

bool
stall_restore_part(struct stall_table *t, struct str kind, uint64_t id, struct keep_in *in)
{
    if (str_eq(kind, STR("run")))
        return run_restore_run(&t->runs, id, in);
    if (str_eq(kind, STR("span")))
        return run_restore_spans(&t->runs, id, in);
    return str_eq(kind, STR("stall")) && restore_stall(t, id, in);
}

bool
stall_restore_end(struct stall_table *t)
{
    t->due = INT64_MIN;
    return t->n_stalls == t->want && run_restore_end(&t->runs);
}

bool
stall_restore_v1(struct stall_table *t, struct keep_in *in)
{
    uint64_t n;

    if (!run_restore_v1(&t->runs, in))
        return false;
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++) {
        if (!restore_stall(t, ++t->n_parts, in))
            return false;
        t->stall[t->n_stalls - 1]->part.stored = false;
        stall_changed(t, t->stall[t->n_stalls - 1]);
    }
    t->due = INT64_MIN;
    return !in->failed;
}
