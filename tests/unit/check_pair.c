/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_pair.c - the bounds of pairing: failures remembered, reports held,
 * sources of unknown zone.  Which line proves which report is in
 * tests/scenarios/pairing.scn and zones.scn. */
#include "build.h"

#include "tests/unit/engine.h"

static const struct eventlog log_record = {.number = 109};

enum { START = 900000000 };

static struct event
failed_copy(unsigned package, char *name)
{
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);

    ev.f.package = str_make(name, (size_t) sprintf(name, "DOG%05X", package));
    ev.f.target = STR("E:\\SMS_PKGE\\x");
    return ev;
}

static struct event
blank_report(unsigned package, char *name)
{
    struct event ev = {.cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR, .log = &log_record};

    ev.f.package = str_make(name, (size_t) sprintf(name, "DOG%05X", package));
    ev.f.server = STR("ANFIELD");
    ev.f.share = STR("SMS_PKGE");
    ev.f.claimed = ev.f.caused = ev.f.misreported = true;
    ev.f.claim_class = CLASS_DISK_FULL;
    ev.f.claim_event = STR("109");
    ev.f.cause_class = CLASS_FILE_CONTENTION;
    ev.f.figures = FIGURES_BLANK;
    ev.f.basis = BASIS_BLANK_FIGURES;
    ev.f.confidence = CONFIDENCE_PROBABLE;
    return ev;
}

START_TEST(the_newest_10000_failures_are_remembered)
{
    struct engine e;
    char name[32];
    struct event ev;

    engine_open(&e);
    for (unsigned i = 0; i <= PAIR_FAILURES_MAX; i++) {
        ev = failed_copy(i, name);
        engine_feed(&e, &ev, 1, START);
    }
    ck_assert_uint_eq(correlate_pairs(e.correlate)->forgotten, 1);
    for (unsigned i = 0; i <= PAIR_FAILURES_MAX; i += PAIR_FAILURES_MAX / 10) {
        ev = blank_report(i, name);
        engine_feed(&e, &ev, 2, START + 5);
    }
    ck_assert_int_eq(correlate_finish(e.correlate, e.arena, &e.sink), 0);
    ck_assert_uint_eq(correlate_pairs(e.correlate)->paired, 10);
    ck_assert_uint_eq(correlate_pairs(e.correlate)->unpaired, 1);
    engine_close(&e);
}
END_TEST

/* One host's flood does not push out what another host failed at; all hosts
 * together are bounded, too. */
START_TEST(each_host_has_its_own_failures)
{
    struct engine e;
    char name[32], host[32];
    struct event ev;

    engine_open(&e);
    ev = failed_copy(1, name);
    ev.f.host = STR("BOBCAT");
    engine_feed(&e, &ev, 1, START);
    for (unsigned i = 0; i < PAIR_FAILURES_MAX + 500; i++) {
        ev = failed_copy(100 + i, name);
        engine_feed(&e, &ev, 1, START);
    }
    ck_assert_uint_eq(correlate_pairs(e.correlate)->forgotten, 500);
    ev = blank_report(1, name);
    ev.f.server = STR("BOBCAT");
    engine_feed(&e, &ev, 2, START + 5);
    ck_assert_int_eq(correlate_finish(e.correlate, e.arena, &e.sink), 0);
    ck_assert_uint_eq(correlate_pairs(e.correlate)->paired, 1);
    for (unsigned i = 0; i < PAIR_FAILURES_ALL; i++) {
        ev = failed_copy(100 + i % 50, name);
        ev.f.host = str_make(host, (size_t) sprintf(host, "HOST%u", i / 1000));
        engine_feed(&e, &ev, 1, START + 10);
    }
    ck_assert_uint_eq(correlate_pairs(e.correlate)->forgotten, 500 + PAIR_FAILURES_MAX + 1);
    engine_close(&e);
}
END_TEST

/* A storm of reports: the oldest is let go early, none is lost. */
START_TEST(the_10001st_report_lets_the_oldest_go)
{
    struct engine e;
    char name[32];
    struct event ev;

    engine_open(&e);
    for (unsigned i = 0; i < PAIR_HELD_MAX; i++) {
        ev = blank_report(i, name);
        engine_feed(&e, &ev, 2, START);
    }
    ck_assert_uint_eq(e.events, 0);
    ck_assert_uint_eq(correlate_held(e.correlate), PAIR_HELD_MAX);
    for (unsigned i = 0; i < 3; i++) {
        ev = blank_report(PAIR_HELD_MAX + i, name);
        engine_feed(&e, &ev, 2, START + 1);
        ck_assert_uint_eq(e.events, i + 1);
    }
    ck_assert_uint_eq(correlate_held(e.correlate), PAIR_HELD_MAX);
    ck_assert_uint_eq(correlate_pairs(e.correlate)->early, 3);
    ck_assert_int_eq(correlate_finish(e.correlate, e.arena, &e.sink), 0);
    ck_assert_uint_eq(e.events, PAIR_HELD_MAX + 3);
    ck_assert_uint_eq(correlate_held(e.correlate), 0);
    engine_close(&e);
}
END_TEST

START_TEST(reports_are_let_go_in_order_when_their_window_has_passed)
{
    struct engine e;
    char name[32];
    struct event ev;

    engine_open(&e);
    for (unsigned i = 0; i < 100; i++) {
        ev = blank_report(i, name);
        engine_feed(&e, &ev, 2, START + i);
    }
    /* START + 99 lets go what came before START + 39. */
    ck_assert_uint_eq(e.events, 39);
    ev = engine_line(FACT_NONE, CLASS_ACTIVITY);
    engine_feed(&e, &ev, 1, START + 100);
    ck_assert_uint_eq(e.events, 41);
    engine_feed(&e, &ev, 1, START + 1000);
    ck_assert_uint_eq(e.events, 102);
    ck_assert_uint_eq(correlate_held(e.correlate), 0);
    ck_assert_int_eq(correlate_next_due(e.correlate) > (START + 1000) * WHEN_SECOND, 1);
    engine_close(&e);
}
END_TEST

/* More sources of unknown zone than there are clocks: they share the last. */
START_TEST(unknown_zones_are_bounded)
{
    struct engine e;
    char name[32];
    uint8_t *bytes;
    size_t n;

    engine_open(&e);
    for (unsigned i = 0; i < 2 * PAIR_CLOCKS_MAX; i++) {
        struct event ev = failed_copy(i, name);
        struct correlate_input in = {.ev = &ev, .source = 100 + i};

        ev.when = (struct when){.local = (START + i) * WHEN_SECOND, .local_known = true};
        ck_assert_int_eq(correlate_event(e.correlate, e.arena, &e.sink, &in), 0);
        arena_reset(e.arena);
    }
    ck_assert_int_eq(correlate_save(e.correlate, &bytes, &n), 0);
    correlate_free(e.correlate);
    e.correlate = correlate_new(e.catalogue);
    ck_assert_int_eq(correlate_restore(e.correlate, bytes, n), 0);
    free(bytes);
    for (unsigned i = 0; i < 2 * PAIR_CLOCKS_MAX; i += 100) {
        struct event ev = blank_report(i, name);

        engine_feed(&e, &ev, 2, START + i + 7 * 3600 + 5);
    }
    ck_assert_int_eq(correlate_finish(e.correlate, e.arena, &e.sink), 0);
    ck_assert_uint_eq(correlate_pairs(e.correlate)->paired, 21);
    engine_close(&e);
}
END_TEST

int
main(void)
{
    TCase *tc = tcase_create("pair");

    tcase_add_test(tc, the_newest_10000_failures_are_remembered);
    tcase_add_test(tc, each_host_has_its_own_failures);
    tcase_add_test(tc, the_10001st_report_lets_the_oldest_go);
    tcase_add_test(tc, reports_are_let_go_in_order_when_their_window_has_passed);
    tcase_add_test(tc, unknown_zones_are_bounded);
    return engine_main("pair", tc);
}
