/* SPDX-License-Identifier: BSD-2-Clause
 *
 * request.c - reads a request, asks the engine, and says in words why there is
 * no answer.  Called by daemon.c in the control socket's thread. */
#include "build.h"

#include "forwarder/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/cmd.h"
#include "forwarder/control.h"
#include "forwarder/explain_item.h"
#include "forwarder/journal_view.h"
#include "parsers/when.h"

/* One commit on a loaded disk takes seconds, and a client waits two minutes. */
enum { REQUEST_WAIT_MS = 30000 };

static int
ask(struct engine *e, struct engine_request *q)
{
    int r = engine_ask(e, q, REQUEST_WAIT_MS);

    if (r == 0)
        return q->status;
    xml_buf_clear(q->out);
    if (r == -ETIMEDOUT)
        put_f(q->out,
              "the engine did not answer within %d s; it has been at one step for %d s, most likely at writing to its"
              " journal: ask again, and look at the load of that disk\n",
              REQUEST_WAIT_MS / 1000, (int) ((clock_monotonic() - engine_heartbeat(e)) / WHEN_SECOND));
    else if (r == -ESHUTDOWN)
        put_z(q->out, "the daemon is ending\n");
    else
        put_f(q->out, "%s\n", strerror(-r));
    return CMD_FAILED;
}

/* A whole decimal number; false for anything else. */
static bool
number(const char *word, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(word, &end, 10);
    return str_is_digit(word[0]) && *end == '\0' && errno == 0;
}

/* The item from a view of the journal, so that the engine goes on meanwhile;
 * then the engine says which targets have had it. */
static int
explain(struct engine *e, const char *state, const atomic_bool *ending, const char *id, struct xml_buf *out)
{
    struct engine_request q = {.what = ENGINE_EXPLAIN, .out = out};
    struct journal *view;
    char err[4600];
    int status;

    if (!(view = journal_view(state, err, sizeof err))) {
        put_f(out, "%s\n", err);
        return CMD_FAILED;
    }
    status = explain_item(view, ending, id, &q.from, out);
    journal_close(view);
    return status == CMD_DONE ? ask(e, &q) : status;
}

/* The flags behind a request's name; false for one that it does not know. */
static bool
flags(struct engine_request *q, char *const *words, int n, bool status)
{
    for (int i = 0; i < n; i++)
        if (strcmp(words[i], "json") == 0)
            q->json = true;
        else if (status && strcmp(words[i], "all") == 0)
            q->all = true;
        else if (status && strcmp(words[i], "brief") == 0)
            q->brief = true;
        else
            return false;
    return true;
}

static bool
is_request(char *const *words, int n, const char *name, int arguments)
{
    return n == arguments + 1 && strcmp(words[0], name) == 0;
}

int
request_run(struct engine *e, const char *state, const atomic_bool *ending, char *line, struct xml_buf *out)
{
    struct engine_request q = {.out = out};
    char *words[CONTROL_WORDS];
    int n = control_words(line, words);

    if (n >= 1 && strcmp(words[0], "STATUS") == 0 && flags(&q, words + 1, n - 1, true)) {
        q.what = ENGINE_STATUS;
    } else if (is_request(words, n, "ALARMS", 2) && strcmp(words[1], "after") == 0 && number(words[2], &q.from)) {
        q.what = ENGINE_ALARMS;
        q.items = true;
    } else if (n >= 1 && strcmp(words[0], "ALARMS") == 0 && flags(&q, words + 1, n - 1, false)) {
        q.what = ENGINE_ALARMS;
    } else if (is_request(words, n, "SUMMARY", 0)) {
        q.what = ENGINE_SUMMARY;
    } else if (is_request(words, n, "RESEND", 0)) {
        q.what = ENGINE_RESEND;
    } else if (is_request(words, n, "CLEAR", 2)) {
        q.what = ENGINE_CLEAR;
        q.key = words[1];
        q.text = words[2];
    } else if (is_request(words, n, "REPLAY", 3) && number(words[2], &q.from) && number(words[3], &q.to)) {
        q.what = ENGINE_REPLAY;
        q.key = words[1];
    } else if (is_request(words, n, "EXPLAIN", 1)) {
        return explain(e, state, ending, words[1], out);
    } else {
        put_z(out, "not a request of this version: the daemon may be older than the command\n");
        return CMD_USAGE;
    }
    return ask(e, &q);
}
