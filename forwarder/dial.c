/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dial.c - name to address to connected socket.  Called by target_syslog*.c and
 * target_snmp.c in the threads of their targets, and by `truecause check`.  Names
 * go through libevent's resolver, in a loop made for the one question:
 * getaddrinfo() has no time limit. */
#include "build.h"

#include "forwarder/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "forwarder/clock.h"

static bool
is_tcp(const struct config_address *to)
{
    return to->transport == TRANSPORT_TCP || to->transport == TRANSPORT_TLS || to->transport == TRANSPORT_RELP;
}

int
dial_name(const struct config_address *to, char *out, size_t size)
{
    const char *name = transport_name(to->transport);
    bool local = transport_is_local(to->transport), bracket = strchr(to->host, ':') != NULL;
    int n = local ? snprintf(out, size, "%s:%.107s", name, to->host)
                  : snprintf(out, size, "%s%s:%s%.100s%s:%s", name, to->six ? "6" : "", bracket ? "[" : "", to->host,
                             bracket ? "]" : "", to->port);

    return n < 0 ? 0 : (size_t) n < size ? n : (int) size - 1;
}

/* The words of a failure; returns -error. */
static int
fail(const struct config_address *to, const char *what, int error, char *err, size_t errlen)
{
    int n = dial_name(to, err, errlen);

    snprintf(err + n, errlen - (size_t) n, ": %s: %s", what, strerror(error));
    return -error;
}

/* --- names --------------------------------------------------------------------- */

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

static void
time_up(evutil_socket_t fd, short what, void *arg)
{
    (void) fd;
    (void) what;
    *(bool *) arg = true;
}

/* Runs the loop until the answer is there or 'ms' have passed. */
static void
wait_for_answer(struct event_base *loop, const struct lookup *l, int ms)
{
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    bool late = false;
    struct event *timer = event_new(loop, -1, 0, time_up, &late);

    if (timer && event_add(timer, &tv) == 0)
        while (!l->done && !late && event_base_loop(loop, EVLOOP_ONCE) == 0)
            continue;
    if (timer)
        event_free(timer);
}

/* The addresses of a name; NULL with words in 'why'. */
static struct evutil_addrinfo *
resolve(const char *host, const char *port, int family, bool tcp, char *why, size_t whylen)
{
    struct evutil_addrinfo hints = {
        .ai_family = family,
        .ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM,
        .ai_protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP,
    };
    struct lookup l = {.done = false};
    struct event_base *loop = event_base_new();
    struct evdns_base *dns = loop ? evdns_base_new(loop, EVDNS_BASE_DISABLE_WHEN_INACTIVE) : NULL;
    struct evdns_getaddrinfo_request *request;

    if (!dns) {
        snprintf(why, whylen, "resolver: %s", strerror(ENOMEM));
        goto out;
    }
    /* An address needs no resolver, so one without name servers may do. */
    evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    request = evdns_getaddrinfo(dns, host, port, &hints, lookup_done, &l);
    wait_for_answer(loop, &l, DIAL_RESOLVE_MS);
    if (!l.done) {
        evdns_getaddrinfo_cancel(request);
        /* What the cancelled request still has to say must come before 'l' is gone. */
        wait_for_answer(loop, &l, 100);
        l.result = EVUTIL_EAI_AGAIN;
    }
    if (l.result != 0) {
        if (l.found)
            evutil_freeaddrinfo(l.found);
        l.found = NULL;
        snprintf(why, whylen, "%s", evutil_gai_strerror(l.result));
    }
out:
    if (dns)
        evdns_base_free(dns, 1);
    if (loop)
        event_base_free(loop);
    return l.found;
}

int
dial_address(const char *host, int family, char *out, size_t size, char *why, size_t whylen)
{
    struct evutil_addrinfo *list = resolve(host, NULL, family, false, why, whylen);
    int r = list ? getnameinfo(list->ai_addr, (socklen_t) list->ai_addrlen, out, (socklen_t) size, NULL, 0, NI_NUMERICHOST)
                 : 0;

    if (r != 0)
        snprintf(why, whylen, "%s", gai_strerror(r));
    if (list)
        evutil_freeaddrinfo(list);
    return list && r == 0 ? 0 : -EHOSTUNREACH;
}

/* --- sockets --------------------------------------------------------------------- */

/* A peer that vanished without a word is noticed after about two minutes, also
 * when nothing is sent; a connection through a firewall is kept alive. */
static void
set_options(int fd)
{
    int on = 1, idle = 60, interval = 15, probes = 4;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Waits for the connection; its errno, 0 when it stands. */
static int
await_connection(int fd, int64_t deadline)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    socklen_t n = sizeof(int);
    int err = 0, r;

    do {
        int64_t left = (deadline - clock_monotonic()) / CLOCK_MS;

        r = poll(&ready, 1, left > 0 ? (int) left : 0);
    } while (r < 0 && errno == EINTR);
    if (r <= 0)
        return r < 0 ? errno : ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) == 0 ? err : errno;
}

/* Binds to the local address 'source', any port; 0 or errno. */
static int
bind_to(int fd, const char *source)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, source, &four.sin_addr) == 1)
        return bind(fd, (struct sockaddr *) &four, sizeof four) == 0 ? 0 : errno;
    if (inet_pton(AF_INET6, source, &six.sin6_addr) == 1)
        return bind(fd, (struct sockaddr *) &six, sizeof six) == 0 ? 0 : errno;
    return EINVAL;
}

int
dial_source(const char *source)
{
    int fd = socket(strchr(source, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return errno;
    error = bind_to(fd, source);
    close(fd);
    return error;
}

/* One address: a socket, or negative errno. */
static int
connect_to(const struct config_address *to, const char *source, const struct evutil_addrinfo *a, int64_t deadline,
           char *err, size_t errlen)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol), error = 0;

    if (fd < 0)
        return fail(to, "socket", errno, err, errlen);
    if (is_tcp(to))
        set_options(fd);
    if (source && (error = bind_to(fd, source)) != 0) {
        char what[96];

        close(fd);
        snprintf(what, sizeof what, "cannot send from source-address %.46s", source);
        return fail(to, what, error, err, errlen);
    }
    if (connect(fd, a->ai_addr, (socklen_t) a->ai_addrlen) != 0)
        error = errno == EINPROGRESS ? await_connection(fd, deadline) : errno;
    if (error == 0)
        return fd;
    close(fd);
    return fail(to, "cannot connect", error, err, errlen);
}

/* --- sockets of this computer ------------------------------------------------------ */

static int
unix_connect(const struct config_address *to, int type)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return -errno;
    snprintf(a.sun_path, sizeof a.sun_path, "%s", to->host);
    if (connect(fd, (const struct sockaddr *) &a, sizeof a) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

/* Datagrams where the name says nothing else and the socket takes them. */
static int
unix_dial(const struct config_address *to, char *err, size_t errlen)
{
    int r = unix_connect(to, to->transport == TRANSPORT_UNIX_STREAM ? SOCK_STREAM : SOCK_DGRAM);

    if (r == -EPROTOTYPE && to->transport == TRANSPORT_UNIX)
        r = unix_connect(to, SOCK_STREAM);
    return r < 0 ? fail(to, "cannot connect", -r, err, errlen) : r;
}

bool
dial_is_stream(const struct config_address *to)
{
    int fd;

    switch (to->transport) {
    case TRANSPORT_TCP:
    case TRANSPORT_TLS:
    case TRANSPORT_RELP:
    case TRANSPORT_UNIX_STREAM:
        return true;
    case TRANSPORT_NONE:
    case TRANSPORT_UDP:
    case TRANSPORT_UNIX_DGRAM:
        return false;
    case TRANSPORT_UNIX:
        break;
    }
    fd = unix_connect(to, SOCK_DGRAM);
    if (fd >= 0)
        close(fd);
    return fd == -EPROTOTYPE;
}

/* --- any address --------------------------------------------------------------------- */

int
dial(const struct config_address *to, const char *source, char *err, size_t errlen)
{
    int r = -EHOSTUNREACH;
    int family = to->six || (source && strchr(source, ':')) ? AF_INET6 : source ? AF_INET : AF_UNSPEC;
    char why[128] = "no address";
    bool local = transport_is_local(to->transport);
    struct evutil_addrinfo *list = local ? NULL : resolve(to->host, to->port, family, is_tcp(to), why, sizeof why);
    int64_t now = clock_monotonic(), end = now + DIAL_CONNECT_MS * CLOCK_MS;
    int n = 0;

    if (local)
        return unix_dial(to, err, errlen);
    if (!list) {
        n = dial_name(to, err, errlen);
        snprintf(err + n, errlen - (size_t) n, ": %s", why);
        n = 0;
    }
    for (const struct evutil_addrinfo *a = list; a; a = a->ai_next)
        n++;
    for (const struct evutil_addrinfo *a = list; a; a = a->ai_next, n--) {
        /* One that is silent must leave time for those after it. */
        now = clock_monotonic();
        r = connect_to(to, source, a, now + (end - now) / n, err, errlen);
        if (r >= 0)
            break;
    }
    if (list)
        evutil_freeaddrinfo(list);
    return r;
}

int
dial_any(const struct config_target *tc, unsigned *which, char *err, size_t errlen)
{
    size_t n = 0;
    int r = -EHOSTUNREACH;

    err[0] = '\0';
    for (unsigned i = 0; i < tc->n_addresses && r < 0; i++) {
        unsigned at = (*which + i) % tc->n_addresses;

        n = strnlen(err, errlen);
        if (n && n + 2 < errlen)
            n += (size_t) snprintf(err + n, errlen - n, "; ");
        r = dial(&tc->addresses[at], tc->source_address, err + n, errlen - n);
        if (r >= 0)
            *which = at;
    }
    return r;
}
