/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bounds.h - what the bounds of the correlator have cost, in words: a warning at
 * the end of a run, lines of the status, an alarm of the daemon. */
#ifndef FORWARDER_BOUNDS_H
#define FORWARDER_BOUNDS_H

#include <stdint.h>

#include "parsers/catalogue.h"
#include "parsers/correlate.h"
#include "parsers/storm.h"

/* One bound, reached 'count' times so far. */
struct bound {
    const char *name; /* one word */
    uint64_t count;
    int limit;
    const char *cost; /* what was done, and why: "alarms were cleared as ..." */
};
enum { BOUNDS = 10 };
/* 'storms' may be NULL: a run over files counts none. */
void bounds_list(const struct correlate *, const struct storm_table *storms, struct bound out[BOUNDS]);

/* Warns of every bound of the correlator that was reached, and of every pattern
 * that was given up; silent otherwise. */
void bounds_report(const struct correlate *, const struct catalogue *, const struct catalogue_scratch *);

#endif
