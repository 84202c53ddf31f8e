/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ackstream.h - a TCP connection that knows which of its frames the peer's
 * kernel has acknowledged.  Used by target_syslog_stream.c, from one thread.  Frames
 * wait in a bounded buffer; nothing here blocks but ackstream_settle(), and that
 * no longer than it is told.
 *
 * After a reset the count of acknowledged bytes is still there to be read, as
 * long as the socket is open: ackstream_stop() reads it before it closes. */
#ifndef FORWARDER_ACKSTREAM_H
#define FORWARDER_ACKSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ACKSTREAM_QUEUE = 1 << 20,   /* bytes that may wait to be written */
    ACKSTREAM_WRITE = 1 << 16,   /* bytes worth a system call */
    ACKSTREAM_FRAMES = 1 << 15,  /* frames not acknowledged */
    ACKSTREAM_FRAME_MAX = 1 << 16,
    ACKSTREAM_PATIENCE_MS = 30000
};

struct ackstream_mark {
    uint64_t end; /* position in the stream behind the frame */
    uint64_t seq;
};

struct ackstream {
    int fd;             /* -1: no connection */
    char *buffer;       /* 2 * ACKSTREAM_QUEUE + ACKSTREAM_FRAME_MAX bytes */
    size_t head, tail;  /* what waits in it */
    size_t write_at;    /* queued bytes at which the next write is tried */
    struct ackstream_mark *marks; /* a ring of ACKSTREAM_FRAMES */
    unsigned first, n;
    uint64_t written;   /* bytes handed to the kernel on this connection */
    uint64_t acked;     /* of them, acknowledged */
    uint64_t base;      /* the kernel's own count when the connection began */
    bool exact;         /* the kernel counts acknowledged bytes */
    uint64_t safe;      /* seq of the newest frame that is, with all before it, acknowledged; outlives connections */
    int64_t progress_at; /* monotonic: when 'acked' moved, or there was nothing to wait for */
    int patience_ms;    /* that an unmoving 'acked' may last */
};

bool ackstream_init(struct ackstream *); /* false: no memory */
void ackstream_fini(struct ackstream *); /* closes at once; NULL buffers are fine */

/* Takes over the connected, non-blocking socket. */
void ackstream_start(struct ackstream *, int fd);
/* Room for a frame of at most 'n' bytes (up to ACKSTREAM_FRAME_MAX), or NULL when there is
 * none before ackstream_settle() has made some. */
char *ackstream_room(struct ackstream *, size_t n);
/* The first 'n' bytes of that room are a frame; written when it is worth it.
 * A 'seq' not above the last one moves nothing.  0, or negative errno: the connection is lost. */
int ackstream_put(struct ackstream *, size_t n, uint64_t seq);
/* Writes and looks for acknowledgements until 'safe' has moved, nothing is
 * under way, or 'wait_ms' have passed; notices a peer that has gone.  0 or
 * negative errno: the connection is lost; -ETIMEDOUT when 'acked' has not moved
 * for the time of patience. */
int ackstream_settle(struct ackstream *, int wait_ms);
/* True when nothing taken waits for the peer. */
bool ackstream_is_settled(const struct ackstream *);
/* Says the end to a peer that has acknowledged all, and waits for its own. */
void ackstream_end(struct ackstream *, int wait_ms);
/* Takes what was acknowledged into account, closes and drops the rest; the
 * number of frames dropped. */
unsigned ackstream_stop(struct ackstream *);

#endif
