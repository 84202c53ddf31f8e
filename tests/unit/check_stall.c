/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_stall.c - threads as records write them, and the bounds of runs and
 * stalls.  The life of a stall is in tests/scenarios/stall.scn. */
#include "build.h"

#include "parsers/run.h"
#include "parsers/stall.h"
#include "tests/unit/engine.h"

enum { START = 900000000 };

START_TEST(reads_threads_in_every_form)
{
    static const struct {
        const char *format, *thread;
        bool known, form_1x;
        uint32_t number;
    } rows[] = {
        {"sms-log", "1D0", true, true, 0x1d0},
        {"sms-log", "168", true, true, 0x168},
        {"sms-log", "3816 (0xEE8)", true, false, 0xee8},
        {"sms-log", "6128 (0x17f0)", true, false, 0x17f0},
        {"sms-log", "4294798339 (0xFFFD6C03)", true, false, 0xfffd6c03},
        {"sms-log", "1180 (0x049C)", true, false, 0x49c},
        {"bracket-log", "464", true, false, 464},
        {"bracket-log", "4294967295", true, false, 4294967295u},
        {"event-xml", "4072", true, false, 4072},
        {"sms-log", "", false, true, 0},
        {"sms-log", "xyz", false, true, 0},
        {"sms-log", NULL, false, true, 0},
        {"sms-log", "(0x)", false, false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event ev = {.format = str_z(rows[i].format)};
        struct run_thread t;

        ev.f.thread = str_z(rows[i].thread);
        t = run_thread(&ev);
        ck_assert_msg(t.known == rows[i].known && t.number == rows[i].number, "thread %s of %s: %u", rows[i].thread,
                      rows[i].format, t.number);
        ck_assert(!t.known || t.form_1x == rows[i].form_1x);
    }
}
END_TEST

START_TEST(keys_tell_threads_hosts_and_sources_apart)
{
    char a[RUN_KEY_SIZE], b[RUN_KEY_SIZE], host[400];

    memset(host, 'h', sizeof host);
    ck_assert(str_eq(run_key(a, STR("ANFIELD"), true, 5, 1), run_key(b, STR("anfield"), true, 5, 2)));
    ck_assert(!str_eq(run_key(a, STR("ANFIELD"), true, 5, 1), run_key(b, STR("ANFIELD"), true, 6, 1)));
    ck_assert(!str_eq(run_key(a, STR("ANFIELD"), true, 5, 1), run_key(b, STR("BOBCAT"), true, 5, 1)));
    ck_assert(!str_eq(run_key(a, STR("ANFIELD"), true, 5, 1), run_key(b, STR("ANFIELD"), false, 5, 5)));
    ck_assert(!str_eq(run_key(a, STR_NONE, true, 5, 1), run_key(b, STR_NONE, true, 5, 2)));
    ck_assert_uint_le(run_key(a, str_make(host, sizeof host), true, 5, 1).n, RUN_KEY_SIZE);
}
END_TEST

static void
stall(struct engine *e, unsigned number, int64_t t)
{
    static char name[32], thread[16];
    struct event found = engine_line(FACT_INSTRUCTION_FOUND, CLASS_ACTIVITY);
    struct event open = engine_line(FACT_INSTRUCTION_OPEN_FAILED, CLASS_FILE_CONTENTION);
    struct event unread = engine_line(FACT_INSTRUCTION_UNREAD, CLASS_UNCLASSIFIED);

    found.f.instruction = open.f.instruction = str_make(name, (size_t) sprintf(name, "%08u.ins", number));
    found.f.thread = open.f.thread = unread.f.thread
        = str_make(thread, (size_t) sprintf(thread, "%u (0x%x)", number + 1, number + 1));
    open.f.signature = STR("instruction-open-failed");
    unread.continues = catalogue_begins(e->catalogue, &open);
    engine_feed(e, &found, 1, t);
    engine_feed(e, &open, 1, t);
    engine_feed(e, &unread, 1, t);
}

START_TEST(the_oldest_stall_goes_with_a_word)
{
    struct engine e;

    engine_open(&e);
    e.reason = "evicted: too many stalls";
    for (unsigned i = 0; i < STALL_OPEN_MAX; i++)
        stall(&e, i, START + i);
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(e.correlate)), STALL_OPEN_MAX);
    ck_assert_uint_eq(e.count_reason, 0);
    for (unsigned i = 0; i < 3; i++) {
        char key[ALARM_KEY_MAX + 1], name[32];

        stall(&e, STALL_OPEN_MAX + i, START + STALL_OPEN_MAX + i);
        ck_assert_uint_eq(e.count_reason, i + 1);
        alarm_key(key, "stall", STR("ANFIELD"), str_make(name, (size_t) sprintf(name, "%08u.ins", i)));
        ck_assert_ptr_null(alarm_find(correlate_alarms(e.correlate), str_z(key)));
    }
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(e.correlate)), STALL_OPEN_MAX);
    engine_close(&e);
}
END_TEST

/* Threads without end: the table of runs stays bounded, and a run that was
 * pushed out is simply one that was not seen to begin. */
START_TEST(runs_are_bounded)
{
    struct engine e;

    engine_open(&e);
    for (unsigned i = 0; i < RUN_MAX + 100; i++) {
        char name[32], thread[16];
        struct event found = engine_line(FACT_INSTRUCTION_FOUND, CLASS_ACTIVITY);

        found.f.instruction = str_make(name, (size_t) sprintf(name, "%08u.ins", i));
        found.f.thread = str_make(thread, (size_t) sprintf(thread, "%u (0x%x)", i + 1, i + 1));
        engine_feed(&e, &found, 1, START + i);
    }
    for (unsigned i = 0; i < RUN_MAX + 100; i++) {
        char thread[16];
        struct event done = engine_line(FACT_INSTRUCTION_EXECUTED, CLASS_RECOVERED);

        done.f.thread = str_make(thread, (size_t) sprintf(thread, "%u (0x%x)", i + 1, i + 1));
        engine_feed(&e, &done, 1, START + 10000);
    }
    ck_assert_uint_eq(e.events, 2 * (RUN_MAX + 100));
    ck_assert(correlate_idle(e.correlate));
    engine_close(&e);
}
END_TEST

/* A run that brings more packages than can be remembered proves nothing for
 * any of them: an alarm stays rather than end wrongly. */
START_TEST(a_crowded_run_clears_nothing)
{
    for (unsigned many = RUN_CARGO; many <= RUN_CARGO + 1; many++) {
        struct engine e;
        struct event failed = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);
        struct event found = engine_line(FACT_INSTRUCTION_FOUND, CLASS_ACTIVITY);
        struct event done = engine_line(FACT_INSTRUCTION_EXECUTED, CLASS_RECOVERED);

        engine_open(&e);
        failed.f.package = STR("DOG00000");
        failed.f.target = STR("E:\\SMS_PKGE\\DOG00000\\x");
        engine_feed(&e, &failed, 1, START);
        engine_feed(&e, &found, 1, START + 100);
        for (unsigned i = 0; i < many; i++) {
            struct event work = engine_line(FACT_PACKAGE_WORK, CLASS_ACTIVITY);
            char name[32];

            work.f.package = str_make(name, (size_t) sprintf(name, "DOG%05X", i));
            engine_feed(&e, &work, 1, START + 101);
        }
        engine_feed(&e, &done, 1, START + 110);
        ck_assert_uint_eq(e.cleared, many == RUN_CARGO);
        engine_close(&e);
    }
}
END_TEST

int
main(void)
{
    TCase *tc = tcase_create("stall");

    tcase_add_test(tc, reads_threads_in_every_form);
    tcase_add_test(tc, keys_tell_threads_hosts_and_sources_apart);
    tcase_add_test(tc, the_oldest_stall_goes_with_a_word);
    tcase_add_test(tc, runs_are_bounded);
    tcase_add_test(tc, a_crowded_run_clears_nothing);
    return engine_main("stall", tc);
}
