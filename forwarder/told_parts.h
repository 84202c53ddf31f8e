/* SPDX-License-Identifier: BSD-2-Clause
 *
 * told_parts.h - what told.c and told_save.c share.  Nobody else includes this. */
#ifndef FORWARDER_TOLD_PARTS_H
#define FORWARDER_TOLD_PARTS_H

#include "forwarder/told.h"
#include "parsers/map.h"

struct told_change {
    struct told_change *next;
    struct told_key *now; /* owned until applied; NULL: nothing known */
    size_t n;
    char key[];
};

/* One item that is not safe yet, or waits for one that is not. */
struct told_entry {
    uint64_t seq, wire;
    uint64_t upto; /* items after it up to here need nothing more */
    uint64_t target_seq;
    int64_t arrival;
    struct told_change *changes;
    bool sent, acked, folded;
};

struct told {
    struct map *safe;  /* key -> struct told_key, owned */
    struct map *ahead; /* key -> newest struct told_change in the queue or group */
    struct told_change *group, **group_last; /* of the item that is being sent */
    struct told_entry *ring;
    unsigned first, n, cap;
    unsigned unsafe; /* entries with 'sent' */
    unsigned open, open_safe, again;
    struct journal_cursor sent, cursor; /* queue's end and beginning */
    struct journal_cursor written, durable;
    struct told_totals totals;
    struct map *unsaved, *saving; /* keys whose blobs must be written; are being */
    bool old_blob;                /* of the first version: to be forgotten */
    bool started;                 /* and not saved since: a place that is new must stay */
};

struct told_key *told_key_new(const struct told_key *, struct str xml);

#endif
