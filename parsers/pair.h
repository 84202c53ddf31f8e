/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair.h - the disk-full report and the log line that proves what it was:
 * failed copies remembered, Event 109s held until their window has passed,
 * and the zone offsets that pairs teach (design section 5, "Pairing",
 * "Holding").  Called by correlate.c. */
#ifndef PARSERS_PAIR_H
#define PARSERS_PAIR_H

#include "parsers/alarm.h"

enum { PAIR_FAILURES_MAX = 10000, PAIR_HELD_MAX = 10000, PAIR_CLOCKS_MAX = 1024 };

#define PAIR_WINDOW (60 * INT64_C(1000000000))
#define PAIR_UNKNOWN_WINDOW (14 * 3600 * INT64_C(1000000000))

/* An instruction run as pairing sees it: open while 'end' is INT64_MAX. */
struct run_span {
    uint64_t id;
    uint32_t clock;
    int64_t start, end;
};
/* Finds run 'id'; false when it is no longer remembered. */
struct run_lookup {
    bool (*span)(void *arg, uint64_t id, struct run_span *);
    void *arg;
};

struct pair_table;
struct pair_table *pair_new(void);
void pair_free(struct pair_table *);

/* Remembers the failed copy 'ev' at 'at', made in 'run' (0: none) to the
 * server 'server' ("" unknown). */
bool pair_failure(struct pair_table *, const struct event *ev, const struct moment *at, uint64_t run,
                  struct str server);
/* A copy to 'server' that went well: earlier failures of the same target prove
 * nothing about reports that are later than 'at'. */
void pair_copied(struct pair_table *, const struct event *ev, const struct moment *at, struct str server);

/* Whether 'ev' is a claim that pairing may change, and so has to be held. */
bool pair_wants(const struct event *ev);
/* Keeps a copy of 'ev' until the merged time reaches 'due'. */
bool pair_hold(struct pair_table *, const struct event *ev, const struct moment *at, int64_t due, int64_t arrival);
/* Earliest due time, INT64_MAX when nothing is held. */
int64_t pair_next_due(const struct pair_table *);
unsigned pair_held_count(const struct pair_table *);

/* A report that is let go, with its verdict completed. */
struct pair_release {
    struct event *ev; /* owned by the caller: free() */
    struct moment at;
    bool proven;       /* a failure proves it, and was filed when it came */
    uint64_t run;      /* of that failure, 0 for none */
    struct str server; /* server of that failure; lives until the next call */
};
/* Takes the oldest held report that is due at 'now' (all when 'all'); false
 * when none is.  Overdue ones come in the order they were held. */
bool pair_take(struct pair_table *, int64_t now, bool all, const struct run_lookup *, struct pair_release *);
/* Makes due what arrived 5 min before 'now', and what 'read_past' says nothing
 * can prove any more. */
void pair_live(struct pair_table *, int64_t now, bool (*read_past)(void *, struct str host, int64_t until, int64_t),
               void *arg);
/* For a claim that is not held: names a matching failure as linked. */
void pair_link(struct pair_table *, struct event *ev, const struct moment *at, const struct run_lookup *);

struct pair_counters {
    uint64_t paired, unpaired, early, forgotten, learned;
};
const struct pair_counters *pair_counters(const struct pair_table *);

void pair_save(const struct pair_table *, struct keep_out *);
bool pair_restore(struct pair_table *, struct keep_in *);

#endif
