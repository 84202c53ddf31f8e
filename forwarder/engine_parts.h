/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_parts.h - what the loop in pipeline.c calls, and what the engine's
 * files share.  All of it runs in the engine's thread. */
#ifndef FORWARDER_ENGINE_PARTS_H
#define FORWARDER_ENGINE_PARTS_H

#include "forwarder/engine.h"

enum {
    /* Items a transaction.  Each writes pages that hold little new (the correlator's parts,
     * the index of keys) and waits for the disk: 1,000 wrote a third more bytes. */
    ENGINE_BATCH = 4000,
    ENGINE_BATCH_BYTES = 8 << 20,  /* or as much */
    ENGINE_BATCH_MS = 50,          /* or so old */
    ENGINE_FEED = 32 << 20,        /* newest items in memory, bytes */
    ENGINE_BUDGET = 8 << 20,       /* bytes of a source that wait to be parsed */
    ENGINE_CURSOR_MS = 250,        /* cursors and places that no item goes with */
    ENGINE_SOON_MS = 20,           /* the same when a target waits for its own */
    ENGINE_WATCH_MS = 200,
    ENGINE_STOP_MS = 5000,         /* for targets, at the end */
};
#define ENGINE_HISTORY (24 * 3600 * INT64_C(1000000000))

/* engine.c */
void engine_take_chunks(struct engine *, int wait_ms);
/* Answers what was asked; engine_take_orders() also takes a new configuration, which may
 * end targets and wait for them. */
void engine_take_questions(struct engine *);
void engine_take_orders(struct engine *);
bool engine_is_done(struct engine *);
int engine_rest(struct engine *); /* ms that the loop may sleep */
int engine_status(const struct engine *);
void engine_close_door(struct engine *);
/* The source of a followed log. */
struct engine_source *engine_source_of(struct engine *, const struct follow *);

/* engine_start.c: sources and targets that come and go. */
int engine_start(struct engine *);
int engine_finish(struct engine *); /* the exit status */
int engine_end_once(struct engine *);
void engine_replace(struct engine *, struct config *, struct catalogue *);
void engine_drop_tail(struct engine *, unsigned i);

/* engine_place.c */
bool engine_place(void *arg, const char *path, struct place *); /* any thread */
void engine_each_place(void *arg, void (*each)(void *to, const char *path, const struct place *), void *to); /* likewise */
void engine_resume_stream(struct engine *, struct tail *);
/* 0 or -ENOMEM. */
int engine_keep_place(struct engine *, const char *path, const void *p, size_t n, bool unsaved);
int engine_take_place(void *arg, const char *name, const void *p, size_t n); /* for journal_each() */
/* Given up, in the journal from the next commit on. */
void engine_forget_place(struct engine *, const char *path);
/* A part of a transaction, and what it means once that is committed. */
int engine_put_places(struct engine *);
void engine_places_saved(struct engine *);
/* What became of the files of drop folders, as far as it is committed; the newest
 * first.  'path' is borrowed until the next commit.  To be freed; NULL with '*n' 0
 * when there are none or memory ended. */
struct engine_file {
    const char *path;
    uint64_t records, unframed;
    int64_t finished; /* ns UTC, 0: not read to its end */
};
struct engine_file *engine_files(struct engine *, unsigned *n);

/* engine_commit.c */
bool engine_is_blocked(const struct engine *);
bool engine_batch_is_full(struct engine *);
bool engine_is_due(struct engine *);
/* How full the journal is, and what that means. */
void engine_watch_room(struct engine *);
/* Commits everything; a failure is kept in the engine and tried again later. */
void engine_commit(struct engine *);

/* engine_record.c: what is asked and noted around each record. */
bool engine_may_read(struct engine *);
void engine_look_at_clock(struct engine *);
bool engine_is_history(struct engine *, struct stream *);
void engine_note_record(struct engine *, struct stream *);
/* Ends a first start: the line that sums it up, and what is open. */
int engine_end_history(struct engine *);
void engine_save_history(struct engine *, struct keep_out *);
bool engine_restore_history(struct engine *, struct keep_in *);

/* engine_bounds.c: bounds of the correlator that were reached, as alarms. */
int engine_watch_bounds(struct engine *);

/* engine_watch.c */
void engine_note_jump(struct engine *, struct tail *, const struct event *);
int engine_watch(struct engine *);
int engine_clear_orphans(struct engine *);
/* Storms as alarms of their own: every second, and at once when one begins. */
int engine_watch_storms(struct engine *);
/* Raises or clears self:KIND:NAME. */
int engine_self(struct engine *, const char *kind, const char *name, bool raise, enum severity, const char *action,
                const char *fmt, ...) __attribute__((format(printf, 7, 8)));

#endif
