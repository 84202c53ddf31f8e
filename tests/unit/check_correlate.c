/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_correlate.c - a restart changes nothing: each scenario again, with the
 * correlator saved, restored and exchanged between records, must give the same
 * items to the byte; and bytes that are no saved state are refused. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/catalogue.h"
#include "parsers/correlate.h"
#include "parsers/when.h"
#include "tests/unit/scenario.h"

/* Longer ones are cut at chosen records only: the work grows as the square.
 * A process has so many scenarios in turn: to make one, and to look for leaks at its
 * end, costs more than most scenarios do. */
enum { EVERY_BOUNDARY = 40, ID_COLUMNS = 44, BATCH = 12 };

static struct scenario **all;
static unsigned n_all;

static void
read_all(void)
{
    unsigned n_files;
    char **file = scenario_files(&n_files);

    for (unsigned i = 0; i < n_files; i++) {
        unsigned n;
        struct scenario *s = scenario_read(file[i], &n);

        for (unsigned j = 0; j < n; j++) {
            all = realloc(all, (n_all + 1) * sizeof(struct scenario *));
            all[n_all++] = &s[j];
        }
        free(file[i]);
    }
    free(file);
}

/* 'parts' is given back. */
static void
same_items(const struct scenario *s, const struct scenario_result *whole, struct scenario_result *parts, int restart)
{
    for (unsigned i = 0; i < whole->n_items && i < parts->n_items; i++)
        ck_assert_msg(strcmp(whole->item[i].xml, parts->item[i].xml) == 0,
                      "%s:%d: %s: restart %d: item %u differs\n  without %s  with    %s", s->path, s->line, s->title,
                      restart, i, whole->item[i].xml, parts->item[i].xml);
    ck_assert_msg(whole->n_items == parts->n_items, "%s:%d: %s: restart %d: %u items instead of %u", s->path, s->line,
                  s->title, restart, parts->n_items, whole->n_items);
    ck_assert_uint_eq(whole->records, parts->records);
    scenario_result_free(parts, s);
}

static void
compare(const struct scenario *s, const struct scenario_result *whole, int restart)
{
    same_items(s, whole, scenario_run(s, restart), restart);
}

/* Waiting by arrival starts anew with the program: there a restart does change
 * when things are told, and the script itself says where. */
static bool
waits(const struct scenario *s)
{
    for (unsigned i = 0; i < s->n_steps; i++)
        if (s->step[i].kind == STEP_LIVE)
            return true;
    return false;
}

/* 'test' with each scenario of batch 'number'. */
static void
each_of(int number, void (*test)(const struct scenario *, unsigned index))
{
    for (unsigned i = (unsigned) number * BATCH; i < n_all && i < ((unsigned) number + 1) * BATCH; i++)
        test(all[i], i);
}

static void
restart_anywhere(const struct scenario *s, unsigned index)
{
    struct scenario_result *whole = waits(s) ? NULL : scenario_run(s, SCENARIO_RESTART_NEVER);

    (void) index;
    if (!whole)
        return;
    compare(s, whole, SCENARIO_RESTART_ALWAYS);
    for (unsigned at = 1; at <= whole->records; at += whole->records > EVERY_BOUNDARY ? 17 : 1)
        compare(s, whole, (int) at);
    scenario_result_free(whole, s);
}

START_TEST(a_restart_after_any_record_changes_nothing)
{
    each_of(_i, restart_anywhere);
}
END_TEST

/* Commits at random between the records, some of them rolled back, and a
 * restart from what they left: nothing changes. */
static void
commits_at_random(const struct scenario *s, unsigned index)
{
    struct scenario_result *whole = waits(s) ? NULL : scenario_run(s, SCENARIO_RESTART_NEVER);

    if (!whole)
        return;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct scenario_options o = {.restart = (int) ((seed * 7 + index) % (whole->records + 1)), .seed = seed};

        same_items(s, whole, scenario_run_with(s, &o), o.restart);
    }
    scenario_result_free(whole, s);
}

START_TEST(commits_at_random_change_nothing)
{
    each_of(_i, commits_at_random);
}
END_TEST

/* --- in one batch, and live ----------------------------------------------- */

/* Event items by their id and source; alarm changes are compared by where they end. */
static int
by_xml(const void *a, const void *b)
{
    const struct scenario_item *const *x = a, *const *y = b;

    const char *in_x = strstr((*x)->xml, "<source "), *in_y = strstr((*y)->xml, "<source ");
    int r;

    if ((*x)->alarm != (*y)->alarm)
        return (*x)->alarm ? 1 : -1;
    if ((*x)->alarm)
        return 0;
    /* Two sources may hold the same bytes, and so the same id. */
    if ((r = strncmp((*x)->xml, (*y)->xml, ID_COLUMNS)) == 0 && in_x && in_y)
        r = strncmp(in_x, in_y, strcspn(in_x, ">"));
    return r ? r : strcmp((*x)->xml, (*y)->xml);
}

static unsigned
sorted(const struct scenario_result *r, const struct scenario_item ***out)
{
    const struct scenario_item **list = calloc(r->n_items + 1, sizeof(const struct scenario_item *));
    unsigned n = 0;

    ck_assert_ptr_nonnull(list);
    for (unsigned i = 0; i < r->n_items; i++) {
        list[i] = &r->item[i];
        n += !r->item[i].alarm;
    }
    qsort(list, r->n_items, sizeof(const struct scenario_item *), by_xml);
    *out = list;
    return n;
}

static const char *
value(const struct scenario_item *it, const char *name)
{
    for (unsigned i = 0; i < it->n_fields; i++)
        if (strcmp(it->field[i].name, name) == 0)
            return it->field[i].value;
    return "none";
}

/* A report that was told before its evidence, and says so; or before the line
 * that proves it better than the one it had. */
static bool
told_early(const struct scenario_item *batch, const struct scenario_item *live)
{
    return strcmp(value(batch, "claim"), "disk-full") == 0 && strcmp(value(live, "claim"), "disk-full") == 0
           && strcmp(value(batch, "basis"), "figures") != 0
           && (strcmp(value(live, "evidence"), "none") == 0 ? strcmp(value(live, "confidence"), "confirmed") != 0
                                                            : strcmp(value(live, "evidence"), value(batch, "evidence")) != 0);
}

/* True when an alarm change of 'key' in 'r' has 'name' beginning or ending so. */
static bool
was_said(const struct scenario_result *r, const char *key, size_t n, const char *name, const char *words)
{
    for (unsigned i = 0; i < r->n_items; i++)
        if (r->item[i].alarm && strlen(value(&r->item[i], "key")) == n
            && strncmp(value(&r->item[i], "key"), key, n) == 0 && strstr(value(&r->item[i], name), words))
            return true;
    return false;
}

/* What is open in 'x' is open in 'y'; but silence and age are measured by the
 * records in one batch, and by the clock live. */
static void
same_open(const struct scenario *s, const struct scenario_result *x, const struct scenario_result *y, uint64_t seed)
{
    for (unsigned i = 0; i < x->n_alarms; i++) {
        size_t n = strcspn(x->alarm[i], " ");
        bool found = was_said(x, x->alarm[i], n, "summary", "silent since")
                     || was_said(y, x->alarm[i], n, "reason", "aged");

        for (unsigned j = 0; j < y->n_alarms && !found; j++)
            found = strcmp(x->alarm[i], y->alarm[j]) == 0;
        ck_assert_msg(found, "%s:%d: %s: seed %llu: open in the end in one of batch and live: %s", s->path, s->line,
                      s->title, (unsigned long long) seed, x->alarm[i]);
    }
}

static void
same_in_the_end(const struct scenario *s, const struct scenario_result *batch, uint64_t seed, unsigned *early)
{
    struct scenario_options o = {.restart = SCENARIO_RESTART_NEVER, .seed = seed, .plain = true, .live = true};
    struct scenario_result *live = scenario_run_with(s, &o);
    const struct scenario_item **a, **b;
    unsigned n = sorted(batch, &a), m = sorted(live, &b);

    if (getenv("TEST_SHOW") && strcmp(s->path, "mixed") == 0) {
        for (unsigned i = 0; i < batch->n_items; i++)
            fprintf(stderr, "B%llu %s", (unsigned long long) seed, batch->item[i].xml);
        for (unsigned i = 0; i < live->n_items; i++)
            fprintf(stderr, "L%llu %s", (unsigned long long) seed, live->item[i].xml);
    }

    ck_assert_msg(n == m, "%s:%d: %s: seed %llu: %u events live, %u in one batch", s->path, s->line, s->title,
                  (unsigned long long) seed, m, n);
    for (unsigned i = 0; i < n; i++) {
        /* The id comes first in an event's line. */
        ck_assert_msg(strncmp(a[i]->xml, b[i]->xml, ID_COLUMNS) == 0, "%s:%d: %s: seed %llu: other ids:\n  %s  %s", s->path,
                      s->line, s->title, (unsigned long long) seed, a[i]->xml, b[i]->xml);
        if (strcmp(a[i]->xml, b[i]->xml) == 0)
            continue;
        ++*early;
        ck_assert_msg(told_early(a[i], b[i]), "%s:%d: %s: seed %llu: in one batch, then live:\n  %s  %s", s->path,
                      s->line, s->title, (unsigned long long) seed, a[i]->xml, b[i]->xml);
    }
    same_open(s, batch, live, seed);
    same_open(s, live, batch, seed);
    free(a);
    free(b);
    scenario_result_free(live, s);
}

static void
live_as_batch(const struct scenario *s, unsigned index)
{
    struct scenario_options o = {.restart = SCENARIO_RESTART_NEVER, .plain = true};
    struct scenario_result *batch = scenario_run_with(s, &o);
    unsigned early = 0;

    (void) index;
    for (uint64_t seed = 1; seed <= 8; seed++)
        same_in_the_end(s, batch, seed, &early);
    scenario_result_free(batch, s);
}

START_TEST(live_ends_as_one_batch_does)
{
    each_of(_i, live_as_batch);
}
END_TEST

/* --- logs made of the records of all scenarios ----------------------------- */

/* Other logs than those of 'make check':
 *     CK_RUN_CASE=mixed TEST_SEED=5000 TEST_MIXES=1000 TEST_PARTS=8 make check TESTS=tests/unit/check_correlate
 * (TEST_LOGS is automake's own.) */
enum { MIXED_LOGS = 30, MIXED_PARTS = 12 };

static uint64_t dice;
static unsigned n_parts = 8;

static uint64_t
wish(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static unsigned
roll(unsigned below)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned) (dice >> 33) % below;
}

/* One more step with the bytes of 'from', some of them left out or doubled. */
static void
mix_in(struct scenario *m, unsigned source, const struct scenario *s, const struct scenario_step *from)
{
    struct scenario_source *to = &m->source[source];
    size_t n = from->end - from->start;
    unsigned times = roll(10) == 0 ? 2 : roll(8) != 0;

    for (unsigned i = 0; i < times; i++) {
        struct scenario_step *step = &m->step[m->n_steps++];

        *step = (struct scenario_step){.kind = STEP_INPUT, .source = source, .start = to->n};
        memcpy(to->bytes + to->n, s->source[from->source].bytes + from->start, n);
        to->n += n;
        step->end = to->n;
    }
}

/* Which part has the record to be read next: the order of merged sources. */
static unsigned
next_part(const struct scenario *const *part, struct scenario_result *const *times, const unsigned *at)
{
    unsigned best = n_parts, turn = roll(n_parts);

    for (unsigned j = 0; j < n_parts; j++) {
        unsigned i = (turn + j) % n_parts;

        if (at[i] < part[i]->n_steps
            && (best == n_parts || times[i]->time[at[i]] < times[best]->time[at[best]]))
            best = i;
    }
    return best;
}

/* A log of up to MIXED_PARTS scenarios, merged by the times of their records;
 * the sources' names are made to differ.  Without times that can be compared
 * order and age have no meaning of their own: such records are left out. */
static struct scenario *
mixed(uint64_t seed)
{
    static char names[SCENARIO_SOURCES][64];
    struct scenario *m = calloc(1, sizeof *m);
    const struct scenario *part[MIXED_PARTS];
    struct scenario_options o = {.restart = SCENARIO_RESTART_NEVER, .plain = true};
    struct scenario_result *times[MIXED_PARTS];
    unsigned at[MIXED_PARTS] = {0}, base[MIXED_PARTS], steps = 0;

    ck_assert_ptr_nonnull(m);
    dice = seed * 0x9e3779b97f4a7c15u + 1;
    m->path = "mixed";
    m->title = "records of all scenarios";
    m->line = (int) seed;
    for (unsigned i = 0; i < n_parts; i++) {
        do {
            part[i] = all[roll(n_all)];
            times[i] = scenario_run_with(part[i], &o);
        } while (times[i]->untimed && (scenario_result_free(times[i], part[i]), true));
        base[i] = m->n_sources;
        at[i] = m->n_sources + part[i]->n_sources > SCENARIO_SOURCES ? part[i]->n_steps : 0;
        for (unsigned j = 0; at[i] == 0 && j < part[i]->n_sources; j++) {
            struct scenario_source *to = &m->source[m->n_sources];

            *to = part[i]->source[j];
            snprintf(names[m->n_sources], sizeof names[0], "%u-%s", m->n_sources, to->name);
            to->name = names[m->n_sources++];
            to->bytes = calloc(2, to->n + 1);
            to->n = 0;
        }
        steps += part[i]->n_steps;
    }
    ck_assert_ptr_nonnull(m->step = calloc(steps + 1, 2 * sizeof *m->step));
    for (unsigned i; (i = next_part(part, times, at)) < n_parts; at[i]++)
        if (part[i]->step[at[i]].kind == STEP_INPUT)
            mix_in(m, base[i] + part[i]->step[at[i]].source, part[i], &part[i]->step[at[i]]);
    for (unsigned i = 0; i < n_parts; i++)
        scenario_result_free(times[i], part[i]);
    return m;
}

static void
mixed_free(struct scenario *m)
{
    for (unsigned i = 0; i < m->n_sources; i++)
        free(m->source[i].bytes);
    free(m->step);
    free(m);
}

START_TEST(mixed_logs_end_alike_too)
{
    struct scenario *m = mixed(wish("TEST_SEED", 1) + (uint64_t) _i);
    struct scenario_options o = {.restart = SCENARIO_RESTART_NEVER, .plain = true};
    struct scenario_result *batch = scenario_run_with(m, &o);
    unsigned early = 0;

    for (uint64_t seed = 1; seed <= 3; seed++)
        same_in_the_end(m, batch, seed, &early);
    o.seed = (uint64_t) _i + 1;
    o.restart = (int) (batch->records / 2);
    same_items(m, batch, scenario_run_with(m, &o), o.restart);
    scenario_result_free(batch, m);
    mixed_free(m);
}
END_TEST

/* --- states that are none ------------------------------------------------- */

static struct catalogue *
builtin(void)
{
    struct catalogue_error error;
    struct catalogue *c = catalogue_new_builtin(&error);

    ck_assert_msg(c != NULL, "%s:%d: %s", error.file, error.line, error.text);
    return c;
}

static int
count_item(void *arg, const struct item *item)
{
    (void) item;
    ++*(unsigned *) arg;
    return 0;
}

/* A correlator with something of everything in it: an open run, a failed copy,
 * a held report, an open alarm, a source of unknown zone. */
static struct correlate *
busy(struct catalogue *c, unsigned *items)
{
    static const struct eventlog log = {.number = 109};
    struct correlate *k = correlate_new(c);
    struct arena *arena = arena_new(1 << 20);
    struct sink sink = {count_item, items};
    struct event found = {.id = "a", .cls = CLASS_ACTIVITY, .fact = FACT_INSTRUCTION_FOUND};
    struct event failed = {.id = "b", .cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR, .fact = FACT_COPY_FAILED};
    struct event report = {.id = "c", .cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR, .log = &log};
    struct correlate_input in = {.source = 1};

    ck_assert_ptr_nonnull(k);
    found.when.local_known = failed.when.local_known = report.when.utc_known = true;
    found.f.host = failed.f.host = STR("ANFIELD");
    found.f.thread = failed.f.thread = STR("1D0");
    found.f.instruction = STR("a.ins");
    failed.f.package = report.f.package = STR("DOG0005D");
    failed.f.target = STR("E:\\SMS_PKGE\\DOG0005D\\a.EXE");
    failed.f.caused = report.f.caused = true;
    failed.f.cause_class = report.f.cause_class = CLASS_FILE_CONTENTION;
    failed.f.basis = BASIS_CODE;
    report.f.claimed = true;
    report.f.claim_class = CLASS_DISK_FULL;
    report.f.claim_event = STR("109");
    report.f.figures = FIGURES_BLANK;
    report.f.basis = BASIS_BLANK_FIGURES;
    in.ev = &found;
    ck_assert_int_eq(correlate_event(k, arena, &sink, &in), 0);
    in.ev = &failed;
    ck_assert_int_eq(correlate_event(k, arena, &sink, &in), 0);
    in.ev = &report;
    in.source = 2;
    ck_assert_int_eq(correlate_event(k, arena, &sink, &in), 0);
    ck_assert_uint_eq(correlate_held(k), 1);
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(k)), 1);
    arena_free(arena);
    return k;
}

START_TEST(refuses_a_state_that_is_cut)
{
    struct catalogue *c = builtin();
    unsigned items = 0;
    struct correlate *k = busy(c, &items);
    uint8_t *bytes;
    size_t n;

    ck_assert_int_eq(correlate_save(k, &bytes, &n), 0);
    for (size_t cut = 0; cut < n; cut++) {
        struct correlate *other = correlate_new(c);
        uint8_t *part = malloc(cut ? cut : 1);

        memcpy(part, bytes, cut);
        ck_assert_msg(correlate_restore(other, part, cut) == -EINVAL, "the first %zu of %zu bytes were taken", cut, n);
        correlate_free(other);
        free(part);
    }
    free(bytes);
    correlate_free(k);
    catalogue_unref(c);
}
END_TEST

/* Whatever the bytes: refused, or a correlator that works on. */
START_TEST(bears_a_state_that_is_damaged)
{
    struct catalogue *c = builtin();
    unsigned items = 0, seed = 1, taken = 0;
    struct correlate *k = busy(c, &items);
    struct arena *arena = arena_new(1 << 22);
    struct sink sink = {count_item, &items};
    uint8_t *bytes;
    size_t n;

    ck_assert_int_eq(correlate_save(k, &bytes, &n), 0);
    for (unsigned round = 0; round < 1500; round++) {
        struct correlate *other = correlate_new(c);
        uint8_t *copy = malloc(n);

        memcpy(copy, bytes, n);
        for (unsigned i = 0; i < 1 + round % 3; i++) {
            seed = seed * 1103515245u + 12345u;
            copy[(seed >> 8) % n] = (uint8_t) (round % 2 ? seed >> 24 : 0xff);
        }
        if (correlate_restore(other, copy, n) == 0) {
            taken++;
            ck_assert_int_eq(correlate_finish(other, arena, &sink), 0);
        }
        arena_reset(arena);
        correlate_free(other);
        free(copy);
    }
    /* Most single bytes are text or time: the test must not see refusals only. */
    ck_assert_uint_gt(taken, 100);
    arena_free(arena);
    free(bytes);
    correlate_free(k);
    catalogue_unref(c);
}
END_TEST

static int
refuse_item(void *arg, const struct item *item)
{
    (void) arg;
    (void) item;
    return -ENOSPC;
}

START_TEST(hands_the_sinks_error_back)
{
    struct catalogue *c = builtin();
    struct correlate *k = correlate_new(c);
    struct arena *arena = arena_new(1 << 20);
    struct sink sink = {refuse_item, NULL};
    struct event ev = {.id = "a", .cls = CLASS_ACTIVITY};
    struct correlate_input in = {.ev = &ev, .source = 1};

    ck_assert_int_eq(correlate_event(k, arena, &sink, &in), -ENOSPC);
    arena_free(arena);
    correlate_free(k);
    catalogue_unref(c);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("correlate");
    TCase *tc = tcase_create("restart"), *state = tcase_create("state"), *live = tcase_create("live"),
          *mix = tcase_create("mixed");
    SRunner *sr;
    int failed, batches;

    scenario_load_catalogue();
    read_all();
    batches = (int) ((n_all + BATCH - 1) / BATCH);
    n_parts = (unsigned) wish("TEST_PARTS", n_parts);
    if (n_parts < 1 || n_parts > MIXED_PARTS)
        n_parts = MIXED_PARTS;
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, a_restart_after_any_record_changes_nothing, 0, batches);
    tcase_add_loop_test(tc, commits_at_random_change_nothing, 0, batches);
    suite_add_tcase(s, tc);
    tcase_set_timeout(live, 300);
    tcase_add_loop_test(live, live_ends_as_one_batch_does, 0, batches);
    suite_add_tcase(s, live);
    tcase_set_timeout(mix, 300);
    tcase_add_loop_test(mix, mixed_logs_end_alike_too, 0, (int) wish("TEST_MIXES", MIXED_LOGS));
    suite_add_tcase(s, mix);
    tcase_set_timeout(state, 300);
    tcase_add_test(state, refuses_a_state_that_is_cut);
    tcase_add_test(state, bears_a_state_that_is_damaged);
    tcase_add_test(state, hands_the_sinks_error_back);
    suite_add_tcase(s, state);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
