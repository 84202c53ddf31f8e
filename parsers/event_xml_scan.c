/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml_scan.c - tags and marks in bytes of which more may come, each
 * look ahead bounded.  Called by event_xml_frame.c; it knows no names. */
#include "build.h"

#include "parsers/event_xml_scan.h"

/* What is longer than these is not what it seems to be.  They also bound what
 * one look ahead costs: hostile input asks for one every few bytes. */
enum { TAG_MAX_BYTES = 8192 };

/* What a byte is in a tag's name: part of it, the colon of a prefix, its end,
 * or nothing that may stand there (0).  A table: most time goes here. */
enum { PART = 1, COLON = 2, ENDS = 3 };
static const uint8_t name_bytes[256] = {
    ['A' ... 'Z'] = PART, ['a' ... 'z'] = PART, ['0' ... '9'] = PART, ['_'] = PART, ['-'] = PART,
    ['.'] = PART,         [0x80 ... 0xff] = PART, [':'] = COLON,      ['>'] = ENDS, ['/'] = ENDS,
    [' '] = ENDS,         ['\n'] = ENDS,          ['\r'] = ENDS,      ['\t'] = ENDS,
};

enum event_xml_answer
event_xml_scan_name(const struct event_xml_view *v, size_t at, struct event_xml_tag *tag)
{
    size_t i = at + 1, local, end;
    uint8_t kind = PART;

    tag->closing = i < v->n && v->p[i] == '/';
    i += tag->closing;
    local = i;
    end = v->n - i > EVENT_XML_NAME_MAX ? i + EVENT_XML_NAME_MAX : v->n;
    for (; i < end; i++) {
        kind = name_bytes[(unsigned char) v->p[i]];
        if (kind == PART)
            continue;
        if (kind != COLON)
            break;
        local = i + 1;
    }
    if (i == end)
        return end < v->n ? NO : event_xml_scan_undecided(v);
    if (kind != ENDS || i == local)
        return NO;
    tag->local = str_make(v->p + local, i - local);
    tag->name_end = i;
    return YES;
}

enum event_xml_answer
event_xml_scan_tag_end(const struct event_xml_view *v, size_t at, size_t *end)
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
    return limit < v->n ? NO : event_xml_scan_undecided(v);
}

enum event_xml_answer
event_xml_scan_stands(const struct event_xml_view *v, size_t at, struct str mark)
{
    size_t k = v->n - at < mark.n ? v->n - at : mark.n;

    if (memcmp(v->p + at, mark.p, k) != 0)
        return NO;
    return k == mark.n ? YES : event_xml_scan_undecided(v);
}

enum event_xml_answer
event_xml_scan_mark(const struct event_xml_view *v, size_t at, size_t max, struct str mark, size_t *end)
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
    return limit < v->n ? NO : event_xml_scan_undecided(v);
}

bool
event_xml_scan_contains(const char *p, size_t n, struct str needle)
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
