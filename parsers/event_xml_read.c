/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml_read.c - one <Event> element by libxml2's SAX, for event_xml.c: the
 * facts of System as they stand, the strings, the rendered message.  Depth and
 * number of strings are bounded; no DTD, entity, file or network access. */
#include "build.h"

#include "parsers/event_xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "parsers/when.h"

enum { DEPTH_MAX = 64 };

/* The sections of an event that hold facts, and the elements in them. */
enum section { SECTION_NONE, SECTION_SYSTEM, SECTION_DATA, SECTION_USER, SECTION_RENDERING };
enum element {
    ELEMENT_OTHER,
    ELEMENT_EVENT_ID,
    ELEMENT_LEVEL,
    ELEMENT_RECORD_ID,
    ELEMENT_CHANNEL,
    ELEMENT_COMPUTER,
    ELEMENT_STRING,
    ELEMENT_MESSAGE,
    ELEMENT_TASK
};

/* Where the parser is; 'out' is what the caller gets. */
struct sax {
    xmlParserCtxtPtr ctxt;
    struct event_xml_reading *out;
    unsigned depth;
    enum section section;
    enum element element; /* that is being collected, ELEMENT_OTHER for none */
    unsigned element_depth;
    size_t start;    /* of its characters */
    struct str name; /* of a string */
    uint32_t qualifiers;
    bool is_event, has_system, system_time, too_deep;
    bool failed; /* an error that ends the parse */
    long error_at;
};

static bool
is_name(const xmlChar *name, const char *literal)
{
    return strcmp((const char *) name, literal) == 0;
}

/* --- numbers and times ------------------------------------------------------- */

/* An unsigned decimal, or 0x hexadecimal, or negative 32-bit number (tools that
 * take ids as signed write that); false when it is none of them. */
bool
event_xml_number(struct str s, uint64_t *out)
{
    bool negative = false;
    uint64_t v = 0;
    size_t i = 0;

    s = str_trim(s);
    if (s.n > 2 && s.p[0] == '0' && str_lower_char(s.p[1]) == 'x') {
        if (s.n > 18)
            return false;
        for (i = 2; i < s.n; i++) {
            if (str_hex_value(s.p[i]) < 0)
                return false;
            v = v << 4 | (uint64_t) str_hex_value(s.p[i]);
        }
        *out = v;
        return true;
    }
    if (s.n && s.p[0] == '-') {
        negative = true;
        s = str_skip(s, 1);
    }
    if (!s.n || s.n > 19)
        return false;
    for (; i < s.n; i++) {
        if (!str_is_digit(s.p[i]))
            return false;
        v = v * 10 + (uint64_t) (s.p[i] - '0');
    }
    if (negative && v > UINT64_C(0x80000000))
        return false;
    *out = negative ? (uint32_t) - (uint32_t) v : v;
    return true;
}

/* Windows pads its times to seven or nine digits of second; zeros at their end
 * say nothing, and "16:55:40Z" is what people and other logs show. */
static void
drop_padding(struct when *w)
{
    int64_t unit = WHEN_SECOND;

    for (unsigned i = 0; i < w->fraction; i++)
        unit /= 10;
    while (w->fraction && w->utc / unit % 10 == 0) {
        w->fraction--;
        unit *= 10;
    }
}

/* SystemTime: UTC, whether it says so or not. */
static void
read_system_time(struct sax *r, struct str s)
{
    struct when w = {0};

    if (!when_parse_iso(str_trim(s), &w))
        return;
    if (!w.utc_known) {
        w.utc = w.local;
        w.utc_known = true;
        w.local_known = false;
    }
    drop_padding(&w);
    r->out->ev->when = w;
    r->system_time = true;
}

/* RawTime: a FILETIME, 100 ns since 1601, if it lies where records can; other
 * clocks (ticks of the processor) do not. */
static void
read_raw_time(struct sax *r, struct str s)
{
    const uint64_t first = UINT64_C(94354848000000000), last = UINT64_C(189024192000000000); /* 1900, 2200 */
    const int64_t epoch = INT64_C(116444736000000000);
    uint64_t v;

    if (r->system_time || !event_xml_number(s, &v) || v < first || v >= last)
        return;
    r->out->ev->when = (struct when){.utc_known = true, .utc = ((int64_t) v - epoch) * 100, .fraction = 7};
    drop_padding(&r->out->ev->when);
}

/* --- collecting ----------------------------------------------------------------- */

static struct str
put_chars(struct sax *r, const char *p, size_t n)
{
    struct str s;

    if (n > r->out->cap - r->out->n)
        n = r->out->cap - r->out->n;
    memcpy(r->out->chars + r->out->n, p, n);
    s = str_make(r->out->chars + r->out->n, n);
    r->out->n += n;
    return s;
}

static void
on_characters(void *data, const xmlChar *p, int n)
{
    struct sax *r = data;

    if (r->element != ELEMENT_OTHER && n > 0)
        put_chars(r, (const char *) p, (size_t) n);
}

static void
collect(struct sax *r, enum element element)
{
    r->element = element;
    r->element_depth = r->depth;
    r->start = r->out->n;
    r->name = STR_NONE;
}

/* The value of the attribute 'name' among those that libxml2 hands over. */
static struct str
attribute(int n, const xmlChar **attributes, const char *name)
{
    for (int i = 0; i < n; i++) {
        const xmlChar **a = attributes + 5 * (size_t) i;

        if (is_name(a[0], name) && !a[1])
            return str_make((const char *) a[3], (size_t) (a[4] - a[3]));
    }
    return STR_NONE;
}

/* The same, kept; absent when it is empty. */
static struct str
kept_attribute(struct sax *r, int n, const xmlChar **attributes, const char *name)
{
    struct str s = str_trim(attribute(n, attributes, name));

    return s.n ? put_chars(r, s.p, s.n) : STR_NONE;
}

/* A child of System: facts in attributes now, those in text at its end. */
static void
start_system(struct sax *r, const xmlChar *name, int n, const xmlChar **attributes)
{
    uint64_t v;

    if (is_name(name, "Provider")) {
        r->out->ev->f.provider = kept_attribute(r, n, attributes, "Name");
        if (!str_has(r->out->ev->f.provider))
            r->out->ev->f.provider = kept_attribute(r, n, attributes, "EventSourceName");
    } else if (is_name(name, "EventID")) {
        if (event_xml_number(attribute(n, attributes, "Qualifiers"), &v) && v <= UINT16_MAX)
            r->qualifiers = (uint32_t) v;
        collect(r, ELEMENT_EVENT_ID);
    } else if (is_name(name, "TimeCreated")) {
        read_system_time(r, attribute(n, attributes, "SystemTime"));
        read_raw_time(r, attribute(n, attributes, "RawTime"));
    } else if (is_name(name, "Execution")) {
        struct str thread = str_trim(attribute(n, attributes, "ThreadID"));

        if (event_xml_number(thread, &v) && v)
            r->out->ev->f.thread = put_chars(r, thread.p, thread.n);
    } else if (is_name(name, "Security")) {
        r->out->log->user = kept_attribute(r, n, attributes, "UserID");
    } else if (is_name(name, "Level")) {
        collect(r, ELEMENT_LEVEL);
    } else if (is_name(name, "EventRecordID")) {
        collect(r, ELEMENT_RECORD_ID);
    } else if (is_name(name, "Channel")) {
        collect(r, ELEMENT_CHANNEL);
    } else if (is_name(name, "Computer")) {
        collect(r, ELEMENT_COMPUTER);
    }
}

/* An element inside EventData or UserData: the innermost ones are strings,
 * Data under its attribute Name, others under their own. */
static void
start_string(struct sax *r, const xmlChar *name, int n, const xmlChar **attributes)
{
    r->out->log->strings_known = true;
    if (is_name(name, "Binary")) {
        r->element = ELEMENT_OTHER;
        return;
    }
    collect(r, ELEMENT_STRING);
    r->name = kept_attribute(r, n, attributes, "Name");
    if (!str_has(r->name) && r->section == SECTION_USER)
        r->name = put_chars(r, (const char *) name, strlen((const char *) name));
    r->start = r->out->n;
}

static void
start_section(struct sax *r, const xmlChar *name)
{
    r->section = SECTION_NONE;
    if (is_name(name, "System")) {
        r->section = SECTION_SYSTEM;
        r->has_system = true;
    } else if (is_name(name, "EventData")) {
        r->section = SECTION_DATA;
        r->out->log->strings_known = true;
        collect(r, ELEMENT_STRING);
    } else if (is_name(name, "UserData")) {
        r->section = SECTION_USER;
    } else if (is_name(name, "RenderingInfo")) {
        r->section = SECTION_RENDERING;
    }
}

static void
on_start(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
         const xmlChar **namespaces, int n, int n_defaulted, const xmlChar **attributes)
{
    struct sax *r = data;

    (void) prefix;
    (void) uri;
    (void) n_namespaces;
    (void) namespaces;
    (void) n_defaulted;
    if (++r->depth > DEPTH_MAX) {
        r->too_deep = true;
        xmlStopParser(r->ctxt);
        return;
    }
    if (r->depth == 1)
        r->is_event = is_name(name, "Event");
    else if (r->depth == 2)
        start_section(r, name);
    else if (r->section == SECTION_DATA || r->section == SECTION_USER)
        start_string(r, name, n, attributes);
    else if (r->depth == 3 && r->section == SECTION_SYSTEM)
        start_system(r, name, n, attributes);
    else if (r->depth == 3 && r->section == SECTION_RENDERING && is_name(name, "Message"))
        collect(r, ELEMENT_MESSAGE);
    else if (r->depth == 3 && r->section == SECTION_RENDERING && is_name(name, "Task"))
        collect(r, ELEMENT_TASK);
}

static void
end_event_id(struct sax *r, struct str s)
{
    uint64_t v;

    if (!event_xml_number(s, &v) || v > UINT32_MAX)
        return;
    r->out->log->id32 = v > UINT16_MAX ? (uint32_t) v : r->qualifiers << 16 | (uint32_t) v;
    r->out->log->number = (uint16_t) v;
    r->out->has_number = true;
}

/* Strings beyond the bound are left out; a rendered message has them still. */
static void
add_string(struct sax *r, struct str s)
{
    if (r->out->n_strings < EVENTLOG_STRINGS_MAX)
        r->out->string[r->out->n_strings++] = (struct event_xml_string){r->name, s};
}

/* One string, or all of them where a tool that reads .evtx files wrote the
 * array as text: <string>A</string> <string></string>. */
static void
end_string(struct sax *r, struct str s)
{
    static const struct str open = {"<string>", 8}, close = {"</string>", 9};
    struct str rest = str_trim(s);

    if (r->element_depth == 2 && !rest.n)
        return; /* EventData itself, with nothing in it */
    if (!str_starts(rest, open)) {
        add_string(r, s);
        return;
    }
    while (str_starts(rest, open)) {
        size_t n = str_find_case(rest, close);

        add_string(r, str_make(rest.p + open.n, (n > open.n ? n : open.n) - open.n));
        rest = str_skip(rest, n < rest.n ? n + close.n : n);
        rest = str_trim(rest);
    }
}

static void
on_end(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct sax *r = data;
    struct str s = str_make(r->out->chars + r->start, r->out->n - r->start), trimmed;
    uint64_t v;

    (void) name;
    (void) prefix;
    (void) uri;
    if (r->depth-- != r->element_depth || r->element == ELEMENT_OTHER)
        return;
    trimmed = str_trim(s);
    switch (r->element) {
    case ELEMENT_OTHER:
        break;
    case ELEMENT_EVENT_ID:
        end_event_id(r, trimmed);
        break;
    case ELEMENT_LEVEL:
        /* 5 is verbose, which is no more than information to us. */
        if (event_xml_number(trimmed, &v) && v <= 255)
            r->out->log->level = v > 4 ? 4 : (unsigned) v;
        break;
    case ELEMENT_RECORD_ID:
        if (event_xml_number(trimmed, &v))
            r->out->ev->f.record_number = trimmed;
        break;
    case ELEMENT_CHANNEL:
        if (trimmed.n)
            r->out->ev->f.channel = trimmed;
        break;
    case ELEMENT_COMPUTER:
        if (trimmed.n)
            r->out->ev->f.host = trimmed;
        break;
    case ELEMENT_STRING:
        end_string(r, s);
        break;
    case ELEMENT_MESSAGE:
        r->out->log->message = s;
        break;
    case ELEMENT_TASK:
        if (trimmed.n)
            r->out->log->category = trimmed;
        break;
    }
    r->element = ELEMENT_OTHER;
}

/* --- libxml2 ---------------------------------------------------------------------- */

static void
on_error(void *data, xmlErrorPtr error)
{
    struct sax *r = data;

    if (error->level == XML_ERR_FATAL && !r->failed) {
        r->failed = true;
        r->error_at = xmlByteConsumed(r->ctxt);
    }
}

static void
on_doctype(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    struct sax *r = data;

    (void) name;
    (void) external;
    (void) system;
    r->failed = true;
    r->error_at = xmlByteConsumed(r->ctxt);
    xmlStopParser(r->ctxt);
}

/* Runs libxml2 over the cleaned bytes of one record; a NUL follows them.  As a
 * string, not as a memory file: a file's buffer is looked after at every step
 * near its end, which for one record is always. */
enum perr
event_xml_read(struct event_xml_reading *out, struct str bytes, size_t *at)
{
    static const xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_characters,
        .ignorableWhitespace = on_characters,
        .cdataBlock = on_characters,
        .internalSubset = on_doctype,
        .serror = on_error,
    };
    struct sax r = {.out = out};
    xmlParserInputPtr input = NULL;
    enum perr err = PERR_OK;

    r.ctxt = xmlNewParserCtxt();
    if (r.ctxt)
        input = xmlNewStringInputStream(r.ctxt, (const xmlChar *) bytes.p);
    if (!input || inputPush(r.ctxt, input) < 0) {
        xmlFreeParserCtxt(r.ctxt);
        return PERR_NOMEM;
    }
    *r.ctxt->sax = handler;
    r.ctxt->userData = &r;
    /* NOENT: else libxml2 hands over "&amp;" in attributes as "&#38;".  There
     * are no other entities: on_doctype() comes before any could be declared. */
    xmlCtxtUseOptions(r.ctxt, XML_PARSE_NONET | XML_PARSE_NOENT);
    xmlParseDocument(r.ctxt);
    if (r.failed || !r.ctxt->wellFormed) {
        *at = r.failed && r.error_at >= 0 && (size_t) r.error_at < bytes.n ? (size_t) r.error_at : bytes.n;
        err = *at < bytes.n ? PERR_SYNTAX : PERR_TRUNCATED;
        if (r.ctxt->lastError.code == XML_ERR_NO_MEMORY)
            err = PERR_NOMEM;
    }
    if (r.too_deep)
        err = PERR_LIMIT;
    if (err == PERR_OK && (!r.is_event || !r.has_system))
        err = PERR_SYNTAX;
    if (r.ctxt->myDoc)
        xmlFreeDoc(r.ctxt->myDoc);
    xmlFreeParserCtxt(r.ctxt);
    r.ctxt = NULL;
    return err;
}
