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

/* The whole state as bytes (malloc'ed, the caller frees) and back into a new
 * correlator.  -EINVAL: not such bytes; the correlator is then unusable. */
int correlate_save(const struct correlate *, uint8_t **, size_t *);
int correlate_restore(struct correlate *, const uint8_t *, size_t);

#endif
