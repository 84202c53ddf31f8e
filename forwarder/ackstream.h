/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ackstream.h - a TCP connection, plain or below TLS, that knows which of its
 * frames the peer's kernel has acknowledged.  Used by target_syslog_stream.c, from
 * one thread.  Frames wait in a bounded buffer; nothing here blocks but
 * ackstream_settle() and ackstream_end(), and those no longer than they are told.
 *
 * After a reset the count of acknowledged bytes is still there to be read, as
 * long as the socket is open: ackstream_stop() reads it before it closes. */
#ifndef FORWARDER_ACKSTREAM_H
#define FORWARDER_ACKSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    ACKSTREAM_QUEUE = 1 << 20,   /* bytes that may wait to be written */
    ACKSTREAM_WRITE = 1 << 16,   /* bytes worth a system call */
    ACKSTREAM_FRAMES = 1 << 15,  /* frames not acknowledged */
    ACKSTREAM_FRAME_MAX = 1 << 16,
    ACKSTREAM_PATIENCE_MS = 30000
};

struct ackstream_mark {
    uint64_t end; /* position on the wire behind the frame; of the last 'open' ones, among the plain bytes */
    uint64_t seq;
};

/* What turns plain bytes into those on the wire.  No function waits. */
struct ackstream_layer {
    /* As send() and recv(), or negative errno.  A write may say -EINPROGRESS: the
     * peer must be read from first; a read -EBUSY: what waits must be written first.
     * What a write has taken is wholly on the wire. */
    ssize_t (*write)(void *arg, const char *p, size_t n);
    ssize_t (*read)(void *arg, char *p, size_t n);
    uint64_t (*wire)(void *arg); /* bytes that the kernel has taken since the connection began */
    void (*end)(void *arg);      /* says the end */
};

struct ackstream {
    int fd;             /* -1: no connection */
    char *buffer;       /* 2 * ACKSTREAM_QUEUE + ACKSTREAM_FRAME_MAX bytes */
    size_t head, tail;  /* what waits in it */
    size_t write_at;    /* queued bytes at which the next write is tried */
    struct ackstream_mark *marks; /* a ring of ACKSTREAM_FRAMES */
    unsigned first, n;
    unsigned open;      /* of the n, those whose end on the wire is not known: with a layer */
    const struct ackstream_layer *layer; /* NULL: plain bytes are those on the wire */
    void *layer_arg;
    bool reads_first;   /* the layer cannot write before the peer has said something, */
    bool writes_first;  /* or not read before it has written */
    uint64_t written;   /* plain bytes handed over on this connection */
    uint64_t acked;     /* bytes on the wire, acknowledged */
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
/* From now on everything goes through 'layer', which may have used the connection
 * already, but only since ackstream_start().  It must live until ackstream_stop(). */
void ackstream_layer(struct ackstream *, const struct ackstream_layer *layer, void *arg);
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
