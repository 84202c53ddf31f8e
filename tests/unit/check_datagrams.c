/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_datagrams.c - the pace of targets without acknowledgement, by what it
 * notes and not by the time that passes. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "forwarder/clock.h"
#include "forwarder/datagrams.h"
#include "parsers/when.h"

static const struct {
    unsigned pace;
    int64_t ahead; /* what it may have missed and makes good at once, in ns */
} paces[] = {
    {1, WHEN_SECOND / 20},
    {100, WHEN_SECOND / 20},
    {1000, 8 * WHEN_SECOND / 1000},
    {4000, 8 * WHEN_SECOND / 4000},
    {20000, WHEN_SECOND / 500},
};

/* Fifty at once, 50 ms of the default pace, overran the socket buffer of an
 * snmptrapd that had not been at work for a moment. */
START_TEST(few_go_at_once_after_a_pause)
{
    struct config_target tc = {.pace = paces[_i].pace};
    struct target t = {.tc = &tc};
    int64_t each = WHEN_SECOND / tc.pace, now = clock_monotonic();
    struct datagrams d = {.next_at = now - WHEN_HOUR};

    ck_assert_int_eq(datagrams_pace(&t, &d), 0);
    ck_assert_int_ge(d.next_at, now - paces[_i].ahead + each);
    ck_assert_int_le(d.next_at, clock_monotonic() - paces[_i].ahead + each);
}
END_TEST

START_TEST(what_is_far_off_is_not_waited_for)
{
    struct config_target tc = {.pace = 1};
    struct target t = {.tc = &tc};
    struct datagrams d = {.next_at = clock_monotonic() + WHEN_HOUR};
    int64_t next = d.next_at;

    ck_assert_int_eq(datagrams_pace(&t, &d), -EAGAIN);
    ck_assert_int_eq(d.next_at, next);
}
END_TEST

START_TEST(no_pace_waits_for_nothing)
{
    struct config_target tc = {.pace = 0};
    struct target t = {.tc = &tc};
    struct datagrams d = {.next_at = clock_monotonic() + WHEN_HOUR};

    ck_assert_int_eq(datagrams_pace(&t, &d), 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("datagrams");
    TCase *c = tcase_create("pace");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_loop_test(c, few_go_at_once_after_a_pause, 0, sizeof paces / sizeof paces[0]);
    tcase_add_test(c, what_is_far_off_is_not_waited_for);
    tcase_add_test(c, no_pace_waits_for_nothing);
    suite_add_tcase(s, c);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
