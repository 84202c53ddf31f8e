/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_log.c - one log, step by step: each step hands out at most one chunk,
 * so that all logs of a source have their turn.  Called by follow.c. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/follow_state.h"

/* So many polls a rotated file must not grow before it is final; and so long
 * no file at all may be there before a log is given up. */
enum { FINAL_POLLS = 2 };
/* A file at the live name that begins as the one being read may be a copy of it
 * that is not whole yet: for so many polls without change, and in all. */
enum { COPY_STILL = 3, COPY_LONGEST = 20 };
#define AWAY_NS INT64_C(60000000000)
#define IDLE_LONGEST INT64_C(5000000000)

static void
announced(struct follow_logs *f, struct flog *l)
{
    if (!l->announced)
        f->n_unready--;
    l->announced = true;
}

/* No file of it has been there for long. */
static bool
is_away(const struct flog *l)
{
    return l->n_entries == 0 && l->away_since && clock_monotonic() - l->away_since >= AWAY_NS;
}

/* A chunk without bytes; false when memory ended. */
static bool
tell(struct follow_logs *f, struct flog *l, enum follow_what what, const char *text)
{
    struct chunk *c = follow_chunk_new(&f->base, 0);

    if (!c)
        return false;
    if (text)
        snprintf(c->pub.text, sizeof c->pub.text, "%s", text);
    if (l->current) {
        c->pub.offset = l->current->offset;
        c->pub.size = l->current->size;
    }
    c->pub.more = what == FOLLOW_IDLE && l->idle_more;
    follow_post(&f->base, &l->pub, c, what);
    return true;
}

/* Whether the place is the end of a log that was gone for a while: nothing of it
 * is left to be found. */
static bool
was_left(const struct follow_logs *f, const struct place *want)
{
    for (unsigned i = 0; i < f->n_left && i < FOLLOW_LEFT; i++)
        if (memcmp(f->left[i], want->head, PLACE_HASH) == 0)
            return true;
    return false;
}

/* Where it stood, from the checkpoint. */
static void
start(struct follow_logs *f, struct flog *l)
{
    if (follow_place(&f->base, l->path, &l->want)) {
        l->line = l->want.line;
        l->n_done = l->want.n_done <= PLACE_DONE ? l->want.n_done : PLACE_DONE;
        memcpy(l->done, l->want.done, sizeof l->done);
        l->finding = l->want_started = l->want.head_n <= PLACE_HEAD && !was_left(f, &l->want);
        l->find_since = l->find_first = clock_monotonic();
    }
    l->started = true;
    l->changed = true;
}

/* No file of the log is left, or all was read that ever will be, or can be for
 * now. */
static enum follow_step
leave(struct follow_logs *f, struct flog *l)
{
    struct chunk *c = follow_chunk_new(&f->base, 0);

    if (!c || (l->error && !follow_unreadable(f, l))) {
        follow_chunk_free(&f->base, c);
        return STEP_BLOCKED;
    }
    if (l->n_done && !l->current && !l->finding)
        memcpy(f->left[f->n_left++ % FOLLOW_LEFT], l->done[0], PLACE_HASH);
    announced(f, l);
    follow_queue_clear(f, l);
    follow_read_free(f, l->current);
    l->current = NULL;
    follow_files_drop(f, l);
    follow_post(&f->base, &l->pub, c, FOLLOW_GONE);
    return STEP_GONE;
}

/* 'current' cannot be opened or read: tried again at each look, or at the next
 * single pass, which begins at this very byte. */
static enum follow_step
failed(struct follow_logs *f, struct flog *l, int error)
{
    l->error = error;
    snprintf(l->error_name, sizeof l->error_name, "%s", l->current->name);
    follow_read_close(f, l->current);
    return f->base.taker.once ? leave(f, l) : STEP_REST;
}

static enum follow_step
changed(struct follow_logs *f, struct flog *l)
{
    follow_find_begin(f, l);
    return l->finding ? STEP_MORE : STEP_BLOCKED;
}

/* Announces 'current'. */
static enum follow_step
begin_file(struct follow_logs *f, struct flog *l)
{
    struct follow_file *file = l->current;
    enum follow_read r;
    struct chunk *c;
    struct place *p;
    ssize_t n;
    int error;

    r = follow_read_again(f, l, file, &error);
    if (r != READ_BYTES)
        return r == READ_ERROR ? failed(f, l, error) : changed(f, l);
    c = follow_chunk_new(&f->base, file->packed || file->size > FOLLOW_LOOK ? FOLLOW_LOOK : (size_t) file->size);
    if (!c)
        return STEP_BLOCKED;
    n = follow_read_at(f, file, c->pub.bytes, c->cap, 0);
    if (n < (ssize_t) file->head_n || memcmp(c->pub.bytes, file->head, file->head_n) != 0) {
        follow_chunk_free(&f->base, c);
        return n < 0 && n != -EBADMSG ? failed(f, l, (int) -n) : changed(f, l);
    }
    p = &c->pub.place;
    if (l->resumed)
        *p = l->want;
    p->line = l->resumed ? l->line : 1;
    p->offset = file->offset;
    p->dev = file->dev;
    p->ino = file->ino;
    p->birth = file->birth;
    p->modified = file->modified ? file->modified : l->want.modified;
    snprintf(p->name, sizeof p->name, "%s", file->name);
    p->n_done = l->n_done;
    memcpy(p->done, l->done, sizeof p->done);
    c->pub.n = (size_t) n;
    c->pub.size = file->size;
    c->pub.resumed = l->resumed;
    c->pub.n_before = file->tail_n;
    memcpy(c->pub.before, file->tail, file->tail_n);
    l->file_due = l->resumed = l->idle_sent = false;
    announced(f, l);
    follow_post(&f->base, &l->pub, c, FOLLOW_FILE);
    return STEP_MORE;
}

/* Bytes go out in the buffer they were read into, or, when they are few, in one
 * of their size. */
static void
hand_out(struct follow_logs *f, struct flog *l, size_t n)
{
    struct chunk *c = f->scratch, *small;

    if (n <= FOLLOW_CHUNK_SHARED) {
        small = follow_chunk_new(&f->base, n);
        if (small) {
            memcpy(small->pub.bytes, c->pub.bytes, n);
            c = small;
        }
    }
    if (c == f->scratch)
        f->scratch = NULL;
    c->pub.n = n;
    c->pub.offset = l->current->offset - n;
    c->pub.size = l->current->size;
    c->pub.place.modified = l->current->modified;
    l->idle_sent = false;
    follow_post(&f->base, &l->pub, c, FOLLOW_BYTES);
}

/* Says that everything was handed out, once, and whether files wait that cannot
 * be read yet. */
static enum follow_step
rest(struct follow_logs *f, struct flog *l)
{
    bool more = l->n_queue > 0 || l->pending || l->changed;

    if (!l->idle_sent || l->idle_more != more) {
        l->idle_sent = true;
        l->idle_more = more;
        announced(f, l);
        if (!tell(f, l, FOLLOW_IDLE, NULL)) {
            l->idle_sent = false;
            return STEP_BLOCKED;
        }
    }
    return STEP_REST;
}

/* Reading goes on in 'e', which begins as the file being read does, if it has the
 * place. */
static bool
move_to(struct follow_logs *f, struct flog *l, struct follow_entry *e)
{
    struct follow_file *file;

    if (e->size < l->current->offset || !follow_find_want(l) || !(file = follow_read_match(f, l, e, &l->want)))
        return false;
    follow_read_free(f, l->current);
    l->current = file;
    follow_queue_reset(f, l);
    l->copy_since = 0;
    return true;
}

/* The live file begins as the one being read, which is no longer at its place:
 * a newer whole copy of it, unless it says otherwise at the offset.  The copy may
 * have been rotated meanwhile.  True when reading goes on there. */
static bool
move_to_copy(struct follow_logs *f, struct flog *l)
{
    struct follow_entry *e = l->n_entries ? &l->entry[l->n_entries - 1] : NULL;
    int64_t now = clock_monotonic();

    for (unsigned i = l->n_entries; !l->linked && i-- > 0;)
        if (l->entry[i].class == CLASS_COPY && l->entry[i].generation.kind != GENERATION_LIVE
            && l->entry[i].size > l->current->offset && move_to(f, l, &l->entry[i]))
            return true;
    if (!e || e->generation.kind != GENERATION_LIVE || e->class != CLASS_COPY)
        return false;
    if (l->copy_since == 0)
        l->copy_since = now;
    l->error = 0;
    /* A file of few bytes that is still there was rotated; what begins like it is
     * another one. */
    if ((!l->linked || l->current->offset >= PLACE_HEAD) && move_to(f, l, e))
        return true;
    /* Still being copied?  If not, it begins so by chance. */
    if (l->error && !f->base.taker.once)
        return false;
    if (f->base.taker.once || now - e->since >= COPY_STILL * f->base.poll_ns
        || now - l->copy_since >= COPY_LONGEST * f->base.poll_ns) {
        follow_queue_add(f, l, e);
        l->copy_since = 0;
    }
    return false;
}

/* All of 'current' was handed out. */
static enum follow_step
at_end(struct follow_logs *f, struct flog *l)
{
    struct follow_file *file = l->current;
    int64_t now = clock_monotonic();

    if (l->folder->remote && !file->packed)
        follow_read_close(f, file);
    if (move_to_copy(f, l))
        return STEP_MORE;
    if (l->error && f->base.taker.once)
        return leave(f, l); /* it cannot be said where to go on: the next pass does */
    if (is_away(l))
        l->final_due = true;
    else if ((f->base.taker.once && !l->changed) || (l->n_queue > 1 && !l->queue[0]->live)
             || (l->n_queue > 0 && now - l->quiet_since >= FINAL_POLLS * f->base.poll_ns))
        l->final_due = true;
    if (l->final_due)
        return STEP_MORE;
    /* What comes next waits for its time.  A log that was read to its end before
     * keeps nobody waiting for that, unless polls are rare. */
    if (l->n_queue && (!l->caught_up || FINAL_POLLS * f->base.poll_ns > IDLE_LONGEST))
        return STEP_REST;
    l->caught_up = l->caught_up || !l->n_queue;
    return rest(f, l);
}

static enum follow_step
read_on(struct follow_logs *f, struct flog *l, size_t room)
{
    struct follow_file *file = l->current;
    size_t got;
    int error;

    if (!f->scratch && !(f->scratch = follow_chunk_new(&f->base, FOLLOW_CHUNK)))
        return STEP_BLOCKED;
    l->looked_utc = clock_utc();
    switch (follow_read_next(f, l, file, f->scratch->buffer, room, &got, &error)) {
    case READ_BYTES:
        l->error = 0;
        l->quiet_since = clock_monotonic();
        hand_out(f, l, got);
        return STEP_MORE;
    case READ_END:
        l->error = 0;
        return at_end(f, l);
    case READ_CHANGED:
        return changed(f, l);
    case READ_DAMAGED:
        snprintf(l->lost, sizeof l->lost, "%s: %s is damaged: it cannot be unpacked after byte %" PRIu64, l->path,
                 file->name, file->offset);
        l->final_due = true;
        return STEP_MORE;
    case READ_ERROR:
        return failed(f, l, error);
    }
    return STEP_REST;
}

/* 'current' is at its end for good. */
static enum follow_step
finish(struct follow_logs *f, struct flog *l)
{
    struct chunk *c = follow_chunk_new(&f->base, 0);

    if (!c || !follow_queue_done(l, l->current)) {
        follow_chunk_free(&f->base, c);
        return STEP_BLOCKED;
    }
    c->pub.offset = l->current->offset;
    c->pub.size = l->current->size;
    follow_post(&f->base, &l->pub, c, FOLLOW_FINAL);
    l->final_due = false;
    l->idle_sent = false;
    follow_read_free(f, l->current);
    l->current = NULL;
    l->linked = true;
    l->quiet_since = clock_monotonic();
    l->changed = true;
    return STEP_MORE;
}

/* Takes the next file. */
static enum follow_step
next_file(struct follow_logs *f, struct flog *l)
{
    if (l->changed || l->n_queue == 0)
        follow_queue_look(f, l);
    l->current = follow_queue_take(l);
    if (l->current) {
        l->file_due = true;
        l->linked = true;
        return STEP_MORE;
    }
    if ((f->base.taker.once && !l->changed) || is_away(l))
        return leave(f, l);
    if (l->pending && !l->error)
        return STEP_REST; /* a packed file may be still being written */
    return rest(f, l);
}

enum follow_step
follow_log_step(struct follow_logs *f, struct flog *l)
{
    size_t room = follow_room(&f->base, &l->pub);

    if (room == 0)
        return STEP_BLOCKED;
    if (!l->started)
        start(f, l);
    if (l->lost[0]) {
        if (!tell(f, l, FOLLOW_LOST, l->lost))
            return STEP_BLOCKED;
        l->lost[0] = '\0';
        return STEP_MORE;
    }
    if (l->final_due)
        return finish(f, l);
    if (l->finding) {
        switch (follow_find(f, l)) {
        case FOUND:
            if (l->want_started)
                l->file_due = l->resumed = true;
            break;
        case FOUND_NOT:
            if (l->current && l->file_due) { /* the taker never heard of it */
                follow_read_free(f, l->current);
                l->current = NULL;
            }
            l->file_due = false;
            l->final_due = l->current != NULL;
            if (l->current)
                l->current->ino = 0; /* what has it now is another file */
            follow_queue_reset(f, l);
            if (l->want_started)
                follow_queue_older(l, l->want.modified);
            return STEP_MORE;
        case FOUND_WAIT:
            if (is_away(l) || (f->base.taker.once && l->error))
                return leave(f, l);
            return STEP_REST;
        }
    }
    if (!l->current)
        return next_file(f, l);
    if (l->changed) {
        follow_queue_look(f, l);
        if (l->finding)
            return STEP_MORE;
    }
    return l->file_due ? begin_file(f, l) : read_on(f, l, room);
}

bool
follow_log_restless(const struct flog *l)
{
    const struct follow_entry *e = l->n_entries ? &l->entry[l->n_entries - 1] : NULL;

    return !l->started || l->finding || l->pending || l->n_queue || !l->linked || l->error || l->lost[0] || l->final_due
           || l->n_entries == 0 || (l->current && l->current->zeros_since)
           || (e && e->class == CLASS_COPY && e->generation.kind == GENERATION_LIVE)
           || (e && !l->current && e->size > 0);
}
