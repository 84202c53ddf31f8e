/* SPDX-License-Identifier: BSD-2-Clause
 *
 * trap_decode.h - a datagram that came to a trap port, decoded by libnetsnmp.
 * No network here: tests and the fuzzer decode bytes of their own. */
#ifndef FORWARDER_TRAP_DECODE_H
#define FORWARDER_TRAP_DECODE_H

#include "parsers/nt_trap.h"

enum trap_decoded {
    TRAP_DECODED,
    TRAP_MALFORMED, /* not a whole SNMP message */
    TRAP_VERSION,   /* of SNMPv3, or one that does not exist */
    TRAP_COMMAND,   /* a request or response: not for this port */
    TRAP_INFORM,    /* a notification that wants an answer */
    TRAP_COMMUNITY, /* of none of the communities */
    TRAP_NO_MEMORY
};

/* Decodes 'n' bytes (the library may not change them, and does not).  'out' gets
 * all but arrival and sender; its strings are in 'arena'.  'community' are the
 * 'n_communities' that are accepted.  Takes the lock of the library. */
enum trap_decoded trap_decode(uint8_t *bytes, size_t n, char *const *community, unsigned n_communities, struct arena *,
                              struct nt_trap *out);

#endif
