/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate_live.c - what happens between records: our own state as alarms,
 * clears by hand, what is said again, another catalogue.  The engine calls it;
 * time is UTC of arrival and is given in. */
#include "build.h"

#include "parsers/correlate_state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "parsers/summary.h"

enum { LIVE_REASON_CHARS = 160 };

static struct call
call_at(struct arena *arena, const struct sink *sink, int64_t now)
{
    return (struct call){.arena = arena, .sink = sink, .at = moment_utc(now), .arrival = now, .event_id = ""};
}

/* The key of our own alarm about 'name', which may be any bytes of a path. */
static struct str
self_key(struct call *c, char out[ALARM_KEY_MAX + 1], const char *kind, struct str name)
{
    return alarm_key(out, "self", str_z(kind), alarm_words(c, name, UINT_MAX));
}

/* How the line reads when the state has ended and nobody said it otherwise. */
static void
say_cleared(struct call *c, struct alarm *a, struct str words)
{
    struct str before = str_z(a->words), lead = STR("CLEARED: ");
    char text[SUMMARY_SIZE + 16];
    char *kept;

    if (!words.n) {
        memcpy(text, lead.p, lead.n);
        memcpy(text + lead.n, before.p, before.n);
        words = alarm_words(c, str_make(text, lead.n + before.n), SUMMARY_CHARS);
    }
    kept = str_has(words) ? keep_str(words) : NULL;
    if (!kept) {
        c->error = c->error ? c->error : -ENOMEM;
        return;
    }
    free(a->words);
    a->words = kept;
}

int
correlate_self(struct correlate *k, struct arena *arena, const struct sink *sink, const struct correlate_self *s)
{
    struct call c = call_at(arena, sink, s->now);
    char text[ALARM_KEY_MAX + 1];
    struct str key = self_key(&c, text, s->kind, s->name), words = alarm_words(&c, s->summary, SUMMARY_CHARS);
    struct alarm *a = alarm_find(k->alarms, key);

    if (c.error)
        return c.error;
    if (s->raise) {
        alarm_self_raise(k->alarms, &c, key, s->severity, s->host, words.p ? words : STR(""), s->action);
    } else if (a) {
        say_cleared(&c, a, words);
        alarm_clear(k->alarms, &c, a, s->reason, false);
    }
    correlate_note_due(k);
    part_changed(&k->cores, &k->core);
    return c.error;
}

bool
correlate_self_is_open(struct correlate *k, const char *kind, struct str name)
{
    struct call c = {.event_id = ""};
    char text[ALARM_KEY_MAX + 1];
    bool open = false;

    /* Only to have the name cleaned as it was when the alarm was raised. */
    c.arena = arena_new(1 << 16);
    if (c.arena)
        open = alarm_find(k->alarms, self_key(&c, text, kind, name)) != NULL;
    arena_free(c.arena);
    return open;
}

int
correlate_clear(struct correlate *k, struct arena *arena, const struct sink *sink, struct str key, struct str text,
                int64_t now)
{
    struct call c = call_at(arena, sink, now);
    struct alarm *a = alarm_find(k->alarms, key);
    struct str reason = alarm_words(&c, text, LIVE_REASON_CHARS);

    if (!a)
        return -ENOENT;
    if (c.error)
        return c.error;
    if (a->words)
        say_cleared(&c, a, STR_NONE);
    alarm_clear(k->alarms, &c, a, reason.n ? reason.p : "cleared by hand", false);
    stall_forget(k->stalls, key);
    correlate_note_due(k);
    part_changed(&k->cores, &k->core);
    return c.error;
}

int
correlate_resend(struct correlate *k, struct arena *arena, const struct sink *sink, const char *reason, int64_t now)
{
    struct call c = call_at(arena, sink, now);

    for (unsigned i = 0; !c.error && i < alarm_open_count(k->alarms); i++)
        alarm_repeat(k->alarms, &c, alarm_at(k->alarms, i), reason);
    return c.error;
}

void
correlate_catalogue(struct correlate *k, struct catalogue *cat)
{
    struct catalogue *old = k->cat;

    k->cat = catalogue_ref(cat);
    alarm_catalogue(k->alarms, k->cat);
    sequence_catalogue(k->sequences, k->cat);
    catalogue_unref(old);
}

int
correlate_live(struct correlate *k, struct arena *arena, const struct sink *sink, const struct correlate_live *live)
{
    struct call c = call_at(arena, sink, live->now);

    if (!k->live) {
        k->live = true;
        k->live_due = INT64_MIN;
        part_changed(&k->cores, &k->core);
    }
    pair_live(k->pairs, live->now, live->read_past, live->arg);
    if (pair_next_due(k->pairs) == INT64_MIN)
        correlate_release(k, &c, PAIR_READY);
    stall_live(k->stalls, &c, live->now, live->at_end, live->arg);
    sequence_live(k->sequences, &c, live->now, live->at_end, live->arg);
    if (live->now >= k->live_due)
        correlate_age(k, &c, live->now);
    correlate_note_due(k);
    return c.error;
}
