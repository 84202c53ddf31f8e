/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal.c - what the engine does with an open journal: transactions, blobs
 * and cursors, its size.  Called from one thread.  Opening is in
 * journal_open.c, items go in by journal_append.c and come back by
 * journal_read.c and journal_find.c, damage is for journal_recover.c; only
 * these know the tables. */
#include "build.h"

#include "forwarder/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/journal_tables.h"

int
journal_errno(sqlite3 *db, int rc)
{
    int system = db ? sqlite3_system_errno(db) : 0;

    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_TOOBIG:
        return -EFBIG;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return -EINVAL;
    case SQLITE_INTERRUPT:
        return -EINTR;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return system > 0 ? -system : -EIO;
    default:
        return -EIO;
    }
}

int
journal_fail(struct journal *j, int rc, const char *doing)
{
    int result = journal_errno(j->db, rc);

    if (result == -EUCLEAN) {
        journal_suspect(j->dir);
        snprintf(j->error, sizeof j->error,
                 "%s: %s: the journal is damaged (%s): start again; it is then set aside and what can be read is kept",
                 j->path, doing, sqlite3_errmsg(j->db));
    } else if (result == -ENOSPC) {
        snprintf(j->error, sizeof j->error, "%s: %s: the disk is full: make room for the journal", j->path, doing);
    } else {
        snprintf(j->error, sizeof j->error, "%s: %s: %s", j->path, doing, sqlite3_errmsg(j->db));
    }
    return result;
}

const char *
journal_error(const struct journal *j)
{
    return j->error;
}

/* Runs a statement that gives no row and makes it ready for the next time. */
int
journal_run(struct journal *j, enum journal_statement which, const char *doing)
{
    int rc = sqlite3_step(j->st[which]), result = 0;

    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        result = journal_fail(j, rc, doing);
    sqlite3_reset(j->st[which]);
    return result;
}

/* Runs a statement that gives one number; 'none' when it gives no row. */
int
journal_run_int(struct journal *j, enum journal_statement which, int64_t none, int64_t *out, const char *doing)
{
    int rc = sqlite3_step(j->st[which]), result = 0;

    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(j->st[which], 0);
    else if (rc == SQLITE_DONE)
        *out = none;
    else
        result = journal_fail(j, rc, doing);
    sqlite3_reset(j->st[which]);
    return result;
}

static int
used_bytes(struct journal *j, uint64_t *out)
{
    int64_t pages = 0, free_pages = 0;
    int result = journal_run_int(j, JOURNAL_PAGES, 0, &pages, "reading its size");

    if (result == 0)
        result = journal_run_int(j, JOURNAL_FREE_PAGES, 0, &free_pages, "reading its size");
    *out = (uint64_t) (pages - free_pages) * JOURNAL_PAGE;
    return result;
}

/* Looks how many bytes are in use; appends add to that until the next look. */
int
journal_note_used(struct journal *j)
{
    j->used_pos = j->pos;
    return used_bytes(j, &j->used);
}

int
journal_begin(struct journal *j)
{
    int result;

    if (j->open) {
        snprintf(j->error, sizeof j->error, "%s: a transaction is open already", j->path);
        return -EINVAL;
    }
    if ((result = journal_run(j, JOURNAL_BEGIN, "beginning")) != 0)
        return result;
    j->open = true;
    j->begin_seq = j->last_seq;
    j->begin_pos = j->pos;
    j->begin_stored = j->stored_seq;
    j->begin_gap = j->gap;
    if ((result = journal_note_used(j)) != 0)
        journal_rollback(j);
    return result;
}

/* Ends the transaction in memory as it ended on disk: undone. */
static void
forget_changes(struct journal *j)
{
    j->open = false;
    j->last_seq = j->begin_seq;
    j->pos = j->begin_pos;
    j->stored_seq = j->begin_stored;
    j->gap = j->begin_gap;
    j->n_pending = 0;
    j->n_bytes = 0;
}

int
journal_commit(struct journal *j)
{
    int result;

    if (!j->open) {
        snprintf(j->error, sizeof j->error, "%s: no transaction is open", j->path);
        return -EINVAL;
    }
    /* An error in between (a full disk) can make SQLite roll back by itself. */
    if (sqlite3_get_autocommit(j->db)) {
        forget_changes(j);
        snprintf(j->error, sizeof j->error, "%s: the transaction was rolled back by an earlier error", j->path);
        return -EIO;
    }
    if ((result = journal_flush(j)) == 0)
        result = journal_run(j, JOURNAL_COMMIT, "committing");
    if (result == 0)
        j->open = false;
    else
        journal_rollback(j);
    return result;
}

/* Undoes everything since the begin; keeps the words of the failure that led
 * here.  Fine without a transaction. */
int
journal_rollback(struct journal *j)
{
    int rc = SQLITE_OK;

    if (!j->open)
        return 0;
    if (!sqlite3_get_autocommit(j->db)) {
        rc = sqlite3_step(j->st[JOURNAL_ROLLBACK]);
        sqlite3_reset(j->st[JOURNAL_ROLLBACK]);
    }
    forget_changes(j);
    return rc == SQLITE_OK || rc == SQLITE_DONE ? 0 : journal_fail(j, rc, "rolling back");
}

int
journal_put(struct journal *j, const char *kind, const char *name, const void *p, size_t n)
{
    enum journal_statement which = p ? JOURNAL_PUT : JOURNAL_FORGET;
    sqlite3_stmt *st = j->st[which];
    int rc;

    rc = sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
    rc |= sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
    /* A blob of no bytes is there; a pointer to nothing would bind NULL. */
    if (p)
        rc |= n ? sqlite3_bind_blob64(st, 3, p, n, SQLITE_STATIC) : sqlite3_bind_zeroblob(st, 3, 0);
    if (rc != SQLITE_OK)
        return journal_fail(j, sqlite3_errcode(j->db), "storing a state");
    return journal_run(j, which, "storing a state");
}

int
journal_get(struct journal *j, const char *kind, const char *name, void **out, size_t *n)
{
    sqlite3_stmt *st = j->st[JOURNAL_GET];
    int rc, result = 0;

    *out = NULL;
    *n = 0;
    sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        const void *p = sqlite3_column_blob(st, 0);
        size_t size = (size_t) sqlite3_column_bytes(st, 0);

        /* No bytes at all come as NULL, and so does want of memory. */
        if ((!p && size > 0) || !(*out = malloc(size + 1))) {
            snprintf(j->error, sizeof j->error, "%s: not enough memory for a state", j->path);
            result = -ENOMEM;
        } else {
            if (size > 0)
                memcpy(*out, p, size);
            ((char *) *out)[size] = '\0';
            *n = size;
        }
    } else {
        result = rc == SQLITE_DONE ? -ENOENT : journal_fail(j, rc, "reading a state");
    }
    sqlite3_reset(st);
    return result;
}

int
journal_each(struct journal *j, const char *kind, int (*each)(void *, const char *, const void *, size_t), void *arg)
{
    sqlite3_stmt *st = j->st[JOURNAL_EACH];
    int rc, result = 0;

    sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
    while (result == 0 && (rc = sqlite3_step(st)) != SQLITE_DONE) {
        const char *name;
        const void *p;

        if (rc != SQLITE_ROW) {
            result = journal_fail(j, rc, "reading the states");
            break;
        }
        name = (const char *) sqlite3_column_text(st, 0);
        p = sqlite3_column_blob(st, 1);
        result = name ? each(arg, name, p ? p : "", (size_t) sqlite3_column_bytes(st, 1)) : -ENOMEM;
    }
    sqlite3_reset(st);
    return result;
}

int
journal_cursor_get(struct journal *j, const char *target, bool from_start, struct journal_cursor *c)
{
    sqlite3_stmt *st = j->st[JOURNAL_CURSOR_GET];
    int rc, result = 0;

    c->seq = c->target_seq = 0;
    sqlite3_bind_text(st, 1, target, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        c->seq = (uint64_t) sqlite3_column_int64(st, 0);
        c->target_seq = (uint64_t) sqlite3_column_int64(st, 1);
    } else if (rc != SQLITE_DONE) {
        result = journal_fail(j, rc, "reading a cursor");
    } else if (from_start || j->all_from_start) {
        c->seq = journal_first_seq(j) - 1;
    } else {
        c->seq = j->last_seq;
    }
    sqlite3_reset(st);
    return result;
}

int
journal_cursor_put(struct journal *j, const char *target, const struct journal_cursor *c)
{
    sqlite3_stmt *st = j->st[JOURNAL_CURSOR_PUT];

    sqlite3_bind_text(st, 1, target, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) c->seq);
    sqlite3_bind_int64(st, 3, (sqlite3_int64) c->target_seq);
    return journal_run(j, JOURNAL_CURSOR_PUT, "storing a cursor");
}

static bool
is_kept(const char *name, const char *const *names, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The first target whose cursor is not to be kept, malloc'ed, or NULL. */
static int
first_gone(struct journal *j, const char *const *names, unsigned n, char **target, uint64_t *seq)
{
    sqlite3_stmt *st = j->st[JOURNAL_CURSOR_EACH];
    int rc, result = 0;

    *target = NULL;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *name = (const char *) sqlite3_column_text(st, 0);

        if (name && is_kept(name, names, n))
            continue;
        *seq = (uint64_t) sqlite3_column_int64(st, 1);
        if (!name || !(*target = strdup(name)))
            result = -ENOMEM;
        break;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        result = journal_fail(j, rc, "reading the cursors");
    sqlite3_reset(st);
    return result;
}

int
journal_cursor_keep(struct journal *j, const char *const *names, unsigned n,
                    void (*gone)(void *arg, const char *name, uint64_t undelivered), void *arg)
{
    uint64_t seq, first = journal_first_seq(j);
    char *target;
    int result;

    while ((result = first_gone(j, names, n, &target, &seq)) == 0 && target) {
        if (seq + 1 < first)
            seq = first - 1;
        sqlite3_bind_text(j->st[JOURNAL_CURSOR_FORGET], 1, target, -1, SQLITE_TRANSIENT);
        result = journal_run(j, JOURNAL_CURSOR_FORGET, "forgetting a cursor");
        if (result == 0)
            gone(arg, target, j->last_seq > seq ? j->last_seq - seq : 0);
        free(target);
        if (result != 0)
            break;
    }
    return result;
}

uint64_t
journal_last_seq(struct journal *j)
{
    return j->last_seq;
}

uint64_t
journal_first_seq(struct journal *j)
{
    int64_t first = (int64_t) j->last_seq + 1;

    if (journal_flush(j) != 0 || journal_run_int(j, JOURNAL_FIRST, first, &first, "reading the oldest number") != 0)
        return 1;
    return (uint64_t) first;
}

uint64_t
journal_used(struct journal *j)
{
    uint64_t used;

    return journal_flush(j) == 0 && used_bytes(j, &used) == 0 ? used : 0;
}

uint64_t
journal_room(struct journal *j)
{
    uint64_t used = j->open ? j->used + (j->pos - j->used_pos) : journal_used(j);

    return used < j->limit ? j->limit - used : 0;
}
