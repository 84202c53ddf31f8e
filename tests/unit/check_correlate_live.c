/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_correlate_live.c - what goes by arrival: our own alarms, clears by
 * hand, repetition, ages; and the state that the first version kept. */
#include "build.h"

#include <errno.h>

#include "tests/unit/engine.h"
#include "tests/unit/part_store.h"

enum { START = 900000000 };

static const struct eventlog log_record = {.number = 109};

/* The world as one test has it. */
struct world {
    bool past, end;
    unsigned asked;
};

static bool
read_past(void *arg, struct str host, int64_t until, int64_t arrival)
{
    struct world *w = arg;

    (void) until;
    (void) arrival;
    w->asked++;
    ck_assert(str_eq(host, STR("ANFIELD")) || host.n == 0);
    return w->past;
}

static bool
at_end(void *arg, uint64_t source)
{
    const struct world *w = arg;

    ck_assert_uint_eq(source, 1);
    return w->end;
}

static void
live(struct engine *e, struct world *w, int64_t t)
{
    struct correlate_live l = {.now = t * WHEN_SECOND, .read_past = read_past, .at_end = at_end, .arg = w};

    ck_assert_int_eq(correlate_live(e->correlate, e->arena, &e->sink, &l), 0);
    arena_reset(e->arena);
}

/* 'ev' as a record of source 1 that is dated 't' and arrives at 'arrival'. */
static void
arrive(struct engine *e, struct event *ev, int64_t t, int64_t arrival)
{
    struct correlate_input in = {.ev = ev, .source = 1, .arrival = arrival * WHEN_SECOND};
    static unsigned number;

    snprintf(ev->id, sizeof ev->id, "%032x", 0x10000 + ++number);
    ev->when = (struct when){.utc = t * WHEN_SECOND, .utc_known = true};
    ck_assert_int_eq(correlate_event(e->correlate, e->arena, &e->sink, &in), 0);
    arena_reset(e->arena);
}

/* --- our own state -------------------------------------------------------- */

static struct correlate_self
missing(bool raise, const char *summary, int64_t t)
{
    return (struct correlate_self){.kind = "MISSING", .name = STR("/mnt/sms/despool.log"), .raise = raise,
                                   .severity = SEVERITY_MAJOR, .host = STR("ANFIELD"), .summary = str_z(summary),
                                   .action = STR("Mount the share."), .reason = "found again", .now = t * WHEN_SECOND};
}

static void
self(struct engine *e, const struct correlate_self *s)
{
    ck_assert_int_eq(correlate_self(e->correlate, e->arena, &e->sink, s), 0);
    arena_reset(e->arena);
}

static char seen_summary[512], seen_action[128];
static enum severity seen_severity;
static enum alarm_state seen_state;
static struct when seen_when;

static void
see(struct engine *e, const struct item *item)
{
    (void) e;
    if (item->kind != ITEM_ALARM)
        return;
    ck_assert_int_le(snprintf(seen_summary, sizeof seen_summary, "%.*s", STR_ARG(item->alarm->summary)), 511);
    snprintf(seen_action, sizeof seen_action, "%.*s", STR_ARG(item->alarm->action));
    seen_severity = item->alarm->severity;
    seen_state = item->alarm->state;
    seen_when = item->alarm->when;
}

START_TEST(our_own_state_is_raised_once)
{
    struct correlate_self s = missing(true, "despool.log is missing", START);
    struct engine e;

    engine_open(&e);
    e.watch = see;
    self(&e, &s);
    ck_assert_uint_eq(e.raised, 1);
    ck_assert_str_eq(e.last_key, "self:MISSING:/MNT/SMS/DESPOOL.LOG");
    ck_assert_str_eq(seen_summary, "despool.log is missing");
    ck_assert_str_eq(seen_action, "Mount the share.");
    ck_assert_int_eq(seen_severity, SEVERITY_MAJOR);
    ck_assert(correlate_self_is_open(e.correlate, "MISSING", s.name));
    ck_assert(!correlate_self_is_open(e.correlate, "STALE", s.name));
    s.now += WHEN_SECOND;
    self(&e, &s);
    ck_assert_uint_eq(e.raised + e.updated + e.cleared, 1);
    s.severity = SEVERITY_MINOR;
    self(&e, &s);
    ck_assert_uint_eq(e.updated, 1);
    ck_assert_int_eq(seen_severity, SEVERITY_MINOR);
    s.summary = STR("despool.log is missing for 2 h");
    self(&e, &s);
    ck_assert_uint_eq(e.updated, 2);
    ck_assert_str_eq(seen_summary, "despool.log is missing for 2 h");
    s = missing(false, "", START + 100);
    self(&e, &s);
    ck_assert_uint_eq(e.cleared, 1);
    ck_assert_str_eq(seen_summary, "CLEARED: despool.log is missing for 2 h");
    ck_assert_str_eq(e.last_reason, "found again");
    ck_assert_str_eq(seen_action, "");
    self(&e, &s);
    ck_assert_uint_eq(e.cleared, 1);
    ck_assert(!correlate_self_is_open(e.correlate, "MISSING", s.name));
    engine_close(&e);
}
END_TEST

/* Names and words are whatever a file is called: one line, whole characters. */
START_TEST(words_are_cut_and_cleaned)
{
    struct correlate_self s = missing(true, "", START);
    struct engine e;
    char name[300], words[600];
    size_t n = 0;

    engine_open(&e);
    e.watch = see;
    memset(name, 'x', sizeof name);
    name[3] = '\xe9';
    name[4] = '\n';
    s.name = str_make(name, sizeof name);
    while (n + 2 < sizeof words) {
        memcpy(words + n, "\xc3\xa4", 2);
        n += 2;
    }
    words[2] = '\n';
    words[3] = '\x01';
    s.summary = str_make(words, n);
    self(&e, &s);
    ck_assert_uint_eq(e.raised, 1);
    ck_assert_uint_le(strlen(e.last_key), ALARM_KEY_MAX);
    ck_assert_ptr_null(strchr(seen_summary, '\n'));
    n = 0;
    for (size_t i = 0; seen_summary[i]; i++)
        n += ((unsigned char) seen_summary[i] & 0xc0) != 0x80;
    ck_assert_uint_eq(n, 100);
    ck_assert(correlate_self_is_open(e.correlate, "MISSING", s.name));
    engine_close(&e);
}
END_TEST

START_TEST(our_own_state_neither_ages_nor_is_pushed_out)
{
    struct correlate_self s = missing(true, "despool.log is missing", START);
    struct world w = {0};
    struct engine e;

    engine_open(&e);
    self(&e, &s);
    live(&e, &w, START);
    for (unsigned i = 0; i < ALARM_OPEN_MAX + 10; i++) {
        struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);
        char name[32];

        ev.f.package = str_make(name, (size_t) sprintf(name, "DOG%05X", i));
        ev.f.target = STR("E:\\x");
        arrive(&e, &ev, START + 10 + i / 100, START + 10 + i / 100);
    }
    ck_assert_uint_eq(alarm_counters(correlate_alarms(e.correlate))->evicted, 11);
    ck_assert(correlate_self_is_open(e.correlate, "MISSING", s.name));
    live(&e, &w, START + 9 * 86400);
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(e.correlate)), 1);
    ck_assert(correlate_self_is_open(e.correlate, "MISSING", s.name));
    engine_close(&e);
}
END_TEST

/* The program ends and starts again with what it saved. */
static void
again(struct engine *e)
{
    struct correlate *fresh = correlate_new(e->catalogue);
    struct part_store store;

    part_store_init(&store);
    ck_assert_int_eq(correlate_save_changes(e->correlate, part_store_put, &store), 0);
    ck_assert_int_eq(part_store_restore(&store, fresh, 3), 0);
    part_store_fini(&store);
    correlate_free(e->correlate);
    e->correlate = fresh;
}

START_TEST(our_own_state_survives_a_restart)
{
    struct correlate_self s = missing(true, "despool.log is missing", START);
    struct engine e;
    char id[EVENT_ID_SIZE];

    engine_open(&e);
    e.watch = see;
    self(&e, &s);
    memcpy(id, e.last_id, sizeof id);
    again(&e);
    self(&e, &s);
    ck_assert_uint_eq(e.raised + e.updated, 1);
    ck_assert_int_eq(correlate_resend(e.correlate, e.arena, &e.sink, ALARM_REASON_RESENT, (START + 50) * WHEN_SECOND), 0);
    ck_assert_str_eq(e.last_id, id);
    ck_assert_str_eq(e.last_reason, ALARM_REASON_RESENT);
    ck_assert_str_eq(seen_summary, "despool.log is missing");
    ck_assert_str_eq(seen_action, "Mount the share.");
    engine_close(&e);
}
END_TEST

/* --- by hand ---------------------------------------------------------------- */

START_TEST(resending_counts_as_no_change)
{
    struct engine e;
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);
    char id[EVENT_ID_SIZE];
    unsigned raised;

    engine_open(&e);
    e.watch = see;
    ev.f.package = STR("DOG0005D");
    ev.f.target = STR("E:\\x");
    engine_feed(&e, &ev, 1, START);
    engine_feed(&e, &ev, 1, START + 1000);
    memcpy(id, e.last_id, sizeof id);
    raised = e.raised;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(correlate_resend(e.correlate, e.arena, &e.sink, "resent", (START + 9000) * WHEN_SECOND), 0);
        ck_assert_str_eq(e.last_id, id);
        ck_assert_int_eq(seen_state, ALARM_RAISED);
        ck_assert_int_eq(seen_when.utc / WHEN_SECOND, START + 1000);
    }
    ck_assert_uint_eq(e.raised, raised + 3);
    ck_assert_uint_eq(alarm_counters(correlate_alarms(e.correlate))->raised, 1);
    engine_feed(&e, &ev, 1, START + 2000);
    ck_assert_str_ne(e.last_id, id);
    engine_close(&e);
}
END_TEST

START_TEST(a_clear_by_hand_says_why)
{
    struct engine e;
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);

    engine_open(&e);
    ev.f.package = STR("DOG0005D");
    ev.f.target = STR("E:\\x");
    engine_feed(&e, &ev, 1, START);
    ck_assert_int_eq(correlate_clear(e.correlate, e.arena, &e.sink, STR("dist:ANFIELD:DOG0005E"), STR("x"), 1), -ENOENT);
    ck_assert_uint_eq(e.cleared, 0);
    ck_assert_int_eq(correlate_clear(e.correlate, e.arena, &e.sink, STR("dist:ANFIELD:DOG0005D"),
                                     STR("file closed\nby Bob"), (START + 10) * WHEN_SECOND), 0);
    ck_assert_uint_eq(e.cleared, 1);
    ck_assert_str_eq(e.last_reason, "file closed by Bob");
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(e.correlate)), 0);
    /* What was written before it is late news; what comes after is new. */
    engine_feed(&e, &ev, 1, START + 5);
    ck_assert_uint_eq(e.raised, 1);
    engine_feed(&e, &ev, 1, START + 11);
    ck_assert_uint_eq(e.raised, 2);
    engine_close(&e);
}
END_TEST

/* --- ages -------------------------------------------------------------------- */

START_TEST(ages_follow_arrival_once_history_is_read)
{
    struct world w = {0};
    struct engine e;
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);
    struct event idle = engine_line(FACT_NONE, CLASS_ACTIVITY);
    int64_t day = 86400;

    engine_open(&e);
    e.reason = "aged";
    ev.f.package = STR("DOG0005D");
    ev.f.target = STR("E:\\x");
    /* A log whose clock is ten years behind. */
    live(&e, &w, START);
    arrive(&e, &ev, START - 3650 * day, START);
    live(&e, &w, START + 2 * 3600 - 1);
    ck_assert_uint_eq(e.updated, 0);
    live(&e, &w, START + 2 * 3600);
    ck_assert_uint_eq(e.updated, 1);
    ck_assert_str_eq(e.last_reason, "escalated: still open");
    /* Its clock is set right: ten years of record time are no age. */
    arrive(&e, &idle, START + 3 * 3600, START + 3 * 3600);
    ck_assert_uint_eq(e.cleared, 0);
    again(&e);
    live(&e, &w, START + 8 * day - 1);
    ck_assert_uint_eq(e.cleared, 0);
    /* The next record may come before the next look at the clock. */
    arrive(&e, &idle, START + 8 * day, START + 8 * day);
    ck_assert_uint_eq(e.count_reason, 1);
    engine_close(&e);
}
END_TEST

/* Nothing but time passed between the two commits. */
START_TEST(a_state_that_time_changed_is_whole)
{
    struct world w = {0};
    struct engine e;
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);
    struct part_store store;
    struct correlate *fresh;

    engine_open(&e);
    fresh = correlate_new(e.catalogue);
    ev.f.package = STR("DOG0005D");
    ev.f.target = STR("E:\\x");
    live(&e, &w, START);
    arrive(&e, &ev, START, START);
    part_store_init(&store);
    ck_assert_int_eq(correlate_save_changes(e.correlate, part_store_put, &store), 0);
    correlate_saved(e.correlate);
    live(&e, &w, START + 9 * 86400);
    ck_assert_uint_eq(e.cleared, 1);
    ck_assert_int_eq(correlate_save_changes(e.correlate, part_store_put, &store), 0);
    correlate_saved(e.correlate);
    ck_assert_int_eq(part_store_restore(&store, fresh, 3), 0);
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(fresh)), 0);
    /* And where nothing changed, nothing is written. */
    store.put = 0;
    ck_assert_int_eq(correlate_save_changes(e.correlate, part_store_put, &store), 0);
    ck_assert_uint_eq(store.put, 0);
    part_store_fini(&store);
    correlate_free(fresh);
    engine_close(&e);
}
END_TEST

START_TEST(an_alarm_of_history_has_its_own_age)
{
    struct world w = {0};
    struct engine e;
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);

    engine_open(&e);
    e.reason = "aged";
    ev.f.package = STR("DOG0005D");
    ev.f.target = STR("E:\\x");
    engine_feed(&e, &ev, 1, START);
    live(&e, &w, START + 7 * 86400);
    ck_assert_uint_eq(e.cleared, 0);
    live(&e, &w, START + 8 * 86400);
    ck_assert_uint_eq(e.count_reason, 1);
    engine_close(&e);
}
END_TEST

/* --- holding ------------------------------------------------------------------ */

static struct event
blank_report(void)
{
    struct event ev = {.cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR, .log = &log_record};

    ev.f.host = ev.f.server = STR("ANFIELD");
    ev.f.package = STR("DOG0005D");
    ev.f.claimed = ev.f.caused = ev.f.misreported = true;
    ev.f.claim_class = CLASS_DISK_FULL;
    ev.f.claim_event = STR("109");
    ev.f.cause_class = CLASS_FILE_CONTENTION;
    ev.f.figures = FIGURES_BLANK;
    ev.f.basis = BASIS_BLANK_FIGURES;
    ev.f.confidence = CONFIDENCE_PROBABLE;
    return ev;
}

START_TEST(a_report_waits_for_its_logs_and_not_for_ever)
{
    struct world w = {0};
    struct engine e;
    struct event ev = blank_report(), idle = engine_line(FACT_NONE, CLASS_ACTIVITY);

    engine_open(&e);
    live(&e, &w, START);
    arrive(&e, &ev, START, START);
    /* Another source is far ahead: that says nothing of this host's logs. */
    arrive(&e, &idle, START + 3600, START + 1);
    ck_assert_uint_eq(correlate_held(e.correlate), 1);
    live(&e, &w, START + 299);
    ck_assert_uint_ge(w.asked, 1);
    ck_assert_uint_eq(correlate_held(e.correlate), 1);
    live(&e, &w, START + 300);
    ck_assert_uint_eq(correlate_held(e.correlate), 0);
    arrive(&e, &ev, START + 4000, START + 301);
    w.past = true;
    live(&e, &w, START + 302);
    ck_assert_uint_eq(correlate_held(e.correlate), 0);
    /* A restart begins the time anew. */
    w.past = false;
    arrive(&e, &ev, START + 5000, START + 400);
    live(&e, &w, START + 600);
    again(&e);
    live(&e, &w, START + 701);
    live(&e, &w, START + 1000);
    ck_assert_uint_eq(correlate_held(e.correlate), 1);
    live(&e, &w, START + 1001);
    ck_assert_uint_eq(correlate_held(e.correlate), 0);
    engine_close(&e);
}
END_TEST

/* --- the first version -------------------------------------------------------- */

START_TEST(reads_the_state_of_the_first_version)
{
    const char *top = getenv("TEST_SRCDIR");
    struct engine e;
    struct event copied = engine_line(FACT_COPY_OK, CLASS_RECOVERED);
    static uint8_t bytes[1 << 16];
    char path[1024];
    size_t n;
    FILE *f;

    engine_open(&e);
    snprintf(path, sizeof path, "%s/data/correlate-1.state", top ? top : ".");
    ck_assert_ptr_nonnull(f = fopen(path, "r"));
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    ck_assert_int_eq(correlate_restore(e.correlate, bytes, n), 0);
    /* All of it goes into the journal's new form. */
    again(&e);
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(e.correlate)), 3);
    ck_assert_uint_eq(correlate_held(e.correlate), 1);
    ck_assert_ptr_nonnull(alarm_find(correlate_alarms(e.correlate), STR("stall:ANFIELD:C.INS")));
    ck_assert_int_eq(correlate_finish(e.correlate, e.arena, &e.sink), 0);
    ck_assert_uint_eq(e.events, 1);
    ck_assert_uint_eq(correlate_pairs(e.correlate)->paired, 1);
    copied.f.package = STR("DOG0005D");
    copied.f.target = STR("E:\\SMS_PKGE\\DOG0005D\\b.EXE");
    e.reason = "all files copied";
    engine_feed(&e, &copied, 1, START + 200);
    ck_assert_uint_eq(e.count_reason, 1);
    engine_close(&e);
}
END_TEST

START_TEST(refuses_the_first_version_cut_short)
{
    const char *top = getenv("TEST_SRCDIR");
    struct engine e;
    static uint8_t bytes[1 << 16];
    char path[1024];
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "%s/data/correlate-1.state", top ? top : ".");
    ck_assert_ptr_nonnull(f = fopen(path, "r"));
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    engine_open(&e);
    for (size_t cut = 0; cut < n; cut += 37) {
        struct correlate *k = correlate_new(e.catalogue);

        ck_assert_int_eq(correlate_restore(k, bytes, cut), -EINVAL);
        correlate_free(k);
    }
    engine_close(&e);
}
END_TEST

START_TEST(a_missing_part_is_noticed)
{
    struct correlate_self s = missing(true, "despool.log is missing", START);
    struct engine e;
    struct part_store store;
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION), report = blank_report();
    unsigned n;

    engine_open(&e);
    self(&e, &s);
    ev.f.package = STR("DOG0005D");
    ev.f.target = STR("E:\\x");
    engine_feed(&e, &ev, 1, START);
    engine_feed(&e, &report, 2, START + 1);
    part_store_init(&store);
    ck_assert_int_eq(correlate_save_changes(e.correlate, part_store_put, &store), 0);
    n = map_count(store.parts);
    for (unsigned i = 0; i < n; i++) {
        struct correlate *k = correlate_new(e.catalogue);
        char name[65];
        struct part_bytes *b = map_at(store.parts, i);

        snprintf(name, sizeof name, "%s", map_key_at(store.parts, i).p);
        map_take(store.parts, str_z(name));
        ck_assert_msg(part_store_restore(&store, k, i) == -EINVAL, "nobody missed %s", name);
        ck_assert(map_put(store.parts, str_z(name), b));
        correlate_free(k);
    }
    part_store_fini(&store);
    engine_close(&e);
}
END_TEST

int
main(void)
{
    TCase *tc = tcase_create("live");

    tcase_add_test(tc, our_own_state_is_raised_once);
    tcase_add_test(tc, words_are_cut_and_cleaned);
    tcase_add_test(tc, our_own_state_neither_ages_nor_is_pushed_out);
    tcase_add_test(tc, our_own_state_survives_a_restart);
    tcase_add_test(tc, resending_counts_as_no_change);
    tcase_add_test(tc, a_clear_by_hand_says_why);
    tcase_add_test(tc, ages_follow_arrival_once_history_is_read);
    tcase_add_test(tc, a_state_that_time_changed_is_whole);
    tcase_add_test(tc, an_alarm_of_history_has_its_own_age);
    tcase_add_test(tc, a_report_waits_for_its_logs_and_not_for_ever);
    tcase_add_test(tc, reads_the_state_of_the_first_version);
    tcase_add_test(tc, refuses_the_first_version_cut_short);
    tcase_add_test(tc, a_missing_part_is_noticed);
    return engine_main("correlate_live", tc);
}
