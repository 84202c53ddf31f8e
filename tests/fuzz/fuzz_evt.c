/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_evt.c - fuzz target of event logs (.evt): the input is a file.  Aborts
 * unless every part lies within it, records are whole and their numbers rise,
 * no byte comes twice, the stream of the parts frames into just these parts in
 * any chunking, and parse() gives UTF-8 that XML can hold. */
#include "build.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/evt_pack.h"
#include "parsers/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define REQUIRE(what) \
    do { \
        if (!(what)) \
            fail(#what, __LINE__); \
    } while (0)

static void
fail(const char *what, int line)
{
    fprintf(stderr, "fuzz_evt.c:%d: %s does not hold\n", line, what);
    abort();
}

struct image {
    const uint8_t *p;
    size_t n;
};

static int
image_copy(void *arg, uint64_t at, void *p, size_t n)
{
    const struct image *m = arg;

    REQUIRE(at <= m->n && n <= m->n - at);
    memcpy(p, m->p + at, n);
    return 0;
}

static void
require_clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char) s.p[i];

        REQUIRE(c >= 0x20 || c == '\n' || c == '\t');
    }
}

/* What the format makes of one part; 'p' is exactly its prefix and bytes. */
static void
look_at(const struct evt_part *part, enum evt_kind kind, struct arena *arena)
{
    const struct format_options options = {0};
    size_t size = EVT_PACK_PREFIX + part->bytes.n, at = 0;
    char *p = malloc(size), room[FORMAT_SOURCE_MAX];
    struct format_record record = {.bytes = {p + EVT_PACK_PREFIX, part->bytes.n}};
    struct event ev = {.source_name = STR("AppEvent.Evt")};
    struct format_span span = {0};
    struct when when;
    struct str source;
    enum perr e;

    REQUIRE(p != NULL);
    evt_pack_put(kind, part, p);
    memcpy(p + EVT_PACK_PREFIX, part->bytes.p, part->bytes.n);
    for (size_t cut = 0; cut < size; cut += 1 + size / 8)
        REQUIRE(evt_format.next(NULL, p, cut, false, &span) == FORMAT_MORE);
    REQUIRE(evt_format.next(NULL, p, size, false, &span) == (kind == EVT_RECORD ? FORMAT_RECORD : FORMAT_BAD));
    REQUIRE(span.skip == EVT_PACK_PREFIX && span.length == part->bytes.n && span.placed
            && span.place == part->offset && span.number == (kind == EVT_RECORD ? part->number : 0));
    if (kind == EVT_RECORD) {
        e = evt_format.parse(&options, &record, arena, &ev, &at);
        REQUIRE((e == PERR_OK || e == PERR_LIMIT) && at <= record.bytes.n);
        REQUIRE(str_has(ev.text) && ev.text.n <= EVENT_TEXT_MAX);
        require_clean(ev.text);
#define FACT(member, element, attribute, sd, prose) require_clean(ev.f.member);
#include "parsers/event_fields.def"
#undef FACT
        for (unsigned i = 0; i < ev.log->n_strings; i++)
            require_clean(ev.log->strings[i]);
        if (evt_format.source(record.bytes, room, &source, &when))
            REQUIRE(str_eq(source, ev.f.provider) && when.utc == ev.when.utc);
    }
    arena_reset(arena);
    free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct image m = {data, n};
    const struct evt_view view = {image_copy, &m, n};
    uint8_t *seen = calloc(1, n + 1);
    struct arena *arena = arena_new(64 << 20);
    struct evt_part part;
    enum evt_kind kind;
    uint32_t last = 0;
    bool any = false;
    int error = 0;
    struct evt_ring *r = evt_ring_open(&view, &error);

    REQUIRE(seen && arena && (r || error == 0));
    while (r && (kind = evt_ring_next(r, &part)) != EVT_DONE) {
        size_t first;

        REQUIRE(kind == EVT_RECORD || kind == EVT_BAD);
        REQUIRE(part.offset >= EVT_HEADER && part.offset < n && part.bytes.n > 0);
        first = n - (size_t) part.offset;
        REQUIRE(kind == EVT_RECORD || part.bytes.n <= first);
        for (size_t i = 0; i < part.bytes.n; i++) {
            size_t at = (size_t) part.offset + i;

            if (at >= (n & ~(size_t) 3))
                at = at - (n & ~(size_t) 3) + EVT_HEADER;
            REQUIRE(at < n && !seen[at] && data[at] == (uint8_t) part.bytes.p[i]);
            seen[at] = 1;
        }
        if (kind == EVT_RECORD) {
            REQUIRE(!any || part.number > last);
            last = part.number;
            any = true;
        }
        look_at(&part, kind, arena);
    }
    evt_ring_free(r);
    arena_free(arena);
    free(seen);
    return 0;
}
