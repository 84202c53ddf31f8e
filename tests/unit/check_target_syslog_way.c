/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_syslog_way.c - which of its addresses a syslog target uses, when it
 * leaves one for another, what it does when the files of TLS are replaced, and the
 * frames of receivers that count no octets. */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/target_syslog.h"
#include "tests/unit/certs.h"
#include "tests/unit/scratch.h"

enum { DAY = 24 * 3600, WAIT_MS = 30000 };

static struct config config = {.enterprise_oid = (char[]){"1.3.6.1.4.1.32473.109"}, .pen = 32473};
static char ports[2][8], host[] = "127.0.0.1", name[] = "siem", type[] = "syslog";
static char dir[256], ca_path[512], own_path[512];
static struct config_target tc;
static struct alarm_item alarm_item = {
    .id = "0123456789abcdef0123456789abcdef",
    .key = {"dist:ANFIELD:DOG0005D", 21},
    .cls = CLASS_FILE_CONTENTION,
    .severity = SEVERITY_MINOR,
    .summary = {"DOG0005D not on ANFIELD: file in use", 36},
};
static struct item item = {.kind = ITEM_ALARM, .alarm = &alarm_item};

static void
set_up(void)
{
    scratch_make(dir, sizeof dir);
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
    snprintf(own_path, sizeof own_path, "%s/own.pem", dir);
    tc = (struct config_target){
        .place = {"test.xml", 1},
        .name = name,
        .type = type,
        .addresses = {{TRANSPORT_TCP, host, ports[0]}, {TRANSPORT_TCP, host, ports[1]}},
        .n_addresses = 2,
        .facility = 16,
    };
}

static void
tear_down(void)
{
    scratch_remove(dir);
}

/* A socket at address 'which' that refuses everybody until it listens. */
static int
bind_at(unsigned which)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &a, &len), 0);
    snprintf(ports[which], sizeof ports[which], "%u", ntohs(a.sin_port));
    return fd;
}

static int
listen_at(unsigned which)
{
    int fd = bind_at(which);

    ck_assert_int_eq(listen(fd, 5), 0);
    return fd;
}

static struct target *
open_target(void)
{
    char err[512] = "";
    struct target *t = target_syslog_class.open(&config, &tc, err, sizeof err);

    ck_assert_msg(t != NULL, "%s", err);
    return t;
}

static int
send_one(struct target *t, uint64_t seq)
{
    struct target_item ti = {.seq = seq, .target_seq = seq, .item = &item};

    return target_syslog_class.send(t, &ti);
}

static bool
waits(int listener, int ms)
{
    return poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, ms) == 1;
}

/* Settles until somebody knocks at 'listener', as an idle worker does. */
static void
settle_until_knock(struct target *t, int listener)
{
    uint64_t safe;

    for (int ms = 0; !waits(listener, 0); ms += 10) {
        ck_assert_int_lt(ms, WAIT_MS);
        ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0);
        poll(NULL, 0, 10);
    }
}

/* --- addresses ------------------------------------------------------------------------ */

START_TEST(next_one_when_one_refuses)
{
    int first = bind_at(0), second = listen_at(1);
    struct target *t;

    t = open_target();
    ck_assert_int_eq(send_one(t, 1), 0);
    ck_assert(waits(second, WAIT_MS));
    ck_assert_uint_eq(t->address, 1);
    ck_assert_int_eq(target_flush(t, WAIT_MS), 0);
    target_syslog_class.close(t);
    close(second);
    second = bind_at(1);
    t = open_target();
    ck_assert_int_eq(send_one(t, 1), -ECONNREFUSED);
    ck_assert_msg(strstr(t->error, ports[0]) && strstr(t->error, ports[1]), "not both in: %s", t->error);
    target_syslog_class.close(t);
    close(first);
    close(second);
}
END_TEST

START_TEST(back_to_the_preferred_one)
{
    int first = bind_at(0), second = listen_at(1), there;
    struct target *t;

    t = open_target();
    target_syslog_hurry(t, 20);
    ck_assert_int_eq(send_one(t, 1), 0);
    there = accept(second, NULL, NULL);
    ck_assert_int_eq(target_flush(t, WAIT_MS), 0);
    for (int i = 0; i < 5; i++) { /* it does not answer yet: the backup stays */
        uint64_t safe;

        poll(NULL, 0, 20);
        ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0);
    }
    ck_assert_uint_eq(t->address, 1);
    ck_assert_int_eq(listen(first, 5), 0);
    settle_until_knock(t, first);
    close(accept(first, NULL, NULL)); /* it had only asked whether anybody is there */
    ck_assert_int_eq(send_one(t, 2), 0);
    ck_assert(waits(first, WAIT_MS));
    ck_assert_uint_eq(t->address, 0);
    close(accept(first, NULL, NULL));
    target_syslog_class.close(t);
    close(there);
    close(first);
    close(second);
}
END_TEST

/* Resets the connection; 'deaf': what was sent was never acknowledged. */
static void
hang_up(int fd, bool deaf)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &drop};

    if (deaf)
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* Somebody who listens, takes nothing and hangs up is no answer; one who took
 * something is asked again first. */
START_TEST(next_one_after_nothing_was_taken)
{
    int first = listen_at(0), second = listen_at(1), fd;
    struct target *t = open_target();

    ck_assert_int_eq(send_one(t, 1), 0); /* connects; nothing is written yet */
    ck_assert_int_ge(fd = accept(first, NULL, NULL), 0);
    if (_i)
        ck_assert_int_eq(target_flush(t, WAIT_MS), 0);
    if (_i)
        ck_assert_int_eq(send_one(t, 2), 0);
    hang_up(fd, true);
    ck_assert_int_lt(target_flush(t, WAIT_MS), 0);
    ck_assert_uint_eq(t->taken, (unsigned) _i);
    ck_assert_int_eq(send_one(t, 2), 0);
    ck_assert(waits(_i ? first : second, WAIT_MS));
    ck_assert(!waits(_i ? second : first, 0));
    target_syslog_class.close(t);
    close(first);
    close(second);
}
END_TEST

/* Over UDP a refusal is all that is ever known of a receiver. */
START_TEST(back_over_udp)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int second = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), first = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct target *t;
    uint64_t safe;

    /* The first port is nobody's: it is bound, and takes from another peer alone. */
    ck_assert_int_eq(bind(first, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(first, (struct sockaddr *) &a, &len), 0);
    snprintf(ports[0], sizeof ports[0], "%u", ntohs(a.sin_port));
    a.sin_port = htons(9);
    ck_assert_int_eq(connect(first, (struct sockaddr *) &a, sizeof a), 0);
    a.sin_port = 0;
    ck_assert_int_eq(bind(second, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(second, (struct sockaddr *) &a, &len), 0);
    snprintf(ports[1], sizeof ports[1], "%u", ntohs(a.sin_port));
    tc.addresses[0].transport = tc.addresses[1].transport = TRANSPORT_UDP;
    t = open_target();
    target_syslog_hurry(t, 50);
    ck_assert_int_eq(send_one(t, 1), 0);
    ck_assert_int_eq(target_flush(t, WAIT_MS), -ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(t->error, ports[0]));
    ck_assert_int_eq(send_one(t, 1), 0);
    ck_assert(waits(second, WAIT_MS));
    ck_assert_uint_eq(t->address, 1);
    for (int ms = 0; t->address && ms < WAIT_MS; ms += 10) {
        ck_assert_int_eq(target_syslog_class.settle(t, 10, &safe), 0);
        poll(NULL, 0, 10);
    }
    ck_assert_uint_eq(t->address, 0);
    ck_assert_uint_eq(safe, 1);
    target_syslog_class.close(t);
    close(first);
    close(second);
}
END_TEST

/* --- frames ----------------------------------------------------------------------------- */

START_TEST(a_line_each)
{
    int first = listen_at(0), fd;
    char text[65536];
    size_t n = 0;
    ssize_t got;
    unsigned lines = 0;
    struct target *t;

    tc.framing_newline = true;
    tc.n_addresses = 1;
    alarm_item.summary = STR("one\r\ntwo\n<13>1 - - - - - - three");
    t = open_target();
    for (uint64_t seq = 1; seq <= 20; seq++)
        ck_assert_int_eq(send_one(t, seq), 0);
    fd = accept(first, NULL, NULL);
    ck_assert_int_eq(target_flush(t, WAIT_MS), 0);
    shutdown(fd, SHUT_WR); /* so that the target's end need not wait */
    target_syslog_class.close(t);
    while ((got = read(fd, text + n, sizeof text - n)) > 0)
        n += (size_t) got;
    for (char *p = text, *end; p < text + n; p = end + 1) {
        ck_assert_ptr_nonnull(end = memchr(p, '\n', (size_t) (text + n - p)));
        ck_assert(end - p > 100 && strncmp(p, "<131>1 ", 7) == 0);
        lines++;
    }
    ck_assert_uint_eq(lines, 20);
    close(fd);
    close(first);
}
END_TEST

/* --- the files of TLS --------------------------------------------------------------------- */

struct receiver {
    int listener;
    SSL_CTX *ctx;
    unsigned connections;
    char subjects[4][32]; /* of the certificates that clients showed */
    pthread_t thread;
};

static void *
receive(void *arg)
{
    struct receiver *r = arg;

    while (r->connections < 2) {
        int fd = accept(r->listener, NULL, NULL);
        SSL *ssl = SSL_new(r->ctx);
        char text[4096];
        X509 *cert;

        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1 && (cert = SSL_get0_peer_certificate(ssl)) != NULL)
            X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, r->subjects[r->connections++], 32);
        while (SSL_read(ssl, text, sizeof text) > 0)
            continue;
        SSL_shutdown(ssl);
        SSL_free(ssl);
        close(fd);
    }
    return NULL;
}

/* The certificate is replaced under a connection that stands: a broken pair of
 * files changes nothing, a good one makes a new connection, and nothing is lost. */
START_TEST(replaced_certificate)
{
    struct cert ca = certs_make("CA", NULL, -DAY, 3650L * DAY, NULL, true);
    struct cert server = certs_make("server", "IP:127.0.0.1", -DAY, 3650L * DAY, &ca, false);
    struct cert old = certs_make("old", NULL, -80L * DAY, 5L * DAY, &ca, false);
    struct cert renewed = certs_make("renewed", NULL, -DAY, 90L * DAY, &ca, false);
    struct receiver r = {.listener = listen_at(0), .ctx = certs_server(&server, &ca)};
    struct target *t;
    uint64_t safe = 0;
    int64_t before;

    tc.addresses[0].transport = TRANSPORT_TLS;
    tc.n_addresses = 1;
    tc.ca = ca_path;
    tc.certificate = tc.key = own_path;
    certs_write(ca_path, &ca, NULL);
    certs_write(own_path, &old, &old);
    ck_assert_int_eq(pthread_create(&r.thread, NULL, receive, &r), 0);
    t = open_target();
    target_syslog_hurry(t, 10);
    ck_assert_ptr_nonnull(strstr(t->expiry.what, "CN=old")); /* known before anything is sent */
    ck_assert_int_eq(send_one(t, 1), 0);
    ck_assert_int_eq(target_flush(t, WAIT_MS), 0);
    ck_assert_ptr_nonnull(strstr(t->expiry.what, "CN=old"));
    before = t->expiry.at;
    certs_write(own_path, &renewed, NULL); /* the key is still to come */
    for (int i = 0; i < 10; i++) {
        poll(NULL, 0, 10);
        ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0);
    }
    certs_write(own_path, &renewed, &renewed);
    for (int ms = 0; t->expiry.at == before; ms += 10) {
        ck_assert_int_lt(ms, WAIT_MS);
        poll(NULL, 0, 10);
        ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0);
        ck_assert_int_eq(send_one(t, 1), 0); /* a sign of life */
    }
    ck_assert_int_eq(send_one(t, 2), 0);
    ck_assert_int_eq(target_flush(t, WAIT_MS), 0);
    target_syslog_class.close(t);
    pthread_join(r.thread, NULL);
    ck_assert_str_eq(r.subjects[0], "old");
    ck_assert_str_eq(r.subjects[1], "renewed");
    SSL_CTX_free(r.ctx);
    close(r.listener);
    certs_free(&ca);
    certs_free(&server);
    certs_free(&old);
    certs_free(&renewed);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_syslog_way");
    TCase *c = tcase_create("ways");
    SRunner *sr;
    int failed;

    signal(SIGPIPE, SIG_IGN); /* as the program */
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, next_one_when_one_refuses);
    tcase_add_test(c, back_to_the_preferred_one);
    tcase_add_loop_test(c, next_one_after_nothing_was_taken, 0, 2);
    tcase_add_test(c, back_over_udp);
    tcase_add_test(c, a_line_each);
    tcase_add_test(c, replaced_certificate);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
