/* SPDX-License-Identifier: BSD-2-Clause
 *
 * certs.h - certificates that tests make for themselves: CAs, servers, clients,
 * good ones and bad ones. */
#ifndef TESTS_UNIT_CERTS_H
#define TESTS_UNIT_CERTS_H

#include <stdbool.h>

#include <openssl/ssl.h>

struct cert {
    X509 *x;
    EVP_PKEY *key;
};

/* A certificate of a new P-256 key.  'san' as in "DNS:a.example.org,IP:::1", NULL
 * none; valid from 'from' to 'to' seconds after now; signed by 'issuer', NULL: by
 * itself.  'ca': may sign others. */
struct cert certs_make(const char *cn, const char *san, long from, long to, const struct cert *issuer, bool ca);
void certs_free(struct cert *);
/* Writes (or adds to) a PEM file of mode 600; NULLs are left out. */
void certs_write(const char *path, const struct cert *cert, const struct cert *key);
void certs_add(const char *path, const struct cert *cert);
/* "sha-256:AB:..." or "sha-1:AB:..." */
void certs_fingerprint(const struct cert *, bool sha1, char out[128]);
/* A server's context with that certificate; with 'client_ca' it demands one of
 * the client that this CA has signed. */
SSL_CTX *certs_server(const struct cert *, const struct cert *client_ca);

#endif
