/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reload.h - what of two configurations is the same, so that a reload leaves
 * alone what has not changed.  Pure comparisons; engine*.c acts on them. */
#ifndef FORWARDER_RELOAD_H
#define FORWARDER_RELOAD_H

#include "forwarder/config.h"

/* True when one can go on as the other: all attributes are equal.  Where it
 * stands in the files does not matter. */
bool reload_same_source(const struct config_source *, const struct config_source *);
bool reload_same_target(const struct config_target *, const struct config_target *);

bool reload_same_agent(const struct config_agent *, const struct config_agent *); /* either may be NULL */

/* False when 'next' cannot replace 'now' in a running program; 'why' then says
 * what it is ("file:line: what and what to do"). */
bool reload_possible(const struct config *now, const struct config *next, char *why, size_t size);

#endif
