/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_parts.h - what the files worker*.c share.  Nobody else includes this. */
#ifndef FORWARDER_WORKER_PARTS_H
#define FORWARDER_WORKER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "forwarder/log.h"
#include "forwarder/target.h"
#include "forwarder/worker.h"
#include "forwarder/worker_filter.h"
#include "parsers/item_xml.h"

#define WORKER_MS INT64_C(1000000)
#define WORKER_S INT64_C(1000000000)

/* Items [next, last] that are to go again; 0, 0: none. */
struct worker_span {
    uint64_t next, last;
};

struct worker {
    struct config *config;
    const struct config_target *tc;
    const struct target_class *cls;
    struct worker_shared shared;
    pthread_t thread;
    bool running; /* the thread was made and not yet joined */

    /* The thread's own. */
    struct target *target; /* NULL: not open */
    struct worker_filter filter;
    struct arena *arena, *held; /* of an item out of the journal; of one that was kept */
    struct xml_buf xml;
    struct journal_reader *reader; /* stands at told_seq(), or NULL */
    uint64_t wire;   /* sends of single items, over all openings */
    uint64_t safe;   /* the newest of them that is safe */
    struct acked *acked; /* alarm changes above it that need not go again; NULL: its kind cannot tell */
    uint64_t overflow;   /* of 'acked', that was told */
    uint64_t passing;    /* in the journal: the item that goes out, with all that goes out because of it; 0: a replay's */
    struct journal_reader *replay_reader;
    uint64_t replay_to;   /* a run of the replay is out, up to here; 0 none is */
    uint64_t replay_wire; /* and its last item has this number */
    uint64_t kicks;  /* of the feed */
    uint64_t waited; /* items that had come up to the opening */
    bool progress;   /* something became safe since the opening */
    bool owed;       /* clears that were given up may have to go out first */
    int64_t opened, settled; /* monotonic */
    int64_t heartbeat, again; /* next, monotonic */
    int64_t dirty_due, dirty_last;
    unsigned run;   /* items since the last settle */
    unsigned tries; /* since the last progress */
    unsigned starved; /* times that memory did not suffice for a row */
    unsigned backoff_ms;
    uint64_t truncated_before, retries_before, refusals_before; /* by targets that were closed */
    uint64_t jitter;
    unsigned address; /* which of its addresses is in use, over closings */
    struct log_limit log;

    /* Set by others: there is something under 'lock' to look at. */
    _Atomic bool attention;
    /* Arrival (ns UTC) of the first item that waits, where none is under way; 0: none waits. */
    _Atomic int64_t waiting;

    /* Under 'lock': also 'told', as far as it is saved or shown. */
    pthread_mutex_t lock;
    struct told *told;
    bool stopping, finishing, ended, failed;
    int64_t stop_by; /* monotonic */
    struct worker_span replay, replay_saving, replay_disk;
    uint64_t drop_to, dropped, given_up, skipped, sent, reconnects, truncated, retries, refusals;
    unsigned in_flight;
    bool refused;
    int64_t down_since, retry_at;
    enum worker_state state;
    unsigned open_keys;
    char error[512];
    struct target_expiry expiry;
    unsigned proven; /* the address at which something became safe last */
};

enum { WORKER_BACKOFF_MS = 1000, WORKER_STARVED = 60 };

void *worker_run(void *); /* worker_run.c: the thread */

/* worker_send.c: all from the thread.  0, -ECANCELED when worker_stop() or
 * worker_drop() want to be looked at first, or what the target failed with. */
int worker_send(struct worker *, const struct worker_item *);
int worker_send_owed(struct worker *); /* after an opening */
int worker_send_due(struct worker *, int64_t now); /* what goes by the clock */
int worker_settle(struct worker *, int wait_ms);
void worker_note_address(struct worker *); /* which of its addresses takes what is sent, for status and log */
void worker_drop_items(struct worker *, uint64_t seq);
/* The item of a journal's row; false when it cannot be read: logged and counted,
 * or with 'starved' for want of memory.
 * With 'brief' an event is what the row's columns say, which is quicker. */
bool worker_read_row(struct worker *, const struct journal_row *, bool brief, struct item *);
/* worker_save() has something to do, from 'due' on at the latest. */
void worker_dirty(struct worker *, int64_t due);
void worker_tell(struct worker *, int64_t now); /* says so, when due; worker_run.c */
/* Hands one item over, with patience; 'wire' not above w->wire is a repetition. */
int worker_hand(struct worker *, const struct item *, struct str xml, uint64_t wire, uint64_t target_seq);
/* Looks at what others want, in the middle of an item: 0 or -ECANCELED. */
int worker_attend(struct worker *);

/* worker_replay.c: a step of the thread; what was out goes again (a loss); and
 * the engine's side, the first three under 'lock'. */
int worker_replay_step(struct worker *);
void worker_replay_rewind(struct worker *);
bool worker_replay_changed(const struct worker *);
int worker_replay_save(struct worker *, struct journal *);
void worker_replay_saved(struct worker *);
int worker_replay_restore(struct worker *, struct journal *);
int worker_replay_forget(struct journal *, const char *target);

#endif
