/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evtx_writer.c - see evtx_writer.h.  Knows nothing of the reader. */
#include "build.h"

#include "tests/unit/evtx_writer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { HEADER = 4096, CHUNK = 65536, RECORDS = 512, RECORD_MAX = 16384 };
enum { TYPE_STRING = 0x01, TYPE_U8 = 0x04, TYPE_U16 = 0x06, TYPE_FILETIME = 0x11, TYPE_U64 = 0x0a, TYPE_HEX64 = 0x15, TYPE_STRINGS = 0x81 };

struct evtx_writer {
    uint8_t *p;
    size_t n;        /* whole chunks and the header */
    size_t at;       /* in the chunk being written; 0: none */
    size_t last;     /* offset of its last record in the chunk */
    size_t template; /* of its template definition in the chunk, 0 none */
    uint64_t first_id, next_id;
    size_t oldest;   /* chunk */
    size_t *place;
};

/* Not Check's: programs that run no tests call this as well. */
static void
require(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t *
chunk(struct evtx_writer *f)
{
    return f->p + f->n - CHUNK;
}

static void
put(struct evtx_writer *f, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        chunk(f)[f->at++] = (uint8_t) (v >> 8 * i);
}

static void
set(uint8_t *p, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (uint8_t) (v >> 8 * i);
}

static void
put_utf16(struct evtx_writer *f, const char *s)
{
    for (; *s; s++)
        put(f, (uint8_t) *s, 2);
}

/* A name at the place where it is used first: offset, then itself. */
static void
put_name(struct evtx_writer *f, const char *name)
{
    uint32_t hash = 0;

    for (const char *c = name; *c; c++)
        hash = hash * 65599 + (uint8_t) *c;
    put(f, f->at + 4, 4);
    put(f, 0, 4);
    put(f, hash & 0xffff, 2);
    put(f, strlen(name), 2);
    put_utf16(f, name);
    put(f, 0, 2);
}

static void
put_substitution(struct evtx_writer *f, unsigned index, uint8_t type)
{
    put(f, 0x0d, 1);
    put(f, index, 2);
    put(f, type, 1);
}

/* Begins an element in a template; returns where its size goes. */
static size_t
open_element(struct evtx_writer *f, const char *name, bool attributes)
{
    size_t size_at;

    put(f, attributes ? 0x41 : 0x01, 1);
    put(f, 0xffff, 2);
    size_at = f->at;
    put(f, 0, 4);
    put_name(f, name);
    return size_at;
}

static void
close_element(struct evtx_writer *f, size_t size_at, uint8_t token)
{
    put(f, token, 1);
    set(chunk(f) + size_at, f->at - size_at - 4, 4);
}

/* The one attribute of an element, a substitution or (index -1) a text. */
static void
put_attribute(struct evtx_writer *f, const char *name, int index, uint8_t type, const char *text)
{
    size_t size_at = f->at;

    put(f, 0, 4);
    put(f, 0x06, 1);
    put_name(f, name);
    if (index >= 0) {
        put_substitution(f, (unsigned) index, type);
    } else {
        put(f, 0x05, 1);
        put(f, TYPE_STRING, 1);
        put(f, strlen(text), 2);
        put_utf16(f, text);
    }
    set(chunk(f) + size_at, f->at - size_at - 4, 4);
}

static void
simple_element(struct evtx_writer *f, const char *name, unsigned index, uint8_t type)
{
    size_t element = open_element(f, name, false);

    put(f, 0x02, 1);
    put_substitution(f, index, type);
    close_element(f, element, 0x04);
}

static void
put_template(struct evtx_writer *f)
{
    size_t size_at, event, system, inner;

    put(f, 0, 4);
    put(f, 0x54435831, 4); /* GUID; its first part is the template's id */
    for (unsigned i = 0; i < 12; i++)
        put(f, 0x10 + i, 1);
    size_at = f->at;
    put(f, 0, 4);
    put(f, 0x0001010f, 4);
    event = open_element(f, "Event", true);
    put_attribute(f, "xmlns", -1, 0, "http://schemas.microsoft.com/win/2004/08/events/event");
    put(f, 0x02, 1);
    system = open_element(f, "System", false);
    put(f, 0x02, 1);
    inner = open_element(f, "Provider", true);
    put_attribute(f, "Name", 0, TYPE_STRING, NULL);
    close_element(f, inner, 0x03);
    inner = open_element(f, "EventID", true);
    put_attribute(f, "Qualifiers", 1, TYPE_U16, NULL);
    put(f, 0x02, 1);
    put_substitution(f, 2, TYPE_U16);
    close_element(f, inner, 0x04);
    simple_element(f, "Level", 3, TYPE_U8);
    simple_element(f, "Keywords", 4, TYPE_HEX64);
    inner = open_element(f, "TimeCreated", true);
    put_attribute(f, "SystemTime", 5, TYPE_FILETIME, NULL);
    close_element(f, inner, 0x03);
    simple_element(f, "EventRecordID", 6, TYPE_U64);
    simple_element(f, "Channel", 7, TYPE_STRING);
    simple_element(f, "Computer", 8, TYPE_STRING);
    close_element(f, system, 0x04);
    inner = open_element(f, "EventData", false);
    put(f, 0x02, 1);
    simple_element(f, "Data", 9, TYPE_STRINGS);
    close_element(f, inner, 0x04);
    close_element(f, event, 0x04);
    put(f, 0, 1);
    set(chunk(f) + size_at, f->at - size_at - 4, 4);
}

static void
put_values(struct evtx_writer *f, const struct evtx_event *ev, uint64_t filetime)
{
    size_t strings = 0;

    for (unsigned i = 0; i < ev->n_strings; i++)
        strings += 2 * strlen(ev->strings[i]) + 2;
    const struct {
        size_t size;
        uint8_t type;
    } value[] = {
        {2 * strlen(ev->provider), TYPE_STRING}, {2, TYPE_U16}, {2, TYPE_U16}, {1, TYPE_U8}, {8, TYPE_HEX64}, {8, TYPE_FILETIME},
        {8, TYPE_U64}, {2 * strlen(ev->channel), TYPE_STRING}, {2 * strlen(ev->computer), TYPE_STRING}, {strings, TYPE_STRINGS},
    };

    put(f, sizeof value / sizeof *value, 4);
    for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
        put(f, value[i].size, 2);
        put(f, value[i].type, 2);
    }
    put_utf16(f, ev->provider);
    put(f, ev->qualifiers, 2);
    put(f, ev->number, 2);
    put(f, ev->level, 1);
    put(f, UINT64_C(0x80000000000000), 8);
    put(f, filetime, 8);
    put(f, f->next_id, 8);
    put_utf16(f, ev->channel);
    put_utf16(f, ev->computer);
    for (unsigned i = 0; i < ev->n_strings; i++) {
        put_utf16(f, ev->strings[i]);
        put(f, 0, 2);
    }
}

static uint32_t
crc(const uint8_t *p, size_t n)
{
    return (uint32_t) crc32(0, p, (uInt) n);
}

static void
end_chunk(struct evtx_writer *f)
{
    uint8_t *c;
    uint32_t sum;

    if (!f->at)
        return;
    c = chunk(f);
    memcpy(c, "ElfChnk", 8);
    set(c + 8, f->first_id, 8);
    set(c + 16, f->next_id - 1, 8);
    set(c + 24, f->first_id, 8);
    set(c + 32, f->next_id - 1, 8);
    set(c + 40, 128, 4);
    set(c + 44, f->last, 4);
    set(c + 48, f->at, 4);
    set(c + 52, crc(c + RECORDS, f->at - RECORDS), 4);
    sum = (uint32_t) crc32(crc(c, 120), c + 128, RECORDS - 128);
    set(c + 124, sum, 4);
    f->at = 0;
}

static void
begin_chunk(struct evtx_writer *f)
{
    end_chunk(f);
    f->p = realloc(f->p, f->n + CHUNK);
    require(f->p != NULL);
    memset(f->p + f->n, 0, CHUNK);
    f->n += CHUNK;
    f->at = RECORDS;
    f->template = 0;
    f->first_id = f->next_id;
}

struct evtx_writer *
evtx_writer_new(void)
{
    struct evtx_writer *f = calloc(1, sizeof *f);

    require(f != NULL);
    f->p = calloc(1, HEADER);
    require(f->p != NULL);
    f->n = HEADER;
    f->next_id = 1;
    begin_chunk(f);
    return f;
}

void
evtx_writer_add(struct evtx_writer *f, const struct evtx_event *ev)
{
    uint64_t filetime = (uint64_t) (ev->seconds + INT64_C(11644473600)) * 10000000;
    size_t start;

    if (f->at + RECORD_MAX > CHUNK)
        begin_chunk(f);
    f->place = realloc(f->place, f->next_id * sizeof *f->place);
    require(f->place != NULL);
    start = f->last = f->at;
    f->place[f->next_id - 1] = f->n - CHUNK + start;
    put(f, 0x2a2a, 4);
    put(f, 0, 4);
    put(f, f->next_id, 8);
    put(f, filetime, 8);
    put(f, 0x0001010f, 4);
    put(f, 0x010c, 2);
    put(f, 0x54435831, 4);
    if (f->template) {
        put(f, f->template, 4);
    } else {
        f->template = f->at + 4;
        put(f, f->template, 4);
        put_template(f);
    }
    put_values(f, ev, filetime);
    put(f, 0, 1);
    while ((f->at + 4) % 8)
        put(f, 0, 1);
    set(chunk(f) + start + 4, f->at + 4 - start, 4);
    put(f, f->at + 4 - start, 4);
    require(f->at - start <= RECORD_MAX);
    f->next_id++;
}

const uint8_t *
evtx_writer_end(struct evtx_writer *f, size_t *n)
{
    size_t chunks = (f->n - HEADER) / CHUNK;

    end_chunk(f);
    memcpy(f->p, "ElfFile", 8);
    set(f->p + 8, f->oldest, 8);
    set(f->p + 16, (f->oldest + chunks - 1) % chunks, 8);
    set(f->p + 24, f->next_id, 8);
    set(f->p + 32, 128, 4);
    set(f->p + 36, 0x00030001, 4);
    set(f->p + 40, HEADER, 2);
    set(f->p + 42, chunks, 2);
    set(f->p + 124, crc(f->p, 120), 4);
    *n = f->n;
    return f->p;
}

void
evtx_writer_turn(struct evtx_writer *f)
{
    size_t chunks = (f->n - HEADER) / CHUNK;
    uint8_t first[CHUNK];

    end_chunk(f);
    memcpy(first, f->p + HEADER, CHUNK);
    memmove(f->p + HEADER, f->p + HEADER + CHUNK, f->n - HEADER - CHUNK);
    memcpy(f->p + f->n - CHUNK, first, CHUNK);
    for (uint64_t i = 0; i + 1 < f->next_id; i++)
        f->place[i] = f->place[i] < HEADER + CHUNK ? f->place[i] + f->n - HEADER - CHUNK : f->place[i] - CHUNK;
    f->oldest = (f->oldest + chunks - 1) % chunks;
}

size_t
evtx_writer_at(const struct evtx_writer *f, size_t i)
{
    return f->place[i];
}

void
evtx_writer_free(struct evtx_writer *f)
{
    free(f->place);
    free(f->p);
    free(f);
}
