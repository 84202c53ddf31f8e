/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_tls.c - whom the TLS client believes, what it says when it does not, and
 * its bytes as the layer of an ackstream.  The peer is OpenSSL in a thread, with
 * certificates made for the case; other peers are in tests/integration/tls.sh. */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/config_parts.h"
#include "forwarder/tls.h"
#include "parsers/when.h"
#include "tests/unit/certs.h"
#include "tests/unit/scratch.h"

enum { YEAR = 365 * 24 * 3600 };

/* --- the peer ------------------------------------------------------------------------ */

struct peer {
    int listener, fd;
    SSL_CTX *ctx; /* NULL: it speaks no TLS */
    const char *say; /* and says this; */
    bool hard;       /* or resets the connection */
    SSL *ssl;
    bool done; /* its handshake succeeded */
    pthread_t thread;
};

static char name_text[] = "siem", host_text[] = "127.0.0.1";
static struct config_target tc;
static struct config_address to;
static char dir[256], port_text[8], ca_path[256], own_path[256], other_path[256];
static struct cert ca, other_ca;

static void *
accept_one(void *arg)
{
    struct peer *p = arg;

    p->fd = accept(p->listener, NULL, NULL);
    if (p->fd < 0)
        return NULL;
    if (!p->ctx) {
        if (p->hard) {
            struct linger now = {.l_onoff = 1, .l_linger = 0};

            recv(p->fd, &(char){0}, 1, 0);
            setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
            close(p->fd);
            p->fd = -1;
            return NULL;
        }
        if (p->say && send(p->fd, p->say, strlen(p->say), MSG_NOSIGNAL) < 0)
            abort();
        return NULL;
    }
    p->ssl = SSL_new(p->ctx);
    SSL_set_fd(p->ssl, p->fd);
    p->done = SSL_accept(p->ssl) == 1;
    return NULL;
}

static int
dial_peer(struct peer *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd;

    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(p->listener, (struct sockaddr *) &a, n), 0);
    ck_assert_int_eq(listen(p->listener, 1), 0);
    ck_assert_int_eq(getsockname(p->listener, (struct sockaddr *) &a, &n), 0);
    snprintf(port_text, sizeof port_text, "%u", ntohs(a.sin_port));
    ck_assert_int_eq(pthread_create(&p->thread, NULL, accept_one, p), 0);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *) &a, n), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void
peer_end(struct peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    close(p->fd);
    close(p->listener);
}

static void
set_up(void)
{
    scratch_make(dir, sizeof dir);
    snprintf(ca_path, sizeof ca_path, "%.200s/ca.pem", dir);
    snprintf(own_path, sizeof own_path, "%.200s/own.pem", dir);
    snprintf(other_path, sizeof other_path, "%.200s/other.pem", dir);
    ca = certs_make("Test CA", NULL, -60, YEAR, NULL, true);
    other_ca = certs_make("Other CA", NULL, -60, YEAR, NULL, true);
    certs_write(ca_path, &ca, NULL);
    tc = (struct config_target){.place = {"test.xml", 7}, .name = name_text, .ca = ca_path};
    to = (struct config_address){.transport = TRANSPORT_TLS, .host = host_text, .port = port_text};
}

static void
tear_down(void)
{
    certs_free(&ca);
    certs_free(&other_ca);
    scratch_remove(dir);
}

/* Connects; "" or the message. */
static const char *
try(struct peer *p, struct tls **out)
{
    static char err[512];
    int fd = dial_peer(p), error = 0;
    struct tls_context *c;
    struct tls *t;

    err[0] = '\0';
    c = tls_context_new(&tc, err, sizeof err);
    ck_assert_msg(c != NULL, "%s", err);
    t = tls_connect(c, &to, fd, &error, err, sizeof err);
    tls_context_free(c);
    ck_assert(!t == (error < 0));
    if (out)
        *out = t;
    else
        tls_free(t);
    if (!out || !t)
        shutdown(fd, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    return t ? "" : err;
}

/* --- the receiver's certificate ---------------------------------------------------------- */

enum trust { BY_CA, PIN, PIN_SHA1, PIN_OTHER, CA_AND_PIN, CA_AND_PIN_OTHER };

static const struct {
    const char *san, *server_name;
    enum trust trust;
    enum {GOOD, SELF, OTHER_CA, EXPIRED, FUTURE, EXPIRED_CA} made;
    const char *message; /* NULL: it is believed */
} cases[] = {
    {"IP:127.0.0.1", NULL, BY_CA, GOOD, NULL},
    {"DNS:siem.example.org", "siem.example.org", BY_CA, GOOD, NULL},
    {"DNS:a.example.org,DNS:siem.example.org", "SIEM.example.org.", BY_CA, GOOD, NULL},
    {"DNS:*.example.org", "siem.example.org", BY_CA, GOOD, NULL},
    {"DNS:*.example.org", "a.siem.example.org", BY_CA, GOOD, "is for *.example.org, not for a.siem.example.org"},
    {"DNS:s*.example.org", "siem.example.org", BY_CA, GOOD, "is for s*.example.org, not for siem.example.org"},
    {"DNS:siem.*.org", "siem.example.org", BY_CA, GOOD, "not for siem.example.org"},
    {"IP:2001:db8::1", "2001:db8::1", BY_CA, GOOD, NULL},
    {"IP:2001:db8::1", "2001:db8::2", BY_CA, GOOD, "is for 2001:db8::1, not for 2001:db8::2"},
    {"DNS:127.0.0.1", NULL, BY_CA, GOOD, "is for 127.0.0.1 (written as a DNS name, not as an IP address), not for"},
    {"IP:127.0.0.2,DNS:x.example.org", NULL, BY_CA, GOOD, "is for 127.0.0.2, x.example.org, not for 127.0.0.1"},
    {"DNS:siem.example.org", ".example.org", BY_CA, GOOD, "\".example.org\" is no name to look for in a certificate"},
    {"DNS:siem.example.org", "%eth0", BY_CA, GOOD, "\"\" is no name to look for in a certificate"},
    {NULL, "peer", BY_CA, GOOD, "CN=peer, does not count), not for peer: have one made with a subjectAltName, or "
     "write fingerprint= without ca= at test.xml:7"},
    {"IP:127.0.0.1", NULL, BY_CA, SELF, "unknown CA: the receiver's certificate (CN=peer) is signed by itself and not in "},
    {"IP:127.0.0.1", NULL, BY_CA, OTHER_CA, "unknown CA: the receiver's certificate is signed by CN=Other CA, which is not in "},
    {"IP:127.0.0.1", NULL, BY_CA, EXPIRED, "the receiver's certificate (CN=peer, checked with "},
    {"IP:127.0.0.1", NULL, BY_CA, FUTURE, "is valid only from 20"},
    {"IP:127.0.0.1", NULL, BY_CA, EXPIRED_CA, "the certificate of its CA (CN=Old CA, checked with "},
    {"DNS:other", NULL, PIN, SELF, NULL},
    {"DNS:other", NULL, PIN, EXPIRED, NULL},
    {"DNS:other", NULL, PIN_SHA1, OTHER_CA, NULL},
    {"IP:127.0.0.1", NULL, PIN_OTHER, GOOD, "is none of those pinned at test.xml:7: its fingerprint is sha-256:"},
    {"IP:127.0.0.1", NULL, CA_AND_PIN, GOOD, NULL},
    {"IP:127.0.0.1", NULL, CA_AND_PIN_OTHER, GOOD, "is none of those pinned"},
    {"DNS:other", NULL, CA_AND_PIN, GOOD, "is for other, not for 127.0.0.1"},
    {"IP:127.0.0.1", NULL, CA_AND_PIN, OTHER_CA, "unknown CA"},
    {"IP:127.0.0.1", NULL, CA_AND_PIN, EXPIRED, "expired 20"},
};

static void
pin(const struct cert *c, bool sha1)
{
    char text[128];

    certs_fingerprint(c, sha1, text);
    ck_assert(config_pin(text, &tc.pins[tc.n_pins++]));
}

START_TEST(receiver)
{
    struct cert old = certs_make("Old CA", NULL, -2 * YEAR, -YEAR, NULL, true);
    struct cert c = certs_make("peer", cases[_i].san, cases[_i].made == EXPIRED ? -YEAR : cases[_i].made == FUTURE ? YEAR : -60,
                               cases[_i].made == EXPIRED ? -3600 : 2 * YEAR,
                               cases[_i].made == SELF         ? NULL
                               : cases[_i].made == OTHER_CA   ? &other_ca
                               : cases[_i].made == EXPIRED_CA ? &old
                                                              : &ca,
                               false);
    struct peer p = {.ctx = certs_server(&c, NULL)};
    char server_name[64];
    const char *said;

    if (cases[_i].made == EXPIRED_CA)
        certs_add(ca_path, &old);
    snprintf(server_name, sizeof server_name, "%s", cases[_i].server_name ? cases[_i].server_name : "");
    tc.server_name = server_name[0] ? server_name : NULL;
    if (cases[_i].trust == PIN_OTHER || cases[_i].trust == CA_AND_PIN_OTHER)
        pin(&ca, false);
    else if (cases[_i].trust != BY_CA)
        pin(&ca, false), pin(&c, cases[_i].trust == PIN_SHA1); /* any of several */
    if (cases[_i].trust == PIN || cases[_i].trust == PIN_SHA1 || cases[_i].trust == PIN_OTHER)
        tc.ca = NULL;
    said = try(&p, NULL);
    if (cases[_i].message) {
        ck_assert_msg(strstr(said, cases[_i].message) != NULL, "it says: %s", said);
        ck_assert_msg(strncmp(said, "tls:127.0.0.1:", 14) == 0, "it says: %s", said);
        ck_assert(!p.done || SSL_version(p.ssl) == TLS1_3_VERSION);
        if (cases[_i].made != GOOD && cases[_i].trust == BY_CA)
            ck_assert_msg(strstr(said, ca_path) != NULL, "no file in: %s", said);
    } else {
        ck_assert_str_eq(said, "");
    }
    peer_end(&p);
    certs_free(&c);
    certs_free(&old);
}
END_TEST

/* --- ours --------------------------------------------------------------------------------- */

/* Both versions: in 1.3 the refusal comes after our handshake. */
START_TEST(demanded)
{
    static const char *const said[] = {"): add certificate= and key= at test.xml:7",
                                       "the receiver refuses our certificate ", ""};
    struct cert c = certs_make("peer", "IP:127.0.0.1", -60, YEAR, &ca, false);
    struct cert mine = certs_make("me", NULL, -60, YEAR, _i / 2 == 1 ? &other_ca : &ca, false);
    struct peer p = {.ctx = certs_server(&c, &ca)};
    const char *words;

    SSL_CTX_set_max_proto_version(p.ctx, _i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
    if (_i / 2) {
        certs_write(own_path, &mine, &mine);
        tc.certificate = tc.key = own_path;
    }
    words = try(&p, NULL);
    if (_i / 2 < 2)
        ck_assert_msg(strstr(words, said[_i / 2]) != NULL, "it says: %s", words);
    else
        ck_assert_str_eq(words, "");
    if (_i / 2 == 1)
        ck_assert_msg(strstr(words, own_path) && strstr(words, "unknown CA"), "it says: %s", words);
    ck_assert_int_eq(p.done, _i / 2 == 2);
    peer_end(&p);
    certs_free(&c);
    certs_free(&mine);
}
END_TEST

static const struct {
    const char *what, *message;
} broken[] = {
    {"mode", "can be read by others than its owner (mode 640): chmod 600 it"},
    {"other key", "is not the key of the certificate in "},
    {"no certificate", "it must hold our certificate in PEM form"},
    {"no key", "it must hold the key of our certificate in PEM form"},
    {"missing", "cannot read "},
    {"chain", "certificate 2: "},
    {"ca junk", "it must hold certificates of CAs in PEM form"},
    {"ca empty", "after 0 certificates"},
    {"locked", "is locked with a passphrase"},
};

START_TEST(files)
{
    struct cert mine = certs_make("me", NULL, -60, YEAR, &ca, false), other = certs_make("me", NULL, -60, YEAR, &ca, false);
    const char *what = broken[_i].what;
    struct tls_context *c;
    char err[1024];
    FILE *f;

    tc.certificate = own_path;
    tc.key = other_path;
    certs_write(own_path, &mine, NULL);
    certs_write(other_path, NULL, strcmp(what, "other key") == 0 ? &other : &mine);
    c = tls_context_new(&tc, err, sizeof err);
    ck_assert(!c == (strcmp(what, "other key") == 0));
    tls_context_free(c);
    if (strcmp(what, "mode") == 0)
        chmod(other_path, 0640);
    if (strcmp(what, "no certificate") == 0)
        certs_write(own_path, NULL, &mine);
    if (strcmp(what, "no key") == 0)
        certs_write(other_path, &mine, NULL);
    if (strcmp(what, "missing") == 0)
        unlink(other_path);
    if (strncmp(what, "ca ", 3) == 0 || strcmp(what, "chain") == 0) {
        f = fopen(what[1] == 'a' ? ca_path : own_path, what[1] == 'a' ? "w" : "a");
        if (strcmp(what, "ca empty") != 0)
            fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
        fclose(f);
    }
    if (strcmp(what, "locked") == 0) {
        f = fopen(other_path, "w");
        ck_assert_int_eq(PEM_write_PKCS8PrivateKey(f, mine.key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
        fclose(f);
    }
    c = tls_context_new(&tc, err, sizeof err);
    ck_assert_ptr_null(c);
    ck_assert_msg(strstr(err, broken[_i].message) != NULL, "it says: %s", err);
    ck_assert_msg(strstr(err, strncmp(what, "ca ", 3) == 0                                       ? ca_path
                              : strcmp(what, "chain") == 0 || strcmp(what, "no certificate") == 0 ? own_path
                                                                                                  : other_path) != NULL,
                  "no file in: %s", err);
    certs_free(&mine);
    certs_free(&other);
}
END_TEST

/* The one that ends first is told, early enough for its length of life. */
START_TEST(expiry)
{
    enum { DAY = 24 * 3600 };
    static const struct {
        long from, to, warn; /* days */
    } lives[] = {{-60, 30, 21}, {-1, 7, 2}, {-300, 65, 21}, {-20, -1, 4}};
    struct cert mine = certs_make("me", NULL, lives[_i].from * DAY, lives[_i].to * DAY, &ca, false);
    struct target_expiry e = {.at = 0};
    int64_t early;

    tls_context_note(&e, ca.x, "ca.pem");
    tls_context_note(&e, mine.x, "own.pem");
    tls_context_note(&e, ca.x, "ca.pem");
    ck_assert_str_eq(e.what, "own.pem (CN=me)");
    early = (e.at - e.warn_at) / WHEN_DAY;
    ck_assert_int_eq(early, lives[_i].warn);
    certs_free(&mine);
}
END_TEST

/* --- versions, ciphers and those who speak no TLS ------------------------------------------- */

START_TEST(common_ground)
{
    static const struct {
        int least, most;
        const char *ciphers, *message;
    } grounds[] = {
        {0, TLS1_1_VERSION, "ALL:@SECLEVEL=0", "no shared version"},
        {0, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA", "no shared cipher"},
        {0, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL},
        {0, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", NULL},
        {TLS1_3_VERSION, 0, NULL, NULL},
    };
    struct cert c = certs_make("peer", "IP:127.0.0.1", -60, YEAR, &ca, false);
    struct peer p = {.ctx = certs_server(&c, NULL)};
    const char *said;

    SSL_CTX_set_min_proto_version(p.ctx, grounds[_i].least);
    SSL_CTX_set_max_proto_version(p.ctx, grounds[_i].most);
    if (grounds[_i].ciphers)
        ck_assert_int_eq(SSL_CTX_set_cipher_list(p.ctx, grounds[_i].ciphers), 1);
    said = try(&p, NULL);
    if (grounds[_i].message)
        ck_assert_msg(strstr(said, grounds[_i].message) && strstr(said, "test.xml:7"), "it says: %s", said);
    else
        ck_assert_str_eq(said, "");
    peer_end(&p);
    certs_free(&c);
}
END_TEST

START_TEST(no_tls)
{
    static const char *const words[] = {"does not speak TLS", "no answer to the TLS handshake",
                                        "the receiver hung up in the handshake"};
    struct peer p = {.say = _i ? "" : "220 mail.example.org ESMTP\r\n", .hard = _i == 2};
    const char *said = try(&p, NULL);

    ck_assert_msg(strstr(said, words[_i]) != NULL, "it says: %s", said);
    ck_assert_ptr_nonnull(strstr(said, "test.xml:7"));
    peer_end(&p);
}
END_TEST

/* --- as a layer ------------------------------------------------------------------------------- */

enum { FRAMES = 6000 };

static size_t
size_of(unsigned i)
{
    return 1 + i * 2654435761u % 7999;
}

/* Reads all frames, asks for new keys on the way, and answers the end. */
static void *
read_frames(void *arg)
{
    static char buffer[8000];
    struct peer *p = arg;

    for (unsigned i = 1; i <= FRAMES; i++) {
        size_t n = 0, got;

        for (; n < size_of(i); n += got)
            if (SSL_read_ex(p->ssl, buffer + n, size_of(i) - n, &got) != 1)
                return arg;
        for (size_t k = 0; k < n; k++)
            if (buffer[k] != (char) i)
                return arg;
        if (i % 500 == 0 && SSL_version(p->ssl) == TLS1_3_VERSION
            && (SSL_key_update(p->ssl, SSL_KEY_UPDATE_REQUESTED) != 1 || SSL_do_handshake(p->ssl) != 1
                || SSL_new_session_ticket(p->ssl) != 1))
            return arg;
    }
    if (SSL_read(p->ssl, buffer, 1) != 0 || SSL_get_error(p->ssl, 0) != SSL_ERROR_ZERO_RETURN) /* close_notify */
        return arg;
    SSL_shutdown(p->ssl);
    shutdown(p->fd, SHUT_WR);
    return NULL;
}

/* With the kernel's exact count and without, TLS 1.3 and 1.2. */
START_TEST(frames_arrive_whole)
{
    struct cert c = certs_make("peer", "IP:127.0.0.1", -60, YEAR, &ca, false);
    struct peer p = {.ctx = certs_server(&c, NULL)};
    struct tls_context *context;
    struct ackstream s;
    pthread_t reader;
    struct tls *t;
    char err[512];
    int error;
    void *bad;

    SSL_CTX_set_max_proto_version(p.ctx, _i / 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
    context = tls_context_new(&tc, err, sizeof err);
    ck_assert(ackstream_init(&s));
    ackstream_start(&s, dial_peer(&p));
    s.exact = s.exact && _i % 2;
    t = tls_connect(context, &to, s.fd, &error, err, sizeof err);
    ck_assert_msg(t != NULL, "%s", err);
    tls_context_free(context);
    ackstream_layer(&s, &tls_layer, t);
    ck_assert_int_eq(pthread_join(p.thread, NULL), 0);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_frames, &p), 0);
    for (unsigned i = 1; i <= FRAMES; i++) {
        char *room;

        while (!(room = ackstream_room(&s, size_of(i)))) {
            ck_assert_int_eq(ackstream_settle(&s, 100), 0);
            ck_assert_uint_lt(s.safe, i);
        }
        memset(room, (char) i, size_of(i));
        ck_assert_msg(ackstream_put(&s, size_of(i), i) == 0, "frame %u: %s", i, tls_words(t));
    }
    for (unsigned k = 0; !ackstream_is_settled(&s) && k < 1000; k++)
        ck_assert_int_eq(ackstream_settle(&s, 100), 0);
    ck_assert_uint_eq(s.safe, FRAMES);
    ck_assert_uint_eq(s.open, 0);
    ackstream_end(&s, 5000);
    ck_assert_int_eq(pthread_join(reader, &bad), 0);
    ck_assert_ptr_null(bad);
    ck_assert_uint_eq(ackstream_stop(&s), 0);
    tls_free(t);
    ackstream_fini(&s);
    peer_end(&p);
    certs_free(&c);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("tls");
    TCase *who = tcase_create("who"), *bytes = tcase_create("bytes");
    SRunner *sr;
    int failed;

    signal(SIGPIPE, SIG_IGN); /* the peer's own */
    tcase_set_timeout(who, 60);
    tcase_set_timeout(bytes, 60);
    tcase_add_checked_fixture(who, set_up, tear_down);
    tcase_add_loop_test(who, receiver, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(who, demanded, 0, 6);
    tcase_add_loop_test(who, files, 0, sizeof broken / sizeof broken[0]);
    tcase_add_loop_test(who, expiry, 0, 4);
    tcase_add_loop_test(who, common_ground, 0, 5);
    tcase_add_loop_test(who, no_tls, 0, 3);
    suite_add_tcase(s, who);
    tcase_add_checked_fixture(bytes, set_up, tear_down);
    tcase_add_loop_test(bytes, frames_arrive_whole, 0, 4);
    suite_add_tcase(s, bytes);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
