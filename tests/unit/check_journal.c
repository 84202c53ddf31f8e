/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_journal.c - the journal: order, transactions, blobs, cursors, trim,
 * limit, lock, refusals, damage.  The kill -9 rounds print their seed; set
 * TEST_SEED to repeat them, TEST_ROUNDS for more. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/journal.h"
#include "parsers/item_xml.h"
#include "tests/unit/scratch.h"

static char dir[256], err[2048];

static void
setup(void)
{
    scratch_make(dir, sizeof dir);
}

static void
teardown(void)
{
    scratch_remove(dir);
}

static const char *
in_dir(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static struct journal *
must_open(uint64_t limit)
{
    struct journal *j = journal_open(in_dir("state"), limit, err, sizeof err);

    ck_assert_msg(j != NULL, "journal_open: %s", err);
    return j;
}

#define MUST(call) ck_assert_msg((call) == 0, "%s: %s", #call, journal_error(j))

/* An event numbered 'k' whose XML can be told again from its number. */
static size_t
event_xml(unsigned k, size_t size, char *out)
{
    size_t n = (size_t) sprintf(out, "<event id=\"%032x\"><text>", k);

    for (; n < size; n++)
        out[n] = (char) ('a' + (k + n) % 26);
    n += (size_t) sprintf(out + n, "</text></event>\n");
    return n;
}

static int
append_event(struct journal *j, unsigned k, size_t size, int64_t arrival)
{
    struct event e = {.cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR};
    struct item item = {.kind = ITEM_EVENT, .event = &e};
    char *xml = malloc(size + 200);
    uint64_t seq;
    int result;

    sprintf(e.id, "%032x", k);
    e.when.utc = arrival;
    e.when.utc_known = true;
    result = journal_append(j, &item, str_make(xml, event_xml(k, size, xml)), arrival, &seq);
    free(xml);
    return result;
}

static void
append_run(struct journal *j, unsigned from, unsigned n, size_t size, int64_t arrival)
{
    MUST(journal_begin(j));
    for (unsigned i = 0; i < n; i++)
        MUST(append_event(j, from + i, size, arrival));
    MUST(journal_commit(j));
}

/* The number that the id of a row says, after checking the XML against it. */
static unsigned
row_number(const struct journal_row *row)
{
    unsigned k = (unsigned) strtoul(row->id.p + 24, NULL, 16);
    char *xml = malloc(row->xml.n + 200);
    size_t n;

    ck_assert_uint_eq(row->id.n, 32);
    ck_assert_uint_gt(row->xml.n, 80);
    n = event_xml(k, row->xml.n - strlen("</text></event>\n"), xml);
    ck_assert_uint_eq(n, row->xml.n);
    ck_assert_mem_eq(xml, row->xml.p, n);
    free(xml);
    return k;
}

/* Reads all rows after 'after'; they must be in order.  Returns their number. */
static unsigned
read_all(struct journal *j, uint64_t after, unsigned *first, unsigned *last)
{
    struct journal_reader *r = journal_reader_open(j, after);
    struct journal_row row;
    unsigned n = 0;
    int result;

    ck_assert_ptr_nonnull(r);
    while ((result = journal_reader_next(r, &row)) == 1) {
        ck_assert_uint_gt(row.seq, after);
        after = row.seq;
        *last = row_number(&row);
        if (n++ == 0)
            *first = *last;
    }
    ck_assert_int_eq(result, 0);
    journal_reader_close(r);
    return n;
}

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
                MUST(journal_append(j, &item, STR("<alarm/>\n"), 5, &seq));
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
    unsigned k = 0, first, last;
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
write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

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
        unsigned k = 0, first, last;
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

/* --- damage ----------------------------------------------------------------- */

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

/* Writes transactions of random size for ever, tells each commit through 'fd'. */
static void
write_until_killed(int fd, unsigned seed, struct agreement a)
{
    struct journal *j = must_open(1 << 30);
    struct journal_cursor c;
    bool left;

    for (;;) {
        struct agreement next = a;
        unsigned n = 1 + (unsigned) rand_r(&seed) % 100;

        MUST(journal_begin(j));
        for (unsigned i = 0; i < n; i++)
            MUST(append_event(j, ++next.items, 80 + (unsigned) rand_r(&seed) % 2000, next.transactions));
        next.transactions++;
        MUST(journal_put(j, "source", "agreement", &next, sizeof next));
        c.seq = next.items;
        c.target_seq = next.transactions;
        MUST(journal_cursor_put(j, "nms", &c));
        if (next.transactions % 7 == 0)
            MUST(journal_trim(j, a.items, next.transactions, 3, 1 << 30, &left));
        if (rand_r(&seed) % 11 == 0) {
            MUST(journal_rollback(j));
            continue;
        }
        MUST(journal_commit(j));
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
        ck_assert_int_eq(waitpid(child, &(int){0}, 0), child);
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
    Suite *s = suite_create("journal");
    TCase *tc = tcase_create("use"), *damage = tcase_create("damage"), *kills = tcase_create("kill");
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
    tcase_add_checked_fixture(damage, setup, teardown);
    tcase_set_timeout(damage, 120);
    tcase_add_test(damage, saves_all_but_the_damaged_page);
    tcase_add_test(damage, sets_aside_what_is_no_database_at_all);
    tcase_add_loop_test(damage, saves_all_behind_a_damaged_first_page, 0, 3);
    tcase_add_test(damage, saves_what_is_before_a_cut);
    tcase_add_test(damage, sets_a_log_without_its_file_aside);
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
