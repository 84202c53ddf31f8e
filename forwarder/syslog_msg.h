/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_msg.h - one item as one syslog message, in one of two forms.  Pure: no
 * socket, no clock.  Nothing that stands in an item can end the message, open
 * another, or leave a value; see syslog_msg.c and syslog_bsd.c for the layouts. */
#ifndef FORWARDER_SYSLOG_MSG_H
#define FORWARDER_SYSLOG_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forwarder/target.h"

/* Budgets in octets.  Every receiver must take 480 (RFC 5424, 6.1), and a packet
 * of RFC 3164 has at most 1,024 (section 4.1).  A datagram of 1,400 passes any
 * usual network whole.  rsyslogd takes 8,096 unless it is told otherwise, and a
 * TCP frame must fit there. */
enum { SYSLOG_MSG_MIN = 480, SYSLOG_MSG_UDP = 1400, SYSLOG_MSG_BSD = 1024, SYSLOG_MSG_MAX = 8000 };

struct syslog_form {
    int facility;           /* 0..23 */
    uint32_t pen;           /* of the SD-ID */
    const char *enterprise; /* what follows 1.3.6.1.4.1. in the OID: "32473.109" */
    const char *version;    /* of this program */
    const char *host;       /* this computer's name, for what the program says of itself; NULL unknown */
    size_t budget;          /* SYSLOG_MSG_MIN to SYSLOG_MSG_MAX */
    bool bsd;               /* RFC 3164, else RFC 5424 */
    bool no_host;           /* bsd for a local receiver, which expects no HOSTNAME */
};

/* Writes the message, at most form->budget octets and no NUL, to 'out', which
 * holds that many; returns its length.  '*truncated' says that it does not
 * hold all it could. */
size_t syslog_msg_write(const struct syslog_form *form, const struct target_item *, char *out, bool *truncated);

#endif
