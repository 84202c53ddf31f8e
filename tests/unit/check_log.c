/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_log.c - the program's own lines: no forged ones, no floods. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/log.h"

static char lines[65536];
static unsigned n_lines;

static void
take(void *arg, const char *line, size_t n)
{
    ck_assert_ptr_eq(arg, lines);
    ck_assert_int_eq(line[n - 1], '\n');
    ck_assert_uint_lt(strlen(lines) + n, sizeof lines);
    strncat(lines, line, n);
    n_lines++;
}

static void
setup(void)
{
    lines[0] = '\0';
    n_lines = 0;
    log_sink(take, lines);
}

static void
teardown(void)
{
    log_sink(NULL, NULL);
}

START_TEST(names_itself_and_the_level)
{
    log_error("a %d", 1);
    log_warn("b");
    log_info("c");
    ck_assert_str_eq(lines, "truecause: error: a 1\ntruecause: warning: b\ntruecause: c\n");
}
END_TEST

START_TEST(shows_control_characters)
{
    log_error("no such file: %s", "a\ntruecause: error: forged\x1b[2J\x7f");
    ck_assert_uint_eq(n_lines, 1);
    ck_assert_str_eq(lines, "truecause: error: no such file: a<0A>truecause: error: forged<1B>[2J<7F>\n");
}
END_TEST

START_TEST(bounds_a_line)
{
    char *big = malloc(100001);

    memset(big, '\n', 100000);
    big[100000] = '\0';
    log_error("%s", big);
    ck_assert_uint_eq(n_lines, 1);
    ck_assert_uint_lt(strlen(lines), 5000);
    ck_assert_ptr_eq(strchr(lines, '\n'), lines + strlen(lines) - 1);
    free(big);
}
END_TEST

START_TEST(withholds_and_counts)
{
    const int64_t s = INT64_C(1000000000);
    struct log_limit limit = {0, 0, 0};
    uint64_t withheld;
    unsigned passed = 0;

    for (unsigned i = 0; i < 100; i++)
        passed += log_limit_pass(&limit, 10 * s + i, &withheld);
    ck_assert_uint_eq(passed, LOG_LIMIT_BURST);
    ck_assert(!log_limit_pass(&limit, (10 + LOG_LIMIT_SECONDS) * s - 1, &withheld));
    ck_assert(log_limit_pass(&limit, (10 + LOG_LIMIT_SECONDS) * s, &withheld));
    ck_assert_uint_eq(withheld, 100 - LOG_LIMIT_BURST + 1);
    ck_assert(log_limit_pass(&limit, (11 + LOG_LIMIT_SECONDS) * s, &withheld));
    ck_assert_uint_eq(withheld, 0);
}
END_TEST

START_TEST(tells_what_was_withheld)
{
    struct log_limit limit = {0, 0, 0};

    for (unsigned i = 0; i < 12; i++)
        log_limited(&limit, LOG_LEVEL_WARN, "line %u", i);
    ck_assert_uint_eq(n_lines, LOG_LIMIT_BURST);
    log_limit_flush(&limit, "target nms");
    ck_assert_ptr_nonnull(strstr(lines, "truecause: target nms: 7 more lines were withheld\n"));
    log_limit_flush(&limit, "target nms");
    ck_assert_uint_eq(n_lines, LOG_LIMIT_BURST + 1);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("log");
    TCase *tc = tcase_create("log");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, names_itself_and_the_level);
    tcase_add_test(tc, shows_control_characters);
    tcase_add_test(tc, bounds_a_line);
    tcase_add_test(tc, withholds_and_counts);
    tcase_add_test(tc, tells_what_was_withheld);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
