/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_snapshot.c - the kind of source that reads event logs (.evt), which are
 * written over in place or copied anew: looks at its poll rate, and reads what
 * has changed and stands still (follow_snapshot.h). */
#include "build.h"

#include "forwarder/follow_snapshot.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/clock.h"
#include "forwarder/glob_case.h"

#define SECOND INT64_C(1000000000)
/* A file stands still when it is as it is for so long; or by its own time, when
 * that is far enough behind for clocks that differ. */
#define STILL_NS (2 * SECOND)
#define OLD_NS (60 * SECOND)
/* What is damaged may be a copy that is not whole: waited for so long. */
#define PATIENCE_NS (60 * SECOND)
/* No file for so long: its log is given up, its place stays. */
#define AWAY_NS (60 * SECOND)

enum step { STEP_MORE, STEP_REST, STEP_BLOCKED, STEP_GONE };

static struct follow_snapshot *
snapshot_of(struct follow *f)
{
    return (struct follow_snapshot *) f;
}

static void
log_free(struct snapshot_log *l)
{
    if (!l)
        return;
    follow_snapshot_end(l);
    free(l->path);
    free(l);
}

/* --- looking ----------------------------------------------------------------------- */

/* Notes one file as it is now; false when memory or the bound ends. */
static bool
note(struct follow_snapshot *f, const char *path)
{
    struct snapshot_log *l = map_get(f->logs, str_z(path));
    struct snapshot_version v;
    struct stat st;
    int r;

    follow_busy(&f->base);
    r = stat(path, &st);
    follow_idle(&f->base);
    if (r || !S_ISREG(st.st_mode))
        return true;
    if (!l) {
        if (!(l = calloc(1, sizeof *l)) || !(l->path = strdup(path)) || !map_put(f->logs, str_z(path), l)) {
            log_free(l);
            return false;
        }
        l->name = strrchr(l->path, '/') ? strrchr(l->path, '/') + 1 : l->path;
        l->pub.path = l->path;
        l->pub.source = f->base.source;
    }
    l->seen = f->look;
    l->away_since = 0;
    v = follow_snapshot_version(&st);
    if (!follow_snapshot_same(&v, &l->now)) {
        l->now = v;
        l->since = clock_monotonic();
    }
    return true;
}

static void
tell_unreadable(struct follow_snapshot *f, const struct snapshot_log *l)
{
    follow_tell_unreadable(&f->base, l->path, FILE_TEXT, l->error, "it is no event log (.evt) of Windows NT to 2003");
}

static void
check_trouble(struct follow_snapshot *f)
{
    bool unreadable = f->folders_error != 0, any = false;

    if (unreadable)
        follow_tell_shut(&f->base, f->pattern, f->folders_error);
    for (unsigned i = 0; i < map_count(f->logs); i++) {
        const struct snapshot_log *l = map_at(f->logs, i);

        any = any || l->seen == f->look;
        if (!l->error)
            continue;
        unreadable = true;
        tell_unreadable(f, l);
    }
    if (!unreadable && !f->base.taker.once)
        follow_tell_over(&f->base, FOLLOW_UNREADABLE);
    if (any)
        follow_tell_over(&f->base, FOLLOW_MISSING);
    else if (!unreadable)
        follow_tell_missing(&f->base, f->pattern, "is the share mounted, and does the copying run?");
}

static void
look(struct follow_snapshot *f)
{
    struct glob_case found;
    int64_t now;
    int r;

    f->look++;
    f->base.untold = false;
    follow_busy(&f->base);
    r = glob_case_find(f->pattern, &found);
    follow_idle(&f->base);
    f->folders_error = r < 0 && r != -ENOENT ? -r : 0;
    for (unsigned i = 0; i < found.n && !follow_stopped(&f->base); i++)
        if (!note(f, found.path[i]))
            f->base.untold = true;
    glob_case_free(&found);
    now = clock_monotonic();
    for (unsigned i = 0; i < map_count(f->logs); i++) {
        struct snapshot_log *l = map_at(f->logs, i);

        if (l->seen != f->look && !l->away_since && !f->folders_error)
            l->away_since = now;
    }
    check_trouble(f);
    f->look_due = clock_monotonic() + f->base.poll_ns;
    pthread_mutex_lock(&f->base.lock);
    f->base.status.looked = clock_monotonic();
    f->base.status.logs = map_count(f->logs);
    pthread_mutex_unlock(&f->base.lock);
}

/* --- one log ------------------------------------------------------------------------ */

/* A chunk without bytes; false when memory ended. */
static bool
tell(struct follow_snapshot *f, struct snapshot_log *l, enum follow_what what)
{
    struct chunk *c = follow_chunk_new(&f->base, 0);

    if (!c)
        return false;
    c->pub.offset = c->pub.size = l->offset;
    if (what == FOLLOW_LOST)
        snprintf(c->pub.text, sizeof c->pub.text, "%s", l->lost);
    if (what == FOLLOW_IDLE)
        c->pub.more = l->idle_more;
    if (what == FOLLOW_FILE) {
        c->pub.resumed = l->resumed;
        c->pub.place = (struct place){.line = 1, .dev = l->now.dev, .ino = l->now.ino, .modified = l->now.modified,
                                      .mark = l->mark};
        snprintf(c->pub.place.name, sizeof c->pub.place.name, "%.*s", PLACE_NAME - 1, l->name);
    }
    follow_post(&f->base, &l->pub, c, what);
    return true;
}

static enum step
hand_out(struct follow_snapshot *f, struct snapshot_log *l)
{
    size_t room = follow_room(&f->base, &l->pub), n = l->stage_n - l->stage_done;
    struct chunk *c;

    n = n < room ? n : room;
    if (!n || !(c = follow_chunk_new(&f->base, n)))
        return STEP_BLOCKED;
    memcpy(c->pub.bytes, l->stage + l->stage_done, n);
    c->pub.n = n;
    c->pub.offset = l->offset;
    c->pub.place.modified = l->reading.modified;
    l->stage_done += n;
    l->offset += n;
    c->pub.size = l->offset + (l->stage_n - l->stage_done);
    l->idle_sent = false;
    follow_post(&f->base, &l->pub, c, FOLLOW_BYTES);
    return STEP_MORE;
}

/* True when it may be read now. */
static bool
stands_still(const struct follow_snapshot *f, const struct snapshot_log *l)
{
    int64_t still = 2 * f->base.poll_ns < STILL_NS ? STILL_NS : 2 * f->base.poll_ns;

    return f->base.taker.once || clock_monotonic() - l->since >= still || clock_utc() - l->now.modified >= OLD_NS;
}

static bool
is_patient(const struct follow_snapshot *f, const struct snapshot_log *l)
{
    return !f->base.taker.once && clock_monotonic() - l->since < PATIENCE_NS
           && clock_utc() - l->now.modified < OLD_NS + PATIENCE_NS;
}

static enum step
after_read(struct follow_snapshot *f, struct snapshot_log *l, enum snapshot_read r)
{
    switch (r) {
    case SNAPSHOT_READ:
        return STEP_MORE;
    case SNAPSHOT_DONE:
        l->done = l->reading;
        l->is_done = true;
        l->error = 0;
        break;
    case SNAPSHOT_WAIT:
        if (f->base.taker.once)
            l->error = ESTALE; /* the next pass begins at this very record */
        break;
    case SNAPSHOT_ERROR:
        break;
    }
    follow_snapshot_end(l);
    return r == SNAPSHOT_DONE ? STEP_MORE : STEP_REST;
}

/* Says that everything was handed out, once, and whether what changed waits. */
static enum step
rest(struct follow_snapshot *f, struct snapshot_log *l)
{
    bool more = l->seen == f->look && !(l->is_done && follow_snapshot_same(&l->done, &l->now));

    if (!l->idle_sent || l->idle_more != more) {
        l->idle_more = more;
        l->idle_sent = tell(f, l, FOLLOW_IDLE);
        if (!l->idle_sent)
            return STEP_BLOCKED;
    }
    return STEP_REST;
}

/* With 'once', or when no file has been there for long. */
static enum step
leave(struct follow_snapshot *f, struct snapshot_log *l)
{
    struct chunk *c;

    if (l->error)
        tell_unreadable(f, l);
    else if (!l->final_sent && f->base.taker.once && !(l->final_sent = tell(f, l, FOLLOW_FINAL)))
        return STEP_BLOCKED;
    if (!(c = follow_chunk_new(&f->base, 0)))
        return STEP_BLOCKED;
    map_take(f->logs, str_z(l->path));
    follow_snapshot_end(l);
    c->pub.offset = c->pub.size = l->offset;
    follow_post(&f->base, &l->pub, c, FOLLOW_GONE);
    return STEP_GONE;
}

static enum step
log_step(struct follow_snapshot *f, struct snapshot_log *l)
{
    struct place was;
    enum step s;

    if (!l->started) {
        l->resumed = follow_place(&f->base, l->path, &was) && was.mark.known;
        if (l->resumed)
            l->mark = was.mark;
        l->started = true;
    }
    if (!l->announced) {
        l->announced = tell(f, l, FOLLOW_FILE);
        return l->announced ? STEP_MORE : STEP_BLOCKED;
    }
    if (l->lost[0]) {
        if (!tell(f, l, FOLLOW_LOST))
            return STEP_BLOCKED;
        l->lost[0] = '\0';
    }
    if (l->stage_done < l->stage_n)
        return hand_out(f, l);
    if (l->file)
        return after_read(f, l, follow_snapshot_more(f, l));
    if (l->seen == f->look && !(l->is_done && follow_snapshot_same(&l->done, &l->now)) && stands_still(f, l)
        && !(f->base.taker.once && l->error)) {
        if (f->base.n_sharing >= SNAPSHOT_READING)
            return STEP_BLOCKED;
        s = after_read(f, l, follow_snapshot_begin(f, l, is_patient(f, l)));
        f->base.n_sharing += l->file != NULL;
        if (s == STEP_MORE || !f->base.taker.once)
            return s == STEP_MORE ? s : rest(f, l);
    }
    if (f->base.taker.once || (l->away_since && clock_monotonic() - l->away_since >= AWAY_NS))
        return leave(f, l);
    return rest(f, l);
}

/* --- the thread ------------------------------------------------------------------------ */

/* One step of each log; '*blocked' tells how many wait for a chunk to come back.
 * False when none got on. */
static bool
serve(struct follow_snapshot *f, unsigned *blocked)
{
    bool got_on = false;

    *blocked = 0;
    follow_note_returns(&f->base);
    f->base.n_sharing = 0;
    for (unsigned i = 0; i < map_count(f->logs); i++) {
        const struct snapshot_log *l = map_at(f->logs, i);

        f->base.n_sharing += l->file != NULL;
    }
    for (unsigned i = map_count(f->logs); i-- > 0 && !follow_stopped(&f->base);) {
        switch (log_step(f, map_at(f->logs, i))) {
        case STEP_MORE:
        case STEP_GONE:
            got_on = true;
            break;
        case STEP_BLOCKED:
            ++*blocked;
            break;
        case STEP_REST:
            break;
        }
    }
    return got_on;
}

static void
wait_for(struct follow_snapshot *f, unsigned blocked)
{
    struct pollfd fd = {.fd = f->base.wake, .events = POLLIN};
    int64_t now = clock_monotonic(), wait = f->look_due > now ? f->look_due - now : 0;
    struct timespec t;

    if (follow_was_returned(&f->base, blocked > 0) || follow_stopped(&f->base))
        wait = 0;
    t = clock_timespec(wait);
    if (ppoll(&fd, 1, &t, NULL) > 0)
        follow_woken(&f->base);
}

static void
run(struct follow *base)
{
    struct follow_snapshot *f = snapshot_of(base);
    unsigned blocked;

    while (!follow_stopped(base)) {
        bool got_on;

        if (f->look == 0 || (!base->taker.once && clock_monotonic() >= f->look_due))
            look(f);
        got_on = serve(f, &blocked);
        if (!f->seen_sent && !blocked && !follow_stopped(base))
            f->seen_sent = follow_tell(base, FOLLOW_SEEN, FOLLOW_MISSING, "");
        if (base->taker.once && map_count(f->logs) == 0 && !base->untold)
            break;
        if (!got_on)
            wait_for(f, blocked);
    }
}

static bool
open_snapshot(struct follow *base)
{
    struct follow_snapshot *f = snapshot_of(base);

    f->logs = map_new(SNAPSHOT_FILES);
    f->pattern = strdup(base->source->path);
    return f->logs && f->pattern;
}

static void
close_snapshot(struct follow *base)
{
    struct follow_snapshot *f = snapshot_of(base);

    for (unsigned i = 0; f->logs && i < map_count(f->logs); i++)
        log_free(map_at(f->logs, i));
    map_free(f->logs);
    free(f->pattern);
}

static void
gone(struct follow_log *l)
{
    log_free((struct snapshot_log *) l);
}

const struct follow_kind follow_snapshot_kind = {
    .name = "snapshot",
    .size = sizeof(struct follow_snapshot),
    .open = open_snapshot,
    .run = run,
    .close = close_snapshot,
    .gone = gone,
};
