/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_capture.h - the double of a target: keeps what it was given and fails
 * when told to.  For tests; no configuration can name it. */
#ifndef FORWARDER_TARGET_CAPTURE_H
#define FORWARDER_TARGET_CAPTURE_H

#include "forwarder/target.h"

struct capture_item {
    uint64_t seq, target_seq;
    enum item_kind kind;
    char *xml; /* NUL-terminated */
    size_t n;
    bool flushed; /* a good settle came after it */
};

extern const struct target_class target_capture_class;

/* What was taken, in order; a failed settle takes back what came after the last
 * good one. */
const struct capture_item *target_capture_items(const struct target *, unsigned *n);
/* The next 'times' sends, or settles, fail with 'result' (negative errno). */
void target_capture_fail_send(struct target *, unsigned times, int result);
void target_capture_fail_flush(struct target *, unsigned times, int result);

#endif
