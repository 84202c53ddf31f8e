/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_status.c - `truecause status`: how the running daemon is doing.  Called
 * by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <getopt.h>
#include <stdio.h>

#include "forwarder/control_client.h"

static const char usage[] =
    "usage: truecause status -c CONFIG [--json] [--all]\n"
    "Asks the running daemon how it is doing: its sources and how far behind they are,\n"
    "its targets and what they have not had, the journal, the alarms that are open.\n"
    "  --json   for programs; truecause-forward(8) has the names\n"
    "  --all    every log, not only the 20 with the most unread bytes\n"
    "\n"
    "Exit status: 0 answered; 2 wrong usage; 3 CONFIG cannot be read; 4 no daemon answers.\n";

int
cmd_status(int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *words[4] = {"STATUS"}, *path = NULL;
    unsigned n = 1;
    bool json = false, all = false;
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        if (c == 'c') {
            path = optarg;
        } else if (c == 'j') {
            json = true;
        } else if (c == 'a') {
            all = true;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!path || optind != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    if (json)
        words[n++] = "json";
    if (all)
        words[n++] = "all";
    return control_client_run(path, words);
}
