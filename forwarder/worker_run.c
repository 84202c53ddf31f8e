/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_run.c - the thread of one target: open it, give it what it has not
 * had, settle, wait; when it is lost, back off and begin again at what is safe.
 * What goes out, and as what, is decided in worker_send.c and worker_filter.c. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/worker_parts.h"

enum {
    WORKER_RUN = 1024, /* items between two settles */
    WORKER_POLL_MS = 20,
    WORKER_IDLE_MS = 1000,
    WORKER_DIRTY_MS = 50,
    WORKER_BACKOFF_MAX_MS = 60000,
    WORKER_PROVEN_MS = 1000,
    WORKER_ONCE_TRIES = 3,
    WORKER_ONCE_MS = 4000 /* no further try after that */
};

/* --- telling the engine --------------------------------------------------------- */

void
worker_dirty(struct worker *w, int64_t due)
{
    if (due < w->dirty_last + WORKER_DIRTY_MS * WORKER_MS)
        due = w->dirty_last + WORKER_DIRTY_MS * WORKER_MS;
    if (due < w->dirty_due)
        w->dirty_due = due;
}

void
worker_tell(struct worker *w, int64_t now)
{
    if (now < w->dirty_due)
        return;
    w->dirty_due = INT64_MAX;
    w->dirty_last = now;
    if (w->shared.dirty)
        w->shared.dirty(w->shared.arg);
}

/* --- up and down -------------------------------------------------------------------- */

/* "3 min 20 s" */
static void
duration(char *out, size_t size, int64_t ns)
{
    int64_t s = ns / WORKER_S;

    if (s < 60)
        snprintf(out, size, "%d s", (int) s);
    else if (s < 3600)
        snprintf(out, size, "%d min %d s", (int) (s / 60), (int) (s % 60));
    else
        snprintf(out, size, "%d h %d min", (int) (s / 3600), (int) (s / 60 % 60));
}

/* The next pause: doubling, a quarter more or less, so that many targets
 * behind one broken thing do not come back at one moment. */
static int64_t
next_pause(struct worker *w)
{
    int64_t ms = w->backoff_ms;

    w->jitter = w->jitter * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    ms = ms * 3 / 4 + (int64_t) ((w->jitter >> 33) % (uint64_t) (ms / 2 + 1));
    if (ms > WORKER_BACKOFF_MAX_MS)
        ms = WORKER_BACKOFF_MAX_MS;
    w->backoff_ms = w->backoff_ms >= WORKER_BACKOFF_MAX_MS / 2 ? WORKER_BACKOFF_MAX_MS : w->backoff_ms * 2;
    return ms;
}

static void
close_reader(struct worker *w)
{
    journal_reader_close(w->reader);
    w->reader = NULL;
}

/* What ends one day is known after an attempt to connect, even one that failed. */
static void
note_expiry(struct worker *w)
{
    const struct target_expiry *e = &w->target->expiry;

    /* Only this thread writes it. */
    if (e->at == w->expiry.at && strcmp(e->what, w->expiry.what) == 0)
        return;
    pthread_mutex_lock(&w->lock);
    w->expiry = *e;
    pthread_mutex_unlock(&w->lock);
}

static void
close_target(struct worker *w)
{
    if (w->target) {
        note_expiry(w);
        w->address = w->target->address;
        w->truncated_before += w->target->truncated;
        w->retries_before += w->target->retries;
        w->refusals_before += w->target->refusals;
        w->cls->close(w->target);
    }
    w->target = NULL;
    close_reader(w);
    worker_replay_rewind(w);
}

/* How long the first of what waits has waited, also where nothing was ever sent. */
static void
note_waiting(struct worker *w)
{
    struct journal_reader *reader = journal_reader_open(w->shared.journal, told_cursor(w->told).seq);
    struct journal_row row;

    if (!reader)
        return;
    atomic_store_explicit(&w->waiting, journal_reader_next(reader, &row) == 1 ? row.arrival_ns : 0,
                          memory_order_relaxed);
    journal_reader_close(reader);
}

/* What a class said of an opening, without the place and the name in front of it. */
static const char *
bare(const char *said, const char *place, const char *name)
{
    size_t n = strlen(place);
    char head[300];

    if (strncmp(said, place, n) != 0)
        return said;
    snprintf(head, sizeof head, "target '%s': ", name);
    return strncmp(said + n, head, strlen(head)) == 0 ? said + n + strlen(head) : said;
}

/* The target is lost: what is not safe goes again, after a pause.  What could not be
 * opened is told with its place in the configuration. */
static void
go_down(struct worker *w, const char *why)
{
    int64_t now, pause;
    bool first, last;
    char text[512], next[32], place[PATH_MAX + 16] = "";
    bool refused = w->target && w->target->refused;

    if (!w->target)
        snprintf(place, sizeof place, "%s:%d: ", w->tc->place.file ? w->tc->place.file : "-", w->tc->place.line);
    snprintf(text, sizeof text, "%s", bare(why, place, w->tc->name));
    if (w->target)
        worker_settle(w, 0); /* what became safe in spite of it; the loss itself is known */
    close_target(w);
    if (w->progress) {
        w->tries = 0;
        w->backoff_ms = WORKER_BACKOFF_MS;
    }
    w->tries++;
    pause = next_pause(w);
    now = clock_monotonic();
    pthread_mutex_lock(&w->lock);
    told_rewind(w->told);
    first = w->state != WORKER_DOWN;
    if (first)
        w->down_since = now;
    /* A receiver that acknowledges shows by a sign of life that it is back. */
    if (w->tc->inform && w->heartbeat != INT64_MAX)
        w->heartbeat = now;
    w->state = WORKER_DOWN;
    w->refused = refused;
    w->in_flight = 0;
    w->retry_at = now + pause * WORKER_MS;
    snprintf(w->error, sizeof w->error, "%s", text);
    pthread_mutex_unlock(&w->lock);
    note_waiting(w);
    last = w->shared.once && w->tries >= WORKER_ONCE_TRIES;
    snprintf(next, sizeof next, "next try in %.1f s", (double) pause / 1000);
    log_limited(&w->log, LOG_LEVEL_WARN, "%starget '%s': %s; what it has not had stays in the journal, %s%s", place,
                w->tc->name, text, last ? "for the next run" : first ? "" : "still down, ", last ? "" : next);
}

static const char *
reason(const struct worker *w, int r)
{
    return w->target && w->target->error[0] ? w->target->error : strerror(-r);
}

static bool
open_target(struct worker *w)
{
    uint64_t last = feed_last(w->shared.feed);
    char err[512] = "";

    w->target = w->cls->open(w->config, w->tc, err, sizeof err);
    w->opened = w->settled = clock_monotonic();
    w->progress = false;
    w->waited = told_cursor(w->told).seq;
    w->waited = last > w->waited ? last - w->waited : 0;
    if (!w->target) {
        go_down(w, err[0] ? err : "cannot be opened");
        return false;
    }
    pthread_mutex_lock(&w->lock);
    w->reconnects += w->state == WORKER_DOWN;
    pthread_mutex_unlock(&w->lock);
    w->target->address = w->address;
    w->target->acked = w->acked;
    /* What the receiver showed is not forgotten while it is away. */
    if (w->expiry.at && (!w->target->expiry.at || w->expiry.at < w->target->expiry.at))
        w->target->expiry = w->expiry;
    w->owed = true;
    return true;
}

/* It is up once something arrived, or nothing went wrong for a while. */
static void
prove(struct worker *w, int64_t now)
{
    char away[40] = "";
    bool back;

    if (w->state == WORKER_UP
        || (!w->progress && (told_unsafe(w->told) || w->target->in_flight || now - w->opened < WORKER_PROVEN_MS * WORKER_MS)))
        return;
    pthread_mutex_lock(&w->lock);
    back = w->state == WORKER_DOWN;
    if (back)
        duration(away, sizeof away, now - w->down_since);
    w->state = WORKER_UP;
    w->refused = false;
    w->down_since = w->retry_at = 0;
    w->error[0] = '\0';
    pthread_mutex_unlock(&w->lock);
    w->backoff_ms = WORKER_BACKOFF_MS;
    w->tries = 0;
    worker_note_address(w);
    if (back)
        log_limited(&w->log, LOG_LEVEL_INFO, "target '%s': back after %s; %" PRIu64 " items waited for it", w->tc->name,
                    away, w->waited);
}

/* --- items ------------------------------------------------------------------------------ */

/* Settles when a run is over, and now and then looks at the clock. */
static int
between(struct worker *w)
{
    int64_t now;
    int r;

    if (++w->run < WORKER_RUN)
        return 0;
    w->run = 0;
    r = worker_settle(w, 0);
    now = clock_monotonic();
    if (!r)
        r = worker_send_due(w, now);
    worker_tell(w, now);
    return r;
}

static bool
interrupted(struct worker *w)
{
    return atomic_load_explicit(&w->attention, memory_order_acquire);
}

static int
send_batch(struct worker *w, const struct batch *b)
{
    uint64_t seq = told_seq(w->told);
    unsigned i = 0;
    int r = 0;

    while (i < batch_count(b) && batch_at(b, i)->seq <= seq)
        i++;
    for (; !r && i < batch_count(b) && !interrupted(w); i++) {
        const struct batch_item *from = batch_at(b, i);
        struct worker_item it = {.item = &from->item, .xml = from->xml, .seq = from->seq,
                                 .arrival = from->arrival_ns, .history = from->history};

        r = worker_send(w, &it);
        if (!r)
            r = between(w);
    }
    return r;
}

/* Passes by items that no row is left of: trimmed, or lost with a damaged file. */
static void
skip_missing(struct worker *w, uint64_t last)
{
    struct told_pass p = {.seq = last};

    log_limited(&w->log, LOG_LEVEL_WARN, "target '%s': the journal has no items %" PRIu64 " to %" PRIu64 " any more",
                w->tc->name, told_seq(w->told) + 1, last);
    pthread_mutex_lock(&w->lock);
    w->skipped += last - told_seq(w->told);
    told_pass(w->told, &p);
    pthread_mutex_unlock(&w->lock);
}

/* What a row's columns say is enough for an item that is passed by, and for an
 * archive, which takes the XML as it is. */
static bool
read_row(struct worker *w, const struct journal_row *row, struct item *item)
{
    enum alarm_state state;

    if (!worker_read_row(w, row, true, item))
        return false;
    if (row->kind != ITEM_EVENT || w->filter.archive
        || worker_filter_item(&w->filter, item, row->history, &state) == WORKER_PASS)
        return true;
    return worker_read_row(w, row, false, item);
}

/* The journal cannot be read now.  One run ends with that, when it stays so. */
static void
starve(struct worker *w, int e)
{
    log_limited(&w->log, LOG_LEVEL_ERROR, "target '%s': cannot read the journal: %s; trying again in a second",
                w->tc->name, strerror(-e));
    if (w->shared.once) {
        w->tries++;
        pthread_mutex_lock(&w->lock);
        snprintf(w->error, sizeof w->error, "cannot read the journal: %s", strerror(-e));
        pthread_mutex_unlock(&w->lock);
    }
    feed_wait(w->shared.feed, UINT64_MAX, WORKER_IDLE_MS, &w->kicks);
}

/* A run of rows that are not in memory (any more). */
static int
send_backlog(struct worker *w, uint64_t last)
{
    struct journal_row row;
    int got = 1, r = 0;

    if (!w->reader)
        w->reader = journal_reader_open(w->shared.journal, told_seq(w->told));
    if (!w->reader)
        got = -errno;
    for (unsigned n = 0; !r && got == 1 && n < WORKER_RUN && !interrupted(w); n++) {
        struct item item;
        struct worker_item it;

        got = journal_reader_next(w->reader, &row);
        if (got != 1)
            break;
        it = (struct worker_item){.item = &item, .xml = row.xml, .seq = row.seq, .arrival = row.arrival_ns,
                                  .history = row.history};
        if (read_row(w, &row, &item))
            r = worker_send(w, &it);
        else if (w->starved)
            got = -ENOMEM;
        if (!r)
            r = between(w);
    }
    if (r || got == 1)
        return r;
    close_reader(w);
    if (got < 0)
        starve(w, got);
    else if (told_seq(w->told) < last)
        skip_missing(w, last);
    return 0;
}

/* Nothing to send: waits, for news or for what was sent. */
static int
idle(struct worker *w)
{
    int64_t now = clock_monotonic(), until = now + WORKER_IDLE_MS * WORKER_MS;
    uint64_t seq = told_seq(w->told);
    int r = 0;

    atomic_store_explicit(&w->waiting, 0, memory_order_relaxed);
    if (told_unsafe(w->told) || w->target->in_flight) {
        r = worker_settle(w, WORKER_POLL_MS);
        until = now + WORKER_POLL_MS * WORKER_MS; /* also where it does not wait itself */
        if (!told_unsafe(w->told) && !w->target->in_flight)
            until = now;
    } else if (now - w->settled >= WORKER_IDLE_MS * WORKER_MS) {
        r = worker_settle(w, 0);
    }
    if (r)
        return r;
    now = clock_monotonic();
    if (w->heartbeat < until)
        until = w->heartbeat;
    if (w->dirty_due < until)
        until = w->dirty_due;
    if (w->state != WORKER_UP && until > now + WORKER_POLL_MS * WORKER_MS)
        until = now + WORKER_POLL_MS * WORKER_MS;
    if (until > now && !interrupted(w))
        feed_wait(w->shared.feed, seq, (int) ((until - now + WORKER_MS - 1) / WORKER_MS), &w->kicks);
    return 0;
}

/* One step of a target that is open. */
static int
step(struct worker *w)
{
    uint64_t seq = told_seq(w->told), last = feed_last(w->shared.feed);
    const struct batch *b;
    int64_t now = clock_monotonic();
    int r = 0;

    worker_tell(w, now);
    prove(w, now);
    note_expiry(w);
    if (w->owed && (r = worker_send_owed(w)) == 0)
        w->owed = false;
    if (!r)
        r = worker_send_due(w, now);
    if (!r)
        r = worker_replay_step(w);
    if (r)
        return r;
    seq = told_seq(w->told);
    if (last <= seq)
        return idle(w);
    b = feed_get(w->shared.feed, seq);
    if (b) {
        close_reader(w);
        r = send_batch(w, b);
        batch_unref(b);
    } else {
        r = send_backlog(w, last);
    }
    if (!r && told_unsafe(w->told) && feed_last(w->shared.feed) <= told_seq(w->told))
        r = worker_settle(w, 0);
    if (!r && told_cursor(w->told).seq != seq)
        worker_dirty(w, now + WORKER_S); /* passed by, perhaps; what became safe asked for less */
    return r;
}

/* --- the thread ------------------------------------------------------------------------- */

/* A pause between two tries; ends when somebody wants something. */
static void
pause_down(struct worker *w)
{
    int64_t left;

    while (!interrupted(w) && (left = w->retry_at - clock_monotonic()) > 0) {
        worker_tell(w, clock_monotonic());
        if (left > WORKER_IDLE_MS * WORKER_MS)
            left = WORKER_IDLE_MS * WORKER_MS;
        feed_wait(w->shared.feed, UINT64_MAX, (int) (left / WORKER_MS + 1), &w->kicks);
    }
}

/* True when there is something to do besides items: the end, or giving up. */
static bool
attended(struct worker *w)
{
    uint64_t drop_to = 0;
    bool stopping;

    if (!interrupted(w))
        return false;
    pthread_mutex_lock(&w->lock);
    stopping = w->stopping;
    drop_to = w->drop_to;
    pthread_mutex_unlock(&w->lock);
    if (stopping)
        return true;
    close_reader(w);
    worker_drop_items(w, drop_to);
    return false;
}

/* once: everything was read, sent and is safe; or no more tries. */
static bool
is_finished(struct worker *w, int64_t first_failure)
{
    bool finishing, failed;

    if (!w->shared.once)
        return false;
    failed = w->tries >= WORKER_ONCE_TRIES
             || (w->tries && clock_monotonic() - first_failure > WORKER_ONCE_MS * WORKER_MS);
    pthread_mutex_lock(&w->lock);
    finishing = w->finishing && feed_last(w->shared.feed) <= told_cursor(w->told).seq;
    w->failed = failed;
    pthread_mutex_unlock(&w->lock);
    return failed || finishing;
}

/* What was sent gets its time to become safe. */
static void
drain(struct worker *w)
{
    int64_t left;

    pthread_mutex_lock(&w->lock);
    left = w->stopping ? w->stop_by - clock_monotonic() : 0;
    pthread_mutex_unlock(&w->lock);
    for (int64_t end = clock_monotonic() + left; w->target && told_unsafe(w->told) && left > 0;
         left = end - clock_monotonic()) {
        int64_t before = clock_monotonic();

        if (worker_settle(w, WORKER_POLL_MS))
            break;
        if (told_unsafe(w->told) && clock_monotonic() - before < WORKER_MS)
            feed_wait(w->shared.feed, UINT64_MAX, 5, &w->kicks);
    }
    close_target(w);
}

void *
worker_run(void *arg)
{
    struct worker *w = arg;
    int64_t first_failure = 0;

    while (!attended(w) && !is_finished(w, first_failure)) {
        int r;

        if (!w->tries)
            first_failure = clock_monotonic();
        if (!w->target && clock_monotonic() < w->retry_at)
            pause_down(w);
        else if (w->target || open_target(w)) {
            r = step(w);
            /* Cancelled: an item was left in the middle, for what attended() looks at. */
            if (r && r != -ECANCELED)
                go_down(w, reason(w, r));
        }
    }
    drain(w);
    pthread_mutex_lock(&w->lock);
    w->ended = true;
    w->state = WORKER_ENDED;
    pthread_mutex_unlock(&w->lock);
    w->dirty_due = 0;
    worker_tell(w, clock_monotonic());
    return NULL;
}

