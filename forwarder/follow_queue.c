/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_queue.c - which files of a log come after the one being read.  Called
 * by follow.c after a look that found something changed.  A file that waits is
 * held open where the file system is local, so that it cannot be deleted or
 * overwritten before its turn.
 *
 * Files stand in the order of their age.  What is older than the one being read,
 * or than one that was read to its end, was read; what is newer is queued,
 * unless its beginning says that it was read (place.done) or that it is a copy
 * of one that is known.  The live file is never left out for its beginning. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/follow_state.h"

/* So many equal bytes at the beginning make a copy; fewer only of a file that is
 * being read.  Two rotated files may well hold the same one heading: rather is
 * it read twice than the second one left out. */
enum { COPY_LEAST = 64, COPY_POLLS = 3 };

int
follow_queue_is_done(struct flog *l, const struct follow_file *file)
{
    uint8_t hash[PLACE_HASH];

    if (l->n_done == 0 || file->head_n < COPY_LEAST)
        return 0;
    if (!place_hash(file->head, file->head_n, hash)) {
        l->error = ENOMEM;
        snprintf(l->error_name, sizeof l->error_name, "%s", file->name);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < l->n_done; i++)
        if (memcmp(hash, l->done[i], sizeof hash) == 0)
            return 1;
    return 0;
}

bool
follow_queue_done(struct flog *l, const struct follow_file *file)
{
    uint8_t hash[PLACE_HASH];

    if (file->head_n == 0)
        return true;
    if (!place_hash(file->head, file->head_n, hash))
        return false;
    if (l->n_done < PLACE_DONE)
        l->n_done++;
    memmove(l->done[1], l->done[0], (l->n_done - 1) * sizeof l->done[0]);
    memcpy(l->done[0], hash, sizeof hash);
    l->last_dev = file->dev;
    l->last_ino = file->packed ? 0 : file->ino;
    l->last_size = file->offset;
    return true;
}

void
follow_queue_clear(struct follow_logs *f, struct flog *l)
{
    for (unsigned i = 0; i < l->n_queue; i++)
        follow_read_free(f, l->queue[i]);
    l->n_queue = 0;
}

void
follow_queue_reset(struct follow_logs *f, struct flog *l)
{
    follow_queue_clear(f, l);
    for (unsigned i = 0; i < l->n_entries; i++)
        l->entry[i].class = CLASS_UNKNOWN;
    l->linked = true;
    l->changed = true;
}

/* The first that waits, for the caller; NULL when none does. */
struct follow_file *
follow_queue_take(struct flog *l)
{
    struct follow_file *file = l->n_queue ? l->queue[0] : NULL;

    if (file)
        memmove(l->queue, l->queue + 1, --l->n_queue * sizeof *l->queue);
    return file;
}

struct follow_entry *
follow_queue_entry(struct flog *l, const struct follow_file *file)
{
    struct follow_entry *found = NULL;

    for (unsigned i = 0; i < l->n_entries; i++) {
        struct follow_entry *e = &l->entry[i];

        if (e->dev == file->dev && e->ino == file->ino && (!found || strcmp(e->name, file->name) == 0))
            found = e;
    }
    return found;
}

/* How many bytes a file begins as one that is known does, when that is as far as
 * both go; else 0.  What is known may have grown since it was opened: a mark of
 * UTF-16 alone would hide that the other is a copy of it. */
static size_t
same_start(struct follow_logs *f, const struct follow_file *a, struct follow_file *b)
{
    size_t n;

    if (b->head_n < a->head_n)
        follow_read_head(f, b);
    n = a->head_n < b->head_n ? a->head_n : b->head_n;
    return memcmp(a->head, b->head, n) == 0 ? n : 0;
}

/* What a file is that begins as 'current' does for 'same' bytes. */
static enum follow_class
copy_or_not(struct follow_logs *f, const struct follow_entry *e, const struct follow_file *file, size_t same)
{
    if (same >= COPY_LEAST)
        return CLASS_COPY;
    /* A live file has its time in follow_log.c; any other that stays as it is was
     * rotated with nothing but a heading in it. */
    if (same > 0 && same == file->head_n
        && (e->generation.kind == GENERATION_LIVE
            || (!f->base.taker.once && clock_monotonic() - e->since < COPY_POLLS * f->base.poll_ns)))
        return CLASS_COPY;
    return CLASS_UNKNOWN;
}

/* Takes the name that the file has now. */
static void
take_name(struct follow_file *file, struct follow_entry *e, enum follow_class class)
{
    snprintf(file->name, sizeof file->name, "%s", e->name);
    file->live = e->generation.kind == GENERATION_LIVE;
    e->class = class;
}

/* Finds 'current' among the entries.  False when it has to be looked for. */
static bool
place_current(struct follow_logs *f, struct flog *l)
{
    struct follow_file *file = l->current;
    struct follow_entry *e = follow_queue_entry(l, file);

    if (e && !file->packed && e->size < file->offset) {
        follow_find_begin(f, l);
        return false;
    }
    if (!e && file->fd < 0) {
        follow_find_begin(f, l);
        return false;
    }
    l->linked = e != NULL;
    if (e)
        take_name(file, e, CLASS_CURRENT);
    return true;
}

/* How many bytes of a file are known from before now. */
static size_t
known(const struct flog *l, const struct follow_file *file)
{
    return file == l->current && file->offset < file->head_n ? (size_t) file->offset : file->head_n;
}

/* The live file, if so little of it is known that it can be truncated and written
 * anew without being noticed: 'current', one that waits, or NULL. */
static struct follow_file *
barely_known(struct follow_logs *f, struct flog *l)
{
    struct follow_file *file = l->n_queue ? l->queue[l->n_queue - 1] : l->current;
    int error;

    if (!file || !file->live || file->packed || known(l, file) >= COPY_LEAST
        || follow_read_again(f, l, file, &error) != READ_BYTES)
        return NULL;
    return file;
}

/* A generation that stands before a live file of which next to nothing is known,
 * and was made after that: unless it was read, it is a copy of what that held
 * before it was truncated, and comes before what it holds now.  CLASS_OLD when it
 * is none, CLASS_UNKNOWN when that cannot be said yet. */
static enum follow_class
copy_of_unknown(struct follow_logs *f, struct flog *l, const struct follow_entry *e, struct follow_file *live)
{
    struct follow_file *file;
    int error, done;

    if (e->birth == 0 || e->birth < live->birth || e->modified < live->birth || e->size <= known(l, live))
        return CLASS_OLD;
    if (!follow_read_packed_ready(f, e) || !(file = follow_read_open(f, l, e, &error)))
        return CLASS_UNKNOWN;
    done = follow_queue_is_done(l, file);
    if (done != 0 || file->head_n <= known(l, live) || memcmp(file->head, live->head, known(l, live)) != 0
        || l->n_queue == FOLLOW_QUEUE) {
        follow_read_free(f, file);
        return done < 0 ? CLASS_UNKNOWN : CLASS_OLD;
    }
    if (same_start(f, file, live) >= COPY_LEAST) {
        follow_read_free(f, file); /* not truncated so far; when it is, it will be noticed */
        return CLASS_OLD;
    }
    if (live == l->current) {
        /* What was handed out of it is the copy's beginning, too. */
        file->offset = live->offset;
        file->tail_n = live->tail_n;
        memcpy(file->tail, live->tail, live->tail_n);
        l->current = file;
        follow_read_free(f, live);
        return CLASS_CURRENT;
    }
    if (l->folder->remote)
        follow_read_close(f, file);
    l->queue[l->n_queue] = live;
    l->queue[l->n_queue++ - 1] = file;
    return CLASS_QUEUED;
}

/* Entries before 'newer' that nobody knows are old, but for copies of a live file
 * that had not been looked into.  Before one that was read there is none.  False
 * when another file has become 'current'. */
static bool
settle_older(struct follow_logs *f, struct flog *l, unsigned newer)
{
    struct follow_file *live = NULL, *file;
    unsigned first = newer;
    bool looked = false;
    int error;

    for (bool bound = false; first > 0 && !bound; first -= !bound) {
        const struct follow_entry *e = &l->entry[first - 1];

        if (e->generation.kind == GENERATION_LIVE)
            continue;
        bound = e->class != CLASS_UNKNOWN && e->class != CLASS_COPY;
        if (bound || e->class == CLASS_COPY)
            continue;
        if (!looked)
            live = barely_known(f, l);
        looked = true;
        if (!live)
            break;
        file = follow_read_packed_ready(f, e) ? follow_read_open(f, l, e, &error) : NULL;
        bound = file && follow_queue_is_done(l, file) > 0;
        follow_read_free(f, file);
    }
    for (unsigned i = 0; i < newer; i++) {
        struct follow_entry *e = &l->entry[i];

        if (e->class != CLASS_UNKNOWN)
            continue;
        e->class = live && i >= first ? copy_of_unknown(f, l, e, live) : CLASS_OLD;
        if (e->class == CLASS_UNKNOWN && f->base.taker.once)
            e->class = CLASS_OLD;
        l->pending = l->pending || e->class == CLASS_UNKNOWN;
        if (e->class == CLASS_CURRENT) {
            follow_queue_reset(f, l);
            f->look_now = true;
            return false;
        }
    }
    return true;
}

/* Puts the file at the queue's end, which has room.  Held open, it cannot be
 * lost before its turn. */
static void
append(struct follow_logs *f, struct flog *l, struct follow_file *file)
{
    if (l->n_queue == 0)
        l->quiet_since = clock_monotonic();
    if (l->folder->remote || f->open_files >= FOLLOW_OPEN)
        follow_read_close(f, file);
    l->queue[l->n_queue++] = file;
}

/* A file that waits for its turn may have been replaced by a newer whole copy of
 * itself (and that been rotated): the copy is read in its place, not after it. */
static bool
take_turn(struct follow_logs *f, struct flog *l, struct follow_file *file)
{
    for (unsigned i = 0; i < l->n_queue; i++) {
        struct follow_file *waits = l->queue[i];

        if (follow_queue_entry(l, waits) || file->size < waits->size
            || same_start(f, file, waits) < COPY_LEAST)
            continue;
        if (waits->fd < 0)
            follow_read_close(f, file);
        follow_read_free(f, waits);
        l->queue[i] = file;
        return true;
    }
    return false;
}

/* What an entry that nobody knows yet is, by its first bytes: CLASS_UNKNOWN for
 * a file that is new.  False when that cannot be said now. */
static bool
identify(struct follow_logs *f, struct flog *l, struct follow_entry *e, enum follow_class *class)
{
    bool live = e->generation.kind == GENERATION_LIVE;
    struct follow_file *file;
    int error, done;

    *class = CLASS_UNKNOWN;
    if (!follow_read_packed_ready(f, e))
        return false;
    file = follow_read_open(f, l, e, &error);
    if (!file) {
        if (error == ENOENT || error == ESTALE)
            l->changed = f->look_now = true; /* the next look knows more */
        else {
            l->error = error;
            snprintf(l->error_name, sizeof l->error_name, "%s", e->name);
        }
        return false;
    }
    done = live ? 0 : follow_queue_is_done(l, file);
    if (done < 0) {
        follow_read_free(f, file);
        return false;
    }
    if (done)
        *class = CLASS_OLD;
    else if (l->current)
        *class = copy_or_not(f, e, file, same_start(f, file, l->current));
    if (*class == CLASS_UNKNOWN && take_turn(f, l, file)) {
        *class = CLASS_QUEUED;
        return true;
    }
    for (unsigned i = 0; *class == CLASS_UNKNOWN && !live && i < l->n_queue; i++)
        if (same_start(f, file, l->queue[i]) >= COPY_LEAST)
            *class = CLASS_COPY;
    if (*class == CLASS_UNKNOWN && file->head_n > 0) {
        append(f, l, file);
        *class = CLASS_QUEUED;
        return true;
    }
    error = *class == CLASS_COPY && !live && file->head_n < COPY_LEAST;
    if (error)
        *class = CLASS_UNKNOWN; /* not said yet */
    follow_read_free(f, file);
    return !error;
}

void
follow_queue_add(struct follow_logs *f, struct flog *l, struct follow_entry *e)
{
    int error;
    struct follow_file *file = l->n_queue < FOLLOW_QUEUE ? follow_read_open(f, l, e, &error) : NULL;

    if (!file) {
        if (f->base.taker.once)
            e->class = CLASS_UNKNOWN; /* looked at again when 'current' is finished */
        return;
    }
    append(f, l, file);
    e->class = CLASS_QUEUED;
}

void
follow_queue_older(struct flog *l, int64_t modified)
{
    for (unsigned i = 0; i < l->n_entries; i++)
        if (l->entry[i].generation.kind != GENERATION_LIVE && l->entry[i].modified < modified)
            l->entry[i].class = CLASS_OLD;
}

/* A file that was read to its end and grows after all: its new bytes are not
 * read, as the order of the log would be broken, but that is said. */
static void
watch_last(struct flog *l)
{
    for (unsigned i = 0; l->last_ino && i < l->n_entries; i++) {
        const struct follow_entry *e = &l->entry[i];

        if (e->ino != l->last_ino || e->dev != l->last_dev || e->class != CLASS_OLD || e->size <= l->last_size
            || e->generation.packed || l->lost[0])
            continue;
        snprintf(l->lost, sizeof l->lost,
                 "%s: %s was written to after it had been rotated and read to its end: %" PRIu64
                 " bytes from byte %" PRIu64 " on are not read",
                 l->path, e->name, e->size - l->last_size, l->last_size);
        l->last_size = e->size;
    }
}

void
follow_queue_look(struct follow_logs *f, struct flog *l)
{
    unsigned newer = 0;

    if (!l->started || l->finding)
        return;
    l->changed = l->pending = false;
    l->error = 0;
    for (unsigned i = 0; i < l->n_entries; i++)
        if (l->entry[i].class == CLASS_CURRENT)
            l->entry[i].class = CLASS_OLD;
    if (l->current && !place_current(f, l))
        return;
    for (unsigned i = 0; i < l->n_queue; i++) {
        struct follow_entry *e = follow_queue_entry(l, l->queue[i]);

        if (e)
            take_name(l->queue[i], e, CLASS_QUEUED);
    }
    if (!follow_files_sure(f, l)) {
        /* What is not seen now might come next; a single pass leaves it to the next. */
        l->pending = !f->base.taker.once;
        l->error = follow_files_error(f, l);
        return;
    }
    for (unsigned i = 0; i < l->n_entries; i++)
        if (l->entry[i].class != CLASS_UNKNOWN && l->entry[i].class != CLASS_COPY)
            newer = i + 1;
    if (!settle_older(f, l, newer))
        return;
    /* Of those behind, the ones that were read tell about those before them. */
    for (unsigned i = l->n_entries; l->n_done && i-- > newer;) {
        struct follow_file *file;
        int error, done;

        if (l->entry[i].generation.kind == GENERATION_LIVE || l->entry[i].class != CLASS_UNKNOWN)
            continue;
        file = follow_read_open(f, l, &l->entry[i], &error);
        done = file ? follow_queue_is_done(l, file) : -error;
        if (done > 0)
            newer = i + 1;
        if (done < 0)
            l->pending = !f->base.taker.once;
        follow_read_free(f, file);
        if (done < 0 && f->base.taker.once && done != -ENOENT && done != -ESTALE) {
            l->error = -done; /* it may be what tells that those before it were read */
            snprintf(l->error_name, sizeof l->error_name, "%s", l->entry[i].name);
            return;
        }
    }
    for (unsigned i = 0; i < l->n_entries && !l->pending; i++) {
        struct follow_entry *e = &l->entry[i];

        if (e->class != CLASS_UNKNOWN)
            continue;
        if (i < newer) {
            e->class = CLASS_OLD;
            continue;
        }
        if (e->size == 0) {
            /* A copy is made empty, then filled, and then the live file truncated. */
            if (e->generation.kind == GENERATION_LIVE || f->base.taker.once
                || clock_monotonic() - e->since >= COPY_POLLS * f->base.poll_ns)
                continue;
            l->pending = true;
            break;
        }
        if (l->n_queue == FOLLOW_QUEUE)
            break; /* looked at again when a file is finished */
        /* Nothing is read before it: what is older than what was read counts as
         * read, so that even a single pass leaves the newer ones to the next. */
        if (!identify(f, l, e, &e->class) && (!f->base.taker.once || l->error)) {
            l->pending = !f->base.taker.once;
            break;
        }
    }
    watch_last(l);
}
