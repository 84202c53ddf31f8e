/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_snmp_way.c - the snmp target at work: what it sends at all,
 * refusals, failures, pace, threads, and what libnetsnmp must not do. */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/snmp_session.h"
#include "parsers/when.h"
#include "tests/unit/snmp_receiver.h"

START_TEST(what_is_no_alarm_is_not_sent)
{
    struct alarm_item a = sample();
    struct event e = {.cls = CLASS_FILE_CONTENTION};
    struct item item = {.kind = ITEM_EVENT, .event = &e};
    struct target_item it = {.target_seq = 1, .item = &item};
    struct target *t = open_target();
    struct datagram d;

    ck_assert_int_eq(target_snmp_class.send(t, &it), 0);
    a.cls = CLASS_ACTIVITY;
    ck_assert_int_eq(send_alarm(t, &a), 0);
    ck_assert_uint_eq(t->sent, 0);
    a.cls = CLASS_STALL;
    ck_assert_int_eq(send_alarm(t, &a), 0);
    ck_assert_uint_eq(t->sent, 1);
    ck_assert(receive(&d, 60000)); /* the first to arrive is the stall */
    ck_assert_str_eq(d.varbind[1].text, DEFAULT_ROOT ".0.6");
    ck_assert(!receive(&d, 0));
    target_snmp_class.close(t);
    target_snmp_class.close(NULL);
}
END_TEST

START_TEST(notice_carries_its_objects)
{
    struct notice_item notice = {.kind = NOTICE_HEARTBEAT,
                                 .read = UINT64_C(4294967296) + 41203,
                                 .delivered = 212,
                                 .folded = 3,
                                 .dropped = 0,
                                 .open_count = 3,
                                 .open_digest = ID,
                                 .text = STR("read 41,203 records: 212 faults, 3 open"),
                                 .last_seq = 5};
    struct item item = {.kind = ITEM_NOTICE, .notice = &notice};
    struct target_item ti = {.seq = 9, .target_seq = 6, .item = &item, .uptime_ns = WHEN_SECOND};
    struct target *t = open_target();
    struct datagram d;

    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert(receive(&d, 60000));
    ck_assert_uint_eq(d.n, 2 + MIB_NOTICE_VARBINDS);
    ck_assert_str_eq(d.varbind[1].text, DEFAULT_ROOT ".0.1");
    for (unsigned i = 0; i < MIB_NOTICE_VARBINDS; i++)
        ck_assert_int_eq(d.varbind[2 + i].tag, tag_of(mib_objects[mib_notice_objects[i]].syntax));
    NUMBER(&d, READ, 41203);
    NUMBER(&d, DELIVERED, 212);
    NUMBER(&d, FOLDED, 3);
    NUMBER(&d, DROPPED, 0);
    NUMBER(&d, OPEN_COUNT, 3);
    TEXT(&d, OPEN_DIGEST, ID);
    NUMBER(&d, SEQ, 5);
    TEXT(&d, SUMMARY, "read 41,203 records: 212 faults, 3 open");
    /* One of the journal has a number of its own; without text the totals speak. */
    notice.kind = NOTICE_HISTORY;
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert(receive(&d, 60000));
    NUMBER(&d, SEQ, 6);
    notice = (struct notice_item){.kind = NOTICE_HEARTBEAT, .read = 41203, .delivered = 212, .last_seq = 6};
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert(receive(&d, 60000));
    TEXT(&d, SUMMARY, "heartbeat: 41203 read, 212 delivered, 0 folded, 0 dropped, 0 open");
    TEXT(&d, OPEN_DIGEST, "");
    target_snmp_class.close(t);
}
END_TEST

static int64_t
monotonic_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * WHEN_SECOND + ts.tv_nsec;
}

/* Only the lower bound can be tested on a busy machine. */
START_TEST(pace_holds_back)
{
    struct alarm_item a = sample();
    struct target *t;
    struct datagram d;
    int64_t start;

    target_default.pace = 100;
    t = open_target();
    start = monotonic_ns();
    for (unsigned i = 0; i < 40; i++)
        ck_assert_int_eq(send_alarm(t, &a), 0);
    /* five at once, then 34 gaps of 10 ms */
    ck_assert_int_ge(monotonic_ns() - start, 34 * (WHEN_SECOND / 100));
    for (unsigned i = 0; i < 40; i++)
        ck_assert(receive(&d, 60000));
    target_snmp_class.close(t);
}
END_TEST

START_TEST(send_failure_is_told_and_retried)
{
    static char broadcast[] = "255.255.255.255", loopback[] = "127.0.0.1";
    struct alarm_item a = sample();
    struct target *t;
    struct datagram d;

    /* The socket has no right to broadcast: every send fails with EACCES. */
    target_default.addresses[0].host = broadcast;
    t = open_target();
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(send_alarm(t, &a), -EACCES);
    ck_assert_uint_eq(t->sent, 0);
    ck_assert_ptr_nonnull(strstr(t->error, "255.255.255.255"));
    ck_assert_ptr_nonnull(strstr(t->error, "ermission"));
    target_snmp_class.close(t);
    target_default.addresses[0].host = loopback;
    round_trip(&a, &d);
}
END_TEST

/* A port where nobody listens and which nobody else is given: its socket takes from one
 * peer alone, and there is no such peer.  It lives as long as the process. */
static char *
dead_port(void)
{
    static char dead[16];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(s, (struct sockaddr *) &address, n), 0);
    ck_assert_int_eq(getsockname(s, (struct sockaddr *) &address, &n), 0);
    snprintf(dead, sizeof dead, "%u", ntohs(address.sin_port));
    address.sin_port = htons(9);
    ck_assert_int_eq(connect(s, (struct sockaddr *) &address, n), 0);
    return dead;
}

/* That is a loss, and the name is looked up again. */
START_TEST(refused_port_is_noticed)
{
    char *dead = dead_port(), *alive = target_default.addresses[0].port;
    struct alarm_item a = sample();
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct target_item ti = {.seq = 5, .target_seq = 5, .item = &item};
    struct datagram d;
    uint64_t safe = 9;
    struct target *t;

    target_default.addresses[0].port = dead;
    t = open_target();
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert_int_eq(target_snmp_class.settle(t, 60000, &safe), -ECONNREFUSED);
    ck_assert_uint_eq(safe, 0);
    ck_assert_uint_eq(t->sent, 0);
    ck_assert_ptr_nonnull(strstr(t->error, dead));
    ck_assert_int_eq(target_snmp_class.settle(t, 0, &safe), 0); /* told once */
    target_default.addresses[0].port = alive;
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert(receive(&d, 60000));
    ck_assert_int_eq(target_flush(t, 60000), 0);
    ck_assert_int_eq(target_snmp_class.settle(t, 0, &safe), 0);
    ck_assert_uint_eq(safe, 5);
    target_snmp_class.close(t);
}
END_TEST

/* An error that a send or a read has taken already is still in the queue, and says so
 * to poll() until it is out. */
START_TEST(loss_is_noticed_once_by_whoever_looks)
{
    char *alive = target_default.addresses[0].port, err[200] = "";
    struct snmp_session_state s;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pollfd queue = {.events = 0};
    int taken = 0;
    socklen_t n = sizeof taken;

    target_default.addresses[0].port = dead_port();
    to.sin_port = htons((uint16_t) atoi(target_default.addresses[0].port));
    ck_assert_msg(snmp_session_open(&s, &target_default, 0, err, sizeof err) == 0, "%s", err);
    queue.fd = s.fd;
    ck_assert_int_eq(sendto(s.fd, "x", 1, 0, (struct sockaddr *) &to, sizeof to), 1);
    ck_assert_int_eq(poll(&queue, 1, 60000), 1);
    ck_assert_int_eq(getsockopt(s.fd, SOL_SOCKET, SO_ERROR, &taken, &n), 0);
    ck_assert_int_eq(taken, ECONNREFUSED);
    ck_assert_int_eq(poll(&queue, 1, 0), 1);
    ck_assert_int_eq(snmp_session_trouble(&s), ECONNREFUSED);
    ck_assert_int_eq(poll(&queue, 1, 0), 0);
    ck_assert_int_eq(snmp_session_trouble(&s), 0);
    snmp_session_close(&s);
    target_default.addresses[0].port = alive;
}
END_TEST

/* The second message learns that the first one was refused.  The loss is told twice, by
 * send() and settle(), and is one loss: with two addresses, two steps are none. */
START_TEST(refused_send_goes_on_to_the_next_address)
{
    char *alive = target_default.addresses[0].port;
    struct alarm_item a = sample();
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct target_item ti = {.seq = 1, .target_seq = 1, .item = &item};
    struct datagram d;
    uint64_t safe = 9;
    struct target *t;

    target_default.addresses[1] = target_default.addresses[0];
    target_default.addresses[0].port = dead_port();
    target_default.n_addresses = 2;
    t = open_target();
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ti.seq = 2;
    ck_assert_int_eq(target_snmp_class.send(t, &ti), -ECONNREFUSED);
    ck_assert_int_eq(target_snmp_class.settle(t, 0, &safe), -ECONNREFUSED);
    ck_assert_uint_eq(safe, 0);
    ck_assert_uint_eq(t->address, 1);
    ck_assert_int_eq(target_snmp_class.settle(t, 0, &safe), 0); /* told once */
    ti.seq = 1;
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert(receive(&d, 60000));
    target_snmp_class.close(t);
    target_default.n_addresses = 1;
    target_default.addresses[0].port = alive;
}
END_TEST

/* A pace that is far off does not hold the caller: it may stop meanwhile. */
START_TEST(slow_pace_says_later)
{
    struct alarm_item a = sample();
    uint64_t safe = 0;
    struct target *t;
    int64_t start;

    target_default.pace = 2;
    t = open_target();
    ck_assert_int_eq(send_alarm(t, &a), 0);
    start = monotonic_ns();
    ck_assert_int_eq(send_alarm(t, &a), -EAGAIN);
    while (send_alarm(t, &a) == -EAGAIN)
        ck_assert_int_eq(target_snmp_class.settle(t, 1000, &safe), 0);
    ck_assert_int_ge(monotonic_ns() - start, WHEN_SECOND / 4);
    ck_assert_uint_eq(t->sent, 2);
    target_snmp_class.close(t);
}
END_TEST

static void *
send_many(void *arg)
{
    struct alarm_item a = sample();
    struct target *t = arg;

    for (unsigned i = 0; i < 15; i++)
        if (send_alarm(t, &a) != 0)
            return t;
    return target_flush(t, 60000) == 0 ? NULL : t;
}

/* Each snmp target works in a thread of its own. */
START_TEST(targets_share_the_library)
{
    pthread_t thread[4];
    struct target *t[4];
    unsigned got = 0;
    struct datagram d;
    void *bad;

    for (unsigned i = 0; i < 4; i++) {
        t[i] = open_target();
        ck_assert_int_eq(pthread_create(&thread[i], NULL, send_many, t[i]), 0);
    }
    for (; got < 4 * 15 && receive(&d, 30000); got++) /* few enough for the socket's buffer */
        TEXT(&d, KEY, "dist:ANFIELD:DOG0005D");
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(thread[i], &bad), 0);
        ck_assert_ptr_null(bad);
        target_snmp_class.close(t[i]);
    }
    ck_assert_uint_eq(got, 4 * 15);
}
END_TEST

START_TEST(receiver_without_address_is_told)
{
    struct alarm_item a = sample();
    struct target *t;

    target_default.addresses[0].six = true; /* with an IPv4 address: no name server is asked */
    t = open_target();
    ck_assert_int_lt(send_alarm(t, &a), 0);
    ck_assert_ptr_nonnull(strstr(t->error, "no IPv6 address for 127.0.0.1"));
    ck_assert_int_eq(target_flush(t, 100), 0);
    target_snmp_class.close(t);
}
END_TEST

static void
refused(const char *want)
{
    char err[512] = "";
    struct target *t = target_snmp_class.open(&config_default, &target_default, err, sizeof err);

    ck_assert_ptr_null(t);
    ck_assert_msg(strncmp(err, "truecause.xml:7: target 'nms': ", 31) == 0, "%s", err);
    ck_assert_msg(strstr(err, want) != NULL, "%s: not about %s", err, want);
}

START_TEST(what_cannot_be_is_refused)
{
    static char wrong[] = "1.3.6.1.2.1", three[] = "3", empty[] = "";

    switch (_i) {
    case 0:
        config_default.enterprise_oid = wrong;
        refused("enterprise-oid \"1.3.6.1.2.1\"");
        break;
    case 1:
        target_default.version = three;
        refused("no SNMP engine has begun");
        break;
    case 2:
        target_default.community = empty;
        refused("community");
        break;
    case 3:
        target_default.pdu_size = 484;
        refused("pdu-size 484");
        break;
    }
}
END_TEST

/* snmp.conf would change the source address and persistent state would be
 * written; neither may happen, and the locale and the environment stay. */
START_TEST(library_reads_and_writes_nothing)
{
    char dir[] = "/tmp/check_target_snmp.XXXXXX", path[64];
    struct alarm_item a = sample();
    struct datagram d;
    struct dirent *entry;
    unsigned files = 0;
    FILE *out;
    DIR *listing;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/snmp.conf", dir);
    out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs("clientaddr 127.0.0.9\n", out);
    fclose(out);
    setenv("SNMPCONFPATH", dir, 1);
    setenv("SNMP_PERSISTENT_DIR", dir, 1);
    setenv("HOME", dir, 1);
    round_trip(&a, &d);
    ck_assert_str_eq(d.source, "127.0.0.1");
    ck_assert_str_eq(getenv("SNMPCONFPATH"), dir);
    listing = opendir(dir);
    while ((entry = readdir(listing)))
        files += entry->d_name[0] != '.';
    closedir(listing);
    ck_assert_uint_eq(files, 1);
    unlink(path);
    rmdir(dir);
}
END_TEST

START_TEST(ipv6_is_a_way_too)
{
    static char address[] = "::1", port[16];
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct alarm_item alarm = sample();
    static uint8_t bytes[2048];
    socklen_t n = sizeof a;
    struct target *t;
    struct datagram d;
    ssize_t got;
    int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (s < 0 || bind(s, (struct sockaddr *) &a, n) < 0) {
        if (s >= 0)
            close(s);
        return; /* no IPv6 on this machine */
    }
    ck_assert_int_eq(getsockname(s, (struct sockaddr *) &a, &n), 0);
    snprintf(port, sizeof port, "%u", ntohs(a.sin6_port));
    target_default.addresses[0].six = true;
    target_default.addresses[0].host = address;
    target_default.addresses[0].port = port;
    t = open_target();
    ck_assert_msg(send_alarm(t, &alarm) == 0, "%s", t->error);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = s, .events = POLLIN}, 1, 60000), 1);
    got = recv(s, bytes, sizeof bytes, 0);
    ck_assert_int_gt(got, 0);
    take_apart(bytes, (size_t) got, &d);
    TEXT(&d, KEY, "dist:ANFIELD:DOG0005D");
    target_snmp_class.close(t);
    close(s);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_snmp_way");
    TCase *t;
    SRunner *sr = srunner_create(s);
    int failed;

    t = tcase_create("target");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, receiver_open, receiver_close);
    tcase_add_test(t, what_is_no_alarm_is_not_sent);
    tcase_add_test(t, notice_carries_its_objects);
    tcase_add_test(t, pace_holds_back);
    tcase_add_test(t, send_failure_is_told_and_retried);
    tcase_add_test(t, refused_port_is_noticed);
    tcase_add_test(t, loss_is_noticed_once_by_whoever_looks);
    tcase_add_test(t, refused_send_goes_on_to_the_next_address);
    tcase_add_test(t, slow_pace_says_later);
    tcase_add_test(t, targets_share_the_library);
    tcase_add_test(t, receiver_without_address_is_told);
    tcase_add_loop_test(t, what_cannot_be_is_refused, 0, 4);
    tcase_add_test(t, library_reads_and_writes_nothing);
    tcase_add_test(t, ipv6_is_a_way_too);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
