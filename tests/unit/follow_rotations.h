/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_rotations.h - the ways in which a log is rotated, for the tests of the
 * follower. */
#ifndef TESTS_UNIT_FOLLOW_ROTATIONS_H
#define TESTS_UNIT_FOLLOW_ROTATIONS_H

#include "tests/unit/follow_log.h"

static inline void
by_rename_lo(void)
{
    move("despool.log", "despool.lo_");
}

static inline void
by_date(void)
{
    static unsigned day;
    char name[64];

    do
        snprintf(name, sizeof name, "despool-202602%02u-1200%02u.log", 1 + day / 60 % 28, day % 60);
    while (day++, access(at(name), F_OK) == 0);
    move("despool.log", name);
}

static inline void
by_copy(void)
{
    for (int i = 40; i > 0; i--) {
        char a[64], b[64];

        snprintf(a, sizeof a, "despool.log.%d", i);
        snprintf(b, sizeof b, "despool.log.%d", i + 1);
        if (access(at(a), F_OK) == 0)
            move(a, b);
    }
    copy("despool.log", "despool.log.1");
    ck_assert_int_eq(truncate(at("despool.log"), 0), 0);
}

static inline void
by_gzip(void)
{
    for (int i = 40; i > 0; i--) {
        char a[64], b[64];

        snprintf(a, sizeof a, "despool.log.%d.gz", i);
        snprintf(b, sizeof b, "despool.log.%d.gz", i + 1);
        if (access(at(a), F_OK) == 0)
            move(a, b);
    }
    move("despool.log", "despool.log.1");
    pack("despool.log.1", true);
}

#endif
