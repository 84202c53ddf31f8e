/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_sms_event.c - the shapes around SMS event messages: labelled lines,
 * texts without a message DLL, insertion strings, figures and STATMSG. */
#include "build.h"

#include "parsers/sms_event.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/sms_figures.h"
#include "parsers/when.h"

#define assert_str(s, z) ck_assert_msg(str_eq(s, str_z(z)), #s " is \"%.*s\", not \"%s\"", STR_ARG(s), z)

START_TEST(frame_lines)
{
    struct sms_frame f = {0};

    sms_frame_read(STR("Non-fatal Error in module: SMS_DESPOOLER\nOperation: Install\nObject: Package\n"
                       "Object name: DOG0005D\nError code: 1\n\nFailed to install package.\n"
                       "MachineName = ANFIELD\nSiteCode    = DOG\nJobID : 0000012A\nJobDestination = DOG"),
                   &f);
    assert_str(f.component, "SMS_DESPOOLER");
    assert_str(f.host, "ANFIELD");
    assert_str(f.site, "DOG");
    assert_str(f.job, "0000012A");
    ck_assert(!f.number_known && !f.unrendered && !str_has(f.source));
}
END_TEST

/* Relays that know lines only put the whole event into one. */
START_TEST(frame_in_one_line)
{
    struct sms_frame f = {0}, g = {0}, h = {0};

    sms_frame_read(STR("Non-fatal Error in module: SMS_DESPOOLER Operation: Install Object: Package Object name: "
                       "DOG0005D Error code: 1 Failed to install package. MachineName = ANFIELD SiteCode = DOG "
                       "Component = SMS_DESPOOLER JobID = 0000012A JobDestination = NYC"),
                   &f);
    assert_str(f.component, "SMS_DESPOOLER");
    assert_str(f.object, "Package");
    assert_str(f.object_name, "DOG0005D");
    assert_str(f.host, "ANFIELD");
    assert_str(f.site, "DOG");
    assert_str(f.job, "0000012A");
    sms_frame_read(STR("Event ID: 319 Source: SMS Server Type: Error Description: The job"), &g);
    ck_assert_int_eq(g.number, 319);
    assert_str(g.source, "SMS Server");
    sms_frame_read(STR("The source: unknown, user: nobody, the component: none"), &h);
    ck_assert_msg(!str_has(h.source) && !str_has(h.component), "prose has no labels");
}
END_TEST

START_TEST(frame_alert)
{
    struct sms_frame f = {0}, g = {0};

    sms_frame_read(STR("component SMS_LAN_SENDER on computer ANFIELD reported:  The sender"), &f);
    assert_str(f.component, "SMS_LAN_SENDER");
    assert_str(f.host, "ANFIELD");
    sms_frame_read(STR("component SMS_LAN_SENDER on computer $Hostname reported:"), &g);
    assert_str(g.component, "SMS_LAN_SENDER");
    ck_assert(!str_has(g.host));
}
END_TEST

START_TEST(frame_first_says)
{
    struct sms_frame f = {0};

    sms_frame_read(STR("Component = SMS_EXECUTIVE\nComponent = SMS_DESPOOLER\nMachineName = <server>\n"), &f);
    assert_str(f.component, "SMS_EXECUTIVE");
    ck_assert_msg(!str_has(f.host), "a stand-in is no host");
}
END_TEST

static const struct {
    const char *text;
    int number; /* -1: none */
    const char *source;
} numbers[] = {
    {"Event 109\nFailed to install", 109, ""},
    {"Event ID 109\nFailed", 109, ""},
    {"Event ID: 320\n\nThe job", 320, ""},
    {"Event Id:316 Source: SMS_Scheduler\n\nDescription: x", 316, "SMS_Scheduler"},
    {"Event ID: 109\nSource: ESE97\nType: Information", 109, "ESE97"},
    {"Message ID: 4402\nPossible cause", 4402, ""},
    {"Message ID: 2328 - SMS Distribution Manager", 2328, ""},
    {"Event 223 logged with error 183", -1, ""},
    {"Event 109: Failed", 109, ""},
    {"EVENT ID 3221225581\n", 109, ""},
    {"Event ID: -1073741715\n", 109, ""},
    {"Event ID = 0xC000006D\n", 109, ""},
    {"Event Id:109 Source: SMS Type: Error", 109, "SMS"},
    {"Event ID: 109 logged twice", -1, ""},
    {"Event 99999999999\n", -1, ""},
    {"Event 99999\n", -1, ""},
    {"Event 10a\n", -1, ""},
    {"Event", -1, ""},
    {"Eventually 12", -1, ""},
};

START_TEST(frame_numbers)
{
    struct sms_frame f = {0};

    sms_frame_read(str_z(numbers[_i].text), &f);
    ck_assert_msg(f.number_known == (numbers[_i].number >= 0), "%s", numbers[_i].text);
    if (f.number_known)
        ck_assert_int_eq(f.number, numbers[_i].number);
    assert_str(f.source, numbers[_i].source);
}
END_TEST

START_TEST(unrendered_commas)
{
    struct sms_frame f = {0};

    sms_frame_read(STR("The description for Event ID ( 109 ) in Source ( SMS ) could not be found. It contains the "
                       "following insertion\nstring(s): \\\\S\\SH\\PKG, , ."),
                   &f);
    ck_assert(f.unrendered && f.number_known);
    ck_assert_int_eq(f.number, 109);
    assert_str(f.source, "SMS");
    ck_assert_uint_eq(f.n_inserts, 3);
    assert_str(f.insert[0], "\\\\S\\SH\\PKG");
    assert_str(f.insert[1], "");
    assert_str(f.insert[2], "");
}
END_TEST

START_TEST(unrendered_lines)
{
    struct sms_frame f = {0};

    sms_frame_read(STR("The description for Event ID 109 from source SMS cannot be found. Either the component is not "
                       "installed.\n\nThe following information was included with the event: \n\n\\\\S\\SH\\PKG\n12\n450\n"),
                   &f);
    ck_assert_int_eq(f.number, 109);
    assert_str(f.source, "SMS");
    ck_assert_uint_eq(f.n_inserts, 3);
    assert_str(f.insert[2], "450");
}
END_TEST

#define UNC "\\\\S\\P"
#define OLD "The description for Event ID ( 109 ) in Source ( SMS ) "
#define COPY "The local computer may not have the necessary registry information or message DLL files to display " \
             "messages from a remote computer. "
#define NEW "The description for Event ID 109 from source SMS cannot be found. Either the component that raises this event " \
            "is not installed on your local computer or the installation is corrupted.\n\nIf the event originated on " \
            "another computer, the display information had to be saved with the event.\n\nThe following information was " \
            "included with the event: \n\n"
#define WHY "the message resource is present but the message is not found in the string/message table\n"

/* Each wording of Windows and what people's tools make of it: the strings with
 * '|' between them. */
static const struct {
    const char *text, *strings;
} unrendered[] = {
    {OLD "could not be found. It contains the following insertion string(s): " UNC ", 12, 450.", UNC "|12|450"},
    {OLD "could not be found. It contains the following insertion string(s): " UNC ", , .", UNC "||"},
    {OLD "could not be found. It contains the following insertion string(s): .", ""},
    {OLD "cannot be found. " COPY "The following information is part of the event: " UNC ", , .", UNC "||"},
    {OLD "cannot be found. " COPY "You may be able to use the /AUXSOURCE= flag to retrieve this description; see Help and "
         "Support for details. The following information is part of the event: " UNC ", 12, 450.",
     UNC "|12|450"},
    {OLD "could not be found. It contains the following insertion\nstring(s): " UNC ",\n1,024, 34,000.", UNC "|1,024|34,000"},
    {OLD "could not be found. It contains the following insertion string(s): " UNC ",12,450", UNC "|12|450"},
    {NEW UNC "\n12\n450\n\n" WHY, UNC "|12|450"},
    {NEW UNC "\n\n\n\n" WHY, UNC "||"},
    {NEW UNC "\n\n" WHY, UNC},
    {NEW "Text = a\n" UNC "\n\n\nMachineName = A\n\n" WHY, "Text = a|" UNC "|||MachineName = A"},
    /* nothing says which empty lines are strings */
    {NEW UNC "\n\n\n", UNC},
    {NEW "\n" UNC "\n\n\n\n" WHY, UNC},
    {NEW UNC "\n\n12\n\n450\n\n" WHY, UNC "|12|450"},
    {NEW UNC "\n\n\n450\n", UNC "|450"},
    {NEW, NULL},
};

START_TEST(unrendered_wordings)
{
    struct sms_frame f = {0};
    char got[256] = "";
    size_t n = 0;

    sms_frame_read(str_z(unrendered[_i].text), &f);
    ck_assert(f.unrendered);
    ck_assert(f.number_known && f.number == 109);
    assert_str(f.source, "SMS");
    for (unsigned i = 0; i < f.n_inserts; i++)
        n += (size_t) snprintf(got + n, sizeof got - n, "%s%.*s", i ? "|" : "", STR_ARG(f.insert[i]));
    ck_assert_str_eq(got, unrendered[_i].strings ? unrendered[_i].strings : "");
    ck_assert_int_eq(f.n_inserts > 0, unrendered[_i].strings != NULL);
}
END_TEST

START_TEST(unrendered_labels_are_read_one_by_one)
{
    struct sms_frame f = {0};

    sms_frame_read(STR(OLD "could not be found. It contains the following insertion string(s): Non-fatal Error in module: "
                           "SMS_DESPOOLER, Operation: Install, \\\\S\\SH\\PKG, , , MachineName = ANFIELD, SiteCode = DOG."),
                   &f);
    assert_str(f.component, "SMS_DESPOOLER");
    assert_str(f.host, "ANFIELD");
    assert_str(f.site, "DOG");
    ck_assert_uint_eq(f.n_inserts, 7);
}
END_TEST

START_TEST(unrendered_many)
{
    struct sms_frame f = {0};

    sms_frame_read(STR("insertion string(s): a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t."), &f);
    ck_assert_uint_eq(f.n_inserts, SMS_INSERTS_MAX);
    assert_str(f.insert[SMS_INSERTS_MAX - 1], "p");
}
END_TEST

START_TEST(status_message)
{
    struct sms_status m;
    int64_t utc;

    ck_assert(sms_status_read(
        STR("STATMSG: ID=523 SEV=W LEV=M SOURCE=\"SMS Server\" \nCOMP=\"SMS_SOFTWARE_INVENTORY_PROCESSOR\" "
            "SYS=XSERVER01 SITE=OFF PID=2120 \nTID=1028 GMTDATE=Wed Jul 04 14:46:43.146 2001 \n"
            "ISTR0=\"C:\\SMS\\inboxes\\a b.SIC\" ISTR1=\"\" ISTR9=\"x=y\" NUMATTRS=2 AID0=401 AVAL0=\"no\" "
            "AID1=400 AVAL1=\"DOG0005D\""),
        &m));
    ck_assert_uint_eq(m.id, 523);
    assert_str(m.source, "SMS Server");
    assert_str(m.component, "SMS_SOFTWARE_INVENTORY_PROCESSOR");
    assert_str(m.host, "XSERVER01");
    assert_str(m.site, "OFF");
    assert_str(m.thread, "1028");
    assert_str(m.string[0], "C:\\SMS\\inboxes\\a b.SIC");
    ck_assert(str_has(m.string[1]) && !m.string[1].n && !str_has(m.string[2]));
    assert_str(m.string[9], "x=y");
    assert_str(m.package, "DOG0005D");
    ck_assert(when_civil(2001, 7, 4, 14, 46, 43, 146000000, &utc));
    ck_assert(m.utc_known && m.utc == utc);
}
END_TEST

START_TEST(status_damaged)
{
    static const char *const texts[] = {
        "STATMSG: ID=", "STATMSG:", "STATMSG: ID=abc", "status ID=523", "STATMSG: SYS=X ID=0",
        "STATMSG: GMTDATE=", "STATMSG: SOURCE=\"SMS", "STATMSG: =", "STATMSG: \"",
    };
    struct sms_status m;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!sms_status_read(str_z(texts[i]), &m), "%s", texts[i]);
    ck_assert(sms_status_read(STR("STATMSG: ID=4400 SYS=<SERVER> GMTDATE=Wed Jul 44 14:46:43.146 2001 AID0=400 "
                                  "AVAL0=\"<PackageID>\""),
                              &m));
    ck_assert(!m.utc_known && !str_has(m.package) && !str_has(m.host));
}
END_TEST

#define N STR_NONE
#define S(z) STR(z)
#define P STR("\\\\S\\SH\\PKG")

static const struct {
    unsigned n;
    struct str string[6];
    bool found;
    unsigned first;
} inserts[] = {
    {3, {P, S(""), S("")}, true, 0},
    {3, {P, S("12"), S("450")}, true, 0},
    {5, {S("Non-fatal Error in module: SMS_DESPOOLER"), P, S(""), S(""), S("MachineName = X")}, true, 1},
    {6, {S("a"), S("b"), P, S("1"), S("2"), S("SiteCode = X")}, true, 2},
    {1, {P}, false, 0},
    {2, {P, S("12")}, false, 0},
    {3, {P, N, N}, false, 0},
    {3, {P, S(""), N}, false, 0},
    {3, {P, S("MachineName = X"), S("SiteCode = DOG")}, false, 0},
    {4, {S("module"), P, S("MachineName = X"), S("SiteCode = DOG")}, false, 1},
    {3, {S("NW/VOL1:"), S(""), S("")}, true, 0},
    {2, {S(""), S("")}, false, 99},
    {0, {N}, false, 99},
};

START_TEST(finds_inserts)
{
    unsigned first = 99;

    ck_assert_int_eq(sms_inserts_find(inserts[_i].string, inserts[_i].n, 3, true, &first), inserts[_i].found);
    ck_assert_uint_eq(first, inserts[_i].first);
}
END_TEST

START_TEST(reads_figures)
{
    ck_assert_int_eq(sms_figures(S("12"), S(" 450 ")), FIGURES_FILLED);
    ck_assert_int_eq(sms_figures(S("0"), S("0")), FIGURES_FILLED);
    ck_assert_int_eq(sms_figures(S(""), S("")), FIGURES_BLANK);
    ck_assert_int_eq(sms_figures(S(" \n "), S("~")), FIGURES_BLANK);
    ck_assert_int_eq(sms_figures(N, N), FIGURES_ABSENT);
    ck_assert_int_eq(sms_figures(S(""), N), FIGURES_ABSENT);
    ck_assert_int_eq(sms_figures(S("1,234"), S("12 345 678")), FIGURES_FILLED);
    ck_assert_int_eq(sms_figures(S("1'234"), S("1\xc2\xa0" "234")), FIGURES_FILLED);
    ck_assert_int_eq(sms_figures(S("1,23"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("1234,567"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("1,234 567"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("1.234"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S(",123"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("Y"), S("Z")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("12"), S("")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("-1"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("1.5"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_eq(sms_figures(S("1234567890123456789"), S("2")), FIGURES_UNREADABLE);
    ck_assert_int_lt(sms_figures_compare(S("12"), S("450")), 0);
    ck_assert_int_gt(sms_figures_compare(S("450"), S("12")), 0);
    ck_assert_int_eq(sms_figures_compare(S("012"), S("12")), 0);
    ck_assert_int_lt(sms_figures_compare(S("000"), S("1")), 0);
    ck_assert_int_gt(sms_figures_compare(S("1000"), S("0999")), 0);
}
END_TEST

START_TEST(mends_figures)
{
    struct arena *arena = arena_new(4096);

    assert_str(sms_figures_digits(arena, S(" 1,234\n")), "1234");
    assert_str(sms_figures_digits(arena, S("0")), "0");
    assert_str(sms_figures_megabytes(arena, S("47185921")), "46");
    assert_str(sms_figures_megabytes(arena, S("1048576")), "1");
    assert_str(sms_figures_megabytes(arena, S("0")), "0");
    arena_free(arena);
}
END_TEST

/* Inserts without a path are told by their number alone. */
START_TEST(finds_inserts_between_labels)
{
    const struct str all[] = {S("Non-fatal Error in module: SMS_DESPOOLER"), S("Operation: Install"),
                              S("SMS_SHRD"), S("ANFIELD"), S("12"), S("450"), S("MachineName = X"), S("SiteCode = DOG")};
    unsigned first = 99;

    ck_assert(sms_inserts_find(all, 8, 4, false, &first));
    ck_assert_uint_eq(first, 2);
    ck_assert(!sms_inserts_find(all, 5, 4, false, &first));
    ck_assert(!sms_inserts_find(all, 8, 3, false, &first));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sms_event");
    TCase *t = tcase_create("shapes");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(t, frame_lines);
    tcase_add_test(t, frame_in_one_line);
    tcase_add_test(t, frame_alert);
    tcase_add_test(t, frame_first_says);
    tcase_add_loop_test(t, frame_numbers, 0, sizeof numbers / sizeof numbers[0]);
    tcase_add_test(t, unrendered_commas);
    tcase_add_test(t, unrendered_lines);
    tcase_add_loop_test(t, unrendered_wordings, 0, sizeof unrendered / sizeof *unrendered);
    tcase_add_test(t, unrendered_labels_are_read_one_by_one);
    tcase_add_test(t, unrendered_many);
    tcase_add_test(t, status_message);
    tcase_add_test(t, status_damaged);
    tcase_add_loop_test(t, finds_inserts, 0, sizeof inserts / sizeof inserts[0]);
    tcase_add_test(t, finds_inserts_between_labels);
    tcase_add_test(t, reads_figures);
    tcase_add_test(t, mends_figures);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
