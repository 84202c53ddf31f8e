/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_event_forms.c - the same Event 109 in every form in which records
 * arrive gives the same facts: a table of forms by variants.  Where a form
 * cannot carry a difference, the table says which and why. */
#include "build.h"

#include "tests/unit/builtin_set.h"
#include "tests/unit/event_forms.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH "\\\\ANFIELD\\SMS_PKGE\\DOG0005D"
#define SAID "Failed to install package. There isn't sufficient disk space on package server " PATH "."
#define FIGURES(a, b) SAID " Disk space available on that server is " a " megabytes, space required is " b " megabytes."
#define HEAD "Non-fatal Error in module: SMS_DESPOOLER", "Operation: Install", "Object: Package", "Object name: DOG0005D", "Error code: 1"
#define TAIL "MachineName = ANFIELD", "SiteCode = DOG", "Component = SMS_DESPOOLER", "JobID = 0000012A"
#define HEAD_TEXT "Non-fatal Error in module: SMS_DESPOOLER\nOperation: Install\nObject: Package\nObject name: DOG0005D\nError code: 1\n\n"
#define TAIL_TEXT "\n\nMachineName = ANFIELD\nSiteCode = DOG\nComponent = SMS_DESPOOLER\nJobID = 0000012A"

/* class claim figures[:available/required] cause basis confidence [misreported] [tag] package server share site job */
#define OBJECT " DOG0005D ANFIELD SMS_PKGE - -"
#define BLANK "file-contention disk-full blank file-contention blank-figures probable misreported tag"
#define CONFIRMED "disk-full disk-full filled:12/450 disk-full figures confirmed"
#define UNVERIFIED(figures) "disk-full disk-full " figures " disk-full text unverified"

static const struct {
    const char *name, *text;
    unsigned n_strings;
    const char *string[FORM_STRINGS];
    const char *facts;
} variants[] = {
    {"blank", FIGURES("", ""), 3, {PATH, "", ""}, BLANK OBJECT},
    {"filled, too little", FIGURES("12", "450"), 3, {PATH, "12", "450"}, CONFIRMED OBJECT},
    {"filled, enough", FIGURES("900", "450"), 3, {PATH, "900", "450"}, UNVERIFIED("filled:900/450") OBJECT},
    {"filled, zero", FIGURES("0", "450"), 3, {PATH, "0", "450"},
     "disk-full disk-full filled:0/450 disk-full figures confirmed" OBJECT},
    {"filled, thousands", FIGURES("1,012", "2,450"), 3, {PATH, "1,012", "2,450"},
     "disk-full disk-full filled:1012/2450 disk-full figures confirmed" OBJECT},
    {"absent", SAID, 1, {PATH}, UNVERIFIED("absent") OBJECT},
    {"unreadable", FIGURES("Y", "Z"), 3, {PATH, "Y", "Z"}, UNVERIFIED("unreadable") OBJECT},
    {"no path",
     "Failed to install package. There isn't sufficient disk space available on that server. Disk space available on that "
     "server is 12 megabytes, space required is 450 megabytes.", 3, {"", "12", "450"}, CONFIRMED " - - - - -"},
    {"preamble and trailer", HEAD_TEXT FIGURES("", "") TAIL_TEXT, 12, {HEAD, PATH, "", "", TAIL},
     BLANK " DOG0005D ANFIELD SMS_PKGE DOG 0000012A"},
    {"preamble and trailer, filled", HEAD_TEXT FIGURES("12", "450") TAIL_TEXT, 12, {HEAD, PATH, "12", "450", TAIL},
     CONFIRMED " DOG0005D ANFIELD SMS_PKGE DOG 0000012A"},
    {"no message DLL", NULL, 3, {PATH, "", ""}, BLANK OBJECT},
    {"no message DLL, filled", NULL, 3, {PATH, "12", "450"}, CONFIRMED OBJECT},
};

/* What a form cannot carry. */
static const struct {
    const char *form, *variant, *facts, *why;
} limits[] = {
    {"xml-forwarded", "blank", UNVERIFIED("absent") OBJECT, "blank strings are lost on the way: none or blank is the same"},
    {"xml-forwarded", "no message DLL", UNVERIFIED("absent") OBJECT, "as above"},
    {"xml-forwarded", "no path", UNVERIFIED("absent") " - - - - -",
     "the blank path is lost: which two of three are left, nobody can tell"},
    {"xml-forwarded", "preamble and trailer", UNVERIFIED("absent") " DOG0005D ANFIELD SMS_PKGE DOG 0000012A",
     "blank strings are lost on the way"},
    {"evtsys", "no message DLL", UNVERIFIED("absent") " - - - - -", "the line has no strings without a message"},
    {"evtsys", "no message DLL, filled", UNVERIFIED("absent") " - - - - -", "as above"},
};

enum { N_VARIANTS = sizeof variants / sizeof *variants, N_LIMITS = sizeof limits / sizeof *limits };

static const char *
or_dash(struct str s, char room[64])
{
    snprintf(room, 64, "%.*s", (int) (s.n ? s.n : 1), s.n ? s.p : "-");
    return room;
}

static void
show(const struct event *ev, char *out, size_t cap)
{
    const struct facts *f = &ev->f;
    char room[5][64], figures[140] = "";

    if (f->figures == FIGURES_FILLED)
        snprintf(figures, sizeof figures, ":%.*s/%.*s", STR_ARG(f->available), STR_ARG(f->required));
    snprintf(out, cap, "%s %s %s%s %s %s %s%s%s %s %s %s %s %s", event_class_name(ev->cls),
             f->claimed ? event_class_name(f->claim_class) : "-", figures_name(f->figures), figures,
             event_class_name(f->cause_class), basis_name(f->basis), confidence_name(f->confidence),
             f->misreported ? " misreported" : "", f->tagged ? " tag" : "", or_dash(f->package, room[0]),
             or_dash(f->server, room[1]), or_dash(f->share, room[2]), or_dash(f->site, room[3]), or_dash(f->job, room[4]));
}

static const char *
expected(const char *form, unsigned variant, bool *limited)
{
    for (unsigned i = 0; i < N_LIMITS; i++)
        if (strcmp(limits[i].form, form) == 0 && strcmp(limits[i].variant, variants[variant].name) == 0) {
            *limited = true;
            return limits[i].facts;
        }
    return variants[variant].facts;
}

START_TEST(same_facts)
{
    static const uint32_t ids[] = {0x6D, 0xC000006D};
    const struct form *form = &event_forms[_i];
    unsigned wrong = 0;

    for (unsigned v = 0; v < N_VARIANTS; v++)
        for (unsigned k = 0; k < 2; k++) {
            struct form_event in = {"SMS", ids[k], "ANFIELD", variants[v].text, variants[v].n_strings, {NULL}};
            bool limited = false;
            const char *want = expected(form->name, v, &limited);
            struct event ev;
            char got[512];

            memcpy(in.string, variants[v].string, sizeof in.string);
            arena_reset(arena);
            form_read(form, &in, set, scratch, arena, &ev);
            show(&ev, got, sizeof got);
            if (strcmp(got, want) != 0) {
                wrong++;
                fprintf(stderr, "%s, %s, %08lx:\n  want %s\n  got  %s\n", form->name, variants[v].name, (unsigned long) ids[k], want, got);
            }
            ck_assert_msg(str_eq(ev.f.event_number, STR("109")) && str_eq(ev.f.claim_event, STR("109")), "%s", form->name);
            ck_assert_msg(str_eq(ev.f.component, STR("SMS_DESPOOLER")), "%s, %s", form->name, variants[v].name);
            /* the exports of Vista name no computer; the lines around the message may */
            ck_assert_msg(str_eq(ev.f.host, STR("ANFIELD")) || (!str_has(ev.f.host) && !strcmp(form->name, "viewer-vista")),
                          "%s, %s", form->name, variants[v].name);
            ck_assert_msg(str_eq(ev.f.signature, STR("event-109")) && !ev.f.win32_known, "%s, %s", form->name, variants[v].name);
        }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* The same record of another program is none of ours, in any form. */
START_TEST(others)
{
    static const char *const sources[] = {"ESE97", "TN3270 Server", "MSSQLServer", "SMSvc", "NotSMS"};
    struct event ev;

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct form_event in = {sources[i], 0xC000006D, "ANFIELD", FIGURES("", ""), 3, {PATH, "", ""}};

        arena_reset(arena);
        form_read(&event_forms[_i], &in, set, scratch, arena, &ev);
        ck_assert_msg(!ev.f.claimed && !ev.f.caused && !str_has(ev.f.signature) && ev.cls == CLASS_ACTIVITY, "%s from %s",
                      event_forms[_i].name, sources[i]);
    }
}
END_TEST

/* Each limit is one: it names a form and a variant that are there, and differs. */
START_TEST(limits_are_limits)
{
    for (unsigned i = 0; i < N_LIMITS; i++) {
        bool form = false, variant = false;

        for (unsigned k = 0; k < n_event_forms; k++)
            form |= strcmp(event_forms[k].name, limits[i].form) == 0;
        for (unsigned k = 0; k < N_VARIANTS; k++)
            if (strcmp(variants[k].name, limits[i].variant) == 0) {
                variant = true;
                ck_assert_str_ne(variants[k].facts, limits[i].facts);
            }
        ck_assert_msg(form && variant && *limits[i].why, "%s, %s", limits[i].form, limits[i].variant);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("event_forms");
    TCase *t = tcase_create("forms");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, same_facts, 0, (int) n_event_forms);
    tcase_add_loop_test(t, others, 0, (int) n_event_forms);
    tcase_add_test(t, limits_are_limits);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
