/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog_relp.c - syslog messages over RELP, by librelp, whose receiver
 * acknowledges each.  Called by target_syslog.c; only in programs configured with
 * --with-relp (target_syslog_relp_none.c).
 *
 * An item is safe when the receiver's "200" for it was seen.  librelp has no call
 * that tells of it, and none that reads answers without sending; closing a
 * session waits for them but does not say whether they came.  Two things make up
 * for that.  The library reports each answer to its debug function, with number
 * and code; that counts here, and a library that reports nothing of the answer
 * to "open" is refused.  And a session is closed when nothing was sent for a
 * while: what is then not answered goes again.
 *
 * So sessions are many, and each begins with the address that the last one had: a
 * preferred one that is silent would cost every session its time limit.  It is tried
 * again when the backup has been kept for a while, or has failed, too. */
#include "build.h"

#include "forwarder/target_syslog_parts.h"

#include <errno.h>
#include <librelp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"

enum {
    WINDOW = 128,      /* messages not answered; the library's own number */
    PATIENCE_S = 30,   /* for an answer when the window is full, and at the end */
    LINGER_MS = 100,   /* without a message, until a session ends */
    AGE_MS = 2000,     /* that a message waits for its answer while others trickle */
    TXNR_LAST = 999999999 /* 1 follows */
};

struct syslog_relp {
    relpEngine_t *engine;
    relpClt_t *client;     /* NULL: no session */
    int stop;              /* the library's flag: end at once */
    bool opened;           /* the answer to "open" was reported */
    uint64_t sent, acked;  /* messages of the session */
    int expected;          /* number of the oldest command not answered */
    bool answered[WINDOW]; /* of those from there on, in order of numbers */
    uint64_t seqs[WINDOW];
    int64_t oldest_at, last_at; /* monotonic: messages sent */
    uint64_t safe;
    char words[200];       /* the last trouble that the library told */
};

/* Its debug function has no argument of ours.  One thread drives a target. */
static _Thread_local struct syslog_relp *current;

bool
target_syslog_has_relp(void)
{
    return true;
}

/* Asked by LeakSanitizer, where a build has it: the library does not free the frame
 * that it could not send.  Weak, because some tests have an answer of their own. */
const char *__lsan_default_suppressions(void);
__attribute__((weak)) const char *
__lsan_default_suppressions(void)
{
    return "leak:librelp.so\n";
}

/* --- what the library reports ------------------------------------------------------- */

/* Command 'txnr' was answered with "200". */
static void
acknowledge(struct syslog_relp *r, int txnr)
{
    int ahead = (txnr - r->expected + TXNR_LAST) % TXNR_LAST;

    if (!r->opened) {
        r->opened = txnr == 1;
        return;
    }
    if (ahead < 0 || ahead >= WINDOW || (uint64_t) ahead >= r->sent - r->acked)
        return; /* the end of the session, or nothing of ours */
    r->answered[(r->acked + (uint64_t) ahead) % WINDOW] = true;
    while (r->acked < r->sent && r->answered[r->acked % WINDOW]) {
        uint64_t seq = r->seqs[r->acked % WINDOW];

        r->answered[r->acked % WINDOW] = false;
        if (seq > r->safe)
            r->safe = seq;
        r->acked++;
        r->expected = r->expected % TXNR_LAST + 1;
        r->oldest_at = clock_monotonic();
    }
}

__attribute__((format(printf, 1, 2))) static void
on_debug(char *format, ...)
{
    static const char answer[] = "in rsp command handler, txnr %d, code %d,";
    va_list args;
    int txnr, code;

    if (!current || strncmp(format, answer, sizeof answer - 1) != 0)
        return;
    va_start(args, format);
    txnr = va_arg(args, int);
    code = va_arg(args, int);
    va_end(args);
    if (code == 200)
        acknowledge(current, txnr);
    else
        snprintf(current->words, sizeof current->words, "the receiver refused a message with code %d", code);
}

static void
on_error(void *usr, char *object, char *words, relpRetVal code)
{
    (void) usr;
    (void) object;
    (void) code;
    /* The first is the cause of the rest. */
    if (current && !current->words[0])
        snprintf(current->words, sizeof current->words, "%s", words);
}

/* --- sessions ------------------------------------------------------------------------ */

/* Ends the session: at once, or by its "close" and all answers before it. */
static void
end_session(struct syslog_relp *r, bool at_once)
{
    if (!r->client)
        return;
    current = r;
    r->stop = at_once;
    relpEngineCltDestruct(r->engine, &r->client);
    r->client = NULL;
    r->stop = 0;
}

/* The session is over, and what was not answered goes again. */
static int
lose(struct target_syslog *t, int err)
{
    struct syslog_relp *r = t->relp;
    char words[sizeof r->words];
    bool idle;

    end_session(r, true);
    if (r->sent > r->acked)
        t->broken = err;
    t->base.sent -= r->sent - r->acked;
    t->base.taken = r->safe;
    idle = r->acked == 0;
    r->sent = r->acked = 0;
    snprintf(words, sizeof words, "%s", r->words[0] ? r->words : "session lost");
    target_syslog_fail(t, words, err);
    /* One that takes sessions and answers for nothing is no receiver. */
    if (idle) {
        t->base.address = (t->base.address + 1) % t->base.tc->n_addresses;
        target_syslog_note_backup(t, clock_monotonic());
    }
    return -err;
}

/* The numeric address of 'to', and its family: that of IPv6 where the transport says
 * so, or where the name has no other.  0, or negative with the words. */
static int
find_address(const struct config_address *to, char *out, size_t size, int *family, char *err, size_t errlen)
{
    char why[100] = "";
    int n;

    *family = to->six ? AF_INET6 : AF_INET;
    if (dial_address(to->host, *family, out, size, why, sizeof why) == 0)
        return 0;
    if (*family == AF_INET && dial_address(to->host, *family = AF_INET6, out, size, why, sizeof why) == 0)
        return 0;
    n = dial_name(to, err, errlen);
    snprintf(err + n, errlen - (size_t) n, ": %s", why);
    return -EHOSTUNREACH;
}

/* The address that base.address says: a session, or negative errno with words. */
static int
open_session(struct target_syslog *t, char *err, size_t errlen)
{
    const struct config_address *to = &t->base.tc->addresses[t->base.address];
    struct syslog_relp *r = t->relp;
    char address[NI_MAXHOST];
    relpRetVal code;
    int family, n;

    if (find_address(to, address, sizeof address, &family, err, errlen) < 0)
        return -EHOSTUNREACH;
    current = r;
    r->words[0] = '\0';
    r->opened = false;
    r->sent = r->acked = 0;
    r->expected = 2; /* "open" is 1 */
    memset(r->answered, 0, sizeof r->answered);
    n = dial_name(to, err, errlen);
    err += n;
    errlen -= (size_t) n;
    if (relpEngineCltConstruct(r->engine, &r->client) != RELP_RET_OK) {
        r->client = NULL;
        snprintf(err, errlen, ": librelp: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    relpCltSetTimeout(r->client, PATIENCE_S);
    relpCltSetConnTimeout(r->client, DIAL_CONNECT_MS / 1000);
    relpCltSetWindowSize(r->client, WINDOW);
    if (t->base.tc->source_address)
        relpCltSetClientIP(r->client, (unsigned char *) t->base.tc->source_address);
    code = relpCltConnect(r->client, family, (unsigned char *) to->port, (unsigned char *) address);
    if (code == RELP_RET_OK && r->opened)
        return 0;
    if (code == RELP_RET_OK)
        snprintf(r->words, sizeof r->words, "this librelp does not report what was acknowledged; use 1.5 to 1.11");
    n = snprintf(err, errlen, ": cannot open a RELP session: %.100s",
                 r->words[0] ? r->words : code == RELP_RET_TIMED_OUT ? "no answer" : "connection refused");
    /* The library's word for a connection that does not come about. */
    if (code != RELP_RET_OK && !strstr(err, "error opening connection") && n > 0 && (size_t) n < errlen)
        snprintf(err + n, errlen - (size_t) n, ": does the receiver speak RELP at this port (%s:%d)?",
                 t->base.tc->place.file, t->base.tc->place.line);
    end_session(r, true);
    return -ECONNREFUSED;
}

/* The addresses in turn, base.address first, the preferred one when a backup was kept
 * long enough.  The words are those of all. */
static int
open_any(struct target_syslog *t)
{
    int64_t now = clock_monotonic(), end = now + TARGET_SYSLOG_WALK_MS * CLOCK_MS;
    char *err = t->base.error;
    size_t n = 0, size = sizeof t->base.error;
    unsigned first = t->base.address && now < t->back_at ? t->base.address : 0, many = t->base.tc->n_addresses;
    int r = -EHOSTUNREACH;

    for (unsigned i = 0; i < many; i++) {
        t->base.address = (first + i) % many;
        if (i && clock_monotonic() > end) {
            target_syslog_note_backup(t, clock_monotonic()); /* so that the next try begins here */
            return r;
        }
        if (n && n + 2 < size)
            n += (size_t) snprintf(err + n, size - n, "; ");
        r = open_session(t, err + n, size - n);
        if (r == 0) {
            if (i || t->base.address == 0)
                target_syslog_note_backup(t, clock_monotonic());
            return 0;
        }
        n = strnlen(err, size);
    }
    t->base.address = 0;
    return r;
}

/* --- the way ---------------------------------------------------------------------------- */

static bool
relp_open(struct target_syslog *t)
{
    static unsigned char command[] = "syslog";
    struct syslog_relp *r = t->relp = calloc(1, sizeof *r);

    if (!r || relpEngineConstruct(&r->engine) != RELP_RET_OK)
        return false;
    relpEngineSetDbgprint(r->engine, on_debug);
    relpEngineSetOnErr(r->engine, on_error);
    relpEngineSetOnAuthErr(r->engine, on_error);
    relpEngineSetShutdownImmdtPtr(r->engine, &r->stop);
    return relpEngineSetEnableCmd(r->engine, command, eRelpCmdState_Required) == RELP_RET_OK;
}

static int
relp_send(struct target_syslog *t, const struct target_item *item, bool *truncated)
{
    struct syslog_relp *r = t->relp;
    char msg[SYSLOG_MSG_MAX];
    size_t n;
    int e;

    if ((e = datagrams_pace(&t->base, &t->under_way)) < 0 || (!r->client && (e = open_any(t)) < 0))
        return e;
    n = syslog_msg_write(&t->form, item, msg, truncated);
    current = r;
    /* Reads answers first, and waits for some when the window is full. */
    if (relpCltSendSyslog(r->client, (unsigned char *) msg, n) != RELP_RET_OK || r->words[0])
        return lose(t, ECONNRESET);
    r->last_at = clock_monotonic();
    if (r->sent == r->acked)
        r->oldest_at = r->last_at;
    r->seqs[r->sent++ % WINDOW] = item->seq;
    t->base.sent++;
    if (item->seq > t->base.taken)
        t->base.taken = item->seq;
    return 0;
}

static void
nap(int64_t ns)
{
    struct timespec pause = clock_timespec(ns);

    nanosleep(&pause, NULL);
}

static int
relp_settle(struct target_syslog *t, int wait_ms, uint64_t *safe)
{
    struct syslog_relp *r = t->relp;
    int e = 0;

    if (r->client && r->sent > r->acked) {
        int64_t now = clock_monotonic(), quiet = r->last_at + LINGER_MS * CLOCK_MS, old = r->oldest_at + AGE_MS * CLOCK_MS;
        int64_t due = quiet < old ? quiet : old;

        if (due > now && wait_ms > 0) {
            nap(due - now < wait_ms * CLOCK_MS ? due - now : wait_ms * CLOCK_MS);
            now = clock_monotonic();
        }
        if (due <= now) {
            end_session(r, false);
            if (r->sent > r->acked)
                e = lose(t, ECONNRESET);
        }
    }
    *safe = r->safe;
    return e;
}

static void
relp_close(struct target_syslog *t)
{
    struct syslog_relp *r = t->relp;

    if (!r)
        return;
    end_session(r, false);
    if (r->engine)
        relpEngineDestruct(&r->engine);
    free(r);
    current = NULL;
}

const struct syslog_way syslog_way_relp = {
    .budget = SYSLOG_MSG_MAX,
    .open = relp_open,
    .send = relp_send,
    .settle = relp_settle,
    .close = relp_close,
};
