/* SPDX-License-Identifier: BSD-2-Clause
 *
 * parts.c - lists of what has changed, threaded through the things themselves. */
#include "build.h"

#include "parsers/parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
parts_fini(struct parts *l)
{
    free(l->gone);
}

static void
unlist(struct parts *l, struct part *p)
{
    *(p->prev ? &p->prev->next : &l->first) = p->next;
    *(p->next ? &p->next->prev : &l->last) = p->prev;
    p->prev = p->next = NULL;
    p->listed = false;
}

/* In the order of the first change, whatever was handed out meanwhile. */
void
part_list(struct parts *l, struct part *p)
{
    p->put = false;
    if (p->listed)
        return;
    p->listed = true;
    p->prev = l->last;
    *(l->last ? &l->last->next : &l->first) = p;
    l->last = p;
}

void
parts_forget(struct parts *l, struct part *p)
{
    if (p->listed)
        unlist(l, p);
    p->put = false;
}

void
part_gone(struct parts *l, struct part *p)
{
    bool known = p->stored || p->put;

    if (p->listed)
        unlist(l, p);
    if (!known)
        return;
    if (l->n_gone == l->cap_gone) {
        unsigned cap = l->cap_gone ? l->cap_gone * 2 : 16;
        uint64_t *grown = realloc(l->gone, cap * sizeof *grown);

        if (!grown) {
            /* Told by the next save: a part that stays behind would come back. */
            l->failed = true;
            return;
        }
        l->gone = grown;
        l->cap_gone = cap;
    }
    l->gone[l->n_gone++] = p->id;
}

static void
hand_out(struct part_sink *s, const char *kind, uint64_t id, const void *p, size_t n)
{
    char name[PART_NAME_SIZE];

    if (s->error)
        return;
    s->handed++;
    snprintf(name, sizeof name, "%s/%" PRIx64, kind, id);
    s->error = s->put(s->arg, name, p, n);
}

struct keep_out *
part_begin(struct part_sink *s)
{
    s->bytes.n = 0;
    return &s->bytes;
}

void
part_end(struct part_sink *s, const char *kind, uint64_t id)
{
    if (s->bytes.failed && !s->error)
        s->error = -ENOMEM;
    hand_out(s, kind, id, s->bytes.p, s->bytes.n);
}

void
parts_put(struct parts *l, struct part_sink *s, void (*write)(void *, struct part *, struct keep_out *), void *owner)
{
    if (l->failed && !s->error)
        s->error = -ENOMEM;
    for (struct part *p = l->first; p && !s->error; p = p->next) {
        write(owner, p, part_begin(s));
        part_end(s, l->kind, p->id);
        p->put = true;
    }
    for (unsigned i = 0; i < l->n_gone && !s->error; i++)
        hand_out(s, l->kind, l->gone[i], NULL, 0);
    l->n_gone_put = l->n_gone;
}

void
parts_saved(struct parts *l)
{
    struct part *next;

    for (struct part *p = l->first; p; p = next) {
        next = p->next;
        if (!p->put)
            continue;
        p->stored = true;
        p->put = false;
        unlist(l, p);
    }
    l->n_gone -= l->n_gone_put;
    if (l->n_gone)
        memmove(l->gone, l->gone + l->n_gone_put, l->n_gone * sizeof *l->gone);
    l->n_gone_put = 0;
}

bool
part_name(const char *name, struct str *kind, uint64_t *id)
{
    const char *slash = strchr(name, '/');
    size_t n = 0;

    if (!slash)
        return false;
    *kind = str_make(name, (size_t) (slash - name));
    for (*id = 0; slash[1 + n]; n++) {
        int digit = str_hex_value(slash[1 + n]);

        if (digit < 0 || n == 16)
            return false;
        *id = *id << 4 | (unsigned) digit;
    }
    return n > 0;
}
