/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls.h - TLS 1.2 and 1.3 on one connected socket (RFC 5425, RFC 9662), as the
 * layer of an ackstream.  Used by target_syslog_stream.c, from one thread.  The peer is
 * always authenticated: by a CA and its name, by a fingerprint, or by both. */
#ifndef FORWARDER_TLS_H
#define FORWARDER_TLS_H

#include "forwarder/ackstream.h"
#include "forwarder/tls_context.h"

enum { TLS_HANDSHAKE_MS = 5000, TLS_WORDS = 400 };

struct tls;

/* The handshake on the connected, non-blocking 'fd' (borrowed; it must outlive
 * the struct), no longer than TLS_HANDSHAKE_MS.  NULL with one message in 'err'
 * that names file, peer and reason, and '*error' negative: -EPROTO where TLS or a
 * certificate is at fault, else what the socket said. */
struct tls *tls_connect(const struct tls_context *, const struct config_address *, int fd, int *error, char *err,
                        size_t errlen);
void tls_free(struct tls *); /* NULL-safe; says nothing to the peer */

/* Its functions take the struct tls. */
extern const struct ackstream_layer tls_layer;

/* Why it failed, in words; "" when only the socket did. */
const char *tls_words(const struct tls *);
/* "TLSv1.3, TLS_AES_128_GCM_SHA256" */
void tls_describe(const struct tls *, char *out, size_t size);
/* Of our certificates and those that the peer showed, the one that ends first. */
const struct target_expiry *tls_expiry(const struct tls *);

#endif
