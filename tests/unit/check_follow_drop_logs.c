/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_follow_drop_logs.c - event logs (.evt, .evtx) in a drop folder: what comes
 * out are their records, and of copies of one log each record once. */
#include "build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "forwarder/container.h"
#include "forwarder/follow_drop.h"
#include "tests/unit/evt_sim.h"
#include "tests/unit/evtx_writer.h"
#include "tests/unit/follow_log.h"

enum { NUMBERS = 4096 };

static struct sim s;
static uint32_t second;
static int64_t later; /* than it would be */

static void
setup_logs(void)
{
    setup();
    snprintf(pattern, sizeof pattern, "%s/*", dir);
    t->read_once = true;
    second = 905446537;
    sim_init(&s, 65536);
}

static void
teardown_logs(void)
{
    sim_fini(&s);
    teardown();
}

static void
begin(void)
{
    start();
    TAKER_WAIT(t, t->seen == 1);
}

static void
restart(void)
{
    taker_stop(t);
    begin();
}

static void
write_records(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct sim_entry e = sim_sample(2 + i % 4);

        e.generated = second++;
        sim_write(&s, &e);
    }
    sim_flush(&s);
}

/* Whole, as a copy comes into the folder. */
static void
put_bytes(const char *name, const void *p, size_t n)
{
    put(at("being.tmp"), p, n, O_TRUNC);
    move("being.tmp", name);
}

static void
put_copy(const char *name)
{
    put_bytes(name, s.p, s.size);
}

static bool
ended(const char *name)
{
    const struct taken *g = taker_log(t, at(name));

    return g && g->final && g->gone;
}

static bool
ended_again(const char *name, unsigned files)
{
    const struct taken *g = taker_log(t, at(name));

    return g && g->files == files && g->final && g->gone;
}

/* The numbers of the records that 'name' brought, in order; bytes that are none
 * come as number 0. */
static unsigned
numbers_of(const char *name, const struct format *format, uint32_t number[NUMBERS])
{
    const struct taken *g = taker_log(t, at(name));
    unsigned n = 0;

    ck_assert_ptr_nonnull(g);
    for (size_t i = 0; i < g->n;) {
        struct format_span span = {0};
        enum format_next found = format->next(NULL, g->bytes + i, g->n - i, true, &span);

        ck_assert(found == FORMAT_RECORD || found == FORMAT_BAD);
        ck_assert_uint_lt(n, NUMBERS);
        number[n++] = found == FORMAT_RECORD ? span.number : 0;
        i += span.skip + span.length;
    }
    return n;
}

static void
brought_by(const char *name, const struct format *format, uint32_t first, uint32_t last)
{
    uint32_t number[NUMBERS];
    unsigned n = numbers_of(name, format, number);

    ck_assert_msg(n == last + 1 - first, "%s: %u records, not %u to %u", name, n, first, last);
    for (unsigned i = 0; i < n; i++)
        ck_assert_msg(number[i] == first + i, "%s: %u at %u", name, number[i], i);
}

static void
brought(const char *name, uint32_t first, uint32_t last)
{
    brought_by(name, &evt_format, first, last);
}

START_TEST(copies_of_a_log_bring_each_record_once)
{
    write_records(10);
    put_copy("app-1.evt");
    begin();
    TAKER_WAIT(t, ended("app-1.evt"));
    brought("app-1.evt", 1, 10);
    write_records(5);
    put_copy("app-2.evt");
    TAKER_WAIT(t, ended("app-2.evt"));
    brought("app-2.evt", 11, 15);
    put_copy("app-2-again.evt");
    TAKER_WAIT(t, ended("app-2-again.evt"));
    ck_assert_uint_eq(taker_log(t, at("app-2-again.evt"))->n, 0);
    /* Nor after a restart, the copies having been taken away. */
    unlink(at("app-1.evt"));
    unlink(at("app-2.evt"));
    write_records(3);
    taker_stop(t);
    put_copy("app-3.evt");
    begin();
    TAKER_WAIT(t, ended("app-3.evt"));
    brought("app-3.evt", 16, 18);
    ck_assert_uint_eq(t->trouble[FOLLOW_UNREADABLE], 0);
}
END_TEST

START_TEST(one_name_for_all_copies)
{
    begin();
    write_records(10);
    put_copy("app.evt");
    TAKER_WAIT(t, ended_again("app.evt", 1));
    for (unsigned i = 0; i < 3; i++) {
        write_records(4);
        put_copy("app.evt");
        TAKER_WAIT(t, ended_again("app.evt", 2 + i));
        brought("app.evt", 1, 14 + 4 * i);
        if (i == 1)
            restart();
    }
    /* What went on is one run, however many copies it took. */
    ck_assert_uint_eq(taker_log(t, at("app.evt"))->place.n_runs, 1);
    ck_assert_uint_eq(taker_log(t, at("app.evt"))->place.run[0].last, 22);
}
END_TEST

START_TEST(a_log_that_goes_round_loses_nothing)
{
    uint32_t number[NUMBERS], next = 1;

    begin();
    for (unsigned i = 0; i < 30; i++) {
        char name[32];
        unsigned n;

        write_records(60);
        snprintf(name, sizeof name, "%u.evt", i);
        put_copy(name);
        TAKER_WAIT(t, ended(name));
        n = numbers_of(name, &evt_format, number);
        for (unsigned k = 0; k < n; k++)
            ck_assert_uint_eq(number[k], next++);
        if (i % 7 == 6)
            restart();
    }
    ck_assert(s.full);
    ck_assert_uint_eq(next, 1801);
}
END_TEST

START_TEST(a_log_that_was_cleared_is_another)
{
    begin();
    write_records(10);
    put_copy("1.evt");
    TAKER_WAIT(t, ended("1.evt"));
    sim_fini(&s);
    sim_init(&s, 65536);
    write_records(12);
    put_copy("2.evt");
    TAKER_WAIT(t, ended("2.evt"));
    brought("2.evt", 1, 12);
}
END_TEST

START_TEST(an_older_copy_that_comes_late_is_known)
{
    uint8_t *old;

    begin();
    write_records(10);
    ck_assert_ptr_nonnull(old = malloc(s.size));
    memcpy(old, s.p, s.size);
    write_records(10);
    put_copy("tuesday.evt");
    TAKER_WAIT(t, ended("tuesday.evt"));
    put_bytes("monday.evt", old, s.size);
    TAKER_WAIT(t, ended("monday.evt"));
    ck_assert_uint_eq(taker_log(t, at("monday.evt"))->n, 0);
    free(old);
}
END_TEST

/* What a filter had left out must come when the whole log does. */
START_TEST(gaps_of_an_earlier_copy_are_filled)
{
    struct sim whole;
    uint32_t number[NUMBERS];

    sim_init(&whole, 65536);
    for (unsigned i = 1; i <= 12; i++) {
        struct sim_entry e = sim_sample(2);

        e.generated = second++;
        sim_write(&whole, &e);
        s.next = i;
        if (i % 3)
            sim_write(&s, &e);
    }
    sim_flush(&whole);
    sim_flush(&s);
    begin();
    put_copy("some.evt");
    TAKER_WAIT(t, ended("some.evt"));
    ck_assert_uint_eq(numbers_of("some.evt", &evt_format, number), 8);
    put_bytes("all.evt", whole.p, whole.size);
    TAKER_WAIT(t, ended("all.evt"));
    ck_assert_uint_eq(numbers_of("all.evt", &evt_format, number), 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(number[i], 3 + 3 * i);
    sim_fini(&whole);
}
END_TEST

/* Damaged bytes are told, once; what is behind them is not mistaken. */
START_TEST(damage_within_a_copy)
{
    uint32_t number[NUMBERS], offset;
    unsigned n;

    write_records(20);
    offset = sim_live(&s, 9)->offset;
    s.p[offset + 4] = 'X';
    begin();
    put_copy("1.evt");
    TAKER_WAIT(t, ended("1.evt"));
    n = numbers_of("1.evt", &evt_format, number);
    ck_assert_uint_eq(n, 20);
    ck_assert_uint_eq(number[9], 0);
    write_records(5);
    s.p[offset + 4] = 'X';
    put_copy("2.evt");
    TAKER_WAIT(t, ended("2.evt"));
    brought("2.evt", 21, 25);
}
END_TEST

START_TEST(packed_with_gzip)
{
    gzFile gz;

    write_records(200);
    ck_assert_ptr_nonnull(gz = gzopen(at("being.tmp"), "wb"));
    ck_assert_int_eq(gzwrite(gz, s.p, s.size), (int) s.size);
    ck_assert_int_eq(gzclose(gz), Z_OK);
    move("being.tmp", "app.evt.gz");
    begin();
    TAKER_WAIT(t, ended("app.evt.gz"));
    brought("app.evt.gz", 1, 200);
    put_copy("app.evt");
    TAKER_WAIT(t, ended("app.evt"));
    ck_assert_uint_eq(taker_log(t, at("app.evt"))->n, 0);
}
END_TEST

/* Ended anywhere, it goes on there; other files of the folder are read meanwhile. */
START_TEST(goes_on_after_a_restart_in_the_middle)
{
    uint64_t came = 0;

    sim_fini(&s);
    sim_init(&s, 1 << 20);
    write_records(100);
    put_copy("0.evt");
    begin();
    TAKER_WAIT(t, ended("0.evt"));
    write_records(3000);
    taker_stop(t);
    put_copy("1.evt");
    for (unsigned i = 0; i < 8; i++) {
        const struct taken *g = taker_log(t, at("1.evt"));

        t->keep = true;
        taker_start(t, pattern, POLL_MS, false, 120000);
        TAKER_WAIT(t, t->n_held >= 3);
        taker_stop(t); /* takes what is held, and no more */
        g = taker_log(t, at("1.evt"));
        ck_assert_ptr_nonnull(g);
        ck_assert(g->n >= came && !g->final);
        came = g->n;
    }
    ck_assert_uint_gt(came, 2 * FOLLOW_LOOK);
    ck_assert_uint_ge(taker_log(t, at("1.evt"))->resumes, 6);
    begin();
    TAKER_WAIT(t, ended("1.evt"));
    brought("1.evt", 101, 3100);
}
END_TEST

/* The same name, another log, while the first was only half read. */
START_TEST(another_log_in_its_place_is_read_whole)
{
    sim_fini(&s);
    sim_init(&s, 1 << 20);
    write_records(3000);
    put_copy("1.evt");
    t->keep = true;
    taker_start(t, pattern, POLL_MS, false, 200000);
    TAKER_WAIT(t, t->held_bytes > 2 * FOLLOW_LOOK);
    taker_stop(t);
    sim_fini(&s);
    sim_init(&s, 1 << 20);
    write_records(3500);
    put_copy("1.evt");
    taker_log(t, at("1.evt"))->n = 0;
    begin();
    TAKER_WAIT(t, ended("1.evt"));
    ck_assert_uint_eq(taker_log(t, at("1.evt"))->files, 2);
    ck_assert_uint_eq(taker_log(t, at("1.evt"))->resumes, 0);
    brought("1.evt", 1, 3500);
}
END_TEST

START_TEST(a_single_pass_reads_all_copies)
{
    struct follow_status status;
    uint32_t number[NUMBERS];
    unsigned n = 0;

    for (unsigned i = 0; i < 20; i++) {
        char name[32];

        write_records(5);
        snprintf(name, sizeof name, "%02u.evt", i);
        put_copy(name);
    }
    taker_start(t, pattern, POLL_MS, true, BUDGET);
    TAKER_WAIT(t, (follow_status(t->follow, &status), status.ended));
    for (unsigned i = 0; i < 20; i++) {
        char name[32];

        snprintf(name, sizeof name, "%02u.evt", i);
        n += numbers_of(name, &evt_format, number);
    }
    ck_assert_uint_eq(n, 100);
}
END_TEST

/* format="evt", and a file that is none: its bytes come as they are. */
START_TEST(a_file_that_is_no_log)
{
    static char evt[] = "evt";

    t->format = evt;
    begin();
    scratch_write(at("being.tmp"), "no log at all\n");
    move("being.tmp", "x.evt");
    TAKER_WAIT(t, ended("x.evt"));
    ck_assert_uint_eq(taker_log(t, at("x.evt"))->n, 14);
}
END_TEST

static void
put_evtx(const char *name, unsigned records)
{
    static const char *const strings[] = {"PKG00001", "  ", "  "};
    struct evtx_writer *w = evtx_writer_new();
    const uint8_t *p;
    size_t n;

    for (unsigned i = 0; i < records; i++) {
        const struct evtx_event e = {.provider = "SMS",
                                     .computer = "ANFIELD",
                                     .channel = "Application",
                                     .number = 109,
                                     .qualifiers = 49152,
                                     .level = 2,
                                     .seconds = 905446537 + later + i,
                                     .n_strings = 3,
                                     .strings = strings};

        evtx_writer_add(w, &e);
    }
    p = evtx_writer_end(w, &n);
    put_bytes(name, p, n);
    evtx_writer_free(w);
}

START_TEST(copies_of_an_evtx)
{
    begin();
    put_evtx("1.evtx", 150);
    if (evtx_file_container.missing) {
        TAKER_WAIT(t, t->trouble[FOLLOW_UNREADABLE] == 1);
        ck_assert_msg(strstr(t->text, "1.evtx cannot be read: this build has no evtx"), "%s", t->text);
        ck_assert_ptr_null(taker_log(t, at("1.evtx")));
        return;
    }
    TAKER_WAIT(t, ended("1.evtx"));
    brought_by("1.evtx", &evtx_format, 1, 150);
    put_evtx("2.evtx", 400);
    TAKER_WAIT(t, ended("2.evtx"));
    brought_by("2.evtx", &evtx_format, 151, 400);
    restart();
    put_evtx("3.evtx", 410);
    TAKER_WAIT(t, ended("3.evtx"));
    brought_by("3.evtx", &evtx_format, 401, 410);
}
END_TEST

START_TEST(an_evtx_that_is_followed)
{
    static char evtx[] = "evtx";
    uint32_t number[NUMBERS];

    if (evtx_file_container.missing)
        return;
    snprintf(pattern, sizeof pattern, "%s/app.evtx", dir);
    t->format = evtx;
    t->read_once = false;
    start();
    TAKER_WAIT(t, t->trouble[FOLLOW_MISSING] == 1);
    put_evtx("app.evtx", 10);
    TAKER_WAIT(t, ended_again("app.evtx", 1) && t->well[FOLLOW_MISSING] == 1);
    put_evtx("app.evtx", 130);
    TAKER_WAIT(t, ended_again("app.evtx", 2));
    brought_by("app.evtx", &evtx_format, 1, 130);
    restart();
    put_evtx("app.evtx", 140);
    TAKER_WAIT(t, ended_again("app.evtx", 3));
    brought_by("app.evtx", &evtx_format, 1, 140);
    ck_assert_uint_eq(taker_log(t, at("app.evtx"))->losts, 0);
    /* Another log at that name, as after a clearing. */
    later = 1000000;
    put_evtx("app.evtx", 5);
    TAKER_WAIT(t, ended_again("app.evtx", 4));
    ck_assert_uint_eq(numbers_of("app.evtx", &evtx_format, number), 145);
    ck_assert_uint_eq(number[140], 1);
    scratch_write(at("being.tmp"), "no log at all\n");
    move("being.tmp", "app.evtx");
    TAKER_WAIT(t, t->trouble[FOLLOW_UNREADABLE] == 1);
    ck_assert_msg(strstr(t->text, "app.evtx cannot be read: it is no event log (.evtx)"), "%s", t->text);
}
END_TEST

/* What went by between two copies of one name. */
START_TEST(what_was_written_over_is_told)
{
    begin();
    write_records(10);
    put_copy("app.evt");
    TAKER_WAIT(t, ended_again("app.evt", 1));
    write_records(2000);
    put_copy("app.evt");
    TAKER_WAIT(t, ended_again("app.evt", 2));
    ck_assert_uint_eq(taker_log(t, at("app.evt"))->losts, 1);
    ck_assert_msg(strstr(taker_log(t, at("app.evt"))->lost, "(11 to ") != NULL, "%s", taker_log(t, at("app.evt"))->lost);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("follow_drop_logs");
    TCase *c = tcase_create("logs");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(c, setup_logs, teardown_logs);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, copies_of_a_log_bring_each_record_once);
    tcase_add_test(c, one_name_for_all_copies);
    tcase_add_test(c, a_log_that_goes_round_loses_nothing);
    tcase_add_test(c, a_log_that_was_cleared_is_another);
    tcase_add_test(c, an_older_copy_that_comes_late_is_known);
    tcase_add_test(c, gaps_of_an_earlier_copy_are_filled);
    tcase_add_test(c, damage_within_a_copy);
    tcase_add_test(c, packed_with_gzip);
    tcase_add_test(c, goes_on_after_a_restart_in_the_middle);
    tcase_add_test(c, another_log_in_its_place_is_read_whole);
    tcase_add_test(c, a_single_pass_reads_all_copies);
    tcase_add_test(c, a_file_that_is_no_log);
    tcase_add_test(c, copies_of_an_evtx);
    tcase_add_test(c, an_evtx_that_is_followed);
    tcase_add_test(c, what_was_written_over_is_told);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
