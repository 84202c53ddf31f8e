/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_oid.c - options of the commands that print files for an enterprise OID.
 * Called by cmd_mib.c, cmd_pack.c and cmd_agent.c. */
#include "build.h"

#include "forwarder/cmd_oid.h"

#include <getopt.h>
#include <stdio.h>

#include "forwarder/cmd.h"
#include "forwarder/config.h"

bool
cmd_oid_parse(const char *command, const char *dotted, struct mib_oid *out)
{
    if (mib_enterprise(dotted, out))
        return true;
    fprintf(stderr, "truecause %s: enterprise OID %s: want 1.3.6.1.4.1.NUMBER or a branch of it, dotted digits\n",
            command, dotted);
    return false;
}

/* '*status' is set unless true is returned. */
static bool
take(struct cmd_oid *o, const char *command, const char *dotted, int *status)
{
    struct config *config = NULL;
    bool valid;

    if (o->config && !(config = config_load(o->config, cmd_config_report, NULL))) {
        *status = CMD_CONFIG;
        return false;
    }
    if (!dotted)
        dotted = config ? config->enterprise_oid : DEFAULT_ENTERPRISE_OID;
    valid = cmd_oid_parse(command, dotted, &o->enterprise);
    if (!valid)
        *status = CMD_USAGE;
    config_unref(config);
    return valid;
}

bool
cmd_oid_read(struct cmd_oid *o, int argc, char **argv, const char *usage, int *status)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"enterprise-oid", required_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *dotted = NULL;
    int c;

    o->config = NULL;
    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'e':
            dotted = optarg;
            break;
        case 'h':
            *status = fputs(usage, stdout) < 0 ? CMD_FAILED : CMD_DONE;
            return false;
        default:
            fputs(usage, stderr);
            *status = CMD_USAGE;
            return false;
        }
    }
    o->first = optind;
    return take(o, argv[0], dotted, status);
}
