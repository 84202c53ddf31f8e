/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_bounds.c - memory is bounded whatever comes in: each table of the
 * correlator is flooded to its bound and well over it.  Up to there nothing is
 * lost; beyond it memory stays as it is, and what goes is counted. */
#include "build.h"

#include <malloc.h>
#include <stdarg.h>

#include "forwarder/bounds.h"
#include "parsers/run.h"
#include "parsers/sequence.h"
#include "parsers/stall.h"
#include "tests/unit/engine.h"

enum { START = 900000000 };

static const struct eventlog event_log = {.number = 109};

/* Thread, package, instruction or source number 'i'. */
static char name_text[4][32];
__attribute__((format(printf, 2, 3))) static struct str
named(unsigned slot, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(name_text[slot], sizeof name_text[slot], format, ap);
    va_end(ap);
    return str_make(name_text[slot], (size_t) n);
}

static void
feed_report(struct engine *e, unsigned i)
{
    struct event ev = {.cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR, .log = &event_log};

    ev.f.host = ev.f.server = STR("ANFIELD");
    ev.f.package = named(0, "DOG%05X", i);
    ev.f.claimed = ev.f.caused = true;
    ev.f.claim_class = CLASS_DISK_FULL;
    ev.f.claim_event = STR("109");
    ev.f.cause_class = CLASS_FILE_CONTENTION;
    ev.f.figures = FIGURES_BLANK;
    ev.f.basis = BASIS_BLANK_FIGURES;
    engine_feed(e, &ev, 2, START);
}

static void
feed_copy(struct engine *e, unsigned i)
{
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);

    ev.f.package = STR("DOG0005D");
    ev.f.target = named(0, "E:\\%u", i);
    engine_feed(e, &ev, 1, START + i / 100);
}

static void
feed_alarm(struct engine *e, unsigned i)
{
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);

    ev.f.package = named(0, "DOG%05X", i);
    ev.f.target = STR("E:\\x");
    engine_feed(e, &ev, 1, START + i / 100);
}

static void
feed_cleared(struct engine *e, unsigned i)
{
    struct event ok = engine_line(FACT_COPY_OK, CLASS_RECOVERED);

    feed_alarm(e, i);
    ok.f.package = named(0, "DOG%05X", i);
    ok.f.target = STR("E:\\x");
    engine_feed(e, &ok, 1, START + i / 100);
}

static struct event
on_thread(enum event_fact fact, enum event_class cls, unsigned i)
{
    struct event ev = engine_line(fact, cls);

    ev.f.thread = named(1, "%u (0x%x)", i + 1, i + 1);
    ev.f.instruction = named(2, "%08u.ins", i);
    return ev;
}

static void
feed_run(struct engine *e, unsigned i)
{
    struct event ev = on_thread(FACT_INSTRUCTION_FOUND, CLASS_ACTIVITY, i);

    engine_feed(e, &ev, 1, START);
}

/* The sequence that a failed open of an instruction begins with its next line. */
static uint64_t
sequence_bit(const struct catalogue *c, bool stall)
{
    for (unsigned i = 0; i < catalogue_sequences(c); i++) {
        const struct catalogue_sequence *s = catalogue_sequence(c, i);

        if (!s->silence && (s->cls == CLASS_STALL) == stall && (stall || s->same == SEQUENCE_THREAD))
            return UINT64_C(1) << i;
    }
    ck_abort_msg("the catalogue has no such sequence");
}

static void
feed_stall(struct engine *e, unsigned i)
{
    struct event open = on_thread(FACT_INSTRUCTION_OPEN_FAILED, CLASS_FILE_CONTENTION, i);
    struct event unread = on_thread(FACT_INSTRUCTION_UNREAD, CLASS_UNCLASSIFIED, i);
    struct event failed = on_thread(FACT_INSTRUCTION_FAILED, CLASS_ACTIVITY, i);

    open.f.signature = STR("instruction-open-failed");
    unread.continues = sequence_bit(e->catalogue, true);
    engine_feed(e, &open, 1, START);
    engine_feed(e, &unread, 1, START);
    engine_feed(e, &failed, 1, START);
}

static void
feed_sequence(struct engine *e, unsigned i)
{
    struct event ev = on_thread(FACT_NONE, CLASS_UNCLASSIFIED, i);

    ev.begins = sequence_bit(e->catalogue, false);
    engine_feed(e, &ev, 1, START);
}

static void
feed_source(struct engine *e, unsigned i)
{
    struct event ev = engine_line(FACT_NONE, CLASS_ACTIVITY);

    engine_feed(e, &ev, i + 10, START);
}

static const struct {
    const char *bound;
    unsigned limit;
    void (*feed)(struct engine *, unsigned i);
    bool leaves_more; /* what goes stays in other tables, until those are full too */
} flood[] = {
    {"reports", PAIR_HELD_MAX, feed_report, false},
    /* As many wait as may be told already. */
    {"settled", 2 * PAIR_HELD_MAX, feed_report, false},
    {"copies", PAIR_FAILURES_MAX, feed_copy, false},
    {"alarms", ALARM_OPEN_MAX, feed_alarm, false},
    {"clears", ALARM_CLEARED_MAX, feed_cleared, true},
    {"stalls", STALL_OPEN_MAX, feed_stall, true},
    {"runs", RUN_MAX, feed_run, false},
    {"sequences", SEQUENCE_PENDING_MAX, feed_sequence, false},
    {"sources", CORRELATE_SOURCES_MAX, feed_source, false},
};

static uint64_t
bound_count(struct engine *e, const char *name)
{
    struct bound b[BOUNDS];

    bounds_list(e->correlate, NULL, b);
    for (int i = 0; i < BOUNDS; i++)
        if (strcmp(b[i].name, name) == 0)
            return b[i].count;
    ck_abort_msg("no bound is called %s", name);
}

/* Bytes in use; 0 where the allocator does not say (sanitizers). */
static size_t
in_use(void)
{
    return mallinfo2().uordblks;
}

START_TEST(a_flood_takes_no_more_memory_and_is_counted)
{
    unsigned limit = flood[_i].limit, more = limit / 2 < 1000 ? limit / 2 : 200;
    unsigned warm = flood[_i].leaves_more ? 2 * limit + more : more;
    struct engine e;
    size_t full;

    engine_open(&e);
    for (unsigned i = 0; i < limit; i++)
        flood[_i].feed(&e, i);
    ck_assert_msg(bound_count(&e, flood[_i].bound) == 0, "%s: lost something within the bound", flood[_i].bound);
    /* Well over it, so that what is kept of the ones that go is there too. */
    for (unsigned i = 0; i < warm; i++)
        flood[_i].feed(&e, limit + i);
    full = in_use();
    for (unsigned i = 0; i < more; i++)
        flood[_i].feed(&e, limit + warm + i);
    ck_assert_msg(bound_count(&e, flood[_i].bound) == warm + more, "%s: %llu counted, %u went", flood[_i].bound,
                  (unsigned long long) bound_count(&e, flood[_i].bound), warm + more);
    ck_assert_msg(in_use() <= full + full / 8, "%s: %zu bytes became %zu", flood[_i].bound, full, in_use());
    engine_close(&e);
}
END_TEST

static unsigned told;

static void
count_failed_open(struct engine *e, const struct item *item)
{
    (void) e;
    told += item->kind == ITEM_ALARM && item->alarm->state == ALARM_RAISED;
}

/* The storms that are on leave no room for one more. */
START_TEST(storms_that_are_not_counted)
{
    struct storm_table *storms = storm_new();
    struct bound b[BOUNDS];
    struct engine e;

    engine_open(&e);
    for (unsigned i = 0; i <= STORM_TRACKED; i++) {
        const struct alarm_item a = {.key = named(0, "dist:S%u:P", i), .state = ALARM_RAISED, .cls = CLASS_NETWORK};

        for (unsigned k = 0; k <= STORM_RAISES; k++)
            storm_count(storms, &a, START);
    }
    bounds_list(e.correlate, storms, b);
    ck_assert_str_eq(b[BOUNDS - 1].name, "storms");
    ck_assert_uint_eq(b[BOUNDS - 1].count, STORM_RAISES + 1);
    ck_assert_int_eq(b[BOUNDS - 1].limit, STORM_TRACKED);
    engine_close(&e);
    storm_free(storms);
}
END_TEST

/* A run that is pushed out with a failed open held back: it is told first. */
START_TEST(what_a_run_held_back_is_told_before_it_goes)
{
    struct engine e;
    struct event open = on_thread(FACT_INSTRUCTION_OPEN_FAILED, CLASS_FILE_CONTENTION, 0);

    engine_open(&e);
    e.watch = count_failed_open;
    told = 0;
    open.f.file = STR("E:\\0.ins");
    engine_feed(&e, &open, 1, START);
    for (unsigned i = 1; i < RUN_MAX; i++)
        feed_run(&e, i);
    /* The youngest stands where the oldest did: it is not taken for it. */
    open = on_thread(FACT_INSTRUCTION_EXECUTED, CLASS_RECOVERED, 1);
    engine_feed(&e, &open, 1, START);
    feed_run(&e, RUN_MAX);
    ck_assert_uint_eq(told, 0);
    feed_run(&e, RUN_MAX + 1);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(bound_count(&e, "runs"), 1);
    engine_close(&e);
}
END_TEST

int
main(void)
{
    TCase *tc = tcase_create("bounds");

    tcase_add_loop_test(tc, a_flood_takes_no_more_memory_and_is_counted, 0, (int) (sizeof flood / sizeof flood[0]));
    tcase_add_test(tc, storms_that_are_not_counted);
    tcase_add_test(tc, what_a_run_held_back_is_told_before_it_goes);
    return engine_main("bounds", tc);
}
