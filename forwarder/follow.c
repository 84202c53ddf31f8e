/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow.c - the thread that follows one source: looks at its poll rate, or
 * sooner when inotify hints at something, serves its logs in turn, and keeps
 * the budget.  Every call that a share can hang in stands between follow_busy()
 * and follow_idle(), so that others see it; nothing waits for it. */
#include "build.h"

#include "forwarder/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/follow_state.h"
#include "forwarder/glob_case.h"
#include "forwarder/thread.h"

enum { LOGS_MAX = 65536 };
#define MS INT64_C(1000000)
/* Hints are gathered for so long before they are followed. */
#define GATHER_NS (2 * MS)
/* Between two looks that hints ask for: so long, and some times as long as a
 * look takes. */
#define LOOK_LEAST_NS (10 * MS)
enum { LOOK_SHARE = 4 };

bool
follow_stopped(struct follow *f)
{
    return atomic_load_explicit(&f->stopping, memory_order_relaxed);
}

void
follow_busy(struct follow *f)
{
    atomic_store_explicit(&f->busy_since, clock_monotonic(), memory_order_relaxed);
}

void
follow_idle(struct follow *f)
{
    atomic_store_explicit(&f->busy_since, 0, memory_order_relaxed);
}

struct chunk *
follow_chunk_new(struct follow *f, size_t n)
{
    struct chunk *c = NULL;

    if (n == FOLLOW_CHUNK) {
        pthread_mutex_lock(&f->lock);
        if ((c = f->spare)) {
            f->spare = c->spare;
            f->n_spare--;
        }
        pthread_mutex_unlock(&f->lock);
    }
    if (!c && !(c = malloc(sizeof *c + PLACE_TAIL + n)))
        return NULL;
    memset(c, 0, sizeof *c);
    c->cap = n;
    c->pub.bytes = c->buffer + PLACE_TAIL;
    return c;
}

void
follow_chunk_free(struct follow *f, struct chunk *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&f->lock);
    if (c->cap == FOLLOW_CHUNK && f->n_spare < FOLLOW_SPARE) {
        c->spare = f->spare;
        f->spare = c;
        f->n_spare++;
        c = NULL;
    }
    pthread_mutex_unlock(&f->lock);
    free(c);
}

void
follow_post(struct follow *f, struct flog *l, struct chunk *c, enum follow_what what)
{
    c->pub.follow = f;
    c->pub.log = l ? &l->pub : NULL;
    c->pub.what = what;
    pthread_mutex_lock(&f->lock);
    f->out_bytes += c->pub.n;
    if (l)
        l->out++;
    if (what == FOLLOW_BYTES)
        f->status.bytes += c->pub.n;
    f->status.lost += what == FOLLOW_LOST;
    pthread_mutex_unlock(&f->lock);
    /* follow_join() may give us up at any time, and the taker with us. */
    atomic_store(&f->posting, true);
    if (!atomic_load(&f->stopping))
        f->taker.post(f->taker.arg, &c->pub);
    else
        follow_return(&c->pub);
    atomic_store(&f->posting, false);
}

void
follow_return(struct follow_chunk *pub)
{
    struct follow *f = pub->follow;
    struct chunk *c = (struct chunk *) pub;
    struct flog *l = (struct flog *) pub->log, *gone = NULL;
    bool wake;

    pthread_mutex_lock(&f->lock);
    f->out_bytes -= pub->n;
    if (l)
        l->out--;
    if (pub->what == FOLLOW_GONE)
        gone = l;
    wake = f->waiting;
    f->waiting = false;
    f->returned = true;
    pthread_mutex_unlock(&f->lock);
    follow_log_free(gone);
    follow_chunk_free(f, c);
    if (wake)
        (void) !write(f->wake, &(uint64_t){1}, sizeof(uint64_t));
}

size_t
follow_room(struct follow *f, const struct flog *l)
{
    size_t share = f->taker.budget / 4 / (f->n_ready + 1), left, room = 0;

    share = share > FOLLOW_CHUNK ? FOLLOW_CHUNK : share < FOLLOW_CHUNK_SHARED ? FOLLOW_CHUNK_SHARED : share;
    pthread_mutex_lock(&f->lock);
    left = f->out_bytes < f->taker.budget ? f->taker.budget - f->out_bytes : 0;
    if (l->out == 0 || (l->out < FOLLOW_OUTSTANDING && left >= FOLLOW_CHUNK_SHARED))
        room = left < share ? left : share;
    /* Whoever merges the logs needs something of each. */
    if (l->out == 0 && room < FOLLOW_CHUNK_LEAST)
        room = FOLLOW_CHUNK_LEAST;
    pthread_mutex_unlock(&f->lock);
    return room;
}

void
follow_ready(struct follow *f, struct flog *l)
{
    if (l->ready)
        return;
    l->ready = true;
    l->next = NULL;
    *f->ready_last = l;
    f->ready_last = &l->next;
    f->n_ready++;
}

static struct flog *
take_ready(struct follow *f)
{
    struct flog *l = f->ready;

    if (!l)
        return NULL;
    f->ready = l->next;
    if (!f->ready)
        f->ready_last = &f->ready;
    l->ready = false;
    f->n_ready--;
    return l;
}

/* One step of each log that is ready.  False when none got on. */
static bool
serve(struct follow *f)
{
    bool got_on = false;

    pthread_mutex_lock(&f->lock);
    f->returned = false;
    pthread_mutex_unlock(&f->lock);
    for (unsigned n = f->n_ready; n > 0 && !follow_stopped(f); n--) {
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

/* False when memory ended: another look has to follow, which says it. */
static bool
tell_source(struct follow *f, enum follow_what what, enum follow_trouble kind, const char *text)
{
    struct chunk *c = follow_chunk_new(f, 0);

    f->untold = f->untold || !c;
    if (!c)
        return false;
    c->pub.kind = kind;
    snprintf(c->pub.text, sizeof c->pub.text, "%s", text);
    follow_post(f, NULL, c, what);
    return true;
}

bool
follow_unreadable(struct follow *f, const struct flog *l)
{
    const char *path = l->folder->path;
    char text[512];

    if (f->unreadable_sent)
        return true;
    snprintf(text, sizeof text, "%s%s%s cannot be read: %s", path, *path ? "/" : "", l->error_name, strerror(l->error));
    f->unreadable_sent = tell_source(f, FOLLOW_TROUBLE, FOLLOW_UNREADABLE, text);
    return f->unreadable_sent;
}

/* Says which trouble began or is over. */
static void
check_trouble(struct follow *f)
{
    bool missing = map_count(f->logs) == 0, unreadable = false;
    char text[512], near[FOLLOW_PATH];

    f->untold = false;
    if (f->folders_error) {
        unreadable = true;
        missing = false;
        if (!f->unreadable_sent) {
            snprintf(text, sizeof text, "the folders of %s cannot be looked through: %s", f->pattern,
                     strerror(f->folders_error));
            f->unreadable_sent = tell_source(f, FOLLOW_TROUBLE, FOLLOW_UNREADABLE, text);
        }
    }
    for (unsigned i = 0; i < f->n_folders; i++) {
        if (f->folders[i]->error == 0)
            continue;
        unreadable = true;
        missing = false;
        if (!f->unreadable_sent) {
            snprintf(text, sizeof text, "folder %s cannot be read: %s", f->folders[i]->path,
                     strerror(-f->folders[i]->error));
            f->unreadable_sent = tell_source(f, FOLLOW_TROUBLE, FOLLOW_UNREADABLE, text);
        }
    }
    for (unsigned i = 0; i < map_count(f->logs); i++) {
        const struct flog *l = map_at(f->logs, i);

        if (l->error == 0)
            continue;
        unreadable = true;
        follow_unreadable(f, l);
    }
    if (f->unreadable_sent && !unreadable && !f->taker.once)
        f->unreadable_sent = !tell_source(f, FOLLOW_WELL, FOLLOW_UNREADABLE, "");
    if (missing && !f->missing_sent) {
        follow_busy(f);
        missing = glob_case_near(f->pattern, near, sizeof near);
        follow_idle(f);
        snprintf(text, sizeof text, "no file matches %s%s%.200s%s", f->pattern, missing ? "; there is " : "",
                 missing ? near : "", missing ? "" : ": is the share mounted, and the log switched on?");
        f->missing_sent = tell_source(f, FOLLOW_TROUBLE, FOLLOW_MISSING, text);
    } else if (!missing && f->missing_sent) {
        f->missing_sent = !tell_source(f, FOLLOW_WELL, FOLLOW_MISSING, "");
    }
}

static void
look(struct follow *f)
{
    int64_t now = clock_monotonic();

    f->look_now = false;
    follow_files_look(f);
    f->frozen = f->taker.once;
    if (follow_stopped(f))
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
    f->look_due = now + f->poll_ns > f->hurried ? now + f->poll_ns : f->hurried + MS;
    pthread_mutex_lock(&f->lock);
    f->status.looked = f->hurried;
    pthread_mutex_unlock(&f->lock);
}

/* Takes hints: bytes came into a file that is being read, or something else
 * happened in a folder, which is then looked through. */
static void
take_hints(struct follow *f)
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
wait_for(struct follow *f)
{
    struct pollfd fds[2] = {{.fd = f->wake, .events = POLLIN}, {.fd = f->inotify, .events = POLLIN}};
    int64_t now = clock_monotonic(), until = f->look_due, hint = f->hinted + GATHER_NS, wait;
    struct timespec t;
    uint64_t count;
    bool returned;

    if (f->look_now) {
        int64_t least = f->hurried + (LOOK_SHARE * f->look_took > LOOK_LEAST_NS ? LOOK_SHARE * f->look_took : LOOK_LEAST_NS);

        until = least < until ? least : until;
    }
    pthread_mutex_lock(&f->lock);
    f->waiting = f->n_ready > 0 && !f->returned;
    returned = f->n_ready > 0 && f->returned;
    pthread_mutex_unlock(&f->lock);
    if (returned || follow_stopped(f))
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
        (void) !read(f->wake, &count, sizeof count);
}

static bool
look_is_due(struct follow *f)
{
    int64_t now = clock_monotonic();

    if (now >= f->look_due)
        return true;
    return f->look_now && now - f->hurried >= LOOK_LEAST_NS && now - f->hurried >= LOOK_SHARE * f->look_took;
}

static void
follow_free(struct follow *f)
{
    follow_files_free(f);
    if (f->inotify >= 0)
        close(f->inotify);
    close(f->wake);
    free(f->scratch);
    for (struct chunk *c = f->spare, *next; c; c = next) {
        next = c->spare;
        free(c);
    }
    pthread_cond_destroy(&f->ended_cond);
    pthread_mutex_destroy(&f->lock);
    free(f->pattern);
    free(f);
}

static void *
run(void *arg)
{
    struct follow *f = arg;
    bool abandoned;

    while (!follow_stopped(f)) {
        bool got_on;

        if (look_is_due(f))
            look(f);
        got_on = serve(f);
        if (!f->seen_sent && f->n_unready == 0 && f->look > 0 && !follow_stopped(f))
            f->seen_sent = tell_source(f, FOLLOW_SEEN, FOLLOW_MISSING, "");
        if (f->taker.once && f->look > 0 && map_count(f->logs) == 0 && !f->untold)
            break;
        if (!got_on || f->n_ready == 0)
            wait_for(f);
    }
    pthread_mutex_lock(&f->lock);
    f->ended = true;
    f->status.ended = !follow_stopped(f);
    abandoned = f->abandoned;
    pthread_cond_broadcast(&f->ended_cond);
    pthread_mutex_unlock(&f->lock);
    if (abandoned)
        follow_free(f);
    return NULL;
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

struct follow *
follow_start(const struct config_source *source, const struct follow_taker *taker)
{
    struct follow *f = calloc(1, sizeof *f);
    char *slash;
    int r;

    if (!f)
        return NULL;
    f->wake = f->inotify = -1;
    pthread_mutex_init(&f->lock, NULL);
    thread_condition(&f->ended_cond);
    f->source = source;
    f->taker = *taker;
    f->poll_ns = source->poll_ms * MS;
    f->ready_last = &f->ready;
    f->logs = map_new(LOGS_MAX);
    f->pattern = strdup(source->path);
    f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!f->logs || !f->pattern || f->wake < 0)
        goto fail;
    slash = strrchr(f->pattern, '/');
    f->last = slash ? slash + 1 : f->pattern;
    f->wild = is_wild(f->pattern, f->last);
    if (!f->taker.once)
        f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK); /* a hint: it works without */
    if ((r = thread_start(&f->thread, run, f)) == 0)
        return f;
    errno = r;
fail:
    r = errno;
    follow_free(f);
    errno = r;
    return NULL;
}

void
follow_stop(struct follow *f)
{
    atomic_store(&f->stopping, true);
    (void) !write(f->wake, &(uint64_t){1}, sizeof(uint64_t));
}

bool
follow_wait(struct follow *f, int wait_ms)
{
    int64_t until = clock_monotonic() + wait_ms * MS;
    struct timespec t = clock_timespec(until);
    bool ended;

    pthread_mutex_lock(&f->lock);
    while (!f->ended && pthread_cond_timedwait(&f->ended_cond, &f->lock, &t) == 0)
        ;
    ended = f->ended;
    pthread_mutex_unlock(&f->lock);
    /* From now on the thread calls the taker no more. */
    atomic_store(&f->stopping, true);
    while (atomic_load(&f->posting))
        sched_yield();
    return ended;
}

bool
follow_join(struct follow *f, int wait_ms)
{
    bool ended;

    follow_wait(f, wait_ms);
    pthread_mutex_lock(&f->lock);
    ended = f->ended;
    if (!ended) {
        pthread_detach(f->thread);
        f->abandoned = true;
    }
    pthread_mutex_unlock(&f->lock);
    if (ended) {
        pthread_join(f->thread, NULL);
        follow_free(f);
    }
    return ended;
}

void
follow_status(struct follow *f, struct follow_status *out)
{
    pthread_mutex_lock(&f->lock);
    *out = f->status;
    pthread_mutex_unlock(&f->lock);
    out->busy_since = atomic_load_explicit(&f->busy_since, memory_order_relaxed);
}
