/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls_context.h - what a TLS connection is made with: our certificate and key,
 * whom we trust, versions and ciphers, all read from the files that a target
 * names.  Used by tls.c for connections and by config_tls.c to find what is
 * wrong with the files before there is one. */
#ifndef FORWARDER_TLS_CONTEXT_H
#define FORWARDER_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "forwarder/config.h"
#include "forwarder/target.h"

struct tls_context {
    SSL_CTX *ctx;
    const struct config_target *tc; /* borrowed */
    struct target_expiry expiry;    /* of the certificates in our own files */
    uint8_t digest[32];             /* SHA-256 over the bytes of the files */
};

/* Reads ca, certificate and key of 'tc', which outlives the context.  NULL with
 * words that name the file and the remedy in 'err'.  Nothing is too old here: an
 * expired certificate is in 'expiry'. */
struct tls_context *tls_context_new(const struct config_target *tc, char *err, size_t errlen);
void tls_context_free(struct tls_context *); /* NULL-safe */
/* The digest that a context of the same files would have now; false when one of
 * them cannot be read. */
bool tls_context_digest(const struct config_target *tc, uint8_t out[32]);

/* Keeps the one of '*e' and 'cert' that ends first.  'what' says whose it is; the
 * subject is put behind it.  Worth a warning is what ends within 21 days, or, of
 * a short life, within its last quarter. */
void tls_context_note(struct target_expiry *e, const X509 *cert, const char *what);
/* "2026-01-31 12:00 UTC" */
void tls_context_date(int64_t utc_ns, char *out, size_t size);
/* The subject in the form of RFC 2253, without control characters. */
void tls_context_subject(const X509_NAME *, char *out, size_t size);
/* What 'tc' trusts, for messages: the name of a file, or words. */
const char *tls_context_trust(const struct config_target *tc);

#endif
