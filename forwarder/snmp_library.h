/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_library.h - libnetsnmp as the whole program uses it.  The library keeps
 * ids, errors and its log in globals, so one lock is around every use of it;
 * nothing waits while holding it. */
#ifndef FORWARDER_SNMP_LIBRARY_H
#define FORWARDER_SNMP_LIBRARY_H

/* Takes the lock; the first time makes the library ready.  Any thread. */
void snmp_library_lock(void);
void snmp_library_unlock(void);
/* What the library last complained about, "" for nothing; the caller, who holds
 * the lock, has read it then. */
const char *snmp_library_said(void);
void snmp_library_forget(void);

#endif
