/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_open.c - from a state directory to an open journal: the directory,
 * its lock, the file's age and health.  The tables are in journal_schema.c.
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

/* Pages that are checked at a start: 64 MiB, some tenths of a second on a slow disk. */
enum { CHECK_PAGES = 2048 };

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

/* One of SQLite's checks; it cannot be stopped half way. */
static int
check_by(sqlite3 *db, const char *pragma, char *err, size_t errlen)
{
    struct str found = STR_NONE;
    int rc = sqlite3_exec(db, pragma, check_result, &found, NULL);

    if (rc == SQLITE_OK && str_has(found)) {
        rc = SQLITE_CORRUPT;
        snprintf(err, errlen, "%.*s", STR_ARG(found));
        for (char *p = err; *p; p++)
            *p = *p == '\n' ? ' ' : *p;
    }
    sqlite3_free((void *) (uintptr_t) found.p);
    return rc;
}

/* All of a journal that is quickly read; of a larger one the small tables, and
 * the newest items for as long as 300 ms.  Other damage shows when it is read,
 * and the start after that knows of it. */
static int
quick_check(sqlite3 *db, char *err, size_t errlen)
{
    int64_t pages, until;
    int rc;

    if ((rc = journal_query_int(db, "PRAGMA page_count", &pages)) != SQLITE_OK)
        return rc;
    if (pages <= CHECK_PAGES)
        return check_by(db, "PRAGMA quick_check(1)", err, errlen);
    if ((rc = check_by(db, "PRAGMA quick_check(blob)", err, errlen)) != SQLITE_OK
        || (rc = check_by(db, "PRAGMA quick_check(cursor)", err, errlen)) != SQLITE_OK
        || (rc = check_by(db, "PRAGMA quick_check(word)", err, errlen)) != SQLITE_OK)
        return rc;
    until = clock_monotonic() + INT64_C(300000000);
    sqlite3_progress_handler(db, 20000, check_time_over, &until);
    rc = sqlite3_exec(db,
                      "SELECT max(length(xml)) FROM"
                      " (SELECT xml FROM item NOT INDEXED ORDER BY seq DESC LIMIT 200000)",
                      NULL, NULL, NULL);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    return rc == SQLITE_INTERRUPT ? SQLITE_OK : rc;
}

/* Makes SQLite write the whole log back once more.  After a sync that failed
 * Linux takes the file's pages for clean, though the disk does not have them;
 * SQLite repeats only what it had not counted as written back, and counts what
 * a reader let it do earlier without having synced it.  The count is a number
 * in the shared index of the log, at a place that its file format fixes. */
static void
write_back_again(sqlite3 *db)
{
    enum { INDEX_VERSION = 3007000, INDEX_BACKFILL = 96, INDEX_SIZE = 32768 };
    sqlite3_file *file = NULL;
    void volatile *index = NULL;

    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods
        || file->pMethods->iVersion < 2 || file->pMethods->xShmMap(file, 0, INDEX_SIZE, 0, &index) != SQLITE_OK || !index)
        return;
    if (((uint32_t volatile *) index)[0] == INDEX_VERSION)
        ((uint32_t volatile *) index)[INDEX_BACKFILL / sizeof(uint32_t)] = 0;
    file->pMethods->xShmBarrier(file);
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
    if ((rc & 0xff) == SQLITE_IOERR)
        write_back_again(db);
    /* Nothing is lost by it: what was committed is in the log, which grows. */
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        log_limited(&limit, LOG_LEVEL_WARN, "journal: cannot write the log back (%d pages wait): %s", pages,
                    sqlite3_errmsg(db));
    return SQLITE_OK;
}

#define CURSORS_LOST "SELECT count(*) FROM blob WHERE kind = 'journal' AND name = 'cursors-lost'"

/* Reads where numbering goes on. */
static int
load_position(struct journal *j)
{
    int64_t last, cursors, pos, lost;
    int rc;

    if ((rc = journal_query_int(j->db, "SELECT max(seq) FROM item", &last)) != SQLITE_OK
        || (rc = journal_query_int(j->db, "SELECT pos FROM item ORDER BY seq DESC LIMIT 1", &pos)) != SQLITE_OK
        || (rc = journal_query_int(j->db, "SELECT max(seq) FROM cursor", &cursors)) != SQLITE_OK
        || (rc = journal_query_int(j->db, CURSORS_LOST, &lost)) != SQLITE_OK)
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
        rc = journal_check_ours(j->db, &version, err, errlen);
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
    if (rc == SQLITE_OK)
        rc = journal_prepare(j);
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
