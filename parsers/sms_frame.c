/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_frame.c - where the records of an SMS log end (design, "Framing").  A
 * record ends with its trailer; a line without one joins the next trailer, if
 * that is near and nothing between looks like another record's beginning.
 * The format's next(); sms_log.c parses what it finds.  Must not use the
 * catalogue: the ids of events hang on where records end. */
#include "build.h"

#include "parsers/sms_frame.h"

#include "parsers/sms_viewer.h"

enum {
    JOIN_LINES = 8,               /* lines that may lie between text and trailer */
    JOIN_BYTES = 2000,            /* and bytes */
    QUICK_BYTES = 1024,           /* how far the usual trailer is looked for */
    LINE_MAX_BYTES = FORMAT_WINDOW - 8192, /* a longer line is handed out in pieces */
    NUL_PIECE = 65536             /* bytes of one run of NULs */
};

/* How records in real logs begin.  Case counts: in the middle of a wrapped
 * sentence these words stand in lower case.  A new entry changes the ids of
 * records that it cuts off, so there must be a log that needs it. */
static const struct str openings[] = {
    STR("found ready instruction"), STR("Found "), STR("failed to open"), STR("Failed to "),
    STR("Cannot "), STR("Could not "), STR("Couldn't "), STR("Can't "), STR("Copying "),
    STR("STATMSG:"), STR("Waiting for "), STR("Executing "), STR("Despooler "), STR("Decompressing "),
    STR("Error: "), STR("ERROR: "), STR("ERROR - "), STR("Error during "), STR("WARNING - "),
    STR("Warning - "), STR("Warning: "), STR("INFO: "), STR("Memory usage"), STR("Received package"),
    STR("Extracting from"), STR("Stored Package "), STR("Processing "), STR("Retry in "),
    STR("Sending "), STR("Created "), STR("Instruction "), STR("Signature checked"),
    STR("Logging an event"), STR("Loaded data dictionary"), STR("Successfully "), STR("got access to "),
    STR("Working on "), STR("Begin "), STR("Beginning "), STR("Adding group"), STR("Updating "),
    STR("Job still running"), STR("Deleting "), STR("Deleted "), STR("Closing remote"), STR("Wrote "),
    STR("Attempt to "), STR("Heartbeat is"), STR("Writing "), STR("Submitted request"),
    STR("The process handle"), STR("Process Cycle"), STR("NWScanObject"), STR("Checking for "),
    STR("CLASS - "), STR("SCHEDULER "), STR("SCHED DATA "), STR("Err>"), STR("Msg>"), STR("Cmd>"),
    STR("SQL>"), STR("---"), STR("***"), STR("** "), STR("<<<"), STR("<<CLIEXCEPT"), STR("CTool::"),
    STR("No branch cache"), STR("Content Library:"), STR("Use drive "), STR("Used "),
    STR("Old package "), STR("Currently using "), STR("<![LOG["), STR("sleeping "), STR("Sleeping "),
};

/* Words after which a line without trailer goes on in the next one: within the
 * statement of a code, or of the sentences of Windows for 32, 33 and 112. */
static const struct str endings[] = {
    STR(","), STR(" to"), STR("Win32"), STR("Error"), STR("="), STR("WIN32"), STR("ERROR"), STR("Win32 error"),
    STR("WIN32 error"), STR("Win32 error:"), STR("Win32 Error:"), STR("reported error"), STR(" because"),
    STR(" because of"), STR(" the"), STR(" is"), STR(" being"), STR(" being used"), STR(" used by"),
    STR(" another"), STR(" not enough"), STR(" enough space"), STR(" space on"), STR(" sharing"),
};

/* The first CR or LF of the 'n' bytes at 'i' of the view, or SIZE_MAX. */
static size_t
line_end(const struct sms_view *v, size_t i, size_t n)
{
    const char *lf = memchr(v->p + i, '\n', n);
    const char *cr = memchr(v->p + i, '\r', lf ? (size_t) (lf - v->p) - i : n);

    return cr ? (size_t) (cr - v->p) : lf ? (size_t) (lf - v->p) : SIZE_MAX;
}

/* The end of the line at 'i' after the first: its CR or LF, or the end of a
 * final view; SIZE_MAX when none comes within JOIN_BYTES (or the view starved). */
static size_t
next_end(struct sms_view *v, size_t i)
{
    size_t n = v->n - i < JOIN_BYTES ? v->n - i : JOIN_BYTES, end = line_end(v, i, n);

    if (end != SIZE_MAX || n == JOIN_BYTES)
        return end;
    if (!v->final)
        v->starved = true;
    return v->final ? v->n : SIZE_MAX;
}

/* True when the line that ends at 'end' stops in the middle of "Win32 Error: 32":
 * what follows it is no opening, whatever it looks like. */
static bool
breaks_code(const struct sms_view *v, size_t end)
{
    static const struct str word = STR("Win32");

    while (end && str_is_blank(v->p[end - 1]))
        end--;
    return end > word.n && str_case_eq(str_make(v->p + end - word.n, word.n), word);
}

/* True when the line [from, to) begins a record of its own; the line before it
 * ends at 'before'. */
static bool
line_opens(struct sms_view *v, size_t before, size_t from, size_t to)
{
    struct sms_trailer t;
    struct str line;
    bool in_code = breaks_code(v, before);

    while (from < to && (str_is_blank(v->p[from]) || v->p[from] == '>'))
        from++;
    line = str_make(v->p + from, to - from);
    if (!line.n)
        return false;
    if (line.p[0] == '~' || str_eq(str_trim(line), STR("ROLLOVER")))
        return true;
    for (size_t i = 0; !in_code && i < sizeof openings / sizeof *openings; i++)
        if (line.p[0] == openings[i].p[0] && str_starts(line, openings[i]))
            return true;
    /* A listing's line.  With a time behind the name, or with nothing behind
     * both, it may as well be the end of a wrapped viewer line. */
    return sms_viewer_head(v, from, to, &t) && t.end < t.text_end
           && (!t.date.timed || t.component.p != v->p + from);
}

/* True when the line [from, to) asks for the next one. */
static bool
line_hangs(const struct sms_view *v, size_t from, size_t to)
{
    while (to > from && str_is_blank(v->p[to - 1]))
        to--;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (to - from >= endings[i].n && memcmp(v->p + to - endings[i].n, endings[i].p, endings[i].n) == 0)
            return true;
    return false;
}

/* The first "$" trailer that begins in [from, to): its end, or 0. */
static size_t
dollar_end(struct sms_view *v, size_t from, size_t to)
{
    struct sms_trailer t;

    for (size_t i = from; i < to; i++) {
        const char *at = memchr(v->p + i, '$', to - i);

        if (!at)
            return 0;
        i = (size_t) (at - v->p);
        if (sms_trailer_dollar(v, i, &t) != SMS_NONE)
            return t.end;
        if (v->starved)
            return 0;
    }
    return 0;
}

/* The line [0, to) has no trailer: its end with those lines that it asks for. */
static size_t
line_alone(struct sms_view *v, size_t to)
{
    size_t from = 0, first = to;

    for (int lines = 0; lines < JOIN_LINES && line_hangs(v, from, to); lines++) {
        if (sms_at(v, to) < 0)
            break;
        size_t next = sms_skip_eol(v, to), end = next_end(v, next);

        if (v->starved || end == SIZE_MAX || end - first > JOIN_BYTES || sms_blanks(v, next) >= end
            || line_opens(v, to, next, end))
            break;
        from = next;
        to = end;
    }
    return to;
}

/* The end of a trailer in the lines after the first, which ends at 'to', or 0. */
static size_t
join_end(struct sms_view *v, size_t to)
{
    size_t first = to;

    for (int lines = 0; lines < JOIN_LINES && sms_at(v, to) >= 0; lines++) {
        struct sms_trailer t;
        size_t next = sms_skip_eol(v, to), end = next_end(v, next), found;

        if (v->starved || next - first > JOIN_BYTES)
            return 0;
        if (end == SIZE_MAX)
            end = next + JOIN_BYTES;
        if (line_opens(v, to, next, end))
            return 0;
        found = dollar_end(v, next, end);
        if (!found && !v->starved && sms_viewer_find(v, next, end, false, &t) != SMS_NONE)
            found = t.end;
        if (found || v->starved)
            return found && found - first <= JOIN_BYTES ? found : 0;
        if (sms_at(v, end) != '\r' && sms_at(v, end) != '\n')
            return 0;
        to = end;
    }
    return 0;
}

/* A piece of a line that is too long: not within a UTF-8 character. */
static size_t
piece_end(const struct sms_view *v)
{
    size_t end = LINE_MAX_BYTES;

    for (size_t back = 1; back <= 3; back++) {
        unsigned char c = (unsigned char) v->p[end - back];

        if (c >= 0xc0)
            return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? end - back : end;
        if (c < 0x80)
            break;
    }
    return end;
}

/* Where the first line of the view ends, SIZE_MAX for a line that is too long;
 * unless it has a "$" trailer, whose end goes to '*trailer'.  Looks at the line
 * in steps, so that many records on one long line do not each read it whole. */
static size_t
first_line(struct sms_view *v, size_t *trailer)
{
    size_t from = 0, to = SIZE_MAX;

    *trailer = 0;
    for (size_t step = QUICK_BYTES; to == SIZE_MAX && from < LINE_MAX_BYTES; step *= 4) {
        size_t reach = step < LINE_MAX_BYTES ? step : LINE_MAX_BYTES, seen = reach < v->n ? reach : v->n;

        to = line_end(v, from, seen - from);
        *trailer = dollar_end(v, from, to == SIZE_MAX ? seen : to);
        if (*trailer || v->starved)
            return to;
        if (to == SIZE_MAX && seen == v->n && seen < LINE_MAX_BYTES) {
            if (v->final)
                return v->n;
            v->starved = true;
            return to;
        }
        from = seen;
    }
    return to;
}

/* The end of the record at the view's start; '*piece' when it is the first part
 * of a line that is too long.  Counts for nothing when the view starved. */
static size_t
record_end(struct sms_view *v, bool *piece)
{
    struct sms_trailer t;
    size_t found, to = first_line(v, &found);

    *piece = false;
    if (found || v->starved)
        return found;
    if (to == SIZE_MAX) {
        *piece = true;
        return piece_end(v);
    }
    if (str_eq(str_trim(str_make(v->p, to)), STR("ROLLOVER")))
        return to;
    if (sms_viewer_head(v, 0, to, &t))
        return line_alone(v, to);
    if (sms_viewer_find(v, 0, to, true, &t) != SMS_NONE)
        return t.end;
    found = join_end(v, to);
    return found || v->starved ? found : line_alone(v, to);
}

/* Reading a trailer is a good part of a record's cost: what is known of it
 * here need not be found again by the parser, or for the next record. */
static void
set_mark(struct sms_mark *m, const struct sms_view *v, const struct sms_trailer *t)
{
    const char *from = v->p + t->start;
    size_t size = t->end - t->start + 1;

    m->component = (uint32_t) (t->component.p - from);
    m->component_size = (uint32_t) t->component.n;
    m->thread = (uint32_t) (t->thread.p - from);
    m->thread_size = (uint32_t) t->thread.n;
    m->zone = t->date.zone.n ? (uint32_t) (t->date.zone.p - from) : 0;
    m->zone_size = (uint32_t) t->date.zone.n;
    m->when = (struct when){0};
    sms_date_when(&t->date, DATE_ORDER_MDY, &m->when); /* no short date: any order */
    m->size = 0;
    if (size <= sizeof m->bytes && t->end < v->n) {
        m->size = (uint32_t) size;
        memcpy(m->bytes, from, size);
    }
}

bool
sms_frame_trailer(const struct sms_frame *frame, struct str record, struct sms_trailer *t, struct when *when)
{
    const struct sms_mark *m = frame ? &frame->mark : NULL;
    const char *from;

    if (!m || !m->end || m->end != record.n)
        return false;
    from = record.p + m->start;
    *t = (struct sms_trailer){.start = m->start, .end = m->end, .text_end = m->start, .plain = true};
    t->component = str_make(from + m->component, m->component_size);
    t->thread = str_make(from + m->thread, m->thread_size);
    *when = m->when;
    if (m->zone_size)
        when->zone = str_make(from + m->zone, m->zone_size);
    return true;
}

/* The usual record: one line that ends with its trailer; 0 for anything else.
 * Must find what record_end() finds for it. */
static size_t
record_end_quick(const struct sms_view *v, struct sms_mark *mark)
{
    size_t n = v->n < QUICK_BYTES ? v->n : QUICK_BYTES;
    const char *dollar = memchr(v->p, '$', n);
    struct sms_trailer t;
    bool same;

    if (!dollar)
        return 0;
    n = (size_t) (dollar - v->p);
    same = mark->size && v->n - n >= mark->size && memcmp(dollar, mark->bytes, mark->size) == 0;
    if ((!same && !sms_trailer_quick(v, n, &t)) || memchr(v->p, '\n', n) || memchr(v->p, '\r', n))
        return 0;
    if (!same)
        set_mark(mark, v, &t);
    mark->start = (uint32_t) n;
    mark->end = (uint32_t) (same ? n + mark->size - 1 : t.end);
    return mark->end;
}

/* Past what stands between records: white space, quote marks of mail, line
 * breaks of HTML, a byte order mark. */
static size_t
separators(struct sms_view *v)
{
    size_t i = 0;

    for (;;) {
        int c = sms_at(v, i);

        if (c < 0) {
            return i;
        } else if (str_is_space((char) c) || c == '>') {
            i++;
        } else if (c == '&' && (sms_word(v, i, "&nbsp;") || sms_word(v, i, "&gt;"))) {
            i += sms_at(v, i + 1) == 'n' ? 6 : 4;
        } else if (c == 0xef && sms_at(v, i + 1) == 0xbb && sms_at(v, i + 2) == 0xbf) {
            i += 3;
        } else if (c == '<') {
            size_t k = i + (sms_at(v, i + 1) == '/' ? 2 : 1);

            if (!sms_word(v, k, "br"))
                return i;
            k = sms_blanks(v, k + 2);
            k += sms_at(v, k) == '/';
            if (sms_at(v, k) != '>')
                return i;
            i = k + 1;
        } else {
            return i;
        }
    }
}

/* The run of NULs at the view's start: a hole that a crash left.  Its end. */
static size_t
nul_run(struct sms_view *v)
{
    size_t i = 0;

    while (i < NUL_PIECE && sms_at(v, i) == '\0')
        i++;
    return i;
}

static enum format_next
undecided(size_t skip, struct format_span *out)
{
    *out = (struct format_span){skip, 0, false};
    return skip ? FORMAT_SKIP : FORMAT_MORE;
}

/* format.next of the SMS log: see format.h. */
enum format_next
sms_frame_next(void *state, const char *p, size_t n, bool final, struct format_span *out)
{
    struct sms_frame *frame = state;
    struct sms_view v = {p, n, final, false};
    enum format_next answer = FORMAT_RECORD;
    bool piece = false;
    size_t skip, end;

    frame->mark.end = 0;
    if (!n)
        return undecided(0, out);
    skip = frame->in_line && p[0] != '\n' && p[0] != '\r' ? 0 : separators(&v);
    if (skip)
        frame->in_line = false;
    if (skip == n || v.starved)
        return undecided(skip, out);
    v = (struct sms_view){p + skip, n - skip, final, false};
    if (v.n >= FORMAT_WINDOW) {
        /* Never more, and never final, so that all chunkings see the same. */
        v.n = FORMAT_WINDOW;
        v.final = false;
    }
    if (v.p[0] == '\0') {
        end = nul_run(&v);
        answer = FORMAT_BAD;
    } else if (!(end = record_end_quick(&v, &frame->mark))) {
        end = record_end(&v, &piece);
    }
    if (v.starved && v.n == FORMAT_WINDOW) {
        end = piece_end(&v);
        piece = true;
        v.starved = false;
    }
    if (v.starved || !end)
        return undecided(skip, out);
    frame->in_line = piece;
    *out = (struct format_span){skip, end, frame->mark.end != 0};
    return answer;
}
