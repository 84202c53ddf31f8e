/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_snmp.h - what an snmp target can do beyond the vtable of target.h. */
#ifndef FORWARDER_TARGET_SNMP_H
#define FORWARDER_TARGET_SNMP_H

#include "forwarder/target_snmp_pdu.h"

/* Sends a tcNotice, paced like an item.  0 or negative errno; 't' must be of
 * target_snmp_class. */
int target_snmp_notice(struct target *t, const struct snmp_notice *);

#endif
