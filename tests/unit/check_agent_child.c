/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_agent_child.c - the agent as a child of the daemon: started, replaced,
 * ended, and signals that come early.  This program itself plays the agent, when
 * it is run as one. */
#include "build.h"

#include <check.h>
#include <event2/event.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/agent_child.h"

enum { CHILD_FD = 3, PATIENCE_S = 60 };

static char state[] = "/nowhere", oid[] = "1.3.6.1.4.1.32473.109";
static char one[] = "/nowhere/one", other[] = "/nowhere/other";
static struct config_agent agents[] = {{.socket = one, .start = true}, {.socket = other, .start = true}};
static struct config configs[] = {{.state = state, .enterprise_oid = oid, .agent = &agents[0]},
                                  {.state = state, .enterprise_oid = oid, .agent = &agents[1]},
                                  {.state = state, .enterprise_oid = oid}};

static struct event_base *base;
static struct event *ended;
static struct agent_child *child;
static struct agent_child_report last;
static bool daemon_was_told;
static volatile sig_atomic_t signal_in_child;

/* What `truecause agent` does, as far as its daemon sees it. */
static int
play_agent(void)
{
    struct pollfd daemon = {.fd = CHILD_FD, .events = POLLIN};

    if (write(CHILD_FD, "+", 1) != 1)
        return 1;
    poll(&daemon, 1, -1);
    return 0;
}

static void
report(void *arg, const struct agent_child_report *r)
{
    (void) arg;
    last = *r;
}

static void
on_term(evutil_socket_t number, short what, void *arg)
{
    (void) number;
    (void) what;
    (void) arg;
    daemon_was_told = true;
}

/* As if somebody had sent it before the child is the agent. */
static void
after_fork(void)
{
    if (signal_in_child)
        kill(getpid(), SIGTERM);
}

static void
set_up(void)
{
    base = event_base_new();
    ended = evsignal_new(base, SIGTERM, on_term, NULL);
    ck_assert_int_eq(evsignal_add(ended, NULL), 0);
    child = agent_child_new(base, report, NULL);
    ck_assert_ptr_nonnull(child);
}

static void
tear_down(void)
{
    agent_child_free(child);
    event_free(ended);
    event_base_free(base);
}

static bool
serves(long not_pid)
{
    return last.pid && last.pid != not_pid && last.connected;
}

/* Runs the loop for a while, or until something has happened in it. */
static void
turn(void)
{
    const struct timeval tv = {0, 100000};

    event_base_loopexit(base, &tv);
    event_base_loop(base, EVLOOP_ONCE);
}

static void
until_serves(long not_pid)
{
    for (int i = 0; i < 10 * PATIENCE_S && !serves(not_pid); i++)
        turn();
    ck_assert(serves(not_pid));
}

START_TEST(is_started_replaced_ended)
{
    long first;

    agent_child_configure(child, &configs[0]);
    until_serves(0);
    first = last.pid;
    agent_child_configure(child, &configs[0]);
    ck_assert_int_eq(last.pid, first);
    /* Whoever was told to end and did is no trouble. */
    agent_child_configure(child, &configs[1]);
    until_serves(first);
    ck_assert_uint_eq(last.restarts, 0);
    ck_assert_str_eq(last.trouble, "");
    agent_child_configure(child, &configs[2]);
    for (int i = 0; i < 10 * PATIENCE_S && last.pid; i++)
        turn();
    ck_assert_int_eq(last.pid, 0);
    ck_assert(!last.wanted);
    ck_assert_str_eq(last.trouble, "");
}
END_TEST

START_TEST(is_started_again_when_it_dies)
{
    long first;

    agent_child_configure(child, &configs[0]);
    until_serves(0);
    first = last.pid;
    ck_assert_int_eq(kill((pid_t) first, SIGKILL), 0);
    until_serves(first);
    ck_assert_uint_eq(last.restarts, 1);
    ck_assert_ptr_nonnull(strstr(last.trouble, "ended by signal 9"));
}
END_TEST

/* A child that is no agent yet has the daemon's handlers, and they write into the
 * daemon's loop: told to end then, it must not be the daemon that ends. */
START_TEST(signal_before_exec_is_not_the_daemons)
{
    ck_assert_int_eq(pthread_atfork(NULL, NULL, after_fork), 0);
    signal_in_child = 1;
    agent_child_configure(child, &configs[0]);
    signal_in_child = 0;
    for (int i = 0; i < 10 * PATIENCE_S && !last.restarts && !daemon_was_told; i++)
        turn();
    ck_assert(!daemon_was_told);
    ck_assert_ptr_nonnull(strstr(last.trouble, "ended by signal 15"));
    until_serves(0);
}
END_TEST

int
main(int argc, char **argv)
{
    Suite *s;
    TCase *t;
    SRunner *sr;
    int failed;

    if (argc > 1 && strcmp(argv[1], "agent") == 0)
        return play_agent();
    s = suite_create("agent_child");
    t = tcase_create("child");
    sr = srunner_create(s);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 3 * PATIENCE_S);
    tcase_add_test(t, is_started_replaced_ended);
    tcase_add_test(t, is_started_again_when_it_dies);
    tcase_add_test(t, signal_before_exec_is_not_the_daemons);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
