/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_traps.c - a kind of source: a UDP port that translated Windows events
 * come to as traps.  Each trap that is taken becomes a line of the format nt-trap
 * in a stream that has no end and, over a restart, no past: there is nothing to
 * resume.  Everything that is not taken is counted; what is lost for want of room
 * is trouble, too.  Between the port and the engine at most PENDING bytes wait:
 * the thread never waits for the engine, so that the kernel's buffer is left to
 * bursts. */
#include "build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/follow_base.h"
#include "forwarder/log.h"
#include "forwarder/trap_decode.h"
#include "forwarder/trap_socket.h"
#include "parsers/when.h"

enum {
    PENDING = 8 << 20,     /* bytes of records that wait */
    BURST_SECONDS = 10,    /* that rate= is averaged over */
    LOOK_MS = 500,
    ROUNDS = 16,           /* reads between two looks at what else there is */
};
#define RETRY (1 * WHEN_SECOND)
#define PATIENCE (3 * WHEN_SECOND)  /* until a port that cannot be had is told */
#define QUIET (60 * WHEN_SECOND)    /* without a loss: it is over */

struct traps_log {
    struct follow_log pub; /* first */
    char path[];
};

struct follow_traps {
    struct follow base; /* first */
    const struct config_traps *config;
    struct traps_log *log;
    struct trap_socket socket;
    struct arena *arena;
    struct id_hasher *hasher;
    struct nt_trap trap;
    struct nt_trap_view view;
    struct nt_trap_seen seen;
    char *line;    /* of NT_TRAP_LINE bytes */
    char *pending; /* of PENDING bytes */
    size_t start, end;
    uint64_t offset; /* of the stream: bytes handed out */
    bool idle_due;   /* the taker does not know that this is all for now */
    double tokens;
    int64_t refilled;              /* monotonic: 'tokens' are of then */
    int64_t failed_since, open_at; /* monotonic: the port cannot be had; next try */
    bool refused_told;
    uint64_t count[FOLLOW_COUNT_ALL];
    uint64_t lost_before, lost; /* of 'count': until the trouble began; as looked at last */
    int64_t lost_at;            /* monotonic: of the last loss; 0 there is no trouble */
    struct log_limit complaint;
};

static struct follow_traps *
traps_of(struct follow *f)
{
    return (struct follow_traps *) f;
}

/* --- one datagram ----------------------------------------------------------------- */

static bool
is_heard(const struct config_traps *c, const struct config_network *sender)
{
    for (unsigned i = 0; i < c->n_from; i++)
        if (trap_socket_within(sender, &c->from[i]))
            return true;
    return c->n_from == 0;
}

static bool
take_token(struct follow_traps *f)
{
    if (f->tokens < 1)
        return false;
    f->tokens -= 1;
    return true;
}

static void
refill(struct follow_traps *f, int64_t now)
{
    double most = (double) f->config->rate * BURST_SECONDS;

    f->tokens += (double) (now - f->refilled) / (double) WHEN_SECOND * f->config->rate;
    f->tokens = f->tokens < most ? f->tokens : most;
    f->refilled = now;
}

/* Notifications of ours that a relay sends back would go round for ever. */
static bool
is_own(const struct follow_traps *f)
{
    struct str own = str_z(f->config->enterprise_oid);

    return nt_trap_below(f->view.enterprise, own) || nt_trap_below(f->view.trap_oid, own);
}

/* The line of the trap to those that wait. */
static enum follow_count
keep(struct follow_traps *f)
{
    size_t n = nt_trap_write(&f->trap, f->line, NT_TRAP_LINE);

    if (PENDING - f->end < n && f->start) {
        memmove(f->pending, f->pending + f->start, f->end - f->start);
        f->end -= f->start;
        f->start = 0;
    }
    if (n == 0 || PENDING - f->end < n)
        return FOLLOW_COUNT_QUEUE;
    memcpy(f->pending + f->end, f->line, n);
    f->end += n;
    return FOLLOW_COUNT_TAKEN;
}

/* What becomes of a datagram. */
static enum follow_count
judge(struct follow_traps *f, struct trap_datagram *d)
{
    static const enum follow_count refused[] = {
        [TRAP_MALFORMED] = FOLLOW_COUNT_MALFORMED, [TRAP_VERSION] = FOLLOW_COUNT_VERSION,
        [TRAP_COMMAND] = FOLLOW_COUNT_COMMAND,     [TRAP_INFORM] = FOLLOW_COUNT_INFORM,
        [TRAP_COMMUNITY] = FOLLOW_COUNT_COMMUNITY, [TRAP_NO_MEMORY] = FOLLOW_COUNT_QUEUE,
    };
    enum trap_decoded decoded;

    if (!is_heard(f->config, &d->sender))
        return FOLLOW_COUNT_SENDER;
    if (!take_token(f))
        return FOLLOW_COUNT_RATE;
    arena_reset(f->arena);
    decoded = trap_decode(d->bytes, d->n, f->config->community, f->config->n_communities, f->arena, &f->trap);
    if (decoded != TRAP_DECODED)
        return refused[decoded];
    f->trap.arrival = d->arrival;
    f->trap.sender = str_z(d->sender_text);
    nt_trap_view(&f->trap, &f->view);
    if (is_own(f))
        return FOLLOW_COUNT_OWN;
    if (!f->view.translated)
        return FOLLOW_COUNT_FOREIGN;
    if (nt_trap_seen(&f->seen, f->hasher, &f->view, d->arrival))
        return FOLLOW_COUNT_DUPLICATE;
    return keep(f);
}

/* The first of what an administrator would want to know of is said at once. */
static void
complain(struct follow_traps *f, enum follow_count count, const struct trap_datagram *d)
{
    static const char *const words[FOLLOW_COUNT_ALL] = {
#define COUNT(e, n, w) [FOLLOW_COUNT_##e] = w,
        FOLLOW_COUNTS(COUNT)
#undef COUNT
    };

    switch (count) {
    case FOLLOW_COUNT_SENDER:
    case FOLLOW_COUNT_MALFORMED:
    case FOLLOW_COUNT_VERSION:
    case FOLLOW_COUNT_COMMAND:
    case FOLLOW_COUNT_INFORM:
    case FOLLOW_COUNT_COMMUNITY:
    case FOLLOW_COUNT_OWN:
    case FOLLOW_COUNT_FOREIGN:
        log_limited(&f->complaint, LOG_LEVEL_WARN, "source '%s': a trap from %s is not taken: there are %" PRIu64 " %s",
                    f->log->pub.source->name, d->sender_text, f->count[count], words[count]);
        break;
    case FOLLOW_COUNT_RECEIVED:
    case FOLLOW_COUNT_TAKEN:
    case FOLLOW_COUNT_DUPLICATE:
    case FOLLOW_COUNT_RATE:
    case FOLLOW_COUNT_QUEUE:
    case FOLLOW_COUNT_KERNEL:
    case FOLLOW_COUNT_ALL:
        break;
    }
}

/* --- the port ----------------------------------------------------------------------- */

static void
open_port(struct follow_traps *f, int64_t now)
{
    const struct config_traps *c = f->config;
    char why[200], text[512];

    if (f->socket.fd >= 0 || now < f->open_at)
        return;
    if (trap_socket_open(&f->socket, (const struct sockaddr *) &c->address, c->address_size, why, sizeof why) == 0) {
        if (f->refused_told)
            f->refused_told = !follow_tell(&f->base, FOLLOW_WELL, FOLLOW_UNREADABLE, "listened at again");
        f->failed_since = 0;
        if (f->socket.room < TRAP_ROOM / 2)
            log_info("source '%s': the kernel keeps %d KiB for it; sysctl net.core.rmem_max=%d lets it keep bursts",
                     f->log->pub.source->name, f->socket.room / 1024, TRAP_ROOM);
        return;
    }
    f->open_at = now + RETRY;
    if (!f->failed_since)
        f->failed_since = now;
    /* After a reload the port is free in a moment. */
    if (f->refused_told || now - f->failed_since < PATIENCE)
        return;
    snprintf(text, sizeof text, "cannot listen at %.100s: %.200s", f->log->pub.source->path, why);
    f->refused_told = follow_tell(&f->base, FOLLOW_TROUBLE, FOLLOW_UNREADABLE, text);
}

/* Reads what is there.  True when there may be more. */
static bool
read_port(struct follow_traps *f)
{
    int n = 0;

    for (unsigned round = 0; f->socket.fd >= 0 && round < ROUNDS; round++) {
        n = trap_socket_read(&f->socket);
        if (n < 0) {
            log_warn("source '%s': receiving failed: %s", f->log->pub.source->name, strerror(-n));
            trap_socket_close(&f->socket);
            return false;
        }
        refill(f, clock_monotonic());
        for (int i = 0; i < n; i++) {
            enum follow_count count = judge(f, &f->socket.datagram[i]);

            f->count[FOLLOW_COUNT_RECEIVED]++;
            f->count[count]++;
            complain(f, count, &f->socket.datagram[i]);
        }
        if (n < TRAP_BATCH)
            break;
    }
    return n == TRAP_BATCH;
}

/* --- what others hear ---------------------------------------------------------------- */

static void
look_at_losses(struct follow_traps *f, int64_t now)
{
    uint64_t lost;
    char text[512];

    f->count[FOLLOW_COUNT_KERNEL] = f->socket.dropped;
    lost = f->count[FOLLOW_COUNT_KERNEL] + f->count[FOLLOW_COUNT_RATE] + f->count[FOLLOW_COUNT_QUEUE];
    if (lost != f->lost) {
        if (!f->lost_at) {
            snprintf(text, sizeof text,
                     "traps come faster than they are taken, and some are lost: %" PRIu64 " over rate, %" PRIu64
                     " in the kernel, %" PRIu64 " waiting for the journal so far",
                     f->count[FOLLOW_COUNT_RATE], f->count[FOLLOW_COUNT_KERNEL], f->count[FOLLOW_COUNT_QUEUE]);
            if (!follow_tell(&f->base, FOLLOW_TROUBLE, FOLLOW_OVERRUN, text))
                return;
            f->lost_before = f->lost;
        }
        f->lost = lost;
        f->lost_at = now;
    } else if (f->lost_at && now - f->lost_at > QUIET) {
        snprintf(text, sizeof text, "all traps are taken again; %" PRIu64 " were lost", lost - f->lost_before);
        if (follow_tell(&f->base, FOLLOW_WELL, FOLLOW_OVERRUN, text))
            f->lost_at = 0;
    }
}

static void
show(struct follow_traps *f, int64_t now)
{
    pthread_mutex_lock(&f->base.lock);
    f->base.status.counts = true;
    f->base.status.logs = 1;
    f->base.status.looked = now;
    memcpy(f->base.status.count, f->count, sizeof f->count);
    pthread_mutex_unlock(&f->base.lock);
}

static bool
post_idle(struct follow_traps *f)
{
    struct chunk *c = follow_chunk_new(&f->base, 0);

    if (!c)
        return false;
    c->pub.size = f->offset;
    follow_post(&f->base, &f->log->pub, c, FOLLOW_IDLE);
    return true;
}

static bool
post_file(struct follow_traps *f)
{
    struct chunk *c = follow_chunk_new(&f->base, 0);

    if (!c)
        return false;
    c->pub.place.line = 1;
    snprintf(c->pub.place.name, sizeof c->pub.place.name, "%s", f->log->pub.source->name);
    follow_post(&f->base, &f->log->pub, c, FOLLOW_FILE);
    return true;
}

/* Hands out what waits, as far as there is room: false when some is left. */
static bool
hand_out(struct follow_traps *f)
{
    size_t room;

    while (f->end > f->start && (room = follow_room(&f->base, &f->log->pub)) > 0) {
        size_t n = f->end - f->start < room ? f->end - f->start : room;
        struct chunk *c = follow_chunk_new(&f->base, n);

        if (!c)
            return false;
        memcpy(c->pub.bytes, f->pending + f->start, n);
        c->pub.n = n;
        c->pub.offset = f->offset;
        f->start += n;
        f->offset += n;
        c->pub.size = f->offset + f->end - f->start;
        f->idle_due = true;
        follow_post(&f->base, &f->log->pub, c, FOLLOW_BYTES);
    }
    if (f->end > f->start)
        return false;
    f->start = f->end = 0;
    if (f->idle_due)
        f->idle_due = !post_idle(f);
    return true;
}

/* --- the thread ----------------------------------------------------------------------- */

static void
wait_for(struct follow_traps *f, bool blocked)
{
    struct pollfd fds[2] = {{.fd = f->base.wake, .events = POLLIN}, {.fd = f->socket.fd, .events = POLLIN}};

    if (follow_was_returned(&f->base, blocked))
        return;
    if (poll(fds, 2, LOOK_MS) > 0 && fds[0].revents)
        follow_woken(&f->base);
}

static void
run(struct follow *base)
{
    struct follow_traps *f = traps_of(base);
    bool announced = false;

    if (base->taker.once) {
        log_warn("source '%s' listens and has no end: with --once it is left out", base->source->name);
        follow_tell(base, FOLLOW_SEEN, FOLLOW_MISSING, "");
        return;
    }
    while (!follow_stopped(base)) {
        int64_t now = clock_monotonic();
        bool more, done;

        open_port(f, now);
        if (!announced && (announced = post_file(f))) {
            f->idle_due = !post_idle(f);
            announced = follow_tell(base, FOLLOW_SEEN, FOLLOW_MISSING, "");
        }
        follow_note_returns(base);
        more = read_port(f);
        done = hand_out(f);
        trap_socket_look(&f->socket);
        look_at_losses(f, now);
        show(f, now);
        if (!more)
            wait_for(f, !done);
    }
}

static bool
open_traps(struct follow *base)
{
    struct follow_traps *f = traps_of(base);
    size_t n = strlen(base->source->path) + 1;

    f->config = base->source->traps;
    f->socket.fd = -1;
    f->tokens = (double) f->config->rate * BURST_SECONDS;
    f->refilled = clock_monotonic();
    f->log = calloc(1, sizeof *f->log + n);
    f->arena = arena_new(4 << 20);
    f->hasher = id_hasher_new();
    f->line = malloc(NT_TRAP_LINE);
    f->pending = malloc(PENDING);
    if (!f->log || !f->arena || !f->hasher || !f->line || !f->pending) {
        errno = ENOMEM;
        return false;
    }
    memcpy(f->log->path, base->source->path, n);
    f->log->pub.path = f->log->path;
    f->log->pub.source = base->source;
    return true;
}

static void
close_traps(struct follow *base)
{
    struct follow_traps *f = traps_of(base);

    trap_socket_close(&f->socket);
    free(f->log);
    arena_free(f->arena);
    id_hasher_free(f->hasher);
    free(f->line);
    free(f->pending);
}

/* It is never gone while it is followed. */
static void
gone(struct follow_log *l)
{
    (void) l;
}

const struct follow_kind follow_traps_kind = {
    .name = "traps",
    .size = sizeof(struct follow_traps),
    .open = open_traps,
    .run = run,
    .close = close_traps,
    .gone = gone,
};
