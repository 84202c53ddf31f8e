/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_engine.h - our own SNMP engine (RFC 3411): its id, how often it has
 * begun, and since when.  One in the process.  Receivers of SNMPv3 traps know
 * users by this id, and drop what comes with fewer boots or an older time than
 * they have seen, without a word to anybody: so both are on disk before the first
 * message goes. */
#ifndef FORWARDER_SNMP_ENGINE_H
#define FORWARDER_SNMP_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forwarder/config.h"

/* RFC 3414, 2.2.3: with so many boots nothing is authentic any more. */
#define SNMP_ENGINE_BOOTS_MAX INT32_MAX

struct snmp_engine {
    uint8_t id[CONFIG_ENGINE_ID];
    size_t n;         /* bytes of it */
    uint32_t boots;   /* snmpEngineBoots, from 1 */
    int64_t since_ns; /* of CLOCK_BOOTTIME, which goes on while the machine sleeps */
};

enum { SNMP_ENGINE_HEX = 2 * CONFIG_ENGINE_ID + 1 };
enum { SNMP_ENGINE_MADE = 17 }; /* octets of an id that is made at random */

/* The daemon's engine begins: the id of the configuration, else that of the
 * state folder, else a new one at random; its boots are one more than ever
 * before.  Returns when both are safe on disk.  0, or negative errno with
 * "FILE: what, why, how to mend" in 'err'. */
int snmp_engine_start(const struct config *, char *err, size_t errlen);

/* For a command that sends beside the daemon, or without one: the engine that
 * has begun goes on, with its boots and its time; only where none has since the
 * machine started does one begin. */
int snmp_engine_join(const struct config *, char *err, size_t errlen);

/* What is on disk, changing nothing.  1; 0 when the state folder has no engine
 * yet, with the configured id in '*out' if there is one ('n' 0: none); or
 * negative errno. */
int snmp_engine_look(const struct config *, struct snmp_engine *out, char *err, size_t errlen);

/* The engine of this process; false while none has begun.  Any thread. */
bool snmp_engine_get(struct snmp_engine *out);
/* snmpEngineTime: seconds since boots were last raised. */
uint32_t snmp_engine_time(const struct snmp_engine *);
/* Upper limit reached: only messages without authentication may go. */
bool snmp_engine_worn_out(const struct snmp_engine *);
/* The id in hexadecimal; 'out' is returned. */
const char *snmp_engine_hex(const struct snmp_engine *, char out[SNMP_ENGINE_HEX]);

/* Tells libnetsnmp id, boots and time, where it does not know them already;
 * before each SNMPv3 message, under the library's lock. */
void snmp_engine_stamp(void);

/* Is this an id that RFC 3411 (SnmpEngineID) allows?  NULL, or what is wrong. */
const char *snmp_engine_id_fault(const uint8_t *id, size_t n);

#endif
