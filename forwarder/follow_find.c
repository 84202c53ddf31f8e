/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_find.c - where the bytes after a place are, when the file that had them
 * is no longer what it was: renamed, copied and truncated, packed, put on
 * another disk.  Called by follow_log.c.  follow_state.h says by what rule. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "forwarder/clock.h"
#include "forwarder/follow_state.h"

/* So many polls nothing may change before a place is given up, and so long at
 * most while a file is still being copied to where it was. */
enum { GRACE_POLLS = 3 };
/* What begins with fewer bytes than that is known by a heading at most. */
enum { HEADING = 64 };
/* A copy's time of writing may be cut to that of a coarser file system. */
#define COARSE_NS INT64_C(2000000000)
#define FIND_LONGEST INT64_C(60000000000)

bool
follow_find_want(struct flog *l)
{
    struct follow_file *file = l->current;
    struct place *want = &l->want;

    memset(want, 0, sizeof *want);
    want->offset = file->offset;
    want->head_n = file->head_n;
    if (!place_hash(file->head, file->head_n, want->head) || !place_hash(file->tail, file->tail_n, want->tail)) {
        l->error = ENOMEM;
        snprintf(l->error_name, sizeof l->error_name, "%s", file->name);
        return false;
    }
    want->dev = file->dev;
    want->ino = file->ino;
    want->birth = file->birth;
    want->modified = file->modified;
    snprintf(want->name, sizeof want->name, "%s", file->name);
    return true;
}

void
follow_find_begin(struct follow_logs *f, struct flog *l)
{
    if (!follow_find_want(l))
        return; /* no memory: tried again at the next look */
    follow_read_close(f, l->current);
    follow_queue_clear(f, l);
    l->finding = true;
    l->want_started = false;
    l->find_since = l->find_first = clock_monotonic();
    l->changed = true;
    f->look_now = true;
}

static bool
same_inode(const struct follow_entry *e, const struct place *want)
{
    return want->ino && e->ino == want->ino && e->dev == want->dev
           && (e->birth == 0 || want->birth == 0 || e->birth == want->birth);
}

/* Too old to be the file of the place, or a copy of it: it was last written before
 * that was.  A heading alone is found in each file of a log, however old. */
static bool
is_older(const struct follow_entry *e, const struct place *want)
{
    return want->head_n < HEADING && e->generation.kind != GENERATION_LIVE && e->modified < want->modified - COARSE_NS;
}

static bool
was_read(struct follow_logs *f, struct flog *l, const struct follow_entry *e)
{
    struct follow_file *file;
    bool done;
    int error;

    if (e->generation.kind == GENERATION_LIVE)
        return false;
    file = follow_read_open(f, l, e, &error);
    if (!file) {
        if (error == ENOENT || error == ESTALE)
            l->changed = true;
        else {
            l->error = error;
            snprintf(l->error_name, sizeof l->error_name, "%s", e->name);
        }
        return false;
    }
    done = follow_queue_is_done(l, file) > 0;
    follow_read_free(f, file);
    return done;
}

/* The first of the entries that has the place, in the order in which a mistake
 * is least likely. */
static struct follow_file *
try_all(struct follow_logs *f, struct flog *l)
{
    const struct place *want = &l->want;
    bool weak = want->offset < PLACE_HEAD;
    struct follow_entry *live = l->n_entries ? &l->entry[l->n_entries - 1] : NULL, elsewhere;
    struct follow_file *file = NULL;

    if (live && live->generation.kind == GENERATION_LIVE && !weak)
        file = follow_read_match(f, l, live, want);
    for (unsigned i = 0; !file && i < l->n_entries; i++)
        if (same_inode(&l->entry[i], want) && !l->entry[i].generation.packed)
            file = follow_read_match(f, l, &l->entry[i], want);
    for (unsigned packed = 0; packed < 2 && !weak; packed++)
        for (unsigned i = l->n_entries; !file && i-- > 0;)
            if (l->entry[i].generation.packed == packed && follow_read_packed_ready(f, &l->entry[i]))
                file = follow_read_match(f, l, &l->entry[i], want);
    for (unsigned i = 0; !file && weak && i < l->n_entries; i++) {
        struct follow_entry *e = &l->entry[i];

        if (is_older(e, want))
            continue;
        if (!follow_read_packed_ready(f, e))
            break; /* it may be the one, and what is newer only begin like it */
        if (!was_read(f, l, e))
            file = follow_read_match(f, l, e, want);
    }
    if (!file && want->ino && follow_files_by_inode(f, l, want->dev, want->ino, &elsewhere)
        && same_inode(&elsewhere, want))
        file = follow_read_match(f, l, &elsewhere, want);
    return file;
}

/* True while the live file may be one that is being copied to its old place:
 * what there is begins as it did, or is not filled in yet. */
static bool
arriving(struct follow_logs *f, struct flog *l)
{
    struct follow_entry *e = l->n_entries ? &l->entry[l->n_entries - 1] : NULL;
    struct follow_file *file;
    bool begins = false, unfilled;
    int error;

    for (unsigned i = 0; i < l->n_entries; i++)
        if (!follow_read_packed_ready(f, &l->entry[i]))
            return true;
    if (!e || e->generation.kind != GENERATION_LIVE || !(file = follow_read_open(f, l, e, &error)))
        return false;
    unfilled = file->head_n > 0;
    for (unsigned i = 0; i < file->head_n; i++)
        unfilled = unfilled && file->head[i] == '\0';
    if (l->current)
        begins = memcmp(file->head, l->current->head,
                        file->head_n < l->current->head_n ? file->head_n : l->current->head_n) == 0;
    follow_read_free(f, file);
    return unfilled || (begins && clock_monotonic() - e->since < GRACE_POLLS * f->base.poll_ns);
}

/* Puts into words what is lost. */
static void
say_lost(struct flog *l)
{
    const struct place *want = &l->want;
    const struct follow_entry *e = NULL;
    char looked[32] = "that";
    time_t t = (time_t) (l->looked_utc / INT64_C(1000000000));
    struct tm tm;

    for (unsigned i = 0; i < l->n_entries; i++)
        if (l->entry[i].ino == want->ino && l->entry[i].dev == want->dev)
            e = &l->entry[i];
    if (l->looked_utc && gmtime_r(&t, &tm))
        strftime(looked, sizeof looked, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (l->want_started)
        snprintf(l->lost, sizeof l->lost,
                 "%s: reading stood at byte %" PRIu64 " of %s, and none of the %u files of this log holds what was read "
                 "before it: it was truncated, overwritten or deleted while nobody looked; what was written to it after "
                 "that byte is lost, if anything was",
                 l->path, want->offset, want->name[0] ? want->name : l->live, l->n_entries);
    else
        snprintf(l->lost, sizeof l->lost,
                 "%s: %s %s after byte %" PRIu64 ", and none of the %u files of this log is a copy of it; what was written "
                 "to it between the last look at %s and then is lost, if anything was",
                 l->path, want->name, !e ? "was deleted or moved away" : e->size < want->offset ? "was truncated"
                 : "was written anew", want->offset, l->n_entries, looked);
}

/* FOUND: 'current' stands at the place, in whatever file has it.  FOUND_NOT:
 * given up; 'lost' has the words.  FOUND_WAIT: not yet. */
enum follow_found
follow_find(struct follow_logs *f, struct flog *l)
{
    int64_t now = clock_monotonic();
    struct follow_file *file;

    if (l->want.offset == 0 && l->want.head_n == 0) {
        l->finding = false; /* nothing was read: nothing to find */
        return FOUND_NOT;
    }
    l->error = 0;
    l->changed = false;
    file = try_all(f, l);
    if (l->error) {
        /* What cannot be read may be what is looked for; a single pass ends here. */
        follow_read_free(f, file);
        l->find_since = now;
        return FOUND_WAIT;
    }
    if (file) {
        follow_read_free(f, l->current);
        l->current = file;
        l->finding = false;
        follow_queue_reset(f, l);
        return FOUND;
    }
    if ((l->changed || l->moves != l->find_moves) && now - l->find_first < FIND_LONGEST) {
        /* Files were renamed while they were tried, or just before. */
        l->find_moves = l->moves;
        l->find_since = now;
        f->look_now = true;
        return FOUND_WAIT;
    }
    if (!f->base.taker.once) {
        /* A share that is not mounted has no files; that is no loss. */
        if (l->n_entries == 0 || !follow_files_sure(f, l))
            l->find_since = l->find_first = now;
        if (now - l->find_first < FIND_LONGEST && arriving(f, l))
            l->find_since = now;
        if (now - l->find_since < GRACE_POLLS * f->base.poll_ns)
            return FOUND_WAIT;
    }
    l->finding = false;
    say_lost(l);
    return FOUND_NOT;
}
