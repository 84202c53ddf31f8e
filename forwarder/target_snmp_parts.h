/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_snmp_parts.h - what target_snmp_pdu.c, target_snmp_size.c and ascii.c share.
 * Nobody else includes this. */
#ifndef FORWARDER_TARGET_SNMP_PARTS_H
#define FORWARDER_TARGET_SNMP_PARTS_H

#include "forwarder/target_snmp_pdu.h"

extern const struct mib_oid snmp_message_sys_up_time, snmp_message_trap_oid, snmp_message_trap_address;

/* 'base' and two more parts. */
struct mib_oid snmp_message_below(const struct mib_oid *base, uint32_t a, uint32_t b);
/* Shows a text within the object's bound. */
void snmp_message_set_text(struct snmp_message *, enum mib_object_id, struct str whole);
void snmp_message_set_truth(struct snmp_message *, enum mib_object_id, bool truth);
/* Most bytes the MIB allows for the text of an object. */
size_t snmp_message_bound(enum mib_object_id);
/* Shows the text anew, in at most 'limit' bytes, and notes that it is cut. */
void snmp_message_shorten(struct snmp_message *, enum mib_object_id, size_t limit);

#endif
