/* SPDX-License-Identifier: BSD-2-Clause
 *
 * explain_item.h - what the journal knows of one item: the item itself, what
 * proves it, and what became of its alarm.  Used by the daemon (request.c) and
 * by `truecause explain` where no daemon runs (cmd_explain_id.c). */
#ifndef FORWARDER_EXPLAIN_ITEM_H
#define FORWARDER_EXPLAIN_ITEM_H

#include <stdatomic.h>

#include "forwarder/journal.h"
#include "forwarder/put.h"

/* Writes it to 'out' and its place in the journal to '*seq'.  Reads the journal
 * through, as journal_find() does; 'ending' (may be NULL) set makes it stop
 * before the next long step.  An exit status of cmd.h, with the reason in 'out'
 * when it is not CMD_DONE. */
int explain_item(struct journal *, const atomic_bool *ending, const char *id, uint64_t *seq, struct xml_buf *out);

/* One line of deliveries: 'cursor' is the last seq that the target is done with. */
void explain_delivery(struct xml_buf *out, const char *target, uint64_t cursor, uint64_t seq);

bool explain_is_id(const char *);

#endif
