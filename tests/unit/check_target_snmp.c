/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_snmp.c - notifications as a receiver gets them, and the target
 * that sends them: refusals, failures, pace, and what libnetsnmp must not do. */
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

#include "parsers/when.h"
#include "tests/unit/snmp_receiver.h"

START_TEST(message_is_a_v2c_trap_in_the_fixed_order)
{
    struct alarm_item a = sample();
    struct datagram d;
    char want[160];

    if (_i) {
        static char other[] = OTHER_ROOT;
        config_default.enterprise_oid = other;
    }
    round_trip(&a, &d);
    ck_assert_int_eq(d.version, 1);
    ck_assert_str_eq(d.community, "public");
    ck_assert_int_eq(d.pdu, 0xa7);
    ck_assert_uint_eq(d.n, 2 + MIB_ALARM_VARBINDS + 1);
    ck_assert_str_eq(d.varbind[0].name, "1.3.6.1.2.1.1.3.0");
    ck_assert_int_eq(d.varbind[0].tag, 0x43);
    ck_assert_int_eq(d.varbind[0].number, 9000);
    ck_assert_str_eq(d.varbind[1].name, "1.3.6.1.6.3.1.1.4.1.0");
    snprintf(want, sizeof want, "%s.0.2", config_default.enterprise_oid);
    ck_assert_str_eq(d.varbind[1].text, want);
    for (unsigned i = 0; i < MIB_ALARM_VARBINDS; i++) {
        const struct mib_object *o = &mib_objects[mib_alarm_objects[i]];

        snprintf(want, sizeof want, "%s.1.%u.0", config_default.enterprise_oid, o->arc);
        ck_assert_str_eq(d.varbind[2 + i].name, want);
        ck_assert_int_eq(d.varbind[2 + i].tag, tag_of(o->syntax));
    }
    ck_assert_str_eq(d.varbind[29].name, "1.3.6.1.6.3.18.1.3.0");
    ck_assert_int_eq(d.varbind[29].tag, 0x40);
    ck_assert_uint_eq(d.varbind[29].n, 4);
    ck_assert_mem_eq(d.varbind[29].text, "\xc0\x00\x02\x0a", 4);
}
END_TEST

START_TEST(values_are_those_of_the_alarm)
{
    struct alarm_item a = sample();
    struct datagram d;

    round_trip(&a, &d);
    TEXT(&d, KEY, "dist:ANFIELD:DOG0005D");
    TEXT(&d, EVENT_ID, ID);
    NUMBER(&d, STATE, 1);
    NUMBER(&d, SEVERITY, 5);
    TEXT(&d, SUMMARY,
         "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE");
    NUMBER(&d, CLASS, 3);
    TEXT(&d, TAG, "error-32-contention");
    NUMBER(&d, CLAIM, 4);
    NUMBER(&d, MISREPORTED, 1);
    NUMBER(&d, CONFIDENCE, 4);
    NUMBER(&d, WIN32, 32);
    TEXT(&d, SITE, "DOG");
    TEXT(&d, ORIGIN_HOST, "ANFIELD");
    TEXT(&d, SERVER, "ANFIELD");
    TEXT(&d, SHARE, "SMS_PKGE");
    TEXT(&d, PACKAGE, "DOG0005D");
    TEXT(&d, FILE, "E:\\_S M0000.TMP\\filename.EXE");
    NUMBER(&d, AVAILABLE, -1);
    NUMBER(&d, REQUIRED, -1);
    NUMBER(&d, COUNT, 1);
    TEXT(&d, FIRST, "1998-09-10T16:55:37Z");
    TEXT(&d, LAST, "1998-09-10T09:55:40");
    TEXT(&d, CLEAR_REASON, "");
    TEXT(&d, ACTION, "Find who holds the file.");
    TEXT(&d, ARTICLE, "Q193766");
    NUMBER(&d, SEQ, 17);
    NUMBER(&d, TRUNCATED, 2);
}
END_TEST

START_TEST(absent_facts_have_their_own_values)
{
    struct alarm_item a = {.key = STR("self:SOURCE:X"), .cls = CLASS_SELF, .severity = SEVERITY_MAJOR};
    struct datagram d;

    memcpy(a.id, ID, sizeof a.id);
    round_trip(&a, &d);
    ck_assert_uint_eq(d.n, 2 + MIB_ALARM_VARBINDS); /* no address */
    NUMBER(&d, CLASS, 18);
    NUMBER(&d, CLAIM, 1);
    NUMBER(&d, MISREPORTED, 2);
    NUMBER(&d, CONFIDENCE, 1);
    NUMBER(&d, WIN32, -1);
    NUMBER(&d, AVAILABLE, -2);
    NUMBER(&d, REQUIRED, -2);
    NUMBER(&d, COUNT, 0);
    TEXT(&d, TAG, "");
    TEXT(&d, FILE, "");
    TEXT(&d, FIRST, "");
    TEXT(&d, ARTICLE, "");
}
END_TEST

START_TEST(state_chooses_the_notification)
{
    static const struct {
        enum alarm_state state;
        enum event_class cls;
        const char *trap;
        int state_number, severity;
    } cases[] = {
        {ALARM_RAISED, CLASS_STALL, DEFAULT_ROOT ".0.6", 1, 4},
        {ALARM_UPDATED, CLASS_STALL, DEFAULT_ROOT ".0.6", 2, 4},
        {ALARM_CLEARED, CLASS_STALL, DEFAULT_ROOT ".0.7", 3, 1},
        {ALARM_CLEARED, CLASS_DISK_FULL, DEFAULT_ROOT ".0.5", 3, 1},
        {ALARM_RAISED, CLASS_SELF, DEFAULT_ROOT ".0.26", 1, 4},
    };
    struct alarm_item a = sample();
    struct datagram d;

    a.state = cases[_i].state;
    a.cls = cases[_i].cls;
    a.severity = SEVERITY_MAJOR;
    a.reason = STR("despooler restarted");
    round_trip(&a, &d);
    ck_assert_str_eq(d.varbind[1].text, cases[_i].trap);
    NUMBER(&d, STATE, cases[_i].state_number);
    NUMBER(&d, SEVERITY, cases[_i].severity);
    TEXT(&d, CLEAR_REASON, "despooler restarted");
}
END_TEST

START_TEST(figures_say_why_there_is_no_number)
{
    static const struct {
        enum figures figures;
        const char *available;
        int64_t want;
    } cases[] = {
        {FIGURES_FILLED, "12", 12},
        {FIGURES_FILLED, "0", 0},
        {FIGURES_FILLED, " 450 ", 450},
        {FIGURES_FILLED, "2147483647", 2147483647},
        {FIGURES_FILLED, "2147483648", 2147483647},
        {FIGURES_FILLED, "99999999999999999999999999", 2147483647},
        {FIGURES_BLANK, "", -1},
        {FIGURES_BLANK, NULL, -1},
        {FIGURES_BLANK, "12", 12}, /* the other one is blank */
        {FIGURES_ABSENT, NULL, -2},
        {FIGURES_UNREADABLE, "Y", -3},
        {FIGURES_UNREADABLE, "-5", -3},
        {FIGURES_UNREADABLE, "12 or so", -3},
        {FIGURES_UNREADABLE, "12.5", -3},
        {FIGURES_UNREADABLE, "1,234", -3},
        {FIGURES_UNREADABLE, NULL, -3},
        {FIGURES_UNREADABLE, "12", 12}, /* the other one of the two could not be read */
        {FIGURES_NONE, NULL, -2},
        {FIGURES_NONE, "12", -2},
    };
    struct alarm_item a = sample();
    struct datagram d;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        a.f.figures = cases[i].figures;
        a.f.available = str_z(cases[i].available);
        round_trip(&a, &d);
        ck_assert_msg(value(&d, MIB_OBJECT_AVAILABLE)->number == cases[i].want, "case %zu: %ld", i,
                      (long) value(&d, MIB_OBJECT_AVAILABLE)->number);
    }
}
END_TEST

START_TEST(numbers_stay_within_their_ranges)
{
    struct alarm_item a = sample();
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct target_item it = {.item = &item,
                             .target_seq = UINT64_C(4294967295),
                             .uptime_ns = INT64_C(42949672960) * 10000000 + 50000000};
    struct target *t = open_target();
    struct datagram d;

    a.f.win32 = 0x80000000u;
    a.count = UINT64_C(1) << 40;
    ck_assert_int_eq(target_snmp_class.send(t, &it), 0);
    ck_assert(receive(&d, 5000));
    NUMBER(&d, WIN32, -2);
    NUMBER(&d, COUNT, 4294967295);
    NUMBER(&d, SEQ, 4294967295);
    ck_assert_int_eq(d.varbind[0].number, 5); /* sysUpTime wraps at 2^32 hundredths */
    it.target_seq++;
    a.f.win32 = 0x7fffffffu;
    ck_assert_int_eq(target_snmp_class.send(t, &it), 0);
    ck_assert(receive(&d, 5000));
    NUMBER(&d, SEQ, 1);
    NUMBER(&d, WIN32, 2147483647);
    ck_assert_uint_eq(t->sent, 2);
    target_snmp_class.close(t);
}
END_TEST

START_TEST(file_falls_back_to_target_and_instruction)
{
    struct alarm_item a = sample();
    struct datagram d;

    a.f.target = STR("E:\\SMS_PKGE\\DOG0005D\\filename.EXE");
    a.f.instruction = STR("1000tS01.ins");
    round_trip(&a, &d);
    TEXT(&d, FILE, "E:\\_S M0000.TMP\\filename.EXE");
    a.f.file = STR_NONE;
    round_trip(&a, &d);
    TEXT(&d, FILE, "E:\\SMS_PKGE\\DOG0005D\\filename.EXE");
    a.f.target = STR_NONE;
    round_trip(&a, &d);
    TEXT(&d, FILE, "1000tS01.ins");
}
END_TEST

START_TEST(hostile_text_is_shown_not_sent)
{
    struct alarm_item a = sample();
    struct datagram d;

    /* line feed, quotation mark, an escaped byte 12, DEL, C1, line separator, four-byte character */
    a.f.file = STR("a\nb\"\xee\xbc\x92\x7f\xc2\x85\xe2\x80\xa8\xf0\x9f\x92\xbe");
    a.f.n_articles = 3;
    a.f.article[1] = STR_NONE;
    a.f.article[2] = STR("Q161043");
    round_trip(&a, &d);
    TEXT(&d, FILE, "a<0A>b\"<12><7F><C2><85><E2><80><A8>\xf0\x9f\x92\xbe");
    TEXT(&d, ARTICLE, "Q193766 Q161043");
    NUMBER(&d, TRUNCATED, 2);
}
END_TEST

START_TEST(only_ipv4_goes_into_snmptrapaddress)
{
    static const char *const none[] = {"2001:db8::1", "server", "192.0.2", "192.0.2.10 ", "192.0.2.256", ""};
    struct alarm_item a = sample();
    struct datagram d;

    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        a.f.address = str_z(none[i]);
        round_trip(&a, &d);
        ck_assert_uint_eq(d.n, 2 + MIB_ALARM_VARBINDS);
    }
}
END_TEST

/* --- the target -------------------------------------------------------------------- */

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
    ck_assert(receive(&d, 5000)); /* the first to arrive is the stall */
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
    ck_assert(receive(&d, 5000));
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
    ck_assert(receive(&d, 5000));
    NUMBER(&d, SEQ, 6);
    notice = (struct notice_item){.kind = NOTICE_HEARTBEAT, .read = 41203, .delivered = 212, .last_seq = 6};
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert(receive(&d, 5000));
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
        ck_assert(receive(&d, 5000));
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
    target_default.host = broadcast;
    t = open_target();
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(send_alarm(t, &a), -EACCES);
    ck_assert_uint_eq(t->sent, 0);
    ck_assert_ptr_nonnull(strstr(t->error, "255.255.255.255"));
    ck_assert_ptr_nonnull(strstr(t->error, "ermission"));
    target_snmp_class.close(t);
    target_default.host = loopback;
    round_trip(&a, &d);
}
END_TEST

/* A port where nobody listens is a loss, and the name is looked up again. */
START_TEST(refused_port_is_noticed)
{
    static char dead[16];
    char *alive = target_default.port;
    struct alarm_item a = sample();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct target_item ti = {.seq = 5, .target_seq = 5, .item = &item};
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct datagram d;
    uint64_t safe = 9;
    struct target *t;

    ck_assert_int_eq(bind(s, (struct sockaddr *) &address, n), 0);
    ck_assert_int_eq(getsockname(s, (struct sockaddr *) &address, &n), 0);
    snprintf(dead, sizeof dead, "%u", ntohs(address.sin_port));
    close(s);
    target_default.port = dead;
    t = open_target();
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert_int_eq(target_snmp_class.settle(t, 5000, &safe), -ECONNREFUSED);
    ck_assert_uint_eq(safe, 0);
    ck_assert_uint_eq(t->sent, 0);
    ck_assert_ptr_nonnull(strstr(t->error, dead));
    ck_assert_int_eq(target_snmp_class.settle(t, 0, &safe), 0); /* told once */
    target_default.port = alive;
    ck_assert_int_eq(target_snmp_class.send(t, &ti), 0);
    ck_assert(receive(&d, 5000));
    ck_assert_int_eq(target_flush(t, 5000), 0);
    ck_assert_int_eq(target_snmp_class.settle(t, 0, &safe), 0);
    ck_assert_uint_eq(safe, 5);
    target_snmp_class.close(t);
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
    return target_flush(t, 5000) == 0 ? NULL : t;
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
    for (; got < 4 * 15 && receive(&d, 2000); got++) /* few enough for the socket's buffer */
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
    static char six[] = "udp6";
    struct alarm_item a = sample();
    struct target *t;

    target_default.transport = six; /* with an IPv4 address: no name server is asked */
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
    ck_assert_msg(strncmp(err, "truecause.xml:7: target nms: ", 29) == 0, "%s", err);
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
        refused("2c");
        break;
    case 2:
        target_default.inform = true;
        refused("trap");
        break;
    case 3:
        target_default.community = empty;
        refused("community");
        break;
    case 4:
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
    static char six[] = "udp6", address[] = "::1", port[16];
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
    target_default.transport = six;
    target_default.host = address;
    target_default.port = port;
    t = open_target();
    ck_assert_msg(send_alarm(t, &alarm) == 0, "%s", t->error);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = s, .events = POLLIN}, 1, 5000), 1);
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
    Suite *s = suite_create("target_snmp");
    TCase *t = tcase_create("values");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, receiver_open, receiver_close);
    tcase_add_loop_test(t, message_is_a_v2c_trap_in_the_fixed_order, 0, 2);
    tcase_add_test(t, values_are_those_of_the_alarm);
    tcase_add_test(t, absent_facts_have_their_own_values);
    tcase_add_loop_test(t, state_chooses_the_notification, 0, 5);
    tcase_add_test(t, figures_say_why_there_is_no_number);
    tcase_add_test(t, numbers_stay_within_their_ranges);
    tcase_add_test(t, file_falls_back_to_target_and_instruction);
    tcase_add_test(t, hostile_text_is_shown_not_sent);
    tcase_add_test(t, only_ipv4_goes_into_snmptrapaddress);
    suite_add_tcase(s, t);
    t = tcase_create("target");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, receiver_open, receiver_close);
    tcase_add_test(t, what_is_no_alarm_is_not_sent);
    tcase_add_test(t, notice_carries_its_objects);
    tcase_add_test(t, pace_holds_back);
    tcase_add_test(t, send_failure_is_told_and_retried);
    tcase_add_test(t, refused_port_is_noticed);
    tcase_add_test(t, slow_pace_says_later);
    tcase_add_test(t, targets_share_the_library);
    tcase_add_test(t, receiver_without_address_is_told);
    tcase_add_loop_test(t, what_cannot_be_is_refused, 0, 5);
    tcase_add_test(t, library_reads_and_writes_nothing);
    tcase_add_test(t, ipv6_is_a_way_too);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
