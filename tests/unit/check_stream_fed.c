/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_stream_fed.c - a log that is followed gives the events that the file
 * gives when it is read at once: however its bytes are cut, wherever it was
 * left and gone on with, and from one generation to the next. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/stream.h"
#include "scratch.h"

enum { EVENTS = 400 };

struct seen {
    char id[EVENT_ID_SIZE];
    uint64_t offset, line, length;
};

static const char log_text[] =
    "Despooler: found ready instruction 1000tS01.ins   $$<SMS_DESPOOLER><Thu Sep 10 09:00:01 1998~><thread=DC>\r\n"
    "Copying E:\\_S 1.TMP\\a.exe to E:\\SMS_PKGE\\DOG0005D\\a.exe... OK~  $$<SMS_DESPOOLER><Thu Sep 10 09:00:02 "
    "1998~><thread=DC>\r\n"
    "a line that was\r\nwrapped~  $$<SMS_DESPOOLER><Thu Sep 10 09:00:03 1998~><thread=DC>\r\n"
    "the same  $$<SMS_DESPOOLER><Thu Sep 10 09:00:04 1998~><thread=DC>\r\n"
    "the same  $$<SMS_DESPOOLER><Thu Sep 10 09:00:04 1998~><thread=DC>\r\n"
    "the same  $$<SMS_DESPOOLER><Thu Sep 10 09:00:04 1998~><thread=DC>\r\n"
    "\r\n\r\n"
    "gr\xfc\xdf Gott  $$<SMS_DESPOOLER><Thu Sep 10 09:00:05 1998~><thread=DC>\r\n"
    "nothing closes this\r\n"
    "nor this\r\n"
    "Waiting for ready instruction file....  $$<SMS_DESPOOLER><Thu Sep 10 09:00:06 1998~><thread=DC>\r\n";

/* 'text' as the file has it: 8-bit, or UTF-16 with or without a mark. */
static size_t
encode(int form, const char *text, size_t n, char *out)
{
    size_t k = 0;

    if (form == 0) {
        memcpy(out, text, n);
        return n;
    }
    if (form == 1) {
        memcpy(out, "\xff\xfe", 2);
        k = 2;
    }
    for (size_t i = 0; i < n; i++) {
        out[k++] = text[i];
        out[k++] = '\0';
    }
    return k;
}

static const struct stream_options options = {.format = "auto", .host = "ANFIELD", .zone = "America/Los_Angeles"};

static void
note(struct stream *s, struct seen *to, unsigned *n)
{
    const struct event *ev = stream_event(s);

    ck_assert_uint_lt(*n, EVENTS);
    ck_assert_int_eq(stream_identify(s), 0);
    to[*n].offset = ev->offset;
    to[*n].line = ev->line;
    to[*n].length = ev->length;
    memcpy(to[(*n)++].id, ev->id, EVENT_ID_SIZE);
}

static unsigned
read_at_once(const char *path, struct seen *to)
{
    char err[256];
    struct stream *s = stream_open(path, &options, false, err, sizeof err);
    unsigned n = 0;

    ck_assert_msg(s != NULL, "%s", err);
    while (stream_next(s, NULL) == 1)
        note(s, to, &n);
    stream_close(s);
    return n;
}

static struct stream *
begin(const struct place *at, const char *p, size_t n, const char *name)
{
    char err[256];
    struct stream *s = stream_open_fed("the.log", &options, err, sizeof err);
    struct place place = at ? *at : (struct place){0};
    size_t look = n < 65536 ? n : 65536, before = place.offset < PLACE_TAIL ? (size_t) place.offset : PLACE_TAIL;

    ck_assert_msg(s != NULL, "%s", err);
    snprintf(place.name, sizeof place.name, "%s", name);
    ck_assert_int_eq(stream_file(s, &place, str_make(p, look), str_make(p + place.offset - before, before)), 0);
    return s;
}

/* Leaves the stream as a crash would, and goes on where it had saved. */
static struct stream *
leave_and_go_on(struct stream *s, const char *p, size_t n, size_t *fed)
{
    struct keep_out o = {0};
    struct place at;

    ck_assert(stream_save(s, &o));
    ck_assert(stream_saved_place(o.p, o.n, &at));
    stream_close(s);
    s = begin(&at, p, n, "the.log");
    ck_assert(stream_resume(s, o.p, o.n));
    for (size_t cut = 0; cut < o.n; cut++)
        ck_assert(!stream_saved_place(o.p, cut, &at) || cut > 60);
    *fed = (size_t) at.offset;
    free(o.p);
    return s;
}

static void
compare(const struct seen *want, unsigned n_want, const struct seen *got, unsigned n_got, unsigned seed)
{
    ck_assert_msg(n_want == n_got, "seed %u: %u events, not %u", seed, n_got, n_want);
    for (unsigned i = 0; i < n_want; i++) {
        ck_assert_msg(memcmp(want[i].id, got[i].id, EVENT_ID_SIZE) == 0, "seed %u: event %u", seed, i);
        ck_assert_uint_eq(want[i].offset, got[i].offset);
        ck_assert_uint_eq(want[i].line, got[i].line);
        ck_assert_uint_eq(want[i].length, got[i].length);
    }
}

START_TEST(cut_and_resumed_it_gives_the_same_events)
{
    static char bytes[sizeof log_text * 2 + 2];
    static struct seen want[EVENTS], got[EVENTS];
    size_t n = encode(_i, log_text, sizeof log_text - 1, bytes);
    char dir[4096], path[4200];
    unsigned n_want;
    FILE *f;

    scratch_make(dir, sizeof dir);
    snprintf(path, sizeof path, "%s/the.log", dir);
    f = fopen(path, "wb");
    ck_assert(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
    n_want = read_at_once(path, want);
    scratch_remove(dir);
    ck_assert_uint_gt(n_want, 8);
    for (unsigned seed = 1; seed <= 300; seed++) {
        struct stream *s = begin(NULL, bytes, 0, "the.log");
        size_t fed = 0;
        unsigned n_got = 0;

        srand(seed);
        for (;;) {
            size_t piece = (size_t) rand() % (seed % 3 == 0 ? 3 : 200) + 1;

            while (stream_next(s, NULL) == 1) {
                note(s, got, &n_got);
                if (rand() % 6 == 0)
                    s = leave_and_go_on(s, bytes, n, &fed);
            }
            if (fed == n)
                break;
            piece = piece < n - fed ? piece : n - fed;
            ck_assert_int_eq(stream_feed(s, bytes + fed, piece), 0);
            fed += piece;
        }
        ck_assert_int_eq(stream_final(s), 0);
        while (stream_next(s, NULL) == 1)
            note(s, got, &n_got);
        compare(want, n_want, got, n_got, seed);
        stream_close(s);
    }
}
END_TEST

START_TEST(generations_go_on_and_are_remembered)
{
    struct stream *s = begin(NULL, "", 0, "the.lo_");
    struct place next = {.line = 1}, at;
    struct keep_out o = {0};

    ck_assert_int_eq(stream_feed(s, log_text, 250), 0);
    ck_assert_int_eq(stream_next(s, NULL), 1);
    ck_assert(str_eq(stream_event(s)->source_name, STR("the.lo_")));
    ck_assert_int_eq(stream_final(s), 0);
    while (stream_next(s, NULL) == 1)
        continue;
    snprintf(next.name, sizeof next.name, "the.log");
    ck_assert_int_eq(stream_file(s, &next, str_make(log_text + 107, 50), STR("")), 0);
    ck_assert_int_eq(stream_feed(s, log_text + 107, 300), 0);
    ck_assert_int_eq(stream_next(s, NULL), 1);
    ck_assert(str_eq(stream_event(s)->source_name, STR("the.log")));
    ck_assert_uint_eq(stream_event(s)->offset, 0);
    ck_assert_uint_eq(stream_event(s)->line, 1);
    ck_assert(stream_save(s, &o));
    ck_assert(stream_saved_place(o.p, o.n, &at));
    ck_assert_uint_eq(at.n_done, 1);
    ck_assert_str_eq(at.name, "the.log");
    free(o.p);
    stream_close(s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stream_fed");
    TCase *tc = tcase_create("fed");
    SRunner *sr;
    int failed;

    tcase_add_loop_test(tc, cut_and_resumed_it_gives_the_same_events, 0, 3);
    tcase_add_test(tc, generations_go_on_and_are_remembered);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
