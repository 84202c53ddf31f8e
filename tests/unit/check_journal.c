/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_journal.c - the journal in use: order, transactions, blobs, cursors,
 * trim, limit, lock, refusals.  Damage and kill -9: check_journal_damage.c. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forwarder/journal.h"
#include "tests/unit/journal_items.h"
#include "tests/unit/scratch.h"

START_TEST(makes_its_directory_for_its_user_alone)
{
    struct stat st;
    struct journal *j = must_open(1 << 30);

    ck_assert_str_eq(err, "");
    ck_assert(!journal_recovered(j));
    ck_assert_int_eq(stat(in_dir("state"), &st), 0);
    ck_assert_int_eq(st.st_mode & 0027, 0);
    ck_assert_int_eq(stat(in_dir("state/journal.db"), &st), 0);
    ck_assert_int_eq(st.st_mode & 0137, 0);
    ck_assert_int_eq(stat(in_dir("state/journal.db-wal"), &st), 0);
    ck_assert_int_eq(st.st_mode & 0137, 0);
    ck_assert_uint_eq(journal_last_seq(j), 0);
    ck_assert_uint_eq(journal_first_seq(j), 1);
    journal_close(j);
    journal_close(NULL);
}
END_TEST

START_TEST(gives_back_every_kind_of_item)
{
    struct journal *j = must_open(1 << 30);
    struct journal_reader *r;
    struct journal_row row;
    uint64_t seq, expected = 0;

    MUST(journal_begin(j));
    for (unsigned c = 0; c < CLASS_COUNT; c++)
        for (unsigned s = SEVERITY_CRITICAL; s <= SEVERITY_CLEARED; s++)
            for (unsigned state = ALARM_RAISED; state <= ALARM_CLEARED; state++) {
                struct alarm_item a = {.cls = (enum event_class) c, .severity = (enum severity) s,
                                       .state = (enum alarm_state) state, .key = STR("dist:ANFIELD:DOG0005D")};
                struct item item = {.kind = ITEM_ALARM, .alarm = &a};

                sprintf(a.id, "%030x%02x", c, s);
                MUST(journal_append(j, &item, STR("<alarm/>\n"), 5, false, &seq));
                ck_assert_uint_eq(seq, ++expected);
            }
    MUST(append_event(j, 7, 100, 5));
    MUST(journal_commit(j));
    journal_close(j);

    j = must_open(1 << 30);
    ck_assert_uint_eq(journal_last_seq(j), expected + 1);
    ck_assert_ptr_nonnull(r = journal_reader_open(j, 0));
    for (unsigned i = 0; i < expected; i++) {
        ck_assert_int_eq(journal_reader_next(r, &row), 1);
        ck_assert_uint_eq(row.seq, i + 1);
        ck_assert_int_eq(row.kind, ITEM_ALARM);
        ck_assert_uint_eq((unsigned) row.cls, i / 18);
        ck_assert_uint_eq((unsigned) row.severity, i / 3 % 6);
        ck_assert_uint_eq((unsigned) row.state, i % 3);
        ck_assert(str_eq(row.key, STR("dist:ANFIELD:DOG0005D")));
        ck_assert(str_eq(row.xml, STR("<alarm/>\n")));
    }
    ck_assert_int_eq(journal_reader_next(r, &row), 1);
    ck_assert_int_eq(row.kind, ITEM_EVENT);
    ck_assert(!str_has(row.key));
    ck_assert_uint_eq(row_number(&row), 7);
    ck_assert_int_eq(journal_reader_next(r, &row), 0);
    append_run(j, 8, 1, 90, 5);
    ck_assert_int_eq(journal_reader_next(r, &row), 1);
    ck_assert_uint_eq(row_number(&row), 8);
    ck_assert_int_eq(journal_reader_next(r, &row), 0);
    journal_reader_close(r);
    journal_close(j);
}
END_TEST

START_TEST(shows_nothing_before_its_commit_and_undoes_a_rollback)
{
    struct journal *j = must_open(1 << 30);
    unsigned first = 0, last = 0;
    void *p;
    size_t n;

    append_run(j, 1, 10, 200, 1);
    MUST(journal_begin(j));
    ck_assert_int_eq(journal_begin(j), -EINVAL);
    MUST(append_event(j, 99, 200, 1));
    MUST(journal_put(j, "source", "a", "x", 1));
    ck_assert_uint_eq(journal_last_seq(j), 11);
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 10);
    MUST(journal_rollback(j));
    ck_assert_uint_eq(journal_last_seq(j), 10);
    ck_assert_int_eq(journal_get(j, "source", "a", &p, &n), -ENOENT);
    ck_assert_int_eq(journal_commit(j), -EINVAL);
    ck_assert_int_eq(append_event(j, 1, 200, 1), -EINVAL);
    append_run(j, 11, 1, 200, 1);
    ck_assert_uint_eq(read_all(j, 10, &first, &last), 1);
    ck_assert_uint_eq(last, 11);
    MUST(journal_begin(j));
    MUST(append_event(j, 12, 200, 1));
    journal_close(j);
    j = must_open(1 << 30);
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 11);
    journal_close(j);
}
END_TEST

static int
add_name(void *arg, const char *name, const void *p, size_t n)
{
    char *list = arg;

    (void) p;
    sprintf(list + strlen(list), "%s=%zu;", name, n);
    return strcmp(name, "stop") == 0 ? 7 : 0;
}

START_TEST(keeps_blobs_of_any_bytes)
{
    struct journal *j = must_open(1 << 30);
    size_t n, big = 3000000;
    char *data = malloc(big), list[256] = "";
    void *p;

    for (size_t i = 0; i < big; i++)
        data[i] = (char) (i * 7 >> 3);
    MUST(journal_begin(j));
    MUST(journal_put(j, "source", "a", "1", 1));
    MUST(journal_put(j, "source", "a", data, big));
    MUST(journal_put(j, "source", "name with\nline end", "", 0));
    MUST(journal_put(j, "correlate", "a", "other", 5));
    MUST(journal_put(j, "source", "gone", "1", 1));
    MUST(journal_put(j, "source", "gone", NULL, 0));
    MUST(journal_commit(j));
    journal_close(j);
    j = must_open(1 << 30);
    MUST(journal_get(j, "source", "a", &p, &n));
    ck_assert_uint_eq(n, big);
    ck_assert_mem_eq(p, data, big);
    free(p);
    MUST(journal_get(j, "source", "name with\nline end", &p, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_ptr_nonnull(p);
    free(p);
    MUST(journal_get(j, "correlate", "a", &p, &n));
    ck_assert_str_eq(p, "other");
    free(p);
    ck_assert_int_eq(journal_get(j, "source", "gone", &p, &n), -ENOENT);
    ck_assert_ptr_null(p);
    MUST(journal_each(j, "source", add_name, list));
    ck_assert_str_eq(list, "a=3000000;name with\nline end=0;");
    MUST(journal_put(j, "source", "stop", "1", 1));
    MUST(journal_put(j, "source", "u", "1", 1));
    list[0] = '\0';
    ck_assert_int_eq(journal_each(j, "source", add_name, list), 7);
    ck_assert_ptr_null(strstr(list, "u="));
    free(data);
    journal_close(j);
}
END_TEST

static void
note_gone(void *arg, const char *name, uint64_t undelivered)
{
    char *list = arg;

    sprintf(list + strlen(list), "%s:%u;", name, (unsigned) undelivered);
}

START_TEST(keeps_a_cursor_per_target)
{
    struct journal *j = must_open(1 << 30);
    struct journal_cursor c;
    static const char *const names[] = {"new", "old"};
    char list[256] = "";

    MUST(journal_cursor_get(j, "early", false, &c));
    ck_assert_uint_eq(c.seq, 0);
    append_run(j, 1, 10, 200, 1);
    MUST(journal_cursor_get(j, "new", false, &c));
    ck_assert_uint_eq(c.seq, 10);
    ck_assert_uint_eq(c.target_seq, 0);
    MUST(journal_cursor_get(j, "new", true, &c));
    ck_assert_uint_eq(c.seq, 0);
    c.seq = 4;
    c.target_seq = 3;
    MUST(journal_cursor_put(j, "old", &c));
    MUST(journal_cursor_put(j, "gone", &c));
    c.seq = 10;
    MUST(journal_cursor_put(j, "also gone", &c));
    c.seq = 5;
    MUST(journal_cursor_put(j, "old", &c));
    MUST(journal_cursor_get(j, "old", true, &c));
    ck_assert_uint_eq(c.seq, 5);
    ck_assert_uint_eq(c.target_seq, 3);
    MUST(journal_cursor_keep(j, names, 2, note_gone, list));
    ck_assert_str_eq(list, "also gone:0;gone:6;");
    MUST(journal_cursor_keep(j, names, 2, note_gone, list));
    ck_assert_str_eq(list, "also gone:0;gone:6;");
    MUST(journal_cursor_get(j, "old", false, &c));
    ck_assert_uint_eq(c.seq, 5);
    journal_close(j);
}
END_TEST

START_TEST(trims_what_was_delivered_and_is_old_or_too_much)
{
    struct journal *j = must_open(1 << 30);
    unsigned first = 0, last = 0, rounds = 0;
    const int64_t day = INT64_C(86400000000000);
    bool left;

    append_run(j, 1, 5000, 400, 1 * day);
    append_run(j, 5001, 1000, 400, 6 * day);
    /* Nothing is old, nothing delivered is too much. */
    MUST(journal_trim(j, 6000, 7 * day, 7 * day, 1 << 30, &left));
    ck_assert(!left);
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 6000);
    /* Old, but only 100 were delivered. */
    MUST(journal_trim(j, 100, 9 * day, 7 * day, 1 << 30, &left));
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 5900);
    do {
        MUST(journal_trim(j, 6000, 9 * day, 7 * day, 1 << 30, &left));
        rounds++;
    } while (left);
    ck_assert_uint_eq(rounds, 3);
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 1000);
    ck_assert_uint_eq(first, 5001);
    ck_assert_uint_eq(journal_first_seq(j), 5001);
    /* Young, but beyond the bytes to keep: 100 of about 480. */
    MUST(journal_trim(j, 6000, 7 * day, 7 * day, 48000, &left));
    ck_assert_uint_ge(read_all(j, 0, &first, &last), 90);
    ck_assert_uint_le(read_all(j, 0, &first, &last), 110);
    /* Undelivered items stay whatever their size. */
    append_run(j, 6001, 1000, 400, 7 * day);
    MUST(journal_trim(j, 6000, 7 * day, 7 * day, 0, &left));
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 1000);
    /* All delivered: the newest stays and numbering goes on after a restart. */
    MUST(journal_trim(j, 7000, 90 * day, 7 * day, 0, &left));
    ck_assert_uint_eq(read_all(j, 0, &first, &last), 1);
    MUST(journal_trim(j, 7000, 90 * day, 7 * day, 0, &left));
    journal_close(j);
    j = must_open(1 << 30);
    ck_assert_uint_eq(journal_last_seq(j), 7000);
    append_run(j, 7001, 1, 400, 7 * day);
    ck_assert_uint_eq(journal_last_seq(j), 7001);
    journal_close(j);
}
END_TEST

START_TEST(stops_at_its_limit_and_goes_on_after_a_trim)
{
    struct journal *j = must_open(4 << 20);
    unsigned k = 0, first = 0, last = 0;
    struct stat st;
    int result = 0;
    bool left = true;

    while (result == 0) {
        MUST(journal_begin(j));
        for (unsigned i = 0; i < 500 && result == 0; i++)
            if ((result = append_event(j, k + 1, 450, 1)) == 0)
                k++;
        MUST(journal_put(j, "counter", "n", &k, sizeof k));
        MUST(journal_commit(j));
    }
    ck_assert_int_eq(result, -ENOSPC);
    ck_assert_ptr_nonnull(strstr(journal_error(j), "limit"));
    ck_assert_uint_gt(k, 5000);
    ck_assert_uint_eq(read_all(j, 0, &first, &last), k);
    MUST(journal_begin(j));
    ck_assert_int_eq(append_event(j, k + 1, 450, 1), -ENOSPC);
    MUST(journal_rollback(j));
    while (left)
        MUST(journal_trim(j, k, 2, 0, 1 << 30, &left));
    append_run(j, k + 1, 4000, 450, 3);
    ck_assert_uint_le(journal_used(j), 4 << 20);
    journal_close(j);
    ck_assert_int_eq(stat(in_dir("state/journal.db"), &st), 0);
    ck_assert_int_le(st.st_size, (4 << 20) + 65536);
}
END_TEST

START_TEST(finds_an_item_by_its_id)
{
    struct journal *j = must_open(1 << 30);
    struct journal_row row;
    char *to_free;

    append_run(j, 1, 1000, 300, 1);
    append_run(j, 500, 1, 301, 1);
    MUST(journal_find(j, "000000000000000000000000000001f4", &row, &to_free));
    ck_assert_uint_eq(row.seq, 1001);
    ck_assert_uint_eq(row_number(&row), 500);
    free(to_free);
    ck_assert_int_eq(journal_find(j, "000000000000000000000000000fffff", &row, &to_free), -ENOENT);
    ck_assert_int_eq(journal_find(j, "", &row, &to_free), -ENOENT);
    ck_assert_int_eq(journal_find(j, "no id at all, and longer than one would be", &row, &to_free), -ENOENT);
    ck_assert_ptr_null(to_free);
    journal_close(j);
}
END_TEST

START_TEST(keeps_a_second_process_out)
{
    struct journal *j = must_open(1 << 30);
    char pid[32];

    ck_assert_ptr_null(journal_open(in_dir("state"), 1 << 30, err, sizeof err));
    ck_assert_int_eq(errno, EBUSY);
    snprintf(pid, sizeof pid, "%ld", (long) getpid());
    ck_assert_msg(strstr(err, pid) != NULL, "%s", err);
    journal_close(j);
    journal_close(must_open(1 << 30));
}
END_TEST

static void
expect_refusal(const char *path, int expected, const char *words)
{
    struct journal *j = journal_open(path, 1 << 30, err, sizeof err);

    ck_assert_ptr_null(j);
    ck_assert_int_eq(errno, expected);
    ck_assert_msg(strstr(err, words) != NULL, "\"%s\" says nothing of \"%s\"", err, words);
}

START_TEST(says_why_a_directory_will_not_do)
{
    pid_t child;
    int status;

    write_file(in_dir("file"), "x", 1);
    expect_refusal(in_dir("file"), ENOTDIR, "not a directory");
    expect_refusal(in_dir("missing/state"), ENOENT, "make the folder above");
    ck_assert_int_eq(mkdir(in_dir("closed"), 0500), 0);
    ck_assert_int_eq(chmod(dir, 0755), 0);
    child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        if (journal_open(in_dir("closed"), 1 << 30, err, sizeof err) || errno != EACCES || !strstr(err, "cannot write"))
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(mkdir(in_dir("odd"), 0700), 0);
    ck_assert_int_eq(mkdir(in_dir("odd/journal.db"), 0700), 0);
    ck_assert_ptr_null(journal_open(in_dir("odd"), 1 << 30, err, sizeof err));
}
END_TEST

static void
sql(const char *path, const char *text)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(leaves_alone_what_is_newer_or_not_its_own)
{
    char *before, *after;
    size_t n, m;

    journal_close(must_open(1 << 30));
    sql(in_dir("state/journal.db"), "PRAGMA user_version = 99");
    before = scratch_read(in_dir("state/journal.db"), &n);
    expect_refusal(in_dir("state"), EINVAL, "newer truecause");
    after = scratch_read(in_dir("state/journal.db"), &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(before, after, n);
    free(before);
    free(after);
    ck_assert_int_eq(unlink(in_dir("state/journal.db")), 0);
    sql(in_dir("state/journal.db"), "CREATE TABLE mail (id INTEGER)");
    before = scratch_read(in_dir("state/journal.db"), &n);
    expect_refusal(in_dir("state"), EINVAL, "another program");
    after = scratch_read(in_dir("state/journal.db"), &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(before, after, n);
    free(before);
    free(after);
}
END_TEST

START_TEST(undoes_a_write_that_the_disk_refused)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct journal *j = must_open(1 << 30);
        struct rlimit small = {3 << 20, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
        unsigned k = 0, first = 0, last = 0;
        int result = 0;

        /* Files may grow to 3 MiB only: as a full disk, write() fails. */
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        while (result == 0 && k < 100000) {
            MUST(journal_begin(j));
            for (unsigned i = 0; i < 500 && result == 0; i++)
                result = append_event(j, k + i + 1, 450, 1);
            if (result == 0)
                result = journal_put(j, "counter", "n", &(unsigned){k + 500}, sizeof k);
            if (result == 0)
                result = journal_commit(j);
            else
                MUST(journal_rollback(j));
            if (result == 0)
                k += 500;
        }
        if (result != -EFBIG && result != -ENOSPC && result != -EIO)
            _exit(1);
        if (journal_last_seq(j) != k || read_all(j, 0, &first, &last) != k)
            _exit(2);
        setrlimit(RLIMIT_FSIZE, &none);
        append_run(j, k + 1, 500, 450, 1);
        if (read_all(j, 0, &first, &last) != k + 500 || last != k + 500)
            _exit(3);
        journal_close(j);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("journal");
    TCase *tc = tcase_create("use");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, makes_its_directory_for_its_user_alone);
    tcase_add_test(tc, gives_back_every_kind_of_item);
    tcase_add_test(tc, shows_nothing_before_its_commit_and_undoes_a_rollback);
    tcase_add_test(tc, keeps_blobs_of_any_bytes);
    tcase_add_test(tc, keeps_a_cursor_per_target);
    tcase_add_test(tc, trims_what_was_delivered_and_is_old_or_too_much);
    tcase_add_test(tc, stops_at_its_limit_and_goes_on_after_a_trim);
    tcase_add_test(tc, finds_an_item_by_its_id);
    tcase_add_test(tc, keeps_a_second_process_out);
    tcase_add_test(tc, says_why_a_directory_will_not_do);
    tcase_add_test(tc, leaves_alone_what_is_newer_or_not_its_own);
    tcase_add_test(tc, undoes_a_write_that_the_disk_refused);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
