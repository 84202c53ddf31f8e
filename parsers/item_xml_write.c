/* SPDX-License-Identifier: BSD-2-Clause
 *
 * item_xml_write.c - items as XML, one line each.  The pipeline calls it for
 * every record, so room is reserved once an item and bytes are then put
 * without further tests; item_xml_read.c is the way back and
 * schemas/event.xsd the contract.
 *
 * It relies on what text_clean() guarantees (UTF-8 of XML characters) and must
 * not judge, repair or leave out content. */
#include "build.h"

#include "parsers/item_xml.h"

#include <stdlib.h>

#include "parsers/when.h"

/* ESCAPE_GROWTH: the longest escape ("&quot;") per byte.  ITEM_FIXED: more
 * than all tags, attribute names, numbers, times and ids of one item take,
 * OVERRUN included: what put_escaped() may write past its end. */
enum { ESCAPE_GROWTH = 6, OVERRUN = 16, ITEM_FIXED = 6144 + OVERRUN, FIRST_CAP = 64 * 1024 };

void
xml_buf_init(struct xml_buf *b, size_t max)
{
    *b = (struct xml_buf){.max = max};
}

void
xml_buf_fini(struct xml_buf *b)
{
    free(b->p);
    *b = (struct xml_buf){.max = b->max};
}

/* Makes room for 'more' bytes; false, and 'failed' set, where the bound or
 * memory forbids it.  Grows by doubling so that a batch costs few copies. */
static bool
reserve(struct xml_buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    char *p;

    if (more <= b->cap - b->n)
        return true;
    if (more > b->max - b->n) {
        b->failed = true;
        return false;
    }
    while (cap - b->n < more || cap < b->n)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

/* What stands for a byte that cannot stand for itself: markup and, since a
 * reader would normalise them, TAB, LF and CR.  The other controls are not XML
 * at all: text_clean() lets none through, and its escape holds them here. */
#define CONTROL(low) {"\xee\xbc" low, 3}
static const struct escape {
    char text[7];
    uint8_t n; /* 0: the byte stands for itself */
} escapes[256] = {
    [0] = CONTROL("\x80"),    CONTROL("\x81"), CONTROL("\x82"), CONTROL("\x83"), CONTROL("\x84"),
    CONTROL("\x85"),          CONTROL("\x86"), CONTROL("\x87"), CONTROL("\x88"), {"&#9;", 4},
    {"&#10;", 5},             CONTROL("\x8b"), CONTROL("\x8c"), {"&#13;", 5},    CONTROL("\x8e"),
    CONTROL("\x8f"),          CONTROL("\x90"), CONTROL("\x91"), CONTROL("\x92"), CONTROL("\x93"),
    CONTROL("\x94"),          CONTROL("\x95"), CONTROL("\x96"), CONTROL("\x97"), CONTROL("\x98"),
    CONTROL("\x99"),          CONTROL("\x9a"), CONTROL("\x9b"), CONTROL("\x9c"), CONTROL("\x9d"),
    CONTROL("\x9e"),          CONTROL("\x9f"), ['"'] = {"&quot;", 6}, ['&'] = {"&amp;", 5},
    ['<'] = {"&lt;", 4},      ['>'] = {"&gt;", 4},
};

#define PUT(out, literal) (memcpy(out, literal, sizeof(literal) - 1), (out) + sizeof(literal) - 1)

/* Puts one byte, escaped where it must be; writes up to 8 bytes. */
static inline char *
put_byte(char *out, unsigned char c)
{
    const struct escape *e = &escapes[c];

    if (e->n) {
        memcpy(out, e, sizeof *e);
        return out + e->n;
    }
    *out = (char) c;
    return out + 1;
}

/* Sixteen bytes at once in the compiler's own vectors: no intrinsics, and plain
 * words where the machine has none. */
typedef unsigned char block __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

/* 0xff where a byte is special: exactly the bytes of the table above. */
static inline halves
special_mask(block v)
{
    return (halves) ((block) (v < 0x20) | (block) ((v | 4) == '&') | (block) ((v | 2) == '>'));
}

/* Puts a piece shorter than a block: two overlapping parts if nothing in it is
 * special. */
static inline char *
put_short(char *out, const char *p, size_t n)
{
    halves both, mask;
    uint64_t first, last;
    uint32_t four[2];

    if (n < 4)
        goto bytes;
    if (n >= 8) {
        memcpy(&first, p, 8);
        memcpy(&last, p + n - 8, 8);
    } else {
        memcpy(&four[0], p, 4);
        memcpy(&four[1], p + n - 4, 4);
        first = last = (uint64_t) four[0] << 32 | four[1];
    }
    both = (halves){first, last};
    mask = special_mask((block) both);
    if (mask[0] | mask[1])
        goto bytes;
    if (n >= 8) {
        memcpy(out, &first, 8);
        memcpy(out + n - 8, &last, 8);
    } else {
        memcpy(out, &four[0], 4);
        memcpy(out + n - 4, &four[1], 4);
    }
    return out + n;
bytes:
    for (size_t i = 0; i < n; i++)
        out = put_byte(out, (unsigned char) p[i]);
    return out;
}

/* Index of the first marked byte of a mask that has one. */
static inline size_t
first_marked(halves half)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return half[0] ? (size_t) __builtin_ctzll(half[0]) / 8 : 8 + (size_t) __builtin_ctzll(half[1]) / 8;
#else
    return half[0] ? (size_t) __builtin_clzll(half[0]) / 8 : 8 + (size_t) __builtin_clzll(half[1]) / 8;
#endif
}

/* Puts 's' escaped: whole blocks are copied and looked at on the way.  May
 * write up to OVERRUN bytes behind what it returns. */
static char *
put_escaped(char *out, struct str s)
{
    const char *p = s.p, *end = s.p + s.n;

    while (end - p >= 16) {
        halves mask;
        size_t k;
        block v;

        memcpy(&v, p, sizeof v);
        memcpy(out, &v, sizeof v);
        mask = special_mask(v);
        if (!(mask[0] | mask[1])) {
            out += 16;
            p += 16;
            continue;
        }
        k = first_marked(mask);
        out = put_byte(out + k, (unsigned char) p[k]);
        p += k + 1;
    }
    return put_short(out, p, (size_t) (end - p));
}

/* Bytes that put_escaped() will put. */
static size_t
escaped_size(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += escapes[(unsigned char) s.p[i]].n ? escapes[(unsigned char) s.p[i]].n : 1;
    return n;
}

static char *
put_z(char *out, const char *z)
{
    size_t n = strlen(z);

    memcpy(out, z, n);
    return out + n;
}

/* An id: 32 digits, or none where there is none yet. */
static inline char *
put_id(char *out, const char *id)
{
    if (!id[0])
        return out;
    memcpy(out, id, EVENT_ID_SIZE - 1);
    return out + EVENT_ID_SIZE - 1;
}

static char *
put_number(char *out, uint64_t v)
{
    char digits[20];
    size_t n = 0;

    do
        digits[n++] = (char) ('0' + v % 10);
    while (v /= 10);
    while (n)
        *out++ = digits[--n];
    return out;
}

/* Each puts ` name="value"`, the second nothing when the value is absent. */
#define PUT_ATTRIBUTE(out, name, value_put) \
    do { \
        out = PUT(out, " " name "=\""); \
        out = value_put; \
        *out++ = '"'; \
    } while (0)
#define PUT_STR(out, name, s) \
    do { \
        if (str_has(s)) \
            PUT_ATTRIBUTE(out, name, put_escaped(out, s)); \
    } while (0)

/* The zone as text: its name, else the record's own bias turned into the
 * offset people know (bias 420 is -07:00). */
static char *
put_zone(char *out, const struct when *w)
{
    int east = -w->bias, away = east < 0 ? -east : east;

    if (str_has(w->zone))
        return put_escaped(out, w->zone);
    *out++ = east < 0 ? '-' : '+';
    *out++ = (char) ('0' + away / 600 % 10);
    *out++ = (char) ('0' + away / 60 % 10);
    *out++ = ':';
    *out++ = (char) ('0' + away % 60 / 10);
    *out++ = (char) ('0' + away % 10);
    return out;
}

static char *
put_when(char *out, const struct when *w)
{
    if (!w->utc_known && !w->local_known)
        return out;
    out = PUT(out, "<when");
    if (w->utc_known)
        PUT_ATTRIBUTE(out, "time", out + when_text(w, out));
    if (w->local_known)
        PUT_ATTRIBUTE(out, "local", out + when_iso(w->local, w->fraction, out));
    if (str_has(w->zone) || w->bias_known)
        PUT_ATTRIBUTE(out, "zone", put_zone(out, w));
    if (w->dst == WHEN_DST_FIRST)
        out = PUT(out, " dst=\"first\"");
    if (w->dst == WHEN_DST_SHIFTED)
        out = PUT(out, " dst=\"shifted\"");
    return PUT(out, "/>");
}

/* Ends an element that so far is `<name` and perhaps attributes: one without
 * attributes is taken back. */
static char *
end_or_take_back(char *start, size_t name, char *out)
{
    return (size_t) (out - start) == name ? start : PUT(out, "/>");
}

/* Passes over event_fields.def, one for each element that carries text fields;
 * 'element' is a constant, so the fields of the others are dropped by the
 * compiler. */
#define FIELD_OF_origin 0
#define FIELD_OF_object 1
#define FIELD_OF_claim 2

static inline char *
put_fields(char *out, const struct facts *f, int element)
{
#define FACT(member, carrier, attribute, sd, prose) \
    if (FIELD_OF_##carrier == element) \
        PUT_STR(out, #attribute, f->member);
#include "parsers/event_fields.def"
#undef FACT
    return out;
}

static char *
put_origin(char *out, const struct facts *f)
{
    char *start = out;

    return end_or_take_back(start, 7, put_fields(PUT(out, "<origin"), f, FIELD_OF_origin));
}

static char *
put_cause(char *out, const struct facts *f)
{
    char *start = out;

    out = PUT(out, "<cause");
    if (f->caused)
        PUT_ATTRIBUTE(out, "class", put_z(out, event_class_name(f->cause_class)));
    if (f->tagged)
        out = PUT(out, " tag=\"" EVENT_TAG "\"");
    if (f->win32_known)
        PUT_ATTRIBUTE(out, "win32", put_number(out, f->win32));
    PUT_STR(out, "symbol", f->symbol);
    if (f->misreported)
        out = PUT(out, " misreported=\"true\"");
    if (f->basis != BASIS_NONE)
        PUT_ATTRIBUTE(out, "basis", put_z(out, basis_name(f->basis)));
    if (f->confidence != CONFIDENCE_NONE)
        PUT_ATTRIBUTE(out, "confidence", put_z(out, confidence_name(f->confidence)));
    /* Where nothing went wrong there is no cause to be named. */
    if (f->caused || f->win32_known)
        PUT_STR(out, "signature", f->signature);
    if (!f->n_evidence)
        return end_or_take_back(start, 6, out);
    *out++ = '>';
    for (unsigned i = 0; i < f->n_evidence && i < EVENT_EVIDENCE_MAX; i++) {
        out = PUT(out, "<evidence");
        PUT_ATTRIBUTE(out, "event", put_id(out, f->evidence[i]));
        out = PUT(out, "/>");
    }
    return PUT(out, "</cause>");
}

/* What an event and an alarm have in common after `origin`: object, claim,
 * cause and see. */
static char *
put_facts(char *out, const struct facts *f)
{
    char *start = out;

    out = end_or_take_back(start, 7, put_fields(PUT(out, "<object"), f, FIELD_OF_object));
    start = out;
    out = PUT(out, "<claim");
    if (f->claimed)
        PUT_ATTRIBUTE(out, "cause", put_z(out, event_class_name(f->claim_class)));
    out = put_fields(out, f, FIELD_OF_claim);
    if (f->figures != FIGURES_NONE)
        PUT_ATTRIBUTE(out, "figures", put_z(out, figures_name(f->figures)));
    out = end_or_take_back(start, 6, out);
    out = put_cause(out, f);
    for (unsigned i = 0; i < f->n_articles && i < EVENT_SEE_MAX; i++) {
        out = PUT(out, "<see");
        PUT_STR(out, "article", f->article[i]);
        out = PUT(out, "/>");
    }
    for (unsigned i = 0; i < f->n_linked && i < EVENT_SEE_MAX; i++) {
        out = PUT(out, "<see");
        PUT_ATTRIBUTE(out, "event", put_id(out, f->linked[i]));
        out = PUT(out, "/>");
    }
    return out;
}

static char *
put_event(char *out, const struct event *ev)
{
    out = PUT(out, "<event");
    PUT_ATTRIBUTE(out, "id", put_id(out, ev->id));
    PUT_ATTRIBUTE(out, "class", put_z(out, event_class_name(ev->cls)));
    PUT_ATTRIBUTE(out, "severity", put_z(out, severity_name(ev->severity)));
    *out++ = '>';
    out = put_when(out, &ev->when);
    out = put_origin(out, &ev->f);
    out = PUT(out, "<source");
    PUT_STR(out, "format", ev->format);
    PUT_STR(out, "name", ev->source_name);
    PUT_ATTRIBUTE(out, "offset", put_number(out, ev->offset));
    if (ev->line)
        PUT_ATTRIBUTE(out, "line", put_number(out, ev->line));
    PUT_ATTRIBUTE(out, "length", put_number(out, ev->length));
    if (ev->repaired)
        out = PUT(out, " repaired=\"trailer\"");
    out = PUT(out, "/>");
    out = put_facts(out, &ev->f);
    if (str_has(ev->text)) {
        out = ev->truncated ? PUT(out, "<text truncated=\"true\">") : PUT(out, "<text>");
        out = put_escaped(out, ev->text);
        out = PUT(out, "</text>");
    }
    return PUT(out, "</event>\n");
}

static char *
put_alarm(char *out, const struct alarm_item *al)
{
    out = PUT(out, "<alarm");
    PUT_ATTRIBUTE(out, "id", put_id(out, al->id));
    PUT_STR(out, "key", al->key);
    PUT_ATTRIBUTE(out, "state", put_z(out, alarm_state_name(al->state)));
    PUT_ATTRIBUTE(out, "severity", put_z(out, severity_name(al->severity)));
    PUT_ATTRIBUTE(out, "class", put_z(out, event_class_name(al->cls)));
    PUT_ATTRIBUTE(out, "count", put_number(out, al->count));
    if (al->first.utc_known || al->first.local_known)
        PUT_ATTRIBUTE(out, "first", out + when_text(&al->first, out));
    if (al->last.utc_known || al->last.local_known)
        PUT_ATTRIBUTE(out, "last", out + when_text(&al->last, out));
    PUT_STR(out, "reason", al->reason);
    PUT_STR(out, "event", al->event);
    *out++ = '>';
    out = put_when(out, &al->when);
    out = put_origin(out, &al->f);
    out = put_facts(out, &al->f);
    if (str_has(al->summary)) {
        out = PUT(out, "<summary>");
        out = put_escaped(out, al->summary);
        out = PUT(out, "</summary>");
    }
    if (str_has(al->action)) {
        out = PUT(out, "<action>");
        out = put_escaped(out, al->action);
        out = PUT(out, "</action>");
    }
    return PUT(out, "</alarm>\n");
}

static char *
put_notice(char *out, const struct notice_item *no)
{
    out = PUT(out, "<notice");
    PUT_ATTRIBUTE(out, "kind", put_z(out, notice_kind_name(no->kind)));
    if (no->id[0])
        PUT_ATTRIBUTE(out, "id", put_id(out, no->id));
    if (no->when.utc_known || no->when.local_known)
        PUT_ATTRIBUTE(out, "time", out + when_text(&no->when, out));
    if (no->kind == NOTICE_HEARTBEAT) {
        PUT_ATTRIBUTE(out, "read", put_number(out, no->read));
        PUT_ATTRIBUTE(out, "delivered", put_number(out, no->delivered));
        PUT_ATTRIBUTE(out, "folded", put_number(out, no->folded));
        PUT_ATTRIBUTE(out, "dropped", put_number(out, no->dropped));
        PUT_ATTRIBUTE(out, "seq", put_number(out, no->last_seq));
        PUT_ATTRIBUTE(out, "open", put_number(out, no->open_count));
        if (no->open_digest[0])
            PUT_ATTRIBUTE(out, "digest", put_id(out, no->open_digest));
    }
    *out++ = '>';
    if (str_has(no->text))
        out = put_escaped(out, no->text);
    return PUT(out, "</notice>\n");
}

static char *
put_item(char *out, const struct item *it)
{
    switch (it->kind) {
    case ITEM_EVENT:
        return put_event(out, it->event);
    case ITEM_ALARM:
        return put_alarm(out, it->alarm);
    case ITEM_NOTICE:
        return put_notice(out, it->notice);
    }
    return out;
}

/* Bytes of all strings of an item, as they are or 'escaped'. */
static inline size_t
string_size(struct str s, bool escaped)
{
    return escaped ? escaped_size(s) : s.n;
}

static inline size_t
facts_size(const struct facts *f, bool escaped)
{
    size_t n = string_size(f->symbol, escaped) + string_size(f->signature, escaped);

#define FACT(member, carrier, attribute, sd, prose) n += string_size(f->member, escaped);
#include "parsers/event_fields.def"
#undef FACT
    for (unsigned i = 0; i < f->n_articles && i < EVENT_SEE_MAX; i++)
        n += string_size(f->article[i], escaped);
    return n;
}

static inline size_t
item_size(const struct item *it, bool escaped)
{
    const struct event *ev = it->event;
    const struct alarm_item *al = it->alarm;

    if (it->kind == ITEM_EVENT)
        return facts_size(&ev->f, escaped) + string_size(ev->when.zone, escaped) + string_size(ev->format, escaped)
               + string_size(ev->source_name, escaped) + string_size(ev->text, escaped);
    if (it->kind == ITEM_NOTICE)
        return string_size(it->notice->text, escaped);
    return facts_size(&al->f, escaped) + string_size(al->when.zone, escaped) + string_size(al->key, escaped)
           + string_size(al->reason, escaped) + string_size(al->event, escaped)
           + string_size(al->summary, escaped) + string_size(al->action, escaped);
}

/* Appends one item whole, or nothing and sets 'failed'.  The cheap bound for
 * its size comes first; only near the buffer's own bound are bytes counted. */
void
item_xml_write(struct xml_buf *b, const struct item *it)
{
    size_t most = ITEM_FIXED + ESCAPE_GROWTH * item_size(it, false);
    char *out;

    if (b->failed)
        return;
    if (most > b->cap - b->n && most > b->max - b->n)
        most = ITEM_FIXED + item_size(it, true);
    if (!reserve(b, most))
        return;
    out = b->p + b->n;
    out = put_item(out, it);
    b->n = (size_t) (out - b->p);
}

void
item_xml_open(struct xml_buf *b, const char *version)
{
    struct str v = str_z(version);
    char *out;

    if (b->failed || !reserve(b, ITEM_FIXED + ESCAPE_GROWTH * v.n))
        return;
    out = b->p + b->n;
    out = PUT(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<events");
    PUT_STR(out, "version", v);
    out = PUT(out, " xmlns=\"" ITEM_XML_NS "\">\n");
    b->n = (size_t) (out - b->p);
}

void
item_xml_close(struct xml_buf *b)
{
    if (b->failed || !reserve(b, ITEM_FIXED))
        return;
    b->n = (size_t) (PUT(b->p + b->n, "</events>\n") - b->p);
}
