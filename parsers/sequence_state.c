/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sequence_state.c - what has begun, saved and restored as parts "seq/N".
 * Called by correlate_state.c. */
#include "build.h"

#include "parsers/sequence_state.h"

#include <stddef.h>
#include <stdlib.h>

static void
save_begun(void *table, struct part *part, struct keep_out *o)
{
    const struct begun *b = (const struct begun *) (const void *) ((const char *) part - offsetof(struct begun, part));

    (void) table;
    keep_put_str(o, str_z(b->id));
    keep_put_str(o, str_make(b->scope, b->scope_n));
    moment_save(o, &b->at);
    keep_put_u64(o, b->source);
    keep_put_u64(o, b->run);
    keep_put_u64(o, b->left);
    keep_put_u64(o, b->told);
    keep_put_event(o, b->first);
}

void
sequence_save(struct sequence_table *t, struct part_sink *s)
{
    if (!s->all)
        parts_put(&t->parts, s, save_begun, t);
    for (unsigned i = 0; s->all && i < t->n; i++) {
        save_begun(t, &t->begun[i]->part, part_begin(s));
        part_end(s, t->parts.kind, t->begun[i]->part.id);
    }
}

void
sequence_saved(struct sequence_table *t)
{
    parts_saved(&t->parts);
}

void
sequence_save_core(const struct sequence_table *t, struct keep_out *o)
{
    keep_put_u64(o, t->n_parts);
    keep_put_u64(o, t->n);
}

bool
sequence_restore_core(struct sequence_table *t, struct keep_in *in)
{
    t->n_parts = keep_get_u64(in);
    t->want = (unsigned) keep_get_u64(in);
    return !in->failed;
}

/* NULL when it is none. */
static struct begun *
read_begun(struct keep_in *in)
{
    struct begun *b = calloc(1, sizeof *b);
    struct str scope;
    struct event ev = {.fact = FACT_NONE};

    if (!b)
        return NULL;
    b->id = keep_str(keep_get_str(in));
    scope = keep_get_str(in);
    if (scope.n && scope.n <= SEQUENCE_SCOPE)
        memcpy(b->scope, scope.p, scope.n);
    b->scope_n = scope.n;
    moment_restore(in, &b->at);
    b->source = keep_get_u64(in);
    b->run = keep_get_u64(in);
    b->left = (uint32_t) keep_get_u64(in);
    b->counts = b->left > 0;
    b->told = keep_get_u64(in) != 0;
    keep_get_event(in, &ev);
    b->first = keep_event(&ev);
    if (b->id && b->first && !in->failed && scope.n <= SEQUENCE_SCOPE)
        return b;
    sequence_begun_free(b);
    return NULL;
}

/* Oldest first.  One whose sequence the catalogue no longer has is passed by. */
bool
sequence_restore_part(struct sequence_table *t, uint64_t id, struct keep_in *in)
{
    struct begun *b = t->n < SEQUENCE_PENDING_MAX ? read_begun(in) : NULL;
    unsigned i = t->n;

    if (!b)
        return false;
    t->restored++;
    b->part.id = id;
    b->part.stored = true;
    b->said = sequence_said(t->cat, str_z(b->id));
    if (!b->said) {
        part_gone(&t->parts, &b->part);
        sequence_begun_free(b);
        return true;
    }
    for (; i > 0 && t->begun[i - 1]->part.id > id; i--)
        t->begun[i] = t->begun[i - 1];
    t->begun[i] = b;
    t->n++;
    sequence_count(t, b);
    return true;
}

bool
sequence_restore_end(struct sequence_table *t)
{
    t->due = INT64_MIN; /* what is due may be long ago */
    return t->restored == t->want;
}
