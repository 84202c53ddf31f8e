/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bracket_log.c - the format "bracket-log" of Configuration Manager clients
 * and roles: <![LOG[text]LOG]!><time="" date="" component="" ...>.  The text may
 * hold anything, line ends too; only the end mark ends it.  Called through the
 * format table; decides nothing about what a text means. */
#include "build.h"

#include "parsers/format.h"

#include "parsers/sms_date.h"
#include "parsers/sms_scan.h"

enum {
    PIECE = FORMAT_WINDOW - 8192, /* what is handed out of a longer record */
    SEARCHED = PIECE + 16,        /* so far is looked for the marks */
    ATTRIBUTES_MAX = 4096,        /* bytes after the end mark */
    JUNK_MAX = 65536,             /* bytes of one run that is no record */
    JUNK_SEARCHED = JUNK_MAX + 16,
    VALUE_MAX = 264
};

static const struct str open_mark = STR("<![LOG[");
static const struct str end_mark = STR("]LOG]!>");

/* What framing remembers between two calls. */
struct bracket_frame {
    uint8_t in_record; /* the last record was a piece of one that goes on here */
};

static size_t
find(struct str s, size_t from, struct str needle)
{
    /* The marks begin with bytes that are rare in texts. */
    while (from + needle.n <= s.n) {
        const char *at = memchr(s.p + from, needle.p[0], s.n - from - needle.n + 1);

        if (!at)
            break;
        if (memcmp(at, needle.p, needle.n) == 0)
            return (size_t) (at - s.p);
        from = (size_t) (at - s.p) + 1;
    }
    return s.n;
}

/* The end of 's' without the white space before it. */
static size_t
trimmed(const char *p, size_t n)
{
    while (n && str_is_space(p[n - 1]))
        n--;
    return n;
}

/* The place of the first record from 'from' on that begins a line: the record
 * before it was cut.  s.n for none. */
static size_t
find_next_open(struct str s, size_t from)
{
    for (size_t at = find(s, from, open_mark); at < s.n; at = find(s, at + 1, open_mark)) {
        size_t end = at;

        while (end && str_is_blank(s.p[end - 1]))
            end--;
        if (end && (s.p[end - 1] == '\n' || s.p[end - 1] == '\r'))
            return at;
    }
    return s.n;
}

static bool
opens(struct sms_view *v, size_t i)
{
    for (size_t k = 0; k < open_mark.n; k++)
        if (sms_at(v, i + k) != open_mark.p[k])
            return false;
    return true;
}

/* The end of the attributes after the end mark at 'i', or 'i' for none: after
 * the '>' outside quotes; where that does not come (a quote is missing, or the
 * rest) after the first '>', else with the line. */
static size_t
attributes_end(struct sms_view *v, size_t i)
{
    size_t k = i, close = 0, line = 0;
    bool quoted = false;

    while (k - i < 64 && sms_at(v, k) >= 0 && str_is_space(v->p[k]))
        k++;
    if (sms_at(v, k) != '<' || opens(v, k))
        return i;
    for (; k - i < ATTRIBUTES_MAX; k++) {
        int c = sms_at(v, k);

        if (c < 0 || (c == '<' && opens(v, k)))
            break;
        if (c == '"')
            quoted = !quoted;
        else if (c == '>' && !quoted)
            return k + 1;
        else if (c == '>' && !close)
            close = k + 1;
        else if ((c == '\n' || c == '\r') && !line)
            line = k;
    }
    if (close || (k < v->n && line))
        return close && (!line || close < line) ? close : line;
    return trimmed(v->p, k < v->n || v->final ? k : v->n);
}

/* The end of the record whose text begins at 'from'.  Counts for nothing when
 * the view starved. */
static size_t
record_end(struct sms_view *v, size_t from, bool *piece)
{
    struct str s = str_make(v->p, v->n < SEARCHED ? v->n : SEARCHED);
    size_t mark = find(s, from, end_mark);
    size_t next = find_next_open(str_make(s.p, mark), from);

    if (next < mark && next < PIECE)
        return trimmed(s.p, next);
    if (mark < s.n && mark < PIECE)
        return attributes_end(v, mark + end_mark.n);
    if (s.n == SEARCHED) {
        *piece = true;
        return PIECE;
    }
    if (!v->final)
        v->starved = true;
    return trimmed(s.p, s.n);
}

/* The end of bytes that do not begin a record.  '*record' when they are the end
 * of one whose beginning is lost. */
static size_t
junk_end(struct sms_view *v, bool *record)
{
    struct str s = str_make(v->p, v->n < JUNK_SEARCHED ? v->n : JUNK_SEARCHED);
    size_t next = find(s, 0, open_mark), mark = find(str_make(s.p, next), 0, end_mark);

    *record = mark < next && mark < JUNK_MAX;
    if (*record)
        return attributes_end(v, mark + end_mark.n);
    if (next < s.n && next < JUNK_MAX)
        return trimmed(s.p, next);
    if (s.n == JUNK_SEARCHED)
        return JUNK_MAX;
    if (!v->final)
        v->starved = true;
    return trimmed(s.p, s.n);
}

static enum format_next
undecided(size_t skip, struct format_span *out)
{
    *out = (struct format_span){skip, 0};
    return skip ? FORMAT_SKIP : FORMAT_MORE;
}

/* format.next of the bracketed log: see format.h. */
static enum format_next
bracket_log_next(void *state, const char *p, size_t n, bool final, struct format_span *out)
{
    struct bracket_frame *frame = state;
    struct sms_view v;
    size_t skip = 0, end;
    bool piece = false, record = true;

    while (skip < n && str_is_space(p[skip]))
        skip++;
    if (skip == n)
        return undecided(skip, out);
    v = (struct sms_view){p + skip, n - skip, final, false};
    if (sms_at(&v, 0) == 0xef && sms_at(&v, 1) == 0xbb && sms_at(&v, 2) == 0xbf)
        return undecided(skip + 3, out); /* a byte order mark */
    if (v.n >= FORMAT_WINDOW) {
        /* Never more, and never final, so that all chunkings see the same. */
        v.n = FORMAT_WINDOW;
        v.final = false;
    }
    if (opens(&v, 0))
        end = record_end(&v, open_mark.n, &piece);
    else if (frame->in_record)
        end = record_end(&v, 0, &piece);
    else
        end = junk_end(&v, &record);
    if (v.starved)
        return undecided(skip, out);
    frame->in_record = piece;
    *out = (struct format_span){skip, end};
    return record ? FORMAT_RECORD : FORMAT_BAD;
}

/* The attributes that an event takes; the others say nothing it could hold. */
struct attributes {
    struct str time, date, component, thread;
};

/* Reads name="value" pairs from 's'; of a doubled one the first counts.
 * False when they do not close as they should. */
static bool
read_attributes(struct str s, struct attributes *a)
{
    size_t i = s.n && s.p[0] == '<' ? 1 : 0;

    while (i < s.n && s.p[i] != '>') {
        size_t name = i, end, value;

        while (i < s.n && (str_is_alnum(s.p[i]) || s.p[i] == '_'))
            i++;
        end = i;
        if (end == name || i == s.n || s.p[i] != '=') {
            i += end == name;
            continue;
        }
        char mark = ++i < s.n ? s.p[i] : '\0';
        bool quoted = mark == '"' || mark == '\'';
        value = i += quoted;
        while (i < s.n && (quoted ? s.p[i] != mark : s.p[i] != '>' && !str_is_space(s.p[i])))
            i++;
        struct str n = str_make(s.p + name, end - name), v = str_make(s.p + value, i - value);
        struct str *to = str_case_eq(n, STR("time"))        ? &a->time
                         : str_case_eq(n, STR("date"))      ? &a->date
                         : str_case_eq(n, STR("component")) ? &a->component
                         : str_case_eq(n, STR("thread"))    ? &a->thread
                                                            : NULL;
        if (i == s.n && to)
            return false; /* the value itself is cut */
        if (to && !str_has(*to))
            *to = v;
        i += quoted && i < s.n;
    }
    return i < s.n;
}

/* One attribute as clean text; an empty one is absent. */
static enum perr
value(const struct format_options *o, struct arena *a, struct str raw, struct str *out)
{
    bool cut;

    raw = str_trim(raw);
    if (!raw.n)
        return PERR_OK;
    *out = text_clean(a, o->code_page, raw, VALUE_MAX, &cut);
    return out->p ? PERR_OK : PERR_NOMEM;
}

/* The two attributes of the time as one date, as the 2012 trailer has it. */
static void
read_time(const struct attributes *a, struct when *w)
{
    char both[96];
    struct str time = str_trim(a->time), date = str_trim(a->date);
    struct sms_view v = {both, date.n + 1 + time.n, true, false};
    struct sms_date d;
    bool damaged;

    if (!date.n || !time.n || v.n > sizeof both)
        return;
    memcpy(both, date.p, date.n);
    both[date.n] = ' ';
    memcpy(both + date.n + 1, time.p, time.n);
    if (sms_date_at(&v, 0, &d, &damaged) == v.n)
        sms_date_when(&d, DATE_ORDER_MDY, w);
}

/* format.parse of the bracketed log: see format.h.  A record that was cut keeps
 * what it has and is marked. */
static enum perr
bracket_log_parse(const struct format_options *o, const struct format_record *r, struct arena *arena,
                  struct event *ev, size_t *at)
{
    struct str s = r->bytes;
    bool opened = str_starts(s, open_mark);
    size_t from = opened ? open_mark.n : 0, mark = find(s, from, end_mark);
    struct attributes a = {.time = STR_NONE};
    enum perr e;

    *at = 0;
    ev->repaired = !opened || mark == s.n;
    if (mark < s.n && !read_attributes(str_trim(str_skip(s, mark + end_mark.n)), &a))
        ev->repaired = true;
    read_time(&a, &ev->when);
    e = value(o, arena, a.component, &ev->f.component);
    if (e == PERR_OK)
        e = value(o, arena, a.thread, &ev->f.thread);
    if (e != PERR_OK)
        return e;
    struct str text = str_make(s.p + from, trimmed(s.p + from, mark - from));
    ev->text = text_clean(arena, o->code_page, text, EVENT_TEXT_MAX, &ev->truncated);
    ev->truncated = ev->truncated || r->shortened;
    return ev->text.p ? PERR_OK : PERR_NOMEM;
}

/* 98 when a record begins a line, else 0. */
static int
bracket_log_probe(struct str head)
{
    struct str s = str_starts(head, STR("\xef\xbb\xbf")) ? str_skip(head, 3) : head;

    if (str_starts(str_trim(s), open_mark))
        return 98;
    return find_next_open(s, 0) < s.n ? 90 : 0;
}

const struct format bracket_log_format = {
    .name = "bracket-log",
    .probe = bracket_log_probe,
    .state_size = sizeof(struct bracket_frame),
    .next = bracket_log_next,
    .parse = bracket_log_parse,
};
