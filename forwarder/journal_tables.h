/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_tables.h - what the files journal*.c share: the open journal, its
 * statements and the words of its codes.  Nobody else includes this. */
#ifndef FORWARDER_JOURNAL_TABLES_H
#define FORWARDER_JOURNAL_TABLES_H

#include <sqlite3.h>

#include "forwarder/journal.h"

/* Measured with items of 450 bytes, 1,000 a commit: pages of 32 KiB and a log
 * of 16 MiB were the fastest (474 k rows/s; 4 KiB pages 315 k), a longer log
 * only made single commits slow (150 ms at 64 MiB). */
enum {
    JOURNAL_PAGE = 32768,
    JOURNAL_WAL_PAGES = 512,
    JOURNAL_TRIM_ROWS = 2000,
    JOURNAL_APPLICATION_ID = 0x54724a31, /* "TrJ1" */
    JOURNAL_VERSION = 2
};

/* Enumerations are stored as small numbers whose names the table 'word' holds,
 * so that a later version may order its enumerators as it likes. */
enum journal_word { JOURNAL_WORD_KIND, JOURNAL_WORD_CLASS, JOURNAL_WORD_SEVERITY, JOURNAL_WORD_STATE, JOURNAL_WORD_COUNT };
enum { JOURNAL_CODES = 128 };

struct journal_words {
    int code[JOURNAL_WORD_COUNT][JOURNAL_CODES]; /* enumerator -> stored code, -1 none */
    int value[JOURNAL_WORD_COUNT][JOURNAL_CODES]; /* stored code -> enumerator, -1 unknown */
};

enum journal_statement {
    JOURNAL_BEGIN,
    JOURNAL_COMMIT,
    JOURNAL_ROLLBACK,
    JOURNAL_APPEND,
    JOURNAL_APPEND_AT,
    JOURNAL_APPEND_ROWS, /* JOURNAL_ROWS at a time */
    JOURNAL_PUT,
    JOURNAL_FORGET,
    JOURNAL_GET,
    JOURNAL_EACH,
    JOURNAL_CURSOR_GET,
    JOURNAL_CURSOR_PUT,
    JOURNAL_CURSOR_EACH,
    JOURNAL_CURSOR_FORGET,
    JOURNAL_POSITION,
    JOURNAL_TRIM,
    JOURNAL_FIRST,
    JOURNAL_PAGES,
    JOURNAL_FREE_PAGES,
    JOURNAL_STATEMENTS
};

/* Looks for single items over one connection (journal_find.c). */
enum journal_lookup { JOURNAL_BY_ID, JOURNAL_BY_KEY, JOURNAL_BY_SEQ, JOURNAL_SPAN, JOURNAL_LOOKUPS };

struct journal_finder {
    sqlite3 *db;
    const struct journal_words *words;
    sqlite3_stmt *st[JOURNAL_LOOKUPS];
};

/* A row on its way into the table. */
struct journal_pending {
    uint64_t pos;
    int64_t time, arrival;
    int kind, cls, severity, state; /* stored codes; state -1 none */
    bool timed, history, own;       /* own: of class self */
    unsigned char id[32];
    bool raw_id; /* 16 bytes of an id of ours; else 'id_n' of text */
    size_t id_n;
    struct str key, xml;
};
enum { JOURNAL_ROWS = 32, JOURNAL_COLUMNS = 11, JOURNAL_PENDING_BYTES = 65536 };

struct journal {
    sqlite3 *db;
    sqlite3_stmt *st[JOURNAL_STATEMENTS];
    struct journal_finder finder;
    struct journal_words words;
    char *dir, *path;
    int lock;                /* fd, -1 none */
    bool open;               /* between begin and commit */
    bool recovered;
    bool all_from_start;     /* cursors were lost: nobody starts at the end */
    bool limited;            /* the last append met the limit */
    uint64_t limit;
    uint64_t last_seq, pos;  /* of the newest item; pos counts bytes ever stored */
    uint64_t stored_seq;     /* newest number in the table; the pending ones follow */
    bool gap;                /* the next one does not follow the newest row by itself */
    uint64_t begin_seq, begin_pos, begin_stored; /* as they were at the begin */
    bool begin_gap;
    uint64_t used, used_pos;       /* bytes in use when 'pos' was 'used_pos' */
    unsigned n_pending;
    size_t n_bytes;
    struct journal_pending pending[JOURNAL_ROWS];
    char bytes[JOURNAL_PENDING_BYTES]; /* what they point to */
    char error[512];
};

/* Columns of the statements that give whole rows. */
#define JOURNAL_ROW_COLUMNS "seq, kind, id, class, severity, state, key, xml, arrival, history"

/* Negative errno of an SQLite result. */
int journal_errno(sqlite3 *db, int rc);
/* The same, with the words kept in j->error; damage is remembered on disk. */
int journal_fail(struct journal *, int rc, const char *doing);

/* Runs a statement that gives no row and makes it ready for the next time. */
int journal_run(struct journal *, enum journal_statement, const char *doing);
/* Runs a statement that gives one number; 'none' when it gives no row. */
int journal_run_int(struct journal *, enum journal_statement, int64_t none, int64_t *out, const char *doing);
/* Looks how many bytes are in use; appends add to that until the next look. */
int journal_note_used(struct journal *);

/* journal_append.c: the waiting rows into the table. */
int journal_flush(struct journal *);
/* The id as 16 bytes when it is one of ours, else as text. */
int journal_bind_id(sqlite3_stmt *, int column, const char *id, unsigned char raw[16]);

/* journal_open.c: settings of a connection. */
int journal_settings(sqlite3 *db, bool read_only);

/* journal_schema.c; SQLite results.  Whether the file is ours and not from the
 * future: SQLITE_MISMATCH when it must be left alone, 'err' says why. */
int journal_check_ours(sqlite3 *db, int64_t *version, char *err, size_t errlen);
int journal_migrate(sqlite3 *db, char *err, size_t errlen);
/* 'add': words that are new in this version get the next free codes. */
int journal_words_load(sqlite3 *db, bool add, struct journal_words *);
int journal_prepare(struct journal *);
/* The first number that 'sql' gives, 0 for none. */
int journal_query_int(sqlite3 *db, const char *sql, int64_t *out);
/* Leaves word in 'dir' that the journal is damaged (see journal_recover.c). */
void journal_suspect(const char *dir);

/* journal_find.c: SQLITE_ROW found, SQLITE_DONE none, or another result. */
void journal_finder_init(struct journal_finder *, sqlite3 *db, const struct journal_words *);
void journal_finder_fini(struct journal_finder *);
int journal_lookup_id(struct journal_finder *, const char *id, struct journal_row *, char **to_free);
int journal_lookup_key(struct journal_finder *, struct str key, uint64_t before, struct journal_row *,
                       char **to_free);
int journal_lookup_seq(struct journal_finder *, uint64_t seq, struct journal_row *, char **to_free);

/* journal_recover.c: true when an earlier start, or a failure while running,
 * left word of damage in 'dir'. */
bool journal_is_suspect(const char *dir);
/* Sets the files in 'dir' aside and builds a new journal of what can be read.
 * 0 with 'note' in words, or negative errno with 'note' saying why not. */
int journal_recover(const char *dir, const char *why, char *note, size_t notelen);

/* journal_read.c: one row of a statement over JOURNAL_ROW_COLUMNS, copied into
 * '*buf' (malloc'ed, grows), of which 'used' bytes are taken; the strs of 'row'
 * then hold offsets into it until journal_row_bind(). */
struct journal_buffer {
    char *p;
    size_t n, cap;
};
int journal_row_copy(const struct journal_words *, sqlite3_stmt *, struct journal_buffer *, struct journal_row *row);
void journal_row_bind(const struct journal_buffer *, struct journal_row *row);

#endif
