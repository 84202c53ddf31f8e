/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_journal_faults.c - the journal on a disk that refuses single calls
 * (full, I/O errors, syncs that fail) and then loses its power: what was
 * acknowledged is there, what was not can be written again.  Every so manyth
 * call is tried; TEST_ALL=1 tries each. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/journal.h"
#include "forwarder/journal_tables.h"
#include "forwarder/log.h"
#include "tests/unit/faulty_disk.h"
#include "tests/unit/journal_items.h"
#include "tests/unit/scratch.h"

/* A session writes the log back into the file once, after about 27 of its transactions. */
enum { TRANSACTIONS = 30, HOLD = 10, RELEASE = 25, TRIES = 60 };
/* Large items go into the table one by one, small ones many at a time. */
enum { ITEMS = 50, LARGE = 10, LARGE_BYTES = 60000, SMALL_BYTES = 300 };

static const struct {
    const char *name;
    enum faulty_call call;
    int code, width;
    unsigned long from, step; /* the first call that is tried, and the distance to the next */
    bool stop;          /* the power goes at the first commit after the fault, else at the end */
    bool reader;        /* somebody reads while the log is first written back, so that a part of it stays */
} cases[] = {
    {"the disk is full", FAULTY_WRITE, SQLITE_FULL, 1, 1, 307, true, false},
    {"the disk is full for a while", FAULTY_WRITE, SQLITE_FULL, 40, 1, 571, false, false},
    {"a write fails", FAULTY_WRITE, SQLITE_IOERR_WRITE, 1, 1, 457, false, false},
    {"a sync fails", FAULTY_SYNC, SQLITE_IOERR_FSYNC, 1, 1, 7, true, false},
    {"a sync fails, and work goes on", FAULTY_SYNC, SQLITE_IOERR_FSYNC, 1, 1, 17, false, false},
    {"a sync fails after somebody had read", FAULTY_SYNC, SQLITE_IOERR_FSYNC, 1, 56, 1, false, true},
    {"syncs fail for a while", FAULTY_SYNC, SQLITE_IOERR_FSYNC, 5, 1, 19, true, false},
    {"a read fails", FAULTY_READ, SQLITE_IOERR_READ, 1, 1, 61, false, false},
    {"a file cannot be opened", FAULTY_OPEN, SQLITE_CANTOPEN, 1, 1, 1, false, false},
    {"a file cannot be cut", FAULTY_TRUNCATE, SQLITE_IOERR_TRUNCATE, 1, 1, 1, false, false},
};

static void
swallow(void *arg, const char *line, size_t n)
{
    (void) arg;
    (void) line;
    (void) n;
}

static struct journal *
open_in_the_end(void)
{
    struct journal *j = NULL;

    for (int i = 0; i < TRIES && !j; i++) {
        j = journal_open(in_dir("state"), 1 << 30, err, sizeof err);
        ck_assert_msg(j || err[0], "no words for a start that failed");
    }
    ck_assert_msg(j != NULL, "%s", err);
    ck_assert_msg(!journal_recovered(j), "%s", err);
    return j;
}

/* One transaction; on failure all is as before. */
static int
write_one(struct journal *j, unsigned k)
{
    int result = journal_begin(j);

    for (unsigned i = 1; result == 0 && i <= ITEMS; i++)
        result = append_event(j, k * ITEMS + i, i <= LARGE ? LARGE_BYTES : SMALL_BYTES, 1);
    if (result == 0)
        result = journal_put(j, "source", "n", &k, sizeof k);
    if (result == 0)
        return journal_commit(j);
    ck_assert(!journal_limited(j));
    journal_rollback(j);
    return result;
}

/* Holds the journal as it is now until it is closed. */
static sqlite3 *
hold(void)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(in_dir("state/journal.db"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM item", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static struct journal *
write_all(bool stop, bool reader, unsigned *acknowledged)
{
    struct journal *j = open_in_the_end();
    sqlite3 *held = NULL;
    unsigned k = 0;

    for (int tries = 0; k < TRANSACTIONS && !(stop && faulty_disk_is_over() && k > 0);) {
        int result = write_one(j, k);

        if (result == 0 && reader && k == HOLD)
            held = hold();
        if (result == 0 && k == RELEASE)
            sqlite3_close(held);

        if (result == 0) {
            k++;
            tries = 0;
            continue;
        }
        ck_assert_msg(result == -ENOSPC || result == -EIO || result == -EBUSY, "%d: %s", result, journal_error(j));
        ck_assert_str_ne(journal_error(j), "");
        ck_assert_uint_eq(journal_last_seq(j), k * ITEMS);
        ck_assert_msg(++tries < TRIES, "still: %s", journal_error(j));
    }
    *acknowledged = k;
    return j;
}

static void
expect(struct journal *j, unsigned transactions, const char *where, const char *what, unsigned long nth)
{
    unsigned first = 0, last = 0, k = 0, n = read_all(j, 0, &first, &last);
    size_t size = 0;
    void *p = NULL;

    ck_assert_msg(n == transactions * ITEMS && last == n, "%s, %s at call %lu: %u items of %u", where, what, nth, n,
                  transactions * ITEMS);
    MUST(journal_get(j, "source", "n", &p, &size));
    ck_assert_uint_eq(size, sizeof k);
    memcpy(&k, p, sizeof k);
    free(p);
    ck_assert_uint_eq(k, transactions - 1);
}

/* True when the fault came to pass. */
static bool
run_case(unsigned i, unsigned long nth)
{
    unsigned acknowledged;
    struct journal *j, *cut;
    bool over;

    scratch_remove(in_dir("state"));
    scratch_remove(in_dir("cut"));
    faulty_disk_set(cases[i].call, nth, (unsigned long) cases[i].width, cases[i].code);
    j = write_all(cases[i].stop, cases[i].reader, &acknowledged);
    over = faulty_disk_is_over();
    faulty_disk_set(FAULTY_NONE, 0, 0, 0);
    expect(j, acknowledged, "after the fault", cases[i].name, nth);
    ck_assert_int_eq(mkdir(in_dir("cut"), 0700), 0);
    faulty_disk_power_cut(in_dir("state/journal.db"), in_dir("cut/journal.db"));
    cut = journal_open(in_dir("cut"), 1 << 30, err, sizeof err);
    ck_assert_msg(cut && !journal_recovered(cut), "after the power cut, %s at call %lu: %s", cases[i].name, nth, err);
    expect(cut, acknowledged, "after the power cut", cases[i].name, nth);
    journal_close(cut);
    journal_close(j);
    return over;
}

START_TEST(loses_nothing_that_it_acknowledged)
{
    const struct { unsigned i; } c = {(unsigned) _i};
    unsigned long step = getenv("TEST_ALL") ? 1 : cases[c.i].step, runs = 0;
    unsigned long nth = getenv("TEST_ALL") ? 1 : cases[c.i].from;

    faulty_disk_install();
    log_sink(swallow, NULL);
    while (run_case(c.i, nth)) {
        runs++;
        nth += step;
    }
    log_sink(NULL, NULL);
    printf("%s: %lu runs, to call %lu\n", cases[c.i].name, runs, nth);
    fflush(stdout);
    ck_assert_uint_gt(runs, 0);
}
END_TEST

/* Were a statement of many rows to keep copies of pages, those would go to a file. */
START_TEST(opens_no_file_while_it_writes)
{
    struct journal *j;

    faulty_disk_install();
    j = must_open(1 << 30);
    append_run(j, 1, 1000, SMALL_BYTES, 1);
    faulty_disk_set(FAULTY_NONE, 0, 0, 0);
    append_run(j, 1001, 10000, SMALL_BYTES, 1);
    ck_assert_uint_eq(faulty_disk_count(FAULTY_OPEN), 0);
    ck_assert_uint_gt(faulty_disk_count(FAULTY_WRITE), 0);
    journal_close(j);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("journal_faults");
    TCase *tc = tcase_create("disk");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 1800);
    tcase_add_loop_test(tc, loses_nothing_that_it_acknowledged, 0, sizeof cases / sizeof cases[0]);
    suite_add_tcase(s, tc);
    tc = tcase_create("files");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, opens_no_file_while_it_writes);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
