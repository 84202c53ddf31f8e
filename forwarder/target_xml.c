/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_xml.c - the archive: items appended to a file.
 *
 * form="document": the file is an XML document whose closing tag is there after
 * a clean stop; while the program works it ends with whole lines, so a reader
 * needs to add the tag only.  At start the closing tag, and a half line that a
 * crash left, are cut off again.  form="lines": one item a line, each with its
 * namespace, no root, never anything but appended.
 *
 * Taken items wait in a buffer; flush() writes them and returns after fsync().
 * When it cannot, the file is cut back to where the last good flush left it, so
 * that what goes again does not stand there twice. */
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

#include "forwarder/log.h"
#include "parsers/item_xml.h"

enum { BUFFER_SIZE = 256 * 1024, HEAD_MAX = 4096, TAIL_STEP = 64 * 1024 };

struct target_xml {
    struct target base;
    int fd;
    bool lines;
    bool cut_first;      /* the file holds more than 'size': cut before writing */
    off_t size;          /* whole lines in the file */
    off_t good;          /* of them, after the last good flush */
    uint64_t pending;    /* items taken since then */
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

/* --- the file as it is found ----------------------------------------------------- */

static const char head_begin[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<events ";

/* Length of the opening lines, 0 when they are not whole (a crash while they
 * were written), -1 when this is not a file of ours. */
static off_t
head_length(const char *p, size_t n)
{
    size_t known = sizeof head_begin - 1, k = n < known ? n : known;
    const char *end;

    if (memcmp(p, head_begin, k) != 0)
        return -1;
    if (k < known || !(end = memchr(p + known, '\n', n - known)))
        return n < HEAD_MAX ? 0 : -1;
    if (end[-1] != '>' || !memmem(p, (size_t) (end - p), ITEM_XML_NS, sizeof ITEM_XML_NS - 1))
        return -1;
    return end + 1 - p;
}

enum { TAG = 6 }; /* both tags are as long */

/* True for the beginning of an item, also when there is less than the tag. */
static bool
is_item_start(const char *p, size_t n)
{
    return n > 0 && (memcmp(p, "<event", n < TAG ? n : TAG) == 0 || memcmp(p, "<alarm", n < TAG ? n : TAG) == 0);
}

/* Where the line that ends just before 'end' begins, not before 'from'.  Its
 * first and last bytes go to 'ends'.  Negative errno on failure. */
static off_t
line_begin(int fd, off_t from, off_t end, char ends[2])
{
    char block[TAIL_STEP];
    bool last_known = false;

    for (off_t at = end - 1; at > from;) {
        size_t want = at - from > TAIL_STEP ? TAIL_STEP : (size_t) (at - from);
        ssize_t n = pread(fd, block, want, at - (off_t) want);
        const char *lf;

        if (n != (ssize_t) want)
            return n < 0 ? -errno : -EIO;
        if (!last_known)
            ends[1] = block[want - 1];
        last_known = true;
        lf = memrchr(block, '\n', want);
        if (!lf || lf + 1 < block + want)
            ends[0] = lf ? lf[1] : block[0];
        if (lf)
            return at - (off_t) want + (lf - block) + 1;
        at -= (off_t) want;
    }
    return from;
}

/* Where whole lines of items end: behind the last LF that a line "<...>" ends
 * with, the closing tag not counted. */
static off_t
whole_lines(int fd, off_t from, off_t size)
{
    static const char closing[] = "</events>";
    off_t end = size + 1; /* as if an LF stood behind the last byte: the rest is a half line */

    while (end - 1 > from) {
        char ends[2] = {0, 0}, tag[sizeof closing];
        off_t begin = line_begin(fd, from, end, ends);
        bool half = end == size + 1;

        if (begin < 0)
            return begin;
        if (!half && ends[0] == '<' && ends[1] == '>'
            && !(end - begin == sizeof closing && pread(fd, tag, sizeof closing - 1, begin) == sizeof closing - 1
                 && memcmp(tag, closing, sizeof closing - 1) == 0))
            return end;
        if (begin == from)
            return from;
        end = begin;
    }
    return from;
}

/* Finds where to go on in an opened file; 0 is a new or hardly begun one. */
static int
find_end(struct target_xml *t, off_t size, off_t *end, const char **why)
{
    char head[HEAD_MAX];
    ssize_t n = pread(t->fd, head, sizeof head, 0);
    off_t from = 0;

    *end = 0;
    if (n < 0)
        return -errno;
    if (n == 0)
        return 0;
    if (t->lines && !is_item_start(head, (size_t) n)) {
        *why = "it holds something else than lines of items: name another file";
        return -EINVAL;
    }
    if (!t->lines && (from = head_length(head, (size_t) n)) <= 0) {
        *why = is_item_start(head, (size_t) n) ? "it was written with form=\"lines\": name another file"
                                               : "it holds something else than a document of items: name another file";
        return from < 0 ? -EINVAL : 0;
    }
    *end = whole_lines(t->fd, from, size);
    return *end < 0 ? (int) *end : 0;
}

static int
sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    int fd, result = 0;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int) (slash - path) + (slash == path) : 1, slash ? path : ".");
    if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -errno;
    if (fsync(fd) != 0 && errno != EINVAL)
        result = -errno;
    close(fd);
    return result;
}

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

/* Opens the file and cuts it to whole lines; a document gets its opening lines. */
static int
open_file(struct target_xml *t, const char **why)
{
    struct xml_buf head;
    struct stat st;
    int result = 0;

    *why = "";
    t->fd = open(t->base.tc->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (t->fd < 0 || fstat(t->fd, &st) != 0) {
        *why = errno == ENOENT ? "make the folder above it first" : "";
        return -errno;
    }
    if (!S_ISREG(st.st_mode)) {
        *why = "not a regular file: name one";
        return -EINVAL;
    }
    if (flock(t->fd, LOCK_EX | LOCK_NB) != 0) {
        *why = errno == EWOULDBLOCK ? "another program writes to it: name another file" : "";
        return -errno;
    }
    if ((result = find_end(t, st.st_size, &t->size, why)) != 0)
        return result;
    *why = "";
    if (t->size < st.st_size && ftruncate(t->fd, t->size) != 0)
        return -errno;
    if (t->size == 0 && !t->lines) {
        xml_buf_init(&head, HEAD_MAX * 8);
        item_xml_open(&head, PACKAGE_VERSION);
        result = head.failed ? -ENOMEM : write_all(t->fd, head.p, head.n);
        t->size = (off_t) head.n;
        xml_buf_fini(&head);
    }
    if (result == 0 && fsync(t->fd) != 0)
        result = -errno;
    if (result == 0)
        result = sync_folder(t->base.tc->path);
    t->good = t->size;
    return result;
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
    snprintf(err, errlen, "%s:%d: target \"%s\": cannot write to %s: %s", tc->place.file ? tc->place.file : "-",
             tc->place.line, tc->name, tc->path, result != -EINVAL ? strerror(-result) : why);
    if (result != -EINVAL && *why)
        snprintf(err + strlen(err), errlen - strlen(err), ": %s", why);
    if (t) {
        if (t->fd >= 0)
            close(t->fd);
        free(t->buffer);
        free(t);
    }
    return NULL;
}

/* --- items -------------------------------------------------------------------------- */

/* Cuts the file to 'size' bytes; when even that fails, before the next write. */
static void
cut_back(struct target_xml *t, off_t size)
{
    t->size = size;
    t->cut_first = ftruncate(t->fd, size) != 0;
}

/* Writes the buffer; when it cannot, the file ends where it ended before and
 * the buffer stays. */
static int
write_buffer(struct target_xml *t)
{
    int result;

    if (t->n == 0)
        return 0;
    if (t->fd < 0)
        return fail(t, ENOENT, "writing to");
    if (t->cut_first) {
        cut_back(t, t->size);
        if (t->cut_first)
            return fail(t, errno, "cutting");
    }
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
    size_t need = item->xml.n + sizeof ns, tag = t->lines ? TAG : 0;
    int result;

    if (item->xml.n <= TAG || !is_item_start(item->xml.p, TAG) || item->xml.p[item->xml.n - 1] != '\n')
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
        memcpy(t->buffer + t->n, item->xml.p, tag);
        memcpy(t->buffer + t->n + tag, ns, sizeof ns - 1);
        t->n += tag + sizeof ns - 1;
    }
    memcpy(t->buffer + t->n, item->xml.p + tag, item->xml.n - tag);
    t->n += item->xml.n - tag;
    t->pending++;
    t->base.sent++;
    t->base.taken = item->seq;
    return 0;
}

/* Everything since the last good flush goes again: none of it may stay. */
static int
undo(struct target_xml *t, int result)
{
    t->n = 0;
    t->base.sent -= t->pending;
    t->pending = 0;
    cut_back(t, t->good);
    return result;
}

/* The file was taken away or cut by somebody: what was written is not where it
 * should be.  Opens the path anew. */
static int
start_over(struct target_xml *t, const char *what)
{
    const char *why = "";
    int result;

    t->n = 0;
    t->base.sent -= t->pending;
    t->pending = 0;
    if (t->fd >= 0)
        close(t->fd);
    result = open_file(t, &why);
    t->cut_first = false;
    if (result != 0) {
        if (t->fd >= 0)
            close(t->fd);
        t->fd = -1;
        snprintf(t->base.error, sizeof t->base.error, "%.100s was %s by another program, and cannot be opened again: %s%s%s",
                 t->base.tc->path, what, strerror(-result), *why ? ": " : "", why);
        return result;
    }
    snprintf(t->base.error, sizeof t->base.error, "%.150s was %s by another program; it was opened again", t->base.tc->path,
             what);
    return -ESTALE;
}

static int
target_xml_flush(struct target *target, int timeout_ms)
{
    struct target_xml *t = of(target);
    struct stat st, named;
    int result;

    (void) timeout_ms;
    if (t->fd < 0)
        return start_over(t, "taken away");
    if (t->n == 0 && t->size == t->good)
        return 0;
    if ((result = write_buffer(t)) != 0)
        return undo(t, result);
    if (fsync(t->fd) != 0)
        return undo(t, fail(t, errno, "syncing"));
    if (fstat(t->fd, &st) != 0)
        return undo(t, fail(t, errno, "looking at"));
    if (stat(t->base.tc->path, &named) != 0 || named.st_ino != st.st_ino || named.st_dev != st.st_dev)
        return start_over(t, "taken away");
    if (st.st_size != t->size) {
        /* Cut by somebody, and ours stands behind the cut, maybe behind half a line. */
        if (st.st_size < t->size)
            cut_back(t, st.st_size > t->size - t->good ? st.st_size - (t->size - t->good) : 0);
        return start_over(t, "changed");
    }
    t->good = t->size;
    t->pending = 0;
    return 0;
}

static void
target_xml_close(struct target *target)
{
    struct target_xml *t = of(target);
    struct xml_buf tail;
    int result;

    if (!t)
        return;
    if ((result = target_xml_flush(target, 0)) != 0)
        log_error("target \"%s\": %s", t->base.tc->name, t->base.error);
    if (t->fd >= 0 && !t->lines && !t->cut_first) {
        xml_buf_init(&tail, HEAD_MAX * 8);
        item_xml_close(&tail);
        if (tail.failed || write_all(t->fd, tail.p, tail.n) != 0 || fsync(t->fd) != 0)
            log_error("target \"%s\": %s: cannot write the closing tag: %s", t->base.tc->name, t->base.tc->path,
                      strerror(errno));
        xml_buf_fini(&tail);
    }
    if (t->fd >= 0)
        close(t->fd);
    free(t->buffer);
    free(t);
}

static int
target_xml_settle(struct target *t, int wait_ms, uint64_t *safe)
{
    int r = target_xml_flush(t, wait_ms ? wait_ms : 5000);

    if (r == 0)
        *safe = t->taken;
    return r;
}

const struct target_class target_xml_class = {
    .type = "xml",
    .open = target_xml_open,
    .send = target_xml_send,
    .settle = target_xml_settle,
    .close = target_xml_close,
};
