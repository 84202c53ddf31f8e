/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_snmp.c - sends alarm changes and notices as SNMP traps or informs, called
 * through target_snmp_class by the worker of the target, from its thread.  The
 * session is snmp_session.c's (single-session calls only); what a message
 * holds is made in target_snmp_pdu.c, and its PDU in snmp_varbinds.c.  Pace, and the safety of traps, are in
 * datagrams.c; informs wait in informs.c until they are acknowledged.  Must not
 * filter: that is the worker's.  Every use of the library is under its lock
 * (snmp_library.c).
 *
 * The session is opened by the first message and after a loss, and the receiver's
 * name is looked up then, for a bounded time (dial.c). */
#include "build.h"

#include "forwarder/target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/ascii.h"
#include "forwarder/clock.h"
#include "forwarder/datagrams.h"
#include "forwarder/informs.h"
#include "forwarder/snmp_engine.h"
#include "forwarder/snmp_library.h"
#include "forwarder/snmp_session.h"
#include "forwarder/snmp_varbinds.h"
#include "forwarder/target_snmp_pdu.h"

enum { PDU_SIZE_DEFAULT = 1400 };
#define GO_BACK (600 * INT64_C(1000000000)) /* to the preferred address */

struct target_snmp {
    struct target base;
    struct mib_oid enterprise;
    struct snmp_session_state session;
    int broken;       /* errno of a loss that no settle() has reported yet */
    struct snmp_envelope envelope;
    struct datagrams under_way; /* of traps; of informs the pace only */
    struct informs *informs;    /* NULL: traps */
    struct ascii *ascii;        /* NULL: texts go as UTF-8 */
    struct snmp_varbinds *varbinds;
    uint64_t safe;              /* of informs, the newest item that is */
    int64_t opened;             /* monotonic, of the session */
    bool trial;                 /* of the preferred address, which failed before */
    struct snmp_message message;
};

/* --- opening -------------------------------------------------------------- */

/* "file:line: target 'NAME': what" into 'err'. */
__attribute__((format(printf, 4, 5))) static void
refuse(const struct config_target *tc, char *err, size_t errlen, const char *format, ...)
{
    va_list args;
    int n = snprintf(err, errlen, "%s:%d: target '%s': ", tc->place.file ? tc->place.file : "-", tc->place.line,
                     tc->name ? tc->name : "-");

    if (n < 0 || (size_t) n >= errlen)
        return;
    va_start(args, format);
    vsnprintf(err + n, errlen - (size_t) n, format, args);
    va_end(args);
}

static bool
check(const struct config *config, const struct config_target *tc, struct target_snmp *s, char *err,
      size_t errlen)
{
    size_t least, budget = tc->pdu_size ? tc->pdu_size : PDU_SIZE_DEFAULT;
    bool v3 = config_snmp_version(tc) == 3;
    char hex[SNMP_ENGINE_HEX];
    struct snmp_engine engine;

    if (!config->enterprise_oid || !mib_enterprise(config->enterprise_oid, &s->enterprise)) {
        refuse(tc, err, errlen, "enterprise-oid \"%s\" is not 1.3.6.1.4.1.NUMBER or a branch of it",
               config->enterprise_oid ? config->enterprise_oid : "");
        return false;
    }
    if (v3 && !snmp_engine_get(&engine)) {
        refuse(tc, err, errlen, "no SNMP engine has begun, which SNMPv3 needs");
        return false;
    }
    if (v3 && tc->auth && snmp_engine_worn_out(&engine)) {
        refuse(tc, err, errlen,
               "the SNMP engine %s has begun %u times, which is the end of authentic messages (RFC 3414, 2.2.3): set another "
               "engine-id, and tell the receivers",
               snmp_engine_hex(&engine, hex), engine.boots);
        return false;
    }
    if (!v3 && (!tc->community || !tc->community[0])) {
        refuse(tc, err, errlen, "no community; name a file that holds it with community-file=\"...\"");
        return false;
    }
    if (tc->inform && config_snmp_version(tc) == 1) {
        refuse(tc, err, errlen, "SNMPv1 has no informs: write version=\"2c\" or \"3\"");
        return false;
    }
    snmp_envelope_of(&s->envelope, tc);
    least = snmp_message_least(&s->enterprise, &s->envelope);
    if (budget < least) {
        refuse(tc, err, errlen, "pdu-size %zu is too small for the fixed objects; give %zu or more", budget,
               least);
        return false;
    }
    return true;
}

static struct target *
snmp_target_open(const struct config *config, const struct config_target *tc, char *err, size_t errlen)
{
    struct target_snmp *s = calloc(1, sizeof *s);

    if (!s) {
        refuse(tc, err, errlen, "no memory");
        return NULL;
    }
    s->base.cls = &target_snmp_class;
    s->base.config = config;
    s->base.tc = tc;
    s->session.fd = -1;
    if (!check(config, tc, s, err, errlen)) {
        free(s);
        return NULL;
    }
    if (!(s->varbinds = snmp_varbinds_new(&s->enterprise)) || (tc->inform && !(s->informs = informs_new(tc)))
        || (tc->ascii && !(s->ascii = ascii_new()))) {
        refuse(tc, err, errlen, "no memory, or no transliteration to ASCII in ICU");
        informs_free(s->informs);
        snmp_varbinds_free(s->varbinds);
        free(s);
        return NULL;
    }
    return &s->base;
}

static void
snmp_target_close(struct target *t)
{
    struct target_snmp *s = (struct target_snmp *) t;

    if (!s)
        return;
    if (s->informs)
        informs_stop(s->informs);
    snmp_session_close(&s->session);
    informs_free(s->informs);
    ascii_free(s->ascii);
    snmp_varbinds_free(s->varbinds);
    free(s);
}

/* --- sending -------------------------------------------------------------- */

/* What the socket has learned since it was asked last. */
static int
session_trouble(struct target *t)
{
    struct target_snmp *s = (struct target_snmp *) t;
    const struct config_address *to = &t->tc->addresses[t->address];
    int err = snmp_session_trouble(&s->session);

    if (err)
        snprintf(s->base.error, sizeof s->base.error, "cannot send to %.100s port %.10s: %s", to->host, to->port,
                 strerror(err));
    return err;
}

/* The next address follows one that failed. */
static void
go_on(struct target_snmp *s)
{
    s->base.address = (s->base.address + 1) % s->base.tc->n_addresses;
}

/* Opens a session to the first address, of all in turn, for which that can be done. */
static int
open_any(struct target_snmp *s)
{
    struct target *t = &s->base;
    int r = -EHOSTUNREACH;

    for (unsigned i = 0; i < t->tc->n_addresses; i++) {
        r = snmp_session_open(&s->session, t->tc, t->address, t->error, sizeof t->error);
        if (r == 0)
            break;
        go_on(s);
    }
    s->opened = clock_monotonic();
    if (r == 0 && s->informs)
        informs_start(s->informs, &s->session, &t->tc->addresses[t->address], t->acked, s->trial);
    s->trial = false;
    return r;
}

/* True while the preferred address is to be tried again and there is something
 * under way yet; with nothing under way it is what is used from here on. */
static bool
going_back(struct target_snmp *s)
{
    unsigned moving;

    if (!s->base.address || !s->session.handle || clock_monotonic() - s->opened < GO_BACK)
        return false;
    if (s->informs ? informs_waiting(s->informs, &moving) > 0 : s->under_way.n > s->under_way.n_safe)
        return true;
    if (s->informs)
        informs_stop(s->informs);
    snmp_session_close(&s->session);
    s->base.address = 0;
    s->trial = true;
    return false;
}

static int
no_memory(struct target_snmp *s)
{
    snprintf(s->base.error, sizeof s->base.error, "no memory");
    return -ENOMEM;
}

/* Sends s->message, which is set, as a trap. */
static int
send_message(struct target_snmp *s)
{
    const struct config_target *tc = s->base.tc;
    int command = s->envelope.version == SNMP_ENVELOPE_1 ? SNMP_MSG_TRAP : SNMP_MSG_TRAP2, system = 0;
    struct snmp_pdu *pdu;
    char why[200];
    bool sent = false;

    memcpy(s->message.sender, s->session.sender, sizeof s->message.sender);
    snmp_library_lock();
    pdu = snmp_varbinds_lend(s->varbinds, &s->message, command);
    if (pdu) {
        snmp_session_ready(&s->session);
        sent = snmp_session_send(&s->session, pdu);
        if (!sent)
            snmp_session_error(&s->session, why, sizeof why, &system);
        snmp_varbinds_take_back(pdu);
    }
    snmp_library_unlock();
    if (!pdu)
        return no_memory(s);
    if (sent)
        return 0;
    snprintf(s->base.error, sizeof s->base.error, "cannot send to %.40s port %.10s: %.150s",
             tc->addresses[s->base.address].host, tc->addresses[s->base.address].port, why);
    return system > 0 ? -system : -EIO;
}

/* The way is lost, and with it what is not safe. */
static void
lose(struct target_snmp *s, int result)
{
    snmp_session_close(&s->session);
    go_on(s);
    if (s->under_way.n > s->under_way.n_safe)
        s->broken = -result;
    datagrams_lost(&s->base, &s->under_way);
}

/* --- informs --------------------------------------------------------------- */

static void
note_counts(struct target_snmp *s)
{
    struct informs_counts c;
    unsigned moving;

    informs_count(s->informs, &c);
    s->base.retries = c.retries;
    s->base.refusals = c.refused;
    s->base.in_flight = informs_waiting(s->informs, &moving);
}

/* What was not acknowledged goes again, by a session that is opened anew. */
static void
lose_informs(struct target_snmp *s)
{
    unsigned moving;

    s->safe = informs_safe(s->informs, s->base.taken);
    s->base.sent -= informs_waiting(s->informs, &moving);
    s->base.taken = s->safe;
    s->base.refused = informs_were_refused(s->informs);
    informs_stop(s->informs);
    snmp_session_close(&s->session);
    go_on(s);
    note_counts(s);
}

/* Puts s->message, which is set, among those that wait for an acknowledgement. */
static int
take_inform(struct target_snmp *s, const struct target_item *it)
{
    struct informs_message message = {.seq = it->seq, .before = s->base.taken};

    if (it->item->kind == ITEM_ALARM) {
        message.key = it->item->alarm->key;
        message.journal_seq = it->journal_seq;
        message.number = it->target_seq;
        message.id = it->item->alarm->id;
    }
    snmp_library_lock();
    message.pdu = snmp_varbinds_copy(s->varbinds, &s->message, SNMP_MSG_INFORM);
    snmp_library_unlock();
    if (!message.pdu)
        return no_memory(s);
    informs_take(s->informs, &message);
    if (it->seq > s->base.taken)
        s->base.taken = it->seq;
    s->base.sent++;
    s->base.in_flight++; /* at once: a sign of life is waited for as well */
    return 0;
}

static int
settle_informs(struct target_snmp *s, int wait_ms, uint64_t *safe)
{
    int r = 0;

    if (s->session.handle)
        r = informs_work(s->informs, wait_ms, s->base.error, sizeof s->base.error);
    if (r < 0)
        lose_informs(s);
    else
        s->safe = informs_safe(s->informs, s->base.taken);
    note_counts(s);
    *safe = s->safe;
    return r;
}

/* --- the vtable -------------------------------------------------------------- */

static int
snmp_target_send(struct target *t, const struct target_item *it)
{
    struct target_snmp *s = (struct target_snmp *) t;
    int r;

    if (s->broken)
        return -s->broken;
    if (going_back(s) || (s->informs && !informs_have_room(s->informs)))
        return -EAGAIN;
    /* An event, or an alarm of a class that raises none: nothing here for an
     * NMS, and coming again would not change it. */
    if (snmp_message_item(&s->message, &s->enterprise, it) < 0) {
        if (it->seq > t->taken)
            t->taken = it->seq;
        return 0;
    }
    if (s->ascii)
        ascii_message(s->ascii, &s->message);
    r = datagrams_pace(t, &s->under_way);
    if (r < 0)
        return r;
    if (!s->session.handle && (r = open_any(s)) < 0)
        return r;
    snmp_message_fit(&s->message, &s->envelope, t->tc->pdu_size ? t->tc->pdu_size : PDU_SIZE_DEFAULT);
    r = s->informs ? take_inform(s, it) : send_message(s);
    if (r == 0) {
        if (!s->informs)
            datagrams_sent(t, &s->under_way, it);
        t->truncated += s->message.truncated;
    } else if (r != -ENOMEM) {
        lose(s, r);
    }
    return r;
}

static int
snmp_target_settle(struct target *t, int wait_ms, uint64_t *safe)
{
    struct target_snmp *s = (struct target_snmp *) t;
    int r = -s->broken;

    if (s->informs)
        return settle_informs(s, wait_ms, safe);
    if (r < 0) { /* lose() has gone on to the next address */
        s->broken = 0;
        *safe = s->under_way.safe;
        return r;
    }
    r = datagrams_settle(t, &s->under_way, wait_ms, safe, session_trouble);
    if (r < 0) {
        snmp_session_close(&s->session);
        go_on(s);
    }
    return r;
}

const struct target_class target_snmp_class = {
    .type = "snmp",
    .open = snmp_target_open,
    .send = snmp_target_send,
    .settle = snmp_target_settle,
    .close = snmp_target_close,
};
