/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_tls.c - the attributes of a syslog target that speak of its connection:
 * TLS's files and fingerprints, and the framing.  The files are read here, so
 * that what is wrong with them is told with its line and not by a receiver that
 * hangs up; they are read anew for each connection (tls_context.c).  Called by
 * config_target.c. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/tls_context.h"

static int
hex(char c)
{
    const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

    return p ? (int) (p - digits) : -1;
}

/* RFC 5425, 4.2.2, and what openssl x509 -fingerprint prints behind its "=". */
bool
config_pin(const char *s, struct config_pin *pin)
{
    size_t n = 0, want;

    *pin = (struct config_pin){.sha1 = strncasecmp(s, "sha-1:", 6) == 0};
    want = pin->sha1 ? 20 : 32;
    if (!pin->sha1 && strncasecmp(s, "sha-256:", 8) != 0)
        return false;
    for (s += pin->sha1 ? 6 : 8; n < want; n++) {
        int high = hex(*s), low = high < 0 ? -1 : hex(s[1]);

        if (low < 0)
            return false;
        pin->bytes[n] = (uint8_t) (high << 4 | low);
        s += 2;
        if (n + 1 < want && *s == ':')
            s++;
    }
    return *s == '\0';
}

static void
read_pins(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    char *text = config_attribute(r, node, "fingerprint"), *rest = NULL;
    int line = config_attribute_line(d, node, "fingerprint");
    bool old = false;

    for (char *p = text ? strtok_r(text, " ", &rest) : NULL; p; p = strtok_r(NULL, " ", &rest)) {
        if (t->n_pins == CONFIG_PINS) {
            config_tell(r, false, d->file, line, "fingerprint: more than %d: leave some out", CONFIG_PINS);
            break;
        }
        if (!config_pin(p, &t->pins[t->n_pins])) {
            config_tell(r, false, d->file, line, "fingerprint=\"%.120s\" is not valid: write %s", p,
                        config_word_find(CONFIG_TARGET, "fingerprint")->want);
            break;
        }
        old |= t->pins[t->n_pins++].sha1;
    }
    if (old && !r->errors)
        config_tell(r, true, d->file, line, "fingerprint: SHA-1 can be forged with effort: write the one of SHA-256"
                    " (openssl x509 -in FILE -noout -fingerprint -sha256)");
    free(text);
}

static char *
read_path(struct config_reader *r, const xmlNode *node, const char *name)
{
    char *value = config_attribute(r, node, name), *path = value ? config_path(r, value) : NULL;

    if (value && !path)
        r->no_memory = true;
    free(value);
    return path;
}

/* OpenSSL checks no name at all where there is none, and takes ".example.org" for
 * whatever ends so: neither may get there. */
static void
read_server_name(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    t->server_name = config_attribute(r, node, "server-name");
    if (t->server_name && !config_host(t->server_name, strchr(t->server_name, ':') != NULL))
        config_tell(r, false, d->file, config_attribute_line(d, node, "server-name"),
                    "server-name=\"%.120s\" is not valid: write %s", t->server_name,
                    config_word_find(CONFIG_TARGET, "server-name")->want);
}

/* Reads the files, and warns of certificates that end. */
static void
try_files(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    char why[5000], when[32];
    struct tls_context *c = tls_context_new(t, why, sizeof why);
    int64_t now = clock_utc();
    int line = config_attribute_line(d, node, t->certificate ? "certificate" : t->ca ? "ca" : "address");

    if (!c) {
        config_tell(r, false, d->file, line, "target \"%s\": %s", t->name, why);
        return;
    }
    memcpy(t->tls_digest, c->digest, sizeof t->tls_digest);
    tls_context_date(c->expiry.at, when, sizeof when);
    if (c->expiry.at && now >= c->expiry.warn_at)
        config_tell(r, true, d->file, line, "target \"%s\": the certificate %s %s %s: have it renewed", t->name,
                    c->expiry.what, now >= c->expiry.at ? "expired" : "expires", when);
    tls_context_free(c);
}

/* Without TLS its words would promise what is not done. */
static void
refuse_words(struct config_reader *r, const struct config_document *d, const xmlNode *node,
             enum transport transport)
{
    static const char *const words[] = {"ca", "certificate", "key", "fingerprint", "server-name"};

    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (xmlHasNsProp(node, (const xmlChar *) words[i], NULL))
            config_tell(r, false, d->file, config_attribute_line(d, node, words[i]),
                        "%s belongs to TLS, and the address begins with \"%s:\": write tls:, or remove %s", words[i],
                        transport_name(transport), words[i]);
}

static void
read_files(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    t->ca = read_path(r, node, "ca");
    t->certificate = read_path(r, node, "certificate");
    t->key = read_path(r, node, "key");
    read_server_name(r, d, node, t);
    read_pins(r, d, node, t);
    if (t->key && !t->certificate) {
        config_tell(r, false, d->file, config_attribute_line(d, node, "key"),
                    "key without certificate: add certificate=\"...\", the file of the certificate that it belongs to");
        return;
    }
    if (t->certificate && !t->key && !(t->key = strdup(t->certificate)))
        r->no_memory = true;
    else if (!r->no_memory)
        try_files(r, d, node, t);
}

/* Whether framing= says anything: of datagrams each is one message. */
static bool
takes_framing(enum transport transport)
{
    switch (transport) {
    case TRANSPORT_TCP:
    case TRANSPORT_TLS:
    case TRANSPORT_UNIX:
    case TRANSPORT_UNIX_STREAM:
        return true;
    case TRANSPORT_NONE:
    case TRANSPORT_UDP:
    case TRANSPORT_RELP:
    case TRANSPORT_UNIX_DGRAM:
        break;
    }
    return false;
}

static void
read_framing(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t,
             enum transport transport)
{
    char *text = config_attribute(r, node, "framing");
    int line = config_attribute_line(d, node, "framing");

    /* What listens at a socket of this computer reads lines. */
    t->framing_newline = text ? strcmp(text, "newline") == 0 : transport_is_local(transport);
    if (t->framing_newline && transport == TRANSPORT_TLS)
        config_tell(r, false, d->file, line, "framing=\"newline\": over TLS octets are counted, and nothing else is"
                    " (RFC 5425, 4.3): remove framing");
    else if (text && !takes_framing(transport))
        config_tell(r, false, d->file, line,
                    "framing belongs to streams (tcp:, unix-stream:), and the address begins with \"%s:\": remove framing",
                    transport_name(transport));
    free(text);
}

void
config_read_tls(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    enum transport transport = t->addresses[0].transport; /* all have the same */

    if (transport == TRANSPORT_NONE)
        return; /* told already */
    read_framing(r, d, node, t, transport);
    if (transport == TRANSPORT_TLS)
        read_files(r, d, node, t);
    else
        refuse_words(r, d, node, transport);
}
