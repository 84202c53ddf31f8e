/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_session.h - one session of libnetsnmp: a socket of its own, and what
 * version and secrets its messages go with.  Used by those who send
 * notifications (target_snmp.c).  Any thread, one at a time for each session. */
#ifndef FORWARDER_SNMP_SESSION_H
#define FORWARDER_SNMP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forwarder/config.h"

struct snmp_pdu;
struct usmUser;

/* ("struct snmp_session" is a name of the library.) */
struct snmp_session_state {
    void *handle; /* for snmp_sess_*(), under snmp_library_lock(); NULL: not open */
    int fd;       /* of its socket, -1 when not open */
    uint8_t sender[4];    /* our address on the way there, of IPv4, else zeros */
    bool v3;
    struct usmUser *user; /* of SNMPv3 traps */
    uint8_t *packet;      /* that the library encodes into, and its size */
    size_t packet_size;
};

/* Opens a session to address number 'which' of the target.  The name is looked
 * up first, for a bounded time (dial.h), and not under the lock.  0; else
 * negative errno with the reason in 'err', and the session is not open.
 *
 * With version 3, our engine must have begun (snmp_engine.h).  A session for
 * traps has it as the authoritative one.  One for informs has none yet: whoever
 * sends finds out the receiver's, and sets securityEngineID; the library, which
 * would ask and wait under the lock, is told not to.  Keys are in the session
 * (securityAuthKey, securityPrivKey), for usm_create_user_from_session(). */
int snmp_session_open(struct snmp_session_state *, const struct config_target *, unsigned which, char *err,
                      size_t errlen);

/* Closes it; nothing happens when it is not open. */
void snmp_session_close(struct snmp_session_state *);

/* Brings the library's idea of our engine and of the session's user up to date;
 * before each message, under the lock. */
void snmp_session_ready(const struct snmp_session_state *);

/* Sends a PDU that nobody answers, as snmp_sess_send() would, but leaves it to the
 * caller in any case, who may have lent its parts.  False when it is not sent: see
 * snmp_session_error().  Under the lock, after snmp_session_ready(). */
bool snmp_session_send(struct snmp_session_state *, struct snmp_pdu *);

/* The words of the session's last failure, with what the library said, into
 * 'out'; '*system' is the errno behind it or 0.  The caller holds the lock. */
void snmp_session_error(const struct snmp_session_state *, char *out, size_t n, int *system);

/* What the socket has learned since it was asked last: 0, or the errno of a
 * loss, such as ECONNREFUSED for a port that nobody listens at. */
int snmp_session_trouble(const struct snmp_session_state *);

#endif
