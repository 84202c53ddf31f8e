/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_fail.c - one more failure under a key: the first one raises, the same
 * one again adds what it knows, another one counts.  Called by correlate.c and
 * stall.c through alarm_fail(). */
#include "build.h"

#include "parsers/alarm.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/alarm_state.h"
#include "parsers/when.h"

/* Design section 5, "Alarms". */
#define ALARM_WATCH WHEN_DAY
#define ALARM_SAME_FAILURE WHEN_MINUTE
/* Times of unknown zone may be this much off, and still be the same failure. */
#define ALARM_UNKNOWN_ZONE (14 * WHEN_HOUR)

/* How a failure stands to what the open alarm of its key heard last. */
enum kinship { KIN_SAME, KIN_NEWER, KIN_OLDER };

static bool
near(const struct moment *a, const struct moment *b)
{
    int64_t apart = a->t > b->t ? a->t - b->t : b->t - a->t;

    if (!a->known || !b->known)
        return true;
    return apart <= ALARM_SAME_FAILURE + (a->clock == b->clock ? 0 : ALARM_UNKNOWN_ZONE);
}

/* One failure is one instruction run, or 60 s without one; a report belongs to
 * the failure whose lines stand near it, run or none. */
static enum kinship
kinship(const struct call *c, const struct alarm *a, const struct failure_report *r)
{
    if (r->run && a->run ? r->run == a->run : near(&c->at, &a->last))
        return KIN_SAME;
    return moment_before(&c->at, &a->last) ? KIN_OLDER : KIN_NEWER;
}

static void
remember(struct alarm *a, const struct moment *at, uint64_t run)
{
    if (at->known)
        a->past[a->n_past++ % ALARM_PAST] = (struct alarm_past){at->t, at->clock, run};
}

/* True when 'r', older than what 'a' heard last, is of a failure that was
 * counted before that: reports may be told later than what came after them. */
static bool
counted_before(struct alarm *a, const struct call *c, const struct failure_report *r)
{
    struct alarm_past *best = NULL;

    for (unsigned i = 0; i < a->n_past && i < ALARM_PAST; i++) {
        struct alarm_past *p = &a->past[i];
        struct moment at = {.known = true, .clock = p->clock, .t = p->t};

        if ((r->run && p->run ? r->run == p->run : near(&c->at, &at)) && (!best || p->t > best->t))
            best = p;
    }
    if (best) {
        /* It lasts as long as one follows another within the minute. */
        if (best->clock == c->at.clock && c->at.t > best->t)
            best->t = c->at.t;
        return true;
    }
    return a->first.known && !r->run && near(&c->at, &a->first);
}

/* It follows record time, so that it is new even when the key's last clear has
 * long been forgotten. */
uint64_t
alarm_raise_number(const struct call *c, uint64_t before)
{
    uint64_t stamp = c->at.known && c->at.t > 0 ? (uint64_t) (c->at.t / WHEN_SECOND) : 1;

    return stamp > before ? stamp : before + 1;
}

struct alarm *
alarm_make(struct alarm_table *t, struct call *c, struct str key, const struct facts *f)
{
    struct alarm *a;

    if (map_count(t->open) == ALARM_OPEN_MAX)
        alarm_evict(t, c);
    a = calloc(1, sizeof *a);
    if (!a || !(a->key.p = keep_str(key)) || !(a->f = keep_facts(f)))
        goto fail;
    a->key.n = key.n;
    a->part.id = ++t->n_parts;
    alarm_changed(t, a);
    if (map_put(t->open, a->key, a))
        return a;
    part_gone(&t->open_parts, &a->part);
fail:
    alarm_forget(a);
    c->error = c->error ? c->error : -ENOMEM;
    return NULL;
}

static struct alarm *
raise_new(struct alarm_table *t, struct call *c, const struct failure_report *r, const struct cleared *before)
{
    struct alarm *a = alarm_make(t, c, r->key, r->f);

    if (!a)
        return NULL;
    a->cls = r->cls;
    a->floor = r->severity;
    a->first = a->last = c->at;
    a->first.when.zone = a->last.when.zone = STR_NONE;
    a->strength = alarm_strength(r->f->basis);
    a->run = r->run;
    a->raise = alarm_raise_number(c, before ? before->raise : 0);
    a->count = 1;
    a->since = a->heard = c->arrival;
    if (before && before->watch && c->at.known && before->at.clock == c->at.clock
        && c->at.t - before->at.t <= ALARM_WATCH) {
        a->count = before->count + 1;
        a->first = before->first;
        if (a->since && moment_same_clock(&a->first, &c->at))
            a->since -= c->at.t - a->first.t;
    }
    alarm_add_file(t, a, r->path, r->f->host);
    a->severity = alarm_severity(t, a);
    alarm_note(t, a);
    alarm_send(t, c, a, ALARM_RAISED, NULL);
    return a;
}

/* The old class ends and the new one begins, one after the other in the same
 * journal transaction; count and first go on. */
static void
reclassify(struct alarm_table *t, struct call *c, struct alarm *a, const struct failure_report *r)
{
    alarm_send(t, c, a, ALARM_CLEARED, "reclassified");
    a->cls = r->cls;
    a->floor = r->severity;
    a->escalated = false;
    a->raise++;
    a->change = 0;
    if (!alarm_replace_facts(c, a, r->f, true))
        return;
    a->severity = alarm_severity(t, a);
    alarm_note(t, a);
    alarm_send(t, c, a, ALARM_RAISED, NULL);
}

/* What a receiver would want to be told again. */
static bool
worth_telling(const struct facts *old, const struct facts *new)
{
    return old->misreported != new->misreported || old->claimed != new->claimed || old->basis != new->basis
           || old->confidence != new->confidence || old->win32_known != new->win32_known
           || old->win32 != new->win32 || !str_eq(old->server, new->server) || !str_eq(old->share, new->share);
}

/* The facts of 'new', with what 'old' knew of the same failure: more of it
 * never takes away what was learned. */
static struct facts
join(const struct facts *old, const struct facts *new, bool same)
{
    struct facts f = *new;

    facts_fill(&f, old);
    if (!same)
        return f;
    if (old->claimed && !f.claimed) {
        f.claimed = true;
        f.claim_class = old->claim_class;
        f.figures = old->figures;
        f.misreported = old->misreported;
    }
    if (f.confidence < old->confidence)
        f.confidence = old->confidence;
    if (f.basis == BASIS_CODE && old->basis == BASIS_LOG_MATCH)
        f.basis = old->basis;
    if (f.n_evidence == 0) {
        f.n_evidence = old->n_evidence;
        memcpy(f.evidence, old->evidence, sizeof f.evidence);
    }
    return f;
}

/* The alarm was heard of at 'c'. */
static void
touch(struct alarm_table *t, const struct call *c, struct alarm *a)
{
    /* Reports may be told later than what came after them. */
    bool first = c->at.known && a->first.known
                 && c->at.t < a->first.t - (a->first.clock == c->at.clock ? 0 : ALARM_UNKNOWN_ZONE);
    bool later = !a->last.known || (a->last.clock == c->at.clock ? c->at.t > a->last.t
                                                                 : c->at.t > a->last.t + ALARM_UNKNOWN_ZONE);

    if (first) {
        a->first = c->at;
        a->first.when.zone = STR_NONE;
        alarm_note(t, a);
    }
    if (!c->at.known || !later)
        return;
    a->last = c->at;
    a->last.when.zone = STR_NONE;
    if (!a->first.known)
        a->first = a->last;
    if (c->arrival > a->heard)
        a->heard = c->arrival;
    alarm_note(t, a);
}

/* Recomputes the severity, and tells it when it changed or 'tell' is true. */
static void
settle(struct alarm_table *t, struct call *c, struct alarm *a, bool tell)
{
    enum severity before = a->severity;

    a->severity = alarm_severity(t, a);
    if (tell || a->severity != before)
        alarm_send(t, c, a, ALARM_UPDATED, NULL);
}

static struct alarm *
fail_again(struct alarm_table *t, struct call *c, struct alarm *a, const struct failure_report *r)
{
    enum kinship kin = kinship(c, a, r);
    enum strength strength = alarm_strength(r->f->basis);
    /* That something is tried again says nothing of why it failed. */
    bool retry = r->cls == CLASS_RETRY && a->cls != CLASS_RETRY;
    bool late = kin == KIN_OLDER && !retry && !r->proven && !counted_before(a, c, r);
    struct facts f;

    alarm_changed(t, a);
    /* The line that proves it was counted when it came; the alarm has gone on. */
    if (r->proven && kin != KIN_SAME)
        return a;
    if (kin == KIN_NEWER && !retry) {
        a->count++;
        remember(a, &a->last, a->run);
    }
    if (late) {
        a->count++;
        remember(a, &c->at, r->run);
    }
    if (kin == KIN_NEWER && !retry)
        a->strength = STRENGTH_TEXT;
    if (r->corrects && a->cls == r->was && a->strength == STRENGTH_SHAPE)
        a->strength = STRENGTH_TEXT;
    if (r->run && kin != KIN_OLDER)
        a->run = r->run;
    if (kin != KIN_OLDER)
        alarm_add_file(t, a, r->path, r->f->host);
    touch(t, c, a);
    if (r->severity < a->floor)
        a->floor = r->severity;
    if (retry || kin == KIN_OLDER || strength < a->strength) {
        settle(t, c, a, late);
        return a;
    }
    if (r->cls != a->cls) {
        /* Files of one failure may have failed for several reasons: the first
         * one names it, unless another is proved better or weighs more. */
        if (kin == KIN_NEWER || strength > a->strength || r->proven || r->severity < a->severity) {
            a->strength = strength;
            reclassify(t, c, a, r);
        }
        return a;
    }
    a->strength = strength;
    f = join(a->f, r->f, kin == KIN_SAME);
    if (kin == KIN_SAME && !worth_telling(a->f, &f)) {
        settle(t, c, a, false);
        return a;
    }
    if (alarm_replace_facts(c, a, &f, false))
        settle(t, c, a, true);
    return a;
}

struct alarm *
alarm_fail(struct alarm_table *t, struct call *c, const struct failure_report *r)
{
    struct alarm *a = map_get(t->open, r->key);
    struct cleared *before = map_get(t->cleared, r->key);

    /* Also while it is open again: what was before its last clear is no part of
     * what was raised after it. */
    if (before && moment_before(&c->at, &before->at)) {
        alarm_count_stale(t, before, !r->proven);
        return NULL;
    }
    return a ? fail_again(t, c, a, r) : raise_new(t, c, r, before);
}
