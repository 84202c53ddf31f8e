/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - finds the subcommand and hands over.  Nothing else belongs here,
 * so that the tests can link all the rest. */
#include "build.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/cmd.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"report", cmd_report, "FILE|DIR ...            what failed and why: the first thing to try"},
    {"export", cmd_export, "FILE|DIR|- ...          records and alarms as XML"},
    {"explain", cmd_explain, "FILE[:LINE] | ID FILE   one record taken apart"},
    {"forward", cmd_forward, "-c CONFIG [--once]      sources to targets, through the journal"},
    {"status", cmd_status, "-c CONFIG               how the running daemon is doing"},
    {"alarms", cmd_alarms, "-c CONFIG list|clear|resend   what is open"},
    {"replay", cmd_replay, "-c CONFIG --target NAME stored items to a target again"},
    {"agent", cmd_agent, "-c CONFIG               what is open, to an SNMP agent on this host"},
    {"check", cmd_check, "-c CONFIG               what is wrong with a configuration"},
    {"send-test", cmd_send_test, "-c CONFIG TARGET        an example alarm to a target"},
    {"test", cmd_test, "[CATALOGUE ...]         the examples written inside the catalogue"},
    {"mib", cmd_mib, "                        the MIB for the enterprise OID in force"},
    {"pack", cmd_pack, "[NAME]                 a ready-made file for an NMS"},
};

static int
help(FILE *to, int status)
{
    fputs("usage: truecause COMMAND [OPTION]... [ARGUMENT]...\n\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(to, "  truecause %-10s %s\n", commands[i].name, commands[i].help);
    fputs("\ntruecause COMMAND --help tells more; --version the version.\n", to);
    return status;
}

int
main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return help(stderr, CMD_USAGE);
    if (strcmp(argv[1], "--version") == 0)
        return puts(PACKAGE_STRING) < 0 ? CMD_FAILED : CMD_DONE;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(stdout, CMD_DONE);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "truecause: error: '%s' is not a command\n", argv[1]);
    return help(stderr, CMD_USAGE);
}
