/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml_frame.c - finds Windows event records in XML by a scan of bytes,
 * so that one document, an <Events> wrapper and bare roots one after another
 * all work and a file of any size streams.  Called through event_xml_format;
 * it judges no content: libxml2 reads what is framed here.
 *
 * The rule.  Only the first FORMAT_WINDOW bytes at hand are looked at, and no
 * answer is given that more bytes could change; so chunks do not matter.
 * - A record begins with "<Event" or "<prefix:Event" before white space, '>' or
 *   '/', and ends with its end tag, outside comments and CDATA.  An Event inside
 *   UserData that does not name Windows' event namespace is content.  Any other
 *   "<Event" before the end tag means the record was cut: it ends there.
 * - Between records: white space, BOM, comments, processing instructions, tags
 *   called Events, and up to WRAPPERS_MAX open elements that carry nothing but
 *   namespaces are separators.  All else is one BAD run up to the next record
 *   or Events tag.
 * - So is what WS-Management (event forwarding) wraps around: the elements of a
 *   SOAP envelope with any attributes, its Header as a whole, an Event with an
 *   Action, and the CDATA section that holds a record.  By name alone, so that
 *   reading can go on in the middle of one.
 * - A record that does not end within the window is BAD, in pieces of the
 *   window, up to its end tag or the next record. */
#include "build.h"

#include "parsers/event_xml_scan.h"

/* What is longer than these is not what it seems to be: see event_xml_scan.h. */
enum { WRAPPERS_MAX = 8, COMMENT_MAX = 8192, CDATA_MAX = 65536 };

/* What a stream is in the middle of: nothing, a record longer than the window,
 * or bytes that are no record. */
enum event_xml_run { RUN_NONE, RUN_RECORD, RUN_OTHER };

/* --- the end of a record ------------------------------------------------------ */

struct record_scan {
    const struct event_xml_view *v;
    size_t at;      /* the next byte to look at */
    unsigned depth; /* Event elements that are open */
    bool in_user;   /* inside UserData */
};

/* A comment or CDATA at s->at; one that nothing closes counts as text. */
static enum event_xml_answer
skip_section(struct record_scan *s, struct str open, size_t max, struct str close)
{
    enum event_xml_answer a = event_xml_scan_stands(s->v, s->at, open);
    size_t end = 0;

    if (a != YES)
        return a;
    a = event_xml_scan_mark(s->v, s->at + open.n, max, close, &end);
    if (a == YES)
        s->at = end;
    return a;
}

/* The end tag of an Event: up to its '>', or to what follows if that is lost. */
static enum event_xml_answer
close_event(struct record_scan *s, const struct event_xml_tag *tag, size_t *end)
{
    enum event_xml_answer a = event_xml_scan_tag_end(s->v, tag->name_end, end);

    if (a == NO) {
        *end = tag->name_end;
        a = YES;
    }
    s->at = *end;
    if (a == YES && --s->depth > 0)
        return NO;
    return a;
}

/* Another Event begins before the end tag: content of UserData, or the sign
 * that this record was cut (YES, and it ends at '*end'). */
static enum event_xml_answer
open_event(struct record_scan *s, const struct event_xml_tag *tag, size_t *end)
{
    size_t behind = 0;
    enum event_xml_answer a;

    if (s->in_user) {
        a = event_xml_scan_tag_end(s->v, tag->name_end, &behind);
        if (a == WAIT)
            return WAIT;
        if (a == YES && !event_xml_scan_contains(s->v->p + s->at, behind - s->at, STR(EVENT_XML_NS))) {
            s->depth += s->v->p[behind - 2] != '/';
            s->at = behind;
            return NO;
        }
    }
    *end = s->at;
    while (*end > 0 && str_is_space(s->v->p[*end - 1]))
        --*end;
    return YES;
}

/* One tag at s->at: YES when the record ends with it, at '*end'. */
static enum event_xml_answer
step_tag(struct record_scan *s, size_t *end)
{
    static const struct str event = {"Event", 5}, user = {"UserData", 8};
    struct event_xml_tag tag;
    enum event_xml_answer a = event_xml_scan_name(s->v, s->at, &tag);

    if (a == YES && str_eq(tag.local, event))
        return tag.closing ? close_event(s, &tag, end) : open_event(s, &tag, end);
    if (a == WAIT)
        return WAIT;
    if (a == YES && str_eq(tag.local, user)) {
        size_t behind = 0;

        a = event_xml_scan_tag_end(s->v, tag.name_end, &behind);
        if (a == WAIT)
            return WAIT;
        s->in_user = !tag.closing && a == YES && s->v->p[behind - 2] != '/';
    }
    s->at++;
    return NO;
}

/* The end of the record that begins at 0: the offset behind it.  NO: it does
 * not end in this view. */
static enum event_xml_answer
find_record_end(const struct event_xml_view *v, const struct event_xml_tag *start, size_t *end)
{
    struct record_scan s = {.v = v, .at = start->name_end, .depth = 1};
    enum event_xml_answer a = event_xml_scan_tag_end(v, s.at, end);

    if (a == WAIT)
        return WAIT;
    if (a == YES) {
        if (v->p[*end - 2] == '/')
            return YES;
        s.at = *end;
    }
    for (;;) {
        const char *hit = s.at < v->n ? memchr(v->p + s.at, '<', v->n - s.at) : NULL;

        if (!hit)
            return event_xml_scan_undecided(v);
        s.at = (size_t) (hit - v->p);
        if (v->n - s.at > 1 && hit[1] == '!') {
            a = skip_section(&s, STR("<!--"), COMMENT_MAX, STR("-->"));
            if (a == NO)
                a = skip_section(&s, STR("<![CDATA["), CDATA_MAX, STR("]]>"));
            if (a == WAIT)
                return WAIT;
            s.at += a == NO;
            continue;
        }
        a = step_tag(&s, end);
        if (a != NO)
            return a;
    }
}

/* --- between records ------------------------------------------------------------ */

/* True when the tag from its name's end to its '>' has no attribute but
 * namespaces and does not close itself. */
static bool
only_namespaces(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        size_t start = i;

        while (i < n && str_is_space(p[i]))
            i++;
        if (i < n && p[i] == '>')
            return true;
        if (i == start || !str_starts(str_make(p + i, n - i), STR("xmlns")))
            return false;
        while (i < n && p[i] != '"' && p[i] != '\'')
            i++;
        if (i < n) {
            const char *close = memchr(p + i + 1, p[i], n - i - 1);

            if (!close)
                return false;
            i = (size_t) (close - p) + 1;
        }
    }
    return false;
}

static bool
is_events(const struct event_xml_tag *tag)
{
    return str_eq(tag->local, STR("Events"));
}

static bool
is_event(const struct event_xml_tag *tag)
{
    return str_eq(tag->local, STR("Event"));
}

/* The elements around forwarded events (DSP0226, MS-WSMV). */
static bool
is_transport(const struct event_xml_tag *tag)
{
    static const struct str names[] = {
        {"Envelope", 8}, {"Body", 4}, {"PullResponse", 12}, {"EnumerateResponse", 17}, {"Items", 5}, {"EndOfSequence", 13},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(tag->local, names[i]))
            return true;
    return false;
}

/* An element of the envelope that tells the transport something, as a whole:
 * '*end' is behind its start tag, and moves behind its end tag. */
static enum event_xml_answer
take_header(const struct event_xml_view *v, const struct event_xml_tag *tag, size_t *end)
{
    if (str_eq(tag->local, STR("Header")))
        return event_xml_scan_mark(v, *end, COMMENT_MAX, STR("Header>"), end);
    if (str_eq(tag->local, STR("EnumerationContext")))
        return event_xml_scan_mark(v, *end, COMMENT_MAX, STR("EnumerationContext>"), end);
    return NO;
}

/* A tag that only wraps records: YES, '*end' behind it and 'depth' moved. */
static enum event_xml_answer
take_wrapper(const struct event_xml_view *v, size_t at, uint8_t *depth, size_t *end)
{
    struct event_xml_tag tag;
    enum event_xml_answer a = event_xml_scan_name(v, at, &tag);
    bool empty, known;

    if (a == YES)
        a = event_xml_scan_tag_end(v, tag.name_end, end);
    if (a != YES)
        return a;
    known = is_events(&tag) || is_transport(&tag);
    if (tag.closing) {
        bool prefixed = tag.local.p[-1] == ':';

        if (!known && (is_event(&tag) ? !prefixed : !*depth))
            return NO;
        *depth = (uint8_t) (*depth - (*depth > 0));
        return YES;
    }
    empty = v->p[*end - 2] == '/';
    if (!known && !empty) {
        a = take_header(v, &tag, end);
        if (a != NO)
            return a;
    }
    /* An Event that comes here has an Action. */
    if (!known && !is_event(&tag)
        && (*depth >= WRAPPERS_MAX || empty
            || !only_namespaces(v->p + tag.name_end, *end - tag.name_end)))
        return NO;
    if (!empty && *depth < UINT8_MAX)
        ++*depth;
    return YES;
}

/* The start of a CDATA section that begins with a record or a declaration. */
static enum event_xml_answer
take_cdata(const struct event_xml_view *v, size_t at, size_t *end)
{
    enum event_xml_answer a = event_xml_scan_stands(v, at, STR("<![CDATA["));

    if (a != YES)
        return a;
    *end = at + 9;
    for (at = *end; at < v->n && str_is_space(v->p[at]);)
        at++;
    if (at == v->n)
        return event_xml_scan_undecided(v);
    return v->p[at] == '<' ? YES : NO;
}

/* One separator at 'at' (not white space): YES and '*end' behind it. */
static enum event_xml_answer
take_separator(const struct event_xml_view *v, size_t at, uint8_t *depth, size_t *end)
{
    enum event_xml_answer a;

    if (v->p[at] == '\xef') {
        *end = at + 3;
        return event_xml_scan_stands(v, at, STR("\xef\xbb\xbf"));
    }
    if (v->p[at] == ']') {
        *end = at + 3;
        return event_xml_scan_stands(v, at, STR("]]>"));
    }
    if (v->p[at] != '<')
        return NO;
    if (v->n - at < 2)
        return event_xml_scan_undecided(v);
    if (v->p[at + 1] == '?')
        return event_xml_scan_mark(v, at + 2, COMMENT_MAX, STR("?>"), end);
    if (v->p[at + 1] == '!') {
        a = event_xml_scan_stands(v, at, STR("<!--"));
        if (a == YES)
            return event_xml_scan_mark(v, at + 4, COMMENT_MAX, STR("-->"), end);
        return a == NO ? take_cdata(v, at, end) : a;
    }
    return take_wrapper(v, at, depth, end);
}

/* The start of a record at 'at': an Event, but for that of the envelope. */
static enum event_xml_answer
starts_record(const struct event_xml_view *v, size_t at, struct event_xml_tag *tag)
{
    enum event_xml_answer a = v->p[at] == '<' ? event_xml_scan_name(v, at, tag) : NO;
    size_t attribute;

    if (a != YES || tag->closing || !is_event(tag))
        return a == YES ? NO : a;
    for (attribute = tag->name_end; attribute < v->n && str_is_space(v->p[attribute]);)
        attribute++;
    if (attribute == v->n)
        return v->whole ? YES : WAIT;
    a = event_xml_scan_stands(v, attribute, STR("Action"));
    return a == NO ? YES : a == YES ? NO : WAIT;
}

/* --- runs that are no records ----------------------------------------------------- */

/* Where a full window is cut: before a tag that it splits, else at its end. */
static size_t
window_cut(const struct event_xml_view *v)
{
    for (size_t i = v->n; i > 1 && i > v->n - 2 * EVENT_XML_NAME_MAX; i--) {
        if (v->p[i - 1] == '>')
            break;
        if (v->p[i - 1] == '<')
            return i - 1;
    }
    return v->n;
}

/* The end of a run that began before or at 0: before the next record or Events
 * tag, and in a record that was too long behind its end tag. */
static enum event_xml_answer
find_run_end(const struct event_xml_view *v, enum event_xml_run run, size_t from, size_t *end)
{
    for (size_t at = from; at < v->n; at++) {
        const char *hit = memchr(v->p + at, '<', v->n - at);
        struct event_xml_tag tag;
        enum event_xml_answer a;

        if (!hit)
            break;
        at = (size_t) (hit - v->p);
        a = event_xml_scan_name(v, at, &tag);
        if (a == WAIT)
            return WAIT;
        if (a == NO)
            continue;
        *end = at;
        if (is_events(&tag) || (str_eq(tag.local, STR("Event")) && !tag.closing))
            return YES;
        if (run == RUN_RECORD && tag.closing && str_eq(tag.local, STR("Event"))) {
            a = event_xml_scan_tag_end(v, tag.name_end, end);
            if (a == NO)
                *end = tag.name_end;
            return a == WAIT ? WAIT : YES;
        }
    }
    return event_xml_scan_undecided(v);
}

/* Hands out bytes from 0 on that are no record.  A full window always has more
 * behind it: whether it has must not matter. */
static enum format_next
hand_out_run(struct event_xml_state *state, const struct event_xml_view *v, enum event_xml_run run,
             size_t from, struct format_span *out)
{
    size_t end = v->n, trimmed;
    enum event_xml_answer a = find_run_end(v, run, from, &end);

    if (a == WAIT)
        return FORMAT_MORE;
    if (a == NO && v->n == FORMAT_WINDOW) {
        *out = (struct format_span){0, window_cut(v)};
        state->run = (uint8_t) run;
        return FORMAT_BAD;
    }
    if (a == NO)
        end = v->n;
    for (trimmed = end; trimmed > 0 && str_is_space(v->p[trimmed - 1]);)
        trimmed--;
    state->run = RUN_NONE;
    *out = trimmed ? (struct format_span){0, trimmed} : (struct format_span){end, 0};
    return trimmed ? FORMAT_BAD : FORMAT_SKIP;
}

/* The record at 'at', in the terms of next(). */
static enum format_next
hand_out_record(struct event_xml_state *state, const struct event_xml_view *all, size_t at,
                const struct event_xml_tag *tag, struct format_span *out)
{
    size_t end = 0;
    struct event_xml_tag start = *tag;
    /* With separators before it, a full window is not yet all it may have. */
    struct event_xml_view v = {all->p + at, all->n - at, all->whole && (at == 0 || all->n < FORMAT_WINDOW)};
    enum event_xml_answer a;

    start.name_end -= at;
    a = find_record_end(&v, &start, &end);
    if (a == YES) {
        *out = (struct format_span){at, end};
        return FORMAT_RECORD;
    }
    if (at > 0) {
        *out = (struct format_span){at, 0};
        return FORMAT_SKIP;
    }
    if (a == WAIT)
        return FORMAT_MORE;
    if (v.n == FORMAT_WINDOW) {
        *out = (struct format_span){0, window_cut(&v)};
        state->run = RUN_RECORD;
        return FORMAT_BAD;
    }
    /* The file ends inside it: parse() reads what is there. */
    for (end = v.n; str_is_space(v.p[end - 1]);)
        end--;
    *out = (struct format_span){0, end};
    return FORMAT_RECORD;
}

/* Framing: see the head of this file and format.h. */
enum format_next
event_xml_next(void *state_bytes, const char *p, size_t n, bool final, struct format_span *out)
{
    struct event_xml_state *state = state_bytes;
    bool full = n >= FORMAT_WINDOW;
    struct event_xml_view v = {p, full ? FORMAT_WINDOW : n, full || final};
    uint8_t depth = state->depth;
    size_t at = 0;

    if (!n)
        return FORMAT_MORE;
    if (state->run != RUN_NONE) {
        enum format_next next = hand_out_run(state, &v, (enum event_xml_run) state->run, 0, out);

        if (next != FORMAT_SKIP || out->skip)
            return next; /* else it ended right here */
    }
    while (at < v.n) {
        struct event_xml_tag tag;
        size_t end = 0;
        enum event_xml_answer a;

        if (str_is_space(v.p[at])) {
            at++;
            continue;
        }
        a = starts_record(&v, at, &tag);
        if (a == YES) {
            state->depth = depth;
            return hand_out_record(state, &v, at, &tag, out);
        }
        if (a == NO)
            a = take_separator(&v, at, &depth, &end);
        if (a == YES) {
            at = end;
            continue;
        }
        if (at > 0)
            break;
        if (a == WAIT)
            return FORMAT_MORE;
        return hand_out_run(state, &v, RUN_OTHER, 1, out);
    }
    state->depth = depth;
    *out = (struct format_span){at, 0};
    return FORMAT_SKIP;
}
