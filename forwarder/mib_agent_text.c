/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_agent_text.c - the part of TRUECAUSE-MIB that the agent serves, from the
 * table in mib_agent.c.  Called by mib_text.c. */
#include "build.h"

#include "forwarder/mib_agent.h"
#include "forwarder/mib_text_parts.h"

/* Groups 1 to 5 are those of notifications. */
enum { FIRST_GROUP = 6 };

void
mib_agent_text_nodes(FILE *out)
{
    fprintf(out, "tcAgent         OBJECT IDENTIFIER ::= { truecauseMIB %d }\n", MIB_ARC_AGENT);
    for (unsigned i = 0; i < MIB_GROUPS; i++)
        if (!mib_groups[i].row)
            fprintf(out, "%-15s OBJECT IDENTIFIER ::= { tcAgent %u }\n", mib_groups[i].name, mib_groups[i].arc);
}

static void
object(FILE *out, const struct mib_object *o, const char *access, const char *parent)
{
    fprintf(out, "%s OBJECT-TYPE\n    SYNTAX ", o->name);
    mib_text_syntax(out, o);
    if (o->units)
        fprintf(out, "\n    UNITS \"%s\"", o->units);
    fprintf(out, "\n    MAX-ACCESS %s\n    STATUS current\n", access);
    mib_text_quoted(out, "DESCRIPTION", o->prose);
    fprintf(out, "\n    ::= { %s %u }\n\n", parent, o->arc);
}

/* "tcActiveEntry" as the name of a type. */
static void
row_type(FILE *out, const struct mib_group *g)
{
    fprintf(out, "T%s", g->row + 1);
}

static void
table_head(FILE *out, const struct mib_group *g)
{
    const struct mib_object index = {
        .name = g->index, .arc = 1, .syntax = MIB_UNSIGNED, .low = 1, .high = UINT32_MAX, .prose = g->index_prose};

    fprintf(out, "%s OBJECT-TYPE\n    SYNTAX SEQUENCE OF ", g->name);
    row_type(out, g);
    fputs("\n    MAX-ACCESS not-accessible\n    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", g->prose);
    fprintf(out, "\n    ::= { tcAgent %u }\n\n%s OBJECT-TYPE\n    SYNTAX ", g->arc, g->row);
    row_type(out, g);
    fputs("\n    MAX-ACCESS not-accessible\n    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", g->row_prose);
    fprintf(out, "\n    INDEX { %s }\n    ::= { %s 1 }\n\n", g->index, g->name);
    row_type(out, g);
    fprintf(out, " ::= SEQUENCE {\n    %s Unsigned32", g->index);
    for (unsigned i = 0; i < g->n; i++) {
        struct mib_object o = mib_column_shape(&g->columns[i]);

        fprintf(out, ",\n    %s ", o.name);
        /* Only the type counts here, no range of it. */
        if (o.syntax == MIB_INTEGER)
            fputs("Integer32", out);
        else if (o.syntax == MIB_UNSIGNED)
            fputs("Unsigned32", out);
        else if (o.syntax == MIB_ID)
            fputs("TcHexId", out);
        else
            mib_text_syntax(out, &o);
    }
    fputs("\n}\n\n", out);
    object(out, &index, "not-accessible", g->row);
}

void
mib_agent_text_objects(FILE *out)
{
    for (unsigned i = 0; i < MIB_GROUPS; i++) {
        const struct mib_group *g = &mib_groups[i];

        if (g->row)
            table_head(out, g);
        for (unsigned k = 0; k < g->n; k++) {
            struct mib_object o = mib_column_shape(&g->columns[k]);

            object(out, &o, g->columns[k].writable ? "read-write" : "read-only", g->row ? g->row : g->name);
        }
    }
}

void
mib_agent_text_groups(FILE *out)
{
    for (unsigned i = 0; i < MIB_GROUPS; i++) {
        const struct mib_group *g = &mib_groups[i];

        fprintf(out, "%s OBJECT-GROUP\n    OBJECTS {\n", g->objects);
        for (unsigned k = 0; k < g->n; k++)
            fprintf(out, "        %s%s\n", g->columns[k].name, k + 1 < g->n ? "," : "");
        fputs("    }\n    STATUS current\n", out);
        mib_text_quoted(out, "DESCRIPTION", g->objects_prose);
        fprintf(out, "\n    ::= { tcGroups %u }\n\n", FIRST_GROUP + i);
    }
}

void
mib_agent_text_compliance(FILE *out)
{
    fputs("tcAgentCompliance MODULE-COMPLIANCE\n    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", "What the agent does. It may be configured to take no orders.");
    fputs("\n    MODULE\n        MANDATORY-GROUPS {\n", out);
    for (unsigned i = 0; i < MIB_GROUPS; i++)
        fprintf(out, "            %s%s\n", mib_groups[i].objects, i + 1 < MIB_GROUPS ? "," : "");
    fputs("        }\n"
          "        OBJECT " MIB_RESEND "\n"
          "        MIN-ACCESS read-only\n"
          "        DESCRIPTION\n"
          "            \"Where the master agent gives nobody write access, the command\n"
          "             'truecause alarms resend' does the same.\"\n"
          "    ::= { tcCompliances 2 }\n\n",
          out);
}
