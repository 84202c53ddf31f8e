/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_commit.c - what is in memory to disk, all of it or nothing: the batch,
 * the correlator's parts, the places of the sources, the cursors of the
 * targets, and a bounded trim.  A transaction that fails is rolled back, and
 * the very same batch is tried again: until then nothing more is read. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/engine_parts.h"
#include "forwarder/log.h"
#include "parsers/when.h"

enum {
    COMMIT_RETRY_MS = 100,
    COMMIT_RETRY_MAX_MS = 5000,
    COMMIT_MARGIN = 16 << 20, /* kept free below the limit: a batch and its state */
    COMMIT_TRIM = 1000,       /* new items that are worth one more journal_trim(), which takes twice as many */
};

bool
engine_is_blocked(const struct engine *e)
{
    return e->stuck_since != 0 || e->blocked;
}

bool
engine_batch_is_full(struct engine *e)
{
    unsigned n = batch_count(e->batch);
    /* Of a small journal at most what lies between its limit and where room is made. */
    uint64_t most = e->config->journal_limit / 4 < ENGINE_BATCH_BYTES ? e->config->journal_limit / 4 : ENGINE_BATCH_BYTES;

    if (n >= ENGINE_BATCH || batch_bytes(e->batch) >= most)
        return true;
    if ((e->records & 15) != 0)
        return false;
    engine_look_at_clock(e);
    return e->moved_since && e->clock - e->moved_since >= ENGINE_BATCH_MS * 1000000LL;
}

/* A file has gone whose place is to be saved before it can be told: it may have brought
 * no record, and nothing else may come for hours. */
static bool
some_tail_ends(const struct engine *e)
{
    for (unsigned i = 0; i < e->n_tails; i++)
        if (e->tails[i]->gone && e->tails[i]->moved && !e->tails[i]->first)
            return true;
    return false;
}

bool
engine_is_due(struct engine *e)
{
    int64_t now = clock_monotonic();
    int pause = e->blocked || e->trim_left ? ENGINE_BATCH_MS : ENGINE_CURSOR_MS;
    bool dirty;

    if (e->stuck_since)
        return now >= e->retry_at;
    if (batch_count(e->batch))
        return true;
    pthread_mutex_lock(&e->lock);
    dirty = e->dirty;
    if (e->soon)
        pause = ENGINE_SOON_MS;
    pthread_mutex_unlock(&e->lock);
    if (now - e->last_commit < pause * 1000000LL)
        return false;
    return dirty || e->moved_since || e->unsaved || e->blocked || e->trim_left || some_tail_ends(e);
}

/* --- the parts of a transaction ---------------------------------------------------- */

static int
append_items(struct engine *e)
{
    int r = 0;

    for (unsigned i = 0; !r && i < batch_count(e->batch); i++) {
        struct batch_item *it = batch_item(e->batch, i);

        r = journal_append(e->journal, &it->item, it->xml, it->arrival_ns, it->history, &it->seq);
    }
    return r;
}

static int
put_part(void *arg, const char *name, const void *p, size_t n)
{
    return journal_put(((struct engine *) arg)->journal, "correlate", name, p, n);
}

static int
put_state(struct engine *e)
{
    struct keep_out o = {0};
    int r = correlate_save_changes(e->p.correlate, put_part, e);

    if (!r && e->whole)
        r = journal_put(e->journal, "correlate", "state", NULL, 0);
    if (!r && storm_changed(e->storms)) {
        storm_save(e->storms, &o);
        r = o.failed ? -ENOMEM : journal_put(e->journal, "engine", "storms", o.p, o.n);
        o.n = 0;
    }
    if (!r && (e->history || e->history_saved)) {
        engine_save_history(e, &o);
        r = o.failed ? -ENOMEM : journal_put(e->journal, "engine", "history", e->history ? o.p : NULL, o.n);
    }
    free(o.p);
    return r;
}

static int
put_cursors(struct engine *e)
{
    int r = 0;

    for (unsigned i = 0; !r && i < e->n_workers; i++)
        if (worker_is_dirty(e->workers[i]))
            r = worker_save(e->workers[i], e->journal);
    return r;
}

/* What every target has had; '*behind' becomes the worker that has had least, NULL
 * when all have everything. */
static uint64_t
delivered(struct engine *e, struct worker **behind)
{
    uint64_t done = journal_last_seq(e->journal);

    *behind = NULL;
    for (unsigned i = 0; i < e->n_workers; i++) {
        uint64_t seq = worker_done(e->workers[i]);

        if (seq < done) {
            done = seq;
            *behind = e->workers[i];
        }
    }
    return done;
}

static int
trim(struct engine *e)
{
    bool tight = e->used + COMMIT_MARGIN / 2 > e->threshold;
    struct worker *behind;
    uint64_t done = delivered(e, &behind);
    unsigned parts = 1 + batch_count(e->batch) / COMMIT_TRIM;
    int r;

    /* Near the limit what was delivered goes, whatever 'keep' says.  More goes than
     * comes in, so that a long load leaves nothing behind. */
    do
        r = journal_trim(e->journal, done, clock_utc(), tight ? 0 : e->config->keep_ns,
                         tight ? 0 : e->config->keep_bytes, &e->trim_left);
    while (!r && e->trim_left && --parts);
    return r;
}

static int
write_all(struct engine *e)
{
    int r = journal_begin(e->journal);

    /* First, so that the pages it frees are used again at once. */
    if (!r)
        r = trim(e);
    if (!r)
        r = append_items(e);
    if (!r)
        r = engine_put_places(e);
    if (!r)
        r = put_state(e);
    if (!r)
        r = put_cursors(e);
    if (!r)
        r = journal_commit(e->journal);
    else
        journal_rollback(e->journal);
    return r;
}

/* --- the limit ------------------------------------------------------------------------ */

/* The journal is as full as it may get: the target that is furthest behind
 * decides (design section 6, "overflow"). */
static void
make_room(struct engine *e)
{
    struct worker *behind;
    uint64_t last = journal_last_seq(e->journal), first = journal_first_seq(e->journal);
    uint64_t done = delivered(e, &behind);

    /* What all have had is being trimmed, a part a commit: that comes first. */
    e->blocked = done >= first || !behind || worker_target(behind)->overflow_block;
    e->overflowing = behind && done < first ? worker_target(behind)->name : NULL;
    if (e->blocked || !e->overflowing)
        return;
    done = first + (last - first) / 16;
    if (done > e->dropped_to) {
        e->dropped_to = done;
        worker_drop(behind, done);
    }
    e->blocked = true; /* until the trim has made room of it */
}

void
engine_watch_room(struct engine *e)
{
    uint64_t limit = e->config->journal_limit;

    e->used = journal_used(e->journal);
    e->threshold = limit > 4 * (uint64_t) COMMIT_MARGIN ? limit - COMMIT_MARGIN : limit / 4 * 3;
    if (e->used < e->threshold) {
        e->blocked = false;
        if (e->used < e->threshold / 10 * 9)
            e->overflowing = NULL;
        return;
    }
    make_room(e);
}

/* --- the whole ------------------------------------------------------------------------- */

static void
committed(struct engine *e)
{
    struct batch *full = e->batch, *next = batch_count(full) ? batch_new() : NULL;

    correlate_saved(e->p.correlate);
    storm_saved(e->storms);
    for (unsigned i = 0; i < e->n_workers; i++)
        worker_saved(e->workers[i]);
    engine_places_saved(e);
    e->whole = false;
    e->history_saved = e->history;
    e->moved_since = 0;
    e->commits++;
    e->last_commit = clock_monotonic();
    e->items += batch_count(full);
    if (!batch_count(full))
        return;
    if (next) {
        feed_publish(e->feed, full);
        e->batch = next;
    } else {
        /* Workers find these in the journal. */
        feed_set_last(e->feed, journal_last_seq(e->journal));
        e->fatal = -ENOMEM;
    }
}

static void
failed(struct engine *e, int r)
{
    int64_t now = clock_monotonic();

    if (!e->stuck_since) {
        e->stuck_since = now;
        e->retry_ms = COMMIT_RETRY_MS;
    } else if (e->retry_ms < COMMIT_RETRY_MAX_MS) {
        e->retry_ms *= 2;
    }
    e->retry_at = now + e->retry_ms * 1000000;
    e->journal_error = r;
    log_limited(&e->complaint, LOG_LEVEL_ERROR, "journal: %s; nothing is read until it works again",
                journal_error(e->journal));
    if (r == -EUCLEAN || r == -EROFS)
        e->fatal = r;
}

void
engine_commit(struct engine *e)
{
    int r;

    if (e->fatal)
        return; /* what is in memory may be half of what it should be */
    pthread_mutex_lock(&e->lock);
    e->dirty = e->soon = e->called = false;
    e->heartbeat = clock_monotonic();
    pthread_mutex_unlock(&e->lock);
    r = write_all(e);
    engine_look_at_clock(e);
    if (r) {
        pthread_mutex_lock(&e->lock);
        e->dirty = true;
        pthread_mutex_unlock(&e->lock);
        failed(e, r);
        return;
    }
    if (e->stuck_since) {
        e->outage_ms = (clock_monotonic() - e->stuck_since) / 1000000;
        log_info("journal: works again after %lld ms", (long long) e->outage_ms);
        e->stuck_since = 0;
        e->journal_error = 0;
    }
    committed(e);
    engine_watch_room(e);
}
