/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_sim.c - a writer of binary event logs (evt_sim.h).  A record that does
 * not fit at the file's end is split, or, when less than its fixed part has
 * room, begins anew behind the header with 0x27 words in the gap; the oldest
 * give way. */
#include "build.h"

#include "tests/unit/evt_sim.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 48, FIXED = 56, END_MARK = 40, DIRTY = 1, WRAPPED = 2 };

static void
put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t) v;
    p[1] = (uint8_t) (v >> 8);
}

static void
put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

static void *
grab(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p)
        abort();
    return p;
}

/* --- the file ---------------------------------------------------------------- */

/* Writes bytes at 'at', going on behind the header. */
static uint32_t
ring_put(struct sim *s, uint32_t at, const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (at == s->size)
            at = HEADER;
        s->p[at++] = p[i];
    }
    return at == s->size ? HEADER : at;
}

static void
put_end_mark(struct sim *s)
{
    uint8_t p[END_MARK];

    put32(p, END_MARK);
    for (uint32_t i = 1; i <= 4; i++)
        put32(p + 4 * i, i * 0x11111111u);
    put32(p + 20, s->begin);
    put32(p + 24, s->end);
    put32(p + 28, s->next);
    put32(p + 32, s->oldest);
    put32(p + 36, END_MARK);
    ring_put(s, s->end, p, sizeof p);
}

void
sim_flush(struct sim *s)
{
    s->flags &= ~(uint32_t) DIRTY;
    put32(s->p, HEADER);
    memcpy(s->p + 4, "LfLe", 4);
    put32(s->p + 8, 1);
    put32(s->p + 12, 1);
    put32(s->p + 16, s->begin);
    put32(s->p + 20, s->end);
    put32(s->p + 24, s->next);
    put32(s->p + 28, s->oldest);
    put32(s->p + 32, s->size);
    put32(s->p + 36, s->flags);
    put32(s->p + 40, 604800);
    put32(s->p + 44, HEADER);
}

static void
drop_oldest(struct sim *s)
{
    free(s->live[s->first].bytes);
    s->first++;
    s->n_live--;
    s->begin = s->n_live ? s->live[s->first].offset : s->end;
    s->oldest = s->n_live ? s->live[s->first].number : 0;
}

static void
forget(struct sim *s)
{
    while (s->n_live)
        drop_oldest(s);
    s->first = 0;
}

void
sim_clear(struct sim *s)
{
    forget(s);
    memset(s->p, 0, s->size);
    s->begin = s->end = HEADER;
    s->next = 1;
    s->oldest = 0;
    s->flags = 0;
    s->full = false;
    put_end_mark(s);
    sim_flush(s);
}

void
sim_init(struct sim *s, uint32_t size)
{
    memset(s, 0, sizeof *s);
    s->size = size;
    s->p = grab(size);
    sim_clear(s);
}

void
sim_fini(struct sim *s)
{
    forget(s);
    free(s->live);
    free(s->p);
    memset(s, 0, sizeof *s);
}

/* --- records ------------------------------------------------------------------ */

static uint32_t
bytes_of(const char16_t *z)
{
    uint32_t n = 0;

    if (!z)
        return 0;
    while (z[n])
        n++;
    return 2 * (n + 1);
}

static uint32_t
put_string(uint8_t *p, const char16_t *z)
{
    uint32_t n = bytes_of(z);

    for (uint32_t i = 0; i < n; i += 2)
        put16(p + i, z[i / 2]);
    return n;
}

/* Where the parts of a record are. */
struct layout {
    uint32_t sid, strings, data, length;
};

static struct layout
lay_out(const struct sim_entry *e)
{
    struct layout l;
    uint32_t at = FIXED + bytes_of(e->source) + bytes_of(e->computer);

    at = (at + 3) & ~3u;
    l.sid = at;
    at += e->sid_n;
    l.strings = at;
    for (unsigned i = 0; i < e->n_strings; i++)
        at += bytes_of(e->string[i]);
    l.data = at;
    at = (at + e->data_n + 3) & ~3u;
    l.length = at + e->slack + 4;
    return l;
}

uint32_t
sim_length(const struct sim_entry *e)
{
    return lay_out(e).length;
}

static uint8_t *
make_record(const struct sim_entry *e, uint32_t number, uint32_t *length)
{
    struct layout l = lay_out(e);
    uint8_t *p = grab(l.length);
    uint32_t at;

    put32(p, l.length);
    memcpy(p + 4, "LfLe", 4);
    put32(p + 8, number);
    put32(p + 12, e->generated);
    put32(p + 16, e->written ? e->written : e->generated);
    put32(p + 20, e->id);
    put16(p + 24, e->type);
    put16(p + 26, e->n_strings);
    put16(p + 28, e->category);
    put32(p + 36, l.strings);
    put32(p + 40, e->sid_n);
    put32(p + 44, l.sid);
    put32(p + 48, e->data_n);
    put32(p + 52, l.data);
    at = FIXED;
    at += put_string(p + at, e->source);
    put_string(p + at, e->computer);
    if (e->sid_n)
        memcpy(p + l.sid, e->sid, e->sid_n);
    at = l.strings;
    for (unsigned i = 0; i < e->n_strings; i++)
        at += put_string(p + at, e->string[i]);
    if (e->data_n)
        memcpy(p + l.data, e->data, e->data_n);
    put32(p + l.length - 4, l.length);
    *length = l.length;
    return p;
}

uint32_t
sim_room(const struct sim *s)
{
    return s->size - s->end;
}

/* Bytes between the end mark and the oldest record. */
static uint32_t
free_bytes(const struct sim *s)
{
    uint32_t ring = s->size - HEADER;

    return s->n_live ? (s->begin + ring - s->end) % ring : ring;
}

static void
add_live(struct sim *s, struct sim_record r)
{
    if (s->first + s->n_live == s->cap) {
        unsigned cap = s->cap ? 2 * s->cap : 64;
        struct sim_record *grown = grab(cap * sizeof *grown);

        if (s->n_live)
            memcpy(grown, s->live + s->first, s->n_live * sizeof *grown);
        free(s->live);
        s->live = grown;
        s->first = 0;
        s->cap = cap;
    }
    s->live[s->first + s->n_live++] = r;
}

void
sim_write(struct sim *s, const struct sim_entry *e)
{
    struct sim_record r = {.number = s->next};
    static const uint8_t fill[4] = {0x27};

    r.bytes = make_record(e, r.number, &r.length);
    if (sim_room(s) < FIXED)
        r.fill = sim_room(s);
    if (r.fill + r.length + END_MARK > s->size - HEADER)
        abort(); /* no log is that small */
    while (s->n_live && free_bytes(s) < r.fill + r.length + END_MARK)
        drop_oldest(s);
    for (uint32_t i = 0; i < r.fill; i += 4)
        ring_put(s, s->end + i, fill, 4);
    r.offset = r.fill ? HEADER : s->end;
    if (r.fill || r.offset + r.length > s->size)
        s->full = true;
    s->end = ring_put(s, r.offset, r.bytes, r.length);
    if (s->n_live == 0) {
        s->begin = r.offset;
        s->oldest = r.number;
    }
    add_live(s, r);
    s->next++;
    s->flags = DIRTY | (s->full ? WRAPPED : 0u);
    put_end_mark(s);
    /* The flag is set when the log is opened, long before the header moves. */
    put32(s->p + 36, s->flags);
}

const struct sim_record *
sim_live(const struct sim *s, unsigned i)
{
    return &s->live[s->first + i];
}

void
sim_shorten(struct sim *s)
{
    s->size = s->end + END_MARK;
    sim_flush(s);
}

void
sim_fill_to(struct sim *s, uint32_t room)
{
    static const uint8_t data[4096];
    struct sim_entry e = {.generated = 905446537, .type = 4, .source = u"Fill", .computer = u"ANFIELD"};
    uint32_t least = sim_length(&e), away = (sim_room(s) + (s->size - HEADER) - room) % (s->size - HEADER);

    /* Records of one length, the last two of what is left. */
    while (away) {
        uint32_t n = away;

        if (n >= 2 * least)
            n = n > 1024 + least ? 1024 : n - least;
        if (n < least)
            abort();
        e.data = data;
        e.data_n = n - least;
        sim_write(s, &e);
        away -= n;
    }
}

/* --- content -------------------------------------------------------------------- */

struct sim_entry
sim_event_109(void)
{
    return (struct sim_entry){.generated = 905446537, /* 1998-09-10T16:55:37Z */
                              .id = 0xC000006D,
                              .type = 1,
                              .source = u"SMS",
                              .computer = u"ANFIELD",
                              .n_strings = 3,
                              .string = {u"\\\\ANFIELD\\SMS_PKGE\\DOG0005D", u"", u""}};
}

struct sim_entry
sim_sample(unsigned i)
{
    static const uint8_t sid[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0};
    static const uint8_t data[] = {0, 1, 2, 3, 'L', 'f', 'L', 'e', 0xff, 0x27, 0, 0, 0, 0x27};
    struct sim_entry e = {.generated = 905446537 + i, .type = (uint16_t) (1u << i % 5), .id = 1000 + i % 7};

    switch (i % 6) {
    case 0:
        e = sim_event_109();
        e.generated += i;
        break;
    case 1:
        e.source = u"Service Control Manager";
        e.computer = u"ANFIELD";
        e.id = 0x40001B7C; /* 7036 */
        e.n_strings = 2;
        e.string[0] = u"SMS_EXECUTIVE";
        e.string[1] = u"stopped";
        break;
    case 2:
        e.source = u"EventLog";
        e.computer = u"Anfield";
        e.id = 0x80001775; /* 6005 */
        break;
    case 3:
        e.source = u"Überwachung";
        e.computer = u"ANFIELD";
        e.category = 3;
        e.n_strings = 4;
        e.string[0] = u"first";
        e.string[1] = u"";
        e.string[2] = u"\u00e4\u4e2d\U0001f600\r\nnext line";
        e.string[3] = u"";
        e.sid = sid;
        e.sid_n = sizeof sid;
        break;
    case 4:
        e.source = u"Disk";
        e.computer = u"A";
        e.data = data;
        e.data_n = (uint32_t) sizeof data - i / 6 % 4;
        e.slack = 4 * (i / 6 % 3);
        break;
    case 5:
        e.source = u"Application Popup";
        e.computer = u"ANFIELD";
        e.n_strings = 1;
        e.string[0] = u"a longer string, of which each record has one, so that lengths differ more than by a few bytes";
        e.sid = sid;
        e.sid_n = sizeof sid;
        e.data = data;
        e.data_n = sizeof data;
        break;
    }
    return e;
}
