/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evtx.c - the format evtx: see evtx.h.  A record is the XML that libevtx made of
 * it, and event-xml reads that.  Called by the pipeline and, for the parts of a
 * file, by forwarder/evtx_file.c. */
#include "build.h"

#include "parsers/evtx.h"

static const char magic[8] = "\x8e" "evtx\0\1";

static uint64_t
get(const char *p, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = bytes; i > 0; i--)
        v = v << 8 | (unsigned char) p[i - 1];
    return v;
}

static void
put(char *p, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (char) (v >> 8 * i);
}

/* --- the file ------------------------------------------------------------------------ */

bool
evtx_is(struct str head)
{
    return str_starts(head, str_make("ElfFile", 8));
}

void
evtx_header_read(const char *p, uint64_t *oldest, unsigned *chunks)
{
    *oldest = get(p + 8, 8);
    *chunks = (unsigned) get(p + 42, 2);
}

bool
evtx_chunk_is(const char *p, size_t n)
{
    return n >= EVTX_RECORDS && memcmp(p, "ElfChnk", 8) == 0;
}

bool
evtx_chunk_whole(const char *p, size_t n)
{
    return get(p + 48, 4) <= n;
}

static bool
is_record(const char *p, size_t n)
{
    uint64_t size;

    if (n < EVTX_RECORD_MIN || get(p, 4) != 0x2a2a)
        return false;
    size = get(p + 4, 4);
    return size >= EVTX_RECORD_MIN && size <= n && size % 4 == 0 && get(p + size - 4, 4) == size;
}

bool
evtx_chunk_next(const char *p, size_t n, size_t *at, struct evtx_part *out)
{
    size_t end = n, i = *at;

    /* The chunk's own mark of where its free space begins, when it can be. */
    if (evtx_chunk_is(p, n) && get(p + 48, 4) >= EVTX_RECORDS && get(p + 48, 4) < end)
        end = (size_t) get(p + 48, 4);
    while (i < end && !p[i])
        i++;
    i -= i % 4; /* zeros may begin what is damaged, but nothing is between words */
    if (i < *at)
        i = *at;
    if (i >= end)
        return false;
    *out = (struct evtx_part){.at = i};
    if (is_record(p + i, end - i)) {
        out->record = true;
        out->length = (size_t) get(p + i + 4, 4);
        out->id = get(p + i + 8, 8);
    } else {
        size_t stop = i + 4;

        while (stop < end && !is_record(p + stop, end - stop))
            stop += 4;
        out->length = (stop < end ? stop : end) - i;
    }
    *at = i + out->length;
    return true;
}

/* --- the stream ------------------------------------------------------------------------ */

void
evtx_prefix_put(const struct evtx_prefix *prefix, char p[EVTX_PREFIX])
{
    memcpy(p, magic, sizeof magic);
    put(p + 8, prefix->readable, 4);
    put(p + 12, prefix->length, 4);
    put(p + 16, prefix->stored, 4);
    put(p + 20, prefix->number, 4);
    put(p + 24, prefix->place, 8);
}

bool
evtx_prefix_get(const char *p, struct evtx_prefix *out)
{
    if (memcmp(p, magic, sizeof magic) != 0)
        return false;
    *out = (struct evtx_prefix){.readable = get(p + 8, 4) == 1,
                                .length = (uint32_t) get(p + 12, 4),
                                .stored = (uint32_t) get(p + 16, 4),
                                .number = (uint32_t) get(p + 20, 4),
                                .place = get(p + 24, 8)};
    return out->length > 0 && out->length < FORMAT_WINDOW - EVTX_PREFIX;
}

bool
evtx_pack_probe(struct str head)
{
    return str_starts(head, str_make(magic, sizeof magic));
}

/* Bytes that are no part of such a stream, up to one that is. */
static enum format_next
next_foreign(const char *p, size_t n, bool whole, struct format_span *out)
{
    struct evtx_prefix prefix;
    size_t at = 1;

    while (at + EVTX_PREFIX <= n && !evtx_prefix_get(p + at, &prefix))
        at += 1 + str_find_char(str_make(p + at + 1, n - at - 1), magic[0]);
    if (at + EVTX_PREFIX > n) {
        if (!whole)
            return FORMAT_MORE;
        at = n;
    }
    *out = (struct format_span){.length = at};
    return FORMAT_BAD;
}

static enum format_next
evtx_next(void *state, const char *p, size_t n, bool final, struct format_span *out)
{
    bool whole = n >= FORMAT_WINDOW || final;
    struct evtx_prefix prefix;

    (void) state;
    if (n > FORMAT_WINDOW)
        n = FORMAT_WINDOW;
    if (n < EVTX_PREFIX && !whole)
        return FORMAT_MORE;
    if (n < EVTX_PREFIX || !evtx_prefix_get(p, &prefix))
        return n ? next_foreign(p, n, whole, out) : FORMAT_MORE;
    if (n - EVTX_PREFIX < prefix.length) {
        if (!whole)
            return FORMAT_MORE;
        *out = (struct format_span){.length = n};
        return FORMAT_BAD;
    }
    *out = (struct format_span){.skip = EVTX_PREFIX,
                                .length = prefix.length,
                                .placed = true,
                                .place = prefix.place,
                                .stored = prefix.stored,
                                .number = prefix.readable ? prefix.number : 0};
    return prefix.readable ? FORMAT_RECORD : FORMAT_BAD;
}

static enum perr
evtx_parse(const struct format_options *options, const struct format_record *record, struct arena *arena,
           struct event *ev, size_t *at)
{
    struct format_options decoded = *options;

    decoded.code_page = text_codepage_decoded(); /* libevtx gives UTF-8 */
    return event_xml_format.parse(&decoded, record, arena, ev, at);
}

/* The stream's first bytes: a file is made into it before (evtx_file.c). */
static int
evtx_probe(struct str head)
{
    return evtx_pack_probe(head) ? 100 : 0;
}

const struct format evtx_format = {
    .name = "evtx",
    .probe = evtx_probe,
    .state_size = 0,
    .next = evtx_next,
    .parse = evtx_parse,
};
