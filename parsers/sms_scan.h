/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_scan.h - a view of an SMS log from a record's start, and how to step
 * through it.
 *
 * Framing and parsing use the same functions, so they cannot disagree.  A
 * function that has to look past the end of a view sets 'starved' unless the
 * view is final; its answer then counts for nothing and more bytes are needed.
 * All else is decided by the bytes alone, so chunks of any size give the same
 * records. */
#ifndef PARSERS_SMS_SCAN_H
#define PARSERS_SMS_SCAN_H

#include "parsers/str.h"

struct sms_view {
    const char *p;
    size_t n;
    bool final;   /* nothing follows p[n - 1] */
    bool starved; /* the answer depends on bytes that are not here */
};

/* The byte at 'i', or -1 past the end. */
static inline int
sms_at(struct sms_view *v, size_t i)
{
    if (i < v->n)
        return (unsigned char) v->p[i];
    if (!v->final)
        v->starved = true;
    return -1;
}

/* What a byte can be part of in an undamaged trailer. */
enum { SMS_NAME = 1, SMS_HEX = 2, SMS_WORD = 4 };
extern const uint8_t sms_class[256];

static inline bool
sms_is(char c, int kind)
{
    return (sms_class[(unsigned char) c] & kind) != 0;
}

/* True for a line end and for the end of the data. */
static inline bool
sms_is_eol(int c)
{
    return c == '\n' || c == '\r' || c < 0;
}

static inline bool
sms_is_digit_at(struct sms_view *v, size_t i)
{
    int c = sms_at(v, i);
    return c >= '0' && c <= '9';
}

static inline bool
sms_is_hex_at(struct sms_view *v, size_t i)
{
    int c = sms_at(v, i);
    return c >= 0 && sms_is((char) c, SMS_HEX);
}

/* Past blanks and tabs. */
size_t sms_blanks(struct sms_view *, size_t i);
/* Past the line end (CR LF, CR or LF) at 'i'. */
size_t sms_skip_eol(struct sms_view *, size_t i);
/* Past blanks and line ends ('*lines' counts them, at most three) and the
 * quote marks that mail puts after a line end. */
size_t sms_gap(struct sms_view *, size_t i, unsigned *lines);
/* True when the lower-case 'word' stands at 'i', in any case. */
bool sms_word(struct sms_view *, size_t i, const char *word);
/* Length of an angle bracket in any spelling, 0 for none; '*which' is '<' or
 * '>', or NUL. */
size_t sms_bracket(struct sms_view *, size_t i, char *which);
/* Past gaps and brackets between two parts, in any number up to a bound. */
size_t sms_between(struct sms_view *, size_t i);

#endif
