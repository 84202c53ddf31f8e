/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_base.h - what every kind of source shares, for follow.c and the kinds
 * alone: the thread, the chunks and their budget, the status.  A kind is one
 * way of having bytes of a source: files that grow (follow_logs.c), files that
 * are put into a folder (follow_drop.c).
 *
 * The struct of a kind begins with a struct follow.  What a thread does with its
 * own fields needs no lock; those marked are shared with the taker's. */
#ifndef FORWARDER_FOLLOW_BASE_H
#define FORWARDER_FOLLOW_BASE_H

#include <pthread.h>
#include <stdatomic.h>

#include "forwarder/file.h"
#include "forwarder/follow.h"

enum {
    FOLLOW_CHUNK = 256 * 1024, /* most bytes in a chunk */
    FOLLOW_CHUNK_SHARED = 16 * 1024, /* least, while the budget lasts */
    FOLLOW_CHUNK_LEAST = 4 * 1024,   /* for a log that has none out when it does not */
    FOLLOW_SPARE = 8,          /* buffers kept for use again */
};

struct follow;

struct follow_kind {
    const char *name;
    size_t size; /* of its struct */
    /* Makes ready what run() needs; nothing that can hang.  False with errno;
     * close() is called all the same. */
    bool (*open)(struct follow *);
    /* The thread, until follow_stopped(), or with taker.once until all was read
     * and handed out. */
    void (*run)(struct follow *);
    void (*close)(struct follow *);
    /* FOLLOW_GONE of the log came back: frees it.  Any thread. */
    void (*gone)(struct follow_log *);
};

struct follow {
    const struct follow_kind *kind;
    const struct config_source *source; /* never looked into by the thread */
    struct follow_taker taker;
    int64_t poll_ns;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended_cond;
    int wake; /* eventfd: readable when a chunk came back that 'waiting' waits for, or at the end */
    atomic_bool stopping, posting;
    _Atomic int64_t busy_since;
    unsigned n_sharing; /* logs that want room now, for follow_room(); the thread's */
    bool untold;        /* memory ended before trouble could be told; the thread's */
    bool told[FOLLOW_TROUBLES]; /* and is not over; the thread's */
    /* under 'lock' */
    struct follow_status status;
    size_t out_bytes;
    bool waiting, returned, ended, abandoned;
    struct chunk *spare;
    unsigned n_spare;
};

/* A chunk and what is behind it. */
struct chunk {
    struct follow_chunk pub; /* first */
    struct chunk *spare;
    size_t cap;
    char buffer[];
};

/* True when the thread has to end. */
bool follow_stopped(struct follow *);
/* Around each call that can hang, so that others see it; nothing waits for it. */
void follow_busy(struct follow *);
void follow_idle(struct follow *);
/* A chunk with room for 'n' bytes behind PLACE_TAIL bytes of its own. */
struct chunk *follow_chunk_new(struct follow *, size_t n);
void follow_chunk_free(struct follow *, struct chunk *);
/* Hands it out; 'log' may be NULL. */
void follow_post(struct follow *, struct follow_log *, struct chunk *, enum follow_what);
/* Says something of the source as a whole.  False when memory ended: another
 * try has to follow, which says it. */
bool follow_tell(struct follow *, enum follow_what, enum follow_trouble, const char *text);
/* follow_trouble.c: such things said once each, until they are over.  That 'path', a
 * file or a folder, cannot be read; 'why' are the words of EPROTO, or NULL.  False when
 * memory ended. */
bool follow_tell_unreadable(struct follow *, const char *path, enum file_use, int error, const char *why);
/* That the folders in which 'pattern' is looked for cannot be looked through. */
void follow_tell_shut(struct follow *, const char *pattern, int error);
/* That no file matches; 'hint' where none has nearly that name. */
void follow_tell_missing(struct follow *, const char *pattern, const char *hint);
/* That a folder of files is not there. */
void follow_tell_folder_missing(struct follow *, const char *pattern);
/* That it is over, if it was told. */
void follow_tell_over(struct follow *, enum follow_trouble);
/* The checkpoint of the log 'path', if the taker has one. */
bool follow_place(struct follow *, const char *path, struct place *out);
/* The checkpoint of a log that was given up can go.  False when memory ended. */
bool follow_forget(struct follow *, const char *path);
/* How many bytes a chunk of the log may have now; 0: none may go out until one
 * comes back. */
size_t follow_room(struct follow *, const struct follow_log *);
/* Before serving logs: from now on a chunk that comes back is noticed. */
void follow_note_returns(struct follow *);
/* With 'blocked' logs that wait for a chunk to come back: true when one did since
 * follow_note_returns(); else 'wake' becomes readable when one does. */
bool follow_was_returned(struct follow *, bool blocked);
/* Takes what made 'wake' readable. */
void follow_woken(struct follow *);

extern const struct follow_kind follow_logs_kind;
extern const struct follow_kind follow_drop_kind;
extern const struct follow_kind follow_traps_kind; /* a port that listens (follow_traps.c) */
extern const struct follow_kind follow_snapshot_kind;

#endif
