/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog_stream.c - syslog messages through a connection: TCP with octet
 * counting or a line feed behind each (RFC 6587), TLS with octet counting (RFC
 * 5425).  Called by target_syslog.c.  A message is safe when the peer's kernel has
 * acknowledged its bytes (ackstream.c).
 *
 * A connection begins with the preferred address and goes to the next one that
 * answers, over TLS one that is the receiver.  A connection that was lost before
 * anything became safe counts as no answer.  From a backup it goes back at a moment
 * when nothing is under way. */
#include "build.h"

#include "forwarder/target_syslog_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"

enum {
    CLOSE_MS = 2000, /* to drain and see the peer's end */
    COUNT_MAX = 6    /* octet count and blank of the longest frame */
};

/* --- connections ------------------------------------------------------------------- */

/* Closes; how many messages were not acknowledged. */
static unsigned
stream_drop(struct target_syslog *t)
{
    unsigned dropped = ackstream_stop(&t->stream);

    tls_free(t->tls);
    t->tls = NULL;
    return dropped;
}

/* The connection is gone, and with it what was not acknowledged. */
static int
stream_lose(struct target_syslog *t, int r)
{
    char words[TLS_WORDS];
    unsigned dropped;

    snprintf(words, sizeof words, "%s", t->tls ? tls_words(t->tls) : "");
    dropped = stream_drop(t);
    if (dropped)
        t->broken = -r;
    t->base.sent -= dropped;
    t->base.taken = t->stream.safe;
    if (words[0])
        target_syslog_say(t, words);
    else
        target_syslog_fail(t, r == -ETIMEDOUT ? "receiver does not acknowledge" : "connection lost", -r);
    t->base.address = t->stream.safe > t->safe_before ? 0 : (t->base.address + 1) % t->base.tc->n_addresses;
    return r;
}

/* A clean end, when nothing is under way; the next send connects anew. */
static void
stream_leave(struct target_syslog *t)
{
    ackstream_end(&t->stream, CLOSE_MS);
    stream_drop(t);
    t->base.address = 0;
}

/* One of the addresses: 0, or negative errno with words. */
static int
stream_try(struct target_syslog *t, const struct tls_context *tls, unsigned which, char *err, size_t errlen)
{
    const struct config_address *to = &t->base.tc->addresses[which];
    int fd = dial(to, t->base.tc->source_address, err, errlen), r = 0;
    char what[128], name[DIAL_NAME_SIZE];

    if (fd < 0)
        return fd;
    ackstream_start(&t->stream, fd);
    if (!tls)
        return 0;
    if (!(t->tls = tls_connect(tls, to, fd, &r, err, errlen))) {
        stream_drop(t);
        return r;
    }
    ackstream_layer(&t->stream, &tls_layer, t->tls);
    t->base.expiry = *tls_expiry(t->tls);
    memcpy(t->tls_digest, tls->digest, sizeof t->tls_digest);
    tls_describe(t->tls, what, sizeof what);
    dial_name(to, name, sizeof name);
    log_limited(&t->log, LOG_LEVEL_INFO, "target '%s': %s: connected, %s", t->base.tc->name, name, what);
    return 0;
}

/* The addresses in turn, t->base.address first.  The words are those of all. */
static int
stream_walk(struct target_syslog *t, const struct tls_context *tls)
{
    const struct config_target *tc = t->base.tc;
    char *err = t->base.error;
    size_t n = 0, size = sizeof t->base.error;
    int64_t end = clock_monotonic() + TARGET_SYSLOG_WALK_MS * CLOCK_MS;
    unsigned first = t->base.address;
    int r = -EHOSTUNREACH;

    for (unsigned i = 0; i < tc->n_addresses; i++) {
        unsigned which = (first + i) % tc->n_addresses;

        if (i && clock_monotonic() > end) {
            t->base.address = which;
            return r;
        }
        if (n && n + 2 < size)
            n += (size_t) snprintf(err + n, size - n, "; ");
        t->base.address = which;
        r = stream_try(t, tls, which, err + n, size - n);
        if (r == 0)
            return 0;
        n = strnlen(err, size);
    }
    t->base.address = 0;
    return r;
}

static int
stream_connect(struct target_syslog *t)
{
    const struct config_address *to = &t->base.tc->addresses[t->base.address];
    struct tls_context *tls = NULL;
    char why[sizeof t->base.error];
    int64_t now;
    int r;

    if (to->transport == TRANSPORT_TLS) {
        if (!(tls = tls_context_new(t->base.tc, why, sizeof why))) {
            target_syslog_say(t, why);
            return -EINVAL;
        }
        if (t->base.expiry.at == 0 || (tls->expiry.at && tls->expiry.at < t->base.expiry.at))
            t->base.expiry = tls->expiry;
    }
    r = stream_walk(t, tls);
    tls_context_free(tls);
    now = clock_monotonic();
    t->safe_before = t->stream.safe;
    t->look_at = now + t->look_ms * CLOCK_MS;
    if (r == 0)
        target_syslog_note_backup(t, now);
    return r;
}

/* From a backup to the preferred address, once that takes connections again. */
static void
go_back(struct target_syslog *t, int64_t now)
{
    char unused[256];
    int fd;

    if (t->base.address == 0 || now < t->back_at)
        return;
    fd = dial(&t->base.tc->addresses[0], t->base.tc->source_address, unused, sizeof unused);
    if (fd < 0) {
        target_syslog_note_backup(t, clock_monotonic());
        return;
    }
    close(fd);
    stream_leave(t);
}

/* A certificate that was replaced on disk is shown to the receiver soon. */
static void
look_at_files(struct target_syslog *t, int64_t now)
{
    struct tls_context *tls;
    uint8_t digest[32];
    char why[512];

    if (!t->tls || now < t->look_at)
        return;
    t->look_at = now + t->look_ms * CLOCK_MS;
    if (!tls_context_digest(t->base.tc, digest) || memcmp(digest, t->tls_digest, sizeof digest) == 0)
        return;
    if ((tls = tls_context_new(t->base.tc, why, sizeof why)))
        stream_leave(t);
    else
        log_limited(&t->log, LOG_LEVEL_WARN, "target '%s': %s; the connection stays with what it was made with",
                    t->base.tc->name, why);
    tls_context_free(tls);
}

/* --- messages ------------------------------------------------------------------------ */

/* Writes the frame "COUNT MESSAGE" or "MESSAGE LF" to 'room'; its length.  The first
 * is written behind where a count of three digits leaves it, which is nearly always
 * right; a message holds no LF, and begins with no digit. */
static size_t
write_frame(const struct target_syslog *t, const struct target_item *item, char *room, bool *truncated)
{
    char count[24];
    size_t n = syslog_msg_write(&t->form, item, room + 4, truncated);
    size_t k = 0, digits = n > 999 ? 4 : n > 99 ? 3 : n > 9 ? 2 : 1;

    if (t->base.tc->framing_newline) {
        memmove(room, room + 4, n);
        room[n] = '\n';
        return n + 1;
    }
    for (size_t rest = n; k < digits; rest /= 10)
        count[digits - ++k] = (char) ('0' + rest % 10);
    count[k++] = ' ';
    if (k != 4)
        memmove(room + k, room + 4, n);
    memcpy(room, count, k);
    return k + n;
}

static bool
stream_open(struct target_syslog *t)
{
    struct tls_context *tls;
    char unused[512];

    if (!ackstream_init(&t->stream))
        return false;
    /* What our own files say is known before there is anything to send. */
    if (t->base.tc->certificate || t->base.tc->ca) {
        if ((tls = tls_context_new(t->base.tc, unused, sizeof unused)))
            t->base.expiry = tls->expiry;
        tls_context_free(tls);
    }
    return true;
}

static int
stream_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    char *room;
    int r;

    if (t->stream.fd >= 0 && ackstream_is_settled(&t->stream) && ackstream_settle(&t->stream, 0) < 0) {
        stream_drop(t); /* gone while it was idle: nothing is lost with it */
        t->base.address = 0;
    }
    if (t->stream.fd < 0 && (r = stream_connect(t)) < 0)
        return r;
    if ((r = datagrams_pace(&t->base, &t->under_way)) < 0)
        return r;
    room = ackstream_room(&t->stream, SYSLOG_MSG_MAX + COUNT_MAX);
    if (!room) {
        r = ackstream_settle(&t->stream, 0);
        if (r < 0)
            return stream_lose(t, r);
        room = ackstream_room(&t->stream, SYSLOG_MSG_MAX + COUNT_MAX);
    }
    if (!room)
        return -EAGAIN;
    r = ackstream_put(&t->stream, write_frame(t, item, room, truncated), item->seq);
    /* It is among what was taken, so that the loss counts it, too. */
    t->base.sent++;
    if (item->seq > t->base.taken)
        t->base.taken = item->seq;
    return r < 0 ? stream_lose(t, r) : 0;
}

static int
stream_settle(struct target_syslog *t, int wait_ms, uint64_t *safe)
{
    int r = ackstream_settle(&t->stream, wait_ms);

    /* A peer that leaves when all has arrived is no loss. */
    if (r < 0 && ackstream_is_settled(&t->stream)) {
        stream_drop(t);
        t->base.address = 0;
        r = 0;
    }
    if (r < 0)
        stream_lose(t, r);
    else if (t->stream.fd >= 0 && ackstream_is_settled(&t->stream)) {
        int64_t now = clock_monotonic();

        look_at_files(t, now);
        go_back(t, now);
    }
    *safe = t->stream.safe;
    return r;
}

static void
stream_close(struct target_syslog *t)
{
    int64_t deadline = clock_monotonic() + CLOSE_MS * CLOCK_MS;

    while (t->stream.fd >= 0 && !ackstream_is_settled(&t->stream) && clock_monotonic() < deadline)
        if (ackstream_settle(&t->stream, CLOSE_MS / 10) < 0)
            stream_drop(t);
    if (ackstream_is_settled(&t->stream))
        ackstream_end(&t->stream, CLOSE_MS);
    stream_drop(t);
    ackstream_fini(&t->stream);
}

const struct syslog_way syslog_way_stream = {
    .budget = SYSLOG_MSG_MAX,
    .open = stream_open,
    .send = stream_send,
    .settle = stream_settle,
    .close = stream_close,
};
