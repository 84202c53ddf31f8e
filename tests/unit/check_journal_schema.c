/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_journal_schema.c - a journal that an earlier version wrote: it is
 * brought up to date whole, or saved whole when it is damaged too.  The
 * statements of that version are written out here and never change. */
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
#include "tests/unit/journal_items.h"
#include "tests/unit/scratch.h"

enum { OLD_ITEMS = 3000 };

/* Version 1, as it was released. */
static const char version_1[] =
    "PRAGMA page_size = 32768; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;"
    "CREATE TABLE item (seq INTEGER PRIMARY KEY, pos INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,"
    " time INTEGER, arrival INTEGER NOT NULL, class INTEGER NOT NULL, severity INTEGER NOT NULL, state INTEGER,"
    " key TEXT, xml TEXT NOT NULL);"
    "CREATE TABLE blob (kind TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, name));"
    "CREATE TABLE cursor (target TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL, target_seq INTEGER NOT NULL);"
    "CREATE TABLE word (kind INTEGER NOT NULL, code INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, code));"
    "CREATE VIEW items AS SELECT seq, (SELECT name FROM word WHERE word.kind = 0 AND code = item.kind) AS kind,"
    " lower(hex(id)) AS id, datetime(time / 1000000000, 'unixepoch') AS time,"
    " datetime(arrival / 1000000000, 'unixepoch') AS arrival,"
    " (SELECT name FROM word WHERE word.kind = 1 AND code = class) AS class,"
    " (SELECT name FROM word WHERE word.kind = 2 AND code = severity) AS severity,"
    " (SELECT name FROM word WHERE word.kind = 3 AND code = state) AS state, key, xml FROM item;"
    "PRAGMA application_id = 1416776241; PRAGMA user_version = 1;"
    /* Codes in another order than this version's enumerators. */
    "INSERT INTO word VALUES (0, 0, 'alarm'), (0, 1, 'event'), (1, 0, 'stall'), (1, 1, 'file-contention'),"
    " (2, 0, 'minor'), (2, 1, 'critical'), (3, 0, 'cleared'), (3, 1, 'raised');"
    "INSERT INTO blob VALUES ('source', 'a', x'636865636b'), ('source', 'empty', x''), ('correlate', 'state', x'00ff00');"
    "INSERT INTO cursor VALUES ('nms', 1234, 77), ('archive', 3000, 3000);";

static void
must_run(sqlite3 *db, const char *text)
{
    char *words = NULL;

    sqlite3_exec(db, text, NULL, NULL, &words);
    ck_assert_msg(words == NULL, "%s", words);
}

/* OLD_ITEMS events numbered from 1, and between the last two a raised alarm. */
static void
build_version_1(void)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    char xml[800];

    ck_assert_int_eq(mkdir(in_dir("state"), 0700), 0);
    ck_assert_int_eq(sqlite3_open(in_dir("state/journal.db"), &db), SQLITE_OK);
    must_run(db, version_1);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "INSERT INTO item VALUES (?1, ?1 * 550, 1, ?2, ?1, ?1, 1, 0, NULL, NULL, ?3)",
                                        -1, &st, NULL), SQLITE_OK);
    for (unsigned k = 1; k <= OLD_ITEMS; k++) {
        unsigned char id[16] = {[14] = (unsigned char) (k >> 8), [15] = (unsigned char) k};

        sqlite3_bind_int64(st, 1, k == OLD_ITEMS ? k + 1 : k);
        sqlite3_bind_blob(st, 2, id, sizeof id, SQLITE_STATIC);
        sqlite3_bind_text(st, 3, xml, (int) event_xml(k, 450, xml), SQLITE_STATIC);
        ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    must_run(db, "INSERT INTO item VALUES (3000, 1649999, 0, x'0000000000000000000000000000ffff', 9, 10, 0, 1, 1,"
                 " 'stall:ANFIELD:1000TS01.INS', '<alarm/>' || char(10)); COMMIT");
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static int64_t
number(sqlite3 *db, const char *text)
{
    sqlite3_stmt *st;
    int64_t n;

    ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void
expect_states(struct journal *j)
{
    static const char *const names[] = {"nms", "archive"};
    static const uint64_t seqs[] = {1234, 3000}, own[] = {77, 3000};
    struct journal_cursor c;
    void *p;
    size_t n;

    for (unsigned i = 0; i < 2; i++) {
        MUST(journal_cursor_get(j, names[i], false, &c));
        ck_assert_uint_eq(c.seq, seqs[i]);
        ck_assert_uint_eq(c.target_seq, own[i]);
    }
    MUST(journal_get(j, "source", "a", &p, &n));
    ck_assert_uint_eq(n, 5);
    ck_assert_mem_eq(p, "check", 5);
    free(p);
    MUST(journal_get(j, "source", "empty", &p, &n));
    ck_assert_uint_eq(n, 0);
    free(p);
    MUST(journal_get(j, "correlate", "state", &p, &n));
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(p, "\0\xff", 3);
    free(p);
}

/* All rows from seq 'first' on; how many. */
static unsigned
expect_items(struct journal *j)
{
    struct journal_reader *r = journal_reader_open(j, 0);
    struct journal_row row;
    unsigned n = 0;
    int result;

    ck_assert_ptr_nonnull(r);
    while ((result = journal_reader_next(r, &row)) == 1) {
        n++;
        ck_assert(!row.history);
        if (row.seq != OLD_ITEMS) {
            ck_assert_int_eq(row.kind, ITEM_EVENT);
            ck_assert_int_eq(row.cls, CLASS_FILE_CONTENTION);
            ck_assert_int_eq(row.severity, SEVERITY_MINOR);
            ck_assert_int_eq(row.arrival_ns, (int64_t) row.seq);
            ck_assert_uint_eq(row_number(&row), row.seq > OLD_ITEMS ? row.seq - 1 : row.seq);
            continue;
        }
        ck_assert_int_eq(row.kind, ITEM_ALARM);
        ck_assert_int_eq(row.cls, CLASS_STALL);
        ck_assert_int_eq(row.severity, SEVERITY_CRITICAL);
        ck_assert_int_eq(row.state, ALARM_RAISED);
        ck_assert_int_eq(row.arrival_ns, 10);
        ck_assert(str_eq(row.key, STR("stall:ANFIELD:1000TS01.INS")));
    }
    ck_assert_int_eq(result, 0);
    journal_reader_close(r);
    return n;
}

START_TEST(brings_version_1_up_to_date)
{
    struct journal *j;
    struct journal_row row;
    sqlite3 *db;
    char *to_free;

    build_version_1();
    j = must_open(1 << 30);
    ck_assert(!journal_recovered(j));
    ck_assert_str_eq(err, "");
    ck_assert_uint_eq(expect_items(j), OLD_ITEMS + 1);
    expect_states(j);
    MUST(journal_find_key(j, STR("stall:ANFIELD:1000TS01.INS"), &row, &to_free));
    ck_assert_uint_eq(row.seq, OLD_ITEMS);
    free(to_free);
    ck_assert_uint_eq(journal_last_seq(j), OLD_ITEMS + 1);
    append_run(j, OLD_ITEMS + 1, 1, 450, OLD_ITEMS + 2);
    ck_assert_uint_eq(journal_last_seq(j), OLD_ITEMS + 2);
    journal_close(j);
    /* The second start finds nothing left to do. */
    j = must_open(1 << 30);
    ck_assert_uint_eq(expect_items(j), OLD_ITEMS + 2);
    expect_states(j);
    journal_close(j);
    ck_assert_int_eq(sqlite3_open(in_dir("state/journal.db"), &db), SQLITE_OK);
    ck_assert_int_eq(number(db, "PRAGMA user_version"), JOURNAL_VERSION);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM items WHERE class = 'stall' AND kind = 'alarm'"), 1);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM items WHERE class = 'file-contention'"), OLD_ITEMS + 1);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM items WHERE history = 0"), OLD_ITEMS + 2);
    sqlite3_close(db);
}
END_TEST

/* A file that cannot be changed keeps its version and all that is in it. */
START_TEST(leaves_version_1_as_it_was_when_it_cannot_write)
{
    struct journal *j;
    sqlite3 *db;

    build_version_1();
    ck_assert_int_eq(sqlite3_open(in_dir("state/journal.db"), &db), SQLITE_OK);
    must_run(db, "CREATE TABLE item_key (n)"); /* the name that the step wants */
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    ck_assert_ptr_null(journal_open(in_dir("state"), 1 << 30, err, sizeof err));
    ck_assert_msg(strstr(err, "from version 1 to 2") != NULL, "%s", err);
    ck_assert_int_eq(sqlite3_open(in_dir("state/journal.db"), &db), SQLITE_OK);
    ck_assert_int_eq(number(db, "PRAGMA user_version"), 1);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM pragma_table_info('item') WHERE name = 'history'"), 0);
    must_run(db, "DROP TABLE item_key");
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    j = must_open(1 << 30);
    ck_assert_uint_eq(expect_items(j), OLD_ITEMS + 1);
    journal_close(j);
}
END_TEST

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

static void
swallow(void *arg, const char *line, size_t n)
{
    (void) arg;
    (void) line;
    (void) n;
}

/* Version 1 and damaged: a page in the middle, the first page, the end cut off. */
START_TEST(saves_a_damaged_version_1)
{
    struct journal *j;
    unsigned n;

    build_version_1();
    if (_i == 0)
        overwrite(in_dir("state/journal.db"), 30L * 32768, 0xa5, 32768);
    else if (_i == 1)
        overwrite(in_dir("state/journal.db"), 0, 0, 32768);
    else
        ck_assert_int_eq(truncate(in_dir("state/journal.db"), 40L * 32768 + 5), 0);
    log_sink(swallow, NULL);
    j = must_open(1 << 30);
    log_sink(NULL, NULL);
    ck_assert(journal_recovered(j));
    n = expect_items(j);
    if (_i == 0) {
        ck_assert_uint_ge(n, OLD_ITEMS - 70);
        ck_assert_uint_lt(n, OLD_ITEMS);
    } else if (_i == 1) {
        ck_assert_uint_eq(n, OLD_ITEMS + 1);
    } else {
        ck_assert_msg(n > 1500, "%u saved: %s", n, err);
    }
    expect_states(j);
    /* Not even a number of a lost item is given twice. */
    ck_assert_uint_ge(journal_last_seq(j), _i == 2 ? OLD_ITEMS : OLD_ITEMS + 1);
    append_run(j, OLD_ITEMS + 1, 1, 450, 1);
    journal_close(j);
    j = must_open(1 << 30);
    ck_assert(!journal_recovered(j));
    journal_close(j);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("journal_schema");
    TCase *tc = tcase_create("versions");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, brings_version_1_up_to_date);
    tcase_add_test(tc, leaves_version_1_as_it_was_when_it_cannot_write);
    tcase_add_loop_test(tc, saves_a_damaged_version_1, 0, 3);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
