/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evtx_file.c - the binary event log of Windows Vista and later, by libevtx.
 * Called through container.h.
 *
 * libevtx alone does not say what it left out: a record that it cannot read ends
 * evtxexport, behind damage in a chunk it calls the rest "recovered", a chunk
 * that is cut is gone, and it keeps a list of all records.  So the chunks are
 * walked here (parsers/evtx.c), in the order in which they were written; libevtx
 * gets one at a time, in memory, as a file of one chunk, and is asked for each
 * record that is there.  What it has no XML for goes out as its bytes, counted
 * and named.  Records that lie in no chunk's live part were deleted and are left
 * alone.  For each unreadable record libevtx (20181227) leaks about a kilobyte. */
#include "build.h"

#include <errno.h>
#include <libbfio.h>
#include <libevtx.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/container.h"
#include "forwarder/log.h"
#include "parsers/evtx.h"

enum { TELL_MAX = 5 }; /* unreadable records that get a line of their own */

struct container {
    int fd; /* our own */
    char *path;
    libevtx_file_t *file;   /* of the present chunk, NULL: libevtx does not take it */
    libbfio_handle_t *io;
    int n, index;           /* records that libevtx counts in it; the next one */
    int n_rescued, rescued; /* those it "recovered" */
    unsigned chunks, promised, first, done; /* chunks; of the header; the oldest; walked */
    char *image;            /* a file's header, and a chunk behind it */
    char *chunk;            /* in 'image' */
    size_t chunk_n, at;
    uint64_t place;         /* of the chunk in the file */
    bool walking, started, ended;
    char *out; /* what was not handed out yet */
    size_t out_n, out_at, out_cap;
    uint64_t records, unread; /* found; of them not read */
    struct log_limit damage;
};

/* --- libevtx ------------------------------------------------------------------------ */

/* The cause in libevtx's words, without the name of its function; frees '*error'. */
static void
take_error(libevtx_error_t **error, char *out, size_t size)
{
    char words[4096] = "";
    const char *from;
    size_t n;

    if (*error)
        libevtx_error_backtrace_sprint(*error, words, sizeof words);
    libevtx_error_free(error);
    from = strstr(words, ": ");
    from = from ? from + 2 : words;
    n = strcspn(from, "\r\n");
    snprintf(out, size, "%.*s", (int) n, n ? from : "no reason given");
    if (!n)
        snprintf(out, size, "no reason given");
}

static bool
out_room(struct container *c, size_t more)
{
    char *grown;

    if (c->out_cap >= more)
        return true;
    grown = realloc(c->out, more);
    if (!grown)
        return false;
    c->out = grown;
    c->out_cap = more;
    return true;
}

/* The number that the record's XML shows, 0 none.  Not that of the chunk: "Save
 * As" counts those anew. */
static uint32_t
number_of(const char *xml, size_t n)
{
    static const char name[] = "<EventRecordID>";
    const char *at = memmem(xml, n, name, sizeof name - 1), *end = xml + n;
    uint64_t number = 0;

    for (at = at ? at + sizeof name - 1 : end; at < end && *at >= '0' && *at <= '9'; at++)
        number = 10 * number + (uint64_t) (*at - '0');
    return (uint32_t) number;
}

/* Hands out one part; 'bytes' may lie in c->out behind the prefix already. */
static int
put_part(struct container *c, bool readable, const char *bytes, size_t n, size_t stored, uint64_t place)
{
    const struct evtx_prefix prefix = {.readable = readable,
                                       .length = (uint32_t) n,
                                       .stored = (uint32_t) stored,
                                       .number = readable ? number_of(c->out + EVTX_PREFIX, n) : 0,
                                       .place = place};

    if (!out_room(c, EVTX_PREFIX + n))
        return -ENOMEM;
    evtx_prefix_put(&prefix, c->out);
    if (bytes)
        memcpy(c->out + EVTX_PREFIX, bytes, n);
    c->out_n = EVTX_PREFIX + n;
    c->out_at = 0;
    return 0;
}

enum answer { ANSWER_OTHER, ANSWER_UNREADABLE, ANSWER_READ, ANSWER_NO_MEMORY };

/* The XML of a record into c->out, behind the prefix. */
static enum answer
read_xml(struct container *c, libevtx_record_t *record, size_t *length, libevtx_error_t **error)
{
    size_t size = 0;

    if (libevtx_record_get_utf8_xml_string_size(record, &size, error) != 1 || size < 2
        || size > FORMAT_WINDOW - EVTX_PREFIX)
        return ANSWER_UNREADABLE;
    if (!out_room(c, EVTX_PREFIX + size))
        return ANSWER_NO_MEMORY;
    if (libevtx_record_get_utf8_xml_string(record, (uint8_t *) c->out + EVTX_PREFIX, size, error) != 1)
        return ANSWER_UNREADABLE;
    for (*length = size - 1; *length > 0 && str_is_space(c->out[EVTX_PREFIX + *length - 1]);)
        --*length;
    return *length ? ANSWER_READ : ANSWER_UNREADABLE;
}

/* Asks for the record at 'index', which should be number 'id'; OTHER when it is
 * another one.  The XML is then in c->out. */
static enum answer
ask(struct container *c, bool rescued, int index, uint64_t id, size_t *length, char *why, size_t why_size)
{
    libevtx_record_t *record = NULL;
    libevtx_error_t *error = NULL;
    enum answer a = ANSWER_UNREADABLE;
    uint64_t number = 0;
    int r = rescued ? libevtx_file_get_recovered_record_by_index(c->file, index, &record, &error)
                    : libevtx_file_get_record_by_index(c->file, index, &record, &error);

    if (r == 1 && libevtx_record_get_identifier(record, &number, &error) == 1)
        a = number == id ? read_xml(c, record, length, &error) : ANSWER_OTHER;
    if (a == ANSWER_UNREADABLE)
        take_error(&error, why, why_size);
    else
        libevtx_error_free(&error);
    if (record)
        libevtx_record_free(&record, NULL);
    return a;
}

/* --- the walk ------------------------------------------------------------------------- */

static ssize_t
read_at(struct container *c, char *p, size_t n, uint64_t at)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = pread(c->fd, p + have, n - have, (off_t) (at + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        have += (size_t) got;
    }
    return (ssize_t) have;
}

static bool
all_zeros(const char *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Loads the chunk that is 'i'th in the file. */
static int
load_chunk(struct container *c, unsigned i)
{
    ssize_t got;

    c->place = EVTX_HEADER + (uint64_t) i * EVTX_CHUNK;
    got = read_at(c, c->chunk, EVTX_CHUNK, c->place);
    if (got < 0)
        return (int) got;
    c->chunk_n = (size_t) got;
    c->at = EVTX_RECORDS;
    if (all_zeros(c->chunk, c->chunk_n))
        c->chunk_n = 0;
    return 0;
}

static void
close_chunk(struct container *c)
{
    if (c->file) {
        libevtx_file_close(c->file, NULL);
        libevtx_file_free(&c->file, NULL);
    }
    if (c->io)
        libbfio_handle_free(&c->io, NULL);
    c->n = c->index = c->n_rescued = c->rescued = 0;
}

/* The header in 'image', of a file of one chunk. */
static void
make_header(struct container *c)
{
    uint32_t sum;

    memset(c->image + 8, 0, 16); /* first and last chunk */
    c->image[42] = 1;
    c->image[43] = 0;
    sum = (uint32_t) crc32(0, (const Bytef *) c->image, 120);
    for (int i = 0; i < 4; i++)
        c->image[124 + i] = (char) (sum >> 8 * i);
}

/* Gives the chunk to libevtx; what it does not take has no records for it. */
static void
open_chunk(struct container *c)
{
    close_chunk(c);
    if (libbfio_memory_range_initialize(&c->io, NULL) != 1
        || libbfio_memory_range_set(c->io, (uint8_t *) c->image, EVTX_HEADER + EVTX_CHUNK, NULL) != 1
        || libevtx_file_initialize(&c->file, NULL) != 1
        || libevtx_file_open_file_io_handle(c->file, c->io, libevtx_get_access_flags_read(), NULL) != 1
        || libevtx_file_get_number_of_records(c->file, &c->n, NULL) != 1)
        close_chunk(c);
    else if (libevtx_file_get_number_of_recovered_records(c->file, &c->n_rescued, NULL) != 1)
        c->n_rescued = 0;
}

static void
tell(struct container *c, const struct evtx_part *part, const char *why)
{
    if (++c->unread > TELL_MAX)
        return;
    log_warn("%s: record %llu at byte %llu cannot be read: %s", c->path, (unsigned long long) part->id,
             (unsigned long long) (c->place + part->at), why);
}

static int
take_record(struct container *c, const struct evtx_part *part)
{
    char why[256] = "libevtx does not find it";
    size_t length = 0;
    enum answer a = ANSWER_OTHER;

    c->records++;
    if (c->index < c->n) {
        a = ask(c, false, c->index, part->id, &length, why, sizeof why);
        c->index += a != ANSWER_OTHER;
    }
    if (a == ANSWER_OTHER && c->rescued < c->n_rescued) {
        a = ask(c, true, c->rescued, part->id, &length, why, sizeof why);
        c->rescued += a != ANSWER_OTHER;
    }
    if (a == ANSWER_NO_MEMORY)
        return -ENOMEM;
    if (a == ANSWER_READ)
        return put_part(c, true, NULL, length, part->length, c->place + part->at);
    tell(c, part, why);
    return put_part(c, false, c->chunk + part->at, part->length, part->length, c->place + part->at);
}

/* Begins the next chunk; one that does not look like one, or lacks its end, gives
 * its first bytes. */
static int
begin_chunk(struct container *c)
{
    unsigned i = (c->first + c->done++) % c->chunks;
    int r = load_chunk(c, i);
    size_t n;

    if (r || !c->chunk_n)
        return r;
    c->walking = true;
    memset(c->chunk + c->chunk_n, 0, EVTX_CHUNK - c->chunk_n);
    open_chunk(c);
    if (evtx_chunk_is(c->chunk, c->chunk_n) && evtx_chunk_whole(c->chunk, c->chunk_n))
        return 0;
    log_limited(&c->damage, LOG_LEVEL_WARN, "%s: the chunk at byte %llu is %s", c->path, (unsigned long long) c->place,
                evtx_chunk_is(c->chunk, c->chunk_n) ? "cut off" : "damaged");
    n = c->chunk_n < EVTX_RECORDS ? c->chunk_n : EVTX_RECORDS;
    return put_part(c, false, c->chunk, n, n, c->place);
}

/* What the file has lost whole, and the sum. */
static int
end_walk(struct container *c)
{
    char header[128];
    int r = 0;

    c->ended = true;
    log_limit_flush(&c->damage, c->path);
    if (c->promised > c->chunks) {
        log_warn("%s: %u of %u chunks are missing at its end", c->path, c->promised - c->chunks, c->promised);
        if (read_at(c, header, sizeof header, 0) == (ssize_t) sizeof header)
            r = put_part(c, false, header, sizeof header, sizeof header, 0);
    }
    if (c->unread)
        log_warn("%s: %llu of %llu records could not be read; the others were", c->path,
                 (unsigned long long) c->unread, (unsigned long long) c->records);
    return r;
}

/* One more part into c->out, or the end. */
static int
step(struct container *c)
{
    struct evtx_part part;

    if (!c->walking)
        return c->done < c->chunks ? begin_chunk(c) : end_walk(c);
    if (!evtx_chunk_next(c->chunk, c->chunk_n, &c->at, &part)) {
        c->walking = false;
        return 0;
    }
    if (part.record)
        return take_record(c, &part);
    log_limited(&c->damage, LOG_LEVEL_WARN, "%s: %llu bytes at byte %llu are damaged", c->path,
                (unsigned long long) part.length, (unsigned long long) (c->place + part.at));
    return put_part(c, false, c->chunk + part.at, part.length, part.length, c->place + part.at);
}

/* --- the class -------------------------------------------------------------------------- */

static void
evtx_close(struct container *c)
{
    if (!c)
        return;
    close_chunk(c);
    if (c->fd >= 0)
        close(c->fd);
    free(c->image);
    free(c->out);
    free(c->path);
    free(c);
}

/* Learns the layout; 0 or negative errno. */
static int
look(struct container *c)
{
    uint64_t oldest;
    struct stat st;
    ssize_t got;

    if (fstat(c->fd, &st) < 0)
        return -errno;
    got = read_at(c, c->image, EVTX_HEADER, 0);
    if (got < EVTX_HEADER)
        return got < 0 ? (int) got : -ENODATA;
    evtx_header_read(c->image, &oldest, &c->promised);
    c->chunks = (unsigned) ((st.st_size - EVTX_HEADER + EVTX_CHUNK - 1) / EVTX_CHUNK);
    c->first = oldest < c->chunks ? (unsigned) oldest : 0;
    make_header(c);
    return 0;
}

static struct container *
evtx_open(int fd, const char *path, char *err, size_t errlen)
{
    struct container *c = calloc(1, sizeof *c);
    int r = -ENOMEM;

    if (c) {
        c->fd = dup(fd);
        c->path = strdup(path);
        c->image = malloc(EVTX_HEADER + EVTX_CHUNK);
    }
    if (c && c->fd >= 0 && c->path && c->image) {
        c->chunk = c->image + EVTX_HEADER;
        r = look(c);
    }
    if (r == 0)
        return c;
    snprintf(err, errlen, "%s: cannot be read as an .evtx file: %s", path,
             r == -ENODATA ? "it ends within its header" : strerror(-r));
    evtx_close(c);
    return NULL;
}

static ssize_t
evtx_read(struct container *c, char *p, size_t n)
{
    size_t take;
    int r;

    while (c->out_at == c->out_n) {
        if (c->ended)
            return 0;
        if ((r = step(c)))
            return r;
    }
    take = c->out_n - c->out_at < n ? c->out_n - c->out_at : n;
    memcpy(p, c->out + c->out_at, take);
    c->out_at += take;
    return (ssize_t) take;
}

const struct container_class evtx_file_container = {
    .format = &evtx_format,
    .claims = evtx_is,
    .followed = true,
    .open = evtx_open,
    .read = evtx_read,
    .close = evtx_close,
};
