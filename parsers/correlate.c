/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate.c - the order of things for one event: clocks move, what is due
 * happens, the event is completed and sent, then its alarm follows.  The parts
 * are pair.c (reports and proof), stall.c (runs and stalls), alarm.c. */
#include "build.h"

#include "parsers/correlate_state.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/cargo.h"
#include "parsers/stall_state.h"
#include "parsers/when.h"

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
    k->sequences = k->alarms ? sequence_new(cat, k->alarms) : NULL;
    k->n_clocks = 1;
    k->held_due = k->noted = k->live_due = INT64_MAX;
    correlate_parts_init(k);
    if (!k->stalls || !k->sequences || !k->pairs || !k->origins) {
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
    correlate_parts_fini(k);
    stall_free(k->stalls);
    sequence_free(k->sequences);
    alarm_table_free(k->alarms);
    pair_free(k->pairs);
    id_hasher_free(k->hasher);
    catalogue_unref(k->cat);
    free(k);
}

/* Room for one more: the source whose records end longest ago goes. */
static void
forget_origin(struct correlate *k)
{
    struct origin *oldest = NULL;

    for (unsigned i = 0; i < map_count(k->origins); i++) {
        struct origin *o = map_at(k->origins, i);

        if (!oldest || o->last.t < oldest->last.t || (o->last.t == oldest->last.t && o->id < oldest->id))
            oldest = o;
    }
    if (!oldest)
        return;
    map_take(k->origins, str_make((const char *) &oldest->id, sizeof oldest->id));
    part_gone(&k->origin_parts, &oldest->part);
    free(oldest);
    k->crowded++;
    k->recent = NULL;
}

struct origin *
correlate_origin(struct correlate *k, uint64_t id)
{
    struct str key = str_make((const char *) &id, sizeof id);
    struct origin *o = k->recent;

    if (o && o->id == id)
        return o;
    o = map_get(k->origins, key);
    if (!o) {
        if (map_count(k->origins) == CORRELATE_SOURCES_MAX)
            forget_origin(k);
        o = calloc(1, sizeof *o);
        if (!o)
            return NULL;
        o->id = o->part.id = id;
        if (!map_put(k->origins, key, o)) {
            free(o);
            return NULL;
        }
        part_changed(&k->cores, &k->core);
        part_changed(&k->origin_parts, &o->part);
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
        correlate_clock_changed(k, o->clock);
        part_changed(&k->origin_parts, &o->part);
    }
    return o->clock;
}

void
correlate_unknown_zone(struct correlate *k, uint64_t source)
{
    struct origin *o = correlate_origin(k, source);

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

void
correlate_bounds(const struct correlate *k, struct correlate_bounds *out)
{
    *out = (struct correlate_bounds){.copies = pair_counters(k->pairs)->missed,
                                     .settled = pair_counters(k->pairs)->settled,
                                     .reports = pair_counters(k->pairs)->early,
                                     .alarms = alarm_counters(k->alarms)->evicted,
                                     .cleared = alarm_counters(k->alarms)->forgotten,
                                     .stalls = k->stalls->evicted,
                                     .runs = k->stalls->runs.evicted,
                                     .sequences = sequence_evicted(k->sequences),
                                     .sources = k->crowded};
}

static void
send_event(struct call *c, const struct event *ev)
{
    struct item item = {.kind = ITEM_EVENT, .event = ev};

    call_emit(c, &item);
}

/* Files the fault 'ev' under its key; 'r' has what is known beyond it. */
static void
file_fault(struct correlate *k, struct call *c, const struct event *ev, struct str server,
           const struct failure_report *base)
{
    char key[ALARM_KEY_MAX + 1];
    struct failure_report r = *base;
    struct facts with_server;

    if (!alarm_raises(k->alarms, ev))
        return;
    r.cls = ev->cls;
    r.severity = ev->severity;
    r.f = &ev->f;
    r.key = fault_key(key, ev, server);
    r.path = str_has(ev->f.target) ? ev->f.target : ev->f.file;
    if (str_starts(r.key, STR("comp:")))
        r.path = run_stem(ev->f.instruction);
    if (!str_has(ev->f.server) && server.n && str_starts(r.key, STR("dist:"))) {
        with_server = ev->f;
        with_server.server = server;
        r.f = &with_server;
    }
    alarm_fail(k->alarms, c, &r);
}

static void
raise_fault(struct correlate *k, struct call *c, const struct event *ev, struct str server, uint64_t run, bool proven)
{
    file_fault(k, c, ev, server, &(struct failure_report){.run = run, .proven = proven});
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

        if (a && !alarm_rename(k->alarms, &own, a, alarm_key(full_text, "dist", server, ev->f.package), server))
            filed = false;
    }
    /* The line's name of the server goes before the report's: one key. */
    raise_fault(k, &own, ev, out->server.n ? out->server : server, out->run, filed);
    if (own.error)
        c->error = own.error;
}

void
correlate_release(struct correlate *k, struct call *c, enum pair_which which)
{
    struct run_lookup runs = stall_runs(k->stalls);
    struct pair_release out;
    struct arena_mark mark = arena_mark(c->arena);

    /* Live, sources are not merged: that one is far says nothing of the rest. */
    if (which == PAIR_DUE && k->live)
        which = PAIR_READY;
    while (!c->error && pair_take(k->pairs, k->merged, which, &runs, &out)) {
        release(k, c, &out);
        free(out.ev);
        /* All that is held may go at once. */
        arena_rewind(c->arena, &mark);
    }
    k->held_due = k->live ? INT64_MAX : pair_next_due(k->pairs);
    part_changed(&k->cores, &k->core);
}

/* The reports that the failed copy 'ev' proves after they were told: their
 * alarm gets the key that the line has.  Returns the server to file it under. */
static struct str
meet_late(struct correlate *k, struct call *c, const struct event *ev, const struct pair_late *late, unsigned n)
{
    struct str server = fault_server(ev);

    for (unsigned i = 0; i < n; i++) {
        char from[ALARM_KEY_MAX + 1], to[ALARM_KEY_MAX + 1];
        struct alarm *a = alarm_find(k->alarms, alarm_key(from, "dist", late[i].filed, ev->f.package));

        if (!server.n)
            server = late[i].filed;
        if (a && late[i].told.clock != c->at.clock)
            alarm_redate(k->alarms, a, &late[i].told, &c->at);
        if (a && server.n)
            alarm_rename(k->alarms, c, a, alarm_key(to, "dist", server, ev->f.package), server);
    }
    return server;
}

/* Their new verdicts, once the line has been filed. */
static void
file_late(struct correlate *k, struct call *c, const struct pair_late *late, unsigned n, struct str server, uint64_t run)
{
    for (unsigned i = 0; i < n; i++) {
        struct call own = *c;

        own.at = late[i].at;
        own.event_id = late[i].ev->id;
        file_fault(k, &own, late[i].ev, server.n ? server : late[i].filed,
                   &(struct failure_report){.run = run, .proven = true, .corrects = !late[i].proven, .was = late[i].was});
        if (own.error)
            c->error = own.error;
    }
}

/* Later work must not be missed: what was raised since the last look is due at
 * the earliest when the alarm table says, on whatever clock it was dated. */
void
correlate_note_due(struct correlate *k)
{
    int64_t due = k->live ? INT64_MAX : alarm_earliest(k->alarms), live = alarm_earliest_live(k->alarms);
    int64_t began = sequence_take_due(k->sequences);

    if (live < k->live_due)
        k->live_due = live;
    if (k->stalls->due == INT64_MIN) {
        k->stalls->due = INT64_MAX;
        due = INT64_MIN;
    }
    if (began < due)
        due = began;
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
    if (!clock->started || m->t > clock->now) {
        clock->now = m->t;
        correlate_clock_changed(k, m->clock);
    }
    clock->started = true;
    if (!k->merged_known || m->t > k->merged)
        k->merged = m->t;
    k->merged_known = true;
    /* What was held happened before this: it may be old enough to age. */
    if (k->merged > k->held_due) {
        correlate_release(k, c, PAIR_DUE);
        correlate_note_due(k);
    }
    if (clock->now >= clock->due) {
        c->event_id = "";
        k->noted = INT64_MAX;
        clock->due = stall_tick(k->stalls, c, m->clock, clock->now);
        due = sequence_tick(k->sequences, c, m->clock, clock->now);
        if (due < clock->due)
            clock->due = due;
        due = k->live ? INT64_MAX : alarm_tick(k->alarms, c, m->clock, clock->now);
        if (due < clock->due)
            clock->due = due;
    }
    if (c->arrival && c->arrival >= k->live_due)
        correlate_age(k, c, c->arrival);
}

void
correlate_age(struct correlate *k, struct call *c, int64_t now)
{
    struct call own = *c;

    own.event_id = "";
    own.at = moment_utc(now);
    own.arrival = now;
    k->live_due = alarm_tick_live(k->alarms, &own, now);
    if (own.error)
        c->error = own.error;
}

/* The merged time up to which proof of what happens now may come. */
static int64_t
window_end(const struct correlate *k, const struct call *c)
{
    /* Merged by local digits, proof may come as much later as zones differ. */
    return c->at.t + PAIR_WINDOW + (k->n_clocks > 1 ? PAIR_UNKNOWN_WINDOW : 0);
}

/* True when 'ev' itself was kept for later. */
static bool
hold(struct correlate *k, struct call *c, const struct event *ev, int64_t arrival)
{
    int64_t due = window_end(k, c);

    if (!pair_wants(ev) || !c->at.known)
        return false;
    if (!pair_hold(k->pairs, ev, &c->at, due, arrival)) {
        correlate_release(k, c, PAIR_DUE);
        if (!pair_hold(k->pairs, ev, &c->at, due, arrival))
            return false;
    }
    if (!k->live && due < k->held_due)
        k->held_due = due;
    return true;
}

/* What the record says about copies and packages, beyond its own fault. */
static void
follow_copies(struct correlate *k, struct call *c, const struct event *ev)
{
    switch (ev->fact) {
    case FACT_COPY_OK:
        pair_copied(k->pairs, ev, &c->at, fault_server(ev));
        alarm_copied(k->alarms, c, ev);
        break;
    case FACT_PACKAGE_STORED:
        cargo_stored(k->alarms, c, ev);
        break;
    case FACT_NONE:
    case FACT_COPY_FAILED:
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

/* A record that is sent now, and what follows from it. */
static void
tell(struct correlate *k, struct call *c, struct event *ev, uint64_t run, bool quiet)
{
    struct run_lookup runs = stall_runs(k->stalls);
    struct str server = fault_server(ev);
    struct pair_late late[PAIR_LATE];
    unsigned n_late = 0;

    if (ev->fact == FACT_COPY_FAILED) {
        if (!pair_failure(k->pairs, ev, &c->at, run, server))
            c->error = -ENOMEM;
        n_late = pair_late(k->pairs, ev, &c->at, k->merged, &runs, late);
    }
    if (ev->log && ev->f.claimed)
        pair_link(k->pairs, ev, &c->at, window_end(k, c), &runs);
    send_event(c, ev);
    follow_copies(k, c, ev);
    if (n_late)
        server = meet_late(k, c, ev, late, n_late);
    if (ev->cls != CLASS_STALL && !quiet)
        raise_fault(k, c, ev, server, run, false);
    file_late(k, c, late, n_late, server, run);
}

/* The arrival that ages follow: none while history is read. */
static int64_t
live_arrival(const struct correlate *k, const struct call *c, const struct correlate_input *in)
{
    if (!k->live)
        return 0;
    if (in->history && c->at.known && c->at.clock == 0 && c->at.t < in->arrival)
        return c->at.t;
    return in->arrival;
}

int
correlate_event(struct correlate *k, struct arena *arena, const struct sink *sink, const struct correlate_input *in)
{
    struct origin *o = correlate_origin(k, in->source);
    struct event *ev = in->ev;
    struct call c = {.arena = arena, .sink = sink, .event_id = ""};
    uint64_t run = 0;
    bool quiet = false;

    if (!o)
        return -ENOMEM;
    c.at = input_moment(k, o, in);
    c.arrival = live_arrival(k, &c, in);
    /* A STATMSG line shows both: the log's digits and UTC (Q303279). */
    if (o->clock && ev->when.bias_known && ev->when.utc_known)
        pair_teach(k->pairs, o->clock, ev->when.bias * WHEN_MINUTE);
    if (c.at.known) {
        if (!o->last.known && !stall_idle(k->stalls))
            stall_adopt_time(k->stalls, &c.at, in->source);
        o->last = c.at;
        o->last.when.zone = STR_NONE;
        part_changed(&k->origin_parts, &o->part);
    }
    c.event_id = ev->id;
    if (!sequence_idle(k->sequences))
        sequence_heard(k->sequences, &c, ev, in->source);
    advance(k, &c, &c.at);
    c.event_id = ev->id;
    if (ev->fact == FACT_NONE && !event_class_is_fault(ev->cls) && !ev->worker_known && !ev->begins && !ev->continues
        && !ev->clears && correlate_idle(k)) {
        send_event(&c, ev);
        return c.error;
    }
    part_changed(&k->cores, &k->core);
    stall_before(k->stalls, &c, ev, in->source, &run, &quiet);
    if (!sequence_idle(k->sequences))
        sequence_before(k->sequences, &c, ev, in->source, &quiet);
    if (!hold(k, &c, ev, in->arrival)) {
        tell(k, &c, ev, run, quiet || sequence_holds(k->cat, ev));
        stall_after(k->stalls, &c, ev, in->source);
        if (ev->clears)
            alarm_clear_named(k->alarms, &c, ev);
    }
    if (ev->begins)
        sequence_after(k->sequences, &c, ev, in->source, run);
    correlate_note_due(k);
    return c.error;
}

int
correlate_finish(struct correlate *k, struct arena *arena, const struct sink *sink)
{
    struct call c = {.arena = arena, .sink = sink, .event_id = ""};

    correlate_release(k, &c, PAIR_ALL);
    stall_finish(k->stalls, &c);
    sequence_finish(k->sequences, &c);
    correlate_note_due(k);
    return c.error;
}

bool
correlate_idle(const struct correlate *k)
{
    return stall_idle(k->stalls) && sequence_deaf(k->sequences);
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
