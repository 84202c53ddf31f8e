/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.h - one target at work, in a thread of its own: items from the feed
 * or the journal, through the filter, to target->send(), and the cursor once
 * they are safe.  What one target does never delays another, nor the engine.
 *
 * The cursor and what the target was told of open alarms are written by the
 * engine, inside its transactions: worker_save(). */
#ifndef FORWARDER_WORKER_H
#define FORWARDER_WORKER_H

#include "forwarder/config.h"
#include "forwarder/feed.h"
#include "forwarder/journal.h"
#include "forwarder/target.h"

struct worker;

struct worker_shared {
    struct journal *journal; /* for readers of their own connection only */
    struct feed *feed;
    int64_t started; /* monotonic, of the program: sysUpTime */
    /* Called from the worker's thread when worker_save() has something to do. */
    void (*dirty)(void *arg);
    /* The same, and something waits until it is on disk; NULL: it is told by 'dirty' alone. */
    void (*soon)(void *arg);
    void *arg;
    bool once; /* end at the feed's last item after worker_finish(), or at the first failure that stays */
    /* Totals of the engine, for the heartbeat; any thread. */
    uint64_t (*records_read)(void *arg);
    const struct target_class *target_class; /* NULL: what the target's type names */
};

/* Engine thread.  Reads its state from the journal (a new target starts at the
 * journal's end, with 'once' at its start) and starts the thread.  'config' is referenced for
 * as long as it runs.  NULL with 'err' when the target cannot be. */
struct worker *worker_start(struct config *config, const struct config_target *, struct journal *,
                            const struct worker_shared *, char *err, size_t errlen);

/* What it was started with; lives as long as the worker. */
const struct config_target *worker_target(const struct worker *);

/* Engine thread, inside a transaction: writes what changed since the last
 * worker_saved().  0 or negative errno. */
bool worker_is_dirty(struct worker *);
int worker_save(struct worker *, struct journal *);
void worker_saved(struct worker *); /* the transaction is on disk */

/* The last seq that this target needs no more and whose cursor is on disk. */
uint64_t worker_done(struct worker *);
/* Items up to 'seq' are given up for this target (the journal is full and its
 * overflow is drop-oldest); counted.  Any thread. */
void worker_drop(struct worker *, uint64_t seq);

/* once: no more items will come; the worker ends when all are safe. */
void worker_finish(struct worker *);
/* Asks for the end: what was sent gets until 'wait_ms' to become safe. */
void worker_stop(struct worker *, int wait_ms);
/* True when its thread has ended; worker_save() may have something to do once more. */
bool worker_ended(struct worker *);
void worker_free(struct worker *); /* joins; NULL-safe */

enum worker_state { WORKER_STARTING, WORKER_UP, WORKER_DOWN, WORKER_ENDED };
struct worker_status {
    const char *name, *type;
    enum worker_state state;
    bool failed;           /* once: it ended with items not delivered */
    bool refused;          /* down because the receiver answers and does not take what comes */
    char error[512];       /* the last failure, "" when up */
    struct target_expiry expiry;
    const struct config_address *address; /* that took items last, or the preferred one; NULL: it has none */
    unsigned address_n, n_addresses;      /* which of how many, from 1 */
    int64_t down_since;    /* monotonic, 0 up */
    int64_t retry_at;      /* monotonic */
    uint64_t seq, target_seq; /* safe cursor */
    uint64_t behind;       /* items after the cursor */
    int64_t oldest_unsafe; /* arrival (ns UTC) of the oldest item not yet safe, sent or not; 0 none */
    uint64_t sent, acknowledged, folded, dropped, skipped, truncated, reconnects;
    uint64_t retries, refusals; /* repetitions sent; answers that were no acknowledgements */
    unsigned in_flight;
    uint64_t replaying; /* items that a replay has left */
    unsigned open_keys;
};
void worker_status(struct worker *, struct worker_status *); /* any thread */

/* Engine thread.  The stored items 'first' to 'last' go to the target again,
 * between what is new, and through a restart once that is saved.  -EBUSY while
 * an earlier replay is under way. */
int worker_replay(struct worker *, uint64_t first, uint64_t last);

/* Engine thread, inside a transaction: forgets what a target that is no longer
 * configured was told and has acknowledged.  Its cursor: journal_cursor_keep(). */
int worker_forget(struct journal *, const char *target);

#endif
