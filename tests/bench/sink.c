/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sink.c - a TCP receiver of syslog frames that costs little: it counts, checks
 * marks, and tells.  For the benches, the rotation rounds and the soak.
 *
 *   sink [--lines | --relp | --udp] [--tls CERT KEY] [--trace]
 *
 * It listens on a free port of 127.0.0.1 and prints {"port":N}.  Then it obeys
 * standard input, one word a line, and answers each with a line of JSON:
 *   stat   what came so far
 *   away   stops its peers, reads what was acknowledged, closes, and stays away
 *   reset  reads what is there, then closes by RST, and stays away
 *   back   listens again, at the same port
 *   detail the first ranges of numbers that are missing, and of those that came again
 * and ends at its end.  Messages are octet-counted (RFC 6587), if no option says
 * otherwise (sink_wire.c).  A mark #X000000017# is record 17 of log X: first times, repeats and
 * late ones are counted by log.  --trace prints "17 NANOSECONDS" (monotonic) for
 * each record of log X. */
#include "build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/sink_wire.h"

enum { PEERS = 16, ROOM = 1 << 20, LOGS = 26, MARK = 12, RANGES = 10 };

struct peer {
    struct wire wire;
    size_t n;
    char *bytes; /* ROOM of them */
};

struct marks {
    uint8_t *seen; /* a bit a record */
    uint64_t room, distinct, again, late, next; /* next: highest + 1 */
    struct range {
        uint64_t first, last;
    } repeats[RANGES];
    unsigned n_repeats;
};

static struct peer peers[PEERS];
static unsigned n_peers;
static struct marks marks[LOGS];
static uint64_t messages, alarms, unmarked, bytes, broken, connections;
static int64_t first_ns, last_ns;
static bool trace;
static int listener = -1;
static uint16_t port;

static int64_t
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void *
need(void *p)
{
    if (!p)
        exit((perror("sink: memory"), 1));
    return p;
}

static void
note_again(struct marks *m, uint64_t n)
{
    struct range *r = m->n_repeats ? &m->repeats[m->n_repeats - 1] : NULL;

    m->again++;
    if (r && n == r->last + 1)
        r->last = n;
    else if (m->n_repeats < RANGES)
        m->repeats[m->n_repeats++] = (struct range){n, n};
}

static void
take_mark(unsigned log, uint64_t n)
{
    struct marks *m = &marks[log];
    uint8_t bit = (uint8_t) (1u << (n & 7));

    if (n / 8 >= m->room) {
        uint64_t room = n / 4 + 65536;

        m->seen = need(realloc(m->seen, room));
        memset(m->seen + m->room, 0, room - m->room);
        m->room = room;
    }
    if (m->seen[n / 8] & bit) {
        note_again(m, n);
    } else {
        m->seen[n / 8] |= bit;
        m->distinct++;
        m->late += n < m->next;
    }
    if (n >= m->next)
        m->next = n + 1;
    if (trace)
        printf("%" PRIu64 " %" PRId64 "\n", n, now());
}

static bool
find_mark(const char *p, size_t n)
{
    const char *end = p + n, *at;

    while ((at = memchr(p, '#', (size_t) (end - p))) && end - at >= MARK) {
        if (at[1] >= 'A' && at[1] <= 'Z' && at[MARK - 1] == '#') {
            uint64_t number = 0;
            int i = 2;

            for (; i < MARK - 1 && at[i] >= '0' && at[i] <= '9'; i++)
                number = number * 10 + (uint64_t) (at[i] - '0');
            if (i == MARK - 1) {
                take_mark((unsigned) (at[1] - 'A'), number);
                return true;
            }
        }
        p = at + 1;
    }
    return false;
}

static void
take(const char *p, size_t n)
{
    messages++;
    if (memmem(p, n < 200 ? n : 200, "[alarm ", 7))
        alarms++;
    else if (!find_mark(p, n))
        unmarked++;
}

static void
take_bytes(struct peer *p)
{
    size_t at = 0, head, length;
    ssize_t n;

    while (at < p->n && (n = wire_frame(&p->wire, p->bytes + at, p->n - at, &head, &length)) != 0) {
        if (n < 0) { /* no way to go on: skip all */
            broken++;
            at = p->n;
            break;
        }
        if (length)
            take(p->bytes + at + head, length);
        at += (size_t) n;
    }
    wire_answer(&p->wire);
    memmove(p->bytes, p->bytes + at, p->n - at);
    p->n -= at;
    if (p->n == ROOM) {
        broken++;
        p->n = 0;
    }
}

/* False at the peer's end. */
static bool
read_peer(struct peer *p, int flags)
{
    ssize_t got = wire_read(&p->wire, p->bytes + p->n, ROOM - p->n, flags);

    if (got <= 0)
        return got < 0 && (errno == EINTR || (errno == EAGAIN && flags == 0));
    last_ns = now();
    if (first_ns == 0)
        first_ns = last_ns;
    bytes += (uint64_t) got;
    p->n += (size_t) got;
    take_bytes(p);
    return true;
}

static void
close_peer(unsigned i)
{
    wire_close(&peers[i].wire);
    free(peers[i].bytes);
    peers[i] = peers[--n_peers];
}

static void
leave(bool reset)
{
    static const struct linger at_once = {1, 0};

    if (listener >= 0)
        close(listener);
    listener = -1;
    while (n_peers > 0) {
        struct peer *p = &peers[n_peers - 1];

        /* After a shutdown the kernel acknowledges nothing more. */
        if (reset)
            setsockopt(p->wire.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        else
            shutdown(p->wire.fd, SHUT_RDWR);
        while (read_peer(p, MSG_DONTWAIT))
            continue;
        close_peer(n_peers - 1);
    }
}

static void
back(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t n = sizeof sin;
    int on = 1;

    if (listener >= 0)
        return;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *) &sin, sizeof sin) != 0 || listen(listener, PEERS) != 0
        || getsockname(listener, (struct sockaddr *) &sin, &n) != 0)
        exit((perror("sink: listen"), 1));
    port = ntohs(sin.sin_port);
}

static void
tell(void)
{
    uint64_t distinct = 0, again = 0, late = 0, lost = 0;

    for (unsigned i = 0; i < LOGS; i++) {
        distinct += marks[i].distinct;
        again += marks[i].again;
        late += marks[i].late;
        lost += marks[i].next - marks[i].distinct;
    }
    printf("{\"messages\":%" PRIu64 ",\"alarms\":%" PRIu64 ",\"unmarked\":%" PRIu64 ",\"distinct\":%" PRIu64
           ",\"again\":%" PRIu64 ",\"late\":%" PRIu64 ",\"holes\":%" PRIu64 ",\"bytes\":%" PRIu64
           ",\"broken\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"seconds\":%.6f}\n",
           messages, alarms, unmarked, distinct, again, late, lost, bytes, broken, connections,
           (double) (last_ns - first_ns) / 1e9);
}

static void
tell_ranges(const char *name, const struct range *r, unsigned n)
{
    printf("\"%s\":[", name);
    for (unsigned i = 0; i < n; i++)
        printf("%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "", r[i].first, r[i].last);
    printf("]");
}

static void
detail(void)
{
    const char *comma = "";

    printf("{");
    for (unsigned i = 0; i < LOGS; i++) {
        struct marks *m = &marks[i];
        struct range holes[RANGES];
        unsigned n = 0;

        for (uint64_t k = 0; k < m->next && n < RANGES; k++) {
            if (m->seen[k / 8] & (1u << (k & 7)))
                continue;
            holes[n].first = k;
            while (k + 1 < m->next && !(m->seen[(k + 1) / 8] & (1u << ((k + 1) & 7))))
                k++;
            holes[n++].last = k;
        }
        if (n == 0 && m->n_repeats == 0)
            continue;
        printf("%s\"%c\":{", comma, (char) ('A' + (int) i));
        tell_ranges("missing", holes, n);
        printf(",");
        tell_ranges("again", m->repeats, m->n_repeats);
        printf("}");
        comma = ",";
    }
    printf("}\n");
}

/* False at the end of standard input. */
static bool
obey(void)
{
    char word[64];

    if (!fgets(word, sizeof word, stdin))
        return false;
    if (strncmp(word, "away", 4) == 0)
        leave(false);
    else if (strncmp(word, "reset", 5) == 0)
        leave(true);
    else if (strncmp(word, "back", 4) == 0)
        back();
    if (strncmp(word, "detail", 6) == 0)
        detail();
    else
        tell();
    return true;
}

static void
welcome(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    connections++;
    if (n_peers == PEERS || !wire_open(&peers[n_peers].wire, fd)) {
        close(fd);
        return;
    }
    peers[n_peers].n = 0;
    peers[n_peers++].bytes = need(malloc(ROOM));
}

/* Datagrams from everybody come to one peer, which has no end. */
static void
receive_datagrams(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sin;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 8 << 20;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(fd, (struct sockaddr *) &sin, n) != 0 || getsockname(fd, (struct sockaddr *) &sin, &n) != 0)
        exit((perror("sink: udp"), 1));
    port = ntohs(sin.sin_port);
    peers[n_peers++] = (struct peer){.wire = {.fd = fd}, .bytes = need(malloc(ROOM))};
}

static void
serve(unsigned i)
{
    bool there;

    do
        there = read_peer(&peers[i], 0);
    while (there && wire_pending(&peers[i].wire));
    if (!there)
        close_peer(i);
}

int
main(int argc, char **argv)
{
    for (int i = 1, n; i < argc; i += n ? n : 1) {
        n = wire_option(argv + i);
        trace |= strcmp(argv[i], "--trace") == 0;
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (wire_is_udp())
        receive_datagrams();
    else
        back();
    printf("{\"port\":%u}\n", port);
    for (;;) {
        struct pollfd p[PEERS + 2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
        unsigned n = n_peers;

        fflush(stdout);
        for (unsigned i = 0; i < n; i++)
            p[2 + i] = (struct pollfd){.fd = peers[i].wire.fd, .events = POLLIN};
        if (poll(p, 2 + n, -1) < 0 && errno != EINTR)
            return 1;
        for (unsigned i = n; i-- > 0;)
            if (p[2 + i].revents)
                serve(i);
        if (p[1].revents && listener >= 0)
            welcome();
        if (p[0].revents && !obey())
            return 0;
    }
}
