/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate.h - many records: pairing, stalls, alarms (design section 5).
 * Events go in one by one in merged order; items come out through a sink, each
 * event once (a held report later than it came), each alarm change at once.
 * Time is in the events; nothing here reads a clock.  Memory is bounded, what
 * is dropped at a bound is counted. */
#ifndef PARSERS_CORRELATE_H
#define PARSERS_CORRELATE_H

#include "parsers/alarm.h"
#include "parsers/pair.h"

struct correlate;

/* 'cat' is referenced.  NULL when memory ends. */
struct correlate *correlate_new(struct catalogue *cat);
void correlate_free(struct correlate *);

/* One record of source 'source' (any number that stays the same for it). */
struct correlate_input {
    struct event *ev; /* diagnosed; its verdict may be completed here */
    uint64_t source;
    /* Time for state only, of a record that shows none and has no timed one
     * before it in its source: that of the first after it.  NULL: none near. */
    const struct when *nearest;
    int64_t arrival; /* ns UTC, 0 in export */
    bool history;    /* of a source whose past is read: ages follow record time */
};
/* 0, or the first non-zero answer of the sink, or -ENOMEM. */
int correlate_event(struct correlate *, struct arena *, const struct sink *, const struct correlate_input *);

/* Says before its records come that a source's zone is unknown: reports are
 * then held for as long as zones can differ. */
void correlate_unknown_zone(struct correlate *, uint64_t source);

/* Lets every held report go: the end of all input. */
int correlate_finish(struct correlate *, struct arena *, const struct sink *);

/* True when an event that no signature explains (fact none, no fault) can be
 * passed by without telling the correlator more than its time. */
bool correlate_idle(const struct correlate *);
/* The least merged time (ns) at which something waits to happen. */
int64_t correlate_next_due(const struct correlate *);

struct alarm_table *correlate_alarms(struct correlate *);
const struct pair_counters *correlate_pairs(const struct correlate *);
unsigned correlate_held(const struct correlate *);

enum { CORRELATE_SOURCES_MAX = 65536 };
/* What the bounds have made the correlator let go since it was made: memory is
 * bounded whatever comes in, and nothing goes without being counted. */
struct correlate_bounds {
    uint64_t copies;    /* failed ones forgotten while a report could need them: PAIR_FAILURES_MAX of a host,
                           PAIR_FAILURES_ALL */
    uint64_t settled;   /* told reports that late evidence no longer reaches: PAIR_HELD_MAX */
    uint64_t reports;   /* judged before their window had passed: PAIR_HELD_MAX */
    uint64_t alarms;    /* cleared as evicted: ALARM_OPEN_MAX */
    uint64_t cleared;   /* keys whose last clear was forgotten early: ALARM_CLEARED_MAX */
    uint64_t stalls;    /* cleared as evicted: STALL_OPEN_MAX */
    uint64_t runs;      /* ended unseen: RUN_MAX */
    uint64_t sequences; /* told by their first record alone: SEQUENCE_PENDING_MAX */
    uint64_t sources;   /* forgotten, or sharing a clock: CORRELATE_SOURCES_MAX, PAIR_CLOCKS_MAX */
};
void correlate_bounds(const struct correlate *, struct correlate_bounds *);

/* --- live: what follows its sources for years ------------------------------- */

/* How the world stands between records.  'now' is UTC in ns and never goes back
 * while the program runs. */
struct correlate_live {
    int64_t now;
    /* Whether every readable log of 'host' ("" any) has been read so far that no
     * line dated up to 'until' (UTC ns; 0: not comparable) can still come, or
     * stands at its end and was looked at again 10 s or more after 'arrival'. */
    bool (*read_past)(void *arg, struct str host, int64_t until, int64_t arrival);
    /* Whether source 'source' is readable and at its end. */
    bool (*at_end)(void *arg, uint64_t source);
    void *arg;
};
/* Lets go, confirms, escalates and ages what has become due by arrival.  Call
 * it about once a second while no history is being read.  0, or the first
 * non-zero answer of the sink. */
int correlate_live(struct correlate *, struct arena *, const struct sink *, const struct correlate_live *);

/* Our own state as an alarm of class self, key self:KIND:NAME.  A raise while
 * it is open and a clear while it is not do nothing, except that other words
 * or another severity send an update. */
struct correlate_self {
    const char *kind;       /* MISSING, UNREADABLE, STALE, GAP, OVERFLOW, STORM ... */
    struct str name;        /* of the source, target, log or server it is about */
    bool raise;
    enum severity severity;
    struct str host;        /* that it concerns, absent where none */
    struct str summary;     /* one line, at most 100 characters */
    struct str action;      /* may be absent */
    const char *reason;     /* of a clear */
    int64_t now;            /* UTC ns */
};
int correlate_self(struct correlate *, struct arena *, const struct sink *, const struct correlate_self *);
bool correlate_self_is_open(struct correlate *, const char *kind, struct str name);

/* Ends an open alarm by hand; 'text' becomes the reason.  -ENOENT: none. */
int correlate_clear(struct correlate *, struct arena *, const struct sink *, struct str key, struct str text,
                    int64_t now);
/* Sends every open alarm again as it last went out (same id, state raised),
 * with 'reason' (event.h). */
int correlate_resend(struct correlate *, struct arena *, const struct sink *, const char *reason, int64_t now);

/* Another catalogue from now on (a reload); state stays. */
void correlate_catalogue(struct correlate *, struct catalogue *);

/* --- saving ------------------------------------------------------------------ */

/* The state is a set of named parts (names of at most 64 characters).  Gives
 * 'put' every part that changed since the last correlate_saved(), p NULL for
 * one that is gone; after a new or restored correlator only what has changed
 * since.  0, or the first non-zero answer of 'put', or -ENOMEM.  What a record
 * of no fault costs here must be next to nothing. */
typedef int correlate_put(void *arg, const char *name, const void *p, size_t n);
int correlate_save_changes(struct correlate *, correlate_put *, void *arg);
void correlate_saved(struct correlate *); /* those parts are on disk */
/* Into a new correlator: each part in any order, then the end.  -EINVAL: not
 * such bytes, or parts missing; the correlator is then unusable. */
int correlate_restore_part(struct correlate *, const char *name, const void *, size_t);
int correlate_restore_end(struct correlate *);

/* The whole state as bytes (malloc'ed, the caller frees) and back into a new
 * correlator: for tests, and for a journal of the first version. */
int correlate_save(struct correlate *, uint8_t **, size_t *);
int correlate_restore(struct correlate *, const uint8_t *, size_t);

#endif
