/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog_unix.c - syslog messages as datagrams to a socket of this computer,
 * such as /dev/log.  Called by target_syslog.c.
 *
 * A full receiver makes the sender wait, so nothing is lost on the way.  What
 * the receiver has not read is lost when it ends; so a message is safe when the
 * socket's queue has been empty, and the receiver is then still the one that it
 * was connected to. */
#include "build.h"

#include "forwarder/target_syslog_parts.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"

enum {
    ROOM_MS = 100, /* for room in the receiver's queue */
    WINDOW = 256   /* datagrams sent and not safe */
};

static int
lose(struct target_syslog *t, int err)
{
    close(t->fd);
    t->fd = -1;
    if (t->under_way.n > t->under_way.n_safe)
        t->broken = err;
    datagrams_lost(&t->base, &t->under_way);
    return target_syslog_fail(t, "cannot send", err);
}

static bool
same_socket(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec
           && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
connect_socket(struct target_syslog *t)
{
    int fd;

    t->base.address = 0;
    fd = dial_any(t->base.tc, &t->base.address, t->base.error, sizeof t->base.error);
    if (fd < 0)
        return fd;
    t->fd = fd;
    if (stat(t->base.tc->addresses[t->base.address].host, &t->receiver) != 0)
        memset(&t->receiver, 0, sizeof t->receiver); /* then nothing is safe, and it comes again */
    return 0;
}

/* Is the receiver that we are connected to still there?  Asked in this order: who
 * answers is the old one, or its successor's socket already has the name. */
static bool
is_alive(const struct target_syslog *t)
{
    const struct config_address *to = &t->base.tc->addresses[t->base.address];
    struct stat now;
    char unused[200];
    int fd;

    fd = dial(to, NULL, unused, sizeof unused);
    if (fd < 0)
        return false;
    close(fd);
    return stat(to->host, &now) == 0 && same_socket(&now, &t->receiver);
}

/* 1 when all has been read, 0 not yet, negative errno when the receiver has gone. */
static int
drained(const struct target_syslog *t)
{
    int left = 0;

    if (ioctl(t->fd, SIOCOUTQ, &left) != 0)
        return -errno;
    if (left > 0)
        return 0;
    return is_alive(t) ? 1 : -ECONNRESET;
}

/* Waits until all has been read, at most until 'deadline'. */
static int
await_readers(struct target_syslog *t, int64_t deadline)
{
    struct datagrams *d = &t->under_way;
    int r;

    if (t->fd < 0 || d->n == d->n_safe)
        return 0;
    while ((r = drained(t)) == 0 && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    if (r < 0)
        return lose(t, -r);
    if (r > 0) {
        d->safe = d->marked = t->base.taken;
        d->n_safe = d->n_marked = d->n;
    }
    return 0;
}

static int
unix_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    struct pollfd ready = {.events = POLLOUT};
    char msg[SYSLOG_MSG_MAX];
    size_t n;
    int r = datagrams_pace(&t->base, &t->under_way);

    if (r < 0 || (t->fd < 0 && (r = connect_socket(t)) < 0))
        return r;
    if (t->under_way.n - t->under_way.n_safe >= WINDOW) {
        r = await_readers(t, 0);
        if (r < 0 || t->under_way.n - t->under_way.n_safe >= WINDOW)
            return r < 0 ? r : -EAGAIN;
    }
    n = syslog_msg_write(&t->form, item, msg, truncated);
    ready.fd = t->fd;
    while (send(t->fd, msg, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != ENOBUFS)
            return lose(t, errno);
        if (poll(&ready, 1, ROOM_MS) <= 0)
            return -EAGAIN;
    }
    datagrams_sent(&t->base, &t->under_way, item);
    return 0;
}

static int
unix_settle(struct target_syslog *t, int wait_ms, uint64_t *safe)
{
    int r = await_readers(t, clock_monotonic() + wait_ms * CLOCK_MS);

    *safe = t->under_way.safe;
    return r;
}

static void
unix_close(struct target_syslog *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

const struct syslog_way syslog_way_unix = {
    .budget = SYSLOG_MSG_MAX,
    .send = unix_send,
    .settle = unix_settle,
    .close = unix_close,
};
