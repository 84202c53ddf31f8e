/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ackstream.c - frames over TCP and what the peer's kernel has acknowledged of
 * them; see the header.
 *
 * TCP_INFO counts acknowledged bytes (Linux 4.1 and later), and its count stands
 * still and exact after a reset.  SIOCOUTQ is the fallback: it is what is left of
 * the send queue, which a reset empties, so it is believed only of a connection
 * that still stood afterwards.
 *
 * With a layer (TLS) the counts of plain bytes and of those on the wire differ:
 * each time that the layer has written what it took, the frames that ended in it
 * are marked with the count on the wire. */
#include "build.h"

#include "forwarder/ackstream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/clock.h"

enum {
    TIMER_MS = 20,     /* no event tells of an acknowledgement */
    LISTEN_ROUNDS = 64 /* reads in a row, of a peer that talks without end */
};

bool
ackstream_init(struct ackstream *s)
{
    *s = (struct ackstream){.fd = -1, .patience_ms = ACKSTREAM_PATIENCE_MS};
    s->buffer = malloc(2 * ACKSTREAM_QUEUE + ACKSTREAM_FRAME_MAX);
    s->marks = malloc(ACKSTREAM_FRAMES * sizeof *s->marks);
    return s->buffer && s->marks;
}

void
ackstream_fini(struct ackstream *s)
{
    if (s->fd >= 0)
        close(s->fd);
    free(s->buffer);
    free(s->marks);
    *s = (struct ackstream){.fd = -1};
}

/* The kernel's count of acknowledged bytes; false when it keeps none. */
static bool
acknowledged(const struct ackstream *s, uint64_t *count)
{
    struct tcp_info info;
    socklen_t n = sizeof info;

    memset(&info, 0, sizeof info);
    if (getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0
        || n < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
        return false;
    *count = info.tcpi_bytes_acked;
    return true;
}

void
ackstream_start(struct ackstream *s, int fd)
{
    s->fd = fd;
    s->head = s->tail = s->first = s->n = s->open = 0;
    s->layer = NULL;
    s->reads_first = s->writes_first = false;
    s->write_at = ACKSTREAM_WRITE;
    s->written = s->acked = s->base = 0;
    s->progress_at = clock_monotonic();
    /* Counts the one of the connection's beginning, too. */
    s->exact = acknowledged(s, &s->base);
}

void
ackstream_layer(struct ackstream *s, const struct ackstream_layer *layer, void *arg)
{
    s->layer = layer;
    s->layer_arg = arg;
}

bool
ackstream_is_settled(const struct ackstream *s)
{
    return s->n == 0;
}

/* --- what has arrived ------------------------------------------------------------- */

static uint64_t
wire(const struct ackstream *s)
{
    return s->layer ? s->layer->wire(s->layer_arg) : s->written;
}

/* The position up to which the peer has acknowledged. */
static uint64_t
position(const struct ackstream *s)
{
    struct pollfd broken = {.fd = s->fd};
    uint64_t count, all = wire(s);
    int left = 0;

    if (s->exact && acknowledged(s, &count)) {
        count = count > s->base ? count - s->base : 0;
        /* An acknowledged end of file counts as one more. */
        return count < all ? count : all;
    }
    if (ioctl(s->fd, SIOCOUTQ, &left) == 0 && left >= 0 && (uint64_t) left <= all && poll(&broken, 1, 0) == 0)
        return all - (uint64_t) left;
    return s->acked;
}

/* Moves 'acked' and 'safe'. */
static void
advance(struct ackstream *s)
{
    uint64_t at = position(s);

    if (at > s->acked) {
        s->acked = at;
        s->progress_at = clock_monotonic();
    }
    while (s->n > s->open && s->marks[s->first].end <= s->acked) {
        if (s->marks[s->first].seq > s->safe)
            s->safe = s->marks[s->first].seq;
        s->first = (s->first + 1) % ACKSTREAM_FRAMES;
        s->n--;
    }
}

static ssize_t
receive(int fd, char *p, size_t n)
{
    ssize_t r = recv(fd, p, n, MSG_DONTWAIT);

    return r < 0 ? -errno : r;
}

/* What the peer says is of no interest, but its end is: 0 while it is there,
 * -EPIPE after its end of file, or the socket's error. */
static int
listen_to(struct ackstream *s)
{
    char unused[1024];
    int rounds = 0;
    ssize_t n;

    do
        n = s->layer ? s->layer->read(s->layer_arg, unused, sizeof unused) : receive(s->fd, unused, sizeof unused);
    while (n > 0 && ++rounds < LISTEN_ROUNDS);
    s->writes_first = n == -EBUSY;
    if (n == 0)
        return -EPIPE;
    return n > 0 || n == -EAGAIN || n == -EINTR || n == -EBUSY ? 0 : (int) n;
}

/* --- frames ------------------------------------------------------------------------ */

static ssize_t
transmit(int fd, const char *p, size_t n)
{
    ssize_t r;

    do
        r = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

/* The frames that the layer has written: their ends are on the wire. */
static void
seal(struct ackstream *s)
{
    uint64_t end = wire(s);

    for (; s->open; s->open--) {
        struct ackstream_mark *m = &s->marks[(s->first + s->n - s->open) % ACKSTREAM_FRAMES];

        if (m->end > s->written)
            break;
        m->end = end;
    }
}

/* Writes what goes without waiting.  A peer that has gone is noticed before:
 * its kernel would acknowledge nothing of this. */
static int
write_some(struct ackstream *s)
{
    int r = s->tail > s->head ? listen_to(s) : 0;

    s->reads_first = false;
    while (r == 0 && s->tail > s->head) {
        const char *p = s->buffer + s->head;
        ssize_t n = s->layer ? s->layer->write(s->layer_arg, p, s->tail - s->head) : transmit(s->fd, p, s->tail - s->head);

        s->reads_first = n == -EINPROGRESS;
        if (n < 0 && n != -EAGAIN && n != -EINPROGRESS)
            r = (int) n;
        if (n < 0)
            break;
        s->head += (size_t) n;
        s->written += (size_t) n;
        seal(s);
    }
    if (s->head == s->tail)
        s->head = s->tail = 0;
    s->write_at = s->tail - s->head + ACKSTREAM_WRITE;
    return r;
}

char *
ackstream_room(struct ackstream *s, size_t n)
{
    if (s->tail - s->head + n > ACKSTREAM_QUEUE || s->n == ACKSTREAM_FRAMES)
        return NULL;
    if (s->tail + n > 2 * ACKSTREAM_QUEUE + ACKSTREAM_FRAME_MAX) {
        /* At most half of the buffer is in use, so each byte moves about once. */
        memmove(s->buffer, s->buffer + s->head, s->tail - s->head);
        s->tail -= s->head;
        s->head = 0;
    }
    return s->buffer + s->tail;
}

int
ackstream_put(struct ackstream *s, size_t n, uint64_t seq)
{
    struct ackstream_mark *m = &s->marks[(s->first + s->n) % ACKSTREAM_FRAMES];

    if (s->n++ == 0)
        s->progress_at = clock_monotonic();
    s->tail += n;
    m->end = s->written + (s->tail - s->head);
    m->seq = seq;
    s->open += s->layer != NULL;
    return s->tail - s->head >= s->write_at ? write_some(s) : 0;
}

/* How long to sleep for the next look: acknowledgements come within a
 * millisecond or with the peer's delay. */
static int
nap(int round, int64_t left)
{
    int ms = round < 4 ? 1 : round < 8 ? 5 : TIMER_MS;

    return left < ms * CLOCK_MS ? (int) ((left + CLOCK_MS - 1) / CLOCK_MS) : ms;
}

int
ackstream_settle(struct ackstream *s, int wait_ms)
{
    int64_t deadline = clock_monotonic() + wait_ms * CLOCK_MS;
    uint64_t before = s->safe;

    for (int round = 0; s->fd >= 0; round++) {
        struct pollfd ready = {.fd = s->fd, .events = POLLRDHUP};
        int r = write_some(s);
        int64_t now;

        advance(s);
        if (r == 0)
            r = listen_to(s);
        if (r < 0)
            return r;
        now = clock_monotonic();
        if (s->n && now - s->progress_at > s->patience_ms * CLOCK_MS)
            return -ETIMEDOUT;
        if (s->n == 0 || s->safe > before || now >= deadline)
            return 0;
        if (!s->writes_first)
            ready.events |= POLLIN;
        if (s->tail > s->head && !s->reads_first)
            ready.events |= POLLOUT;
        poll(&ready, 1, nap(round, deadline - now));
    }
    return 0;
}

void
ackstream_end(struct ackstream *s, int wait_ms)
{
    int64_t deadline = clock_monotonic() + wait_ms * CLOCK_MS;

    /* Closing with unread bytes would reset the connection, and the peer could
     * lose what it has not read yet. */
    if (s->fd < 0)
        return;
    if (s->layer)
        s->layer->end(s->layer_arg);
    if (shutdown(s->fd, SHUT_WR) != 0)
        return;
    while (listen_to(s) == 0) {
        struct pollfd ready = {.fd = s->fd, .events = POLLIN};
        int64_t left = deadline - clock_monotonic();

        if (left <= 0 || poll(&ready, 1, (int) (left / CLOCK_MS) + 1) <= 0)
            break;
    }
}

unsigned
ackstream_stop(struct ackstream *s)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    unsigned dropped;

    if (s->fd < 0)
        return 0;
    /* What goes again must not arrive from the kernel's queue as well. */
    if (s->n)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    advance(s);
    dropped = s->n;
    close(s->fd);
    s->fd = -1;
    s->layer = NULL;
    s->n = s->open = 0;
    s->head = s->tail = 0;
    return dropped;
}
