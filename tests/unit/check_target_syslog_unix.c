/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_syslog_unix.c - tests of syslog to sockets of this computer: what
 * is called safe has been read, also when the receiver's queue is full, and when
 * it ends with messages in it. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "forwarder/target.h"
#include "parsers/when.h"
#include "tests/unit/rfc3164.h"
#include "tests/unit/scratch.h"

static struct config config = {.enterprise_oid = (char[]){"1.3.6.1.4.1.32473.109"}, .pen = 32473};
static char dir[64], path[100];
static struct config_target tc = {
    .place = {"test.xml", 1},
    .name = (char[]){"local"},
    .type = (char[]){"syslog"},
    .addresses = {{TRANSPORT_UNIX, path, (char[]){""}}},
    .n_addresses = 1,
    .facility = 16,
    .form_rfc3164 = true,
    .framing_newline = true,
};
static struct event event = {.id = "0123456789abcdef0123456789abcdef", .severity = SEVERITY_INFO};
static struct item item = {.kind = ITEM_EVENT, .event = &event};
static struct target *target;
static uint64_t safe;

static void
setup(void)
{
    unsetenv("TMPDIR"); /* the path of a socket is short */
    scratch_make(dir, sizeof dir);
    snprintf(path, sizeof path, "%s/log", dir);
    safe = 0;
    target = NULL;
}

static void
teardown(void)
{
    target_syslog_class.close(target);
    scratch_remove(dir);
}

static int
receiver(int type)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    memcpy(a.sun_path, path, strlen(path));
    ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, sizeof a), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(fd, 5), 0);
    return fd;
}

static void
open_target(void)
{
    char err[256] = "";

    target = target_syslog_class.open(&config, &tc, err, sizeof err);
    ck_assert_msg(target != NULL, "%s", err);
}

static int
send_number(uint64_t seq)
{
    struct target_item ti = {.seq = seq, .target_seq = seq, .item = &item};

    return target_syslog_class.send(target, &ti);
}

/* The number in a message, which is whole. */
static uint64_t
number_of(const char *msg, size_t n)
{
    static struct rfc5424 m;
    const char *why = rfc3164_parse(msg, n, false, &m);
    char text[24];

    ck_assert_msg(why == NULL, "%s: %.*s", why, (int) n, msg);
    snprintf(text, sizeof text, "%.*s", STR_ARG(rfc5424_value(&m, "", "seq")));
    return strtoull(text, NULL, 10);
}

static void
take(int fd, uint64_t want)
{
    char msg[8192];
    ssize_t n = recv(fd, msg, sizeof msg, 0);

    ck_assert_int_gt(n, 0);
    ck_assert_uint_eq(number_of(msg, (size_t) n), want);
}

START_TEST(safe_is_what_was_read)
{
    int fd = receiver(SOCK_DGRAM);

    open_target();
    for (uint64_t seq = 1; seq <= 3; seq++)
        ck_assert_int_eq(send_number(seq), 0);
    ck_assert_int_eq(target_syslog_class.settle(target, 10, &safe), 0);
    ck_assert_uint_eq(safe, 0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        take(fd, seq);
    ck_assert_int_eq(target_flush(target, 10000), 0);
    ck_assert_int_eq(target_syslog_class.settle(target, 0, &safe), 0);
    ck_assert_uint_eq(safe, 3);
    close(fd);
}
END_TEST

static void *
slow_reader(void *arg)
{
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        if (seq % 100 == 0)
            usleep(5000);
        take(*(int *) arg, seq);
    }
    return NULL;
}

/* Its queue holds a few datagrams (net.unix.max_dgram_qlen). */
START_TEST(full_queue_loses_nothing)
{
    int fd = receiver(SOCK_DGRAM), r;
    pthread_t thread;

    open_target();
    ck_assert_int_eq(pthread_create(&thread, NULL, slow_reader, &fd), 0);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        while ((r = send_number(seq)) != 0) {
            ck_assert_int_eq(r, -EAGAIN);
            ck_assert_int_eq(target_syslog_class.settle(target, 20, &safe), 0);
        }
    ck_assert_int_eq(target_flush(target, 60000), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(target->sent, 1000);
    close(fd);
}
END_TEST

/* What it had not read goes again to the one that comes after it; the queue of
 * the dead one is empty, too, and that is not taken for reading. */
START_TEST(receiver_ends_with_unread)
{
    int fd = receiver(SOCK_DGRAM);

    open_target();
    ck_assert_int_eq(send_number(1), 0);
    take(fd, 1);
    ck_assert_int_eq(target_flush(target, 10000), 0);
    ck_assert_int_eq(send_number(2), 0);
    close(fd);
    if (_i) {
        ck_assert_int_eq(unlink(path), 0);
        fd = receiver(SOCK_DGRAM);
    }
    ck_assert_int_lt(target_syslog_class.settle(target, 10, &safe), 0);
    ck_assert_uint_eq(safe, 1);
    ck_assert_uint_eq(target->sent, 1);
    if (!_i) {
        ck_assert_int_eq(send_number(2), -ECONNREFUSED);
        ck_assert_msg(strstr(target->error, path) && strstr(target->error, "unix:"), "%s", target->error);
        ck_assert_int_eq(unlink(path), 0);
        fd = receiver(SOCK_DGRAM);
    }
    ck_assert_int_eq(send_number(2), 0);
    take(fd, 2);
    ck_assert_int_eq(target_flush(target, 10000), 0);
    close(fd);
}
END_TEST

/* A stream is found to be one, and has a line for each message. */
START_TEST(stream_of_lines)
{
    int listener = receiver(SOCK_STREAM), fd;
    char text[8192];
    ssize_t n;
    char *end;

    open_target();
    ck_assert_int_eq(send_number(1), 0);
    ck_assert_int_eq(send_number(2), 0);
    ck_assert_int_eq(target_syslog_class.settle(target, 10, &safe), 0);
    ck_assert_uint_eq(safe, 0);
    fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    n = read(fd, text, sizeof text - 1);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    end = strchr(text, '\n');
    ck_assert_ptr_nonnull(end);
    ck_assert_uint_eq(number_of(text, (size_t) (end - text)), 1);
    ck_assert_uint_eq(number_of(end + 1, strcspn(end + 1, "\n")), 2);
    ck_assert_int_eq(target_flush(target, 10000), 0);
    ck_assert_int_eq(send_number(3), 0);
    ck_assert_int_eq(target_syslog_class.settle(target, 10, &safe), 0);
    close(fd); /* with 3 unread */
    ck_assert_int_lt(target_flush(target, 10000), 0);
    ck_assert_int_eq(target_syslog_class.settle(target, 0, &safe), 0);
    ck_assert_uint_eq(safe, 2);
    close(listener);
}
END_TEST

static void
take_line(int listener, uint64_t want)
{
    char text[8192];
    int fd;
    ssize_t n;

    ck_assert_int_eq(target_syslog_class.settle(target, 0, &safe), 0); /* it is written */
    fd = accept(listener, NULL, NULL);
    n = read(fd, text, sizeof text);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(text[n - 1], '\n');
    ck_assert_uint_eq(number_of(text, (size_t) n - 1), want);
    ck_assert_int_eq(target_flush(target, 10000), 0);
    ck_assert_int_eq(target_syslog_class.settle(target, 0, &safe), 0);
    ck_assert_uint_eq(safe, want);
    close(fd);
}

/* Of "unix:" the socket says the kind, and it may come later than we, or change. */
START_TEST(kind_is_that_of_the_socket_that_is_there)
{
    int fd;

    open_target();
    ck_assert_int_eq(send_number(1), -ENOENT);
    fd = receiver(SOCK_STREAM);
    ck_assert_int_eq(send_number(1), 0);
    take_line(fd, 1);
    close(fd);
    ck_assert_int_eq(unlink(path), 0);
    fd = receiver(SOCK_DGRAM);
    ck_assert_int_eq(target_syslog_class.settle(target, 0, &safe), 0); /* it has gone */
    ck_assert_uint_eq(safe, 1);
    ck_assert_int_eq(send_number(2), 0);
    ck_assert_int_eq(target_syslog_class.settle(target, 0, &safe), 0);
    ck_assert_uint_eq(safe, 1);
    take(fd, 2);
    ck_assert_int_eq(target_flush(target, 10000), 0);
    close(fd);
    ck_assert_int_eq(unlink(path), 0);
    fd = receiver(SOCK_STREAM);
    ck_assert_int_lt(send_number(3), 0); /* that way is lost, with nothing on it */
    ck_assert_int_eq(target_syslog_class.settle(target, 0, &safe), 0);
    ck_assert_uint_eq(safe, 2);
    ck_assert_int_eq(send_number(3), 0);
    take_line(fd, 3);
    ck_assert_uint_eq(target->sent, 3);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_syslog_unix");
    TCase *c = tcase_create("local");
    SRunner *sr;
    int failed;

    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, safe_is_what_was_read);
    tcase_add_test(c, full_queue_loses_nothing);
    tcase_add_loop_test(c, receiver_ends_with_unread, 0, 2);
    tcase_add_test(c, stream_of_lines);
    tcase_add_test(c, kind_is_that_of_the_socket_that_is_there);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
