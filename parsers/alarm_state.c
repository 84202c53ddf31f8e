/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_state.c - the alarm table to bytes and back, and the bound on what is
 * remembered of cleared keys. */
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

void
alarm_forget_cleared(struct alarm_table *t)
{
    struct cleared *oldest = NULL;
    unsigned at = 0;
    struct str key;
    char copy[ALARM_KEY_MAX + 1];

    for (unsigned i = 0; i < map_count(t->cleared); i++) {
        struct cleared *x = map_at(t->cleared, i);

        if (!oldest || x->at.t < oldest->at.t) {
            oldest = x;
            at = i;
        }
    }
    if (!oldest)
        return;
    key = map_key_at(t->cleared, at);
    memcpy(copy, key.p, key.n);
    free(map_take(t->cleared, str_make(copy, key.n)));
}

static void
save_alarm(struct keep_out *o, const struct alarm *a)
{
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
}

/* What the first version did not keep. */
static bool
restore_words(struct keep_in *in, struct alarm *a)
{
    struct str words = keep_get_str(in), action = keep_get_str(in);

    keep_get_when(in, &a->told);
    a->told.zone = STR_NONE;
    a->words = str_has(words) ? keep_str(words) : NULL;
    a->action = str_has(action) ? keep_str(action) : NULL;
    return (a->words || !str_has(words)) && (a->action || !str_has(action));
}

static bool
restore_alarm(struct alarm_table *t, struct keep_in *in, unsigned version)
{
    struct alarm *a = calloc(1, sizeof *a);
    struct str key;
    struct facts f;
    uint64_t bits, cls, severity, least, strength;

    if (!a)
        return false;
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
    for (unsigned i = 0; i < a->n_files; i++) {
        a->file[i] = keep_get_u64(in);
        t->waiting[a->file[i] % ALARM_WAITING]++;
    }
    a->more_files = (unsigned) keep_get_u64(in);
    if (version > 1 && !restore_words(in, a))
        goto fail;
    a->f = keep_facts(&f);
    a->key = str_make(keep_str(key), key.n);
    if (in->failed || !a->f || !a->key.p || alarm_find(t, a->key) || !map_put(t->open, a->key, a))
        goto fail;
    return true;
fail:
    alarm_forget(a);
    return false;
}

static bool
restore_cleared(struct alarm_table *t, struct keep_in *in)
{
    struct cleared *x = calloc(1, sizeof *x);
    struct str key = keep_get_str(in);

    if (!x)
        return false;
    moment_restore(in, &x->at);
    moment_restore(in, &x->first);
    x->raise = keep_get_u64(in);
    x->count = keep_get_u64(in);
    x->watch = keep_get_u64(in) != 0;
    if (in->failed || key.n > ALARM_KEY_MAX || map_get(t->cleared, key) || !map_put(t->cleared, key, x)) {
        free(x);
        return false;
    }
    return true;
}

void
alarm_save(const struct alarm_table *t, struct keep_out *o)
{
    keep_put_u64(o, map_count(t->open));
    for (unsigned i = 0; i < map_count(t->open); i++)
        save_alarm(o, map_at(t->open, i));
    keep_put_u64(o, map_count(t->cleared));
    for (unsigned i = 0; i < map_count(t->cleared); i++) {
        const struct cleared *x = map_at(t->cleared, i);

        keep_put_str(o, map_key_at(t->cleared, i));
        moment_save(o, &x->at);
        moment_save(o, &x->first);
        keep_put_u64(o, x->raise);
        keep_put_u64(o, x->count);
        keep_put_u64(o, x->watch);
    }
}

/* Into an empty table; false when the bytes are not a saved table. */
bool
alarm_restore(struct alarm_table *t, struct keep_in *in, unsigned version)
{
    uint64_t n = keep_get_u64(in);

    for (uint64_t i = 0; i < n; i++)
        if (!restore_alarm(t, in, version))
            return false;
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++)
        if (!restore_cleared(t, in))
            return false;
    t->earliest = INT64_MIN;
    return !in->failed;
}
