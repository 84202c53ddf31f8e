/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_file.c - the ring of an event log in a file (evt_file.h).  Read with
 * pread, never mapped: a file can be cut off while we look at it. */
#include "build.h"

#include "forwarder/evt_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/container.h"
#include "parsers/evt_pack.h"

struct evt_file {
    int fd; /* of the call that goes on */
    struct stat as_opened;
    struct evt_ring *ring;
    struct evt_part part; /* being handed out */
    char prefix[EVT_PACK_PREFIX];
    size_t done, size; /* of prefix and part together */
};

static int
read_at(void *arg, uint64_t at, void *p, size_t n)
{
    const struct evt_file *f = arg;
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(f->fd, (char *) p + done, n - done, (off_t) (at + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -ESTALE; /* shorter than it was */
        done += (size_t) got;
    }
    return 0;
}

bool
evt_file_changed(const struct evt_file *f, int fd)
{
    const struct stat *was = &f->as_opened;
    struct stat is;

    return fstat(fd, &is) < 0 || is.st_size != was->st_size || is.st_ino != was->st_ino || is.st_dev != was->st_dev
           || is.st_mtim.tv_sec != was->st_mtim.tv_sec || is.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

int
evt_file_open(int fd, struct evt_file **out)
{
    struct evt_file *f = calloc(1, sizeof *f);
    struct evt_view view = {.copy = read_at, .arg = f};
    int r = 0;

    if (!f)
        return -ENOMEM;
    f->fd = fd;
    if (fstat(fd, &f->as_opened) < 0) {
        r = -errno;
    } else {
        view.size = (uint64_t) f->as_opened.st_size;
        f->ring = evt_ring_open(&view, &r);
        if (!f->ring && r == 0)
            r = -ENOTSUP;
    }
    if (r) {
        evt_file_close(f);
        return r;
    }
    *out = f;
    return 0;
}

void
evt_file_close(struct evt_file *f)
{
    if (!f)
        return;
    evt_ring_free(f->ring);
    free(f);
}

enum evt_kind
evt_file_next(struct evt_file *f, int fd, struct evt_part *out)
{
    f->fd = fd;
    return evt_ring_next(f->ring, out);
}

int
evt_file_error(const struct evt_file *f)
{
    return evt_ring_error(f->ring);
}

const struct evt_facts *
evt_file_facts(const struct evt_file *f)
{
    return evt_ring_facts(f->ring);
}

/* Takes the next part: 1, 0 at the end, or negative errno. */
static int
take_part(struct evt_file *f, int fd)
{
    enum evt_kind kind = evt_file_next(f, fd, &f->part);

    f->done = f->size = 0;
    if (kind == EVT_FAILED)
        return evt_ring_error(f->ring);
    if (kind == EVT_DONE)
        return evt_file_changed(f, fd) ? -ESTALE : 0;
    evt_pack_put(kind, &f->part, f->prefix);
    f->size = EVT_PACK_PREFIX + f->part.bytes.n;
    return 1;
}

ssize_t
evt_file_read(struct evt_file *f, int fd, char *p, size_t n)
{
    size_t got = 0;
    int r = 1;

    while (got < n) {
        size_t k, most = n - got;

        if (f->done == f->size && (r = take_part(f, fd)) <= 0)
            break;
        if (f->done < EVT_PACK_PREFIX) {
            k = EVT_PACK_PREFIX - f->done < most ? EVT_PACK_PREFIX - f->done : most;
            memcpy(p + got, f->prefix + f->done, k);
        } else {
            k = f->size - f->done < most ? f->size - f->done : most;
            memcpy(p + got, f->part.bytes.p + (f->done - EVT_PACK_PREFIX), k);
        }
        f->done += k;
        got += k;
    }
    return got ? (ssize_t) got : r; /* an error comes again */
}

/* Writes it all: 0 or negative errno. */
static int
write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t put = write(fd, p, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        p += put;
        n -= (size_t) put;
    }
    return 0;
}

int
evt_file_spool(int *fd, const char *p, size_t n)
{
    struct stat st;
    FILE *file;
    char *room;
    uint64_t total = n;
    int spool, r;

    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
        return 0;
    file = tmpfile();
    room = malloc(65536);
    spool = file ? dup(fileno(file)) : -1;
    r = spool < 0 ? -errno : room ? write_all(spool, p, n) : -ENOMEM;
    while (r == 0) {
        ssize_t got = read(*fd, room, 65536);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            r = got < 0 ? -errno : 0;
            break;
        }
        total += (uint64_t) got;
        r = total > EVT_FILE_SPOOL ? -EFBIG : write_all(spool, room, (size_t) got);
    }
    free(room);
    if (file)
        fclose(file);
    if (r == 0) {
        close(*fd);
        *fd = spool;
    } else if (spool >= 0) {
        close(spool);
    }
    return r;
}

/* --- as a container of stream.c --------------------------------------------------- */

static struct container *
open_container(int fd, const char *path, char *err, size_t errlen)
{
    struct evt_file *f = NULL;
    int r = evt_file_open(fd, &f);

    if (r == -ENOTSUP)
        snprintf(err, errlen, "%s: this is no event log (.evt) of Windows NT to 2003", path);
    else if (r)
        snprintf(err, errlen, "%s: cannot be read: %s", path, strerror(-r));
    return (struct container *) f;
}

static ssize_t
read_container(struct container *c, char *p, size_t n)
{
    struct evt_file *f = (struct evt_file *) c;

    return evt_file_read(f, f->fd, p, n);
}

static void
close_container(struct container *c)
{
    evt_file_close((struct evt_file *) c);
}

const struct container_class evt_file_container = {
    .format = &evt_format,
    .claims = evt_ring_probe,
    .lenient = true,
    .followed = true,
    .spools = true,
    .open = open_container,
    .read = read_container,
    .close = close_container,
};
