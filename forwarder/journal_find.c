/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_find.c - single items out of the journal: by id, by alarm key, by
 * number; on the journal's own connection or on a reader's.  Holds no read
 * transaction for longer than one short step. */
#include "build.h"

#include "forwarder/journal.h"

#include <errno.h>
#include <stdlib.h>

#include "forwarder/journal_tables.h"

/* Rows that one step of a search by id looks at: some 10 ms. */
enum { STEP_ROWS = 10000 };

static const char *const lookups[JOURNAL_LOOKUPS] = {
    [JOURNAL_BY_ID] = "SELECT " JOURNAL_ROW_COLUMNS " FROM item WHERE seq > ? AND seq <= ? AND id = ?"
                      " ORDER BY seq DESC LIMIT 1",
    [JOURNAL_BY_KEY] = "SELECT " JOURNAL_ROW_COLUMNS " FROM item WHERE key = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
    [JOURNAL_BY_SEQ] = "SELECT " JOURNAL_ROW_COLUMNS " FROM item WHERE seq = ?",
    /* min() and max() together would read every row. */
    [JOURNAL_SPAN] = ("SELECT (SELECT seq FROM item ORDER BY seq LIMIT 1),"
                      " (SELECT seq FROM item ORDER BY seq DESC LIMIT 1)"),
};

void
journal_finder_init(struct journal_finder *f, sqlite3 *db, const struct journal_words *words)
{
    *f = (struct journal_finder){.db = db, .words = words};
}

void
journal_finder_fini(struct journal_finder *f)
{
    for (int i = 0; i < JOURNAL_LOOKUPS; i++) {
        sqlite3_finalize(f->st[i]);
        f->st[i] = NULL;
    }
}

/* The statement, made when it is first asked for: most readers never look. */
static int
prepare(struct journal_finder *f, enum journal_lookup which)
{
    if (f->st[which])
        return SQLITE_OK;
    return sqlite3_prepare_v3(f->db, lookups[which], -1, SQLITE_PREPARE_PERSISTENT, &f->st[which], NULL);
}

/* Steps once and copies the row, if there is one, into malloc'ed memory. */
static int
take(struct journal_finder *f, enum journal_lookup which, struct journal_row *row, char **to_free)
{
    struct journal_buffer buffer = {NULL, 0, 0};
    int rc = sqlite3_step(f->st[which]);

    if (rc == SQLITE_ROW && journal_row_copy(f->words, f->st[which], &buffer, row) != 0)
        rc = SQLITE_NOMEM;
    sqlite3_reset(f->st[which]);
    if (rc == SQLITE_ROW) {
        journal_row_bind(&buffer, row);
        *to_free = buffer.p;
    } else {
        free(buffer.p);
    }
    return rc;
}

/* There is no index over ids: random keys would cost each append six times its
 * price (69 k rows/s for 430 k), and only people ask.  So rows are read from
 * the newest down, some at a time.  SQLITE_ROW, SQLITE_DONE or another code. */
int
journal_lookup_id(struct journal_finder *f, const char *id, struct journal_row *row, char **to_free)
{
    int64_t first = 0, last = 0;
    unsigned char raw[16];
    int rc;

    *to_free = NULL;
    if ((rc = prepare(f, JOURNAL_SPAN)) != SQLITE_OK || (rc = prepare(f, JOURNAL_BY_ID)) != SQLITE_OK)
        return rc;
    /* One row, of NULLs (0) when there is no item. */
    if ((rc = sqlite3_step(f->st[JOURNAL_SPAN])) == SQLITE_ROW) {
        first = sqlite3_column_int64(f->st[JOURNAL_SPAN], 0);
        last = sqlite3_column_int64(f->st[JOURNAL_SPAN], 1);
    }
    sqlite3_reset(f->st[JOURNAL_SPAN]);
    if (rc != SQLITE_ROW)
        return rc;
    rc = SQLITE_DONE;
    for (; last > 0 && last >= first && rc == SQLITE_DONE; last -= STEP_ROWS) {
        sqlite3_bind_int64(f->st[JOURNAL_BY_ID], 1, last - STEP_ROWS);
        sqlite3_bind_int64(f->st[JOURNAL_BY_ID], 2, last);
        journal_bind_id(f->st[JOURNAL_BY_ID], 3, id, raw);
        rc = take(f, JOURNAL_BY_ID, row, to_free);
        sqlite3_clear_bindings(f->st[JOURNAL_BY_ID]);
    }
    return rc;
}

int
journal_lookup_key(struct journal_finder *f, struct str key, uint64_t before, struct journal_row *row, char **to_free)
{
    int rc = prepare(f, JOURNAL_BY_KEY);

    *to_free = NULL;
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text64(f->st[JOURNAL_BY_KEY], 1, key.p ? key.p : "", key.n, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_int64(f->st[JOURNAL_BY_KEY], 2, before < INT64_MAX ? (int64_t) before : INT64_MAX);
    rc = take(f, JOURNAL_BY_KEY, row, to_free);
    sqlite3_clear_bindings(f->st[JOURNAL_BY_KEY]);
    return rc;
}

int
journal_lookup_seq(struct journal_finder *f, uint64_t seq, struct journal_row *row, char **to_free)
{
    int rc = prepare(f, JOURNAL_BY_SEQ);

    *to_free = NULL;
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(f->st[JOURNAL_BY_SEQ], 1, (sqlite3_int64) seq);
    return take(f, JOURNAL_BY_SEQ, row, to_free);
}

static int
told(struct journal *j, int rc)
{
    return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -ENOENT : journal_fail(j, rc, "looking for an item");
}

int
journal_find(struct journal *j, const char *id, struct journal_row *row, char **to_free)
{
    return told(j, journal_lookup_id(&j->finder, id, row, to_free));
}

int
journal_find_key(struct journal *j, struct str key, struct journal_row *row, char **to_free)
{
    return told(j, journal_lookup_key(&j->finder, key, UINT64_MAX, row, to_free));
}
