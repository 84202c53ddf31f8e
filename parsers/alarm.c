/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm.c - raise, count, update, reclassify, clear, age.  Called by
 * correlate.c, pair.c and stall.c; time comes with each call. */
#include "build.h"

#include "parsers/alarm.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/alarm_state.h"
#include "parsers/summary.h"
#include "parsers/when.h"

/* Ages of design section 5. */
#define ALARM_ESCALATE_CONTENTION (2 * WHEN_HOUR)
#define ALARM_ESCALATE_EMPTIED WHEN_HOUR
#define ALARM_AGE (8 * WHEN_DAY)
#define ALARM_CLEARED_KEPT (7 * WHEN_DAY)
#define ALARM_WATCH WHEN_DAY
#define ALARM_SAME_FAILURE WHEN_MINUTE

struct alarm_table *
alarm_table_new(const struct catalogue *cat, struct id_hasher *hasher)
{
    struct alarm_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->cat = cat;
    t->hasher = hasher;
    t->earliest = INT64_MAX;
    t->open = map_new(ALARM_OPEN_MAX);
    t->cleared = map_new(ALARM_CLEARED_MAX);
    if (!t->open || !t->cleared) {
        alarm_table_free(t);
        return NULL;
    }
    return t;
}

void
alarm_forget(struct alarm *a)
{
    if (!a)
        return;
    free((void *) (uintptr_t) a->key.p);
    free(a->f);
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
    free(t);
}

/* After a reload: advice comes from the new set from here on. */
void
alarm_table_catalogue(struct alarm_table *t, const struct catalogue *cat)
{
    t->cat = cat;
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

int64_t
alarm_earliest(const struct alarm_table *t)
{
    return t->earliest;
}

const struct alarm_counters *
alarm_counters(const struct alarm_table *t)
{
    return &t->counters;
}

static bool
same_clock(const struct moment *a, const struct moment *b)
{
    return a->known && b->known && a->clock == b->clock;
}

const struct alarm_item *
alarm_describe(struct alarm_table *t, struct call *c, const struct alarm *a, enum alarm_state state,
               const char *reason)
{
    struct alarm_item *item = arena_zalloc(c->arena, sizeof *item);
    struct summary_extra extra = {.duration = -1, .works = a->works};
    const struct catalogue_advice *advice = catalogue_advice(t->cat, a->cls);
    char line[SUMMARY_SIZE];
    const struct moment *until = state == ALARM_CLEARED || same_clock(&c->at, &a->first) ? &c->at : &a->last;

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
    item->reason = str_z(reason);
    item->f = *a->f;
    item->f.cause_class = a->cls;
    item->event = c->event_id[0] ? arena_copy(c->arena, str_z(c->event_id)) : STR_NONE;
    if (state != ALARM_CLEARED && advice)
        item->action = advice->action;
    if (advice && str_has(advice->article) && item->f.n_articles == 0)
        item->f.article[item->f.n_articles++] = advice->article;
    if (same_clock(until, &a->first) && until->t >= a->first.t)
        extra.duration = until->t - a->first.t;
    summary_alarm(item, &extra, line);
    item->summary = arena_copy(c->arena, str_z(line));
    return item;
}

/* Sends one change of 'a' and counts it. */
static void
send_change(struct alarm_table *t, struct call *c, struct alarm *a, enum alarm_state state, const char *reason)
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
static enum severity
own_severity(const struct alarm_table *t, const struct alarm *a)
{
    const struct catalogue_advice *advice = catalogue_advice(t->cat, a->cls);
    enum severity s = advice ? advice->severity : SEVERITY_MINOR;

    switch (a->cls) {
    case CLASS_FILE_CONTENTION:
        s = a->count >= 3 || a->escalated ? SEVERITY_MAJOR : SEVERITY_MINOR;
        break;
    case CLASS_DISK_FULL:
        s = a->f->confidence == CONFIDENCE_CONFIRMED ? SEVERITY_MAJOR : SEVERITY_WARNING;
        break;
    case CLASS_PACKAGE_EMPTIED:
        s = a->escalated ? SEVERITY_CRITICAL : SEVERITY_MAJOR;
        break;
    case CLASS_STALL:
        s = a->confirmed && !a->works ? SEVERITY_CRITICAL : SEVERITY_MAJOR;
        break;
    case CLASS_UNCLASSIFIED:
    case CLASS_ACCESS_DENIED:
    case CLASS_NETWORK:
    case CLASS_NOT_FOUND:
    case CLASS_CORRUPT_DATA:
    case CLASS_CONFIGURATION:
    case CLASS_SERVICE:
    case CLASS_DATABASE:
    case CLASS_RETRY:
    case CLASS_RESTART:
    case CLASS_RECOVERED:
    case CLASS_ACTIVITY:
    case CLASS_SELF:
    case CLASS_COUNT:
        break;
    }
    return a->floor < s ? a->floor : s;
}

int64_t
alarm_due(const struct alarm *a)
{
    int64_t due;

    if (!a->first.known)
        return INT64_MAX;
    due = a->last.t + ALARM_AGE;
    if (!a->escalated && a->cls == CLASS_FILE_CONTENTION && a->first.t + ALARM_ESCALATE_CONTENTION < due)
        due = a->first.t + ALARM_ESCALATE_CONTENTION;
    if (!a->escalated && a->cls == CLASS_PACKAGE_EMPTIED && a->first.t + ALARM_ESCALATE_EMPTIED < due)
        due = a->first.t + ALARM_ESCALATE_EMPTIED;
    return due;
}

/* The clock's next alarm_tick() must not come after this alarm is due. */
static void
note_due(struct alarm_table *t, const struct alarm *a)
{
    int64_t due = alarm_due(a);

    if (due < t->earliest)
        t->earliest = due;
}

static void
add_file(struct alarm_table *t, struct alarm *a, struct str path)
{
    uint64_t h = alarm_hash(path);

    if (path.n == 0)
        return;
    for (unsigned i = 0; i < a->n_files; i++)
        if (a->file[i] == h)
            return;
    if (a->n_files == ALARM_FILES) {
        a->more_files++;
        return;
    }
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

static bool
replace_facts(struct call *c, struct alarm *a, const struct facts *f, bool fill)
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
static void
evict_one(struct alarm_table *t, struct call *c)
{
    struct alarm *oldest = NULL;

    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        if (!oldest || a->last.t < oldest->last.t)
            oldest = a;
    }
    if (oldest) {
        t->counters.evicted++;
        alarm_clear(t, c, oldest, "evicted: too many open alarms", false);
    }
}

static struct alarm *
raise_new(struct alarm_table *t, struct call *c, const struct failure_report *r, const struct cleared *before)
{
    struct alarm *a;

    if (map_count(t->open) == ALARM_OPEN_MAX)
        evict_one(t, c);
    a = calloc(1, sizeof *a);
    if (!a || !(a->key.p = keep_str(r->key)) || !(a->f = keep_facts(r->f)))
        goto fail;
    a->key.n = r->key.n;
    a->cls = r->cls;
    a->floor = r->severity;
    a->first = a->last = c->at;
    a->first.when.zone = a->last.when.zone = STR_NONE;
    a->strength = alarm_strength(r->f->basis);
    a->run = r->run;
    a->raise = before ? before->raise + 1 : 1;
    a->count = 1;
    if (before && before->watch && c->at.known && before->at.clock == c->at.clock
        && c->at.t - before->at.t <= ALARM_WATCH) {
        a->count = before->count + 1;
        a->first = before->first;
    }
    add_file(t, a, r->path);
    a->severity = own_severity(t, a);
    if (!map_put(t->open, a->key, a))
        goto fail;
    note_due(t, a);
    send_change(t, c, a, ALARM_RAISED, NULL);
    return a;
fail:
    alarm_forget(a);
    c->error = c->error ? c->error : -ENOMEM;
    return NULL;
}

/* The old class ends and the new one begins, one after the other in the same
 * journal transaction; count and first go on. */
static void
reclassify(struct alarm_table *t, struct call *c, struct alarm *a, const struct failure_report *r)
{
    send_change(t, c, a, ALARM_CLEARED, "reclassified");
    a->cls = r->cls;
    a->floor = r->severity;
    a->escalated = false;
    a->raise++;
    a->change = 0;
    if (!replace_facts(c, a, r->f, true))
        return;
    a->severity = own_severity(t, a);
    note_due(t, a);
    send_change(t, c, a, ALARM_RAISED, NULL);
}

/* What a receiver would want to be told again. */
static bool
worth_telling(const struct facts *old, const struct facts *new)
{
    return old->misreported != new->misreported || old->claimed != new->claimed || old->basis != new->basis
           || old->confidence != new->confidence || old->win32_known != new->win32_known
           || old->win32 != new->win32 || !str_eq(old->server, new->server) || !str_eq(old->share, new->share);
}

static struct alarm *
fail_again(struct alarm_table *t, struct call *c, struct alarm *a, const struct failure_report *r)
{
    enum strength strength = alarm_strength(r->f->basis);
    bool same = r->run ? r->run == a->run
                       : !c->at.known || !same_clock(&c->at, &a->last)
                             || (c->at.t - a->last.t <= ALARM_SAME_FAILURE
                                 && a->last.t - c->at.t <= ALARM_SAME_FAILURE);
    /* A 109 belongs to the failure whose lines stand near it, run or none. */
    if (!same && c->at.known && same_clock(&c->at, &a->last) && (r->run == 0) != (a->run == 0))
        same = c->at.t - a->last.t <= ALARM_SAME_FAILURE && a->last.t - c->at.t <= ALARM_SAME_FAILURE;
    enum severity before = a->severity;
    struct facts old = *a->f;
    bool tell = !same;

    if (!same) {
        a->count++;
        a->strength = STRENGTH_TEXT;
    }
    if (r->run)
        a->run = r->run;
    add_file(t, a, r->path);
    if (c->at.known && (!same_clock(&c->at, &a->last) ? !a->last.known : c->at.t > a->last.t)) {
        a->last = c->at;
        a->last.when.zone = STR_NONE;
        if (!a->first.known)
            a->first = a->last;
        note_due(t, a);
    }
    if (r->severity < a->floor)
        a->floor = r->severity;
    if (strength < a->strength)
        return a;
    a->strength = strength;
    if (r->cls != a->cls) {
        reclassify(t, c, a, r);
        return a;
    }
    if (!same || worth_telling(&old, r->f)) {
        struct facts *keep = a->f;
        struct facts merged = *r->f;

        /* More of the same failure never takes away what was learned. */
        facts_fill(&merged, keep);
        if (same && keep->claimed && !merged.claimed) {
            merged.claimed = true;
            merged.claim_class = keep->claim_class;
            merged.figures = keep->figures;
            merged.misreported = keep->misreported;
        }
        if (same && merged.confidence < keep->confidence)
            merged.confidence = keep->confidence;
        if (same && merged.basis == BASIS_CODE && keep->basis == BASIS_LOG_MATCH)
            merged.basis = keep->basis;
        if (same && merged.n_evidence == 0) {
            merged.n_evidence = keep->n_evidence;
            memcpy(merged.evidence, keep->evidence, sizeof merged.evidence);
        }
        tell = tell || worth_telling(&old, &merged);
        if (tell)
            replace_facts(c, a, &merged, false);
    }
    a->severity = own_severity(t, a);
    if (tell || a->severity != before)
        send_change(t, c, a, ALARM_UPDATED, NULL);
    return a;
}

struct alarm *
alarm_fail(struct alarm_table *t, struct call *c, const struct failure_report *r)
{
    struct alarm *a = map_get(t->open, r->key);
    struct cleared *before;

    if (a)
        return fail_again(t, c, a, r);
    before = map_get(t->cleared, r->key);
    if (before && c->at.known && before->at.known && before->at.clock == c->at.clock && c->at.t < before->at.t) {
        before->count++;
        t->counters.stale++;
        return NULL;
    }
    return raise_new(t, c, r, before);
}

void
alarm_update(struct alarm_table *t, struct call *c, struct alarm *a, const char *reason)
{
    a->severity = own_severity(t, a);
    send_change(t, c, a, ALARM_UPDATED, reason);
}

/* Remembers when and how 'a' ended, for late records and for the next raise. */
static void
remember_clear(struct alarm_table *t, struct call *c, const struct alarm *a, bool watch)
{
    struct cleared *x = map_get(t->cleared, a->key);

    if (!x) {
        if (map_count(t->cleared) == ALARM_CLEARED_MAX)
            alarm_forget_cleared(t);
        x = calloc(1, sizeof *x);
        if (!x || !map_put(t->cleared, a->key, x)) {
            free(x);
            c->error = c->error ? c->error : -ENOMEM;
            return;
        }
    }
    x->at = c->at;
    x->at.when = (struct when){0};
    x->first = a->first;
    x->raise = a->raise;
    x->count = a->count;
    x->watch = watch;
}

void
alarm_clear(struct alarm_table *t, struct call *c, struct alarm *a, const char *reason, bool watch)
{
    send_change(t, c, a, ALARM_CLEARED, reason);
    remember_clear(t, c, a, watch);
    map_take(t->open, a->key);
    for (unsigned i = 0; i < a->n_files; i++)
        stop_waiting(t, a->file[i]);
    alarm_forget(a);
}

void
alarm_rename(struct alarm_table *t, struct call *c, struct alarm *a, struct str key)
{
    char *p;

    if (str_eq(a->key, key) || map_get(t->open, key))
        return;
    p = keep_str(key);
    if (!p) {
        c->error = c->error ? c->error : -ENOMEM;
        return;
    }
    map_take(t->open, a->key);
    free((void *) (uintptr_t) a->key.p);
    a->key = str_make(p, key.n);
    a->cause_moved = true;
    if (!map_put(t->open, a->key, a)) {
        alarm_forget(a);
        c->error = c->error ? c->error : -ENOMEM;
    }
}

void
alarm_copied(struct alarm_table *t, struct call *c, struct str package, struct str path)
{
    uint64_t h = alarm_hash(path);

    if (!t->waiting[h % ALARM_WAITING])
        return;
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);
        bool hit = false;

        if (same_clock(&c->at, &a->last) && c->at.t < a->last.t)
            continue;
        if (package.n && a->f->package.n && !str_case_eq(package, a->f->package))
            continue;
        for (unsigned k = 0; k < a->n_files; k++)
            if (a->file[k] == h) {
                a->file[k] = a->file[--a->n_files];
                stop_waiting(t, h);
                hit = true;
                break;
            }
        if (hit && a->n_files == 0 && a->more_files == 0) {
            alarm_clear(t, c, a, "all files copied", false);
            i--;
        }
    }
}

int64_t
alarm_tick(struct alarm_table *t, struct call *c, uint32_t clock, int64_t now)
{
    t->earliest = INT64_MAX;
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        if (!a->first.known || a->first.clock != clock)
            continue;
        if (now >= a->last.t + ALARM_AGE) {
            t->counters.aged++;
            alarm_clear(t, c, a, "aged: state unknown", false);
            i--;
            continue;
        }
        if (now >= alarm_due(a)) {
            enum severity before = a->severity;

            a->escalated = true;
            a->severity = own_severity(t, a);
            if (a->severity != before)
                send_change(t, c, a, ALARM_UPDATED, "escalated: still open");
        }
        note_due(t, a);
    }
    return t->earliest;
}
