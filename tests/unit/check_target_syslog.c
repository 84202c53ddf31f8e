/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_syslog.c - tests of the syslog target against receivers of the
 * test's own on loopback: framing, and what send, flush and close promise when
 * the receiver is there, away, resetting, stuck, or gone while idle. */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/target.h"
#include "parsers/when.h"
#include "tests/unit/rfc5424.h"

static struct config config = {.enterprise_oid = (char[]){"1.3.6.1.4.1.32473.109"}, .pen = 32473};
static char port_text[8];
static struct config_target tc = {
    .place = {"test.xml", 1},
    .name = (char[]){"siem"},
    .type = (char[]){"syslog"},
    .addresses = {{TRANSPORT_TCP, (char[]){"127.0.0.1"}, port_text}},
    .n_addresses = 1,
    .facility = 16,
};
static struct alarm_item alarm_item;
static struct item item = {.kind = ITEM_ALARM, .alarm = &alarm_item};
static uint64_t next_seq;

/* A bound socket; 'type' SOCK_STREAM listens. */
static int
receiver(int type)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), small = 4096;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &a, &len), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(fd, 5), 0);
    snprintf(port_text, sizeof port_text, "%u", ntohs(a.sin_port));
    return fd;
}

static struct target *
open_target(enum transport transport)
{
    char err[256] = "";
    struct target *t;

    tc.addresses[0].transport = transport;
    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    ck_assert_msg(t != NULL, "%s", err);
    memset(&alarm_item, 0, sizeof alarm_item);
    memset(alarm_item.id, 'a', EVENT_ID_SIZE - 1);
    alarm_item.key = STR("dist:ANFIELD:DOG0005D");
    alarm_item.cls = CLASS_FILE_CONTENTION;
    alarm_item.severity = SEVERITY_MINOR;
    alarm_item.summary = STR("DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use");
    next_seq = 1;
    return t;
}

static int
send_one(struct target *t)
{
    struct target_item ti = {.seq = next_seq, .target_seq = next_seq, .item = &item};
    int r = target_syslog_class.send(t, &ti);
    if (r == 0)
        next_seq++;
    return r;
}

/* For what runs in a child: Check's record of assertions is a file that parent
 * and child share, so a child asserts nothing; an early exit fails the test. */
#define REQUIRE(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #what); \
            _exit(1); \
        } \
    } while (0)

/* Reads to the end of file; the number of whole frames, each checked, with
 * sequence numbers from 'first' without a gap. */
static unsigned
read_frames(int fd, uint64_t first)
{
    static char buf[1 << 22];
    static struct rfc5424 m;
    size_t n = 0, at = 0;
    unsigned frames = 0;
    ssize_t r;

    while ((r = read(fd, buf + n, sizeof buf - n)) > 0)
        n += (size_t) r;
    REQUIRE(r == 0);
    while (at < n) {
        char want[24], *end;
        size_t length;
        const char *why;

        REQUIRE(buf[at] >= '1' && buf[at] <= '9');
        length = strtoul(buf + at, &end, 10);
        REQUIRE(*end == ' ');
        at = (size_t) (end + 1 - buf);
        REQUIRE(at + length <= n);
        why = rfc5424_parse(buf + at, length, &m);
        REQUIRE(why == NULL);
        snprintf(want, sizeof want, "%llu", (unsigned long long) (first + frames));
        REQUIRE(str_eq(rfc5424_value(&m, "truecause@32473", "seq"), str_z(want)));
        at += length;
        frames++;
    }
    return frames;
}

static void
close_hard(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(fd);
}

/* The child reads all there is and says how many frames it saw. */
static pid_t
fork_reader(int listener, int *result)
{
    int pipe_fd[2];
    pid_t pid;

    ck_assert_int_eq(pipe(pipe_fd), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int fd = accept(listener, NULL, NULL);
        unsigned frames = read_frames(fd, 1);
        REQUIRE(write(pipe_fd[1], &frames, sizeof frames) == (ssize_t) sizeof frames);
        _exit(0);
    }
    close(pipe_fd[1]);
    *result = pipe_fd[0];
    return pid;
}

START_TEST(tcp_delivers_all)
{
    int listener = receiver(SOCK_STREAM), result;
    struct target *t = open_target(TRANSPORT_TCP);
    unsigned frames = 0;
    pid_t pid = fork_reader(listener, &result);

    for (int i = 0; i < 3000; i++)
        ck_assert_int_eq(send_one(t), 0);
    ck_assert_int_eq(target_flush(t, 20000), 0);
    ck_assert_uint_eq(t->sent, 3000);
    for (int i = 0; i < 10; i++) /* never flushed: close brings them */
        ck_assert_int_eq(send_one(t), 0);
    target_syslog_class.close(t);
    ck_assert_int_eq(read(result, &frames, sizeof frames), sizeof frames);
    ck_assert_uint_eq(frames, 3010);
    check_waitpid_and_exit(pid);
}
END_TEST

START_TEST(tcp_refused)
{
    int listener = receiver(SOCK_STREAM);
    struct target *t = open_target(TRANSPORT_TCP);

    close(listener);
    ck_assert_int_eq(send_one(t), -ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(t->error, port_text));
    ck_assert_int_eq(target_flush(t, 100), 0); /* nothing was taken */
    target_syslog_class.close(t);
}
END_TEST

/* A reset is reported by flush() even if sends have seen it, and what comes
 * after that goes through a new connection. */
START_TEST(tcp_reset)
{
    int listener = receiver(SOCK_STREAM), fd;
    struct target *t = open_target(TRANSPORT_TCP);

    ck_assert_int_eq(send_one(t), 0);
    fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    close_hard(fd);
    if (_i)
        for (int i = 0; i < 1000 && send_one(t) == 0; i++)
            continue;
    ck_assert_int_lt(target_flush(t, 60000), 0);
    ck_assert(t->error[0]);
    next_seq = 1;
    ck_assert_int_eq(send_one(t), 0);
    fd = accept(listener, NULL, NULL);
    ck_assert_int_eq(target_flush(t, 60000), 0);
    target_syslog_class.close(t);
    ck_assert_uint_eq(read_frames(fd, 1), 1);
    close(fd);
    close(listener);
}
END_TEST

/* A peer that went while nothing was under way costs nothing. */
START_TEST(tcp_gone_while_idle)
{
    int listener = receiver(SOCK_STREAM), fd;
    struct target *t = open_target(TRANSPORT_TCP);
    struct pollfd ready;

    ck_assert_int_eq(send_one(t), 0);
    ck_assert_int_eq(target_flush(t, 60000), 0);
    fd = accept(listener, NULL, NULL);
    ready = (struct pollfd){.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&ready, 1, 60000), 1);
    shutdown(fd, SHUT_WR);
    ck_assert_int_eq(send_one(t), 0);
    ck_assert_uint_eq(read_frames(fd, 1), 1); /* and the end: the target has closed it */
    close(fd);
    fd = accept(listener, NULL, NULL);
    ck_assert_int_eq(target_flush(t, 60000), 0);
    target_syslog_class.close(t);
    ck_assert_uint_eq(read_frames(fd, 2), 1);
    close(fd);
    close(listener);
}
END_TEST

START_TEST(udp_datagrams)
{
    int fd = receiver(SOCK_DGRAM);
    struct target *t = open_target(TRANSPORT_UDP);
    static struct rfc5424 m;
    char buf[4096];

    for (int i = 0; i < 3; i++) {
        ssize_t n;
        ck_assert_int_eq(send_one(t), 0);
        n = recv(fd, buf, sizeof buf, 0);
        ck_assert_int_gt(n, 0);
        ck_assert_ptr_null(rfc5424_parse(buf, (size_t) n, &m));
        ck_assert(str_eq(rfc5424_value(&m, "meta", "sequenceId"), str_make(&"123"[i], 1)));
    }
    ck_assert_int_eq(target_flush(t, 100), 0);
    target_syslog_class.close(t);
    close(fd);
}
END_TEST

/* The one loss that UDP can see is not kept quiet. */
START_TEST(udp_refused)
{
    int fd = receiver(SOCK_DGRAM);
    struct target *t = open_target(TRANSPORT_UDP);

    close(fd);
    ck_assert_int_eq(send_one(t), 0);
    ck_assert_int_eq(target_flush(t, 60000), -ECONNREFUSED);
    target_syslog_class.close(t);
}
END_TEST

START_TEST(unknown_host)
{
    struct config_target other = tc;
    struct target *t;
    struct target_item ti = {.seq = 1, .target_seq = 1, .item = &item};
    char err[256];

    target_syslog_class.close(open_target(TRANSPORT_TCP)); /* sets the item */
    other.addresses[0].host = (char[]){"no such host.invalid"};
    other.addresses[0].transport = TRANSPORT_TCP;
    t = target_syslog_class.open(&config, &other, err, sizeof err);
    ck_assert_ptr_nonnull(t);
    ck_assert_int_lt(target_syslog_class.send(t, &ti), 0);
    ck_assert(t->error[0]);
    target_syslog_class.close(t);
}
END_TEST

START_TEST(close_null)
{
    target_syslog_class.close(NULL);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_syslog");
    TCase *c = tcase_create("loopback");
    SRunner *sr;
    int failed;

    tcase_set_timeout(c, 60);
    tcase_add_test(c, tcp_delivers_all);
    tcase_add_test(c, tcp_refused);
    tcase_add_loop_test(c, tcp_reset, 0, 2);
    tcase_add_test(c, tcp_gone_while_idle);
    tcase_add_test(c, udp_datagrams);
    tcase_add_test(c, udp_refused);
    tcase_add_test(c, unknown_host);
    tcase_add_test(c, close_null);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
