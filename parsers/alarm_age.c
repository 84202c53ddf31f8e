/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_age.c - what time alone does to open alarms: they weigh more for
 * having stood long, and end when nobody has heard of them for long enough
 * (design section 5).  By record time while history is read, by arrival after
 * that; correlate.c says which. */
#include "build.h"

#include "parsers/alarm.h"

#include "parsers/alarm_state.h"
#include "parsers/when.h"

int64_t
alarm_earliest(const struct alarm_table *t)
{
    return t->earliest < t->cleared_due ? t->earliest : t->cleared_due;
}

int64_t
alarm_earliest_live(const struct alarm_table *t)
{
    return t->earliest_live < t->cleared_due ? t->earliest_live : t->cleared_due;
}

/* When 'a' ages, counted from 'last'; what we say of ourselves never does:
 * whoever raised it knows when it ends. */
static int64_t
age_due(const struct alarm_table *t, const struct alarm *a, bool known, int64_t last)
{
    return known && a->cls != CLASS_SELF ? last + catalogue_rule(t->cat, a->cls)->age : INT64_MAX;
}

/* When it weighs more for having stood since 'first'. */
static int64_t
escalation_due(const struct alarm_table *t, const struct alarm *a, bool known, int64_t first)
{
    int64_t after = catalogue_rule(t->cat, a->cls)->escalate_after;

    return a->escalated || !known || !after ? INT64_MAX : first + after;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The next tick must not come after this alarm is due. */
void
alarm_note(struct alarm_table *t, const struct alarm *a)
{
    t->earliest = least(t->earliest, least(age_due(t, a, a->last.known, a->last.t),
                                           escalation_due(t, a, a->first.known, a->first.t)));
    t->earliest_live = least(t->earliest_live, least(age_due(t, a, true, a->heard), escalation_due(t, a, true, a->since)));
}

static void
age(struct alarm_table *t, struct call *c, struct alarm *a)
{
    t->counters.aged++;
    alarm_clear(t, c, a, "aged: state unknown", false);
}

static void
escalate(struct alarm_table *t, struct call *c, struct alarm *a)
{
    enum severity before = a->severity;

    a->escalated = true;
    a->severity = alarm_severity(t, a);
    alarm_changed(t, a);
    if (a->severity != before)
        alarm_send(t, c, a, ALARM_UPDATED, "escalated: still open");
}

int64_t
alarm_tick(struct alarm_table *t, struct call *c, uint32_t clock, int64_t now)
{
    int64_t due = INT64_MAX;

    t->earliest = INT64_MAX;
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);
        bool first = a->first.known && a->first.clock == clock, last = a->last.known && a->last.clock == clock;

        if (now >= age_due(t, a, last, a->last.t)) {
            age(t, c, a);
            i--;
            continue;
        }
        if (now >= escalation_due(t, a, first, a->first.t))
            escalate(t, c, a);
        due = least(due, least(age_due(t, a, last, a->last.t), escalation_due(t, a, first, a->first.t)));
    }
    if (clock == 0) {
        alarm_forget_cleared(t, now);
        due = least(due, t->cleared_due);
    }
    return due;
}

/* By its own time as long as nobody saw it arrive. */
static int64_t
arrival_of(const struct moment *m, int64_t now)
{
    return m->known && m->clock == 0 && m->t < now ? m->t : now;
}

int64_t
alarm_tick_live(struct alarm_table *t, struct call *c, int64_t now)
{
    int64_t due = INT64_MAX;

    t->earliest_live = INT64_MAX;
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        if (a->since == 0 || a->heard == 0) {
            a->since = a->since ? a->since : arrival_of(&a->first, now);
            a->heard = a->heard ? a->heard : arrival_of(&a->last, now);
            alarm_changed(t, a);
        }
        if (now >= age_due(t, a, true, a->heard)) {
            age(t, c, a);
            i--;
            continue;
        }
        if (now >= escalation_due(t, a, true, a->since))
            escalate(t, c, a);
        due = least(due, least(age_due(t, a, true, a->heard), escalation_due(t, a, true, a->since)));
    }
    alarm_forget_cleared(t, now);
    return least(due, t->cleared_due);
}
