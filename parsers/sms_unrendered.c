/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_unrendered.c - the sentence that Windows shows in place of a message
 * whose DLL it has not: number, source and insertion strings out of it.
 * Called by sms_event.c.  What the strings mean is not asked here.
 *
 *   NT 3 and 4   ... insertion string(s): A, B, C.
 *   2000 to 2003 ... information is part of the event: A, B, C.
 *   Vista on     ... information was included with the event: (blank line)
 *                A, B, C a line each, (blank line) why there is no message
 *
 * Comma forms show a blank string as nothing between two commas.  The last form
 * shows it as an empty line, which counts only where both blank lines around
 * the list stand as Windows writes them: mail and web pages add and drop some. */
#include "build.h"

#include "parsers/sms_event.h"

/* A reason has at least these words: a string of digits or a path is none. */
enum { REASON_BLANKS = 3 };

/* True when 'text' ends with 'phrase': case folded, a blank for any gap. */
static bool
ends_with(struct str text, struct str phrase)
{
    size_t i = text.n, k = phrase.n;

    while (k > 0) {
        size_t gap = i;

        if (i == 0)
            return false;
        if (phrase.p[k - 1] != ' ') {
            if (str_lower_char(text.p[--i]) != str_lower_char(phrase.p[--k]))
                return false;
            continue;
        }
        while (i > 0 && sms_is_gap(text.p[i - 1]))
            i--;
        if (i == gap)
            return false;
        k--;
    }
    return true;
}

/* Offset behind the first 'phrase' in 'text', text.n when it is not there.  A
 * blank in the phrase stands for any gap. */
static size_t
find_behind(struct str text, struct str phrase)
{
    for (size_t end = 1; end <= text.n; end++)
        if (str_lower_char(text.p[end - 1]) == str_lower_char(phrase.p[phrase.n - 1])
            && ends_with(str_make(text.p, end), phrase))
            return end;
    return text.n;
}

static void
add_insert(struct sms_frame *out, struct str s)
{
    if (out->n_inserts < SMS_INSERTS_MAX)
        out->insert[out->n_inserts++] = str_trim(s);
}

/* Strings are divided by a comma and a blank, so that "1,024" is one; where no
 * comma has a blank behind it, by commas. */
static void
read_comma_list(struct str list, struct sms_frame *out)
{
    size_t from = 0;
    bool blanks = false;

    list = str_trim(list);
    if (list.n && list.p[list.n - 1] == '.')
        list.n--;
    for (size_t i = 0; i + 1 < list.n; i++)
        blanks = blanks || (list.p[i] == ',' && sms_is_gap(list.p[i + 1]));
    for (size_t i = 0; i < list.n; i++) {
        if (list.p[i] != ',' || (blanks && i + 1 < list.n && list.p[i + 1] != ',' && !sms_is_gap(list.p[i + 1])))
            continue;
        add_insert(out, str_make(list.p + from, i - from));
        from = i + 1;
    }
    add_insert(out, str_make(list.p + from, list.n - from));
}

/* One line of 's' without its end and the blanks around it. */
static struct str
take_line(struct str *s)
{
    size_t n = str_find_char(*s, '\n');
    struct str line = str_trim(str_make(s->p, n));

    *s = str_skip(*s, n < s->n ? n + 1 : n);
    return line;
}

/* Words of a sentence, not a value. */
static bool
is_reason(struct str line)
{
    unsigned blanks = 0;

    if (!line.n || !str_is_alnum(line.p[0]) || str_is_digit(line.p[0]) || str_find_char(line, '=') < line.n)
        return false;
    for (size_t i = 0; i < line.n; i++)
        blanks += line.p[i] == ' ';
    return blanks >= REASON_BLANKS;
}

/* The shape of the last form's list. */
struct line_list {
    struct str strings; /* from the first that is not blank to before the reason */
    bool framed;        /* one blank line before it, and one and a reason behind */
    bool spread;        /* a blank line behind every string: the page's, not Windows' */
};

static struct line_list
look_at_lines(struct str list)
{
    struct line_list l = {.spread = true};
    struct str rest = list, end;
    unsigned gaps = 0, strings = 0, blank = 0;

    while (rest.n && !take_line(&rest).n) {
        gaps++;
        list = rest;
    }
    l.strings = end = str_make(list.p, 0);
    for (rest = list; rest.n;) {
        struct str line = take_line(&rest);

        if (!line.n) {
            blank++;
            continue;
        }
        if (strings && blank && !str_trim(rest).n && is_reason(line)) {
            l.framed = gaps == 2; /* the rest of the colon's line is one */
            break;
        }
        l.spread = l.spread && (!strings || blank == 1);
        strings++;
        blank = 0;
        end = str_make(list.p, (size_t) (line.p + line.n - list.p));
    }
    l.strings = end;
    if (!l.framed)
        return l;
    l.spread = l.spread && strings > 1 && blank == 1;
    /* All blank lines but the one before the reason are strings. */
    rest = str_skip(list, end.n);
    take_line(&rest);
    while (--blank)
        take_line(&rest);
    l.strings.n = (size_t) (rest.p - list.p);
    return l;
}

static void
read_line_list(struct str list, struct sms_frame *out)
{
    struct line_list l = look_at_lines(list);

    while (l.strings.n) {
        struct str line = take_line(&l.strings);

        if (line.n || (l.framed && !l.spread))
            add_insert(out, line);
    }
}

/* A value in brackets, ( 109 ), or behind a word, ID 109 from source SMS. */
static struct str
value_after(struct str text, struct str word)
{
    size_t n = 0;
    bool bracket;

    text = str_trim(str_skip(text, find_behind(text, word)));
    bracket = text.n && text.p[0] == '(';
    if (bracket)
        text = str_trim(str_skip(text, 1));
    while (n < text.n && (bracket ? text.p[n] != ')' : !str_is_space(text.p[n])))
        n++;
    return str_trim(str_make(text.p, n));
}

/* The 16-bit number of the event. */
static void
read_id(struct str id, struct sms_frame *out)
{
    uint32_t v = 0;

    if (!id.n || id.n > 10 || out->number_known)
        return;
    for (size_t i = 0; i < id.n; i++) {
        if (!str_is_digit(id.p[i]))
            return;
        v = v * 10 + (uint32_t) (id.p[i] - '0');
    }
    if (id.n > 5 || v > UINT16_MAX)
        return;
    out->number_known = true;
    out->number = (uint16_t) v;
}

size_t
sms_unrendered_read(struct str text, struct sms_frame *out)
{
    static const struct str comma[] = {{"insertion string(s):", 20}, {"part of the event:", 18}};
    static const struct str lines = {"included with the event:", 24};

    for (size_t at = 0; at < text.n; at++) {
        struct str head = str_make(text.p, at + str_find_char(str_skip(text, at), ':') + 1), source;
        bool by_line;

        if (head.n > text.n)
            return text.n;
        at = head.n - 1;
        by_line = ends_with(head, lines);
        if (!by_line && !ends_with(head, comma[0]) && !ends_with(head, comma[1]))
            continue;
        read_id(value_after(head, STR("Event ID")), out);
        source = value_after(head, STR("Source"));
        if (!str_has(out->source) && source.n && str_find_char(source, '<') == source.n)
            out->source = source;
        out->unrendered = true;
        if (by_line)
            read_line_list(str_skip(text, head.n), out);
        else
            read_comma_list(str_skip(text, head.n), out);
        return head.n;
    }
    return text.n;
}
