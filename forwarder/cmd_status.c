/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_status.c - `truecause status`: how the running daemon is doing.  Called
 * by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/config_state.h"
#include "forwarder/control_client.h"
#include "forwarder/log.h"

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
    char err[4600], *state;
    int c, status;

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
    if (!(state = config_state(path, err, sizeof err))) {
        log_error("%s", err);
        return CMD_CONFIG;
    }
    if (json)
        words[n++] = "json";
    if (all)
        words[n++] = "all";
    status = control_client_run(state, words);
    free(state);
    return status;
}
