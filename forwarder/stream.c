/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stream.c - bytes of one file to events.  Called by merge.c (many streams in
 * order of time) and by nothing else.  Files are opened read-only, never
 * locked: a log that is held hangs the service that writes it (Q246592). */
#include "build.h"

#include "forwarder/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/stream_state.h"

enum {
    STREAM_READ = 256 * 1024,
    STREAM_ARENA = 64 * 1024 * 1024,
    STREAM_PROBE = 2 * STREAM_LOOK, /* bytes at hand before anything is decided */
    STREAM_HEAD = 1024, /* bytes that say which file this is */
    STREAM_TAIL = 256   /* bytes that say that the place is still there */
};

/* Equal records further apart than this are counted anew (design, "id"). */
#define STREAM_RECENT (5 * WHEN_SECOND)

/* Bytes that wait to be framed. */
static const char *
window(const struct stream *s)
{
    return s->encoding == TEXT_8BIT ? s->raw.p + s->raw.start : s->text.p + s->text.start;
}

static size_t
window_size(const struct stream *s)
{
    return s->encoding == TEXT_8BIT ? s->raw.end - s->raw.start : s->text.end - s->text.start;
}

/* Makes room for 'more' bytes at the end of 'b', moving what is left to its
 * front first. */
static bool
buffer_room(struct stream_buffer *b, size_t more)
{
    char *grown;
    size_t cap = b->cap ? b->cap : STREAM_READ;

    if (b->start) {
        memmove(b->p, b->p + b->start, b->end - b->start);
        b->end -= b->start;
        b->start = 0;
    }
    if (b->cap - b->end >= more)
        return true;
    while (cap - b->end < more)
        cap *= 2;
    grown = realloc(b->p, cap);
    if (!grown)
        return false;
    b->p = grown;
    b->cap = cap;
    return true;
}

/* Reads the next bytes of the file into the raw buffer; sets eof. */
static int
read_some(struct stream *s)
{
    size_t want = STREAM_READ;
    ssize_t got;
    int fd = s->fd;

    if (!buffer_room(&s->raw, want))
        return -ENOMEM;
    if (fd < 0 && (fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0)
        return -errno;
    do
        got = s->sequential ? read(fd, s->raw.p + s->raw.end, want)
                            : pread(fd, s->raw.p + s->raw.end, want, (off_t) s->read_at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        got = -errno;
    if (fd != s->fd)
        close(fd);
    if (got < 0)
        return (int) got;
    s->raw.end += (size_t) got;
    s->read_at += (uint64_t) got;
    s->eof = got == 0;
    return 0;
}

/* More bytes for framing: 0, or negative errno. */
static int
fill(struct stream *s)
{
    size_t used, fresh;
    int r = read_some(s);

    if (r || s->encoding == TEXT_8BIT)
        return r;
    fresh = s->raw.end - s->raw.start - s->decoded;
    if (!buffer_room(&s->text, 6 * fresh + 6))
        return -ENOMEM;
    s->text.end += text_utf16(s->encoding, (const uint8_t *) s->raw.p + s->raw.start + s->decoded, fresh, s->eof,
                              &used, s->text.p + s->text.end);
    s->decoded += used;
    return 0;
}

/* Line ends in 'n' bytes at 'p': LF, or CR where the file has no LF. */
static uint64_t
count_lines(const char *p, size_t n, char end)
{
    uint64_t lines = 0;

    if (n <= 4) {
        /* What stands between records: a call would cost more than the look. */
        for (size_t i = 0; i < n; i++)
            lines += p[i] == end;
        return lines;
    }
    for (const char *at = p, *stop = p + n; (at = memchr(at, end, (size_t) (stop - at))); at++)
        lines++;
    return lines;
}

void
stream_consume(struct stream *s, size_t n, bool one_line)
{
    uint64_t source = n;

    if (!one_line)
        s->line += count_lines(window(s), n, s->line_end);
    if (s->encoding != TEXT_8BIT) {
        source = text_source_length(s->encoding, window(s), n);
        s->text.start += n;
        s->decoded -= (size_t) source;
    }
    s->raw.start += (size_t) source;
    s->offset += source;
    s->stats.bytes += source;
}

/* The first bytes are there: what they are encoded in, and which format. */
static int
begin(struct stream *s, const char *format)
{
    size_t bom, used;
    struct str head;
    int r = 0;

    while (!s->eof && s->raw.end < STREAM_PROBE && !(r = read_some(s)))
        ;
    if (r)
        return r;
    s->encoding = text_detect((const uint8_t *) s->raw.p, s->raw.end, &bom);
    s->raw.start = bom;
    s->offset = bom;
    s->stats.bytes = bom;
    if (s->encoding != TEXT_8BIT) {
        size_t fresh = s->raw.end - s->raw.start;

        if (!buffer_room(&s->text, 6 * fresh + 6))
            return -ENOMEM;
        s->text.end = text_utf16(s->encoding, (const uint8_t *) s->raw.p + bom, fresh, s->eof, &used, s->text.p);
        s->decoded = used;
        s->parse.code_page = text_codepage_decoded();
    }
    head = str_make(window(s), window_size(s) < STREAM_LOOK ? window_size(s) : STREAM_LOOK);
    s->line_end = str_find_char(head, '\n') == head.n && str_find_char(head, '\r') < head.n ? '\r' : '\n';
    s->format = strcmp(format, "auto") == 0 ? format_probe(head) : format_find(str_z(format));
    if (!s->format) {
        /* Bytes that are no format's still come out, as what they are. */
        s->format = &sms_log_format;
        s->unframed = head.n > 0;
    }
    s->format_name = str_z(s->format->name);
    s->state = calloc(1, s->format->state_size ? s->format->state_size : 1);
    return s->state ? 0 : -ENOMEM;
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The fd of a regular file, or negative errno with the words in 'err'. */
static int
open_regular(const char *path, char *err, size_t errlen)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), e;

    if (fd < 0) {
        e = errno;
        snprintf(err, errlen, "%s: cannot be read: %s", path, strerror(e));
        return -e;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    snprintf(err, errlen, "%s: %s, not a file; give files, or one folder of files", path,
             S_ISDIR(st.st_mode) ? "a folder" : S_ISFIFO(st.st_mode) ? "a pipe" : "a device or socket");
    close(fd);
    return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

struct stream *
stream_open(const char *path, const struct stream_options *o, bool transient, char *err, size_t errlen)
{
    struct stream *s = calloc(1, sizeof *s);
    uint8_t digest[16];
    bool cut;
    int r = -ENOMEM;

    if (!s)
        goto nomem;
    s->fd = -1;
    s->line = 1;
    s->sequential = strcmp(path, "-") == 0;
    s->path = strdup(path);
    s->arena = arena_new(STREAM_ARENA);
    s->names = arena_new(65536 * 8);
    s->hasher = id_hasher_new();
    s->zones = zone_cache_new();
    if (!s->path || !s->arena || !s->names || !s->hasher || !s->zones)
        goto nomem;
    if (s->sequential)
        s->fd = dup(STDIN_FILENO);
    else if ((s->fd = open_regular(path, err, errlen)) < 0)
        goto fail;
    s->name = s->sequential ? STR("-") : text_clean(s->names, NULL, str_z(base_name(path)), 1024, &cut);
    s->name = arena_copy(s->names, s->name);
    s->host = arena_upper(s->names, str_z(o->host));
    s->site = arena_copy(s->names, str_z(o->site));
    s->address = arena_copy(s->names, str_z(o->address));
    s->parse.date_order = o->date_order;
    if (o->zone && !(s->zone = zone_open(str_z(o->zone)))) {
        snprintf(err, errlen, "zone '%s' is not known; use a name such as America/Los_Angeles or +02:00", o->zone);
        goto fail;
    }
    if (o->code_page && !(s->code_page = text_codepage_open(o->code_page))) {
        snprintf(err, errlen, "code page '%s' is not known; use a name such as windows-1251 or ibm-850", o->code_page);
        goto fail;
    }
    s->parse.code_page = s->code_page;
    if (!id_begin(s->hasher, STR("source"), s->host) || !id_add(s->hasher, path, strlen(path))
        || !id_end(s->hasher, digest))
        goto nomem;
    memcpy(&s->id, digest, sizeof s->id);
    r = begin(s, o->format ? o->format : "auto");
    if (r) {
        snprintf(err, errlen, "%s: cannot be read: %s", path, strerror(-r));
        goto fail;
    }
    if (transient && !s->sequential) {
        close(s->fd);
        s->fd = -1;
    }
    stream_peek(s);
    return s;
nomem:
    snprintf(err, errlen, "%s: out of memory", path);
fail:
    stream_close(s);
    return NULL;
}

void
stream_close(struct stream *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s->raw.p);
    free(s->text.p);
    free(s->state);
    free(s->path);
    text_codepage_close(s->code_page);
    zone_close(s->zone);
    zone_cache_free(s->zones);
    id_hasher_free(s->hasher);
    arena_free(s->names);
    arena_free(s->arena);
    free(s);
}

/* True when the record changes nothing: no event has to be made of it.  Its
 * time counts all the same, for the span and for what it is merged by. */
static bool
may_pass(struct stream *s, const struct stream_pass *pass, struct str bytes)
{
    struct when when = {0};
    struct str text;

    if (!s->format->glance || !s->format->glance(s->state, bytes, &text, &when) || !pass->idle(pass->arg, text))
        return false;
    stream_apply_zone(s, &when);
    if ((when.utc_known ? when.utc : when.local) >= pass->before(pass->arg))
        return false;
    stream_note_time(s, &when);
    return true;
}

int
stream_next(struct stream *s, const struct stream_pass *pass)
{
    for (;;) {
        struct format_span span = {0};
        size_t n = window_size(s);
        enum format_next found = n ? s->format->next(s->state, window(s), n, s->eof, &span) : FORMAT_MORE;
        int r;

        /* A format that cannot decide on a full window, or on all there is,
         * hands the bytes out as they are: nothing is ever waited for twice. */
        if (found == FORMAT_MORE && n && (s->eof || n >= FORMAT_WINDOW)) {
            span = (struct format_span){0, n, false};
            found = FORMAT_BAD;
        }
        switch (found) {
        case FORMAT_MORE:
            if (s->eof)
                return 0;
            r = fill(s);
            if (r) {
                snprintf(s->error, sizeof s->error, "%s: reading stopped at byte %llu: %s", s->path,
                         (unsigned long long) s->offset, strerror(-r));
                return r;
            }
            continue;
        case FORMAT_SKIP:
            stream_consume(s, span.skip, false);
            continue;
        case FORMAT_RECORD:
        case FORMAT_BAD:
            break;
        }
        if (pass && found == FORMAT_RECORD
            && may_pass(s, pass, str_make(window(s) + span.skip, span.length))) {
            s->stats.records++;
            stream_consume(s, span.skip, false);
            stream_consume(s, span.length, span.one_line);
            continue;
        }
        if (span.skip)
            stream_consume(s, span.skip, false);
        return stream_make(s, &span, found == FORMAT_BAD);
    }
}

/* Hash of the 'n' bytes at 'at' of the file; false when they cannot be read. */
static bool
hash_bytes(struct stream *s, uint64_t at, size_t n, uint8_t digest[16])
{
    char bytes[1024];
    int fd = s->fd >= 0 ? s->fd : open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool ok = fd >= 0 && n <= sizeof bytes && pread(fd, bytes, n, (off_t) at) == (ssize_t) n
              && id_begin(s->hasher, STR("place"), STR("")) && id_add(s->hasher, bytes, n)
              && id_end(s->hasher, digest);

    if (fd >= 0 && fd != s->fd)
        close(fd);
    return ok;
}

bool
stream_save(struct stream *s, struct keep_out *o)
{
    size_t head = s->offset < STREAM_HEAD ? (size_t) s->offset : STREAM_HEAD;
    size_t tail = s->offset < STREAM_TAIL ? (size_t) s->offset : STREAM_TAIL;
    uint8_t head_hash[16], tail_hash[16];
    unsigned live = 0;

    if (s->sequential || !hash_bytes(s, 0, head, head_hash) || !hash_bytes(s, s->offset - tail, tail, tail_hash))
        return false;
    keep_put_u64(o, s->offset);
    keep_put_u64(o, s->line);
    keep_put_u64(o, head);
    keep_put_str(o, str_make((const char *) head_hash, sizeof head_hash));
    keep_put_str(o, str_make((const char *) tail_hash, sizeof tail_hash));
    keep_put_u64(o, s->order_known);
    keep_put_u64(o, (uint64_t) s->order);
    for (unsigned i = 0; i < ID_RECENT; i++)
        live += s->recent.entry[i].count > 0 && s->order - s->recent.entry[i].time <= STREAM_RECENT;
    keep_put_u64(o, live);
    for (unsigned i = 0; i < ID_RECENT; i++) {
        const struct id_recent_entry *e = &s->recent.entry[i];

        if (e->count == 0 || s->order - e->time > STREAM_RECENT)
            continue;
        keep_put_u64(o, i);
        keep_put_u64(o, e->half);
        keep_put_u64(o, (uint64_t) e->time);
        keep_put_u64(o, e->count);
    }
    return !o->failed;
}

bool
stream_restore(struct stream *s, struct keep_in *in)
{
    uint64_t offset = keep_get_u64(in), line = keep_get_u64(in), head = keep_get_u64(in), live;
    struct str head_hash = keep_get_str(in), tail_hash = keep_get_str(in);
    size_t tail = offset < STREAM_TAIL ? (size_t) offset : STREAM_TAIL;
    bool order_known = keep_get_u64(in) != 0;
    int64_t order = (int64_t) keep_get_u64(in);
    uint8_t found[16];

    if (in->failed || s->sequential || head > STREAM_HEAD || offset < head || head_hash.n != 16
        || tail_hash.n != 16 || !hash_bytes(s, 0, (size_t) head, found) || memcmp(found, head_hash.p, 16) != 0
        || !hash_bytes(s, offset - tail, tail, found) || memcmp(found, tail_hash.p, 16) != 0)
        return false;
    s->raw.start = s->raw.end = s->text.start = s->text.end = s->decoded = 0;
    s->eof = false;
    memset(s->state, 0, s->format->state_size);
    s->read_at = s->offset = offset;
    s->line = line;
    s->order_known = order_known;
    s->order = order;
    s->nearest_known = false;
    s->stats.bytes = 0;
    live = keep_get_u64(in);
    for (uint64_t i = 0; i < live && !in->failed; i++) {
        struct id_recent_entry *e = &s->recent.entry[keep_get_u64(in) % ID_RECENT];

        e->half = keep_get_u64(in);
        e->time = (int64_t) keep_get_u64(in);
        e->count = (uint32_t) keep_get_u64(in);
    }
    return true;
}
