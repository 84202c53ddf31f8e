/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate_state.c - the correlator's state as named parts and back.  The core
 * has what changes with every record and the number of all other parts, so
 * that a missing one is noticed; the rest is written only when it changed. */
#include "build.h"

#include "parsers/correlate_state.h"

#include <errno.h>
#include <stdlib.h>

/* 2 had no sequences. */
enum { CORRELATE_VERSION = 3, CORRELATE_VERSION_LEAST = 2 };

void
correlate_parts_init(struct correlate *k)
{
    k->cores.kind = "core";
    k->pages.kind = "clock";
    k->origin_parts.kind = "source";
    for (unsigned i = 0; i < PAIR_CLOCKS_MAX / CORRELATE_PAGE; i++)
        k->page[i].id = i;
    correlate_clock_changed(k, 0);
}

void
correlate_parts_fini(struct correlate *k)
{
    parts_fini(&k->cores);
    parts_fini(&k->pages);
    parts_fini(&k->origin_parts);
    free(k->bytes.p);
}

static void
save_core(void *correlator, struct part *part, struct keep_out *o)
{
    const struct correlate *k = correlator;

    (void) part;
    keep_put_u64(o, CORRELATE_VERSION);
    keep_put_u64(o, k->n_clocks);
    keep_put_u64(o, (uint64_t) k->merged_known | (uint64_t) k->live << 1);
    keep_put_u64(o, (uint64_t) k->merged);
    keep_put_u64(o, map_count(k->origins));
    pair_save_core(k->pairs, o);
    stall_save_core(k->stalls, o);
    alarm_save_core(k->alarms, o);
    sequence_save_core(k->sequences, o);
}

static bool
restore_core(struct correlate *k, struct keep_in *in)
{
    uint64_t version = keep_get_u64(in), clocks, bits;

    if (version < CORRELATE_VERSION_LEAST || version > CORRELATE_VERSION)
        return false;
    clocks = keep_get_u64(in);
    bits = keep_get_u64(in);
    k->merged_known = bits & 1;
    k->live = bits >> 1 & 1;
    k->merged = (int64_t) keep_get_u64(in);
    k->want_origins = (unsigned) keep_get_u64(in);
    if (in->failed || clocks == 0 || clocks > PAIR_CLOCKS_MAX)
        return false;
    k->n_clocks = (uint32_t) clocks;
    k->core_known = true;
    return pair_restore_core(k->pairs, in) && stall_restore_core(k->stalls, in) && alarm_restore_core(k->alarms, in)
           && (version == 2 || sequence_restore_core(k->sequences, in));
}

static void
save_clocks(void *correlator, struct part *part, struct keep_out *o)
{
    const struct correlate *k = correlator;

    for (uint64_t i = part->id * CORRELATE_PAGE; i < k->n_clocks && i < (part->id + 1) * CORRELATE_PAGE; i++) {
        keep_put_u64(o, k->clock[i].started);
        keep_put_u64(o, (uint64_t) k->clock[i].now);
    }
}

static bool
restore_clocks(struct correlate *k, uint64_t id, struct keep_in *in)
{
    if (id >= PAIR_CLOCKS_MAX / CORRELATE_PAGE || k->page[id].stored)
        return false;
    k->page[id].stored = true;
    k->n_pages++;
    for (uint64_t i = id * CORRELATE_PAGE; in->p < in->end && i < (id + 1) * CORRELATE_PAGE; i++) {
        k->clock[i].started = keep_get_u64(in) != 0;
        k->clock[i].now = (int64_t) keep_get_u64(in);
    }
    return !in->failed;
}

static void
save_origin(void *correlator, struct part *part, struct keep_out *o)
{
    const struct origin *origin
        = (const struct origin *) (const void *) ((const char *) part - offsetof(struct origin, part));

    (void) correlator;
    keep_put_u64(o, origin->clock);
    moment_save(o, &origin->last);
}

static bool
restore_origin(struct correlate *k, uint64_t id, struct keep_in *in)
{
    struct origin *o = correlate_origin(k, id);

    if (!o)
        return false;
    parts_forget(&k->origin_parts, &o->part);
    o->clock = (uint32_t) keep_get_u64(in);
    moment_restore(in, &o->last);
    o->part.stored = true;
    return o->clock < PAIR_CLOCKS_MAX && o->last.clock < PAIR_CLOCKS_MAX;
}

static void
save_own(struct correlate *k, struct part_sink *s)
{
    if (!s->all) {
        parts_put(&k->cores, s, save_core, k);
        parts_put(&k->pages, s, save_clocks, k);
        parts_put(&k->origin_parts, s, save_origin, k);
        return;
    }
    save_core(k, &k->core, part_begin(s));
    part_end(s, k->cores.kind, 0);
    for (unsigned i = 0; i * CORRELATE_PAGE < k->n_clocks; i++) {
        save_clocks(k, &k->page[i], part_begin(s));
        part_end(s, k->pages.kind, i);
    }
    for (unsigned i = 0; i < map_count(k->origins); i++) {
        struct origin *o = map_at(k->origins, i);

        save_origin(k, &o->part, part_begin(s));
        part_end(s, k->origin_parts.kind, o->id);
    }
}

static void
save_tables(struct correlate *k, struct part_sink *s)
{
    pair_save(k->pairs, s);
    stall_save(k->stalls, s);
    alarm_save(k->alarms, s);
    sequence_save(k->sequences, s);
}

/* Hands out the parts; the room for one is kept from call to call.  The core counts
 * the parts of the tables, and so it changes with them, also where time alone
 * changed them. */
static int
save(struct correlate *k, correlate_put *put, void *arg, bool all)
{
    struct part_sink s = {.put = put, .arg = arg, .all = all, .bytes = k->bytes};

    if (!all)
        save_tables(k, &s);
    if (s.handed)
        part_changed(&k->cores, &k->core);
    save_own(k, &s);
    if (all)
        save_tables(k, &s);
    k->bytes = s.bytes;
    k->bytes.failed = false;
    return s.error;
}

int
correlate_save_changes(struct correlate *k, correlate_put *put, void *arg)
{
    return save(k, put, arg, false);
}

void
correlate_saved(struct correlate *k)
{
    parts_saved(&k->cores);
    parts_saved(&k->pages);
    parts_saved(&k->origin_parts);
    pair_saved(k->pairs);
    stall_saved(k->stalls);
    alarm_saved(k->alarms);
    sequence_saved(k->sequences);
}

static bool
restore_part(struct correlate *k, struct str kind, uint64_t id, struct keep_in *in)
{
    if (str_eq(kind, str_z(k->cores.kind)))
        return id == 0 && !k->core_known && restore_core(k, in);
    if (str_eq(kind, str_z(k->pages.kind)))
        return restore_clocks(k, id, in);
    if (str_eq(kind, str_z(k->origin_parts.kind)))
        return restore_origin(k, id, in);
    if (str_eq(kind, STR("alarm")))
        return alarm_restore_open(k->alarms, id, in);
    if (str_eq(kind, STR("cleared")))
        return alarm_restore_cleared(k->alarms, id, in);
    if (str_eq(kind, STR("run")) || str_eq(kind, STR("span")) || str_eq(kind, STR("stall")))
        return stall_restore_part(k->stalls, kind, id, in);
    if (str_eq(kind, STR("seq")))
        return sequence_restore_part(k->sequences, id, in);
    return pair_restore_part(k->pairs, kind, id, in);
}

int
correlate_restore_part(struct correlate *k, const char *name, const void *p, size_t n)
{
    struct keep_in in = {.p = p, .end = (const uint8_t *) p + n};
    struct str kind;
    uint64_t id;

    if (!part_name(name, &kind, &id) || !restore_part(k, kind, id, &in) || in.failed || in.p != in.end)
        return -EINVAL;
    return 0;
}

int
correlate_restore_end(struct correlate *k)
{
    bool origins = map_count(k->origins) == k->want_origins;
    bool pairs = pair_restore_end(k->pairs), stalls = stall_restore_end(k->stalls);
    bool alarms = alarm_restore_end(k->alarms), sequences = sequence_restore_end(k->sequences);

    if (!k->core_known || k->n_pages != (k->n_clocks + CORRELATE_PAGE - 1) / CORRELATE_PAGE)
        return -EINVAL;
    if (!origins || !pairs || !stalls || !alarms || !sequences)
        return -EINVAL;
    for (uint32_t i = 0; i < k->n_clocks; i++)
        k->clock[i].due = INT64_MIN;
    parts_forget(&k->cores, &k->core);
    parts_forget(&k->pages, &k->page[0]);
    k->core.stored = true;
    k->live_due = INT64_MIN;
    k->held_due = k->live ? INT64_MAX : pair_next_due(k->pairs);
    return 0;
}

/* --- all in one piece --------------------------------------------------------- */

static int
append_part(void *arg, const char *name, const void *p, size_t n)
{
    struct keep_out *o = arg;

    keep_put_str(o, str_z(name));
    keep_put_str(o, str_make(p, n));
    return o->failed ? -ENOMEM : 0;
}

int
correlate_save(struct correlate *k, uint8_t **out, size_t *n)
{
    struct keep_out o = {0};
    int r;

    keep_put_u64(&o, CORRELATE_VERSION);
    r = save(k, append_part, &o, true);
    if (o.failed || r) {
        free(o.p);
        return r ? r : -ENOMEM;
    }
    *out = o.p;
    *n = o.n;
    return 0;
}

static bool
restore_origins_v1(struct correlate *k, struct keep_in *in)
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
        correlate_clock_changed(k, i);
    }
    k->merged_known = keep_get_u64(in) != 0;
    k->merged = (int64_t) keep_get_u64(in);
    return !in->failed;
}

static bool
restore_v1(struct correlate *k, struct keep_in *in)
{
    if (!restore_origins_v1(k, in) || !pair_restore_v1(k->pairs, in) || !stall_restore_v1(k->stalls, in)
        || !alarm_restore_v1(k->alarms, in) || in->failed || in->p != in->end)
        return false;
    k->held_due = pair_next_due(k->pairs);
    return true;
}

int
correlate_restore(struct correlate *k, const uint8_t *p, size_t n)
{
    struct keep_in in = {.p = p, .end = p + n};
    uint64_t version = keep_get_u64(&in);
    int r = 0;

    if (version == 1)
        return restore_v1(k, &in) ? 0 : -EINVAL;
    if (version < CORRELATE_VERSION_LEAST || version > CORRELATE_VERSION)
        return -EINVAL;
    while (r == 0 && in.p < in.end) {
        struct str name = keep_get_str(&in), part = keep_get_str(&in);
        char text[PART_NAME_SIZE];

        if (in.failed || name.n >= sizeof text)
            return -EINVAL;
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        r = correlate_restore_part(k, text, part.p, part.n);
    }
    return r ? r : correlate_restore_end(k);
}
