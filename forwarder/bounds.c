/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bounds.c - the correlator counts what its bounds made it let go, and the
 * catalogue which patterns took too long; people have to be told.  Called by pipeline.c at the end of a run. */
#include "build.h"

#include "forwarder/bounds.h"

#include <inttypes.h>

#include "forwarder/log.h"

void
bounds_report(struct correlate *k, const struct catalogue *c, const struct catalogue_scratch *x)
{
    struct catalogue_limited l;
    const struct pair_counters *pairs = correlate_pairs(k);
    const struct alarm_counters *alarms = alarm_counters(correlate_alarms(k));

    if (pairs->early)
        log_warn("%llu disk-full reports were judged before their window had passed: more than %d waited at once",
                 (unsigned long long) pairs->early, PAIR_HELD_MAX);
    if (alarms->evicted)
        log_warn("%llu alarms were cleared as \"evicted\": more than %d were open at once",
                 (unsigned long long) alarms->evicted, ALARM_OPEN_MAX);
    for (size_t i = 0; catalogue_scratch_limited_next(c, x, &i, &l);)
        log_warn("%s:%d: the pattern of signature %.*s took too long and was given up on %" PRIu64
                 " records: write it so that its parts cannot match the same text in many ways",
                 l.file, l.line, STR_ARG(l.signature), l.times);
}
