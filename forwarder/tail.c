/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tail.c - chunks of a log to its stream, one at a time and only when the
 * stream has nothing left: what is not fed yet holds the follow back. */
#include "build.h"

#include "forwarder/tail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/log.h"

struct tail *
tail_new(struct follow_chunk *c, char *err, size_t errlen)
{
    const struct config_source *sc = c->log->source;
    struct stream_options options = {.format = sc->format,
                                     .host = sc->host,
                                     .address = sc->address,
                                     .site = sc->site,
                                     .zone = sc->zone,
                                     .code_page = sc->code_page,
                                     .date_order = sc->date_order};
    struct tail *t = calloc(1, sizeof *t);

    if (!t) {
        snprintf(err, errlen, "%s: out of memory", c->log->path);
        return NULL;
    }
    t->last = &t->first;
    t->log = c->log;
    t->follow = c->follow;
    t->stream = stream_open_fed(c->log->path, &options, err, errlen);
    if (!t->stream) {
        free(t);
        return NULL;
    }
    t->log_is_whole = sc->read_once;
    stream_holders(t->stream)->feeder = t;
    return t;
}

void
tail_drain(struct tail *t)
{
    while (t->first) {
        struct follow_chunk *c = t->first;

        t->first = c->next;
        if (c->what == FOLLOW_GONE) {
            t->gone = true;
            t->log = NULL; /* its follow may free it */
        }
        follow_return(c);
    }
    t->last = &t->first;
}

void
tail_free(struct tail *t)
{
    if (!t)
        return;
    tail_drain(t);
    stream_close(t->stream);
    free(t);
}

struct tail *
tail_of(struct stream *s)
{
    return stream_holders(s)->feeder;
}

void
tail_take(struct tail *t, struct follow_chunk *c)
{
    c->next = NULL;
    *t->last = c;
    t->last = &c->next;
    t->last_chunk = clock_monotonic();
    if (c->what == FOLLOW_FILE || c->what == FOLLOW_BYTES)
        t->at_end = false;
}

/* Says once for each file that it is not read, and why. */
static void
tell_refused(const struct tail *t, bool before)
{
    if (!before && stream_is_refused(t->stream))
        log_error("%s", stream_error(t->stream));
}

/* One chunk to the stream: 1 when the stream may have something now. */
static int
feed(struct tail *t, const struct follow_chunk *c)
{
    bool refused;
    int r;

    switch (c->what) {
    case FOLLOW_FILE:
        t->opened = true;
        t->moved = true;
        t->size = c->size;
        r = stream_file(t->stream, &c->place, str_make(c->bytes, c->n), str_make(c->before, c->n_before));
        return r < 0 ? r : 0;
    case FOLLOW_BYTES:
        t->moved = true;
        t->size = c->size;
        refused = stream_is_refused(t->stream);
        r = stream_feed(t->stream, c->bytes, c->n);
        tell_refused(t, refused);
        stream_modified(t->stream, c->place.modified);
        return r < 0 ? r : 1;
    case FOLLOW_FINAL:
        t->moved = true;
        refused = stream_is_refused(t->stream);
        stream_runs(t->stream, &c->place);
        r = stream_final(t->stream);
        tell_refused(t, refused);
        return r < 0 ? r : 1;
    case FOLLOW_IDLE:
        t->at_end = true;
        t->waiting = c->more;
        t->end_since = clock_monotonic();
        return 0;
    case FOLLOW_LOST:
        snprintf(t->lost, sizeof t->lost, "%s", c->text);
        t->losses++;
        return 0;
    case FOLLOW_GONE:
        t->gone = true;
        t->log = NULL; /* its follow may free it */
        return 0;
    case FOLLOW_SEEN:
    case FOLLOW_TROUBLE:
    case FOLLOW_WELL:
    case FOLLOW_FORGET:
        return 0;
    }
    return 0;
}

int
tail_more(void *arg, struct stream *s)
{
    struct tail *t = tail_of(s);
    int r = 0;

    (void) arg;
    while (r == 0 && t->first) {
        struct follow_chunk *c = t->first;

        t->first = c->next;
        if (!t->first)
            t->last = &t->first;
        r = feed(t, c);
        follow_return(c);
    }
    if (r == 0 && !t->at_end && !t->gone)
        r = -EAGAIN;
    return r;
}
