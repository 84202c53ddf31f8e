/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena.c - memory of one batch, given back all at once.  A chain of blocks:
 * the first is kept over a reset, so that the usual batch allocates nothing. */
#include "build.h"

#include "parsers/arena.h"

#include <stdlib.h>

enum { ARENA_BLOCK = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) char data[];
};

struct arena {
    struct arena_block *first, *last;
    size_t limit, total;
    void *helper; /* NULL: none */
    void (*give_back)(void *);
};

static struct arena_block *
block_new(size_t size)
{
    struct arena_block *b = malloc(sizeof *b + size);

    if (b) {
        b->next = NULL;
        b->used = 0;
        b->size = size;
    }
    return b;
}

/* An arena of at most 'limit' bytes; NULL when memory ends. */
struct arena *
arena_new(size_t limit)
{
    struct arena *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->first = a->last = block_new(ARENA_BLOCK);
    if (!a->first) {
        free(a);
        return NULL;
    }
    a->limit = limit;
    return a;
}

void
arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    if (a->helper)
        a->give_back(a->helper);
    free(a);
}

void *
arena_helper(const struct arena *a, void (*give_back)(void *))
{
    return a->give_back == give_back ? a->helper : NULL;
}

/* The helper that was there is given back; NULL keeps none. */
void
arena_keep(struct arena *a, void *helper, void (*give_back)(void *))
{
    if (a->helper && a->helper != helper)
        a->give_back(a->helper);
    a->helper = helper;
    a->give_back = give_back;
}

struct arena_mark
arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->last, a->last->used, a->total};
}

void
arena_rewind(struct arena *a, const struct arena_mark *m)
{
    for (struct arena_block *b = m->last->next, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->last = m->last;
    a->last->next = NULL;
    a->last->used = m->used;
    a->total = m->total;
}

/* Takes back everything; what was allocated is invalid from here. */
void
arena_reset(struct arena *a)
{
    for (struct arena_block *b = a->first->next, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->first->next = NULL;
    a->first->used = 0;
    a->last = a->first;
    a->total = 0;
}

/* 'n' bytes aligned for anything, or NULL at the bound or out of memory. */
void *
arena_alloc(struct arena *a, size_t n)
{
    size_t need = (n + 15) & ~(size_t) 15;
    struct arena_block *b = a->last;
    void *p;

    if (need < n || need > a->limit - a->total)
        return NULL;
    if (need > b->size - b->used) {
        b = block_new(need > ARENA_BLOCK ? need : ARENA_BLOCK);
        if (!b)
            return NULL;
        a->last->next = b;
        a->last = b;
    }
    p = b->data + b->used;
    b->used += need;
    a->total += need;
    return p;
}

void *
arena_zalloc(struct arena *a, size_t n)
{
    void *p = arena_alloc(a, n);

    return p ? memset(p, 0, n) : NULL;
}

/* A copy of 's' with a NUL after it; absent stays absent, and so does what
 * there was no memory for. */
struct str
arena_copy(struct arena *a, struct str s)
{
    char *p;

    if (!s.p || !(p = arena_alloc(a, s.n + 1)))
        return STR_NONE;
    memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return str_make(p, s.n);
}

/* The same in ASCII upper case. */
struct str
arena_upper(struct arena *a, struct str s)
{
    char *p;

    if (!s.p || !(p = arena_alloc(a, s.n + 1)))
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++)
        p[i] = str_upper_char(s.p[i]);
    p[s.n] = '\0';
    return str_make(p, s.n);
}

struct str
arena_number(struct arena *a, uint32_t v)
{
    char digits[10];
    size_t n = sizeof digits;

    do
        digits[--n] = (char) ('0' + v % 10);
    while (v /= 10);
    return arena_copy(a, str_make(digits + n, sizeof digits - n));
}
