/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm.c - the table of open alarms: describe, update, clear, rename.  What a
 * failure does to it is in alarm_fail.c, what time does in alarm_age.c.  Called by correlate.c,
 * cargo.c and stall.c; time comes with each call. */
#include "build.h"

#include "parsers/alarm.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/alarm_state.h"
#include "parsers/summary.h"
#include "parsers/when.h"

struct alarm_table *
alarm_table_new(const struct catalogue *cat, struct id_hasher *hasher)
{
    struct alarm_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->cat = cat;
    t->hasher = hasher;
    t->earliest = t->earliest_live = t->cleared_due = INT64_MAX;
    t->open_parts.kind = "alarm";
    t->cleared_parts.kind = "cleared";
    t->open = map_new(ALARM_OPEN_MAX);
    t->cleared = map_new(ALARM_CLEARED_MAX);
    if (!t->open || !t->cleared) {
        alarm_table_free(t);
        return NULL;
    }
    return t;
}

void
alarm_catalogue(struct alarm_table *t, const struct catalogue *cat)
{
    t->cat = cat;
}

const struct catalogue *
alarm_table_catalogue(const struct alarm_table *t)
{
    return t->cat;
}

bool
alarm_raises(const struct alarm_table *t, const struct event *ev)
{
    return event_class_is_fault(ev->cls) && catalogue_rule(t->cat, ev->cls)->raises && !ev->mute
           && ev->severity != SEVERITY_INFO;
}

void
alarm_forget(struct alarm *a)
{
    if (!a)
        return;
    free((void *) (uintptr_t) a->key.p);
    free(a->f);
    free(a->words);
    free(a->action);
    free(a);
}

void
alarm_table_free(struct alarm_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; t->open && i < map_count(t->open); i++)
        alarm_forget(map_at(t->open, i));
    for (unsigned i = 0; t->cleared && i < map_count(t->cleared); i++)
        free(map_at(t->cleared, i));
    map_free(t->open);
    map_free(t->cleared);
    parts_fini(&t->open_parts);
    parts_fini(&t->cleared_parts);
    free(t);
}

struct alarm *
alarm_find(struct alarm_table *t, struct str key)
{
    return map_get(t->open, key);
}

unsigned
alarm_open_count(const struct alarm_table *t)
{
    return map_count(t->open);
}

struct alarm *
alarm_at(struct alarm_table *t, unsigned i)
{
    return map_at(t->open, i);
}

void
alarm_changed(struct alarm_table *t, struct alarm *a)
{
    part_changed(&t->open_parts, &a->part);
}

const struct alarm_counters *
alarm_counters(const struct alarm_table *t)
{
    return &t->counters;
}

bool
moment_same_clock(const struct moment *a, const struct moment *b)
{
    return a->known && b->known && a->clock == b->clock;
}

bool
moment_before(const struct moment *a, const struct moment *b)
{
    return moment_same_clock(a, b) && a->t < b->t;
}

/* True when 'a' stands for nothing but silence. */
static bool
found_by_silence(const struct alarm_table *t, const struct alarm *a)
{
    for (unsigned i = 0; a->cls == CLASS_STALL && i < catalogue_sequences(t->cat); i++) {
        const struct catalogue_sequence *said = catalogue_sequence(t->cat, i);

        if (said->silence && str_eq(said->id, a->f->signature))
            return true;
    }
    return false;
}

const struct alarm_item *
alarm_describe(struct alarm_table *t, struct call *c, const struct alarm *a, enum alarm_state state,
               const char *reason)
{
    struct alarm_item *item = arena_zalloc(c->arena, sizeof *item);
    struct summary_extra extra = {.duration = -1, .works = a->works};
    char line[SUMMARY_SIZE];
    const struct moment *until = state == ALARM_CLEARED || moment_same_clock(&c->at, &a->first) ? &c->at : &a->last;

    if (!item) {
        c->error = c->error ? c->error : -ENOMEM;
        return NULL;
    }
    item->key = a->key;
    item->state = state;
    item->severity = a->severity;
    item->cls = a->cls;
    item->count = a->count;
    item->first = a->first.when;
    item->last = a->last.when;
    item->when = c->at.when;
    item->reason = reason ? arena_copy(c->arena, str_z(reason)) : STR_NONE;
    item->f = *a->f;
    item->f.cause_class = a->cls;
    item->event = c->event_id[0] ? arena_copy(c->arena, str_z(c->event_id)) : STR_NONE;
    if (state != ALARM_CLEARED && a->cls == CLASS_SELF)
        item->action = str_z(a->action);
    else if (state != ALARM_CLEARED)
        item->action = catalogue_action(t->cat, a->f, a->cls);
    catalogue_fit_articles(t->cat, a->cls, &item->f);
    if (moment_same_clock(until, &a->first) && until->t >= a->first.t)
        extra.duration = until->t - a->first.t;
    if (found_by_silence(t, a))
        extra.silent_since = &a->last.when;
    if (a->words) {
        item->summary = str_z(a->words);
        return item;
    }
    summary_alarm(item, &extra, line);
    item->summary = arena_copy(c->arena, str_z(line));
    return item;
}

/* Sends one change of 'a' and counts it. */
void
alarm_send(struct alarm_table *t, struct call *c, struct alarm *a, enum alarm_state state, const char *reason)
{
    const struct alarm_item *described = alarm_describe(t, c, a, state, reason);
    struct item out = {.kind = ITEM_ALARM};
    char id[EVENT_ID_SIZE];

    if (!described)
        return;
    if (!id_alarm(t->hasher, a->key, a->raise, a->change++, id)) {
        c->error = -ENOMEM;
        return;
    }
    memcpy(((struct alarm_item *) (uintptr_t) described)->id, id, sizeof id);
    out.alarm = described;
    a->told = c->at.when;
    a->told.zone = STR_NONE;
    alarm_changed(t, a);
    call_emit(c, &out);
    switch (state) {
    case ALARM_RAISED:
        t->counters.raised++;
        break;
    case ALARM_UPDATED:
        t->counters.updated++;
        break;
    case ALARM_CLEARED:
        t->counters.cleared++;
        break;
    }
}

/* The severity 'a' has by itself: its class, evidence, count and age. */
enum severity
alarm_severity(const struct alarm_table *t, const struct alarm *a)
{
    const struct catalogue_rule *rule = catalogue_rule(t->cat, a->cls);
    enum severity s = catalogue_advice(t->cat, a->cls)->severity;

    if (a->cls == CLASS_SELF)
        return a->floor;
    /* What only claims that a disk is full weighs what its record does. */
    if (a->cls == CLASS_DISK_FULL && a->f->confidence != CONFIDENCE_CONFIRMED)
        s = SEVERITY_WARNING;
    if (a->cls == CLASS_STALL && a->confirmed && !a->works)
        s = SEVERITY_CRITICAL;
    if (rule->escalate_count && a->count >= rule->escalate_count && rule->count_severity < s)
        s = rule->count_severity;
    if (a->escalated && rule->after_severity < s)
        s = rule->after_severity;
    return a->floor < s ? a->floor : s;
}

/* What a failing file is remembered by.  A path with a drive letter is one of
 * the computer that wrote the record; a UNC path is itself wherever it stands. */
static uint64_t
file_hash(struct str path, struct str host)
{
    uint64_t h = alarm_hash(path);

    return str_starts(path, STR("\\\\")) ? h : h * 31 + alarm_hash(host);
}

void
alarm_add_file(struct alarm_table *t, struct alarm *a, struct str path, struct str host)
{
    uint64_t h = file_hash(path, host);

    if (path.n == 0) {
        /* A component that failed at something without a name: no one instruction mends that. */
        if (str_starts(a->key, STR("comp:")) && a->cls != CLASS_SELF && a->more_files == 0) {
            alarm_changed(t, a);
            a->more_files = 1;
        }
        return;
    }
    for (unsigned i = 0; i < a->n_files; i++)
        if (a->file[i] == h)
            return;
    if (a->n_files == ALARM_FILES) {
        alarm_changed(t, a);
        a->more_files++;
        return;
    }
    alarm_changed(t, a);
    a->file[a->n_files++] = h;
    if (t->waiting[h % ALARM_WAITING] < UINT16_MAX)
        t->waiting[h % ALARM_WAITING]++;
}

/* A saturated count is left alone: it only costs a look. */
static void
stop_waiting(struct alarm_table *t, uint64_t h)
{
    if (t->waiting[h % ALARM_WAITING] < UINT16_MAX)
        t->waiting[h % ALARM_WAITING]--;
}

bool
alarm_replace_facts(struct call *c, struct alarm *a, const struct facts *f, bool fill)
{
    struct facts merged = *f, *kept;

    if (fill)
        facts_fill(&merged, a->f);
    kept = keep_facts(&merged);
    if (!kept) {
        c->error = c->error ? c->error : -ENOMEM;
        return false;
    }
    free(a->f);
    a->f = kept;
    return true;
}

/* Room for one more: the open alarm that was last heard of longest ago goes,
 * with a clear that says so, never in silence. */
void
alarm_evict(struct alarm_table *t, struct call *c)
{
    struct alarm *oldest = NULL;

    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        /* What we say of ourselves goes last: it explains the rest. */
        if (!oldest || (a->cls != CLASS_SELF && oldest->cls == CLASS_SELF)
            || ((a->cls == CLASS_SELF) == (oldest->cls == CLASS_SELF) && a->last.t < oldest->last.t))
            oldest = a;
    }
    if (oldest) {
        t->counters.evicted++;
        alarm_clear(t, c, oldest, "evicted: too many open alarms", false);
    }
}

void
alarm_update(struct alarm_table *t, struct call *c, struct alarm *a, const char *reason)
{
    a->severity = alarm_severity(t, a);
    alarm_send(t, c, a, ALARM_UPDATED, reason);
}

/* The last one moves into the gap, and has another number then. */
static void
take_out(struct alarm_table *t, struct alarm *a)
{
    struct alarm *last = map_at(t->open, map_count(t->open) - 1);

    map_take(t->open, a->key);
    if (last != a)
        alarm_changed(t, last);
}

void
alarm_clear(struct alarm_table *t, struct call *c, struct alarm *a, const char *reason, bool watch)
{
    alarm_send(t, c, a, ALARM_CLEARED, reason);
    alarm_remember(t, c, a, watch);
    alarm_drop(t, a);
}

void
alarm_drop(struct alarm_table *t, struct alarm *a)
{
    take_out(t, a);
    part_gone(&t->open_parts, &a->part);
    for (unsigned i = 0; i < a->n_files; i++)
        stop_waiting(t, a->file[i]);
    alarm_forget(a);
}

bool
alarm_rename(struct alarm_table *t, struct call *c, struct alarm *a, struct str key, struct str server)
{
    struct facts f = *a->f;
    struct cleared *before;
    char *p;

    if (str_eq(a->key, key))
        return true;
    if (map_get(t->open, key)) {
        char reason[ALARM_KEY_MAX + 16];

        memcpy(reason, "same as ", 8);
        memcpy(reason + 8, key.p, key.n);
        reason[8 + key.n] = '\0';
        alarm_clear(t, c, a, reason, false);
        return false;
    }
    p = keep_str(key);
    if (!p) {
        c->error = c->error ? c->error : -ENOMEM;
        return true;
    }
    alarm_send(t, c, a, ALARM_CLEARED, "renamed");
    alarm_remember_raise(t, c, a);
    take_out(t, a);
    alarm_changed(t, a);
    free((void *) (uintptr_t) a->key.p);
    a->key = str_make(p, key.n);
    before = map_get(t->cleared, key);
    if (before && before->raise >= a->raise)
        a->raise = before->raise + 1;
    a->change = 0;
    if (!map_put(t->open, a->key, a)) {
        part_gone(&t->open_parts, &a->part);
        alarm_forget(a);
        c->error = c->error ? c->error : -ENOMEM;
        return true;
    }
    if (str_has(server))
        f.server = server;
    if (alarm_replace_facts(c, a, &f, false))
        alarm_send(t, c, a, ALARM_RAISED, NULL);
    return true;
}

void
alarm_redate(struct alarm_table *t, struct alarm *a, const struct moment *from, const struct moment *to)
{
    struct moment *m[] = {&a->first, &a->last};

    for (unsigned i = 0; i < 2; i++)
        if (moment_same_clock(m[i], from) && m[i]->t == from->t) {
            *m[i] = *to;
            m[i]->when.zone = STR_NONE;
            alarm_changed(t, a);
        }
    for (unsigned i = 0; i < a->n_past && i < ALARM_PAST; i++)
        if (a->past[i].clock == from->clock && a->past[i].t == from->t) {
            a->past[i].clock = to->clock;
            a->past[i].t = to->t;
            alarm_changed(t, a);
        }
    alarm_note(t, a);
}

/* True when 'a' waited for it. */
static bool
take_file(struct alarm_table *t, struct alarm *a, uint64_t h)
{
    for (unsigned k = 0; k < a->n_files; k++)
        if (a->file[k] == h) {
            a->file[k] = a->file[--a->n_files];
            alarm_changed(t, a);
            stop_waiting(t, h);
            return true;
        }
    return false;
}

void
alarm_copied(struct alarm_table *t, struct call *c, const struct event *ev)
{
    struct str package = ev->f.package;
    uint64_t h = file_hash(str_has(ev->f.target) ? ev->f.target : ev->f.file, ev->f.host);

    if (!t->waiting[h % ALARM_WAITING])
        return;
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        if (moment_before(&c->at, &a->last))
            continue;
        if (package.n && a->f->package.n && !str_case_eq(package, a->f->package))
            continue;
        if (take_file(t, a, h) && a->n_files == 0 && a->more_files == 0) {
            alarm_clear(t, c, a, "all files copied", false);
            i--;
        }
    }
}

void
alarm_executed(struct alarm_table *t, struct call *c, struct str host, struct str stem)
{
    uint64_t h = file_hash(stem, host);

    if (!t->waiting[h % ALARM_WAITING])
        return;
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        if (!str_starts(a->key, STR("comp:")) || moment_before(&c->at, &a->last) || !take_file(t, a, h)
            || a->n_files || a->more_files)
            continue;
        alarm_clear(t, c, a, "instruction executed", false);
        i--;
    }
}
