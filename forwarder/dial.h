/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dial.h - from a target's address to a connected socket, in bounded time; for
 * target_syslog*.c, and the name alone for target_snmp.c, RELP and config_survey.c. */
#ifndef FORWARDER_DIAL_H
#define FORWARDER_DIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "forwarder/config.h"

enum { DIAL_RESOLVE_MS = 5000, DIAL_CONNECT_MS = 5000, DIAL_NAME_SIZE = 160 };

/* Looks the name up (no longer than DIAL_RESOLVE_MS) and connects to the first
 * of its addresses that answers (no longer than DIAL_CONNECT_MS in all), from
 * the local address 'source' (NULL: any).  A non-blocking socket, or negative
 * errno with the words in 'err'. */
int dial(const struct config_address *, const char *source, char *err, size_t errlen);
/* Whether that is a stream and no datagrams; of "unix:" the socket itself says it. */
bool dial_is_stream(const struct config_address *);
/* The address as the configuration writes it, for messages; its length. */
int dial_name(const struct config_address *, char *out, size_t size);
/* The addresses of a target in turn, '*which' first, until one answers, which
 * '*which' is then.  The words are those of every address that was tried. */
int dial_any(const struct config_target *, unsigned *which, char *err, size_t errlen);

/* Whether datagrams can be sent from the local address 'source': 0, or errno. */
int dial_source(const char *source);
/* The numeric address of 'host' in 'family' (AF_INET, AF_INET6), no longer than
 * DIAL_RESOLVE_MS.  0, or -EHOSTUNREACH with the resolver's words in 'why'. */
int dial_address(const char *host, int family, char *out, size_t size, char *why, size_t whylen);

#endif
