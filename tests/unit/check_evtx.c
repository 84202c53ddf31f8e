/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_evtx.c - .evtx files: all records, in order, with their strings as they
 * were; damage of every kind is counted and costs no other record.  In a build
 * without libevtx: that it says so. */
#include "build.h"

#include "parsers/evtx.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/container.h"
#include "forwarder/stream.h"
#include "parsers/catalogue.h"
#include "tests/unit/evtx_writer.h"
#include "tests/unit/framing.h"
#include "tests/unit/scratch.h"

/* libevtx 20181227 leaks what it had begun of a record that it cannot read. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
    return "leak:libevtx\n";
}

static char dir[512], path[600];
static struct evtx_writer *writer;
static uint8_t *bytes; /* a copy that may be damaged */
static size_t n_bytes;

static void
set_up(void)
{
    scratch_make(dir, sizeof dir);
    snprintf(path, sizeof path, "%s/AppEvent.evtx", dir);
    writer = evtx_writer_new();
    bytes = NULL;
}

static void
tear_down(void)
{
    evtx_writer_free(writer);
    free(bytes);
    scratch_remove(dir);
}

static const char *const filled[] = {"\\\\ANFIELD\\SMS_PKGE\\DOG0005D", "12", "340"};
static const char *const blank[] = {"\\\\ANFIELD\\SMS_PKGE\\DOG0005D", "", ""};

static void
add(const char *const *strings, unsigned n, int64_t seconds)
{
    struct evtx_event ev = {"SMS", "anfield", "Application", 109, 0xc000, 2, seconds, n, strings};

    evtx_writer_add(writer, &ev);
}

/* The writer's file into 'bytes'. */
static void
finish(void)
{
    const uint8_t *p = evtx_writer_end(writer, &n_bytes);

    bytes = malloc(n_bytes);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, p, n_bytes);
}

static void
store(size_t n)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

static struct stream *
open_as(const char *format)
{
    struct stream_options options = {.format = format};
    char err[600] = "";
    struct stream *s = stream_open(path, &options, false, err, sizeof err);

    if (!s)
        ck_assert_msg(strncmp(err, path, strlen(path)) == 0, "'%s' does not name the file", err);
    return s;
}

struct count {
    unsigned records, read, unread;
    uint64_t last; /* record number */
    uint64_t unframed;
    bool ordered;
};

static struct count
read_all(struct stream *s)
{
    struct count c = {.ordered = true};
    int r;

    ck_assert_ptr_nonnull(s);
    ck_assert_str_eq(stream_format(s), "evtx");
    while ((r = stream_next(s, NULL)) == 1) {
        struct event *ev = stream_event(s);
        uint64_t number = 0;

        c.records++;
        ck_assert(ev->length > 0 && ev->line == 0);
        if (!str_has(ev->f.provider)) {
            c.unread++;
            continue;
        }
        c.read++;
        SAME(ev->f.event_number, "109");
        SAME(ev->f.host, "ANFIELD");
        for (size_t i = 0; i < ev->f.record_number.n; i++)
            number = number * 10 + (uint64_t) (ev->f.record_number.p[i] - '0');
        ck_assert_uint_eq(ev->offset, evtx_writer_at(writer, number - 1));
        c.ordered = c.ordered && number > c.last;
        c.last = number;
    }
    ck_assert_int_eq(r, 0);
    c.unframed = stream_stats(s)->unframed_bytes;
    stream_close(s);
    return c;
}

/* --- whole files -------------------------------------------------------------------- */

START_TEST(strings_are_as_they_were)
{
    static const enum figures want[] = {FIGURES_FILLED, FIGURES_BLANK, FIGURES_ABSENT};
    struct catalogue_error error;
    struct catalogue *set = catalogue_new_builtin(&error);
    struct catalogue_scratch *scratch = catalogue_scratch_new(set);
    struct stream *s;

    add(filled, 3, 905446537);
    add(blank, 3, 905446538);
    add(filled, 1, 905446539);
    finish();
    store(n_bytes);
    s = open_as("auto");
    ck_assert_ptr_nonnull(s);
    for (unsigned i = 0; i < 3; i++) {
        struct event *ev;
        char time[WHEN_TEXT_SIZE];

        ck_assert_int_eq(stream_next(s, NULL), 1);
        ev = stream_event(s);
        SAME(ev->f.provider, "SMS");
        SAME(ev->f.channel, "Application");
        SAME(ev->format, "evtx");
        ck_assert_uint_eq(ev->log->id32, 0xc000006d);
        ck_assert_uint_eq(ev->log->n_strings, i == 2 ? 1 : 3);
        when_text(&ev->when, time);
        ck_assert_str_eq(time, i == 0 ? "1998-09-10T16:55:37Z" : i == 1 ? "1998-09-10T16:55:38Z" : "1998-09-10T16:55:39Z");
        ck_assert_int_eq(diagnose_event(set, scratch, stream_arena(s), ev), PERR_OK);
        ck_assert_int_eq(ev->f.figures, want[i]);
        SAME(ev->f.package, "DOG0005D");
        SAME(ev->f.server, "ANFIELD");
        SAME(ev->f.share, "SMS_PKGE");
    }
    ck_assert_int_eq(stream_next(s, NULL), 0);
    stream_close(s);
    catalogue_scratch_free(scratch);
    catalogue_unref(set);
}
END_TEST

START_TEST(many_chunks_are_read_oldest_first)
{
    for (int i = 0; i < 2000; i++)
        add(i % 2 ? blank : filled, 3, 905446537 + i);
    for (unsigned turn = 0; turn < 3; turn++) {
        struct count c;

        if (turn)
            evtx_writer_turn(writer);
        finish();
        store(n_bytes);
        c = read_all(open_as(turn ? "evtx" : "auto"));
        ck_assert_uint_eq(c.read, 2000);
        ck_assert_uint_eq(c.records, 2000);
        ck_assert_uint_eq(c.unframed, 0);
        ck_assert(c.ordered);
        free(bytes);
        bytes = NULL;
    }
}
END_TEST

/* --- damage -------------------------------------------------------------------------- */

enum { RECORDS = 500, HIT = 100 };

static const struct {
    const char *name;
    int in_record; /* offset in record HIT, or -1: of the second chunk */
    size_t n;
    const char *with;
    unsigned unread, lost; /* parts that are not read; records among them */
} damages[] = {
    {"a token that is none", 24, 1, "\x55", 1, 1},
    {"a value of a type that is none", 60, 1, "\xea", 1, 1},
    {"no signature", 0, 4, "XXXX", 1, 1},
    {"a size beyond the chunk", 4, 4, "\xf0\xff\xff\xff", 1, 1},
    {"a size of nothing", 4, 4, "\0\0\0\0", 1, 1},
    {"no chunk signature", -1, 4, "XXXX", 1, 0},
};

START_TEST(damage_is_counted_and_costs_nothing_else)
{
    struct count c;

    for (int i = 0; i < RECORDS; i++)
        add(blank, 3, 905446537 + i);
    finish();
    memcpy(bytes + (damages[_i].in_record < 0 ? EVTX_HEADER + EVTX_CHUNK
                                              : evtx_writer_at(writer, HIT) + (size_t) damages[_i].in_record),
           damages[_i].with, damages[_i].n);
    store(n_bytes);
    c = read_all(open_as("auto"));
    ck_assert_msg(c.unread == damages[_i].unread && c.read == RECORDS - damages[_i].lost, "%s: %u read, %u not",
                  damages[_i].name, c.read, c.unread);
    ck_assert_uint_gt(c.unframed, 0);
}
END_TEST

START_TEST(a_file_cut_at_a_chunk_says_so)
{
    struct count c;

    for (int i = 0; i < RECORDS; i++)
        add(blank, 3, 905446537 + i);
    finish();
    store(EVTX_HEADER + EVTX_CHUNK);
    c = read_all(open_as("auto"));
    ck_assert_uint_gt(c.read, 100);
    ck_assert_uint_eq(c.unread, 1);
    ck_assert_uint_gt(c.unframed, 0);
}
END_TEST

START_TEST(cut_at_every_byte)
{
    add(filled, 3, 905446537);
    add(blank, 3, 905446538);
    add(filled, 1, 905446539);
    finish();
    for (size_t n = 0; n <= n_bytes; n += n < 7000 || n + 1009 > n_bytes ? 1 : 1009) {
        struct stream *s;

        store(n);
        s = open_as("evtx");
        if (s) {
            struct count c = read_all(s);

            ck_assert_uint_le(c.read, 3);
            ck_assert_msg(c.read == 3 || c.unframed > 0, "%zu bytes: %u read, %u not", n, c.read, c.unread);
        }
        if (n == n_bytes)
            ck_assert_ptr_nonnull(s);
    }
}
END_TEST

START_TEST(changed_bytes_do_no_harm)
{
    uint64_t seed = 23;

    for (int i = 0; i < 20; i++)
        add(i % 2 ? blank : filled, 3, 905446537 + i);
    finish();
    for (int round = 0; round < 300; round++) {
        uint8_t *whole = malloc(n_bytes);
        struct stream *s;
        int r;

        ck_assert_ptr_nonnull(whole);
        memcpy(whole, bytes, n_bytes);
        for (int k = 0; k < 1 + round % 8; k++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            bytes[(seed >> 20) % 9000] = (uint8_t) (seed >> 50);
        }
        store(n_bytes);
        s = open_as("evtx");
        if (s) {
            while ((r = stream_next(s, NULL)) == 1)
                ck_assert(str_has(stream_event(s)->text));
            ck_assert_int_eq(r, 0);
            stream_close(s);
        }
        memcpy(bytes, whole, n_bytes);
        free(whole);
    }
}
END_TEST

START_TEST(other_files_are_refused_by_name)
{
    scratch_write(path, "no event log\n");
    ck_assert_ptr_null(open_as("evtx"));
}
END_TEST

/* --- pure parts ------------------------------------------------------------------------- */

START_TEST(the_stream_frames_in_any_chunking)
{
    char stream[200];
    const struct evtx_prefix first = {true, 10, 99, 4608}, second = {false, 3, 3, 4707};
    struct evtx_prefix got;

    evtx_prefix_put(&first, stream);
    memset(stream + EVTX_PREFIX, 'x', 10);
    evtx_prefix_put(&second, stream + EVTX_PREFIX + 10);
    memset(stream + 2 * EVTX_PREFIX + 10, 'y', 3);
    ck_assert(evtx_prefix_get(stream, &got));
    ck_assert(got.readable && got.length == 10 && got.stored == 99 && got.place == 4608);
    framing_expect(&evtx_format, str_make(stream, 2 * EVTX_PREFIX + 13), "R10 B3");
    framing_expect(&evtx_format, str_make(stream, EVTX_PREFIX + 9), "B41");
    framing_expect(&evtx_format, str_make(stream + 1, 2 * EVTX_PREFIX + 12), "B41 B3");
    framing_expect(&evtx_format, STR("text"), "B4");
}
END_TEST

START_TEST(parts_of_a_chunk_lie_behind_one_another)
{
    uint64_t seed = 5;
    char *chunk = malloc(EVTX_CHUNK);

    ck_assert_ptr_nonnull(chunk);
    add(filled, 3, 905446537);
    add(blank, 3, 905446538);
    finish();
    for (int round = 0; round < 2000; round++) {
        size_t at = EVTX_RECORDS, end = at, n = 600 + (size_t) round * 32;
        struct evtx_part part;

        n = n > EVTX_CHUNK ? EVTX_CHUNK : n;
        memcpy(chunk, bytes + EVTX_HEADER, EVTX_CHUNK);
        for (int k = 0; k < round % 40; k++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            chunk[(seed >> 20) % 3000] = (char) (seed >> 50);
        }
        while (evtx_chunk_next(chunk, n, &at, &part)) {
            ck_assert(part.at >= end && part.length > 0 && part.length <= n - part.at && at == part.at + part.length);
            end = at;
        }
    }
    free(chunk);
}
END_TEST

/* --- without libevtx ----------------------------------------------------------------------- */

START_TEST(a_build_without_says_so)
{
    struct stream_options options = {.format = "auto"};
    char err[600] = "";

    add(filled, 3, 905446537);
    finish();
    store(n_bytes);
    ck_assert_ptr_null(stream_open(path, &options, false, err, sizeof err));
    ck_assert_ptr_nonnull(strstr(err, "this build has no evtx"));
    ck_assert_ptr_nonnull(strstr(err, "libevtx-dev"));
    ck_assert_ptr_nonnull(strstr(evtx_file_container.missing, "this build has no evtx"));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("evtx");
    TCase *pure = tcase_create("parts"), *files = tcase_create("files");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(pure, set_up, tear_down);
    tcase_add_test(pure, the_stream_frames_in_any_chunking);
    tcase_add_test(pure, parts_of_a_chunk_lie_behind_one_another);
    tcase_add_test(pure, other_files_are_refused_by_name);
    suite_add_tcase(s, pure);
    tcase_add_checked_fixture(files, set_up, tear_down);
    tcase_set_timeout(files, 300);
    if (evtx_file_container.missing) {
        tcase_add_test(files, a_build_without_says_so);
    } else {
        tcase_add_test(files, strings_are_as_they_were);
        tcase_add_test(files, many_chunks_are_read_oldest_first);
        tcase_add_loop_test(files, damage_is_counted_and_costs_nothing_else, 0, sizeof damages / sizeof *damages);
        tcase_add_test(files, a_file_cut_at_a_chunk_says_so);
        tcase_add_test(files, cut_at_every_byte);
        tcase_add_test(files, changed_bytes_do_no_harm);
    }
    suite_add_tcase(s, files);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
