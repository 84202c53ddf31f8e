/* SPDX-License-Identifier: BSD-2-Clause
 *
 * trap_socket.h - the UDP socket that traps come to: made here, or passed by the
 * service manager; read many at a time, with the time of arrival and the number
 * of those that the kernel had no room for. */
#ifndef FORWARDER_TRAP_SOCKET_H
#define FORWARDER_TRAP_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "forwarder/config.h"

enum {
    TRAP_BATCH = 32,          /* datagrams a call */
    TRAP_SIZE = 65536,        /* bytes of one: any UDP payload */
    TRAP_ROOM = 8 << 20,      /* bytes that the kernel is asked to keep */
};

struct trap_datagram {
    uint8_t *bytes;
    size_t n;
    int64_t arrival; /* ns UTC */
    struct config_network sender; /* all bits */
    char sender_text[INET6_ADDRSTRLEN];
};

struct trap_socket {
    int fd; /* -1 not open */
    bool passed; /* by the service manager */
    int room; /* bytes that the kernel keeps for it */
    uint32_t drops; /* the kernel's count, as known last */
    uint64_t dropped; /* while it was open, and when it was opened before */
    struct trap_datagram datagram[TRAP_BATCH];
    uint8_t *buffer;
};

/* A zeroed socket with fd -1 is ready for it.  Takes the socket that the service
 * manager passed for this address (sd_listen_fds(3)), else binds one.  0, or
 * negative errno with the words in 'err'. */
int trap_socket_open(struct trap_socket *, const struct sockaddr *address, socklen_t n, char *err, size_t errlen);
void trap_socket_close(struct trap_socket *);
/* Reads what is there, at most TRAP_BATCH: how many, 0 when there is nothing, or
 * negative errno. */
int trap_socket_read(struct trap_socket *);
/* Asks the kernel how many it had no room for. */
void trap_socket_look(struct trap_socket *);

/* An address of a packet as a network of one, IPv4 inside IPv6 as IPv4. */
bool trap_socket_sender(const struct sockaddr *, struct config_network *out);
bool trap_socket_within(const struct config_network *address, const struct config_network *network);

#endif
