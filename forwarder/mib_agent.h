/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_agent.h - what the agent shows, below arc 3 of the enterprise OID: one
 * group of scalars and three tables.  The MIB text (mib_agent_text.c) and the
 * values (agent_view.c) are both made from this table.  As everywhere in
 * mib_table.h: add at the end, never renumber. */
#ifndef FORWARDER_MIB_AGENT_H
#define FORWARDER_MIB_AGENT_H

#include "forwarder/mib_table.h"

/* One scalar, or one column of a table. */
struct mib_column {
    const char *name;
    unsigned arc;
    /* Column of the alarm table: the object of notifications whose syntax,
     * values and meaning it has.  MIB_OBJECTS: none, then the rest counts. */
    enum mib_object_id object;
    enum mib_syntax syntax;
    enum mib_enum_id enumeration;
    const char *units;
    const char *from;     /* dotted name in `truecause status --json`, of the row's object in a table */
    uint64_t divide;      /* the number there stands for that many times less; 0: as it is */
    bool writable;
    const char *prose;    /* NULL: that of 'object' */
};

/* The value of these is not in the answer of the daemon. */
#define MIB_FROM_AGENT "-"
/* Of the alarm table: the address of the computer that wrote the record. */
#define MIB_FROM_ADDRESS "@"

/* Names of the table's parts; 'row' NULL: scalars. */
struct mib_group {
    const char *name;    /* of the node, tcProgram or tcActiveTable */
    unsigned arc;
    const char *prose;   /* of a table */
    const char *row;     /* tcActiveEntry */
    const char *row_prose;
    const char *index;   /* name of column 1, the index, which cannot be read */
    const char *index_prose;
    const char *objects; /* of the OBJECT-GROUP */
    const char *objects_prose;
    const char *from;    /* name of the array in the answer */
    const struct mib_column *columns;
    unsigned n;
};

enum mib_group_id { MIB_GROUP_PROGRAM, MIB_GROUP_ACTIVE, MIB_GROUP_SOURCE, MIB_GROUP_TARGET, MIB_GROUPS };
extern const struct mib_group mib_groups[MIB_GROUPS]; /* in the order of their arcs */

/* Scalars that the agent itself knows. */
#define MIB_ENGINE_STATE "tcEngineState"
#define MIB_DATA_AGE "tcDataAge"
#define MIB_RESEND "tcResendAlarms"

/* What a column is: its own row, filled up from that of its object. */
struct mib_object mib_column_shape(const struct mib_column *);

#endif
