/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_follow_snapshot.c - event logs (.evt) that are written over in place or
 * copied anew: each record comes once and byte by byte, whatever became of the
 * file between two looks. */
#include "build.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "forwarder/follow_snapshot.h"
#include "parsers/evt_pack.h"
#include "tests/unit/evt_sim.h"
#include "tests/unit/follow_log.h"

/* Ages of files, in seconds: old enough to stand still, and young enough that
 * damage may be a copy that is not whole; then too old for that. */
enum { STILL = 75, OLD = 600 };

static char evt_name[] = "evt";
static struct sim sim;
static unsigned made, versions;

/* --- the log ------------------------------------------------------------------- */

static void
setup_evt(void)
{
    setup();
    snprintf(pattern, sizeof pattern, "%s/*.evt", dir);
    t->format = evt_name;
    made = versions = 0;
    sim_init(&sim, 32768);
}

static void
teardown_evt(void)
{
    teardown();
    sim_fini(&sim);
}

/* Writes 'n' records into the log. */
static void
record(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct sim_entry e = made % 5 ? sim_sample(2 + made % 4) : sim_event_109();

        e.generated = 905446537 + made++;
        sim_write(&sim, &e);
    }
}

/* The last 'n' records must come. */
static void
expect(unsigned n)
{
    ck_assert_uint_le(n, sim.n_live);
    for (unsigned i = sim.n_live - n; i < sim.n_live; i++) {
        const struct sim_record *r = sim_live(&sim, i);

        if (n_written + r->length > cap_written) {
            cap_written = (n_written + r->length) * 2;
            ck_assert_ptr_nonnull(written = realloc(written, cap_written));
        }
        memcpy(written + n_written, r->bytes, r->length);
        n_written += r->length;
    }
}

/* No two versions of a file have one time. */
static void
set_age(const char *name, unsigned age)
{
    struct timespec when[2];

    clock_gettime(CLOCK_REALTIME, &when[0]);
    when[0].tv_sec -= age;
    when[0].tv_nsec = ++versions;
    when[1] = when[0];
    ck_assert_int_eq(utimensat(AT_FDCWD, at(name), when, 0), 0);
}

static void
save_bytes(const char *name, const void *p, size_t n, unsigned age)
{
    put(at("next.tmp"), p, n, O_TRUNC);
    set_age("next.tmp", age);
    move("next.tmp", name);
}

/* A copy beside it that is renamed; and one in place. */
static void
save(const char *name)
{
    sim_flush(&sim);
    save_bytes(name, sim.p, sim.size, STILL);
}

static void
write_over(const char *name, const void *p, size_t n, unsigned age)
{
    put(at(name), p, n, O_TRUNC);
    set_age(name, age);
}

/* --- what came ------------------------------------------------------------------- */

/* The records in the stream, their bytes to 'out'; how many bytes were bad. */
static size_t
unpack(const struct taken *g, char *out, uint64_t *bad, struct place_mark *mark)
{
    struct evt_pack pack;
    size_t k = 0;

    *bad = 0;
    *mark = (struct place_mark){0};
    for (size_t i = 0; g && i + EVT_PACK_PREFIX <= g->n;) {
        const char *p = g->bytes + i + EVT_PACK_PREFIX;

        ck_assert(evt_pack_get(g->bytes + i, &pack));
        if (pack.length > g->n - i - EVT_PACK_PREFIX)
            break;
        mark->known = true;
        if (pack.kind == EVT_BAD) {
            *bad += pack.length;
            mark->bad += pack.length;
        } else {
            *mark = (struct place_mark){true, evt_u32(p + 8), evt_u32(p + 12), evt_u32(p + 16), 0,
                                        place_sum(p, pack.length)};
            if (out)
                memcpy(out + k, p, pack.length);
            k += pack.length;
        }
        i += EVT_PACK_PREFIX + pack.length;
    }
    return k;
}

static void
mark_of(const struct taken *g, struct place_mark *out)
{
    uint64_t bad;

    unpack(g, NULL, &bad, out);
}

static size_t
bytes_of_records(const struct taken *g)
{
    struct place_mark mark;
    uint64_t bad;

    return unpack(g, NULL, &bad, &mark);
}

static uint64_t
bytes_bad(const struct taken *g)
{
    struct place_mark mark;
    uint64_t bad;

    unpack(g, NULL, &bad, &mark);
    return bad;
}

static void
begin(void)
{
    t->mark = mark_of;
    start();
}

/* Waits until two more looks through all files are over: what was there before
 * was seen and dealt with. */
static void
looked(void)
{
    struct follow_status s;
    int64_t last;

    for (int i = 0; i < 3; i++) {
        follow_status(t->follow, &s);
        last = s.looked;
        TAKER_WAIT(t, (follow_status(t->follow, &s), s.looked > last));
    }
}

/* Waits for what must come, then for more that should not. */
static void
all_records_came(void)
{
    const struct taken *g;
    char *got;
    struct place_mark mark;
    uint64_t bad;
    size_t n;

    TAKER_WAIT(t, the_log() && bytes_of_records(the_log()) >= n_written && the_log()->idle && !the_log()->more);
    looked();
    pthread_mutex_lock(&t->lock);
    g = the_log();
    ck_assert_ptr_nonnull(got = malloc(g->n + 1));
    n = unpack(g, got, &bad, &mark);
    ck_assert_msg(n == n_written, "%zu bytes of records came, not %zu", n, n_written);
    ck_assert(n == 0 || memcmp(got, written, n) == 0);
    ck_assert_uint_eq(g->losts, losts_allowed);
    pthread_mutex_unlock(&t->lock);
    free(got);
}

/* --- what becomes of a log ----------------------------------------------------------- */

START_TEST(one_that_grows)
{
    record(20);
    expect(20);
    save("App.evt");
    begin();
    all_records_came();
    for (unsigned i = 0; i < 4; i++) {
        record(1 + 7 * i);
        expect(1 + 7 * i);
        if (i % 2) {
            save("App.evt");
        } else { /* in place, with a header that is stale */
            write_over("App.evt", sim.p, sim.size, STILL);
        }
        all_records_came();
    }
    ck_assert_uint_eq(the_log()->files, 1);
    ck_assert_uint_eq(bytes_bad(the_log()), 0);
}
END_TEST

START_TEST(one_that_goes_round)
{
    unsigned before;

    record(300);
    expect(sim.n_live);
    save("App.evt");
    begin();
    all_records_came();
    for (unsigned i = 0; i < 5; i++) { /* never so far that one is missed */
        record(60);
        ck_assert(sim.full);
        expect(60);
        save("App.evt");
        all_records_came();
    }
    before = made;
    record(2000); /* and so far that all are new */
    expect(sim.n_live);
    save("App.evt");
    losts_allowed = 1;
    all_records_came();
    ck_assert_msg(strstr(the_log()->lost, "were written over before they were read") != NULL, "%s", the_log()->lost);
    snprintf(pattern, sizeof pattern, ": %u records (%u to %u) ", 2000 - sim.n_live, before + 1, made - sim.n_live);
    ck_assert_msg(strstr(the_log()->lost, pattern) != NULL, "%s, not%s", the_log()->lost, pattern);
}
END_TEST

START_TEST(one_that_is_cleared)
{
    record(40);
    expect(40);
    save("App.evt");
    begin();
    all_records_came();
    sim_clear(&sim);
    save("App.evt");
    looked();
    record(10); /* fewer than before */
    expect(10);
    save("App.evt");
    all_records_came();
    sim_clear(&sim); /* and again, seen only when it has more than before */
    record(30);
    expect(30);
    save("App.evt");
    all_records_came();
    record(1);
    expect(1);
    save("App.evt");
    all_records_came();
}
END_TEST

START_TEST(an_older_copy_brings_nothing)
{
    uint8_t *old = malloc(sim.size);

    record(20);
    sim_flush(&sim);
    memcpy(old, sim.p, sim.size);
    record(5);
    expect(25);
    save("App.evt");
    begin();
    all_records_came();
    save_bytes("App.evt", old, sim.size, STILL);
    all_records_came();
    record(3);
    expect(3);
    save("App.evt");
    all_records_came();
    free(old);
}
END_TEST

START_TEST(a_copy_that_is_not_whole_is_waited_for)
{
    record(30);
    expect(30);
    save("App.evt");
    begin();
    all_records_came();
    record(190);
    sim_flush(&sim);
    ck_assert_uint_lt(sim.end, sim_live(&sim, 0)->offset); /* it went round: what is cut off are the oldest */
    for (unsigned cut = 100; cut < sim.size; cut += 6000) {
        write_over("App.evt", sim.p, cut, STILL);
        TAKER_WAIT(t, the_log()->more);
        looked();
        ck_assert_uint_eq(bytes_of_records(the_log()), n_written);
    }
    write_over("App.evt", "", 0, STILL);
    looked();
    ck_assert_uint_eq(bytes_of_records(the_log()), n_written);
    expect(190);
    save("App.evt");
    all_records_came();
    ck_assert_uint_eq(bytes_bad(the_log()), 0);
    ck_assert_uint_eq(t->trouble[FOLLOW_UNREADABLE], 0);
}
END_TEST

START_TEST(what_stays_damaged_is_told_and_passed)
{
    const struct sim_record *r;
    uint32_t skipped;

    record(10);
    expect(10);
    sim_write(&sim, &(struct sim_entry){.generated = 1000000000, .source = u"Broken", .computer = u"A"});
    r = sim_live(&sim, sim.n_live - 1);
    skipped = r->length;
    memset(sim.p + r->offset + 4, 'X', 4);
    record(10);
    expect(10);
    sim_flush(&sim);
    write_over("App.evt", sim.p, sim.size, STILL);
    begin();
    TAKER_WAIT(t, the_log() && the_log()->idle && the_log()->more);
    looked();
    ck_assert_uint_eq(the_log()->n, 0);
    write_over("App.evt", sim.p, sim.size, OLD); /* as it is, it has been for long */
    all_records_came();
    ck_assert_uint_eq(bytes_bad(the_log()), skipped);
    /* It is told once, also where the log grows behind it. */
    record(4);
    expect(4);
    sim_flush(&sim);
    write_over("App.evt", sim.p, sim.size, OLD);
    all_records_came();
    ck_assert_uint_eq(bytes_bad(the_log()), skipped);
}
END_TEST

START_TEST(what_is_no_event_log_is_trouble_until_one_is_there)
{
    write_over("App.evt", "Application log", 15, OLD);
    begin();
    TAKER_WAIT(t, t->trouble[FOLLOW_UNREADABLE] == 1);
    ck_assert_msg(strstr(t->text, "App.evt cannot be read: it is no event log (.evt)") != NULL, "%s", t->text);
    record(3);
    expect(3);
    save("App.evt");
    all_records_came();
    TAKER_WAIT(t, t->well[FOLLOW_UNREADABLE] == 1);
}
END_TEST

START_TEST(a_restart_goes_on_where_it_was)
{
    record(50);
    expect(50);
    save("App.evt");
    begin();
    all_records_came();
    for (unsigned i = 0; i < 3; i++) {
        taker_stop(t);
        record(100); /* round the end, too */
        expect(100);
        save("App.evt");
        begin();
        all_records_came();
        ck_assert_uint_eq(the_log()->resumes, i + 1);
    }
    taker_stop(t);
    begin();
    all_records_came();
}
END_TEST

START_TEST(a_log_cleared_within_a_second_is_known_by_what_it_says)
{
    struct sim_entry e = sim_event_109();

    for (unsigned i = 0; i < 5; i++)
        sim_write(&sim, &e);
    expect(5);
    save("App.evt");
    begin();
    all_records_came();
    sim_clear(&sim); /* numbers and times are the same again */
    e.source = u"Other";
    for (unsigned i = 0; i < 5; i++)
        sim_write(&sim, &e);
    expect(5);
    save("App.evt");
    all_records_came();
}
END_TEST

START_TEST(a_single_pass_takes_what_is_there)
{
    struct follow_status s;

    record(30);
    expect(30);
    sim_flush(&sim);
    put(at("App.evt"), sim.p, sim.size, O_TRUNC); /* however young */
    t->mark = mark_of;
    taker_start(t, pattern, POLL_MS, true, BUDGET);
    TAKER_WAIT(t, (follow_status(t->follow, &s), s.ended));
    ck_assert(the_log()->final && the_log()->gone);
    ck_assert_uint_eq(bytes_of_records(the_log()), n_written);
}
END_TEST

START_TEST(hundreds_of_logs_keep_within_the_budget)
{
    enum { LOGS = 300, SMALL = 1 << 19 };
    char name[32];
    unsigned left = LOGS;

    record(300);
    expect(sim.n_live);
    for (unsigned i = 0; i < LOGS; i++) {
        snprintf(name, sizeof name, "%u.evt", i);
        save(name);
    }
    t->keep = true;
    t->mark = mark_of;
    taker_start(t, pattern, POLL_MS, false, SMALL);
    for (unsigned turns = 0; left && turns < 10000; turns++) {
        TAKER_WAIT(t, t->n_held > 0);
        taker_release(t);
        ck_assert_uint_le(t->held_most, SMALL + SNAPSHOT_READING * FOLLOW_LOOK);
        pthread_mutex_lock(&t->lock);
        t->keep = true;
        left = LOGS - t->n;
        for (unsigned i = 0; i < t->n; i++)
            left += t->log[i]->n <= n_written;
        pthread_mutex_unlock(&t->lock);
    }
    ck_assert_uint_eq(left, 0);
    for (unsigned i = 0; i < t->n; i++)
        ck_assert_uint_eq(bytes_of_records(t->log[i]), n_written);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("follow_snapshot");
    TCase *c = tcase_create("snapshot");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(c, setup_evt, teardown_evt);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, one_that_grows);
    tcase_add_test(c, one_that_goes_round);
    tcase_add_test(c, one_that_is_cleared);
    tcase_add_test(c, an_older_copy_brings_nothing);
    tcase_add_test(c, a_copy_that_is_not_whole_is_waited_for);
    tcase_add_test(c, what_stays_damaged_is_told_and_passed);
    tcase_add_test(c, what_is_no_event_log_is_trouble_until_one_is_there);
    tcase_add_test(c, a_restart_goes_on_where_it_was);
    tcase_add_test(c, a_log_cleared_within_a_second_is_known_by_what_it_says);
    tcase_add_test(c, a_single_pass_takes_what_is_there);
    tcase_add_test(c, hundreds_of_logs_keep_within_the_budget);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
