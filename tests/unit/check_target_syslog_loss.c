/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_syslog_loss.c - what the syslog target calls safe over TCP and TLS,
 * against a receiver that breaks off in every way it can.  The oracle: each item
 * that was called safe arrived, none arrived twice that had been called safe, and
 * on each connection they come whole, in order and without a gap.
 *
 * A receiver that breaks off first makes its kernel deaf (a socket filter that
 * drops all), then reads what that has acknowledged: so it knows exactly what it
 * was given. */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/config_parts.h"
#include "forwarder/target_syslog.h"
#include "tests/unit/certs.h"

enum { ITEMS_MAX = 100000, MS = 1000000 };

/* --- the receiver ------------------------------------------------------------------ */

enum way { READ_ALL, RESET, RESET_MID_MESSAGE, CLOSE_UNREAD, END_ONLY, BYTE_BY_BYTE, NO_READING, WAYS };

struct receiver {
    pthread_t thread;
    int listener;
    bool small;          /* buffers of a few KiB */
    SSL_CTX *ctx;        /* NULL: plain TCP */
    enum way way;        /* WAYS: at random */
    unsigned breaks;     /* connections that end badly; the one after is read to its end */
    unsigned seed;
    uint64_t seen[ITEMS_MAX + 1]; /* how often each item came */
    unsigned whole, connections, out_of_order;
    atomic_bool done;
    /* of the connection */
    SSL *ssl;
    char part[1 << 16];
    size_t n;
    uint64_t last;
};

/* Takes whole frames out of r->part. */
static void
take_frames(struct receiver *r)
{
    static const char mark[] = " seq=\"";
    size_t at = 0;

    for (;;) {
        char *end, *seq;
        size_t length = strtoul(r->part + at, &end, 10), begin = (size_t) (end + 1 - r->part);
        uint64_t number;

        if (begin >= r->n || *end != ' ' || r->n - begin < length)
            break;
        seq = memmem(r->part + begin, length, mark, sizeof mark - 1);
        number = seq ? strtoull(seq + sizeof mark - 1, NULL, 10) : 0;
        if (number == 0 || number > ITEMS_MAX || (r->last && number != r->last + 1))
            r->out_of_order++;
        else
            r->seen[number]++;
        r->last = number;
        r->whole++;
        at = begin + length;
    }
    memmove(r->part, r->part + at, r->n - at);
    r->n -= at;
    r->part[r->n] = '\0';
}

/* Reads at most 'n' bytes; false at the end, or where there is nothing to decrypt. */
static bool
take(struct receiver *r, int fd, size_t n, int flags)
{
    size_t room = sizeof r->part - 1 - r->n;
    ssize_t got;

    n = n < room ? n : room;
    got = r->ssl ? SSL_read(r->ssl, r->part + r->n, (int) n) : recv(fd, r->part + r->n, n, flags);

    if (got <= 0)
        return false;
    r->n += (size_t) got;
    r->part[r->n] = '\0';
    take_frames(r);
    return true;
}

static void
deaf(int fd)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &drop};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        abort();
}

static void
break_off(struct receiver *r, int fd, bool hard)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    int on = 1;

    deaf(fd);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) /* OpenSSL takes no flags */
        abort();
    while (take(r, fd, sizeof r->part, MSG_DONTWAIT))
        continue;
    /* The kernel may hold back the acknowledgement of its last segment, and a
     * reset would carry none. */
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    if (hard)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void
serve(struct receiver *r, int fd, enum way way)
{
    size_t want = (size_t) (rand_r(&r->seed) % 60000) + 1, got = 0;

    r->n = 0;
    r->last = 0;
    if (r->ssl && (SSL_set_fd(r->ssl, fd) != 1 || SSL_accept(r->ssl) != 1)) {
        close(fd);
        return;
    }
    switch (way) {
    case READ_ALL:
        while (take(r, fd, sizeof r->part, 0))
            continue;
        if (r->ssl)
            SSL_shutdown(r->ssl);
        close(fd);
        return;
    case RESET:
    case CLOSE_UNREAD:
    case END_ONLY:
        while (got < want && take(r, fd, 4096, 0))
            got += 4096;
        break;
    case RESET_MID_MESSAGE:
        while (got < want && take(r, fd, 1 + want % 700, 0))
            got += 1 + want % 700;
        break;
    case BYTE_BY_BYTE:
        for (unsigned i = 0; i < 40 && take(r, fd, 1, 0); i++)
            poll(NULL, 0, 1);
        break;
    case NO_READING: /* until the sender gives up */
        while (poll(&(struct pollfd){.fd = fd, .events = POLLRDHUP}, 1, 5000) == 0)
            continue;
        break;
    case WAYS:
        abort();
    }
    if (way == END_ONLY) {
        if (r->ssl)
            SSL_shutdown(r->ssl);
        shutdown(fd, SHUT_WR);
        while (take(r, fd, sizeof r->part, 0))
            continue;
        close(fd);
        return;
    }
    break_off(r, fd, way != CLOSE_UNREAD);
}

static void *
receive_all(void *arg)
{
    struct receiver *r = arg;

    while (!atomic_load(&r->done)) {
        struct pollfd ready = {.fd = r->listener, .events = POLLIN};
        enum way way = r->way == WAYS ? (enum way) (1 + (unsigned) rand_r(&r->seed) % (WAYS - 1)) : r->way;
        int fd;

        if (poll(&ready, 1, 5) <= 0 || (fd = accept(r->listener, NULL, NULL)) < 0)
            continue;
        r->ssl = r->ctx ? SSL_new(r->ctx) : NULL;
        serve(r, fd, r->connections++ < r->breaks ? way : READ_ALL);
        SSL_free(r->ssl);
    }
    return NULL;
}

static char port_text[8];

static void
receiver_start(struct receiver *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int small = 4096;

    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(r->listener, 0);
    if (r->small)
        ck_assert_int_eq(setsockopt(r->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    ck_assert_int_eq(bind(r->listener, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(r->listener, (struct sockaddr *) &a, &len), 0);
    ck_assert_int_eq(listen(r->listener, 16), 0);
    snprintf(port_text, sizeof port_text, "%u", ntohs(a.sin_port));
    ck_assert_int_eq(pthread_create(&r->thread, NULL, receive_all, r), 0);
}

static void
receiver_stop(struct receiver *r)
{
    atomic_store(&r->done, true);
    ck_assert_int_eq(pthread_join(r->thread, NULL), 0);
    close(r->listener);
}

/* --- the sender --------------------------------------------------------------------- */

static struct config config = {.enterprise_oid = (char[]){"1.3.6.1.4.1.32473.109"}, .pen = 32473};
static struct config_target tc = {
    .place = {"test.xml", 1},
    .name = (char[]){"siem"},
    .type = (char[]){"syslog"},
    .addresses = {{TRANSPORT_TCP, (char[]){"127.0.0.1"}, port_text}},
    .n_addresses = 1,
    .facility = 16,
};
static struct alarm_item alarm_item = {
    .id = "0123456789abcdef0123456789abcdef",
    .key = {"dist:ANFIELD:DOG0005D", 21},
    .cls = CLASS_FILE_CONTENTION,
    .severity = SEVERITY_MINOR,
    .summary = {"DOG0005D not on ANFIELD: file in use", 36},
};
static struct item item = {.kind = ITEM_ALARM, .alarm = &alarm_item};

struct sender {
    struct target *t;
    uint64_t safe;
    unsigned losses, repeated; /* items that went again */
};

static int
send_numbered(struct target *t, uint64_t seq)
{
    struct target_item ti = {.seq = seq, .target_seq = seq, .item = &item};

    return target_syslog_class.send(t, &ti);
}

/* The receiver speaks TLS, and the sender knows it by its fingerprint. */
static void
use_tls(struct receiver *r)
{
    struct cert c = certs_make("receiver", NULL, -60, 3600, NULL, false);
    char text[128];

    r->ctx = certs_server(&c, NULL);
    certs_fingerprint(&c, false, text);
    ck_assert(config_pin(text, &tc.pins[0]));
    tc.n_pins = 1;
    tc.addresses[0].transport = TRANSPORT_TLS;
    certs_free(&c);
}

/* As a worker does it: what is above 'safe' goes again after each loss. */
static void
deliver(struct sender *s, uint64_t last)
{
    uint64_t next = s->safe + 1, before;

    while (s->safe < last) {
        int sent = 0, settled;

        while (next <= last && (sent = send_numbered(s->t, next)) == 0)
            next++;
        before = s->safe;
        settled = target_syslog_class.settle(s->t, sent == 0 || sent == -EAGAIN ? 20 : 0, &s->safe);
        ck_assert_uint_ge(s->safe, before);
        ck_assert_uint_lt(s->safe, next);
        if (settled == 0 && (sent == 0 || sent == -EAGAIN))
            continue;
        ck_assert_uint_eq(s->t->taken, s->safe);
        ck_assert_uint_eq(s->t->sent, s->safe);
        ck_assert(s->t->error[0]);
        s->losses++;
        s->repeated += (unsigned) (next - s->safe - 1);
        next = s->safe + 1;
        ck_assert_int_eq(target_syslog_class.settle(s->t, 0, &s->safe), 0); /* told once */
    }
}

static void
run(struct receiver *r, uint64_t last)
{
    struct sender s = {.safe = 0};
    char err[256];
    unsigned twice = 0;

    receiver_start(r);
    s.t = target_syslog_class.open(&config, &tc, err, sizeof err);
    ck_assert_msg(s.t != NULL, "%s", err);
    /* Who gives up early learns no last word; a busy machine must not look like
     * a peer that does not answer. */
    if (r->way == NO_READING || r->way == WAYS)
        target_syslog_patience(s.t, 150);
    deliver(&s, last);
    ck_assert_uint_eq(s.t->sent, last);
    target_syslog_class.close(s.t);
    receiver_stop(r);
    SSL_CTX_free(r->ctx);
    for (uint64_t i = 1; i <= last; i++) {
        ck_assert_msg(r->seen[i] > 0, "item %llu was called safe and never came", (unsigned long long) i);
        twice += r->seen[i] > 1;
    }
    ck_assert_uint_eq(r->out_of_order, 0);
    ck_assert_msg(twice <= s.repeated, "%u came twice, %u went again", twice, s.repeated);
    ck_assert_uint_ge(r->connections, r->breaks ? 3 : 1);
    ck_assert_uint_ge(s.losses, r->breaks ? 2 : 0);
    /* The count is exact where the peer's kernel has said its last word. */
    if (r->way == RESET || r->way == RESET_MID_MESSAGE || r->way == CLOSE_UNREAD)
        ck_assert_msg(twice == 0, "%u items came twice", twice);
}

START_TEST(each_way_of_breaking_off)
{
    struct receiver *r = calloc(1, sizeof *r);

    ck_assert_ptr_nonnull(r);
    r->way = (enum way) (_i / 2 % WAYS);
    r->small = _i % 2;
    r->seed = 7;
    if (_i >= 2 * WAYS)
        use_tls(r);
    r->breaks = r->way == READ_ALL ? 0 : r->way == NO_READING ? 5 : 20;
    run(r, r->small ? 3000 : 30000);
    free(r);
}
END_TEST

START_TEST(all_ways_mixed)
{
    struct receiver *r = calloc(1, sizeof *r);
    const char *seed = getenv("TEST_SEED");

    ck_assert_ptr_nonnull(r);
    r->way = WAYS;
    r->small = _i % 2;
    if (_i >= 2)
        use_tls(r);
    r->seed = seed ? (unsigned) strtoul(seed, NULL, 10) : (unsigned) clock_utc();
    printf("seed %u\n", r->seed);
    r->breaks = 30;
    run(r, r->small ? 5000 : 40000);
    free(r);
}
END_TEST

/* --- bounds -------------------------------------------------------------------------- */

/* A receiver that reads nothing costs a bounded queue and no waiting in send();
 * it is given up after the time of patience, and not before. */
START_TEST(silent_receiver_is_given_up)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096, r = 0;
    struct target *t;
    uint64_t seq = 1, safe = 0;
    int64_t start, longest = 0;
    char err[256];

    ck_assert_int_eq(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *) &a, &len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    snprintf(port_text, sizeof port_text, "%u", ntohs(a.sin_port));
    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    target_syslog_patience(t, 60000);
    start = clock_monotonic();
    for (; r == 0; seq++) {
        int64_t before = clock_monotonic();

        r = send_numbered(t, seq);
        if (seq > 1 && clock_monotonic() - before > longest)
            longest = clock_monotonic() - before;
        ck_assert_uint_lt(seq, ITEMS_MAX);
    }
    ck_assert_int_eq(r, -EAGAIN);
    /* It did not wait for the receiver, however busy the machine is. */
    ck_assert_int_lt(longest, 30000LL * MS);
    ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0);
    target_syslog_patience(t, 1000);
    while ((r = target_syslog_class.settle(t, 50, &safe)) == 0)
        ck_assert_int_lt(clock_monotonic() - start, 60000LL * MS);
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_int_ge(clock_monotonic() - start, 1000LL * MS);
    ck_assert_ptr_nonnull(strstr(t->error, "does not acknowledge"));
    ck_assert_uint_lt(safe, seq - 2);
    ck_assert_uint_eq(t->taken, safe);
    target_syslog_class.close(t);
    close(listener);
}
END_TEST

/* Signs of life go out without moving what is safe. */
START_TEST(repetition_moves_nothing)
{
    struct receiver *r = calloc(1, sizeof *r);
    struct target *t;
    uint64_t safe = 0;
    char err[256];

    ck_assert_ptr_nonnull(r);
    receiver_start(r);
    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    for (uint64_t seq = 1; seq <= 5; seq++)
        ck_assert_int_eq(send_numbered(t, seq), 0);
    ck_assert_int_eq(target_flush(t, 60000), 0);
    ck_assert_int_eq(send_numbered(t, 3), 0);
    ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0);
    ck_assert_uint_eq(safe, 5);
    ck_assert_uint_eq(t->taken, 5);
    target_syslog_class.close(t); /* and it goes out all the same */
    receiver_stop(r);
    ck_assert_uint_eq(r->whole, 6);
    free(r);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_syslog_loss");
    TCase *c = tcase_create("oracle"), *b = tcase_create("bounds");
    SRunner *sr;
    int failed;

    signal(SIGPIPE, SIG_IGN); /* as the program; the receiver's OpenSSL writes, too */
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, each_way_of_breaking_off, 0, 2 * 2 * WAYS);
    tcase_add_loop_test(c, all_ways_mixed, 0, 2 * 2);
    suite_add_tcase(s, c);
    tcase_set_timeout(b, 60);
    tcase_add_test(b, silent_receiver_is_given_up);
    tcase_add_test(b, repetition_moves_nothing);
    suite_add_tcase(s, b);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
