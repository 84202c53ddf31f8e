/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stream.h - one source read from its place to its end as events: bytes,
 * encoding, framing, parsing, and what the configuration adds (host, site,
 * zone, id).  One event at a time, valid until the next stream_next(). */
#ifndef FORWARDER_STREAM_H
#define FORWARDER_STREAM_H

#include "forwarder/place.h"
#include "parsers/event.h"
#include "parsers/format.h"
#include "parsers/id.h"
#include "parsers/keep.h"

struct stream_options {
    const char *format;    /* name or "auto" */
    const char *host, *address, *site, *zone, *code_page; /* NULL: not given */
    enum date_order date_order;
};

struct stream_stats {
    uint64_t records, bytes, unframed_bytes, unclassified;
    bool first_known; /* span of record time */
    struct when first, last;
    char zone[80]; /* that its local times were read in, "" when unknown */
};

struct stream;

/* Opens 'path' ("-": standard input), read-only and never locked.  'transient'
 * opens it anew for each read and holds it at no other time.  NULL with the
 * reason in 'err'. */
struct stream *stream_open(const char *path, const struct stream_options *, bool transient, char *err, size_t errlen);
void stream_close(struct stream *); /* NULL-safe */

/* Which records need not become events: those for which idle() says that they
 * mean nothing by themselves and that are dated before before(), the time at
 * which something waits to happen. */
struct stream_pass {
    bool (*idle)(void *arg, struct str text);
    /* ... and, of event logs, that no record of this source does. */
    bool (*foreign)(void *arg, struct str source);
    int64_t (*before)(void *arg); /* INT64_MAX: nothing waits */
    void *arg;
};

/* The next event: 1, or 0 at the end, or negative errno (stream_error() has
 * the words).  With 'pass' not NULL idle records are counted and passed by. */
int stream_next(struct stream *, const struct stream_pass *pass);
struct event *stream_event(struct stream *);
/* Gives the event its id: 0 or -ENOMEM.  Apart from stream_next() because it
 * is a good part of a record's cost and nobody sees every event. */
int stream_identify(struct stream *);
struct arena *stream_arena(struct stream *);
const char *stream_error(const struct stream *);
const char *stream_path(const struct stream *);
const char *stream_format(const struct stream *);
const struct stream_stats *stream_stats(const struct stream *);
/* A number that stays the same for this source over restarts. */
uint64_t stream_id(const struct stream *);
/* True when times of this source cannot be told in UTC so far. */
bool stream_zone_unknown(const struct stream *);
/* Time of the first timed record, for untimed ones before it; NULL: none near. */
const struct when *stream_nearest(const struct stream *);
/* What records are merged by: UTC, else local digits; running maximum. */
int64_t stream_order(const struct stream *);
bool stream_order_known(const struct stream *);

/* What merge.c and whoever feeds the stream keep with it; nothing here looks
 * at them. */
struct stream_holders {
    void *entry, *feeder;
};
struct stream_holders *stream_holders(struct stream *);

/* --- fed: a log that is followed --------------------------------------------- */

/* A stream whose bytes are given to it, file after file (the generations of one
 * log, see follow.h).  'path' is the log's name. */
struct stream *stream_open_fed(const char *path, const struct stream_options *, char *err, size_t errlen);
/* Another file begins, at 'at'; 'look' are its first bytes, 'before' those right
 * before the place.  All records of the file before must have come out: after
 * stream_final() stream_next() gave 0.  0 or -ENOMEM. */
int stream_file(struct stream *, const struct place *at, struct str look, struct str before);
/* The next bytes of it.  Feed only when stream_next() gave 0: that is what
 * bounds the memory.  0 or -ENOMEM. */
int stream_feed(struct stream *, const char *p, size_t n);
/* When the file was last written, as far as it was fed: a hint of its place. */
void stream_modified(struct stream *, int64_t modified);
/* The runs of the file's place once all of it was read; before, those that it
 * began with. */
void stream_runs(struct stream *, const struct place *);
/* Nothing will be added to it any more. */
int stream_final(struct stream *);

/* Bytes that wait for the end of their record. */
uint64_t stream_waiting(const struct stream *);
/* Whether the file at hand is of a layout that its format refuses: its bytes are
 * passed by until the next file, and stream_error() says why. */
bool stream_is_refused(const struct stream *);
/* Of the file: the next byte to come out as a record. */
uint64_t stream_offset(const struct stream *);

/* While the event is held (read ahead, and not yet given to anybody) the place
 * is before it: else a restart would pass it over. */
void stream_hold(struct stream *, bool held);
/* The place after the last event, and what goes with it, as bytes for the
 * journal; false when no file has begun or memory ended. */
bool stream_save(struct stream *, struct keep_out *);
/* What stream_save() wrote: the place, for whoever finds the file again; and
 * the rest, into a stream that is fresh.  False: not such bytes. */
bool stream_saved_place(const void *p, size_t n, struct place *);
bool stream_resume(struct stream *, const void *p, size_t n);

#endif
