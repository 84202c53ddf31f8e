/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall_time.c - what time does to stalls and failed opens: by record time, by
 * arrival once history is read, and for records that show no time.  Called by
 * correlate.c and correlate_live.c. */
#include "build.h"

#include "parsers/stall_state.h"

#include <stdio.h>

#include "parsers/when.h"

/* Failed opens whose thread has said nothing for as long as a stall takes to
 * be sure of are told as what they are. */
static int64_t
tick_pending(struct stall_table *t, struct call *c, uint32_t clock, int64_t now)
{
    int64_t due = INT64_MAX, patience = t->runs.n_pending ? stall_patience(t) : 0;

    for (unsigned i = 0; t->runs.n_pending && i < map_count(t->runs.runs); i++) {
        struct run *r = map_at(t->runs.runs, i);
        int64_t until = r->pending_at.t + patience;

        if (!r->pending || r->told || !r->pending_at.known || r->pending_at.clock != clock)
            continue;
        if (now >= until)
            stall_tell_pending(t, c, r);
        else if (until < due)
            due = until;
    }
    return due;
}

static void
confirm(struct stall_table *t, struct call *c, struct alarm *a)
{
    char reason[64];

    a->confirmed = true;
    a->f->confidence = CONFIDENCE_CONFIRMED;
    snprintf(reason, sizeof reason, "not opened again for %d min", (int) (stall_patience(t) / WHEN_MINUTE));
    alarm_update(t->alarms, c, a, reason);
}

int64_t
stall_tick(struct stall_table *t, struct call *c, uint32_t clock, int64_t now)
{
    int64_t due = tick_pending(t, c, clock, now), patience = t->n_stalls ? stall_patience(t) : 0;

    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = t->stall[i];
        struct alarm *a = stall_alarm(t, s);

        if (!a) {
            stall_drop(t, s);
            i--;
            continue;
        }
        if (!s->at.known || s->at.clock != clock || s->reopened || a->confirmed)
            continue;
        if (now < s->at.t + patience) {
            if (s->at.t + patience < due)
                due = s->at.t + patience;
            continue;
        }
        confirm(t, c, a);
    }
    return due;
}

/* A failed open at the end of a log that says no more. */
static void
pending_live(struct stall_table *t, struct call *c, int64_t now, bool (*at_end)(void *, uint64_t), void *arg)
{
    for (unsigned i = 0; t->runs.n_pending && i < map_count(t->runs.runs); i++) {
        struct run *r = map_at(t->runs.runs, i);

        if (!r->pending || r->told)
            continue;
        if (!at_end(arg, r->source))
            r->quiet = 0;
        else if (r->quiet == 0)
            r->quiet = now;
        else if (now - r->quiet >= stall_patience(t))
            stall_tell_pending(t, c, r);
    }
}

void
stall_live(struct stall_table *t, struct call *c, int64_t now, bool (*at_end)(void *, uint64_t), void *arg)
{
    pending_live(t, c, now, at_end, arg);
    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = t->stall[i];
        struct alarm *a = stall_alarm(t, s);

        if (!a || a->confirmed || s->reopened)
            continue;
        /* Not saved: a program that starts anew has watched for no time yet. */
        if (!at_end(arg, s->source))
            s->quiet = 0;
        else if (s->quiet == 0)
            s->quiet = now;
        else if (now - s->quiet >= stall_patience(t))
            confirm(t, c, a);
    }
}

void
stall_forget(struct stall_table *t, struct str key)
{
    for (unsigned i = 0; i < t->n_stalls; i++)
        if (str_eq(t->stall[i]->key, key)) {
            stall_drop(t, t->stall[i]);
            return;
        }
}

/* Times of stalls and failed opens whose own records show none: that of the
 * first record after them in the same source. */
void
stall_adopt_time(struct stall_table *t, const struct moment *at, uint64_t source)
{
    struct moment plain = *at;

    plain.when = (struct when){0};
    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = t->stall[i];
        struct alarm *a;

        if (s->at.known || s->source != source)
            continue;
        s->at = plain;
        stall_changed(t, s);
        a = stall_alarm(t, s);
        /* For state only: what is shown stays unknown. */
        if (a && !a->first.known) {
            a->first = a->last = plain;
            alarm_changed(t->alarms, a);
        }
        t->due = INT64_MIN;
    }
    for (unsigned i = 0; t->runs.n_pending && i < map_count(t->runs.runs); i++) {
        struct run *r = map_at(t->runs.runs, i);

        if (r->pending && !r->pending_at.known && r->source == source) {
            r->pending_at = plain;
            run_changed(&t->runs, r);
            t->due = INT64_MIN;
        }
    }
}
