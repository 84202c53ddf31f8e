/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_scenarios.c - each scenario of tests/scenarios/, which are the
 * specification of verdicts and alarms.  One test a scenario; a failure says
 * file:line, what was expected and what came.  TEST_SCENARIO=WORD runs those
 * whose file or title holds WORD; TEST_SHOW=1 prints every item. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/scenario.h"

static struct scenario **all;
static unsigned n_all;

static void
read_all(void)
{
    const char *only = getenv("TEST_SCENARIO");
    unsigned n_files;
    char **file = scenario_files(&n_files);

    for (unsigned i = 0; i < n_files; i++) {
        unsigned n;
        struct scenario *s = scenario_read(file[i], &n);

        for (unsigned j = 0; j < n; j++) {
            if (only && !strstr(s[j].path, only) && !strstr(s[j].title, only))
                continue;
            all = realloc(all, (n_all + 1) * sizeof(struct scenario *));
            all[n_all++] = &s[j];
        }
        free(file[i]);
    }
    free(file);
}

START_TEST(comes_out_as_the_scenario_says)
{
    const struct scenario *s = all[_i];
    struct scenario_result *r = scenario_run(s, SCENARIO_RESTART_NEVER);
    char message[SCENARIO_MESSAGE] = "";
    bool ok = scenario_compare(s, r, message);

    if (getenv("TEST_SHOW"))
        for (unsigned i = 0; i < r->n_items; i++)
            fprintf(stderr, "%s:%d: %s", s->path, s->step[r->item[i].step].line, r->item[i].xml);
    ck_assert_msg(ok, "%s", message);
    scenario_result_free(r, s);
}
END_TEST

START_TEST(there_are_scenarios)
{
    ck_assert_uint_gt(n_all, 0);
    for (unsigned i = 0; i < n_all; i++) {
        unsigned expected = 0;

        for (unsigned j = 0; j < all[i]->n_steps; j++)
            expected += all[i]->step[j].kind == STEP_EVENT || all[i]->step[j].kind == STEP_ALARM
                        || all[i]->step[j].kind == STEP_NOTHING || all[i]->step[j].kind == STEP_OPEN;
        ck_assert_msg(expected > 0, "%s:%d: %s: expects nothing at all", all[i]->path, all[i]->line, all[i]->title);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("scenarios");
    TCase *tc = tcase_create("scenarios");
    SRunner *sr;
    int failed;

    scenario_load_catalogue();
    read_all();
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, there_are_scenarios);
    tcase_add_loop_test(tc, comes_out_as_the_scenario_says, 0, (int) n_all);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
