/* SPDX-License-Identifier: BSD-2-Clause
 *
 * told.h - what a target knows: how far it has come in the journal, and of
 * each alarm whether its raise went out.  Decisions are made on what was
 * sent; what is saved is as of what is safe.  Between the two is a bounded
 * queue of changes: told_safe() applies them, told_rewind() forgets them, and
 * then the same items lead to the same decisions and numbers again.
 *
 * No lock here: worker.c holds its own around what two threads touch. */
#ifndef FORWARDER_TOLD_H
#define FORWARDER_TOLD_H

#include "forwarder/journal.h"
#include "parsers/storm.h"

enum { TOLD_KEYS = 40000, TOLD_QUEUE = 65536, TOLD_KEPT_MAX = 256 * 1024 };

/* An item of a key that is kept, because it has yet to go out. */
enum told_held {
    TOLD_NOTHING,
    TOLD_FOLDED, /* newest change of an alarm that a storm alarm stands for */
    TOLD_OWED,   /* a clear that was given up while the target was away */
    TOLD_AGAIN   /* a clear that went out, and goes again (by trap) */
};

/* What is known of one key; none at all means not told, nothing held. */
struct told_key {
    bool told;
    enum told_held held;
    uint64_t seq, target_seq;   /* of the held item; target_seq: AGAIN */
    int64_t due;                /* AGAIN: monotonic */
    unsigned step;              /* AGAIN: times it went again */
    char storm[STORM_NAME + 1]; /* FOLDED */
    size_t n;
    char xml[]; /* of the held item */
};

struct told;
struct told *told_new(void); /* NULL when memory ends */
void told_free(struct told *);

/* --- as far as it was sent --------------------------------------------------- */

const struct told_key *told_get(const struct told *, struct str key);
/* Part of the item that the next told_pass() ends.  'now' is copied (with 'xml'),
 * NULL: nothing is known any more.  False when there is no room: nothing changed. */
bool told_set(struct told *, struct str key, const struct told_key *now, struct str xml);
/* The number for the next item that goes out. */
uint64_t told_number(struct told *);
uint64_t told_last_number(const struct told *);
uint64_t told_seq(const struct told *); /* of the newest item passed */
/* The item 'seq' is done with, as far as sending goes.  'sent' false: nothing
 * went out for it, and it is safe as soon as all before it is. */
struct told_pass {
    uint64_t seq;  /* in the journal */
    uint64_t wire; /* what told_safe() will name, where it was sent */
    int64_t arrival;
    bool sent;
    bool acked; /* nothing went out, because its acknowledgement had come before a loss */
    bool folded;
};
bool told_pass(struct told *, const struct told_pass *); /* false: no room, again after told_safe() */
bool told_room(struct told *); /* makes sure of it for one told_pass(); false: after some told_safe() */
unsigned told_unsafe(const struct told *); /* items that went out and are not safe */
int64_t told_oldest(const struct told *);  /* arrival of the first of them, 0 none */
/* Calls 'each' for every key of which 'held' is held (TOLD_NOTHING: for every
 * key that is told), in no order.  It must not call told_set(). */
void told_each(const struct told *, enum told_held held, void (*each)(void *arg, struct str key, const struct told_key *),
               void *arg);
unsigned told_open(const struct told *); /* keys that are told */
/* First 128 bits, in hex, of the SHA-256 over those keys in byte order, each
 * followed by LF.  False when memory ends. */
bool told_digest(const struct told *, char out[EVENT_ID_SIZE]);

/* --- as far as it is safe ------------------------------------------------------ */

struct told_totals {
    uint64_t items, folded; /* that became safe; told_pass() with sent, folded */
};
/* What went out as 'wire' and all before it is safe: moves on.  True when
 * anything did.  A step that memory does not allow is made by a later call. */
bool told_safe(struct told *, uint64_t wire);
/* The same for everything up to the journal's 'seq', safe or not. */
void told_give_up(struct told *, uint64_t seq);
/* Forgets what was sent and is not safe: it goes again. */
void told_rewind(struct told *);
const struct told_totals *told_totals(const struct told *);
struct journal_cursor told_cursor(const struct told *);
void told_start(struct told *, const struct journal_cursor *); /* where it stands, when nothing was sent */

/* A clear that is safe and is to go again at 'now'; NULL: none. */
const struct told_key *told_due(const struct told *, int64_t now, struct str *key);
/* It went: its next time, or with 'step' 0 never again.  'key' may be told_due()'s. */
void told_went(struct told *, struct str key, int64_t due, unsigned step);

/* Blobs "told", TARGET LF KEY, of the keys that changed since the save that
 * told_saved() confirmed.  'now' and 'utc' are the two clocks. */
bool told_changed(const struct told *);
int told_save(struct told *, struct journal *, const char *target, int64_t now, int64_t utc);
void told_saved(struct told *);
struct journal_cursor told_durable(const struct told *); /* as it is on disk */
int told_restore(struct told *, struct journal *, const char *target, int64_t now, int64_t utc);
/* Forgets the blobs of a target that is no longer configured. */
int told_forget(struct journal *, const char *target);

#endif
