/* SPDX-License-Identifier: BSD-2-Clause
 *
 * transport.c - the table of transports.  Called by config_address.c and by
 * whoever opens or names an address; touches nothing. */
#include "build.h"

#include "forwarder/transport.h"

#include <string.h>

/* Ports: RFC 3417, 3.2; RFC 5426, 3.3; RFC 5425, 4.1.  RFC 6587 gives TCP none: 601
 * is that of syslog-conn (RFC 3195).  Nor has RELP one: it takes the one of syslog. */
static const struct {
    const char *name, *snmp_port, *syslog_port;
} table[] = {
    [TRANSPORT_NONE] = {"", NULL, NULL},
    [TRANSPORT_UDP] = {"udp", "162", "514"},
    [TRANSPORT_TCP] = {"tcp", NULL, "601"},
    [TRANSPORT_TLS] = {"tls", NULL, "6514"},
    [TRANSPORT_RELP] = {"relp", NULL, "514"},
    [TRANSPORT_UNIX] = {"unix", NULL, ""},
    [TRANSPORT_UNIX_DGRAM] = {"unix-dgram", NULL, ""},
    [TRANSPORT_UNIX_STREAM] = {"unix-stream", NULL, ""},
};

enum transport
transport_find(struct str name, bool *six)
{
    *six = name.n > 1 && name.p[name.n - 1] == '6';
    name.n -= *six;
    for (unsigned i = TRANSPORT_NONE + 1; i < sizeof table / sizeof table[0]; i++)
        if (str_eq(name, str_z(table[i].name)))
            return *six && transport_is_local((enum transport) i) ? TRANSPORT_NONE : (enum transport) i;
    return TRANSPORT_NONE;
}

const char *
transport_name(enum transport t)
{
    return table[t].name;
}

const char *
transport_port(enum transport t, bool snmp)
{
    return snmp ? table[t].snmp_port : table[t].syslog_port;
}

bool
transport_is_local(enum transport t)
{
    switch (t) {
    case TRANSPORT_UNIX:
    case TRANSPORT_UNIX_DGRAM:
    case TRANSPORT_UNIX_STREAM:
        return true;
    case TRANSPORT_NONE:
    case TRANSPORT_UDP:
    case TRANSPORT_TCP:
    case TRANSPORT_TLS:
    case TRANSPORT_RELP:
        break;
    }
    return false;
}
