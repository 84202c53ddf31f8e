/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_append.c - items into the journal, and old ones out of it.  Called
 * inside a transaction of journal.c.
 *
 * Rows go to SQLite JOURNAL_ROWS at a time: what it does once a statement costs
 * as much as half a row.  Until then they wait here, copied, as a part of the
 * transaction that whoever looks at the table must flush first. */
#include "build.h"

#include "forwarder/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/journal_tables.h"

/* Bytes a row costs besides its XML and key, for the bounds. */
enum { ROW_OVERHEAD = 64 };

/* The 16 bytes of an id of 32 hexadecimal digits in lower case, which every id
 * of ours is; false for anything else. */
static bool
id_bytes(const char *id, unsigned char raw[16])
{
    static const signed char digit[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
        ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    };

    for (unsigned i = 0; i < 16; i++) {
        int high = digit[(unsigned char) id[2 * i]], low = high ? digit[(unsigned char) id[2 * i + 1]] : 0;

        if (!low)
            return false;
        raw[i] = (unsigned char) ((high - 1) << 4 | (low - 1));
    }
    return id[32] == '\0';
}

int
journal_bind_id(sqlite3_stmt *st, int column, const char *id, unsigned char raw[16])
{
    if (id_bytes(id, raw))
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

/* The columns that the three kinds fill from different members; codes as they
 * are stored. */
static void
columns_of(const struct journal_words *w, const struct item *item, struct journal_pending *row,
           const struct when **when, const char **id)
{
    enum event_class cls = CLASS_SELF;
    enum severity severity = SEVERITY_INFO;

    row->state = -1;
    row->key = STR_NONE;
    switch (item->kind) {
    case ITEM_EVENT:
        *id = item->event->id;
        *when = &item->event->when;
        cls = item->event->cls;
        severity = item->event->severity;
        break;
    case ITEM_ALARM:
        *id = item->alarm->id;
        *when = &item->alarm->when;
        cls = item->alarm->cls;
        severity = item->alarm->severity;
        row->state = w->code[JOURNAL_WORD_STATE][item->alarm->state];
        row->key = item->alarm->key;
        break;
    case ITEM_NOTICE:
        *id = item->notice->id;
        *when = &item->notice->when;
        break;
    }
    row->kind = w->code[JOURNAL_WORD_KIND][item->kind];
    row->cls = w->code[JOURNAL_WORD_CLASS][cls];
    row->severity = w->code[JOURNAL_WORD_SEVERITY][severity];
    row->own = cls == CLASS_SELF;
}

/* Binds a row's columns from 'column' on. */
static int
bind_row(sqlite3_stmt *st, int column, const struct journal_pending *row)
{
    int rc = sqlite3_bind_int64(st, column, (sqlite3_int64) row->pos);

    rc |= sqlite3_bind_int(st, column + 1, row->kind);
    rc |= row->raw_id ? sqlite3_bind_blob(st, column + 2, row->id, 16, SQLITE_STATIC)
                      : sqlite3_bind_text(st, column + 2, (const char *) row->id, (int) row->id_n, SQLITE_STATIC);
    rc |= row->timed ? sqlite3_bind_int64(st, column + 3, row->time) : sqlite3_bind_null(st, column + 3);
    rc |= sqlite3_bind_int64(st, column + 4, row->arrival);
    rc |= sqlite3_bind_int(st, column + 5, row->cls);
    rc |= sqlite3_bind_int(st, column + 6, row->severity);
    rc |= row->state >= 0 ? sqlite3_bind_int(st, column + 7, row->state) : sqlite3_bind_null(st, column + 7);
    rc |= bind_str(st, column + 8, row->key);
    rc |= bind_str(st, column + 9, row->xml);
    rc |= sqlite3_bind_int(st, column + 10, row->history);
    return rc;
}

/* 'n' rows from 'row' on through a statement for as many.  Their numbers follow
 * the last one in the table by themselves, except behind numbers that were lost
 * with a damaged file. */
static int
insert(struct journal *j, enum journal_statement which, const struct journal_pending *row, unsigned n)
{
    sqlite3_stmt *st = j->st[which];
    int column = 1, rc = SQLITE_OK, result;

    if (which == JOURNAL_APPEND_AT)
        rc = sqlite3_bind_int64(st, column++, (sqlite3_int64) (j->stored_seq + 1));
    for (unsigned i = 0; i < n; i++, column += JOURNAL_COLUMNS)
        rc |= bind_row(st, column, &row[i]);
    if (rc != SQLITE_OK)
        return journal_fail(j, sqlite3_errcode(j->db), "storing an item");
    if ((result = journal_run(j, which, "storing an item")) != 0)
        return result;
    j->stored_seq += n;
    if ((uint64_t) sqlite3_last_insert_rowid(j->db) == j->stored_seq)
        return 0;
    return journal_fail(j, SQLITE_CORRUPT, "numbering the items");
}

int
journal_flush(struct journal *j)
{
    unsigned n = j->n_pending, i = 0;
    int result = 0;

    j->n_pending = 0;
    j->n_bytes = 0;
    if (n > 0 && j->gap) {
        result = insert(j, JOURNAL_APPEND_AT, &j->pending[i++], 1);
        j->gap = result != 0;
    }
    if (result == 0 && n - i == JOURNAL_ROWS)
        return insert(j, JOURNAL_APPEND_ROWS, j->pending, JOURNAL_ROWS);
    while (result == 0 && i < n)
        result = insert(j, JOURNAL_APPEND, &j->pending[i++], 1);
    return result;
}

/* A copy that stays until the flush. */
static struct str
keep(struct journal *j, struct str s)
{
    char *p = j->bytes + j->n_bytes;

    if (!s.p)
        return s;
    memcpy(p, s.p, s.n);
    j->n_bytes += s.n;
    return str_make(p, s.n);
}

/* True when 'size' bytes more fit under the limit. */
static bool
has_room(const struct journal *j, uint64_t size, bool own)
{
    uint64_t limit = j->limit;

    if (own)
        limit = limit > UINT64_MAX - JOURNAL_RESERVE ? UINT64_MAX : limit + JOURNAL_RESERVE;
    return j->used + (j->pos - j->used_pos) + size <= limit;
}

/* Takes a row into the waiting ones; too large a one goes at once. */
static int
take(struct journal *j, const struct journal_pending *row, const char *id)
{
    struct journal_pending *p;
    size_t n = row->xml.n + row->key.n;
    int result = 0;

    if (j->n_bytes + n > JOURNAL_PENDING_BYTES && (result = journal_flush(j)) != 0)
        return result;
    p = &j->pending[j->n_pending++];
    *p = *row;
    p->raw_id = id_bytes(id, p->id);
    if (!p->raw_id) {
        p->id_n = strnlen(id, sizeof p->id);
        memcpy(p->id, id, p->id_n);
    }
    if (n > JOURNAL_PENDING_BYTES)
        return journal_flush(j);
    p->key = keep(j, row->key);
    p->xml = keep(j, row->xml);
    return j->n_pending == JOURNAL_ROWS ? journal_flush(j) : 0;
}

int
journal_append(struct journal *j, const struct item *item, struct str xml, int64_t arrival_ns, bool history,
               uint64_t *seq)
{
    struct journal_pending row;
    const struct when *when = NULL;
    const char *id = "";
    uint64_t size;
    int result;

    if (!j->open) {
        snprintf(j->error, sizeof j->error, "%s: an item outside a transaction", j->path);
        return -EINVAL;
    }
    columns_of(&j->words, item, &row, &when, &id);
    size = xml.n + row.key.n + ROW_OVERHEAD;
    j->limited = !has_room(j, size, row.own);
    if (j->limited) {
        snprintf(j->error, sizeof j->error, "%s: the size limit of %llu bytes is reached", j->path,
                 (unsigned long long) j->limit);
        return -ENOSPC;
    }
    row.pos = j->pos + size;
    row.timed = when->utc_known || when->local_known;
    row.time = when->utc_known ? when->utc : when->local;
    row.arrival = arrival_ns;
    row.history = history;
    row.xml = xml;
    if ((result = take(j, &row, id)) != 0)
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

/* Looks at item 'seq', or the one before where there is none. */
static int
look_at(struct journal *j, uint64_t seq, int64_t *pos, int64_t *arrival)
{
    sqlite3_stmt *st = j->st[JOURNAL_POSITION];
    int rc, result = 0;

    *pos = *arrival = 0;
    sqlite3_bind_int64(st, 1, (sqlite3_int64) seq);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *pos = sqlite3_column_int64(st, 0);
        *arrival = sqlite3_column_int64(st, 1);
    } else if (rc != SQLITE_DONE) {
        result = journal_fail(j, rc, "trimming");
    }
    sqlite3_reset(st);
    return result;
}

/* The bounds of a trim: what was stored up to 'pos' or arrived before 'arrival' goes. */
struct bounds {
    int64_t pos, arrival;
};

static int
is_over(struct journal *j, uint64_t seq, const struct bounds *b, bool *over)
{
    int64_t pos, arrival;
    int result = look_at(j, seq, &pos, &arrival);

    *over = pos <= b->pos || arrival < b->arrival;
    return result;
}

/* What goes is a beginning of the journal, so a few looks find its end; an item
 * from before the clock was set back goes with its neighbours. */
int
journal_trim(struct journal *j, uint64_t done, int64_t now_ns, int64_t keep_ns, uint64_t keep_bytes, bool *left)
{
    struct bounds b = {.arrival = now_ns - keep_ns};
    uint64_t first, low, high;
    bool over;
    int result;

    *left = false;
    if ((result = journal_flush(j)) != 0)
        return result;
    if (done >= j->last_seq)
        done = j->last_seq - 1;
    first = journal_first_seq(j);
    if (j->last_seq == 0 || done < first)
        return 0;
    if ((result = look_at(j, done, &b.pos, &(int64_t){0})) != 0)
        return result;
    b.pos -= keep_bytes < INT64_MAX ? (int64_t) keep_bytes : INT64_MAX;
    /* Items up to 'low' go, those from 'high' on stay. */
    low = first - 1;
    high = (done - low < JOURNAL_TRIM_ROWS ? done : low + JOURNAL_TRIM_ROWS) + 1;
    for (uint64_t middle = high - 1; low + 1 < high; middle = low + (high - low) / 2) {
        if ((result = is_over(j, middle, &b, &over)) != 0)
            return result;
        *(over ? &low : &high) = middle;
    }
    if (low < first)
        return 0;
    if (low < done && (result = is_over(j, low + 1, &b, left)) != 0)
        return result;
    sqlite3_bind_int64(j->st[JOURNAL_TRIM], 1, (sqlite3_int64) low);
    if ((result = journal_run(j, JOURNAL_TRIM, "trimming")) == 0 && j->open)
        result = journal_note_used(j);
    return result;
}
