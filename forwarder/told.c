/* SPDX-License-Identifier: BSD-2-Clause
 *
 * told.c - a map of what is safe, a queue of what was sent since, and a second
 * map that shows the newest queued change of each key.  Used by worker.c and
 * its parts; told_save.c turns the first map into blobs. */
#include "build.h"

#include "forwarder/told.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "forwarder/told_parts.h"

struct told *
told_new(void)
{
    struct told *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->group_last = &t->group;
    t->safe = map_new(TOLD_KEYS);
    t->ahead = map_new(TOLD_KEYS);
    t->unsaved = map_new(TOLD_KEYS * 2);
    t->saving = map_new(TOLD_KEYS * 4);
    if (!t->safe || !t->ahead || !t->unsaved || !t->saving) {
        told_free(t);
        return NULL;
    }
    return t;
}

static void
free_changes(struct told_change *c)
{
    while (c) {
        struct told_change *next = c->next;

        free(c->now);
        free(c);
        c = next;
    }
}

/* Forgets all that is not safe. */
static void
drop_queue(struct told *t)
{
    for (; t->n; t->n--) {
        free_changes(t->ring[t->first].changes);
        t->first = (t->first + 1) % t->cap;
    }
    free_changes(t->group);
    t->group = NULL;
    t->group_last = &t->group;
    t->unsafe = 0;
    while (t->ahead && map_count(t->ahead))
        map_take(t->ahead, map_key_at(t->ahead, map_count(t->ahead) - 1));
}

void
told_free(struct told *t)
{
    if (!t)
        return;
    drop_queue(t);
    for (unsigned i = 0; t->safe && i < map_count(t->safe); i++)
        free(map_at(t->safe, i));
    map_free(t->safe);
    map_free(t->ahead);
    map_free(t->unsaved);
    map_free(t->saving);
    free(t->ring);
    free(t);
}

/* --- as far as it was sent --------------------------------------------------- */

const struct told_key *
told_get(const struct told *t, struct str key)
{
    const struct told_change *c = map_get(t->ahead, key);

    return c ? c->now : map_get(t->safe, key);
}

struct told_key *
told_key_new(const struct told_key *from, struct str xml)
{
    struct told_key *k = malloc(sizeof *k + xml.n);

    if (!k)
        return NULL;
    *k = *from;
    k->n = xml.n;
    if (xml.n)
        memcpy(k->xml, xml.p, xml.n);
    return k;
}

bool
told_set(struct told *t, struct str key, const struct told_key *now, struct str xml)
{
    const struct told_key *before = told_get(t, key);
    bool was = before && before->told;
    struct told_change *c;

    /* Both maps together fit the first: applying never finds it full. */
    if (xml.n > TOLD_KEPT_MAX || (now && map_count(t->safe) + map_count(t->ahead) >= TOLD_KEYS))
        return false;
    c = malloc(sizeof *c + key.n);
    if (!c)
        return false;
    c->next = NULL;
    c->now = now ? told_key_new(now, xml) : NULL;
    c->n = key.n;
    memcpy(c->key, key.p, key.n);
    if ((now && !c->now) || !map_put(t->ahead, key, c)) {
        free(c->now);
        free(c);
        return false;
    }
    *t->group_last = c;
    t->group_last = &c->next;
    t->open += (now && now->told ? 1u : 0u) - (was ? 1u : 0u);
    return true;
}

uint64_t
told_number(struct told *t)
{
    return ++t->sent.target_seq;
}

uint64_t
told_last_number(const struct told *t)
{
    return t->sent.target_seq;
}

uint64_t
told_seq(const struct told *t)
{
    return t->sent.seq;
}

unsigned
told_unsafe(const struct told *t)
{
    return t->unsafe;
}

int64_t
told_oldest(const struct told *t)
{
    for (unsigned i = 0; t->unsafe && i < t->n; i++)
        if (t->ring[(t->first + i) % t->cap].sent)
            return t->ring[(t->first + i) % t->cap].arrival;
    return 0;
}

/* Room for one more entry; false when memory ends or the bound is reached. */
static bool
grow(struct told *t)
{
    unsigned cap = t->cap ? t->cap * 2 : 256;
    struct told_entry *ring;

    if (t->n < t->cap)
        return true;
    if (t->cap >= TOLD_QUEUE || !(ring = malloc(cap * sizeof *ring)))
        return false;
    for (unsigned i = 0; i < t->n; i++)
        ring[i] = t->ring[(t->first + i) % t->cap];
    free(t->ring);
    t->ring = ring;
    t->first = 0;
    t->cap = cap;
    return true;
}

bool
told_room(struct told *t)
{
    return grow(t);
}

bool
told_pass(struct told *t, const struct told_pass *p)
{
    struct told_entry *e;

    if (!p->sent && !p->acked && !t->group) {
        /* Nothing went out and nothing changed: as safe as what is before it. */
        t->sent.seq = p->seq;
        if (t->n)
            t->ring[(t->first + t->n - 1) % t->cap].upto = p->seq;
        else
            t->cursor = t->sent;
        return true;
    }
    if (!grow(t))
        return false;
    t->sent.seq = p->seq;
    e = &t->ring[(t->first + t->n++) % t->cap];
    *e = (struct told_entry){.seq = p->seq, .wire = p->wire, .upto = p->seq, .target_seq = t->sent.target_seq,
                             .arrival = p->arrival, .changes = t->group, .sent = p->sent, .acked = p->acked,
                             .folded = p->folded};
    t->group = NULL;
    t->group_last = &t->group;
    t->unsafe += p->sent;
    return true;
}

void
told_each(const struct told *t, enum told_held held,
          void (*each)(void *arg, struct str key, const struct told_key *), void *arg)
{
    for (int pass = 0; pass < 2; pass++) {
        const struct map *m = pass ? t->ahead : t->safe;

        for (unsigned i = 0; i < map_count(m); i++) {
            struct str key = map_key_at(m, i);
            const struct told_key *k;

            if (!pass && map_get(t->ahead, key))
                continue;
            k = told_get(t, key);
            if (k && (held == TOLD_NOTHING ? k->told : k->held == held))
                each(arg, key, k);
        }
    }
}

unsigned
told_open(const struct told *t)
{
    return t->open;
}

struct told_list {
    struct str *key;
    unsigned n;
};

static void
list_key(void *arg, struct str key, const struct told_key *k)
{
    struct told_list *l = arg;

    (void) k;
    l->key[l->n++] = key;
}

static int
compare_keys(const void *pa, const void *pb)
{
    const struct str *a = pa, *b = pb;
    int r = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);

    return r ? r : (a->n > b->n) - (a->n < b->n);
}

bool
told_digest(const struct told *t, char out[EVENT_ID_SIZE])
{
    struct told_list l = {0};
    unsigned char sum[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

    l.key = calloc(map_count(t->safe) + map_count(t->ahead) + 1, sizeof *l.key);
    if (l.key && good) {
        told_each(t, TOLD_NOTHING, list_key, &l);
        qsort(l.key, l.n, sizeof *l.key, compare_keys);
        for (unsigned i = 0; good && i < l.n; i++)
            good = EVP_DigestUpdate(md, l.key[i].p, l.key[i].n) == 1 && EVP_DigestUpdate(md, "\n", 1) == 1;
        good = good && EVP_DigestFinal_ex(md, sum, NULL) == 1;
    } else {
        good = false;
    }
    for (int i = 0; good && i < EVENT_ID_SIZE / 2; i++) {
        out[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    out[good ? EVENT_ID_SIZE - 1 : 0] = '\0';
    EVP_MD_CTX_free(md);
    free(l.key);
    return good;
}

/* --- as far as it is safe ------------------------------------------------------ */

/* One change from the queue into what is safe.  False when memory ends; then
 * it is as before. */
static bool
apply(struct told *t, struct told_change *c)
{
    struct str key = str_make(c->key, c->n);
    struct told_key *before = map_get(t->safe, key);

    if (!map_put(t->unsaved, key, t))
        return false;
    if (c->now && !map_put(t->safe, key, c->now))
        return false;
    if (!c->now)
        map_take(t->safe, key);
    t->open_safe += (c->now && c->now->told ? 1u : 0u) - (before && before->told ? 1u : 0u);
    t->again += (c->now && c->now->held == TOLD_AGAIN ? 1u : 0u) - (before && before->held == TOLD_AGAIN ? 1u : 0u);
    free(before);
    if (map_get(t->ahead, key) == c)
        map_take(t->ahead, key);
    c->now = NULL;
    return true;
}

/* The oldest entry leaves the queue.  False: not now. */
static bool
advance(struct told *t)
{
    struct told_entry *e = &t->ring[t->first];

    while (e->changes) {
        struct told_change *c = e->changes;

        if (!apply(t, c))
            return false;
        e->changes = c->next;
        free(c);
    }
    t->cursor = (struct journal_cursor){.seq = e->upto, .target_seq = e->target_seq};
    t->totals.items += e->sent || e->acked;
    t->totals.folded += e->folded;
    t->unsafe -= e->sent;
    t->first = (t->first + 1) % t->cap;
    t->n--;
    return true;
}

bool
told_safe(struct told *t, uint64_t wire)
{
    bool moved = false;

    while (t->n && (!t->ring[t->first].sent || t->ring[t->first].wire <= wire) && advance(t))
        moved = true;
    return moved;
}

void
told_give_up(struct told *t, uint64_t seq)
{
    while (t->n && t->ring[t->first].seq <= seq && advance(t))
        continue;
}

void
told_rewind(struct told *t)
{
    drop_queue(t);
    t->sent = t->cursor;
    t->open = t->open_safe;
}

const struct told_totals *
told_totals(const struct told *t)
{
    return &t->totals;
}

struct journal_cursor
told_cursor(const struct told *t)
{
    return t->cursor;
}

void
told_start(struct told *t, const struct journal_cursor *at)
{
    drop_queue(t);
    t->cursor = t->sent = t->written = t->durable = *at;
    t->started = true;
    t->open = t->open_safe;
}

const struct told_key *
told_due(const struct told *t, int64_t now, struct str *key)
{
    for (unsigned i = 0; t->again && i < map_count(t->safe); i++) {
        const struct told_key *k = map_at(t->safe, i);

        *key = map_key_at(t->safe, i);
        /* What was sent since may be a raise, and that ends it. */
        if (k->held == TOLD_AGAIN && k->due <= now && !map_get(t->ahead, *key))
            return k;
    }
    return NULL;
}

void
told_went(struct told *t, struct str key, int64_t due, unsigned step)
{
    struct told_key *k = map_get(t->safe, key);

    if (!k || k->held != TOLD_AGAIN)
        return;
    map_put(t->unsaved, key, t); /* if not: it goes once too often after a restart */
    k->due = due;
    k->step = step;
    if (step)
        return;
    /* 'key' may be the map's own. */
    t->again--;
    map_take(t->safe, key);
    free(k);
}
