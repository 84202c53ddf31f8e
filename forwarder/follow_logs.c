/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_logs.c - the kind of source that reads files which grow: looks at its
 * poll rate, or sooner when inotify hints at something, and serves its logs in
 * turn. */
#include "build.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/follow_state.h"
#include "forwarder/glob_case.h"

enum { LOGS_MAX = 65536 };
/* Hints are gathered for so long before they are followed. */
#define GATHER_NS (2 * CLOCK_MS)
/* Between two looks that hints ask for: so long, and some times as long as a
 * look takes. */
#define LOOK_LEAST_NS (10 * CLOCK_MS)
enum { LOOK_SHARE = 4 };

void
follow_ready(struct follow_logs *f, struct flog *l)
{
    if (l->ready)
        return;
    l->ready = true;
    l->next = NULL;
    *f->ready_last = l;
    f->ready_last = &l->next;
    f->base.n_sharing++;
}

static struct flog *
take_ready(struct follow_logs *f)
{
    struct flog *l = f->ready;

    if (!l)
        return NULL;
    f->ready = l->next;
    if (!f->ready)
        f->ready_last = &f->ready;
    l->ready = false;
    f->base.n_sharing--;
    return l;
}

/* One step of each log that is ready.  False when none got on. */
static bool
serve(struct follow_logs *f)
{
    bool got_on = false;

    follow_note_returns(&f->base);
    for (unsigned n = f->base.n_sharing; n > 0 && !follow_stopped(&f->base); n--) {
        struct flog *l = take_ready(f);
        bool remote = l->folder->remote;

        switch (follow_log_step(f, l)) {
        case STEP_MORE:
            got_on = true;
            follow_ready(f, l);
            break;
        case STEP_BLOCKED:
            if (remote && l->current && !l->current->packed)
                follow_read_close(f, l->current);
            follow_ready(f, l);
            break;
        case STEP_REST:
        case STEP_GONE:
            got_on = true;
            break;
        }
    }
    return got_on;
}

bool
follow_unreadable(struct follow_logs *f, const struct flog *l)
{
    const char *folder = l->folder->path;
    char path[FOLLOW_PATH];

    snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", l->error_name);
    return follow_tell_unreadable(&f->base, path, FILE_TEXT, l->error, NULL);
}

/* Says which trouble began or is over. */
static void
check_trouble(struct follow_logs *f)
{
    bool missing = map_count(f->logs) == 0, unreadable = false;

    f->base.untold = false;
    if (f->folders_error) {
        unreadable = true;
        missing = false;
        follow_tell_shut(&f->base, f->pattern, f->folders_error);
    }
    for (unsigned i = 0; i < f->n_folders; i++) {
        const struct follow_folder *folder = f->folders[i];

        if (folder->error == 0)
            continue;
        unreadable = true;
        missing = false;
        follow_tell_unreadable(&f->base, *folder->path ? folder->path : ".", FILE_FOLDER, -folder->error, NULL);
    }
    for (unsigned i = 0; i < map_count(f->logs); i++) {
        const struct flog *l = map_at(f->logs, i);

        if (l->error == 0)
            continue;
        unreadable = true;
        follow_unreadable(f, l);
    }
    if (!unreadable && !f->base.taker.once)
        follow_tell_over(&f->base, FOLLOW_UNREADABLE);
    if (missing)
        follow_tell_missing(&f->base, f->pattern, "is the share mounted, and the log switched on?");
    else
        follow_tell_over(&f->base, FOLLOW_MISSING);
}

static void
look(struct follow_logs *f)
{
    int64_t now = clock_monotonic();

    f->look_now = false;
    follow_files_look(f);
    f->frozen = f->base.taker.once;
    if (follow_stopped(&f->base))
        return;
    for (unsigned i = 0; i < map_count(f->logs); i++) {
        struct flog *l = map_at(f->logs, i);

        if (l->pending)
            l->changed = true;
        if (l->n_entries)
            l->away_since = 0;
        else if (l->away_since == 0)
            l->away_since = now;
        if (l->changed || follow_log_restless(l))
            follow_ready(f, l);
    }
    check_trouble(f);
    f->hurried = clock_monotonic();
    f->look_took = f->hurried - now;
    f->look_due = now + f->base.poll_ns > f->hurried ? now + f->base.poll_ns : f->hurried + CLOCK_MS;
    pthread_mutex_lock(&f->base.lock);
    f->base.status.looked = f->hurried;
    pthread_mutex_unlock(&f->base.lock);
}

/* Takes hints: bytes came into a file that is being read, or something else
 * happened in a folder, which is then looked through. */
static void
take_hints(struct follow_logs *f)
{
    _Alignas(struct inotify_event) char bytes[16384];
    ssize_t n;

    while ((n = read(f->inotify, bytes, sizeof bytes)) > 0) {
        const struct inotify_event *e;

        for (char *p = bytes; p < bytes + n; p += sizeof *e + e->len) {
            struct flog *l = NULL;
            unsigned folder = 0;

            e = (const struct inotify_event *) (const void *) p;
            if (e->mask & IN_Q_OVERFLOW) {
                f->look_now = true;
                continue;
            }
            while (folder < f->n_folders && f->folders[folder]->watch != e->wd)
                folder++;
            if (folder == f->n_folders)
                continue;
            if (e->mask & IN_IGNORED) {
                f->folders[folder]->watch = -1; /* set again at a look */
                f->look_now = true;
                continue;
            }
            if (e->len)
                l = follow_files_log(f, folder, e->name);
            if (l && (e->mask & (IN_MODIFY | IN_CLOSE_WRITE)) && l->current && strcmp(l->current->name, e->name) == 0)
                follow_ready(f, l);
            else if (l || !(e->mask & (IN_MODIFY | IN_CLOSE_WRITE)))
                f->look_now = true;
        }
    }
}

/* Waits for the next look, a hint, a chunk that comes back, or the end. */
static void
wait_for(struct follow_logs *f)
{
    struct pollfd fds[2] = {{.fd = f->base.wake, .events = POLLIN}, {.fd = f->inotify, .events = POLLIN}};
    int64_t now = clock_monotonic(), until = f->look_due, hint = f->hinted + GATHER_NS, wait;
    struct timespec t;

    if (f->look_now) {
        int64_t least = f->hurried + (LOOK_SHARE * f->look_took > LOOK_LEAST_NS ? LOOK_SHARE * f->look_took : LOOK_LEAST_NS);

        until = least < until ? least : until;
    }
    if (follow_was_returned(&f->base, f->base.n_sharing > 0) || follow_stopped(&f->base))
        until = now;
    if (now < hint && until > now) {
        wait = (until < hint ? until : hint) - now;
        t = clock_timespec(wait);
        if (ppoll(fds, 1, &t, NULL) > 0)
            goto woken;
        now = clock_monotonic();
    }
    wait = until > now ? until - now : 0;
    t = clock_timespec(wait);
    if (ppoll(fds, f->inotify >= 0 ? 2 : 1, &t, NULL) > 0 && fds[1].revents && f->inotify >= 0) {
        take_hints(f);
        f->hinted = clock_monotonic();
    }
woken:
    if (fds[0].revents)
        follow_woken(&f->base);
}

static bool
look_is_due(struct follow_logs *f)
{
    int64_t now = clock_monotonic();

    if (now >= f->look_due)
        return true;
    return f->look_now && now - f->hurried >= LOOK_LEAST_NS && now - f->hurried >= LOOK_SHARE * f->look_took;
}

static void
run(struct follow *base)
{
    struct follow_logs *f = follow_logs_of(base);

    while (!follow_stopped(&f->base)) {
        bool got_on;

        if (look_is_due(f))
            look(f);
        got_on = serve(f);
        if (!f->seen_sent && f->n_unready == 0 && f->look > 0 && !follow_stopped(&f->base))
            f->seen_sent = follow_tell(&f->base, FOLLOW_SEEN, FOLLOW_MISSING, "");
        if (f->base.taker.once && f->look > 0 && map_count(f->logs) == 0 && !f->base.untold)
            break;
        if (!got_on || f->base.n_sharing == 0)
            wait_for(f);
    }
}

/* True when the folders depend on a pattern. */
static bool
is_wild(const char *pattern, const char *last)
{
    for (const char *p = pattern; p < last; p++)
        if (strchr("*?[", *p))
            return true;
    return false;
}

static bool
open_logs(struct follow *base)
{
    struct follow_logs *f = follow_logs_of(base);
    char *slash;

    f->inotify = -1;
    f->ready_last = &f->ready;
    f->logs = map_new(LOGS_MAX);
    f->pattern = strdup(base->source->path);
    if (!f->logs || !f->pattern)
        return false;
    slash = strrchr(f->pattern, '/');
    f->last = slash ? slash + 1 : f->pattern;
    f->wild = is_wild(f->pattern, f->last);
    if (!base->taker.once)
        f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK); /* a hint: it works without */
    return true;
}

static void
close_logs(struct follow *base)
{
    struct follow_logs *f = follow_logs_of(base);

    follow_files_free(f);
    if (f->inotify >= 0)
        close(f->inotify);
    free(f->scratch);
    free(f->pattern);
}

static void
gone(struct follow_log *l)
{
    follow_log_free((struct flog *) l);
}

const struct follow_kind follow_logs_kind = {
    .name = "logs",
    .size = sizeof(struct follow_logs),
    .open = open_logs,
    .run = run,
    .close = close_logs,
    .gone = gone,
};
