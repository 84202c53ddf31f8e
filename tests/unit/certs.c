/* SPDX-License-Identifier: BSD-2-Clause
 *
 * certs.c - certificates for tests; see the header. */
#include "build.h"

#include "tests/unit/certs.h"

#include <check.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

static void
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ck_assert_ptr_nonnull(e);
    ck_assert_int_eq(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

struct cert
certs_make(const char *cn, const char *san, long from, long to, const struct cert *issuer, bool ca)
{
    struct cert c = {.x = X509_new(), .key = EVP_EC_gen("P-256")};
    X509_NAME *name;
    int serial;

    ck_assert(c.x && c.key);
    ck_assert_int_eq(RAND_bytes((unsigned char *) &serial, sizeof serial), 1);
    name = X509_get_subject_name(c.x);
    X509_set_version(c.x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x), serial & 0x7fffffff);
    X509_gmtime_adj(X509_getm_notBefore(c.x), from);
    X509_gmtime_adj(X509_getm_notAfter(c.x), to);
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *) cn, -1, -1, 0), 1);
    X509_set_issuer_name(c.x, issuer ? X509_get_subject_name(issuer->x) : name);
    X509_set_pubkey(c.x, c.key);
    add_extension(c.x, issuer ? issuer->x : c.x, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (san)
        add_extension(c.x, issuer ? issuer->x : c.x, NID_subject_alt_name, san);
    ck_assert_int_gt(X509_sign(c.x, issuer ? issuer->key : c.key, EVP_sha256()), 0);
    return c;
}

void
certs_free(struct cert *c)
{
    X509_free(c->x);
    EVP_PKEY_free(c->key);
    *c = (struct cert){NULL, NULL};
}

static void
write_pem(const char *path, int flags, const struct cert *cert, const struct cert *key)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

    ck_assert_ptr_nonnull(f);
    if (cert)
        ck_assert_int_eq(PEM_write_X509(f, cert->x), 1);
    if (key)
        ck_assert_int_eq(PEM_write_PrivateKey(f, key->key, NULL, NULL, 0, NULL, NULL), 1);
    ck_assert_int_eq(fclose(f), 0);
}

void
certs_write(const char *path, const struct cert *cert, const struct cert *key)
{
    write_pem(path, O_TRUNC, cert, key);
}

void
certs_add(const char *path, const struct cert *cert)
{
    write_pem(path, O_APPEND, cert, NULL);
}

void
certs_fingerprint(const struct cert *c, bool sha1, char out[128])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int at;

    ck_assert_int_eq(X509_digest(c->x, sha1 ? EVP_sha1() : EVP_sha256(), md, &n), 1);
    at = snprintf(out, 128, "%s", sha1 ? "sha-1" : "sha-256");
    for (unsigned i = 0; i < n; i++)
        at += snprintf(out + at, 128 - (size_t) at, ":%02X", md[i]);
}

SSL_CTX *
certs_server(const struct cert *c, const struct cert *client_ca)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    ck_assert_ptr_nonnull(ctx);
    ck_assert_int_eq(SSL_CTX_use_certificate(ctx, c->x), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, c->key), 1);
    SSL_CTX_set_security_level(ctx, 0); /* of the server only: what the client refuses is tried */
    if (client_ca) {
        ck_assert_int_eq(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), client_ca->x), 1);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}
