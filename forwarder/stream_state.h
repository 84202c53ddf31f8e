/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stream_state.h - the insides of a stream, for stream.c (bytes) and
 * stream_event.c (records) alone. */
#ifndef FORWARDER_STREAM_STATE_H
#define FORWARDER_STREAM_STATE_H

#include "forwarder/container.h"
#include "forwarder/place.h"
#include "forwarder/stream.h"

/* What a source is, is decided from this many bytes of its (decoded) beginning,
 * or from all of it: never from how much a read happened to bring. */
enum { STREAM_LOOK = 32768 };

struct stream_buffer {
    char *p;
    size_t start, end, cap;
    size_t keep; /* bytes before 'start' that stay */
};

/* Equal records further apart than this are counted anew (design, "id"). */
#define STREAM_RECENT (5 * WHEN_SECOND)

struct stream {
    char *path;
    int fd; /* -1 when held only while reading */
    bool sequential, eof;
    const struct container_class *unroll; /* NULL: the file is its own stream */
    struct container *container;
    uint64_t id, read_at;
    uint64_t offset, line; /* of the window's first byte */
    char line_end;
    enum text_encoding encoding;
    struct stream_buffer raw;  /* bytes as stored */
    struct stream_buffer text; /* decoded, where they are not 8-bit */
    size_t decoded;            /* bytes of 'raw' that 'text' stands for */
    size_t bom;                /* bytes of mark at the file's start */
    char *wanted;              /* the configured format, or "auto" */
    const struct format *format; /* NULL: not decided yet (fed) */
    struct str format_name;
    void *state;
    bool unframed; /* no format knew the file */
    struct format_options parse;
    struct text_codepage *code_page;
    struct zone *zone;
    struct zone_cache *zones;
    struct id_hasher *hasher;
    struct id_recent recent;
    struct arena *arena, *names, *file_names;
    struct str name, host, site, address;
    struct event event;
    struct str bytes;    /* of the event, as framed */
    struct str stored;   /* and as the file has them */
    struct str identity; /* the host its id is made with */
    bool order_known, nearest_known;
    int64_t order;
    /* as they were before the event; 'held' while nobody has taken it */
    struct stream_before {
        uint64_t offset, line;
        bool order_known;
        int64_t order;
        struct place_mark mark;
    } before;
    bool held;
    struct when nearest;
    struct stream_stats stats;
    char error[512];
    struct stream_holders holders;
    /* a stream that is fed; see stream_fed.c */
    bool fed, opened, refused;
    uint64_t file_records, file_unframed; /* stats when the file began, less what its place had counted */
    struct place_mark mark; /* after the event; see place.h */
    struct place place; /* hints and generations that are done; the rest is made when it is saved */
    unsigned n_runs;     /* of the place when the file is read to its end */
    struct place_run run[PLACE_RUNS];
    size_t head_n;
    char head[PLACE_HEAD];
};

struct stream *stream_new(const char *path, const struct stream_options *, char *err, size_t errlen);
bool stream_name(struct stream *, const char *name);
int stream_decide(struct stream *, const char *p, size_t n, bool all);
int stream_decode(struct stream *);
/* Makes room for 'more' bytes at the end of 'b', moving what is left to its
 * front first. */
bool stream_buffer_room(struct stream_buffer *b, size_t more);

/* Takes 'n' framed bytes off the window. */
void stream_consume(struct stream *, size_t n, bool one_line);
/* Makes the event of the bytes at the window's start that 'span' has the length
 * of, and takes them: 1 or negative errno. */
int stream_make(struct stream *, const struct format_span *span, bool bad);
/* Notes where the record of 'span' leaves the place. */
void stream_mark(struct stream *, const struct format_span *span);
void stream_apply_zone(struct stream *, struct when *);
void stream_note_time(struct stream *, const struct when *);
/* Looks ahead in the first window for the first time that a record shows. */
void stream_peek(struct stream *);

#endif
