/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_syslog_msg.c - tests of the RFC 5424 encoder: exact bytes of known items.
 * Hostile ones are in check_syslog_hostile.c. */
#include "build.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/syslog_msg.h"
#include "parsers/text.h"
#include "parsers/when.h"
#include "tests/unit/rfc5424.h"

static struct rfc5424 parsed;

#define OURS "truecause@32473"
#define ck_value(element, name, want) \
    do { \
        struct str got_ = rfc5424_value(&parsed, element, name); \
        ck_assert_msg(str_has(got_) && str_eq(got_, str_z(want)), "%s: want %s, got %.*s", name, want, STR_ARG(got_)); \
    } while (0)

/* --- items ------------------------------------------------------------------------ */

static const struct syslog_form form = {16, 32473, "32473.109", "0.1.0", "collector", 2048, false, false};

/* 1998-09-10T16:55:37Z; local digits seven hours before. */
static const struct when article_time = {.utc = INT64_C(905446537) * WHEN_SECOND,
                                         .local = INT64_C(905421337) * WHEN_SECOND,
                                         .utc_known = true,
                                         .local_known = true,
                                         .zone = {"America/Los_Angeles", 19}};

static void
article_facts(struct facts *f)
{
    memset(f, 0, sizeof *f);
    f->host = STR("ANFIELD");
    f->address = STR("192.0.2.10");
    f->site = STR("DOG");
    f->package = STR("DOG0005D");
    f->server = STR("ANFIELD");
    f->share = STR("SMS_PKGE");
    f->file = STR("E:\\_S M0000.TMP\\filename.EXE");
    f->target = STR("E:\\SMS_PKGE\\DOG0005D\\filename.EXE");
    f->claim_event = STR("109");
    f->claimed = f->caused = f->tagged = f->win32_known = f->misreported = true;
    f->claim_class = CLASS_DISK_FULL;
    f->figures = FIGURES_BLANK;
    f->cause_class = CLASS_FILE_CONTENTION;
    f->win32 = 32;
    f->symbol = STR("ERROR_SHARING_VIOLATION");
    f->basis = BASIS_LOG_MATCH;
    f->confidence = CONFIDENCE_CONFIRMED;
    f->signature = STR("event-109");
    f->n_evidence = 1;
    memcpy(f->evidence[0], "00112233445566778899aabbccddeeff", EVENT_ID_SIZE);
    f->n_articles = 1;
    f->article[0] = STR("Q193766");
}

static void
article_alarm(struct alarm_item *a)
{
    memset(a, 0, sizeof *a);
    memcpy(a->id, "0123456789abcdef0123456789abcdef", EVENT_ID_SIZE);
    a->key = STR("dist:ANFIELD:DOG0005D");
    a->state = ALARM_RAISED;
    a->severity = SEVERITY_MINOR;
    a->cls = CLASS_FILE_CONTENTION;
    a->count = 1;
    a->first = a->last = a->when = article_time;
    article_facts(&a->f);
    a->summary = STR("DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE");
    a->action = STR("Find who holds the file.");
}

static size_t
write_item(const struct syslog_form *fo, const struct item *item, char *out, bool *truncated)
{
    struct target_item ti = {.seq = 9, .target_seq = 7, .item = item, .uptime_ns = INT64_C(12345678901)};
    return syslog_msg_write(fo, &ti, out, truncated);
}

static char message[SYSLOG_MSG_MAX];
static bool truncated;

static size_t
write_alarm(const struct alarm_item *a)
{
    struct item item = {.kind = ITEM_ALARM, .alarm = a};
    size_t n = write_item(&form, &item, message, &truncated);
    const char *why = rfc5424_parse(message, n, &parsed);
    ck_assert_msg(why == NULL, "%s: %.*s", why, (int) n, message);
    return n;
}

static size_t
write_event(const struct event *ev)
{
    struct item item = {.kind = ITEM_EVENT, .event = ev};
    size_t n = write_item(&form, &item, message, &truncated);
    const char *why = rfc5424_parse(message, n, &parsed);
    ck_assert_msg(why == NULL, "%s: %.*s", why, (int) n, message);
    return n;
}

static void
ck_message(size_t n, const char *want)
{
    ck_assert_msg(n == strlen(want) && memcmp(message, want, n) == 0, "want %s\n got %.*s", want, (int) n, message);
}

/* --- known items --------------------------------------------------------------------- */

START_TEST(alarm_raise_exact)
{
    struct alarm_item a;
    article_alarm(&a);
    ck_message(write_alarm(&a),
               "<131>1 1998-09-10T16:55:37Z ANFIELD truecause - file-contention "
               "[alarm resource=\"dist:ANFIELD:DOG0005D\" probableCause=\"fileError\" perceivedSeverity=\"minor\""
               " eventType=\"processingErrorAlarm\"]"
               "[origin software=\"truecause\" swVersion=\"0.1.0\" enterpriseId=\"32473.109\" ip=\"192.0.2.10\"]"
               "[meta sequenceId=\"7\" sysUpTime=\"1234\"][timeQuality tzKnown=\"1\" isSynced=\"0\"]"
               "[truecause@32473 id=\"0123456789abcdef0123456789abcdef\" key=\"dist:ANFIELD:DOG0005D\" state=\"raised\""
               " class=\"file-contention\" severity=\"minor\" seq=\"7\" count=\"1\" first=\"1998-09-10T16:55:37Z\""
               " last=\"1998-09-10T16:55:37Z\" tag=\"error-32-contention\" claim=\"disk-full\" figures=\"blank\""
               " cause=\"file-contention\" misreported=\"true\" confidence=\"confirmed\""
               " basis=\"log-match\" win32=\"32\""
               " symbol=\"ERROR_SHARING_VIOLATION\" signature=\"event-109\""
               " evidence=\"00112233445566778899aabbccddeeff\" article=\"Q193766\" zone=\"America/Los_Angeles\""
               " address=\"192.0.2.10\" site=\"DOG\" package=\"DOG0005D\" server=\"ANFIELD\" share=\"SMS_PKGE\""
               " file=\"E:\\\\_S M0000.TMP\\\\filename.EXE\" target=\"E:\\\\SMS_PKGE\\\\DOG0005D\\\\filename.EXE\""
               " claimEvent=\"109\" action=\"Find who holds the file.\"] "
               "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE");
    ck_assert(!truncated);
}
END_TEST

START_TEST(alarm_clear)
{
    struct alarm_item a;
    article_alarm(&a);
    a.state = ALARM_CLEARED;
    a.severity = SEVERITY_CRITICAL;
    a.reason = STR("recovered");
    a.action = STR_NONE;
    write_alarm(&a);
    ck_assert_int_eq(parsed.pri, 16 * 8 + 5);
    ck_value("alarm", "perceivedSeverity", "cleared");
    ck_value(OURS, "state", "cleared");
    ck_value(OURS, "severity", "critical");
    ck_value(OURS, "reason", "recovered");
    ck_assert_ptr_null(rfc5424_param(&parsed, OURS, "action"));
}
END_TEST

static size_t
write_notice(const struct notice_item *no)
{
    struct item item = {.kind = ITEM_NOTICE, .notice = no};
    size_t n = write_item(&form, &item, message, &truncated);
    const char *why = rfc5424_parse(message, n, &parsed);

    ck_assert_msg(why == NULL, "%s: %.*s", why, (int) n, message);
    return n;
}

/* A sign of life tells the number of the last message; a line about history is
 * an item with a number of its own. */
START_TEST(notice_exact)
{
    struct notice_item no = {.kind = NOTICE_HEARTBEAT,
                             .when = article_time,
                             .read = 41203,
                             .delivered = 212,
                             .folded = 3,
                             .dropped = 1,
                             .last_seq = 211,
                             .open_count = 2,
                             .open_digest = "0123456789abcdef0123456789abcdef"};

    ck_message(write_notice(&no),
               "<134>1 1998-09-10T16:55:37Z collector truecause - notice "
               "[origin software=\"truecause\" swVersion=\"0.1.0\" enterpriseId=\"32473.109\"]"
               "[meta sequenceId=\"211\" sysUpTime=\"1234\"][timeQuality tzKnown=\"1\" isSynced=\"0\"]"
               "[truecause@32473 kind=\"heartbeat\" seq=\"211\" read=\"41203\" delivered=\"212\" folded=\"3\""
               " dropped=\"1\" open=\"2\" digest=\"0123456789abcdef0123456789abcdef\"] "
               "heartbeat: 41203 read, 212 delivered, 3 folded, 1 dropped, 2 open");
    no = (struct notice_item){.kind = NOTICE_HISTORY,
                              .text = STR("read 41,203 records: \xe2\x80\xa6"),
                              .id = "00112233445566778899aabbccddeeff"};
    write_notice(&no);
    ck_value(OURS, "kind", "history");
    ck_value(OURS, "id", "00112233445566778899aabbccddeeff");
    ck_value(OURS, "seq", "7");
    ck_value("meta", "sequenceId", "7");
    ck_assert_ptr_null(rfc5424_param(&parsed, OURS, "read"));
    ck_assert(!truncated);
}
END_TEST

/* What is about ourselves comes from this computer. */
START_TEST(self_alarm_has_our_name)
{
    static const char want[] = "<132>1 - collector truecause - self ";
    struct alarm_item a = {.key = STR("self:SOURCE:X"), .cls = CLASS_SELF, .severity = SEVERITY_WARNING};

    write_alarm(&a);
    ck_assert_msg(strncmp(message, want, sizeof want - 1) == 0, "%.60s", message);
    a.cls = CLASS_SERVICE;
    write_alarm(&a);
    ck_assert_ptr_nonnull(strstr(message, "<132>1 - - truecause - service "));
}
END_TEST

/* RFC 5674, table 1. */
START_TEST(alarm_severities)
{
    static const int pri[] = {1, 2, 3, 4, 5, 5};
    static const char *const word[] = {"critical", "major", "minor", "warning", "indeterminate", "cleared"};
    struct alarm_item a;
    article_alarm(&a);
    a.severity = (enum severity) _i;
    write_alarm(&a);
    ck_assert_int_eq(parsed.pri % 8, pri[_i]);
    ck_value("alarm", "perceivedSeverity", word[_i]);
}
END_TEST

START_TEST(every_class_has_labels)
{
    struct alarm_item a;
    struct str cause;
    article_alarm(&a);
    a.cls = (enum event_class) _i;
    write_alarm(&a);
    cause = rfc5424_value(&parsed, "alarm", "probableCause");
    ck_assert(cause.n > 3);
    ck_assert_msg(event_class_is_fault(a.cls) || _i == CLASS_SELF || str_eq(cause, STR("other")), "%s",
                  event_class_name(a.cls));
    ck_assert(str_eq(parsed.msgid, str_z(event_class_name(a.cls))));
}
END_TEST

static void
article_event(struct event *ev)
{
    memset(ev, 0, sizeof *ev);
    memcpy(ev->id, "fedcba9876543210fedcba9876543210", EVENT_ID_SIZE);
    ev->cls = CLASS_ACTIVITY;
    ev->severity = SEVERITY_INFO;
    ev->when = article_time;
    ev->f.host = STR("ANFIELD");
    ev->f.component = STR("SMS_DESPOOLER");
    ev->f.thread = STR("1D0");
    ev->format = STR("sms-log");
    ev->source_name = STR("Despool.log");
    ev->offset = 10240;
    ev->line = 131;
    ev->length = 115;
    ev->text = STR("~Waiting for ready instruction file....");
}

START_TEST(event_exact)
{
    struct event ev;
    article_event(&ev);
    ck_message(write_event(&ev),
               "<134>1 1998-09-10T16:55:37Z ANFIELD truecause - activity "
               "[origin software=\"truecause\" swVersion=\"0.1.0\" enterpriseId=\"32473.109\"]"
               "[meta sequenceId=\"7\" sysUpTime=\"1234\"][timeQuality tzKnown=\"1\" isSynced=\"0\"]"
               "[truecause@32473 id=\"fedcba9876543210fedcba9876543210\" class=\"activity\" severity=\"info\" seq=\"7\""
               " zone=\"America/Los_Angeles\" component=\"SMS_DESPOOLER\" thread=\"1D0\" format=\"sms-log\""
               " source=\"Despool.log\" offset=\"10240\" line=\"131\" length=\"115\"] "
               "Waiting for ready instruction file....");
}
END_TEST

START_TEST(event_is_no_alarm)
{
    struct event ev;
    article_event(&ev);
    article_facts(&ev.f);
    ev.cls = CLASS_FILE_CONTENTION;
    ev.severity = SEVERITY_MINOR;
    ev.text = STR("Failed to install package. There isn't\nsufficient disk space");
    write_event(&ev);
    ck_assert_ptr_null(rfc5424_param(&parsed, "alarm", "resource"));
    ck_value(OURS, "misreported", "true");
    ck_value(OURS, "text", "Failed to install package. There isn't<0A>sufficient disk space");
}
END_TEST

START_TEST(unknown_zone)
{
    struct event ev;
    article_event(&ev);
    ev.when.utc_known = false;
    ev.when.zone = STR_NONE;
    write_event(&ev);
    ck_assert(str_eq(parsed.time, STR("1998-09-10T09:55:37Z")));
    ck_value("timeQuality", "tzKnown", "0");
    ck_value("timeQuality", "isSynced", "0");
    ck_value(OURS, "local", "1998-09-10T09:55:37");
}
END_TEST

START_TEST(no_time)
{
    struct event ev;
    article_event(&ev);
    memset(&ev.when, 0, sizeof ev.when);
    write_event(&ev);
    ck_assert(str_eq(parsed.time, STR("-")));
    ck_assert_ptr_null(rfc5424_param(&parsed, OURS, "local"));
}
END_TEST

START_TEST(fraction_has_six_digits)
{
    struct event ev;
    article_event(&ev);
    ev.when.utc += 123456789;
    ev.when.fraction = 9;
    write_event(&ev);
    ck_assert(str_eq(parsed.time, STR("1998-09-10T16:55:37.123456Z")));
}
END_TEST

START_TEST(host_names)
{
    static char long_name[400];
    struct event ev;
    article_event(&ev);
    ev.f.host = STR_NONE;
    write_event(&ev);
    ck_assert(str_eq(parsed.host, STR("-")));
    ev.f.address = STR("2001:db8::7");
    write_event(&ev);
    ck_assert(str_eq(parsed.host, STR("2001:db8::7")));
    ck_value("origin", "ip", "2001:db8::7");
    ev.f.address = STR("] not an address");
    ev.f.host = STR("M\xc3\x9cNCHEN 1]");
    write_event(&ev);
    ck_assert(str_eq(parsed.host, STR("M?NCHEN?1]")));
    ck_value(OURS, "host", "M\xc3\x9cNCHEN 1]");
    ck_value(OURS, "address", "] not an address");
    ck_assert_ptr_null(rfc5424_param(&parsed, "origin", "ip"));
    memset(long_name, 'H', sizeof long_name);
    ev.f.host = str_make(long_name, sizeof long_name);
    write_event(&ev);
    ck_assert_uint_eq(parsed.host.n, 255);
    ck_assert_uint_eq(rfc5424_value(&parsed, OURS, "host").n, 400);
}
END_TEST

START_TEST(bom_only_if_not_ascii)
{
    struct alarm_item a;
    article_alarm(&a);
    write_alarm(&a);
    ck_assert(!parsed.bom);
    a.summary = STR("Paket f\xc3\xbcr \\\\ANFIELD");
    write_alarm(&a);
    ck_assert(parsed.bom);
    ck_assert(str_eq(parsed.msg, STR("Paket f\xc3\xbcr \\\\ANFIELD")));
}
END_TEST

START_TEST(forgery_is_shown)
{
    struct event ev;
    article_event(&ev);
    article_facts(&ev.f);
    ev.cls = CLASS_FILE_CONTENTION;
    ev.f.package = STR("A\"] x\\");
    ev.f.file = STR("a\r\n<34>1 - - - - - - forged\x1b[2J\x7f");
    ev.f.target = STR("\xe2\x80\xa8\xc2\x85\xee\xbc\x80\xee\xbc\x8a");
    ev.text = STR("x\r\n<0>1 - evil - - - -");
    write_event(&ev);
    ck_value(OURS, "package", "A\"] x\\");
    ck_value(OURS, "file", "a<0D><0A><34>1 - - - - - - forged<1B>[2J<7F>");
    ck_value(OURS, "target", "<E2><80><A8><C2><85><00><0A>");
    ck_value(OURS, "text", "x<0D><0A><0>1 - evil - - - -");
}
END_TEST

START_TEST(sequence_wraps_to_one)
{
    struct event ev;
    struct item item = {.kind = ITEM_EVENT, .event = &ev};
    struct target_item ti = {.target_seq = INT32_MAX, .item = &item, .uptime_ns = INT64_MAX};
    article_event(&ev);
    ck_assert_ptr_null(rfc5424_parse(message, syslog_msg_write(&form, &ti, message, &truncated), &parsed));
    ck_value("meta", "sequenceId", "2147483647");
    ti.target_seq++;
    ck_assert_ptr_null(rfc5424_parse(message, syslog_msg_write(&form, &ti, message, &truncated), &parsed));
    ck_value("meta", "sequenceId", "1");
    ck_value(OURS, "seq", "2147483648");
    ck_assert(strtoull(rfc5424_value(&parsed, "meta", "sysUpTime").p, NULL, 10) <= UINT32_MAX);
}
END_TEST

/* A message that just fits is not shortened. */
START_TEST(just_fits)
{
    struct syslog_form fo = form;
    struct event ev;
    struct item item = {.kind = ITEM_EVENT, .event = &ev};
    size_t whole;

    article_event(&ev);
    whole = write_event(&ev);
    fo.budget = whole;
    ck_assert_uint_eq(write_item(&fo, &item, message, &truncated), whole);
    ck_assert(!truncated);
    fo.budget = whole - 1;
    ck_assert_uint_le(write_item(&fo, &item, message, &truncated), whole - 1);
    ck_assert(truncated);
    fo.bsd = true;
    fo.budget = SYSLOG_MSG_MAX;
    whole = write_item(&fo, &item, message, &truncated);
    fo.budget = whole;
    ck_assert_uint_eq(write_item(&fo, &item, message, &truncated), whole);
    ck_assert(!truncated);
}
END_TEST

/* What names the item stays whole, the flag is there, MSG keeps its beginning. */
START_TEST(long_item_is_shortened)
{
    static char text[20000];
    struct event ev;
    size_t n;
    article_event(&ev);
    article_facts(&ev.f);
    ev.cls = CLASS_FILE_CONTENTION;
    for (size_t i = 0; i + 2 <= sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    ev.f.file = ev.f.target = ev.f.share = ev.text = str_make(text, sizeof text);
    n = write_event(&ev);
    ck_assert_uint_le(n, form.budget);
    ck_assert(truncated);
    ck_value(OURS, "truncated", "true");
    ck_value(OURS, "id", ev.id);
    ck_value(OURS, "package", "DOG0005D");
    ck_assert_uint_ge(rfc5424_value(&parsed, OURS, "file").n, 128);
    ck_assert_uint_ge(parsed.msg.n, 40);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("syslog_msg");
    TCase *known = tcase_create("known");
    SRunner *sr;
    int failed;

    tcase_add_test(known, alarm_raise_exact);
    tcase_add_test(known, alarm_clear);
    tcase_add_test(known, notice_exact);
    tcase_add_test(known, self_alarm_has_our_name);
    tcase_add_loop_test(known, alarm_severities, 0, 6);
    tcase_add_loop_test(known, every_class_has_labels, 0, CLASS_COUNT);
    tcase_add_test(known, event_exact);
    tcase_add_test(known, event_is_no_alarm);
    tcase_add_test(known, unknown_zone);
    tcase_add_test(known, no_time);
    tcase_add_test(known, fraction_has_six_digits);
    tcase_add_test(known, host_names);
    tcase_add_test(known, bom_only_if_not_ascii);
    tcase_add_test(known, forgery_is_shown);
    tcase_add_test(known, sequence_wraps_to_one);
    tcase_add_test(known, just_fits);
    tcase_add_test(known, long_item_is_shortened);
    suite_add_tcase(s, known);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
