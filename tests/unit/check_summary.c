/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_summary.c - the lines that people read: those of design section 5 to
 * the letter, every class, and the cut at 100 characters. */
#include "build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/summary.h"
#include "parsers/when.h"

static char line[SUMMARY_SIZE];

static struct alarm_item
dist(enum event_class cls)
{
    struct alarm_item a = {.key = STR("dist:ANFIELD:DOG0005D"), .cls = cls, .state = ALARM_RAISED};

    a.f.package = STR("DOG0005D");
    a.f.server = STR("ANFIELD");
    a.f.share = STR("SMS_PKGE");
    a.f.caused = true;
    a.f.cause_class = cls;
    return a;
}

static void
reads(const struct alarm_item *a, const struct summary_extra *x, const char *expected)
{
    size_t n = summary_alarm(a, x, line);

    ck_assert_str_eq(line, expected);
    ck_assert_uint_eq(n, strlen(line));
}

START_TEST(says_a_proved_misreport)
{
    struct alarm_item a = dist(CLASS_FILE_CONTENTION);

    a.f.claimed = a.f.misreported = a.f.win32_known = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.win32 = 32;
    a.f.basis = BASIS_LOG_MATCH;
    a.f.confidence = CONFIDENCE_CONFIRMED;
    a.f.target = STR("E:\\SMS_PKGE\\DOG0005D\\filename.EXE");
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE");
}
END_TEST

START_TEST(says_a_probable_misreport)
{
    struct alarm_item a = dist(CLASS_FILE_CONTENTION);

    a.f.claimed = a.f.misreported = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.figures = FIGURES_BLANK;
    a.f.basis = BASIS_BLANK_FIGURES;
    a.f.confidence = CONFIDENCE_PROBABLE;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: probably file in use; \"disk full\" report had no figures");
}
END_TEST

START_TEST(says_a_full_disk_with_its_figures)
{
    struct alarm_item a = dist(CLASS_DISK_FULL);

    a.f.claimed = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.figures = FIGURES_FILLED;
    a.f.available = STR("12");
    a.f.required = STR("340");
    a.f.basis = BASIS_FIGURES;
    a.f.confidence = CONFIDENCE_CONFIRMED;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: DISK FULL, 12 MB free, 340 MB needed");
    a.f.basis = BASIS_TEXT;
    a.f.confidence = CONFIDENCE_UNVERIFIED;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: reported disk full, unverified");
}
END_TEST

static struct alarm_item
stall(void)
{
    struct alarm_item a = {.key = STR("stall:ANFIELD:1000TS01.INS"), .cls = CLASS_STALL, .state = ALARM_UPDATED};

    a.f.host = STR("ANFIELD");
    a.f.instruction = STR("1000tS01.ins");
    a.f.win32_known = true;
    a.f.win32 = 32;
    a.f.confidence = CONFIDENCE_CONFIRMED;
    return a;
}

START_TEST(says_a_stall_and_its_end)
{
    struct alarm_item a = stall();
    struct summary_extra x = {.duration = 30 * WHEN_MINUTE};

    reads(&a, &x, "Despooler on ANFIELD stalled 30 min on 1000tS01.ins (Win32 32): new jobs stay Pending");
    a.f.confidence = CONFIDENCE_PROBABLE;
    reads(&a, &x, "Despooler on ANFIELD stalled on 1000tS01.ins (Win32 32): new jobs stay Pending");
    x.works = true;
    reads(&a, &x, "Despooler on ANFIELD works, but skipped 1000tS01.ins (Win32 32): its job stays Pending");
    x = (struct summary_extra){.duration = (3 * 60 + 42) * WHEN_MINUTE};
    a.state = ALARM_CLEARED;
    a.reason = STR("restarted");
    ck_assert(when_civil(1998, 9, 10, 21, 20, 0, 0, &a.when.local));
    a.when.local_known = true;
    reads(&a, &x, "CLEARED: despooler on ANFIELD restarted 21:20 after 3 h 42 min; 1000tS01.ins under watch");
    /* The site's own clock goes before UTC; UTC alone says so. */
    a.when.utc_known = true;
    a.when.utc = a.when.local + 7 * WHEN_HOUR;
    reads(&a, &x, "CLEARED: despooler on ANFIELD restarted 21:20 after 3 h 42 min; 1000tS01.ins under watch");
    a.when.local_known = false;
    reads(&a, &x, "CLEARED: despooler on ANFIELD restarted 04:20 UTC after 3 h 42 min; 1000tS01.ins under watch");
    a.when.utc_known = false;
    reads(&a, &x, "CLEARED: despooler on ANFIELD restarted after 3 h 42 min; 1000tS01.ins under watch");
    a.reason = STR("instruction executed");
    reads(&a, &x, "CLEARED: despooler on ANFIELD, 1000tS01.ins: instruction executed after 3 h 42 min");
    x.duration = 50 * WHEN_HOUR;
    reads(&a, &x, "CLEARED: despooler on ANFIELD, 1000tS01.ins: instruction executed after 2 d 2 h");
}
END_TEST

START_TEST(says_every_class)
{
    static const char *const expected[CLASS_COUNT] = {
        [CLASS_FILE_CONTENTION] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 7)",
        [CLASS_DISK_FULL] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: DISK FULL (Win32 7)",
        [CLASS_ACCESS_DENIED] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: access denied (Win32 7)",
        [CLASS_NETWORK] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: network failure (Win32 7)",
        [CLASS_NOT_FOUND] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: a file or folder was not found (Win32 7)",
        [CLASS_CORRUPT_DATA] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: data corrupt (Win32 7)",
        [CLASS_CONFIGURATION] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: wrong configuration (Win32 7)",
        [CLASS_SERVICE] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: service failure (Win32 7)",
        [CLASS_DATABASE] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: database failure (Win32 7)",
        [CLASS_PACKAGE_EMPTIED] = "DOG0005D on \\\\ANFIELD\\SMS_PKGE: directory EMPTIED, clients find no files",
        [CLASS_RETRY] = "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: retry pending (Win32 7)",
    };

    for (int cls = 0; cls < CLASS_COUNT; cls++) {
        struct alarm_item a = dist((enum event_class) cls);

        a.severity = SEVERITY_WARNING;
        a.f.win32_known = true;
        a.f.win32 = 7;
        a.f.basis = BASIS_CODE;
        a.f.confidence = CONFIDENCE_CONFIRMED;
        if (expected[cls])
            reads(&a, NULL, expected[cls]);
        ck_assert_uint_gt(summary_alarm(&a, NULL, line), 0);
    }
}
END_TEST

START_TEST(says_what_it_can_where_facts_are_absent)
{
    struct alarm_item a = dist(CLASS_FILE_CONTENTION);

    a.f.share = STR_NONE;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD: file in use");
    a.f.server = STR_NONE;
    reads(&a, NULL, "DOG0005D not installed: file in use");
    a.f.package = STR_NONE;
    reads(&a, NULL, "Package not installed: file in use");
    a.state = ALARM_CLEARED;
    a.reason = STR("aged: state unknown");
    reads(&a, NULL, "CLEARED: package: aged: state unknown");
    a.key = STR("comp:-:-");
    reads(&a, NULL, "CLEARED: file in use: aged: state unknown");
    a.state = ALARM_RAISED;
    reads(&a, NULL, "file in use");
    a.f.component = STR("SMS_DESPOOLER");
    reads(&a, NULL, "SMS_DESPOOLER: file in use");
    a.f.host = STR("ANFIELD");
    reads(&a, NULL, "SMS_DESPOOLER on ANFIELD: file in use");
    a = stall();
    a.f.instruction = a.f.host = STR_NONE;
    a.f.win32_known = false;
    reads(&a, NULL, "Despooler stalled on an instruction: new jobs stay Pending");
}
END_TEST

/* What each class that can raise an alarm is called, and what becomes of the
 * line with less and less known: the package alone, a file alone, the component
 * alone, and nothing at all. */
static const struct {
    enum event_class cls;
    enum severity severity;
    const char *package, *file, *component, *bare;
} fewer[] = {
    {CLASS_FILE_CONTENTION, SEVERITY_MINOR, "DOG0005D not installed: file in use", "SMS_X on SITESRV: file in use: a.dat",
     "SMS_X: file in use", "file in use"},
    {CLASS_DISK_FULL, SEVERITY_MAJOR, "DOG0005D not installed: DISK FULL", "SMS_X on SITESRV: DISK FULL: a.dat",
     "SMS_X: DISK FULL", "DISK FULL"},
    {CLASS_ACCESS_DENIED, SEVERITY_MINOR, "DOG0005D not installed: access denied",
     "SMS_X on SITESRV: access denied: a.dat", "SMS_X: access denied", "access denied"},
    {CLASS_NETWORK, SEVERITY_MINOR, "DOG0005D not installed: network failure", "SMS_X on SITESRV: network failure: a.dat",
     "SMS_X: network failure", "network failure"},
    {CLASS_NOT_FOUND, SEVERITY_MINOR, "DOG0005D not installed: a file or folder was not found",
     "SMS_X on SITESRV: not found: a.dat", "SMS_X: a file or folder was not found", "a file or folder was not found"},
    {CLASS_CORRUPT_DATA, SEVERITY_MINOR, "DOG0005D not installed: data corrupt", "SMS_X on SITESRV: data corrupt: a.dat",
     "SMS_X: data corrupt", "data corrupt"},
    {CLASS_CONFIGURATION, SEVERITY_MINOR, "DOG0005D not installed: wrong configuration",
     "SMS_X on SITESRV: wrong configuration: a.dat", "SMS_X: wrong configuration", "wrong configuration"},
    {CLASS_SERVICE, SEVERITY_MINOR, "DOG0005D not installed: service failure", "SMS_X on SITESRV: service failure: a.dat",
     "SMS_X: service failure", "service failure"},
    {CLASS_DATABASE, SEVERITY_MINOR, "DOG0005D not installed: database failure",
     "SMS_X on SITESRV: database failure: a.dat", "SMS_X: database failure", "database failure"},
    {CLASS_PACKAGE_EMPTIED, SEVERITY_MAJOR, "DOG0005D: directory EMPTIED, clients find no files",
     "SMS_X on SITESRV: package directory emptied: a.dat", "SMS_X: package directory emptied",
     "package directory emptied"},
    {CLASS_RETRY, SEVERITY_WARNING, "DOG0005D not installed: retry pending", "SMS_X on SITESRV: retry pending: a.dat",
     "SMS_X: retry pending", "retry pending"},
    {CLASS_RETRY, SEVERITY_MAJOR, "DOG0005D not installed: retries used up, nothing tries again",
     "SMS_X on SITESRV: retries used up, nothing tries again: a.dat", "SMS_X: retries used up, nothing tries again",
     "retries used up, nothing tries again"},
    {CLASS_STALL, SEVERITY_MAJOR, "Despooler stalled on an instruction: new jobs stay Pending",
     "Despooler on SITESRV stalled on an instruction: new jobs stay Pending",
     "Despooler stalled on an instruction: new jobs stay Pending",
     "Despooler stalled on an instruction: new jobs stay Pending"},
};

START_TEST(says_every_class_with_less_known)
{
    struct alarm_item a = {.key = STR("dist:-:DOG0005D"), .state = ALARM_RAISED};

    a.cls = fewer[_i].cls;
    a.severity = fewer[_i].severity;
    a.f.caused = true;
    a.f.basis = BASIS_TEXT;
    a.f.confidence = CONFIDENCE_PROBABLE;
    a.f.package = STR("DOG0005D");
    reads(&a, NULL, fewer[_i].package);
    a.key = STR("file:SITESRV:D:\\A.DAT");
    a.f.package = STR_NONE;
    a.f.component = STR("SMS_X");
    a.f.host = STR("SITESRV");
    a.f.file = STR("D:\\a.dat");
    reads(&a, NULL, fewer[_i].file);
    a.key = STR("comp:-:SMS_X");
    a.f.file = a.f.host = STR_NONE;
    reads(&a, NULL, fewer[_i].component);
    a.key = STR("comp:-:-");
    a.f.component = STR_NONE;
    reads(&a, NULL, fewer[_i].bare);
}
END_TEST

/* No class that an alarm can have is forgotten above. */
START_TEST(every_fault_is_among_them)
{
    for (int cls = 0; cls < CLASS_COUNT; cls++) {
        bool there = cls == CLASS_SELF; /* has its own words */

        for (size_t i = 0; i < sizeof fewer / sizeof fewer[0]; i++)
            there |= (int) fewer[i].cls == cls;
        ck_assert_msg(there || !event_class_is_fault((enum event_class) cls), "%s has no line",
                      event_class_name((enum event_class) cls));
    }
}
END_TEST

START_TEST(claims_no_more_than_is_known)
{
    struct alarm_item a = dist(CLASS_ACCESS_DENIED);

    a.f.claimed = a.f.misreported = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.basis = BASIS_TEXT;
    a.f.confidence = CONFIDENCE_UNVERIFIED;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: perhaps access denied, not disk space");
    a.cls = CLASS_FILE_CONTENTION;
    a.f.claim_class = CLASS_CORRUPT_DATA;
    a.f.confidence = CONFIDENCE_CONFIRMED;
    a.f.win32_known = true;
    a.f.win32 = 32;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not corrupt");
    a.f.misreported = false;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32)");
    /* "Failed, Win32 Error = 0" tells nothing. */
    a.f.win32 = 0;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use");
}
END_TEST

START_TEST(says_nothing_twice)
{
    struct alarm_item a = dist(CLASS_ACCESS_DENIED);

    a.f.target = STR("\\\\ANFIELD\\SMS_PKGE\\DOG0005D");
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: access denied");
    a.f.target = STR("[\"Display=\\\\ANFIELD\\\"]MSWNET:[\"SMS_SITE=SEC\"]\\\\ANFIELD\\");
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: access denied");
    a.f.target = STR("E:\\SMS_PKGE\\DOG0005D\\sub\\");
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: access denied: sub");
    a.f.target = STR("\\");
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: access denied: \\");
    /* Of two files the one that it is about. */
    a.f.file = STR("C:\\a.pck");
    a.f.target = STR("C:\\b.exe");
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: access denied: b.exe");
    a.cls = CLASS_CORRUPT_DATA;
    reads(&a, NULL, "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: data corrupt: a.pck");
}
END_TEST

static size_t
characters(const char *z)
{
    size_t n = 0;

    for (; *z; z++)
        n += ((unsigned char) *z & 0xc0) != 0x80;
    return n;
}

/* Whole characters only, whatever the length of each. */
START_TEST(cuts_at_100_characters)
{
    static const char *const letter[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    const char *one = letter[_i];
    size_t width = strlen(one);

    for (unsigned n = 40; n < 140; n++) {
        struct alarm_item a = dist(CLASS_FILE_CONTENTION);
        char name[140 * 4 + 1] = "";
        size_t fixed;

        summary_alarm(&a, NULL, line);
        fixed = characters(line) + 2;
        for (unsigned i = 0; i < n; i++)
            memcpy(name + i * width, one, width);
        a.f.file = str_make(name, n * width);
        ck_assert_uint_eq(summary_alarm(&a, NULL, line), strlen(line));
        ck_assert_uint_le(strlen(line), SUMMARY_SIZE - 1);
        ck_assert_uint_eq(characters(line), fixed + n <= SUMMARY_CHARS ? fixed + n : SUMMARY_CHARS);
        if (fixed + n > SUMMARY_CHARS) {
            size_t len = strlen(line);

            ck_assert_str_eq(line + len - 3, "...");
            ck_assert_int_eq(memcmp(line + len - 3 - width, one, width), 0);
        }
    }
}
END_TEST

START_TEST(shows_control_characters_as_text)
{
    struct alarm_item a = dist(CLASS_FILE_CONTENTION);

    a.f.package = STR("DOG\n0005\x1b");
    summary_alarm(&a, NULL, line);
    for (const char *p = line; *p; p++)
        ck_assert_int_ge((unsigned char) *p, ' ');
    ck_assert_ptr_nonnull(strstr(line, "DOG<0A>0005<1B>"));
}
END_TEST

START_TEST(says_an_event_by_its_own_first_line)
{
    struct event ev = {.cls = CLASS_ACTIVITY, .text = STR("~~  Waiting for ready instruction file....  \nmore")};

    summary_event(&ev, line);
    ck_assert_str_eq(line, "Waiting for ready instruction file....");
    ev.text = STR_NONE;
    ck_assert_uint_eq(summary_event(&ev, line), 0);
    ev.cls = CLASS_FILE_CONTENTION;
    ev.f.caused = true;
    ev.f.package = STR("DOG0005D");
    ev.f.file = STR("a\\b.exe");
    summary_event(&ev, line);
    ck_assert_str_eq(line, "DOG0005D not installed: file in use: b.exe");
    ev.f.package = STR_NONE;
    ev.f.component = STR("SMS_INBOX_MANAGER");
    summary_event(&ev, line);
    ck_assert_str_eq(line, "SMS_INBOX_MANAGER: file in use: b.exe");
    ev.cls = CLASS_STALL;
    ev.f.host = STR("ANFIELD");
    summary_event(&ev, line);
    ck_assert_str_eq(line, "Despooler on ANFIELD stalled on an instruction: new jobs stay Pending");
}
END_TEST

START_TEST(takes_the_last_part_of_any_path)
{
    static const struct {
        const char *path, *base;
    } rows[] = {{"E:\\a\\b.exe", "b.exe"}, {"\\\\S\\SH\\c", "c"}, {"/x/y", "y"},
                {"plain", "plain"},        {"E:\\dir\\", "E:\\dir\\"}, {"", ""}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert(str_eq(summary_basename(str_z(rows[i].path)), str_z(rows[i].base)));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("summary");
    TCase *tc = tcase_create("summary");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, says_a_proved_misreport);
    tcase_add_test(tc, says_a_probable_misreport);
    tcase_add_test(tc, says_a_full_disk_with_its_figures);
    tcase_add_test(tc, says_a_stall_and_its_end);
    tcase_add_test(tc, says_every_class);
    tcase_add_loop_test(tc, says_every_class_with_less_known, 0, sizeof fewer / sizeof fewer[0]);
    tcase_add_test(tc, every_fault_is_among_them);
    tcase_add_test(tc, claims_no_more_than_is_known);
    tcase_add_test(tc, says_nothing_twice);
    tcase_add_test(tc, says_what_it_can_where_facts_are_absent);
    tcase_add_loop_test(tc, cuts_at_100_characters, 0, 4);
    tcase_add_test(tc, shows_control_characters_as_text);
    tcase_add_test(tc, says_an_event_by_its_own_first_line);
    tcase_add_test(tc, takes_the_last_part_of_any_path);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
