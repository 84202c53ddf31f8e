/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_read.c - items back out of the journal: a reader that takes rows in
 * batches over a connection of its own.  It holds no read transaction between
 * batches, so the write-ahead log can always be written back. */
#include "build.h"

#include "forwarder/journal.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/journal_tables.h"

enum { BATCH_ROWS = 256, BATCH_BYTES = 1 << 20 };

struct journal_reader {
    struct journal *journal; /* for the codes and the folder's name: neither changes */
    sqlite3 *db;
    sqlite3_stmt *st;
    struct journal_finder finder;
    uint64_t after;
    struct journal_row rows[BATCH_ROWS];
    unsigned n_rows, next_row;
    struct journal_buffer buffer;
    char error[512];
};

/* 'n' bytes more and a NUL into the buffer; the offset, or SIZE_MAX. */
static size_t
keep_bytes(struct journal_buffer *b, const void *p, size_t n)
{
    size_t at = b->n;

    if (n >= SIZE_MAX / 4 - b->n)
        return SIZE_MAX;
    if (b->n + n + 1 > b->cap) {
        size_t cap = (b->n + n + 1) * 2;
        char *grown = realloc(b->p, cap);

        if (!grown)
            return SIZE_MAX;
        b->p = grown;
        b->cap = cap;
    }
    if (n)
        memcpy(b->p + at, p, n);
    b->p[at + n] = '\0';
    b->n += n + 1;
    return at;
}

/* A str whose 'p' is an offset + 1 until journal_row_bind(); NULL stays NULL. */
static int
keep_column(struct journal_buffer *b, sqlite3_stmt *st, int column, struct str *out)
{
    const void *p = sqlite3_column_blob(st, column);
    size_t n = (size_t) sqlite3_column_bytes(st, column), at;

    *out = STR_NONE;
    if (sqlite3_column_type(st, column) == SQLITE_NULL)
        return 0;
    if ((!p && n > 0) || (at = keep_bytes(b, p, n)) == SIZE_MAX)
        return -ENOMEM;
    *out = str_make((const char *) (uintptr_t) (at + 1), n);
    return 0;
}

static int
keep_id(struct journal_buffer *b, sqlite3_stmt *st, int column, struct str *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p;
    char hex[32];
    size_t at;

    if (sqlite3_column_type(st, column) != SQLITE_BLOB || sqlite3_column_bytes(st, column) != 16)
        return keep_column(b, st, column, out);
    if (!(p = sqlite3_column_blob(st, column)))
        return -ENOMEM;
    for (int i = 0; i < 16; i++) {
        hex[2 * i] = digits[p[i] >> 4];
        hex[2 * i + 1] = digits[p[i] & 15];
    }
    if ((at = keep_bytes(b, hex, sizeof hex)) == SIZE_MAX)
        return -ENOMEM;
    *out = str_make((const char *) (uintptr_t) (at + 1), sizeof hex);
    return 0;
}

static int
value_of(const struct journal_words *w, enum journal_word word, sqlite3_stmt *st, int column, int unknown)
{
    int64_t code = sqlite3_column_int64(st, column);
    int value = code >= 0 && code < JOURNAL_CODES ? w->value[word][code] : -1;

    return value >= 0 ? value : unknown;
}

int
journal_row_copy(const struct journal_words *w, sqlite3_stmt *st, struct journal_buffer *b, struct journal_row *row)
{
    int result;

    row->seq = (uint64_t) sqlite3_column_int64(st, 0);
    row->kind = (enum item_kind) value_of(w, JOURNAL_WORD_KIND, st, 1, ITEM_EVENT);
    row->cls = (enum event_class) value_of(w, JOURNAL_WORD_CLASS, st, 3, CLASS_UNCLASSIFIED);
    row->severity = (enum severity) value_of(w, JOURNAL_WORD_SEVERITY, st, 4, SEVERITY_INFO);
    row->state = (enum alarm_state) value_of(w, JOURNAL_WORD_STATE, st, 5, ALARM_RAISED);
    row->arrival_ns = sqlite3_column_int64(st, 8);
    row->history = sqlite3_column_int(st, 9) != 0;
    if ((result = keep_id(b, st, 2, &row->id)) == 0 && (result = keep_column(b, st, 6, &row->key)) == 0)
        result = keep_column(b, st, 7, &row->xml);
    return result;
}

static void
bind_one(const struct journal_buffer *b, struct str *s)
{
    if (s->p)
        s->p = b->p + ((uintptr_t) s->p - 1);
}

void
journal_row_bind(const struct journal_buffer *b, struct journal_row *row)
{
    bind_one(b, &row->id);
    bind_one(b, &row->key);
    bind_one(b, &row->xml);
}

/* A reader of what follows 'after_seq'; NULL with errno set when it cannot. */
struct journal_reader *
journal_reader_open(struct journal *j, uint64_t after_seq)
{
    struct journal_reader *r = calloc(1, sizeof *r);
    int rc;

    if (!r) {
        errno = ENOMEM;
        return NULL;
    }
    r->journal = j;
    r->after = after_seq;
    rc = sqlite3_open_v2(j->path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = journal_settings(r->db, true);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v3(r->db, "SELECT " JOURNAL_ROW_COLUMNS " FROM item WHERE seq > ? ORDER BY seq LIMIT ?", -1,
                                SQLITE_PREPARE_PERSISTENT, &r->st, NULL);
    journal_finder_init(&r->finder, r->db, &j->words);
    if (rc != SQLITE_OK) {
        int e = -journal_errno(r->db, rc);

        journal_reader_close(r);
        errno = e;
        return NULL;
    }
    return r;
}

static int
reader_fail(struct journal_reader *r, int rc)
{
    int result = journal_errno(r->db, rc);

    snprintf(r->error, sizeof r->error, "%s: reading: %s", r->journal->path, sqlite3_errmsg(r->db));
    if (result == -EUCLEAN)
        journal_suspect(r->journal->dir);
    return result;
}

const char *
journal_reader_error(const struct journal_reader *r)
{
    return r->error;
}

/* The index holds every 1024th row: the first of them that is late enough, or
 * one of the rows since the one before, is where to begin. */
struct journal_reader *
journal_reader_open_at(struct journal *j, int64_t arrival_ns)
{
    struct journal_reader *r = journal_reader_open(j, 0);
    sqlite3_stmt *st = NULL;
    int rc;

    if (!r)
        return NULL;
    rc = sqlite3_prepare_v2(r->db,
                            "SELECT seq - 1 FROM item WHERE arrival >= ?1 AND seq >"
                            " coalesce((SELECT min(seq) FROM item INDEXED BY item_arrival"
                            " WHERE seq % 1024 = 0 AND arrival >= ?1) - 1024,"
                            " (SELECT max(seq) / 1024 * 1024 - 1 FROM item)) ORDER BY seq LIMIT 1",
                            -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, arrival_ns);
        rc = sqlite3_step(st);
    }
    if (rc == SQLITE_ROW)
        r->after = (uint64_t) sqlite3_column_int64(st, 0);
    else if (rc == SQLITE_DONE)
        r->after = j->last_seq;
    sqlite3_finalize(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        int e = -reader_fail(r, rc);

        journal_reader_close(r);
        errno = e;
        return NULL;
    }
    return r;
}

static int
read_batch(struct journal_reader *r)
{
    int rc = SQLITE_DONE, result = 0;

    r->n_rows = r->next_row = 0;
    r->buffer.n = 0;
    sqlite3_bind_int64(r->st, 1, (sqlite3_int64) r->after);
    sqlite3_bind_int(r->st, 2, BATCH_ROWS);
    while (r->n_rows < BATCH_ROWS && r->buffer.n < BATCH_BYTES && (rc = sqlite3_step(r->st)) == SQLITE_ROW) {
        if ((result = journal_row_copy(&r->journal->words, r->st, &r->buffer, &r->rows[r->n_rows])) != 0)
            break;
        r->n_rows++;
    }
    if (result == 0 && rc != SQLITE_ROW && rc != SQLITE_DONE)
        result = reader_fail(r, rc);
    else if (result != 0)
        snprintf(r->error, sizeof r->error, "%s: not enough memory to read items", r->journal->path);
    sqlite3_reset(r->st);
    /* Rows before a failure are good: they go out first, the failure follows. */
    if (r->n_rows > 0)
        result = 0;
    for (unsigned i = 0; i < r->n_rows; i++)
        journal_row_bind(&r->buffer, &r->rows[i]);
    return result;
}

int
journal_reader_next(struct journal_reader *r, struct journal_row *row)
{
    int result;

    if (r->next_row == r->n_rows && (result = read_batch(r)) != 0)
        return result;
    if (r->n_rows == 0)
        return 0;
    *row = r->rows[r->next_row++];
    r->after = row->seq;
    return 1;
}

void
journal_reader_close(struct journal_reader *r)
{
    if (!r)
        return;
    sqlite3_finalize(r->st);
    journal_finder_fini(&r->finder);
    sqlite3_close(r->db);
    free(r->buffer.p);
    free(r);
}

static int
told(struct journal_reader *r, int rc)
{
    return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -ENOENT : reader_fail(r, rc);
}

int
journal_reader_find(struct journal_reader *r, const char *id, struct journal_row *row, char **to_free)
{
    return told(r, journal_lookup_id(&r->finder, id, row, to_free));
}

int
journal_reader_find_key(struct journal_reader *r, struct str key, struct journal_row *row, char **to_free)
{
    return told(r, journal_lookup_key(&r->finder, key, UINT64_MAX, row, to_free));
}

int
journal_reader_find_key_before(struct journal_reader *r, struct str key, uint64_t before, struct journal_row *row,
                               char **to_free)
{
    return told(r, journal_lookup_key(&r->finder, key, before, row, to_free));
}

int
journal_reader_get(struct journal_reader *r, uint64_t seq, struct journal_row *row, char **to_free)
{
    return told(r, journal_lookup_seq(&r->finder, seq, row, to_free));
}
