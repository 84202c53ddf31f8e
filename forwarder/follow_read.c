/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_read.c - the bytes of one file, never handed out without a look at
 * those before them.  Files are opened read-only and without any lock; on a
 * network file system the caller closes them after each turn.  What is packed
 * is read through zlib, and stays open until its end is reached: nobody writes
 * it, and each new start would unpack it from its beginning. */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/clock.h"
#include "forwarder/follow_state.h"

/* How long a file has to be as it is before zeros at its end are taken for what
 * was written, and a packed file for whole. */
#define ZEROS_NS INT64_C(10000000000)
#define PACKED_NS INT64_C(10000000000)

static void
count_open(struct follow_logs *f, int change)
{
    f->open_files = (unsigned) ((int) f->open_files + change);
    pthread_mutex_lock(&f->base.lock);
    f->base.status.files_open = f->open_files;
    pthread_mutex_unlock(&f->base.lock);
}

void
follow_read_close(struct follow_logs *f, struct follow_file *file)
{
    if (file->fd < 0)
        return;
    follow_busy(&f->base);
    if (file->gz)
        gzclose_r(file->gz); /* and the fd */
    else
        close(file->fd);
    follow_idle(&f->base);
    file->gz = NULL;
    file->fd = -1;
    count_open(f, -1);
}

void
follow_read_free(struct follow_logs *f, struct follow_file *file)
{
    if (!file)
        return;
    follow_read_close(f, file);
    free(file);
}

/* Closes the file that was read longest ago: logs are served in turn, so it is
 * the next one after the hand. */
static void
make_room(struct follow_logs *f, unsigned most)
{
    unsigned n = map_count(f->logs);

    for (unsigned i = 0; f->open_files >= most && i < n; i++) {
        struct flog *l = map_at(f->logs, f->hand++ % n);

        if (l->current && l->linked)
            follow_read_close(f, l->current);
    }
}

/* Opens the file by its name: 0 or an errno. */
static int
open_name(struct follow_logs *f, const struct flog *l, struct follow_file *file)
{
    const char *dir = l->folder->path;
    size_t n = strlen(dir);
    char path[FOLLOW_PATH];
    int r = 0;

    if ((size_t) snprintf(path, sizeof path, "%s%s%s", dir, n && dir[n - 1] != '/' ? "/" : "", file->name) >= sizeof path)
        return ENAMETOOLONG;
    make_room(f, FOLLOW_OPEN);
    for (int tries = 0; tries < 2; tries++) {
        follow_busy(&f->base);
        do
            file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        while (file->fd < 0 && errno == EINTR);
        r = file->fd < 0 ? errno : 0;
        follow_idle(&f->base);
        if (r != EMFILE && r != ENFILE)
            break;
        make_room(f, f->open_files / 2 + 1); /* others need some too */
    }
    if (r)
        return r;
    count_open(f, 1);
    if (file->packed && !(file->gz = gzdopen(file->fd, "rb"))) {
        follow_read_close(f, file);
        return ENOMEM;
    }
    if (file->gz)
        gzbuffer(file->gz, 64 * 1024);
    return 0;
}

/* What fstat says now; 0 or an errno. */
static int
look(struct follow_logs *f, struct follow_file *file, struct stat *st)
{
    int r;

    follow_busy(&f->base);
    r = fstat(file->fd, st) ? errno : 0;
    follow_idle(&f->base);
    if (r == 0 && !S_ISREG(st->st_mode))
        r = EINVAL;
    return r;
}

static int64_t
modified(const struct stat *st)
{
    return st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
}

/* Bytes of what is packed, at 'at'. */
static ssize_t
packed_at(struct follow_logs *f, struct follow_file *file, char *p, size_t n, uint64_t at)
{
    size_t got = 0;
    int r = 0, error = Z_OK;

    follow_busy(&f->base);
    if ((uint64_t) gztell(file->gz) != at && gzseek(file->gz, (z_off_t) at, SEEK_SET) < 0)
        r = -1;
    while (r >= 0 && got < n && (r = gzread(file->gz, p + got, (unsigned) (n - got))) > 0)
        got += (size_t) r;
    gzerror(file->gz, &error);
    follow_idle(&f->base);
    if (got > 0)
        return (ssize_t) got;
    return error == Z_OK || error == Z_STREAM_END ? 0 : error == Z_ERRNO ? -EIO : -EBADMSG;
}

ssize_t
follow_read_at(struct follow_logs *f, struct follow_file *file, char *p, size_t n, uint64_t at)
{
    size_t got = 0;
    ssize_t r = 0;

    if (file->gz)
        return packed_at(f, file, p, n, at);
    while (got < n) {
        follow_busy(&f->base);
        r = pread(file->fd, p + got, n - got, (off_t) (at + got));
        r = r < 0 ? -errno : r;
        follow_idle(&f->base);
        if (r == -EINTR)
            continue;
        if (r <= 0)
            break;
        got += (size_t) r;
    }
    /* Fewer than there are would pass for the end of the file. */
    return r < 0 ? r : (ssize_t) got;
}

struct follow_file *
follow_read_open(struct follow_logs *f, const struct flog *l, const struct follow_entry *e, int *error)
{
    struct follow_file *file = calloc(1, sizeof *file);
    struct stat st;
    ssize_t n;

    *error = ENOMEM;
    if (!file)
        return NULL;
    file->fd = -1;
    file->packed = e->generation.packed;
    file->live = e->generation.kind == GENERATION_LIVE;
    snprintf(file->name, sizeof file->name, "%s", e->name);
    if ((*error = open_name(f, l, file)) != 0 || (*error = look(f, file, &st)) != 0)
        goto fail;
    *error = ESTALE;
    if (st.st_dev != e->dev || st.st_ino != e->ino)
        goto fail;
    n = follow_read_at(f, file, file->head, PLACE_HEAD, 0);
    *error = n < 0 ? (int) -n : 0;
    if (n < 0)
        goto fail;
    file->head_n = (unsigned) n;
    file->dev = e->dev;
    file->ino = e->ino;
    file->birth = e->birth;
    file->modified = modified(&st);
    file->size = (uint64_t) st.st_size;
    return file;
fail:
    follow_read_free(f, file);
    return NULL;
}

void
follow_read_head(struct follow_logs *f, struct follow_file *file)
{
    char head[PLACE_HEAD];
    ssize_t n;

    if (file->head_n == PLACE_HEAD || file->fd < 0 || file->packed)
        return;
    n = follow_read_at(f, file, head, sizeof head, 0);
    if (n <= (ssize_t) file->head_n || memcmp(head, file->head, file->head_n) != 0)
        return;
    memcpy(file->head, head, (size_t) n);
    file->head_n = (unsigned) n;
}

bool
follow_read_packed_ready(struct follow_logs *f, const struct follow_entry *e)
{
    return !e->generation.packed || f->base.taker.once || clock_utc() - e->modified > PACKED_NS
           || clock_monotonic() - e->since >= 2 * f->base.poll_ns;
}

enum follow_read
follow_read_again(struct follow_logs *f, const struct flog *l, struct follow_file *file, int *error)
{
    char head[PLACE_HEAD];
    struct stat st;
    ssize_t n;

    *error = 0;
    if (file->fd >= 0)
        return READ_BYTES;
    *error = open_name(f, l, file);
    if (*error == ENOENT || *error == ESTALE || *error == ENOTDIR)
        return READ_CHANGED;
    if (*error == 0)
        *error = look(f, file, &st);
    if (*error)
        goto fail;
    n = follow_read_at(f, file, head, file->head_n, 0);
    if (n < 0 && n != -EBADMSG) {
        *error = (int) -n;
        goto fail;
    }
    if (n == (ssize_t) file->head_n && memcmp(head, file->head, file->head_n) == 0) {
        file->dev = st.st_dev;
        file->ino = st.st_ino;
        return READ_BYTES;
    }
    follow_read_close(f, file);
    return READ_CHANGED;
fail:
    follow_read_close(f, file);
    return READ_ERROR;
}

/* Zero bytes at the end: a copy that made room first, or what a crash left.
 * They are kept back until they stay.  Returns how many of 'n' may go out. */
static size_t
without_zeros(struct follow_logs *f, struct follow_file *file, const char *p, size_t n)
{
    size_t end = n;

    if (f->base.taker.once || file->offset + n <= file->zeros_end)
        return n;
    while (end > 0 && p[end - 1] == '\0')
        end--;
    if (n - end < FOLLOW_ZEROS) {
        file->zeros_since = 0;
        return n;
    }
    end += (file->offset + end) % 2; /* the half of a 16-bit unit */
    if (end > 0) {
        file->zeros_since = 0;
        return end;
    }
    if (file->zeros_since == 0)
        file->zeros_since = clock_monotonic();
    if (clock_monotonic() - file->zeros_since < ZEROS_NS)
        return 0;
    file->zeros_end = file->size > file->offset + n ? file->size : file->offset + n;
    file->zeros_since = 0;
    return n;
}

/* Whether the 'n' bytes at the offset are those that were seen there when the file
 * was opened.  Zero bytes may have been filled in. */
static bool
is_as_seen(const struct follow_file *file, const char *p, size_t n)
{
    const char *head, *zeros;
    size_t seen;

    if (file->offset >= file->head_n)
        return true;
    seen = file->head_n - (size_t) file->offset;
    head = file->head + file->offset;
    zeros = memmem(head, seen, "\0\0\0\0", FOLLOW_ZEROS);
    if (zeros)
        seen = (size_t) (zeros - head);
    return seen == 0 || memcmp(p, head, n < seen ? n : seen) == 0;
}

/* Notes bytes that are handed out. */
static void
advance(struct follow_file *file, const char *p, size_t n)
{
    const char *end = p + n;
    size_t keep = file->tail_n + n;

    if (file->head_n < PLACE_HEAD && file->offset <= file->head_n && file->offset + n > file->head_n) {
        size_t known = file->head_n - (size_t) file->offset, more = n - known;

        if (more > PLACE_HEAD - file->head_n)
            more = PLACE_HEAD - file->head_n;
        memcpy(file->head + file->head_n, p + known, more);
        file->head_n += (unsigned) more;
    }
    if (keep > PLACE_TAIL)
        keep = PLACE_TAIL;
    /* The bytes before 'p' are the tail as it was. */
    memcpy(file->tail, end - keep, keep);
    file->tail_n = (unsigned) keep;
    file->offset += n;
}

static enum follow_read
next_packed(struct follow_logs *f, struct follow_file *file, char *p, size_t want, size_t *got, int *error)
{
    ssize_t n = follow_read_at(f, file, p, want, file->offset);

    *error = n < 0 ? (int) -n : 0;
    if (n == -EBADMSG)
        return READ_DAMAGED;
    if (n <= 0)
        return n < 0 ? READ_ERROR : READ_END;
    memcpy(p - file->tail_n, file->tail, file->tail_n);
    advance(file, p, (size_t) n);
    if (file->size < file->offset)
        file->size = file->offset;
    *got = (size_t) n;
    return READ_BYTES;
}

enum follow_read
follow_read_next(struct follow_logs *f, const struct flog *l, struct follow_file *file, char *room, size_t want,
                 size_t *got, int *error)
{
    char *p = room + PLACE_TAIL, *from;
    enum follow_read r;
    struct stat st;
    ssize_t n;

    *got = 0;
    if ((r = follow_read_again(f, l, file, error)) != READ_BYTES)
        return r;
    if (file->gz)
        return next_packed(f, file, p, want, got, error);
    if ((*error = look(f, file, &st)) != 0)
        return READ_ERROR;
    if ((uint64_t) st.st_size < file->offset || (uint64_t) st.st_size < file->head_n)
        return READ_CHANGED;
    if ((uint64_t) st.st_size == file->offset && modified(&st) == file->modified)
        return READ_END;
    from = p - file->tail_n;
    n = follow_read_at(f, file, from, file->tail_n + want, file->offset - file->tail_n);
    if (n < 0) {
        *error = (int) -n;
        return READ_ERROR;
    }
    if (n < (ssize_t) file->tail_n || memcmp(from, file->tail, file->tail_n) != 0)
        return READ_CHANGED;
    n -= (ssize_t) file->tail_n;
    if (!is_as_seen(file, p, (size_t) n))
        return READ_CHANGED;
    file->size = (uint64_t) st.st_size;
    n = (ssize_t) without_zeros(f, file, p, (size_t) n);
    if ((uint64_t) st.st_size == file->offset + (uint64_t) n)
        file->modified = modified(&st);
    if (n == 0)
        return READ_END;
    advance(file, p, (size_t) n);
    *got = (size_t) n;
    return READ_BYTES;
}

/* The bytes of a packed file before the offset, unpacked to there.  Their number,
 * or negative errno. */
static ssize_t
packed_tail(struct follow_logs *f, struct follow_file *file, uint64_t offset, size_t tail)
{
    char bytes[16384];
    uint64_t at = 0;

    while (at < offset) {
        size_t want = offset - at < sizeof bytes ? (size_t) (offset - at) : sizeof bytes;
        ssize_t n = packed_at(f, file, bytes, want, at);

        if (n <= 0 || follow_stopped(&f->base))
            return n;
        at += (uint64_t) n;
        if ((size_t) n >= PLACE_TAIL)
            memcpy(file->tail, bytes + n - PLACE_TAIL, PLACE_TAIL);
        else {
            memmove(file->tail, file->tail + n, PLACE_TAIL - (size_t) n);
            memcpy(file->tail + PLACE_TAIL - n, bytes, (size_t) n);
        }
    }
    memmove(file->tail, file->tail + PLACE_TAIL - tail, tail);
    return (ssize_t) tail;
}

struct follow_file *
follow_read_match(struct follow_logs *f, struct flog *l, const struct follow_entry *e, const struct place *want)
{
    size_t tail = want->offset < PLACE_TAIL ? (size_t) want->offset : PLACE_TAIL;
    uint8_t hash[PLACE_HASH];
    struct follow_file *file;
    int error = 0;
    ssize_t n;

    if (!e->generation.packed && e->size < want->offset)
        return NULL;
    file = follow_read_open(f, l, e, &error);
    if (!file)
        goto other;
    if (file->head_n < want->head_n)
        goto other;
    error = ENOMEM;
    if (!place_hash(file->head, want->head_n, hash))
        goto other;
    error = 0;
    if (memcmp(hash, want->head, sizeof hash) != 0)
        goto other;
    n = file->gz ? packed_tail(f, file, want->offset, tail)
                 : follow_read_at(f, file, file->tail, tail, want->offset - tail);
    error = n < 0 && n != -EBADMSG ? (int) -n : 0;
    if (n != (ssize_t) tail)
        goto other;
    if (want->offset > 0) {
        error = ENOMEM;
        if (!place_hash(file->tail, tail, hash))
            goto other;
        error = 0;
        if (memcmp(hash, want->tail, sizeof hash) != 0)
            goto other;
    }
    file->tail_n = (unsigned) tail;
    file->offset = want->offset;
    file->modified = 0; /* so that the first read looks */
    return file;
other:
    if (error == ENOENT || error == ESTALE)
        l->changed = true; /* names move just now */
    else if (error) {
        l->error = error;
        snprintf(l->error_name, sizeof l->error_name, "%s", e->name);
    }
    follow_read_free(f, file);
    return NULL;
}
