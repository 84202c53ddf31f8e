/* SPDX-License-Identifier: BSD-2-Clause
 *
 * summary.h - the one line that people read: symptom first, the same in trap,
 * syslog and report; at most SUMMARY_CHARS characters. */
#ifndef PARSERS_SUMMARY_H
#define PARSERS_SUMMARY_H

#include "parsers/event.h"

enum { SUMMARY_CHARS = 100, SUMMARY_SIZE = SUMMARY_CHARS * 4 + 1 };

/* What the line of an alarm needs beyond its item. */
struct summary_extra {
    int64_t duration; /* ns the alarm has been (or was) open; < 0 unknown */
    bool works;       /* stall: the despooler executes other instructions */
    const struct when *silent_since; /* stall: found by silence alone; else NULL */
};

/* Each writes a NUL-terminated line to 'out' and return its length in bytes. */
size_t summary_alarm(const struct alarm_item *, const struct summary_extra *, char out[SUMMARY_SIZE]);
size_t summary_event(const struct event *, char out[SUMMARY_SIZE]);
/* Its text, or of a heartbeat without one its totals. */
size_t summary_notice(const struct notice_item *, char out[SUMMARY_SIZE]);

/* The last component of a Windows or Unix path. */
struct str summary_basename(struct str path);

#endif
