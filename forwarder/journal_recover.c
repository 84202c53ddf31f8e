/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_recover.c - what happens to a damaged journal.  Its files are
 * renamed (journal.db.damaged-DATE, with -wal), never changed, and a new
 * journal is built of all that can be read of them before it takes the name.
 *
 * The file 'journal.damaged' in the state directory carries this over crashes:
 * empty, it says that damage was met and the next start shall look; with a
 * name in it, it says that the work under that name has begun.  It goes when
 * the new journal stands. */
#include "build.h"

#include "forwarder/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/journal_tables.h"

enum { NAME_SIZE = 4200, COPY_ROWS = 2000 };

struct recovery {
    const char *dir;
    char marker[NAME_SIZE], live[NAME_SIZE], aside[NAME_SIZE], fresh[NAME_SIZE], mended[NAME_SIZE];
    sqlite3 *from, *to;
    sqlite3_stmt *insert;
    uint64_t items, gaps;
    unsigned states, cursors;
    bool states_lost, cursors_lost;
    bool has_history; /* 'from' has the column, which came with version 2 */
    unsigned pending; /* rows in the open transaction */
};

void
journal_suspect(const char *dir)
{
    char path[NAME_SIZE];
    int fd;

    snprintf(path, sizeof path, "%s/journal.damaged", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd >= 0)
        close(fd);
}

bool
journal_is_suspect(const char *dir)
{
    char path[NAME_SIZE];

    snprintf(path, sizeof path, "%s/journal.damaged", dir);
    return access(path, F_OK) == 0;
}

static int
sync_directory(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd) != 0 && errno != EINVAL)
        result = -errno;
    close(fd);
    return result;
}

static bool
is_there(const char *path, const char *suffix)
{
    char name[NAME_SIZE + 8];

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return access(name, F_OK) == 0;
}

/* Renames from+suffix to to+suffix if the one is there and the other is not. */
static int
move_file(const char *from, const char *to, const char *suffix)
{
    char a[NAME_SIZE + 8], b[NAME_SIZE + 8];

    if (!is_there(from, suffix) || is_there(to, suffix))
        return 0;
    snprintf(a, sizeof a, "%s%s", from, suffix);
    snprintf(b, sizeof b, "%s%s", to, suffix);
    return rename(a, b) == 0 ? 0 : -errno;
}

static void
remove_file(const char *path, const char *suffix)
{
    char name[NAME_SIZE + 8];

    snprintf(name, sizeof name, "%s%s", path, suffix);
    unlink(name);
}

/* The name that an interrupted recovery used, or a new one, kept in the marker
 * before any file moves. */
static int
choose_name(struct recovery *r)
{
    char name[128] = "", temporary[NAME_SIZE + 8], stamp[32];
    FILE *f = fopen(r->marker, "re");
    time_t now = time(NULL);
    struct tm tm;
    int fd, result;

    if (f) {
        if (!fgets(name, sizeof name, f))
            name[0] = '\0';
        fclose(f);
        name[strcspn(name, "\n")] = '\0';
    }
    if (strncmp(name, "journal.db.damaged-", 19) == 0 && !strchr(name, '/')) {
        snprintf(r->aside, sizeof r->aside, "%.4000s/%s", r->dir, name);
        return 0;
    }
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, i ? "journal.db.damaged-%s-%u" : "journal.db.damaged-%s", stamp, i);
        snprintf(r->aside, sizeof r->aside, "%.4000s/%s", r->dir, name);
        if (!is_there(r->aside, "") && !is_there(r->aside, "-wal"))
            break;
    }
    snprintf(temporary, sizeof temporary, "%s.tmp", r->marker);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    result = dprintf(fd, "%s\n", name) < 0 || fsync(fd) != 0 ? -errno : 0;
    close(fd);
    if (result == 0 && rename(temporary, r->marker) != 0)
        result = -errno;
    return result == 0 ? sync_directory(r->dir) : result;
}

/* The damaged files under their new name.  '*done' when an interrupted
 * recovery had put the new journal in place already. */
static int
set_aside(struct recovery *r, bool *done)
{
    int result;

    *done = is_there(r->aside, "") && is_there(r->live, "");
    if (*done)
        return 0;
    if ((result = move_file(r->live, r->aside, "")) != 0 || (result = move_file(r->live, r->aside, "-wal")) != 0)
        return result;
    remove_file(r->live, "-shm");
    return sync_directory(r->dir);
}

/* What reading the damaged file left beside it. */
static void
remove_files_of_reading(const struct recovery *r)
{
    char name[NAME_SIZE + 8];
    struct stat st;

    remove_file(r->aside, "-shm");
    snprintf(name, sizeof name, "%s-wal", r->aside);
    if (stat(name, &st) == 0 && st.st_size == 0)
        unlink(name);
}

static int
exec_to(struct recovery *r, const char *sql)
{
    return journal_errno(r->to, sqlite3_exec(r->to, sql, NULL, NULL, NULL));
}

/* True when the schema of 'db' can be read, without which nothing can. */
static bool
is_readable(sqlite3 *db)
{
    return sqlite3_exec(db, "SELECT count(*) FROM item WHERE seq < 0", NULL, NULL, NULL) == SQLITE_OK;
}

static void
open_for_reading(struct recovery *r, const char *path)
{
    if (sqlite3_open_v2(path, &r->from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return;
    sqlite3_extended_result_codes(r->from, 1);
    /* writable_schema: a file that is shorter than it should be is read as far
     * as it goes; the connection cannot write anything. */
    sqlite3_exec(r->from, "PRAGMA cell_size_check = ON; PRAGMA writable_schema = ON", NULL, NULL, NULL);
}

static int
copy_file(const char *from, const char *to, const char *suffix)
{
    char a[NAME_SIZE + 8], b[NAME_SIZE + 8], block[65536];
    int in, out, result = 0;
    ssize_t n = 0;

    snprintf(a, sizeof a, "%s%s", from, suffix);
    snprintf(b, sizeof b, "%s%s", to, suffix);
    if ((in = open(a, O_RDONLY | O_CLOEXEC)) < 0)
        return -errno;
    if ((out = open(b, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0)
        result = -errno;
    while (result == 0 && (n = read(in, block, sizeof block)) > 0)
        if (write(out, block, (size_t) n) != n)
            result = -ENOSPC;
    if (n < 0)
        result = -errno;
    close(in);
    if (out >= 0)
        close(out);
    return result;
}

/* The first page holds the schema; its tables have the same pages in every
 * journal (indexes need not, and are not looked at).  When only that page is damaged, a copy of the file with the first
 * page of a new journal gives all the rest. */
static void
lend_first_page(struct recovery *r)
{
    unsigned char page[JOURNAL_PAGE];
    struct stat st;
    uint32_t pages;
    int from = -1, to = -1;

    sqlite3_close(r->from);
    r->from = NULL;
    sqlite3_wal_checkpoint_v2(r->to, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (copy_file(r->aside, r->mended, "") != 0)
        goto out;
    if (is_there(r->aside, "-wal") && copy_file(r->aside, r->mended, "-wal") != 0)
        goto out;
    if ((from = open(r->fresh, O_RDONLY | O_CLOEXEC)) < 0 || (to = open(r->mended, O_RDWR | O_CLOEXEC)) < 0
        || fstat(to, &st) != 0 || pread(from, page, sizeof page, 0) != (ssize_t) sizeof page)
        goto out;
    /* File format of SQLite: pages in the file, then the list of free pages. */
    pages = (uint32_t) (st.st_size / JOURNAL_PAGE);
    for (unsigned i = 0; i < 4; i++)
        page[28 + i] = (unsigned char) (pages >> (24 - 8 * i));
    memset(page + 32, 0, 8);
    if (pages > 1 && pwrite(to, page, sizeof page, 0) == (ssize_t) sizeof page)
        open_for_reading(r, r->mended);
out:
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
}

static void
remove_database(const char *path)
{
    remove_file(path, "");
    remove_file(path, "-wal");
    remove_file(path, "-shm");
}

static int
open_both(struct recovery *r, char *note, size_t notelen)
{
    char err[400] = "";
    int fd, rc;

    remove_database(r->fresh);
    remove_database(r->mended);
    if ((fd = open(r->fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640)) < 0) {
        snprintf(note, notelen, "%s: cannot make it: %s", r->fresh, strerror(errno));
        return -errno;
    }
    close(fd);
    rc = sqlite3_open_v2(r->fresh, &r->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = journal_settings(r->to, false);
    if (rc == SQLITE_OK)
        rc = journal_migrate(r->to, err, sizeof err);
    if (rc != SQLITE_OK) {
        snprintf(note, notelen, "%s: %s", r->fresh, err[0] ? err : sqlite3_errmsg(r->to));
        return journal_errno(r->to, rc);
    }
    if (!is_there(r->aside, ""))
        return 0;
    open_for_reading(r, r->aside);
    if (!r->from || !is_readable(r->from))
        lend_first_page(r);
    if (r->from && !is_readable(r->from)) {
        sqlite3_close(r->from);
        r->from = NULL;
    }
    r->has_history = r->from && sqlite3_exec(r->from, "SELECT history FROM item WHERE 0", NULL, NULL, NULL) == SQLITE_OK;
    return 0;
}

/* One row of 'columns' values from 'st' into the statement of 'sql'. */
static int
copy_row(struct recovery *r, sqlite3_stmt *st, int columns)
{
    int rc;

    for (int i = 0; i < columns; i++)
        sqlite3_bind_value(r->insert, i + 1, sqlite3_column_value(st, i));
    rc = sqlite3_step(r->insert);
    sqlite3_reset(r->insert);
    /* A value that the tables do not take is damage that got through. */
    if (rc == SQLITE_DONE || (rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISMATCH)
        return 0;
    return journal_errno(r->to, rc);
}

/* All rows of a small table.  '*lost' when not all could be read. */
static int
copy_table(struct recovery *r, const char *select, const char *insert, int columns, unsigned *count, bool *lost)
{
    sqlite3_stmt *st = NULL;
    int rc, result = 0;

    if (!r->from || sqlite3_prepare_v2(r->from, select, -1, &st, NULL) != SQLITE_OK) {
        *lost = true;
        return 0;
    }
    if ((rc = sqlite3_prepare_v2(r->to, insert, -1, &r->insert, NULL)) != SQLITE_OK)
        result = journal_errno(r->to, rc);
    while (result == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        result = copy_row(r, st, columns);
        ++*count;
    }
    if (result == 0 && rc != SQLITE_DONE)
        *lost = true;
    sqlite3_finalize(st);
    sqlite3_finalize(r->insert);
    r->insert = NULL;
    return result;
}

/* True when a row of the item table is what we once stored. */
static bool
is_sound(sqlite3_stmt *st)
{
    const char *xml = (const char *) sqlite3_column_text(st, 10);
    int n = sqlite3_column_bytes(st, 10);

    return sqlite3_column_type(st, 10) == SQLITE_TEXT && xml && n > 2 && xml[0] == '<' && xml[n - 1] == '\n'
           && sqlite3_column_type(st, 1) == SQLITE_INTEGER && sqlite3_column_type(st, 6) == SQLITE_INTEGER;
}

/* Copies the rows after '*seq', or with 'down' those between 'floor' and '*seq'
 * from the top, until there are no more or damage is met; '*seq' is then the
 * last number that was read, '*end' true when there were no more. */
static int
copy_items(struct recovery *r, bool down, int64_t floor, int64_t *seq, bool *end)
{
    char sql[256];
    sqlite3_stmt *st = NULL;
    int rc, result = 0;

    /* No index is used: it may be what was damaged. */
    snprintf(sql, sizeof sql,
             "SELECT seq, pos, kind, id, time, arrival, class, severity, state, key, xml, %s FROM item NOT INDEXED"
             " WHERE seq %s ORDER BY seq%s",
             r->has_history ? "history" : "0", down ? "< ?1 AND seq > ?2" : "> ?1", down ? " DESC" : "");
    rc = sqlite3_prepare_v2(r->from, sql, -1, &st, NULL);
    sqlite3_bind_int64(st, 1, *seq);
    if (down)
        sqlite3_bind_int64(st, 2, floor);
    while (result == 0 && (rc == SQLITE_OK || rc == SQLITE_ROW) && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *seq = sqlite3_column_int64(st, 0);
        if (!is_sound(st)) {
            r->gaps++;
            continue;
        }
        result = copy_row(r, st, 12);
        r->items++;
        if (result == 0 && ++r->pending >= COPY_ROWS) {
            r->pending = 0;
            result = exec_to(r, "COMMIT; BEGIN");
        }
    }
    *end = rc == SQLITE_DONE;
    sqlite3_finalize(st);
    return result;
}

/* Past the damage behind 'seq': lands further and further on until rows can be
 * read again, takes them, and then those between the damage and the landing. */
static int
copy_past_damage(struct recovery *r, int64_t *seq, bool *end)
{
    int64_t damage = *seq, landing = damage, down;
    int result = 0;
    bool ignored;

    for (int64_t step = 1; step <= INT64_C(1) << 40; step *= 2) {
        *seq = landing = damage + step;
        if ((result = copy_items(r, false, 0, seq, end)) != 0)
            return result;
        if (*end || *seq > landing)
            break;
    }
    /* Not even a place far beyond the newest number can be looked at: the end
     * of the table is what was damaged. */
    if (!*end && *seq == landing)
        *end = true;
    down = landing + 1;
    return copy_items(r, true, damage, &down, &ignored);
}

static int
copy_all_items(struct recovery *r)
{
    int64_t seq = INT64_MIN;
    bool end = false;
    int result;

    if (!r->from)
        return 0;
    if (sqlite3_prepare_v2(r->to,
                           "INSERT OR IGNORE INTO item (seq, pos, kind, id, time, arrival, class, severity, state, key,"
                           " xml, history) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           -1, &r->insert, NULL)
        != SQLITE_OK)
        return journal_errno(r->to, sqlite3_errcode(r->to));
    result = copy_items(r, false, 0, &seq, &end);
    if (seq < 0)
        seq = 0;
    while (result == 0 && !end) {
        r->gaps++;
        result = copy_past_damage(r, &seq, &end);
    }
    sqlite3_finalize(r->insert);
    r->insert = NULL;
    return result;
}

static int
copy_everything(struct recovery *r)
{
    bool words_lost = false;
    unsigned words = 0;
    int result;

    if ((result = exec_to(r, "BEGIN")) != 0
        || (result = copy_table(r, "SELECT kind, code, name FROM word",
                                "INSERT OR IGNORE INTO word (kind, code, name) VALUES (?, ?, ?)", 3, &words, &words_lost))
               != 0
        || (result = copy_table(r, "SELECT kind, name, data FROM blob NOT INDEXED",
                                "INSERT OR IGNORE INTO blob (kind, name, data) VALUES (?, ?, ?)", 3, &r->states,
                                &r->states_lost))
               != 0
        || (result = copy_table(r, "SELECT target, seq, target_seq FROM cursor NOT INDEXED",
                                "INSERT OR IGNORE INTO cursor (target, seq, target_seq) VALUES (?, ?, ?)", 3, &r->cursors,
                                &r->cursors_lost))
               != 0
        || (result = copy_all_items(r)) != 0)
        return result;
    if (r->cursors_lost
        && (result = exec_to(r, "INSERT OR IGNORE INTO blob (kind, name, data) VALUES ('journal', 'cursors-lost', x'')"))
               != 0)
        return result;
    return exec_to(r, "COMMIT");
}

static void
tell(const struct recovery *r, const char *why, char *note, size_t notelen)
{
    int n = snprintf(note, notelen,
                     "%s was damaged (%.200s) and lies whole in %s: %llu items, %u states and %u cursors were read from it"
                     " and go on",
                     r->live, why, r->aside, (unsigned long long) r->items, r->states, r->cursors);

    if (n < 0 || (size_t) n >= notelen)
        return;
    snprintf(note + n, notelen - (size_t) n, "%s%s%s",
             r->gaps || !r->from ? "; some items could not be read" : "",
             r->states_lost ? "; some sources are read again from their start" : "",
             r->cursors_lost ? "; targets get again what the journal holds" : "");
}

int
journal_recover(const char *dir, const char *why, char *note, size_t notelen)
{
    struct recovery r = {.dir = dir};
    bool done = false;
    int result;

    snprintf(r.marker, sizeof r.marker, "%.4000s/journal.damaged", dir);
    snprintf(r.live, sizeof r.live, "%.4000s/journal.db", dir);
    snprintf(r.fresh, sizeof r.fresh, "%.4000s/journal.new", dir);
    snprintf(r.mended, sizeof r.mended, "%.4000s/journal.mend", dir);
    note[0] = '\0';
    if ((result = choose_name(&r)) != 0 || (result = set_aside(&r, &done)) != 0) {
        snprintf(note, notelen, "%s is damaged (%s) and cannot be set aside: %s", r.live, why, strerror(-result));
        return result;
    }
    if (!done) {
        if ((result = open_both(&r, note, notelen)) == 0 && (result = copy_everything(&r)) != 0)
            snprintf(note, notelen, "%s: cannot copy what %s holds: %s", r.fresh, r.aside, sqlite3_errmsg(r.to));
        if (result == 0)
            tell(&r, why, note, notelen);
        sqlite3_close(r.from);
        /* Closing writes the log back: from here the new journal is one file. */
        if (sqlite3_close(r.to) != SQLITE_OK && result == 0)
            result = -EIO;
        remove_files_of_reading(&r);
        remove_database(r.mended);
        if (result == 0 && rename(r.fresh, r.live) != 0)
            result = -errno;
        if (result == 0)
            result = sync_directory(dir);
        if (result != 0) {
            if (!note[0])
                snprintf(note, notelen, "%s: %s", r.live, strerror(-result));
            return result;
        }
    } else {
        snprintf(note, notelen, "%s was damaged; it lies whole in %s, and what could be read of it goes on", r.live,
                 r.aside);
    }
    unlink(r.marker);
    return sync_directory(dir);
}
