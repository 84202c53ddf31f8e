/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stream_event.c - one framed record to an event: parse, then what the source
 * knows (host, site, zone) and the id.  Called by stream.c. */
#include "build.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "forwarder/stream_state.h"

/* UTC of a record: its own bias, else the source's zone, else the zone name it
 * shows, else unknown (design section 4, "zone"). */
void
stream_apply_zone(struct stream *s, struct when *w)
{
    struct zone *named;

    if (w->utc_known || !w->local_known)
        return;
    if (s->zone) {
        if (zone_apply(s->zone, w))
            w->zone = str_z(zone_name(s->zone));
        return;
    }
    if (w->zone.n && (named = zone_cache_get(s->zones, w->zone)))
        zone_apply(named, w);
}

/* The text of a record that no format could read: its bytes, escaped. */
static void
raw_text(struct stream *s, struct event *ev, struct str bytes)
{
    bool cut = false;

    ev->text = text_clean(s->arena, s->parse.code_page, bytes, EVENT_TEXT_MAX, &cut);
    ev->truncated = ev->truncated || cut;
}

int
stream_identify(struct stream *s)
{
    struct event *ev = &s->event;
    uint8_t digest[16];
    uint64_t number = 0;
    bool mix;

    if (!id_begin(s->hasher, ev->format, s->identity) || !id_add(s->hasher, s->stored.p, s->stored.n)
        || !id_end(s->hasher, digest))
        return -ENOMEM;
    if (ev->when.utc_known || ev->when.local_known) {
        number = id_recent_ordinal(&s->recent, digest, ev->when.utc_known ? ev->when.utc : ev->when.local);
        mix = number > 0;
    } else {
        number = ev->offset;
        mix = true;
    }
    if (mix && !id_mix(s->hasher, digest, number))
        return -ENOMEM;
    id_text(digest, ev->id);
    return 0;
}

void
stream_note_time(struct stream *s, const struct when *w)
{
    int64_t t = w->utc_known ? w->utc : w->local;

    if (!w->utc_known && !w->local_known) {
        if (!s->order_known && s->nearest_known) {
            s->order = s->nearest.utc_known ? s->nearest.utc : s->nearest.local;
            s->order_known = true;
        }
        return;
    }
    if (!s->order_known || t > s->order)
        s->order = t;
    s->order_known = true;
    if (!s->stats.first_known) {
        s->stats.first = *w;
        s->stats.first.zone = STR_NONE;
        if (w->utc_known && w->local_known)
            text_show(w->zone, s->stats.zone, sizeof s->stats.zone);
    }
    s->stats.first_known = true;
    s->stats.last = *w;
    s->stats.last.zone = STR_NONE;
}

/* Zeroes all but the lists of ids: they are counted, and half of the event.
 * The sizes are hidden from the compiler, which would store words in a loop
 * where the library has something better. */
static void
clear_event(struct event *ev)
{
    static const volatile size_t part[3][2] = {
        {0, offsetof(struct event, f.evidence)},
        {offsetof(struct event, f.n_articles), offsetof(struct event, f.linked)},
        {offsetof(struct event, log), sizeof(struct event)},
    };

    for (int i = 0; i < 3; i++)
        memset((char *) ev + part[i][0], 0, part[i][1] - part[i][0]);
}

/* Fills 's->event' from the 'bytes' of 'span' with what the record itself says. */
static enum perr
parse_record(struct stream *s, const struct format_span *span, struct str bytes, bool bad, const void *framed)
{
    struct format_record record = {.bytes = bytes, .framed = framed};
    struct event *ev = &s->event;
    enum perr error = PERR_SYNTAX;
    size_t at = 0;

    clear_event(ev);
    ev->severity = SEVERITY_INFO;
    ev->format = s->format_name;
    ev->source_name = s->name;
    ev->offset = span->placed ? span->place : s->offset;
    ev->line = span->placed ? 0 : s->line;
    if (!bad)
        error = s->format->parse(&s->parse, &record, s->arena, ev, &at);
    if (!str_has(ev->text))
        raw_text(s, ev, bytes);
    if (!str_has(ev->f.host) && s->host.n)
        ev->f.host = s->host;
    /* What the text says of its host comes later and is no part of the id. */
    s->identity = ev->f.host;
    if (!str_has(ev->f.site) && s->site.n)
        ev->f.site = s->site;
    if (!str_has(ev->f.address) && s->address.n)
        ev->f.address = s->address;
    stream_apply_zone(s, &ev->when);
    return error;
}

void
stream_mark(struct stream *s, const struct format_span *span)
{
    if (span->placed && span->number)
        s->mark = (struct place_mark){true, span->number, span->generated, span->written, 0,
                                      s->fed ? place_sum(s->bytes.p, s->bytes.n) : 0};
    else if (span->placed)
        s->mark = (struct place_mark){true, s->mark.number, s->mark.generated, s->mark.written,
                                      s->mark.bad + span->length, s->mark.sum};
}

int
stream_make(struct stream *s, const struct format_span *span, bool bad)
{
    size_t n = span->length;
    const char *raw = s->raw.p + s->raw.start;
    struct event *ev = &s->event;
    enum perr error;

    arena_reset(s->arena);
    s->bytes = str_make(s->encoding == TEXT_8BIT ? raw : s->text.p + s->text.start, n);
    error = parse_record(s, span, s->bytes, bad, s->state);
    if (error == PERR_UNSUPPORTED) {
        snprintf(s->error, sizeof s->error, "%s: line %llu: not read from here on: it is %s", s->path,
                 (unsigned long long) s->line, s->format->refusal ? s->format->refusal : perr_text(error));
        return -EPROTONOSUPPORT;
    }
    ev->length = text_source_length(s->encoding, s->bytes.p, n);
    if (!ev->text.p)
        return -ENOMEM;
    s->stored = str_make(raw, (size_t) ev->length);
    if (span->stored)
        ev->length = span->stored;
    s->before = (struct stream_before){s->offset, s->line, s->order_known, s->order, s->mark};
    s->held = false;
    stream_mark(s, span);
    stream_note_time(s, &ev->when);
    s->stats.records++;
    if (bad || s->unframed)
        s->stats.unframed_bytes += ev->length;
    /* The bytes stay in the buffer until the next read: the event borrows. */
    stream_consume(s, n, span->one_line);
    return 1;
}

void
stream_peek(struct stream *s)
{
    const char *p = s->encoding == TEXT_8BIT ? s->raw.p + s->raw.start : s->text.p + s->text.start;
    size_t n = s->encoding == TEXT_8BIT ? s->raw.end - s->raw.start : s->text.end - s->text.start, at = 0;
    _Alignas(16) char state[1024];
    bool final = s->eof && n <= STREAM_LOOK;

    if (s->format->state_size > sizeof state)
        return;
    n = n < STREAM_LOOK ? n : STREAM_LOOK;
    memset(state, 0, sizeof state);
    while (at < n) {
        struct format_span span = {0};
        enum format_next found = s->format->next(state, p + at, n - at, final, &span);

        if (found == FORMAT_MORE)
            break;
        at += span.skip;
        if (found == FORMAT_RECORD) {
            arena_reset(s->arena);
            parse_record(s, &span, str_make(p + at, span.length), false, state);
            if (s->event.when.utc_known || s->event.when.local_known) {
                s->nearest = s->event.when;
                s->nearest.zone = STR_NONE;
                s->nearest_known = true;
                break;
            }
        }
        at += span.length;
    }
    arena_reset(s->arena);
}

struct event *
stream_event(struct stream *s)
{
    return &s->event;
}

void
stream_hold(struct stream *s, bool held)
{
    s->held = held;
}

struct arena *
stream_arena(struct stream *s)
{
    return s->arena;
}

const char *
stream_error(const struct stream *s)
{
    return s->error;
}

const char *
stream_path(const struct stream *s)
{
    return s->path;
}

const char *
stream_format(const struct stream *s)
{
    return s->unframed || !s->format ? "none" : s->format->name;
}

const struct stream_stats *
stream_stats(const struct stream *s)
{
    return &s->stats;
}

uint64_t
stream_id(const struct stream *s)
{
    return s->id;
}

bool
stream_zone_unknown(const struct stream *s)
{
    return s->nearest_known && !s->nearest.utc_known;
}

const struct when *
stream_nearest(const struct stream *s)
{
    return s->nearest_known ? &s->nearest : NULL;
}

int64_t
stream_order(const struct stream *s)
{
    return s->order;
}

bool
stream_order_known(const struct stream *s)
{
    return s->order_known;
}

struct stream_holders *
stream_holders(struct stream *s)
{
    return &s->holders;
}
