/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_trailer.c - the trailer "$$<COMPONENT><TIME><thread=THREAD>" of an SMS
 * log record: SMS 1.x, SMS 2.0 to 2007, and 2012 on; whole, wrapped, quoted in
 * mail, passed through HTML, misprinted or cut.  Called by sms_log.c for
 * framing and for parsing.  Reads left to right from the dollar sign; decides
 * nothing about the text before it. */
#include "build.h"

#include "parsers/sms_trailer.h"

enum {
    CUT_MAX = 96,        /* bytes of brackets and dots after a cut trailer */
    COMPONENT_MAX = 264, /* a Windows path */
    COMPONENT_WORDS = 4, /* of a component without brackets */
    VALUE_MAX = 40,
    RESIDUE_TAGS = 8,
    TORN_MAX = 32,
    UNREADABLE_MAX = 64 /* bytes of a date that is none */
};

/* Beside letters and digits, what a piece of a date can hold. */
static const char torn_date[] = " :.-+~";

/* Dots that stand for a part that was left out: 0 or their length. */
static size_t
elision(struct sms_view *v, size_t i)
{
    size_t k = 0;

    if (sms_at(v, i) == 0xe2 && sms_at(v, i + 1) == 0x80 && sms_at(v, i + 2) == 0xa6)
        return 3;
    if (sms_at(v, i) == 0x85)
        return 1;
    while (k < 8 && sms_at(v, i + k) == '.')
        k++;
    return k >= 2 ? k : 0;
}

bool
sms_thread_begins(struct sms_view *v, size_t i)
{
    return sms_at(v, i) == 't' && sms_word(v, i, "thread=");
}

/* "(0xHEX)" at 'i'; 'i' for none. */
static size_t
hex_pair(struct sms_view *v, size_t i)
{
    unsigned lines;
    size_t k = i + 3;

    if (sms_at(v, i) != '(' || sms_at(v, i + 1) != '0' || (sms_at(v, i + 2) | 0x20) != 'x')
        return i;
    while (k - i < 16 && sms_is_hex_at(v, k))
        k++;
    if (k == i + 3)
        return i;
    k = sms_gap(v, k, &lines);
    return sms_at(v, k) == ')' ? k + 1 : i;
}

size_t
sms_thread_pair(struct sms_view *v, size_t i)
{
    size_t k = i, digits;
    unsigned lines;

    while (k - i < 12 && sms_at(v, k) >= '0' && sms_at(v, k) <= '9')
        k++;
    digits = k;
    if (digits == i)
        return i;
    k = sms_gap(v, k, &lines);
    size_t end = lines <= 2 ? hex_pair(v, k) : k;
    return end == k ? i : end;
}

/* Skips "<BR/>" and its like after the last bracket; such residue belongs to
 * the trailer, for the record to be marked. */
static size_t
residue(struct sms_view *v, size_t i)
{
    for (int tags = 0; tags < RESIDUE_TAGS; tags++) {
        size_t k = sms_blanks(v, i);

        if (sms_at(v, k) != '<')
            return i;
        k += sms_at(v, k + 1) == '/' ? 2 : 1;
        if (!sms_word(v, k, "br"))
            return i;
        k = sms_blanks(v, k + 2);
        if (sms_at(v, k) == '/')
            k++;
        if (sms_at(v, k) != '>')
            return i;
        i = k + 1;
    }
    return i;
}

/* The end of a thread's value that starts at 'i': hexadecimal digits with or
 * without "(0xHEX)", else what stands before a '>' on the same line. */
static size_t
thread_value(struct sms_view *v, size_t i)
{
    size_t k = i, pair = sms_thread_pair(v, i);
    char which;

    if (pair != i)
        return pair;
    while (k - i < 12 && sms_is_hex_at(v, k))
        k++;
    int c = sms_at(v, k);
    if (k > i && (sms_is_eol(c) || c == ' ' || c == '\t' || sms_bracket(v, k, &which))) {
        size_t after = sms_blanks(v, k);

        if (sms_is_eol(sms_at(v, after)) || sms_bracket(v, after, &which))
            return k;
    }
    for (size_t j = i; j - i < VALUE_MAX; j++) {
        c = sms_at(v, j);
        if (sms_is_eol(c) || c == '<' || c == '$')
            break;
        if (sms_bracket(v, j, &which))
            return j;
    }
    return k;
}

/* What is left of a trailer that was torn off: the rest of the line at 'i', when
 * it is short and of 'bytes' alone.  Its end, or 'i'. */
static size_t
torn(struct sms_view *v, size_t i, const char *bytes)
{
    for (size_t k = i; k - i < TORN_MAX; k++) {
        int c = sms_at(v, k);

        if (sms_is_eol(c))
            return k;
        if (c == 0 || (!strchr(bytes, c) && !(bytes == torn_date && str_is_alnum((char) c))))
            break;
    }
    return i;
}

enum sms_found
sms_thread(struct sms_view *v, size_t i, struct sms_trailer *t)
{
    unsigned lines;
    size_t from = i + 7, value = sms_gap(v, from, &lines), end, k;
    char which;

    if (lines > 1)
        return SMS_NONE;
    end = thread_value(v, value);
    if (memchr(v->p + i, '\n', end - i) || memchr(v->p + i, '\r', end - i) || value != from)
        t->damaged = true;
    k = sms_blanks(v, end);
    size_t closing = sms_bracket(v, k, &which);
    if (which != '>')
        closing = 0;
    if (!closing && sms_is_eol(sms_at(v, k)) && sms_at(v, k) >= 0) {
        /* A bracket alone on the next line closes it, too. */
        size_t next = sms_blanks(v, sms_skip_eol(v, k));

        if (sms_at(v, next) == '>' && sms_is_eol(sms_at(v, sms_blanks(v, next + 1)))) {
            k = next;
            closing = 1;
            t->damaged = true;
        }
    }
    if (!closing && end == value) {
        /* Cut right here, or no trailer. */
        t->damaged = true;
        t->end = from;
        return sms_is_eol(sms_at(v, sms_blanks(v, from))) ? SMS_CUT : SMS_NONE;
    }
    t->thread = end > value ? str_make(v->p + value, end - value) : STR_NONE;
    if (closing != 1 || k != end || end == value)
        t->damaged = true;
    t->end = closing ? k + closing : end;
    if (!closing && sms_at(v, k) == '(')
        t->end = torn(v, k, "(0123456789xABCDEFabcdef"); /* "175 (0x1" */
    k = residue(v, t->end);
    if (k != t->end)
        t->damaged = true;
    t->end = k;
    return SMS_WHOLE;
}

enum sms_found
sms_cut(struct sms_view *v, size_t i, struct sms_trailer *t)
{
    for (size_t bound = i + CUT_MAX; i < bound;) {
        char which;
        size_t k = sms_bracket(v, i, &which);
        int c = sms_at(v, i);

        if (sms_is_eol(c)) {
            t->end = i;
            t->damaged = true;
            return SMS_CUT;
        }
        if (!k)
            k = elision(v, i);
        if (!k)
            k = residue(v, i) - i;
        if (!k && c != ' ' && c != '\t')
            return SMS_NONE;
        i += k ? k : 1;
    }
    return SMS_NONE;
}

/* Like sms_cut(), after a date: a part of the year, or of "<thread=", may still
 * be there. */
static enum sms_found
cut_after_date(struct sms_view *v, size_t i, struct sms_trailer *t)
{
    size_t k = torn(v, i, "0123456789.+-~ ");

    if (k == i && !sms_is_eol(sms_at(v, i)))
        k = torn(v, i, "<> thread=");
    return sms_cut(v, k, t);
}

/* Where a component ends, and how. */
struct component_end {
    size_t end;
    bool closed; /* by a bracket */
    bool lost;   /* by the end of the data, or of what a name can be */
    size_t line; /* where its first line ends, if it is wrapped */
};

/* Reads a component from 'i' up to a bracket, a date or "thread=". */
static struct component_end
component_at(struct sms_view *v, size_t i, bool bracketed)
{
    struct component_end e = {.end = i};
    unsigned words = 1, lines, wraps = 0;
    char which;

    for (size_t k = i; k - i < COMPONENT_MAX;) {
        int c = sms_at(v, k);

        if (c == ' ' || sms_is_eol(c) || c == '\t') {
            size_t next = sms_gap(v, k, &lines);

            if (lines && !e.line)
                e.line = k;
            wraps += lines;
            if (sms_at(v, next) < 0 || wraps > 2)
                break;
            if (sms_bracket(v, next, &which)) {
                e.closed = true;
                return e;
            }
            if (sms_date_begins(v, next) || sms_thread_begins(v, next))
                return e;
            if (!bracketed && ++words > COMPONENT_WORDS)
                break;
            k = next;
        } else if (sms_bracket(v, k, &which)) {
            e.closed = true;
            return e;
        } else if (c == '$' && !bracketed) {
            break;
        } else {
            e.end = ++k;
        }
    }
    e.lost = true;
    return e;
}

/* Past what is no date, up to a bracket on the same line and beyond it, when
 * "thread=" stands there; else 0. */
static size_t
unreadable(struct sms_view *v, size_t i)
{
    char which;

    for (size_t k = i; k - i < UNREADABLE_MAX && !sms_is_eol(sms_at(v, k)) && sms_at(v, k) != '$'; k++) {
        if (sms_bracket(v, k, &which)) {
            k = sms_between(v, k);
            return sms_thread_begins(v, k) ? k : 0;
        }
    }
    return 0;
}

/* The date between component and thread; '*at' moves past it.  SMS_WHOLE to go
 * on to "thread=", else the trailer ends here as said. */
static enum sms_found
date_part(struct sms_view *v, size_t *at, bool opened, struct sms_trailer *t)
{
    size_t i = *at, dots = elision(v, i), end;

    if (dots) {
        t->damaged = true;
        *at = sms_between(v, i + dots);
        return sms_thread_begins(v, *at) ? SMS_WHOLE : sms_cut(v, i, t);
    }
    end = sms_date_at(v, i, &t->date, &t->damaged);
    *at = sms_between(v, end);
    if (end != i && (dots = elision(v, *at)) != 0) {
        t->damaged = true;
        *at = sms_between(v, *at + dots);
    }
    if (end != i && sms_thread_begins(v, *at)) {
        if (*at - end != 2 || memcmp(v->p + end, "><", 2) != 0)
            t->damaged = true;
        return SMS_WHOLE;
    }
    if (opened && (*at = unreadable(v, end)) != 0) {
        t->damaged = true;
        return SMS_WHOLE;
    }
    return end != i ? cut_after_date(v, end, t) : SMS_NONE;
}

/* From the component at 'i' on.  'pair' is false for a single dollar sign. */
static enum sms_found
from_component(struct sms_view *v, size_t i, bool pair, bool bracketed, struct sms_trailer *t)
{
    struct component_end e = component_at(v, i, bracketed);
    size_t at = sms_between(v, e.end);
    bool plain = at - e.end == 2 && memcmp(v->p + e.end, "><", 2) == 0;
    enum sms_found found = SMS_NONE;
    struct sms_trailer cut;

    if (e.lost) {
        /* It breaks off inside the name: what is left may not be the name. */
        size_t end = e.line ? e.line : e.end;

        return pair && bracketed && end > i ? sms_cut(v, end, t) : SMS_NONE;
    }
    if (e.end > i)
        t->component = str_make(v->p + i, e.end - i);
    if (!plain || e.line)
        t->damaged = true;
    cut = *t;
    if (sms_thread_begins(v, at)) {
        t->damaged = true;
        found = SMS_WHOLE;
    } else {
        found = date_part(v, &at, e.closed, t);
        if (found == SMS_CUT)
            return found;
    }
    if (found == SMS_WHOLE)
        found = sms_thread(v, at, t);
    if (found != SMS_NONE)
        return found;
    /* Only the component is left of it. */
    *t = cut;
    if (!e.closed || !(pair || sms_is_name(cut.component, true)))
        return SMS_NONE;
    found = sms_cut(v, e.end, t);
    if (found != SMS_NONE || !pair || sms_at(v, e.end) != '>' || sms_at(v, e.end + 1) != '<')
        return found;
    return sms_cut(v, torn(v, e.end + 2, torn_date), t);
}

enum sms_found
sms_trailer_dollar(struct sms_view *v, size_t i, struct sms_trailer *t)
{
    bool pair = sms_at(v, i + 1) == '$';
    size_t from = i + (pair ? 2 : 1), at;
    char which;

    *t = (struct sms_trailer){.start = i, .end = i};
    if ((pair && sms_at(v, i + 2) == '$') || (!pair && i && v->p[i - 1] == '$'))
        return SMS_NONE;
    bool bracketed = sms_bracket(v, from, &which) != 0;
    if (!pair && which != '<')
        return SMS_NONE;
    at = sms_between(v, from);
    if (at != from + 1 || sms_at(v, from) != '<' || !pair)
        t->damaged = true;
    if (pair && !bracketed && i && v->p[i - 1] == '<') {
        t->start--;
        bracketed = true;
    }
    return from_component(v, at, pair, bracketed || at != from, t);
}

/* The end of the hexadecimal digits at 'i'. */
static inline size_t
hex_run(const struct sms_view *v, size_t i)
{
    size_t bound = v->n - i < 12 ? v->n : i + 12;

    while (i < bound && sms_is(v->p[i], SMS_HEX))
        i++;
    return i;
}

/* The thread of a whole trailer, "HEX>" or "DEC (0xHEX)>" at 'i'; returns the
 * place after '>' or 0. */
static size_t
quick_thread(const struct sms_view *v, size_t i, struct sms_trailer *t)
{
    const char *p = v->p;
    size_t n = v->n, k = hex_run(v, i);

    if (k == i || k >= n)
        return 0;
    if (n - k > 4 && memcmp(p + k, " (0x", 4) == 0) {
        size_t hex = k + 4;

        for (size_t d = i; d < k; d++)
            if (!str_is_digit(p[d]))
                return 0;
        k = hex_run(v, hex);
        if (k == hex || k >= n || p[k++] != ')' || k >= n)
            return 0;
    }
    if (p[k] != '>')
        return 0;
    t->thread = str_make(p + i, k - i);
    return k + 1;
}

bool
sms_trailer_quick(const struct sms_view *v, size_t i, struct sms_trailer *t)
{
    static const char thread[] = "><thread=";
    const char *p = v->p;
    size_t n = v->n, k = i + 3, bound = n - i < 128 ? n : i + 128, end;

    if (n - i < 32 || p[i + 1] != '$' || p[i + 2] != '<')
        return false;
    while (k < bound && sms_is(p[k], SMS_NAME))
        k++;
    if (k == i + 3 || n - k < 24 || p[k] != '>' || p[k + 1] != '<')
        return false;
    t->component = str_make(p + i + 3, k - i - 3);
    end = sms_date_quick(v, k + 2, &t->date);
    if (!end || n - end < sizeof thread || memcmp(p + end, thread, sizeof thread - 1) != 0)
        return false;
    end = quick_thread(v, end + sizeof thread - 1, t);
    if (!end || (end == n ? !v->final : p[end] != '\r' && p[end] != '\n'))
        return false;
    t->start = i;
    t->end = end;
    t->text_from = 0;
    t->text_end = i;
    t->plain = true;
    t->damaged = false;
    t->head = false;
    return true;
}

/* "C:\WINNT\MS\SMS\CORE\BIN\CLISVCL.EXE" */
static bool
is_program(struct str s)
{
    return s.n > 5 && memchr(s.p, '\\', s.n)
           && (str_case_eq(str_skip(s, s.n - 4), STR(".exe"))
               || str_case_eq(str_skip(s, s.n - 4), STR(".dll")));
}

bool
sms_is_name(struct str s, bool strong)
{
    size_t upper = 0, under = 0;

    if (s.n < 3 || s.n > 100 || str_lower_char(s.p[0]) == str_upper_char(s.p[0]))
        return false;
    if (is_program(s))
        return true;
    for (size_t i = 0; i < s.n; i++) {
        if (!str_is_alnum(s.p[i]) && s.p[i] != '_')
            return false;
        under += s.p[i] == '_';
        upper += s.p[i] >= 'A' && s.p[i] <= 'Z';
    }
    if (strong)
        return under && s.n > 4 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[s.n - 1] != '_';
    return upper >= 2 || (under && upper);
}
