/* SPDX-License-Identifier: BSD-2-Clause
 *
 * datagrams.h - what targets share whose receiver acknowledges nothing: the
 * pace, and when a message counts as gone out.  Used by target_snmp.c and the files
 * target_syslog*.c, which embed it; it knows no socket.
 *
 * The one loss that can be seen is a refused port, told by an ICMP message some
 * time after the send: a message is safe when DATAGRAMS_GRACE_MS have passed
 * without one. */
#ifndef FORWARDER_DATAGRAMS_H
#define FORWARDER_DATAGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "forwarder/target.h"

enum { DATAGRAMS_GRACE_MS = 20 };

struct datagrams {
    int64_t next_at;              /* monotonic: when the pace allows a message */
    int64_t last_at;              /* of the last one */
    int64_t marked_at;            /* when the newest of 'marked' went */
    uint64_t marked, safe;        /* seqs */
    uint64_t n, n_marked, n_safe; /* messages, for target->sent */
};

/* Waits until the pace allows a message: target->tc->pace a second, and after a
 * pause few at once (BURST).  -EAGAIN after a tenth of a
 * second when that is far off. */
int datagrams_pace(struct target *, struct datagrams *);
/* The item went out. */
void datagrams_sent(struct target *, struct datagrams *, const struct target_item *);
/* The settle() of such a target.  'trouble' asks the socket: 0, or the errno
 * of a loss since it was asked last. */
int datagrams_settle(struct target *, struct datagrams *, int wait_ms, uint64_t *safe,
                     int (*trouble)(struct target *));
/* What is not safe is lost. */
void datagrams_lost(struct target *, struct datagrams *);

#endif
