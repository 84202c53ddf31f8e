/* SPDX-License-Identifier: BSD-2-Clause
 *
 * put.c - words into a bounded buffer.  Called by what answers questions about
 * the running program (answer*.c, json.c) and by who asks them. */
#include "build.h"

#include "forwarder/put.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "parsers/text.h"
#include "parsers/when.h"

static bool
has_room(struct xml_buf *b, size_t n)
{
    size_t cap = b->cap ? b->cap : 1024;
    char *grown;

    if (b->failed || n > b->max || b->n > b->max - n) {
        b->failed = true;
        return false;
    }
    if (b->n + n <= b->cap)
        return true;
    while (cap < b->n + n)
        cap *= 2;
    if (!(grown = realloc(b->p, cap))) {
        b->failed = true;
        return false;
    }
    b->p = grown;
    b->cap = cap;
    return true;
}

void
put_bytes(struct xml_buf *b, const void *p, size_t n)
{
    if (n == 0 || !has_room(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void
put_z(struct xml_buf *b, const char *z)
{
    put_bytes(b, z, strlen(z));
}

void
put_f(struct xml_buf *b, const char *fmt, ...)
{
    char text[1024], *more = NULL;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t) n < sizeof text) {
        put_bytes(b, text, (size_t) n);
        return;
    }
    va_start(ap, fmt);
    n = vasprintf(&more, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return;
    }
    put_bytes(b, more, (size_t) n);
    free(more);
}

void
put_shown(struct xml_buf *b, struct str s)
{
    char room[512];

    /* In pieces that end where a character does: a piece of 96 bytes grows to
     * 384 at most. */
    while (s.n) {
        size_t take = s.n < 96 ? s.n : 96;

        while (take < s.n && take > 90 && ((unsigned char) s.p[take] & 0xc0) == 0x80)
            take--;
        put_bytes(b, room, text_show(str_make(s.p, take), room, sizeof room));
        s = str_skip(s, take);
    }
}

const char *
put_size(char out[PUT_SHORT], uint64_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned u = 0;
    double v = (double) bytes;

    for (; v >= 1024 && u < 6; u++)
        v /= 1024;
    if (u == 0)
        snprintf(out, PUT_SHORT, "%" PRIu64 " B", bytes);
    else
        snprintf(out, PUT_SHORT, "%.1f %s", v, unit[u]);
    return out;
}

const char *
put_span(char out[PUT_SHORT], int64_t ns)
{
    int64_t s = ns / WHEN_SECOND;

    if (s >= 86400)
        snprintf(out, PUT_SHORT, "%" PRId64 " d %d h", s / 86400, (int) (s % 86400 / 3600));
    else if (s >= 3600)
        snprintf(out, PUT_SHORT, "%d h %d min", (int) (s / 3600), (int) (s % 3600 / 60));
    else if (s >= 60)
        snprintf(out, PUT_SHORT, "%d min %d s", (int) (s / 60), (int) (s % 60));
    else if (s >= 1)
        snprintf(out, PUT_SHORT, "%d s", (int) s);
    else
        snprintf(out, PUT_SHORT, "%d ms", ns > 0 ? (int) (ns / 1000000) : 0);
    return out;
}

const char *
put_time(char out[PUT_SHORT], int64_t utc_ns)
{
    time_t t = (time_t) (utc_ns / WHEN_SECOND);
    struct tm tm;

    if (utc_ns == 0 || !gmtime_r(&t, &tm) || strftime(out, PUT_SHORT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, PUT_SHORT, "-");
    return out;
}

const char *
put_count(char out[PUT_SHORT], uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n), o = 0;

    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[o++] = ',';
        out[o++] = digits[i];
    }
    out[o] = '\0';
    return out;
}
