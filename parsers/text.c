/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.c - bytes of any encoding to the UTF-8 that XML 1.0 can hold, with one
 * escape that can be undone (text.h).  Called by every format for every text;
 * the usual record is plain ASCII and is borrowed without a copy. */
#include "build.h"

#include "parsers/text.h"

#include <stdlib.h>
#include <unicode/ucnv.h>

#include "parsers/plain.h"

enum { ESCAPE_BASE = 0xef00, ESCAPE_SIZE = 3 };

struct text_codepage {
    UConverter *converter;
};

static struct text_codepage decoded_codepage;

/* The code page of a stream that text_utf16() made: UTF-8 whose escapes stand
 * already and pass as they are.  Never to be closed. */
struct text_codepage *
text_codepage_decoded(void)
{
    return &decoded_codepage;
}

/* Opens ICU's converter 'name' ("windows-1251", "ibm-850", ...). */
struct text_codepage *
text_codepage_open(const char *name)
{
    UErrorCode e = U_ZERO_ERROR;
    struct text_codepage *cp = calloc(1, sizeof *cp);

    if (!cp)
        return NULL;
    cp->converter = ucnv_open(name, &e);
    if (U_FAILURE(e) || ucnv_getMinCharSize(cp->converter) != 1) {
        text_codepage_close(cp);
        return NULL;
    }
    return cp;
}

void
text_codepage_close(struct text_codepage *cp)
{
    if (!cp || cp == &decoded_codepage)
        return;
    if (cp->converter)
        ucnv_close(cp->converter);
    free(cp);
}

/* UTF-8 of the character 'c' at 'out' (4 bytes); returns its length. */
static size_t
put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char) c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char) (0xc0 | c >> 6);
        out[1] = (char) (0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char) (0xe0 | c >> 12);
        out[1] = (char) (0x80 | (c >> 6 & 0x3f));
        out[2] = (char) (0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char) (0xf0 | c >> 18);
    out[1] = (char) (0x80 | (c >> 12 & 0x3f));
    out[2] = (char) (0x80 | (c >> 6 & 0x3f));
    out[3] = (char) (0x80 | (c & 0x3f));
    return 4;
}

/* Decodes one well-formed UTF-8 character (RFC 3629: shortest form, no
 * surrogates, at most U+10FFFF).  Returns its length, 0 when malformed. */
static size_t
get_utf8(const unsigned char *p, size_t n, uint32_t *c)
{
    if (p[0] < 0x80) {
        *c = p[0];
        return 1;
    }
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    if (p[0] < 0xe0) {
        if (n < 2 || (p[1] & 0xc0) != 0x80)
            return 0;
        *c = (uint32_t) (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (p[0] < 0xf0) {
        if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
            return 0;
        *c = (uint32_t) (p[0] & 0x0f) << 12 | (uint32_t) (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        return *c < 0x800 || (*c >= 0xd800 && *c < 0xe000) ? 0 : 3;
    }
    if (n < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
        return 0;
    *c = (uint32_t) (p[0] & 0x07) << 18 | (uint32_t) (p[1] & 0x3f) << 12 | (uint32_t) (p[2] & 0x3f) << 6
         | (p[3] & 0x3f);
    return *c < 0x10000 || *c > 0x10ffff ? 0 : 4;
}

/* XML 1.0 production Char, less the range the escape uses. */
static bool
xml_char(uint32_t c)
{
    return (c >= 0x20 && c < ESCAPE_BASE) || c == '\t' || c == '\n' || c == '\r'
           || (c > 0xefff && c != 0xfffe && c != 0xffff && c <= 0x10ffff);
}

/* True when the three bytes at 'p' are an escape U+EF00..U+EFFF. */
static bool
is_escape(const unsigned char *p)
{
    return p[0] == 0xee && p[1] >= 0xbc && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80;
}

static size_t
put_escaped(const unsigned char *p, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        put_utf8(ESCAPE_BASE + p[i], out + i * ESCAPE_SIZE);
    return n * ESCAPE_SIZE;
}

/* CP1252 80..9F; 0 where the code page has no character. */
static const uint16_t cp1252_high[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* One byte (or character) of input through a converter: how the three kinds of
 * 8-bit text differ.  Each returns bytes taken and sets '*c', or 0 when the
 * byte has no character. */
static size_t
get_cp1252(const unsigned char *p, uint32_t *c)
{
    *c = *p >= 0x80 && *p < 0xa0 ? cp1252_high[*p - 0x80] : *p;
    return *c || *p == 0;
}

static size_t
get_codepage(struct text_codepage *cp, const unsigned char *p, size_t n, uint32_t *c)
{
    const char *at = (const char *) p, *end = at + n;
    UErrorCode e = U_ZERO_ERROR;
    UChar32 got;

    ucnv_resetToUnicode(cp->converter);
    got = ucnv_getNextUChar(cp->converter, &at, end, &e);
    if (U_FAILURE(e) || got == 0xfffd || got < 0)
        return 0;
    *c = (uint32_t) got;
    return (size_t) (at - (const char *) p);
}

static bool
valid_utf8(const unsigned char *p, size_t n)
{
    uint32_t c;

    while (n) {
        size_t k = get_utf8(p, n, &c);

        if (!k)
            return false;
        p += k;
        n -= k;
    }
    return true;
}

/* Length of the prefix that is printable ASCII, TAB or LF: what needs no work. */
static size_t
plain_prefix(const unsigned char *p, size_t n)
{
    size_t i = 0;
    uint64_t w;

    /* Eight bytes at a time: no high bit, none below 0x20.  A TAB or LF fails
     * the quick test and is looked at by itself. */
    for (;;) {
        while (i + 8 <= n) {
            memcpy(&w, p + i, 8);
            if ((w | (w - UINT64_C(0x2020202020202020))) & UINT64_C(0x8080808080808080))
                break;
            i += 8;
        }
        if (i >= n || p[i] >= 0x80 || (p[i] < 0x20 && p[i] != '\t' && p[i] != '\n'))
            return i;
        i++;
    }
}

struct str
text_clean(struct arena *a, struct text_codepage *cp, struct str raw, size_t max, bool *cut)
{
    const unsigned char *p = (const unsigned char *) raw.p;
    size_t plain = plain_prefix(p, raw.n), used = 0, out_n = 0, k;
    bool utf8, decoded = cp == &decoded_codepage;
    char *out, one[4 * ESCAPE_SIZE];

    *cut = false;
    if (!raw.p)
        return STR_NONE;
    if (plain == raw.n && raw.n <= max)
        return raw;
    /* Undecided until the first high byte; a whole record is one encoding. */
    utf8 = decoded || (!cp && valid_utf8(p + plain, raw.n - plain));
    out = arena_alloc(a, (raw.n > max / ESCAPE_SIZE ? max : raw.n * ESCAPE_SIZE) + 1);
    if (!out)
        return STR_NONE;
    while (used < raw.n) {
        const unsigned char *at = p + used;
        size_t left = raw.n - used, taken;
        uint32_t c = 0;

        plain = plain_prefix(at, left);
        if (plain) {
            k = plain > max - out_n ? max - out_n : plain;
            memcpy(out + out_n, at, k);
            out_n += k;
            used += k;
            if (k < plain) {
                *cut = true;
                break;
            }
            continue;
        }
        taken = utf8 ? get_utf8(at, left, &c) : cp ? get_codepage(cp, at, left, &c) : get_cp1252(at, &c);
        if (taken && c == '\r') {
            one[0] = '\n';
            k = 1;
            if (left > 1 && at[1] == '\n')
                taken = 2;
        } else if (taken && (xml_char(c) || (decoded && taken == 3 && is_escape(at)))) {
            k = put_utf8(c, one);
        } else {
            taken = taken ? taken : 1;
            k = put_escaped(at, taken, one);
        }
        if (k > max - out_n) {
            *cut = true;
            break;
        }
        memcpy(out + out_n, one, k);
        out_n += k;
        used += taken;
    }
    out[out_n] = '\0';
    return str_make(out, out_n);
}

enum text_encoding
text_detect(const uint8_t *p, size_t n, size_t *bom)
{
    size_t even = 0, odd = 0, look = n < 512 ? n & ~(size_t) 1 : 512;

    *bom = 0;
    if (n >= 2 && p[0] == 0xff && p[1] == 0xfe) {
        *bom = 2;
        return TEXT_UTF16LE;
    }
    if (n >= 2 && p[0] == 0xfe && p[1] == 0xff) {
        *bom = 2;
        return TEXT_UTF16BE;
    }
    if (n >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) {
        *bom = 3;
        return TEXT_8BIT;
    }
    /* Without a BOM: western text has a NUL in nearly every other place. */
    for (size_t i = 0; i + 1 < look; i += 2) {
        even += p[i] == 0 && p[i + 1] != 0;
        odd += p[i] != 0 && p[i + 1] == 0;
    }
    if (look >= 4 && odd * 10 >= look / 2 * 7 && even == 0)
        return TEXT_UTF16LE;
    if (look >= 4 && even * 10 >= look / 2 * 7 && odd == 0)
        return TEXT_UTF16BE;
    return TEXT_8BIT;
}

size_t
text_utf16(enum text_encoding enc, const uint8_t *in, size_t n, bool final, size_t *used, char *out)
{
    size_t i = 0, o = 0, hi = enc == TEXT_UTF16BE ? 0 : 1, lo = 1 - hi;

    while (n - i >= 2) {
        uint32_t c = (uint32_t) in[i + hi] << 8 | in[i + lo], d;
        size_t taken = 2;

        if (c >= 0xd800 && c < 0xdc00) {
            if (n - i < 4) {
                if (!final)
                    break;
            } else {
                d = (uint32_t) in[i + 2 + hi] << 8 | in[i + 2 + lo];
                if (d >= 0xdc00 && d < 0xe000) {
                    c = 0x10000 + ((c - 0xd800) << 10 | (d - 0xdc00));
                    taken = 4;
                }
            }
        }
        /* Controls that XML cannot hold are escaped here, by their two bytes,
         * so that text_clean finds nothing to do and the length stays known. */
        if (xml_char(c) && !(c >= 0xd800 && c < 0xe000))
            o += put_utf8(c, out + o);
        else
            o += put_escaped(in + i, taken, out + o);
        i += taken;
    }
    if (final && i < n) {
        o += put_escaped(in + i, n - i, out + o);
        i = n;
    }
    *used = i;
    return o;
}

uint64_t
text_source_length(enum text_encoding enc, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *) text;
    uint64_t total = 0;

    if (enc == TEXT_8BIT)
        return n;
    for (size_t i = 0; i < n; i++) {
        if ((p[i] & 0xc0) == 0x80)
            continue;
        if (n - i >= 3 && is_escape(p + i))
            total += 1;
        else
            total += p[i] >= 0xf0 ? 4 : 2;
    }
    return total;
}

size_t
text_show(struct str s, char *out, size_t cap)
{
    static const char hex[] = "0123456789ABCDEF";
    const unsigned char *p = (const unsigned char *) s.p;
    size_t o = 0, i = 0;

    while (i < s.n) {
        uint32_t c = 0;
        size_t taken, k;
        char one[4 * 4];

        /* Nearly all is plain, and goes in runs. */
        k = o + 1 < cap ? cap - 1 - o : 0;
        k = plain_text(s.p + i, s.n - i < k ? s.n - i : k);
        if (k) {
            memcpy(out + o, s.p + i, k);
            o += k;
            i += k;
            continue;
        }
        taken = get_utf8(p + i, s.n - i, &c);
        if (taken == 3 && is_escape(p + i)) {
            one[0] = '<';
            one[1] = hex[(c & 0xff) >> 4];
            one[2] = hex[c & 0xf];
            one[3] = '>';
            k = 4;
        } else if (!taken || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029) {
            taken = taken ? taken : 1;
            for (k = 0; k < taken * 4; k += 4) {
                one[k] = '<';
                one[k + 1] = hex[p[i + k / 4] >> 4];
                one[k + 2] = hex[p[i + k / 4] & 0xf];
                one[k + 3] = '>';
            }
        } else {
            memcpy(one, p + i, taken);
            k = taken;
        }
        if (o + k >= cap)
            break;
        memcpy(out + o, one, k);
        o += k;
        i += taken;
    }
    if (cap)
        out[o] = '\0';
    return o;
}
