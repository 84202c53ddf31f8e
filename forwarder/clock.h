/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clock.h - the two clocks of the program, in nanoseconds.  parsers/ has none:
 * time is an argument there. */
#ifndef FORWARDER_CLOCK_H
#define FORWARDER_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_MS INT64_C(1000000) /* a millisecond */

static inline int64_t
clock_read(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t) t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* A time, or a span of it, as system calls want it. */
static inline struct timespec
clock_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = (time_t) (ns / 1000000000), .tv_nsec = (long) (ns % 1000000000)};
}

/* Since 1970 in UTC; may jump. */
static inline int64_t
clock_utc(void)
{
    return clock_read(CLOCK_REALTIME);
}

/* From an unknown start; never jumps. */
static inline int64_t
clock_monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

#endif
