/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_explain_id.c - `truecause explain -c CONFIG ID`: an item that was
 * forwarded, from the running daemon, or from its journal when none runs.
 * Called by cmd_explain.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/config_state.h"
#include "forwarder/control_client.h"
#include "forwarder/control.h"
#include "forwarder/explain_item.h"
#include "forwarder/journal_view.h"
#include "forwarder/log.h"

static const char usage[] =
    "usage: truecause explain -c CONFIG ID\n"
    "Shows the event or alarm change with this ID (32 hex digits): what it says, what\n"
    "proves it, how its alarm went on, and which targets have had it.  Asks the running\n"
    "daemon, or reads its journal when none runs.\n"
    "\n"
    "Exit status: 0 shown; 2 wrong usage; 3 CONFIG cannot be read; 4 not found.\n";

struct delivery {
    struct xml_buf *out;
    uint64_t seq;
};

static void
show_delivery(void *arg, const char *target, uint64_t cursor)
{
    const struct delivery *d = arg;

    explain_delivery(d->out, target, cursor, d->seq);
}

/* No daemon runs: the journal as it lies there. */
static int
from_journal(const char *state, const char *id, struct xml_buf *out)
{
    struct delivery d = {.out = out};
    struct journal *view;
    char err[4600];
    int status;

    if (!(view = journal_view(state, err, sizeof err))) {
        log_error("no daemon runs, and %s", err);
        return CMD_FAILED;
    }
    status = explain_item(view, NULL, id, &d.seq, out);
    if (status == CMD_DONE) {
        put_z(out, "\nTargets (no daemon runs):\n");
        if (journal_view_cursors(view, show_delivery, &d) != 0)
            put_z(out, "  their places cannot be read\n");
    }
    journal_close(view);
    return status;
}

static int
show(const char *state, const char *id)
{
    const char *const words[] = {"EXPLAIN", id, NULL};
    struct xml_buf out;
    char err[4600];
    int status;

    xml_buf_init(&out, CONTROL_REPLY + 64);
    status = control_client_ask(state, words, &out, err, sizeof err);
    if (status == -ENOENT || status == -ECONNREFUSED)
        status = from_journal(state, id, &out);
    else if (status < 0)
        log_error("%s", err);
    if (status == CMD_DONE) {
        if ((out.n && fwrite(out.p, 1, out.n, stdout) != out.n) || fflush(stdout) != 0) {
            log_error("cannot write the answer");
            status = CMD_FAILED;
        }
    } else if (out.n) {
        log_error("%.*s", (int) str_find_char(str_make(out.p, out.n), '\n'), out.p);
    }
    xml_buf_fini(&out);
    return status < 0 ? CMD_FAILED : status;
}

int
cmd_explain_id(int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *path = NULL;
    char err[4600], *state;
    int c, status;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        if (c == 'c') {
            path = optarg;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!path || optind != argc - 1 || !explain_is_id(argv[optind])) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    if (!(state = config_state(path, err, sizeof err))) {
        log_error("%s", err);
        return CMD_CONFIG;
    }
    status = show(state, argv[optind]);
    free(state);
    return status;
}
