/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_log.c - the format "sms-log": one record of an SMS or Configuration
 * Manager log, from any of its versions and in any form in which people pass
 * such records on, as an event.  Fills time, component, thread and text; what
 * the text means is the catalogue's.  sms_frame.c finds the records,
 * sms_trailer.c and sms_viewer.c read their trailers. */
#include "build.h"

#include "parsers/format.h"

#include "parsers/sms_frame.h"
#include "parsers/sms_viewer.h"

enum {
    FIELD_MAX = 264,    /* bytes of component, thread or zone */
    DOLLARS_MAX = 64,   /* dollar signs that are tried from the right */
    PROBE_MAX = 65536
};

/* A field as one line of clean text: runs of white space (and quote marks
 * after a line end) are one blank; backslashes before '_' go where 'markdown'. */
static enum perr
field(const struct format_options *o, struct arena *a, struct str raw, bool markdown, struct str *out)
{
    char buffer[FIELD_MAX];
    size_t n = 0;
    bool cut, line = false, same = true;

    raw = str_trim(raw);
    if (!raw.n)
        return PERR_OK;
    for (size_t i = 0; i < raw.n; i++) {
        unsigned char c = (unsigned char) raw.p[i];

        same = same && (c > ' ' || (c == ' ' && raw.p[i - 1] != ' ')) && c < 0x7f && c != '\\';
    }
    if (same) {
        *out = raw;
        return PERR_OK;
    }
    for (size_t i = 0; i < raw.n && n < sizeof buffer; i++) {
        char c = raw.p[i];

        if (str_is_space(c)) {
            line = line || c == '\n' || c == '\r';
            if (n && buffer[n - 1] != ' ')
                buffer[n++] = ' ';
        } else if (!(line && c == '>') && !(markdown && c == '\\' && i + 1 < raw.n && raw.p[i + 1] == '_')) {
            line = false;
            buffer[n++] = c;
        }
    }
    struct str copy = arena_copy(a, str_make(buffer, n));
    if (!copy.p)
        return PERR_NOMEM;
    *out = text_clean(a, o->code_page, copy, 2 * FIELD_MAX, &cut);
    return out->p ? PERR_OK : PERR_NOMEM;
}

/* True when every line of 's' after the first begins with a quote mark. */
static bool
is_quoted(struct str s)
{
    bool quoted = false;

    for (size_t i = str_find_char(s, '\n'); i < s.n; i += 1 + str_find_char(str_skip(s, i + 1), '\n')) {
        if (i + 1 >= s.n || s.p[i + 1] != '>')
            return false;
        quoted = true;
    }
    return quoted;
}

/* 's' without the quote marks of mail at the starts of its lines. */
static struct str
unquote(struct arena *a, struct str s)
{
    char *out = arena_alloc(a, s.n);
    size_t n = 0;

    for (size_t i = 0; out && i < s.n; i++) {
        out[n++] = s.p[i];
        if (s.p[i] != '\n')
            continue;
        while (i + 1 < s.n && s.p[i + 1] == '>')
            i += i + 2 < s.n && s.p[i + 2] == ' ' ? 2 : 1;
    }
    return str_make(out, n);
}

/* The text of a listing without Markdown: "\|", "\<", "\>", and "**" in pairs.
 * Sets '*changed' when there was any. */
static struct str
unmark(struct arena *a, struct str s, bool stars, bool *changed)
{
    size_t n = 0, pairs = 0, escapes = 0;

    for (size_t i = 0; i + 1 < s.n; i++) {
        if (s.p[i] == '\\' && memchr("|<>", s.p[i + 1], 3)) {
            escapes++;
        } else if (s.p[i] == '*' && s.p[i + 1] == '*') {
            pairs++;
            i++;
        }
    }
    stars = pairs && (stars || pairs % 2 == 0);
    if (!escapes && !stars)
        return s;
    char *out = arena_alloc(a, s.n);
    for (size_t i = 0; out && i < s.n; i++) {
        if (stars && i + 1 < s.n && s.p[i] == '*' && s.p[i + 1] == '*')
            i++;
        else if (s.p[i] != '\\' || i + 1 == s.n || !memchr("|<>", s.p[i + 1], 3))
            out[n++] = s.p[i];
    }
    *changed = true;
    return str_make(out, n);
}

/* Removes blanks, line ends and lone quote marks of mail from the end. */
static struct str
trim_end(struct str s, bool quotes)
{
    for (;;) {
        while (s.n && str_is_space(s.p[s.n - 1]))
            s.n--;
        size_t k = s.n;

        while (k && s.p[k - 1] == '>')
            k--;
        if (!k || k == s.n || !(s.p[k - 1] == '\n' || s.p[k - 1] == '\r' || (quotes && s.p[k - 1] == ' ')))
            return s;
        s.n = k;
    }
}

/* Only blanks from 'i' to the end of the record. */
static bool
is_end(struct str s, size_t i)
{
    while (i < s.n && str_is_space(s.p[i]))
        i++;
    return i >= s.n;
}

/* The trailer with dollar signs that ends the record, searched from the right
 * because the text may hold such signs as well. */
static bool
dollar_trailer(struct sms_view *v, struct sms_trailer *t)
{
    struct str s = str_make(v->p, v->n);
    size_t i = s.n;

    for (int tried = 0; tried < DOLLARS_MAX; tried++) {
        const char *at = i ? memrchr(s.p, '$', i) : NULL;

        if (!at)
            return false;
        i = (size_t) (at - s.p);
        if (i && s.p[i - 1] == '$') {
            i--;
            if (sms_trailer_quick(v, i, t) && t->end == s.n)
                return true;
        }
        if (sms_trailer_dollar(v, i, t) != SMS_NONE && is_end(s, t->end))
            return true;
    }
    return false;
}

/* The trailer of the record in whatever form; false for a text without. */
static bool
find_trailer(struct sms_view *v, struct sms_trailer *t)
{
    struct str s = str_make(v->p, v->n);
    struct sms_trailer found;

    if (dollar_trailer(v, t))
        return true;
    size_t line = 0, first = str_find_char(s, '\n');
    if (str_find_char(s, '\r') < first)
        first = str_find_char(s, '\r');
    if (sms_viewer_head(v, 0, first, t)) {
        if (first < s.n)
            t->text_end = s.n;
        return true;
    }
    for (;;) {
        size_t end = line;

        while (end < s.n && s.p[end] != '\n' && s.p[end] != '\r')
            end++;
        if (sms_viewer_find(v, line, end, line == 0, &found) != SMS_NONE && is_end(s, found.end)) {
            *t = found;
            return true;
        }
        if (end >= s.n)
            return false;
        line = end + 1;
    }
}

/* Component, thread and time from the trailer. */
static enum perr
take_trailer(const struct format_options *o, struct arena *a, const struct sms_trailer *t, struct event *ev)
{
    enum perr e = PERR_OK;

    sms_date_when(&t->date, o->date_order, &ev->when);
    ev->repaired = t->damaged;
    if (t->plain) {
        ev->f.component = t->component;
        ev->f.thread = t->thread;
        ev->when.zone = t->date.zone;
        return PERR_OK;
    }
    if (str_has(t->component))
        e = field(o, a, t->component, t->head, &ev->f.component);
    if (e == PERR_OK && str_has(t->thread))
        e = field(o, a, t->thread, false, &ev->f.thread);
    if (e == PERR_OK && str_has(t->date.zone))
        e = field(o, a, t->date.zone, false, &ev->when.zone);
    return e;
}

/* format.parse of the SMS log: see format.h.  Answers PERR_NOMEM or PERR_OK:
 * a record without trailer is a record, too. */
static enum perr
sms_log_parse(const struct format_options *o, const struct format_record *r, struct arena *a, struct event *ev,
              size_t *at)
{
    struct sms_view v = {r->bytes.p, r->bytes.n, true, false};
    struct str text = r->bytes;
    struct sms_trailer t;
    bool changed = false, head = false, viewer = false;
    bool marked = sms_frame_trailer(r->framed, r->bytes, &t, &ev->when);

    *at = 0;
    if (marked) {
        ev->f.component = t.component;
        ev->f.thread = t.thread;
        text = str_make(v.p, t.start);
    } else if (find_trailer(&v, &t)) {
        enum perr e = take_trailer(o, a, &t, ev);

        if (e != PERR_OK)
            return e;
        head = t.head;
        viewer = !head && v.p[t.start] != '$';
        text = head ? str_make(v.p + t.end, t.text_end - t.end)
                    : str_make(v.p + t.text_from, t.start - t.text_from);
    }
    text = trim_end(text, viewer);
    if (!marked && text.n && memchr(text.p, '\n', text.n) && is_quoted(text)) {
        text = unquote(a, text);
        changed = true;
    }
    if (head && text.n && text.p)
        text = unmark(a, text, t.damaged, &changed);
    ev->repaired = ev->repaired || changed;
    if (!text.p)
        return PERR_NOMEM;
    ev->text = text_clean(a, o->code_page, text, EVENT_TEXT_MAX, &ev->truncated);
    ev->truncated = ev->truncated || r->shortened;
    return ev->text.p ? PERR_OK : PERR_NOMEM;
}

/* format.glance: of records whose trailer is as the programs write it. */
static bool
sms_log_glance(const void *framed, struct str record, struct str *text, struct when *out)
{
    struct sms_trailer t;

    if (!sms_frame_trailer(framed, record, &t, out))
        return false;
    *text = str_make(record.p, t.start);
    return out->utc_known || out->local_known;
}

/* 95 for a "$$" trailer, 60 for the forms of viewers and listings, 10 for any
 * other text, 0 for what is binary, XML or the bracketed form. */
static int
sms_log_probe(struct str head)
{
    struct sms_view v = {head.p, head.n < PROBE_MAX ? head.n : PROBE_MAX, true, false};
    struct sms_trailer t;
    size_t control = 0, i = 0;
    int best = 10;

    if (!v.n)
        return best;
    for (i = 0; i < v.n; i++)
        control += (unsigned char) v.p[i] < 0x20 && !str_is_space(v.p[i]);
    struct str start = str_trim(str_make(v.p, v.n));
    bool foreign = str_starts(start, STR("<?xml")) || str_starts(start, STR("<Event"))
                   || str_starts(start, STR("<![LOG[")) || control > v.n / 8;
    for (i = 0; i < v.n;) {
        size_t end = i;

        while (end < v.n && v.p[end] != '\n' && v.p[end] != '\r')
            end++;
        for (size_t k = i; k < end; k++) {
            const char *at = memchr(v.p + k, '$', end - k);

            if (!at)
                break;
            k = (size_t) (at - v.p);
            if (sms_trailer_dollar(&v, k, &t) == SMS_WHOLE)
                return foreign ? 30 : 95;
        }
        if (best < 60
            && (sms_viewer_head(&v, i, end, &t) || sms_viewer_find(&v, i, end, false, &t) == SMS_WHOLE))
            best = 60;
        i = end + 1;
    }
    return foreign ? 0 : best;
}

const struct format sms_log_format = {
    .name = "sms-log",
    .probe = sms_log_probe,
    .state_size = sizeof(struct sms_frame),
    .next = sms_frame_next,
    .parse = sms_log_parse,
    .glance = sms_log_glance,
};
