/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_library.h - libnetsnmp as the whole program uses it.  The library keeps
 * ids, errors and its log in globals, so one lock is around every use of it;
 * nothing waits while holding it. */
#ifndef FORWARDER_SNMP_LIBRARY_H
#define FORWARDER_SNMP_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

/* Takes the lock; the first time makes the library ready.  Any thread. */
void snmp_library_lock(void);
void snmp_library_unlock(void);
/* What the library last complained about, "" for nothing; the caller, who holds
 * the lock, has read it then. */
const char *snmp_library_said(void);
void snmp_library_forget(void);
/* The library reads no file of the host and writes none; for the agent, which is a
 * process of its own and does without the lock. */
void snmp_library_no_files(void);
/* Makes SNMPv3 ready, with our engine's id; the caller holds the lock. */
void snmp_library_usm(const uint8_t *id, size_t n);

#endif
