/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_forward.c - `truecause forward -c CONFIG [--once]`: configured sources
 * through the journal to the configured targets, for years or once. */
#include "build.h"

#include <getopt.h>
#include <stdio.h>

#include "forwarder/catalogue_files.h"
#include "forwarder/cmd.h"
#include "forwarder/daemon.h"
#include "forwarder/engine.h"
#include "forwarder/log.h"

static const char usage[] =
    "usage: truecause forward -c CONFIG [--once]\n"
    "Follows every source and delivers to every target, until it is told to end\n"
    "(SIGTERM).  SIGHUP reads the configuration again.\n"
    "  --once   read what is there to its end, deliver it, and end; what was read\n"
    "           before is not read again, what a target could not take waits for\n"
    "           the next run\n"
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

static int
forward_once(struct config *config, struct catalogue *catalogue)
{
    struct engine *e = engine_new(config, catalogue, true);
    int status;

    if (!e) {
        log_error("out of memory");
        return CMD_FAILED;
    }
    status = engine_run(e, NULL, NULL);
    engine_free(e);
    return status;
}

int
cmd_forward(int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"once", no_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *path = NULL;
    struct catalogue *catalogue;
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
    config = config_load(path, cmd_config_report, NULL);
    if (!config)
        return CMD_CONFIG;
    catalogue = catalogue_files_load(path, cmd_config_report, NULL);
    if (!catalogue)
        status = CMD_CONFIG;
    else
        status = once ? forward_once(config, catalogue) : daemon_run(path, config_ref(config), catalogue);
    config_unref(config);
    return status;
}
