/* SPDX-License-Identifier: BSD-2-Clause
 *
 * literals_piece.h - four bytes of a text as one number, and the bytes around
 * them as two; for literals.c only. */
#ifndef PARSERS_LITERALS_PIECE_H
#define PARSERS_LITERALS_PIECE_H

#include <endian.h>
#include <string.h>

#include "parsers/str.h"

enum { PIECE = 4, EIGHT = 8 };

/* Over eight bytes: letters of either case are equal, as in piece_at(). */
#define SAME_CASE UINT64_C(0x2020202020202020)

/* The four bytes at 'p' as one number; letters of either case are equal (and
 * some other pairs of characters too: the filter may say yes too often). */
static inline uint32_t
piece_at(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v | 0x20202020u;
}

static inline uint64_t
eight_at(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* True when each blank of these eight bytes is one space between others: then
 * fold() leaves as many as there are.  May say no where the answer is yes. */
static inline bool
has_single_blanks(uint64_t v)
{
    const uint64_t ones = UINT64_MAX / 255, high = ones << 7;
    uint64_t tilde = v ^ ones * '~', space = v ^ ones * ' ';
    uint64_t control = (v - ones * ' ') & ~v & high; /* a byte below ' ' */

    tilde = (tilde - ones) & ~tilde & high;
    space = (space - ones) & ~space & high; /* the high bit of each byte that is one */
    return !(control | tilde | (space & space >> 8));
}

/* The bytes around a piece: EIGHT before it, the nearest highest, and as many
 * behind it, the nearest lowest; 0 beyond the text.  Letters as in piece_at(). */
struct around {
    uint64_t before, after;
    uint64_t before_known, after_known; /* a mask: no bits when fold() would move them */
};

static inline struct around
look_around(struct str text, size_t at)
{
    size_t rest = text.n - at - PIECE;
    struct around a = {0};
    uint64_t v;

    if (text.n < EIGHT)
        return a;
    v = eight_at(text.p + (at < EIGHT ? 0 : at - EIGHT));
    a.before_known = has_single_blanks(v) ? UINT64_MAX : 0;
    if (at)
        a.before = (v | SAME_CASE) << (at < EIGHT ? 8 * (EIGHT - at) : 0);
    v = eight_at(text.p + (rest < EIGHT ? text.n - EIGHT : text.n - rest));
    a.after_known = has_single_blanks(v) ? UINT64_MAX : 0;
    if (rest)
        a.after = (v | SAME_CASE) >> (rest < EIGHT ? 8 * (EIGHT - rest) : 0);
    return a;
}

#endif
