/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_receiver.h - for the tests of the snmp target: a socket on loopback that
 * takes datagrams, a BER reader that knows nothing of libnetsnmp, and an alarm
 * and a configuration to begin with.  Every failure ends the running test. */
#ifndef TESTS_UNIT_SNMP_RECEIVER_H
#define TESTS_UNIT_SNMP_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "forwarder/target_snmp_pdu.h"

#define DEFAULT_ROOT "1.3.6.1.4.1.32473.109"
#define OTHER_ROOT   "1.3.6.1.4.1.99999.7"
#define ID           "0123456789abcdef0123456789abcdef"

struct varbind {
    char name[160];
    int tag;
    int64_t number;
    char text[2048]; /* strings as they are, identifiers in dotted form */
    size_t n;
};

struct datagram {
    size_t size;
    char source[64];
    char community[64];
    int version, pdu;
    int64_t request;
    unsigned n;
    struct varbind varbind[40];
    /* of a Trap-PDU (SNMPv1) */
    char enterprise[160];
    uint8_t agent[4];
    int64_t generic, specific, ticks;
    /* of SNMPv3: engines in hexadecimal, msgFlags; encrypted: nothing of the PDU */
    char engine[65], context_engine[65], user[64], context[64];
    int flags;
    int64_t boots, time, model, max_size;
    size_t mac, salt;
    size_t varbinds_n;   /* bytes of their list, with its tag, at the end of the message */
    uint8_t bytes[2048]; /* the message, when it is not longer */
};

/* Fixture: opens the socket and sets the configuration for it. */
void receiver_open(void);
void receiver_close(void);
extern struct config config_default;
extern struct config_target target_default;

void take_apart(const uint8_t *bytes, size_t size, struct datagram *d);
/* The next datagram; false when none came in time. */
bool receive(struct datagram *d, int timeout_ms);
/* Answers an inform of SNMPv2c, where it came from: a response with its
 * varbinds and 'error' as the error status; a PDU of another kind; any bytes. */
void answer(const struct datagram *d, int error);
void answer_as(const struct datagram *d, int pdu, int error);
void answer_bytes(const void *bytes, size_t n);

struct alarm_item sample(void);
struct target *open_target(void);
int send_alarm(struct target *t, const struct alarm_item *a);
/* Sends 'a' through a target of its own and gives what arrived. */
void round_trip(const struct alarm_item *a, struct datagram *d);

/* The object's varbind, which must be there. */
const struct varbind *value(const struct datagram *d, enum mib_object_id id);
/* The tag that goes with a syntax. */
int tag_of(enum mib_syntax syntax);

#define TEXT(d, id, want)   ck_assert_str_eq(value(d, MIB_OBJECT_##id)->text, want)
#define NUMBER(d, id, want) ck_assert_int_eq(value(d, MIB_OBJECT_##id)->number, want)

#endif
