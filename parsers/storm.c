/* SPDX-License-Identifier: BSD-2-Clause
 *
 * storm.c - a bounded list of servers and classes with the times of their last
 * raises.  So few times are kept that counting them is cheap: a storm begins
 * when the oldest of STORM_RAISES + 1 is young enough, and ends when few are.
 *
 * Called by the engine for what is new, and storm_name() by the filters of
 * snmp targets. */
#include "build.h"

#include "parsers/storm.h"

#include <stdlib.h>

#include "parsers/alarm.h"
#include "parsers/map.h"

enum { STORM_TIMES = STORM_RAISES + 1, STORM_OPEN_MAX = 10000 };
#define STORM_REPEAT (60 * INT64_C(1000000000))

struct storm {
    char name[STORM_NAME + 1];
    int64_t time[STORM_TIMES]; /* of raises, the oldest first */
    unsigned n_times;
    bool on;
    bool news;        /* totals changed since they were said */
    int64_t since, said;
    uint64_t raises, clears; /* while it is on */
    uint64_t *open;   /* hashes of the keys that are */
    unsigned n_open, cap_open;
};

struct storm_table {
    struct map *by_name; /* -> struct storm, owned */
    unsigned n_open;     /* of all storms */
    unsigned next;       /* where storm_next() looks next */
    uint64_t untracked;
    bool changed;
    bool waiting;
    char told[STORM_NAME + 1]; /* storm_change.name */
};

struct storm_table *
storm_new(void)
{
    struct storm_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->by_name = map_new(STORM_TRACKED);
    if (!t->by_name) {
        free(t);
        return NULL;
    }
    return t;
}

static void
forget(struct storm_table *t, struct storm *s)
{
    map_take(t->by_name, str_z(s->name));
    t->n_open -= s->n_open;
    free(s->open);
    free(s);
}

void
storm_free(struct storm_table *t)
{
    if (!t)
        return;
    while (map_count(t->by_name))
        forget(t, map_at(t->by_name, map_count(t->by_name) - 1));
    map_free(t->by_name);
    free(t);
}

/* The server part of "dist:SERVER:PACKAGE", absent in other keys and where it
 * is not known. */
static struct str
key_server(struct str key)
{
    struct str rest;
    size_t n;

    if (!str_starts(key, STR("dist:")))
        return STR_NONE;
    rest = str_skip(key, 5);
    n = str_find_char(rest, ':');
    return n == 0 || (n == 1 && rest.p[0] == '-') ? STR_NONE : str_make(rest.p, n);
}

struct str
storm_name(char out[STORM_NAME + 1], const struct alarm_item *a)
{
    struct str cls = str_z(event_class_name(a->cls)), server = key_server(a->key);
    size_t n = 0, most = STORM_NAME - 1 - cls.n;

    if (!server.n)
        server = a->f.host.n ? a->f.host : STR("-");
    if (server.n > most) {
        server.n = most;
        while (server.n && ((unsigned char) server.p[server.n] & 0xc0) == 0x80)
            server.n--;
    }
    for (size_t i = 0; i < server.n; i++) {
        char c = str_upper_char(server.p[i]);

        out[n++] = (unsigned char) c <= ' ' || c == 0x7f ? '_' : c;
    }
    out[n++] = '/';
    for (size_t i = 0; i < cls.n; i++)
        out[n++] = str_upper_char(cls.p[i]);
    out[n] = '\0';
    return str_make(out, n);
}

/* --- counting ------------------------------------------------------------------- */

/* How many of the kept times are young at 'now'; older ones are let go. */
static unsigned
young(struct storm *s, int64_t now)
{
    unsigned old = 0;

    /* A clock that was set back must not keep them young for good. */
    for (unsigned i = 0; i < s->n_times; i++)
        if (s->time[i] > now)
            s->time[i] = now;
    while (old < s->n_times && s->time[old] <= now - STORM_WINDOW)
        old++;
    s->n_times -= old;
    memmove(s->time, s->time + old, s->n_times * sizeof s->time[0]);
    return s->n_times;
}

static bool
is_idle(struct storm *s, int64_t now)
{
    return !s->on && !young(s, now);
}

/* Room for one more: who has been quiet the longest goes, a storm never. */
static bool
make_room(struct storm_table *t, int64_t now)
{
    struct storm *quiet = NULL;

    if (map_count(t->by_name) < STORM_TRACKED)
        return true;
    for (unsigned i = 0; i < map_count(t->by_name); i++) {
        struct storm *s = map_at(t->by_name, i);
        int64_t last = young(s, now) ? s->time[s->n_times - 1] : INT64_MIN;

        if (!s->on && (!quiet || last < (quiet->n_times ? quiet->time[quiet->n_times - 1] : INT64_MIN)))
            quiet = s;
    }
    if (!quiet)
        return false;
    forget(t, quiet);
    return true;
}

static struct storm *
track(struct storm_table *t, struct str name, int64_t now)
{
    struct storm *s = map_get(t->by_name, name);

    if (s)
        return s;
    s = make_room(t, now) ? calloc(1, sizeof *s) : NULL;
    if (s) {
        memcpy(s->name, name.p, name.n);
        if (map_put(t->by_name, name, s))
            return s;
        free(s);
    }
    t->untracked++;
    return NULL;
}

static uint64_t
key_hash(struct str key)
{
    return str_hash_from(ALARM_HASH_BASIS, key);
}

static void
add_open(struct storm_table *t, struct storm *s, uint64_t hash)
{
    for (unsigned i = 0; i < s->n_open; i++)
        if (s->open[i] == hash)
            return;
    if (t->n_open >= STORM_OPEN_MAX) {
        t->untracked++;
        return;
    }
    if (s->n_open == s->cap_open) {
        unsigned cap = s->cap_open ? s->cap_open * 2 : 32;
        uint64_t *grown = realloc(s->open, cap * sizeof *grown);

        if (!grown) {
            t->untracked++;
            return;
        }
        s->open = grown;
        s->cap_open = cap;
    }
    s->open[s->n_open++] = hash;
    t->n_open++;
}

static void
take_open(struct storm_table *t, struct storm *s, uint64_t hash)
{
    for (unsigned i = 0; i < s->n_open; i++)
        if (s->open[i] == hash) {
            s->open[i] = s->open[--s->n_open];
            t->n_open--;
            return;
        }
}

static void
count_raise(struct storm_table *t, struct storm *s, struct str key, int64_t now)
{
    young(s, now);
    if (s->n_times == STORM_TIMES)
        memmove(s->time, s->time + 1, --s->n_times * sizeof s->time[0]);
    s->time[s->n_times++] = now;
    add_open(t, s, key_hash(key));
    if (s->on) {
        s->raises++;
        s->news = true;
    } else if (s->n_times == STORM_TIMES) {
        s->on = s->news = t->waiting = true;
        s->since = now;
        s->said = INT64_MIN;
        s->raises = s->n_times;
        s->clears = 0;
    }
}

void
storm_count(struct storm_table *t, const struct alarm_item *a, int64_t now)
{
    char name[STORM_NAME + 1];
    struct storm *s;

    if (a->cls == CLASS_SELF || str_eq(a->reason, STR(ALARM_REASON_RESENT))
        || str_eq(a->reason, STR(ALARM_REASON_HISTORY)) || str_eq(a->reason, STR(ALARM_REASON_START)))
        return;
    switch (a->state) {
    case ALARM_RAISED:
        s = track(t, storm_name(name, a), now);
        if (!s)
            return;
        count_raise(t, s, a->key, now);
        break;
    case ALARM_CLEARED:
        s = map_get(t->by_name, storm_name(name, a));
        if (!s)
            return;
        take_open(t, s, key_hash(a->key));
        s->clears += s->on;
        s->news = s->on;
        break;
    case ALARM_UPDATED:
        return;
    }
    t->changed = true;
}

uint64_t
storm_untracked(const struct storm_table *t)
{
    return t->untracked;
}

/* --- what is to be said ------------------------------------------------------------ */

/* What 's' has to say at 'now'; false: nothing. */
static bool
say(struct storm *s, int64_t now, struct storm_change *out)
{
    unsigned n = young(s, now);

    if (!s->on)
        return false;
    if (s->since > now)
        s->since = now;
    if (s->said > now)
        s->said = now;
    if (now - s->since >= STORM_WINDOW && n <= STORM_RAISES / 4)
        s->on = false;
    else if (!s->news || (s->said != INT64_MIN && now - s->said < STORM_REPEAT))
        return false;
    s->news = false;
    s->said = now;
    *out = (struct storm_change){.raise = s->on, .raises = s->raises, .clears = s->clears, .open = s->n_open};
    return true;
}

bool
storm_next(struct storm_table *t, int64_t now, struct storm_change *out)
{
    while (t->next < map_count(t->by_name)) {
        struct storm *s = map_at(t->by_name, t->next);

        if (say(s, now, out)) {
            memcpy(t->told, s->name, sizeof t->told);
            out->name = str_z(t->told);
            t->changed = true;
            return true;
        }
        /* Forgetting one moves another into its place. */
        if (is_idle(s, now) && !s->n_open) {
            forget(t, s);
            t->changed = true;
        } else {
            t->next++;
        }
    }
    t->next = 0;
    t->waiting = false;
    return false;
}

bool
storm_waiting(const struct storm_table *t)
{
    return t->waiting;
}

/* --- saving -------------------------------------------------------------------------- */

enum { STORM_FORM = 1 };

bool
storm_changed(const struct storm_table *t)
{
    return t->changed;
}

void
storm_save(const struct storm_table *t, struct keep_out *o)
{
    keep_put_u64(o, STORM_FORM);
    keep_put_u64(o, map_count(t->by_name));
    for (unsigned i = 0; i < map_count(t->by_name); i++) {
        const struct storm *s = map_at(t->by_name, i);

        keep_put_str(o, str_z(s->name));
        keep_put_u64(o, (uint64_t) s->on | (uint64_t) s->news << 1);
        keep_put_u64(o, (uint64_t) s->since);
        keep_put_u64(o, (uint64_t) s->said);
        keep_put_u64(o, s->raises);
        keep_put_u64(o, s->clears);
        keep_put_u64(o, s->n_times);
        for (unsigned k = 0; k < s->n_times; k++)
            keep_put_u64(o, (uint64_t) s->time[k]);
        keep_put_u64(o, s->n_open);
        for (unsigned k = 0; k < s->n_open; k++)
            keep_put_u64(o, s->open[k]);
    }
}

void
storm_saved(struct storm_table *t)
{
    t->changed = false;
}

static bool
restore_one(struct storm_table *t, struct keep_in *in)
{
    struct str name = keep_get_str(in);
    struct storm *s;
    uint64_t flags, n;

    if (in->failed || !name.n || name.n > STORM_NAME || memchr(name.p, '\0', name.n)
        || map_get(t->by_name, name) || !(s = calloc(1, sizeof *s)))
        return false;
    memcpy(s->name, name.p, name.n);
    if (!map_put(t->by_name, name, s)) {
        free(s);
        return false;
    }
    flags = keep_get_u64(in);
    s->on = flags & 1;
    s->news = flags & 2;
    s->since = (int64_t) keep_get_u64(in);
    s->said = (int64_t) keep_get_u64(in);
    s->raises = keep_get_u64(in);
    s->clears = keep_get_u64(in);
    n = keep_get_u64(in);
    if (n > STORM_TIMES)
        return false;
    for (s->n_times = 0; s->n_times < n; s->n_times++)
        s->time[s->n_times] = (int64_t) keep_get_u64(in);
    n = keep_get_u64(in);
    if (n > STORM_OPEN_MAX)
        return false;
    for (uint64_t i = 0; i < n && !in->failed; i++)
        add_open(t, s, keep_get_u64(in));
    return !in->failed;
}

bool
storm_restore(struct storm_table *t, struct keep_in *in)
{
    uint64_t n;

    if (keep_get_u64(in) != STORM_FORM)
        return false;
    n = keep_get_u64(in);
    if (in->failed || n > STORM_TRACKED)
        return false;
    for (uint64_t i = 0; i < n; i++)
        if (!restore_one(t, in))
            return false;
    return true;
}

void
storm_adopt(struct storm_table *t, struct str name, int64_t now)
{
    struct storm *s = name.n && name.n <= STORM_NAME ? track(t, name, now) : NULL;

    if (!s || s->on)
        return;
    s->on = true;
    s->since = s->said = now;
    s->raises = s->n_times;
    s->clears = 0;
    t->changed = true;
}
