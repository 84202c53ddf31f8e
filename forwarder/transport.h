/* SPDX-License-Identifier: BSD-2-Clause
 *
 * transport.h - the ways in which a target is reached, as "udp:HOST:PORT" names
 * them: one table of their names, who takes them, and their ports.  For whoever
 * reads or uses a struct config_address.
 *
 * To add one: an enumerator, a row in transport.c, and each switch that the
 * compiler then names. */
#ifndef FORWARDER_TRANSPORT_H
#define FORWARDER_TRANSPORT_H

#include <stdbool.h>

#include "parsers/str.h"

enum transport {
    TRANSPORT_NONE, /* a target without an address */
    TRANSPORT_UDP,
    TRANSPORT_TCP,
    TRANSPORT_TLS,
    TRANSPORT_RELP,
    TRANSPORT_UNIX, /* datagrams or a stream, as the socket itself says */
    TRANSPORT_UNIX_DGRAM,
    TRANSPORT_UNIX_STREAM,
};

/* The word before the first colon of an address; '*six' is whether it ends in the 6
 * that asks for IPv6.  TRANSPORT_NONE where there is none of that name. */
enum transport transport_find(struct str name, bool *six);
/* Its word, without a 6; "" for TRANSPORT_NONE. */
const char *transport_name(enum transport);
/* The port where an address names none, in digits ("" for a path, which has none);
 * NULL where targets of that type ("snmp" or else syslog) do not take the transport. */
const char *transport_port(enum transport, bool snmp);
/* Whether it leads to a socket of this computer: the host is its path. */
bool transport_is_local(enum transport);

#endif
