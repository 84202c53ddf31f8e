/* SPDX-License-Identifier: BSD-2-Clause
 *
 * notify.h - what a service manager is told (sd_notify(3)'s protocol): one
 * datagram of VARIABLE=VALUE lines to the socket that NOTIFY_SOCKET names.
 * Without that variable nothing is sent.  No libsystemd: the protocol is this
 * much and stays so. */
#ifndef FORWARDER_NOTIFY_H
#define FORWARDER_NOTIFY_H

#include <stdint.h>

struct notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the
 * environment.  NULL when nobody wants to be told; all else takes NULL. */
struct notify *notify_open(void);
void notify_close(struct notify *);

/* The watchdog's period in ns, 0 none (or not for this process). */
int64_t notify_watchdog(const struct notify *);

/* Sends 'fmt' as it is; lines are separated by LF.  A message that cannot be
 * sent is lost: the manager may be restarting, and nothing here waits for it. */
void notify_send(struct notify *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* STATUS=TEXT, with everything that could forge a line shown as <XX>. */
void notify_status(struct notify *, const char *text);
/* RELOADING=1 with the time that the protocol wants. */
void notify_reloading(struct notify *);

#endif
