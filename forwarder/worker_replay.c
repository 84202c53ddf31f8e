/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_replay.c - stored items that go to a target again because somebody
 * asked for it.  They go out in runs between what is new; the next run begins
 * when the last one is safe, and the place is then saved as the cursor is, so
 * that it goes on after a loss or a restart.  What the target was told of
 * alarms stays as it is: when it has seen the last change of an alarm that is
 * in the range, it gets the newest one as well, and so ends where it was.
 * Called by worker.c (from the engine's thread) and worker_run.c. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/worker_parts.h"
#include "parsers/alarm.h"

enum { REPLAY_RUN = 256 };
static const char replay_kind[] = "replay";

/* --- the engine's side -------------------------------------------------------------- */

int
worker_replay(struct worker *w, uint64_t first, uint64_t last)
{
    int r = 0;

    pthread_mutex_lock(&w->lock);
    if (w->replay.last)
        r = -EBUSY;
    else
        w->replay = (struct worker_span){first, last};
    pthread_mutex_unlock(&w->lock);
    if (!r && w->shared.dirty)
        w->shared.dirty(w->shared.arg);
    feed_kick(w->shared.feed);
    return r;
}

static bool
same_span(const struct worker_span *a, const struct worker_span *b)
{
    return a->next == b->next && a->last == b->last;
}

bool
worker_replay_changed(const struct worker *w)
{
    return !same_span(&w->replay, &w->replay_disk);
}

int
worker_replay_save(struct worker *w, struct journal *j)
{
    char text[48];
    int n = 0;

    w->replay_saving = w->replay;
    if (!worker_replay_changed(w))
        return 0;
    n = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, w->replay.next, w->replay.last);
    return journal_put(j, replay_kind, w->tc->name, w->replay.last ? text : NULL, w->replay.last ? (size_t) n : 0);
}

void
worker_replay_saved(struct worker *w)
{
    w->replay_disk = w->replay_saving;
}

int
worker_replay_restore(struct worker *w, struct journal *j)
{
    char text[48] = "";
    size_t n = 0;
    void *p = NULL;
    int r = journal_get(j, replay_kind, w->tc->name, &p, &n);

    if (!r) {
        memcpy(text, p, n < sizeof text ? n : sizeof text - 1);
        if (sscanf(text, "%" SCNu64 " %" SCNu64, &w->replay.next, &w->replay.last) != 2 || !w->replay.next
            || w->replay.next > w->replay.last)
            w->replay = (struct worker_span){0, 0};
        w->replay_disk = w->replay_saving = w->replay;
    }
    free(p);
    return r == -ENOENT ? 0 : r;
}

int
worker_replay_forget(struct journal *j, const char *target)
{
    return journal_put(j, replay_kind, target, NULL, 0);
}

/* --- the thread's side ---------------------------------------------------------------- */

void
worker_replay_rewind(struct worker *w)
{
    journal_reader_close(w->replay_reader);
    w->replay_reader = NULL;
    w->replay_to = 0;
}

/* Whether the target takes such an item at all.  What it was told of an alarm
 * does not count: it is thought to have lost that. */
static bool
is_taken(const struct worker *w, const struct item *item)
{
    const struct config_target *tc = w->tc;

    switch (item->kind) {
    case ITEM_EVENT:
        return tc->items != CONFIG_ITEMS_ALARMS && item->event->severity <= tc->severity;
    case ITEM_ALARM:
        return tc->items != CONFIG_ITEMS_EVENTS
               && (item->alarm->severity <= tc->severity || item->alarm->cls == CLASS_SELF);
    case ITEM_NOTICE:
        return true;
    }
    return false;
}

/* One item out, under a wire number of its own, so that it is known when it is
 * safe; its own number among the target's items it has had already. */
static int
send_one(struct worker *w, const struct item *item, struct str xml, int64_t arrival)
{
    struct told_pass p = {.seq = told_seq(w->told), .arrival = arrival, .sent = true};
    int r;

    while (!told_room(w->told))
        if ((r = worker_settle(w, 20)) != 0 || (r = worker_attend(w)) != 0)
            return r;
    w->passing = 0;
    r = worker_hand(w, item, xml, w->wire + 1, told_last_number(w->told));
    if (r)
        return r;
    p.wire = w->wire;
    pthread_mutex_lock(&w->lock);
    told_pass(w->told, &p);
    w->sent++;
    pthread_mutex_unlock(&w->lock);
    return 0;
}

/* 'row' was the last change of its alarm in the range: the newest one, where
 * the range ends before it. */
static int
send_newest(struct worker *w, struct str key, uint64_t seq, uint64_t last)
{
    struct journal_row row;
    char *owned = NULL;
    struct item item;
    int r = journal_reader_find_key_before(w->replay_reader, key, last + 1, &row, &owned);
    bool is_last = r == 0 && row.seq == seq;

    free(owned);
    owned = NULL;
    if (is_last && (r = journal_reader_find_key(w->replay_reader, key, &row, &owned)) == 0 && row.seq > last
        && worker_read_row(w, &row, false, &item))
        r = send_one(w, &item, row.xml, row.arrival_ns);
    free(owned);
    return r == -ENOENT ? 0 : r;
}

static int
send_row(struct worker *w, const struct journal_row *row, uint64_t last)
{
    char key[ALARM_KEY_MAX + 1];
    struct item item;
    struct str name;
    int r;

    if (!worker_read_row(w, row, false, &item) || !is_taken(w, &item))
        return 0;
    r = send_one(w, &item, row->xml, row->arrival_ns);
    if (r || item.kind != ITEM_ALARM || item.alarm->key.n > ALARM_KEY_MAX)
        return r;
    name = str_make(key, item.alarm->key.n);
    memcpy(key, item.alarm->key.p, name.n);
    return send_newest(w, name, row->seq, last);
}

/* The run that is out is safe: the place moves on, and at the end it is over. */
static void
advance(struct worker *w)
{
    bool over;

    pthread_mutex_lock(&w->lock);
    w->replay.next = w->replay_to + 1;
    over = w->replay.next > w->replay.last;
    if (over)
        w->replay = (struct worker_span){0, 0};
    pthread_mutex_unlock(&w->lock);
    w->replay_to = 0;
    if (over) {
        worker_replay_rewind(w);
        log_info("target '%s': the replay is over", w->tc->name);
    }
    worker_dirty(w, clock_monotonic());
}

int
worker_replay_step(struct worker *w)
{
    struct worker_span span;
    struct journal_row row;
    uint64_t wire = w->wire;
    int got = 1, r = 0;

    pthread_mutex_lock(&w->lock);
    span = w->replay;
    pthread_mutex_unlock(&w->lock);
    if (!span.last)
        return 0;
    if (w->replay_to) {
        if (w->safe >= w->replay_wire)
            advance(w);
        return 0;
    }
    if (!w->replay_reader && !(w->replay_reader = journal_reader_open(w->shared.journal, span.next - 1)))
        got = -errno;
    for (unsigned n = 0; !r && got == 1 && n < REPLAY_RUN; n++) {
        got = journal_reader_next(w->replay_reader, &row);
        if (got != 1 || row.seq > span.last)
            break;
        r = send_row(w, &row, span.last);
        if (!r)
            w->replay_to = row.seq;
    }
    if (r) {
        worker_replay_rewind(w);
        return r;
    }
    if (got < 0) {
        log_limited(&w->log, LOG_LEVEL_ERROR, "target '%s': cannot read the journal for the replay: %s", w->tc->name,
                    strerror(-got));
        worker_replay_rewind(w);
        return 0;
    }
    if (got == 0 || row.seq >= span.last)
        w->replay_to = span.last;
    w->replay_wire = w->wire;
    if (w->wire == wire)
        advance(w);
    return 0;
}
