/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_snmp.c - notifications as a receiver gets them.  What the target
 * does when they do not get there is in check_target_snmp_way.c. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    ck_assert(receive(&d, 60000));
    NUMBER(&d, WIN32, -2);
    NUMBER(&d, COUNT, 4294967295);
    NUMBER(&d, SEQ, 4294967295);
    ck_assert_int_eq(d.varbind[0].number, 5); /* sysUpTime wraps at 2^32 hundredths */
    it.target_seq++;
    a.f.win32 = 0x7fffffffu;
    ck_assert_int_eq(target_snmp_class.send(t, &it), 0);
    ck_assert(receive(&d, 60000));
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

/* --- one after another -------------------------------------------------------------- */

static struct alarm_item alarm_of[4];
static struct notice_item notice_of = {.kind = NOTICE_HEARTBEAT, .read = 41203, .delivered = 212, .last_seq = 5,
                                       .text = STR("read 41,203 records: 212 faults, 3 open")};
static const struct item item_of[] = {
    {.kind = ITEM_ALARM, .alarm = &alarm_of[0]}, {.kind = ITEM_ALARM, .alarm = &alarm_of[1]},
    {.kind = ITEM_ALARM, .alarm = &alarm_of[2]}, {.kind = ITEM_ALARM, .alarm = &alarm_of[3]},
    {.kind = ITEM_NOTICE, .notice = &notice_of},
};
enum { KINDS = sizeof item_of / sizeof *item_of };

/* Alarms that differ in all that a message can be longer or shorter by. */
static void
make_items(void)
{
    static char filler[3][MIB_TEXT_MAX];

    for (unsigned i = 0; i < 4; i++)
        alarm_of[i] = sample();
    alarm_of[1].f.address = STR("");
    alarm_of[1].state = ALARM_CLEARED;
    alarm_of[2].f.address = STR("192.0.2.99");
    alarm_of[2].cls = CLASS_STALL;
    alarm_of[3] = (struct alarm_item){.key = STR("self:SOURCE:X"), .cls = CLASS_SELF, .count = UINT32_MAX};
    memset(filler, 'x', sizeof filler);
    alarm_of[2].f.file = str_make(filler[0], sizeof filler[0]);
    alarm_of[2].action = str_make(filler[1], sizeof filler[1]);
    alarm_of[2].reason = str_make(filler[2], sizeof filler[2]);
}

static void
send_kind(struct target *t, unsigned kind, struct datagram *d)
{
    struct target_item ti = {.seq = 900, .target_seq = 17, .item = &item_of[kind], .uptime_ns = 90 * WHEN_SECOND};

    ck_assert_msg(target_snmp_class.send(t, &ti) == 0, "%s", t->error);
    ck_assert(receive(d, 5000));
}

/* A target keeps what it lays a message out in: each that follows another is what it
 * would be as the first. */
START_TEST(message_has_nothing_of_the_one_before)
{
    static char one[] = "1";
    static struct datagram alone[KINDS], d;
    struct target *t;

    if (_i)
        target_default.version = one;
    target_default.pdu_size = 60000;
    make_items();
    for (unsigned i = 0; i < KINDS; i++) {
        t = open_target();
        send_kind(t, i, &alone[i]);
        target_snmp_class.close(t);
    }
    ck_assert_uint_gt(alone[2].size, 3 * MIB_TEXT_MAX);
    t = open_target();
    for (unsigned i = 0; i < KINDS * KINDS; i++) {
        for (unsigned j = 0; j < 2; j++) {
            const struct datagram *want = &alone[j ? i / KINDS : i % KINDS];

            send_kind(t, j ? i / KINDS : i % KINDS, &d);
            ck_assert_uint_eq(d.n, want->n);
            ck_assert_uint_eq(d.varbinds_n, want->varbinds_n);
            ck_assert_int_eq(d.specific, want->specific);
            ck_assert_mem_eq(d.agent, want->agent, sizeof d.agent);
            for (unsigned k = 0; k < d.n; k++)
                ck_assert_mem_eq(&d.varbind[k], &want->varbind[k], sizeof d.varbind[k]);
        }
    }
    target_snmp_class.close(t);
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
    tcase_add_loop_test(t, message_has_nothing_of_the_one_before, 0, 2);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
