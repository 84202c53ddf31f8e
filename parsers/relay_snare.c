/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay_snare.c - the two line forms that Windows agents send by syslog: Snare
 * (MSWinEventLog and fields between delimiters) and evtsys (source, number,
 * text).  Called by relay_line.c.  Never moves a field: what is missing was
 * lost on the way. */
#include "build.h"

#include "parsers/relay_line.h"

/* The fields behind MSWinEventLog, in Snare's order. */
enum {
    SNARE_CRITICALITY,
    SNARE_LOG,
    SNARE_COUNTER,
    SNARE_TIME,
    SNARE_ID,
    SNARE_SOURCE,
    SNARE_USER,
    SNARE_SID_TYPE,
    SNARE_TYPE,
    SNARE_COMPUTER,
    SNARE_CATEGORY,
    SNARE_DATA,
    SNARE_TEXT,
    SNARE_FIELDS
};

enum {
    TAG_LOOK = 256,   /* how far into a message the word may stand */
    EVTSYS_LIMITS = 2 /* see is_cut() */
};

/* --- delimiters and escapes ------------------------------------------------------ */

/* A TAB as it was sent, as rsyslog writes it (#011, or \t with its C style), or
 * as syslog-ng's template-escape does (\011). */
static const struct str tabs[] = {{"\t", 1}, {"#011", 4}, {"\\011", 4}, {"\\t", 2}};

static struct str
tab_at(struct str s)
{
    for (size_t i = 0; i < sizeof tabs / sizeof *tabs; i++)
        if (str_starts(s, tabs[i]))
            return tabs[i];
    return STR_NONE;
}

static size_t
find(struct str s, struct str needle)
{
    for (size_t at = 0; at + needle.n <= s.n; at++) {
        at += str_find_char(str_skip(s, at), needle.p[0]);
        if (at + needle.n <= s.n && memcmp(s.p + at, needle.p, needle.n) == 0)
            return at;
    }
    return s.n;
}

/* Control characters written as #ooo back to what they were; line ends to LF.
 * Only these: "#200" in a text is a number. */
static struct str
unescape(struct arena *arena, struct str s)
{
    char *out;
    size_t n = 0;

    if (str_find_char(s, '#') == s.n)
        return s;
    out = arena_alloc(arena, s.n);
    if (!out)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++) {
        unsigned v = 0;

        if (s.p[i] != '#' || s.n - i < 4 || s.p[i + 1] != '0' || s.p[i + 2] < '0' || s.p[i + 2] > '3'
            || s.p[i + 3] < '0' || s.p[i + 3] > '7') {
            out[n++] = s.p[i];
            continue;
        }
        v = (unsigned) (s.p[i + 2] - '0') * 8 + (unsigned) (s.p[i + 3] - '0');
        i += 3;
        if (v == '\r' && str_starts(str_skip(s, i + 1), STR("#012")))
            i += 4;
        if (v == '\r' || v == '\n' || v == '\t') {
            out[n++] = v == '\t' ? '\t' : '\n';
            continue;
        }
        out[n++] = '\xee'; /* U+EF00 + v: the escape of text.h */
        out[n++] = '\xbc';
        out[n++] = (char) (0x80 | v);
    }
    return str_make(out, n);
}

/* --- Snare ------------------------------------------------------------------------- */

struct snare {
    struct str field[SNARE_FIELDS];
    unsigned n;           /* fields that are there */
    struct str delimiter;
    struct str rest;      /* behind the text: record counter and more */
    bool counted;         /* the record counter is there: nothing was cut off */
};

static bool
all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!str_is_digit(s.p[i]))
            return false;
    return s.n > 0;
}

/* Behind the word and its separator, and the delimiter in use; false when what
 * follows is not a criticality and a delimiter. */
static bool
find_start(struct str body, bool headed, size_t *at, struct str *delimiter)
{
    static const struct str word = {"MSWinEventLog", 13};
    struct str look = str_make(body.p, body.n < TAG_LOOK ? body.n : TAG_LOOK), tab;
    size_t i = str_find_case(look, word), digits = 0;

    if (i == look.n || (i > 0 && str_is_alnum(body.p[i - 1])) || !relay_may_begin(body, i, headed))
        return false;
    i += word.n;
    if (i >= body.n || str_is_alnum(body.p[i]))
        return false;
    tab = tab_at(str_skip(body, i));
    i += str_has(tab) ? tab.n : 1;
    *at = i;
    while (i < body.n && digits < 3 && str_is_digit(body.p[i])) {
        i++;
        digits++;
    }
    if (!digits && str_starts(str_skip(body, i), STR("N/A")))
        i += digits = 3;
    if (!digits || i >= body.n)
        return false;
    *delimiter = tab_at(str_skip(body, i));
    if (!str_has(*delimiter))
        *delimiter = str_make(body.p + i, 1);
    return !str_is_alnum(delimiter->p[0]) && delimiter->p[0] != ' ' && (unsigned char) delimiter->p[0] < 0x80;
}

/* Text and what is behind it.  Snare makes blanks of the TABs in a text, so a
 * TAB ends it.  Any other delimiter may stand in the text as well ("\t" in
 * \\SERVER\tools too): it then ends before the last field that is a number. */
static void
split_tail(struct snare *s, struct str tail)
{
    bool safe = s->delimiter.p[0] == '\t' || s->delimiter.n == 4;
    size_t end = safe ? find(tail, s->delimiter) : tail.n;
    struct str field;

    if (!safe)
        for (size_t at = tail.n; at > 0; at--) {
            field = str_skip(tail, at - 1);
            if (!str_starts(field, s->delimiter))
                continue;
            field = str_skip(field, s->delimiter.n);
            field.n = find(field, s->delimiter);
            if (all_digits(str_trim(field))) {
                end = at - 1;
                break;
            }
            if (tail.n - at > 128)
                break;
        }
    s->field[SNARE_TEXT] = str_make(tail.p, end);
    s->rest = end < tail.n ? str_skip(tail, end + s->delimiter.n) : str_make(tail.p + end, 0);
    s->counted = end < tail.n;
}

/* False unless the body is a Snare line as far as its event id. */
static bool
split(struct str body, bool headed, struct snare *s)
{
    struct when when;
    size_t at;
    uint32_t id;

    *s = (struct snare){0};
    if (!find_start(body, headed, &at, &s->delimiter))
        return false;
    body = str_skip(body, at);
    for (s->n = 0; s->n < SNARE_TEXT; s->n++) {
        size_t end = find(body, s->delimiter);

        s->field[s->n] = str_trim(str_make(body.p, end));
        if (end == body.n) {
            s->n++;
            body = str_make(body.p + end, 0);
            break;
        }
        body = str_skip(body, end + s->delimiter.n);
        if (s->n == SNARE_DATA) {
            split_tail(s, body);
            s->n = SNARE_FIELDS;
            break;
        }
    }
    return s->n > SNARE_ID && relay_when(s->field[SNARE_TIME], &when) && relay_number(s->field[SNARE_ID], &id);
}

bool
relay_is_snare(struct str body, bool headed)
{
    struct snare s;

    return split(body, headed, &s);
}

bool
relay_snare_parse(struct relay_reading *x, enum perr *err)
{
    struct str counter, text;
    struct snare s;
    uint32_t id = 0;

    if (!split(x->body, x->head.known, &s))
        return false;
    relay_when(s.field[SNARE_TIME], &x->ev->when);
    relay_number(s.field[SNARE_ID], &id);
    /* A field that the line ends in may be half of what it was. */
    for (unsigned i = 0; s.n < SNARE_FIELDS && i < SNARE_FIELDS; i++)
        if (i + 1 >= s.n)
            s.field[i] = STR_NONE;
    *err = s.counted ? PERR_OK : PERR_TRUNCATED;
    if (s.n > SNARE_ID + 1)
        relay_set_number(x, id);
    relay_set(&x->ev->f.channel, s.field[SNARE_LOG]);
    relay_set(&x->ev->f.provider, s.field[SNARE_SOURCE]);
    relay_set(&x->log->user, s.field[SNARE_USER]);
    relay_set_level(x, s.field[SNARE_TYPE]);
    relay_set_host(x, s.field[SNARE_COMPUTER]);
    relay_set(&x->log->category, s.field[SNARE_CATEGORY]);
    counter = str_trim(str_make(s.rest.p, find(s.rest, s.delimiter)));
    if (all_digits(counter) && counter.n <= 20 && !str_eq(counter, STR("0")))
        relay_set(&x->ev->f.record_number, counter);
    text = s.field[SNARE_TEXT];
    if (s.delimiter.n == 4 && s.delimiter.p[0] == '#')
        text = unescape(x->arena, text);
    text = str_trim(text);
    relay_set(&x->log->message, text);
    if (!x->body.p || (text.n && !text.p))
        *err = PERR_NOMEM;
    return true;
}

/* --- evtsys ------------------------------------------------------------------------- */

/* "SOURCE: NUMBER: " at the head of 's'; blanks in the source came as "_". */
static size_t
source_and_number(struct str s, struct str *source, uint32_t *number)
{
    size_t n = 0, from;

    while (n < s.n && n < 256 && s.p[n] != ':' && !str_is_space(s.p[n]))
        n++;
    if (!n || n + 2 >= s.n || s.p[n] != ':' || s.p[n + 1] != ' ')
        return 0;
    *source = str_make(s.p, n);
    from = n += 2;
    for (*number = 0; n < s.n && n < from + 5 && str_is_digit(s.p[n]); n++)
        *number = *number * 10 + (uint32_t) (s.p[n] - '0');
    if (n == from || n >= s.n || s.p[n] != ':' || *number > UINT16_MAX || (n + 1 < s.n && s.p[n + 1] != ' '))
        return 0;
    return n + 1 + (n + 1 < s.n);
}

/* The offset of the text, behind an optional host (where no header gave one) and
 * an optional tag; 0 when the line is of another kind. */
static size_t
evtsys_text(struct str body, bool headed, struct str *source, uint32_t *number)
{
    size_t n = source_and_number(body, source, number), word = 0;

    if (n)
        return n;
    while (word < body.n && word < 256 && !str_is_space(body.p[word]) && body.p[word] != '{')
        word++;
    if (!word || word + 1 >= body.n || body.p[word] != ' ' || (headed && body.p[word - 1] != ':'))
        return 0;
    n = source_and_number(str_skip(body, word + 1), source, number);
    return n ? word + 1 + n : 0;
}

/* "DOMAIN\user: " in front of the text: its length, or 0.  A path begins with a
 * backslash or a drive letter and is none. */
static size_t
user_length(struct str s)
{
    size_t slash = 0, end, blanks = 0;

    for (; slash < s.n && slash < 64 && s.p[slash] != '\\'; slash++) {
        blanks += s.p[slash] == ' ';
        if (s.p[slash] == ':' || s.p[slash] == '.' || blanks > 1)
            return 0;
    }
    if (!slash || slash >= s.n || s.p[slash] != '\\')
        return 0;
    for (end = slash + 1; end < s.n && end < slash + 104 && s.p[end] != ':'; end++)
        if (s.p[end] == '\\')
            return 0;
    return end > slash + 1 && end + 1 < s.n && s.p[end] == ':' && s.p[end + 1] == ' ' ? end + 2 : 0;
}

bool
relay_is_evtsys(struct str body, bool headed)
{
    struct str source;
    uint32_t number;

    return evtsys_text(body, headed, &source, &number) > 0;
}

/* evtsys sends at most 1,024 bytes (2,048 in later versions), <PRI> of three to
 * five bytes included: a line of just that size was cut. */
static bool
is_cut(const struct relay_reading *x)
{
    for (size_t i = 1; i <= EVTSYS_LIMITS; i++)
        if (x->head.known && x->head.datagram + 7 >= i * 1024 && x->head.datagram + 3 <= i * 1024)
            return true;
    return false;
}

bool
relay_evtsys_parse(struct relay_reading *x, enum perr *err)
{
    struct str source, text;
    uint32_t number;
    size_t at = evtsys_text(x->body, x->head.known, &source, &number), user;

    if (!at)
        return false;
    relay_set(&x->ev->f.provider, source);
    relay_set_number(x, number);
    /* evtsys sends error, warning and notice (LOG_NOTICE is 5) for the rest */
    if (x->head.severity >= 0)
        x->log->level = x->head.severity <= 2 ? 1 : x->head.severity == 3 ? 2 : x->head.severity == 4 ? 3 : 4;
    text = str_skip(x->body, at);
    user = user_length(text);
    if (user)
        relay_set(&x->log->user, str_make(text.p, user - 2));
    text = unescape(x->arena, str_trim(str_skip(text, user)));
    *err = str_has(text) ? PERR_OK : PERR_NOMEM;
    relay_set(&x->log->message, text);
    /* The one time there is; without a year or a zone it is not known. */
    x->ev->when = x->head.when;
    if (*err == PERR_OK && is_cut(x))
        *err = PERR_TRUNCATED;
    return true;
}
