/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_agent.c - `truecause agent`: serves the state of the running daemon to a
 * master agent, such as net-snmp's snmpd, by AgentX.  The daemon starts it when
 * its configuration has an <agent> (agent_child.c); an administrator may run it
 * under a supervisor of his own.  Called by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "forwarder/agent_child.h"
#include "forwarder/agent_snmp.h"
#include "forwarder/cmd_oid.h"
#include "forwarder/config.h"
#include "forwarder/log.h"

static const char usage[] =
    "usage: truecause agent -c CONFIG\n"
    "       truecause agent --state FOLDER --socket ADDRESS --enterprise-oid OID\n"
    "Serves the open alarms, sources, targets and totals of the running daemon to the\n"
    "master agent that <agent socket=\"...\"/> of CONFIG names, by AgentX, until it is told\n"
    "to end (SIGTERM).  The daemon starts it by itself; run it only where <agent> has\n"
    "start=\"no\".  See truecause-snmp(7).\n"
    "The second form needs no CONFIG, and so no right to read what that names.\n"
    "\n"
    "Exit status: 0 ended when asked to; 2 wrong usage; 3 invalid configuration, or no\n"
    "<agent> in it; 4 failed.\n";

static volatile sig_atomic_t stop;

static void
on_stop(int number)
{
    (void) number;
    stop = 1;
}

/* A byte to the daemon that watches us. */
static void
alive(void *arg, bool connected)
{
    const char sign = connected ? AGENT_CHILD_CONNECTED : AGENT_CHILD_ALONE;
    const int *fd = arg;

    if (*fd >= 0 && write(*fd, &sign, 1) < 0 && errno != EAGAIN && errno != EINTR)
        stop = 1; /* nobody watches any more */
}

/* What is served, and to whom. */
struct agent_options {
    const char *path, *state, *socket, *oid;
    struct mib_oid enterprise;
    int watcher;
};

static int
serve(struct agent_options *o)
{
    struct sigaction end = {.sa_handler = on_stop};
    struct agent_fetch *fetch;
    char err[200];

    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    fetch = agent_fetch_new(o->state);
    if (!fetch) {
        log_error("cannot ask the daemon: %s", strerror(errno));
        return CMD_FAILED;
    }
    if (agent_snmp_open(o->socket, &o->enterprise, fetch, err, sizeof err) < 0) {
        log_error("%s", err);
        agent_fetch_free(fetch);
        return CMD_FAILED;
    }
    agent_snmp_serve(o->watcher, &stop, alive, &o->watcher);
    agent_snmp_close();
    if (!agent_fetch_free(fetch))
        _exit(CMD_DONE); /* its thread waits for the daemon: there is nothing to lose */
    return CMD_DONE;
}

/* By what a configuration says. */
static int
serve_config(struct agent_options *o)
{
    struct config *config = config_load(o->path, cmd_config_report, NULL);
    int status = CMD_CONFIG;

    if (config && !config->agent) {
        log_error("%s: there is no <agent>: add <agent socket=\"" CONFIG_AGENT_SOCKET "\"/>", o->path);
    } else if (config) {
        o->state = config->state;
        o->socket = config->agent->socket;
        status = cmd_oid_parse("agent", config->enterprise_oid, &o->enterprise) ? serve(o) : CMD_CONFIG;
    }
    config_unref(config);
    return status;
}

int
cmd_agent(int argc, char **argv)
{
    /* --watcher is for the daemon alone. */
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"state", required_argument, NULL, 's'},
                                          {"socket", required_argument, NULL, 'm'},
                                          {"enterprise-oid", required_argument, NULL, 'e'},
                                          {"watcher", required_argument, NULL, 'w'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct agent_options o = {.watcher = -1};
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        if (c == 'c') {
            o.path = optarg;
        } else if (c == 's') {
            o.state = optarg;
        } else if (c == 'm') {
            o.socket = optarg;
        } else if (c == 'e') {
            o.oid = optarg;
        } else if (c == 'w') {
            o.watcher = (int) strtol(optarg, NULL, 10);
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if ((!o.path && (!o.state || !o.socket || !o.oid)) || optind != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    if (!o.path && !cmd_oid_parse("agent", o.oid, &o.enterprise))
        return CMD_USAGE;
    log_to_journal();
    prctl(PR_SET_NAME, "truecause-agent");
    return o.path ? serve_config(&o) : serve(&o);
}
