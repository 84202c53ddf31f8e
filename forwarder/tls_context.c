/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls_context.c - files to an SSL_CTX; see the header.
 *
 * RFC 9662 asks for TLS 1.2 with ECDHE at least, prefers 1.3, drops static RSA
 * and forbids early data, which a client that resumes no session cannot send.
 * Whatever openssl.cnf says of the whole machine, this program does not go below
 * that.  kTLS is off: it would write records that our count does not see. */
#include "build.h"

#include "forwarder/tls_context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/file.h"
#include "parsers/when.h"

enum { FILE_MAX_BYTES = 4 << 20, CHAIN_MAX = 16 };

/* RFC 9662, 4: the first is the one that everybody must have. */
static const char ciphers[] = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE+AESGCM:ECDHE+CHACHA20";

/* --- dates and names ------------------------------------------------------------ */

void
tls_context_date(int64_t utc_ns, char *out, size_t size)
{
    time_t s = (time_t) (utc_ns / WHEN_SECOND);
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&s, &tm))
        strftime(out, size, "%Y-%m-%d %H:%M UTC", &tm);
}

static int64_t
utc_of(const ASN1_TIME *time)
{
    struct tm tm;

    if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
        return 0;
    return (int64_t) timegm(&tm) * WHEN_SECOND;
}

void
tls_context_subject(const X509_NAME *name, char *out, size_t size)
{
    BIO *mem = BIO_new(BIO_s_mem());
    int n = 0;

    if (mem && X509_NAME_print_ex(mem, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        n = BIO_read(mem, out, (int) size - 1);
    out[n > 0 ? n : 0] = '\0';
    BIO_free(mem);
}

void
tls_context_note(struct target_expiry *e, const X509 *cert, const char *what)
{
    const int64_t most = 21 * WHEN_DAY;
    int64_t begin = utc_of(X509_get0_notBefore(cert)), end = utc_of(X509_get0_notAfter(cert)), early;
    char subject[80];

    /* 99991231235959Z has no end (RFC 5280, 4.1.2.5), nor fits into 64 bits of
     * nanoseconds anything after 2262. */
    if (end <= 0 || (e->at && e->at <= end) || ASN1_TIME_cmp_time_t(X509_get0_notAfter(cert), INT64_C(9000000000)) > 0)
        return;
    early = end > begin && (end - begin) / 4 < most ? (end - begin) / 4 : most;
    tls_context_subject(X509_get_subject_name(cert), subject, sizeof subject);
    e->at = end;
    e->warn_at = end - early;
    snprintf(e->what, sizeof e->what, "%.150s (%s)", what, subject);
}

const char *
tls_context_trust(const struct config_target *tc)
{
    return tc->ca ? tc->ca : "the system's store of CAs";
}

/* --- files ------------------------------------------------------------------------ */

/* What OpenSSL has to say, in its words. */
static const char *
openssl_words(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *words = e ? ERR_reason_error_string(e) : NULL;

    return words ? words : "not what it should be";
}

/* The whole of a file in memory; NULL with words.  A 'secret' one must be its
 * owner's alone. */
static char *
read_file(EVP_MD_CTX *digest, const char *path, bool secret, size_t *n, char *err, size_t errlen)
{
    const struct file_want want = {.use = secret ? FILE_SECRET : FILE_TEXT, .what = "key", .most = FILE_MAX_BYTES,
                                   .shorten = "it must hold certificates or a key, and nothing else"};
    char *text = file_read(path, &want, n, err, errlen);

    if (text)
        EVP_DigestUpdate(digest, text, *n);
    return text;
}

/* All certificates of the PEM text are trusted, whether they are roots or not.
 * Which of them are in use only a connection shows: until then the one that ends
 * last is noted. */
static bool
trust(struct tls_context *c, const char *text, size_t n, char *err, size_t errlen)
{
    X509_STORE *store = SSL_CTX_get_cert_store(c->ctx);
    BIO *mem = BIO_new_mem_buf(text, (int) n);
    struct target_expiry last = {.at = 0};
    bool endless = false;
    unsigned count = 0;
    bool fine = true;
    X509 *cert;

    while (mem && fine && (cert = PEM_read_bio_X509(mem, NULL, NULL, NULL)) != NULL) {
        struct target_expiry e = {.at = 0};

        tls_context_note(&e, cert, c->tc->ca);
        endless |= e.at == 0;
        last = e.at > last.at ? e : last;
        fine = X509_STORE_add_cert(store, cert) == 1;
        X509_free(cert);
        count++;
    }
    BIO_free(mem);
    if (!endless && (c->expiry.at == 0 || last.at < c->expiry.at))
        c->expiry = last;
    if (!fine)
        snprintf(err, errlen, "%s: certificate %u: %s", c->tc->ca, count, openssl_words());
    else if (!count || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        snprintf(err, errlen, "%s: after %u certificates: %s; it must hold certificates of CAs in PEM form", c->tc->ca,
                 count, openssl_words());
    else
        return true;
    return false;
}

/* Those behind our certificate.  One that cannot be read is no end: without it
 * receivers would refuse ours for a reason that nobody finds. */
static bool
use_chain(struct tls_context *c, BIO *mem, char *err, size_t errlen)
{
    unsigned count = 1;
    bool fine = true;
    X509 *cert;

    while (fine && (cert = PEM_read_bio_X509(mem, NULL, NULL, NULL)) != NULL) {
        tls_context_note(&c->expiry, cert, c->tc->certificate);
        fine = ++count <= CHAIN_MAX && SSL_CTX_add1_chain_cert(c->ctx, cert) == 1;
        X509_free(cert);
    }
    if (count > CHAIN_MAX)
        snprintf(err, errlen, "%s holds more than %d certificates: leave those out that do not lead to its CA",
                 c->tc->certificate, CHAIN_MAX);
    else if (!fine || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        snprintf(err, errlen, "%s: certificate %u: %s; it must hold our certificate in PEM form, then those between it and"
                 " its CA", c->tc->certificate, fine ? count + 1 : count, openssl_words());
    else
        return true;
    return false;
}

/* The first certificate is ours, those behind it lead to the CA. */
static bool
use_certificate(struct tls_context *c, const char *text, size_t n, char *err, size_t errlen)
{
    BIO *mem = BIO_new_mem_buf(text, (int) n);
    X509 *cert = mem ? PEM_read_bio_X509(mem, NULL, NULL, NULL) : NULL;
    bool fine = cert && SSL_CTX_use_certificate(c->ctx, cert) == 1;

    if (!fine)
        snprintf(err, errlen, "%s: %s; it must hold our certificate in PEM form, then those between it and its CA",
                 c->tc->certificate, openssl_words());
    else
        tls_context_note(&c->expiry, cert, c->tc->certificate);
    X509_free(cert);
    fine = fine && use_chain(c, mem, err, errlen);
    BIO_free(mem);
    return fine;
}

/* No one is there to be asked. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
    (void) out;
    (void) size;
    (void) writing;
    *(bool *) arg = true;
    return -1;
}

static bool
use_key(struct tls_context *c, const char *text, size_t n, char *err, size_t errlen)
{
    bool locked = false, fine = false;
    BIO *mem = BIO_new_mem_buf(text, (int) n);
    EVP_PKEY *key = mem ? PEM_read_bio_PrivateKey(mem, NULL, no_passphrase, &locked) : NULL;

    if (locked)
        snprintf(err, errlen, "%s is locked with a passphrase, which a service cannot type: write it without one"
                 " (openssl pkey -in OLD -out NEW), mode 600", c->tc->key);
    else if (!key)
        snprintf(err, errlen, "%s: %s; it must hold the key of our certificate in PEM form", c->tc->key, openssl_words());
    else if (SSL_CTX_use_PrivateKey(c->ctx, key) != 1 || SSL_CTX_check_private_key(c->ctx) != 1)
        snprintf(err, errlen, "%s is not the key of the certificate in %s", c->tc->key, c->tc->certificate);
    else
        fine = true;
    EVP_PKEY_free(key);
    BIO_free(mem);
    return fine;
}

static bool
read_files(struct tls_context *c, EVP_MD_CTX *digest, char *err, size_t errlen)
{
    const struct config_target *tc = c->tc;
    char *text = NULL;
    size_t n = 0;
    bool fine = true;

    ERR_clear_error();
    if (tc->ca) {
        fine = (text = read_file(digest, tc->ca, false, &n, err, errlen)) && trust(c, text, n, err, errlen);
        file_wipe(text, n);
    } else if (!tc->n_pins && SSL_CTX_set_default_verify_paths(c->ctx) != 1) {
        snprintf(err, errlen, "the system's store of CAs: %s", openssl_words());
        fine = false;
    }
    ERR_clear_error();
    if (fine && tc->certificate) {
        text = read_file(digest, tc->certificate, false, &n, err, errlen);
        fine = text && use_certificate(c, text, n, err, errlen);
        if (fine && strcmp(tc->key, tc->certificate) == 0 && !memmem(text, n, "PRIVATE KEY-----", 16)) {
            snprintf(err, errlen, "%s holds no key: name the file of the key as key=\"...\"", tc->certificate);
            fine = false;
        }
        file_wipe(text, n);
        ERR_clear_error();
        text = NULL;
        fine = fine && (text = read_file(digest, tc->key, true, &n, err, errlen)) && use_key(c, text, n, err, errlen);
        file_wipe(text, n);
    }
    return fine;
}

bool
tls_context_digest(const struct config_target *tc, uint8_t out[32])
{
    const char *const files[] = {tc->ca, tc->certificate, tc->certificate ? tc->key : NULL};
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool fine = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    char unused[512];

    for (unsigned i = 0; fine && i < sizeof files / sizeof files[0]; i++) {
        size_t n = 0;
        char *text = files[i] ? read_file(digest, files[i], i == 2, &n, unused, sizeof unused) : NULL;

        fine = text || !files[i];
        file_wipe(text, n);
    }
    fine = fine && EVP_DigestFinal_ex(digest, out, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return fine;
}

/* --- the context ---------------------------------------------------------------------- */

static bool
set_up(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_KTLS | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(ctx, 2);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 && SSL_CTX_set_max_proto_version(ctx, 0) == 1
           && SSL_CTX_set_cipher_list(ctx, ciphers) == 1;
}

struct tls_context *
tls_context_new(const struct config_target *tc, char *err, size_t errlen)
{
    struct tls_context *c = calloc(1, sizeof *c);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool fine = false;

    if (c) {
        c->tc = tc;
        c->ctx = SSL_CTX_new(TLS_client_method());
    }
    if (!digest || !c || !c->ctx || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1 || !set_up(c->ctx))
        snprintf(err, errlen, "TLS cannot be set up: %s", openssl_words());
    else
        fine = read_files(c, digest, err, errlen) && EVP_DigestFinal_ex(digest, c->digest, NULL) == 1;
    EVP_MD_CTX_free(digest);
    if (fine)
        return c;
    tls_context_free(c);
    return NULL;
}

void
tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    free(c);
}
