/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml.c - Windows event records as XML (wevtutil, Event Viewer, event
 * forwarding): parse() of the format event-xml, and its vtable.  Framing is in
 * event_xml_frame.c, so what comes here is one <Event> element, or the piece of
 * one that a damaged file holds; event_xml_read.c takes it apart. */
#include "build.h"

#include "parsers/event_xml.h"

/* Character references to controls, which Windows does write and XML 1.0 does
 * not know, become the escape of text.h; everything else stays. */
static struct str
mend_references(struct arena *arena, struct str s)
{
    char *copy = NULL;
    size_t n = 0, done = 0;

    for (size_t at = 0; at + 3 < s.n; at++) {
        size_t i = at + 2, digits;
        unsigned v = 0;
        bool hex;

        at += str_find_char(str_skip(s, at), '&');
        i = at + 2;
        if (at + 3 >= s.n)
            break;
        if (s.p[at + 1] != '#')
            continue;
        hex = s.p[i] == 'x';
        i += hex;
        for (digits = 0; i < s.n && digits < 8 && str_hex_value(s.p[i]) >= 0 && str_hex_value(s.p[i]) < (hex ? 16 : 10);
             i++, digits++)
            v = v * (hex ? 16 : 10) + (unsigned) str_hex_value(s.p[i]);
        if (!digits || i >= s.n || s.p[i] != ';' || v >= 0x20 || v == '\t' || v == '\n' || v == '\r')
            continue;
        if (!copy && !(copy = arena_alloc(arena, s.n)))
            return STR_NONE;
        memcpy(copy + n, s.p + done, at - done);
        n += at - done;
        copy[n++] = '\xee';
        copy[n++] = '\xbc';
        copy[n++] = (char) (0x80 | v);
        done = i + 1;
        at = i;
    }
    if (!copy)
        return s;
    memcpy(copy + n, s.p + done, s.n - done);
    return str_make(copy, n + s.n - done);
}

/* Line ends as LF also where they came as references. */
static struct str
line_ends(struct arena *arena, struct str s)
{
    bool cut;

    return s.n && memchr(s.p, '\r', s.n) ? text_clean(arena, text_codepage_decoded(), s, s.n, &cut) : s;
}

/* The place of a string called paramN, 1.., or 0. */
static unsigned
param_place(struct str name)
{
    uint64_t v;

    if (!str_case_starts(name, STR("param")) || name.n > 8 || !event_xml_number(str_skip(name, 5), &v)
        || v > EVENTLOG_STRINGS_MAX)
        return 0;
    return (unsigned) v;
}

/* True when all strings are called paramN in rising order: then N is the place,
 * and what is missing between was lost on the way, not shifted.  '*last' is then
 * the last place, else the number of strings. */
static bool
are_params(const struct event_xml_reading *r, unsigned *last)
{
    unsigned n = 0;
    bool params = true;

    *last = 0;
    for (unsigned i = 0; i < r->n_strings; i++) {
        unsigned place = param_place(r->string[i].name);

        if (r->string[i].shown)
            continue;
        n++;
        params = params && place > *last;
        *last = place;
    }
    if (!params)
        *last = n;
    return params;
}

static bool
set_strings(struct event_xml_reading *r, struct arena *arena)
{
    unsigned n, next = 0;
    bool params = are_params(r, &n);
    struct str *strings = arena_zalloc(arena, (n + 1) * sizeof *strings);

    if (!strings)
        return false;
    for (unsigned i = 0; i < r->n_strings; i++) {
        struct event_xml_string *s = &r->string[i];

        s->value = line_ends(arena, s->value);
        if (s->shown)
            continue;
        if (params) {
            strings[param_place(s->name) - 1] = s->value;
            s->name = STR_NONE; /* says nothing to a reader */
        } else {
            strings[next++] = s->value;
        }
    }
    r->log->strings = strings;
    r->log->n_strings = n;
    return true;
}

/* Without a rendered message: one value a line, with its name if it has one. */
static struct str
join_strings(const struct event_xml_reading *r, struct arena *arena)
{
    size_t size = 1, n = 0;
    char *p;

    for (unsigned i = 0; i < r->n_strings; i++)
        size += r->string[i].name.n + r->string[i].value.n + 3;
    p = arena_alloc(arena, size);
    if (!p)
        return STR_NONE;
    for (unsigned i = 0; i < r->n_strings; i++) {
        struct str name = r->string[i].name, value = r->string[i].value;

        if (i)
            p[n++] = '\n';
        if (name.n) {
            memcpy(p + n, name.p, name.n);
            n += name.n;
            p[n++] = ':';
            p[n++] = ' ';
        }
        if (value.n)
            memcpy(p + n, value.p, value.n);
        n += value.n;
    }
    return str_make(p, n);
}

static bool
finish(struct event_xml_reading *r, struct arena *arena)
{
    struct event *ev = r->ev;
    struct str text;

    if (r->has_number)
        ev->f.event_number = arena_number(arena, r->log->number);
    ev->f.host = arena_upper(arena, line_ends(arena, ev->f.host));
    ev->f.provider = line_ends(arena, ev->f.provider);
    ev->f.channel = line_ends(arena, ev->f.channel);
    r->log->user = line_ends(arena, r->log->user);
    r->log->category = line_ends(arena, r->log->category);
    if (!set_strings(r, arena))
        return false;
    r->log->message = line_ends(arena, r->log->message);
    text = str_trim(r->log->message);
    if (!text.n)
        text = str_trim(join_strings(r, arena));
    ev->text = text_clean(arena, text_codepage_decoded(), text, EVENT_TEXT_MAX, &ev->truncated);
    return str_has(ev->text);
}

static enum perr
event_xml_parse(const struct format_options *options, const struct format_record *record, struct arena *arena,
                struct event *ev, size_t *at)
{
    struct str raw = record->bytes, clean;
    struct event_xml_reading r = {.arena = arena, .ev = ev, .log = arena_zalloc(arena, sizeof *r.log)};
    enum perr err = PERR_NOMEM;
    bool cut;

    *at = 0;
    clean = text_clean(arena, options->code_page, raw, 3 * FORMAT_WINDOW, &cut);
    if (str_has(clean))
        clean = arena_copy(arena, mend_references(arena, clean));
    if (!r.log || !str_has(clean))
        return PERR_NOMEM;
    r.cap = clean.n;
    r.chars = arena_alloc(arena, r.cap + 1);
    ev->log = r.log;
    if (r.chars)
        err = event_xml_read(&r, clean, at);
    if (err == PERR_OK && record->shortened)
        err = PERR_TRUNCATED;
    if (err != PERR_NOMEM && !finish(&r, arena))
        err = PERR_NOMEM;
    if (*at > raw.n) /* it counts cleaned bytes, of which there can be more */
        *at = raw.n;
    /* What could not be read whole is shown as it is. */
    if (err != PERR_OK)
        ev->text = text_clean(arena, options->code_page, raw, EVENT_TEXT_MAX, &ev->truncated);
    return err;
}

/* Whether 'needle' stands in the head. */
static bool
has(struct str head, struct str needle)
{
    return str_find_case(head, needle) < head.n;
}

static int
event_xml_probe(struct str head)
{
    if (str_starts(head, STR("\xef\xbb\xbf")))
        head = str_skip(head, 3);
    while (head.n && str_is_space(head.p[0]))
        head = str_skip(head, 1);
    if (!head.n || head.p[0] != '<' || str_starts(head, STR("<![LOG[")))
        return 0;
    if (has(head, STR(EVENT_XML_NS)))
        return 95;
    if ((has(head, STR("<System")) || has(head, STR(":System"))) && (has(head, STR("<Event")) || has(head, STR(":Event"))))
        return 80;
    return str_starts(head, STR("<Event>")) || str_starts(head, STR("<Event ")) || str_starts(head, STR("<Events"))
               ? 60
               : 0;
}

const struct format event_xml_format = {
    .name = "event-xml",
    .probe = event_xml_probe,
    .state_size = sizeof(struct event_xml_state),
    .next = event_xml_next,
    .parse = event_xml_parse,
};
