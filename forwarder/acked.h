/* SPDX-License-Identifier: BSD-2-Clause
 *
 * acked.h - which messages a receiver has acknowledged out of their turn.  The
 * cursor stands at the oldest that it has not, and after a loss everything from
 * there goes again; what is noted here is left out then, or a receiver would get
 * a raise again after its clear.  The worker owns it, over all openings of its
 * target; the target notes.  In memory only: after a kill they do go again. */
#ifndef FORWARDER_ACKED_H
#define FORWARDER_ACKED_H

#include <stdbool.h>
#include <stdint.h>

/* More than a target takes beyond one that is not acknowledged, and its table. */
enum { ACKED_MAX = 2048 };

struct acked {
    struct acked_one {
        uint64_t number, id;
    } one[ACKED_MAX]; /* the newest ones; number 0: none */
    unsigned next;
    uint64_t highest;
};

/* An alarm change is known by its number (target_seq) and its id of 32 hex digits
 * together: after a drop a number may come to another one. */
void acked_note(struct acked *, uint64_t number, const char *id);
bool acked_has(const struct acked *, uint64_t number, const char *id);

#endif
