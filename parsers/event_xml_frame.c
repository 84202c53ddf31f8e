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
 * - A record that does not end within the window is BAD, in pieces of the
 *   window, up to its end tag or the next record. */
#include "build.h"

#include "parsers/event_xml.h"

/* What is longer than these is not what it seems to be.  They also bound what
 * one look ahead costs: hostile input asks for one every few bytes. */
enum { WRAPPERS_MAX = 8, NAME_MAX_BYTES = 80, TAG_MAX_BYTES = 8192, COMMENT_MAX = 8192, CDATA_MAX = 65536 };

/* What a stream is in the middle of: nothing, a record longer than the window,
 * or bytes that are no record. */
enum event_xml_run { RUN_NONE, RUN_RECORD, RUN_OTHER };

/* The bytes that may be looked at; 'whole': no more will come to this view. */
struct view {
    const char *p;
    size_t n;
    bool whole;
};

enum answer { NO, YES, WAIT };

/* WAIT where more bytes can still come, else NO. */
static enum answer
undecided(const struct view *v)
{
    return v->whole ? NO : WAIT;
}

struct tag {
    bool closing;
    struct str local; /* name without prefix */
    size_t name_end;  /* offset behind the name */
};

/* What a byte is in a tag's name: part of it, the colon of a prefix, its end,
 * or nothing that may stand there (0).  A table: most time goes here. */
enum { PART = 1, COLON = 2, ENDS = 3 };
static const uint8_t name_bytes[256] = {
    ['A' ... 'Z'] = PART, ['a' ... 'z'] = PART, ['0' ... '9'] = PART, ['_'] = PART, ['-'] = PART,
    ['.'] = PART,         [0x80 ... 0xff] = PART, [':'] = COLON,      ['>'] = ENDS, ['/'] = ENDS,
    [' '] = ENDS,         ['\n'] = ENDS,          ['\r'] = ENDS,      ['\t'] = ENDS,
};

/* The name of the tag whose '<' is at 'at'. */
static enum answer
read_name(const struct view *v, size_t at, struct tag *tag)
{
    size_t i = at + 1, local, end;
    uint8_t kind = PART;

    tag->closing = i < v->n && v->p[i] == '/';
    i += tag->closing;
    local = i;
    end = v->n - i > NAME_MAX_BYTES ? i + NAME_MAX_BYTES : v->n;
    for (; i < end; i++) {
        kind = name_bytes[(unsigned char) v->p[i]];
        if (kind == PART)
            continue;
        if (kind != COLON)
            break;
        local = i + 1;
    }
    if (i == end)
        return end < v->n ? NO : undecided(v);
    if (kind != ENDS || i == local)
        return NO;
    tag->local = str_make(v->p + local, i - local);
    tag->name_end = i;
    return YES;
}

/* Offset behind the '>' of the tag whose name ends at 'at'; quotes may hold a
 * '>', a '<' may stand nowhere in a tag. */
static enum answer
find_tag_end(const struct view *v, size_t at, size_t *end)
{
    char quote = 0;
    size_t limit = v->n - at > TAG_MAX_BYTES ? at + TAG_MAX_BYTES : v->n;

    for (size_t i = at; i < limit; i++) {
        char c = v->p[i];

        if (c == '<')
            return NO;
        if (quote) {
            if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            *end = i + 1;
            return YES;
        }
    }
    return limit < v->n ? NO : undecided(v);
}

/* Whether 'mark' stands at 'at'. */
static enum answer
stands_at(const struct view *v, size_t at, struct str mark)
{
    size_t k = v->n - at < mark.n ? v->n - at : mark.n;

    if (memcmp(v->p + at, mark.p, k) != 0)
        return NO;
    return k == mark.n ? YES : undecided(v);
}

/* Offset behind the first 'mark' in the 'max' bytes from 'at' on. */
static enum answer
find_mark(const struct view *v, size_t at, size_t max, struct str mark, size_t *end)
{
    size_t limit = v->n - at > max ? at + max : v->n;

    while (at + mark.n <= limit) {
        const char *hit = memchr(v->p + at, mark.p[0], limit - at - mark.n + 1);

        if (!hit)
            break;
        at = (size_t) (hit - v->p);
        if (memcmp(hit, mark.p, mark.n) == 0) {
            *end = at + mark.n;
            return YES;
        }
        at++;
    }
    return limit < v->n ? NO : undecided(v);
}

/* --- the end of a record ------------------------------------------------------ */

struct record_scan {
    const struct view *v;
    size_t at;      /* the next byte to look at */
    unsigned depth; /* Event elements that are open */
    bool in_user;   /* inside UserData */
};

/* A comment or CDATA at s->at; one that nothing closes counts as text. */
static enum answer
skip_section(struct record_scan *s, struct str open, size_t max, struct str close)
{
    enum answer a = stands_at(s->v, s->at, open);
    size_t end = 0;

    if (a != YES)
        return a;
    a = find_mark(s->v, s->at + open.n, max, close, &end);
    if (a == YES)
        s->at = end;
    return a;
}

/* The end tag of an Event: up to its '>', or to what follows if that is lost. */
static enum answer
close_event(struct record_scan *s, const struct tag *tag, size_t *end)
{
    enum answer a = find_tag_end(s->v, tag->name_end, end);

    if (a == NO) {
        *end = tag->name_end;
        a = YES;
    }
    s->at = *end;
    if (a == YES && --s->depth > 0)
        return NO;
    return a;
}

static bool
contains(const char *p, size_t n, struct str needle)
{
    for (const char *at = p; (size_t) (p + n - at) >= needle.n; at++) {
        at = memchr(at, needle.p[0], (size_t) (p + n - at) - needle.n + 1);
        if (!at)
            return false;
        if (memcmp(at, needle.p, needle.n) == 0)
            return true;
    }
    return false;
}

/* Another Event begins before the end tag: content of UserData, or the sign
 * that this record was cut (YES, and it ends at '*end'). */
static enum answer
open_event(struct record_scan *s, const struct tag *tag, size_t *end)
{
    size_t behind = 0;
    enum answer a;

    if (s->in_user) {
        a = find_tag_end(s->v, tag->name_end, &behind);
        if (a == WAIT)
            return WAIT;
        if (a == YES && !contains(s->v->p + s->at, behind - s->at, STR(EVENT_XML_NS))) {
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
static enum answer
step_tag(struct record_scan *s, size_t *end)
{
    static const struct str event = {"Event", 5}, user = {"UserData", 8};
    struct tag tag;
    enum answer a = read_name(s->v, s->at, &tag);

    if (a == YES && str_eq(tag.local, event))
        return tag.closing ? close_event(s, &tag, end) : open_event(s, &tag, end);
    if (a == WAIT)
        return WAIT;
    if (a == YES && str_eq(tag.local, user)) {
        size_t behind = 0;

        a = find_tag_end(s->v, tag.name_end, &behind);
        if (a == WAIT)
            return WAIT;
        s->in_user = !tag.closing && a == YES && s->v->p[behind - 2] != '/';
    }
    s->at++;
    return NO;
}

/* The end of the record that begins at 0: the offset behind it.  NO: it does
 * not end in this view. */
static enum answer
find_record_end(const struct view *v, const struct tag *start, size_t *end)
{
    struct record_scan s = {.v = v, .at = start->name_end, .depth = 1};
    enum answer a = find_tag_end(v, s.at, end);

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
            return undecided(v);
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
is_events(const struct tag *tag)
{
    return str_eq(tag->local, STR("Events"));
}

/* A tag that only wraps records: YES, '*end' behind it and 'depth' moved. */
static enum answer
take_wrapper(const struct view *v, size_t at, uint8_t *depth, size_t *end)
{
    struct tag tag;
    enum answer a = read_name(v, at, &tag);
    bool empty;

    if (a == YES)
        a = find_tag_end(v, tag.name_end, end);
    if (a != YES)
        return a;
    if (tag.closing) {
        if (!is_events(&tag) && (!*depth || str_eq(tag.local, STR("Event"))))
            return NO;
        *depth = (uint8_t) (*depth - (*depth > 0));
        return YES;
    }
    empty = v->p[*end - 2] == '/';
    if (!is_events(&tag)
        && (*depth >= WRAPPERS_MAX || empty || !only_namespaces(v->p + tag.name_end, *end - tag.name_end)))
        return NO;
    if (!empty && *depth < UINT8_MAX)
        ++*depth;
    return YES;
}

/* One separator at 'at' (not white space): YES and '*end' behind it. */
static enum answer
take_separator(const struct view *v, size_t at, uint8_t *depth, size_t *end)
{
    enum answer a;

    if (v->p[at] == '\xef') {
        *end = at + 3;
        return stands_at(v, at, STR("\xef\xbb\xbf"));
    }
    if (v->p[at] != '<')
        return NO;
    if (v->n - at < 2)
        return undecided(v);
    if (v->p[at + 1] == '?')
        return find_mark(v, at + 2, COMMENT_MAX, STR("?>"), end);
    if (v->p[at + 1] == '!') {
        a = stands_at(v, at, STR("<!--"));
        return a == YES ? find_mark(v, at + 4, COMMENT_MAX, STR("-->"), end) : a;
    }
    return take_wrapper(v, at, depth, end);
}

/* The start of a record at 'at'. */
static enum answer
starts_record(const struct view *v, size_t at, struct tag *tag)
{
    enum answer a = v->p[at] == '<' ? read_name(v, at, tag) : NO;

    return a == YES && (tag->closing || !str_eq(tag->local, STR("Event"))) ? NO : a;
}

/* --- runs that are no records ----------------------------------------------------- */

/* Where a full window is cut: before a tag that it splits, else at its end. */
static size_t
window_cut(const struct view *v)
{
    for (size_t i = v->n; i > 1 && i > v->n - 2 * NAME_MAX_BYTES; i--) {
        if (v->p[i - 1] == '>')
            break;
        if (v->p[i - 1] == '<')
            return i - 1;
    }
    return v->n;
}

/* The end of a run that began before or at 0: before the next record or Events
 * tag, and in a record that was too long behind its end tag. */
static enum answer
find_run_end(const struct view *v, enum event_xml_run run, size_t from, size_t *end)
{
    for (size_t at = from; at < v->n; at++) {
        const char *hit = memchr(v->p + at, '<', v->n - at);
        struct tag tag;
        enum answer a;

        if (!hit)
            break;
        at = (size_t) (hit - v->p);
        a = read_name(v, at, &tag);
        if (a == WAIT)
            return WAIT;
        if (a == NO)
            continue;
        *end = at;
        if (is_events(&tag) || (str_eq(tag.local, STR("Event")) && !tag.closing))
            return YES;
        if (run == RUN_RECORD && tag.closing && str_eq(tag.local, STR("Event"))) {
            a = find_tag_end(v, tag.name_end, end);
            if (a == NO)
                *end = tag.name_end;
            return a == WAIT ? WAIT : YES;
        }
    }
    return undecided(v);
}

/* Hands out bytes from 0 on that are no record.  A full window always has more
 * behind it: whether it has must not matter. */
static enum format_next
hand_out_run(struct event_xml_state *state, const struct view *v, enum event_xml_run run, size_t from,
             struct format_span *out)
{
    size_t end = v->n, trimmed;
    enum answer a = find_run_end(v, run, from, &end);

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
hand_out_record(struct event_xml_state *state, const struct view *all, size_t at, const struct tag *tag,
                struct format_span *out)
{
    size_t end = 0;
    struct tag start = *tag;
    /* With separators before it, a full window is not yet all it may have. */
    struct view v = {all->p + at, all->n - at, all->whole && (at == 0 || all->n < FORMAT_WINDOW)};
    enum answer a;

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
    struct view v = {p, full ? FORMAT_WINDOW : n, full || final};
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
        struct tag tag;
        size_t end = 0;
        enum answer a;

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
