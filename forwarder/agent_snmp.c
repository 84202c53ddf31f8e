/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_snmp.c - serves the agent's values to a master agent by AgentX.  Called
 * by cmd_agent.c.  One subtree is registered with one handler, which looks
 * everything up in the view (agent_view.h): what the MIB says is what is served.
 *
 * As in snmp_library.c, init_snmp() is not called: neither the host's files nor
 * MIBs are read, and nothing is written.  What it would do for AgentX is to tell
 * the library that all has been configured, which connect_soon() does. */
#include "build.h"

#include "forwarder/agent_snmp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/library/large_fd_set.h>

#include "forwarder/clock.h"
#include "forwarder/log.h"
#include "forwarder/snmp_library.h"

/* How often an idle master agent is asked whether it is there, and one that is
 * not there is tried: both cost next to nothing on one host. */
enum { AGENT_PING_S = 2, AGENT_ROUND_MS = 1000 };
/* A master agent that was restarted is back within this; else there is a reason. */
enum { AGENT_GONE_S = 5 };

static struct {
    const char *master;
    struct agent_fetch *fetch;
    oid root[MAX_OID_LEN]; /* <enterprise>.3 */
    size_t n;
    netsnmp_handler_registration *registration;
    bool connected, refused;
    int64_t explain_at; /* monotonic: why there is no connection is said then; 0: was said, or there is one */
} agent;

/* --- values ----------------------------------------------------------------------- */

static void
set_value(netsnmp_variable_list *vb, const struct agent_value *v)
{
    struct counter64 wide = {.high = v->number >> 32, .low = v->number & UINT32_MAX};
    long number = (long) (int64_t) v->number;

    switch (v->syntax) {
    case MIB_TEXT:
    case MIB_KEY:
    case MIB_ID:
    case MIB_TIME:
        snmp_set_var_typed_value(vb, ASN_OCTET_STR, v->text.p, v->text.n);
        return;
    case MIB_ENUM:
    case MIB_TRUTH:
    case MIB_INTEGER:
        snmp_set_var_typed_value(vb, ASN_INTEGER, &number, sizeof number);
        return;
    case MIB_UNSIGNED:
    case MIB_GAUGE:
        snmp_set_var_typed_value(vb, ASN_GAUGE, &number, sizeof number);
        return;
    case MIB_COUNTER:
        snmp_set_var_typed_value(vb, ASN_COUNTER, &number, sizeof number);
        return;
    case MIB_COUNTER64:
        snmp_set_var_typed_value(vb, ASN_COUNTER64, &wide, sizeof wide);
        return;
    }
}

/* The part of a name below our root; 0 parts when it is none of ours.  More parts
 * than an instance has make no difference but that there are more. */
static unsigned
suffix_of(const netsnmp_variable_list *vb, uint64_t out[AGENT_SUFFIX + 1])
{
    unsigned n = 0;

    if (vb->name_length <= agent.n || snmp_oid_compare(vb->name, agent.n, agent.root, agent.n) != 0)
        return 0;
    for (size_t i = agent.n; i < vb->name_length && n < AGENT_SUFFIX + 1; i++)
        out[n++] = vb->name[i];
    return n;
}

static void
get(const struct agent_view *v, const struct agent_own *own, netsnmp_agent_request_info *info,
    netsnmp_request_info *request)
{
    uint64_t suffix[AGENT_SUFFIX + 1];
    unsigned n = suffix_of(request->requestvb, suffix);
    struct agent_place at;
    struct agent_value value;

    if (n && agent_view_find(v, suffix, n, &at)) {
        value = agent_view_value(v, own, &at);
        set_value(request->requestvb, &value);
    } else {
        netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
    }
}

static void
get_next(const struct agent_view *v, const struct agent_own *own, netsnmp_request_info *request)
{
    uint64_t suffix[AGENT_SUFFIX + 1];
    netsnmp_variable_list *vb = request->requestvb;
    unsigned n = suffix_of(vb, suffix);
    struct agent_place at;
    struct agent_value value;
    oid name[MAX_OID_LEN];

    if (snmp_oid_compare(vb->name, vb->name_length, agent.root, agent.n) > 0 && n == 0)
        return; /* behind us */
    if (!agent_view_next(v, suffix, n, request->inclusive != 0, &at))
        return; /* the library goes on with what others have */
    n = agent_view_suffix(v, &at, suffix);
    memcpy(name, agent.root, agent.n * sizeof *name);
    for (unsigned i = 0; i < n; i++)
        name[agent.n + i] = suffix[i];
    snmp_set_var_objid(vb, name, agent.n + n);
    value = agent_view_value(v, own, &at);
    set_value(vb, &value);
}

/* --- orders ----------------------------------------------------------------------- */

/* The column that is asked for, when it can be written. */
static const struct mib_column *
writable(const struct agent_view *v, const netsnmp_variable_list *vb)
{
    uint64_t suffix[AGENT_SUFFIX + 1];
    unsigned n = suffix_of(vb, suffix);
    struct agent_place at;
    const struct mib_column *c;

    if (!n || !agent_view_find(v, suffix, n, &at))
        return NULL;
    c = &mib_groups[at.group].columns[at.column];
    return c->writable ? c : NULL;
}

static int
test_order(const struct agent_view *v, const netsnmp_variable_list *vb)
{
    if (!writable(v, vb))
        return SNMP_ERR_NOTWRITABLE;
    if (vb->type != ASN_INTEGER)
        return SNMP_ERR_WRONGTYPE;
    if (vb->val_len != sizeof(long))
        return SNMP_ERR_WRONGLENGTH;
    return *vb->val.integer == mib_number(MIB_ENUM_RESEND, "resend") ? SNMP_ERR_NOERROR : SNMP_ERR_WRONGVALUE;
}

/* --- the library's calls ------------------------------------------------------------ */

static int
handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration, netsnmp_agent_request_info *info,
       netsnmp_request_info *requests)
{
    struct agent_own own;
    const struct agent_view *v = agent_fetch_view(agent.fetch, &own);
    int error;

    (void) handler;
    (void) registration;
    for (netsnmp_request_info *r = requests; r; r = r->next) {
        if (r->processed)
            continue;
        error = SNMP_ERR_NOERROR;
        switch (info->mode) {
        case MODE_GET:
            get(v, &own, info, r);
            break;
        case MODE_GETNEXT:
            get_next(v, &own, r);
            break;
        case MODE_SET_RESERVE1:
            error = test_order(v, r->requestvb);
            break;
        case MODE_SET_ACTION:
            error = agent_fetch_resend(agent.fetch) < 0 ? SNMP_ERR_COMMITFAILED : SNMP_ERR_NOERROR;
            break;
        default: /* nothing to reserve, nothing that could be undone */
            break;
        }
        if (error != SNMP_ERR_NOERROR)
            netsnmp_set_request_error(info, r, error);
    }
    return SNMP_ERR_NOERROR;
}

/* Why nobody can be reached there, and what to do. */
static void
explain(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = strncmp(agent.master, "unix:", 5) == 0 ? agent.master + 5 : agent.master;
    int fd, error = 0;

    if (*path != '/' || strlen(path) >= sizeof to.sun_path) {
        log_warn("no master agent answers at %s: tried every %d s", agent.master, AGENT_PING_S);
        return;
    }
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *) &to, sizeof to) != 0)
        error = errno;
    if (fd >= 0)
        close(fd);
    if (error == EACCES || error == EPERM)
        log_warn("may not use the master agent's socket %s: let the group of this user into it, with agentXPerms in "
                 "snmpd.conf (see truecause-snmp(7)); tried every %d s",
                 path, AGENT_PING_S);
    else if (error)
        log_warn("no master agent answers at %s: %s; tried every %d s. snmpd needs the line \"master agentx\"", path,
                 strerror(error), AGENT_PING_S);
    else
        log_warn("the master agent at %s takes no session; tried every %d s", path, AGENT_PING_S);
}

static int
connection_changed(int major, int minor, void *session, void *arg)
{
    (void) major;
    (void) session;
    (void) arg;
    agent.connected = minor == SNMPD_CALLBACK_INDEX_START;
    if (agent.connected)
        log_info("connected to the master agent at %s", agent.master);
    else
        log_warn("the master agent at %s has gone; tried every %d s", agent.master, AGENT_PING_S);
    agent.explain_at = agent.connected ? 0 : clock_monotonic() + AGENT_GONE_S * INT64_C(1000000000);
    agent.refused = false;
    return 0;
}

/* What the library says is not for our log, but for one thing that is worth a
 * word of ours. */
static int
take_log(int major, int minor, void *message, void *arg)
{
    const struct snmp_log_message *m = message;

    (void) major;
    (void) minor;
    (void) arg;
    if (m && m->msg && strstr(m->msg, "registering pdu failed") && !agent.refused) {
        agent.refused = true;
        log_error("the master agent at %s does not take our objects (%.*s): does another agent serve them?",
                  agent.master, (int) strcspn(m->msg, "\n!"), m->msg);
    }
    return 0;
}

/* --- start and end -------------------------------------------------------------------- */

static void
set_up_library(void)
{
    snmp_library_no_files();
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, take_log, NULL);
    snmp_enable_calllog();
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, agent.master);
    init_agent("truecause");
    /* Behind init_agent(), which sets its own. */
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, AGENT_PING_S);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, connection_changed, NULL);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, connection_changed, NULL);
}

int
agent_snmp_open(const char *master, const struct mib_oid *enterprise, struct agent_fetch *fetch, char *err,
                size_t errlen)
{
    agent.master = master;
    agent.fetch = fetch;
    for (unsigned i = 0; i < enterprise->n; i++)
        agent.root[agent.n++] = enterprise->sub[i];
    agent.root[agent.n++] = MIB_ARC_AGENT;
    set_up_library();
    agent.registration = netsnmp_create_handler_registration("truecause", handle, agent.root, agent.n, HANDLER_CAN_RWRITE);
    if (!agent.registration || netsnmp_register_handler(agent.registration) != MIB_REGISTERED_OK) {
        snprintf(err, errlen, "cannot register the objects with libnetsnmpagent");
        return -EIO;
    }
    return 0;
}

static void
connect_soon(void)
{
    agent.explain_at = clock_monotonic();
    snmp_call_callbacks(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, NULL);
}

static void
explain_in_time(void)
{
    if (agent.connected || !agent.explain_at || clock_monotonic() < agent.explain_at)
        return;
    agent.explain_at = 0;
    explain();
}

/* A reset connection is told by an error once, and by its end from then on.  The
 * error is taken here: reading it makes libnetsnmp 5.9 lose 110 bytes. */
static void
take_errors(netsnmp_large_fd_set *readable, int n)
{
    char unused;

    for (int i = 0; i < n; i++)
        if (NETSNMP_LARGE_FD_ISSET(i, readable) && recv(i, &unused, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
            continue;
}

/* Waits until a socket of the library or 'fd' has something, or a round is over. */
static bool
wait_a_round(int fd)
{
    struct timeval tv = {AGENT_ROUND_MS / 1000, 0};
    netsnmp_large_fd_set readable;
    int n = 0, block = 0;
    bool found;

    netsnmp_large_fd_set_init(&readable, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&readable);
    snmp_select_info2(&n, &readable, &tv, &block);
    if (block || tv.tv_sec >= AGENT_ROUND_MS / 1000)
        tv = (struct timeval){AGENT_ROUND_MS / 1000, 0};
    if (fd >= 0)
        NETSNMP_LARGE_FD_SET(fd, &readable);
    n = fd >= n ? fd + 1 : n;
    found = netsnmp_large_fd_set_select(n, &readable, NULL, NULL, &tv) > 0;
    if (found)
        take_errors(&readable, n);
    found = found && fd >= 0 && NETSNMP_LARGE_FD_ISSET(fd, &readable);
    netsnmp_large_fd_set_cleanup(&readable);
    return found;
}

void
agent_snmp_serve(int fd, const volatile sig_atomic_t *stop, void (*alive)(void *arg, bool connected), void *arg)
{
    connect_soon();
    while (!*stop) {
        alive(arg, agent.connected);
        explain_in_time();
        if (wait_a_round(fd))
            return;
        agent_check_and_process(0);
    }
}

void
agent_snmp_close(void)
{
    snmp_shutdown("truecause");
    shutdown_agent();
}
