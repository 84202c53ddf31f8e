/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_child.c - starts `truecause agent` and watches it.  Called by daemon.c.
 * A socket pair joins the two: the child writes a byte about every second, and
 * ends when the daemon's end is closed.  Whatever becomes of the child, the
 * daemon only notes it and starts another. */
#include "build.h"

#include "forwarder/agent_child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/log.h"
#include "forwarder/reload.h"
#include "parsers/when.h"

enum {
    CHILD_FD = 3,          /* its end of the pair */
    CHILD_PAUSE_S = 1,     /* before another is started; doubled up to the next */
    CHILD_PAUSE_MAX_S = 60,
    CHILD_SILENT_S = 90,   /* it hangs: a lost master agent alone costs it ten seconds or so */
    CHILD_END_MS = 2000    /* what it gets to say goodbye */
};

struct agent_child {
    struct event_base *base;
    void (*report)(void *arg, const struct agent_child_report *);
    void *arg;
    struct event *died, *heard, *again, *watch;
    struct config *config; /* what it is run by, referenced; NULL: none is wanted */
    pid_t pid;                  /* 0: none */
    int fd;
    int64_t started, last; /* monotonic: of the child, its last byte */
    int pause_s;
    bool told; /* to end: what it did then is no trouble */
    struct agent_child_report now;
};

static void
tell(struct agent_child *c)
{
    c->now.pid = (long) c->pid;
    c->now.wanted = c->config != NULL;
    c->report(c->arg, &c->now);
}

static void
set_timer(struct event *timer, int seconds)
{
    const struct timeval tv = {seconds, 0};

    evtimer_add(timer, &tv);
}

/* --- the child ------------------------------------------------------------------- */

/* Between fork and exec, in a process with threads: system calls alone.  Signals
 * are blocked; what handlers there are write into the daemon's own loop. */
static void
become_agent(char *const *argv, pid_t parent, int fd)
{
    struct sigaction now, end = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i <= SIGRTMAX; i++)
        if (sigaction(i, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            (void) sigaction(i, &end, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Killed with the daemon, whatever it hangs in. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(126);
    if (fd == CHILD_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, CHILD_FD) < 0)
        _exit(126);
    /* Sockets of libraries are not all closed by exec. */
    if (close_range(CHILD_FD + 1, ~0U, 0) != 0)
        for (int i = CHILD_FD + 1; i < 4096; i++)
            close(i);
    execv("/proc/self/exe", argv);
    _exit(127);
}

/* A process for the child, with all signals blocked there until they have their
 * default: one of ours that came before, such as SIGTERM for it, would be heard as
 * the daemon's. */
static pid_t
fork_blocked(void)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid != 0)
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static void
start(struct agent_child *c)
{
    char name[] = "truecause", word[] = "agent", state[] = "--state", master[] = "--socket", oid[] = "--enterprise-oid",
         watcher[] = "--watcher", number[] = "3";
    char *argv[] = {name, word, state, c->config->state, master, c->config->agent->socket, oid,
                    c->config->enterprise_oid, watcher, number, NULL};
    pid_t parent = getpid();
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        log_error("cannot start the agent: %s", strerror(errno));
        set_timer(c->again, CHILD_PAUSE_MAX_S);
        return;
    }
    c->pid = fork_blocked();
    if (c->pid == 0)
        become_agent(argv, parent, pair[1]);
    close(pair[1]);
    if (c->pid < 0) {
        log_error("cannot start the agent: %s", strerror(errno));
        c->pid = 0;
        close(pair[0]);
        set_timer(c->again, CHILD_PAUSE_MAX_S);
        return;
    }
    c->fd = pair[0];
    c->started = c->last = clock_monotonic();
    c->told = c->now.connected = false;
    event_assign(c->heard, c->base, c->fd, EV_READ | EV_PERSIST, event_get_callback(c->heard), c);
    event_add(c->heard, NULL);
    set_timer(c->watch, CHILD_SILENT_S / 3);
    tell(c);
}

static void
close_pair(struct agent_child *c)
{
    event_del(c->heard);
    evtimer_del(c->watch);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

/* How it ended, in words. */
static void
note_end(struct agent_child *c, int status)
{
    if (WIFSIGNALED(status))
        snprintf(c->now.trouble, sizeof c->now.trouble, "ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(c->now.trouble, sizeof c->now.trouble, "ended with status %d", WEXITSTATUS(status));
}

static void
on_died(evutil_socket_t number, short what, void *arg)
{
    struct agent_child *c = arg;
    int status;

    (void) number;
    (void) what;
    if (!c->pid || waitpid(c->pid, &status, WNOHANG) != c->pid)
        return;
    c->pid = 0;
    close_pair(c);
    if (c->told) {
        if (c->config)
            start(c);
    } else if (c->config) {
        note_end(c, status);
        if (clock_monotonic() - c->started > CHILD_PAUSE_MAX_S * WHEN_SECOND)
            c->pause_s = CHILD_PAUSE_S;
        log_warn("the agent %s; it is started again in %d s", c->now.trouble, c->pause_s);
        set_timer(c->again, c->pause_s);
        c->pause_s = c->pause_s * 2 < CHILD_PAUSE_MAX_S ? c->pause_s * 2 : CHILD_PAUSE_MAX_S;
        c->now.restarts++;
    }
    tell(c);
}

static void
on_heard(evutil_socket_t fd, short what, void *arg)
{
    struct agent_child *c = arg;
    char bytes[256];
    ssize_t n = read(fd, bytes, sizeof bytes);
    bool was = c->now.connected;

    (void) what;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        event_del(c->heard); /* SIGCHLD follows */
        return;
    }
    if (n < 0)
        return;
    c->last = clock_monotonic();
    c->now.connected = bytes[n - 1] == AGENT_CHILD_CONNECTED;
    if (c->now.connected != was)
        tell(c);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
    struct agent_child *c = arg;

    (void) fd;
    (void) what;
    if (!c->pid && c->config)
        start(c);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct agent_child *c = arg;

    (void) fd;
    (void) what;
    if (c->pid && clock_monotonic() - c->last > CHILD_SILENT_S * WHEN_SECOND) {
        log_warn("the agent has shown no sign of life for %d s: it is killed", CHILD_SILENT_S);
        kill(c->pid, SIGKILL);
        c->last = clock_monotonic();
    }
    set_timer(c->watch, CHILD_SILENT_S / 3);
}

/* --- as the configuration says ------------------------------------------------------ */

struct agent_child *
agent_child_new(struct event_base *base, void (*report)(void *arg, const struct agent_child_report *), void *arg)
{
    struct agent_child *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    *c = (struct agent_child){.base = base, .report = report, .arg = arg, .fd = -1, .pause_s = CHILD_PAUSE_S};
    c->died = evsignal_new(base, SIGCHLD, on_died, c);
    c->heard = event_new(base, -1, EV_READ | EV_PERSIST, on_heard, c);
    c->again = evtimer_new(base, on_again, c);
    c->watch = evtimer_new(base, on_watch, c);
    if (c->died && c->heard && c->again && c->watch && evsignal_add(c->died, NULL) == 0)
        return c;
    agent_child_free(c);
    return NULL;
}

void
agent_child_configure(struct agent_child *c, struct config *config)
{
    bool wanted = config->agent && config->agent->start;

    if (reload_same_agent(c->config ? c->config->agent : NULL, wanted ? config->agent : NULL))
        return;
    config_unref(c->config);
    c->config = wanted ? config_ref(config) : NULL;
    c->pause_s = CHILD_PAUSE_S;
    evtimer_del(c->again);
    /* One that runs ends first; another is started after it by on_died(). */
    if (c->pid) {
        c->told = true;
        kill(c->pid, SIGTERM);
    } else if (c->config) {
        start(c);
    }
    tell(c);
}

void
agent_child_free(struct agent_child *c)
{
    struct event *events[] = {c ? c->died : NULL, c ? c->heard : NULL, c ? c->again : NULL, c ? c->watch : NULL};

    if (!c)
        return;
    if (c->pid) {
        const struct timespec moment = {0, 10 * 1000000};
        int left = CHILD_END_MS / 10;

        kill(c->pid, SIGTERM);
        while (left-- > 0 && waitpid(c->pid, NULL, WNOHANG) == 0)
            nanosleep(&moment, NULL);
        if (left < 0) {
            kill(c->pid, SIGKILL);
            waitpid(c->pid, NULL, 0);
        }
        close_pair(c);
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i])
            event_free(events[i]);
    config_unref(c->config);
    free(c);
}
