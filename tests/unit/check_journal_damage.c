/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_journal_damage.c - the journal after damage to its files and after
 * kill -9.  The kill rounds print their seed; set TEST_SEED to repeat them,
 * TEST_ROUNDS for more. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/journal.h"
#include "forwarder/log.h"
#include "tests/unit/journal_items.h"
#include "tests/unit/scratch.h"

static void
build_journal(unsigned items)
{
    struct journal *j = must_open(1 << 30);
    struct journal_cursor c = {items / 2, items / 4};

    append_run(j, 1, items, 450, 1);
    MUST(journal_begin(j));
    MUST(journal_put(j, "source", "a", "checkpoint", 10));
    MUST(journal_cursor_put(j, "nms", &c));
    MUST(journal_commit(j));
    journal_close(j);
}

static char logged[4096];

static void
note_log(void *arg, const char *line, size_t n)
{
    snprintf(arg, sizeof logged, "%.*s", (int) n, line);
}

static void
setup_logged(void)
{
    setup();
    log_sink(note_log, logged);
}

static void
teardown_logged(void)
{
    log_sink(NULL, NULL);
    teardown();
}

static unsigned
count_asides(void)
{
    return scratch_count(in_dir("state"), "journal.db.damaged-");
}

static void
overwrite(const char *path, long at, int byte, size_t n)
{
    FILE *f = fopen(path, "r+");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
    while (n--)
        ck_assert_int_ne(fputc(byte, f), EOF);
    ck_assert_int_eq(fclose(f), 0);
}

/* One page of the middle is lost: its items and no others are. */
START_TEST(saves_all_but_the_damaged_page)
{
    struct journal *j;
    struct journal_cursor c;
    unsigned first = 0, last = 0, n;
    void *p;
    size_t size, before;
    char *whole;

    build_journal(20000);
    overwrite(in_dir("state/journal.db"), 100L * 32768, 0xa5, 32768);
    whole = scratch_read(in_dir("state/journal.db"), &before);
    j = must_open(1 << 30);
    ck_assert(journal_recovered(j));
    ck_assert_msg(strstr(err, "journal.db.damaged-") && strstr(err, "some items could not be read"), "%s", err);
    ck_assert_ptr_nonnull(strstr(logged, err));
    n = read_all(j, 0, &first, &last);
    ck_assert_uint_lt(n, 20000);
    ck_assert_uint_ge(n, 20000 - 70);
    ck_assert_uint_eq(first, 1);
    ck_assert_uint_eq(last, 20000);
    MUST(journal_cursor_get(j, "nms", false, &c));
    ck_assert_uint_eq(c.seq, 10000);
    ck_assert_uint_eq(c.target_seq, 5000);
    MUST(journal_get(j, "source", "a", &p, &size));
    ck_assert_mem_eq(p, "checkpoint", 10);
    free(p);
    append_run(j, 20001, 1, 450, 1);
    ck_assert_uint_eq(journal_last_seq(j), 20001);
    journal_close(j);
    ck_assert_uint_eq(count_asides(), 1);
    {
        char path[512];
        size_t after;
        char *aside;

        scratch_first(in_dir("state"), "journal.db.damaged-", path, sizeof path);
        aside = scratch_read(path, &after);
        ck_assert_uint_eq(before, after);
        ck_assert_mem_eq(whole, aside, before);
        free(aside);
    }
    free(whole);
    j = must_open(1 << 30);
    ck_assert(!journal_recovered(j));
    journal_close(j);
}
END_TEST

START_TEST(sets_aside_what_is_no_database_at_all)
{
    struct journal *j;

    ck_assert_int_eq(mkdir(in_dir("state"), 0700), 0);
    write_file(in_dir("state/journal.db"), "dear diary, this is no database and it is long enough to be one, almost "
                                           "or not quite, but longer than a hundred bytes at least.", 120);
    j = must_open(1 << 30);
    ck_assert(journal_recovered(j));
    ck_assert_uint_eq(count_asides(), 1);
    ck_assert_msg(strstr(err, "0 items") != NULL, "%s", err);
    append_run(j, 1, 1, 450, 1);
    journal_close(j);
}
END_TEST

/* The first page, which holds the schema, is garbage in part or whole. */
START_TEST(saves_all_behind_a_damaged_first_page)
{
    struct journal *j;
    struct journal_cursor c;
    unsigned first = 0, last = 0;

    build_journal(3000);
    overwrite(in_dir("state/journal.db"), _i == 2 ? 40 : 0, _i ? 0 : 'x', _i == 1 ? 32768 : _i == 2 ? 500 : 100);
    if (_i == 2)
        overwrite(in_dir("state/journal.db"), 32000, 'x', 700);
    j = must_open(1 << 30);
    ck_assert(journal_recovered(j));
    ck_assert_msg(read_all(j, 0, &first, &last) == 3000, "%s", err);
    MUST(journal_cursor_get(j, "nms", false, &c));
    ck_assert_uint_eq(c.seq, 1500);
    ck_assert_uint_eq(count_asides(), 1);
    ck_assert_int_ne(access(in_dir("state/journal.mend"), F_OK), 0);
    journal_close(j);
}
END_TEST

START_TEST(saves_what_is_before_a_cut)
{
    struct journal *j;
    unsigned first, last, n;

    build_journal(20000);
    ck_assert_int_eq(truncate(in_dir("state/journal.db"), 150L * 32768 + 77), 0);
    j = must_open(1 << 30);
    ck_assert(journal_recovered(j));
    n = read_all(j, 0, &first, &last);
    ck_assert_msg(n > 8000, "%u saved: %s", n, err);
    ck_assert_uint_eq(first, 1);
    ck_assert_uint_eq(last, n);
    journal_close(j);
}
END_TEST

START_TEST(sets_a_log_without_its_file_aside)
{
    struct journal *j = must_open(1 << 30);
    char *wal;
    size_t n;

    append_run(j, 1, 100, 450, 1);
    wal = scratch_read(in_dir("state/journal.db-wal"), &n);
    ck_assert_uint_gt(n, 0);
    journal_close(j);
    ck_assert_int_eq(unlink(in_dir("state/journal.db")), 0);
    write_file(in_dir("state/journal.db-wal"), wal, n);
    free(wal);
    j = must_open(1 << 30);
    ck_assert(journal_recovered(j));
    ck_assert_uint_eq(count_asides(), 1);
    journal_close(j);
}
END_TEST

/* Without its log, or with a log that ends in rubbish, the journal is as it was
 * after one of its transactions: sources are read again from there. */
START_TEST(goes_back_to_a_whole_transaction)
{
    struct journal *j = must_open(1 << 30);
    unsigned first = 0, last = 0, n, k = 0;
    size_t size, wal_size;
    char *db, *wal;
    void *p;

    for (k = 1; k <= 40; k++) {
        MUST(journal_begin(j));
        for (unsigned i = 1; i <= 10; i++)
            MUST(append_event(j, (k - 1) * 10 + i, 450, 1));
        MUST(journal_put(j, "source", "n", &k, sizeof k));
        MUST(journal_commit(j));
    }
    /* As a kill leaves them. */
    db = scratch_read(in_dir("state/journal.db"), &size);
    wal = scratch_read(in_dir("state/journal.db-wal"), &wal_size);
    journal_close(j);
    write_file(in_dir("state/journal.db"), db, size);
    if (_i > 0)
        write_file(in_dir("state/journal.db-wal"), wal, _i == 1 ? wal_size / 2 + 777 : wal_size);
    if (_i == 2)
        overwrite(in_dir("state/journal.db-wal"), (long) wal_size / 2, 0x5a, 100);
    free(db);
    free(wal);
    j = must_open(1 << 30);
    ck_assert(!journal_recovered(j));
    n = read_all(j, 0, &first, &last);
    if (_i == 0) {
        ck_assert_uint_eq(n, 0);
    } else {
        ck_assert_uint_ge(n, 10);
        ck_assert_uint_lt(n, 400);
        MUST(journal_get(j, "source", "n", &p, &size));
        memcpy(&k, p, sizeof k);
        free(p);
        ck_assert_uint_eq(n, k * 10);
        ck_assert_uint_eq(last, n);
    }
    append_run(j, n + 1, 10, 450, 1);
    ck_assert_uint_eq(read_all(j, 0, &first, &last), n + 10);
    journal_close(j);
}
END_TEST

/* Killed between any two steps of setting aside, the next start ends it. */
START_TEST(ends_a_recovery_that_was_cut_short)
{
    static const char name[] = "journal.db.damaged-20260102T030405Z\n";
    struct journal *j;
    unsigned first, last;

    build_journal(3000);
    write_file(in_dir("state/journal.damaged"), name, sizeof name - 1);
    if (_i >= 1)
        ck_assert_int_eq(rename(in_dir("state/journal.db"), in_dir("state/journal.db.damaged-20260102T030405Z")), 0);
    if (_i == 2)
        write_file(in_dir("state/journal.new"), "half", 4);
    if (_i == 3) {
        journal_close(must_open(1 << 30));
        write_file(in_dir("state/journal.damaged"), name, sizeof name - 1);
    }
    j = must_open(1 << 30);
    ck_assert(journal_recovered(j));
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 3000);
    ck_assert_int_ne(access(in_dir("state/journal.damaged"), F_OK), 0);
    ck_assert_int_ne(access(in_dir("state/journal.new"), F_OK), 0);
    ck_assert_int_eq(access(in_dir("state/journal.db.damaged-20260102T030405Z"), F_OK), 0);
    journal_close(j);
    ck_assert_uint_eq(count_asides(), 1);
}
END_TEST

/* Damage beyond what the start looks at shows in use, and the next start acts. */
START_TEST(remembers_damage_that_a_reader_met)
{
    struct journal *j;
    struct journal_reader *r;
    struct journal_row row;
    unsigned first, last;
    int result;

    build_journal(3000);
    j = must_open(1 << 30);
    overwrite(in_dir("state/journal.db"), 20L * 32768, 0, 32768);
    ck_assert_ptr_nonnull(r = journal_reader_open(j, 0));
    while ((result = journal_reader_next(r, &row)) == 1)
        row_number(&row);
    ck_assert_int_eq(result, -EUCLEAN);
    journal_reader_close(r);
    journal_close(j);
    j = must_open(1 << 30);
    ck_assert(journal_recovered(j));
    ck_assert_uint_ge(read_all(j, 0, &first, &last), 2930);
    journal_close(j);
}
END_TEST

/* --- kill -9 ------------------------------------------------------------------ */

struct agreement {
    unsigned transactions;
    unsigned items;
};

/* Check keeps a record of every assertion in a file that parent and child
 * share: a child that is killed while it writes there would spoil it. */
#define IN_CHILD(call) \
    do { \
        if ((call) != 0) { \
            fprintf(stderr, "%s: %s\n", #call, journal_error(j)); \
            _exit(1); \
        } \
    } while (0)

/* Writes transactions of random size for ever, tells each commit through 'fd'. */
static void
write_until_killed(int fd, unsigned seed, struct agreement a)
{
    struct journal *j = journal_open(in_dir("state"), 1 << 30, err, sizeof err);
    struct journal_cursor c;
    bool left;

    if (!j) {
        fprintf(stderr, "journal_open: %s\n", err);
        _exit(1);
    }
    for (;;) {
        struct agreement next = a;
        unsigned n = 1 + (unsigned) rand_r(&seed) % 100;

        IN_CHILD(journal_begin(j));
        for (unsigned i = 0; i < n; i++)
            IN_CHILD(append_event(j, ++next.items, 80 + (unsigned) rand_r(&seed) % 2000, next.transactions));
        next.transactions++;
        IN_CHILD(journal_put(j, "source", "agreement", &next, sizeof next));
        c.seq = next.items;
        c.target_seq = next.transactions;
        IN_CHILD(journal_cursor_put(j, "nms", &c));
        if (next.transactions % 7 == 0)
            IN_CHILD(journal_trim(j, a.items, next.transactions, 3, 1 << 30, &left));
        if (rand_r(&seed) % 11 == 0) {
            IN_CHILD(journal_rollback(j));
            continue;
        }
        IN_CHILD(journal_commit(j));
        a = next;
        if (write(fd, &a, sizeof a) != (ssize_t) sizeof a)
            _exit(1);
    }
}

/* After a kill: items, blob and cursor say the same, and all that was told. */
static struct agreement
read_agreement(const struct agreement *told)
{
    struct journal *j = must_open(1 << 30);
    struct agreement a = {0, 0};
    struct journal_cursor c;
    unsigned first = 0, last = 0;
    size_t n;
    void *p;

    ck_assert(!journal_recovered(j));
    if (journal_get(j, "source", "agreement", &p, &n) == 0) {
        ck_assert_uint_eq(n, sizeof a);
        memcpy(&a, p, sizeof a);
        free(p);
        MUST(journal_cursor_get(j, "nms", false, &c));
        ck_assert_uint_eq(c.seq, a.items);
        ck_assert_uint_eq(c.target_seq, a.transactions);
        ck_assert_uint_eq(journal_last_seq(j), a.items);
        n = read_all(j, 0, &first, &last);
        ck_assert_uint_eq(last, a.items);
        ck_assert_uint_eq(n, last - first + 1);
    }
    ck_assert_uint_ge(a.items, told->items);
    journal_close(j);
    return a;
}

START_TEST(survives_kill_at_any_instant)
{
    const char *wish = getenv("TEST_SEED"), *more = getenv("TEST_ROUNDS");
    unsigned seed = wish ? (unsigned) strtoul(wish, NULL, 10) : (unsigned) time(NULL) ^ (unsigned) getpid();
    unsigned rounds = more ? (unsigned) strtoul(more, NULL, 10) : 50, state = seed;
    struct agreement a = {0, 0};

    printf("survives_kill_at_any_instant: TEST_SEED=%u\n", seed);
    fflush(stdout);
    for (unsigned round = 0; round < rounds; round++) {
        struct agreement told = a, got;
        int pipes[2];
        pid_t child;
        int status;

        ck_assert_int_eq(pipe(pipes), 0);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            close(pipes[0]);
            write_until_killed(pipes[1], state, a);
        }
        close(pipes[1]);
        /* The first commit proves that it works; the kill comes at any time after, or before it. */
        if (round % 5 && read(pipes[0], &got, sizeof got) == (ssize_t) sizeof got)
            told = got;
        usleep((useconds_t) ((unsigned) rand_r(&state) % 40000));
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFSIGNALED(status), "the writer stopped by itself");
        while (read(pipes[0], &got, sizeof got) == (ssize_t) sizeof got)
            told = got;
        close(pipes[0]);
        a = read_agreement(&told);
    }
    printf("survives_kill_at_any_instant: %u rounds, %u transactions, %u items\n", rounds, a.transactions, a.items);
    ck_assert_uint_gt(a.items, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("journal_damage");
    TCase *damage = tcase_create("damage"), *kills = tcase_create("kill");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(damage, setup_logged, teardown_logged);
    tcase_set_timeout(damage, 120);
    tcase_add_test(damage, saves_all_but_the_damaged_page);
    tcase_add_test(damage, sets_aside_what_is_no_database_at_all);
    tcase_add_loop_test(damage, saves_all_behind_a_damaged_first_page, 0, 3);
    tcase_add_test(damage, saves_what_is_before_a_cut);
    tcase_add_test(damage, sets_a_log_without_its_file_aside);
    tcase_add_loop_test(damage, goes_back_to_a_whole_transaction, 0, 3);
    tcase_add_loop_test(damage, ends_a_recovery_that_was_cut_short, 0, 4);
    tcase_add_test(damage, remembers_damage_that_a_reader_met);
    suite_add_tcase(s, damage);
    tcase_add_checked_fixture(kills, setup, teardown);
    tcase_set_timeout(kills, 600);
    tcase_add_test(kills, survives_kill_at_any_instant);
    suite_add_tcase(s, kills);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
