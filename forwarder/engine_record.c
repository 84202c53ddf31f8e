/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_record.c - around each record: when it may be taken, whether it is
 * history, where its items go, and what is noted of it. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "forwarder/clock.h"
#include "forwarder/engine_parts.h"
#include "forwarder/log.h"
#include "parsers/id.h"
#include "parsers/summary.h"
#include "parsers/when.h"

/* How long a source is waited for that may have the next record in order. */
#define PATIENCE (2 * WHEN_SECOND)
#define PATIENCE_START (10 * WHEN_SECOND)
#define PATIENCE_ONCE (60 * WHEN_SECOND)

static bool
is_seen(struct engine *e, const struct engine_source *s, int64_t now)
{
    return s->seen || now - s->since > (e->once ? PATIENCE_ONCE : PATIENCE_START);
}

/* Records are merged by time, so all that may be next have to be at hand; a
 * share that hangs is waited for a little while only. */
bool
engine_may_read(struct engine *e)
{
    int64_t now, patience = e->once ? PATIENCE_ONCE : PATIENCE;

    if (e->all_seen && !merge_owed(e->p.merge)) {
        e->owed_since = 0;
        return true;
    }
    now = clock_monotonic();
    e->all_seen = true;
    for (unsigned i = 0; i < e->n_sources; i++)
        e->all_seen = e->all_seen && is_seen(e, &e->sources[i], now);
    if (!e->owed_since)
        e->owed_since = now;
    if (merge_owed(e->p.merge) && now - e->owed_since > patience) {
        for (unsigned i = 0; i < e->n_tails; i++)
            if (!e->tails[i]->first && now - e->tails[i]->last_chunk > patience)
                merge_forgive(e->p.merge, e->tails[i]->stream);
    }
    return e->all_seen;
}

static int64_t
time_of(const struct event *ev)
{
    return ev->when.utc_known ? ev->when.utc : ev->when.local_known ? ev->when.local : 0;
}

/* A call for each record would be one in forty of its cost. */
void
engine_look_at_clock(struct engine *e)
{
    e->clock = clock_monotonic();
    e->wall = clock_utc();
}

/* Whether the record of 's' is read long after it happened. */
bool
engine_is_history(struct engine *e, struct stream *s)
{
    struct tail *t = tail_of(s);
    int64_t at = time_of(stream_event(s));

    if (t->history && at >= e->history_cutoff)
        t->history = false;
    e->history_record = t->history;
    return t->history;
}

void
engine_note_record(struct engine *e, struct stream *s)
{
    struct tail *t = tail_of(s);
    int64_t at = time_of(stream_event(s));

    e->records++;
    t->records++;
    t->moved = true;
    if (at) {
        t->last_time = at;
        t->read_at = e->clock + e->utc_offset;
    }
    if (e->history_record) {
        e->history_records++;
        if (at && (!e->history_first || at < e->history_first))
            e->history_first = at;
    }
    if (!e->moved_since)
        e->moved_since = e->clock;
    if (!e->once && !t->history && !t->log_is_whole && at)
        engine_note_jump(e, t, stream_event(s));
    if (t->gone || t->lost[0])
        e->watched = 0; /* look at it soon */
}

/* --- items ---------------------------------------------------------------------------- */

static int
take_item(void *arg, const struct item *item)
{
    struct engine *e = arg;

    switch (item->kind) {
    case ITEM_EVENT:
        if (!e->wants_events || item->event->severity > e->wanted) {
            e->uncounted++;
            return 0;
        }
        break;
    case ITEM_ALARM:
        e->faults += item->alarm->state == ALARM_RAISED;
        e->history_faults += e->history_record && item->alarm->state == ALARM_RAISED;
        if (!e->once && !e->history_record)
            storm_count(e->storms, item->alarm, e->clock + e->utc_offset);
        break;
    case ITEM_NOTICE:
        break;
    }
    return batch_add(e->batch, item, e->wall, e->history_record);
}

struct sink
engine_sink(struct engine *e)
{
    return (struct sink){take_item, e};
}

int
engine_end_once(struct engine *e)
{
    const struct sink sink = engine_sink(e);

    arena_reset(e->arena);
    return correlate_finish(e->p.correlate, e->arena, &sink);
}

/* --- the first start --------------------------------------------------------------------- */

static bool
is_history_over(struct engine *e)
{
    for (unsigned i = 0; i < e->n_tails; i++) {
        struct tail *t = e->tails[i];

        if (t->history && (tail_is_read(t) || t->gone))
            t->history = false;
        if (t->history)
            return false;
    }
    return e->all_seen;
}

static int
send_notice(struct engine *e, const struct sink *sink)
{
    struct notice_item notice = {.kind = NOTICE_HISTORY, .when = {.utc = engine_now(e), .utc_known = true}};
    struct item item = {.kind = ITEM_NOTICE, .notice = &notice};
    struct when first = {.utc = e->history_first, .utc_known = e->history_first != 0};
    char text[200], since[WHEN_TEXT_SIZE];
    struct id_hasher *h = id_hasher_new();
    uint8_t digest[16];
    bool ok;

    when_text(&first, since);
    snprintf(text, sizeof text, "read %" PRIu64 " records%s%s: %" PRIu64 " faults, %u open", e->history_records,
             since[0] ? " since " : "", since, e->history_faults,
             alarm_open_count(correlate_alarms(e->p.correlate)));
    notice.text = str_z(text);
    ok = h && id_begin(h, STR("notice"), STR("history")) && id_add(h, text, strlen(text))
         && id_add(h, &notice.when.utc, sizeof notice.when.utc) && id_end(h, digest);
    id_hasher_free(h);
    if (!ok)
        return -ENOMEM;
    for (unsigned i = 0; i < sizeof digest; i++)
        snprintf(notice.id + 2 * i, 3, "%02x", digest[i]);
    log_info("%s", text);
    return sink->item(sink->arg, &item);
}

int
engine_end_history(struct engine *e)
{
    const struct sink sink = engine_sink(e);
    int r = 0;

    if (!e->history || !is_history_over(e))
        return 0;
    e->history = e->history_record = false;
    if (e->history_records) {
        arena_reset(e->arena);
        r = send_notice(e, &sink);
        if (!r)
            r = correlate_resend(e->p.correlate, e->arena, &sink, ALARM_REASON_HISTORY, engine_now(e));
    }
    e->history_records = e->history_faults = 0;
    e->history_first = 0;
    return r;
}

void
engine_save_history(struct engine *e, struct keep_out *o)
{
    keep_put_u64(o, (uint64_t) e->history_cutoff);
    keep_put_u64(o, e->history_records);
    keep_put_u64(o, e->history_faults);
    keep_put_u64(o, (uint64_t) e->history_first);
}

bool
engine_restore_history(struct engine *e, struct keep_in *in)
{
    e->history_cutoff = (int64_t) keep_get_u64(in);
    e->history_records = keep_get_u64(in);
    e->history_faults = keep_get_u64(in);
    e->history_first = (int64_t) keep_get_u64(in);
    e->history = e->history_saved = !in->failed && !e->once;
    return !in->failed;
}
