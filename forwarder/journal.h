/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal.h - the durable, ordered store between sources and targets: items,
 * source checkpoints, target cursors, correlator state.  SQLite 3, WAL,
 * synchronous=FULL; journal.c is the only file that knows its tables.
 * One writer; journal_begin() .. journal_commit() is one transaction.
 *
 * A struct journal is used by one thread.  A reader has a connection of its own
 * and sees what was committed only; it may live in another thread, must be
 * closed before the journal, and never keeps the write-ahead log from being
 * written back.  What fails returns a negative errno and the words are in
 * journal_error(): -ENOSPC limit or disk, -EBUSY, -EUCLEAN damaged (stop; the
 * next journal_open() sets the file aside and keeps what can be read), -EROFS,
 * -EIO and the like. */
#ifndef FORWARDER_JOURNAL_H
#define FORWARDER_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "parsers/event.h"

struct journal;

/* Opens or makes 'dir'/journal.db and takes the lock of the state directory
 * (-EBUSY: another process holds it).  Never starts empty over data it cannot
 * read: a damaged file is set aside whole and all that can be read of it is
 * copied over; then journal_recovered() is true and 'err' says what was found,
 * where it lies and what was saved (else 'err' is empty); it is logged, too.  On error NULL, errno
 * set, 'err' in words with the remedy. */
struct journal *journal_open(const char *dir, uint64_t limit_bytes, char *err, size_t errlen);
bool journal_recovered(const struct journal *);
void journal_close(struct journal *); /* NULL-safe; rolls back what is open */
const char *journal_error(const struct journal *); /* words of the last failure */

/* A commit that fails has rolled back; what was appended is gone, and
 * sequence numbers are as they were at the begin. */
int journal_begin(struct journal *);
int journal_commit(struct journal *);
int journal_rollback(struct journal *);

/* Appends one item ('xml' as item_xml_write gives it); '*seq' its number;
 * 'history' is kept with it.  -ENOSPC when the size limit is reached, which
 * leaves the transaction as it is (journal_limited() tells it from a disk that
 * is full); items of class self may go JOURNAL_RESERVE bytes beyond the limit,
 * so that it can be told. */
enum { JOURNAL_RESERVE = 4 << 20 };
int journal_append(struct journal *, const struct item *, struct str xml, int64_t arrival_ns, bool history,
                   uint64_t *seq);
bool journal_limited(const struct journal *); /* the last -ENOSPC was the limit */

/* Small named blobs that change with the items: source checkpoints, the
 * correlator's state, what a target was told and has acknowledged.  'kind' is
 * "source", "correlate", "told", "acked" and the like.  NULL
 * forgets the blob. */
int journal_put(struct journal *, const char *kind, const char *name, const void *, size_t);
/* Calls 'each' for all blobs of a kind in name order; it must not call the
 * journal.  A nonzero return ends the walk and is returned. */
int journal_each(struct journal *, const char *kind,
                 int (*each)(void *arg, const char *name, const void *p, size_t n), void *arg);
/* Copies the blob into malloc'ed memory the caller frees; -ENOENT when there
 * is none. */
int journal_get(struct journal *, const char *kind, const char *name, void **, size_t *);

/* A target's cursor: the last seq it is done with, and its own item count. */
struct journal_cursor {
    uint64_t seq;
    uint64_t target_seq;
};
/* New targets start at the journal's end, or at its start with 'from_start'. */
int journal_cursor_get(struct journal *, const char *target, bool from_start, struct journal_cursor *);
int journal_cursor_put(struct journal *, const char *target, const struct journal_cursor *);
/* Forgets the cursors of targets not in 'names'; calls 'gone' for each with
 * the number of items it had not yet taken. */
int journal_cursor_keep(struct journal *, const char *const *names, unsigned n,
                        void (*gone)(void *arg, const char *name, uint64_t undelivered), void *arg);

/* A stored item. Pointers hold until the next call on the same reader. */
struct journal_row {
    uint64_t seq;
    enum item_kind kind;
    enum event_class cls;
    enum severity severity;
    enum alarm_state state; /* alarms */
    int64_t arrival_ns;
    bool history;
    struct str id, key, xml;
};
struct journal_reader;
struct journal_reader *journal_reader_open(struct journal *, uint64_t after_seq);
/* 1 row given, 0 no more for now, negative errno. */
int journal_reader_next(struct journal_reader *, struct journal_row *);
void journal_reader_close(struct journal_reader *);
/* Begins with the oldest item that arrived at 'arrival_ns' or later; what
 * follows is in order of seq, so where the clock was set back, older arrivals
 * may follow: who wants a range looks at each row's arrival_ns. */
struct journal_reader *journal_reader_open_at(struct journal *, int64_t arrival_ns);

/* Single items; 'row' then points into '*to_free', which the caller frees
 * (free(NULL) is fine).  0, -ENOENT, or another negative errno.
 * By id (event, alarm change or notice), the newest with it: reads the whole
 * journal, about 1 s a GiB, in short steps.  By alarm key, the newest change of it: an index.
 * The first two belong to the journal's thread, the others to the reader's:
 * they use its own connection and do not move it. */
int journal_find(struct journal *, const char *id, struct journal_row *, char **to_free);
int journal_find_key(struct journal *, struct str key, struct journal_row *, char **to_free);
int journal_reader_find(struct journal_reader *, const char *id, struct journal_row *, char **to_free);
int journal_reader_find_key(struct journal_reader *, struct str key, struct journal_row *, char **to_free);
/* The newest change of the key with a seq below 'before': an alarm's history, step by step. */
int journal_reader_find_key_before(struct journal_reader *, struct str key, uint64_t before, struct journal_row *,
                                   char **to_free);
int journal_reader_get(struct journal_reader *, uint64_t seq, struct journal_row *, char **to_free);
const char *journal_reader_error(const struct journal_reader *); /* words of its last failure */

/* Deletes delivered items (seq at most 'done') that are older than 'keep_ns'
 * or beyond 'keep_bytes', at most 2,000 rows; '*left' true when more remain.
 * The newest item always stays: it carries the numbering over a restart.  Best
 * called before the transaction's items: they then take the pages it frees,
 * which are written once (2.1 us a row instead of 2.4). */
int journal_trim(struct journal *, uint64_t done, int64_t now_ns, int64_t keep_ns, uint64_t keep_bytes, bool *left);

/* Numbers of the newest item ever and of the oldest that is still stored (last
 * + 1 when none is); bytes of disk pages in use. */
uint64_t journal_last_seq(struct journal *);
uint64_t journal_first_seq(struct journal *);
uint64_t journal_used(struct journal *);
/* Bytes that items which are not of class self may still take; 0: the next
 * journal_append() of one gives -ENOSPC. */
uint64_t journal_room(struct journal *);

#endif
