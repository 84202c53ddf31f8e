/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_view.h - what the agent shows at one moment: the values of mib_agent.h
 * made from two answers of the daemon, and the look-ups that SNMP wants.  No
 * network and no library of SNMP here.  One thread fills a view; once sealed it
 * does not change. */
#ifndef FORWARDER_AGENT_VIEW_H
#define FORWARDER_AGENT_VIEW_H

#include "forwarder/mib_agent.h"
#include "parsers/str.h"

struct agent_view;

/* Without rows, every scalar 0 or empty.  NULL when memory ends. */
struct agent_view *agent_view_new(void);
void agent_view_free(struct agent_view *); /* NULL-safe */

/* Takes the answer to "STATUS json brief": scalars, sources, targets.  0,
 * -EPROTO when it is none, -ENOMEM. */
int agent_view_status(struct agent_view *, struct str json);
/* Takes an answer to "ALARMS after N": more rows of open alarms.  '*last' is N before,
 * and then the number of the last one (N when there is none); '*more' is whether
 * others follow it, never where that is N again.  0, -EPROTO, -ENOMEM, or -E2BIG over AGENT_ALARMS. */
int agent_view_alarms(struct agent_view *, struct str page, uint64_t *last, bool *more);
/* Puts the rows in order; before any look-up. */
void agent_view_seal(struct agent_view *);

/* More open alarms than the forwarder ever keeps. */
enum { AGENT_ALARMS = 20000 };

/* One instance.  'row' is 0 of a scalar. */
struct agent_place {
    enum mib_group_id group;
    unsigned column, row;
};

/* The identifier of an instance below <enterprise>.3, and the instance of an
 * identifier: exactly that one, or the first after it ('or_same': not before it). */
enum { AGENT_SUFFIX = 4 };
unsigned agent_view_suffix(const struct agent_view *, const struct agent_place *, uint64_t out[AGENT_SUFFIX]);
bool agent_view_find(const struct agent_view *, const uint64_t *suffix, unsigned n, struct agent_place *);
bool agent_view_next(const struct agent_view *, const uint64_t *suffix, unsigned n, bool or_same,
                     struct agent_place *);

/* What no answer of the daemon holds. */
struct agent_own {
    const char *engine; /* label of TcEngineCondition in place of what it said; NULL: as it said */
    uint64_t age;       /* seconds */
    const char *resend; /* label of TcResend */
};

/* By its syntax either a number (signed ones in two's complement) or a text that
 * the view owns. */
struct agent_value {
    enum mib_syntax syntax;
    uint64_t number;
    struct str text;
};
struct agent_value agent_view_value(const struct agent_view *, const struct agent_own *, const struct agent_place *);

/* The index of a source or target: 1..2147483647, made of its name alone. */
uint32_t agent_view_index(struct str name);

#endif
