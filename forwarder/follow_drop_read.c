/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_drop_read.c - one file of a drop folder, from its first byte to its last.
 * Called by follow_drop.c.  What is packed with gzip is unpacked, event logs are
 * unrolled (follow_drop_unroll.c); places count the bytes that come out. */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/container.h"
#include "forwarder/evt_file.h"
#include "forwarder/follow_drop.h"

enum { UNPACK = 65536 };

/* Bytes at 'at', as few as there are; negative errno. */
static ssize_t
read_at(struct follow_drop *f, struct drop_file *d, char *p, size_t n, uint64_t at)
{
    int error = Z_OK;
    size_t got = 0;
    ssize_t r = 0;

    if (d->unroll)
        return follow_drop_unrolled(f, d, p, n, at);
    follow_busy(&f->base);
    if (d->gz && (uint64_t) gztell(d->gz) != at && gzseek(d->gz, (z_off_t) at, SEEK_SET) < 0)
        r = -EBADMSG;
    while (r >= 0 && got < n) {
        r = d->gz ? gzread(d->gz, p + got, (unsigned) (n - got)) : pread(d->fd, p + got, n - got, (off_t) (at + got));
        if (r < 0 && !d->gz && errno == EINTR) {
            r = 0;
            continue;
        }
        if (r < 0 && !d->gz)
            r = -errno;
        if (r == 0)
            break;
        if (r > 0)
            got += (size_t) r;
    }
    if (d->gz) {
        gzerror(d->gz, &error);
        r = error == Z_OK || error == Z_STREAM_END ? 0 : error == Z_ERRNO ? -EIO : -EBADMSG;
    }
    follow_idle(&f->base);
    return got > 0 ? (ssize_t) got : r;
}

static int
open_file(struct follow_drop *f, struct drop_file *d)
{
    unsigned char magic[2];
    struct stat st;
    int r = 0;

    follow_busy(&f->base);
    d->fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (d->fd < 0 || fstat(d->fd, &st) != 0)
        r = errno;
    else if (!S_ISREG(st.st_mode))
        r = EINVAL;
    else if (pread(d->fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b && !(d->gz = gzdopen(d->fd, "rb")))
        r = ENOMEM;
    if (d->gz)
        gzbuffer(d->gz, 64 * 1024);
    follow_idle(&f->base);
    return r;
}

void
follow_drop_shut(struct follow_drop *f, struct drop_file *d)
{
    follow_busy(&f->base);
    if (f->unrolling == d)
        f->unrolling = NULL;
    follow_drop_rolled(d);
    if (d->gz)
        gzclose_r(d->gz); /* and the fd */
    else if (d->fd >= 0)
        close(d->fd);
    follow_idle(&f->base);
    d->gz = NULL;
    d->fd = -1;
}

/* Where reading of the file stood, when this is still what the file holds there. */
static int
resume(struct follow_drop *f, struct drop_file *d, const struct place *was)
{
    char head[PLACE_HEAD];
    uint8_t head_hash[PLACE_HASH], tail_hash[PLACE_HASH];
    size_t tail = was->offset < PLACE_TAIL ? (size_t) was->offset : PLACE_TAIL;
    ssize_t n;

    if (was->offset == 0 || was->head_n > PLACE_HEAD)
        return 0;
    if ((n = read_at(f, d, head, was->head_n, 0)) < 0 || (n == (ssize_t) was->head_n
        && (n = read_at(f, d, d->tail, tail, was->offset - tail)) < 0))
        return n == -EBADMSG ? 0 : (int) -n;
    if (n != (ssize_t) tail)
        return 0;
    if (!place_hash(head, was->head_n, head_hash) || !place_hash(d->tail, tail, tail_hash))
        return ENOMEM;
    if (memcmp(head_hash, was->head, PLACE_HASH) == 0 && memcmp(tail_hash, was->tail, PLACE_HASH) == 0) {
        d->place = *was;
        d->tail_n = (unsigned) tail;
    }
    return 0;
}

int
follow_drop_unpack(struct follow_drop *f, struct drop_file *d)
{
    FILE *file = tmpfile();
    int fd = file ? dup(fileno(file)) : -1, r = fd < 0 ? errno : 0, error = Z_OK;
    char *room = malloc(UNPACK);
    uint64_t total = 0;

    r = !r && !room ? ENOMEM : r;
    while (!r) {
        int got;

        follow_busy(&f->base);
        got = gzread(d->gz, room, UNPACK);
        for (int done = 0; !r && done < got;) {
            ssize_t put = write(fd, room + done, (size_t) (got - done));

            if (put < 0 && errno != EINTR)
                r = errno;
            done += put > 0 ? (int) put : 0;
        }
        gzerror(d->gz, &error);
        follow_idle(&f->base);
        total += got > 0 ? (uint64_t) got : 0;
        if (!r && error != Z_OK && error != Z_STREAM_END)
            r = error == Z_ERRNO ? EIO : EBADMSG;
        else if (!r && follow_stopped(&f->base))
            r = EINTR;
        else if (!r && total > EVT_FILE_SPOOL)
            r = EFBIG;
        if (got <= 0)
            break;
    }
    free(room);
    if (file)
        fclose(file);
    if (r && fd >= 0)
        close(fd);
    if (!r) {
        gzclose_r(d->gz); /* and its fd */
        d->gz = NULL;
        d->fd = fd;
    }
    return r;
}

const struct container_class *
follow_drop_class(struct follow_drop *f, struct drop_file *d)
{
    bool any = strcmp(f->format, "auto") == 0;
    const struct container_class *class;
    char head[512];
    ssize_t n;

    follow_busy(&f->base);
    n = d->gz ? gzread(d->gz, head, sizeof head) : pread(d->fd, head, sizeof head, 0);
    if (d->gz)
        gzrewind(d->gz);
    follow_idle(&f->base);
    if (n <= 0)
        return NULL; /* whoever reads it says why */
    class = any ? container_claiming(str_make(head, (size_t) n)) : container_named(f->format);
    return class && (class->lenient || class->claims(str_make(head, (size_t) n))) ? class : NULL;
}

int
follow_drop_why(struct drop_file *d, const char *text)
{
    free(d->why);
    d->why = strdup(text);
    return d->why ? EPROTO : ENOMEM;
}

/* Finds out how the file is read, and from where. */
static int
prepare(struct follow_drop *f, struct drop_file *d)
{
    struct place was;
    bool known = follow_place(&f->base, d->path, &was);
    int r = follow_drop_unroll(f, d, known ? &was : NULL);

    /* What was read whole of an event log is told by its runs. */
    if (!r && known && !(d->unroll && was.finished))
        r = resume(f, d, &was);
    if (r || !d->unroll || !known)
        return r;
    if (d->place.offset == 0 && !was.finished) {
        /* Something else than it was: it has been passed over to look. */
        f->unrolling = NULL;
        follow_drop_rolled(d);
        r = follow_drop_unroll(f, d, &was);
    }
    d->place.n_runs = was.n_runs;
    memcpy(d->place.run, was.run, sizeof was.run);
    return r;
}

int
follow_drop_open(struct follow_drop *f, struct drop_file *d)
{
    size_t n = strlen(d->path);
    int r;

    memset(&d->place, 0, sizeof d->place);
    d->place.line = 1;
    d->tail_n = 0;
    d->announced = d->lost_due = false;
    d->log = calloc(1, sizeof *d->log + n + 1);
    if (!d->log)
        return ENOMEM;
    memcpy(d->log->path, d->path, n);
    d->log->pub.path = d->log->path;
    d->log->pub.source = f->base.source;
    r = open_file(f, d);
    if (!r)
        r = prepare(f, d);
    if (r) {
        follow_drop_shut(f, d);
        free(d->log);
        d->log = NULL;
    }
    return r;
}

/* Announces the file with its first bytes. */
static enum drop_step
begin(struct follow_drop *f, struct drop_file *d)
{
    struct chunk *c = follow_chunk_new(&f->base, FOLLOW_LOOK);
    struct place *p;
    ssize_t n;

    if (!c)
        return DROP_BLOCKED;
    n = read_at(f, d, c->pub.bytes, c->cap, 0);
    if (n < 0 && n != -EBADMSG) {
        d->error = (int) -n;
        follow_chunk_free(&f->base, c);
        return DROP_ENDED;
    }
    p = &d->place;
    c->pub.resumed = p->offset > 0;
    p->dev = d->dev;
    p->ino = d->ino;
    p->birth = d->birth;
    p->modified = d->modified;
    p->once = true;
    snprintf(p->name, sizeof p->name, "%.*s", (int) sizeof p->name - 1, d->name);
    c->pub.place = *p;
    c->pub.n = n > 0 ? (size_t) n : 0;
    c->pub.size = d->gz || d->unroll ? 0 : d->size;
    c->pub.n_before = d->tail_n;
    memcpy(c->pub.before, d->tail, d->tail_n);
    d->announced = true;
    d->lost_due = d->unroll != NULL;
    follow_post(&f->base, &d->log->pub, c, FOLLOW_FILE);
    return DROP_MORE;
}

/* A chunk without bytes. */
static bool
tell(struct follow_drop *f, struct drop_file *d, enum follow_what what)
{
    struct chunk *c = follow_chunk_new(&f->base, 0);

    if (!c)
        return false;
    c->pub.offset = c->pub.size = d->place.offset;
    if (what == FOLLOW_FINAL && d->unroll)
        follow_drop_runs(d, &c->pub.place);
    follow_post(&f->base, &d->log->pub, c, what);
    return true;
}

/* Says what no copy holds any more; false when memory ended. */
static bool
tell_missed(struct follow_drop *f, struct drop_file *d)
{
    uint32_t first, n = follow_drop_missed(d, &first);
    struct chunk *c;

    if (!n)
        return true;
    if (!(c = follow_chunk_new(&f->base, 0)))
        return false;
    c->pub.offset = c->pub.size = d->place.offset;
    snprintf(c->pub.text, sizeof c->pub.text,
             "%.300s: %" PRIu32 " records (%" PRIu32 " to %" PRIu32
             ") were written over before they were read; copy it more often, or make the log larger",
             d->path, n, first, first + n - 1);
    follow_post(&f->base, &d->log->pub, c, FOLLOW_LOST);
    return true;
}

/* The last chunks of the file; with an error it is not whole, and comes again. */
static enum drop_step
end(struct follow_drop *f, struct drop_file *d, int error)
{
    if (!error && !d->gone_due && !tell(f, d, FOLLOW_FINAL))
        return DROP_BLOCKED;
    d->gone_due = true;
    d->error = error;
    if (!tell(f, d, FOLLOW_GONE))
        return DROP_BLOCKED;
    if (!error && d->unroll)
        follow_drop_unrolled_all(f, d);
    d->log = NULL;
    d->gone_due = false;
    return DROP_ENDED;
}

enum drop_step
follow_drop_step(struct follow_drop *f, struct drop_file *d)
{
    size_t room = follow_room(&f->base, &d->log->pub);
    struct chunk *c;
    ssize_t n;

    if (d->gone_due)
        return end(f, d, d->error);
    if (!room)
        return DROP_BLOCKED;
    if (!d->announced) {
        enum drop_step step = begin(f, d);

        return step == DROP_ENDED ? end(f, d, d->error) : step;
    }
    if (d->lost_due) {
        d->lost_due = !tell_missed(f, d);
        return d->lost_due ? DROP_BLOCKED : DROP_MORE;
    }
    if (!(c = follow_chunk_new(&f->base, room)))
        return DROP_BLOCKED;
    n = read_at(f, d, c->pub.bytes, room, d->place.offset);
    if (n <= 0) {
        follow_chunk_free(&f->base, c);
        return end(f, d, n < 0 ? (int) -n : 0);
    }
    c->pub.n = (size_t) n;
    c->pub.offset = d->place.offset;
    c->pub.size = d->gz || d->unroll ? 0 : d->size;
    c->pub.place.modified = d->modified;
    d->place.offset += (uint64_t) n;
    follow_post(&f->base, &d->log->pub, c, FOLLOW_BYTES);
    return DROP_MORE;
}
