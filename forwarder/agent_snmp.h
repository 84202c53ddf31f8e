/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_snmp.h - the AgentX subagent, on libnetsnmpagent.  That library keeps
 * its state in the process and waits for the master agent inside its calls:
 * only `truecause agent`, a process of its own, may use this. */
#ifndef FORWARDER_AGENT_SNMP_H
#define FORWARDER_AGENT_SNMP_H

#include <signal.h>

#include "forwarder/agent_fetch.h"

/* Registers what mib_agent.h says below 'enterprise'; once in a process.  'master'
 * is where the master agent listens ("/var/agentx/master", "tcp:127.0.0.1:705").
 * 0, or -EIO with 'err' in words.  Both pointers are borrowed until the end. */
int agent_snmp_open(const char *master, const struct mib_oid *enterprise, struct agent_fetch *, char *err,
                    size_t errlen);
/* Serves requests, and connects again where the connection is lost, until 'fd'
 * becomes readable (-1: none) or 'stop' is set.  'alive' is called every second
 * or so, unless a call of the library hangs. */
void agent_snmp_serve(int fd, const volatile sig_atomic_t *stop, void (*alive)(void *arg, bool connected),
                      void *arg);
/* Says goodbye to the master agent and gives the library's memory back. */
void agent_snmp_close(void);

#endif
