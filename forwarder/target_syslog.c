/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog.c - items to a syslog receiver: RFC 5426 over UDP, one message a
 * datagram, and RFC 6587 octet counting over TCP.  The worker of the target
 * drives it, from its thread; what a message looks like is in syslog_msg.c.
 *
 * Over TCP an item is safe when the peer's kernel has acknowledged its bytes
 * (ackstream.c); over UDP when no refusal came for a while (datagrams.c).  A way
 * that is lost takes what is not safe with it: every call fails from then on,
 * until a settle has reported it; the next send connects anew (dial.c). */
#include "build.h"

#include "forwarder/target_syslog.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/ackstream.h"
#include "forwarder/clock.h"
#include "forwarder/datagrams.h"
#include "forwarder/dial.h"
#include "forwarder/syslog_msg.h"

enum {
    CLOSE_MS = 2000, /* to drain and see the peer's end */
    ROOM_MS = 100,   /* for room in the socket's buffer, UDP */
    COUNT_MAX = 6    /* octet count and blank of the longest frame */
};

struct target_syslog {
    struct target base;
    struct syslog_form form;
    char host[256];
    bool tcp;
    int broken; /* errno of a loss that no settle has reported yet */
    struct ackstream stream;
    int fd; /* UDP; -1: none */
    struct datagrams under_way; /* TCP uses the pace only */
};

/* Notes 'err' with the words that say what failed; returns -err. */
static int
fail(struct target_syslog *t, const char *what, int err)
{
    const struct config_target *tc = t->base.tc;

    snprintf(t->base.error, sizeof t->base.error, "%s:%.100s:%s: %s: %s", tc->transport, tc->host, tc->port, what,
             strerror(err));
    return -err;
}

/* --- TCP ------------------------------------------------------------------------- */

/* The connection is gone, and with it what was not acknowledged. */
static int
tcp_lose(struct target_syslog *t, int r)
{
    unsigned dropped = ackstream_stop(&t->stream);

    if (dropped)
        t->broken = -r;
    t->base.sent -= dropped;
    t->base.taken = t->stream.safe;
    return fail(t, r == -ETIMEDOUT ? "receiver does not acknowledge" : "connection lost", -r);
}

static int
tcp_connect(struct target_syslog *t)
{
    int fd = dial(t->base.tc, t->base.error, sizeof t->base.error);

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

static int
tcp_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    char *room;
    int r;

    if (t->stream.fd >= 0 && ackstream_is_settled(&t->stream) && ackstream_settle(&t->stream, 0) < 0)
        ackstream_stop(&t->stream); /* gone while it was idle: nothing is lost with it */
    if (t->stream.fd < 0 && (r = tcp_connect(t)) < 0)
        return r;
    if ((r = datagrams_pace(&t->base, &t->under_way)) < 0)
        return r;
    room = ackstream_room(&t->stream, SYSLOG_MSG_TCP + COUNT_MAX);
    if (!room) {
        r = ackstream_settle(&t->stream, 0);
        if (r < 0)
            return tcp_lose(t, r);
        room = ackstream_room(&t->stream, SYSLOG_MSG_TCP + COUNT_MAX);
    }
    if (!room)
        return -EAGAIN;
    r = ackstream_put(&t->stream, write_frame(t, item, room, truncated), item->seq);
    /* It is among what was taken, so that the loss counts it, too. */
    t->base.sent++;
    if (item->seq > t->base.taken)
        t->base.taken = item->seq;
    return r < 0 ? tcp_lose(t, r) : 0;
}

/* --- UDP ------------------------------------------------------------------------- */

/* What is not safe is lost. */
static int
udp_lose(struct target_syslog *t, int err)
{
    close(t->fd);
    t->fd = -1;
    if (t->under_way.n > t->under_way.n_safe)
        t->broken = err;
    datagrams_lost(&t->base, &t->under_way);
    return fail(t, "cannot send", err);
}

static int
udp_trouble(struct target *base)
{
    struct target_syslog *t = (struct target_syslog *) base;
    int err = 0;
    socklen_t n = sizeof err;

    if (t->fd < 0 || getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0)
        return 0;
    return err;
}

static int
udp_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    struct pollfd ready = {.events = POLLOUT};
    char msg[SYSLOG_MSG_UDP];
    size_t n;
    int r = datagrams_pace(&t->base, &t->under_way);

    if (r < 0)
        return r;
    if (t->fd < 0 && (t->fd = dial(t->base.tc, t->base.error, sizeof t->base.error)) < 0) {
        r = t->fd;
        t->fd = -1;
        return r;
    }
    n = syslog_msg_write(&t->form, item, msg, truncated);
    ready.fd = t->fd;
    while (send(t->fd, msg, n, MSG_NOSIGNAL) < 0) {
        if (errno == EINTR)
            continue;
        /* ECONNREFUSED is about a datagram before this one. */
        if (errno != EAGAIN && errno != ENOBUFS)
            return udp_lose(t, errno);
        if (poll(&ready, 1, ROOM_MS) <= 0)
            return -EAGAIN;
    }
    datagrams_sent(&t->base, &t->under_way, item);
    return 0;
}

/* --- the vtable -------------------------------------------------------------------- */

static void
target_syslog_close(struct target *base)
{
    struct target_syslog *t = (struct target_syslog *) base;
    int64_t deadline = clock_monotonic() + CLOSE_MS * INT64_C(1000000);

    if (!t)
        return;
    while (t->stream.fd >= 0 && !ackstream_is_settled(&t->stream) && clock_monotonic() < deadline)
        if (ackstream_settle(&t->stream, CLOSE_MS / 10) < 0)
            ackstream_stop(&t->stream);
    if (ackstream_is_settled(&t->stream))
        ackstream_end(&t->stream, CLOSE_MS);
    ackstream_fini(&t->stream);
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

static struct target *
target_syslog_open(const struct config *config, const struct config_target *tc, char *err, size_t errlen)
{
    static const char prefix[] = "1.3.6.1.4.1.";
    struct target_syslog *t = calloc(1, sizeof *t);

    if (t) {
        t->base.cls = &target_syslog_class;
        t->base.config = config;
        t->base.tc = tc;
        t->fd = t->stream.fd = -1;
        t->tcp = strncmp(tc->transport, "tcp", 3) == 0;
    }
    if (!t || (t->tcp && !ackstream_init(&t->stream))) {
        snprintf(err, errlen, "%s:%d: target \"%s\": out of memory", tc->place.file, tc->place.line, tc->name);
        target_syslog_close(t ? &t->base : NULL);
        return NULL;
    }
    t->form.facility = tc->facility;
    t->form.pen = config->pen;
    t->form.enterprise = config->enterprise_oid;
    if (strncmp(t->form.enterprise, prefix, sizeof prefix - 1) == 0)
        t->form.enterprise += sizeof prefix - 1;
    t->form.version = PACKAGE_VERSION;
    t->form.budget = t->tcp ? SYSLOG_MSG_TCP : SYSLOG_MSG_UDP;
    if (gethostname(t->host, sizeof t->host - 1) == 0)
        t->form.host = t->host;
    return &t->base;
}

static int
target_syslog_send(struct target *base, const struct target_item *item)
{
    struct target_syslog *t = (struct target_syslog *) base;
    bool truncated = false;
    int r;

    if (t->broken)
        return -t->broken;
    r = t->tcp ? tcp_send(t, item, &truncated) : udp_send(t, item, &truncated);
    if (r == 0)
        base->truncated += truncated;
    return r;
}

static int
target_syslog_settle(struct target *base, int wait_ms, uint64_t *safe)
{
    struct target_syslog *t = (struct target_syslog *) base;
    int r = -t->broken;

    if (r == 0 && t->tcp) {
        r = ackstream_settle(&t->stream, wait_ms);
        /* A peer that leaves when all has arrived is no loss. */
        if (r < 0)
            r = ackstream_is_settled(&t->stream) ? (void) ackstream_stop(&t->stream), 0 : tcp_lose(t, r);
    } else if (r == 0) {
        r = datagrams_settle(base, &t->under_way, wait_ms, safe, udp_trouble);
        if (r < 0)
            udp_lose(t, -r);
    }
    t->broken = 0;
    *safe = t->tcp ? t->stream.safe : t->under_way.safe;
    return r;
}

void
target_syslog_patience(struct target *base, int ms)
{
    ((struct target_syslog *) base)->stream.patience_ms = ms;
}

const struct target_class target_syslog_class = {
    .type = "syslog",
    .open = target_syslog_open,
    .send = target_syslog_send,
    .settle = target_syslog_settle,
    .close = target_syslog_close,
};
