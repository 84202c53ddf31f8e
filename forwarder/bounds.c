/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bounds.c - the correlator and the table of storms count what their bounds made
 * them let go, the catalogue which patterns took too long; people have to be told.  Called by
 * pipeline.c at the end of a run, by engine_bounds.c while a daemon works, and
 * for its status. */
#include "build.h"

#include "forwarder/bounds.h"

#include <inttypes.h>
#include <string.h>

#include "forwarder/log.h"
#include "parsers/correlate.h"
#include "parsers/run.h"
#include "parsers/sequence.h"
#include "parsers/stall.h"

void
bounds_list(const struct correlate *k, const struct storm_table *storms, struct bound out[BOUNDS])
{
    struct correlate_bounds b;

    correlate_bounds(k, &b);
    const struct bound list[BOUNDS] = {
        {"reports", b.reports, PAIR_HELD_MAX, "disk-full reports were judged before their window had passed"},
        {"settled", b.settled, PAIR_HELD_MAX, "disk-full reports that were told are closed to later evidence"},
        {"copies", b.copies, PAIR_FAILURES_MAX, "failed copies were forgotten, which may have proved a report"},
        {"alarms", b.alarms, ALARM_OPEN_MAX, "open alarms were cleared as \"evicted\""},
        {"clears", b.cleared, ALARM_CLEARED_MAX, "clears were forgotten before their 7 days"},
        {"stalls", b.stalls, STALL_OPEN_MAX, "stalls were cleared as \"evicted\""},
        {"runs", b.runs, RUN_MAX, "instruction runs were forgotten before their end"},
        {"sequences", b.sequences, SEQUENCE_PENDING_MAX, "records were judged without those that follow them"},
        {"sources", b.sources, CORRELATE_SOURCES_MAX, "sources were forgotten, or share a clock"},
        {"storms", storms ? storm_untracked(storms) : 0, STORM_TRACKED,
         "raises were left out of the count of storms"},
    };

    memcpy(out, list, sizeof list);
}

void
bounds_report(const struct correlate *k, const struct catalogue *c, const struct catalogue_scratch *x)
{
    struct catalogue_limited l;
    struct bound b[BOUNDS];

    bounds_list(k, NULL, b);
    for (int i = 0; i < BOUNDS; i++)
        if (b[i].count)
            log_warn("%" PRIu64 " %s: more than %d at once", b[i].count, b[i].cost, b[i].limit);
    for (size_t i = 0; catalogue_scratch_limited_next(c, x, &i, &l);)
        log_warn("%s:%d: the pattern of signature %.*s took too long and was given up on %" PRIu64
                 " records: write it so that its parts cannot match the same text in many ways",
                 l.file, l.line, STR_ARG(l.signature), l.times);
}
