/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_session.c - opens and closes sessions of libnetsnmp.  Called by
 * target_snmp.c; owns no message.  Must not ask a name server, nor wait for
 * anything else, while it holds the library's lock. */
#include "build.h"

#include "forwarder/snmp_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/dial.h"
#include "forwarder/snmp_engine.h"
#include "forwarder/snmp_library.h"
#include "forwarder/snmp_usm.h"

enum { PACKET = 2048 };

/* The receiver's address in digits, of NI_MAXHOST bytes at most. */
static bool
resolve(const struct config_address *to, bool six, char *address, char *err, size_t errlen)
{
    char why[80] = "";

    if (dial_address(to->host, six ? AF_INET6 : AF_INET, address, NI_MAXHOST, why, sizeof why) == 0)
        return true;
    snprintf(err, errlen, "no %s address for %.100s: %s; check the name, or give a numeric address",
             six ? "IPv6" : "IPv4", to->host, why);
    return false;
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

/* --- who sends, and how safely ---------------------------------------------- */

/* The address that this machine has on its way to the peer; connecting a socket
 * for datagrams sends nothing. */
static void
find_sender(const char *peer, const char *port, const char *source, uint8_t out[4])
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *to = NULL;
    struct sockaddr_in own = {0};
    socklen_t n = sizeof own;
    int fd = -1;

    memset(out, 0, 4);
    if (source && inet_pton(AF_INET, source, out) == 1)
        return;
    if (getaddrinfo(peer, port, &hints, &to) == 0 && (fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) >= 0
        && connect(fd, to->ai_addr, to->ai_addrlen) == 0 && getsockname(fd, (struct sockaddr *) &own, &n) == 0)
        memcpy(out, &own.sin_addr, 4);
    if (fd >= 0)
        close(fd);
    if (to)
        freeaddrinfo(to);
}

static void
set_v3(netsnmp_session *opening, const struct config_target *tc, struct snmp_engine *ours)
{
    opening->version = SNMP_VERSION_3;
    opening->securityModel = SNMP_SEC_MODEL_USM;
    opening->securityName = tc->user;
    opening->securityNameLen = strlen(tc->user);
    opening->securityLevel = !tc->auth  ? SNMP_SEC_LEVEL_NOAUTH
                             : tc->priv ? SNMP_SEC_LEVEL_AUTHPRIV
                                        : SNMP_SEC_LEVEL_AUTHNOPRIV;
    opening->contextName = tc->context;
    opening->contextNameLen = tc->context ? strlen(tc->context) : 0;
    opening->contextEngineID = ours->id;
    opening->contextEngineIDLen = ours->n;
    opening->flags |= SNMP_FLAGS_DONT_PROBE;
    if (tc->inform) {
        snmp_usm_session(opening, tc);
        return;
    }
    /* Of a trap the sender is the authoritative one (RFC 3414, 1.5.1); its user
     * is made below and not by the library. */
    opening->securityEngineID = ours->id;
    opening->securityEngineIDLen = ours->n;
    opening->flags |= SNMP_FLAGS_USER_CREATED;
}

static void
set_security(netsnmp_session *opening, const struct config_target *tc, struct snmp_engine *ours)
{
    if (config_snmp_version(tc) == 3) {
        set_v3(opening, tc, ours);
        return;
    }
    opening->version = config_snmp_version(tc) == 1 ? SNMP_VERSION_1 : SNMP_VERSION_2c;
    opening->community = (u_char *) tc->community; /* the library copies it */
    opening->community_len = strlen(tc->community);
}

/* What is set after the opening; false when the keys cannot be made. */
static bool
finish_v3(struct snmp_session_state *s, const struct config_target *tc, const struct snmp_engine *ours)
{
    s->v3 = true;
    snmp_sess_session(s->handle)->flags |= SNMP_FLAGS_DONT_PROBE; /* opening takes it away */
    if (tc->inform || !tc->auth)
        return true;
    s->user = snmp_usm_user(tc, ours->id, ours->n);
    return s->user != NULL;
}

/* --- opening and closing ------------------------------------------------------ */

/* Opens it to 'peer'; the words of a failure in 'why'.  Under the lock. */
static int
open_locked(struct snmp_session_state *s, const struct config_target *tc, struct snmp_engine *ours, char *peer, char *why,
            size_t n)
{
    netsnmp_session opening;
    netsnmp_transport *transport;
    int system = 0;

    snmp_engine_stamp();
    snmp_sess_init(&opening);
    opening.peername = peer;
    opening.retries = 0;
    opening.localname = tc->source_address;
    set_security(&opening, tc, ours);
    s->handle = snmp_sess_open(&opening);
    if (!s->handle)
        words(NULL, &opening, why, n, &system);
    explicit_bzero(&opening, sizeof opening);
    if (!s->handle)
        return system > 0 ? -system : -EIO;
    transport = snmp_sess_transport(s->handle);
    s->fd = transport ? transport->sock : -1;
    if (snmp_sess_session(s->handle)->version != SNMP_VERSION_3 || finish_v3(s, tc, ours))
        return 0;
    snprintf(why, n, "no keys for user %.40s can be made", tc->user);
    return -EIO;
}

int
snmp_session_open(struct snmp_session_state *s, const struct config_target *tc, unsigned which, char *err, size_t errlen)
{
    const struct config_address *to = &tc->addresses[which];
    bool six = to->six || (tc->source_address && strchr(tc->source_address, ':'));
    char address[NI_MAXHOST], peer[NI_MAXHOST + 32], why[200] = "";
    struct snmp_engine ours;
    int r;

    *s = (struct snmp_session_state){.fd = -1};
    if (!resolve(to, six, address, err, errlen))
        return -EHOSTUNREACH;
    snprintf(peer, sizeof peer, six ? "udp6:[%s]:%s" : "udp:%s:%s", address, to->port);
    if (!snmp_engine_get(&ours) && config_snmp_version(tc) == 3) {
        snprintf(err, errlen, "no SNMP engine has begun");
        return -EINVAL;
    }
    /* The library would say "Unknown host", and name the receiver. */
    if (tc->source_address && (r = dial_source(tc->source_address)) != 0) {
        snprintf(err, errlen, "cannot send from source-address %.46s: %s", tc->source_address, strerror(r));
        return -r;
    }
    if (!six)
        find_sender(address, to->port, tc->source_address, s->sender);
    snmp_library_lock();
    r = open_locked(s, tc, &ours, peer, why, sizeof why);
    snmp_library_unlock();
    if (r < 0) {
        snprintf(err, errlen, "cannot open %.60s: %.150s", peer, why);
        snmp_session_close(s);
        return r;
    }
    if (s->fd >= 0)
        listen_for_errors(s->fd);
    return 0;
}

void
snmp_session_close(struct snmp_session_state *s)
{
    netsnmp_session *session;

    if (!s->handle)
        return;
    snmp_library_lock();
    session = snmp_sess_session(s->handle);
    explicit_bzero(session->securityAuthKey, sizeof session->securityAuthKey);
    explicit_bzero(session->securityPrivKey, sizeof session->securityPrivKey);
    snmp_usm_free(s->user);
    snmp_sess_close(s->handle);
    snmp_library_unlock();
    free(s->packet);
    *s = (struct snmp_session_state){.fd = -1};
}

void
snmp_session_ready(const struct snmp_session_state *s)
{
    if (!s->v3)
        return;
    snmp_engine_stamp();
    snmp_usm_use(s->user);
}

/* snmp_build() is what snmp_sess_send() encodes with, version and security
 * included, and netsnmp_transport_send() what it sends with; of their failures it
 * notes the same. */
bool
snmp_session_send(struct snmp_session_state *s, struct snmp_pdu *pdu)
{
    netsnmp_session *session = snmp_sess_session(s->handle);
    size_t n = 0;

    session->s_snmp_errno = SNMPERR_MALLOC;
    session->s_errno = 0;
    if (!s->packet && !(s->packet = malloc(PACKET)))
        return false;
    if (!s->packet_size)
        s->packet_size = PACKET;
    pdu->version = session->version;
    /* From the end of the packet on, which it makes larger where it has to. */
    if (snmp_build(&s->packet, &s->packet_size, &n, session, pdu) != 0)
        return false;
    if (netsnmp_transport_send(snmp_sess_transport(s->handle), s->packet + s->packet_size - n, (int) n,
                               &pdu->transport_data, &pdu->transport_data_length)
        >= 0)
        return true;
    session->s_snmp_errno = SNMPERR_BAD_SENDTO;
    session->s_errno = errno;
    return false;
}

/* The errno that a message of the socket's error queue tells (ip(7), IP_RECVERR). */
static int
queued_error(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR)
            || (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
            return (int) ((const struct sock_extended_err *) CMSG_DATA(c))->ee_errno;
    return 0;
}

int
snmp_session_trouble(const struct snmp_session_state *s)
{
    int err = 0, queued = 0;
    socklen_t n = sizeof err;

    if (s->fd < 0 || getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0)
        return 0;
    /* Whoever read or sent since may have taken that, and the queue still has it:
     * left there, poll() would come back at once for ever. */
    for (;;) {
        char unused[64], control[512];
        struct iovec part = {unused, sizeof unused};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

        if (recvmsg(s->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        queued = queued ? queued : queued_error(&message);
    }
    return err ? err : queued;
}
