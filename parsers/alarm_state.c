/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_state.c - moments and the alarm table to bytes and back, each open
 * alarm a part of its own. */
#include "build.h"

#include "parsers/alarm_state.h"

#include <stdlib.h>

void
moment_save(struct keep_out *o, const struct moment *m)
{
    struct when w = m->when;

    /* The zone's text lives in an arena that may be gone. */
    w.zone = STR_NONE;
    keep_put_u64(o, m->known);
    keep_put_u64(o, m->clock);
    keep_put_u64(o, (uint64_t) m->t);
    keep_put_when(o, &w);
}

void
moment_restore(struct keep_in *in, struct moment *m)
{
    m->known = keep_get_u64(in) != 0;
    m->clock = (uint32_t) keep_get_u64(in);
    m->t = (int64_t) keep_get_u64(in);
    keep_get_when(in, &m->when);
    m->when.zone = STR_NONE;
}

static void
save_alarm(void *table, struct part *part, struct keep_out *o)
{
    const struct alarm *a = (const struct alarm *) (const void *) ((const char *) part - offsetof(struct alarm, part));
    struct alarm_table *t = table;

    keep_put_str(o, a->key);
    keep_put_u64(o, a->cls);
    keep_put_u64(o, a->severity);
    keep_put_u64(o, a->floor);
    keep_put_u64(o, a->count);
    keep_put_u64(o, a->raise);
    keep_put_u64(o, a->change);
    moment_save(o, &a->first);
    moment_save(o, &a->last);
    keep_put_facts(o, a->f);
    keep_put_u64(o, a->strength);
    keep_put_u64(o, a->run);
    keep_put_u64(o, (uint64_t) a->works | (uint64_t) a->confirmed << 1 | (uint64_t) a->escalated << 2);
    keep_put_u64(o, a->n_files);
    for (unsigned i = 0; i < a->n_files; i++)
        keep_put_u64(o, a->file[i]);
    keep_put_u64(o, a->more_files);
    keep_put_str(o, str_z(a->words));
    keep_put_str(o, str_z(a->action));
    keep_put_when(o, &a->told);
    keep_put_u64(o, (uint64_t) a->since);
    keep_put_u64(o, (uint64_t) a->heard);
    keep_put_u64(o, map_index(t->open, a->key));
    keep_put_u64(o, a->n_past);
    for (unsigned i = 0; i < a->n_past && i < ALARM_PAST; i++) {
        keep_put_u64(o, (uint64_t) a->past[i].t);
        keep_put_u64(o, a->past[i].clock);
        keep_put_u64(o, a->past[i].run);
    }
}

/* Kept since alarms remember what they counted. */
static void
read_past(struct keep_in *in, struct alarm *a)
{
    if (in->failed || in->p == in->end)
        return;
    a->n_past = (unsigned) keep_get_u64(in);
    for (unsigned i = 0; i < a->n_past && i < ALARM_PAST; i++) {
        a->past[i].t = (int64_t) keep_get_u64(in);
        a->past[i].clock = (uint32_t) keep_get_u64(in);
        a->past[i].run = keep_get_u64(in);
    }
}

/* What both versions keep of one; NULL when it is none. */
static struct alarm *
read_alarm(struct alarm_table *t, struct keep_in *in)
{
    struct alarm *a = calloc(1, sizeof *a);
    struct str key;
    struct facts f;
    uint64_t bits, cls, severity, least, strength;

    if (!a)
        return NULL;
    key = keep_get_str(in);
    cls = keep_get_u64(in);
    severity = keep_get_u64(in);
    least = keep_get_u64(in);
    a->count = keep_get_u64(in);
    a->raise = keep_get_u64(in);
    a->change = keep_get_u64(in);
    moment_restore(in, &a->first);
    moment_restore(in, &a->last);
    keep_get_facts(in, &f);
    strength = keep_get_u64(in);
    a->run = keep_get_u64(in);
    bits = keep_get_u64(in);
    a->works = bits & 1;
    a->confirmed = bits >> 1 & 1;
    a->escalated = bits >> 2 & 1;
    a->n_files = (unsigned) keep_get_u64(in);
    if (in->failed || a->n_files > ALARM_FILES || cls >= CLASS_COUNT || severity > SEVERITY_CLEARED
        || least > SEVERITY_CLEARED || strength > STRENGTH_FIGURES || key.n > ALARM_KEY_MAX)
        goto fail;
    a->cls = (enum event_class) cls;
    a->severity = (enum severity) severity;
    a->floor = (enum severity) least;
    a->strength = (enum strength) strength;
    for (unsigned i = 0; i < a->n_files; i++)
        a->file[i] = keep_get_u64(in);
    a->more_files = (unsigned) keep_get_u64(in);
    a->f = keep_facts(&f);
    a->key = str_make(keep_str(key), key.n);
    if (in->failed || !a->f || !a->key.p)
        goto fail;
    for (unsigned i = 0; i < a->n_files; i++)
        t->waiting[a->file[i] % ALARM_WAITING]++;
    return a;
fail:
    alarm_forget(a);
    return NULL;
}

static bool
read_words(struct keep_in *in, struct alarm *a)
{
    struct str words = keep_get_str(in), action = keep_get_str(in);

    keep_get_when(in, &a->told);
    a->told.zone = STR_NONE;
    a->words = str_has(words) ? keep_str(words) : NULL;
    a->action = str_has(action) ? keep_str(action) : NULL;
    return (a->words || !str_has(words)) && (a->action || !str_has(action));
}

bool
alarm_restore_open(struct alarm_table *t, uint64_t id, struct keep_in *in)
{
    struct alarm *a = read_alarm(t, in);
    uint64_t i = ALARM_OPEN_MAX;

    if (!a)
        return false;
    a->part.id = id;
    a->part.stored = true;
    if (read_words(in, a)) {
        a->since = (int64_t) keep_get_u64(in);
        a->heard = (int64_t) keep_get_u64(in);
        i = keep_get_u64(in);
        read_past(in, a);
    }
    if (in->failed || i >= ALARM_OPEN_MAX || !map_place(t->open, a->key, a, (unsigned) i)) {
        alarm_forget(a);
        return false;
    }
    return true;
}

bool
alarm_restore_v1(struct alarm_table *t, struct keep_in *in)
{
    uint64_t n = keep_get_u64(in);

    for (uint64_t i = 0; i < n; i++) {
        struct alarm *a = read_alarm(t, in);

        if (!a)
            return false;
        a->part.id = ++t->n_parts;
        if (alarm_find(t, a->key) || !map_put(t->open, a->key, a)) {
            alarm_forget(a);
            return false;
        }
        alarm_changed(t, a);
    }
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++)
        if (!alarm_restore_cleared_v1(t, in))
            return false;
    t->earliest = t->earliest_live = INT64_MIN;
    return !in->failed;
}

void
alarm_save(struct alarm_table *t, struct part_sink *s)
{
    if (!s->all) {
        parts_put(&t->open_parts, s, save_alarm, t);
        parts_put(&t->cleared_parts, s, alarm_save_cleared, t);
        return;
    }
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        save_alarm(t, &a->part, part_begin(s));
        part_end(s, t->open_parts.kind, a->part.id);
    }
    for (unsigned i = 0; i < map_count(t->cleared); i++) {
        struct cleared *x = map_at(t->cleared, i);

        alarm_save_cleared(t, &x->part, part_begin(s));
        part_end(s, t->cleared_parts.kind, x->part.id);
    }
}

void
alarm_saved(struct alarm_table *t)
{
    parts_saved(&t->open_parts);
    parts_saved(&t->cleared_parts);
}

void
alarm_save_core(const struct alarm_table *t, struct keep_out *o)
{
    keep_put_u64(o, t->n_parts);
    keep_put_u64(o, map_count(t->open));
    keep_put_u64(o, map_count(t->cleared));
}

bool
alarm_restore_core(struct alarm_table *t, struct keep_in *in)
{
    t->n_parts = keep_get_u64(in);
    t->want_open = (unsigned) keep_get_u64(in);
    t->want_cleared = (unsigned) keep_get_u64(in);
    return !in->failed;
}

bool
alarm_restore_end(struct alarm_table *t)
{
    t->earliest = t->earliest_live = INT64_MIN;
    return map_count(t->open) == t->want_open && map_count(t->cleared) == t->want_cleared && map_settle(t->open)
           && map_settle(t->cleared);
}
