/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_glob_case.c - which files the path of a source stands for. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/glob_case.h"
#include "tests/unit/scratch.h"

static char dir[256];

static const char *
in_dir(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void
setup(void)
{
    static const char *const files[] = {"logs/DESPOOL.LOG",       "logs/Despool.lo_",
                                        "logs/despool-20240229-235959.log", "logs/despool-2024-02-29.log",
                                        "logs/Despoolr.log",      "logs/sched.lo_",
                                        "logs/.hidden.log",       "logs/a[1].log",
                                        "logs/a1.log",            "logs2/despool.log",
                                        "other/despool.log"};

    scratch_make(dir, sizeof dir);
    mkdir(in_dir("logs"), 0700);
    mkdir(in_dir("logs2"), 0700);
    mkdir(in_dir("other"), 0700);
    mkdir(in_dir("logs/folder.log"), 0700);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        scratch_write(in_dir(files[i]), "x");
    ck_assert_int_eq(symlink("..", in_dir("logs/loop")), 0);
    ck_assert_int_eq(symlink("../logs/a1.log", in_dir("other/link.log")), 0);
}

static void
teardown(void)
{
    scratch_remove(dir);
}

static const struct {
    const char *pattern, *names; /* found, relative, each with a blank behind */
} finds[] = {
    {"logs/despool.log", "logs/DESPOOL.LOG logs/Despool.lo_ logs/despool-20240229-235959.log "},
    {"logs/Despool.lo_", "logs/Despool.lo_ "},
    {"logs/sched.log", "logs/sched.lo_ "},
    {"logs/despool?.log", "logs/Despoolr.log "},
    {"logs/a[0-9].LOG", "logs/a1.log "},
    {"logs/a[1].log", "logs/a1.log logs/a[1].log "},
    {"logs*/despool.log",
     "logs/DESPOOL.LOG logs/Despool.lo_ logs/despool-20240229-235959.log logs2/despool.log "},
    {"*/despoolr.log", "logs/Despoolr.log "},
    {"logs/.h*", "logs/.hidden.log "},
    {"logs//./despoolr.log", "logs/./Despoolr.log "},
    {"LOGS/despool.log", ""},
    {"logs/none", ""},
    {"logs/folder.log", ""},
    {"logs/a1.log/x", ""},
    {"none/x", ""},
    {"other/link.*", "other/link.log "},
    {"logs/loop/logs/loop/logs/loop/logs/a1.log", "logs/loop/logs/loop/logs/loop/logs/a1.log "},
};

START_TEST(finds_files)
{
    struct glob_case g;
    char list[4096] = "";

    ck_assert_int_eq(glob_case_find(in_dir(finds[_i].pattern), &g), 0);
    for (unsigned i = 0; i < g.n; i++)
        sprintf(list + strlen(list), "%s ", g.path[i] + strlen(dir) + 1);
    ck_assert_str_eq(list, finds[_i].names);
    ck_assert(!g.more);
    glob_case_free(&g);
    ck_assert_uint_eq(g.n, 0);
}
END_TEST

START_TEST(takes_names_from_the_present_folder)
{
    struct glob_case g;

    ck_assert_int_eq(chdir(in_dir("logs2")), 0);
    ck_assert_int_eq(glob_case_find("*.log", &g), 0);
    ck_assert_uint_eq(g.n, 1);
    ck_assert_str_eq(g.path[0], "despool.log");
    glob_case_free(&g);
    ck_assert_int_eq(glob_case_find("../logs/a?.log", &g), 0);
    ck_assert_uint_eq(g.n, 1);
    ck_assert_str_eq(g.path[0], "../logs/a1.log");
    glob_case_free(&g);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(says_folder_and_refuses_depth)
{
    struct glob_case g;
    char deep[400] = "";

    ck_assert_int_eq(glob_case_find(in_dir("logs"), &g), 0);
    ck_assert(g.directory && g.n == 0);
    glob_case_free(&g);
    ck_assert_int_eq(glob_case_find(in_dir("logs/"), &g), 0);
    ck_assert(g.directory && g.n == 0);
    glob_case_free(&g);
    ck_assert_int_eq(glob_case_find(in_dir("logs/*"), &g), 0);
    ck_assert(!g.directory);
    ck_assert_uint_eq(g.n, 8);
    glob_case_free(&g);
    for (unsigned i = 0; i < 100; i++)
        strcat(deep, "/..");
    ck_assert_int_lt(glob_case_find(deep, &g), 0);
    ck_assert_int_eq(glob_case_find("", &g), 0);
    ck_assert_uint_eq(g.n, 0);
    glob_case_free(&g);
}
END_TEST

START_TEST(tells_generations)
{
    bool old;

    ck_assert(glob_case_match("despool*.log", "DESPOOL.LOG", &old) && !old);
    ck_assert(glob_case_match("despool*.log", "despool.lo_", &old) && old);
    ck_assert(glob_case_match("despool.log", "Despool-20240101-000000.log", &old) && old);
    ck_assert(!glob_case_match("despool.log", "Despool-20240101-00000.log", &old));
    ck_assert(!glob_case_match("despool.log", "-20240101-000000.log", NULL));
    ck_assert(!glob_case_match("despool.log", ".lo_", NULL));
    ck_assert(!glob_case_match("despool.txt", "despool.lo_", NULL));
    ck_assert(!glob_case_match("despool.log", "despool.log.1", NULL));
}
END_TEST

START_TEST(names_what_is_near)
{
    char near[4096];

    ck_assert(glob_case_near(in_dir("logs/despolr.log"), near, sizeof near));
    ck_assert_str_eq(near, in_dir("logs/Despoolr.log"));
    ck_assert(glob_case_near(in_dir("Other/despool.log"), near, sizeof near));
    ck_assert_str_eq(near, in_dir("other"));
    ck_assert(!glob_case_near(in_dir("logs/quite-different"), near, sizeof near));
    ck_assert(!glob_case_near(in_dir("elsewhere/despool.log"), near, sizeof near));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("glob_case");
    TCase *tc = tcase_create("glob_case");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, finds_files, 0, sizeof finds / sizeof finds[0]);
    tcase_add_test(tc, takes_names_from_the_present_folder);
    tcase_add_test(tc, says_folder_and_refuses_depth);
    tcase_add_test(tc, tells_generations);
    tcase_add_test(tc, names_what_is_near);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
