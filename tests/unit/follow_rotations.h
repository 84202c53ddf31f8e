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
    shift_numbers("");
    copy("despool.log", "despool.log.1");
    ck_assert_int_eq(truncate(at("despool.log"), 0), 0);
}

static inline void
by_gzip(void)
{
    shift_numbers(".gz");
    move("despool.log", "despool.log.1");
    pack("despool.log.1", true);
}

#endif
