/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_moment_read.c - times as people type them. */
#include "build.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "forwarder/moment_read.h"
#include "parsers/when.h"

#define NOW (INT64_C(1795385100) * WHEN_SECOND) /* 2026-11-22T22:05:00Z */

static const struct {
    const char *text;
    int64_t seconds; /* since 1970, -1: refused */
} rows[] = {
    {"2026-11-22T22:05:00Z", 1795385100},
    {"2026-11-22 22:05:00Z", 1795385100},
    {"2026-11-22T22:05Z", 1795385100},
    {"2026-11-22T23:05:00+01:00", 1795385100},
    {"2026-11-22T14:35:00-07:30", 1795385100},
    {"2026-11-22T00:00:00Z", 1795305600},
    {"2024-02-29T00:00:00Z", 1709164800},
    /* local time: the test runs at UTC+02:00 */
    {"2026-11-23 00:05", 1795385100},
    {"2026-11-23", 1795384800},
    /* ago */
    {"2h", 1795385100 - 7200},
    {"90min", 1795385100 - 5400},
    {"3d", 1795385100 - 3 * 86400},
    {"5s", 1795385100 - 5},
    /* not times */
    {"", -1},
    {"yesterday", -1},
    {"2h ", -1},
    {"-2h", -1},
    {"0h", -1},
    {"12", -1},
    {"2026", -1},
    {"2026-11", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"2026-02-30T00:00:00Z", -1},
    {"2026-02-30", -1},
    {"2025-02-29T00:00:00Z", -1},
    {"2026-11-22T24:00:00Z", -1},
    {"2026-11-22T22:60:00Z", -1},
    {"2026-11-22T22:05:60Z", -1},
    {"2026-11-22T22:05:00Zulu", -1},
    {"2026-11-22T22:05:00+1:00", -1},
    {"2026-11-22T22:05:00+15:00", -1},
    {"2026-11-22T22:05:00+01:60", -1},
    {"2026-11-22T22", -1},
    {"1969-12-31T00:00:00Z", -1},
    {"99999999999999999999d", -1},
};

START_TEST(every_form)
{
    int64_t utc = 0;
    bool ok;

    setenv("TZ", "<XXX>-2", 1);
    tzset();
    ok = moment_read(rows[_i].text, NOW, &utc);
    ck_assert_msg(ok == (rows[_i].seconds >= 0), "%s: %s", rows[_i].text, ok ? "taken" : "refused");
    if (ok)
        ck_assert_msg(utc == rows[_i].seconds * WHEN_SECOND, "%s: %" PRId64, rows[_i].text, utc / WHEN_SECOND);
}
END_TEST

/* An hour that the change to summer time leaves out is no time. */
START_TEST(hour_that_is_not)
{
    int64_t utc;

    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    ck_assert(!moment_read("2026-03-29 02:30", NOW, &utc));
    ck_assert(moment_read("2026-03-29 03:30", NOW, &utc));
    ck_assert_int_eq(utc, INT64_C(1774747800) * WHEN_SECOND);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("moment_read");
    TCase *t = tcase_create("moment_read");
    SRunner *r;
    int failed;

    tcase_add_loop_test(t, every_form, 0, (int) (sizeof rows / sizeof rows[0]));
    tcase_add_test(t, hour_that_is_not);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
