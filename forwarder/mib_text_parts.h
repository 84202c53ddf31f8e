/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_text_parts.h - what mib_text.c and mib_agent_text.c share. */
#ifndef FORWARDER_MIB_TEXT_PARTS_H
#define FORWARDER_MIB_TEXT_PARTS_H

#include <stdio.h>

#include "forwarder/mib_table.h"

/* 'text' between quotation marks below 'clause', wrapped. */
void mib_text_quoted(FILE *, const char *clause, const char *text);
/* The type of an object. */
void mib_text_syntax(FILE *, const struct mib_object *);

/* mib_agent_text.c: the part below MIB_ARC_AGENT, its groups, what an agent does. */
void mib_agent_text_nodes(FILE *);
void mib_agent_text_objects(FILE *);
void mib_agent_text_groups(FILE *);
void mib_agent_text_compliance(FILE *);

#endif
