/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_xml.c - the archive: items appended to a file.
 *
 * form="document": the file is an XML document whose closing tag is there after
 * a clean stop and in rotated files; while the program works it ends with whole
 * lines, so a reader needs to add the tag only.  At start the closing tag, and a
 * half line that a crash left, are cut off again.  form="lines": one item a line,
 * each with its namespace, no root, never anything but appended.
 *
 * Taken items wait in a buffer; settle() writes them, and they are safe after
 * fsync().  When it cannot, the file is cut back to where the last good settle
 * left it, so that what goes again does not stand there twice.
 *
 * The path is looked at before each write and once a second: a file that others
 * have moved away is finished where it is and begun anew, one that they removed
 * or cut is begun anew, and what it held and was not safe goes again. */
#include "build.h"

#include "forwarder/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/archive_end.h"
#include "forwarder/clock.h"
#include "forwarder/file.h"
#include "forwarder/log.h"
#include "forwarder/rotate.h"
#include "parsers/item_xml.h"
#include "parsers/when.h"

enum { BUFFER_SIZE = 256 * 1024, HEAD_MAX = 4096 };

struct target_xml {
    struct target base;
    int fd;              /* -1: to be opened anew */
    bool lines;
    int broken;          /* errno of a loss that no settle() has reported yet */
    bool cut_first;      /* the file holds more than 'size': cut before writing */
    off_t size;          /* whole lines in the file */
    off_t good;          /* of them, after the last good settle */
    off_t empty;         /* size without any item */
    uint64_t safe;       /* seq of the newest item before 'good' */
    uint64_t pending;    /* items taken since then */
    int64_t begun_at;    /* monotonic: when the file was made */
    int64_t looked_at;   /* monotonic: at the path */
    int64_t rotate_at;   /* monotonic: not before, after a failure */
    struct log_limit log;
    char remedy[FILE_REMEDY]; /* of the last open that failed */
    char *buffer;
    size_t n, cap;
};

static struct target_xml *
of(struct target *t)
{
    return (struct target_xml *) t;
}

static int
fail(struct target_xml *t, int error, const char *doing)
{
    snprintf(t->base.error, sizeof t->base.error, "%s %.150s: %s", doing, t->base.tc->path, strerror(error));
    return -error;
}

/* --- opening ------------------------------------------------------------------------ */

static int
write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k < 0 ? -errno : -EIO;
        p += k;
        n -= (size_t) k;
    }
    return 0;
}

static int
sync_file(int fd)
{
    int r;

    do
        r = fsync(fd);
    while (r != 0 && errno == EINTR);
    return r ? -errno : 0;
}

/* How long ago the file was made, as far as the file system knows. */
static int64_t
age(int fd)
{
    struct statx x;
    int64_t made;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) != 0 || !(x.stx_mask & STATX_BTIME))
        return 0;
    made = clock_utc() - (x.stx_btime.tv_sec * WHEN_SECOND + x.stx_btime.tv_nsec);
    return made > 0 ? made : 0;
}

/* Cuts what is in the file to whole lines; a document gets its opening lines. */
static int
prepare(struct target_xml *t, off_t found, const char **why)
{
    struct xml_buf head;
    int result = archive_end(t->fd, t->lines, found, &t->size, why);

    if (result != 0)
        return result;
    xml_buf_init(&head, HEAD_MAX * 8);
    item_xml_open(&head, PACKAGE_VERSION);
    if (head.failed)
        result = -ENOMEM;
    else if (t->size < found && ftruncate(t->fd, t->size) != 0)
        result = -errno;
    t->empty = t->lines ? 0 : (off_t) head.n;
    if (result == 0 && t->size == 0 && !t->lines) {
        result = write_all(t->fd, head.p, head.n);
        t->size = (off_t) head.n;
    }
    xml_buf_fini(&head);
    return result;
}

static int
open_file(struct target_xml *t, const char **why)
{
    struct stat st;
    int result;

    *why = "";
    t->fd = open(t->base.tc->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (t->fd < 0 || fstat(t->fd, &st) != 0) {
        result = -errno;
        file_remedy(t->base.tc->path, -result, FILE_OUTPUT, t->remedy, sizeof t->remedy);
        *why = result == -ENOENT ? "make the folder above it first" : t->remedy[0] ? t->remedy + 2 : "";
        return result;
    }
    if (!S_ISREG(st.st_mode)) {
        *why = "not a regular file: name one";
        return -EINVAL;
    }
    if (flock(t->fd, LOCK_EX | LOCK_NB) != 0) {
        *why = errno == EWOULDBLOCK ? "another program writes to it: name another file" : "";
        return -errno;
    }
    result = prepare(t, st.st_size, why);
    if (result == 0)
        result = sync_file(t->fd);
    if (result == 0)
        result = rotate_sync_folder(t->base.tc->path);
    t->good = t->size;
    t->cut_first = false;
    t->looked_at = clock_monotonic();
    t->begun_at = t->looked_at - age(t->fd);
    return result;
}

static void
close_file(struct target_xml *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

static struct target *
target_xml_open(const struct config *config, const struct config_target *tc, char *err, size_t errlen)
{
    struct target_xml *t = calloc(1, sizeof *t);
    const char *why = "";
    int result = -ENOMEM;

    if (t) {
        t->base.cls = &target_xml_class;
        t->base.config = config;
        t->base.tc = tc;
        t->lines = tc->form_lines;
        t->fd = -1;
        t->cap = BUFFER_SIZE;
        if ((t->buffer = malloc(t->cap)))
            result = open_file(t, &why);
    }
    if (result == 0)
        return &t->base;
    snprintf(err, errlen, "%s:%d: target '%s': cannot write to %s: %s", tc->place.file ? tc->place.file : "-",
             tc->place.line, tc->name, tc->path, result != -EINVAL ? strerror(-result) : why);
    if (result != -EINVAL && *why)
        snprintf(err + strlen(err), errlen - strlen(err), ": %s", why);
    if (t) {
        close_file(t);
        free(t->buffer);
        free(t);
    }
    return NULL;
}

/* Opens the file of a target that lost it. */
static int
reopen(struct target_xml *t)
{
    const char *why;
    int result;

    if (t->fd >= 0)
        return 0;
    if ((result = open_file(t, &why)) == 0)
        return 0;
    close_file(t);
    snprintf(t->base.error, sizeof t->base.error, "cannot open %.120s again: %s%s%s", t->base.tc->path, strerror(-result),
             *why ? ": " : "", why);
    return result;
}

/* --- ends ---------------------------------------------------------------------------- */

/* Cuts the file to 'size' bytes; when even that fails, before the next write. */
static void
cut_back(struct target_xml *t, off_t size)
{
    t->size = size;
    t->cut_first = ftruncate(t->fd, size) != 0;
}

/* What is not safe goes again: 'result' is the failure that says so. */
static int
undo(struct target_xml *t, int result)
{
    t->n = 0;
    t->broken = 0;
    t->base.sent -= t->pending;
    t->base.taken = t->safe;
    t->pending = 0;
    return result;
}

/* The closing tag of a document, behind its whole lines; cut off again when it
 * cannot be written. */
static int
finish(struct target_xml *t)
{
    struct xml_buf tail;
    int result = 0;

    if (t->lines)
        return sync_file(t->fd);
    xml_buf_init(&tail, HEAD_MAX * 8);
    item_xml_close(&tail);
    result = tail.failed ? -ENOMEM : write_all(t->fd, tail.p, tail.n);
    if (result == 0)
        result = sync_file(t->fd);
    if (result != 0)
        cut_back(t, t->size);
    xml_buf_fini(&tail);
    return result;
}

/* Sees to it that the path still names the file and that nobody has cut it.
 * 0, with the file opened anew where need be; negative errno when something
 * that was written and not safe is gone ('broken'), or the file cannot be opened. */
static int
look(struct target_xml *t)
{
    const char *what = NULL;
    struct stat st, named;
    bool lost = false, unsafe = t->size > t->good;
    int result;

    t->looked_at = clock_monotonic();
    if (t->cut_first)
        cut_back(t, t->size);
    if (t->cut_first)
        return fail(t, errno, "cutting");
    if (fstat(t->fd, &st) != 0)
        return fail(t, errno, "looking at");
    if (stat(t->base.tc->path, &named) != 0 || named.st_ino != st.st_ino || named.st_dev != st.st_dev) {
        what = st.st_nlink > 0 ? "moved away" : "removed";
        /* Somebody keeps it: what it holds of ours is whole there. */
        lost = st.st_nlink == 0 || finish(t) != 0;
    } else if (st.st_size != t->size) {
        what = "changed";
        lost = true;
        /* Ours stands behind the cut, maybe behind half a line. */
        if (st.st_size < t->size)
            cut_back(t, st.st_size > t->size - t->good ? st.st_size - (t->size - t->good) : 0);
    }
    if (!what)
        return 0;
    if (lost && unsafe)
        t->broken = ESTALE;
    log_limited(&t->log, LOG_LEVEL_WARN, "target '%s': %s was %s by another program; it is begun anew", t->base.tc->name,
                t->base.tc->path, what);
    close_file(t);
    result = reopen(t);
    if (result == 0 && t->broken) {
        snprintf(t->base.error, sizeof t->base.error, "%.150s was %s by another program", t->base.tc->path, what);
        result = -t->broken;
    }
    return result;
}

/* Renames a file that is large or old enough and begins a new one.  What cannot
 * be renamed goes on; that is told, and hinders no item. */
static int
rotate(struct target_xml *t)
{
    const struct config_target *tc = t->base.tc;
    int64_t now = clock_monotonic();
    int result;

    if (t->size <= t->empty || now < t->rotate_at
        || !((tc->rotate_bytes && (uint64_t) t->size >= tc->rotate_bytes)
             || (tc->rotate_ns && now - t->begun_at >= tc->rotate_ns)))
        return 0;
    result = finish(t);
    if (result == 0 && (result = rotate_rename(tc->path, clock_utc())) != 0 && !t->lines)
        cut_back(t, t->size);
    if (result != 0) {
        t->rotate_at = now + WHEN_MINUTE;
        log_limited(&t->log, LOG_LEVEL_WARN, "target '%s': cannot rotate %s: %s; it grows on", tc->name, tc->path,
                    strerror(-result));
        return 0;
    }
    close_file(t);
    return reopen(t);
}

/* --- items -------------------------------------------------------------------------- */

/* Writes the buffer; when it cannot, the file ends where it ended before and
 * the buffer stays. */
static int
write_buffer(struct target_xml *t)
{
    int result;

    if (t->n == 0)
        return 0;
    if ((result = reopen(t)) != 0 || (result = look(t)) != 0)
        return result;
    if ((result = write_all(t->fd, t->buffer, t->n)) != 0) {
        cut_back(t, t->size);
        return fail(t, -result, "writing to");
    }
    t->size += (off_t) t->n;
    t->n = 0;
    return 0;
}

static int
target_xml_send(struct target *target, const struct target_item *item)
{
    static const char ns[] = " xmlns=\"" ITEM_XML_NS "\"";
    struct target_xml *t = of(target);
    size_t need = item->xml.n + sizeof ns, tag = archive_tag(item->xml.p, item->xml.n), head = t->lines ? tag : 0;
    int result;

    if (t->broken)
        return -t->broken;
    if (tag == 0 || item->xml.n <= tag || item->xml.p[item->xml.n - 1] != '\n')
        return fail(t, EINVAL, "an item that is not one line of XML, for");
    if (t->n + need > BUFFER_SIZE && (result = write_buffer(t)) != 0)
        return result;
    if (t->n + need > t->cap) {
        char *grown = realloc(t->buffer, t->n + need);

        if (!grown)
            return fail(t, ENOMEM, "keeping an item for");
        t->buffer = grown;
        t->cap = t->n + need;
    }
    if (t->lines) {
        memcpy(t->buffer + t->n, item->xml.p, head);
        memcpy(t->buffer + t->n + head, ns, sizeof ns - 1);
        t->n += head + sizeof ns - 1;
    }
    memcpy(t->buffer + t->n, item->xml.p + head, item->xml.n - head);
    t->n += item->xml.n - head;
    t->pending++;
    t->base.sent++;
    if (item->seq > t->base.taken)
        t->base.taken = item->seq;
    return 0;
}

/* Makes everything taken safe: written, on disk, and still under its name. */
static int
settle(struct target_xml *t)
{
    struct stat st, named;
    int result = t->broken ? -t->broken : write_buffer(t);

    if (result == 0 && (result = sync_file(t->fd)) != 0)
        result = fail(t, -result, "syncing");
    if (result == 0
        && (fstat(t->fd, &st) != 0 || stat(t->base.tc->path, &named) != 0 || named.st_ino != st.st_ino
            || named.st_dev != st.st_dev || st.st_size != t->size)) {
        /* In this very moment: whoever took it may have read it before. */
        result = look(t);
        result = result == 0 ? fail(t, ESTALE, "somebody took away") : result;
        return undo(t, result);
    }
    if (result != 0) {
        if (t->fd >= 0)
            cut_back(t, t->good);
        return undo(t, result);
    }
    t->good = t->size;
    t->safe = t->base.taken;
    t->pending = 0;
    return 0;
}

static int
target_xml_settle(struct target *target, int wait_ms, uint64_t *safe)
{
    struct target_xml *t = of(target);
    int result = 0;

    (void) wait_ms; /* the disk takes the time it takes */
    if (t->pending)
        result = settle(t);
    else if (t->fd >= 0 && clock_monotonic() - t->looked_at >= WHEN_SECOND)
        result = look(t);
    if (result == 0)
        result = reopen(t);
    if (result == 0)
        result = rotate(t);
    *safe = t->safe;
    return result;
}

static void
target_xml_close(struct target *target)
{
    struct target_xml *t = of(target);
    int result = 0;

    if (!t)
        return;
    if (t->pending && (result = settle(t)) != 0)
        log_error("target '%s': %s", t->base.tc->name, t->base.error);
    if (t->fd >= 0 && !t->cut_first && (result = finish(t)) != 0)
        log_error("target '%s': %s: cannot write the closing tag: %s", t->base.tc->name, t->base.tc->path,
                  strerror(-result));
    close_file(t);
    free(t->buffer);
    free(t);
}

const struct target_class target_xml_class = {
    .type = "xml",
    .open = target_xml_open,
    .send = target_xml_send,
    .settle = target_xml_settle,
    .close = target_xml_close,
};
