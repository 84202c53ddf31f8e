/* SPDX-License-Identifier: BSD-2-Clause
 *
 * part_store.h - what a journal does for the correlator, in memory: keeps its
 * named parts, in any order, and gives them back. */
#ifndef TESTS_UNIT_PART_STORE_H
#define TESTS_UNIT_PART_STORE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/correlate.h"
#include "parsers/map.h"

struct part_bytes {
    size_t n;
    unsigned char p[];
};

struct part_store {
    struct map *parts;  /* name -> struct part_bytes */
    unsigned put, gone; /* calls so far */
    size_t bytes;
};

static inline void
part_store_init(struct part_store *s)
{
    memset(s, 0, sizeof *s);
    ck_assert_ptr_nonnull(s->parts = map_new(1u << 20));
}

static inline void
part_store_fini(struct part_store *s)
{
    for (unsigned i = 0; i < map_count(s->parts); i++)
        free(map_at(s->parts, i));
    map_free(s->parts);
}

/* For correlate_save_changes(). */
static inline int
part_store_put(void *arg, const char *name, const void *p, size_t n)
{
    struct part_store *s = arg;
    struct part_bytes *b;

    ck_assert_uint_le(strlen(name), 64);
    free(map_take(s->parts, str_z(name)));
    s->put += p != NULL;
    s->gone += p == NULL;
    if (!p)
        return 0;
    s->bytes += n;
    ck_assert_ptr_nonnull(b = malloc(sizeof *b + n));
    b->n = n;
    memcpy(b->p, p, n);
    ck_assert(map_put(s->parts, str_z(name), b));
    return 0;
}

/* Everything into 'k', which is new, beginning with part 'turn'. */
static inline int
part_store_restore(const struct part_store *s, struct correlate *k, unsigned turn)
{
    unsigned n = map_count(s->parts);

    for (unsigned i = 0; i < n; i++) {
        unsigned at = (i + turn) % n;
        const struct part_bytes *b = map_at(s->parts, at);
        int r = correlate_restore_part(k, map_key_at(s->parts, at).p, b->p, b->n);

        if (r)
            return r;
    }
    return correlate_restore_end(k);
}

/* Splits the bytes of correlate_save() into parts. */
static inline void
part_store_whole(struct part_store *s, const uint8_t *p, size_t n)
{
    struct keep_in in = {.p = p, .end = p + n};

    keep_get_u64(&in);
    while (in.p < in.end && !in.failed) {
        struct str name = keep_get_str(&in), part = keep_get_str(&in);
        char text[65];

        ck_assert_uint_lt(name.n, sizeof text);
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        part_store_put(s, text, part.p, part.n);
    }
    ck_assert(!in.failed);
}

/* The first part that one has and the other has not, or has with other bytes;
 * NULL when there is none. */
static inline const char *
part_store_differ(const struct part_store *a, const struct part_store *b)
{
    for (unsigned i = 0; i < map_count(a->parts); i++) {
        const struct part_bytes *x = map_at(a->parts, i), *y = map_get(b->parts, map_key_at(a->parts, i));

        if (!y || x->n != y->n || memcmp(x->p, y->p, x->n) != 0)
            return map_key_at(a->parts, i).p;
    }
    for (unsigned i = 0; i < map_count(b->parts); i++)
        if (!map_get(a->parts, map_key_at(b->parts, i)))
            return map_key_at(b->parts, i).p;
    return NULL;
}

#endif
