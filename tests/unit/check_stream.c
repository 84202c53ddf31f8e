/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_stream.c - a file's bytes as a reader meets them: encodings, line ends,
 * NULs, a missing last line end, long lines, places kept and found again, many
 * streams merged by time.  Every case also counts that all bytes were taken. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "forwarder/merge.h"
#include "forwarder/stream.h"
#include "scratch.h"

static char dir[4096];

#define LINE(text, time) text " $$<SMS_DESPOOLER><Thu Sep 10 " time " 1998~><thread=1D0>"

static const char *
write_file(const char *name, const void *p, size_t n)
{
    static char path[8192];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

static struct stream *
open_stream(const char *path, bool transient)
{
    static const struct stream_options options = {.format = "auto", .host = "anfield", .zone = "America/Los_Angeles"};
    char err[512] = "";
    struct stream *s = stream_open(path, &options, transient, err, sizeof err);

    ck_assert_msg(s != NULL, "%s", err);
    return s;
}

/* The file comes out as exactly the texts given (NULL at the end). */
static void
expect_texts(const char *name, const void *p, size_t n, const char *const *texts)
{
    for (int transient = 0; transient < 2; transient++) {
        struct stream *s = open_stream(write_file(name, p, n), transient);
        uint64_t end = 0;
        unsigned i;

        for (i = 0; texts[i]; i++) {
            const struct event *ev;

            ck_assert_msg(stream_next(s, NULL) == 1, "%s: only %u records", name, i);
            ck_assert_int_eq(stream_identify(s), 0);
            ev = stream_event(s);
            ck_assert_msg(str_eq(ev->text, str_z(texts[i])), "%s: record %u is '%.*s'", name, i, STR_ARG(ev->text));
            ck_assert_uint_ge(ev->offset, end);
            ck_assert_uint_eq(strlen(ev->id), 32);
            ck_assert(str_eq(ev->f.host, STR("ANFIELD")));
            end = ev->offset + ev->length;
        }
        ck_assert_int_eq(stream_next(s, NULL), 0);
        ck_assert_uint_eq(stream_stats(s)->bytes, n);
        ck_assert_uint_eq(stream_stats(s)->records, i);
        ck_assert_uint_eq(stream_stats(s)->unframed_bytes, 0);
        stream_close(s);
    }
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define EXPECT(name, literal, ...) expect_texts(name, literal, sizeof(literal) - 1, TEXTS(__VA_ARGS__))

START_TEST(line_ends_and_last_lines)
{
    EXPECT("crlf", LINE("one", "09:00:00") "\r\n" LINE("two", "09:00:01") "\r\n", "one", "two");
    EXPECT("lf", LINE("one", "09:00:00") "\n" LINE("two", "09:00:01") "\n", "one", "two");
    EXPECT("cr", LINE("one", "09:00:00") "\r" LINE("two", "09:00:01") "\r", "one", "two");
    EXPECT("none", LINE("one", "09:00:00") "\r\n" LINE("two", "09:00:01"), "one", "two");
    EXPECT("glued", LINE("one", "09:00:00") LINE("two", "09:00:01"), "one", "two");
    EXPECT("blank", "\r\n\r\n" LINE("one", "09:00:00") "\r\n\r\n \r\n", "one");
}
END_TEST

START_TEST(bytes_of_every_kind)
{
    EXPECT("nul", LINE("a\0b", "09:00:00") "\r\n", "a\xee\xbc\x80" "b");
    EXPECT("bom", "\xef\xbb\xbf" LINE("one", "09:00:00") "\r\n", "one");
    EXPECT("cp1252", LINE("Gr\xfc\xdf" "e \x80", "09:00:00") "\r\n", "Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac");
    EXPECT("undefined", LINE("x\x81y", "09:00:00") "\r\n", "x\xee\xbe\x81y");
    EXPECT("utf8", LINE("Gr\xc3\xbc\xc3\x9f" "e", "09:00:00") "\r\n", "Gr\xc3\xbc\xc3\x9f" "e");
    /* The escape's own range is escaped byte by byte. */
    EXPECT("escape", LINE("\xee\xbc\x80", "09:00:00") "\r\n", "\xee\xbf\xae\xee\xbe\xbc\xee\xbe\x80");
}
END_TEST

START_TEST(utf16_with_and_without_bom)
{
    static const char line[] = LINE("one", "09:00:00") "\r\n" LINE("two", "09:00:01") "\r\n";
    char wide[2 * sizeof line + 2];
    size_t n = sizeof line - 1;

    for (int big = 0; big < 2; big++) {
        wide[0] = big ? '\xfe' : '\xff';
        wide[1] = big ? '\xff' : '\xfe';
        for (size_t i = 0; i < n; i++) {
            wide[2 + 2 * i + (size_t) big] = line[i];
            wide[2 + 2 * i + 1 - (size_t) big] = '\0';
        }
        expect_texts("utf16-bom", wide, 2 * n + 2, TEXTS("one", "two"));
        expect_texts("utf16", wide + 2, 2 * n, TEXTS("one", "two"));
    }
}
END_TEST

START_TEST(places_in_utf16_are_those_of_the_file)
{
    static const char line[] = LINE("x", "09:00:00") "\r\n";
    char wide[4 * sizeof line + 8] = "\xff\xfe";
    size_t n = 2;
    struct stream *s;

    for (int twice = 0; twice < 2; twice++) {
        /* A character outside the base plane takes four bytes. */
        memcpy(wide + n, "\x3d\xd8\x00\xde", 4);
        n += 4;
        for (size_t i = 0; i < sizeof line - 1; i++) {
            wide[n++] = line[i];
            wide[n++] = '\0';
        }
    }
    s = open_stream(write_file("utf16-places", wide, n), false);
    ck_assert_int_eq(stream_next(s, NULL), 1);
    ck_assert_uint_eq(stream_event(s)->offset, 2);
    ck_assert_uint_eq(stream_event(s)->length, (n - 2) / 2 - 4);
    ck_assert_int_eq(stream_next(s, NULL), 1);
    ck_assert_uint_eq(stream_event(s)->offset, 2 + (n - 2) / 2);
    ck_assert_uint_eq(stream_event(s)->line, 2);
    ck_assert(str_eq(stream_event(s)->text, STR("\xf0\x9f\x98\x80x")));
    stream_close(s);
}
END_TEST

START_TEST(a_line_longer_than_any_window)
{
    size_t big = 10 << 20, n = 0;
    char *p = malloc(big + 1024);
    struct stream *s;
    bool seen = false;

    ck_assert_ptr_nonnull(p);
    memset(p, 'x', big);
    n = big + (size_t) sprintf(p + big, "%s\r\n%s\r\n", LINE("", "09:00:00"), LINE("after", "09:00:01"));
    s = open_stream(write_file("long", p, n), false);
    while (stream_next(s, NULL) == 1) {
        const struct event *ev = stream_event(s);

        ck_assert_uint_le(ev->text.n, EVENT_TEXT_MAX);
        if (str_eq(ev->text, STR("after"))) {
            seen = true;
            ck_assert(!ev->truncated);
            ck_assert_uint_eq(ev->line, 2);
        } else {
            ck_assert(ev->truncated);
        }
    }
    ck_assert(seen);
    ck_assert_uint_eq(stream_stats(s)->bytes, n);
    stream_close(s);
    free(p);
}
END_TEST

START_TEST(equal_records_have_ids_of_their_own)
{
    static const char same[] = LINE("same", "09:00:00") "\r\n" LINE("same", "09:00:00") "\r\n" LINE("same", "09:00:00");
    char id[3][EVENT_ID_SIZE];

    for (int again = 0; again < 2; again++) {
        struct stream *s = open_stream(write_file(again ? "same2" : "same", same, sizeof same - 1), false);

        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(stream_next(s, NULL), 1);
            ck_assert_int_eq(stream_identify(s), 0);
            if (again)
                ck_assert_str_eq(id[i], stream_event(s)->id);
            memcpy(id[i], stream_event(s)->id, EVENT_ID_SIZE);
        }
        stream_close(s);
    }
    ck_assert_str_ne(id[0], id[1]);
    ck_assert_str_ne(id[1], id[2]);
    ck_assert_str_ne(id[0], id[2]);
}
END_TEST

START_TEST(streams_are_merged_by_time)
{
    static const char a[] = LINE("a1", "09:00:00") "\r\n" LINE("a2", "09:00:04") "\r\n" LINE("a3", "09:00:02") "\r\n";
    static const char b[] = "no trailer\r\n" LINE("~b1", "09:00:01") "\r\n" LINE("b2", "09:00:04") "\r\n";
    /* a3 goes back in time: it stays behind a2, and ties go by argument. */
    static const char *const order[] = {"a1", "no trailer", "~b1", "a2", "a3", "b2"};
    struct merge *m = merge_new();
    struct stream *s;
    unsigned i = 0;

    ck_assert_ptr_nonnull(m);
    ck_assert(merge_add(m, open_stream(write_file("merge-a", a, sizeof a - 1), false)));
    ck_assert(merge_add(m, open_stream(write_file("merge-b", b, sizeof b - 1), true)));
    while ((s = merge_next(m, NULL))) {
        ck_assert_uint_lt(i, sizeof order / sizeof order[0]);
        ck_assert_msg(str_eq(stream_event(s)->text, str_z(order[i])), "%u: %.*s", i, STR_ARG(stream_event(s)->text));
        i++;
    }
    ck_assert_uint_eq(i, sizeof order / sizeof order[0]);
    ck_assert_uint_eq(merge_failed(m), 0);
    merge_free(m);
}
END_TEST

START_TEST(only_files_are_opened)
{
    static const struct stream_options options = {.format = "auto"};
    char err[512] = "";

    ck_assert_ptr_null(stream_open(dir, &options, false, err, sizeof err));
    ck_assert_ptr_nonnull(strstr(err, "folder"));
    ck_assert_ptr_null(stream_open("/dev/null", &options, false, err, sizeof err));
    ck_assert_ptr_nonnull(strstr(err, "device"));
    ck_assert_ptr_null(stream_open("no/such/file", &options, false, err, sizeof err));
    ck_assert_ptr_nonnull(strstr(err, "no/such/file"));
}
END_TEST

static void
set_up(void)
{
    scratch_make(dir, sizeof dir);
}

static void
tear_down(void)
{
    scratch_remove(dir);
}

int
main(void)
{
    Suite *s = suite_create("stream");
    TCase *tc = tcase_create("stream");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_unchecked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, line_ends_and_last_lines);
    tcase_add_test(tc, bytes_of_every_kind);
    tcase_add_test(tc, utf16_with_and_without_bom);
    tcase_add_test(tc, places_in_utf16_are_those_of_the_file);
    tcase_add_test(tc, a_line_longer_than_any_window);
    tcase_add_test(tc, equal_records_have_ids_of_their_own);
    tcase_add_test(tc, streams_are_merged_by_time);
    tcase_add_test(tc, only_files_are_opened);
    suite_add_tcase(s, tc);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
