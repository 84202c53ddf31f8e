/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_snmp.c - how an snmp target proves who it is: version, community, user,
 * algorithms and pass phrases, and which of them go together; and the id of our
 * own engine.  Called by config_target.c and config.c.  Keeps keys, never pass
 * phrases. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <stdlib.h>
#include <string.h>

#include "forwarder/snmp_engine.h"
#include "forwarder/snmp_usm.h"
#include "forwarder/target_snmp_pdu.h"

enum { ADMIN_STRING = 32 }; /* octets of a user or context: RFC 3414, RFC 3415 */

struct reading {
    struct config_reader *r;
    const struct config_document *d;
    const xmlNode *node;
    struct config_target *t;
};

static bool
has(const struct reading *g, const char *name)
{
    return xmlHasNsProp(g->node, (const xmlChar *) name, NULL) != NULL;
}

/* Neither there nor refused: what was refused has its message already. */
static bool
lacks(const struct reading *g, const char *name)
{
    return !config_attribute_written(g->d, g->node, name);
}

static int
line_of(const struct reading *g, const char *name)
{
    return config_attribute_line(g->d, g->node, name);
}

/* The secret that attribute 'name' points at, or NULL with the reason told. */
static char *
read_secret(const struct reading *g, const char *name, const char *what)
{
    char *file = config_attribute(g->r, g->node, name), *path = file ? config_path(g->r, file) : NULL;
    char *secret = NULL, why[4500];

    if (file && !path)
        g->r->no_memory = true;
    else if (path && !(secret = config_secret(path, what, why, sizeof why)))
        config_tell(g->r, false, g->d->file, line_of(g, name), "%s: %s", name, why);
    free(file);
    free(path);
    return secret;
}

static void
wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

/* --- versions 1 and 2c --------------------------------------------------------- */

static void
read_community(const struct reading *g)
{
    static const char *const foreign[] = {"user", "auth", "auth-file", "priv", "priv-file", "context"};

    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (has(g, foreign[i]))
            config_tell(g->r, false, g->d->file, line_of(g, foreign[i]),
                        "\"%s\" is of SNMPv3, and this target has version=\"%s\": write version=\"3\", or remove it",
                        foreign[i], g->t->version);
    if (lacks(g, "community-file"))
        config_tell(g->r, false, g->d->file, g->t->place.line,
                    "target \"%s\" has no community-file, which SNMPv%s needs: add community-file=\"...\", %s", g->t->name,
                    g->t->version, config_word_find(CONFIG_TARGET, "community-file")->want);
    g->t->community = read_secret(g, "community-file", "community");
    if (config_snmp_version(g->t) == 1 && g->t->inform)
        config_tell(g->r, false, g->d->file, line_of(g, "notification"),
                    "SNMPv1 has no informs: write notification=\"trap\", or version=\"2c\" or \"3\"");
}

/* --- version 3 ------------------------------------------------------------------- */

/* A key from the pass phrase in the file that attribute 'name' points at. */
static void
read_key(const struct reading *g, const char *name, struct config_key *key)
{
    char *pass = read_secret(g, name, "pass phrase");

    if (pass && strlen(pass) < SNMP_USM_PASS_LEAST)
        config_tell(g->r, false, g->d->file, line_of(g, name),
                    "%s: the pass phrase has %zu characters, and SNMPv3 wants at least %d (RFC 3414): write a longer "
                    "one into the file, and tell it to the receiver",
                    name, strlen(pass), SNMP_USM_PASS_LEAST);
    else if (pass && g->t->auth && !snmp_usm_key(g->t->auth, pass, key))
        config_tell(g->r, false, g->d->file, line_of(g, name), "%s: no key can be made of the pass phrase", name);
    wipe(pass);
}

/* The schema counts characters, SnmpAdminString octets. */
static void
check_octets(const struct reading *g, const char *name, const char *text)
{
    if (text && strlen(text) > ADMIN_STRING)
        config_tell(g->r, false, g->d->file, line_of(g, name), "%s=\"%s\" has %zu octets in UTF-8, and SNMPv3 allows %d",
                    name, text, strlen(text), ADMIN_STRING);
}

/* "a" of the target needs "b", and the other way round. */
static void
check_pair(const struct reading *g, const char *a, const char *b, const char *what)
{
    if (has(g, a) && lacks(g, b))
        config_tell(g->r, false, g->d->file, line_of(g, a), "%s without %s: add %s=\"...\", %s", a, b, b, what);
}

/* What the schema allows, the library at hand may have been built without. */
static void
check_library(const struct reading *g)
{
    const struct config_target *t = g->t;

    if (t->auth && !snmp_usm_has_auth(t->auth))
        config_tell(g->r, false, g->d->file, line_of(g, "auth"),
                    "auth=\"%s\": the libnetsnmp of this machine was built without it; write another", t->auth);
    if (t->priv && !snmp_usm_has_priv(t->priv))
        config_tell(g->r, false, g->d->file, line_of(g, "priv"),
                    "priv=\"%s\": the libnetsnmp of this machine was built without it; write \"aes128\"", t->priv);
}

static void
read_user(const struct reading *g)
{
    struct config_target *t = g->t;

    if (has(g, "community-file"))
        config_tell(g->r, false, g->d->file, line_of(g, "community-file"),
                    "SNMPv3 has no community: remove community-file, and give a user");
    if (lacks(g, "user"))
        config_tell(g->r, false, g->d->file, t->place.line,
                    "target \"%s\" has no user, which SNMPv3 needs: add user=\"...\", %s", t->name,
                    config_word_find(CONFIG_TARGET, "user")->want);
    t->user = config_attribute(g->r, g->node, "user");
    t->auth = config_attribute(g->r, g->node, "auth");
    t->priv = config_attribute(g->r, g->node, "priv");
    t->context = config_attribute(g->r, g->node, "context");
    check_octets(g, "user", t->user);
    check_octets(g, "context", t->context);
    check_pair(g, "auth", "auth-file", "the name of a file that holds the pass phrase");
    check_pair(g, "auth-file", "auth", config_word_find(CONFIG_TARGET, "auth")->want);
    check_pair(g, "priv", "priv-file", "the name of a file that holds the pass phrase");
    check_pair(g, "priv-file", "priv", config_word_find(CONFIG_TARGET, "priv")->want);
    if (has(g, "priv") && lacks(g, "auth") && lacks(g, "auth-file"))
        config_tell(g->r, false, g->d->file, line_of(g, "priv"),
                    "priv without auth: SNMPv3 encrypts nothing that it does not authenticate; add auth and auth-file");
    check_library(g);
    read_key(g, "auth-file", &t->auth_key);
    read_key(g, "priv-file", &t->priv_key);
    if (has(g, "user") && lacks(g, "auth") && lacks(g, "auth-file"))
        config_tell(g->r, true, g->d->file, line_of(g, "user"),
                    "target \"%s\" sends SNMPv3 without authentication: anybody can send the like; add auth and auth-file",
                    t->name);
}

/* What no shortening takes away must fit, or nothing would ever be sent: names, OIDs
 * and algorithms say how much that is. */
static void
check_budget(const struct reading *g)
{
    const struct config *c = g->r->config;
    struct snmp_envelope envelope;
    struct mib_oid enterprise;
    size_t least;

    if (!c->enterprise_oid || !mib_enterprise(c->enterprise_oid, &enterprise))
        return;
    snmp_envelope_of(&envelope, g->t);
    /* Which id our engine has is not known here where none is set. */
    if (envelope.version == SNMP_ENVELOPE_3 && !g->t->inform)
        envelope.engine = envelope.context_engine = c->engine_id_n ? c->engine_id_n : SNMP_ENGINE_MADE;
    least = snmp_message_least(&enterprise, &envelope);
    if (g->t->pdu_size < least)
        config_tell(g->r, false, g->d->file, line_of(g, "pdu-size"),
                    "pdu-size %u is too small for what every notification of target \"%s\" holds: write %zu or more",
                    g->t->pdu_size, g->t->name, least);
}

void
config_read_security(struct config_reader *r, const struct config_document *d, const xmlNode *node,
                     struct config_target *t)
{
    const struct reading g = {r, d, node, t};

    t->version = config_attribute(r, node, "version");
    if (!t->version && !(t->version = strdup("2c"))) {
        r->no_memory = true;
        return;
    }
    if (config_snmp_version(t) == 3)
        read_user(&g);
    else
        read_community(&g);
    check_budget(&g);
}

int
config_snmp_version(const struct config_target *t)
{
    /* "1", "2c", "3"; the schema allows nothing else. */
    return t->version ? t->version[0] - '0' : 2;
}

/* --- our engine -------------------------------------------------------------------- */

bool
config_wants_engine(const struct config *c)
{
    for (unsigned i = 0; i < c->n_targets; i++)
        if (config_snmp_version(&c->targets[i]) == 3)
            return true;
    return false;
}

void
config_read_engine_id(struct config_reader *r, const struct config_document *d, const xmlNode *root)
{
    struct config *c = r->config;
    char *text = config_attribute(r, root, "engine-id");
    const char *fault;

    if (!text)
        return;
    for (const char *p = text + (strncmp(text, "0x", 2) == 0 ? 2 : 0);
         p[0] && p[1] && c->engine_id_n < CONFIG_ENGINE_ID; p += 2)
        c->engine_id[c->engine_id_n++] = (uint8_t) strtoul((char[3]){p[0], p[1], '\0'}, NULL, 16);
    if ((fault = snmp_engine_id_fault(c->engine_id, c->engine_id_n)))
        config_tell(r, false, d->file, config_attribute_line(d, root, "engine-id"),
                    "engine-id=\"%.80s\" is not valid (RFC 3411): %s", text, fault);
    free(text);
}
