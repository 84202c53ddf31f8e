/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow.h - one configured source, followed for years: a thread of its own
 * finds the files, knows them again by their content, and hands their bytes
 * out in order.  What "file" and "log" mean depends on the kind of source
 * (follow_base.h); most is said here of files that grow.  A share that hangs stops this thread and nothing else.
 *
 * A log is a live name (NAME.log) with its generations: what was renamed,
 * numbered, dated, copied or packed away.  The bytes of one log come out as
 * one sequence: a generation to its end, then the next, the live file last.
 *
 * The taker (the engine) gets chunks through follow_post() in the order of
 * each log and gives each back with follow_return(): at most
 * FOLLOW_OUTSTANDING of a log are out at a time, and no more than the bytes
 * that follow_start() was given of all logs together. */
#ifndef FORWARDER_FOLLOW_H
#define FORWARDER_FOLLOW_H

#include "forwarder/config.h"
#include "forwarder/place.h"

enum { FOLLOW_LOOK = 65536, FOLLOW_OUTSTANDING = 4 };

/* A log as both sides know it.  'path' is its name for good (folder, and the
 * live name as found) and the name of its checkpoint; 'taker' is the taker's. */
struct follow_log {
    const char *path;
    const struct config_source *source;
    void *taker;
    /* The follow's own, under its lock: chunks that are out, and whether the last
     * one came back. */
    unsigned out;
    bool gone;
};

enum follow_what {
    /* Another file of this log begins; bytes of it come next.  'bytes' are its
     * first bytes (at most FOLLOW_LOOK; they are for knowing what it is, and
     * come again as FOLLOW_BYTES where 'place' stands before them); 'place' says
     * where reading goes on: offset 0, or a checkpoint's, complete with hints;
     * 'resumed' that it is a checkpoint's; 'before' are the last bytes before it
     * (the taker has to hash them with what follows). */
    FOLLOW_FILE,
    FOLLOW_BYTES, /* bytes [offset, offset + n) of that file */
    FOLLOW_FINAL, /* nothing will be added to that file any more */
    FOLLOW_IDLE,  /* all that can be for now was handed out; sent again only after more
                   * came, or when 'more' is another: files are known that wait for their turn */
    FOLLOW_LOST,  /* bytes are lost for good; 'text' says which and how many, if known */
    FOLLOW_GONE,  /* the log is no longer followed (no file any more, pattern changed): last chunk of it */
    /* Of the source as a whole ('log' NULL), each only when it changes: */
    FOLLOW_SEEN,    /* its folders were looked through and all its logs announced (a
                     * FOLLOW_FILE or FOLLOW_IDLE each) for the first time */
    FOLLOW_TROUBLE, /* 'kind' of trouble begins ('text' says it) ... */
    FOLLOW_WELL,    /* ... and is over */
    FOLLOW_FORGET,  /* 'bytes' are the path of a log, with its NUL, whose checkpoint is not needed any more */
};

enum follow_trouble {
    FOLLOW_MISSING,    /* the pattern matches nothing; text has the near name, if any */
    FOLLOW_UNREADABLE, /* a folder or file cannot be opened or read, a port not listened at; 'log' may be set */
    FOLLOW_OVERRUN,    /* what comes is more than is taken: some of it is lost; its end says how many */
    FOLLOW_TROUBLES
};

struct follow_chunk {
    struct follow_chunk *next; /* free for the holder */
    struct follow *follow;
    struct follow_log *log;
    enum follow_what what;
    enum follow_trouble kind;
    bool resumed;
    bool more;       /* FOLLOW_IDLE */
    uint64_t offset; /* FOLLOW_BYTES */
    uint64_t size;   /* of the file when it was last looked at, for lag */
    struct place place; /* FOLLOW_FILE; of FOLLOW_BYTES 'modified' alone, of FOLLOW_FINAL its runs */
    size_t n_before;
    char before[PLACE_TAIL]; /* FOLLOW_FILE: min(PLACE_TAIL, place.offset) bytes */
    char text[512];
    size_t n;
    char *bytes; /* may be NULL when n is 0 */
};

/* What follow_start() needs from the rest of the program. */
struct follow_taker {
    /* From the follow's thread; must not block.  The chunk is the taker's until
     * it calls follow_return(). */
    void (*post)(void *arg, struct follow_chunk *);
    /* The checkpoint of the log 'path': true with '*out' filled.  From the
     * follow's thread, once a log (so it must answer from memory, any time). */
    bool (*place)(void *arg, const char *path, struct place *out);
    /* Calls 'each' with every checkpoint of a log that is not followed now; it may
     * be NULL.  From the follow's thread. */
    void (*places)(void *arg, void (*each)(void *to, const char *path, const struct place *), void *to);
    void *arg;
    bool once;     /* read what is there to its end, hand it out as final, FOLLOW_GONE
                    * each log, then end; 'ended' in the status */
    size_t budget; /* bytes out at a time, of all logs of this source */
};

/* What a source that listens has counted since its start: each datagram that was
 * received is also in one of the others but KERNEL, which never were.
 * COUNT(ENUMERATOR, name in the status, words for people) */
#define FOLLOW_COUNTS(COUNT) \
    COUNT(RECEIVED, "received", "received") \
    COUNT(TAKEN, "taken", "taken as records") \
    COUNT(DUPLICATE, "duplicates", "told again by another agent or relay") \
    COUNT(SENDER, "sender_refused", "from senders that from= does not name") \
    COUNT(RATE, "over_rate", "LOST over rate=") \
    COUNT(MALFORMED, "malformed", "malformed") \
    COUNT(VERSION, "version_refused", "of SNMPv3 or an unknown version") \
    COUNT(COMMAND, "command_refused", "that were no traps") \
    COUNT(INFORM, "informs_refused", "informs, which are not answered") \
    COUNT(COMMUNITY, "community_refused", "of a wrong community") \
    COUNT(OWN, "own_refused", "our own notifications, come back") \
    COUNT(FOREIGN, "foreign", "that translate no Windows event") \
    COUNT(QUEUE, "queue_full", "LOST while the journal was behind") \
    COUNT(KERNEL, "kernel_dropped", "LOST in the kernel: the receive buffer was full")

enum follow_count {
#define COUNT(e, n, w) FOLLOW_COUNT_##e,
    FOLLOW_COUNTS(COUNT)
#undef COUNT
        FOLLOW_COUNT_ALL
};

struct follow;

/* 'source' must outlive it.  NULL with errno. */
struct follow *follow_start(const struct config_source *source, const struct follow_taker *);
void follow_return(struct follow_chunk *); /* any thread */
/* Asks the thread to end.  follow_wait() waits for that up to 'wait_ms': true when
 * it did.  Either way nothing is posted after it: what was has to be returned,
 * before follow_join() ends all.  That waits, too, and then gives a thread that
 * hangs in the kernel up (it frees itself should it ever return); true when all
 * is freed.  It is called once. */
void follow_stop(struct follow *);
bool follow_wait(struct follow *, int wait_ms);
bool follow_join(struct follow *, int wait_ms);

struct follow_status {
    unsigned logs, files_open;
    uint64_t bytes;      /* handed out since the start */
    uint64_t lost;       /* FOLLOW_LOST sent */
    int64_t looked;      /* monotonic: the last look through all files that was completed, 0 none */
    int64_t busy_since;  /* monotonic: start of a system call that has not returned, 0 none */
    bool remote;         /* on a network or FUSE file system: opened for each read */
    bool ended;          /* 'once': all was handed out */
    bool counts;         /* it listens: 'count' is of meaning */
    uint64_t count[FOLLOW_COUNT_ALL];
};
void follow_status(struct follow *, struct follow_status *); /* any thread, never blocks on I/O */

#endif
