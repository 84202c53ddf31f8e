/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_drop.h - what the parts of the kind "drop" share; nobody else includes
 * it.  A drop folder is where others put files that are whole: each is read once,
 * from its beginning to its end, and then left alone.
 *
 *   follow_drop.c        the thread: which files are there, which are complete
 *   follow_drop_read.c   one file, from its first byte to its last
 *   follow_drop_unroll.c one event log: its records, without those read before
 *
 * A file is complete when its writer closed it or gave it its name (inotify says
 * so), or, where nobody says it, when its size and time have stood still.
 * Names that writers use meanwhile (.NAME, NAME.tmp, NAME.part ...) are passed by.
 *
 * An event log of Windows Vista and later (.evtx) that is followed is read in the
 * same way: each time it has changed and stands still, what is new in it.
 *
 * That a file was read is told by its checkpoint, which stays as long as the file
 * does.  A file of the same name with another time is looked into: what begins
 * as the one that was read goes on from there, anything else is a new file.  Of
 * event logs (container.h) what counts is their records, whatever the name. */
#ifndef FORWARDER_FOLLOW_DROP_H
#define FORWARDER_FOLLOW_DROP_H

#include "forwarder/follow_base.h"
#include "parsers/map.h"

struct gzFile_s;
struct container_class;
struct drop_unroll;

enum {
    DROP_FILES = 65536, /* files of a source */
    DROP_GONE = 10000,  /* files remembered that are no longer there */
    DROP_READING = 16,  /* files read at a time */
    DROP_RUNS = 16384,  /* of event logs that were read: see place_run in place.h */
};

/* What is handed out as one log. */
struct drop_log {
    struct follow_log pub; /* first */
    char path[];
};

enum drop_state {
    DROP_WAITS, /* until it is complete, and its turn comes */
    DROP_READS,
    DROP_DONE,  /* until it changes */
};

struct drop_file {
    char *path;
    const char *name; /* in 'path' */
    enum drop_state state;
    uint64_t dev, ino, size;
    int64_t birth, modified;
    int64_t since;  /* monotonic: all this is so since */
    unsigned seen;  /* number of the look that saw it last */
    int64_t ended;  /* monotonic: it was read to its end, 0 not yet */
    int64_t read;   /* 'modified' of what was read then */
    bool closed;    /* its writer is done with it */
    bool known;     /* its checkpoint was asked for */
    int error;      /* errno of its last opening or reading, 0 fine */
    char *why;      /* what EPROTO is here; may be NULL */
    bool unrolls;   /* it is an event log, as far as is known */
    /* while it is read */
    struct drop_log *log; /* the taker's after FOLLOW_GONE */
    int fd;
    struct gzFile_s *gz; /* reads 'fd', when packed */
    struct drop_unroll *unroll; /* reads 'fd', when it is an event log */
    struct place place;  /* where reading stands; of unpacked or unrolled bytes */
    bool announced;
    bool lost_due; /* what is missing before it is to be said */
    bool gone_due; /* nothing but FOLLOW_GONE is left to say */
    unsigned tail_n;
    char tail[PLACE_TAIL];
};

struct follow_drop {
    struct follow base; /* first */
    char *pattern, *last; /* its last component, within */
    char *format;         /* as configured */
    bool copies;          /* no folder: event logs that are copied anew, or written in place */
    struct map *files;    /* path -> drop_file */
    struct drop_file *reading[DROP_READING];
    unsigned n_reading;
    struct drop_file *unrolling; /* the event log among them, NULL none */
    struct place_run *runs;      /* of all event logs that were read, as far as there is room */
    unsigned n_runs;
    bool runs_loaded, runs_wanting;
    char **folders;
    int *watches; /* inotify's, of each folder; -1 none */
    unsigned n_folders;
    int inotify; /* -1: none to be had */
    unsigned look;
    int64_t look_due;
    int folders_error;
    bool folder_there;
    bool look_now, seen_sent;
};

enum drop_step { DROP_MORE, DROP_BLOCKED, DROP_ENDED };

/* Makes the file ready to be read, from its checkpoint or from its beginning: 0
 * or an errno.  ENOMEM also when only memory was wanting. */
int follow_drop_open(struct follow_drop *, struct drop_file *);
/* Hands out one chunk.  DROP_ENDED: FOLLOW_GONE was the last; 'error' says whether
 * it was read whole. */
enum drop_step follow_drop_step(struct follow_drop *, struct drop_file *);
void follow_drop_shut(struct follow_drop *, struct drop_file *);
/* Makes 'unroll' of a file that was just opened, if it is an event log; 'was' is
 * its checkpoint or NULL.  0 or an errno; EAGAIN while another one is read. */
int follow_drop_unroll(struct follow_drop *, struct drop_file *, const struct place *was);
/* Bytes at 'at' of what is handed out; 'at' does not go back but to the first
 * FOLLOW_LOOK bytes.  How many, 0 at the end, or negative errno. */
ssize_t follow_drop_unrolled(struct follow_drop *, struct drop_file *, char *p, size_t n, uint64_t at);
/* When records were written over since the last copy: how many, with their numbers. */
uint32_t follow_drop_missed(const struct drop_file *, uint32_t *first);
/* The runs of what was handed out, at the end. */
void follow_drop_runs(const struct drop_file *, struct place *out);
/* It was handed out whole: later copies bring what is new in them. */
void follow_drop_unrolled_all(struct follow_drop *, const struct drop_file *);
/* The kind of the file by its first bytes or by format=; NULL: none. */
const struct container_class *follow_drop_class(struct follow_drop *, struct drop_file *);
/* What is packed becomes a file without a name, 'fd': 0 or an errno. */
int follow_drop_unpack(struct follow_drop *, struct drop_file *);
void follow_drop_rolled(struct drop_file *); /* frees it, if any */
/* Notes the words; returns EPROTO, which stands for them. */
int follow_drop_why(struct drop_file *, const char *text);

#endif
