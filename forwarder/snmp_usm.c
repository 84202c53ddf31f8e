/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_usm.c - algorithms, keys and users of SNMPv3.  The library knows a user
 * by name and engine and keeps the keys it saw first, whatever a session says
 * later, so users are made here and put into its table by hand.  Called by
 * config_snmp.c (keys) and snmp_session.c (users).  Logs nothing, keeps no pass
 * phrase. */
#include "build.h"

#include "forwarder/snmp_usm.h"

#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/snmp_library.h"

/* 'name' is the library's, 'mac' the bytes of the code: RFC 3414 6.3.1 and
 * RFC 7860 4.2. */
static const struct auth {
    const char *word, *name;
    size_t mac;
} auths[] = {
    {"sha1", "SHA", 12},       {"sha224", "SHA-224", 16}, {"sha256", "SHA-256", 24},
    {"sha384", "SHA-384", 32}, {"sha512", "SHA-512", 48},
};

/* AES-128 is RFC 3826.  For longer keys there are two drafts that differ in how
 * a short key is made longer: Blumenthal's, and Reeder's, which Cisco took over. */
static const struct priv {
    const char *word, *name;
} privs[] = {
    {"aes128", "AES-128"},
    {"aes192-blumenthal", "AES-192"},
    {"aes192-reeder", "AES-192-C"},
    {"aes256-blumenthal", "AES-256"},
    {"aes256-reeder", "AES-256-C"},
};

enum { AUTHS = sizeof auths / sizeof *auths, PRIVS = sizeof privs / sizeof *privs };

static const struct auth *
find_auth(const char *word)
{
    for (unsigned i = 0; word && i < AUTHS; i++)
        if (strcmp(auths[i].word, word) == 0)
            return &auths[i];
    return NULL;
}

/* The library's identifier of an algorithm; NULL when it has none. */
static oid *
auth_oid(const char *word, size_t *n)
{
    const struct auth *a = find_auth(word);
    int type = a ? usm_lookup_auth_type(a->name) : -1;

    return type > 0 ? sc_get_auth_oid(type, n) : NULL;
}

static oid *
priv_oid(const char *word, size_t *n)
{
    int type = -1;

    for (unsigned i = 0; word && i < PRIVS; i++)
        if (strcmp(privs[i].word, word) == 0)
            type = usm_lookup_priv_type(privs[i].name);
    return type > 0 ? sc_get_priv_oid(type, n) : NULL;
}

bool
snmp_usm_has_auth(const char *word)
{
    size_t n;

    return auth_oid(word, &n) != NULL;
}

bool
snmp_usm_has_priv(const char *word)
{
    size_t n;

    return priv_oid(word, &n) != NULL;
}

size_t
snmp_usm_mac_bytes(const char *auth)
{
    const struct auth *a = find_auth(auth);

    return a ? a->mac : 0;
}

bool
snmp_usm_key(const char *auth, const char *pass, struct config_key *key)
{
    size_t n = 0, size = sizeof key->bytes;
    const oid *hash = auth_oid(auth, &n);
    bool made;

    snmp_library_lock();
    made = hash
           && generate_Ku(hash, (u_int) n, (const u_char *) pass, strlen(pass), key->bytes, &size)
                  == SNMPERR_SUCCESS;
    snmp_library_forget();
    snmp_library_unlock();
    key->n = made ? size : 0;
    return made;
}

/* --- users ---------------------------------------------------------------- */

static bool
set_oid(oid **to, size_t *to_n, const oid *from, size_t n)
{
    oid *copy = from ? snmp_duplicate_objid(from, n) : NULL;

    if (!copy)
        return false;
    free(*to);
    *to = copy;
    *to_n = n;
    return true;
}

/* The key as it is at the user's engine (RFC 3414 A.2). */
static bool
localize(const struct usmUser *user, const struct config_key *key, u_char **out, size_t *out_n)
{
    *out_n = USM_LENGTH_KU_HASHBLOCK;
    *out = calloc(1, *out_n);
    return *out
           && generate_kul(user->authProtocol, (u_int) user->authProtocolLen, user->engineID,
                           user->engineIDLen, key->bytes, key->n, *out, out_n)
                  == SNMPERR_SUCCESS;
}

static bool
fill(struct usmUser *user, const struct config_target *tc, const uint8_t *id, size_t id_n)
{
    size_t auth_n = 0, priv_n = 0;
    const oid *auth = auth_oid(tc->auth, &auth_n), *priv = priv_oid(tc->priv, &priv_n);

    user->name = strdup(tc->user);
    user->secName = strdup(tc->user);
    user->engineID = malloc(id_n);
    if (!user->name || !user->secName || !user->engineID)
        return false;
    memcpy(user->engineID, id, id_n);
    user->engineIDLen = id_n;
    if (!set_oid(&user->authProtocol, &user->authProtocolLen, auth, auth_n)
        || !localize(user, &tc->auth_key, &user->authKey, &user->authKeyLen))
        return false;
    if (!tc->priv)
        return true;
    return set_oid(&user->privProtocol, &user->privProtocolLen, priv, priv_n)
           && localize(user, &tc->priv_key, &user->privKey, &user->privKeyLen)
           && usm_extend_user_kul(user, USM_LENGTH_KU_HASHBLOCK) == SNMPERR_SUCCESS;
}

/* Out of the table.  The library leaves the neighbours' addresses in it. */
static void
take_out(struct usmUser *user)
{
    usm_remove_user(user);
    user->prev = user->next = NULL;
}

struct usmUser *
snmp_usm_user(const struct config_target *tc, const uint8_t *id, size_t n)
{
    struct usmUser *user = tc->auth ? usm_create_user() : NULL;

    if (user && !fill(user, tc, id, n)) {
        usm_free_user(user);
        return NULL;
    }
    return user;
}

void
snmp_usm_session(struct snmp_session *session, const struct config_target *tc)
{
    /* The library copies what these point at and does not write to it. */
    session->securityAuthProto = auth_oid(tc->auth, &session->securityAuthProtoLen);
    session->securityPrivProto = priv_oid(tc->priv, &session->securityPrivProtoLen);
    memcpy(session->securityAuthKey, tc->auth_key.bytes, tc->auth_key.n);
    memcpy(session->securityPrivKey, tc->priv_key.bytes, tc->priv_key.n);
    session->securityAuthKeyLen = tc->auth_key.n;
    session->securityPrivKeyLen = tc->priv_key.n;
}

void
snmp_usm_use(struct usmUser *user)
{
    struct usmUser *other;

    if (!user || (other = usm_get_user(user->engineID, user->engineIDLen, user->name)) == user)
        return;
    if (other)
        take_out(other);
    usm_add_user(user);
}

void
snmp_usm_free(struct usmUser *user)
{
    if (!user)
        return;
    take_out(user);
    usm_free_user(user);
}
