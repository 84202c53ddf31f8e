/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls.c - a TLS client on one non-blocking socket; see the header.
 *
 * The socket is read and written by functions of our own (a BIO_METHOD), which
 * count what the kernel took: that count beside the count of plain bytes tells
 * ackstream.c which frames an acknowledgement covers.
 *
 * In TLS 1.3 our handshake is over before the peer has looked at our certificate.
 * Where it asked for one, its next words (session tickets, or the alert that
 * refuses us) are waited for, so that no message goes to a peer that is about to
 * throw it away. */
#include "build.h"

#include "forwarder/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"
#include "forwarder/tls_words.h"

enum {
    RECORD = 16384,    /* plain bytes that one record holds */
    VERDICT_MS = 1000, /* for the peer's first words after it has our certificate */
    QUIET_MS = 100,    /* and for more of them */
    NAME_MAX_BYTES = 256
};

struct tls {
    SSL *ssl;
    int fd;
    uint64_t out, in; /* bytes on the wire, both ways */
    bool pending;     /* a record is partly written */
    struct tls_words_state state;
    char name[NAME_MAX_BYTES]; /* that the peer's certificate must have */
    bool numeric;
    char why[TLS_WORDS];
    struct target_expiry expiry;
};

/* --- the socket ------------------------------------------------------------------- */

static int
socket_write(BIO *bio, const char *p, int n)
{
    struct tls *t = BIO_get_data(bio);
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = send(t->fd, p, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (done < 0 && errno == EINTR);
    if (done > 0)
        t->out += (uint64_t) done;
    else if (errno == EAGAIN)
        BIO_set_retry_write(bio);
    return (int) done;
}

static int
socket_read(BIO *bio, char *p, int n)
{
    struct tls *t = BIO_get_data(bio);
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = recv(t->fd, p, (size_t) n, MSG_DONTWAIT);
    while (done < 0 && errno == EINTR);
    if (done > 0)
        t->in += (uint64_t) done;
    else if (done == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    else if (errno == EAGAIN)
        BIO_set_retry_read(bio);
    return (int) done;
}

static long
socket_ctrl(BIO *bio, int what, long n, void *p)
{
    (void) n;
    (void) p;
    if (what == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return what == BIO_CTRL_FLUSH;
}

static BIO *
socket_bio(struct tls *t)
{
    static BIO_METHOD *method;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    BIO *bio;

    pthread_mutex_lock(&lock);
    if (!method && (method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "truecause")) != NULL) {
        BIO_meth_set_write(method, socket_write);
        BIO_meth_set_read(method, socket_read);
        BIO_meth_set_ctrl(method, socket_ctrl);
    }
    pthread_mutex_unlock(&lock);
    if (!method || !(bio = BIO_new(method)))
        return NULL;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    return bio;
}

/* --- who the peer is ---------------------------------------------------------------- */

static bool
is_pinned(const struct config_target *tc, const X509 *cert)
{
    for (unsigned i = 0; cert && i < tc->n_pins; i++) {
        const EVP_MD *kind = tc->pins[i].sha1 ? EVP_sha1() : EVP_sha256();
        unsigned char md[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (X509_digest(cert, kind, md, &n) == 1 && n == (tc->pins[i].sha1 ? 20 : 32)
            && memcmp(md, tc->pins[i].bytes, n) == 0)
            return true;
    }
    return false;
}

/* OpenSSL's question in the handshake: 1 when this is the receiver. */
static int
verify(X509_STORE_CTX *x, void *arg)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = ssl ? SSL_get_app_data(ssl) : NULL;
    const struct config_target *tc = arg;

    if (!t)
        return 0;
    if (tc->n_pins && !is_pinned(tc, X509_STORE_CTX_get0_cert(x))) {
        tls_words_unpinned(tc, X509_STORE_CTX_get0_cert(x), t->why, sizeof t->why);
        X509_STORE_CTX_set_error(x, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    if (tc->n_pins && !tc->ca)
        return 1;
    if (X509_verify_cert(x) == 1)
        return 1;
    tls_words_refused(tc, x, t->name, t->why, sizeof t->why);
    return 0;
}

static bool
is_numeric(const char *host)
{
    struct in6_addr any;

    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

/* The name to ask for and to check: as dNSName, or iPAddress where it is one.
 * A wildcard stands for the whole of the left-most label (RFC 5425, 5.2, RFC
 * 9525, 6.3); the common name of the subject does not count. */
static bool
expect_name(struct tls *t, const char *host)
{
    const struct config_target *tc = t->state.tc;
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    size_t n;

    snprintf(t->name, sizeof t->name, "%s", tc->server_name ? tc->server_name : host);
    t->name[strcspn(t->name, "%")] = '\0'; /* fe80::1%eth0 */
    n = strlen(t->name);
    if (n > 1 && t->name[n - 1] == '.')
        t->name[n - 1] = '\0';
    /* No name would mean that any is right, and a dot first whatever ends so. */
    if (!t->name[0] || t->name[0] == '.')
        return false;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_numeric(t->name))
        return X509_VERIFY_PARAM_set1_ip_asc(param, t->name) == 1;
    t->state.name = t->name;
    return X509_VERIFY_PARAM_set1_host(param, t->name, 0) == 1 && SSL_set_tlsext_host_name(t->ssl, t->name) == 1;
}

static void
note_chain(struct tls *t)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(t->ssl);
    X509 *cert = SSL_get0_peer_certificate(t->ssl);

    if (cert)
        tls_context_note(&t->expiry, cert, "the receiver's certificate");
    for (int i = 1; i < sk_X509_num(chain); i++)
        tls_context_note(&t->expiry, sk_X509_value(chain, i), "the CA of the receiver's certificate");
}

/* --- the handshake ------------------------------------------------------------------------ */

/* Whether the peer wants our certificate. */
static void
note_message(int sent, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
    struct tls *t = arg;

    (void) version;
    (void) ssl;
    if (!sent && type == SSL3_RT_HANDSHAKE && n > 0)
        t->state.asked |= *(const unsigned char *) bytes == SSL3_MT_CERTIFICATE_REQUEST;
}

/* What a call that returned 'r' means: negative errno; -EAGAIN and -EINPROGRESS
 * are no failures but wait for room and for the peer.  Words are kept where
 * verify() has none. */
static int
result(struct tls *t, int r)
{
    int saved = errno;
    unsigned long error = ERR_peek_error();

    switch (SSL_get_error(t->ssl, r)) {
    case SSL_ERROR_WANT_WRITE:
        return -EAGAIN;
    case SSL_ERROR_WANT_READ:
        return -EINPROGRESS;
    case SSL_ERROR_ZERO_RETURN:
        return -EPIPE;
    case SSL_ERROR_SYSCALL:
        return saved ? -saved : -EPIPE;
    default:
        if (t->state.done && ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return -EPIPE;
        if (!t->why[0])
            tls_words_failed(&t->state, error, t->why, sizeof t->why);
        ERR_clear_error();
        return -EPROTO;
    }
}

/* Waits for what 'r' wants; false when the time is over. */
static bool
wait_for(struct tls *t, int r, int64_t deadline)
{
    struct pollfd ready = {.fd = t->fd, .events = r == -EAGAIN ? POLLOUT : POLLIN};
    int64_t left = (deadline - clock_monotonic()) / CLOCK_MS;

    return left > 0 && poll(&ready, 1, (int) left) != 0;
}

/* Many a peer closes the connection where it should send an alert. */
static void
say_hung_up(struct tls *t, int r)
{
    if (!t->why[0] && (r == -EPIPE || r == -ECONNRESET))
        tls_words_failed(&t->state, ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNEXPECTED_EOF_WHILE_READING), t->why, sizeof t->why);
}

static int
shake_hands(struct tls *t)
{
    int64_t deadline = clock_monotonic() + TLS_HANDSHAKE_MS * CLOCK_MS;
    int r;

    for (;;) {
        ERR_clear_error();
        errno = 0;
        if ((r = SSL_connect(t->ssl)) == 1)
            return 0;
        r = result(t, r);
        if (r != -EAGAIN && r != -EINPROGRESS)
            break;
        if (!wait_for(t, r, deadline)) {
            snprintf(t->why, sizeof t->why, "no answer to the TLS handshake in %d s: does the receiver speak TLS at this port"
                     " (%s:%d)?", TLS_HANDSHAKE_MS / 1000, t->state.tc->place.file, t->state.tc->place.line);
            return -ETIMEDOUT;
        }
    }
    say_hung_up(t, r);
    return r;
}

/* The end of the connection, seen past what cannot be read yet. */
static ssize_t
peek_end(const struct tls *t)
{
    struct pollfd gone = {.fd = t->fd, .events = POLLRDHUP};
    char byte;
    ssize_t r = recv(t->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

    if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR))
        return r == 0 ? 0 : -errno;
    return poll(&gone, 1, 0) == 1 ? 0 : -EBUSY;
}

static ssize_t
tls_read(void *arg, char *p, size_t n)
{
    struct tls *t = arg;
    size_t done = 0;
    int r;

    /* What is read may have to be answered (KeyUpdate, RFC 8446, 4.6.3), and OpenSSL
     * fails when that answer meets a record that is half written. */
    if (t->pending)
        return peek_end(t);
    ERR_clear_error();
    errno = 0;
    if ((r = SSL_read_ex(t->ssl, p, n, &done)) == 1)
        return (ssize_t) done;
    r = result(t, r);
    return r == -EPIPE ? 0 : r == -EINPROGRESS ? -EAGAIN : r;
}

/* TLS 1.3: waits for what the peer says to our certificate.  Some look at it only
 * after their first words: those are followed by a moment of silence. */
static int
await_verdict(struct tls *t)
{
    int64_t now = clock_monotonic(), end = now + 2 * VERDICT_MS * CLOCK_MS, until = now + VERDICT_MS * CLOCK_MS;
    uint64_t before = t->in;
    char unused[1024];
    ssize_t r;

    while (((r = tls_read(t, unused, sizeof unused)) > 0 || r == -EAGAIN) && (now = clock_monotonic()) < end) {
        if (t->in != before)
            until = now + QUIET_MS * CLOCK_MS < end ? now + QUIET_MS * CLOCK_MS : end;
        before = t->in;
        if (r == -EAGAIN && !wait_for(t, -EINPROGRESS, until))
            break;
    }
    if (r > 0 || r == -EAGAIN)
        return 0;
    r = r == 0 ? -EPIPE : r;
    say_hung_up(t, (int) r);
    return (int) r;
}

static struct tls *
make(const struct tls_context *c, const struct config_address *to, int fd)
{
    struct tls *t = calloc(1, sizeof *t);
    BIO *bio;

    if (!t || !(t->ssl = SSL_new(c->ctx)) || !(bio = socket_bio(t))) {
        tls_free(t);
        return NULL;
    }
    t->fd = fd;
    t->state.tc = c->tc;
    t->expiry = c->expiry;
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_app_data(t->ssl, t);
    SSL_set_msg_callback(t->ssl, note_message);
    SSL_set_msg_callback_arg(t->ssl, t);
    SSL_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c->ctx, verify, (void *) (uintptr_t) c->tc);
    if (!expect_name(t, to->host))
        snprintf(t->why, sizeof t->why, "\"%.100s\" is no name to look for in a certificate: mend server-name= at %s:%d",
                 t->name, c->tc->place.file, c->tc->place.line);
    return t;
}

struct tls *
tls_connect(const struct tls_context *c, const struct config_address *to, int fd, int *error, char *err, size_t errlen)
{
    struct tls *t = make(c, to, fd);
    int r = t ? -EINVAL : -ENOMEM, n;

    if (t && !t->why[0]) {
        r = shake_hands(t);
        if (r == 0)
            note_chain(t);
        if (r == 0 && t->state.asked && SSL_version(t->ssl) >= TLS1_3_VERSION)
            r = await_verdict(t);
        t->state.done = r == 0;
        SSL_set_msg_callback(t->ssl, NULL);
    }
    if (r == 0)
        return t;
    n = dial_name(to, err, errlen);
    snprintf(err + n, errlen - (size_t) n, ": %s", t && t->why[0] ? t->why : strerror(-r));
    *error = r;
    tls_free(t);
    return NULL;
}

void
tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t);
}

/* --- the layer of a stream -------------------------------------------------------------------- */

static ssize_t
tls_write(void *arg, const char *p, size_t n)
{
    struct tls *t = arg;
    size_t done = 0;
    int r;

    ERR_clear_error();
    errno = 0;
    r = SSL_write_ex(t->ssl, p, n < RECORD ? n : RECORD, &done);
    r = r == 1 ? 0 : result(t, r);
    t->pending = r == -EAGAIN;
    return r == 0 ? (ssize_t) done : r;
}

static uint64_t
tls_wire(void *arg)
{
    return ((const struct tls *) arg)->out;
}

/* close_notify; it waits for nothing. */
static void
tls_end(void *arg)
{
    struct tls *t = arg;

    ERR_clear_error();
    SSL_shutdown(t->ssl);
    ERR_clear_error();
}

const struct ackstream_layer tls_layer = {.write = tls_write, .read = tls_read, .wire = tls_wire, .end = tls_end};

const char *
tls_words(const struct tls *t)
{
    return t->why;
}

void
tls_describe(const struct tls *t, char *out, size_t size)
{
    snprintf(out, size, "%s, %s", SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
}

const struct target_expiry *
tls_expiry(const struct tls *t)
{
    return &t->expiry;
}
