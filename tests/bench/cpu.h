/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cpu.h - the CPU time of a bench, which the load of the machine does not change
 * as it changes the time on the clock.  For programs of one file each. */
#ifndef TESTS_BENCH_CPU_H
#define TESTS_BENCH_CPU_H

#include <sys/resource.h>

/* Seconds that this process, with all its threads, has computed so far. */
static inline double
cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

#endif
