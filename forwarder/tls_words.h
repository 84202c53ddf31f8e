/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls_words.h - failures of TLS in words that name the file and the remedy.  For
 * tls.c alone; the peer's name stands before them. */
#ifndef FORWARDER_TLS_WORDS_H
#define FORWARDER_TLS_WORDS_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "forwarder/config.h"

/* What is known of a handshake that failed. */
struct tls_words_state {
    const struct config_target *tc;
    bool asked; /* the peer has asked for our certificate */
    bool done;  /* it succeeded */
    const char *name; /* SNI, NULL none */
};

/* The verdict on the peer's certificate that X509_verify_cert() has left. */
void tls_words_refused(const struct config_target *, X509_STORE_CTX *, const char *name, char *out, size_t size);
/* No pinned fingerprint is the certificate's. */
void tls_words_unpinned(const struct config_target *, const X509 *cert, char *out, size_t size);
/* What OpenSSL's queue of errors and 'state' add up to. */
void tls_words_failed(const struct tls_words_state *, unsigned long error, char *out, size_t size);

#endif
