/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog.c - items to a syslog receiver.  The worker of the target drives
 * it, from its thread; what a message looks like is in syslog_msg.c, how it gets
 * to the receiver, and when it is safe, in target_syslog_stream.c, _datagram.c,
 * _unix.c and _relp.c.
 *
 * A way that is lost takes what is not safe with it: every call fails from then
 * on, until a settle has reported it; the next send connects anew (dial.c). */
#include "build.h"

#include "forwarder/target_syslog_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"

int
target_syslog_fail(struct target_syslog *t, const char *what, int err)
{
    const struct config_address *to = &t->base.tc->addresses[t->base.address];

    int n = dial_name(to, t->base.error, sizeof t->base.error);

    snprintf(t->base.error + n, sizeof t->base.error - (size_t) n, ": %s: %s", what, strerror(err));
    return -err;
}

void
target_syslog_say(struct target_syslog *t, const char *words)
{
    const struct config_address *to = &t->base.tc->addresses[t->base.address];
    int n = dial_name(to, t->base.error, sizeof t->base.error);

    snprintf(t->base.error + n, sizeof t->base.error - (size_t) n, ": %s", words);
}

void
target_syslog_note_backup(struct target_syslog *t, int64_t now)
{
    if (t->base.address == 0)
        t->back_ms = 0;
    else if (t->back_ms == 0)
        t->back_ms = t->first_back_ms;
    else
        t->back_ms = t->back_ms < TARGET_SYSLOG_BACK_MAX_MS / 2 ? t->back_ms * 2 : TARGET_SYSLOG_BACK_MAX_MS;
    t->back_at = now + t->back_ms * CLOCK_MS;
}

static const struct syslog_way *
find_way(const struct config_address *to)
{
    switch (to->transport) {
    case TRANSPORT_RELP:
        return &syslog_way_relp;
    case TRANSPORT_TCP:
    case TRANSPORT_TLS:
    case TRANSPORT_UNIX_STREAM:
        return &syslog_way_stream;
    case TRANSPORT_UNIX_DGRAM:
        return &syslog_way_unix;
    case TRANSPORT_UNIX:
        return dial_is_stream(to) ? &syslog_way_stream : &syslog_way_unix;
    case TRANSPORT_NONE:
    case TRANSPORT_UDP:
        break;
    }
    return &syslog_way_datagram;
}

static void
target_syslog_close(struct target *base)
{
    struct target_syslog *t = (struct target_syslog *) base;

    if (!t)
        return;
    t->way->close(t);
    free(t);
}

static void
fill_form(struct target_syslog *t)
{
    static const char prefix[] = "1.3.6.1.4.1.";
    const struct config *config = t->base.config;

    t->form.facility = t->base.tc->facility;
    t->form.pen = config->pen;
    t->form.enterprise = config->enterprise_oid;
    if (strncmp(t->form.enterprise, prefix, sizeof prefix - 1) == 0)
        t->form.enterprise += sizeof prefix - 1;
    t->form.version = PACKAGE_VERSION;
    t->form.bsd = t->base.tc->form_rfc3164;
    t->form.no_host = transport_is_local(t->base.tc->addresses[0].transport);
    t->budget = t->base.tc->pdu_size;
    if (!t->budget)
        t->budget = t->form.bsd && t->way == &syslog_way_datagram ? SYSLOG_MSG_BSD : t->way->budget;
    t->form.budget = t->budget;
    if (gethostname(t->host, sizeof t->host - 1) == 0)
        t->form.host = t->host;
}

static struct target *
target_syslog_open(const struct config *config, const struct config_target *tc, char *err, size_t errlen)
{
    struct target_syslog *t = calloc(1, sizeof *t);

    if (t) {
        t->base.cls = &target_syslog_class;
        t->base.config = config;
        t->base.tc = tc;
        t->fd = t->stream.fd = -1;
        t->first_back_ms = TARGET_SYSLOG_BACK_MS;
        t->look_ms = TARGET_SYSLOG_LOOK_MS;
        t->way = find_way(&tc->addresses[0]);
    }
    if (!t || (t->way->open && !t->way->open(t))) {
        snprintf(err, errlen, "%s:%d: target '%s': out of memory", tc->place.file, tc->place.line, tc->name);
        target_syslog_close(t ? &t->base : NULL);
        return NULL;
    }
    fill_form(t);
    return &t->base;
}

/* Before a connection to "unix:", whose kind the socket says that is there now: it
 * may come later than we, or be another's.  What is safe stays so. */
static bool
follow_kind(struct target_syslog *t)
{
    const struct syslog_way *way = find_way(&t->base.tc->addresses[t->base.address]);
    uint64_t safe = t->way == &syslog_way_stream ? t->stream.safe : t->under_way.safe;

    if (way == t->way)
        return true;
    if (way->open && !way->open(t)) {
        way->close(t);
        return false;
    }
    t->way->close(t);
    t->way = way;
    t->stream.safe = t->under_way.safe = t->under_way.marked = safe;
    return true;
}

static int
target_syslog_send(struct target *base, const struct target_item *item)
{
    struct target_syslog *t = (struct target_syslog *) base;
    bool truncated = false;
    int r;

    if (t->broken)
        return -t->broken;
    if (t->fd < 0 && t->stream.fd < 0 && base->tc->addresses[base->address].transport == TRANSPORT_UNIX
        && !follow_kind(t))
        return target_syslog_fail(t, "cannot connect", ENOMEM);
    r = t->way->send(t, item, &truncated);
    if (r == 0)
        base->truncated += truncated;
    return r;
}

static int
target_syslog_settle(struct target *base, int wait_ms, uint64_t *safe)
{
    struct target_syslog *t = (struct target_syslog *) base;
    int r = -t->broken;

    if (r == 0)
        r = t->way->settle(t, wait_ms, safe);
    else
        t->way->settle(t, 0, safe); /* nothing is left of the old way but what was safe */
    t->broken = 0;
    return r;
}

void
target_syslog_patience(struct target *base, int ms)
{
    ((struct target_syslog *) base)->stream.patience_ms = ms;
}

void
target_syslog_hurry(struct target *base, int ms)
{
    struct target_syslog *t = (struct target_syslog *) base;

    t->first_back_ms = t->look_ms = ms;
}

const struct target_class target_syslog_class = {
    .type = "syslog",
    .open = target_syslog_open,
    .send = target_syslog_send,
    .settle = target_syslog_settle,
    .close = target_syslog_close,
};
