/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay_line.c - the format relay-line: event records that agents on Windows
 * sent by syslog, one a line, as relays write them to files.  Framing, the
 * choice between the kinds of line, and the vtable; the header is read by
 * relay_head.c, Snare and evtsys by relay_snare.c, JSON by relay_json.c.
 *
 * A record is a line: relays escape line ends, or their sender made blanks of
 * them.  A line longer than FORMAT_WINDOW is cut there, the first piece a
 * record, the others BAD. */
#include "build.h"

#include "parsers/relay_line.h"

/* Framing state: part of a source's checkpoint. */
struct relay_state {
    uint8_t cut; /* the bytes at hand go on with a line that was cut */
};

/* --- framing ----------------------------------------------------------------------- */

static size_t
without_blanks(const char *p, size_t n)
{
    while (n > 0 && str_is_space(p[n - 1]))
        n--;
    return n;
}

/* The rest of a line that was cut. */
static enum format_next
frame_rest(struct relay_state *state, const char *p, size_t n, bool whole, struct format_span *out)
{
    size_t end = str_find_char(str_make(p, n), '\n'), length;

    if (end == n && n < FORMAT_WINDOW && !whole)
        return FORMAT_MORE;
    length = end < n || n < FORMAT_WINDOW ? without_blanks(p, end) : n;
    state->cut = end == n && n == FORMAT_WINDOW;
    *out = length ? (struct format_span){0, length, true} : (struct format_span){end + (end < n), 0, false};
    return length ? FORMAT_BAD : FORMAT_SKIP;
}

static enum format_next
relay_line_next(void *state_bytes, const char *p, size_t n, bool final, struct format_span *out)
{
    struct relay_state *state = state_bytes;
    bool whole = final && n < FORMAT_WINDOW;
    size_t at = 0, end;

    if (n > FORMAT_WINDOW)
        n = FORMAT_WINDOW;
    if (!n)
        return FORMAT_MORE;
    if (state->cut)
        return frame_rest(state, p, n, whole, out);
    for (;;) {
        while (at < n && str_is_space(p[at]))
            at++;
        if (n - at >= 3 && memcmp(p + at, "\xef\xbb\xbf", 3) == 0)
            at += 3;
        else
            break;
    }
    end = at < n ? at + str_find_char(str_make(p + at, n - at), '\n') : n;
    if (at < n && (end < n || whole)) {
        *out = (struct format_span){at, without_blanks(p + at, end - at), true};
        return FORMAT_RECORD;
    }
    if (at > 0) {
        *out = (struct format_span){at, 0, false};
        return FORMAT_SKIP;
    }
    if (n < FORMAT_WINDOW)
        return FORMAT_MORE;
    *out = (struct format_span){0, n, true};
    state->cut = true;
    return FORMAT_RECORD;
}

/* --- what all kinds share ------------------------------------------------------------ */

void
relay_set(struct str *field, struct str value)
{
    value = str_trim(value);
    if (!str_has(*field) && value.n && !str_case_eq(value, STR("N/A")) && !str_eq(value, STR("-")))
        *field = value;
}

void
relay_set_host(struct relay_reading *x, struct str host)
{
    struct str name = STR_NONE;

    relay_set(&name, host);
    if (!str_has(x->ev->f.host) && str_has(name))
        x->ev->f.host = arena_upper(x->arena, name);
}

bool
relay_may_begin(struct str body, size_t at, bool headed)
{
    unsigned words = 0;

    for (size_t i = 0; i < at && !headed; i++)
        words += !str_is_space(body.p[i]) && (i + 1 == at || str_is_space(body.p[i + 1]));
    return words < 2;
}

bool
relay_number(struct str s, uint32_t *out)
{
    bool negative;
    uint64_t v = 0;

    s = str_trim(s);
    negative = s.n && s.p[0] == '-';
    s = str_skip(s, negative);
    if (!s.n || s.n > 10)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!str_is_digit(s.p[i]))
            return false;
        v = v * 10 + (uint64_t) (s.p[i] - '0');
    }
    if (v > (negative ? UINT64_C(0x80000000) : UINT32_MAX))
        return false;
    *out = negative ? (uint32_t) 0 - (uint32_t) v : (uint32_t) v;
    return true;
}

void
relay_set_number(struct relay_reading *x, uint32_t id32)
{
    x->log->id32 = id32;
    x->log->number = (uint16_t) (id32 & UINT16_MAX);
    x->ev->f.event_number = arena_number(x->arena, x->log->number);
}

void
relay_set_level(struct relay_reading *x, struct str type)
{
    static const struct {
        struct str name;
        unsigned level;
    } levels[] = {
        {{"Critical", 8}, 1}, {{"Error", 5}, 2}, {{"Warn", 4}, 3},         {{"Info", 4}, 4},
        {{"Success", 7}, 4},  {{"Audit", 5}, 4}, {{"Failure Audit", 13}, 4}, {{"Verbose", 7}, 4},
    };

    type = str_trim(type);
    for (size_t i = 0; i < sizeof levels / sizeof *levels && !x->log->level; i++)
        if (str_case_starts(type, levels[i].name))
            x->log->level = levels[i].level;
}

/* --- one line -------------------------------------------------------------------------- */

/* The head of a message whose tag went to APP-NAME: "SMS" and "109: text". */
static bool
lost_its_tag(const struct relay_head *head, struct str msg)
{
    size_t n = 0;

    if (msg.n && msg.p[0] == ' ')
        msg = str_skip(msg, 1);
    while (n < msg.n && n < 6 && str_is_digit(msg.p[n]))
        n++;
    return head->app.n && n && n < msg.n && msg.p[n] == ':';
}

/* The message.  rsyslog splits a message without a tag at its first blank and
 * writes the halves to APP-NAME and MSG of RFC 5424: they are put together. */
static bool
find_body(struct relay_reading *x)
{
    struct str app = x->head.app, msg = str_skip(x->line, x->head.body), body = msg;
    bool snare = str_case_starts(app, STR("MSWinEventLog")), json = app.n && app.p[0] == '{';
    size_t n = 0;
    char *p;

    if (snare || json || lost_its_tag(&x->head, msg)) {
        body.p = p = arena_alloc(x->arena, app.n + msg.n + 2);
        if (!p)
            return false;
        memcpy(p, app.p, app.n);
        n = app.n;
        if (!snare && !json)
            p[n++] = ':';
        if (!msg.n || msg.p[0] != ' ')
            p[n++] = ' ';
        if (msg.n)
            memcpy(p + n, msg.p, msg.n);
        body.n = n + msg.n;
    }
    x->body = str_trim(body);
    return true;
}

/* Fills the event; false when nothing but a header (or not even that) is known. */
static bool
parse_body(struct relay_reading *x, enum perr *err)
{
    if (relay_snare_parse(x, err) || relay_json_parse(x, err))
        return true;
    return (x->head.known || relay_is_evtsys(x->body, false)) && relay_evtsys_parse(x, err);
}

static enum perr
relay_line_parse(const struct format_options *options, const struct format_record *record, struct arena *arena,
                 struct event *ev, size_t *at)
{
    struct relay_reading x = {.arena = arena, .ev = ev, .log = arena_zalloc(arena, sizeof *x.log)};
    enum perr err = PERR_SYNTAX;
    struct str text;
    bool cut, known;

    *at = 0;
    x.line = text_clean(arena, options->code_page, record->bytes, 3 * FORMAT_WINDOW, &cut);
    if (!x.log || !str_has(x.line))
        return PERR_NOMEM;
    relay_head_read(x.line, &x.head);
    if (!find_body(&x))
        return PERR_NOMEM;
    known = parse_body(&x, &err);
    if (known) {
        ev->log = x.log;
        text = x.log->message.n ? x.log->message : str_has(ev->text) ? ev->text : x.line;
    } else {
        /* Another program's line in the same file. */
        ev->when = x.head.when;
        err = x.head.known ? PERR_OK : PERR_SYNTAX;
        text = x.line;
    }
    relay_set_host(&x, x.head.host);
    if (err != PERR_OK && err != PERR_TRUNCATED)
        text = x.line;
    ev->text = text_clean(arena, text_codepage_decoded(), text, EVENT_TEXT_MAX, &ev->truncated);
    if (err == PERR_TRUNCATED || (record->shortened && err == PERR_OK)) {
        ev->truncated = true;
        err = PERR_TRUNCATED;
    }
    return str_has(ev->text) ? err : PERR_NOMEM;
}

/* --- probing ----------------------------------------------------------------------------- */

/* Names that are in the JSON of each sender, any case and without underlines. */
static bool
names_an_event(struct str line)
{
    static const struct str names[] = {{"\"EventID\"", 9}, {"\"event_id\"", 10}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_find_case(line, names[i]) < line.n)
            return true;
    return false;
}

/* How sure one line is: 0, or the score of a file that begins with it. */
static int
probe_line(struct str line)
{
    struct relay_head head;
    struct str body;

    relay_head_read(line, &head);
    body = str_skip(line, head.body);
    if (str_case_starts(head.app, STR("MSWinEventLog")) && str_find_case(line, STR("$$<")) == line.n)
        return 96;
    if (relay_is_snare(body, head.known) || (relay_json_find(body, head.known) < body.n && names_an_event(body)))
        return 96;
    return head.known && (relay_is_evtsys(body, true) || lost_its_tag(&head, body)) ? 72 : 0;
}

static int
relay_line_probe(struct str head)
{
    int first = 1;

    if (str_starts(head, STR("\xef\xbb\xbf")))
        head = str_skip(head, 3);
    /* Other programs' lines may come first, but not those of another format. */
    for (int lines = 0; head.n && lines < 50; lines++) {
        size_t n = str_find_char(head, '\n');
        struct str line = str_trim(str_make(head.p, n));
        int score = probe_line(line);

        if (score)
            return first ? score : score - 4;
        if (line.n) {
            struct relay_head h;

            relay_head_read(line, &h);
            if (!h.known)
                return 0;
            first = 0;
        }
        head = str_skip(head, n < head.n ? n + 1 : n);
    }
    return 0;
}

const struct format relay_line_format = {
    .name = "relay-line",
    .probe = relay_line_probe,
    .state_size = sizeof(struct relay_state),
    .next = relay_line_next,
    .parse = relay_line_parse,
};
