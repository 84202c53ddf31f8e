/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_filter.h - which items go to a target, and as what (design section 6).
 * What it has been told of an alarm decides what it is told next: a raise from
 * its severity on, updates and clears where their raise went, and an update
 * that first reaches its severity as the raise it is to it.  For snmp targets
 * changes of alarms that a storm alarm stands for are folded: kept back until
 * the storm is over. */
#ifndef FORWARDER_WORKER_FILTER_H
#define FORWARDER_WORKER_FILTER_H

#include "forwarder/config.h"
#include "forwarder/told.h"

struct worker_filter {
    const struct config_target *tc;
    struct told *told;
    bool history;  /* takes what a first start found */
    bool folds;    /* storms */
    bool again;    /* clears go again: nobody acknowledges them */
    bool archive;  /* keeps every change once: no repetitions */
    bool crowded;  /* more keys than 'told' holds: clears go out unasked */
};
/* 'once': everything, one by one, and nothing twice. */
void worker_filter_init(struct worker_filter *, const struct config_target *, struct told *, bool once);

enum worker_verdict { WORKER_PASS, WORKER_SEND, WORKER_FOLD };
/* What becomes of 'item'; '*state' as what an alarm goes out. */
enum worker_verdict worker_filter_item(const struct worker_filter *, const struct item *, bool history,
                                       enum alarm_state *state);

/* An item with its place, for what is noted about it. */
struct worker_item {
    const struct item *item;
    struct str xml; /* as the journal has it */
    uint64_t seq;
    int64_t arrival;
    bool history;
};
enum { WORKER_AGAIN_FIRST_S = 60, WORKER_AGAIN_LAST_S = 600 };
/* Notes in 'told' that it went out as 'state' with number 'target_seq' ... */
void worker_filter_sent(struct worker_filter *, const struct worker_item *, enum alarm_state state,
                        uint64_t target_seq, int64_t now);
/* ... that it was folded (false: it cannot be kept and must be sent) ... */
bool worker_filter_fold(struct worker_filter *, const struct worker_item *);
/* ... or given up.  False when it is owed all the same: the clear of an alarm
 * that the target knows. */
bool worker_filter_give_up(struct worker_filter *, const struct worker_item *, enum alarm_state state);

/* The storm that an alarm key stands for, or absent: "self:STORM:NAME". */
struct str worker_filter_storm(struct str key);

#endif
