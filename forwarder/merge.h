/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.h - many streams as one, in order of time: UTC, else local digits, as
 * a running maximum within each stream; ties by the order they were added. */
#ifndef FORWARDER_MERGE_H
#define FORWARDER_MERGE_H

#include "forwarder/stream.h"

struct merge;

struct merge *merge_new(void);
void merge_free(struct merge *); /* closes the streams */
/* Takes over 's'. */
bool merge_add(struct merge *, struct stream *s);

/* The stream whose event is next, NULL at the end of all.  Its event is valid
 * until the next call.  A stream that fails to read is logged once, counted,
 * and left out.  'pass' is used where only one stream is left. */
struct stream *merge_next(struct merge *, const struct stream_pass *pass);
unsigned merge_failed(const struct merge *);

unsigned merge_count(const struct merge *);
struct stream *merge_stream(const struct merge *, unsigned i); /* in order added */

#endif
