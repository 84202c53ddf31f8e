/* SPDX-License-Identifier: BSD-2-Clause
 *
 * signature_word.c - a word that every match of a pattern holds, read off the
 * pattern.  Called by catalogue_signature.c.  A text that has the literals of a
 * signature and not this word is ruled out in the cache: the machine code of one
 * pattern in hundreds has to come from memory first.  Must not guess: what it is
 * not sure of needs no word. */
#include "build.h"

#include "parsers/signature.h"

/* The last one is taken: literals mostly stand for how a text begins. */
enum { WORD_MIN = 4 };

/* Past the class that opens at 'i', or the end. */
static size_t
skip_class(struct str p, size_t i)
{
    i++;
    i += i < p.n && p.p[i] == '^';
    i += i < p.n && p.p[i] == ']';
    for (; i < p.n && p.p[i] != ']'; i++) {
        if (p.p[i] == '[' && i + 1 < p.n && p.p[i + 1] == ':')
            i += str_find_char(str_skip(p, i), ']');
        else
            i += p.p[i] == '\\';
    }
    return i < p.n ? i + 1 : p.n;
}

/* Whether the bracket at 'i' opens a group that changes nothing for what is
 * outside of it: no option, verb, comment, condition or branch reset. */
static bool
is_plain_group(struct str p, size_t i)
{
    if (i + 1 < p.n && p.p[i + 1] == '*')
        return false;
    return i + 2 >= p.n || p.p[i + 1] != '?' || memchr(":'<P=!>", p.p[i + 2], 7);
}

/* Whether the backslash at 'i' stands before a mark, or a letter for some kind of
 * byte; others take what follows as well, or reach further. */
static bool
is_plain_escape(struct str p, size_t i)
{
    return i + 1 < p.n && (!str_is_alnum(p.p[i + 1]) || memchr("dDsSwWbBhHvVRAzZ", p.p[i + 1], 16));
}

static bool
is_held(struct str word, const struct str *literal, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (str_find_case(literal[i], word) < literal[i].n)
            return true;
    return false;
}

struct str
signature_word(struct str p, const struct str *literal, unsigned n)
{
    struct str best = STR_NONE;
    size_t from = 0, depth = 0;

    for (size_t i = 0; i <= p.n;) {
        char c = '\0';
        size_t end = i;

        if (i < p.n)
            c = p.p[i];
        if (str_is_alnum(c) && !depth) {
            i++;
            continue;
        }
        /* The word ends here; a letter that is repeated, or not there, is none of it. */
        if (c && memchr("*+?{", c, 4) && end > from)
            end--;
        if (end - from >= WORD_MIN && !is_held(str_make(p.p + from, end - from), literal, n))
            best = str_make(p.p + from, end - from);
        if ((c == '\\' && !is_plain_escape(p, i)) || (c == '(' && !is_plain_group(p, i)) || (c == '|' && !depth)
            || (c == ')' && !depth))
            return STR_NONE;
        depth += c == '(';
        depth -= c == ')';
        if (c == '[')
            i = skip_class(p, i);
        else if (c == '{')
            i += str_find_char(str_skip(p, i), '}') + 1;
        else
            i += c == '\\' ? 2 : 1;
        from = i;
    }
    return depth ? STR_NONE : best;
}
