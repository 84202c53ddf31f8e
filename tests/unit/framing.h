/* SPDX-License-Identifier: BSD-2-Clause
 *
 * framing.h - runs a format's next() over bytes as the pipeline does, in
 * chunks, and keeps what was handed out.  Fails the test where next() breaks
 * the rules of format.h.  For unit tests of formats. */
#ifndef TESTS_UNIT_FRAMING_H
#define TESTS_UNIT_FRAMING_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/format.h"

struct framed {
    enum format_next kind; /* RECORD or BAD */
    size_t offset, length;
};

struct framing {
    struct framed *span;
    size_t n, cap;
};

static inline void
framing_add(struct framing *f, enum format_next kind, size_t offset, size_t length)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->span = realloc(f->span, f->cap * sizeof *f->span);
        ck_assert_ptr_nonnull(f->span);
    }
    f->span[f->n++] = (struct framed){kind, offset, length};
}

static inline void
framing_fini(struct framing *f)
{
    free(f->span);
    *f = (struct framing){0};
}

/* Frames 'bytes' as if they came 'chunk' at a time ('late_end': the end of the
 * file is learnt only after its last byte). */
static inline void
framing_run(struct framing *f, const struct format *format, struct str bytes, size_t chunk, bool late_end)
{
    size_t at = 0, seen = 0;
    void *state = calloc(1, format->state_size ? format->state_size : 1);
    bool final = false;

    *f = (struct framing){0};
    while (at < bytes.n || !final) {
        struct format_span out = {SIZE_MAX, SIZE_MAX};
        enum format_next next = FORMAT_MORE;
        size_t n = seen - at > FORMAT_WINDOW + 1 ? FORMAT_WINDOW + 1 : seen - at;

        if (n) {
            /* Exact size, so that ASan sees a look behind the end. */
            char *view = malloc(n);

            memcpy(view, bytes.p + at, n);
            next = format->next(state, view, n, final && at + n == bytes.n, &out);
            free(view);
        }
        if (next == FORMAT_MORE) {
            ck_assert_msg(!final || !n, "%s: MORE at %zu though all is there", format->name, at);
            ck_assert_msg(n < FORMAT_WINDOW, "%s: MORE with a full window", format->name);
            if (seen < bytes.n)
                seen = bytes.n - seen < chunk ? bytes.n : seen + chunk;
            else
                final = true;
            if (!late_end && seen == bytes.n)
                final = true;
            continue;
        }
        if (next == FORMAT_SKIP)
            out.length = 0;
        ck_assert_msg(out.skip <= n && out.length <= n - out.skip, "%s: hands out what is not there", format->name);
        ck_assert_msg(out.skip + out.length > 0, "%s: hands out nothing at %zu", format->name, at);
        if (next != FORMAT_SKIP) {
            ck_assert_msg(out.length > 0, "%s: an empty record at %zu", format->name, at);
            framing_add(f, next, at + out.skip, out.length);
        }
        at += out.skip + out.length;
    }
    free(state);
}

static inline void
framing_same(const struct framing *a, const struct framing *b, size_t chunk)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        ck_assert_msg(a->span[i].kind == b->span[i].kind && a->span[i].offset == b->span[i].offset
                          && a->span[i].length == b->span[i].length,
                      "span %zu: kind %d at %zu length %zu whole, kind %d at %zu length %zu by %zu", i,
                      (int) a->span[i].kind, a->span[i].offset, a->span[i].length, (int) b->span[i].kind,
                      b->span[i].offset, b->span[i].length, chunk);
    ck_assert_uint_eq(a->n, b->n);
}

/* Frames 'bytes' whole and in several chunks, which must give the same, and
 * returns the spans (framing_fini). */
static inline struct framing
framing_all_ways(const struct format *format, struct str bytes)
{
    static const size_t chunks[] = {1, 2, 3, 7, 64, 4096, 65536, FORMAT_WINDOW - 1, FORMAT_WINDOW + 1};
    struct framing whole, other;

    framing_run(&whole, format, bytes, SIZE_MAX, false);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        /* A look at every byte of a long record again and again takes long. */
        if (bytes.n / chunks[i] > (bytes.n < 10000 ? 4000 : 200))
            continue;
        framing_run(&other, format, bytes, chunks[i], i & 1);
        framing_same(&whole, &other, chunks[i]);
        framing_fini(&other);
    }
    return whole;
}

/* That all ways give the spans 'expected', written "R:length" and "B:length"
 * without the colons. */
static inline void
framing_expect(const struct format *format, struct str bytes, const char *expected)
{
    struct framing f = framing_all_ways(format, bytes);
    char got[4096] = "";
    size_t n = 0;

    for (size_t i = 0; i < f.n; i++)
        n += (size_t) snprintf(got + n, sizeof got - n, "%s%c%zu", i ? " " : "",
                               f.span[i].kind == FORMAT_RECORD ? 'R' : 'B', f.span[i].length);
    ck_assert_str_eq(got, expected);
    framing_fini(&f);
}

/* That a field is 'z', or absent for NULL. */
#define SAME(s, z) \
    ck_assert_msg((z) ? str_has(s) && str_eq(s, str_z(z)) : !str_has(s), #s " is '%.*s' (%d)", STR_ARG(s), \
                  (int) str_has(s))

#endif
