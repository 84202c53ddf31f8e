/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall.h - what comes of instruction runs, one a thread: the stall of Q161043
 * with its confirmation and its ends, and packages whose run went well.
 * Called by correlate.c for every record of a log. */
#ifndef PARSERS_STALL_H
#define PARSERS_STALL_H

#include "parsers/alarm.h"
#include "parsers/pair.h"

enum { STALL_OPEN_MAX = 1024 };

#define STALL_CONFIRM (30 * 60 * INT64_C(1000000000))

struct stall_table;
struct stall_table *stall_new(struct alarm_table *);
void stall_free(struct stall_table *);

/* Looks at 'ev' (of source 'source') before it is sent: ties it to its run,
 * turns the second half of a stall into one, and completes its object.  '*run'
 * is the run it belongs to, 0 for none; '*quiet' true when 'ev' must not raise
 * an alarm by itself yet. */
void stall_before(struct stall_table *, struct call *, struct event *ev, uint64_t source, uint64_t *run, bool *quiet);
/* After 'ev' was sent: raises and clears what follows from it. */
void stall_after(struct stall_table *, struct call *, const struct event *ev, uint64_t source);
/* Confirms stalls that are due on 'clock'; returns the next due time. */
int64_t stall_tick(struct stall_table *, struct call *, uint32_t clock, int64_t now);
/* Confirms by arrival: stalls whose source has stood at its end for as long. */
void stall_live(struct stall_table *, struct call *, int64_t now, bool (*at_end)(void *, uint64_t source), void *arg);
/* The alarm of 'key' was ended from outside. */
void stall_forget(struct stall_table *, struct str key);
/* The end of all input: failed opens that still wait are told. */
void stall_finish(struct stall_table *, struct call *);

/* For pair.h: struct run_lookup over this table. */
struct run_lookup stall_runs(struct stall_table *);
/* True when nothing here waits for a record: the quick way past idle ones. */
bool stall_idle(const struct stall_table *);

/* Stalls are parts "stall/N"; those of run.h go with them. */
void stall_save(struct stall_table *, struct part_sink *);
void stall_saved(struct stall_table *);
void stall_save_core(const struct stall_table *, struct keep_out *);
/* Into an empty table: the core, each part in any order, then the end. */
bool stall_restore_core(struct stall_table *, struct keep_in *);
bool stall_restore_part(struct stall_table *, struct str kind, uint64_t id, struct keep_in *);
bool stall_restore_end(struct stall_table *);
/* All at once as the first version kept them. */
bool stall_restore_v1(struct stall_table *, struct keep_in *);

#endif
