/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bounds.c - the correlator counts what its bounds made it let go; people have
 * to be told.  Called by pipeline.c at the end of a run. */
#include "build.h"

#include "forwarder/bounds.h"

#include "forwarder/log.h"
#include "parsers/correlate.h"

void
bounds_report(struct correlate *k)
{
    const struct pair_counters *pairs = correlate_pairs(k);
    const struct alarm_counters *alarms = alarm_counters(correlate_alarms(k));

    if (pairs->early)
        log_warn("%llu disk-full reports were judged before their window had passed: more than %d waited at once",
                 (unsigned long long) pairs->early, PAIR_HELD_MAX);
    if (alarms->evicted)
        log_warn("%llu alarms were cleared as \"evicted\": more than %d were open at once",
                 (unsigned long long) alarms->evicted, ALARM_OPEN_MAX);
}
