/* SPDX-License-Identifier: BSD-2-Clause
 *
 * daemon.c - the main thread of `truecause forward`: signals, the control
 * socket, the service manager and its watchdog, around an engine that runs in
 * a thread of its own.  Nothing here waits for the engine, so that a hung
 * engine is noticed.  Called by cmd_forward.c.
 *
 * SIGTERM, SIGINT: the engine ends what is under way; after DAEMON_STOP_S, or
 * with a second signal, the program ends at once, which the journal makes
 * safe.  SIGHUP: configuration and catalogue are read again. */
#include "build.h"

#include "forwarder/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "forwarder/agent_child.h"
#include "forwarder/catalogue_files.h"
#include "forwarder/clock.h"
#include "forwarder/cmd.h"
#include "forwarder/control.h"
#include "forwarder/engine.h"
#include "forwarder/log.h"
#include "forwarder/notify.h"
#include "forwarder/reload.h"
#include "forwarder/request.h"
#include "forwarder/thread.h"
#include "parsers/when.h"

enum { DAEMON_STOP_S = 30, DAEMON_STATUS_S = 10, DAEMON_SIGNALS = 3 };

struct daemon {
    const char *config_path;
    struct config *config; /* the newest that was taken over */
    char *state;           /* its folder; cannot change while we run */
    struct event_base *base;
    struct event *signals[DAEMON_SIGNALS], *woken, *status_timer, *watchdog_timer;
    struct notify *notify;
    struct control *control;
    struct agent_child *agent;
    struct engine *engine;
    pthread_t thread;
    int wake;                  /* eventfd: the engine's thread has news */
    atomic_bool ready, ended;  /* the news */
    atomic_bool ending;        /* for long work in the control socket's thread */
    int status;                /* of the engine, once 'ended' */
    bool told_ready, stopping, reload_owed;
    unsigned reloads, reloads_told; /* READY=1 is owed for each reload */
    unsigned asked_at;              /* 'reloads' when the summary was asked for */
};

/* --- the engine's thread ------------------------------------------------------ */

static void
wake_loop(struct daemon *d)
{
    const uint64_t one = 1;

    while (write(d->wake, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void
note_ready(void *arg)
{
    struct daemon *d = arg;

    d->ready = true;
    wake_loop(d);
}

static void *
run_engine(void *arg)
{
    struct daemon *d = arg;

    d->status = engine_run(d->engine, note_ready, d);
    d->ended = true;
    wake_loop(d);
    return NULL;
}

/* --- the control socket ---------------------------------------------------------- */

static int
answer_line(void *arg, char *line, struct xml_buf *out)
{
    struct daemon *d = arg;

    return request_run(d->engine, d->state, &d->ending, line, out);
}

static void ask_summary(struct daemon *);

/* The engine's own line for the service manager.  It comes after whatever
 * was handed to the engine before it was asked for: a reload is over. */
static void
take_summary(void *arg, int status, struct str text)
{
    struct daemon *d = arg;
    char line[512];

    if (status == CMD_DONE) {
        if (d->reloads_told != d->asked_at) {
            notify_send(d->notify, "READY=1");
            d->reloads_told = d->asked_at;
        }
        snprintf(line, sizeof line, "%.*s", (int) str_find_char(text, '\n'), text.n ? text.p : "");
        if (!d->stopping)
            notify_status(d->notify, line);
    }
    if (d->reloads_told != d->reloads)
        ask_summary(d);
}

static void
ask_summary(struct daemon *d)
{
    if (d->control && control_ask(d->control, "SUMMARY", take_summary, d))
        d->asked_at = d->reloads;
}

static void
note_agent(void *arg, const struct agent_child_report *report)
{
    struct daemon *d = arg;

    engine_note_agent(d->engine, report);
}

static void
become_ready(struct daemon *d)
{
    char err[4600];

    /* Only now is the lock of the state folder ours for certain. */
    d->control = control_open(d->base, d->state, answer_line, d, err, sizeof err);
    if (!d->control)
        log_error("%s; the daemon goes on, but cannot be asked or told anything", err);
    d->agent = agent_child_new(d->base, note_agent, d);
    if (d->agent)
        agent_child_configure(d->agent, d->config);
    else
        log_error("not enough memory to watch an agent");
    d->told_ready = true;
    notify_send(d->notify, "READY=1\nMAINPID=%ld", (long) getpid());
    ask_summary(d);
    if (d->reload_owed)
        event_active(d->signals[DAEMON_SIGNALS - 1], EV_SIGNAL, 1);
}

/* --- what the loop is woken for ---------------------------------------------------- */

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    uint64_t count;

    (void) what;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
    if (d->ready && !d->told_ready && !d->ended && !d->stopping)
        become_ready(d);
    if (d->ended)
        event_base_loopbreak(d->base);
}

static void
on_status(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;

    (void) fd;
    (void) what;
    if (!d->told_ready && !d->stopping)
        notify_send(d->notify, "EXTEND_TIMEOUT_USEC=%d\nSTATUS=opening the journal", 3 * DAEMON_STATUS_S * 1000000);
    else if (d->notify && d->told_ready)
        ask_summary(d);
}

/* Alive is what comes round: a share that hangs stops a thread of its own and
 * not this sign, an engine that hangs does. */
static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    static struct log_limit limit;
    struct daemon *d = arg;
    int64_t age = clock_monotonic() - engine_heartbeat(d->engine);

    (void) fd;
    (void) what;
    if (!d->told_ready)
        return;
    if (age < notify_watchdog(d->notify) / 2)
        notify_send(d->notify, "WATCHDOG=1");
    else
        log_limited(&limit, LOG_LEVEL_ERROR, "the engine has not come round for %" PRId64 " s", age / WHEN_SECOND);
}

/* --- signals ------------------------------------------------------------------------ */

static void
end_at_once(int signal)
{
    static const char words[] =
        "truecause: error: ended at once, with work under way; nothing that was read is lost\n";
    ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);

    (void) written;
    (void) signal;
    _exit(CMD_FAILED);
}

static void
on_stop(evutil_socket_t signal, short what, void *arg)
{
    struct daemon *d = arg;

    (void) what;
    if (d->stopping)
        end_at_once((int) signal);
    d->stopping = true;
    d->ending = true;
    log_info("%s: ending what is under way, within %d s", strsignal((int) signal), DAEMON_STOP_S);
    notify_send(d->notify, "STOPPING=1\nSTATUS=ending what is under way");
    /* Not by the loop: it must hold when the loop has ended, too. */
    alarm(DAEMON_STOP_S);
    engine_stop(d->engine);
}

/* What config_load() says goes to the log; the first error is kept for status. */
struct findings {
    char first[512];
};

static void
note_finding(void *arg, bool warning, const struct config_place *place, const char *text)
{
    struct findings *f = arg;

    cmd_config_report(NULL, warning, place, text);
    if (!warning && !f->first[0])
        snprintf(f->first, sizeof f->first, "%s:%d: %s", place->file, place->line, text);
}

static void
on_reload(evutil_socket_t signal, short what, void *arg)
{
    struct daemon *d = arg;
    struct findings found = {""};
    struct config *config;
    struct catalogue *catalogue = NULL;

    (void) signal;
    (void) what;
    if (d->stopping)
        return;
    if (!d->told_ready) {
        d->reload_owed = true;
        return;
    }
    notify_reloading(d->notify);
    if ((config = config_load(d->config_path, note_finding, &found)))
        catalogue = catalogue_files_load(d->config_path, note_finding, &found);
    if (config && catalogue && !reload_possible(d->config, config, found.first, sizeof found.first))
        log_error("%s", found.first);
    if (found.first[0] || !config || !catalogue) {
        engine_reload_failed(d->engine, found.first);
        log_error("the configuration stays as it was");
        config_unref(config);
        catalogue_unref(catalogue);
    } else {
        config_unref(d->config);
        d->config = config_ref(config);
        engine_reload(d->engine, config, catalogue);
        if (d->agent)
            agent_child_configure(d->agent, d->config);
    }
    d->reloads++;
    if (d->control)
        ask_summary(d);
    else
        notify_send(d->notify, "READY=1");
}

/* --- start and end ------------------------------------------------------------------- */

static struct event *
add_timer(struct daemon *d, int64_t ns, event_callback_fn call)
{
    const struct timeval tv = {ns / WHEN_SECOND, ns % WHEN_SECOND / 1000};
    struct event *ev = event_new(d->base, -1, EV_PERSIST, call, d);

    if (ev && event_add(ev, &tv) == 0)
        return ev;
    if (ev)
        event_free(ev);
    return NULL;
}

static bool
set_up_loop(struct daemon *d)
{
    static const struct {
        int number;
        event_callback_fn call;
    } table[DAEMON_SIGNALS] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}};
    int64_t period = notify_watchdog(d->notify);

    if (!(d->base = event_base_new()) || (d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        return false;
    d->woken = event_new(d->base, d->wake, EV_READ | EV_PERSIST, on_wake, d);
    if (!d->woken || event_add(d->woken, NULL) != 0)
        return false;
    for (unsigned i = 0; i < DAEMON_SIGNALS; i++) {
        d->signals[i] = evsignal_new(d->base, table[i].number, table[i].call, d);
        if (!d->signals[i] || evsignal_add(d->signals[i], NULL) != 0)
            return false;
    }
    if (!(d->status_timer = add_timer(d, DAEMON_STATUS_S * WHEN_SECOND, on_status)))
        return false;
    return period == 0 || (d->watchdog_timer = add_timer(d, period / 4, on_watchdog));
}

static void
free_event(struct event *ev)
{
    if (ev)
        event_free(ev);
}

static void
tear_down(struct daemon *d)
{
    free_event(d->woken);
    free_event(d->status_timer);
    free_event(d->watchdog_timer);
    for (unsigned i = 0; i < DAEMON_SIGNALS; i++)
        free_event(d->signals[i]);
    if (d->base)
        event_base_free(d->base);
    if (d->wake >= 0)
        close(d->wake);
    engine_free(d->engine);
    notify_close(d->notify);
    config_unref(d->config);
    free(d->state);
}

int
daemon_run(const char *config_path, struct config *config, struct catalogue *catalogue)
{
    struct daemon d = {.config_path = config_path, .config = config, .wake = -1, .status = CMD_FAILED};

    signal(SIGUSR1, SIG_IGN);
    signal(SIGALRM, end_at_once);
    log_to_journal();
    xmlInitParser();
    d.notify = notify_open();
    d.state = strdup(config->state);
    d.engine = engine_new(config, catalogue, false);
    if (!d.engine || !d.state || !set_up_loop(&d)) {
        log_error("not enough memory to start");
        goto out;
    }
    if ((errno = thread_start(&d.thread, run_engine, &d)) != 0) {
        log_error("cannot start a thread: %s", strerror(errno));
        goto out;
    }
    event_base_dispatch(d.base);
    d.ending = true;
    pthread_join(d.thread, NULL);
    agent_child_free(d.agent);
    control_close(d.control);
    if (d.stopping && d.status == CMD_DONE)
        log_info("ended");
out:
    tear_down(&d);
    alarm(0);
    return d.status;
}
