/* SPDX-License-Identifier: BSD-2-Clause
 *
 * viewer_text.c - the format viewer-text: what Event Viewer saves as .txt or
 * .csv (Windows NT to 2003; Vista and later), and event texts that people paste.  Calls
 * viewer_line.c for the shapes of lines; what an event means is for the
 * catalogue.
 *
 * The framing rule.  Only the first FORMAT_WINDOW bytes at hand are looked at.
 * - A line of date, time and six more short fields, the sixth a number, begins
 *   an exported record, which goes on to the next such line: descriptions hold
 *   line ends, blank lines and commas.  So does one of level, date with time,
 *   source, number and category; a line that names these columns is skipped.
 * - Any other line begins a bare text.  It goes on to a line that begins an
 *   exported record, or to one after a blank line that begins another bare
 *   text: "Event 109", "Event ID: 109", "Message ID: 109", "Event Type:",
 *   "Log Name:".
 * - Blank lines around records and a BOM are separators.
 * - What does not end within the window is cut after a line: the first piece
 *   of an exported record is that record, all else is BAD. */
#include "build.h"

#include "parsers/viewer_text.h"

/* Framing state: part of a source's checkpoint. */
struct viewer_state {
    uint8_t cut; /* the bytes at hand go on with a record that was cut */
};

static bool
is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* Offset behind the end of the line at 'at'; CR LF is one end.  NO when the
 * line does not end in these bytes, WAIT when a CR may still get its LF. */
static enum viewer_answer
next_line(const char *p, size_t n, bool whole, size_t at, size_t *next)
{
    const char *lf = memchr(p + at, '\n', n - at), *cr = memchr(p + at, '\r', lf ? (size_t) (lf - p) - at : n - at);

    if (cr && cr + 1 == p + n && !whole)
        return VIEWER_WAIT;
    if (!lf && !cr)
        return VIEWER_NO;
    if (cr && cr + 1 != lf)
        *next = (size_t) (cr - p) + 1;
    else
        *next = (size_t) (lf - p) + 1;
    return VIEWER_YES;
}

/* Offset of the first line that is not blank, at most 'n'.  A BOM may stand at
 * the start of any line: files are joined. */
static size_t
skip_blank_lines(const char *p, size_t n)
{
    size_t line = 0, i = 0;

    while (i < n) {
        if (i == line && str_starts(str_make(p + i, n - i), STR("\xef\xbb\xbf")))
            i = line = i + 3;
        else if (!str_is_space(p[i]))
            break;
        else if (is_line_end(p[i++]))
            line = i;
    }
    return line;
}

static bool
only_blanks(const char *p, size_t from, size_t to)
{
    while (from < to && str_is_space(p[from]))
        from++;
    return from == to;
}

/* Where the record at 0 ends: at the start of the next one ('*end').  NO: not in
 * these bytes.  'last_line' is then the last line's start. */
static enum viewer_answer
find_end(const char *p, size_t n, bool whole, bool exported, size_t *end, size_t *last_line)
{
    struct viewer_header header;
    struct viewer_line line;
    bool blank_before = false;
    size_t at = 0, next;

    *last_line = 0;
    for (;;) {
        enum viewer_answer a = next_line(p, n, whole, at, &next);

        if (a != VIEWER_YES)
            return a == VIEWER_NO && !whole ? VIEWER_WAIT : a;
        blank_before = only_blanks(p, at, next);
        at = *last_line = *end = next;
        if (at == n)
            return whole ? VIEWER_NO : VIEWER_WAIT;
        a = viewer_line_read(p + at, n - at, whole, &line);
        if (a == VIEWER_NO && !exported && blank_before)
            a = viewer_header_read(p + at, n - at, whole, &header);
        if (a != VIEWER_NO)
            return a;
    }
}

static enum format_next
hand_out(bool record, size_t skip, const char *p, size_t end, struct format_span *out)
{
    while (end > 0 && is_line_end(p[end - 1]))
        end--;
    *out = (struct format_span){skip, end};
    return record ? FORMAT_RECORD : FORMAT_BAD;
}

/* The record that begins at 'at' with a line that is not blank. */
static enum format_next
frame_record(struct viewer_state *state, const char *bytes, size_t n, size_t at, bool final, struct format_span *out)
{
    const char *p = bytes + at;
    bool full = n == FORMAT_WINDOW, was_cut = state->cut;
    struct viewer_line line;
    size_t end = 0, last_line = 0;
    enum viewer_answer a;

    /* With separators before it a full window is not yet all it may have. */
    bool whole = full ? at == 0 : final;

    n -= at;
    a = viewer_line_read(p, n, whole, &line);
    if (a != VIEWER_WAIT) {
        bool exported = a == VIEWER_YES;

        a = find_end(p, n, whole, exported, &end, &last_line);
        if (a == VIEWER_YES) {
            state->cut = false;
            return hand_out(exported || !was_cut, at, p, end, out);
        }
        if (a == VIEWER_NO && !full) {
            state->cut = false;
            return hand_out(exported || !was_cut, at, p, n, out);
        }
        if (a == VIEWER_NO) {
            bool list = viewer_is_list(str_make(p, n));

            state->cut = true;
            *out = (struct format_span){0, last_line ? last_line : n};
            return exported || list ? FORMAT_RECORD : FORMAT_BAD;
        }
    }
    if (!at)
        return FORMAT_MORE;
    *out = (struct format_span){at, 0};
    return FORMAT_SKIP;
}

static enum format_next
viewer_text_next(void *state, const char *p, size_t n, bool final, struct format_span *out)
{
    bool full = n >= FORMAT_WINDOW;
    size_t at, next;

    if (full)
        n = FORMAT_WINDOW;
    at = skip_blank_lines(p, n);
    if (only_blanks(p, at, n)) {
        /* Blanks may indent the first line of a record, which keeps them. */
        if (final || full)
            at = n;
        if (!at)
            return FORMAT_MORE;
        *out = (struct format_span){at, 0};
        return FORMAT_SKIP;
    }
    if (viewer_columns_read(p + at, n - at, final || full, &next) == VIEWER_YES) {
        *out = (struct format_span){at + next, 0};
        return FORMAT_SKIP;
    }
    return frame_record(state, p, n, at, final, out);
}

/* --- parsing ------------------------------------------------------------------------ */

/* One parse: 'text' is the whole record cleaned, 'description' grows in a copy. */
struct parsing {
    const struct format_options *options;
    struct arena *arena;
    struct event *ev;
    struct eventlog *log;
    struct str date, time;
};

/* What viewers print where there is nothing. */
static bool
says_nothing(struct str s)
{
    return !s.n || str_case_eq(s, STR("N/A")) || str_case_eq(s, STR("None")) || str_case_eq(s, STR("-"));
}

static void
set_number(struct parsing *x, uint32_t number)
{
    if (str_has(x->ev->f.event_number))
        return;
    x->log->id32 = number;
    x->log->number = (uint16_t) number;
    x->ev->f.event_number = arena_number(x->arena, x->log->number);
}

static void
set_once(struct str *field, struct str value)
{
    value = str_trim(value);
    if (!str_has(*field) && !says_nothing(value))
        *field = value;
}

static void
set_level(struct parsing *x, struct str type)
{
    static const struct {
        struct str name;
        unsigned level;
    } levels[] = {
        {{"Critical", 8}, 1}, {{"Error", 5}, 2},         {{"Warning", 7}, 3},
        {{"Info", 4}, 4},     {{"Success", 7}, 4},       {{"Audit Success", 13}, 4},
        {{"Failure", 7}, 2},  {{"Audit Failure", 13}, 2}, {{"Verbose", 7}, 4},
    };

    type = str_trim(type);
    for (size_t i = 0; i < sizeof levels / sizeof *levels && !x->log->level; i++)
        if (str_case_starts(type, levels[i].name))
            x->log->level = levels[i].level;
}

static void
set_host(struct parsing *x, struct str computer)
{
    struct str name = STR_NONE;

    if (str_has(x->ev->f.host))
        return;
    set_once(&name, computer);
    x->ev->f.host = arena_upper(x->arena, name);
}

/* The lines of 's' without the blanks around each: texts are pasted indented.
 * Ends before the XML that newer viewers append. */
static struct str
trim_lines(struct parsing *x, struct str s)
{
    char *p = arena_alloc(x->arena, s.n + 1);
    size_t n = 0;

    if (!p)
        return STR_NONE;
    while (s.n) {
        size_t end = str_find_char(s, '\n');
        struct str line = str_trim(str_make(s.p, end));

        if (str_case_eq(line, STR("Event Xml:")))
            break;
        if (n)
            p[n++] = '\n';
        memcpy(p + n, line.p, line.n);
        n += line.n;
        s = str_skip(s, end < s.n ? end + 1 : end);
    }
    return str_trim(str_make(p, n));
}

/* The ninth field: as it is, or in quotes with those inside doubled. */
static struct str
unquote(struct parsing *x, struct str s)
{
    size_t n = 0;
    char *p;

    s = str_trim(s);
    if (!s.n || s.p[0] != '"' || s.p[s.n - 1] != '"' || s.n < 2)
        return s;
    p = arena_alloc(x->arena, s.n);
    if (!p)
        return STR_NONE;
    for (size_t i = 1; i + 1 < s.n; i++) {
        if (s.p[i] == '"' && s.p[++i] != '"')
            return s; /* a single one inside: these quotes belong to the text */
        p[n++] = s.p[i];
    }
    return str_trim(str_make(p, n));
}

static struct str
parse_exported(struct parsing *x, struct str text, const struct viewer_line *line)
{
    const struct str *field = line->field;
    int64_t number = 0;

    x->date = field[VIEWER_DATE];
    x->time = field[VIEWER_TIME];
    set_once(&x->ev->f.provider, field[VIEWER_SOURCE]);
    set_level(x, field[VIEWER_TYPE]);
    set_once(&x->log->category, field[VIEWER_CATEGORY]);
    for (size_t i = 0; i < field[VIEWER_EVENT].n; i++)
        number = number * 10 + (field[VIEWER_EVENT].p[i] - '0');
    set_number(x, (uint32_t) number);
    set_once(&x->log->user, field[VIEWER_USER]);
    set_host(x, field[VIEWER_COMPUTER]);
    return unquote(x, str_skip(text, line->description));
}

/* The labels of pasted events.  'where' says what to do with the value. */
enum label { LABEL_NONE, LABEL_SOURCE, LABEL_TYPE, LABEL_CATEGORY, LABEL_USER, LABEL_COMPUTER, LABEL_DATE, LABEL_TIME,
             LABEL_LOG, LABEL_IGNORED, LABEL_DESCRIPTION };

static enum label
read_label(struct str line, struct str *value)
{
    static const struct {
        struct str name;
        enum label label;
    } labels[] = {
        {{"Source", 6}, LABEL_SOURCE},          {{"Event Source", 12}, LABEL_SOURCE},
        {{"Type", 4}, LABEL_TYPE},              {{"Event Type", 10}, LABEL_TYPE},
        {{"Level", 5}, LABEL_TYPE},             {{"Category", 8}, LABEL_CATEGORY},
        {{"Event Category", 14}, LABEL_CATEGORY}, {{"Task Category", 13}, LABEL_CATEGORY},
        {{"User", 4}, LABEL_USER},              {{"Computer", 8}, LABEL_COMPUTER},
        {{"Date", 4}, LABEL_DATE},              {{"Time", 4}, LABEL_TIME},
        {{"Log Name", 8}, LABEL_LOG},           {{"Keywords", 8}, LABEL_IGNORED},
        {{"OpCode", 6}, LABEL_IGNORED},         {{"Description", 11}, LABEL_DESCRIPTION},
    };
    size_t colon = str_find_char(line, ':');

    if (colon == line.n)
        return LABEL_NONE;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (str_case_eq(str_trim(str_make(line.p, colon)), labels[i].name)) {
            *value = str_trim(str_skip(line, colon + 1));
            return labels[i].label;
        }
    return LABEL_NONE;
}

/* Takes a labelled line; false for LABEL_NONE and for the description. */
static bool
take_label(struct parsing *x, enum label label, struct str value)
{
    switch (label) {
    case LABEL_NONE:
    case LABEL_DESCRIPTION:
        return false;
    case LABEL_SOURCE:
        set_once(&x->ev->f.provider, value);
        return true;
    case LABEL_TYPE:
        set_level(x, value);
        return true;
    case LABEL_CATEGORY:
        set_once(&x->log->category, value);
        return true;
    case LABEL_USER:
        set_once(&x->log->user, value);
        return true;
    case LABEL_COMPUTER:
        set_host(x, value);
        return true;
    case LABEL_DATE:
        set_once(&x->date, value);
        return true;
    case LABEL_TIME:
        set_once(&x->time, value);
        return true;
    case LABEL_LOG:
        set_once(&x->ev->f.channel, value);
        return true;
    case LABEL_IGNORED:
        return true;
    }
    return false;
}

/* A number and a blank glued in front of the text: "108 Failed to ...". */
static size_t
leading_number(struct str line, uint32_t *number)
{
    size_t n = 0;

    for (*number = 0; n < line.n && n < 5 && str_is_digit(line.p[n]); n++)
        *number = *number * 10 + (uint32_t) (line.p[n] - '0');
    if (!n || n + 1 >= line.n || line.p[n] != ' ' || !str_is_alnum(line.p[n + 1]) || str_is_digit(line.p[n + 1])
        || *number > UINT16_MAX)
        return 0;
    return n + 1;
}

/* One line of the head of a bare text.  True when it is done with; else the
 * description begins at the offset '*from' of the line. */
static bool
take_head_line(struct parsing *x, struct str line, bool first, size_t *from)
{
    struct viewer_header header;
    struct str value = STR_NONE;
    enum label label = read_label(line, &value);
    uint32_t number;

    *from = 0;
    if (label != LABEL_NONE) {
        if (label == LABEL_DESCRIPTION)
            *from = (size_t) (value.p - line.p);
        return take_label(x, label, value);
    }
    if (viewer_header_read(line.p, line.n, true, &header) == VIEWER_YES && header.number_known) {
        struct str rest = str_trim(str_skip(line, header.rest));

        set_number(x, header.number);
        if (!rest.n)
            return true;
        label = read_label(rest, &value);
        if (take_label(x, label, value))
            return true;
        if (label == LABEL_DESCRIPTION)
            rest = value;
        /* "Event 109 - text" has a text; "Event 109 was logged" is one. */
        *from = header.separated || label == LABEL_DESCRIPTION ? (size_t) (rest.p - line.p) : 0;
        return false;
    }
    if (first && (*from = leading_number(line, &number)))
        set_number(x, number);
    return false;
}

/* 's' without the quote marks of mail, where each of its lines has one. */
static struct str
without_marks(struct parsing *x, struct str s)
{
    bool start = true;
    size_t n = 0;
    char *p;

    for (size_t i = 0; i < s.n; i++) {
        if (start && s.p[i] != '>')
            return s;
        start = s.p[i] == '\n';
    }
    p = arena_alloc(x->arena, s.n + 1);
    for (size_t i = 0; p && i < s.n; i++) {
        while ((n == 0 || p[n - 1] == '\n') && i < s.n && s.p[i] == '>')
            i += i + 1 < s.n && s.p[i + 1] == ' ' ? 2 : 1;
        if (i < s.n)
            p[n++] = s.p[i];
    }
    return str_make(p, p ? n : 0);
}

static struct str
parse_bare(struct parsing *x, struct str text)
{
    bool first = true;
    size_t from, at;

    text = without_marks(x, text);
    while (text.n) {
        size_t n = str_find_char(text, '\n');
        struct str line = str_trim(str_make(text.p, n));

        if (line.n) {
            if (!take_head_line(x, line, first, &from)) {
                at = (size_t) (line.p - text.p) + from;
                return trim_lines(x, str_skip(text, at));
            }
            first = false;
        }
        text = str_skip(text, n < text.n ? n + 1 : n);
    }
    return str_make(text.p, 0);
}

/* Date and time in two fields, or both in the first. */
static bool
set_when(struct parsing *x)
{
    struct str date = x->date, time = x->time;
    size_t blank;

    if (!str_has(date))
        return true;
    if (when_parse_iso(date, &x->ev->when))
        return true;
    blank = str_find_char(date, ' ');
    if (!str_has(time) && blank < date.n) {
        time = str_skip(date, blank);
        date.n = blank;
    }
    return viewer_when(date, time, x->options->date_order, &x->ev->when);
}

static enum perr
viewer_text_parse(const struct format_options *options, const struct format_record *record, struct arena *arena,
                  struct event *ev, size_t *at)
{
    struct parsing x = {.options = options, .arena = arena, .ev = ev, .log = arena_zalloc(arena, sizeof *x.log)};
    struct viewer_line line;
    struct str text, description;
    enum perr err = PERR_OK;
    bool cut;

    *at = 0;
    text = text_clean(arena, options->code_page, record->bytes, 3 * FORMAT_WINDOW, &cut);
    if (!x.log || !str_has(text))
        return PERR_NOMEM;
    ev->log = x.log;
    if (viewer_is_list(text)) {
        ev->text = text_clean(arena, text_codepage_decoded(), text, EVENT_TEXT_MAX, &ev->truncated);
        return PERR_UNSUPPORTED;
    }
    if (viewer_line_read(text.p, text.n, true, &line) == VIEWER_YES)
        description = parse_exported(&x, text, &line);
    else
        description = parse_bare(&x, text);
    if (!str_has(description))
        return PERR_NOMEM;
    if (description.n)
        x.log->message = description;
    /* A time that cannot be is unknown, but its digits are not lost. */
    if (!set_when(&x) || !description.n)
        description = str_trim(text);
    ev->text = text_clean(arena, text_codepage_decoded(), description, EVENT_TEXT_MAX, &ev->truncated);
    if (!str_has(ev->text))
        return PERR_NOMEM;
    if (record->shortened)
        err = PERR_TRUNCATED;
    return err;
}

/* --- probing --------------------------------------------------------------------------- */

static int
viewer_text_probe(struct str head)
{
    static const struct str sentence = {"failed to install package", 25}, disk = {"disk space", 10};
    struct viewer_line line;
    struct viewer_header header;
    size_t at = skip_blank_lines(head.p, head.n), next;
    struct str start;

    head = str_skip(head, at);
    if (viewer_line_read(head.p, head.n, true, &line) == VIEWER_YES)
        return 90;
    if (viewer_is_list(head))
        return 85;
    for (at = 0; next_line(head.p, head.n, true, at, &next) == VIEWER_YES && next < head.n; at = next)
        if (viewer_line_read(head.p + next, head.n - next, true, &line) == VIEWER_YES)
            return 70;
    if (viewer_header_read(head.p, head.n, true, &header) == VIEWER_YES
        || str_case_starts(head, STR("The description for Event ID")))
        return 60;
    start = str_make(head.p, head.n < 512 ? head.n : 512);
    return str_find_case(start, sentence) < start.n && str_find_case(start, disk) < start.n
                   && str_find_case(start, STR("$$<")) == start.n
               ? 60
               : 0;
}

static bool
viewer_text_refuses(struct str head)
{
    return viewer_is_list(str_skip(head, skip_blank_lines(head.p, head.n)));
}

const struct format viewer_text_format = {
    .name = "viewer-text",
    .refuses = viewer_text_refuses,
    .refusal = "a list as Event Viewer shows it (\"Export List\"), which has no event texts; in Event Viewer use \"Save Log "
               "File As\" with the type .txt or .csv, or \"Save All Events As\" with the type .xml",
    .probe = viewer_text_probe,
    .state_size = sizeof(struct viewer_state),
    .next = viewer_text_next,
    .parse = viewer_text_parse,
};
