/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_engine_file.h - the engines that a state folder remembers; for
 * snmp_engine.c. */
#ifndef FORWARDER_SNMP_ENGINE_FILE_H
#define FORWARDER_SNMP_ENGINE_FILE_H

#include "forwarder/snmp_engine.h"

/* Ids that are remembered: one that comes back after others goes on with its
 * boots, because receivers remember them. */
enum { SNMP_ENGINE_FILE_MAX = 16, SNMP_ENGINE_HOST = 48 };

struct snmp_engine_entry {
    struct snmp_engine engine;
    char host[SNMP_ENGINE_HOST]; /* which run of the machine 'since_ns' is of; "-": unknown */
};
struct snmp_engine_file {
    int folder; /* locked, -1: none */
    unsigned n;
    struct snmp_engine_entry entry[SNMP_ENGINE_FILE_MAX]; /* the newest first */
};

/* Opens the folder, reads the file if there is one; 'lock': until close nobody
 * else changes it.  0, or negative errno with the words in 'err'. */
int snmp_engine_file_open(struct snmp_engine_file *, const char *state, bool lock, char *err, size_t errlen);
/* Writes it whole, and returns when the disk has it. */
int snmp_engine_file_write(struct snmp_engine_file *, const char *state, char *err, size_t errlen);
void snmp_engine_file_close(struct snmp_engine_file *);

#endif
