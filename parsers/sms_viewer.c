/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_viewer.c - finds component, time and thread of SMS records whose trailer
 * has no "$$<": what a trace viewer puts on the clipboard (tabs), the same with
 * blanks, in columns between bars, quoted in mail and filled again, a bare time
 * on its own line, a listing that begins with the component, trailers that lost
 * their brackets, and smsdpprov.log, whose lines begin with thread and time.
 * Called by sms_log.c where no "$$" trailer was found. */
#include "build.h"

#include "parsers/sms_viewer.h"

enum { NAME_MAX_BYTES = 264, FIELD_MAX = 100 };

static bool
is_gap(char c)
{
    return str_is_blank(c) || c == '\r' || c == '\n';
}

/* True when only blanks, or a quote mark of mail, are left of the line. */
static bool
line_is_over(struct sms_view *v, size_t i)
{
    size_t k = sms_blanks(v, i);

    if (sms_at(v, k) != '>')
        return sms_is_eol(sms_at(v, k));
    int after = sms_at(v, k + 1);
    return k > i && (after == ' ' || sms_is_eol(after));
}

/* The first word of a name that ends at 'e' and whose last word is "Agent". */
static size_t
agent_start(const char *p, size_t word, size_t e)
{
    static const struct str names[] = {
        STR("Hardware Inventory Agent"),
        STR("Software Inventory Agent"),
        STR("Remote Control Agent"),
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct str name = names[i];

        if (e >= name.n && str_eq(str_make(p + e - name.n, name.n), name)
            && (e == name.n || is_gap(p[e - name.n - 1])))
            return e - name.n;
    }
    return word;
}

/* Takes the word, or the brackets' content, before the date at 'i' as the
 * component.  False, with t->start = i, when it cannot be a name. */
static bool
component_before(const struct sms_view *v, size_t i, bool strong, struct sms_trailer *t)
{
    const char *p = v->p;
    size_t e = i, k;
    unsigned wraps = 0;
    bool bracket = false;

    for (; e && (is_gap(p[e - 1]) || p[e - 1] == '<' || p[e - 1] == '>') && i - e < 64; e--) {
        wraps += p[e - 1] == '\n';
        bracket = bracket || p[e - 1] == '>';
    }
    t->start = i;
    if (e == i || wraps > 2)
        return false;
    k = e;
    if (bracket) {
        while (k && e - k < NAME_MAX_BYTES && !memchr("<>$\r\n", p[k - 1], 5))
            k--;
        if (k && p[k - 1] == '<' && k < e) {
            t->component = str_make(p + k, e - k);
            t->start = k - 1;
            return true;
        }
    }
    for (k = e; k && e - k < NAME_MAX_BYTES && !is_gap(p[k - 1]) && !memchr("<>|$", p[k - 1], 4);)
        k--;
    size_t agent = agent_start(p, k, e);
    if (agent == k && !sms_is_name(str_make(p + k, e - k), strong))
        return false;
    t->component = str_make(p + agent, e - agent);
    t->start = agent - (agent && p[agent - 1] == '<');
    return true;
}

/* "COMPONENT Fri Dec 17 18:02:16.791 1999 Zone thread=..." with any brackets
 * that are left; the date is at 'i'. */
static enum sms_found
long_at(struct sms_view *v, size_t i, struct sms_trailer *t)
{
    bool damaged = true;
    enum sms_found found = SMS_NONE;

    *t = (struct sms_trailer){.damaged = true};
    size_t end = sms_date_at(v, i, &t->date, &damaged), at;
    if (end == i || !t->date.timed)
        return SMS_NONE;
    at = sms_between(v, end);
    if (sms_thread_begins(v, at)) {
        found = sms_thread(v, at, t);
        if (found != SMS_NONE && !component_before(v, i, false, t) && i && v->p[i - 1] == '<')
            t->start = i - 1;
        return found;
    }
    if (!t->date.dated || !component_before(v, i, true, t))
        return SMS_NONE;
    return sms_cut(v, end, t);
}

/* A thread after a short date: "DEC (0xHEX)", or bare hexadecimal digits that
 * end the line or the field.  'i' for none. */
static size_t
short_thread(struct sms_view *v, size_t i, bool wrapped)
{
    size_t k = sms_thread_pair(v, i);
    bool digit = false;

    if (k != i)
        return k;
    for (; k - i < 9; k++) {
        if (!sms_is_hex_at(v, k))
            break;
        digit = digit || sms_is_digit_at(v, k);
    }
    if (k == i || k - i > 8 || (wrapped && !digit))
        return i;
    return line_is_over(v, k) || (!wrapped && sms_at(v, k) == '\t') ? k : i;
}

/* The field between tabs or bars that ends before 'e'. */
static size_t
field_start(const char *p, size_t from, size_t e, char mark)
{
    size_t k = e;

    while (k > from && p[k - 1] != mark && e - k <= NAME_MAX_BYTES)
        k--;
    return k;
}

/* What stands before the short date at 'i' of the line from 'from'. */
enum before { BEFORE_TAB, BEFORE_BAR, BEFORE_LINE, BEFORE_BLANK, BEFORE_OTHER };

static enum before
before_date(const char *p, size_t from, size_t i)
{
    size_t k = i;

    while (k > from && p[k - 1] == ' ')
        k--;
    if (k > from && p[k - 1] == '\t')
        return BEFORE_TAB;
    if (k > from && p[k - 1] == '|')
        return BEFORE_BAR;
    while (k > from && (str_is_blank(p[k - 1]) || p[k - 1] == '>'))
        k--;
    if (k == from)
        return BEFORE_LINE;
    return p[i - 1] == ' ' ? BEFORE_BLANK : BEFORE_OTHER;
}

/* The component in the field before the date, with 'mark' between fields. */
static void
component_field(const struct sms_view *v, size_t from, size_t i, char mark, bool first, struct sms_trailer *t)
{
    size_t e = i, k;

    while (e > from && v->p[e - 1] != mark)
        e--;
    t->start = e;
    if (e == from)
        return;
    k = field_start(v->p, from, e - 1, mark);
    struct str name = str_trim(str_make(v->p + k, e - 1 - k));
    if (mark == '|' && name.n && name.p[name.n - 1] == '\\')
        name = str_trim(str_make(name.p, name.n - 1)); /* Markdown's "\|" */
    if (!name.n || name.n > FIELD_MAX || (k == from && first && !sms_is_name(name, false)))
        return;
    t->component = name;
    t->start = k - (k > from && mark == '|');
    if (mark == '|' && t->start > from && v->p[t->start - 1] == '\\')
        t->start--;
}

/* The thread after the date that ends at 'end', and with it the trailer. */
static enum sms_found
short_end(struct sms_view *v, size_t end, enum before before, struct sms_trailer *t)
{
    unsigned lines;
    size_t k = sms_gap(v, end, &lines), thread;

    if (before == BEFORE_BAR) {
        k += sms_at(v, k) == '\\' && sms_at(v, k + 1) == '|';
        if (sms_at(v, k) == '|')
            k = sms_blanks(v, k + 1);
    }
    thread = t->date.timed && lines <= 1 && k > end ? short_thread(v, k, lines > 0) : k;
    if (thread != k) {
        t->thread = str_make(v->p + k, thread - k);
        t->damaged = t->damaged || lines;
        t->end = thread;
        k = sms_blanks(v, thread);
        if (before == BEFORE_BAR && sms_at(v, k) == '|' && sms_is_eol(sms_at(v, sms_blanks(v, k + 1))))
            t->end = k + 1; /* the table's right edge */
        return SMS_WHOLE;
    }
    t->end = end;
    return line_is_over(v, end) || (before == BEFORE_TAB && sms_at(v, end) == '\t') ? SMS_CUT : SMS_NONE;
}

/* The trailer around the short date at 'i' in the line from 'from'. */
static enum sms_found
short_at(struct sms_view *v, size_t from, size_t i, bool first, struct sms_trailer *t)
{
    enum before before = before_date(v->p, from, i);
    bool named;

    *t = (struct sms_trailer){.start = i};
    if (before == BEFORE_OTHER)
        return SMS_NONE;
    size_t end = sms_date_short(v, i, before != BEFORE_BLANK, &t->date, &t->damaged);
    if (end == i)
        return SMS_NONE;
    enum sms_found found = short_end(v, end, before, t);
    if (found == SMS_NONE)
        return found;
    if (before == BEFORE_TAB || before == BEFORE_BAR) {
        component_field(v, from, i, before == BEFORE_TAB ? '\t' : '|', first, t);
        return t->date.timed ? found : SMS_NONE;
    }
    t->damaged = true;
    bool paired = t->thread.n && memchr(t->thread.p, '(', t->thread.n);
    named = component_before(v, i, !paired || before == BEFORE_LINE, t);
    if (named)
        return found;
    return before == BEFORE_LINE && t->date.timed ? found : SMS_NONE;
}

/* "COMPONENT DEC (0xHEX)" that ends a line, the name at 'i': the time, if there
 * is one, stands before the text. */
static enum sms_found
undated_at(struct sms_view *v, size_t i, size_t to, struct sms_trailer *t)
{
    struct sms_date d;
    unsigned lines;
    bool damaged;
    size_t k = i, at, end;

    while (k < to && k - i < NAME_MAX_BYTES && !str_is_space(v->p[k]))
        k++;
    if (!sms_is_name(str_make(v->p + i, k - i), true))
        return SMS_NONE;
    at = sms_gap(v, k, &lines);
    end = lines <= 1 ? sms_thread_pair(v, at) : at;
    if (end == at || !line_is_over(v, end))
        return SMS_NONE;
    *t = (struct sms_trailer){.start = i, .end = end, .damaged = true};
    t->component = str_make(v->p + i, k - i);
    t->thread = str_make(v->p + at, end - at);
    k = sms_date_short(v, 0, true, &d, &damaged);
    if (k && k < i && d.timed) {
        t->date = d;
        t->text_from = sms_gap(v, k, &lines);
    }
    return SMS_WHOLE;
}

enum sms_found
sms_viewer_find(struct sms_view *v, size_t from, size_t to, bool first, struct sms_trailer *t)
{
    const char *p = v->p;

    for (size_t i = from; i < to && !v->starved; i++) {
        bool digit = str_is_digit(p[i]);
        enum sms_found found = SMS_NONE;

        if (!digit && !(p[i] >= 'A' && p[i] <= 'Z'))
            continue;
        if (i > from && (str_is_alnum(p[i - 1]) || memchr("/=-_:.", p[i - 1], 6)))
            continue;
        if (digit && i + 5 < to && (memchr(p + i, '/', 5) || memchr(p + i, '.', 5) || memchr(p + i, '-', 5)))
            found = short_at(v, from, i, first, t);
        if (found == SMS_NONE && sms_date_begins(v, i))
            found = long_at(v, i, t);
        if (found == SMS_NONE && !digit)
            found = undated_at(v, i, to, t);
        if (found != SMS_NONE)
            return found;
    }
    return SMS_NONE;
}

/* --- listings: what stands before the text -------------------------------- */

/* Past blanks, tabs and the stars of Markdown. */
static size_t
skip_stars(struct sms_view *v, size_t i, bool *damaged)
{
    for (;;) {
        int c = sms_at(v, i);

        if (c == ' ' || c == '\t') {
            i++;
        } else if (c == '*' && sms_at(v, i + 1) == '*') {
            i += 2;
            *damaged = true;
        } else {
            return i;
        }
    }
}

/* The end of the name at 'i', in which Markdown may have put a backslash
 * before an underscore; 'i' for none. */
static size_t
head_name(struct sms_view *v, size_t i, bool *strong, bool *damaged)
{
    size_t k = i, under = 0, escaped = 0;

    for (; k - i < FIELD_MAX; k++) {
        int c = sms_at(v, k);

        if (c == '\\' && sms_at(v, k + 1) == '_')
            escaped++;
        else if (c == '_')
            under++;
        else if (c < 0 || !str_is_alnum((char) c))
            break;
    }
    int after = sms_at(v, k);
    if (k - i < 3 || (after >= 0 && !str_is_blank((char) after) && after != '*'))
        return i;
    *strong = escaped ? under > 0 && v->p[i] >= 'A' && v->p[i] <= 'Z'
                      : sms_is_name(str_make(v->p + i, k - i), true);
    if (escaped)
        *damaged = true;
    return *strong || sms_is_name(str_make(v->p + i, k - i), false) ? k : i;
}

/* After a date in front: the component and the thread at the end of the line
 * that ends at 'to'. */
static void
head_tail(const struct sms_view *v, size_t from, size_t to, struct sms_trailer *t)
{
    const char *p = v->p;
    size_t e = to, k, name;

    while (e > from && str_is_blank(p[e - 1]))
        e--;
    k = e;
    if (k > from && p[k - 1] == ')')
        while (k > from && p[k - 1] != '(')
            k--;
    while (k > from && (p[k - 1] == '(' || str_is_blank(p[k - 1])))
        k--;
    while (k > from && str_hex_value(p[k - 1]) >= 0)
        k--;
    name = k;
    while (name > from && str_is_blank(p[name - 1]))
        name--;
    size_t start = name;
    while (start > from && !str_is_blank(p[start - 1]))
        start--;
    if (k == e || name == k || !sms_is_name(str_make(p + start, name - start), true))
        return;
    t->component = str_make(p + start, name - start);
    t->thread = str_make(p + k, e - k);
    t->text_end = start;
}

/* A bare thread that is a field of its own, between tabs; 'from' is where the
 * field before it ends.  'i' for none. */
static size_t
head_hex(struct sms_view *v, size_t from, size_t i)
{
    size_t k = i;

    while (k - i < 9 && sms_is_hex_at(v, k))
        k++;
    return i > from && v->p[from] == '\t' && k - i <= 8 && sms_at(v, k) == '\t' ? k : i;
}

/* "[HEX][Www M/D/YYYY H:MM:SS]:", with which the provider on a distribution point
 * begins the lines of smsdpprov.log; it names no component. */
static bool
head_bracketed(struct sms_view *v, size_t from, struct sms_trailer *t)
{
    size_t i = from + 1, k = i, end;
    bool damaged = false;

    if (sms_at(v, from) != '[')
        return false;
    while (k - i < 9 && sms_is_hex_at(v, k))
        k++;
    if (k == i || k - i > 8 || sms_at(v, k) != ']' || sms_at(v, k + 1) != '[')
        return false;
    t->thread = str_make(v->p + i, k - i);
    k += 2;
    for (int letter = 0; letter < 3; letter++, k++)
        if (sms_at(v, k) < 0 || !str_is_alnum(v->p[k]) || str_is_digit(v->p[k]))
            return false;
    k = sms_blanks(v, k);
    end = sms_date_short(v, k, true, &t->date, &damaged);
    if (end == k || damaged || !t->date.timed || sms_at(v, end) != ']' || sms_at(v, end + 1) != ':')
        return false;
    t->end = sms_blanks(v, end + 2);
    return true;
}

bool
sms_viewer_head(struct sms_view *whole, size_t from, size_t to, struct sms_trailer *t)
{
    struct sms_view line = {whole->p, to, true, false}, *v = &line;
    bool strong = false, date_first = false;
    size_t i = from;

    *t = (struct sms_trailer){.start = from, .text_end = to, .head = true};
    if (head_bracketed(v, from, t))
        return true;
    *t = (struct sms_trailer){.start = from, .text_end = to, .head = true};
    for (int part = 0; part < 3; part++) {
        bool damaged = false;
        struct sms_date d;
        size_t k = skip_stars(v, i, &damaged), e;

        if (!t->thread.n && ((e = sms_thread_pair(v, k)) != k || (date_first && (e = head_hex(v, i, k)) != k)))
            t->thread = str_make(v->p + k, e - k);
        else if (!t->date.timed && ((e = sms_date_short(v, k, true, &d, &damaged)) != k
                                    || (e = sms_date_at(v, k, &d, &damaged)) != k)
                 && d.timed) {
            t->date = d;
            date_first = date_first || !part;
        } else if (!t->component.n && (e = head_name(v, k, &strong, &damaged)) != k)
            t->component = str_make(v->p + k, e - k);
        else
            break;
        t->damaged = t->damaged || damaged;
        i = e;
    }
    bool over = sms_blanks(v, i) == to;
    if (date_first && !t->component.n && !t->thread.n && !over)
        head_tail(v, i, to, t);
    t->end = sms_blanks(v, i);
    if (t->end > t->text_end)
        t->text_end = t->end;
    if (t->date.timed)
        return t->component.n && (strong || t->thread.n)
               && (date_first ? !over || t->thread.n : !over && t->thread.n);
    return t->component.n && t->thread.n;
}
