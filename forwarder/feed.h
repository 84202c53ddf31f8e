/* SPDX-License-Identifier: BSD-2-Clause
 *
 * feed.h - the newest committed items in memory, for targets that keep up.  The
 * engine publishes each batch once its transaction is on disk; a worker that
 * stands close to the end takes it from here, one that is further behind reads
 * the journal.  A bound on bytes decides how far back "close" reaches. */
#ifndef FORWARDER_FEED_H
#define FORWARDER_FEED_H

#include "forwarder/batch.h"

struct feed;
struct feed *feed_new(size_t max_bytes);
void feed_free(struct feed *);
/* Takes over the reference.  Its items have consecutive seqs after all earlier ones. */
void feed_publish(struct feed *, struct batch *);
/* The journal's newest seq, at the start and when nothing is published for it. */
void feed_set_last(struct feed *, uint64_t seq);
uint64_t feed_last(struct feed *);
/* The batch that holds item seq + 1, referenced for the caller; NULL when it is
 * not in memory (any more), or not there yet. */
const struct batch *feed_get(struct feed *, uint64_t seq);
/* Waits until feed_last() is above 'seq', somebody called feed_kick(), or the
 * time is up.  'kicks' remembers the kicks seen: start with 0. */
void feed_wait(struct feed *, uint64_t seq, int wait_ms, uint64_t *kicks);
void feed_kick(struct feed *);

#endif
