/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_snapshot_read.c - one event log: looked through once to see whether it
 * is whole and where what is new in it begins, then read from there on.  Called
 * by follow_snapshot.c.  The file is opened for each piece and not held between. */
#include "build.h"

#include "forwarder/follow_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parsers/evt_pack.h"

bool
follow_snapshot_same(const struct snapshot_version *a, const struct snapshot_version *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->modified == b->modified;
}

struct snapshot_version
follow_snapshot_version(const struct stat *st)
{
    return (struct snapshot_version){st->st_dev, st->st_ino, (uint64_t) st->st_size,
                                     st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec};
}

/* The file as it is at its name now, if it is still the version being read; else
 * -1 with '*result' set. */
static int
open_same(struct follow_snapshot *f, struct snapshot_log *l, enum snapshot_read *result)
{
    struct snapshot_version v;
    struct stat st;
    int fd, e;

    follow_busy(&f->base);
    fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    e = fd < 0 || fstat(fd, &st) < 0 ? errno : 0;
    follow_idle(&f->base);
    if (!e && S_ISREG(st.st_mode)) {
        v = follow_snapshot_version(&st);
        if (follow_snapshot_same(&v, &l->reading))
            return fd;
    }
    if (fd >= 0)
        close(fd);
    l->error = e == ENOENT ? 0 : e;
    *result = l->error ? SNAPSHOT_ERROR : SNAPSHOT_WAIT;
    return -1;
}

/* --- what is new ------------------------------------------------------------------ */

/* What looking through it found. */
struct survey {
    bool any, found, older; /* the mark is there; records before it are */
    bool gap;               /* a number is missing between two records */
    struct place_mark first, last;
    uint64_t bad;
};

static struct place_mark
mark_of(const struct evt_part *p)
{
    return (struct place_mark){true, p->number, p->generated, p->written, 0, 0};
}

static bool
is_mark(const struct place_mark *m, const struct evt_part *p)
{
    return m->known && m->number == p->number && m->generated == p->generated && m->written == p->written
           && m->sum == place_sum(p->bytes.p, p->bytes.n);
}

static void
note_part(struct survey *v, const struct place_mark *mark, enum evt_kind kind, const struct evt_part *p)
{
    if (kind == EVT_BAD) {
        v->bad += p->bytes.n;
        return;
    }
    if (!v->any)
        v->first = mark_of(p);
    v->gap = v->gap || (v->any && p->number != v->last.number + 1);
    v->any = true;
    v->last = mark_of(p);
    v->found = v->found || is_mark(mark, p);
    v->older = v->older || (p->number < mark->number && p->written < mark->written);
}

/* Where handing out begins. */
enum from { FROM_START, FROM_MARK, FROM_NUMBER, FROM_NOWHERE };

/* The mark's record is not there: it was written over, its log was cleared, or the
 * copy is older than what was read. */
static enum from
find_new(struct snapshot_log *l, const struct survey *v)
{
    const struct place_mark *m = &l->mark;

    if (!m->known || m->number == 0)
        return FROM_START;
    if (v->found)
        return FROM_MARK;
    if (!v->any)
        return FROM_NOWHERE;
    if (v->first.number > m->number) {
        if (v->first.number > m->number + 1)
            snprintf(l->lost, sizeof l->lost,
                     "%.300s: %" PRIu32 " records (%" PRIu32 " to %" PRIu32
                     ") were written over before they were read; copy it more often, or make the log larger",
                     l->path, v->first.number - m->number - 1, m->number + 1, v->first.number - 1);
        return FROM_START;
    }
    /* Records of before the mark, and it is not among them: damaged, or older. */
    if (v->older)
        return v->last.number > m->number ? FROM_NUMBER : FROM_NOWHERE;
    return v->last.written >= m->written ? FROM_START : FROM_NOWHERE;
}

/* Takes parts off until the next one is new; that one is put into the stage. */
static enum evt_kind
pass_known(struct snapshot_log *l, int fd, enum from from, struct evt_part *p)
{
    uint64_t bad = from == FROM_MARK || (from == FROM_START && l->mark.number == 0) ? l->mark.bad : 0;
    bool waits = from == FROM_MARK;
    enum evt_kind kind;

    while ((kind = evt_file_next(l->file, fd, p)) == EVT_RECORD || kind == EVT_BAD) {
        if (waits) {
            waits = kind == EVT_BAD || !is_mark(&l->mark, p);
            continue;
        }
        if (from == FROM_NUMBER && (kind == EVT_BAD || p->number <= l->mark.number))
            continue;
        if (kind == EVT_BAD && bad) { /* told before */
            bad -= p->bytes.n < bad ? p->bytes.n : bad;
            continue;
        }
        break;
    }
    return kind;
}

static void
add_part(struct snapshot_log *l, enum evt_kind kind, const struct evt_part *p, struct place_mark *mark)
{
    evt_pack_put(kind, p, l->stage + l->stage_n);
    l->stage_n += EVT_PACK_PREFIX;
    memcpy(l->stage + l->stage_n, p->bytes.p, p->bytes.n);
    l->stage_n += p->bytes.n;
    if (kind == EVT_RECORD) {
        *mark = mark_of(p);
        mark->sum = place_sum(p->bytes.p, p->bytes.n);
    } else {
        mark->known = true;
        mark->bad += p->bytes.n;
    }
}

/* Adds whole parts to the stage, the first being 'p' where 'kind' says that there
 * is one, and looks whether the file is still what it was. */
static enum snapshot_read
fill(struct follow_snapshot *f, struct snapshot_log *l, int fd, enum evt_kind kind, struct evt_part *p)
{
    struct place_mark mark = l->mark;
    enum snapshot_read result;
    int again;

    while (kind == EVT_RECORD || kind == EVT_BAD) {
        add_part(l, kind, p, &mark);
        if (l->stage_n >= SNAPSHOT_STAGE)
            break;
        kind = evt_file_next(l->file, fd, p);
    }
    /* Also by its name: a copy can be made beside it and renamed. */
    again = open_same(f, l, &result);
    if (again >= 0)
        close(again);
    if (again < 0 || evt_file_changed(l->file, fd) || (kind == EVT_FAILED && evt_file_error(l->file) == -ESTALE)) {
        l->stage_n = 0;
        return again < 0 ? result : SNAPSHOT_WAIT;
    }
    if (kind == EVT_FAILED) {
        l->stage_n = 0;
        l->error = -evt_file_error(l->file);
        return SNAPSHOT_ERROR;
    }
    l->mark = mark;
    return l->stage_n ? SNAPSHOT_READ : SNAPSHOT_DONE;
}

/* Opens the ring anew: 0 or an errno; EPROTO when this is no event log. */
static int
open_ring(struct snapshot_log *l, int fd)
{
    int r;

    evt_file_close(l->file);
    l->file = NULL;
    r = evt_file_open(fd, &l->file);
    return r == -ENOTSUP ? EPROTO : -r;
}

/* Looks through it all; false when it could not be read. */
static bool
survey(struct follow_snapshot *f, struct snapshot_log *l, int fd, struct survey *v)
{
    struct evt_part part;
    enum evt_kind kind;

    while ((kind = evt_file_next(l->file, fd, &part)) == EVT_RECORD || kind == EVT_BAD) {
        note_part(v, &l->mark, kind, &part);
        if (follow_stopped(&f->base))
            return false;
    }
    l->error = kind == EVT_FAILED ? -evt_file_error(l->file) : 0;
    return kind == EVT_DONE;
}

/* Of half a copy of a log that went round, the end mark and even the oldest record
 * can be there, and what stands behind them not: then numbers are missing. */
static bool
is_whole(const struct evt_facts *facts, const struct survey *v)
{
    bool empty = facts->oldest == 0 || facts->oldest == facts->next;

    return facts->end_known && !v->bad && !v->gap && (v->any ? v->first.number == facts->oldest : empty);
}

enum snapshot_read
follow_snapshot_begin(struct follow_snapshot *f, struct snapshot_log *l, bool patient)
{
    enum snapshot_read result = SNAPSHOT_ERROR;
    enum evt_kind kind = EVT_DONE;
    struct evt_part part;
    struct survey v = {0};
    enum from from;
    bool damaged;
    int fd;

    l->reading = l->now;
    l->error = 0;
    if (!l->stage && !(l->stage = malloc(SNAPSHOT_STAGE + EVT_PACK_PREFIX + EVT_RECORD_MAX))) {
        l->error = ENOMEM;
        return SNAPSHOT_ERROR;
    }
    l->stage_n = l->stage_done = 0;
    if ((fd = open_same(f, l, &result)) < 0)
        return result;
    follow_busy(&f->base);
    l->error = open_ring(l, fd);
    if (!l->error)
        survey(f, l, fd, &v);
    damaged = l->error == EPROTO || (!l->error && !is_whole(evt_file_facts(l->file), &v));
    if (l->error == ESTALE || (patient && damaged))
        result = SNAPSHOT_WAIT;
    else if (!l->error && !(l->error = open_ring(l, fd))) {
        from = find_new(l, &v);
        if (from != FROM_NOWHERE)
            kind = pass_known(l, fd, from, &part);
        result = fill(f, l, fd, kind, &part);
    }
    if (result == SNAPSHOT_WAIT)
        l->error = 0;
    if (result != SNAPSHOT_READ && result != SNAPSHOT_DONE)
        l->lost[0] = '\0'; /* not yet sure */
    follow_idle(&f->base);
    close(fd);
    return result;
}

enum snapshot_read
follow_snapshot_more(struct follow_snapshot *f, struct snapshot_log *l)
{
    enum snapshot_read result;
    struct evt_part part;
    enum evt_kind kind;
    int fd = open_same(f, l, &result);

    if (fd < 0)
        return result;
    l->stage_n = l->stage_done = 0;
    follow_busy(&f->base);
    kind = evt_file_next(l->file, fd, &part);
    result = fill(f, l, fd, kind, &part);
    follow_idle(&f->base);
    close(fd);
    return result;
}

void
follow_snapshot_end(struct snapshot_log *l)
{
    evt_file_close(l->file);
    l->file = NULL;
    free(l->stage);
    l->stage = NULL;
    l->stage_n = l->stage_done = 0;
}
