/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_varbinds.h - the varbinds of a message (target_snmp_pdu.h) as libnetsnmp
 * has them, laid out once and filled anew for each message: making and freeing
 * some thirty of them, of more than a kilobyte each, would cost as much as all
 * of the encoding. */
#ifndef FORWARDER_SNMP_VARBINDS_H
#define FORWARDER_SNMP_VARBINDS_H

#include "forwarder/target_snmp_pdu.h"

struct snmp_pdu;
struct snmp_varbinds;

/* For messages of one enterprise OID.  NULL when memory ends. */
struct snmp_varbinds *snmp_varbinds_new(const struct mib_oid *enterprise);
void snmp_varbinds_free(struct snmp_varbinds *);

/* The message as a PDU of 'command' (SNMP_MSG_TRAP, SNMP_MSG_TRAP2,
 * SNMP_MSG_INFORM); NULL when memory ends.  It borrows its varbinds from here, and
 * they their texts from the message, until snmp_varbinds_take_back(), which is
 * the only way to free it; one at a time. */
struct snmp_pdu *snmp_varbinds_lend(struct snmp_varbinds *, struct snmp_message *, int command);
void snmp_varbinds_take_back(struct snmp_pdu *);

/* As snmp_varbinds_lend(), but with varbinds of its own: for those that outlive the
 * message.  The caller frees it with snmp_free_pdu() or hands it over. */
struct snmp_pdu *snmp_varbinds_copy(struct snmp_varbinds *, struct snmp_message *, int command);

#endif
