/* SPDX-License-Identifier: BSD-2-Clause
 *
 * retry.h - records that name nothing themselves and mean the instruction that
 * their thread last began: `retry count is now` (Q191360), `Created retry
 * instruction`, `Despooler failed to execute the instruction`.  Called by
 * stall.c. */
#ifndef PARSERS_RETRY_H
#define PARSERS_RETRY_H

#include "parsers/run.h"

/* Gives 'ev', a record of the run 'r', the instruction and the one package that
 * the run carries, where it names none.  Strings are of the call's arena. */
void retry_complete(struct call *, struct event *ev, const struct run *r);
/* False when 'ev' names another instruction than the run's. */
bool retry_is_of(const struct event *ev, const struct run *r);
/* True when a package of 'r' failed: that its retries are used up is told to
 * that package's alarm, by the next one. */
bool retry_failed(const struct run *r);
void retry_used_up(struct alarm_table *, struct call *, const struct event *ev, const struct run *r);
/* The instruction of 'r' was executed on the host of 'ev': ends the alarms of
 * components that wait for this one and for no other. */
void retry_executed(struct alarm_table *, struct call *, const struct event *ev, const struct run *r);

#endif
