/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal.c - what the pipeline does with an open journal: transactions,
 * items in, blobs and cursors, the trim.  Called from one thread.  Opening is
 * in journal_open.c, reading back in journal_read.c, damage in
 * journal_recover.c; only these know the tables. */
#include "build.h"

#include "forwarder/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/journal_tables.h"

/* Bytes a row costs besides its XML and key, for the keep bound. */
enum { ROW_OVERHEAD = 64 };

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
static int
run(struct journal *j, enum journal_statement which, const char *doing)
{
    int rc = sqlite3_step(j->st[which]), result = 0;

    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        result = journal_fail(j, rc, doing);
    sqlite3_reset(j->st[which]);
    return result;
}

/* Runs a statement that gives one number; 'none' when it gives no row. */
static int
run_int(struct journal *j, enum journal_statement which, int64_t none, int64_t *out, const char *doing)
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
    int result = run_int(j, JOURNAL_PAGES, 0, &pages, "reading its size");

    if (result == 0)
        result = run_int(j, JOURNAL_FREE_PAGES, 0, &free_pages, "reading its size");
    *out = (uint64_t) (pages - free_pages) * JOURNAL_PAGE;
    return result;
}

/* Looks how many bytes are in use; appends add to that until the next look. */
static int
note_used(struct journal *j)
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
    if ((result = run(j, JOURNAL_BEGIN, "beginning")) != 0)
        return result;
    j->open = true;
    j->begin_seq = j->last_seq;
    j->begin_pos = j->pos;
    if ((result = note_used(j)) != 0)
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
    result = run(j, JOURNAL_COMMIT, "committing");
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

/* The id as 16 bytes when it is 32 hexadecimal digits in lower case, which
 * every id of ours is; else as text. */
int
journal_bind_id(sqlite3_stmt *st, int column, const char *id, unsigned char raw[16])
{
    size_t n = 0;

    for (; n < 32 && str_hex_value(id[n]) >= 0 && str_lower_char(id[n]) == id[n]; n++) {
        int value = str_hex_value(id[n]);

        raw[n / 2] = (unsigned char) (n % 2 ? raw[n / 2] | value : value << 4);
    }
    if (n == 32 && id[32] == '\0')
        return sqlite3_bind_blob(st, column, raw, 16, SQLITE_STATIC);
    return sqlite3_bind_text(st, column, id, -1, SQLITE_STATIC);
}

static int
bind_str(sqlite3_stmt *st, int column, struct str s)
{
    if (!str_has(s))
        return sqlite3_bind_null(st, column);
    return sqlite3_bind_text64(st, column, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
}

static int
bind_time(sqlite3_stmt *st, int column, const struct when *w)
{
    if (w->utc_known)
        return sqlite3_bind_int64(st, column, w->utc);
    if (w->local_known)
        return sqlite3_bind_int64(st, column, w->local);
    return sqlite3_bind_null(st, column);
}

/* The columns that the three kinds fill from different members. */
struct columns {
    const char *id;
    const struct when *when;
    enum event_class cls;
    enum severity severity;
    int state; /* stored code, -1 none */
    struct str key;
};

static struct columns
columns_of(const struct journal_words *w, const struct item *item)
{
    struct columns c = {.state = -1};

    switch (item->kind) {
    case ITEM_EVENT:
        c.id = item->event->id;
        c.when = &item->event->when;
        c.cls = item->event->cls;
        c.severity = item->event->severity;
        break;
    case ITEM_ALARM:
        c.id = item->alarm->id;
        c.when = &item->alarm->when;
        c.cls = item->alarm->cls;
        c.severity = item->alarm->severity;
        c.state = w->code[JOURNAL_WORD_STATE][item->alarm->state];
        c.key = item->alarm->key;
        break;
    case ITEM_NOTICE:
        c.id = item->notice->id;
        c.when = &item->notice->when;
        c.cls = CLASS_SELF;
        c.severity = SEVERITY_INFO;
        break;
    }
    return c;
}

/* True when 'size' bytes more fit under the limit. */
static bool
has_room(struct journal *j, uint64_t size, enum event_class cls)
{
    uint64_t limit = j->limit;

    if (cls == CLASS_SELF)
        limit = limit > UINT64_MAX - JOURNAL_RESERVE ? UINT64_MAX : limit + JOURNAL_RESERVE;
    return j->used + (j->pos - j->used_pos) + size <= limit;
}

int
journal_append(struct journal *j, const struct item *item, struct str xml, int64_t arrival_ns, bool history,
               uint64_t *seq)
{
    const struct journal_words *w = &j->words;
    struct columns c = columns_of(w, item);
    sqlite3_stmt *st = j->st[JOURNAL_APPEND];
    uint64_t size = xml.n + c.key.n + ROW_OVERHEAD;
    unsigned char raw[16];
    int rc, result;

    if (!j->open) {
        snprintf(j->error, sizeof j->error, "%s: an item outside a transaction", j->path);
        return -EINVAL;
    }
    j->limited = !has_room(j, size, c.cls);
    if (j->limited) {
        snprintf(j->error, sizeof j->error, "%s: the size limit of %llu bytes is reached", j->path,
                 (unsigned long long) j->limit);
        return -ENOSPC;
    }
    rc = sqlite3_bind_int64(st, 1, (sqlite3_int64) (j->last_seq + 1));
    rc |= sqlite3_bind_int64(st, 2, (sqlite3_int64) (j->pos + size));
    rc |= sqlite3_bind_int(st, 3, w->code[JOURNAL_WORD_KIND][item->kind]);
    rc |= journal_bind_id(st, 4, c.id, raw);
    rc |= bind_time(st, 5, c.when);
    rc |= sqlite3_bind_int64(st, 6, arrival_ns);
    rc |= sqlite3_bind_int(st, 7, w->code[JOURNAL_WORD_CLASS][c.cls]);
    rc |= sqlite3_bind_int(st, 8, w->code[JOURNAL_WORD_SEVERITY][c.severity]);
    rc |= c.state >= 0 ? sqlite3_bind_int(st, 9, c.state) : sqlite3_bind_null(st, 9);
    rc |= bind_str(st, 10, c.key);
    rc |= bind_str(st, 11, xml);
    rc |= sqlite3_bind_int(st, 12, history);
    if (rc != SQLITE_OK)
        return journal_fail(j, sqlite3_errcode(j->db), "storing an item");
    if ((result = run(j, JOURNAL_APPEND, "storing an item")) != 0)
        return result;
    j->last_seq++;
    j->pos += size;
    if (seq)
        *seq = j->last_seq;
    return 0;
}

bool
journal_limited(const struct journal *j)
{
    return j->limited;
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
    return run(j, which, "storing a state");
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
    return run(j, JOURNAL_CURSOR_PUT, "storing a cursor");
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
        result = run(j, JOURNAL_CURSOR_FORGET, "forgetting a cursor");
        if (result == 0)
            gone(arg, target, j->last_seq > seq ? j->last_seq - seq : 0);
        free(target);
        if (result != 0)
            break;
    }
    return result;
}

int
journal_trim(struct journal *j, uint64_t done, int64_t now_ns, int64_t keep_ns, uint64_t keep_bytes, bool *left)
{
    sqlite3_stmt *st = j->st[JOURNAL_OLDEST];
    int64_t delivered_to = 0, cut = 0, oldest_kept = now_ns - keep_ns;
    int rc, rows = 0, result;

    *left = false;
    if (done >= j->last_seq)
        done = j->last_seq - 1;
    if (j->last_seq == 0 || done == 0)
        return 0;
    sqlite3_bind_int64(j->st[JOURNAL_POSITION], 1, (sqlite3_int64) done);
    if ((result = run_int(j, JOURNAL_POSITION, 0, &delivered_to, "trimming")) != 0)
        return result;
    sqlite3_bind_int64(st, 1, (sqlite3_int64) done);
    sqlite3_bind_int(st, 2, JOURNAL_TRIM_ROWS + 1);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        bool beyond = (uint64_t) (delivered_to - sqlite3_column_int64(st, 1)) >= keep_bytes;

        if (!beyond && sqlite3_column_int64(st, 2) >= oldest_kept)
            break;
        if (++rows > JOURNAL_TRIM_ROWS) {
            *left = true;
            break;
        }
        cut = sqlite3_column_int64(st, 0);
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        result = journal_fail(j, rc, "trimming");
    sqlite3_reset(st);
    if (result != 0 || cut == 0)
        return result;
    sqlite3_bind_int64(j->st[JOURNAL_TRIM], 1, cut);
    if ((result = run(j, JOURNAL_TRIM, "trimming")) == 0 && j->open)
        result = note_used(j);
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

    if (run_int(j, JOURNAL_FIRST, first, &first, "reading the oldest number") != 0)
        return 1;
    return (uint64_t) first;
}

uint64_t
journal_used(struct journal *j)
{
    uint64_t used;

    return used_bytes(j, &used) == 0 ? used : 0;
}

uint64_t
journal_room(struct journal *j)
{
    uint64_t used = j->open ? j->used + (j->pos - j->used_pos) : journal_used(j);

    return used < j->limit ? j->limit - used : 0;
}
