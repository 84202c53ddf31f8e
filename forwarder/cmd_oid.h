/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_oid.h - the enterprise OID in force, for the commands that print files for
 * it: that of --enterprise-oid, else that of the configuration, else the one the
 * program was built with. */
#ifndef FORWARDER_CMD_OID_H
#define FORWARDER_CMD_OID_H

#include <stdbool.h>

#include "forwarder/mib_table.h"

struct cmd_oid {
    const char *config; /* -c, or NULL */
    struct mib_oid enterprise;
    int first; /* index in argv of the first argument */
};

/* Reads -c, --enterprise-oid and --help.  False when the command is to end with
 * '*status': --help was shown, or what is wrong was told. */
bool cmd_oid_read(struct cmd_oid *, int argc, char **argv, const char *usage, int *status);

/* An OID of the command line; false when it cannot be one, which was told then. */
bool cmd_oid_parse(const char *command, const char *dotted, struct mib_oid *);

#endif
