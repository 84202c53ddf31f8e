/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_mib.c - `truecause mib`: prints TRUECAUSE-MIB for the enterprise OID in
 * force (cmd_oid.h).  Called by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <stdio.h>

#include "forwarder/cmd_oid.h"
#include "forwarder/mib_text.h"

static const char usage[] =
    "usage: truecause mib [-c CONFIG] [--enterprise-oid OID]\n"
    "Prints TRUECAUSE-MIB for the enterprise OID in force: OID, else that of CONFIG,\n"
    "else " DEFAULT_ENTERPRISE_OID ".\n";

int
cmd_mib(int argc, char **argv)
{
    struct cmd_oid in_force;
    int status;

    if (!cmd_oid_read(&in_force, argc, argv, usage, &status))
        return status;
    if (in_force.first != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    if (mib_text_write(stdout, &in_force.enterprise) < 0 || fflush(stdout) != 0) {
        perror("truecause mib: cannot write");
        return CMD_FAILED;
    }
    return CMD_DONE;
}
