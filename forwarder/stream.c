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

#include "forwarder/evt_file.h"
#include "forwarder/file.h"
#include "forwarder/stream_state.h"
#include "parsers/evt_pack.h"
#include "parsers/evtx.h"

enum {
    STREAM_READ = 256 * 1024,
    STREAM_ARENA = 64 * 1024 * 1024,
    STREAM_PROBE = 2 * STREAM_LOOK /* bytes at hand before anything is decided */
};

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

bool
stream_buffer_room(struct stream_buffer *b, size_t more)
{
    char *grown;
    size_t cap = b->cap ? b->cap : b->keep ? STREAM_READ / 16 : STREAM_READ;
    size_t gone = b->start > b->keep ? b->start - b->keep : 0;

    if (gone && b->cap - b->end < more) {
        memmove(b->p, b->p + gone, b->end - gone);
        b->end -= gone;
        b->start -= gone;
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

    if (!stream_buffer_room(&s->raw, want))
        return -ENOMEM;
    if (s->container) {
        if ((got = s->unroll->read(s->container, s->raw.p + s->raw.end, want)) < 0)
            return (int) got;
        s->raw.end += (size_t) got;
        s->eof = got == 0;
        return 0;
    }
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

/* Decodes what has come in since the last time. */
int
stream_decode(struct stream *s)
{
    size_t used, fresh;

    if (s->encoding == TEXT_8BIT)
        return 0;
    fresh = s->raw.end - s->raw.start - s->decoded;
    if (!stream_buffer_room(&s->text, 6 * fresh + 6))
        return -ENOMEM;
    s->text.end += text_utf16(s->encoding, (const uint8_t *) s->raw.p + s->raw.start + s->decoded, fresh, s->eof,
                              &used, s->text.p + s->text.end);
    s->decoded += used;
    return 0;
}

/* More bytes for framing: 0, or negative errno. */
static int
fill(struct stream *s)
{
    int r = read_some(s);

    return r ? r : stream_decode(s);
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

/* What a file is, from its first bytes: the encoding, the line end and the
 * format.  0, or -EAGAIN when no format is known in them and 'all' is not set:
 * more may tell. */
int
stream_decide(struct stream *s, const char *p, size_t n, bool all)
{
    struct str head = str_make(p, n);
    char *decoded = NULL;
    size_t used;
    int r = 0;

    s->encoding = TEXT_8BIT;
    s->bom = 0;
    if (!s->unroll && !evt_pack_probe(head) && !evtx_pack_probe(head))
        s->encoding = text_detect((const uint8_t *) p, n, &s->bom);
    head = str_skip(head, s->bom);
    if (s->encoding != TEXT_8BIT) {
        decoded = malloc(6 * head.n + 6);
        if (!decoded)
            return -ENOMEM;
        head.n = text_utf16(s->encoding, (const uint8_t *) head.p, head.n, all, &used, decoded);
        head.p = decoded;
    }
    if (head.n > STREAM_LOOK)
        head.n = STREAM_LOOK;
    s->line_end = str_find_char(head, '\n') == head.n && str_find_char(head, '\r') < head.n ? '\r' : '\n';
    if (s->unroll)
        s->format = s->unroll->format;
    else
        s->format = strcmp(s->wanted, "auto") == 0 ? format_probe(head) : format_find(str_z(s->wanted));
    s->unframed = false;
    if (!s->format && !all) {
        r = -EAGAIN;
    } else if (!s->format) {
        /* Bytes that are no format's still come out, as what they are. */
        s->format = &sms_log_format;
        s->unframed = head.n > 0;
    } else if (s->format->refuses && s->format->refuses(head)) {
        snprintf(s->error, sizeof s->error, "%s: not read: it is %s", s->path, s->format->refusal);
        r = -EPROTONOSUPPORT;
    }
    free(decoded);
    if (r)
        return r;
    s->parse.code_page = s->encoding == TEXT_8BIT ? s->code_page : text_codepage_decoded();
    s->format_name = str_z(s->format->name);
    free(s->state);
    s->state = calloc(1, s->format->state_size ? s->format->state_size : 1);
    return s->state ? 0 : -ENOMEM;
}

/* Finds out whether the file is a container, and if so reads that from here on. */
static int
begin_container(struct stream *s)
{
    struct str head = str_make(s->raw.p, s->raw.end);
    bool any = strcmp(s->wanted, "auto") == 0;
    const struct container_class *class = any ? container_claiming(head) : container_named(s->wanted);
    struct stat st;
    int r = 0;

    if (!class)
        return 0;
    if (class->spools && s->sequential && (class->lenient || class->claims(head)))
        r = evt_file_spool(&s->fd, s->raw.p, s->raw.end);
    if (r)
        snprintf(s->error, sizeof s->error, "%s: cannot be kept in /tmp: %s", s->path, strerror(-r));
    else if (!class->lenient && !class->claims(head))
        snprintf(s->error, sizeof s->error, "%s: this is no .%s file", s->path, class->format->name);
    else if (fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode))
        snprintf(s->error, sizeof s->error, "%s: an .%s file cannot be read from a pipe: give the file", s->path,
                 class->format->name);
    else if ((s->container = class->open(s->fd, s->path, s->error, sizeof s->error))) {
        s->unroll = class;
        s->raw.end = 0;
        s->eof = false;
        return 0;
    }
    return -EINVAL;
}

/* The first bytes of a file that is read from its start. */
static int
begin(struct stream *s)
{
    int r = 0;

    while (!s->eof && s->raw.end < STREAM_PROBE && !(r = read_some(s)))
        ;
    if (!r && !(r = begin_container(s)) && s->container)
        r = read_some(s);
    if (!r)
        r = stream_decide(s, s->raw.p, s->raw.end, true);
    if (r)
        return r;
    s->raw.start = s->bom;
    s->offset = s->bom;
    s->stats.bytes = s->bom;
    return stream_decode(s);
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
    char remedy[FILE_REMEDY];

    if (fd < 0) {
        e = errno;
        file_remedy(path, e, FILE_TEXT, remedy, sizeof remedy);
        snprintf(err, errlen, "%s: cannot be read: %s%s", path, strerror(e), remedy);
        return -e;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    snprintf(err, errlen, "%s: %s, not a file; give files, or one folder of files", path,
             S_ISDIR(st.st_mode) ? "a folder" : S_ISFIFO(st.st_mode) ? "a pipe" : "a device or socket");
    close(fd);
    return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

/* A stream with all that does not depend on a file. */
struct stream *
stream_new(const char *path, const struct stream_options *o, char *err, size_t errlen)
{
    struct stream *s = calloc(1, sizeof *s);
    uint8_t digest[16];

    if (!s)
        goto nomem;
    s->fd = -1;
    s->line = 1;
    s->path = strdup(path);
    s->wanted = strdup(o->format ? o->format : "auto");
    s->arena = arena_new(STREAM_ARENA);
    s->names = arena_new(65536 * 8);
    s->file_names = arena_new(65536);
    s->hasher = id_hasher_new();
    s->zones = zone_cache_new();
    if (!s->path || !s->wanted || !s->arena || !s->names || !s->file_names || !s->hasher || !s->zones)
        goto nomem;
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
    if (!id_begin(s->hasher, STR("source"), s->host) || !id_add(s->hasher, path, strlen(path))
        || !id_end(s->hasher, digest))
        goto nomem;
    memcpy(&s->id, digest, sizeof s->id);
    return s;
nomem:
    snprintf(err, errlen, "%s: out of memory", path);
fail:
    stream_close(s);
    return NULL;
}

/* The file's own name, as events show it. */
bool
stream_name(struct stream *s, const char *name)
{
    bool cut;

    arena_reset(s->file_names);
    s->name = text_clean(s->file_names, NULL, str_z(name), 1024, &cut);
    s->name = arena_copy(s->file_names, s->name);
    return s->name.p != NULL;
}

struct stream *
stream_open(const char *path, const struct stream_options *o, bool transient, char *err, size_t errlen)
{
    struct stream *s = stream_new(path, o, err, errlen);
    int r;

    if (!s)
        return NULL;
    s->sequential = strcmp(path, "-") == 0;
    if (s->sequential)
        s->fd = dup(STDIN_FILENO);
    else if ((s->fd = open_regular(path, err, errlen)) < 0)
        goto fail;
    r = stream_name(s, s->sequential ? "-" : base_name(path)) ? begin(s) : -ENOMEM;
    if (r) {
        if (s->error[0])
            snprintf(err, errlen, "%s", s->error);
        else
            snprintf(err, errlen, "%s: cannot be read: %s", path, strerror(-r));
        goto fail;
    }
    if (transient && !s->sequential && !s->container) {
        close(s->fd);
        s->fd = -1;
    }
    stream_peek(s);
    return s;
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
    if (s->unroll)
        s->unroll->close(s->container);
    free(s->raw.p);
    free(s->text.p);
    free(s->state);
    free(s->path);
    free(s->wanted);
    arena_free(s->file_names);
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
    char room[FORMAT_SOURCE_MAX];
    struct when when = {0};
    struct str text;

    if (s->format->source) {
        if (!s->format->source(bytes, room, &text, &when) || !pass->foreign(pass->arg, text))
            return false;
    } else if (!s->format->glance || !s->format->glance(s->state, bytes, &text, &when) || !pass->idle(pass->arg, text)) {
        return false;
    }
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
        size_t n = s->format ? window_size(s) : 0;
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
            if (s->eof || s->fed)
                return 0;
            r = fill(s);
            if (r) {
                snprintf(s->error, sizeof s->error, "%s: reading stopped at byte %llu: %s", s->path,
                         (unsigned long long) s->offset,
                         r == -ESTALE && s->container ? "it changed while it was read" : strerror(-r));
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
            stream_consume(s, span.skip, span.placed);
            stream_consume(s, span.length, span.one_line);
            stream_mark(s, &span);
            continue;
        }
        if (span.skip)
            stream_consume(s, span.skip, span.placed);
        return stream_make(s, &span, found == FORMAT_BAD);
    }
}
