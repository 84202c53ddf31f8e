/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls_words.c - one clear sentence for each way in which TLS fails; see the
 * header.  What peers wrote into certificates is shown in printable ASCII. */
#include "build.h"

#include "forwarder/tls_words.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/tls_context.h"
#include "parsers/when.h"

enum { NAMES_SHOWN = 8 };

/* --- the peer's certificate -------------------------------------------------------- */

static void
add_name(const GENERAL_NAME *g, char *out, size_t size)
{
    size_t n = strlen(out);
    const ASN1_STRING *s = g->type == GEN_DNS ? g->d.dNSName : g->type == GEN_IPADD ? g->d.iPAddress : NULL;
    const unsigned char *bytes = s ? ASN1_STRING_get0_data(s) : NULL;
    int length = s ? ASN1_STRING_length(s) : 0;
    const char *as = "";
    struct in6_addr any;
    char text[256];

    if (!s)
        return;
    if (g->type == GEN_DNS) {
        snprintf(text, sizeof text, "%.*s", length, (const char *) bytes);
        for (char *p = text; *p; p++)
            if (*p <= ' ' || *p > '~')
                *p = '?';
        if (inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1)
            as = " (written as a DNS name, not as an IP address)";
    } else if ((length != 4 && length != 16)
               || !inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text)) {
        return;
    }
    snprintf(out + n, size - n, "%s%.200s%.46s", n ? ", " : "", text, as);
}

/* The names that a certificate is for: "a.example.org, 192.0.2.7".  False when it
 * has none, which the words say. */
static bool
list_names(X509 *cert, char *out, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    char subject[100];
    int n = sk_GENERAL_NAME_num(names);

    out[0] = '\0';
    for (int i = 0; i < n && i < NAMES_SHOWN; i++)
        add_name(sk_GENERAL_NAME_value(names, i), out, size);
    if (n > NAMES_SHOWN)
        snprintf(out + strlen(out), size - strlen(out), " and %d more", n - NAMES_SHOWN);
    GENERAL_NAMES_free(names);
    if (out[0])
        return true;
    tls_context_subject(X509_get_subject_name(cert), subject, sizeof subject);
    snprintf(out, size, "no name at all (it has no subjectAltName; that of its subject, %s, does not count)", subject);
    return false;
}

static void
date_of(const ASN1_TIME *time, char *out, size_t size)
{
    struct tm tm;

    out[0] = '\0';
    if (time && ASN1_TIME_to_tm(time, &tm) == 1)
        tls_context_date((int64_t) timegm(&tm) * WHEN_SECOND, out, size);
}

void
tls_words_refused(const struct config_target *tc, X509_STORE_CTX *x, const char *name, char *out, size_t size)
{
    int why = X509_STORE_CTX_get_error(x), depth = X509_STORE_CTX_get_error_depth(x);
    X509 *cert = X509_STORE_CTX_get_current_cert(x);
    const char *whose = depth == 0 ? "the receiver's certificate" : "the certificate of its CA";
    const char *file = tls_context_trust(tc);
    const char *add = tc->ca ? "add its certificate there, if it is the right one" : "name a file with it as ca=";
    char subject[100] = "?", issuer[100] = "?", text[300], date[32];

    if (!cert)
        cert = X509_STORE_CTX_get0_cert(x);
    if (cert) {
        tls_context_subject(X509_get_subject_name(cert), subject, sizeof subject);
        tls_context_subject(X509_get_issuer_name(cert), issuer, sizeof issuer);
    }
    switch (why) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        date_of(cert ? X509_get0_notAfter(cert) : NULL, date, sizeof date);
        snprintf(out, size, "%s (%s, checked with %s) expired %s: have it renewed", whose, subject, file, date);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        date_of(cert ? X509_get0_notBefore(cert) : NULL, date, sizeof date);
        snprintf(out, size, "%s (%s, checked with %s) is valid only from %s on: compare the clocks", whose, subject, file,
                 date);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        if (cert && !list_names(cert, text, sizeof text))
            snprintf(out, size, "the receiver's certificate is for %s, not for %s: have one made with a subjectAltName, or"
                     " write fingerprint= without ca= at %s:%d", text, name, tc->place.file, tc->place.line);
        else
            snprintf(out, size, "the receiver's certificate is for %s, not for %s: mend address= at %s:%d, or write one of"
                     " its names as server-name=", cert ? text : "?", name, tc->place.file, tc->place.line);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        snprintf(out, size, "unknown CA: %s is signed by %s, which is not in %s: %s", whose, issuer, file, add);
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        snprintf(out, size, "unknown CA: the receiver's certificate leads to %s, which is not in %s: %s", subject, file,
                 add);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(out, size, "unknown CA: the receiver's certificate (%s) is signed by itself and not in %s: put it there, or"
                 " write its fingerprint=", subject, file);
        break;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        snprintf(out, size, "unknown CA: the one in %s has the right name (%s), but did not sign %s", file, issuer, whose);
        break;
    case X509_V_ERR_INVALID_PURPOSE:
        snprintf(out, size, "%s (%s, checked with %s) is not made for a TLS server: have one made with serverAuth among its"
                 " extended uses", whose, subject, file);
        break;
    default:
        snprintf(out, size, "%s (%s, checked with %s): %s", whose, subject, file, X509_verify_cert_error_string(why));
    }
}

void
tls_words_unpinned(const struct config_target *tc, const X509 *cert, char *out, size_t size)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char hex[3 * 32 + 1] = "";

    if (X509_digest(cert, EVP_sha256(), md, &n) == 1)
        for (unsigned i = 0; i < n && i < 32; i++)
            snprintf(hex + 3 * i - (i > 0), 4, i ? ":%02X" : "%02X", md[i]);
    snprintf(out, size, "the receiver's certificate is none of those pinned at %s:%d: its fingerprint is sha-256:%s",
             tc->place.file, tc->place.line, hex);
}

/* --- alerts and the like --------------------------------------------------------------- */

/* The peer does not want our certificate. */
static const char *
rejection(int reason)
{
    switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "unknown CA";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        return "revoked";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        return "bad certificate";
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        return "unsupported certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return "certificate unknown";
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        return "access denied";
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        return "decrypt error";
    default:
        return NULL;
    }
}

static void
say_certificate(const struct tls_words_state *s, const char *why, char *out, size_t size)
{
    if (s->tc->certificate)
        snprintf(out, size, "the receiver refuses our certificate %s (%s)", s->tc->certificate, why);
    else
        snprintf(out, size, "the receiver demands a certificate of ours (%s): add certificate= and key= at %s:%d",
                 why, s->tc->place.file, s->tc->place.line);
}

void
tls_words_failed(const struct tls_words_state *s, unsigned long error, char *out, size_t size)
{
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const char *file = s->tc->place.file, *words = ERR_reason_error_string(error);
    int line = s->tc->place.line;

    if (rejection(reason) && (s->asked || s->tc->certificate)) {
        say_certificate(s, rejection(reason), out, size);
        return;
    }
    switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        say_certificate(s, "certificate required", out, size);
        break;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        if (s->asked)
            say_certificate(s, "handshake failure", out, size);
        else
            snprintf(out, size,
                     "no shared cipher or version (alert handshake_failure): the receiver must take TLS 1.2 or 1.3 with ECDHE"
                     " and AES-GCM or ChaCha20 (RFC 9662), as %s:%d asks for", file, line);
        break;
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
        snprintf(out, size, "no shared version: the receiver speaks neither TLS 1.2 nor 1.3, and %s:%d takes nothing older",
                 file, line);
        break;
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
        snprintf(out, size, "no shared cipher: the receiver wants others than those of RFC 9662, which %s:%d asks for", file,
                 line);
        break;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        snprintf(out, size, "what answers does not speak TLS: look at the port, and at address= in %s:%d", file, line);
        break;
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
        snprintf(out, size, "the receiver does not know the name %s: mend server-name= or address= at %s:%d",
                 s->name ? s->name : "-", file, line);
        break;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        if (s->asked && !s->done)
            snprintf(out, size, "the receiver hung up in the handshake after it had asked for our certificate (%s)",
                     s->tc->certificate ? s->tc->certificate : "none is configured: certificate= and key=");
        else if (!s->done)
            snprintf(out, size, "the receiver hung up in the handshake: does it speak TLS at this port (%s:%d)?", file, line);
        else
            snprintf(out, size, "the receiver hung up without the end of TLS");
        break;
    default:
        if (reason > SSL_AD_REASON_OFFSET && s->asked)
            say_certificate(s, words ? words : "refused", out, size);
        else
            snprintf(out, size, "%s (%s:%d)", words ? words : "TLS failed", file, line);
    }
}
