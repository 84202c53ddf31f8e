/* SPDX-License-Identifier: BSD-2-Clause
 *
 * batch.h - items between two commits, in memory: the engine fills a batch,
 * writes it to the journal (again, should that fail), and publishes it in the
 * feed, from where it never changes. */
#ifndef FORWARDER_BATCH_H
#define FORWARDER_BATCH_H

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

#endif
