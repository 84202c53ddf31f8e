/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_config_agent.c - the <agent> element of the configuration. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/config.h"
#include "tests/unit/config_load.h"
#include "tests/unit/scratch.h"

START_TEST(takes_an_agent)
{
    static const char *const sockets[] = {"/var/agentx/master", "tcp:127.0.0.1:705", "tcp:localhost:1", "tcp6:[::1]:65535"};
    char text[400];
    struct config *c = must_load(HEAD "<agent/><source path=\"/x\" zone=\"UTC\"/>" TAIL);

    ck_assert_str_eq(c->agent->socket, "/var/agentx/master");
    ck_assert(c->agent->start);
    config_unref(c);
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        snprintf(text, sizeof text, HEAD "<agent start=\"no\" socket=\"%s\"/>" TAIL, sockets[i]);
        c = must_load(text);
        ck_assert_str_eq(c->agent->socket, sockets[i]);
        ck_assert(!c->agent->start);
        ck_assert_int_eq(c->agent->place.line, 2);
        config_unref(c);
    }
    c = must_load(HEAD TAIL);
    ck_assert_ptr_null(c->agent);
    config_unref(c);
}
END_TEST

/* What is refused, and the words that must be said. */
static const struct {
    const char *text, *words;
} refusals[] = {
    {HEAD "<agnet/>" TAIL, "<agnet> is not known; did you mean <agent>?"},
    {HEAD "<agent/>\n<agent/>" TAIL, "main.xml:3: error: an <agent> stands at"},
    {HEAD "<agent socket=\"agentx/master\"/>" TAIL, "socket=\"agentx/master\" is not valid: write where the master agent"},
    {HEAD "<agent socket=\"tcp:127.0.0.1\"/>" TAIL, "socket=\"tcp:127.0.0.1\" is not valid"},
    {HEAD "<agent socket=\"tcp:::1:705\"/>" TAIL, "socket=\"tcp:::1:705\" is not valid"},
    {HEAD "<agent socket=\"tcp:h:65536\"/>" TAIL, "socket=\"tcp:h:65536\" is not valid"},
    {HEAD "<agent socket=\"udp:h:705\"/>" TAIL, "socket=\"udp:h:705\" is not valid"},
    {HEAD "<agent start=\"maybe\"/>" TAIL, "start=\"maybe\" is not valid: write \"yes\" or \"no\""},
    {HEAD "<agent scoket=\"/x\"/>" TAIL, "<agent> has no attribute \"scoket\"; did you mean \"socket\"?"},
    {HEAD "<agent>x</agent>" TAIL, "<agent> holds text"},
};

START_TEST(refuses_with_words)
{
    refused(refusals[_i].text, refusals[_i].words);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config_agent");
    TCase *tc = tcase_create("config_agent");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, takes_an_agent);
    tcase_add_loop_test(tc, refuses_with_words, 0, sizeof refusals / sizeof refusals[0]);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
