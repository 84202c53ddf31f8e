/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_alarms.c - `truecause alarms`: the open alarms of the running daemon, and
 * what an operator can do with them.  Called by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/control_client.h"

static const char usage[] =
    "usage: truecause alarms -c CONFIG list [--json]\n"
    "       truecause alarms -c CONFIG clear KEY --reason TEXT\n"
    "       truecause alarms -c CONFIG resend\n"
    "list shows the alarms that are open.  clear ends one by hand, and every target\n"
    "that knew it is told, with the reason.  resend sends all that are open again, to\n"
    "a management system that has lost them.\n"
    "\n"
    "Exit status: 0 done; 2 wrong usage; 3 CONFIG cannot be read; 4 failed: no daemon\n"
    "answers, or no alarm has that KEY.\n";

struct alarms_options {
    const char *path, *reason;
    bool json;
};

/* The request for what was asked, NULL for wrong usage. */
static const char *const *
request(const struct alarms_options *o, char *const *args, int n, const char *words[4])
{
    const char *what = n ? args[0] : "";

    memset(words, 0, 4 * sizeof *words);
    if (strcmp(what, "list") == 0 && n == 1 && !o->reason) {
        words[0] = "ALARMS";
        words[1] = o->json ? "json" : NULL;
    } else if (strcmp(what, "clear") == 0 && n == 2 && o->reason && !o->json) {
        words[0] = "CLEAR";
        words[1] = args[1];
        words[2] = o->reason;
    } else if (strcmp(what, "resend") == 0 && n == 1 && !o->reason && !o->json) {
        words[0] = "RESEND";
    } else {
        return NULL;
    }
    /* An empty word is no word. */
    for (int i = 0; i < 3 && words[i]; i++)
        if (!words[i][0])
            return NULL;
    return words;
}

int
cmd_alarms(int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"reason", required_argument, NULL, 'r'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct alarms_options o = {0};
    const char *words[4];
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        if (c == 'c') {
            o.path = optarg;
        } else if (c == 'r') {
            o.reason = optarg;
        } else if (c == 'j') {
            o.json = true;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!o.path || !request(&o, argv + optind, argc - optind, words)) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    return control_client_run(o.path, words);
}
