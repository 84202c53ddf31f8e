/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_cleared.c - what is remembered of keys whose alarm has ended: for 7
 * days, and at most ALARM_CLEARED_MAX of them.  Called by alarm.c, alarm_age.c
 * and alarm_state.c. */
#include "build.h"

#include "parsers/alarm_state.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/when.h"

#define ALARM_REMEMBER (7 * WHEN_DAY)

static struct str
key_of(const struct cleared *x)
{
    return str_make(x->key, x->n);
}

static void
forget(struct alarm_table *t, struct cleared *x)
{
    struct cleared *last = map_at(t->cleared, map_count(t->cleared) - 1);

    map_take(t->cleared, key_of(x));
    if (last != x)
        part_changed(&t->cleared_parts, &last->part);
    part_gone(&t->cleared_parts, &x->part);
    free(x);
}

/* Room for one more: the clear that is longest ago goes. */
static void
forget_oldest(struct alarm_table *t)
{
    struct cleared *oldest = NULL;

    for (unsigned i = 0; i < map_count(t->cleared); i++) {
        struct cleared *x = map_at(t->cleared, i);

        if (!oldest || x->at.t < oldest->at.t || (x->at.t == oldest->at.t && x->part.id < oldest->part.id))
            oldest = x;
    }
    if (oldest) {
        t->counters.forgotten++;
        forget(t, oldest);
    }
}

void
alarm_forget_cleared(struct alarm_table *t, int64_t now)
{
    if (now < t->cleared_due)
        return;
    t->cleared_due = INT64_MAX;
    for (unsigned i = 0; i < map_count(t->cleared); i++) {
        struct cleared *x = map_at(t->cleared, i);

        if (now >= x->until) {
            forget(t, x);
            i--;
        } else if (x->until < t->cleared_due) {
            t->cleared_due = x->until;
        }
    }
}

/* Rounded up to days: many go at once, and looking for them costs little. */
static int64_t
remember_until(const struct call *c)
{
    int64_t from = c->arrival;

    if (!from && !(c->at.known && c->at.clock == 0))
        return INT64_MAX;
    from = from ? from : c->at.t;
    return ((from + ALARM_REMEMBER) / WHEN_DAY + 1) * WHEN_DAY;
}

static struct cleared *
cleared_new(struct alarm_table *t, struct str key)
{
    struct cleared *x = calloc(1, sizeof *x + key.n + 1);

    if (!x)
        return NULL;
    x->n = key.n;
    if (key.n)
        memcpy(x->key, key.p, key.n);
    x->part.id = ++t->n_parts;
    return x;
}

/* What is remembered of the key of 'a', from now on if nothing is.  NULL when
 * memory ends. */
static struct cleared *
remembered(struct alarm_table *t, struct call *c, const struct alarm *a)
{
    struct cleared *x = map_get(t->cleared, a->key);

    if (x)
        return x;
    if (map_count(t->cleared) == ALARM_CLEARED_MAX)
        forget_oldest(t);
    x = cleared_new(t, a->key);
    if (!x || !map_put(t->cleared, a->key, x)) {
        free(x);
        c->error = c->error ? c->error : -ENOMEM;
        return NULL;
    }
    return x;
}

/* It changed, and lives on for as long as if it were cleared now. */
static void
keep(struct alarm_table *t, struct call *c, struct cleared *x)
{
    x->until = remember_until(c);
    if (x->until < t->cleared_due)
        t->cleared_due = x->until;
    part_changed(&t->cleared_parts, &x->part);
}

void
alarm_remember_raise(struct alarm_table *t, struct call *c, const struct alarm *a)
{
    struct cleared *x = remembered(t, c, a);

    if (!x)
        return;
    if (!x->at.known)
        x->at.t = c->at.t; /* only which one is the oldest is read from it */
    x->raise = a->raise;
    x->watch = false;
    keep(t, c, x);
}

void
alarm_remember(struct alarm_table *t, struct call *c, const struct alarm *a, bool watch)
{
    struct cleared *x = remembered(t, c, a);

    if (!x)
        return;
    x->at = c->at;
    x->at.when = (struct when){0};
    x->first = a->first;
    x->raise = a->raise;
    x->count = a->count;
    x->watch = watch;
    keep(t, c, x);
}

void
alarm_count_stale(struct alarm_table *t, struct cleared *x, bool count)
{
    t->counters.stale++;
    if (count) {
        x->count++;
        part_changed(&t->cleared_parts, &x->part);
    }
}

void
alarm_save_cleared(void *table, struct part *part, struct keep_out *o)
{
    const struct cleared *x = (const struct cleared *) (const void *) ((const char *) part - offsetof(struct cleared, part));
    struct alarm_table *t = table;

    keep_put_str(o, key_of(x));
    moment_save(o, &x->at);
    moment_save(o, &x->first);
    keep_put_u64(o, x->raise);
    keep_put_u64(o, x->count);
    keep_put_u64(o, x->watch);
    keep_put_u64(o, (uint64_t) x->until);
    keep_put_u64(o, map_index(t->cleared, key_of(x)));
}

/* What both versions keep of one. */
static struct cleared *
read_cleared(struct alarm_table *t, struct keep_in *in)
{
    struct str key = keep_get_str(in);
    struct cleared *x = key.n <= ALARM_KEY_MAX ? cleared_new(t, key) : NULL;

    if (!x)
        return NULL;
    moment_restore(in, &x->at);
    moment_restore(in, &x->first);
    x->raise = keep_get_u64(in);
    x->count = keep_get_u64(in);
    x->watch = keep_get_u64(in) != 0;
    return x;
}

bool
alarm_restore_cleared(struct alarm_table *t, uint64_t id, struct keep_in *in)
{
    struct cleared *x = read_cleared(t, in);
    uint64_t i;

    if (!x)
        return false;
    t->n_parts--;
    x->part.id = id;
    x->part.stored = true;
    x->until = (int64_t) keep_get_u64(in);
    i = keep_get_u64(in);
    if (x->until < t->cleared_due)
        t->cleared_due = x->until;
    if (in->failed || i >= ALARM_CLEARED_MAX || !map_place(t->cleared, key_of(x), x, (unsigned) i)) {
        free(x);
        return false;
    }
    return true;
}

bool
alarm_restore_cleared_v1(struct alarm_table *t, struct keep_in *in)
{
    struct cleared *x = read_cleared(t, in);

    if (!x)
        return false;
    x->until = x->at.known && x->at.clock == 0 ? ((x->at.t + ALARM_REMEMBER) / WHEN_DAY + 1) * WHEN_DAY : INT64_MAX;
    if (in->failed || map_get(t->cleared, key_of(x)) || !map_put(t->cleared, key_of(x), x)) {
        free(x);
        return false;
    }
    if (x->until < t->cleared_due)
        t->cleared_due = x->until;
    part_changed(&t->cleared_parts, &x->part);
    return true;
}
