/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deliver.h - from the journal to the targets. */
#ifndef FORWARDER_DELIVER_H
#define FORWARDER_DELIVER_H

#include "forwarder/config.h"
#include "forwarder/journal.h"

/* Sends each target what it has not had, in journal order, and moves its
 * cursor when the target has it safe; then deletes what all of them have had
 * and 'keep' does not hold.  Returns how many targets failed. */
unsigned deliver_all(const struct config *, struct journal *);

/* What a target has been told of an alarm decides what it is told next
 * (design section 6, "severity"). */
struct deliver_filter;
struct deliver_filter *deliver_filter_new(const struct config_target *);
void deliver_filter_free(struct deliver_filter *);
/* Whether 'item' goes to the target.  An update that first reaches the
 * target's severity comes back in '*state' as the raise it is to it. */
bool deliver_filter_takes(struct deliver_filter *, const struct item *, enum alarm_state *state);

#endif
