/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_syslog_bsd.c - tests of the RFC 3164 form of syslog messages: exact bytes
 * of known items.  Hostile ones are in check_syslog_hostile.c. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/syslog_msg.h"
#include "parsers/when.h"
#include "tests/unit/rfc3164.h"

static struct rfc5424 parsed;
static struct syslog_form form;
static struct alarm_item alarm_item;
static struct event event;
static char message[SYSLOG_MSG_MAX];
static bool truncated;

static void
setup(void)
{
    setenv("TZ", "Asia/Tokyo", 1); /* of the collector */
    form = (struct syslog_form){16, 32473, "32473.109", "0.1.0", "collector", SYSLOG_MSG_BSD, true, false};
    memset(&alarm_item, 0, sizeof alarm_item);
    memcpy(alarm_item.id, "0123456789abcdef0123456789abcdef", EVENT_ID_SIZE);
    alarm_item.key = STR("dist:ANFIELD:DOG0005D");
    alarm_item.severity = SEVERITY_MINOR;
    alarm_item.cls = CLASS_FILE_CONTENTION;
    alarm_item.count = 1;
    alarm_item.when = (struct when){.utc = INT64_C(905446537) * WHEN_SECOND,
                                    .local = INT64_C(905421337) * WHEN_SECOND,
                                    .utc_known = true,
                                    .local_known = true,
                                    .zone = STR("America/Los_Angeles")};
    alarm_item.f.host = STR("ANFIELD");
    alarm_item.f.package = STR("DOG0005D");
    alarm_item.f.file = STR("E:\\_S M0000.TMP\\a]\"b.EXE");
    alarm_item.summary = STR("DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32)");
    event = (struct event){.cls = CLASS_ACTIVITY, .severity = SEVERITY_INFO, .when = alarm_item.when};
    memcpy(event.id, "fedcba9876543210fedcba9876543210", EVENT_ID_SIZE);
    event.f.host = STR("ANFIELD");
    event.text = STR("Waiting for ready instruction file....");
}

static size_t
write_item(bool alarm)
{
    struct item item = {alarm ? ITEM_ALARM : ITEM_EVENT, alarm ? NULL : &event, alarm ? &alarm_item : NULL};
    struct target_item ti = {.seq = 9, .target_seq = 7, .item = &item, .uptime_ns = INT64_C(12345678901),
                             .now_ns = INT64_C(1700000000) * WHEN_SECOND};
    size_t n = syslog_msg_write(&form, &ti, message, &truncated);
    const char *why = rfc3164_parse(message, n, !form.no_host, &parsed);

    ck_assert_msg(why == NULL, "%s: %.*s", why, (int) n, message);
    return n;
}

static void
ck_fact(const char *name, const char *want)
{
    struct str got = rfc5424_value(&parsed, "", name);

    ck_assert_msg(str_has(got) && str_eq(got, str_z(want)), "%s: want %s, got %.*s", name, want, STR_ARG(got));
}

START_TEST(alarm_exact)
{
    static const char want[] =
        "<131>Sep 10 09:55:37 ANFIELD truecause[file-contention]: "
        "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32)"
        " id=\"0123456789abcdef0123456789abcdef\" key=\"dist:ANFIELD:DOG0005D\" state=\"raised\""
        " class=\"file-contention\" severity=\"minor\" seq=\"7\" count=\"1\" zone=\"America/Los_Angeles\""
        " package=\"DOG0005D\" file=\"E:\\\\_S M0000.TMP\\\\a]\\\"b.EXE\" time=\"1998-09-10T16:55:37Z\" tzKnown=\"1\""
        " probableCause=\"fileError\" perceivedSeverity=\"minor\" eventType=\"processingErrorAlarm\""
        " sysUpTime=\"1234\" swVersion=\"0.1.0\"";
    size_t n = write_item(true);

    ck_assert_msg(n == sizeof want - 1 && memcmp(message, want, n) == 0, "want %s\n got %.*s", want, (int) n, message);
    ck_assert(!truncated);
}
END_TEST

/* The digits of the record's own clock; where they are not known, ours; where
 * there are none, the time of sending, and no fact says otherwise. */
START_TEST(times)
{
    event.when.utc_known = false;
    event.when.local = INT64_C(904608000) * WHEN_SECOND; /* 1998-09-01 */
    write_item(false);
    ck_assert(str_eq(parsed.time, STR("Sep  1 00:00:00")));
    ck_fact("local", "1998-09-01T00:00:00");
    ck_fact("tzKnown", "0");
    ck_assert_ptr_null(rfc5424_param(&parsed, "", "time"));
    event.when = (struct when){.utc = INT64_C(905446537) * WHEN_SECOND, .utc_known = true};
    write_item(false);
    ck_assert(str_eq(parsed.time, STR("Sep 11 01:55:37"))); /* Tokyo */
    ck_fact("time", "1998-09-10T16:55:37Z");
    event.when = (struct when){.utc_known = false};
    write_item(false);
    ck_assert(str_eq(parsed.time, STR("Nov 15 07:13:20")));
    ck_assert_ptr_null(rfc5424_param(&parsed, "", "time"));
    ck_assert_ptr_null(rfc5424_param(&parsed, "", "local"));
}
END_TEST

START_TEST(host_names)
{
    write_item(false);
    ck_assert_ptr_null(rfc5424_param(&parsed, "", "host"));
    event.f.host = STR("ANFIELD.EXAMPLE.ORG"); /* section 4.1.2: no domain */
    write_item(false);
    ck_assert(str_eq(parsed.host, STR("ANFIELD")));
    ck_fact("host", "ANFIELD.EXAMPLE.ORG");
    event.f.host = STR_NONE;
    event.f.address = STR("192.0.2.10");
    write_item(false);
    ck_assert(str_eq(parsed.host, STR("192.0.2.10")));
    event.f.address = STR_NONE;
    write_item(false);
    ck_assert(str_eq(parsed.host, STR("-")));
    event.f.host = STR("M\xc3\x9cNCHEN 1: x");
    write_item(false);
    ck_assert(str_eq(parsed.host, STR("M__NCHEN_1__x")));
    ck_fact("host", "M\xc3\x9cNCHEN 1: x");
    form.no_host = true;
    write_item(false);
    ck_fact("host", "M\xc3\x9cNCHEN 1: x");
}
END_TEST

/* What others chose cannot look like a fact, nor end the message. */
START_TEST(forgery_is_shown)
{
    alarm_item.summary = STR("x\" state=\"cleared\" severity=info\n<34>Oct 11 22:14:15 h su: forged");
    write_item(true);
    ck_assert(str_eq(parsed.msg, STR("x' state:'cleared' severity:info<0A><34>Oct 11 22:14:15 h su: forged")));
    ck_fact("state", "raised");
    ck_fact("severity", "minor");
    alarm_item.f.package = STR("A\" state=\"cleared");
    write_item(true);
    ck_fact("package", "A\" state=\"cleared");
    ck_fact("state", "raised");
}
END_TEST

START_TEST(long_item_is_shortened)
{
    static char text[5000];
    size_t n;

    for (size_t i = 0; i + 2 <= sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    alarm_item.f.file = alarm_item.f.target = alarm_item.action = str_make(text, sizeof text);
    n = write_item(true);
    ck_assert_uint_le(n, SYSLOG_MSG_BSD);
    ck_assert(truncated);
    ck_fact("truncated", "true");
    ck_fact("package", "DOG0005D");
    ck_assert(str_eq(parsed.msg, alarm_item.summary));
    ck_assert_uint_ge(rfc5424_value(&parsed, "", "file").n, 32);
    form.budget = SYSLOG_MSG_MIN;
    n = write_item(true);
    ck_assert_uint_le(n, SYSLOG_MSG_MIN);
    ck_fact("id", alarm_item.id);
    ck_fact("key", "dist:ANFIELD:DOG0005D");
    ck_fact("truncated", "true");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("syslog_bsd");
    TCase *c = tcase_create("known");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, alarm_exact);
    tcase_add_test(c, times);
    tcase_add_test(c, host_names);
    tcase_add_test(c, forgery_is_shown);
    tcase_add_test(c, long_item_is_shortened);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
