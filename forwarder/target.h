/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target.h - where items go: one vtable per kind.  A target is driven by the
 * pipeline from one thread; it never blocks longer than its own time limits.
 * The capture double keeps what it was given, for tests. */
#ifndef FORWARDER_TARGET_H
#define FORWARDER_TARGET_H

#include "forwarder/acked.h"
#include "forwarder/config.h"
#include "parsers/event.h"

/* An item on its way out: the journal's columns and the two forms of it. */
struct target_item {
    uint64_t seq;          /* journal order */
    uint64_t target_seq;   /* this target's own count of items, from 1 */
    uint64_t journal_seq;  /* of the item that it goes out with, whose place in the journal makes it safe;
                            * 0: goes again because somebody asked for it */
    const struct item *item;
    struct str xml;        /* one line with LF, as item_xml_write gives it */
    int64_t now_ns;        /* wall clock of sending, UTC */
    int64_t uptime_ns;     /* monotonic since the program started */
};

struct target; /* base; each kind embeds it first */

struct target_class {
    const char *type;
    /* Makes a target of 'tc' (borrowed, outlives it).  NULL with a message in
     * 'err' when it cannot be ("file:line: what, why, how to mend"). */
    struct target *(*open)(const struct config *, const struct config_target *tc, char *err, size_t errlen);
    /* Takes one item.  0; -EAGAIN when there is no room for it now (settle(),
     * then again); another negative errno when the way to the receiver is lost
     * or cannot be found: settle() then says what is safe, the rest goes again.
     * May only queue it, bounded; may connect first, within some seconds.
     * An item whose seq is not above the newest taken one (a repetition, a sign
     * of life) goes out like any other and moves nothing. */
    int (*send)(struct target *, const struct target_item *);
    /* Works on what was taken, waiting at most 'wait_ms' for progress.  '*safe'
     * becomes the seq of the newest item that is, with all before it, as safe
     * as this kind can make it (0: none since the open).  0; or negative errno,
     * once for each loss: what is above '*safe' goes again, by a connection or
     * file that the next send() opens anew.  Also called while there is nothing
     * to send, about once a second, and every 20 ms or so while something taken
     * is not safe: it notices a peer that has gone, and does what goes by the
     * clock, such as rotation. */
    int (*settle)(struct target *, int wait_ms, uint64_t *safe);
    /* A clean end: what is under way was settled before. */
    void (*close)(struct target *); /* NULL-safe */
};

/* Something of a target that ends at a known time: a certificate of ours, or one
 * that the receiver showed. */
struct target_expiry {
    int64_t at;      /* ns UTC; 0: nothing is known to end */
    int64_t warn_at; /* from then on somebody should know */
    char what[256];  /* "/etc/truecause/siem.pem (CN=anfield)" */
};

struct target {
    const struct target_class *cls;
    const struct config *config;
    const struct config_target *tc;
    char error[512]; /* the last failure in words, for messages */
    uint64_t sent;   /* items taken, without those that a loss took back */
    uint64_t truncated;
    unsigned address; /* which of tc->addresses is in use, or the next connection begins with; outlives the target */
    struct target_expiry expiry; /* of what it uses, the one that ends first */
    uint64_t taken;  /* seq of the newest item taken; after a loss, of the newest safe one */
    /* Where the receiver acknowledges each message: */
    uint64_t retries;   /* repetitions sent */
    uint64_t refusals;  /* times it answered and did not acknowledge */
    unsigned in_flight; /* messages that wait for their answer */
    bool refused;       /* of the last failure: it answered, and waiting will not mend it */
    struct acked *acked; /* to note which; the opener's, set before the first send(), NULL: nobody asks */
};

extern const struct target_class *const target_table[]; /* NULL at the end */
const struct target_class *target_find(const char *type);
/* Settles until everything taken is safe: 0, -ETIMEDOUT, or what settle() said. */
int target_flush(struct target *, int timeout_ms);

extern const struct target_class target_xml_class;
extern const struct target_class target_snmp_class;
extern const struct target_class target_syslog_class;

#endif
