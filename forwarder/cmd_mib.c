/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_mib.c - `truecause mib`: prints TRUECAUSE-MIB for the enterprise OID in
 * force: that of the option, else that of the configuration, else the one the
 * program was built with.  Called by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <getopt.h>
#include <stdio.h>

#include "forwarder/config.h"
#include "forwarder/mib_text.h"

static const char usage[] =
    "usage: truecause mib [-c CONFIG] [--enterprise-oid OID]\n"
    "Prints TRUECAUSE-MIB for the enterprise OID in force: OID, else that of CONFIG,\n"
    "else " DEFAULT_ENTERPRISE_OID ".\n";

static int
print(const char *dotted)
{
    struct mib_oid enterprise;

    if (!mib_enterprise(dotted, &enterprise)) {
        fprintf(
            stderr,
            "truecause mib: enterprise OID %s: want 1.3.6.1.4.1.NUMBER or a branch of it, dotted digits\n",
            dotted);
        return CMD_USAGE;
    }
    if (mib_text_write(stdout, &enterprise) < 0 || fflush(stdout) != 0) {
        perror("truecause mib: cannot write");
        return CMD_FAILED;
    }
    return CMD_DONE;
}

int
cmd_mib(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"enterprise-oid", required_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *path = NULL, *oid = NULL;
    struct config *config = NULL;
    int c, rc;

    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            path = optarg;
            break;
        case 'e':
            oid = optarg;
            break;
        case 'h':
            return fputs(usage, stdout) < 0 ? CMD_FAILED : CMD_DONE;
        default:
            fputs(usage, stderr);
            return CMD_USAGE;
        }
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    if (path && !(config = config_load(path, cmd_config_report, NULL)))
        return CMD_CONFIG;
    rc = print(oid ? oid : config ? config->enterprise_oid : DEFAULT_ENTERPRISE_OID);
    config_unref(config);
    return rc;
}
