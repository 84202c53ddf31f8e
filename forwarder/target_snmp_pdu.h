/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_snmp_pdu.h - one notification: its values and its size.
 * No network here: tests build and read messages without a receiver. */
#ifndef FORWARDER_TARGET_SNMP_PDU_H
#define FORWARDER_TARGET_SNMP_PDU_H

#include "forwarder/mib_table.h"
#include "forwarder/target.h"
#include "parsers/summary.h"

/* Of a key that is longer than this when shown, no budget is promised. */
enum { SNMP_KEY_USUAL = 128 };

/* The value of one object: 'number', or 'text' of 'n' bytes made from 'whole'
 * (which the item owns). */
struct snmp_value {
    int64_t number;
    struct str whole;
    size_t n;
    char text[MIB_TEXT_MAX + 32];
};

struct snmp_message {
    struct mib_oid enterprise;
    unsigned arc;    /* of the notification, below <enterprise>.0 */
    uint32_t uptime; /* hundredths of a second */
    const enum mib_object_id *order;
    unsigned n;
    bool truncated;
    bool address_known; /* snmpTrapAddress.0 follows */
    uint8_t address[4];
    uint8_t sender[4]; /* our own address, for SNMPv1; zeros: none of IPv4.  Whoever sends sets it */
    char first[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE];
    char articles[128];
    char summary[SUMMARY_SIZE]; /* of a notice */
    struct snmp_value value[MIB_OBJECTS]; /* by object; those of 'order' are set */
};

/* Sets the values from an alarm change or a notice, each within its own bound.
 * The message borrows the item until it is encoded.  -ENOMSG when the item is
 * an event or an alarm of a class that has no notification. */
int snmp_message_item(struct snmp_message *, const struct mib_oid *enterprise, const struct target_item *);

/* What stands around the varbinds of every message to a target, in bytes. */
enum { SNMP_ENVELOPE_SALT = 8 }; /* RFC 3826, 3.1.1.3 */
struct snmp_envelope {
    enum { SNMP_ENVELOPE_1, SNMP_ENVELOPE_2C, SNMP_ENVELOPE_3 } version;
    size_t community;                             /* versions 1 and 2c */
    size_t user, context, engine, context_engine; /* version 3 */
    size_t mac, salt;                             /* 0: not authenticated, not encrypted */
};
void snmp_envelope_of(struct snmp_envelope *, const struct config_target *);

/* Bytes of the message as the UDP payload: at least what is sent, and hardly
 * more (numbers whose value is not known yet count with their longest form). */
size_t snmp_message_size(const struct snmp_message *, const struct snmp_envelope *);

/* Shortens texts in a fixed order until the message fits.  Keys and ids stay
 * whole whatever the budget. */
void snmp_message_fit(struct snmp_message *, const struct snmp_envelope *, size_t budget);

/* The smallest budget that every message with a key of SNMP_KEY_USUAL fits. */
size_t snmp_message_least(const struct mib_oid *enterprise, const struct snmp_envelope *);

#endif
