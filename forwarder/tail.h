/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tail.h - a followed log as the engine sees it: the chunks of its follow, in
 * order, fed into a stream.  Called by pipeline.c and engine.c. */
#ifndef FORWARDER_TAIL_H
#define FORWARDER_TAIL_H

#include "forwarder/follow.h"
#include "forwarder/merge.h"

struct tail {
    struct follow_log *log;
    struct follow *follow;
    struct stream *stream;
    struct follow_chunk *first, **last; /* not yet fed */
    bool at_end;        /* its follow has handed out all there was */
    bool gone;          /* FOLLOW_GONE came: forgotten once it is drained */
    bool moved;         /* its place changed since the last commit */
    bool history;       /* first read, and so far older than a day at the start */
    bool opened;        /* the stream has a file */
    uint64_t size;      /* of the file when last looked at */
    uint64_t offset;    /* consumed, of that file */
    int64_t end_since;  /* monotonic: at_end became true */
    int64_t last_chunk; /* monotonic */
    int64_t last_time;  /* UTC ns of its newest record, 0 unknown */
};

#endif
