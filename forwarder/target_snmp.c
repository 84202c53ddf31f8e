/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_snmp.c - sends alarm changes as SNMPv2c traps, called through
 * target_snmp_class by the pipeline, from one thread.  Owns the session of
 * libnetsnmp (the single-session calls only) and the pace; what a message
 * holds is made in target_snmp_pdu.c.  Must not filter: that is the
 * pipeline's.  libnetsnmp reads no file and prints nothing here: our
 * configuration is the only one that counts. */
#include "build.h"

#include "forwarder/target_snmp.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/clock.h"
#include "parsers/when.h"

enum { PDU_SIZE_DEFAULT = 1400 };

struct target_snmp {
    struct target base;
    struct mib_oid enterprise;
    void *session;
    size_t community; /* bytes */
    int64_t next_ns;  /* when the pace allows the next message */
    struct snmp_message message;
};

/* --- the library ---------------------------------------------------------- */

/* What the library last complained about, for our own messages. */
static char library_said[160];

static int
library_log(int major, int minor, void *message, void *arg)
{
    const struct snmp_log_message *m = message;

    (void) major;
    (void) minor;
    (void) arg;
    if (m && m->msg) {
        snprintf(library_said, sizeof library_said, "%s", m->msg);
        library_said[strcspn(library_said, "\n")] = '\0';
    }
    return 0;
}

/* Once in the process.  init_snmp() is not called, on purpose: it would read
 * snmp.conf in /etc and in the home directory, certificates and MIBs, write an
 * index of certificates, and take over the locale.  A session of SNMPv2c needs
 * none of it.  Host files, which opening a session would read, are off. */
static void
library_start(void)
{
    static const int off[] = {
        NETSNMP_DS_LIB_DONT_READ_CONFIGS,       NETSNMP_DS_LIB_DONT_PERSIST_STATE,
        NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE,
        NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES,
    };
    static bool done;

    if (done)
        return;
    done = true;
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, off[i], 1);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, library_log, NULL);
    snmp_enable_calllog();
}

/* --- opening -------------------------------------------------------------- */

/* "file:line: target NAME: what" into 'err'. */
__attribute__((format(printf, 4, 5))) static void
refuse(const struct config_target *tc, char *err, size_t errlen, const char *format, ...)
{
    va_list args;
    int n = snprintf(err, errlen, "%s:%d: target %s: ", tc->place.file ? tc->place.file : "-", tc->place.line,
                     tc->name ? tc->name : "-");

    if (n < 0 || (size_t) n >= errlen)
        return;
    va_start(args, format);
    vsnprintf(err + n, errlen - (size_t) n, format, args);
    va_end(args);
}

/* The receiver as libnetsnmp wants it, with a numeric address: it must never
 * ask a name server while items wait. */
static bool
resolve(const struct config_target *tc, char *peer, size_t n, char *err, size_t errlen)
{
    bool six = (tc->transport && strcmp(tc->transport, "udp6") == 0) || (tc->host && strchr(tc->host, ':'));
    struct addrinfo hints = {.ai_family = six ? AF_INET6 : AF_INET, .ai_socktype = SOCK_DGRAM};
    const char *port = tc->port ? tc->port : "162";
    char host[NI_MAXHOST], service[NI_MAXSERV];
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(tc->host, port, &hints, &found);

    if (rc == 0)
        rc = getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, service, sizeof service,
                         NI_NUMERICHOST | NI_NUMERICSERV);
    if (rc == 0) {
        snprintf(peer, n, six ? "udp6:[%s]:%s" : "udp:%s:%s", host, service);
    } else {
        refuse(tc, err, errlen, "no %s address for %s port %s: %s; check the name, or give a numeric address",
               six ? "IPv6" : "IPv4", tc->host ? tc->host : "(none)", port,
               rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    }
    if (found)
        freeaddrinfo(found);
    return rc == 0;
}

/* The words of the session's last failure; 'session' NULL: of opening one. */
static void
session_error(void *session, netsnmp_session *opening, char *out, size_t n, int *system)
{
    char *text = NULL;
    int library = 0;

    *system = 0;
    if (session)
        snmp_sess_error(session, system, &library, &text);
    else
        snmp_error(opening, system, &library, &text);
    snprintf(out, n, "%s%s%s", text ? text : "unknown reason", library_said[0] ? "; " : "", library_said);
    free(text);
    library_said[0] = '\0';
}

static bool
check(const struct config *config, const struct config_target *tc, struct target_snmp *s, char *err,
      size_t errlen)
{
    size_t least, budget = tc->pdu_size ? tc->pdu_size : PDU_SIZE_DEFAULT;

    if (!config->enterprise_oid || !mib_enterprise(config->enterprise_oid, &s->enterprise)) {
        refuse(tc, err, errlen, "enterprise-oid \"%s\" is not 1.3.6.1.4.1.NUMBER or a branch of it",
               config->enterprise_oid ? config->enterprise_oid : "");
        return false;
    }
    if (!tc->community || !tc->community[0]) {
        refuse(tc, err, errlen, "no community; name a file that holds it with community-file=\"...\"");
        return false;
    }
    if ((tc->version && strcmp(tc->version, "2c") != 0) || tc->inform) {
        refuse(tc, err, errlen, "only version=\"2c\" with notification=\"trap\" in this version");
        return false;
    }
    s->community = strlen(tc->community);
    least = snmp_message_least(&s->enterprise, s->community);
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
    char peer[NI_MAXHOST + NI_MAXSERV + 16], why[200];
    netsnmp_session session;
    int system;

    if (!s) {
        refuse(tc, err, errlen, "no memory");
        return NULL;
    }
    s->base.cls = &target_snmp_class;
    s->base.config = config;
    s->base.tc = tc;
    library_start();
    if (!check(config, tc, s, err, errlen) || !resolve(tc, peer, sizeof peer, err, errlen))
        goto fail;
    snmp_sess_init(&session);
    session.version = SNMP_VERSION_2c;
    session.peername = peer;
    session.community = (u_char *) tc->community; /* the library copies it */
    session.community_len = s->community;
    session.retries = 0;
    s->session = snmp_sess_open(&session);
    if (!s->session) {
        session_error(NULL, &session, why, sizeof why, &system);
        refuse(tc, err, errlen, "cannot open %s: %s", peer, why);
        goto fail;
    }
    return &s->base;
fail:
    free(s);
    return NULL;
}

static void
snmp_target_close(struct target *t)
{
    struct target_snmp *s = (struct target_snmp *) t;

    if (!s)
        return;
    snmp_sess_close(s->session);
    free(s);
}

/* --- sending -------------------------------------------------------------- */

/* Waits until the pace allows a message: tc->pace a second, and after a pause
 * a twentieth of a second's worth at once.  Receivers lose what comes faster
 * than they read. */
static void
pace(struct target_snmp *s)
{
    int64_t now, gap;
    struct timespec until;

    if (!s->base.tc->pace)
        return;
    now = clock_monotonic();
    gap = WHEN_SECOND / s->base.tc->pace;
    if (s->next_ns < now - WHEN_SECOND / 20)
        s->next_ns = now - WHEN_SECOND / 20;
    until.tv_sec = (time_t) (s->next_ns / WHEN_SECOND);
    until.tv_nsec = (long) (s->next_ns % WHEN_SECOND);
    if (s->next_ns > now)
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
    s->next_ns += gap;
}

/* Sends s->message, which is set. */
static int
send_message(struct target_snmp *s)
{
    const struct config_target *tc = s->base.tc;
    struct snmp_pdu *pdu;
    char why[180];
    int system;

    snmp_message_fit(&s->message, s->community, tc->pdu_size ? tc->pdu_size : PDU_SIZE_DEFAULT);
    pdu = snmp_message_pdu(&s->message, SNMP_MSG_TRAP2);
    if (!pdu) {
        snprintf(s->base.error, sizeof s->base.error, "no memory");
        return -ENOMEM;
    }
    pace(s);
    if (snmp_sess_send(s->session, pdu) == 0) {
        /* The library frees what it has sent, and only that. */
        snmp_free_pdu(pdu);
        session_error(s->session, NULL, why, sizeof why, &system);
        snprintf(s->base.error, sizeof s->base.error, "cannot send to %.40s port %.10s: %s", tc->host,
                 tc->port ? tc->port : "162", why);
        return system > 0 ? -system : -EIO;
    }
    s->base.sent++;
    s->base.truncated += s->message.truncated;
    return 0;
}

static int
snmp_target_send(struct target *t, const struct target_item *it)
{
    struct target_snmp *s = (struct target_snmp *) t;

    /* Not an alarm, or of a class that raises none: nothing here for an NMS,
     * and coming again would not change it. */
    if (snmp_message_alarm(&s->message, &s->enterprise, it) < 0)
        return 0;
    t->taken = it->seq;
    return send_message(s);
}

int
target_snmp_notice(struct target *t, const struct snmp_notice *notice)
{
    struct target_snmp *s = (struct target_snmp *) t;

    snmp_message_notice(&s->message, &s->enterprise, notice);
    return send_message(s);
}

/* A trap is as safe as it gets once the kernel has it. */
static int
snmp_target_flush(struct target *t, int timeout_ms)
{
    (void) t;
    (void) timeout_ms;
    return 0;
}

static int
snmp_target_settle(struct target *t, int wait_ms, uint64_t *safe)
{
    int r = snmp_target_flush(t, wait_ms ? wait_ms : 5000);

    if (r == 0)
        *safe = t->taken;
    return r;
}

const struct target_class target_snmp_class = {
    .type = "snmp",
    .open = snmp_target_open,
    .send = snmp_target_send,
    .settle = snmp_target_settle,
    .close = snmp_target_close,
};
