/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_ackstream.c - frames and their acknowledgement over one connection:
 * bytes whole whatever the sizes, bounds, and the count without the kernel's
 * exact one.  What it is worth to a target is in check_target_syslog_loss.c. */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/ackstream.h"

/* A connection over loopback: ends[0] sends without blocking, ends[1] reads. */
static void
connect_pair(int ends[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;

    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *) &a, n), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *) &a, &n), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(ends[0], (struct sockaddr *) &a, n), 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ends[1] = accept(listener, NULL, NULL);
    ck_assert_int_ge(ends[1], 0);
    close(listener);
}

static void
start(struct ackstream *s, int *peer)
{
    int ends[2];

    connect_pair(ends);
    ck_assert(ackstream_init(s));
    ackstream_start(s, ends[0]);
    *peer = ends[1];
}

static int
put_bytes(struct ackstream *s, size_t n, char c, uint64_t seq)
{
    char *room = ackstream_room(s, n);

    if (!room)
        return -EAGAIN;
    memset(room, c, n);
    return ackstream_put(s, n, seq);
}

/* --- bytes ------------------------------------------------------------------------- */

enum { FRAMES = 20000 };

static size_t
size_of(unsigned i)
{
    return 1 + i * 2654435761u % 7999;
}

static void *
read_frames(void *arg)
{
    static char buffer[8000];
    int fd = *(int *) arg;

    for (unsigned i = 1; i <= FRAMES; i++) {
        size_t n = size_of(i);

        if (recv(fd, buffer, n, MSG_WAITALL) != (ssize_t) n)
            return arg;
        for (size_t k = 0; k < n; k++)
            if (buffer[k] != (char) i)
                return arg;
    }
    return NULL;
}

START_TEST(frames_arrive_whole)
{
    struct ackstream s;
    pthread_t reader;
    void *bad;
    int peer;

    start(&s, &peer);
    s.exact = s.exact && _i;
    ck_assert_int_eq(pthread_create(&reader, NULL, read_frames, &peer), 0);
    for (unsigned i = 1; i <= FRAMES; i++)
        while (put_bytes(&s, size_of(i), (char) i, i) == -EAGAIN) {
            ck_assert_int_eq(ackstream_settle(&s, 100), 0);
            ck_assert_uint_lt(s.safe, i);
        }
    for (unsigned k = 0; !ackstream_is_settled(&s) && k < 1000; k++)
        ck_assert_int_eq(ackstream_settle(&s, 100), 0);
    ck_assert_uint_eq(s.safe, FRAMES);
    ck_assert_int_eq(pthread_join(reader, &bad), 0);
    ck_assert_ptr_null(bad);
    close(peer);
    ackstream_fini(&s);
}
END_TEST

/* --- bounds ------------------------------------------------------------------------ */

START_TEST(queue_is_bounded)
{
    size_t size = _i ? 8000 : 20;
    struct ackstream s;
    uint64_t seq = 0, held;
    int peer;

    start(&s, &peer);
    while (put_bytes(&s, size, 'x', seq + 1) == 0)
        ck_assert_uint_lt(++seq, 1000000);
    held = s.tail - s.head;
    ck_assert_uint_le(held, ACKSTREAM_QUEUE);
    ck_assert_uint_le(s.n, ACKSTREAM_FRAMES);
    ck_assert(held + size > ACKSTREAM_QUEUE || s.n == ACKSTREAM_FRAMES);
    ck_assert_uint_lt(s.safe, seq);
    /* Nothing is lost of what was under way. */
    ck_assert_uint_eq(ackstream_stop(&s), seq - s.safe);
    ck_assert_int_eq(ackstream_settle(&s, 0), 0);
    ck_assert_uint_eq(ackstream_stop(&s), 0);
    close(peer);
    ackstream_fini(&s);
}
END_TEST

/* --- what is acknowledged ----------------------------------------------------------- */

/* From now on the peer's kernel drops what comes, unacknowledged. */
static void
deaf(int fd)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &drop};

    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
}

/* A reset is not an acknowledgement, with the kernel's exact count or without. */
START_TEST(reset_acknowledges_nothing)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct ackstream s;
    int peer, r = 0;

    start(&s, &peer);
    ck_assert(s.exact);
    s.exact = _i;
    for (uint64_t seq = 1; seq <= 3; seq++)
        ck_assert_int_eq(put_bytes(&s, 100, 'a', seq), 0);
    while (!ackstream_is_settled(&s))
        ck_assert_int_eq(ackstream_settle(&s, 100), 0);
    deaf(peer);
    for (uint64_t seq = 4; seq <= 9; seq++)
        ck_assert_int_eq(put_bytes(&s, 100, 'b', seq), 0);
    ck_assert_int_eq(ackstream_settle(&s, 30), 0); /* written, never acknowledged */
    ck_assert_uint_eq(s.written, 900);
    ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(peer);
    for (int i = 0; i < 100 && r == 0; i++)
        r = ackstream_settle(&s, 10);
    ck_assert_int_eq(r, -ECONNRESET);
    ck_assert_uint_eq(s.safe, 3);
    ck_assert_uint_eq(ackstream_stop(&s), 6);
    ck_assert_uint_eq(s.safe, 3);
    ackstream_fini(&s);
}
END_TEST

/* The end of the peer's stream is a loss only for what was under way. */
START_TEST(peer_that_leaves_is_noticed)
{
    struct ackstream s;
    int peer;

    start(&s, &peer);
    ck_assert_int_eq(put_bytes(&s, 100, 'a', 1), 0);
    while (!ackstream_is_settled(&s))
        ck_assert_int_eq(ackstream_settle(&s, 100), 0);
    shutdown(peer, SHUT_WR);
    ck_assert_int_eq(put_bytes(&s, 100, 'b', 2), 0);
    ck_assert_int_eq(ackstream_settle(&s, 1000), -EPIPE);
    ck_assert_uint_eq(s.written, 100); /* before the write */
    ck_assert_uint_eq(ackstream_stop(&s), 1);
    ck_assert_uint_eq(s.safe, 1);
    close(peer);
    ackstream_fini(&s);
}
END_TEST

/* A layer that always has something more to read. */
struct talker {
    int fd;
    uint64_t out;
};

static ssize_t
talker_write(void *arg, const char *p, size_t n)
{
    struct talker *t = arg;
    ssize_t done = send(t->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

    t->out += done > 0 ? (uint64_t) done : 0;
    return done < 0 ? -errno : done;
}

static ssize_t
talker_read(void *arg, char *p, size_t n)
{
    (void) arg;
    memset(p, 'x', n);
    return (ssize_t) n;
}

static uint64_t
talker_wire(void *arg)
{
    return ((const struct talker *) arg)->out;
}

/* A peer that talks without end keeps nobody from writing and from the clock. */
START_TEST(talking_peer_does_not_hold)
{
    static const struct ackstream_layer layer = {.write = talker_write, .read = talker_read, .wire = talker_wire};
    struct talker t = {.out = 0};
    struct ackstream s;
    int peer;

    start(&s, &peer);
    t.fd = s.fd;
    ackstream_layer(&s, &layer, &t);
    ck_assert_int_eq(put_bytes(&s, 100, 'a', 1), 0);
    for (int i = 0; i < 1000 && !ackstream_is_settled(&s); i++)
        ck_assert_int_eq(ackstream_settle(&s, 10), 0);
    ck_assert_uint_eq(s.safe, 1);
    ackstream_stop(&s);
    close(peer);
    ackstream_fini(&s);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("ackstream");
    TCase *c = tcase_create("connection");
    SRunner *sr;
    int failed;

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, frames_arrive_whole, 0, 2);
    tcase_add_loop_test(c, queue_is_bounded, 0, 2);
    tcase_add_loop_test(c, reset_acknowledges_nothing, 0, 2);
    tcase_add_test(c, peer_that_leaves_is_noticed);
    tcase_add_test(c, talking_peer_does_not_hold);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
