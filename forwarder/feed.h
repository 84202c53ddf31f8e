/* SPDX-License-Identifier: BSD-2-Clause
 *
 * feed.h - the newest committed items in memory, for targets that keep up.  The
 * engine publishes each batch once its transaction is on disk; a worker that
 * stands close to the end takes it from here, one that is further behind reads
 * the journal.  A bound on bytes decides how far back "close" reaches.
 *
 * A batch is made by one thread and never changes once it is published. */
#ifndef FORWARDER_FEED_H
#define FORWARDER_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parsers/event.h"

/* An item as the journal has it; all that it points to lives in the batch. */
struct batch_item {
    uint64_t seq; /* 0 until it was appended */
    int64_t arrival_ns;
    bool history; /* of a first start, and old: see config history="summary" */
    struct item item;
    struct str xml; /* one line with LF, as item_xml_write() gives it */
};

struct batch;
struct batch *batch_new(void); /* one reference; NULL when memory ends */
struct batch *batch_ref(const struct batch *); /* any thread */
void batch_unref(const struct batch *);        /* any thread; NULL-safe */
/* Copies 'item' and writes its XML.  0 or -ENOMEM (nothing was added). */
int batch_add(struct batch *, const struct item *, int64_t arrival_ns, bool history);
unsigned batch_count(const struct batch *);
size_t batch_bytes(const struct batch *);
struct batch_item *batch_item(struct batch *, unsigned i);
const struct batch_item *batch_at(const struct batch *, unsigned i);

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
