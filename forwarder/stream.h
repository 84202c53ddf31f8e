/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stream.h - one source read from its place to its end as events: bytes,
 * encoding, framing, parsing, and what the configuration adds (host, site,
 * zone, id).  One event at a time, valid until the next stream_next(). */
#ifndef FORWARDER_STREAM_H
#define FORWARDER_STREAM_H

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

/* True when something was read since it was opened or restored. */
bool stream_moved(const struct stream *);
/* The place after the last event as bytes, and going on there.  It is found
 * again by the hash of the file's head and of what stands before it (design
 * section 6); stream_restore answers false, and the stream stays where it is,
 * when the file is another. */
bool stream_save(struct stream *, struct keep_out *);
bool stream_restore(struct stream *, struct keep_in *);

#endif
