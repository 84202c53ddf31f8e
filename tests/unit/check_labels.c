/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_labels.c - the labelled records that lie outside of the project: each
 * log record framed, read and diagnosed, against its label.  Without that
 * folder nothing is judged here. */
#include "build.h"

#include "parsers/catalogue.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/format.h"
#include "tests/unit/jsonl.h"

static struct catalogue *set;
static struct catalogue_scratch *scratch;
static struct arena *arena;

static void
set_up(void)
{
    struct catalogue_error err;

    set = catalogue_new_builtin(&err);
    ck_assert_msg(set, "%s:%d: %s", err.file, err.line, err.text);
    scratch = catalogue_scratch_new(set);
    arena = arena_new(8 << 20);
}

static void
tear_down(void)
{
    arena_free(arena);
    catalogue_scratch_free(scratch);
    catalogue_unref(set);
}

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

static void
judge(const struct jsonl_row *row, unsigned line, unsigned wrong[2])
{
    struct str raw = jsonl_get(row, "raw"), want = jsonl_get(row, "class"), win32 = jsonl_get(row, "win32");
    struct event ev[EVENTS_MAX];
    bool has_class = !str_has(want), has_code = !str_has(win32);
    unsigned n;

    arena_reset(arena);
    n = read_events(raw, ev);
    ck_assert_uint_gt(n, 0);
    for (unsigned i = 0; i < n; i++) {
        struct str got = str_z(event_class_name(ev[i].cls));
        char code[16];

        snprintf(code, sizeof code, "%lu", (unsigned long) ev[i].f.win32);
        has_code |= ev[i].f.win32_known && str_eq(win32, str_z(code));
        has_class |= str_eq(got, want);
        if (str_has(want) && !str_eq(got, want)
            && (ev[i].cls == CLASS_FILE_CONTENTION || ev[i].cls == CLASS_DISK_FULL)) {
            wrong[0]++;
            printf("row %u: %s called, labelled %.*s: %.60s\n", line, got.p, STR_ARG(want), raw.p);
        }
    }
    if (!has_code || !has_class) {
        wrong[1]++;
        printf("row %u: %s%.*s%s%.*s not met: %.60s\n", line, has_class ? "" : "class ", has_class ? 0 : (int) want.n,
               want.p ? want.p : "", has_code ? "" : " code ", has_code ? 0 : (int) win32.n, win32.p ? win32.p : "",
               raw.p);
    }
}

START_TEST(log_records)
{
    const char *folder = jsonl_folder();
    unsigned wrong[2] = {0, 0}, line = 0;
    struct jsonl_row row;
    char path[1100];
    FILE *f;

    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/lines.jsonl", folder);
    f = fopen(path, "r");
    ck_assert_msg(f, "%s", path);
    while (jsonl_read(f, &row)) {
        judge(&row, ++line, wrong);
        jsonl_free(&row);
    }
    fclose(f);
    ck_assert_uint_gt(line, 100);
    ck_assert_uint_eq(wrong[0], 0);
    ck_assert_uint_eq(wrong[1], 0);
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
    tcase_add_test(t, event_texts);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
