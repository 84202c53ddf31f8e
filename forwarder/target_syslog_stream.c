/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog_stream.c - syslog messages through a connection: RFC 6587 octet
 * counting over TCP.  Called by target_syslog.c.  A message is safe when the
 * peer's kernel has acknowledged its bytes (ackstream.c). */
#include "build.h"

#include "forwarder/target_syslog_parts.h"

#include <errno.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"

enum {
    CLOSE_MS = 2000, /* to drain and see the peer's end */
    COUNT_MAX = 6    /* octet count and blank of the longest frame */
};

/* The connection is gone, and with it what was not acknowledged. */
static int
stream_lose(struct target_syslog *t, int r)
{
    unsigned dropped = ackstream_stop(&t->stream);

    if (dropped)
        t->broken = -r;
    t->base.sent -= dropped;
    t->base.taken = t->stream.safe;
    return target_syslog_fail(t, r == -ETIMEDOUT ? "receiver does not acknowledge" : "connection lost", -r);
}

static int
stream_connect(struct target_syslog *t)
{
    int fd;

    t->base.address = 0; /* the preferred one is tried first each time */
    fd = dial_any(t->base.tc, &t->base.address, t->base.error, sizeof t->base.error);
    if (fd < 0)
        return fd;
    ackstream_start(&t->stream, fd);
    return 0;
}

/* Writes the frame "COUNT MESSAGE" to 'room'; its length.  The message is written
 * behind where a count of three digits leaves it, which is nearly always right. */
static size_t
write_frame(const struct target_syslog *t, const struct target_item *item, char *room, bool *truncated)
{
    char count[24];
    size_t n = syslog_msg_write(&t->form, item, room + 4, truncated);
    size_t k = 0, digits = n > 999 ? 4 : n > 99 ? 3 : n > 9 ? 2 : 1;

    for (size_t rest = n; k < digits; rest /= 10)
        count[digits - ++k] = (char) ('0' + rest % 10);
    count[k++] = ' ';
    if (k != 4)
        memmove(room + k, room + 4, n);
    memcpy(room, count, k);
    return k + n;
}

static bool
stream_open(struct target_syslog *t)
{
    return ackstream_init(&t->stream);
}

static int
stream_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    char *room;
    int r;

    if (t->stream.fd >= 0 && ackstream_is_settled(&t->stream) && ackstream_settle(&t->stream, 0) < 0)
        ackstream_stop(&t->stream); /* gone while it was idle: nothing is lost with it */
    if (t->stream.fd < 0 && (r = stream_connect(t)) < 0)
        return r;
    if ((r = datagrams_pace(&t->base, &t->under_way)) < 0)
        return r;
    room = ackstream_room(&t->stream, SYSLOG_MSG_MAX + COUNT_MAX);
    if (!room) {
        r = ackstream_settle(&t->stream, 0);
        if (r < 0)
            return stream_lose(t, r);
        room = ackstream_room(&t->stream, SYSLOG_MSG_MAX + COUNT_MAX);
    }
    if (!room)
        return -EAGAIN;
    r = ackstream_put(&t->stream, write_frame(t, item, room, truncated), item->seq);
    /* It is among what was taken, so that the loss counts it, too. */
    t->base.sent++;
    if (item->seq > t->base.taken)
        t->base.taken = item->seq;
    return r < 0 ? stream_lose(t, r) : 0;
}

static int
stream_settle(struct target_syslog *t, int wait_ms, uint64_t *safe)
{
    int r = ackstream_settle(&t->stream, wait_ms);

    /* A peer that leaves when all has arrived is no loss. */
    if (r < 0 && ackstream_is_settled(&t->stream)) {
        ackstream_stop(&t->stream);
        r = 0;
    }
    if (r < 0)
        stream_lose(t, r);
    *safe = t->stream.safe;
    return r;
}

static void
stream_close(struct target_syslog *t)
{
    int64_t deadline = clock_monotonic() + CLOSE_MS * INT64_C(1000000);

    while (t->stream.fd >= 0 && !ackstream_is_settled(&t->stream) && clock_monotonic() < deadline)
        if (ackstream_settle(&t->stream, CLOSE_MS / 10) < 0)
            ackstream_stop(&t->stream);
    if (ackstream_is_settled(&t->stream))
        ackstream_end(&t->stream, CLOSE_MS);
    ackstream_fini(&t->stream);
}

const struct syslog_way syslog_way_stream = {
    .budget = SYSLOG_MSG_MAX,
    .open = stream_open,
    .send = stream_send,
    .settle = stream_settle,
    .close = stream_close,
};
