/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog.h - what can be set of a syslog target beyond its configuration. */
#ifndef FORWARDER_TARGET_SYSLOG_H
#define FORWARDER_TARGET_SYSLOG_H

#include "forwarder/target.h"

/* How long a TCP receiver may acknowledge nothing of what was sent before the
 * connection is given up; ACKSTREAM_PATIENCE_MS by itself. */
void target_syslog_patience(struct target *, int ms);
/* How long a backup address is kept at first, and how often the files of TLS are
 * looked at; minutes by themselves. */
void target_syslog_hurry(struct target *, int ms);

/* Whether this program was built with RELP. */
bool target_syslog_has_relp(void);

#endif
