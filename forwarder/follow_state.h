/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_state.h - what the parts of the kind "logs" (follow_logs.c) share; nobody
 * else includes it.  All of it belongs to the follow's thread, but for what is marked.
 *
 *   follow_logs.c   the source's thread
 *   follow_files.c  looking through folders: which files are there
 *   follow_queue.c  which of them is read next, and which never
 *   follow_find.c   a place that is no longer where it was
 *   follow_log.c    one log, step by step
 *   follow_read.c   the bytes of one file
 *
 * How a file is known again.  Content decides, and nothing else: the first bytes
 * of the file and those before the offset must be the ones that were read.
 * While a log is followed both are kept as bytes, over a restart as hashes.
 * Before any byte is handed out, those before it are read with it and compared;
 * after opening anew the first ones are too.  Device, inode and name say only
 * where to look first, because inodes are used again and mounts number anew.
 *
 * A beginning shorter than PLACE_HEAD is weak: two files can share a heading.
 * It grows with the file.  As long as it is short, the file with the known
 * inode is looked at before the live name, and then the oldest that was not
 * read to its end: reading goes on in the wrong file only if all that was read
 * of it is, byte by byte, the same, and no file that matches is jumped over.
 *
 * What copy-and-truncate can lose: bytes that the writer appends after the
 * copy was made and before it truncates.  They are in no file, and no reader
 * can have them unless it looked in between.  Whenever a file is found to be
 * truncated and its copy is found, reading goes on in the copy; bytes read
 * beyond the copy's end are not read again. */
#ifndef FORWARDER_FOLLOW_STATE_H
#define FORWARDER_FOLLOW_STATE_H

#include "forwarder/follow_base.h"
#include "forwarder/generation.h"
#include "parsers/map.h"

enum {
    FOLLOW_OPEN = 256,         /* files held open */
    FOLLOW_QUEUE = 64,         /* files of a log known to come next */
    FOLLOW_LEFT = 64,          /* logs remembered that were gone */
    FOLLOW_PATH = 4096,
    FOLLOW_ZEROS = 4,          /* so many zero bytes at the end were not written yet */
};

/* What a file of a log is. */
enum follow_class {
    CLASS_UNKNOWN, /* not looked at since it changed */
    CLASS_CURRENT, /* being read */
    CLASS_QUEUED,  /* read after that */
    CLASS_OLD,     /* was read, or is older than what was */
    CLASS_COPY,    /* begins as the one being read: looked at again when that changes */
};

struct follow_entry {
    char name[PLACE_NAME];
    struct generation generation; /* 'live' is not kept */
    uint64_t hash;           /* of the name */
    uint64_t dev, ino, size;
    int64_t birth, modified; /* ns UTC, 0 unknown */
    int64_t since;           /* monotonic: size and time are so since */
    unsigned seen;           /* number of the look that saw it last */
    enum follow_class class;
};

/* One file being read, or waiting for it. */
struct follow_file {
    int fd;               /* -1 closed */
    struct gzFile_s *gz;  /* reads 'fd', when packed */
    bool packed, live;
    char name[PLACE_NAME];
    uint64_t dev, ino, size;
    int64_t birth, modified;
    uint64_t offset;      /* of the next byte to hand out */
    uint64_t zeros_end;   /* zero bytes before this one are handed out */
    int64_t zeros_since;  /* monotonic: first seen at the end, 0 none */
    unsigned head_n, tail_n;
    char head[PLACE_HEAD], tail[PLACE_TAIL];
};

struct follow_folder {
    char *path;
    unsigned seen;
    int error;     /* negative errno of the last look, 0 fine */
    int watch;     /* inotify, -1 none */
    bool remote;
};

struct flog {
    struct follow_log pub; /* first: the taker's pointer is ours */
    struct follow_logs *follow;
    struct flog *next;     /* in the list of those that are ready */
    char *path, *key;
    const char *live;      /* in 'path' */
    struct follow_folder *folder;
    struct follow_entry *entry; /* oldest first, the live file last */
    unsigned n_entries, cap;
    struct follow_entry *before; /* as they were, while a look goes on */
    unsigned n_before;
    bool changed;    /* entries are not as at the last look */
    bool renamed;    /* ... and it is not only their size */
    bool ready;      /* in the list */
    bool started;    /* its place was asked for */
    bool announced;  /* the taker knows it */
    bool file_due;   /* 'current' has to be announced */
    bool resumed;    /* ... at a checkpoint's place */
    bool final_due;
    bool idle_sent, idle_more; /* ... with 'more' */
    bool finding;    /* 'want' is looked for */
    bool pending;    /* a file that comes next cannot be looked at yet */
    bool linked;     /* 'current' has a name among the entries */
    bool caught_up;  /* all there was had been handed out once */
    struct place want;
    uint64_t line;   /* of the checkpoint */
    unsigned moves, find_moves; /* looks that found names changed */
    bool want_started; /* it is the checkpoint's, from before the start */
    int64_t find_since, find_first; /* monotonic */
    struct follow_file *current;
    struct follow_file *queue[FOLLOW_QUEUE];
    unsigned n_queue;
    int64_t quiet_since; /* monotonic: 'current' gave nothing since */
    int64_t copy_since;  /* monotonic: the live file may be a copy being made */
    int64_t away_since;  /* monotonic: no file at all since, 0 there are */
    int64_t looked_utc;  /* of the last look at 'current' */
    unsigned n_done;
    uint8_t done[PLACE_DONE][PLACE_HASH];
    uint64_t last_dev, last_ino, last_size; /* of the file that was finished last */
    unsigned blind;      /* number of a look that could not see all its files */
    int blind_error;     /* errno of what it did not see, 0: names were changing */
    bool disordered;     /* memory ended before the entries were ordered */
    int error;           /* errno of its last opening or reading, 0 fine */
    char error_name[PLACE_NAME];
    char lost[512];
};

struct follow_logs {
    struct follow base; /* first */
    char *pattern, *last; /* its last component, within */
    int inotify;  /* -1: none to be had */
    struct follow_folder **folders;
    unsigned n_folders, cap_folders;
    struct map *logs; /* folder number and name in lower case -> flog */
    struct flog *ready, **ready_last; /* base.n_sharing of them */
    unsigned n_unready; /* logs not announced yet */
    unsigned look;    /* number of looks through the folders */
    bool wild;        /* folders depend on a pattern */
    bool frozen;      /* 'once': no log comes any more */
    bool look_now, seen_sent;
    int folders_error; /* errno of looking for folders */
    int64_t look_due, look_took, hurried, hinted;
    unsigned open_files, hand;
    uint8_t left[FOLLOW_LEFT][PLACE_HASH]; /* heads of logs left at their end */
    unsigned n_left;
    struct chunk *scratch; /* read into; handed out itself when it is full enough */
};

static inline struct follow_logs *
follow_logs_of(struct follow *f)
{
    return (struct follow_logs *) f;
}

/* follow_logs.c */
/* Says that the log's files cannot be read, if nothing of the kind was said; false
 * when memory ends. */
bool follow_unreadable(struct follow_logs *, const struct flog *);
/* Puts the log among those that are ready. */
void follow_ready(struct follow_logs *, struct flog *);

/* follow_files.c: looks through all folders; makes and finds logs. */
void follow_files_look(struct follow_logs *);
struct flog *follow_files_log(struct follow_logs *, unsigned folder, const char *name);
void follow_files_drop(struct follow_logs *, struct flog *); /* out of the table */
void follow_files_free(struct follow_logs *);
void follow_log_free(struct flog *);
/* A file of the folder with that inode, whatever its name; fills 'e'. */
bool follow_files_by_inode(struct follow_logs *, struct flog *, uint64_t dev, uint64_t ino, struct follow_entry *e);

/* follow_read.c */
enum follow_read { READ_BYTES, READ_END, READ_CHANGED, READ_DAMAGED, READ_ERROR };
/* Opens the file of 'e' and reads its first bytes.  NULL with '*error' an errno,
 * ESTALE when another file has the name by now. */
struct follow_file *follow_read_open(struct follow_logs *, const struct flog *, const struct follow_entry *, int *error);
void follow_read_free(struct follow_logs *, struct follow_file *); /* NULL-safe */
/* Takes more of the beginning of a file that was short when it was opened. */
void follow_read_head(struct follow_logs *, struct follow_file *);
void follow_read_close(struct follow_logs *, struct follow_file *);
/* The next bytes, at most 'want', behind PLACE_TAIL bytes of room at 'room'. */
enum follow_read follow_read_next(struct follow_logs *, const struct flog *, struct follow_file *, char *room, size_t want,
                                  size_t *got, int *error);
/* 'n' bytes at 'at', for looking at only; how many, or negative errno. */
ssize_t follow_read_at(struct follow_logs *, struct follow_file *, char *p, size_t n, uint64_t at);
/* The file of 'e' when the place is in it, standing there; else NULL, with the
 * log's 'error' set when that could not be seen. */
struct follow_file *follow_read_match(struct follow_logs *, struct flog *, const struct follow_entry *,
                                      const struct place *);
/* Opens what was closed.  READ_BYTES when it is the same file. */
enum follow_read follow_read_again(struct follow_logs *, const struct flog *, struct follow_file *, int *error);
bool follow_read_packed_ready(struct follow_logs *, const struct follow_entry *);

/* follow_queue.c */
void follow_queue_look(struct follow_logs *, struct flog *);
void follow_queue_clear(struct follow_logs *, struct flog *);
/* What was decided about the files holds no longer: 'current' is another. */
void follow_queue_reset(struct follow_logs *, struct flog *);
/* Queues the file of 'e', if there is room. */
void follow_queue_add(struct follow_logs *, struct flog *, struct follow_entry *);
/* Generations that were last written before 'modified' were read. */
void follow_queue_older(struct flog *, int64_t modified);
struct follow_file *follow_queue_take(struct flog *);
/* Notes that it was read to its end; false, and nothing is noted, when memory ends. */
bool follow_queue_done(struct flog *, const struct follow_file *);
/* 1 when it was read, by its beginning, 0 when not, negative errno, with the log's
 * 'error' set, when that cannot be said. */
int follow_queue_is_done(struct flog *, const struct follow_file *);
struct follow_entry *follow_queue_entry(struct flog *, const struct follow_file *);

/* follow_find.c */
enum follow_found { FOUND, FOUND_WAIT, FOUND_NOT };
/* 'current' is no longer where it was: looks for its bytes from now on. */
/* Makes 'want' the place of 'current'; false when memory ends. */
bool follow_find_want(struct flog *);
void follow_find_begin(struct follow_logs *, struct flog *);
enum follow_found follow_find(struct follow_logs *, struct flog *);

/* follow_log.c */
enum follow_step {
    STEP_MORE,
    STEP_REST,    /* until a look wakes it */
    STEP_BLOCKED, /* until a chunk comes back, or the next look: no room, or no memory */
    STEP_GONE,    /* it must not be touched any more */
};
enum follow_step follow_log_step(struct follow_logs *, struct flog *);
/* False when the last look could not see all files of the log: what is missing
 * may be there. */
bool follow_files_sure(const struct follow_logs *, const struct flog *);
/* The errno of what it could not see, 0 when all was seen or names were changing. */
int follow_files_error(const struct follow_logs *, const struct flog *);
/* True when it wants a step after every look, whatever its files do. */
bool follow_log_restless(const struct flog *);

#endif
