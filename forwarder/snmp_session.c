/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_session.c - opens and closes sessions of libnetsnmp.  Called by
 * target_snmp.c; owns no message.  Must not ask a name server, nor wait for
 * anything else, while it holds the library's lock. */
#include "build.h"

#include "forwarder/snmp_session.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/dial.h"
#include "forwarder/snmp_library.h"

/* The receiver as libnetsnmp wants it, with a numeric address. */
static bool
resolve(const struct config_address *to, bool six, char *peer, size_t n, char *err, size_t errlen)
{
    char address[NI_MAXHOST], why[80] = "";

    if (dial_address(to->host, six ? AF_INET6 : AF_INET, address, sizeof address, why, sizeof why) < 0) {
        snprintf(err, errlen, "no %s address for %.100s: %s; check the name, or give a numeric address",
                 six ? "IPv6" : "IPv4", to->host, why);
        return false;
    }
    snprintf(peer, n, six ? "udp6:[%s]:%s" : "udp:%s:%s", address, to->port);
    return true;
}

/* A socket that is not connected learns of a refused port only when asked to;
 * without it, traps to nobody look like any others. */
static void
listen_for_errors(int fd)
{
    int on = 1;

    /* One of the two fails, or both: then such a loss is not seen. */
    (void) setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    (void) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

/* As snmp_session_error(); 'handle' NULL: of opening 'opening'. */
static void
words(void *handle, netsnmp_session *opening, char *out, size_t n, int *system)
{
    char *text = NULL;
    int number = 0;

    *system = 0;
    if (handle)
        snmp_sess_error(handle, system, &number, &text);
    else
        snmp_error(opening, system, &number, &text);
    snprintf(out, n, "%s%s%s", text ? text : "unknown reason", snmp_library_said()[0] ? "; " : "",
             snmp_library_said());
    free(text);
    snmp_library_forget();
}

void
snmp_session_error(const struct snmp_session_state *s, char *out, size_t n, int *system)
{
    words(s->handle, NULL, out, n, system);
}

int
snmp_session_open(struct snmp_session_state *s, const struct config *config, const struct config_target *tc,
                  unsigned which, char *err, size_t errlen)
{
    char peer[NI_MAXHOST + 32], why[200];
    netsnmp_session opening;
    netsnmp_transport *transport;
    int system = 0;

    const struct config_address *to = &tc->addresses[which];
    bool six = strchr(to->transport, '6') || strchr(to->host, ':') || (tc->source_address && strchr(tc->source_address, ':'));

    (void) config;
    *s = (struct snmp_session_state){.fd = -1};
    if (!resolve(to, six, peer, sizeof peer, err, errlen))
        return -EHOSTUNREACH;
    snmp_library_lock();
    snmp_sess_init(&opening);
    opening.version = SNMP_VERSION_2c;
    opening.peername = peer;
    opening.community = (u_char *) tc->community; /* the library copies it */
    opening.community_len = strlen(tc->community);
    opening.retries = 0;
    opening.localname = tc->source_address;
    s->handle = snmp_sess_open(&opening);
    if (!s->handle)
        words(NULL, &opening, why, sizeof why, &system);
    transport = s->handle ? snmp_sess_transport(s->handle) : NULL;
    s->fd = transport ? transport->sock : -1;
    snmp_library_unlock();
    if (!s->handle) {
        snprintf(err, errlen, "cannot open %.60s: %.150s", peer, why);
        return system > 0 ? -system : -EIO;
    }
    if (s->fd >= 0)
        listen_for_errors(s->fd);
    return 0;
}

void
snmp_session_close(struct snmp_session_state *s)
{
    if (!s->handle)
        return;
    snmp_library_lock();
    snmp_sess_close(s->handle);
    snmp_library_unlock();
    *s = (struct snmp_session_state){.fd = -1};
}

int
snmp_session_trouble(const struct snmp_session_state *s)
{
    char unused[64];
    struct iovec part = {unused, sizeof unused};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int err = 0;
    socklen_t n = sizeof err;

    if (s->fd < 0 || getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0 || err == 0)
        return 0;
    while (recvmsg(s->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
        continue;
    return err;
}
