/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_open.c - from a state directory to an open journal: the directory,
 * its lock, the file's age and health, the tables and their migrations.
 * Decides between "go on", "set aside and save what can be read" and "refuse";
 * there is no fourth way, and never an empty journal over data. */
#include "build.h"

#include "forwarder/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/journal_tables.h"
#include "forwarder/log.h"

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

#define INSERT_ITEM "INSERT INTO item (pos, kind, id, time, arrival, class, severity, state, key, xml, history) VALUES "
#define ROW_VALUES "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define TWO_ROWS ROW_VALUES ", " ROW_VALUES
#define EIGHT_ROWS TWO_ROWS ", " TWO_ROWS ", " TWO_ROWS ", " TWO_ROWS
_Static_assert(JOURNAL_ROWS == 32, "the statement has as many rows");

static const char *const statements[JOURNAL_STATEMENTS] = {
    [JOURNAL_BEGIN] = "BEGIN IMMEDIATE",
    [JOURNAL_COMMIT] = "COMMIT",
    [JOURNAL_ROLLBACK] = "ROLLBACK",
    [JOURNAL_APPEND] = INSERT_ITEM ROW_VALUES,
    [JOURNAL_APPEND_AT] = "INSERT INTO item (seq, pos, kind, id, time, arrival, class, severity, state, key, xml, history)"
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

/* WAL cannot be had on every file system; SQLite then stays silent. */
static int
is_wal(void *arg, int n, char **values, char **names)
{
    (void) names;
    if (n > 0 && values[0] && strcmp(values[0], "wal") == 0)
        *(bool *) arg = true;
    return 0;
}

/* Settings of every connection; the page size counts only in an empty file. */
int
journal_settings(sqlite3 *db, bool read_only)
{
    bool wal = false;
    char sql[256];
    int rc;

    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, 5000);
    if (read_only)
        return sqlite3_exec(db, "PRAGMA cache_size = -2048; PRAGMA cell_size_check = ON", NULL, NULL, NULL);
    snprintf(sql, sizeof sql,
             "PRAGMA page_size = %d; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;"
             "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = OFF;"
             "PRAGMA journal_size_limit = %d",
             JOURNAL_PAGE, 2 * JOURNAL_PAGE * JOURNAL_WAL_PAGES);
    if ((rc = sqlite3_exec(db, sql, NULL, NULL, NULL)) != SQLITE_OK
        || (rc = sqlite3_exec(db, "PRAGMA journal_mode = WAL", is_wal, &wal, NULL)) != SQLITE_OK)
        return rc;
    return wal ? SQLITE_OK : SQLITE_IOERR_SHMOPEN;
}

static int
first_int(void *arg, int n, char **values, char **names)
{
    (void) names;
    if (n > 0 && values[0])
        *(int64_t *) arg = strtoll(values[0], NULL, 10);
    return 0;
}

static int
query_int(sqlite3 *db, const char *sql, int64_t *out)
{
    *out = 0;
    return sqlite3_exec(db, sql, first_int, out, NULL);
}

/* Whether the file is ours and not from the future; nothing is written yet.
 * SQLITE_MISMATCH with 'err' when it must be left alone. */
static int
check_ours(sqlite3 *db, int64_t *version, char *err, size_t errlen)
{
    int64_t application, tables;
    int rc;

    if ((rc = query_int(db, "PRAGMA application_id", &application)) != SQLITE_OK
        || (rc = query_int(db, "PRAGMA user_version", version)) != SQLITE_OK
        || (rc = query_int(db, "SELECT count(*) FROM sqlite_master", &tables)) != SQLITE_OK) {
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
    int rc = check_ours(db, &version, err, errlen);

    for (int step = (int) version; rc == SQLITE_OK && step < JOURNAL_VERSION; step++) {
        char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                                    migrations[step], JOURNAL_APPLICATION_ID, step + 1);

        rc = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
        sqlite3_free(sql);
        if (rc != SQLITE_OK) {
            snprintf(err, errlen, "bringing the schema from version %d to %d: %s", step, step + 1, sqlite3_errmsg(db));
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

static int
check_time_over(void *arg)
{
    return clock_monotonic() > *(const int64_t *) arg;
}

static int
check_result(void *arg, int n, char **values, char **names)
{
    struct str *err = arg;

    (void) names;
    if (n > 0 && values[0] && strcmp(values[0], "ok") != 0)
        *err = str_z(sqlite3_mprintf("%.300s", values[0]));
    return 0;
}

/* SQLite's own check for at most 300 ms: all of a small journal, the beginning
 * of a large one, whose other damage shows when it is read. */
static int
quick_check(sqlite3 *db, char *err, size_t errlen)
{
    struct str found = STR_NONE;
    int64_t until;
    int rc;

    until = clock_monotonic() + INT64_C(300000000);
    sqlite3_progress_handler(db, 20000, check_time_over, &until);
    rc = sqlite3_exec(db, "PRAGMA quick_check(1)", check_result, &found, NULL);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if (rc == SQLITE_INTERRUPT)
        rc = SQLITE_OK;
    if (rc == SQLITE_OK && str_has(found)) {
        rc = SQLITE_CORRUPT;
        snprintf(err, errlen, "%.*s", STR_ARG(found));
        for (char *p = err; *p; p++)
            *p = *p == '\n' ? ' ' : *p;
    }
    sqlite3_free((void *) (uintptr_t) found.p);
    return rc;
}

/* Called by SQLite after each commit with the pages in the write-ahead log. */
static int
wal_grown(void *arg, sqlite3 *db, const char *name, int pages)
{
    static struct log_limit limit;
    int mode = pages > 8 * JOURNAL_WAL_PAGES ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int rc;

    (void) arg;
    if (pages < JOURNAL_WAL_PAGES)
        return SQLITE_OK;
    rc = sqlite3_wal_checkpoint_v2(db, name, mode, NULL, NULL);
    /* Nothing is lost by it: what was committed is in the log, which grows. */
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        log_limited(&limit, LOG_LEVEL_WARN, "journal: cannot write the log back (%d pages wait): %s", pages,
                    sqlite3_errmsg(db));
    return SQLITE_OK;
}

/* Reads where numbering goes on. */
static int
load_position(struct journal *j)
{
    int64_t last, cursors, pos, lost;
    int rc;

    if ((rc = query_int(j->db, "SELECT max(seq) FROM item", &last)) != SQLITE_OK
        || (rc = query_int(j->db, "SELECT pos FROM item ORDER BY seq DESC LIMIT 1", &pos)) != SQLITE_OK
        || (rc = query_int(j->db, "SELECT max(seq) FROM cursor", &cursors)) != SQLITE_OK
        || (rc = query_int(j->db, "SELECT count(*) FROM blob WHERE kind = 'journal' AND name = 'cursors-lost'", &lost))
               != SQLITE_OK)
        return rc;
    /* A cursor beyond the items: they were lost with a damaged file.  Their
     * numbers are not given again, or new items would count as delivered. */
    j->last_seq = (uint64_t) (last > cursors ? last : cursors);
    j->stored_seq = j->last_seq;
    j->gap = cursors > last;
    j->pos = (uint64_t) pos;
    j->all_from_start = lost > 0;
    return SQLITE_OK;
}

/* Opens j->path, which exists (maybe with no bytes).  0, SQLITE_MISMATCH when
 * the file must be left alone, or another SQLite result; 'err' in words. */
static int
open_database(struct journal *j, char *err, size_t errlen)
{
    int64_t version;
    int rc = sqlite3_open_v2(j->path, &j->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    err[0] = '\0';
    if (rc == SQLITE_OK)
        rc = check_ours(j->db, &version, err, errlen);
    if (rc == SQLITE_OK)
        rc = journal_settings(j->db, false);
    if (rc == SQLITE_IOERR_SHMOPEN)
        snprintf(err, errlen, "the state directory's file system cannot hold a write-ahead log: use a local disk");
    if (rc == SQLITE_OK)
        rc = quick_check(j->db, err, errlen);
    if (rc == SQLITE_OK)
        rc = journal_migrate(j->db, err, errlen);
    if (rc == SQLITE_OK)
        rc = journal_words_load(j->db, true, &j->words);
    for (int i = 0; i < JOURNAL_STATEMENTS && rc == SQLITE_OK; i++)
        rc = sqlite3_prepare_v3(j->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &j->st[i], NULL);
    if (rc == SQLITE_OK)
        rc = load_position(j);
    journal_finder_init(&j->finder, j->db, &j->words);
    if (rc == SQLITE_OK)
        sqlite3_wal_hook(j->db, wal_grown, j);
    else if (!err[0])
        snprintf(err, errlen, "%s", j->db ? sqlite3_errmsg(j->db) : sqlite3_errstr(rc));
    return rc;
}

static void
close_database(struct journal *j)
{
    for (int i = 0; i < JOURNAL_STATEMENTS; i++) {
        sqlite3_finalize(j->st[i]);
        j->st[i] = NULL;
    }
    journal_finder_fini(&j->finder);
    sqlite3_close(j->db);
    j->db = NULL;
}

/* The state directory, made if only its last part is missing. */
static int
check_directory(const char *dir, char *err, size_t errlen)
{
    struct stat st;

    if (mkdir(dir, 0750) != 0 && errno != EEXIST) {
        int e = errno;

        if (stat(dir, &st) != 0) {
            snprintf(err, errlen, "%s: cannot make the state directory: %s%s", dir, strerror(e),
                     e == ENOENT ? "; make the folder above it first" : "");
            return -e;
        }
    }
    if (stat(dir, &st) != 0) {
        snprintf(err, errlen, "%s: %s", dir, strerror(errno));
        return -errno;
    }
    if (!S_ISDIR(st.st_mode)) {
        snprintf(err, errlen, "%s is not a directory: name another one as the state directory", dir);
        return -ENOTDIR;
    }
    if (access(dir, R_OK | W_OK | X_OK) != 0) {
        int e = errno;

        snprintf(err, errlen, "%s: cannot write there: %s; the state directory must belong to the user who runs truecause",
                 dir, strerror(e));
        return -e;
    }
    return 0;
}

/* Takes the lock of the directory; a second process gets -EBUSY.  The holder's
 * number is in the file for people. */
static int
take_lock(struct journal *j, char *err, size_t errlen)
{
    struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[4096], pid[32];
    ssize_t n;
    bool noted;

    snprintf(path, sizeof path, "%s/lock", j->dir);
    j->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (j->lock < 0) {
        int e = errno;

        snprintf(err, errlen, "%s: cannot open the lock: %s", path, strerror(e));
        return -e;
    }
    if (fcntl(j->lock, F_OFD_SETLK, &fl) != 0) {
        int e = errno;

        n = pread(j->lock, pid, sizeof pid - 1, 0);
        pid[n > 0 ? n : 0] = '\0';
        pid[strcspn(pid, "\r\n")] = '\0';
        if (e == EAGAIN || e == EACCES)
            snprintf(err, errlen, "%s: another truecause%s%s works with this state directory: stop it, or name another one",
                     j->dir, pid[0] ? " with process number " : "", pid);
        else
            snprintf(err, errlen, "%s: cannot lock: %s", path, strerror(e));
        return e == EAGAIN || e == EACCES ? -EBUSY : -e;
    }
    snprintf(pid, sizeof pid, "%ld\n", (long) getpid());
    /* Only a help for people: a full disk must not keep the program out. */
    noted = ftruncate(j->lock, 0) == 0 && pwrite(j->lock, pid, strlen(pid), 0) >= 0;
    (void) noted;
    return 0;
}

/* True when 'path' with 'suffix' is there and holds bytes. */
static bool
has_bytes(const char *path, const char *suffix)
{
    char name[4096];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0 && st.st_size > 0;
}

/* Makes the database file itself, so that it is ours alone to read. */
static int
make_file(const char *path, char *err, size_t errlen)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    struct stat st;
    int e = 0;

    if (fd < 0 || fstat(fd, &st) != 0)
        e = errno;
    else if (!S_ISREG(st.st_mode))
        e = EINVAL;
    if (fd >= 0)
        close(fd);
    if (e)
        snprintf(err, errlen, "%s: cannot open the journal: %s", path, e == EINVAL ? "not a regular file" : strerror(e));
    return -e;
}

static bool
is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

static int
open_or_recover(struct journal *j, char *err, size_t errlen)
{
    char why[400] = "", note[1024] = "";
    int rc, result;

    if (journal_is_suspect(j->dir))
        snprintf(why, sizeof why, "damage was met before");
    else if (!has_bytes(j->path, "") && has_bytes(j->path, "-wal"))
        snprintf(why, sizeof why, "its write-ahead log is there and the file is not");
    if (!why[0]) {
        if ((result = make_file(j->path, err, errlen)) != 0)
            return result;
        if ((rc = open_database(j, why, sizeof why)) == SQLITE_OK)
            return 0;
        result = rc == SQLITE_MISMATCH ? -EINVAL : journal_errno(j->db, rc);
        close_database(j);
        if (!is_damage(rc)) {
            snprintf(err, errlen, "%s: %s", j->path, why);
            return result;
        }
    }
    if ((result = journal_recover(j->dir, why, note, sizeof note)) != 0) {
        snprintf(err, errlen, "%s", note);
        return result;
    }
    if ((result = make_file(j->path, err, errlen)) != 0)
        return result;
    if ((rc = open_database(j, why, sizeof why)) != SQLITE_OK) {
        snprintf(err, errlen, "%s: %s, after the damaged one was set aside", j->path, why);
        return journal_errno(j->db, rc);
    }
    snprintf(err, errlen, "%s", note);
    log_error("%s", note);
    j->recovered = true;
    return 0;
}

/* SQLite's own count of the memory it uses takes a lock at each allocation. */
static void
configure_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct journal *
journal_open(const char *dir, uint64_t limit_bytes, char *err, size_t errlen)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    struct journal *j = calloc(1, sizeof *j);
    int result = -ENOMEM;
    size_t n = strlen(dir) + sizeof "/journal.db";

    pthread_once(&configured, configure_sqlite);

    err[0] = '\0';
    if (j) {
        j->lock = -1;
        j->limit = limit_bytes;
        j->dir = strdup(dir);
        j->path = malloc(n);
    }
    if (!j || !j->dir || !j->path) {
        snprintf(err, errlen, "not enough memory to open the journal");
        goto out;
    }
    snprintf(j->path, n, "%s/journal.db", dir);
    if (strlen(dir) > 3900) {
        snprintf(err, errlen, "the name of the state directory is too long");
        result = -ENAMETOOLONG;
        goto out;
    }
    if ((result = check_directory(dir, err, errlen)) == 0 && (result = take_lock(j, err, errlen)) == 0)
        result = open_or_recover(j, err, errlen);
out:
    if (result != 0) {
        journal_close(j);
        errno = -result;
        return NULL;
    }
    return j;
}

void
journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->db) {
        if (j->open)
            journal_rollback(j);
        close_database(j);
    }
    if (j->lock >= 0)
        close(j->lock);
    free(j->dir);
    free(j->path);
    free(j);
}

bool
journal_recovered(const struct journal *j)
{
    return j->recovered;
}
