/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_replay.c - `truecause replay`: what the journal still holds goes to one
 * target again.  Called by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "forwarder/clock.h"
#include "forwarder/control_client.h"
#include "forwarder/log.h"
#include "forwarder/moment_read.h"

static const char usage[] =
    "usage: truecause replay -c CONFIG --target NAME --from TIME [--to TIME]\n"
    "Sends what was stored from TIME to TIME (default: now) to one target again, for a\n"
    "receiver that has lost it.  The items keep their ids; other targets see nothing\n"
    "of it.  It goes on after a restart.  TIME is when an item was stored, as\n"
    "2026-11-22T21:05:00Z, \"2026-11-22 21:05\" (local time), or how long ago it is: 2h\n"
    "\n"
    "Exit status: 0 under way; 2 wrong usage; 3 CONFIG cannot be read; 4 failed: no\n"
    "daemon answers, or the journal holds nothing of that time (see keep in\n"
    "truecause.conf(5)).\n";

struct replay_options {
    const char *path, *target, *from, *to;
};

static bool
read_options(struct replay_options *o, int argc, char **argv, int *status)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"target", required_argument, NULL, 't'},
                                          {"from", required_argument, NULL, 'f'},
                                          {"to", required_argument, NULL, 'u'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        if (c == 'c') {
            o->path = optarg;
        } else if (c == 't') {
            o->target = optarg;
        } else if (c == 'f') {
            o->from = optarg;
        } else if (c == 'u') {
            o->to = optarg;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            *status = c == 'h' ? CMD_DONE : CMD_USAGE;
            return false;
        }
    }
    *status = CMD_USAGE;
    if (o->path && o->target && o->target[0] && o->from && optind == argc)
        return true;
    fputs(usage, stderr);
    return false;
}

static bool
read_time(const char *option, const char *text, int64_t now, int64_t *out)
{
    if (moment_read(text, now, out) && *out > 0)
        return true;
    log_error("%s %s: not a time; write " MOMENT_FORMS, option, text);
    return false;
}

int
cmd_replay(int argc, char **argv)
{
    int64_t now = clock_utc(), from = 0, to = 0;
    struct replay_options o = {0};
    char first[24], last[24];
    int status;

    if (!read_options(&o, argc, argv, &status))
        return status;
    if (!read_time("--from", o.from, now, &from) || (o.to && !read_time("--to", o.to, now, &to)))
        return CMD_USAGE;
    if (to && to < from) {
        log_error("--to is before --from");
        return CMD_USAGE;
    }
    snprintf(first, sizeof first, "%" PRId64, from);
    snprintf(last, sizeof last, "%" PRId64, to);
    return control_client_run(o.path, (const char *const[]){"REPLAY", o.target, first, last, NULL});
}
