/* SPDX-License-Identifier: BSD-2-Clause
 *
 * acked.h - which messages a receiver has acknowledged out of their turn.  The
 * cursor stands at the oldest that it has not, and after a loss or a kill
 * everything from there goes again; what is noted here is left out then, or a
 * receiver would get a raise again after its clear.
 *
 * The worker owns it, over all openings of its target; the target notes, in the
 * worker's thread; the engine saves, in the transaction that saves the cursor.
 * What was noted counts for the next message of its alarm when it is on disk: that
 * one waits until then (acked_settled()), so that a kill makes at most the newest
 * message of an alarm go again.  Any thread; it has a lock of its own, and holds no
 * other one. */
#ifndef FORWARDER_ACKED_H
#define FORWARDER_ACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "forwarder/journal.h"

enum {
    ACKED_MAX = 32768,  /* that are known: a storm acknowledges as many while a loaded disk commits once */
    ACKED_ROOM = 512,   /* of them kept free for what is under way: more than a target's table */
    ACKED_MANY = 8192   /* not on disk: it should be written soon */
};

struct acked;
struct acked *acked_new(void); /* NULL when memory or descriptors end */
void acked_free(struct acked *); /* NULL-safe */

/* An alarm change that was acknowledged.  It is known by its id of 32 hex digits;
 * where the cursor has come to 'seq' and 'number', that says the same. */
struct acked_item {
    uint64_t seq;    /* in the journal, of the item that it went out with */
    uint64_t number; /* the target's own (target_seq) */
    uint64_t key;    /* a hash of its alarm key */
    const char *id;
};
/* Without room it is not noted, and counted. */
void acked_note(struct acked *, const struct acked_item *);
bool acked_has(struct acked *, const char *id);
/* Whether a message of alarm 'key' may go: what was acknowledged of it is on disk.
 * If not, acked_fd() becomes readable when more is. */
bool acked_settled(struct acked *, uint64_t key);
/* Whether the acknowledgements of all that is under way can be noted.  If not,
 * acked_fd() becomes readable after the next save. */
bool acked_room(struct acked *);
/* Something waits for the next save; true once for each reason. */
bool acked_is_waited_for(struct acked *);
uint64_t acked_overflow(struct acked *); /* acknowledgements that were not noted */
/* Readable after a save that somebody waited for, until acked_heard(). */
int acked_fd(const struct acked *);
void acked_heard(struct acked *);
void acked_wait(struct acked *, int wait_ms); /* until it is readable, at most so long */
uint64_t acked_saves(struct acked *); /* how many there were */

/* Engine thread: what is noted above 'at', the cursor of the same transaction,
 * becomes the blob "acked" of the target.  0 or negative errno. */
bool acked_changed(struct acked *);
int acked_save(struct acked *, struct journal *, const char *target, const struct journal_cursor *at);
void acked_saved(struct acked *); /* the transaction is on disk */
int acked_restore(struct acked *, struct journal *, const char *target, const struct journal_cursor *at);
int acked_forget(struct journal *, const char *target);

#endif
