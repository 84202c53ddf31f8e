/* SPDX-License-Identifier: BSD-2-Clause
 *
 * viewer_line.c - the shapes of lines in what Event Viewer exports or people
 * paste: the line of nine fields, or of six since Vista, that begins a record,
 * the header of a bare event text, the header of an export list, dates and times as a locale writes them.
 * Called by viewer_text.c for framing (raw bytes) and parsing (clean text);
 * it knows no wording of any event. */
#include "build.h"

#include "parsers/viewer_text.h"

/* The eight fields before the description are short; what is longer is no line
 * of this kind, and nothing need be awaited to say so. */
enum { LINE_MAX_BYTES = 1024, HEADER_MAX_BYTES = 64, DATE_MAX_BYTES = 24, LEVEL_MAX_BYTES = 48 };

static bool
is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* --- dates and times ------------------------------------------------------------ */

/* Takes 1 to 'most' (9 at most) digits off '*s'; their number, 0 for none or too many. */
static unsigned
take_digits(struct str *s, unsigned most, int *value)
{
    unsigned n = 0;

    *value = 0;
    while (n < s->n && n < most && str_is_digit(s->p[n]))
        *value = *value * 10 + (s->p[n++] - '0');
    if (n < s->n && str_is_digit(s->p[n]))
        return 0;
    *s = str_skip(*s, n);
    return n;
}

static void
skip_blanks(struct str *s)
{
    for (;;) {
        if (s->n && str_is_blank(s->p[0]))
            *s = str_skip(*s, 1);
        else if (str_starts(*s, STR("\xc2\xa0"))) /* no-break spaces, as some locales have */
            *s = str_skip(*s, 2);
        else if (str_starts(*s, STR("\xe2\x80\xaf")))
            *s = str_skip(*s, 3);
        else
            return;
    }
}

struct short_date {
    unsigned digits[3];
    int part[3];
};

/* Three numbers with one separator: 9/10/98, 10.09.1998, 1998-09-10, 9;10;98,
 * 10. 9. 1998; a dot may follow.  '*rest' is what comes behind. */
static bool
read_date(struct str s, struct short_date *d, struct str *rest)
{
    char separator = 0;

    for (int i = 0; i < 3; i++) {
        d->digits[i] = take_digits(&s, 4, &d->part[i]);
        if (!d->digits[i] || d->digits[i] == 3)
            return false;
        if (i == 2)
            break;
        if (!s.n || (s.p[0] != '/' && s.p[0] != '.' && s.p[0] != '-' && s.p[0] != ';')
            || (separator && s.p[0] != separator))
            return false;
        separator = s.p[0];
        s = str_skip(s, 1);
        if (separator == '.')
            skip_blanks(&s);
    }
    if (separator == '.' && s.n && s.p[0] == '.')
        s = str_skip(s, 1);
    *rest = s;
    return true;
}

enum time_answer { TIME_NO, TIME_YES, TIME_HALF_UNKNOWN };

/* A word that says the half of the day is at most this long, in any encoding. */
enum { HALF_MAX_BYTES = 24 };

/* The half of the day that stands before or behind a time: 1 before noon, 2
 * after it, 0 when it says nothing, -1 when it is not known.  The words are
 * those of Windows' locales. */
static int
read_half(struct str s)
{
    static const char *const words[][2] = {
        {"AM", "PM"},
        {"A.M.", "P.M."},
        {"a. m.", "p. m."},
        {"A", "P"},
        {"vorm.", "nachm."},
        {"fm", "em"},
        {"vm.", "nm."},
        {"de.", "du."},
        {"PD", "MD"},
        {"SA", "CH"},
        {"\xc3\x96\xc3\x96", "\xc3\x96S"}, /* Turkish */
        {"\xcf\x80\xce\xbc", "\xce\xbc\xce\xbc"}, /* Greek */
        {"\xcf\x80.\xce\xbc.", "\xce\xbc.\xce\xbc."},
        {"\xe4\xb8\x8a\xe5\x8d\x88", "\xe4\xb8\x8b\xe5\x8d\x88"}, /* Chinese */
        {"\xe5\x8d\x88\xe5\x89\x8d", "\xe5\x8d\x88\xe5\xbe\x8c"}, /* Japanese */
        {"\xec\x98\xa4\xec\xa0\x84", "\xec\x98\xa4\xed\x9b\x84"}, /* Korean */
        {"\xd8\xb5", "\xd9\x85"}, /* Arabic */
        {"\xd9\x82.\xd8\xb8", "\xd8\xa8.\xd8\xb8"}, /* Persian */
    };

    if (!s.n || str_case_eq(s, STR("Uhr")) || str_case_eq(s, STR("h")))
        return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int half = 0; half < 2; half++)
            if (str_case_eq(s, str_z(words[i][half])))
                return half + 1;
    return -1;
}

/* h:mm[:ss] with ':' or '.', and a word for the half of the day before or
 * behind it.  Of a word that is not known only the place is right. */
static enum time_answer
read_time(struct str s, int *hour, int *minute, int *second)
{
    struct str word = STR_NONE;
    char separator;
    size_t n = 0;
    int half;

    *second = 0;
    while (n < s.n && !str_is_digit(s.p[n]))
        n++;
    if (n)
        word = str_trim(str_make(s.p, n));
    s = str_skip(s, n);
    if (!take_digits(&s, 2, hour) || !s.n || (s.p[0] != ':' && s.p[0] != '.'))
        return TIME_NO;
    separator = s.p[0];
    s = str_skip(s, 1);
    if (take_digits(&s, 2, minute) != 2)
        return TIME_NO;
    if (s.n > 1 && s.p[0] == separator && str_is_digit(s.p[1])) {
        s = str_skip(s, 1);
        if (take_digits(&s, 2, second) != 2)
            return TIME_NO;
    }
    skip_blanks(&s);
    s = str_trim(s);
    if ((word.n && s.n) || *hour > 23 || *minute > 59 || *second > 59)
        return TIME_NO;
    word = word.n ? word : s;
    for (size_t i = 0; i < word.n; i++)
        if (str_is_digit(word.p[i]))
            return TIME_NO;
    half = read_half(word);
    if (word.n > HALF_MAX_BYTES || (half > 0 && (*hour < 1 || *hour > 12)))
        return TIME_NO;
    if (half > 0)
        *hour = *hour % 12 + (half == 2 ? 12 : 0);
    return half < 0 ? TIME_HALF_UNKNOWN : TIME_YES;
}

bool
viewer_when(struct str date, struct str time, enum date_order order, struct when *w)
{
    struct short_date d;
    int hour, minute, second, year, month, day;
    bool year_first;
    struct str rest;

    if (!str_has(date) || !str_has(time) || !read_date(str_trim(date), &d, &rest) || rest.n
        || read_time(str_trim(time), &hour, &minute, &second) != TIME_YES)
        return false;
    /* Four digits in front are a year in any order. */
    year_first = d.digits[0] == 4 || (order == DATE_ORDER_YMD && d.digits[2] != 4);
    year = d.part[year_first ? 0 : 2];
    if (d.digits[year_first ? 0 : 2] <= 2)
        year = when_pivot(year);
    month = d.part[year_first || order == DATE_ORDER_DMY ? 1 : 0];
    day = d.part[year_first ? 2 : order == DATE_ORDER_DMY ? 0 : 1];
    w->local_known = when_civil(year, month, day, hour, minute, second, 0, &w->local);
    return w->local_known;
}

/* --- the line of an exported record ------------------------------------------------ */

/* Reads the field at '*at' up to its delimiter ('*delimiter' 0: a comma, TAB or
 * semicolon, which then is that of the line).  '*at' moves behind it. */
static enum viewer_answer
read_field(const char *p, size_t n, bool more, size_t *at, char *delimiter, struct str *field)
{
    size_t i = *at, start = i;
    bool quoted = i < n && p[i] == '"';

    if (quoted) {
        for (i++; i < n && !is_line_end(p[i]); i++) {
            if (p[i] != '"')
                continue;
            if (i + 1 == n)
                return more ? VIEWER_WAIT : VIEWER_NO;
            if (p[i + 1] != '"')
                break;
            i++;
        }
        if (i < n && p[i] == '"') {
            *field = str_trim(str_make(p + start + 1, i - start - 1));
            i++;
        }
    } else {
        struct short_date d;
        struct str rest;

        /* A date may hold what divides the fields. */
        if (!*delimiter && read_date(str_make(p + i, n - i < DATE_MAX_BYTES ? n - i : DATE_MAX_BYTES), &d, &rest))
            i = (size_t) (rest.p - p);
        while (i < n && !is_line_end(p[i]) && p[i] != *delimiter
               && (*delimiter || (p[i] != ',' && p[i] != '\t' && p[i] != ';')))
            i++;
        *field = str_trim(str_make(p + start, i - start));
    }
    if (i == n)
        return more ? VIEWER_WAIT : VIEWER_NO;
    if (is_line_end(p[i]) || (*delimiter ? p[i] != *delimiter : p[i] != ',' && p[i] != '\t' && p[i] != ';'))
        return VIEWER_NO;
    *delimiter = p[i];
    *at = i + 1;
    return VIEWER_YES;
}

/* What each of the first fields must look like. */
static bool
fits(int field, struct str s)
{
    struct short_date d;
    struct str rest;
    int hour, minute, second, digits;

    switch (field) {
    case VIEWER_DATE:
        return read_date(s, &d, &rest) && !rest.n;
    case VIEWER_TIME:
        return read_time(s, &hour, &minute, &second) != TIME_NO;
    case VIEWER_SOURCE:
        return s.n > 0;
    case VIEWER_EVENT:
        return take_digits(&s, 9, &digits) && !s.n;
    default:
        return true;
    }
}

/* Date and time in one field, as newer viewers have them. */
static bool
divide_moment(struct viewer_line *line)
{
    struct str *date = &line->field[VIEWER_DATE], *time = &line->field[VIEWER_TIME], rest;
    struct short_date d;
    int hour, minute, second;

    if (!read_date(*date, &d, &rest) || !rest.n || str_is_digit(rest.p[0]))
        return false;
    *time = str_trim(rest);
    date->n -= rest.n;
    return read_time(*time, &hour, &minute, &second) != TIME_NO;
}

/* The line of Windows Vista and later: level, date and time, source, number,
 * task category, then the description; no user and no computer. */
static enum viewer_answer
row_read(const char *p, size_t n, bool more, struct viewer_line *out)
{
    static const enum viewer_field shape[] = {VIEWER_TYPE, VIEWER_DATE, VIEWER_SOURCE, VIEWER_EVENT, VIEWER_CATEGORY};
    char delimiter = 0;
    size_t at = 0;

    *out = (struct viewer_line){0};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        struct str *field = &out->field[shape[i]];
        enum viewer_answer a = read_field(p, n, more, &at, &delimiter, field);

        if (a != VIEWER_YES)
            return a;
        if (shape[i] == VIEWER_TYPE   ? !field->n || field->n > LEVEL_MAX_BYTES || str_is_digit(field->p[0])
            : shape[i] == VIEWER_DATE ? !divide_moment(out)
                                      : !fits((int) shape[i], *field))
            return VIEWER_NO;
    }
    out->description = at;
    return VIEWER_YES;
}

/* The line of Windows NT to 2003. */
static enum viewer_answer
nine_read(const char *p, size_t n, bool more, struct viewer_line *out)
{
    char delimiter = 0;
    size_t at = 0;

    if (p[0] != '"' && !str_is_digit(p[0]))
        return VIEWER_NO;
    if (more && n < DATE_MAX_BYTES && str_find_char(str_make(p, n), '\n') == n && str_find_char(str_make(p, n), '\r') == n)
        return VIEWER_WAIT;
    for (int i = 0; i < VIEWER_FIELDS; i++) {
        enum viewer_answer a = read_field(p, n, more, &at, &delimiter, &out->field[i]);

        if (a != VIEWER_YES)
            return a;
        if (!fits(i, out->field[i]))
            return VIEWER_NO;
    }
    out->description = at;
    return VIEWER_YES;
}

enum viewer_answer
viewer_line_read(const char *p, size_t n, bool whole, struct viewer_line *out)
{
    bool more = !whole && n < LINE_MAX_BYTES;
    enum viewer_answer a;

    if (n > LINE_MAX_BYTES)
        n = LINE_MAX_BYTES;
    if (!n)
        return more ? VIEWER_WAIT : VIEWER_NO;
    if (is_line_end(p[0]))
        return VIEWER_NO;
    a = nine_read(p, n, more, out);
    return a == VIEWER_NO ? row_read(p, n, more, out) : a;
}

/* --- headers ------------------------------------------------------------------------ */

/* "Event", "Events", "Event ID", "Message ID", then perhaps ':' or '=', a number
 * and its end.  Fills 'out' for a line of which all that matters is there. */
static bool
numbered(struct str line, struct viewer_header *out)
{
    struct str s = line;
    size_t digits = 0;
    uint64_t v = 0;
    bool message = str_case_starts(s, STR("Message ID"));

    if (!message && !str_case_starts(s, STR("Event")))
        return false;
    s = str_skip(s, message ? 10 : 5);
    if (!message && s.n && str_lower_char(s.p[0]) == 's')
        s = str_skip(s, 1);
    skip_blanks(&s);
    if (!message && str_case_starts(s, STR("ID"))) {
        s = str_skip(s, 2);
        skip_blanks(&s);
    }
    if (s.n && (s.p[0] == ':' || s.p[0] == '=' || s.p[0] == '#'))
        s = str_skip(s, 1);
    skip_blanks(&s);
    while (digits < s.n && digits < 10 && str_is_digit(s.p[digits]))
        v = v * 10 + (uint64_t) (s.p[digits++] - '0');
    if (!digits || v > UINT32_MAX || s.p == line.p + 5 || (digits < s.n && (str_is_alnum(s.p[digits]) || s.p[digits] == '_')))
        return false;
    s = str_skip(s, digits);
    out->number_known = true;
    out->number = (uint32_t) v;
    skip_blanks(&s);
    out->separated = s.n && (s.p[0] == ':' || s.p[0] == '-' || s.p[0] == '.' || s.p[0] == ',' || s.p[0] == ';');
    if (out->separated)
        s = str_skip(s, 1);
    skip_blanks(&s);
    out->rest = (size_t) (s.p - line.p);
    return true;
}

enum viewer_answer
viewer_header_read(const char *p, size_t n, bool whole, struct viewer_header *out)
{
    struct str line = str_make(p, n > HEADER_MAX_BYTES ? HEADER_MAX_BYTES : n);
    bool complete = whole || n >= HEADER_MAX_BYTES;
    size_t indent = 0;

    *out = (struct viewer_header){0};
    for (size_t i = 0; i < line.n; i++)
        if (is_line_end(line.p[i])) {
            line.n = i;
            complete = true;
        }
    if (!complete)
        return VIEWER_WAIT;
    while (indent < line.n && str_is_blank(line.p[indent]))
        indent++;
    line = str_skip(line, indent);
    if (numbered(line, out)) {
        out->rest += indent;
        return VIEWER_YES;
    }
    return str_case_starts(line, STR("Event Type:")) || str_case_starts(line, STR("Log Name:")) ? VIEWER_YES
                                                                                                : VIEWER_NO;
}

static bool
is_list_header(struct str line)
{
    static const struct str columns[] = {
        {"Type", 4}, {"Date", 4}, {"Time", 4}, {"Source", 6}, {"Category", 8}, {"Event", 5}, {"User", 4}, {"Computer", 8},
        {"Level", 5}, {"Date and Time", 13}, {"Event ID", 8}, {"Task Category", 13},
    };
    unsigned known = 0, other = 0;

    while (line.n) {
        size_t n = 0;
        struct str name;
        bool hit = false;

        while (n < line.n && line.p[n] != '\t' && line.p[n] != ',' && line.p[n] != ';')
            n++;
        name = str_trim(str_make(line.p, n));
        if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
            name = str_make(name.p + 1, name.n - 2);
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            hit |= str_case_eq(name, columns[i]);
        known += hit;
        other += !hit;
        line = str_skip(line, n < line.n ? n + 1 : n);
    }
    return known >= 5 && other <= 2;
}

/* Type, date, time, source, category, number, user, computer, and no more: a row
 * of an export list, whatever the language of its header. */
static bool
is_list_row(struct str line)
{
    static const enum viewer_field shape[] = {
        VIEWER_TYPE, VIEWER_DATE, VIEWER_TIME, VIEWER_SOURCE, VIEWER_CATEGORY, VIEWER_EVENT, VIEWER_USER,
    };
    char delimiter = '\0';
    size_t at = 0;
    struct str field;

    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        if (read_field(line.p, line.n, false, &at, &delimiter, &field) != VIEWER_YES)
            return false;
        if (shape[i] == VIEWER_TYPE ? !field.n || str_is_digit(field.p[0]) : !fits((int) shape[i], field))
            return false;
    }
    return at < line.n && str_find_char(str_skip(line, at), delimiter) == line.n - at;
}

enum viewer_answer
viewer_columns_read(const char *p, size_t n, bool whole, size_t *end)
{
    struct str text = str_make(p, n);
    size_t to = str_find_char(text, '\n');
    struct viewer_line line;

    if (to == n)
        return whole || n > LINE_MAX_BYTES ? VIEWER_NO : VIEWER_WAIT;
    if (to > LINE_MAX_BYTES || !is_list_header(str_trim(str_make(p, to))))
        return VIEWER_NO;
    *end = to + 1;
    return viewer_line_read(p + *end, n - *end, whole, &line);
}

bool
viewer_is_list(struct str text)
{
    size_t end;

    if (viewer_columns_read(text.p, text.n, true, &end) == VIEWER_YES)
        return false;
    for (int i = 0; i < 2; i++) {
        size_t n = str_find_char(text, '\n');
        struct str line = str_trim(str_make(text.p, n));

        if (line.n > LINE_MAX_BYTES)
            return false;
        if ((i == 0 && is_list_header(line)) || is_list_row(line))
            return true;
        text = str_skip(text, n < text.n ? n + 1 : n);
    }
    return false;
}
