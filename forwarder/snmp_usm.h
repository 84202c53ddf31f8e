/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_usm.h - users of the User-based Security Model (RFC 3414): which
 * algorithms there are, keys from pass phrases, and users in the library's
 * table.  Used by config_snmp.c and snmp_session.c. */
#ifndef FORWARDER_SNMP_USM_H
#define FORWARDER_SNMP_USM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forwarder/config.h"

/* RFC 3414, 11.2: a pass phrase has at least so many characters. */
enum { SNMP_USM_PASS_LEAST = 8 };

/* Can the library at hand do what the configuration calls "sha256",
 * "aes256-reeder" and so on?  Any thread. */
bool snmp_usm_has_auth(const char *word);
bool snmp_usm_has_priv(const char *word);

/* The key Ku of a pass phrase (RFC 3414 A.2, RFC 7860), by the hash of the
 * authentication; it holds for every engine.  False when the library refuses.
 * The caller wipes both.  Takes the library's lock. */
bool snmp_usm_key(const char *auth, const char *pass, struct config_key *key);

/* Bytes of msgAuthenticationParameters with 'auth' (NULL: none). */
size_t snmp_usm_mac_bytes(const char *auth);

/* The user of an SNMPv3 target with the keys as they are at the engine 'id' of
 * 'n' bytes, not in the library's table yet; NULL when that fails or the target
 * authenticates nothing, which needs no user.  The caller holds the lock. */
struct usmUser;
struct usmUser *snmp_usm_user(const struct config_target *, const uint8_t *id, size_t n);

/* Puts algorithms and keys into a session that is about to be opened, for engines
 * that are not known yet. */
struct snmp_session;
void snmp_usm_session(struct snmp_session *, const struct config_target *);

/* Makes it the one that the library uses for its name and engine.  Two receivers
 * may know users of one name with different keys, so this comes before every
 * message, under the lock; NULL-safe, and cheap when nothing is to do. */
void snmp_usm_use(struct usmUser *);

/* Takes it out of the table and frees it, keys wiped; under the lock, NULL-safe. */
void snmp_usm_free(struct usmUser *);

#endif
