/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.h - many streams as one, in order of time: UTC, else local digits, as
 * a running maximum within each stream; ties by the order they were added, or
 * by name where streams come and go. */
#ifndef FORWARDER_MERGE_H
#define FORWARDER_MERGE_H

#include "forwarder/stream.h"

struct merge;

struct merge *merge_new(void);
void merge_free(struct merge *); /* closes the streams */
/* Takes over 's'. */
bool merge_add(struct merge *, struct stream *s);

/* The stream whose event is next, NULL when there is none (now).  Its event is
 * valid until the next call.  A stream that fails to read is logged once,
 * counted, and left out.  'pass' is used where only one stream is left. */
struct stream *merge_next(struct merge *, const struct stream_pass *pass);
unsigned merge_failed(const struct merge *);
int merge_error(const struct merge *); /* of the first that failed for want of memory, else 0 */
bool merge_has_ended(struct stream *); /* it failed: nothing will be read of it */

unsigned merge_count(const struct merge *);
struct stream *merge_stream(const struct merge *, unsigned i); /* in order added */

/* --- streams that are fed ------------------------------------------------------ */

/* Asked when a fed stream has nothing more: 1 when it was given something, 0
 * when that is all for now, -EAGAIN when more is known to be on its way (then
 * nothing is given out before it came: it may be the next), other negative
 * errno when the stream is at an end with an error. */
typedef int merge_more(void *arg, struct stream *);
void merge_feeder(struct merge *, merge_more *, void *arg);
/* There is something new for 's'. */
void merge_wake(struct merge *, struct stream *s);
/* True when no stream has an event, may have one, or is waited for. */
bool merge_is_idle(const struct merge *);
/* How many streams are waited for. */
unsigned merge_owed(const struct merge *);
/* No longer waits for 's', until it is woken. */
void merge_forgive(struct merge *, struct stream *s);
/* Takes 's' out; the caller closes it.  Its event, if it was the one given, is
 * over. */
void merge_remove(struct merge *, struct stream *s);

#endif
