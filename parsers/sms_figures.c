/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_figures.c - reads the figures of disk-full claims (sms_figures.h).
 * Called by diagnose.c.  What they prove is decided there. */
#include "build.h"

#include "parsers/sms_figures.h"

#include <string.h>

enum { DIGITS_MAX = 18 };

static bool
is_gap(char c)
{
    return str_is_space(c) || c == '~';
}

static struct str
trim_gap(struct str s)
{
    while (s.n && is_gap(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && is_gap(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Bytes of a separator of thousands at the head of 's', 0 for none: a comma, a
 * blank, an apostrophe, a no-break space.  Not a point: 1.234 may be a little
 * more than one. */
static size_t
separator(struct str s)
{
    if (str_starts(s, STR("\xc2\xa0")))
        return 2;
    if (str_starts(s, STR("\xe2\x80\xaf")))
        return 3;
    return s.n && (s.p[0] == ',' || s.p[0] == ' ' || s.p[0] == '\'') ? 1 : 0;
}

/* Reads 450, 1,234 or 1 234 567 (groups of three behind one and the same
 * separator) into 'out' (DIGITS_MAX bytes); the number of digits, 0 when it is
 * something else. */
static size_t
read_digits(struct str s, char *out)
{
    struct str mark = STR_NONE;
    size_t n = 0, group = 0;

    s = trim_gap(s);
    while (s.n) {
        size_t k = separator(s);

        if (str_is_digit(s.p[0])) {
            if (n == DIGITS_MAX)
                return 0;
            out[n++] = s.p[0];
            group++;
            s = str_skip(s, 1);
            continue;
        }
        if (!k || !group || (str_has(mark) ? group != 3 || !str_eq(mark, str_make(s.p, k)) : group > 3))
            return 0;
        mark = str_make(s.p, k);
        group = 0;
        s = str_skip(s, k);
    }
    return str_has(mark) && group != 3 ? 0 : n;
}

enum figures
sms_figures(struct str available, struct str required)
{
    char digits[DIGITS_MAX];

    if (!str_has(available) || !str_has(required))
        return FIGURES_ABSENT;
    if (!trim_gap(available).n && !trim_gap(required).n)
        return FIGURES_BLANK;
    return read_digits(available, digits) && read_digits(required, digits) ? FIGURES_FILLED : FIGURES_UNREADABLE;
}

int
sms_figures_compare(struct str a, struct str b)
{
    while (a.n > 1 && a.p[0] == '0')
        a = str_skip(a, 1);
    while (b.n > 1 && b.p[0] == '0')
        b = str_skip(b, 1);
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n ? memcmp(a.p, b.p, a.n) : 0;
}

struct str
sms_figures_digits(struct arena *arena, struct str figure)
{
    char digits[DIGITS_MAX];

    return arena_copy(arena, str_make(digits, read_digits(figure, digits)));
}

struct str
sms_figures_megabytes(struct arena *arena, struct str digits)
{
    char text[20], *p = text + sizeof text;
    uint64_t value = 0;

    for (size_t i = 0; i < digits.n && i < DIGITS_MAX; i++)
        value = value * 10 + (unsigned) (digits.p[i] - '0');
    value = value / 1048576 + (value % 1048576 != 0);
    do {
        *--p = (char) ('0' + value % 10);
        value /= 10;
    } while (value);
    return arena_copy(arena, str_make(p, (size_t) (text + sizeof text - p)));
}
