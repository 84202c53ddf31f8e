/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target.h - where items go: one vtable per kind.  A target is driven by the
 * pipeline from one thread; it never blocks longer than its own time limits.
 * The capture double keeps what it was given, for tests. */
#ifndef FORWARDER_TARGET_H
#define FORWARDER_TARGET_H

#include "forwarder/config.h"
#include "parsers/event.h"

/* An item on its way out: the journal's columns and the two forms of it. */
struct target_item {
    uint64_t seq;          /* journal order */
    uint64_t target_seq;   /* this target's own count of items, from 1 */
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
    /* Takes one item.  0, or negative errno when it was not taken (the item
     * goes again later).  May only queue it, bounded. */
    int (*send)(struct target *, const struct target_item *);
    /* Returns when all taken items are as safe as this kind can make them, or
     * a negative errno: then all since the last good flush go again. */
    int (*flush)(struct target *, int timeout_ms);
    void (*close)(struct target *); /* NULL-safe */
};

struct target {
    const struct target_class *cls;
    const struct config *config;
    const struct config_target *tc;
    char error[256]; /* the last failure in words, for messages */
    uint64_t sent;   /* items taken */
    uint64_t truncated;
};

extern const struct target_class *const target_table[]; /* NULL at the end */
const struct target_class *target_find(const char *type);

extern const struct target_class target_xml_class;
extern const struct target_class target_snmp_class;
extern const struct target_class target_syslog_class;

#endif
