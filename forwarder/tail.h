/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tail.h - a followed log as the engine sees it: the chunks of its follow, in
 * order, fed into a stream.  Called by engine.c and its parts. */
#ifndef FORWARDER_TAIL_H
#define FORWARDER_TAIL_H

#include "forwarder/follow.h"
#include "forwarder/merge.h"

struct tail {
    struct follow_log *log;
    struct follow *follow;
    struct stream *stream;
    struct follow_chunk *first, **last; /* not yet fed */
    bool at_end;   /* its follow has handed out all it could for now, and it was fed */
    bool waiting;  /* ... but knows of files that come next: it is not read to its end */
    bool gone;     /* FOLLOW_GONE came: forgotten once it is drained */
    bool opened;   /* the stream has a file */
    bool known;    /* it was read before: there is a checkpoint */
    bool history;  /* first read, and so far older than a day at the start */
    bool log_is_whole; /* of a drop folder: in no order that tells of a clock */
    bool moved;    /* its place changed since the last commit */
    bool ahead, behind, jumped; /* its times jumped: see engine_watch.c */
    bool watched;        /* its alarms were looked at once, at its end */
    bool refused;        /* what it is, is not read: see engine_watch.c */
    bool unfinished;     /* bytes at its end wait for the end of their record */
    uint64_t size;       /* of the file when last looked at */
    int64_t end_since;   /* monotonic: at_end became true */
    int64_t last_chunk;  /* monotonic */
    int64_t last_time;   /* ns, of its newest record (UTC, else local digits), 0 unknown */
    int64_t read_at;     /* UTC ns when that was read */
    uint64_t records;
    char lost[512];      /* words of the last loss that nobody has heard of yet, "" none */
    uint64_t losses;
};

/* NULL with the reason in 'err'. */
struct tail *tail_new(struct follow_chunk *first, char *err, size_t errlen);
void tail_free(struct tail *); /* returns its chunks; closes the stream */
/* Takes one chunk of its log. */
void tail_take(struct tail *, struct follow_chunk *);
/* Its stream failed: what waits for it goes back. */
void tail_drain(struct tail *);
/* All that there is of the log was read. */
static inline bool
tail_is_read(const struct tail *t)
{
    return t->at_end && !t->waiting;
}
/* Feeds the stream: as merge_more. */
int tail_more(void *arg, struct stream *);
/* The tail of a fed stream. */
struct tail *tail_of(struct stream *);

#endif
