/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate.c - the order of things for one event: clocks move, what is due
 * happens, the event is completed and sent, then its alarm follows.  The parts
 * are pair.c (reports and proof), stall.c (runs and stalls), alarm.c. */
#include "build.h"

#include "parsers/correlate.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/cargo.h"
#include "parsers/map.h"
#include "parsers/stall.h"
#include "parsers/stall_state.h"
#include "parsers/when.h"

enum { CORRELATE_SOURCES_MAX = 65536, CORRELATE_VERSION = 1 };

/* A source as the correlator knows it. */
struct origin {
    uint64_t id;
    uint32_t clock; /* 0 until it shows a time of unknown zone */
    struct moment last;
};

struct clock {
    bool started;
    int64_t now, due;
};

struct correlate {
    struct catalogue *cat;
    struct id_hasher *hasher;
    struct alarm_table *alarms;
    struct pair_table *pairs;
    struct stall_table *stalls;
    struct map *origins; /* source id bytes -> struct origin */
    struct origin *recent;
    uint32_t n_clocks; /* 1 + clocks of unknown zone */
    struct clock clock[PAIR_CLOCKS_MAX];
    bool merged_known;
    int64_t merged, held_due;
    int64_t noted; /* the least due time that all clocks know of */
    uint64_t crowded; /* sources that had to share a clock */
};

struct correlate *
correlate_new(struct catalogue *cat)
{
    struct correlate *k = calloc(1, sizeof *k);

    if (!k)
        return NULL;
    k->cat = catalogue_ref(cat);
    k->hasher = id_hasher_new();
    k->origins = map_new(CORRELATE_SOURCES_MAX);
    k->pairs = pair_new();
    k->alarms = k->hasher ? alarm_table_new(cat, k->hasher) : NULL;
    k->stalls = k->alarms ? stall_new(k->alarms) : NULL;
    k->n_clocks = 1;
    k->held_due = k->noted = INT64_MAX;
    if (!k->stalls || !k->pairs || !k->origins) {
        correlate_free(k);
        return NULL;
    }
    return k;
}

void
correlate_free(struct correlate *k)
{
    if (!k)
        return;
    for (unsigned i = 0; k->origins && i < map_count(k->origins); i++)
        free(map_at(k->origins, i));
    map_free(k->origins);
    stall_free(k->stalls);
    alarm_table_free(k->alarms);
    pair_free(k->pairs);
    id_hasher_free(k->hasher);
    catalogue_unref(k->cat);
    free(k);
}

static struct origin *
find_origin(struct correlate *k, uint64_t id)
{
    struct str key = str_make((const char *) &id, sizeof id);
    struct origin *o = k->recent;

    if (o && o->id == id)
        return o;
    o = map_get(k->origins, key);
    if (!o) {
        o = calloc(1, sizeof *o);
        if (!o)
            return NULL;
        o->id = id;
        if (!map_put(k->origins, key, o)) {
            free(o);
            return NULL;
        }
    }
    k->recent = o;
    return o;
}

/* The clock of a source of unknown zone.  Past the bound sources share the
 * last one, which only makes pairing across zones less sure. */
static uint32_t
origin_clock(struct correlate *k, struct origin *o)
{
    if (o->clock == 0) {
        if (k->n_clocks < PAIR_CLOCKS_MAX)
            o->clock = k->n_clocks++;
        else {
            o->clock = PAIR_CLOCKS_MAX - 1;
            k->crowded++;
        }
    }
    return o->clock;
}

void
correlate_unknown_zone(struct correlate *k, uint64_t source)
{
    struct origin *o = find_origin(k, source);

    if (o)
        origin_clock(k, o);
}

static struct moment
moment_of(struct correlate *k, struct origin *o, const struct when *w)
{
    struct moment m = {.when = *w};

    if (w->utc_known) {
        m.known = true;
        m.t = w->utc;
    } else if (w->local_known) {
        m.known = true;
        m.t = w->local;
        m.clock = origin_clock(k, o);
    }
    return m;
}

/* The moment of a record; one without time borrows its neighbour's. */
static struct moment
input_moment(struct correlate *k, struct origin *o, const struct correlate_input *in)
{
    struct moment m = moment_of(k, o, &in->ev->when);

    if (!m.known)
        m = o->last;
    if (!m.known && in->nearest)
        m = moment_of(k, o, in->nearest);
    if (!in->ev->when.utc_known && !in->ev->when.local_known)
        m.when = (struct when){0};
    return m;
}

struct alarm_table *
correlate_alarms(struct correlate *k)
{
    return k->alarms;
}

const struct pair_counters *
correlate_pairs(const struct correlate *k)
{
    return pair_counters(k->pairs);
}

unsigned
correlate_held(const struct correlate *k)
{
    return pair_held_count(k->pairs);
}

static void
send_event(struct call *c, const struct event *ev)
{
    struct item item = {.kind = ITEM_EVENT, .event = ev};

    call_emit(c, &item);
}

/* Files the fault 'ev' under its key. */
static void
raise_fault(struct correlate *k, struct call *c, const struct event *ev, struct str server, uint64_t run, bool proven)
{
    char key[ALARM_KEY_MAX + 1];
    struct failure_report r = {.cls = ev->cls, .severity = ev->severity, .f = &ev->f, .run = run, .proven = proven};
    struct facts with_server;

    if (!event_class_is_fault(ev->cls))
        return;
    r.key = fault_key(key, ev, server);
    r.path = str_has(ev->f.target) ? ev->f.target : ev->f.file;
    if (!str_has(ev->f.server) && server.n && str_starts(r.key, STR("dist:"))) {
        with_server = ev->f;
        with_server.server = server;
        r.f = &with_server;
    }
    alarm_fail(k->alarms, c, &r);
}

/* A report leaves, with the verdict it has by now. */
static void
release(struct correlate *k, struct call *c, const struct pair_release *out)
{
    struct event *ev = out->ev;
    struct str server = fault_server(ev);
    char bare_text[ALARM_KEY_MAX + 1], full_text[ALARM_KEY_MAX + 1];
    struct call own = *c;
    bool filed = out->proven;

    own.at = out->at;
    own.event_id = ev->id;
    send_event(&own, ev);
    if (server.n && ev->f.n_evidence && out->server.n == 0) {
        /* The log did not know its host; the report names the server. */
        struct str bare = alarm_key(bare_text, "dist", STR_NONE, ev->f.package);
        struct alarm *a = alarm_find(k->alarms, bare);

        if (a && !alarm_rename(k->alarms, &own, a, alarm_key(full_text, "dist", server, ev->f.package)))
            filed = false;
    }
    /* The line's name of the server goes before the report's: one key. */
    raise_fault(k, &own, ev, out->server.n ? out->server : server, out->run, filed);
    if (own.error)
        c->error = own.error;
}

static void
release_due(struct correlate *k, struct call *c, bool all)
{
    struct run_lookup runs = stall_runs(k->stalls);
    struct pair_release out;

    while (!c->error && pair_take(k->pairs, k->merged, all, &runs, &out)) {
        release(k, c, &out);
        free(out.ev);
    }
    k->held_due = pair_next_due(k->pairs);
}

/* Later work must not be missed: what was raised since the last look is due at
 * the earliest when the alarm table says, on whatever clock it was dated. */
static void
note_due(struct correlate *k)
{
    int64_t due = alarm_earliest(k->alarms);

    if (k->stalls->due == INT64_MIN) {
        k->stalls->due = INT64_MAX;
        due = INT64_MIN;
    }
    if (due >= k->noted)
        return;
    k->noted = due;
    for (uint32_t i = 0; i < k->n_clocks; i++)
        if (due < k->clock[i].due)
            k->clock[i].due = due;
}

/* Moves the clock of 'm' and the merged time, and does what has become due. */
static void
advance(struct correlate *k, struct call *c, const struct moment *m)
{
    struct clock *clock = &k->clock[m->clock];
    int64_t due;

    if (!m->known)
        return;
    if (!clock->started || m->t > clock->now)
        clock->now = m->t;
    clock->started = true;
    if (!k->merged_known || m->t > k->merged)
        k->merged = m->t;
    k->merged_known = true;
    if (clock->now >= clock->due) {
        c->event_id = "";
        k->noted = INT64_MAX;
        clock->due = stall_tick(k->stalls, c, m->clock, clock->now);
        due = alarm_tick(k->alarms, c, m->clock, clock->now);
        if (due < clock->due)
            clock->due = due;
    }
    if (k->merged > k->held_due)
        release_due(k, c, false);
}

/* True when 'ev' itself was kept for later. */
static bool
hold(struct correlate *k, struct call *c, const struct event *ev, int64_t arrival)
{
    int64_t window = PAIR_WINDOW;

    if (!pair_wants(ev) || !c->at.known)
        return false;
    /* Merged by local digits, proof may come as much later as zones differ. */
    if (k->n_clocks > 1)
        window += PAIR_UNKNOWN_WINDOW;
    if (!pair_hold(k->pairs, ev, &c->at, c->at.t + window, arrival)) {
        release_due(k, c, false);
        if (!pair_hold(k->pairs, ev, &c->at, c->at.t + window, arrival))
            return false;
    }
    if (c->at.t + window < k->held_due)
        k->held_due = c->at.t + window;
    return true;
}

/* What the record says about copies and packages, beyond its own fault. */
static void
follow_copies(struct correlate *k, struct call *c, const struct event *ev, uint64_t run)
{
    switch (ev->fact) {
    case FACT_COPY_FAILED:
        if (!pair_failure(k->pairs, ev, &c->at, run, fault_server(ev)))
            c->error = -ENOMEM;
        break;
    case FACT_COPY_OK:
        pair_copied(k->pairs, ev, &c->at, fault_server(ev));
        alarm_copied(k->alarms, c, ev);
        break;
    case FACT_PACKAGE_STORED:
        cargo_stored(k->alarms, c, ev);
        break;
    case FACT_NONE:
    case FACT_INSTRUCTION_FOUND:
    case FACT_INSTRUCTION_STARTED:
    case FACT_INSTRUCTION_OPEN_FAILED:
    case FACT_INSTRUCTION_UNREAD:
    case FACT_INSTRUCTION_EXECUTED:
    case FACT_INSTRUCTION_FAILED:
    case FACT_PACKAGE_WORK:
    case FACT_PACKAGE_EMPTIED:
    case FACT_COMPONENT_STOPPING:
    case FACT_COMPONENT_STOPPED:
    case FACT_COMPONENT_STARTED:
    case FACT_RETRY:
    case FACT_RETRIES_EXHAUSTED:
    case FACT_HOST_BOOT:
    case FACT_COUNT:
        break;
    }
}

int
correlate_event(struct correlate *k, struct arena *arena, const struct sink *sink, const struct correlate_input *in)
{
    struct origin *o = find_origin(k, in->source);
    struct event *ev = in->ev;
    struct call c = {.arena = arena, .sink = sink, .event_id = ""};
    struct run_lookup runs = stall_runs(k->stalls);
    uint64_t run = 0;
    bool quiet = false;

    if (!o)
        return -ENOMEM;
    c.at = input_moment(k, o, in);
    if (c.at.known) {
        if (!o->last.known && !stall_idle(k->stalls))
            stall_adopt_time(k->stalls, &c.at, in->source);
        o->last = c.at;
        o->last.when.zone = STR_NONE;
    }
    advance(k, &c, &c.at);
    c.event_id = ev->id;
    if (ev->fact == FACT_NONE && !event_class_is_fault(ev->cls) && !ev->worker_known && stall_idle(k->stalls)) {
        send_event(&c, ev);
        return c.error;
    }
    stall_before(k->stalls, &c, ev, in->source, &run, &quiet);
    if (hold(k, &c, ev, in->arrival)) {
        note_due(k);
        return c.error;
    }
    if (ev->log && ev->f.claimed)
        pair_link(k->pairs, ev, &c.at, &runs);
    send_event(&c, ev);
    follow_copies(k, &c, ev, run);
    if (ev->cls != CLASS_STALL && !quiet)
        raise_fault(k, &c, ev, fault_server(ev), run, false);
    stall_after(k->stalls, &c, ev, in->source);
    note_due(k);
    return c.error;
}

int
correlate_finish(struct correlate *k, struct arena *arena, const struct sink *sink)
{
    struct call c = {.arena = arena, .sink = sink, .event_id = ""};

    release_due(k, &c, true);
    stall_finish(k->stalls, &c);
    note_due(k);
    return c.error;
}

bool
correlate_idle(const struct correlate *k)
{
    return stall_idle(k->stalls);
}

int64_t
correlate_next_due(const struct correlate *k)
{
    int64_t due = k->held_due;

    for (uint32_t i = 0; i < k->n_clocks; i++)
        if (k->clock[i].started && k->clock[i].due < due)
            due = k->clock[i].due;
    return due;
}

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
        struct origin *o = find_origin(k, keep_get_u64(in));

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

    if (keep_get_u64(&in) != CORRELATE_VERSION || !restore_origins(k, &in) || !pair_restore(k->pairs, &in)
        || !stall_restore(k->stalls, &in) || !alarm_restore(k->alarms, &in) || in.failed || in.p != in.end)
        return -EINVAL;
    k->held_due = pair_next_due(k->pairs);
    return 0;
}
