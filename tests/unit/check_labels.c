/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_labels.c - labelled log records, each framed, read and diagnosed,
 * against its label: those of tests/data/variants.jsonl, and the real ones that
 * lie outside of the project, where that folder is there. */
#include "build.h"

#include "parsers/catalogue.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/format.h"
#include "parsers/when.h"
#include "tests/unit/builtin_set.h"
#include "tests/unit/jsonl.h"

enum { EVENTS_MAX = 16 };

/* Frames, parses and diagnoses 'bytes'; the number of events. */
static unsigned
read_events(struct str bytes, struct event out[EVENTS_MAX])
{
    bool bracket = str_find_case(bytes, STR("<![LOG[")) < bytes.n;
    const struct format *format = bracket ? &bracket_log_format : &sms_log_format;
    void *state = calloc(1, format->state_size + 1);
    struct format_options options = {0};
    unsigned n = 0;

    while (bytes.n && n < EVENTS_MAX) {
        struct format_span span = {0, 0};
        struct format_record record = {0};
        enum format_next next = format->next(state, bytes.p, bytes.n, true, &span);
        size_t at = 0;

        ck_assert_int_ne(next, FORMAT_MORE);
        ck_assert(span.skip + span.length > 0);
        if (next == FORMAT_RECORD || next == FORMAT_BAD) {
            record.bytes = str_make(bytes.p + span.skip, span.length);
            out[n] = (struct event){.format = str_z(format->name), .text = record.bytes};
            format->parse(&options, &record, arena, &out[n], &at);
            ck_assert_int_eq(diagnose_event(set, scratch, arena, &out[n]), PERR_OK);
            n++;
        }
        bytes = str_skip(bytes, span.skip + span.length);
    }
    free(state);
    return n;
}

/* True when one of the events has what the label says of the trailer. */
static bool
trailer_met(const struct jsonl_row *row, const struct event *ev, unsigned n)
{
    struct str component = jsonl_get(row, "component"), thread = jsonl_get(row, "thread");
    struct str local = jsonl_get(row, "local");
    bool met[3] = {!str_has(component), !str_has(thread), !str_has(local)};

    for (unsigned i = 0; i < n; i++) {
        char text[WHEN_TEXT_SIZE] = "";

        if (ev[i].when.local_known)
            when_iso(ev[i].when.local, ev[i].when.fraction, text);
        met[0] |= str_has(component) && str_eq(ev[i].f.component, component);
        met[1] |= str_has(thread) && str_starts(ev[i].f.thread, str_make(thread.p, str_find_char(thread, ' ')));
        met[2] |= str_has(local) && strncmp(text, local.p, 19) == 0;
    }
    return met[0] && met[1] && met[2];
}

static void
judge(const struct jsonl_row *row, unsigned line, bool own, unsigned wrong[2])
{
    struct str raw = jsonl_get(row, "raw"), want = jsonl_get(row, "class"), win32 = jsonl_get(row, "win32");
    struct event ev[EVENTS_MAX];
    bool has_class = !str_has(want), has_code = !str_has(win32);
    bool ordinary = own && str_has(want) && str_eq(want, STR("activity"));
    unsigned n;

    arena_reset(arena);
    n = read_events(raw, ev);
    ck_assert_uint_gt(n, 0);
    for (unsigned i = 0; i < n; i++) {
        struct str got = str_z(event_class_name(ev[i].cls));
        char code[16];

        snprintf(code, sizeof code, "%lu", (unsigned long) ev[i].f.win32);
        has_code |= ev[i].f.win32_known && str_eq(win32, str_z(code));
        /* no number of an ordinary line is a code, but for "Last error: 0" */
        if (ordinary && !str_has(win32) && ev[i].f.win32_known && ev[i].f.win32) {
            wrong[1]++;
            printf("row %u: code %s where there is none: %.60s\n", line, code, raw.p);
        }
        /* an ordinary line may stay unexplained: both say that nothing is wrong */
        has_class |= str_eq(got, want) || (ordinary && ev[i].cls == CLASS_UNCLASSIFIED);
        if (str_has(want) && !str_eq(got, want)
            && (ev[i].cls == CLASS_FILE_CONTENTION || ev[i].cls == CLASS_DISK_FULL)) {
            wrong[0]++;
            printf("row %u: %s called, labelled %.*s: %.60s\n", line, got.p, STR_ARG(want), raw.p);
        }
    }
    if (own && !trailer_met(row, ev, n)) {
        wrong[1]++;
        printf("row %u: component, thread or time not met: %.60s\n", line, raw.p);
    }
    if (!has_code || !has_class) {
        wrong[1]++;
        printf("row %u: %s%.*s%s%.*s not met: %.60s\n", line, has_class ? "" : "class ", has_class ? 0 : (int) want.n,
               want.p ? want.p : "", has_code ? "" : " code ", has_code ? 0 : (int) win32.n, win32.p ? win32.p : "",
               raw.p);
    }
}

/* Judges the rows of 'path', of which there are more than 'least'. */
static void
judge_file(const char *path, bool own, unsigned least)
{
    unsigned wrong[2] = {0, 0}, line = 0;
    struct jsonl_row row;
    FILE *f = fopen(path, "r");

    ck_assert_msg(f, "%s", path);
    while (jsonl_read(f, &row)) {
        judge(&row, ++line, own, wrong);
        jsonl_free(&row);
    }
    fclose(f);
    ck_assert_uint_gt(line, least);
    ck_assert_uint_eq(wrong[0], 0);
    ck_assert_uint_eq(wrong[1], 0);
}

START_TEST(log_records)
{
    const char *folder = jsonl_folder();
    char path[1100];

    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/lines.jsonl", folder);
    judge_file(path, false, 100);
}
END_TEST

/* Other texts in all forms and damages in which such records are passed on:
 * every label must be met, those of the trailer too. */
START_TEST(variants)
{
    char path[1100];

    snprintf(path, sizeof path, "%s/data/variants.jsonl", getenv("TEST_SRCDIR"));
    judge_file(path, true, 1300);
}
END_TEST

/* No text of another program's event becomes a claim of ours; every text of
 * Event 109 in the list becomes one. */
START_TEST(event_texts)
{
    const char *folder = jsonl_folder();
    struct jsonl_row row;
    char path[1100];
    unsigned claims = 0;
    FILE *f;

    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/events.jsonl", folder);
    f = fopen(path, "r");
    ck_assert_msg(f, "%s", path);
    while (jsonl_read(f, &row)) {
        struct str id = jsonl_get(&row, "event_id"), raw = jsonl_get(&row, "raw"), reading = jsonl_get(&row, "reading");
        bool other = str_starts(reading, STR("NEGATIVE"));
        struct event ev = {.text = raw};

        arena_reset(arena);
        ck_assert_int_eq(diagnose_event(set, scratch, arena, &ev), PERR_OK);
        ck_assert_msg(!other || (!ev.f.claimed && !ev.f.caused), "%.*s", STR_ARG(raw));
        if (str_eq(id, STR("109")) && !other) {
            claims++;
            ck_assert_msg(ev.f.claimed && ev.f.claim_class == CLASS_DISK_FULL, "%.*s", STR_ARG(raw));
        }
        jsonl_free(&row);
    }
    fclose(f);
    ck_assert_uint_ge(claims, 3);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("labels");
    TCase *t = tcase_create("records");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, log_records);
    tcase_add_test(t, variants);
    tcase_add_test(t, event_texts);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
