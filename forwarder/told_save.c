/* SPDX-License-Identifier: BSD-2-Clause
 *
 * told_save.c - what a target knows, as blobs of the journal and back: the
 * cursor, and one small blob for each key, so that a change costs one put
 * whatever else is known.  Called in the engine's transactions. */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/told_parts.h"
#include "parsers/alarm.h"
#include "parsers/keep.h"

static const char blob_kind[] = "told";

enum { BLOB_PLAIN = 't', BLOB_FULL = 'k' };

bool
told_changed(const struct told *t)
{
    return t->cursor.seq != t->durable.seq || t->cursor.target_seq != t->durable.target_seq
           || map_count(t->unsaved) || map_count(t->saving) || t->old_blob || t->started;
}

/* "TARGET LF KEY", malloc'ed. */
static char *
blob_name(const char *target, struct str key)
{
    size_t n = strlen(target);
    char *name = malloc(n + key.n + 2);

    if (name) {
        memcpy(name, target, n);
        name[n] = '\n';
        memcpy(name + n + 1, key.p, key.n);
        name[n + 1 + key.n] = '\0';
    }
    return name;
}

static void
put_key(struct keep_out *o, const struct told_key *k, int64_t now, int64_t utc)
{
    keep_put_u64(o, (uint64_t) k->told | (uint64_t) k->held << 8 | (uint64_t) k->step << 16);
    keep_put_u64(o, k->seq);
    keep_put_u64(o, k->target_seq);
    keep_put_u64(o, (uint64_t) (k->held == TOLD_AGAIN ? utc + (k->due - now) : 0));
    keep_put_str(o, str_z(k->storm));
    keep_put_str(o, str_make(k->xml, k->n));
}

static int
save_key(struct journal *j, const char *target, struct str key, const struct told_key *k, int64_t now, int64_t utc)
{
    char *name = blob_name(target, key);
    const char plain = BLOB_PLAIN;
    struct keep_out o = {0};
    int r = -ENOMEM;

    if (!name)
        return r;
    if (!k) {
        r = journal_put(j, blob_kind, name, NULL, 0);
    } else if (k->told && k->held == TOLD_NOTHING) {
        r = journal_put(j, blob_kind, name, &plain, 1);
    } else {
        keep_put_u64(&o, BLOB_FULL);
        put_key(&o, k, now, utc);
        r = o.failed ? -ENOMEM : journal_put(j, blob_kind, name, o.p, o.n);
    }
    free(o.p);
    free(name);
    return r;
}

int
told_save(struct told *t, struct journal *j, const char *target, int64_t now, int64_t utc)
{
    int r = 0;

    t->written = t->cursor;
    while (!r && map_count(t->unsaved)) {
        struct str key = map_key_at(t->unsaved, map_count(t->unsaved) - 1);

        if (!map_put(t->saving, key, t))
            return -ENOMEM;
        map_take(t->unsaved, key);
    }
    /* Those of a transaction that failed are among them. */
    for (unsigned i = 0; !r && i < map_count(t->saving); i++) {
        struct str key = map_key_at(t->saving, i);

        r = save_key(j, target, key, map_get(t->safe, key), now, utc);
    }
    if (!r && t->old_blob)
        r = journal_put(j, blob_kind, target, NULL, 0);
    if (!r)
        r = journal_cursor_put(j, target, &t->written);
    return r;
}

void
told_saved(struct told *t)
{
    t->durable = t->written;
    t->old_blob = t->started = false;
    while (map_count(t->saving))
        map_take(t->saving, map_key_at(t->saving, map_count(t->saving) - 1));
}

struct journal_cursor
told_durable(const struct told *t)
{
    return t->durable;
}

/* --- back --------------------------------------------------------------------- */

struct restore {
    struct told *t;
    const char *target;
    size_t n_target;
    int64_t now, utc;
};

static int
add_key(struct told *t, struct str key, const struct told_key *like, struct str xml)
{
    struct told_key *k, *before = map_get(t->safe, key);

    if (before)
        return 0;
    k = told_key_new(like, xml);
    if (!k || !map_put(t->safe, key, k)) {
        free(k);
        return -ENOMEM;
    }
    t->open_safe += k->told;
    t->again += k->held == TOLD_AGAIN;
    return 0;
}

/* The one blob that the first version kept: the keys that are told. */
static int
restore_old(struct told *t, struct keep_in *in)
{
    const struct told_key told = {.told = true};
    uint64_t n = keep_get_u64(in);
    int r = 0;

    t->old_blob = true;
    for (uint64_t i = 0; i < n && !in->failed && !r; i++) {
        struct str key = keep_get_str(in);

        if (in->failed || !key.n || key.n > ALARM_KEY_MAX)
            continue;
        r = add_key(t, key, &told, STR_NONE);
        if (!r && !map_put(t->unsaved, key, t))
            r = -ENOMEM;
    }
    return r;
}

/* What a blob says; what it cannot say is taken as "not told": the worst that
 * follows is a raise that comes twice. */
static int
restore_key(struct restore *r, struct str key, struct keep_in *in)
{
    const int64_t longest = 600 * INT64_C(1000000000);
    struct told_key k = {.told = true};
    struct str storm, xml = STR_NONE;
    uint64_t flags;
    int64_t left;

    if (in->end - in->p > 1) {
        if (keep_get_u64(in) != BLOB_FULL)
            return 0;
        flags = keep_get_u64(in);
        k.told = flags & 1;
        k.held = (enum told_held) (flags >> 8 & 0xff);
        k.step = (unsigned) (flags >> 16 & 0xff);
        k.seq = keep_get_u64(in);
        k.target_seq = keep_get_u64(in);
        left = (int64_t) (keep_get_u64(in) - (uint64_t) r->utc);
        /* The wall clock may have been set in between. */
        if (k.held == TOLD_AGAIN)
            k.due = r->now + (left < 0 ? 0 : left > longest ? longest : left);
        storm = keep_get_str(in);
        xml = keep_get_str(in);
        if (in->failed || k.held > TOLD_AGAIN || storm.n > STORM_NAME)
            return 0;
        if (storm.n)
            memcpy(k.storm, storm.p, storm.n);
    }
    return add_key(r->t, key, &k, xml);
}

static int
restore_blob(void *arg, const char *name, const void *p, size_t n)
{
    struct restore *r = arg;
    struct keep_in in = {.p = p, .end = (const uint8_t *) p + n};

    if (strncmp(name, r->target, r->n_target) != 0 || !n)
        return 0;
    name += r->n_target;
    if (*name == '\0')
        return restore_old(r->t, &in);
    return *name == '\n' && name[1] ? restore_key(r, str_z(name + 1), &in) : 0;
}

int
told_restore(struct told *t, struct journal *j, const char *target, int64_t now, int64_t utc)
{
    struct restore r = {.t = t, .target = target, .n_target = strlen(target), .now = now, .utc = utc};
    int e = journal_each(j, blob_kind, restore_blob, &r);

    t->open = t->open_safe;
    return e;
}

/* --- a target that is gone -------------------------------------------------------- */

struct names {
    const char *target;
    char **name;
    unsigned n, cap;
};

static int
list_name(void *arg, const char *name, const void *p, size_t size)
{
    struct names *l = arg;
    size_t n = strlen(l->target);

    (void) p;
    (void) size;
    if (strncmp(name, l->target, n) != 0 || (name[n] != '\0' && name[n] != '\n'))
        return 0;
    if (l->n == l->cap) {
        unsigned cap = l->cap ? l->cap * 2 : 64;
        char **grown = realloc(l->name, cap * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        l->name = grown;
        l->cap = cap;
    }
    l->name[l->n] = keep_str(str_z(name));
    return l->name[l->n++] ? 0 : -ENOMEM;
}

int
told_forget(struct journal *j, const char *target)
{
    struct names l = {.target = target};
    int r = journal_each(j, blob_kind, list_name, &l);

    for (unsigned i = 0; i < l.n; i++) {
        if (!r)
            r = journal_put(j, blob_kind, l.name[i], NULL, 0);
        free(l.name[i]);
    }
    free(l.name);
    return r;
}
