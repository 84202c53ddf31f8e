/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair_state.h - the insides of pairing, for pair.c (which line proves which
 * report), pair_proof.c (the failures remembered), pair_held.c (the reports)
 * and pair_state.c (save and restore) alone. */
#ifndef PARSERS_PAIR_STATE_H
#define PARSERS_PAIR_STATE_H

#include "parsers/heap.h"
#include "parsers/map.h"
#include "parsers/pair.h"
#include "parsers/when.h"

/* A report whose logs cannot be read waits no longer than this, by arrival. */
#define PAIR_PATIENCE (5 * WHEN_MINUTE)

enum { PAIR_BUCKETS = 4096, PAIR_PAGE = 16 };

/* A proof stands in four lists, each oldest first. */
enum pair_list { PAIR_BY_PACKAGE, PAIR_BY_TARGET, PAIR_BY_HOST, PAIR_BY_AGE, PAIR_LISTS };

struct proof_list {
    struct proof *oldest, *newest;
    unsigned n;
};

/* What is kept of one failed copy: one block with its strings. */
struct proof {
    struct proof_link {
        struct proof *older, *newer;
    } link[PAIR_LISTS];
    uint64_t serial; /* order of arrival */
    uint64_t run;
    uint64_t target_hash; /* of its upper-case path */
    int64_t t, ok;        /* record time; that of a later good copy of the target */
    uint32_t clock, slot, win32;
    uint8_t cls, severity;
    bool ok_known, tagged, win32_known;
    char id[EVENT_ID_SIZE];
    struct str host, package, server, target, share, file, symbol, signature;
};

/* A report: held, or told and still open to evidence until 'due'. */
enum held_state { HELD_WAITING, HELD_TOLD, HELD_FILLED, HELD_STATES };
struct held {
    struct held *older, *newer; /* of those that wait, or that were told of its package */
    /* In 'due', 'ready' or 'expiry' of the table. */
    struct heap_node turn;
    unsigned bucket; /* of its package */
    enum held_state state;
    struct event *ev; /* owned */
    struct moment at;
    int64_t due;
    int64_t arrival; /* 0: this run of the program has not looked at it yet; not saved */
    bool ready;      /* live, or for want of room: need not wait for 'due' */
    /* Of one told: the proof it had, and the server it was filed under. */
    bool proven, share;
    int64_t apart;
    char *filed; /* owned */
    struct part part;
};
struct held_list {
    struct held *oldest, *newest;
    unsigned n;
};

struct pair_table {
    struct proof *slot[PAIR_FAILURES_ALL]; /* where proofs stand in their pages */
    uint32_t free_slot[PAIR_FAILURES_ALL];
    unsigned n_slots, n_free; /* slots ever used; of those, free ones */
    struct proof_list by_package[PAIR_BUCKETS], by_target[PAIR_BUCKETS], by_age;
    struct map *hosts; /* upper-case host -> struct proof_list */
    struct proof *newest; /* what the last pair_failure() took, NULL nothing */
    struct held_list waiting, told_of[PAIR_BUCKETS];
    /* The first to be due and the oldest that may go, of 'waiting'; the first
     * whose time has passed, of those told. */
    struct heap due, ready, expiry;
    struct heap_node *due_room[PAIR_HELD_MAX], *ready_room[PAIR_HELD_MAX], *expiry_room[PAIR_HELD_MAX];
    uint64_t serial, n_held; /* numbers given to proofs and reports so far */
    unsigned n_learned;
    bool learned[PAIR_CLOCKS_MAX];
    int64_t offset[PAIR_CLOCKS_MAX]; /* utc = local + offset */
    struct parts pages, reports, zones;
    struct part page[PAIR_FAILURES_ALL / PAIR_PAGE], zone[PAIR_CLOCKS_MAX];
    unsigned want_proofs, want_held, want_learned; /* that a restore has to bring */
    struct pair_counters counters;
    char server[256];
};

/* --- pair_proof.c */
void proof_init(struct pair_table *);
void proof_fini(struct pair_table *);
unsigned proof_bucket(struct str package);
/* One block with copies of the strings of 'p'; NULL when memory ends. */
struct proof *proof_keep(const struct proof *p);
/* Into a free slot ('slot' as it is, or any where it is PAIR_FAILURES_ALL) and
 * the lists, as the newest of each; false when memory ends. */
bool proof_add(struct pair_table *, struct proof *, bool any_slot);
static inline void
proof_changed(struct pair_table *t, const struct proof *p)
{
    part_changed(&t->pages, &t->page[p->slot / PAIR_PAGE]);
}

/* --- pair_held.c */
void held_free(struct held *);
void held_init(struct pair_table *);
void held_fini(struct pair_table *);
/* Puts 'h', whose state and number are known, where its number says; false
 * where there is no room. */
bool held_put(struct pair_table *, struct held *);
void held_take(struct pair_table *, struct held *);
/* 'h' leaves: freed, and no longer saved. */
void held_drop(struct pair_table *, struct held *);
/* The oldest waiting one that may go at 'now'; NULL none. */
struct held *held_next(struct pair_table *, int64_t now, enum pair_which);
/* 'h' was told and is kept for late evidence until its time has passed. */
void held_keep(struct pair_table *, struct held *);
/* The told one 'i' of expiry.n, the first to go at 0. */
struct held *held_told(struct pair_table *, unsigned i);
/* What no evidence can come for any more at the merged time 'now'. */
void held_expire(struct pair_table *, int64_t now);

#endif
