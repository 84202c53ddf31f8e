/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plain.h - how much of a text can be shown as it is: printable ASCII, which is
 * nearly all of every log.  Looked at sixteen bytes at a time, in line: text.c,
 * summary.c and the syslog encoders ask this of every string they write.  Knows
 * nothing of what is to be done with the rest. */
#ifndef PARSERS_PLAIN_H
#define PARSERS_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The compiler's own vectors: no intrinsics, and plain words where the machine
 * has none. */
typedef unsigned char plain_block __attribute__((vector_size(16)));
typedef uint64_t plain_halves __attribute__((vector_size(16)));

/* Whether all of 'v' is printable ASCII, and with 'value' none of it one of the
 * three characters that RFC 5424, 6.3.3 wants escaped. */
static inline bool
plain_is(plain_block v, bool value)
{
    plain_block odd = (plain_block) (v < 0x20) | (plain_block) (v > 0x7e);
    plain_halves both;

    if (value)
        odd |= (plain_block) (v == '"') | (plain_block) ((v | 1) == ']');
    both = (plain_halves) odd;
    return !(both[0] | both[1]);
}

static inline size_t
plain_run(const char *p, size_t n, bool value)
{
    size_t i = 0;
    uint64_t ends[2];
    plain_block v;

    _Static_assert(('\\' | 1) == ']', "one comparison finds both");
    for (; n - i >= sizeof v; i += sizeof v) {
        memcpy(&v, p + i, sizeof v);
        if (!plain_is(v, value))
            break;
    }
    /* The rest of 8 to 15 bytes as two words that overlap. */
    if (n - i >= 8 && n - i < 16) {
        memcpy(&ends[0], p + i, 8);
        memcpy(&ends[1], p + n - 8, 8);
        memcpy(&v, ends, sizeof v);
        if (plain_is(v, value))
            return n;
    }
    for (; i < n; i++) {
        unsigned char c = (unsigned char) p[i];

        if (c < 0x20 || c > 0x7e || (value && (c == '"' || (c | 1) == ']')))
            break;
    }
    return i;
}

/* Length of the beginning of 'p' that is printable ASCII. */
static inline size_t
plain_text(const char *p, size_t n)
{
    return plain_run(p, n, false);
}

/* The same of what may also stand between quotes as it is: no '"', '\' or ']'. */
static inline size_t
plain_value(const char *p, size_t n)
{
    return plain_run(p, n, true);
}

#endif
