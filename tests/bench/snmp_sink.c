/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_sink.c - a receiver of notifications that costs as little as can be, for the
 * benches: it counts.  Traps are counted as datagrams and not looked at; informs are
 * answered, in v2c by turning the message round, in v3 through libnetsnmp.
 *
 *   snmp_sink trap|inform 2c|3 PASSPHRASE
 *
 * It listens on a free port of 127.0.0.1 with the socket buffer that the system gives,
 * prints {"port":N}, answers each line of standard input with {"count":N,"bytes":N}, and ends at
 * its end.  In v3 the user is joe, SHA-256, AES-128. */
#include "build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

static uint64_t count, bytes;

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "snmp_sink: %s: %s\n", what, why);
    exit(4);
}

/* A question on standard input; false at its end. */
static bool
answer_question(void)
{
    char line[64];

    if (!fgets(line, sizeof line, stdin))
        return false;
    printf("{\"count\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n", count, bytes);
    return true;
}

/* --- by hand ------------------------------------------------------------------------- */

/* Bytes of the length at 'p'; '*n' is the length. */
static size_t
ber_length(const uint8_t *p, size_t left, size_t *n)
{
    size_t more = left && p[0] & 0x80 ? p[0] & 0x7f : 0;

    if (left < more + 1 || more > 3)
        return 0;
    *n = left && !more ? p[0] : 0;
    for (size_t i = 1; i <= more; i++)
        *n = *n << 8 | p[i];
    return more + 1;
}

/* SEQUENCE, version, community, PDU: the tag of the PDU becomes that of a response. */
static bool
turn_round(uint8_t *p, size_t left)
{
    size_t n, head;

    if (left < 2 || p[0] != 0x30 || (head = ber_length(p + 1, left - 1, &n)) == 0)
        return false;
    p += 1 + head;
    left -= 1 + head;
    for (int i = 0; i < 2; i++) {
        if (left < 2 || (head = ber_length(p + 1, left - 1, &n)) == 0 || left < 1 + head + n)
            return false;
        p += 1 + head + n;
        left -= 1 + head + n;
    }
    if (left == 0 || p[0] != SNMP_MSG_INFORM)
        return false;
    p[0] = SNMP_MSG_RESPONSE;
    return true;
}

static void
by_hand(bool inform)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    socklen_t n = sizeof a, from_n;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    static uint8_t data[1 << 16];

    if (fd < 0 || bind(fd, (struct sockaddr *) &a, n) != 0 || getsockname(fd, (struct sockaddr *) &a, &n) != 0)
        die("socket", strerror(errno));
    printf("{\"port\":%u}\n", ntohs(a.sin_port));
    for (;;) {
        ssize_t got;

        poll(fds, 2, -1);
        while ((from_n = sizeof from,
                got = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *) &from, &from_n)) > 0) {
            count++;
            bytes += (uint64_t) got;
            if (inform && turn_round(data, (size_t) got))
                sendto(fd, data, (size_t) got, 0, (struct sockaddr *) &from, from_n);
        }
        if (fds[1].revents && !answer_question())
            return;
    }
}

/* --- through the library ------------------------------------------------------------- */

static int
take(int operation, netsnmp_session *session, int id, netsnmp_pdu *pdu, void *arg)
{
    netsnmp_pdu *response;

    (void) id;
    (void) arg;
    if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
        return 1;
    count++;
    if (pdu->command != SNMP_MSG_INFORM)
        return 1;
    response = snmp_clone_pdu(pdu);
    if (!response)
        die("response", "no memory");
    response->command = SNMP_MSG_RESPONSE;
    response->errstat = response->errindex = 0;
    if (!snmp_send(session, response))
        snmp_free_pdu(response);
    return 1;
}

static void
through_library(const char *passphrase)
{
    netsnmp_session session, *s;
    netsnmp_transport *transport;
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    char user[200];

    init_snmp("snmp_sink");
    snprintf(user, sizeof user, "joe SHA-256 \"%s\" AES \"%s\"", passphrase, passphrase);
    usm_parse_create_usmUser("createUser", user);
    transport = netsnmp_transport_open_server("snmptrap", "udp:127.0.0.1:0");
    if (!transport || getsockname(transport->sock, (struct sockaddr *) &a, &n) != 0)
        die("socket", "it does not open");
    snmp_sess_init(&session);
    session.callback = take;
    session.isAuthoritative = SNMP_SESS_AUTHORITATIVE;
    s = snmp_add(&session, transport, NULL, NULL);
    if (!s)
        die("session", "it does not open");
    printf("{\"port\":%u}\n", ntohs(a.sin_port));
    for (;;) {
        fd_set fds;
        int max = STDIN_FILENO + 1, block = 1;
        struct timeval wait;

        FD_ZERO(&fds);
        FD_SET(STDIN_FILENO, &fds);
        snmp_select_info(&max, &fds, &wait, &block);
        if (select(max, &fds, NULL, NULL, NULL) <= 0)
            continue;
        if (FD_ISSET(STDIN_FILENO, &fds) && !answer_question())
            return;
        FD_CLR(STDIN_FILENO, &fds);
        snmp_read(&fds);
    }
}

int
main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 4) {
        fputs("usage: snmp_sink trap|inform 2c|3 PASSPHRASE\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "inform") == 0 && strcmp(argv[2], "3") == 0)
        through_library(argv[3]);
    else
        by_hand(strcmp(argv[1], "inform") == 0);
    return 0;
}
