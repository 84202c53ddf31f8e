/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_snapshot.h - what the parts of the kind "snapshot" share; nobody else
 * includes it.  An event log (.evt) is a ring: it is written over in place, or
 * copied anew over the last copy, and grows nowhere.  So each time it has changed
 * and stands still it is read whole, and what is new in it is handed out as the
 * next bytes of one stream (parsers/evt_pack.h).
 *
 *   follow_snapshot.c       the thread: which files are there, which changed
 *   follow_snapshot_read.c  one file: what of it is new
 *
 * What was read is known by number and times of the last record (place_mark in
 * place.h).  Nothing is handed out that was not looked at after it was read: a
 * file that changes meanwhile is read again, from the last record that was whole. */
#ifndef FORWARDER_FOLLOW_SNAPSHOT_H
#define FORWARDER_FOLLOW_SNAPSHOT_H

#include <sys/stat.h>

#include "forwarder/evt_file.h"
#include "forwarder/follow_base.h"
#include "parsers/map.h"

enum {
    SNAPSHOT_FILES = 65536,   /* of a source */
    SNAPSHOT_READING = 8,     /* at a time: each has a stage */
    SNAPSHOT_STAGE = 256 * 1024 /* bytes that are looked at together */
};

/* A file as it was at one time. */
struct snapshot_version {
    uint64_t dev, ino, size;
    int64_t modified; /* ns UTC */
};

struct snapshot_log {
    struct follow_log pub; /* first */
    char *path;
    const char *name; /* in 'path' */
    unsigned seen;    /* number of the look that saw it last */
    struct snapshot_version now, done; /* 'done': read whole */
    bool is_done;
    int64_t since;      /* monotonic: 'now' is so since */
    int64_t away_since; /* monotonic: no file since, 0 there is one */
    bool started, announced, resumed;
    bool idle_sent, idle_more;
    bool final_sent;
    int error; /* errno of its last opening or reading, 0 fine */
    struct place_mark mark; /* after what was handed out or is in the stage */
    struct evt_file *file;  /* being read */
    struct snapshot_version reading;
    char *stage; /* whole parts that were looked at, to be handed out */
    size_t stage_n, stage_done;
    uint64_t offset; /* of the stream */
    char lost[512];
};

struct follow_snapshot {
    struct follow base; /* first */
    char *pattern;
    struct map *logs; /* path -> snapshot_log */
    unsigned look;
    int64_t look_due;
    int folders_error;
    bool seen_sent;
};

enum snapshot_read {
    SNAPSHOT_READ, /* the stage has something */
    SNAPSHOT_DONE, /* all of this version is handed out */
    SNAPSHOT_WAIT, /* it may not be whole yet, or changed: another try later */
    SNAPSHOT_ERROR /* l->error */
};

/* Looks through the file and finds what is new.  'patient': it may be that it is
 * still being copied, and what is damaged is waited for. */
enum snapshot_read follow_snapshot_begin(struct follow_snapshot *, struct snapshot_log *, bool patient);
/* The next whole parts to the stage. */
enum snapshot_read follow_snapshot_more(struct follow_snapshot *, struct snapshot_log *);
void follow_snapshot_end(struct snapshot_log *);
bool follow_snapshot_same(const struct snapshot_version *, const struct snapshot_version *);
struct snapshot_version follow_snapshot_version(const struct stat *);

#endif
