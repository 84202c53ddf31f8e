/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog_datagram.c - syslog messages over UDP (RFC 5426), one a datagram.
 * Called by target_syslog.c.  A message is safe when no refusal came for a while
 * (datagrams.c). */
#include "build.h"

#include "forwarder/target_syslog_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"

enum {
    ROOM_MS = 100, /* for room in the socket's buffer */
    HEADERS_4 = 28, /* IP and UDP */
    HEADERS_6 = 48
};

/* What is not safe is lost. */
static int
datagram_lose(struct target_syslog *t, int err)
{
    close(t->fd);
    t->fd = -1;
    t->back_at = 0;
    if (t->under_way.n > t->under_way.n_safe)
        t->broken = err;
    datagrams_lost(&t->base, &t->under_way);
    target_syslog_fail(t, "cannot send", err);
    t->base.address = (t->base.address + 1) % t->base.tc->n_addresses;
    return -err;
}

static int
datagram_trouble(struct target *base)
{
    struct target_syslog *t = (struct target_syslog *) base;
    int err = 0;
    socklen_t n = sizeof err;

    if (t->fd < 0 || getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0)
        return 0;
    return err;
}

/* No datagram is larger than the path to the receiver takes whole, as far as the
 * kernel knows. */
static void
fit_path(struct target_syslog *t, size_t wish)
{
    int mtu = 0, family = AF_INET;
    socklen_t n = sizeof mtu, m = sizeof family;
    bool six = getsockopt(t->fd, SOL_SOCKET, SO_DOMAIN, &family, &m) == 0 && family == AF_INET6;
    size_t room;

    t->form.budget = wish;
    if (getsockopt(t->fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MTU : IP_MTU, &mtu, &n) != 0 || mtu <= 0)
        return;
    room = (size_t) mtu > (six ? HEADERS_6 : HEADERS_4) ? (size_t) mtu - (six ? HEADERS_6 : HEADERS_4) : 0;
    if (room < wish)
        t->form.budget = room > SYSLOG_MSG_MIN ? room : SYSLOG_MSG_MIN;
}

static int
datagram_connect(struct target_syslog *t)
{
    int whole = IP_PMTUDISC_DO, whole_6 = IPV6_PMTUDISC_DO;
    int fd = dial_any(t->base.tc, &t->base.address, t->base.error, sizeof t->base.error);

    if (fd < 0)
        return fd;
    t->fd = fd;
    /* RFC 5426, 3.2: no fragments.  One of the two fails, by the family. */
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &whole_6, sizeof whole_6);
    fit_path(t, t->budget);
    return 0;
}

static int
datagram_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    struct pollfd ready = {.events = POLLOUT};
    char msg[SYSLOG_MSG_MAX];
    size_t n;
    int r = datagrams_pace(&t->base, &t->under_way);

    if (r < 0 || (t->fd < 0 && (r = datagram_connect(t)) < 0))
        return r;
    if (!t->back_at)
        t->back_at = clock_monotonic() + t->first_back_ms * CLOCK_MS;
    n = syslog_msg_write(&t->form, item, msg, truncated);
    ready.fd = t->fd;
    while (send(t->fd, msg, n, MSG_NOSIGNAL) < 0) {
        size_t budget = t->form.budget;

        if (errno == EINTR)
            continue;
        if (errno == EMSGSIZE && (fit_path(t, t->budget), t->form.budget < budget)) {
            n = syslog_msg_write(&t->form, item, msg, truncated);
            continue;
        }
        /* ECONNREFUSED is about a datagram before this one. */
        if (errno != EAGAIN && errno != ENOBUFS)
            return datagram_lose(t, errno);
        if (poll(&ready, 1, ROOM_MS) <= 0)
            return -EAGAIN;
    }
    datagrams_sent(&t->base, &t->under_way, item);
    return 0;
}

static int
datagram_settle(struct target_syslog *t, int wait_ms, uint64_t *safe)
{
    int r = datagrams_settle(&t->base, &t->under_way, wait_ms, safe, datagram_trouble);

    if (r < 0) {
        datagram_lose(t, -r);
    } else if (t->base.address && t->fd >= 0 && t->under_way.n == t->under_way.n_safe && clock_monotonic() >= t->back_at) {
        /* Whether the preferred address takes anything, only a message will show. */
        close(t->fd);
        t->fd = -1;
        t->base.address = 0;
        t->back_at = 0;
    }
    *safe = t->under_way.safe;
    return r;
}

static void
datagram_close(struct target_syslog *t)
{
    if (t->fd >= 0)
        close(t->fd);
}

const struct syslog_way syslog_way_datagram = {
    .budget = SYSLOG_MSG_UDP,
    .send = datagram_send,
    .settle = datagram_settle,
    .close = datagram_close,
};
