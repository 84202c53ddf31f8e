/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_fetch.h - the agent's side of the control socket: asks the daemon when
 * somebody wants to know, and keeps the answer for some seconds.  A thread of
 * its own waits for the daemon; the one that serves SNMP waits for that thread
 * no longer than AGENT_FETCH_WAIT_MS. */
#ifndef FORWARDER_AGENT_FETCH_H
#define FORWARDER_AGENT_FETCH_H

#include "forwarder/agent_view.h"

enum {
    AGENT_FETCH_WAIT_MS = 500, /* a master agent gives its subagents a second */
    AGENT_FETCH_KEEP_MS = 3000 /* an answer counts as new for so long, or ten times as long as it took */
};

struct agent_fetch;

/* 'state' is the state folder of the daemon, copied.  NULL with errno. */
struct agent_fetch *agent_fetch_new(const char *state);
/* False when its thread is still waiting for the daemon: then nothing was freed,
 * and the process must end.  NULL-safe. */
bool agent_fetch_free(struct agent_fetch *);

/* The newest view, never NULL, for the serving thread alone and until it calls
 * again; '*own' is what goes with it. */
const struct agent_view *agent_fetch_view(struct agent_fetch *, struct agent_own *own);
/* Has all open alarms sent again.  0 done or under way, negative errno refused. */
int agent_fetch_resend(struct agent_fetch *);

#endif
