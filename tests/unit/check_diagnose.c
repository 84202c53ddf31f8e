/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_diagnose.c - one record at a time: the seeds' texts, Event 109 in all
 * its shapes, what must never be overwritten, the labelled records, and random
 * texts. */
#include "build.h"

#include "parsers/catalogue.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/when.h"
#include "tests/unit/builtin_set.h"

static struct event ev;

static void
diagnose_line(const char *component, const char *text)
{
    memset(&ev, 0, sizeof ev);
    ev.text = str_z(text);
    ev.f.component = str_z(component);
    ck_assert_int_eq(diagnose_event(set, scratch, arena, &ev), PERR_OK);
}

static void
diagnose_log(const char *provider, unsigned number, const char *message, unsigned n, const struct str *string)
{
    struct eventlog log = {.id32 = 0xC0000000u | number, .number = (uint16_t) number, .level = 2};

    memset(&ev, 0, sizeof ev);
    ev.f.provider = str_z(provider);
    log.message = str_z(message);
    log.strings_known = string != NULL;
    log.n_strings = n;
    log.strings = string;
    ev.text = str_z(message ? message : "");
    ev.log = &log;
    ck_assert_int_eq(diagnose_event(set, scratch, arena, &ev), PERR_OK);
    ev.log = NULL;
}

#define assert_str(s, z) ck_assert_msg(str_eq(s, str_z(z)), #s " is \"%.*s\", not \"%s\"", STR_ARG(s), z)
#define assert_class(c) \
    ck_assert_msg(ev.cls == CLASS_##c, "class %s by %.*s", event_class_name(ev.cls), STR_ARG(ev.f.signature))

START_TEST(seed_copy)
{
    diagnose_line("SMS_DESPOOLER", "~Copying E:\\_S M0000.TMP\\filename.EXE to\n"
                                   "E:\\SMS_PKGE\\DOG0005D\\filename.EXE, Failed, Win32 Error = 32");
    assert_class(FILE_CONTENTION);
    ck_assert_int_eq(ev.fact, FACT_COPY_FAILED);
    ck_assert_int_eq(ev.severity, SEVERITY_MINOR);
    ck_assert(ev.f.caused && ev.f.tagged && ev.f.win32_known && !ev.f.claimed && !ev.f.misreported);
    ck_assert_uint_eq(ev.f.win32, 32);
    ck_assert_int_eq(ev.f.basis, BASIS_CODE);
    ck_assert_int_eq(ev.f.confidence, CONFIDENCE_CONFIRMED);
    assert_str(ev.f.symbol, "ERROR_SHARING_VIOLATION");
    assert_str(ev.f.file, "E:\\_S M0000.TMP\\filename.EXE");
    assert_str(ev.f.target, "E:\\SMS_PKGE\\DOG0005D\\filename.EXE");
    assert_str(ev.f.package, "DOG0005D");
    assert_str(ev.f.signature, "despooler-copy-failed");
    ck_assert_uint_eq(ev.f.n_articles, 1);
    assert_str(ev.f.article[0], "Q193766");
}
END_TEST

static const struct {
    const char *code;
    enum event_class cls;
} failures[] = {
    {"32", CLASS_FILE_CONTENTION}, {"33", CLASS_FILE_CONTENTION}, {"1224", CLASS_FILE_CONTENTION},
    {"112", CLASS_DISK_FULL}, {"39", CLASS_DISK_FULL}, {"5", CLASS_ACCESS_DENIED}, {"1326", CLASS_ACCESS_DENIED},
    {"53", CLASS_NETWORK}, {"64", CLASS_NETWORK}, {"67", CLASS_NETWORK}, {"71", CLASS_NETWORK},
    {"1231", CLASS_NETWORK}, {"2", CLASS_NOT_FOUND}, {"3", CLASS_NOT_FOUND}, {"12345", CLASS_UNCLASSIFIED},
    {"0", CLASS_UNCLASSIFIED}, {"132", CLASS_UNCLASSIFIED}, {"320", CLASS_UNCLASSIFIED}, {"3201", CLASS_UNCLASSIFIED},
};

START_TEST(copy_failures_by_code)
{
    char text[200];

    snprintf(text, sizeof text, "~Copying E:\\a.EXE to \\\\ANFIELD\\SMS_PKGE\\DOG0005D\\a.EXE, Failed, Win32 Error = %s",
             failures[_i].code);
    diagnose_line("SMS_DESPOOLER", text);
    ck_assert_int_eq(ev.cls, failures[_i].cls);
    ck_assert_int_eq(ev.fact, FACT_COPY_FAILED);
    ck_assert(ev.f.win32_known && ev.f.win32 == strtoul(failures[_i].code, NULL, 10));
    ck_assert_int_eq(ev.f.tagged, strcmp(failures[_i].code, "32") == 0);
    assert_str(ev.f.server, "ANFIELD");
    assert_str(ev.f.share, "SMS_PKGE");
}
END_TEST

START_TEST(seed_stall)
{
    diagnose_line(NULL, "found ready instruction file for 1000tS01.ins");
    assert_class(ACTIVITY);
    ck_assert_int_eq(ev.fact, FACT_INSTRUCTION_FOUND);
    assert_str(ev.f.instruction, "1000tS01.ins");
    diagnose_line(NULL, "failed to open <path to INS file in Despoolr> WIN32 ERROR = 32");
    assert_class(FILE_CONTENTION);
    ck_assert_int_eq(ev.fact, FACT_INSTRUCTION_OPEN_FAILED);
    ck_assert(ev.f.tagged && !str_has(ev.f.file) && !str_has(ev.f.instruction));
    diagnose_line(NULL, "Cannot decompress instruction file");
    ck_assert_int_eq(ev.fact, FACT_INSTRUCTION_UNREAD);
    ck_assert(!ev.f.caused);
}
END_TEST

/* --- Event 109 ---------------------------------------------------------------- */

#define SENTENCE "Failed to install package. There isn't sufficient disk space on package server "
#define FIGURES(a, r) "Disk space available on that server is " a "megabytes, space required is " r "megabytes."
#define P "\\\\ANFIELD\\SMS_PKGE\\DOG0005D"

static const struct {
    const char *text;
    enum figures figures;
} rendered[] = {
    {SENTENCE P ". " FIGURES("", ""), FIGURES_BLANK},
    {SENTENCE P ". " FIGURES(" ", " "), FIGURES_BLANK},
    {SENTENCE "\n" P ".\n" FIGURES("\n", "\n      "), FIGURES_BLANK},
    {SENTENCE P ". " FIGURES("12 ", "450 "), FIGURES_FILLED},
    {SENTENCE P ". " FIGURES("900 ", "450 "), FIGURES_FILLED},
    {SENTENCE P ". " FIGURES("0 ", "0 "), FIGURES_FILLED},
    {SENTENCE P ". " FIGURES("Y ", "Z "), FIGURES_UNREADABLE},
    {SENTENCE P ". " FIGURES("12 ", ""), FIGURES_UNREADABLE},
    {SENTENCE P ".", FIGURES_ABSENT},
    {SENTENCE P ". Disk space available on that server is", FIGURES_ABSENT},
    {"Event 109\n" SENTENCE P ". " FIGURES("", ""), FIGURES_BLANK},
    {"109 " SENTENCE P ". " FIGURES("", ""), FIGURES_BLANK},
    {"Non-fatal Error in module: SMS_DESPOOLER\nOperation: Install\nError code: 1\n\n" SENTENCE P ". " FIGURES("", "")
     "\n\nMachineName = ANFIELD\nSiteCode = DOG\nComponent = SMS_DESPOOLER", FIGURES_BLANK},
    {"failed to install package.  there isn't sufficient disk space on package server " P ". " FIGURES("", ""),
     FIGURES_BLANK},
};

static void
check_109(enum figures figures)
{
    bool proven = figures == FIGURES_FILLED && strtoul(ev.f.available.p, NULL, 10) < strtoul(ev.f.required.p, NULL, 10);

    ck_assert_msg(ev.f.figures == figures, "figures %s", figures_name(ev.f.figures));
    ck_assert(ev.f.claimed && ev.f.claim_class == CLASS_DISK_FULL);
    assert_str(ev.f.claim_event, "109");
    assert_str(ev.f.package, "DOG0005D");
    assert_str(ev.f.server, "ANFIELD");
    assert_str(ev.f.share, "SMS_PKGE");
    ck_assert(!ev.f.win32_known);
    ck_assert_int_eq(ev.f.misreported, figures == FIGURES_BLANK);
    ck_assert_int_eq(ev.f.tagged, figures == FIGURES_BLANK);
    ck_assert_int_eq(str_has(ev.f.available), figures == FIGURES_FILLED);
    if (figures == FIGURES_BLANK) {
        assert_class(FILE_CONTENTION);
        ck_assert_int_eq(ev.f.basis, BASIS_BLANK_FIGURES);
        ck_assert_int_eq(ev.f.confidence, CONFIDENCE_PROBABLE);
        ck_assert_int_eq(ev.severity, SEVERITY_MINOR);
        return;
    }
    assert_class(DISK_FULL);
    ck_assert_int_eq(ev.f.basis, proven ? BASIS_FIGURES : BASIS_TEXT);
    ck_assert_int_eq(ev.f.confidence, proven ? CONFIDENCE_CONFIRMED : CONFIDENCE_UNVERIFIED);
    ck_assert_int_eq(ev.severity, proven ? SEVERITY_MAJOR : SEVERITY_WARNING);
}

START_TEST(event_109_rendered)
{
    diagnose_log("SMS", 109, rendered[_i].text, 0, NULL);
    check_109(rendered[_i].figures);
    /* the text alone, as a ticket system has it */
    diagnose_line(NULL, rendered[_i].text);
    check_109(rendered[_i].figures);
}
END_TEST

#define S(z) {z, sizeof(z) - 1}
#define NONE {NULL, 0}
#define PREAMBLE "Non-fatal Error in module: SMS_DESPOOLER\nOperation: Install"
#define TRAILER "MachineName = ANFIELD\nSiteCode = DOG\nComponent = SMS_DESPOOLER"

static const struct {
    unsigned n;
    struct str string[6];
    enum figures figures;
} inserted[] = {
    {3, {S(P), S(""), S("")}, FIGURES_BLANK},
    {3, {S(P), S(" "), S("\n")}, FIGURES_BLANK},
    {3, {S(P), S("12"), S("450")}, FIGURES_FILLED},
    {3, {S(P), S("450"), S("12")}, FIGURES_FILLED},
    {3, {S(P), S("Y"), S("Z")}, FIGURES_UNREADABLE},
    {3, {S(P), NONE, NONE}, FIGURES_ABSENT},
    {1, {S(P)}, FIGURES_ABSENT},
    {2, {S(P), S("450")}, FIGURES_ABSENT},
    {5, {S(PREAMBLE), S(P), S(""), S(""), S(TRAILER)}, FIGURES_BLANK},
    {5, {S(PREAMBLE), S(P), S("12"), S("450"), S(TRAILER)}, FIGURES_FILLED},
    {3, {S(PREAMBLE), S(P), S(TRAILER)}, FIGURES_ABSENT},
    {1, {S(SENTENCE P ". " FIGURES("", ""))}, FIGURES_BLANK},
    {1, {S(SENTENCE P ". " FIGURES("12 ", "450 "))}, FIGURES_FILLED},
};

START_TEST(event_109_inserted)
{
    diagnose_log("SMS", 109, NULL, inserted[_i].n, inserted[_i].string);
    check_109(inserted[_i].figures);
    if (inserted[_i].n == 5) {
        assert_str(ev.f.host, "ANFIELD");
        assert_str(ev.f.site, "DOG");
        assert_str(ev.f.component, "SMS_DESPOOLER");
    }
}
END_TEST

START_TEST(event_109_unrendered)
{
    diagnose_log("SMS", 109,
                 "The description for Event ID ( 109 ) in Source ( SMS ) could not be found. It contains the following "
                 "insertion string(s): " P ", , .",
                 0, NULL);
    check_109(FIGURES_BLANK);
    diagnose_line(NULL, "The description for Event ID ( 109 ) in Source ( SMS ) could not be found. It contains the "
                        "following insertion string(s): " P ", 12, 450.");
    check_109(FIGURES_FILLED);
    diagnose_log("SMS", 109,
                 "The description for Event ID 109 from source SMS cannot be found.\n\nThe following information was "
                 "included with the event:\n\n" P "\n",
                 0, NULL);
    check_109(FIGURES_ABSENT);
}
END_TEST

START_TEST(event_109_of_others)
{
    static const struct str string[] = {S(P), S(""), S("")};
    static const char *const others[] = {"ESE97", "SMSX", "Perflib", "MSExchangeIS"};
    static const char *const ours[] = {"SMS", "SMS Server", "SMS_Scheduler", "sms_despooler"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        diagnose_log(others[i], 109, NULL, 3, string);
        assert_class(ACTIVITY);
        ck_assert(!ev.f.claimed && !ev.f.caused);
        diagnose_log(others[i], 109, "Win32 Error = 32: There is not enough space on the disk", 0, NULL);
        assert_class(ACTIVITY);
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        diagnose_log(ours[i], 109, NULL, 3, string);
        check_109(FIGURES_BLANK);
    }
    /* source unknown: the text must speak for itself */
    diagnose_log(NULL, 109, "The database engine is replaying log file edb.log.", 0, NULL);
    ck_assert(!ev.f.claimed);
    diagnose_log(NULL, 109, SENTENCE P ". " FIGURES("", ""), 0, NULL);
    check_109(FIGURES_BLANK);
    diagnose_line(NULL, "Event ID: 109\nSource: ESE97\nDescription: " SENTENCE P ". " FIGURES("", ""));
    ck_assert(!ev.f.claimed);
}
END_TEST

START_TEST(event_109_without_path)
{
    diagnose_log("SMS", 109,
                 "Component = SMS_Despooler\nOperation = Install\nObject = Package\nError Code = 1\nNote: Failed to "
                 "install package. There isn't sufficient disk space\navailable on that server. Disk space available on "
                 "that server is Y\nmegabytes, space required is Z megabytes.",
                 0, NULL);
    assert_class(DISK_FULL);
    ck_assert_int_eq(ev.f.figures, FIGURES_UNREADABLE);
    ck_assert(!str_has(ev.f.package) && !str_has(ev.f.server) && !ev.f.win32_known);
    assert_str(ev.f.component, "SMS_Despooler");
    diagnose_log("SMS", 109, SENTENCE "\\\\<Server>\\<Share>\\<PackageID>. " FIGURES("", ""), 0, NULL);
    assert_class(FILE_CONTENTION);
    ck_assert(!str_has(ev.f.package) && !str_has(ev.f.server) && !str_has(ev.f.share));
}
END_TEST

/* --- other rules -------------------------------------------------------------- */

START_TEST(header_goes_before_text)
{
    memset(&ev, 0, sizeof ev);
    ev.text = STR("STATMSG: ID=4400 SEV=I LEV=M SOURCE=\"SMS Server\" COMP=\"SMS_OTHER\" SYS=OTHER SITE=XYZ TID=7 "
                  "GMTDATE=Mon May 16 16:31:21.400 2016 ISTR0=\"a\" NUMATTRS=1 AID0=400 AVAL0=\"PS100012\"");
    ev.f.component = STR("SMS_DESPOOLER");
    ev.f.host = STR("ANFIELD");
    ev.f.site = STR("DOG");
    ev.f.thread = STR("1D0");
    ck_assert(when_civil(2016, 5, 16, 12, 31, 21, 0, &ev.when.local));
    ev.when.local_known = true;
    ck_assert_int_eq(diagnose_event(set, scratch, arena, &ev), PERR_OK);
    assert_str(ev.f.component, "SMS_DESPOOLER");
    assert_str(ev.f.host, "ANFIELD");
    assert_str(ev.f.site, "DOG");
    assert_str(ev.f.thread, "1D0");
    assert_str(ev.f.package, "PS100012");
    ck_assert_int_eq(ev.fact, FACT_PACKAGE_STORED);
    ck_assert(ev.when.utc_known && ev.when.bias_known);
    ck_assert_int_eq(ev.when.bias, 240);
    ck_assert_msg(ev.when.utc == ev.when.local + 240 * WHEN_MINUTE, "the digits stay, the zone is learned");
}
END_TEST

START_TEST(private_codes)
{
    static const char *const texts[] = {
        "Despooler failed to execute the instruction, error code = c0000001",
        "Despooler failed to execute the instruction, error code = 38a",
        "Despooler failed to execute the instruction, error code = cb",
        "Despooler failed to execute the instruction, error code = 12",
        "Despooler failed to execute the instruction, error code = 20",
        "Despooler failed to execute the instruction, error code = 32",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        diagnose_line("SMS_DESPOOLER", texts[i]);
        ck_assert_int_eq(ev.fact, FACT_INSTRUCTION_FAILED);
        ck_assert(!ev.f.win32_known && !ev.f.tagged && ev.cls != CLASS_FILE_CONTENTION);
    }
}
END_TEST

START_TEST(workers_and_retries)
{
    diagnose_line("SMS_DESPOOLER", "~Created a new despooling thread EE8");
    ck_assert(ev.worker_known && ev.worker == 0xEE8);
    diagnose_line("SMS_DESPOOLER", "~Instruction E:\\Program Files\\a b\\ds_3kyyh.sni won't be processed till 5/16/2016 "
                                   "12:29:11 PM");
    assert_class(RETRY);
    assert_str(ev.retry_until, "5/16/2016 12:29:11 PM");
    assert_str(ev.f.instruction, "ds_3kyyh.sni");
    ck_assert(!ev.f.caused);
}
END_TEST

START_TEST(nothing_matches)
{
    diagnose_line("SMS_DESPOOLER", "~Used 0 out of 3 despooling threads");
    assert_class(ACTIVITY);
    ck_assert_int_eq(ev.severity, SEVERITY_INFO);
    ck_assert(!str_has(ev.f.signature) && ev.fact == FACT_NONE);
    diagnose_line(NULL, "\xEE\xBC\x80 bytes that no format could read");
    assert_class(UNCLASSIFIED);
    diagnose_line("SMS_X", "");
    assert_class(ACTIVITY);
    diagnose_log("SMS", 4711, "An event nobody described", 0, NULL);
    assert_class(UNCLASSIFIED);
    diagnose_log("Perflib", 4711, "An event nobody described", 0, NULL);
    assert_class(ACTIVITY);
}
END_TEST

START_TEST(little_memory)
{
    struct arena *small = arena_new(16);

    memset(&ev, 0, sizeof ev);
    ev.text = STR(SENTENCE "\\\\ANFIELD\\SMS_PKGE with a long\nname\\DOG0005D. " FIGURES("", ""));
    ck_assert_int_eq(diagnose_event(set, scratch, small, &ev), PERR_NOMEM);
    arena_free(small);
}
END_TEST

/* Any bytes at all: no crash, and every verdict is whole. */
START_TEST(random_texts)
{
    static const char *const parts[] = {
        "Copying ", "E:\\", "\\\\S\\SH\\DOG0005D", " to ", ", Failed,", " Win32 ", "Error", " = ", "32", "(", ")", "0x8007",
        "STATMSG: ", "ID=", "GMTDATE=", "ISTR0=\"", "\"", "AID0=400 ", "AVAL0=", "Component = ", "\n", "~", " ", "\xEE\xBC\x80",
        "insertion string(s): ", ",", "Failed to install package. There isn't sufficient disk space", "megabytes",
        "Disk space available on that server is", "space required is", "found ready instruction ", "failed to open ",
        "SMS_EXECUTIVE", " stopped", "#", "-2147", "error ", "<", ">", "[\"Display=", "]", "Event 109", "won't be processed till ",
    };
    uint64_t seed = 2463534242u;
    char text[600];

    for (int round = 0; round < 30000; round++) {
        struct str copy;
        size_t n = 0;

        do {
            const char *part;

            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            part = parts[(seed >> 33) % (sizeof parts / sizeof parts[0])];
            if (n + strlen(part) > sizeof text)
                break;
            memcpy(text + n, part, strlen(part));
            n += strlen(part);
        } while ((seed >> 20) % 16);
        arena_reset(arena);
        copy = arena_copy(arena, str_make(text, n));
        memset(&ev, 0, sizeof ev);
        ev.text = copy;
        ck_assert_int_eq(diagnose_event(set, scratch, arena, &ev), PERR_OK);
        ck_assert(ev.cls < CLASS_COUNT && ev.severity <= SEVERITY_INFO);
        ck_assert(!ev.f.misreported || (ev.f.claimed && ev.f.caused && ev.f.claim_class != ev.f.cause_class));
        ck_assert(!ev.f.tagged || (ev.f.win32_known && ev.f.win32 == 32) || ev.f.basis == BASIS_BLANK_FIGURES);
        ck_assert(!str_has(ev.f.available) || ev.f.figures == FIGURES_FILLED);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("diagnose");
    TCase *t = tcase_create("records");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, seed_copy);
    tcase_add_loop_test(t, copy_failures_by_code, 0, sizeof failures / sizeof failures[0]);
    tcase_add_test(t, seed_stall);
    tcase_add_loop_test(t, event_109_rendered, 0, sizeof rendered / sizeof rendered[0]);
    tcase_add_loop_test(t, event_109_inserted, 0, sizeof inserted / sizeof inserted[0]);
    tcase_add_test(t, event_109_unrendered);
    tcase_add_test(t, event_109_of_others);
    tcase_add_test(t, event_109_without_path);
    tcase_add_test(t, header_goes_before_text);
    tcase_add_test(t, private_codes);
    tcase_add_test(t, workers_and_retries);
    tcase_add_test(t, nothing_matches);
    tcase_add_test(t, little_memory);
    tcase_add_test(t, random_texts);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
