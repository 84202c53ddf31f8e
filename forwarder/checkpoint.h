/* SPDX-License-Identifier: BSD-2-Clause
 *
 * checkpoint.h - what has to commit together with the items: where every
 * source stands, and what the correlator knows. */
#ifndef FORWARDER_CHECKPOINT_H
#define FORWARDER_CHECKPOINT_H

#include "forwarder/journal.h"
#include "forwarder/merge.h"
#include "parsers/correlate.h"

/* Inside a transaction.  0 or negative errno. */
int checkpoint_save(struct journal *, const struct merge *, const struct correlate *);
/* Into a new correlator; 0 also when there is none. */
int checkpoint_restore_correlate(struct journal *, struct correlate *);
/* Moves 's' to where it was last; nothing when it was never read. */
void checkpoint_resume(struct journal *, struct stream *s);

#endif
