/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_forward.c - `truecause forward -c CONFIG --once`: configured sources
 * through the journal to the configured targets. */
#include "build.h"

#include <getopt.h>
#include <stdio.h>

#include "forwarder/cmd.h"
#include "forwarder/log.h"
#include "forwarder/pipeline.h"

static const char usage[] =
    "usage: truecause forward -c CONFIG --once\n"
    "Reads every source to its end, delivers to every target, and ends.  What was\n"
    "read before is not read again; what a target could not take waits for the next\n"
    "run.\n"
    "\n"
    "Exit status: 0 done; 1 done, but some bytes no format could frame; 2 wrong usage;\n"
    "3 invalid configuration; 4 a source could not be read or a target not reached.\n";

void
cmd_config_report(void *arg, bool warning, const struct config_place *place, const char *text)
{
    (void) arg;
    if (warning)
        log_warn("%s:%d: %s", place->file, place->line, text);
    else
        log_error("%s:%d: %s", place->file, place->line, text);
}

int
cmd_forward(int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"once", no_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *path = NULL;
    struct config *config;
    bool once = false;
    int c, status;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        if (c == 'c') {
            path = optarg;
        } else if (c == 'o') {
            once = true;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!path || optind != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    if (!once) {
        log_error("following sources as a daemon is not in this version; use --once, from a timer if need be");
        return CMD_USAGE;
    }
    config = config_load(path, cmd_config_report, NULL);
    if (!config)
        return CMD_CONFIG;
    status = pipeline_forward_once(config);
    config_unref(config);
    return status;
}
