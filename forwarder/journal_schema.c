/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_schema.c - the journal's tables: how each version of them came out of
 * the one before, the statements over them, and the words that stand for
 * enumerators.  Called when a journal is opened, or built anew by a recovery. */
#include "build.h"

#include "forwarder/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/journal_tables.h"

/* One step of the schema each; user_version counts the steps that were taken.
 * Never change a step that was released: add one. */
static const char *const migrations[JOURNAL_VERSION] = {
    "CREATE TABLE item (seq INTEGER PRIMARY KEY, pos INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,"
    " time INTEGER, arrival INTEGER NOT NULL, class INTEGER NOT NULL, severity INTEGER NOT NULL, state INTEGER,"
    " key TEXT, xml TEXT NOT NULL);"
    "CREATE TABLE blob (kind TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, name));"
    "CREATE TABLE cursor (target TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL, target_seq INTEGER NOT NULL);"
    "CREATE TABLE word (kind INTEGER NOT NULL, code INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, code));"
    /* For people with the sqlite3 shell. */
    "CREATE VIEW items AS SELECT seq, (SELECT name FROM word WHERE word.kind = 0 AND code = item.kind) AS kind,"
    " lower(hex(id)) AS id, datetime(time / 1000000000, 'unixepoch') AS time,"
    " datetime(arrival / 1000000000, 'unixepoch') AS arrival,"
    " (SELECT name FROM word WHERE word.kind = 1 AND code = class) AS class,"
    " (SELECT name FROM word WHERE word.kind = 2 AND code = severity) AS severity,"
    " (SELECT name FROM word WHERE word.kind = 3 AND code = state) AS state, key, xml FROM item;",
    /* 'history'; the newest change of an alarm is found without a search; so is
     * a time, to the nearest thousand rows: rows that are in neither index (98
     * of 100) cost the same as without. */
    "ALTER TABLE item ADD COLUMN history INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX item_key ON item (key) WHERE key IS NOT NULL;"
    "CREATE INDEX item_arrival ON item (arrival) WHERE seq % 1024 = 0;"
    "DROP VIEW items;"
    "CREATE VIEW items AS SELECT seq, (SELECT name FROM word WHERE word.kind = 0 AND code = item.kind) AS kind,"
    " lower(hex(id)) AS id, datetime(time / 1000000000, 'unixepoch') AS time,"
    " datetime(arrival / 1000000000, 'unixepoch') AS arrival,"
    " (SELECT name FROM word WHERE word.kind = 1 AND code = class) AS class,"
    " (SELECT name FROM word WHERE word.kind = 2 AND code = severity) AS severity,"
    " (SELECT name FROM word WHERE word.kind = 3 AND code = state) AS state, key, history, xml FROM item;",
};

/* A row that cannot be stored fails the transaction anyway.  With the usual OR
 * ABORT, SQLite first copies each page that several rows are about to change to a
 * temporary file, to be able to undo the one statement: more bytes than the
 * transaction itself writes. */
#define INSERT_INTO "INSERT OR ROLLBACK INTO item "
#define INSERT_ITEM \
    INSERT_INTO "(pos, kind, id, time, arrival, class, severity, state, key, xml, history) VALUES "
#define ROW_VALUES "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define TWO_ROWS ROW_VALUES ", " ROW_VALUES
#define EIGHT_ROWS TWO_ROWS ", " TWO_ROWS ", " TWO_ROWS ", " TWO_ROWS
_Static_assert(JOURNAL_ROWS == 32, "the statement has as many rows");

static const char *const statements[JOURNAL_STATEMENTS] = {
    [JOURNAL_BEGIN] = "BEGIN IMMEDIATE",
    [JOURNAL_COMMIT] = "COMMIT",
    [JOURNAL_ROLLBACK] = "ROLLBACK",
    [JOURNAL_APPEND] = INSERT_ITEM ROW_VALUES,
    [JOURNAL_APPEND_AT] = INSERT_INTO "(seq, pos, kind, id, time, arrival, class, severity, state, key, xml, history)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [JOURNAL_APPEND_ROWS] = (INSERT_ITEM EIGHT_ROWS ", " EIGHT_ROWS ", " EIGHT_ROWS ", " EIGHT_ROWS),
    [JOURNAL_PUT] = "INSERT INTO blob (kind, name, data) VALUES (?, ?, ?)"
                    " ON CONFLICT (kind, name) DO UPDATE SET data = excluded.data",
    [JOURNAL_FORGET] = "DELETE FROM blob WHERE kind = ? AND name = ?",
    [JOURNAL_GET] = "SELECT data FROM blob WHERE kind = ? AND name = ?",
    [JOURNAL_EACH] = "SELECT name, data FROM blob WHERE kind = ? ORDER BY name",
    [JOURNAL_CURSOR_GET] = "SELECT seq, target_seq FROM cursor WHERE target = ?",
    [JOURNAL_CURSOR_PUT] = "INSERT INTO cursor (target, seq, target_seq) VALUES (?, ?, ?)"
                           " ON CONFLICT (target) DO UPDATE SET seq = excluded.seq, target_seq = excluded.target_seq",
    [JOURNAL_CURSOR_EACH] = "SELECT target, seq FROM cursor ORDER BY target",
    [JOURNAL_CURSOR_FORGET] = "DELETE FROM cursor WHERE target = ?",
    [JOURNAL_POSITION] = "SELECT pos, arrival FROM item WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
    [JOURNAL_TRIM] = "DELETE FROM item WHERE seq <= ?",
    [JOURNAL_FIRST] = "SELECT seq FROM item ORDER BY seq LIMIT 1",
    [JOURNAL_PAGES] = "PRAGMA page_count",
    [JOURNAL_FREE_PAGES] = "PRAGMA freelist_count",
};

static int
first_int(void *arg, int n, char **values, char **names)
{
    (void) names;
    if (n > 0 && values[0])
        *(int64_t *) arg = strtoll(values[0], NULL, 10);
    return 0;
}

int
journal_query_int(sqlite3 *db, const char *sql, int64_t *out)
{
    *out = 0;
    return sqlite3_exec(db, sql, first_int, out, NULL);
}

/* Whether the file is ours and not from the future; nothing is written yet.
 * SQLITE_MISMATCH with 'err' when it must be left alone. */
int
journal_check_ours(sqlite3 *db, int64_t *version, char *err, size_t errlen)
{
    int64_t application, tables;
    int rc;

    if ((rc = journal_query_int(db, "PRAGMA application_id", &application)) != SQLITE_OK
        || (rc = journal_query_int(db, "PRAGMA user_version", version)) != SQLITE_OK
        || (rc = journal_query_int(db, "SELECT count(*) FROM sqlite_master", &tables)) != SQLITE_OK) {
        snprintf(err, errlen, "%s", sqlite3_errmsg(db));
        return rc;
    }
    if (tables > 0 && application != JOURNAL_APPLICATION_ID) {
        snprintf(err, errlen, "it is a database of another program: name another state directory");
        return SQLITE_MISMATCH;
    }
    if (*version > JOURNAL_VERSION) {
        snprintf(err, errlen,
                 "it was written by a newer truecause (schema %d, this program knows up to %d): install that version"
                 " again, or let it deliver everything and then move the file away",
                 (int) *version, JOURNAL_VERSION);
        return SQLITE_MISMATCH;
    }
    return SQLITE_OK;
}

/* Brings the schema up to JOURNAL_VERSION, a step in a transaction of its own.
 * 0, or an SQLite result with 'err' filled. */
int
journal_migrate(sqlite3 *db, char *err, size_t errlen)
{
    int64_t version;
    int rc = journal_check_ours(db, &version, err, errlen);

    for (int step = (int) version; rc == SQLITE_OK && step < JOURNAL_VERSION; step++) {
        char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                                    migrations[step], JOURNAL_APPLICATION_ID, step + 1);

        rc = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
        sqlite3_free(sql);
        if (rc != SQLITE_OK) {
            snprintf(err, errlen, "bringing the schema from version %d to %d: %s%s", step, step + 1,
                     sqlite3_errmsg(db), rc == SQLITE_FULL ? ": make room on its file system" : "");
            if (!sqlite3_get_autocommit(db))
                sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return rc;
}

static const char *
word_name(enum journal_word word, int value)
{
    switch (word) {
    case JOURNAL_WORD_KIND:
        return value == ITEM_EVENT    ? "event"
               : value == ITEM_ALARM  ? "alarm"
               : value == ITEM_NOTICE ? "notice"
                                      : NULL;
    case JOURNAL_WORD_CLASS:
        return value < (int) CLASS_COUNT ? event_class_name((enum event_class) value) : NULL;
    case JOURNAL_WORD_SEVERITY:
        return value <= (int) SEVERITY_CLEARED ? severity_name((enum severity) value) : NULL;
    case JOURNAL_WORD_STATE:
        return value <= (int) ALARM_CLEARED ? alarm_state_name((enum alarm_state) value) : NULL;
    case JOURNAL_WORD_COUNT:
        break;
    }
    return NULL;
}

static int
word_add(sqlite3 *db, int word, int code, const char *name)
{
    char *sql = sqlite3_mprintf("INSERT INTO word (kind, code, name) VALUES (%d, %d, %Q)", word, code, name);
    int rc = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc;
}

/* Reads which code stands for which enumerator; with 'add', words that are new
 * in this version get the next free codes. */
int
journal_words_load(sqlite3 *db, bool add, struct journal_words *w)
{
    int next[JOURNAL_WORD_COUNT] = {0};
    sqlite3_stmt *st = NULL;
    int rc;

    memset(w, 0xff, sizeof *w);
    rc = sqlite3_prepare_v2(db, "SELECT kind, code, name FROM word", -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        int kind = sqlite3_column_int(st, 0), code = sqlite3_column_int(st, 1);
        const char *name = (const char *) sqlite3_column_text(st, 2), *known;

        rc = SQLITE_OK;
        if (kind < 0 || kind >= JOURNAL_WORD_COUNT || code < 0 || code >= JOURNAL_CODES || !name)
            continue;
        if (code >= next[kind])
            next[kind] = code + 1;
        for (int v = 0; (known = word_name((enum journal_word) kind, v)); v++) {
            if (strcmp(known, name) == 0) {
                w->code[kind][v] = code;
                w->value[kind][code] = v;
            }
        }
    }
    sqlite3_finalize(st);
    if (rc != SQLITE_DONE)
        return rc;
    for (int kind = 0; kind < JOURNAL_WORD_COUNT; kind++) {
        const char *name;

        for (int v = 0; (name = word_name((enum journal_word) kind, v)); v++) {
            if (w->code[kind][v] >= 0)
                continue;
            if (next[kind] >= JOURNAL_CODES || !add)
                return SQLITE_CORRUPT;
            if ((rc = word_add(db, kind, next[kind], name)) != SQLITE_OK)
                return rc;
            w->code[kind][v] = next[kind];
            w->value[kind][next[kind]++] = v;
        }
    }
    return SQLITE_OK;
}

int
journal_prepare(struct journal *j)
{
    int rc = SQLITE_OK;

    for (int i = 0; i < JOURNAL_STATEMENTS && rc == SQLITE_OK; i++)
        rc = sqlite3_prepare_v3(j->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &j->st[i], NULL);
    return rc;
}
