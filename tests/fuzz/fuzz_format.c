/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_format.c - fuzz target of one input format, chosen when it is compiled:
 * -DFUZZ_FORMAT=sms_log_format.  The first byte says how the input is cut into
 * chunks.  Aborts unless next() hands out every byte exactly once, gives the
 * same spans in any chunking, answers within its window, and parse() gives
 * UTF-8 that XML can hold.  Must not depend on what a format calls a record. */
#include "build.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/format.h"

#ifndef FUZZ_FORMAT
#error "FUZZ_FORMAT names the format under test"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define REQUIRE(what) \
    do { \
        if (!(what)) \
            fail(#what, __LINE__); \
    } while (0)

static void
fail(const char *what, int line)
{
    fprintf(stderr, "fuzz_format.c:%d: %s does not hold\n", line, what);
    abort();
}

struct span {
    enum format_next kind;
    size_t at, length;
};

struct spans {
    struct span *p;
    size_t n, cap;
};

static void
spans_add(struct spans *s, struct span span)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->p = realloc(s->p, s->cap * sizeof *s->p);
        REQUIRE(s->p != NULL);
    }
    s->p[s->n++] = span;
}

/* The size of the next chunk: whole, one byte, or 1 to 64 by the generator. */
static size_t
chunk(unsigned mode, uint32_t *rng, size_t left)
{
    size_t size = left;

    if (mode == 1)
        size = 1;
    if (mode > 1) {
        *rng = *rng * 1664525 + 1013904223;
        size = 1 + (*rng >> 16) % (mode < 4 ? 64 : 4096);
    }
    return size < left ? size : left;
}

/* Frames 'p' as a source would that reads it in chunks; a copy of exactly the
 * bytes at hand shows any read past them. */
static void
frame_all(const char *p, size_t n, unsigned mode, uint32_t rng, struct spans *out)
{
    void *state = calloc(1, FUZZ_FORMAT.state_size + 1);
    size_t at = 0, have = 0;
    bool more = true;

    REQUIRE(state != NULL);
    while (at < n || have < n) {
        struct format_span span = {0, 0};

        if (more)
            have += chunk(mode, &rng, n - have);
        bool final = have == n;
        char *exact = malloc(have - at + 1);
        REQUIRE(exact != NULL);
        memcpy(exact, p + at, have - at);
        enum format_next answer = FUZZ_FORMAT.next(state, exact, have - at, final, &span);
        free(exact);
        more = answer == FORMAT_MORE;
        if (answer == FORMAT_MORE) {
            REQUIRE(!final || at == n);
            REQUIRE(have - at < FORMAT_WINDOW || final);
            continue;
        }
        REQUIRE(span.skip <= have - at && span.length <= have - at - span.skip);
        REQUIRE(span.skip + span.length > 0);
        if (answer == FORMAT_SKIP)
            REQUIRE(span.length == 0);
        else
            spans_add(out, (struct span){answer, at + span.skip, span.length});
        at += span.skip + span.length;
    }
    free(state);
}

/* One character at 'p': its length when it is UTF-8 that XML 1.0 holds, or 0. */
static size_t
xml_char(const unsigned char *p, size_t n)
{
    uint32_t c = p[0];
    size_t k = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;

    if (!k || k > n || c > 0xf4)
        return 0;
    if (k > 1)
        c &= 0x7fu >> k;
    for (size_t i = 1; i < k; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if ((k == 3 && c < 0x800) || (k == 4 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c < 0xe000)
        || c == 0xfffe || c == 0xffff || (c < 0x20 && c != '\t' && c != '\n'))
        return 0;
    return k;
}

static void
require_clean(struct str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t k = xml_char((const unsigned char *) s.p + i, s.n - i);

        REQUIRE(k != 0);
        i += k;
    }
}

static void
parse_all(const char *p, const struct spans *spans, enum date_order order)
{
    struct arena *arena = arena_new(64 << 20);
    const struct format_options options = {.date_order = order};

    REQUIRE(arena != NULL);
    for (size_t i = 0; i < spans->n; i++) {
        struct span s = spans->p[i];
        struct format_record record = {str_make(p + s.at, s.length), false};
        struct event ev;
        size_t at = 0;

        memset(&ev, 0, sizeof ev);
        enum perr e = FUZZ_FORMAT.parse(&options, &record, arena, &ev, &at);
        REQUIRE(e != PERR_NOMEM && at <= s.length);
        REQUIRE(ev.text.n <= EVENT_TEXT_MAX);
        require_clean(ev.text);
        require_clean(ev.when.zone);
#define FACT(member, element, attribute, sd, prose) require_clean(ev.f.member);
#include "parsers/event_fields.def"
#undef FACT
        REQUIRE(!ev.when.utc_known || ev.when.local_known || !ev.when.bias_known);
        arena_reset(arena);
    }
    arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct spans whole = {NULL, 0, 0}, parts = {NULL, 0, 0};
    unsigned how = n ? data[0] : 0;
    size_t size = n ? n - 1 : 0, end = 0;
    char *p = malloc(size ? size : 1);

    REQUIRE(p != NULL);
    if (size)
        memcpy(p, data + 1, size);
    (void) FUZZ_FORMAT.probe(str_make(p, size));
    frame_all(p, size, 0, 0, &whole);
    frame_all(p, size, 1 + how % 4, how * 2654435761u, &parts);
    REQUIRE(whole.n == parts.n);
    for (size_t i = 0; i < whole.n; i++) {
        REQUIRE(whole.p[i].kind == parts.p[i].kind && whole.p[i].at == parts.p[i].at
                && whole.p[i].length == parts.p[i].length);
        REQUIRE(whole.p[i].at >= end && whole.p[i].length > 0);
        end = whole.p[i].at + whole.p[i].length;
    }
    parse_all(p, &whole, (enum date_order) (how % 3));
    free(whole.p);
    free(parts.p);
    free(p);
    return 0;
}
