/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair.h - the disk-full report and the log line that proves what it was:
 * failed copies remembered, Event 109s held until their window has passed (or,
 * live, until no line can come any more), evidence that comes after that, and
 * the zone offsets that pairs teach (design section 5, "Pairing", "Holding").
 * Called by correlate.c. */
#ifndef PARSERS_PAIR_H
#define PARSERS_PAIR_H

#include "parsers/alarm.h"

/* Failures remembered a host and in all; reports held, and as many more that
 * were told and may still be proved. */
enum { PAIR_FAILURES_MAX = 10000, PAIR_FAILURES_ALL = 65536, PAIR_HELD_MAX = 10000, PAIR_CLOCKS_MAX = 1024 };

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
 * server 'server' ("" unknown).  False when memory ends. */
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
/* Live: makes ready what arrived 5 min before 'now', and what 'read_past' (see
 * correlate.h) says no line can prove any more. */
void pair_live(struct pair_table *, int64_t now, bool (*read_past)(void *, struct str host, int64_t until, int64_t),
               void *arg);

/* A report that is let go, with its verdict completed. */
struct pair_release {
    struct event *ev; /* owned by the caller: free() */
    struct moment at;
    bool proven;       /* a failure proves it, and was filed when it came */
    uint64_t run;      /* of that failure, 0 for none */
    struct str server; /* server of that failure; lives until the next call */
};
/* Which reports go: those that pair_live() made ready, those whose window has
 * passed at the merged time 'now' too, or all. */
enum pair_which { PAIR_READY, PAIR_DUE, PAIR_ALL };
/* Takes the oldest held report that may go; false when none may. */
bool pair_take(struct pair_table *, int64_t now, enum pair_which, const struct run_lookup *, struct pair_release *);

/* What clock 'clock' (of a source of unknown zone) is behind UTC, from a record
 * that shows both: utc = local + offset.  The latest counts, as zones have
 * daylight saving. */
void pair_teach(struct pair_table *, uint32_t clock, int64_t offset);

/* For a claim that is not held: names a matching failure as linked, and is
 * remembered until 'due' for failures that come after it. */
void pair_link(struct pair_table *, struct event *ev, const struct moment *at, int64_t due, const struct run_lookup *);

/* The failed copy 'ev', which pair_failure() has just taken, as late evidence
 * for reports that were told before it: links those that need no proof, and
 * gives the others ('*out', at most PAIR_LATE) a new verdict where it proves
 * them better than what they had. */
enum { PAIR_LATE = 16 };
struct pair_late {
    struct event *ev; /* owned by the table, with the new verdict; until its next call */
    struct moment at, told; /* now, and as it was when it was told: on the line's clock, or its own */
    enum event_class was;   /* its class then */
    struct str filed;     /* the server it was filed under then; "" none */
    bool proven;
};
unsigned pair_late(struct pair_table *, struct event *ev, const struct moment *at, int64_t merged,
                   const struct run_lookup *, struct pair_late out[PAIR_LATE]);

struct pair_counters {
    uint64_t paired, unpaired, early, forgotten, learned, late;
    uint64_t missed;  /* of 'forgotten', those that a report could still have needed */
    uint64_t settled; /* told, and for want of room no longer open to evidence */
};
const struct pair_counters *pair_counters(const struct pair_table *);

/* Failures are parts "fail/N" (pages), reports "held/N", offsets "zone/N". */
void pair_save(struct pair_table *, struct part_sink *);
void pair_saved(struct pair_table *);
void pair_save_core(const struct pair_table *, struct keep_out *);
/* Into an empty table: the core, each part in any order, then the end. */
bool pair_restore_core(struct pair_table *, struct keep_in *);
bool pair_restore_part(struct pair_table *, struct str kind, uint64_t id, struct keep_in *);
bool pair_restore_end(struct pair_table *);
/* All at once as the first version kept them. */
bool pair_restore_v1(struct pair_table *, struct keep_in *);

#endif
