/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_drop.c - the kind of source that reads the files of a folder once each:
 * looks at its poll rate, or sooner when inotify says that a file is complete,
 * and reads what is complete, oldest first, a few files at a time.  With 'copies'
 * also .evtx files that are followed. */
#include "build.h"

#include "forwarder/follow_drop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/glob_case.h"

/* A file whose writer nobody hears of is complete when it stood still so long,
 * and for so many looks. */
#define STILL_NS INT64_C(2000000000)
enum { STILL_POLLS = 2 };
/* A file that changes soon after it was read waits for its checkpoint at most so long. */
#define TAKEN_NS INT64_C(10000000000)

static struct follow_drop *
drop_of(struct follow *f)
{
    return (struct follow_drop *) f;
}

/* Names that say of themselves that they are not whole. */
static bool
is_unfinished(const char *name)
{
    static const char *const ends[] = {"~", ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp"};
    size_t n = strlen(name);

    if (name[0] == '.')
        return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);

        if (n > end && strcasecmp(name + n - end, ends[i]) == 0)
            return true;
    }
    return false;
}

static void
tell_unreadable(struct follow_drop *f, const struct drop_file *d)
{
    follow_tell_unreadable(&f->base, d->path, FILE_TEXT, d->error, d->why);
}

/* --- looking ---------------------------------------------------------------------- */

/* Notes one file as it is now; false when memory or the bound ends. */
static bool
note(struct follow_drop *f, const char *path)
{
    struct drop_file *d = map_get(f->files, str_z(path));
    struct statx st;
    int r;

    follow_busy(&f->base);
    r = statx(AT_FDCWD, path, AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS | STATX_BTIME, &st);
    follow_idle(&f->base);
    if (r || !S_ISREG(st.stx_mode)) {
        if (d)
            d->seen = f->look; /* what was known of it stays, unless it is not there */
        if (d && r && errno == ENOENT)
            d->seen--;
        return true;
    }
    if (!d) {
        if (!(d = calloc(1, sizeof *d)) || !(d->path = strdup(path)) || !map_put(f->files, str_z(path), d)) {
            free(d ? d->path : NULL);
            free(d);
            return false;
        }
        d->name = strrchr(d->path, '/') ? strrchr(d->path, '/') + 1 : d->path;
        d->fd = -1;
    }
    d->seen = f->look;
    if (d->ino == st.stx_ino && d->size == st.stx_size
        && d->modified == st.stx_mtime.tv_sec * INT64_C(1000000000) + st.stx_mtime.tv_nsec)
        return true;
    d->dev = (uint64_t) st.stx_dev_major << 32 | st.stx_dev_minor;
    d->ino = st.stx_ino;
    d->size = st.stx_size;
    d->modified = st.stx_mtime.tv_sec * INT64_C(1000000000) + st.stx_mtime.tv_nsec;
    d->birth = st.stx_mask & STATX_BTIME ? st.stx_btime.tv_sec * INT64_C(1000000000) + st.stx_btime.tv_nsec : 0;
    d->since = clock_monotonic();
    d->unrolls = false;
    if (d->state == DROP_DONE)
        d->state = DROP_WAITS;
    return true;
}

/* Was it read before this start, and not touched since? */
static void
ask(struct follow_drop *f, struct drop_file *d)
{
    struct place was;

    d->known = true;
    if (follow_place(&f->base, d->path, &was) && was.finished && was.modified == d->modified)
        d->state = DROP_DONE;
}

static bool
is_complete(const struct follow_drop *f, const struct drop_file *d, int64_t now)
{
    int64_t still = STILL_POLLS * f->base.poll_ns;

    return f->base.taker.once || d->closed || now - d->since >= (still > STILL_NS ? still : STILL_NS);
}

/* The taker may still be at work on what the file held before. */
static bool
is_taken(struct follow_drop *f, const struct drop_file *d, int64_t now)
{
    struct place was;

    return !d->ended || now - d->ended >= TAKEN_NS
           || (follow_place(&f->base, d->path, &was) && was.finished && was.modified >= d->read);
}

static void
drop_free(struct follow_drop *f, struct drop_file *d)
{
    follow_drop_shut(f, d);
    free(d->log);
    free(d->why);
    free(d->path);
    free(d);
}

/* Files that are no longer there: their checkpoints stay, in case a share was only
 * away, until there are too many. */
static void
forget_some(struct follow_drop *f)
{
    unsigned gone = 0;

    for (unsigned i = 0; i < map_count(f->files); i++) {
        const struct drop_file *d = map_at(f->files, i);

        gone += d->state != DROP_READS && d->seen != f->look;
    }
    while (gone > DROP_GONE && !follow_stopped(&f->base)) {
        struct drop_file *oldest = NULL;

        for (unsigned i = 0; i < map_count(f->files); i++) {
            struct drop_file *d = map_at(f->files, i);

            if (d->state != DROP_READS && d->seen != f->look && (!oldest || d->modified < oldest->modified))
                oldest = d;
        }
        if (!oldest || !follow_forget(&f->base, oldest->path))
            return;
        map_take(f->files, str_z(oldest->path));
        drop_free(f, oldest);
        gone--;
    }
}

static void
watch(struct follow_drop *f, const struct glob_case *folders)
{
    char **path = calloc(folders->n ? folders->n : 1, sizeof *path);
    int *watches = calloc(folders->n ? folders->n : 1, sizeof *watches);

    for (unsigned i = 0; path && watches && i < folders->n; i++)
        path[i] = strdup(folders->path[i]);
    if (path && watches) {
        for (unsigned i = 0; i < f->n_folders; i++)
            free(f->folders[i]);
        free(f->folders);
        free(f->watches);
        f->folders = path;
        f->watches = watches;
        f->n_folders = folders->n;
    } else {
        free(path);
        free(watches);
    }
    /* Adding a watch that is there gives it again. */
    for (unsigned i = 0; i < f->n_folders; i++) {
        const char *name = f->folders[i] && f->folders[i][0] ? f->folders[i] : ".";

        f->watches[i] = inotify_add_watch(f->inotify, name, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
    }
}

static void
check_trouble(struct follow_drop *f)
{
    bool unreadable = f->folders_error != 0, any = false, there;

    if (unreadable)
        follow_tell_shut(&f->base, f->pattern, f->folders_error);
    for (unsigned i = 0; i < map_count(f->files); i++) {
        const struct drop_file *d = map_at(f->files, i);

        any = any || d->seen == f->look;
        if (!d->error || d->seen != f->look)
            continue;
        unreadable = true;
        tell_unreadable(f, d);
    }
    if (!unreadable && !f->base.taker.once)
        follow_tell_over(&f->base, FOLLOW_UNREADABLE);
    /* An empty drop folder is no trouble; none at all is. */
    there = f->copies ? any : f->folder_there;
    if (there)
        follow_tell_over(&f->base, FOLLOW_MISSING);
    else if (unreadable || any)
        return;
    else if (f->copies)
        follow_tell_missing(&f->base, f->pattern, "is the share mounted, and does the copying run?");
    else
        follow_tell_folder_missing(&f->base, f->pattern);
}

static void
look(struct follow_drop *f)
{
    struct glob_case found, folders;
    struct stat st;
    int r, s;

    f->look_now = false;
    f->look++;
    f->base.untold = false;
    follow_busy(&f->base);
    /* Watched first: what comes after the look is then hinted at. */
    s = glob_case_folders(f->pattern, &folders);
    f->folder_there = false;
    for (unsigned i = 0; i < folders.n && !f->folder_there; i++)
        f->folder_there = stat(folders.path[i][0] ? folders.path[i] : ".", &st) == 0 && S_ISDIR(st.st_mode);
    if (f->inotify >= 0)
        watch(f, &folders);
    r = glob_case_find(f->pattern, &found);
    follow_idle(&f->base);
    f->folders_error = r < 0 ? -r : s < 0 && s != -ENOENT ? -s : 0;
    for (unsigned i = 0; i < found.n && !follow_stopped(&f->base); i++) {
        const char *slash = strrchr(found.path[i], '/');

        if (!is_unfinished(slash ? slash + 1 : found.path[i]) && !note(f, found.path[i]))
            f->base.untold = true;
    }
    glob_case_free(&found);
    glob_case_free(&folders);
    for (unsigned i = 0; i < map_count(f->files); i++) {
        struct drop_file *d = map_at(f->files, i);

        if (!d->known && !follow_stopped(&f->base))
            ask(f, d);
        d->error = d->state == DROP_READS ? 0 : d->error;
    }
    check_trouble(f);
    if (!f->folders_error)
        forget_some(f);
    f->look_due = clock_monotonic() + f->base.poll_ns;
    pthread_mutex_lock(&f->base.lock);
    f->base.status.looked = clock_monotonic();
    f->base.status.logs = map_count(f->files);
    f->base.status.files_open = f->n_reading;
    pthread_mutex_unlock(&f->base.lock);
}

/* A file was closed by its writer, or came by its name. */
static void
take_hints(struct follow_drop *f)
{
    _Alignas(struct inotify_event) char bytes[16384];
    ssize_t n;

    while ((n = read(f->inotify, bytes, sizeof bytes)) > 0) {
        const struct inotify_event *e;

        for (char *p = bytes; p < bytes + n; p += sizeof *e + e->len) {
            e = (const struct inotify_event *) (const void *) p;
            f->look_now = true;
            for (unsigned i = 0; i < f->n_folders && e->len; i++) {
                char path[8192];
                struct drop_file *d;

                if (f->watches[i] != e->wd || !f->folders[i])
                    continue;
                snprintf(path, sizeof path, "%s%s%s", f->folders[i],
                         f->folders[i][0] && strcmp(f->folders[i], "/") != 0 ? "/" : "", e->name);
                /* The hint is of the file as it is now: look at it first. */
                if (!is_unfinished(e->name) && glob_case_match(f->last, e->name, NULL) && note(f, path)
                    && (d = map_get(f->files, str_z(path))))
                    d->closed = true;
            }
        }
    }
}

/* --- reading ----------------------------------------------------------------------- */

/* The complete file that was written first, NULL when none waits. */
static struct drop_file *
next(struct follow_drop *f)
{
    struct drop_file *first = NULL;
    int64_t now = clock_monotonic();

    for (unsigned i = 0; i < map_count(f->files); i++) {
        struct drop_file *d = map_at(f->files, i);

        if (d->state != DROP_WAITS || d->seen != f->look || !d->known || (f->base.taker.once && d->error)
            || (d->unrolls && f->unrolling) || !is_complete(f, d, now) || !is_taken(f, d, now))
            continue;
        if (!first || d->modified < first->modified
            || (d->modified == first->modified && strcmp(d->path, first->path) < 0))
            first = d;
    }
    return first;
}

static void
begin_some(struct follow_drop *f)
{
    struct drop_file *d;

    while (f->n_reading < DROP_READING && !follow_stopped(&f->base) && (d = next(f))) {
        d->error = follow_drop_open(f, d);
        if (d->error == EAGAIN || d->error == EINTR) { /* not now */
            d->error = 0;
            continue;
        }
        if (d->error == ENOENT)
            d->seen--; /* the next look sees */
        if (d->error) {
            d->since = clock_monotonic(); /* another try when it stood still again */
            d->closed = false;
            if (d->error != ENOENT)
                tell_unreadable(f, d);
            if (f->base.taker.once)
                continue;
            return;
        }
        d->state = DROP_READS;
        f->reading[f->n_reading++] = d;
    }
}

/* One step of each file; false when none got on. */
static bool
serve(struct follow_drop *f)
{
    bool got_on = false;

    follow_note_returns(&f->base);
    f->base.n_sharing = f->n_reading;
    for (unsigned i = f->n_reading; i-- > 0 && !follow_stopped(&f->base);) {
        struct drop_file *d = f->reading[i];
        enum drop_step step = follow_drop_step(f, d);

        got_on = got_on || step != DROP_BLOCKED;
        if (step != DROP_ENDED)
            continue;
        f->reading[i] = f->reading[--f->n_reading];
        follow_drop_shut(f, d);
        d->state = d->error ? DROP_WAITS : DROP_DONE;
        d->closed = false;
        d->since = clock_monotonic();
        d->ended = d->since;
        d->read = d->place.modified;
        if (d->error)
            tell_unreadable(f, d);
    }
    return got_on;
}

static void
wait_for(struct follow_drop *f)
{
    struct pollfd fds[2] = {{.fd = f->base.wake, .events = POLLIN}, {.fd = f->inotify, .events = POLLIN}};
    int64_t now = clock_monotonic(), wait = f->look_due > now ? f->look_due - now : 0;
    struct timespec t;

    if (f->look_now || follow_was_returned(&f->base, f->n_reading > 0) || follow_stopped(&f->base))
        wait = 0;
    t = clock_timespec(wait);
    if (ppoll(fds, f->inotify >= 0 ? 2 : 1, &t, NULL) > 0 && f->inotify >= 0 && fds[1].revents)
        take_hints(f);
    if (fds[0].revents)
        follow_woken(&f->base);
}

static void
run(struct follow *base)
{
    struct follow_drop *f = drop_of(base);

    while (!follow_stopped(base)) {
        bool got_on;

        if (f->look == 0 || f->look_now || clock_monotonic() >= f->look_due) {
            /* With 'once' what is there at the start is all there is. */
            if (f->look == 0 || !base->taker.once)
                look(f);
            f->look_due = clock_monotonic() + base->poll_ns;
        }
        begin_some(f);
        got_on = serve(f);
        if (!f->seen_sent && !follow_stopped(base))
            f->seen_sent = follow_tell(base, FOLLOW_SEEN, FOLLOW_MISSING, "");
        if (base->taker.once && f->n_reading == 0 && !next(f) && !base->untold)
            break;
        if (!got_on)
            wait_for(f);
    }
}

static bool
open_drop(struct follow *base)
{
    struct follow_drop *f = drop_of(base);
    char *slash;

    f->inotify = -1;
    f->copies = !base->source->read_once;
    f->files = map_new(DROP_FILES);
    f->pattern = strdup(base->source->path);
    f->format = strdup(base->source->format ? base->source->format : "auto");
    if (!f->files || !f->pattern || !f->format)
        return false;
    slash = strrchr(f->pattern, '/');
    f->last = slash ? slash + 1 : f->pattern;
    if (!base->taker.once)
        f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK); /* a hint: it works without */
    return true;
}

static void
close_drop(struct follow *base)
{
    struct follow_drop *f = drop_of(base);

    for (unsigned i = 0; f->files && i < map_count(f->files); i++)
        drop_free(f, map_at(f->files, i));
    map_free(f->files);
    for (unsigned i = 0; f->folders && i < f->n_folders; i++)
        free(f->folders[i]);
    free(f->folders);
    free(f->watches);
    if (f->inotify >= 0)
        close(f->inotify);
    free(f->pattern);
    free(f->format);
    free(f->runs);
}

static void
gone(struct follow_log *l)
{
    free((struct drop_log *) l);
}

const struct follow_kind follow_drop_kind = {
    .name = "drop",
    .size = sizeof(struct follow_drop),
    .open = open_drop,
    .run = run,
    .close = close_drop,
    .gone = gone,
};
