/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_child.h - the agent as a child of the daemon: started where the
 * configuration has an <agent>, watched, and started again when it ends or
 * hangs.  All of it in the daemon's loop; nothing here waits for the child. */
#ifndef FORWARDER_AGENT_CHILD_H
#define FORWARDER_AGENT_CHILD_H

#include <event2/event.h>

#include "forwarder/config.h"

struct agent_child;

/* What there is to say of it; 'pid' 0: it does not run. */
struct agent_child_report {
    long pid;
    bool wanted, connected; /* by the configuration; with the master agent */
    unsigned restarts;
    char trouble[160]; /* why it last ended, "" when it never did */
};

/* 'report' is called after each change.  NULL when memory ends. */
struct agent_child *agent_child_new(struct event_base *,
                                    void (*report)(void *arg, const struct agent_child_report *), void *arg);
/* Starts, stops or replaces the child as 'config' says, which is referenced. */
void agent_child_configure(struct agent_child *, struct config *);
/* Ends the child.  NULL-safe. */
void agent_child_free(struct agent_child *);

/* The byte by which the child says that it is alive, and whether it has a master
 * agent. */
enum { AGENT_CHILD_CONNECTED = '+', AGENT_CHILD_ALONE = '-' };

#endif
