/* SPDX-License-Identifier: BSD-2-Clause
 *
 * trap_socket.c - datagrams from the kernel.  Called by follow_traps.c, from its
 * thread.  Knows nothing of what is in them. */
#include "build.h"

#include "forwarder/trap_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/clock.h"

enum { PASSED_FIRST = 3, PASSED_MAX = 64 };

/* --- passed sockets -------------------------------------------------------------- */

static pthread_once_t passed_once = PTHREAD_ONCE_INIT;
static int n_passed;

/* How many descriptors were passed to this very process (sd_listen_fds(3)). */
static void
count_passed(void)
{
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
    long count = n ? strtol(n, NULL, 10) : 0;

    if (!pid || strtol(pid, NULL, 10) != (long) getpid() || count <= 0)
        return;
    n_passed = count < PASSED_MAX ? (int) count : PASSED_MAX;
    for (int i = 0; i < n_passed; i++)
        fcntl(PASSED_FIRST + i, F_SETFD, FD_CLOEXEC);
}

static bool
same_address(const struct sockaddr *a, const struct sockaddr *b)
{
    const struct sockaddr_in *a4 = (const void *) a, *b4 = (const void *) b;
    const struct sockaddr_in6 *a6 = (const void *) a, *b6 = (const void *) b;

    if (a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET)
        return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
    return a6->sin6_port == b6->sin6_port && memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

/* A copy of the passed socket that is bound to the address, or -1.  The socket
 * itself stays open: what comes while the configuration changes waits in it. */
static int
take_passed(const struct sockaddr *address)
{
    pthread_once(&passed_once, count_passed);
    for (int fd = PASSED_FIRST; fd < PASSED_FIRST + n_passed; fd++) {
        struct sockaddr_storage own = {0};
        socklen_t n = sizeof own, type_n = sizeof(int);
        int type = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_n) == 0 && type == SOCK_DGRAM
            && getsockname(fd, (struct sockaddr *) &own, &n) == 0 && same_address((struct sockaddr *) &own, address))
            return fcntl(fd, F_DUPFD_CLOEXEC, PASSED_FIRST);
    }
    return -1;
}

/* --- opening ----------------------------------------------------------------------- */

static int
make(const struct sockaddr *address, socklen_t n)
{
    int off = 0, fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), e;

    if (fd < 0)
        return -errno;
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, address, n) == 0)
        return fd;
    e = errno;
    close(fd);
    return -e;
}

static void
set_options(struct trap_socket *s)
{
    int on = 1, room = TRAP_ROOM;
    socklen_t n = sizeof s->room;

    setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(s->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    /* FORCE needs a privilege; without it the system's limit holds. */
    if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
        setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    /* The kernel shows twice what it was asked for: the half is for itself. */
    s->room = getsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &s->room, &n) == 0 ? s->room / 2 : 0;
}

int
trap_socket_open(struct trap_socket *s, const struct sockaddr *address, socklen_t n, char *err, size_t errlen)
{
    int fd = take_passed(address);
    uint64_t dropped;

    s->passed = fd >= 0;
    if (!s->buffer && !(s->buffer = malloc((size_t) TRAP_BATCH * TRAP_SIZE))) {
        if (fd >= 0)
            close(fd);
        snprintf(err, errlen, "out of memory");
        return -ENOMEM;
    }
    if (fd < 0)
        fd = make(address, n);
    if (fd < 0) {
        snprintf(err, errlen, "%s%s", strerror(-fd),
                 fd == -EADDRINUSE ? ": another program has the port, snmptrapd perhaps"
                 : fd == -EACCES   ? ": a port below 1024 takes a privilege; use 1162, or a socket unit of systemd"
                                   : "");
        return fd;
    }
    s->fd = fd;
    if (s->passed)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    set_options(s);
    dropped = s->dropped;
    s->drops = 0;
    trap_socket_look(s);
    s->dropped = dropped; /* a passed socket has some from before our time */
    return 0;
}

void
trap_socket_close(struct trap_socket *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    free(s->buffer);
    s->buffer = NULL;
}

/* --- reading ------------------------------------------------------------------------- */

/* The kernel's count, which only grows (and wraps); older values come late. */
static void
note_drops(struct trap_socket *s, uint32_t count)
{
    uint32_t more = count - s->drops;

    if (more == 0 || more > UINT32_MAX / 2)
        return;
    s->drops = count;
    s->dropped += more;
}

void
trap_socket_look(struct trap_socket *s)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof memory;

    if (s->fd >= 0 && getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, memory, &n) == 0
        && n > SK_MEMINFO_DROPS * sizeof *memory)
        note_drops(s, memory[SK_MEMINFO_DROPS]);
}

bool
trap_socket_sender(const struct sockaddr *a, struct config_network *out)
{
    const struct sockaddr_in *four = (const void *) a;
    const struct sockaddr_in6 *six = (const void *) a;

    *out = (struct config_network){.family = a->sa_family};
    if (a->sa_family == AF_INET) {
        memcpy(out->bytes, &four->sin_addr, 4);
    } else if (a->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        out->family = AF_INET;
        memcpy(out->bytes, six->sin6_addr.s6_addr + 12, 4);
    } else if (a->sa_family == AF_INET6) {
        memcpy(out->bytes, &six->sin6_addr, 16);
    } else {
        return false;
    }
    out->bits = out->family == AF_INET ? 32 : 128;
    return true;
}

bool
trap_socket_within(const struct config_network *a, const struct config_network *network)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    if (a->family != network->family || memcmp(a->bytes, network->bytes, whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ network->bytes[whole]) >> (8 - rest) == 0;
}

static void
take_control(struct trap_socket *s, struct msghdr *m, struct trap_datagram *d)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;

            memcpy(&t, CMSG_DATA(c), sizeof t);
            d->arrival = (int64_t) t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
        } else if (c->cmsg_type == SO_RXQ_OVFL) {
            uint32_t count;

            memcpy(&count, CMSG_DATA(c), sizeof count);
            note_drops(s, count);
        }
    }
}

int
trap_socket_read(struct trap_socket *s)
{
    struct mmsghdr messages[TRAP_BATCH] = {{{0}, 0}};
    struct sockaddr_storage from[TRAP_BATCH];
    _Alignas(struct cmsghdr) char control[TRAP_BATCH][CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(uint32_t))];
    struct iovec part[TRAP_BATCH];
    int n;

    for (unsigned i = 0; i < TRAP_BATCH; i++) {
        part[i] = (struct iovec){s->buffer + (size_t) i * TRAP_SIZE, TRAP_SIZE};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &part[i],
                                              .msg_iovlen = 1, .msg_control = control[i],
                                              .msg_controllen = sizeof control[i]};
    }
    n = recvmmsg(s->fd, messages, TRAP_BATCH, MSG_DONTWAIT, NULL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        struct trap_datagram *d = &s->datagram[i];

        *d = (struct trap_datagram){.bytes = part[i].iov_base, .n = messages[i].msg_len};
        take_control(s, &messages[i].msg_hdr, d);
        if (!d->arrival)
            d->arrival = clock_utc();
        if (trap_socket_sender((struct sockaddr *) &from[i], &d->sender))
            inet_ntop(d->sender.family, d->sender.bytes, d->sender_text, sizeof d->sender_text);
    }
    return n;
}
