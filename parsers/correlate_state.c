/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate_state.c - the correlator's state to bytes and back. */
#include "build.h"

#include "parsers/correlate_state.h"

#include <errno.h>
#include <stdlib.h>

enum { CORRELATE_VERSION = 2 };

int
correlate_save(const struct correlate *k, uint8_t **out, size_t *n)
{
    struct keep_out o = {0};

    keep_put_u64(&o, CORRELATE_VERSION);
    keep_put_u64(&o, map_count(k->origins));
    for (unsigned i = 0; i < map_count(k->origins); i++) {
        const struct origin *origin = map_at(k->origins, i);

        keep_put_u64(&o, origin->id);
        keep_put_u64(&o, origin->clock);
        moment_save(&o, &origin->last);
    }
    keep_put_u64(&o, k->n_clocks);
    for (uint32_t i = 0; i < k->n_clocks; i++) {
        keep_put_u64(&o, k->clock[i].started);
        keep_put_u64(&o, (uint64_t) k->clock[i].now);
    }
    keep_put_u64(&o, k->merged_known);
    keep_put_u64(&o, (uint64_t) k->merged);
    pair_save(k->pairs, &o);
    stall_save(k->stalls, &o);
    alarm_save(k->alarms, &o);
    if (o.failed) {
        free(o.p);
        return -ENOMEM;
    }
    *out = o.p;
    *n = o.n;
    return 0;
}

static bool
restore_origins(struct correlate *k, struct keep_in *in)
{
    uint64_t n = keep_get_u64(in), clocks;

    for (uint64_t i = 0; i < n && !in->failed; i++) {
        struct origin *o = correlate_origin(k, keep_get_u64(in));

        if (!o)
            return false;
        o->clock = (uint32_t) keep_get_u64(in);
        moment_restore(in, &o->last);
        if (o->clock >= PAIR_CLOCKS_MAX || o->last.clock >= PAIR_CLOCKS_MAX)
            return false;
    }
    clocks = keep_get_u64(in);
    if (in->failed || clocks == 0 || clocks > PAIR_CLOCKS_MAX)
        return false;
    k->n_clocks = (uint32_t) clocks;
    for (uint32_t i = 0; i < k->n_clocks; i++) {
        k->clock[i].started = keep_get_u64(in) != 0;
        k->clock[i].now = (int64_t) keep_get_u64(in);
        k->clock[i].due = INT64_MIN;
    }
    k->merged_known = keep_get_u64(in) != 0;
    k->merged = (int64_t) keep_get_u64(in);
    return !in->failed;
}

int
correlate_restore(struct correlate *k, const uint8_t *p, size_t n)
{
    struct keep_in in = {.p = p, .end = p + n};
    uint64_t version = keep_get_u64(&in);

    if (version < 1 || version > CORRELATE_VERSION || !restore_origins(k, &in) || !pair_restore(k->pairs, &in)
        || !stall_restore(k->stalls, &in) || !alarm_restore(k->alarms, &in, (unsigned) version) || in.failed || in.p != in.end)
        return -EINVAL;
    k->held_due = pair_next_due(k->pairs);
    return 0;
}

int
correlate_save_changes(struct correlate *k, correlate_put *put, void *arg)
{
    uint8_t *p;
    size_t n;
    int r;

    if (!k->dirty)
        return 0;
    r = correlate_save(k, &p, &n);
    if (r)
        return r;
    r = put(arg, "state", p, n);
    free(p);
    return r;
}

void
correlate_saved(struct correlate *k)
{
    k->dirty = false;
}

int
correlate_restore_part(struct correlate *k, const char *name, const void *p, size_t n)
{
    int r = strcmp(name, "state") == 0 ? correlate_restore(k, p, n) : -EINVAL;

    k->restored = r == 0;
    return r;
}

int
correlate_restore_end(struct correlate *k)
{
    return k->restored ? 0 : -EINVAL;
}
