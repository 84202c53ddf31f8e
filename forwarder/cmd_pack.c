/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_pack.c - `truecause pack`: prints a file for an NMS product, for the
 * enterprise OID in force (cmd_oid.h) and the catalogue beside the configuration;
 * without a name, what there is.  Called by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <stdio.h>

#include "forwarder/catalogue_files.h"
#include "forwarder/cmd_oid.h"
#include "forwarder/pack.h"

static const char usage[] =
    "usage: truecause pack [-c CONFIG] [--enterprise-oid OID] [NAME]\n"
    "Prints a ready-made file for an NMS, for the enterprise OID in force: OID, else that\n"
    "of CONFIG, else " DEFAULT_ENTERPRISE_OID ".  Without NAME, lists what there is.\n";

static int
list(void)
{
    for (const struct pack *p = packs; p->name; p++)
        printf("%-12s %s\n", p->name, p->what);
    return fflush(stdout) == 0 ? CMD_DONE : CMD_FAILED;
}

static int
print(const struct pack *pack, const struct cmd_oid *in_force)
{
    struct catalogue_error err;
    struct catalogue *catalogue = in_force->config ? catalogue_files_load(in_force->config, cmd_config_report, NULL)
                                                   : catalogue_new_builtin(&err);
    struct pack_source from = {&in_force->enterprise, catalogue};
    int status = CMD_DONE;

    if (!catalogue) {
        if (!in_force->config)
            fprintf(stderr, "truecause pack: %s:%d: %s\n", err.file, err.line, err.text);
        return in_force->config ? CMD_CONFIG : CMD_FAILED;
    }
    if (pack_write(stdout, pack, &from) < 0 || fflush(stdout) != 0) {
        perror("truecause pack: cannot write");
        status = CMD_FAILED;
    }
    catalogue_unref(catalogue);
    return status;
}

int
cmd_pack(int argc, char **argv)
{
    struct cmd_oid in_force;
    const struct pack *pack;
    int status;

    if (!cmd_oid_read(&in_force, argc, argv, usage, &status))
        return status;
    if (in_force.first == argc)
        return list();
    if (in_force.first + 1 != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    pack = pack_find(argv[in_force.first]);
    if (!pack) {
        fprintf(stderr, "truecause pack: '%s' is none of them:\n", argv[in_force.first]);
        for (const struct pack *p = packs; p->name; p++)
            fprintf(stderr, "  %-12s %s\n", p->name, p->what);
        return CMD_USAGE;
    }
    return print(pack, &in_force);
}
