/* SPDX-License-Identifier: BSD-2-Clause
 *
 * informs.c - the table of messages that wait for their acknowledgement; see
 * the header.  Called by target_snmp.c.  The library keeps the requests, finds
 * the response to each and tells the time of each one's end; when to send, to
 * repeat and to give up is decided here.  Never waits while it holds the lock.
 *
 * What the receiver can take shows in its answers: a message that is lost while
 * others are acknowledged halves the number in flight, silence makes it one,
 * and each acknowledgement lets one more fly.  A receiver that is away costs one
 * datagram at a time, and one that comes back is not met with a burst. */
#include "build.h"

#include "forwarder/informs_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"
#include "forwarder/snmp_library.h"

enum { INFORMS_READS = 256 }; /* datagrams taken before anything else is looked at */

/* --- the table ---------------------------------------------------------------- */

static void
forget_all(struct informs *i)
{
    i->first = i->last = i->unused = NULL;
    i->n = i->ready = i->held = i->flying = 0;
    for (unsigned k = INFORMS_TABLE; k-- > 0;) {
        i->table[k].state = INFORM_FREE;
        i->table[k].pdu = NULL;
        i->table[k].next = i->unused;
        i->unused = &i->table[k];
    }
}

struct informs *
informs_new(const struct config_target *tc)
{
    struct informs *i = calloc(1, sizeof *i);

    if (!i)
        return NULL;
    i->tc = tc;
    i->window = tc->window && tc->window < INFORMS_WINDOW ? tc->window : INFORMS_WINDOW;
    for (unsigned k = 0; k < INFORMS_TABLE; k++)
        i->table[k].owner = i;
    forget_all(i);
    netsnmp_large_fd_set_init(&i->set, FD_SETSIZE);
    return i;
}

void
informs_free(struct informs *i)
{
    if (!i)
        return;
    informs_stop(i);
    netsnmp_large_fd_set_cleanup(&i->set);
    free(i);
}

static bool
moves(const struct inform *m)
{
    return m->seq > m->before;
}

/* The oldest in the table of those that move the cursor. */
static const struct inform *
oldest(const struct informs *i)
{
    const struct inform *m = i->first;

    while (m && !moves(m))
        m = m->next;
    return m;
}

bool
informs_have_room(const struct informs *i)
{
    const struct inform *first;

    if (i->n >= INFORMS_TABLE || i->ready >= i->window)
        return false;
    first = oldest(i);
    return !first || i->taken - first->nth < INFORMS_AHEAD;
}

uint64_t
informs_safe(const struct informs *i, uint64_t taken)
{
    const struct inform *first = oldest(i);

    return first ? first->before : taken;
}

unsigned
informs_waiting(const struct informs *i, unsigned *moving)
{
    *moving = 0;
    for (const struct inform *m = i->first; m; m = m->next)
        *moving += moves(m);
    return i->n;
}

void
informs_count(const struct informs *i, struct informs_counts *counts)
{
    *counts = i->counts;
}

bool
informs_were_refused(const struct informs *i)
{
    return i->refused;
}

/* The state of the oldest message of a key. */
static enum inform_state
turn(const struct informs *i, const struct inform *m)
{
    return m->keyed && i->acked && !acked_settled(i->acked, m->key) ? INFORM_HELD : INFORM_DUE;
}

static void
set_state(struct informs *i, struct inform *m, enum inform_state state)
{
    i->held += (state == INFORM_HELD ? 1u : 0u) - (m->state == INFORM_HELD ? 1u : 0u);
    i->ready += (state >= INFORM_DUE ? 1u : 0u) - (m->state >= INFORM_DUE ? 1u : 0u);
    m->state = state;
}

void
informs_take(struct informs *i, const struct informs_message *message)
{
    struct inform *m = i->unused;
    bool behind = false;

    i->unused = m->next;
    *m = (struct inform){.owner = i,
                         .previous = i->last,
                         .pdu = message->pdu,
                         .nth = ++i->taken,
                         .seq = message->seq,
                         .before = message->before,
                         .journal_seq = message->journal_seq,
                         .number = message->number,
                         .key = str_has(message->key) ? str_hash(message->key) : 0,
                         .keyed = str_has(message->key)};
    if (m->journal_seq)
        memcpy(m->id, message->id, sizeof m->id);
    for (const struct inform *o = i->first; m->keyed && !behind && o; o = o->next)
        behind = o->keyed && o->key == m->key;
    *(i->last ? &i->last->next : &i->first) = m;
    i->last = m;
    i->n++;
    set_state(i, m, behind ? INFORM_BEHIND : turn(i, m));
}

/* Acknowledged: out of the table, and the next one of its key may have its turn. */
static void
finish(struct informs *i, struct inform *m)
{
    struct inform *o = m->next;

    while (o && !(m->keyed && o->state == INFORM_BEHIND && o->key == m->key))
        o = o->next;
    if (o)
        set_state(i, o, turn(i, o));
    *(m->previous ? &m->previous->next : &i->first) = m->next;
    *(m->next ? &m->next->previous : &i->last) = m->previous;
    set_state(i, m, INFORM_FREE);
    m->pdu = NULL;
    m->next = i->unused;
    i->unused = m;
    i->n--;
}

/* More acknowledgements may be on disk. */
static void
release_held(struct informs *i)
{
    if (!i->held || acked_saves(i->acked) == i->saves)
        return;
    acked_heard(i->acked);
    i->saves = acked_saves(i->acked);
    for (struct inform *m = i->first; m && i->held; m = m->next)
        if (m->state == INFORM_HELD)
            set_state(i, m, turn(i, m));
}

/* --- failures ------------------------------------------------------------------ */

int64_t
informs_pause(const struct informs *i, unsigned tries)
{
    int64_t ms = i->tc->timeout_ms ? i->tc->timeout_ms : INFORMS_TIMEOUT_MS;

    while (tries-- && ms < INFORMS_PAUSE_MAX_MS)
        ms *= 2;
    return (ms < INFORMS_PAUSE_MAX_MS ? ms : INFORMS_PAUSE_MAX_MS) * INFORMS_MS;
}

unsigned
informs_retries(const struct informs *i)
{
    return i->trial ? 0 : i->tc->retries;
}

void
informs_peer(const struct informs *i, char *out, size_t n)
{
    dial_name(i->to, out, n);
}

void
informs_fail(struct informs *i, int error, const char *format, ...)
{
    va_list args;

    if (i->failed)
        return;
    i->silent = i->silent || error != EREMOTEIO;
    i->failed = error;
    va_start(args, format);
    vsnprintf(i->why, sizeof i->why, format, args);
    va_end(args);
}

/* The library gives up its request, and its PDU with it: a copy goes next time,
 * as it was before it was sent, but for the request-id. */
static bool
take_back(struct inform *m)
{
    netsnmp_pdu *copy = snmp_clone_pdu(m->pdu);

    m->owner->flying--;
    m->pdu = copy;
    m->state = INFORM_DUE;
    if (!copy) {
        /* It stays in the table, or it would look acknowledged. */
        informs_fail(m->owner, ENOMEM, "no memory");
        return false;
    }
    /* Of the engine that it went to, which may be another one next time. */
    free(copy->securityEngineID);
    copy->securityEngineID = NULL;
    copy->securityEngineIDLen = 0;
    free(copy->contextEngineID);
    copy->contextEngineID = NULL;
    copy->contextEngineIDLen = 0;
    free(copy->transport_data);
    copy->transport_data = NULL;
    copy->transport_data_length = 0;
    copy->msgMaxSize = 0;
    copy->msgid = snmp_get_next_msgid(); /* RFC 3412 6.2: of a message, not of its PDU */
    return true;
}

/* --- what the library says ---------------------------------------------------------- */

static void
acknowledged(struct informs *i, struct inform *m)
{
    i->flying--;
    i->counts.acknowledged++;
    i->trial = i->silent = false;
    i->heard = clock_monotonic();
    i->progress = true;
    if (i->allowed < i->window)
        i->allowed++;
    if (i->acked && m->journal_seq) {
        const struct acked_item item = {.seq = m->journal_seq, .number = m->number, .key = m->key, .id = m->id};

        acked_note(i->acked, &item);
    }
    finish(i, m);
}

static void
timed_out(struct informs *i, struct inform *m)
{
    char peer[160];

    if (!take_back(m))
        return;
    i->silent = true;
    i->allowed = m->sent > i->heard || i->allowed < 2 ? 1 : i->allowed / 2;
    m->tries++;
    if (m->tries <= informs_retries(i)) {
        if (informs_is_v3(i))
            informs_engine_ask(i, 0);
        return;
    }
    informs_peer(i, peer, sizeof peer);
    informs_fail(i, ETIMEDOUT, "no acknowledgement from %s, message sent %u time%s", peer, m->tries,
                 m->tries == 1 ? "" : "s");
}

/* A response with an error status: the receiver has not taken it. */
static void
refused(struct informs *i, struct inform *m, const netsnmp_pdu *response)
{
    char peer[160];

    i->counts.refused++;
    informs_peer(i, peer, sizeof peer);
    i->refused = true;
    informs_fail(i, EREMOTEIO, "%s answers an inform with error status %s (%ld)%s", peer,
                 snmp_errstring((int) response->errstat), response->errstat,
                 response->errstat == SNMP_ERR_TOOBIG ? ": lower pdu-size" : "");
    take_back(m);
}

/* Under the lock, in the thread of the target: the library calls it only from
 * within our own calls.  1: the library forgets the request. */
static int
answered(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *arg)
{
    struct inform *m = arg;
    struct informs *i = m->owner;

    (void) session;
    (void) request;
    if (i->closing || m->state != INFORM_FLYING)
        return 1;
    if (operation == NETSNMP_CALLBACK_OP_TIMED_OUT) {
        timed_out(i, m);
    } else if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu->command == SNMP_MSG_REPORT) {
        i->counts.refused++;
        if (take_back(m))
            informs_report(i, pdu, ++m->reports);
    } else if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu->command == SNMP_MSG_RESPONSE) {
        if (pdu->errstat == SNMP_ERR_NOERROR)
            acknowledged(i, m);
        else
            refused(i, m, pdu);
    } else if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
        return 0; /* neither: its answer may still come */
    }
    return 1;
}

/* --- sending ----------------------------------------------------------------------- */

/* False: not now. */
static bool
send_one(struct informs *i, struct inform *m, int64_t now)
{
    netsnmp_session *session;
    int64_t pause = informs_pause(i, m->tries);
    char peer[160], why[120] = "";
    int system = 0;

    snmp_library_lock();
    snmp_session_ready(i->session);
    session = snmp_sess_session(i->session->handle);
    session->timeout = pause / 1000;
    m->state = INFORM_BEHIND; /* what the library says of a failure is not for us */
    if (snmp_sess_async_send(i->session->handle, m->pdu, answered, m)) {
        m->state = INFORM_FLYING;
    } else {
        m->state = INFORM_DUE;
        snmp_session_error(i->session, why, sizeof why, &system);
    }
    snmp_library_unlock();
    if (m->state == INFORM_FLYING) {
        i->counts.retries += m->tries > 0;
        i->flying++;
        m->sent = now;
        m->expires = now + pause;
        return true;
    }
    if (system != EAGAIN && system != ENOBUFS) {
        informs_peer(i, peer, sizeof peer);
        informs_fail(i, system > 0 ? system : EIO, "cannot send to %s: %.110s", peer, why);
    }
    return false;
}

/* What may go now, oldest first. */
static void
send_due(struct informs *i, int64_t now)
{
    while (!i->failed && i->flying < i->allowed) {
        struct inform *next = i->first;

        while (next && next->state != INFORM_DUE)
            next = next->next;
        if (!next || !send_one(i, next, now))
            return;
    }
}

/* --- work --------------------------------------------------------------------------- */

void
informs_start(struct informs *i, struct snmp_session_state *s, const struct config_address *to, struct acked *acked,
              bool trial)
{
    netsnmp_session *session;
    int flags = fcntl(s->fd, F_GETFL);

    /* A datagram whose checksum is wrong is announced and then is not there. */
    if (flags >= 0)
        (void) fcntl(s->fd, F_SETFL, flags | O_NONBLOCK);
    i->to = to;
    i->acked = acked;
    i->saves = UINT64_MAX;
    i->trial = trial;
    i->session = s;
    i->closing = i->refused = false;
    i->failed = 0;
    i->allowed = 1; /* the first answer has yet to come */
    i->heard = 0;
    snmp_library_lock();
    session = snmp_sess_session(s->handle);
    /* Repeating is ours.  Less than no retry, or the library would repeat what
     * is not in the time window before we can look. */
    session->retries = -1;
    informs_engine_start(i);
    snmp_library_unlock();
}

void
informs_stop(struct informs *i)
{
    i->closing = true;
    i->session = NULL;
    for (struct inform *m = i->first; m; m = m->next) {
        if (m->state != INFORM_FLYING) {
            snmp_library_lock();
            snmp_free_pdu(m->pdu);
            snmp_library_unlock();
        }
    }
    forget_all(i);
}

/* Reads what is there.  The lock is given back after each datagram. */
static void
read_answers(struct informs *i)
{
    struct pollfd ready = {.fd = i->session->fd, .events = POLLIN};

    for (unsigned n = 0; n < INFORMS_READS && !i->failed && poll(&ready, 1, 0) == 1; n++) {
        int error = ready.revents & POLLERR ? snmp_session_trouble(i->session) : 0;
        char peer[160];

        if (error) {
            informs_peer(i, peer, sizeof peer);
            informs_fail(i, error, "cannot send to %s: %s", peer, strerror(error));
            return;
        }
        NETSNMP_LARGE_FD_ZERO(&i->set);
        NETSNMP_LARGE_FD_SET(i->session->fd, &i->set);
        snmp_library_lock();
        snmp_session_ready(i->session);
        snmp_sess_read2(i->session->handle, &i->set);
        snmp_library_forget(); /* of datagrams that are not for us */
        snmp_library_unlock();
    }
}

/* When the next request or discovery ends unanswered; 0: none is out. */
static int64_t
next_end(const struct informs *i)
{
    int64_t end = i->engine == INFORMS_ASKED ? i->ask_expires : 0;

    for (const struct inform *m = i->first; i->flying && m; m = m->next)
        if (m->state == INFORM_FLYING && (!end || m->expires < end))
            end = m->expires;
    return end;
}

static void
step(struct informs *i, int64_t now)
{
    int64_t end = next_end(i);

    if (end && now >= end) {
        snmp_library_lock();
        snmp_sess_timeout(i->session->handle);
        snmp_library_unlock();
    }
    if (!i->failed && i->engine == INFORMS_ASK && i->n) {
        snmp_library_lock();
        informs_engine_ask(i, now);
        snmp_library_unlock();
    }
    release_held(i);
    if (i->engine == INFORMS_READY)
        send_due(i, now);
}

int
informs_work(struct informs *i, int wait_ms, char *err, size_t errlen)
{
    int64_t deadline = clock_monotonic() + wait_ms * INFORMS_MS;

    i->progress = false;
    /* What has come while nobody looked is no silence: before any time is up. */
    if (i->session && !i->failed)
        read_answers(i);
    while (i->session && !i->failed) {
        int64_t now = clock_monotonic(), until = deadline, end;
        struct pollfd ready[] = {{.fd = i->session->fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

        step(i, now);
        if (i->failed || i->progress || !i->n || now >= deadline) {
            read_answers(i);
            break;
        }
        end = next_end(i);
        if (end && end < until)
            until = end;
        /* The library's clock has coarser ticks: a little later, not sooner. */
        if (i->held)
            ready[1].fd = acked_fd(i->acked);
        poll(ready, 2, until > now ? (int) ((until - now) / INFORMS_MS) + 1 : 1);
        read_answers(i);
    }
    if (!i->failed)
        return 0;
    snprintf(err, errlen, "%s", i->why);
    return -i->failed;
}
