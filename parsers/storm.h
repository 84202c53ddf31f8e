/* SPDX-License-Identifier: BSD-2-Clause
 *
 * storm.h - many raises of one server and class at once (design: over 20 in
 * 5 minutes) are one fact for an operator: self:STORM:SERVER/CLASS.  Counts
 * the alarm changes that go by and says when a storm begins, goes on and ends;
 * the engine makes alarms of that with correlate_self(), and snmp targets fold
 * what lies between.  Pure: time is an argument, state saves to bytes. */
#ifndef PARSERS_STORM_H
#define PARSERS_STORM_H

#include "parsers/event.h"
#include "parsers/keep.h"

enum { STORM_RAISES = 20, STORM_TRACKED = 1024, STORM_NAME = 80 };
#define STORM_WINDOW (300 * INT64_C(1000000000))

struct storm_table;
struct storm_table *storm_new(void);
void storm_free(struct storm_table *);

/* The name of the storm that an alarm change belongs to, "SERVER/CLASS" in
 * upper case (the dist: key's server, else the origin host, else "-").  Used by
 * the filter of snmp targets, too. */
struct str storm_name(char out[STORM_NAME + 1], const struct alarm_item *);

/* One alarm change at 'now' (arrival, UTC ns).  Changes of class self and
 * repeats (ALARM_REASON_...) do not count. */
void storm_count(struct storm_table *, const struct alarm_item *, int64_t now);

/* What the engine has to say at 'now': called until it answers false.  A storm
 * ends when STORM_WINDOW has passed with at most STORM_RAISES / 4 raises. */
struct storm_change {
    struct str name; /* lives until the next call */
    bool raise;      /* begins, or (again) goes on with new totals, at most once a minute; else it ended */
    uint64_t raises, clears;
    unsigned open;   /* of its alarms, now */
};
bool storm_next(struct storm_table *, int64_t now, struct storm_change *);
/* A storm has begun and was not said yet: the sooner it is, the more is folded. */
bool storm_waiting(const struct storm_table *);

/* Raises that a bound kept from being counted, or from being counted as open. */
uint64_t storm_untracked(const struct storm_table *);

bool storm_changed(const struct storm_table *); /* since storm_saved() */
void storm_save(const struct storm_table *, struct keep_out *);
void storm_saved(struct storm_table *); /* those bytes are on disk */
bool storm_restore(struct storm_table *, struct keep_in *);
/* The storm 'name' is known to be on, by its alarm; were it not known here, it
 * would never end. */
void storm_adopt(struct storm_table *, struct str name, int64_t now);

#endif
