/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_generation.c - which log a name belongs to, and which of two is older. */
#include "build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/generation.h"

static const struct {
    const char *name, *live;
    enum generation_kind kind;
    bool packed;
} names[] = {
    {"despool.log", "despool.log", GENERATION_LIVE, false},
    {"Despool.LO_", "Despool.log", GENERATION_LO, false},
    {"Despool.lo_.gz", "Despool.log", GENERATION_LO, true},
    {"despool.log.gz", "despool.log", GENERATION_PACKED, true},
    {"despool-20240229-235959.log", "despool.log", GENERATION_STAMP, false},
    {"DESPOOL-20240229-235959.LOG.GZ", "DESPOOL.LOG", GENERATION_STAMP, true},
    {"despool-20240229.log", "despool.log", GENERATION_STAMP, false},
    {"despool.1.log", "despool.log", GENERATION_NUMBER_INSIDE, false},
    {"despool.log.1", "despool.log", GENERATION_NUMBER, false},
    {"despool.log.12.gz", "despool.log", GENERATION_NUMBER, true},
    {"despool.log-20240229", "despool.log", GENERATION_DASH, false},
    {"despool.log-20240229-12.gz", "despool.log", GENERATION_DASH, true},
    {"despool.log.2024-02-29", "despool.log", GENERATION_DOT, false},
    {"despool.log.2024-02-29.1", "despool.log", GENERATION_DOT, false},
    {"AppEvent.xml.1", "AppEvent.xml", GENERATION_NUMBER, false},
    /* what looks like one and is none */
    {"despool-20241329-235959.log", "despool-20241329-235959.log", GENERATION_LIVE, false},
    {"despool-20240229-256060.log", "despool-20240229-256060.log", GENERATION_LIVE, false},
    {"despool-2024-02-29.log", "despool-2024-02-29.log", GENERATION_LIVE, false},
    {"despool.log.2024-02-30x", "despool.log.2024-02-30x", GENERATION_LIVE, false},
    {"despool.log.1234567", "despool.log.1234567", GENERATION_LIVE, false},
    {"despool.log.old", "despool.log.old", GENERATION_LIVE, false},
    {"despool.log.", "despool.log.", GENERATION_LIVE, false},
    {"despool.log-", "despool.log-", GENERATION_LIVE, false},
    {".log.1", ".log.1", GENERATION_LIVE, false},
    {".lo_", ".lo_", GENERATION_LIVE, false},
    {"-20240229.log", "-20240229.log", GENERATION_LIVE, false},
    {".1.log", ".1.log", GENERATION_LIVE, false},
    {"libfoo.so.6", "libfoo.so.6", GENERATION_LIVE, false},
    {"data.gz", "data.gz", GENERATION_LIVE, false},
    {".gz", ".gz", GENERATION_LIVE, false},
    {"x", "x", GENERATION_LIVE, false},
};

START_TEST(parse)
{
    struct generation g;

    ck_assert(generation_parse(names[_i].name, &g));
    ck_assert_msg(strcmp(g.live, names[_i].live) == 0, "%s: %s", names[_i].name, g.live);
    ck_assert_msg(g.kind == names[_i].kind, "%s: kind %d", names[_i].name, g.kind);
    ck_assert_int_eq(g.packed, names[_i].packed);
}
END_TEST

START_TEST(bounds)
{
    struct generation g;
    char name[400];

    memset(name, 'x', sizeof name);
    name[GENERATION_NAME - 1] = '\0';
    ck_assert(generation_parse(name, &g));
    ck_assert_str_eq(g.live, name);
    name[GENERATION_NAME - 1] = 'x';
    name[GENERATION_NAME] = '\0';
    ck_assert(!generation_parse(name, &g));
    ck_assert(!generation_parse("", &g));
    memset(name, '1', sizeof name);
    name[200] = '\0';
    memcpy(name, "a.log.", 6);
    ck_assert(generation_parse(name, &g));
    ck_assert_int_eq(g.kind, GENERATION_LIVE);
}
END_TEST

/* Each older than the next. */
static const char *const ages[][2] = {
    {"a.log.10", "a.log.9"},
    {"a.log.2", "a.log.1.gz"},
    {"a.log.1", "a.log.0"},
    {"a.3.log", "a.2.log"},
    {"a-20240228-235959.log", "a-20240229-000000.log"},
    {"a-20231231.log", "a-20240101-000001.log"},
    {"a.log-20240228", "a.log-20240229"},
    {"a.log-20240229", "a.log-20240229-1"},
    {"a.log.2024-02-28", "a.log.2024-03-01"},
    {"a.log.1", "a.log.1.gz"}, /* the same age: what is plain first */
};

START_TEST(age)
{
    struct generation a, b;

    ck_assert(generation_parse(ages[_i][0], &a) && generation_parse(ages[_i][1], &b));
    ck_assert_int_eq(a.kind, b.kind);
    ck_assert_int_lt(generation_compare(&a, &b), 0);
    ck_assert_int_gt(generation_compare(&b, &a), 0);
    ck_assert_int_eq(generation_compare(&a, &a), 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("generation");
    TCase *tc = tcase_create("generation");
    SRunner *sr;
    int failed;

    tcase_add_loop_test(tc, parse, 0, (int) (sizeof names / sizeof names[0]));
    tcase_add_test(tc, bounds);
    tcase_add_loop_test(tc, age, 0, (int) (sizeof ages / sizeof ages[0]));
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
