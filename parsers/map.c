/* SPDX-License-Identifier: BSD-2-Clause
 *
 * map.c - open addressing over an array of entries. */
#include "build.h"

#include "parsers/map.h"

#include <stdlib.h>

struct map_entry {
    char *key;
    size_t len;
    uint64_t hash;
    void *value;
};

struct map {
    struct map_entry *entry;
    uint32_t *slot; /* 0 empty, else entry index + 1 */
    unsigned n, cap, max, mask;
};

/* Short keys, no adversary who gains more than time he already has. */
static uint64_t
map_hash(struct str s)
{
    uint64_t h = str_hash(s);

    return h ^ h >> 29;
}

/* A map of at most 'max' entries; NULL when memory ends. */
struct map *
map_new(unsigned max)
{
    struct map *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->max = max;
    m->mask = 63;
    m->slot = calloc(m->mask + 1, sizeof *m->slot);
    if (!m->slot) {
        free(m);
        return NULL;
    }
    return m;
}

void
map_free(struct map *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->n; i++)
        free(m->entry[i].key);
    free(m->entry);
    free(m->slot);
    free(m);
}

static unsigned
map_find(const struct map *m, struct str key, uint64_t hash)
{
    unsigned at = (unsigned) hash & m->mask;

    while (m->slot[at]) {
        const struct map_entry *e = &m->entry[m->slot[at] - 1];

        if (e->hash == hash && str_eq(str_make(e->key, e->len), key))
            break;
        at = (at + 1) & m->mask;
    }
    return at;
}

void *
map_get(const struct map *m, struct str key)
{
    unsigned at = map_find(m, key, map_hash(key));

    return m->slot[at] ? m->entry[m->slot[at] - 1].value : NULL;
}

static void
map_rehash(struct map *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        unsigned at = (unsigned) m->entry[i].hash & m->mask;

        while (m->slot[at])
            at = (at + 1) & m->mask;
        m->slot[at] = i + 1;
    }
}

/* Room for one entry more; what is in it is kept. */
static bool
map_grow(struct map *m)
{
    if (m->n == m->cap) {
        unsigned cap = m->cap ? m->cap * 2 : 32;
        struct map_entry *e = realloc(m->entry, cap * sizeof *e);

        if (!e)
            return false;
        m->entry = e;
        m->cap = cap;
    }
    if ((m->n + 1) * 2 > m->mask) {
        unsigned mask = m->mask * 2 + 1;
        uint32_t *slot = calloc(mask + 1, sizeof *slot);

        if (!slot)
            return false;
        free(m->slot);
        m->slot = slot;
        m->mask = mask;
        map_rehash(m);
    }
    return true;
}

static bool
map_set(struct map *m, unsigned i, struct str key, uint64_t hash, void *value)
{
    struct map_entry *e = &m->entry[i];

    e->key = malloc(key.n + 1);
    if (!e->key)
        return false;
    if (key.n)
        memcpy(e->key, key.p, key.n);
    e->key[key.n] = '\0';
    e->len = key.n;
    e->hash = hash;
    e->value = value;
    return true;
}

bool
map_put(struct map *m, struct str key, void *value)
{
    uint64_t hash = map_hash(key);
    unsigned at = map_find(m, key, hash);

    if (m->slot[at]) {
        m->entry[m->slot[at] - 1].value = value;
        return true;
    }
    if (m->n == m->max || !map_grow(m))
        return false;
    if (!map_set(m, m->n, key, hash, value))
        return false;
    m->slot[map_find(m, key, hash)] = ++m->n;
    return true;
}

/* Removes 'key' and returns its value; NULL when it was not there. */
void *
map_take(struct map *m, struct str key)
{
    unsigned at = map_find(m, key, map_hash(key)), gap, i;
    void *value;

    if (!m->slot[at])
        return NULL;
    i = m->slot[at] - 1;
    value = m->entry[i].value;
    free(m->entry[i].key);
    /* Close the gap in the probe chain, so that later finds need no marks. */
    m->slot[at] = 0;
    for (gap = at, at = (at + 1) & m->mask; m->slot[at]; at = (at + 1) & m->mask) {
        unsigned home = (unsigned) m->entry[m->slot[at] - 1].hash & m->mask;

        if (((at - home) & m->mask) >= ((at - gap) & m->mask)) {
            m->slot[gap] = m->slot[at];
            m->slot[at] = 0;
            gap = at;
        }
    }
    if (i != --m->n) {
        struct map_entry *last = &m->entry[m->n];

        at = map_find(m, str_make(last->key, last->len), last->hash);
        m->slot[at] = i + 1;
        m->entry[i] = *last;
    }
    return value;
}

unsigned
map_count(const struct map *m)
{
    return m->n;
}

void *
map_at(const struct map *m, unsigned i)
{
    return m->entry[i].value;
}

struct str
map_key_at(const struct map *m, unsigned i)
{
    return str_make(m->entry[i].key, m->entry[i].len);
}

unsigned
map_index(const struct map *m, struct str key)
{
    unsigned at = map_find(m, key, map_hash(key));

    return m->slot[at] ? m->slot[at] - 1 : m->n;
}

bool
map_place(struct map *m, struct str key, void *value, unsigned i)
{
    if (i >= m->max)
        return false;
    if (i >= m->cap) {
        unsigned cap = m->cap ? m->cap : 32;
        struct map_entry *e;

        while (cap <= i)
            cap *= 2;
        e = realloc(m->entry, cap * sizeof *e);
        if (!e)
            return false;
        m->entry = e;
        m->cap = cap;
    }
    while (m->n <= i)
        m->entry[m->n++] = (struct map_entry){0};
    return !m->entry[i].key && map_set(m, i, key, map_hash(key), value);
}

bool
map_settle(struct map *m)
{
    unsigned mask = m->mask;
    uint32_t *slot;

    while (m->n * 2 > mask)
        mask = mask * 2 + 1;
    slot = calloc(mask + 1, sizeof *slot);
    if (!slot)
        return false;
    free(m->slot);
    m->slot = slot;
    m->mask = mask;
    for (unsigned i = 0; i < m->n; i++)
        if (!m->entry[i].key)
            return false;
    for (unsigned i = 0; i < m->n; i++) {
        unsigned at = map_find(m, str_make(m->entry[i].key, m->entry[i].len), m->entry[i].hash);

        if (m->slot[at])
            return false;
        m->slot[at] = i + 1;
    }
    return true;
}
