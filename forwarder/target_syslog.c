/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog.c - items to a syslog receiver: RFC 5426 over UDP, one message a
 * datagram, and RFC 6587 octet counting over TCP.  The pipeline drives it; what
 * a message looks like is in syslog_msg.c.
 *
 * The promise over TCP: flush() is 0 only when the peer's kernel has acknowledged
 * every byte since the last good flush.  A connection that fails takes what was
 * not flushed with it, so every call fails from then on, until a flush has
 * reported it; the next send connects anew.  Over UDP the same holds for the
 * one loss that can be seen, a refused port.
 *
 * All waiting is done in a libevent loop of its own, each time with a limit. */
#include "build.h"

#include "forwarder/target.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/syslog_msg.h"
#include "parsers/when.h"

enum {
    RESOLVE_MS = 5000,
    CONNECT_MS = 5000, /* an address */
    SEND_MS = 5000,    /* a send that finds the queue full */
    CLOSE_MS = 2000,   /* to drain and see the peer's end */
    QUEUE_HIGH = 1 << 20,
    QUEUE_LOW = 1 << 18,
    WRITE_AT = 1 << 16 /* queued bytes worth a system call */
};

struct target_syslog {
    struct target base;
    struct syslog_form form;
    struct event_base *loop;
    struct evbuffer *queue; /* frames not yet written, TCP */
    int fd;                 /* -1: not connected */
    bool tcp;
    bool unflushed; /* something was taken since the last good flush */
    int broken;     /* errno of a loss that no flush has reported yet */
    int64_t pace_at; /* monotonic: when the next datagram may go */
};

static int64_t
deadline_in(int ms)
{
    return clock_monotonic() + (int64_t) ms * 1000000;
}

/* --- waiting ------------------------------------------------------------------ */

static void
wait_done(evutil_socket_t fd, short what, void *arg)
{
    (void) fd;
    *(short *) arg = what;
}

/* Waits until 'fd' (-1: only the time) is ready for 'events' or 'deadline' has
 * come.  What it is ready for; 0 when time is up. */
static short
wait_for(struct target_syslog *t, int fd, short events, int64_t deadline)
{
    short got = 0;
    int64_t left = deadline - clock_monotonic();
    struct event *ready = event_new(t->loop, fd, events, wait_done, &got); /* libevent's, not ours */
    struct timeval tv;

    if (left <= 0)
        left = 0;
    tv.tv_sec = left / WHEN_SECOND;
    tv.tv_usec = left % WHEN_SECOND / 1000 + 1;
    if (!ready)
        return 0;
    if (event_add(ready, &tv) == 0)
        while (got == 0 && event_base_loop(t->loop, EVLOOP_ONCE) == 0)
            continue;
    event_free(ready);
    return got & (EV_READ | EV_WRITE);
}

/* --- connecting ---------------------------------------------------------------- */

/* Notes 'err' with the words that say what failed; returns -err. */
static int
fail(struct target_syslog *t, const char *what, int err)
{
    const struct config_target *tc = t->base.tc;
    snprintf(t->base.error, sizeof t->base.error, "%s:%s:%s: %s: %s", tc->transport, tc->host, tc->port, what,
             strerror(err));
    return -err;
}

/* The connection is gone, and with it what no flush has confirmed. */
static int
lose(struct target_syslog *t, const char *what, int err)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    evbuffer_drain(t->queue, evbuffer_get_length(t->queue));
    if (t->unflushed)
        t->broken = err;
    return fail(t, what, err);
}

struct lookup {
    bool done;
    int result;
    struct evutil_addrinfo *found;
};

static void
lookup_done(int result, struct evutil_addrinfo *found, void *arg)
{
    struct lookup *l = arg;
    l->done = true;
    l->result = result;
    l->found = found;
}

/* The receiver's addresses; NULL with the target's error set. */
static struct evutil_addrinfo *
resolve(struct target_syslog *t)
{
    const struct config_target *tc = t->base.tc;
    struct evutil_addrinfo hints = {
        .ai_family = strchr(tc->transport, '6') ? AF_INET6 : AF_UNSPEC,
        .ai_socktype = t->tcp ? SOCK_STREAM : SOCK_DGRAM,
        .ai_protocol = t->tcp ? IPPROTO_TCP : IPPROTO_UDP,
    };
    struct lookup l = {.done = false};
    struct evdns_getaddrinfo_request *request;
    struct evdns_base *dns = evdns_base_new(t->loop, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    int64_t deadline = deadline_in(RESOLVE_MS);
    bool late;

    if (!dns) {
        fail(t, "resolver", ENOMEM);
        return NULL;
    }
    /* An address needs no resolver, so one without name servers may do. */
    evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    request = evdns_getaddrinfo(dns, tc->host, tc->port, &hints, lookup_done, &l);
    while (!l.done && clock_monotonic() < deadline)
        wait_for(t, -1, 0, clock_monotonic() + 5000000);
    late = !l.done;
    if (late)
        evdns_getaddrinfo_cancel(request);
    /* What the cancelled request still has to say must come before 'l' is gone. */
    for (int i = 0; !l.done && i < 100; i++)
        wait_for(t, -1, 0, clock_monotonic() + 1000000);
    evdns_base_free(dns, 1);
    if (late)
        l.result = EVUTIL_EAI_AGAIN;
    if (l.result != 0) {
        if (l.found)
            evutil_freeaddrinfo(l.found);
        snprintf(t->base.error, sizeof t->base.error, "%s:%s:%s: %s", tc->transport, tc->host, tc->port,
                 evutil_gai_strerror(l.result));
        return NULL;
    }
    return l.found;
}

/* One address: 0, or negative errno. */
static int
connect_to(struct target_syslog *t, const struct evutil_addrinfo *a)
{
    int err = 0, on = 1;
    socklen_t len = sizeof err;

    t->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (t->fd < 0)
        return fail(t, "socket", errno);
    if (t->tcp) {
        setsockopt(t->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (connect(t->fd, a->ai_addr, (socklen_t) a->ai_addrlen) != 0) {
        err = errno;
        if (err == EINPROGRESS) {
            if (!wait_for(t, t->fd, EV_WRITE, deadline_in(CONNECT_MS)))
                err = ETIMEDOUT;
            else if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
                err = errno;
        }
    }
    if (err) {
        close(t->fd);
        t->fd = -1;
        return fail(t, "cannot connect", err);
    }
    return 0;
}

/* The first address that answers. */
static int
connect_any(struct target_syslog *t)
{
    struct evutil_addrinfo *list = resolve(t);
    int r = -EHOSTUNREACH;

    for (const struct evutil_addrinfo *a = list; a; a = a->ai_next) {
        r = connect_to(t, a);
        if (r == 0)
            break;
    }
    if (list)
        evutil_freeaddrinfo(list);
    return r;
}

/* --- TCP ------------------------------------------------------------------------- */

/* What the peer says is of no interest, but its end is: 0 while it is there,
 * -EPIPE after its end of file, or the socket's error. */
static int
tcp_listen(struct target_syslog *t)
{
    char unused[1024];
    ssize_t n;

    while ((n = recv(t->fd, unused, sizeof unused, MSG_DONTWAIT)) > 0)
        continue;
    if (n == 0)
        return -EPIPE;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* One system call's worth of the queue.  Not evbuffer_write(), which would have
 * a peer that is gone end the program with SIGPIPE. */
static ssize_t
tcp_write(struct target_syslog *t)
{
    struct evbuffer_iovec part[16];
    struct msghdr message = {.msg_iov = part};
    int n = evbuffer_peek(t->queue, -1, NULL, part, 16);
    ssize_t r;

    message.msg_iovlen = n < 16 ? (size_t) n : 16;
    r = sendmsg(t->fd, &message, MSG_NOSIGNAL);
    if (r > 0)
        evbuffer_drain(t->queue, (size_t) r);
    return r;
}

/* Writes until at most 'rest' bytes are queued.  -ETIMEDOUT leaves the
 * connection as it is. */
static int
tcp_drain(struct target_syslog *t, size_t rest, int64_t deadline)
{
    while (evbuffer_get_length(t->queue) > rest) {
        int r = tcp_listen(t);
        if (r < 0)
            return lose(t, "connection lost", -r);
        if (tcp_write(t) > 0 || errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return lose(t, "cannot write", errno);
        if (!wait_for(t, t->fd, EV_WRITE, deadline))
            return fail(t, "receiver takes nothing", ETIMEDOUT);
    }
    return 0;
}

/* 1: the peer's kernel has all that was written.  0: not yet.  Negative errno:
 * it will never be known to have.  A reset leaves no unacknowledged bytes
 * behind, so the socket's error is asked for after their count. */
static int
tcp_acked(struct target_syslog *t)
{
    int waiting = 0, err = 0, r;
    struct tcp_info info;
    socklen_t err_len = sizeof err, info_len = sizeof info;

    if (ioctl(t->fd, SIOCOUTQ, &waiting) != 0)
        return -errno;
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &err_len) != 0)
        return -errno;
    if (err)
        return -err;
    if (getsockopt(t->fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) != 0)
        return -errno;
    if (info.tcpi_state != TCP_ESTABLISHED && info.tcpi_state != TCP_CLOSE_WAIT)
        return -ECONNRESET;
    r = tcp_listen(t);
    if (r < 0 && r != -EPIPE)
        return r;
    return waiting == 0;
}

static int
tcp_flush(struct target_syslog *t, int64_t deadline)
{
    int64_t pause = 100000; /* ns; grows to 10 ms */
    int r = tcp_drain(t, 0, deadline);

    while (r == 0) {
        r = tcp_acked(t);
        if (r < 0)
            return lose(t, "connection lost", -r);
        if (r > 0)
            return 0;
        if (clock_monotonic() >= deadline)
            r = -ETIMEDOUT;
        else
            wait_for(t, -1, 0, clock_monotonic() + pause);
        pause = pause < 10000000 ? pause * 2 : pause;
    }
    /* All goes again, so what is under way must not arrive as well. */
    return r == -ETIMEDOUT ? lose(t, "receiver does not acknowledge", ETIMEDOUT) : r;
}

static int
tcp_send(struct target_syslog *t, const char *msg, size_t n)
{
    char count[24];
    int r, k = snprintf(count, sizeof count, "%zu ", n);

    if (evbuffer_get_length(t->queue) > QUEUE_HIGH) {
        r = tcp_drain(t, QUEUE_LOW, deadline_in(SEND_MS));
        if (r < 0)
            return r;
    }
    if (evbuffer_add(t->queue, count, (size_t) k) != 0 || evbuffer_add(t->queue, msg, n) != 0)
        return lose(t, "queue", ENOMEM); /* half a frame may be in it */
    t->unflushed = true;
    /* As much as goes without waiting; a queue that stays is for later. */
    if (evbuffer_get_length(t->queue) >= WRITE_AT) {
        r = tcp_drain(t, 0, 0);
        if (r < 0 && r != -ETIMEDOUT)
            return r;
    }
    return 0;
}

/* --- UDP ------------------------------------------------------------------------- */

static void
udp_pace(struct target_syslog *t)
{
    int64_t now = clock_monotonic();

    if (!t->base.tc->pace)
        return;
    if (t->pace_at > now)
        wait_for(t, -1, 0, t->pace_at);
    /* A pause is not made up for by a burst of more than 10 ms. */
    if (t->pace_at < now - 10000000)
        t->pace_at = now - 10000000;
    t->pace_at += WHEN_SECOND / t->base.tc->pace;
}

static int
udp_send(struct target_syslog *t, const char *msg, size_t n)
{
    udp_pace(t);
    for (;;) {
        if (send(t->fd, msg, n, MSG_NOSIGNAL) >= 0) {
            t->unflushed = true;
            return 0;
        }
        if (errno == EINTR)
            continue;
        if ((errno == EAGAIN || errno == ENOBUFS)
            && wait_for(t, t->fd, EV_WRITE, deadline_in(SEND_MS)))
            continue;
        /* ECONNREFUSED is about a datagram before this one. */
        return lose(t, "cannot send", errno);
    }
}

static int
udp_flush(struct target_syslog *t)
{
    int err = 0;
    socklen_t len = sizeof err;

    if (t->fd >= 0 && getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err)
        return lose(t, "cannot send", err);
    return 0;
}

/* --- the vtable -------------------------------------------------------------------- */

static void
target_syslog_close(struct target *base)
{
    struct target_syslog *t = (struct target_syslog *) base;
    int64_t deadline = deadline_in(CLOSE_MS);

    if (!t)
        return;
    if (t->fd >= 0 && t->tcp && tcp_drain(t, 0, deadline) == 0) {
        /* Closing with unread bytes would reset the connection, and the peer
         * could lose what it has not read yet. */
        shutdown(t->fd, SHUT_WR);
        while (tcp_listen(t) == 0 && wait_for(t, t->fd, EV_READ, deadline))
            continue;
    }
    if (t->fd >= 0)
        close(t->fd);
    if (t->queue)
        evbuffer_free(t->queue);
    if (t->loop)
        event_base_free(t->loop);
    free(t);
}

static struct target *
target_syslog_open(const struct config *config, const struct config_target *tc, char *err, size_t errlen)
{
    static const char prefix[] = "1.3.6.1.4.1.";
    struct target_syslog *t = calloc(1, sizeof *t);

    if (!t) {
        snprintf(err, errlen, "%s:%d: out of memory", tc->place.file, tc->place.line);
        return NULL;
    }
    t->base.cls = &target_syslog_class;
    t->base.config = config;
    t->base.tc = tc;
    t->fd = -1;
    t->tcp = strncmp(tc->transport, "tcp", 3) == 0;
    t->form.facility = tc->facility;
    t->form.pen = config->pen;
    t->form.enterprise = config->enterprise_oid;
    if (strncmp(t->form.enterprise, prefix, sizeof prefix - 1) == 0)
        t->form.enterprise += sizeof prefix - 1;
    t->form.version = PACKAGE_VERSION;
    t->form.budget = t->tcp ? SYSLOG_MSG_TCP : SYSLOG_MSG_UDP;
    t->loop = event_base_new();
    t->queue = evbuffer_new();
    if (!t->loop || !t->queue) {
        snprintf(err, errlen, "%s:%d: target \"%s\": cannot make an event loop: %s", tc->place.file, tc->place.line,
                 tc->name, strerror(errno));
        target_syslog_close(&t->base);
        return NULL;
    }
    return &t->base;
}

static int
target_syslog_send(struct target *base, const struct target_item *item)
{
    struct target_syslog *t = (struct target_syslog *) base;
    char msg[SYSLOG_MSG_TCP];
    bool truncated;
    size_t n;
    int r;

    if (t->broken)
        return -t->broken;
    if (t->fd >= 0 && t->tcp && !t->unflushed && tcp_listen(t) < 0) {
        /* Gone while it was idle: nothing is lost with it. */
        close(t->fd);
        t->fd = -1;
    }
    if (t->fd < 0) {
        r = connect_any(t);
        if (r < 0)
            return r;
    }
    n = syslog_msg_write(&t->form, item, msg, &truncated);
    r = t->tcp ? tcp_send(t, msg, n) : udp_send(t, msg, n);
    if (r == 0) {
        base->sent++;
        base->taken = item->seq;
        base->truncated += truncated;
    }
    return r;
}

static int
target_syslog_flush(struct target *base, int timeout_ms)
{
    struct target_syslog *t = (struct target_syslog *) base;
    int r = 0;

    if (t->fd >= 0 && t->unflushed && !t->broken)
        r = t->tcp ? tcp_flush(t, deadline_in(timeout_ms)) : udp_flush(t);
    if (t->broken)
        r = -t->broken;
    if (r == 0 || t->broken)
        t->unflushed = false;
    t->broken = 0;
    return r;
}

static int
target_syslog_settle(struct target *t, int wait_ms, uint64_t *safe)
{
    int r = target_syslog_flush(t, wait_ms ? wait_ms : 5000);

    if (r == 0)
        *safe = t->taken;
    return r;
}

const struct target_class target_syslog_class = {
    .type = "syslog",
    .open = target_syslog_open,
    .send = target_syslog_send,
    .settle = target_syslog_settle,
    .close = target_syslog_close,
};
