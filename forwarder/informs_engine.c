/* SPDX-License-Identifier: BSD-2-Clause
 *
 * informs_engine.c - the receiver's engine, where informs go by SNMPv3: there it
 * is the authoritative one (RFC 3414 section 1.5.1), so its id, boots and time
 * have to be found out first.  Called by informs.c, under the library's lock;
 * nothing here waits.
 *
 * Discovery (RFC 3414 section 4) is a message of ours, because the library's own
 * would wait for the answer while it is locked: a request without user and engine
 * id is answered with a report that carries the id.  The time is learned from the
 * authenticated report that answers the first message, sent with boots and time
 * 0; informs.c lets one message fly until then.
 *
 * It is done anew after each message without an answer: a receiver that was
 * replaced has another id, and one that was restored from a backup has fewer
 * boots than we have seen of it, which USM refuses (section 3.2, step 7b), and
 * the library drops what it says without a word to us.  Only then is forgotten
 * what was known of its boots and time: the library's table of them is one for all
 * targets, and others may be talking to the same receiver.
 *
 * Security: to forget the highest boots seen gives up a part of the protection
 * against replay.  What it opens is narrow: an old message of that engine, with a
 * valid digest, is heeded only where its msgID is that of a request that is out
 * now, which an attacker cannot choose; and an old response could do no more than
 * acknowledge one notification.  Without it, a manager restored from a backup
 * would get nothing any more until we are restarted. */
#include "build.h"

#include "forwarder/informs_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/snmp_engine.h"
#include "forwarder/snmp_usm.h"

/* Reports about time to one message, before it is no use. */
enum { INFORMS_REPORTS = 4 };

static const oid usm_stats[] = {1, 3, 6, 1, 6, 3, 15, 1, 1};
static const oid mpd_stats[] = {1, 3, 6, 1, 6, 3, 11, 2, 1};
enum { STATS_LENGTH = sizeof usm_stats / sizeof *usm_stats };
enum { NOT_IN_TIME_WINDOWS = 2, UNKNOWN_ENGINE_IDS = 4 };

/* The objects below usmStats, and what a person should look at. */
static const struct {
    const char *name, *advice;
} usm_reports[] = {
    [1] = {"usmStatsUnsupportedSecLevels", "the user there has another security level than here"},
    [NOT_IN_TIME_WINDOWS] = {"usmStatsNotInTimeWindows", "its clock or its boots are not as it says itself"},
    [3] = {"usmStatsUnknownUserNames", "it does not know the user"},
    [UNKNOWN_ENGINE_IDS] = {"usmStatsUnknownEngineIDs", "its engine id changes"},
    [5] = {"usmStatsWrongDigests", "wrong auth pass phrase or algorithm"},
    [6] = {"usmStatsDecryptionErrors", "wrong priv pass phrase or algorithm"},
};

bool
informs_is_v3(const struct informs *i)
{
    return config_snmp_version(i->tc) == 3;
}

void
informs_engine_start(struct informs *i)
{
    netsnmp_session *session = snmp_sess_session(i->session->handle);

    i->engine = informs_is_v3(i) ? INFORMS_ASK : INFORMS_READY;
    i->asked = 0;
    /* Otherwise the library would ask for the engine id by itself, and wait; the
     * user is made here. */
    session->flags |= SNMP_FLAGS_DONT_PROBE | SNMP_FLAGS_USER_CREATED;
}

/* The user as the engine knows it.  The library heeds no answer to a user that is
 * not in its table, also where nothing is authenticated. */
static struct usmUser *
make_user(const struct config_target *tc, const u_char *id, size_t n)
{
    struct usmUser *user = tc->auth ? snmp_usm_user(tc, id, n) : usm_create_user();

    if (!user)
        return NULL;
    user->userStatus = RS_ACTIVE;
    if (tc->auth)
        return user;
    user->name = strdup(tc->user);
    user->secName = strdup(tc->user);
    user->engineID = netsnmp_memdup(id, n);
    user->engineIDLen = n;
    if (user->name && user->secName && user->engineID)
        return user;
    usm_free_user(user);
    return NULL;
}

/* The session's engine is 'id' now, with a user of its own; its boots and time are
 * 0 where they were not known, or where it has been silent. */
static bool
adopt(struct informs *i, const u_char *id, size_t n)
{
    netsnmp_session *session = snmp_sess_session(i->session->handle);
    u_int boots, seconds;
    struct snmp_engine own;
    u_char *copy;
    char peer[160];

    informs_peer(i, peer, sizeof peer);
    if (snmp_engine_get(&own) && own.n == n && memcmp(own.id, id, n) == 0) {
        i->refused = true;
        informs_fail(i, EREMOTEIO, "%s has the engine id that we have: give one of both another", peer);
        return false;
    }
    snmp_usm_free(i->session->user);
    i->session->user = make_user(i->tc, id, n);
    copy = netsnmp_memdup(id, n);
    if (!i->session->user || !copy) {
        free(copy);
        informs_fail(i, EIO, "no keys can be made for user %.64s at %s", i->tc->user, peer);
        return false;
    }
    free(session->securityEngineID);
    session->securityEngineID = copy;
    session->securityEngineIDLen = n;
    if (i->silent || get_enginetime(id, (u_int) n, &boots, &seconds, FALSE) != SNMPERR_SUCCESS)
        set_enginetime(id, (u_int) n, 0, 0, TRUE);
    return true;
}

/* The answer to a discovery, or none. */
static int
discovered(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *arg)
{
    struct informs *i = arg;
    char peer[160];

    (void) session;
    (void) request;
    if (i->closing || i->engine != INFORMS_ASKED)
        return 1;
    if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu->securityEngineIDLen >= 5
        && pdu->securityEngineIDLen <= 32) {
        if (adopt(i, pdu->securityEngineID, pdu->securityEngineIDLen)) {
            i->engine = INFORMS_READY;
            i->asked = 0;
        }
    } else if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || operation == NETSNMP_CALLBACK_OP_TIMED_OUT) {
        i->engine = INFORMS_ASK;
        i->asked++;
        if (i->asked > informs_retries(i)) {
            informs_peer(i, peer, sizeof peer);
            informs_fail(i, ETIMEDOUT, "no answer from %s to %u SNMPv3 discover%s", peer, i->asked,
                         i->asked == 1 ? "y" : "ies");
        }
    }
    return 1;
}

/* The PDU of a discovery: nobody asks for nothing (RFC 3414 section 4). */
static netsnmp_pdu *
discovery(void)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

    if (!pdu)
        return NULL;
    pdu->version = SNMP_VERSION_3;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
    pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    pdu->securityName = strdup("");
    if (pdu->securityName)
        return pdu;
    snmp_free_pdu(pdu);
    return NULL;
}

void
informs_engine_ask(struct informs *i, int64_t now)
{
    netsnmp_session *session = snmp_sess_session(i->session->handle);
    size_t security = session->securityEngineIDLen, context = session->contextEngineIDLen;
    int64_t pause = informs_pause(i, i->asked);
    char peer[160], why[120];
    netsnmp_pdu *pdu;
    int system = 0;

    if (i->engine == INFORMS_READY)
        i->engine = INFORMS_ASK;
    if (!now || i->engine == INFORMS_ASKED)
        return;
    pdu = discovery();
    if (!pdu) {
        informs_fail(i, ENOMEM, "no memory");
        return;
    }
    snmp_session_ready(i->session);
    session->timeout = pause / 1000;
    session->securityEngineIDLen = session->contextEngineIDLen = 0;
    if (snmp_sess_async_send(i->session->handle, pdu, discovered, i)) {
        i->engine = INFORMS_ASKED;
        i->ask_expires = now + pause;
    } else {
        snmp_session_error(i->session, why, sizeof why, &system);
        snmp_free_pdu(pdu);
        informs_peer(i, peer, sizeof peer);
        informs_fail(i, system > 0 ? system : EIO, "cannot send to %s: %.110s", peer, why);
    }
    session->securityEngineIDLen = security;
    session->contextEngineIDLen = context;
}

void
informs_report(struct informs *i, netsnmp_pdu *pdu, unsigned nth)
{
    const netsnmp_variable_list *v = pdu->variables;
    const char *name = "a report without a name", *advice = "look into its log";
    unsigned long arc = 0;
    char peer[160];

    if (v && v->name_length == STATS_LENGTH + 2) {
        if (memcmp(v->name, usm_stats, sizeof usm_stats) == 0)
            arc = v->name[STATS_LENGTH];
        else if (memcmp(v->name, mpd_stats, sizeof mpd_stats) == 0)
            name = "snmpUnknownSecurityModels, snmpInvalidMsgs or snmpUnknownPDUHandlers";
    }
    /* The library has taken over boots and time, as the report was authentic. */
    if (arc == NOT_IN_TIME_WINDOWS && nth < INFORMS_REPORTS)
        return;
    if (arc == UNKNOWN_ENGINE_IDS && nth < INFORMS_REPORTS) {
        informs_engine_ask(i, 0);
        return;
    }
    if (arc && arc < sizeof usm_reports / sizeof *usm_reports) {
        name = usm_reports[arc].name;
        advice = usm_reports[arc].advice;
    }
    informs_peer(i, peer, sizeof peer);
    i->refused = true;
    informs_fail(i, EREMOTEIO, "%s: %s, user %.64s, reported by %s", name, advice, i->tc->user, peer);
}
