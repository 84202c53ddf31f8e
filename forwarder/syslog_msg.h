/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_msg.h - one item as one RFC 5424 message.  Pure: no socket, no clock.
 * Nothing that stands in an item can end the message, open another, or leave
 * a structured-data value; see syslog_msg.c for the layout. */
#ifndef FORWARDER_SYSLOG_MSG_H
#define FORWARDER_SYSLOG_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forwarder/target.h"

/* Budgets in octets.  Every receiver should take 2,048 (RFC 5424, 6.1); rsyslogd
 * takes 8,096 unless it is told otherwise, and a TCP frame must fit there. */
enum { SYSLOG_MSG_MIN = 2048, SYSLOG_MSG_UDP = 2048, SYSLOG_MSG_TCP = 8000 };

struct syslog_form {
    int facility;           /* 0..23 */
    uint32_t pen;           /* of the SD-ID */
    const char *enterprise; /* what follows 1.3.6.1.4.1. in the OID: "32473.109" */
    const char *version;    /* of this program */
    const char *host;       /* this computer's name, for what the program says of itself; NULL unknown */
    size_t budget;          /* SYSLOG_MSG_MIN or more */
};

/* Writes the message, at most form->budget octets and no NUL, to 'out', which
 * holds that many; returns its length.  '*truncated' says that it does not
 * hold all it could. */
size_t syslog_msg_write(const struct syslog_form *form, const struct target_item *, char *out, bool *truncated);

#endif
