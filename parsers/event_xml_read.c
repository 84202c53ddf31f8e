/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml_read.c - one <Event> element by libxml2's SAX, for event_xml.c: the
 * facts of System as they stand, the strings, the rendered message.  Depth and
 * number of strings are bounded; no DTD, entity, file or network access. */
#include "build.h"

#include "parsers/event_xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

enum { DEPTH_MAX = 64, DICTIONARY_MAX = 1 << 16 };

/* The sections of an event that hold facts, and the elements in them. */
enum section { SECTION_NONE, SECTION_SYSTEM, SECTION_DATA, SECTION_USER, SECTION_SHOWN, SECTION_RENDERING };
enum element {
    ELEMENT_OTHER,
    ELEMENT_EVENT_ID,
    ELEMENT_LEVEL,
    ELEMENT_KEYWORDS,
    ELEMENT_RECORD_ID,
    ELEMENT_CHANNEL,
    ELEMENT_COMPUTER,
    ELEMENT_STRING, /* an insertion string */
    ELEMENT_SHOWN,  /* a value that is none, but stands in the text */
    ELEMENT_MESSAGE,
    ELEMENT_RENDERED_LEVEL,
    ELEMENT_RENDERED_PROVIDER,
    ELEMENT_TASK
};

/* Standard keywords of the Security log, which has no levels (winmeta.xml). */
static const uint64_t keyword_audit_failure = UINT64_C(0x10000000000000);
static const uint64_t keyword_audit_success = UINT64_C(0x20000000000000);

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
    bool is_event, has_system, too_deep;
    bool failed; /* an error that ends the parse */
    long error_at;
};

static bool
is_name(const xmlChar *name, const char *literal)
{
    return strcmp((const char *) name, literal) == 0;
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

/* The source: EventSourceName is the name that other forms of the record show
 * ("Service Control Manager"), Name that of the manifest. */
static void
start_provider(struct sax *r, int n, const xmlChar **attributes)
{
    static const char *const names[] = {"EventSourceName", "Name", "Guid"};

    for (size_t i = 0; i < sizeof names / sizeof *names && !str_has(r->out->ev->f.provider); i++)
        r->out->ev->f.provider = kept_attribute(r, n, attributes, names[i]);
}

/* A child of System: facts in attributes now, those in text at its end. */
static void
start_system(struct sax *r, const xmlChar *name, int n, const xmlChar **attributes)
{
    uint64_t v;

    if (is_name(name, "Provider")) {
        start_provider(r, n, attributes);
    } else if (is_name(name, "EventID")) {
        if (event_xml_number(attribute(n, attributes, "Qualifiers"), &v) && v <= UINT16_MAX)
            r->qualifiers = (uint32_t) v;
        collect(r, ELEMENT_EVENT_ID);
    } else if (is_name(name, "TimeCreated")) {
        if (!event_xml_system_time(attribute(n, attributes, "SystemTime"), &r->out->ev->when))
            event_xml_raw_time(attribute(n, attributes, "RawTime"), &r->out->ev->when);
    } else if (is_name(name, "Execution")) {
        struct str thread = str_trim(attribute(n, attributes, "ThreadID"));

        if (event_xml_number(thread, &v) && v)
            r->out->ev->f.thread = put_chars(r, thread.p, thread.n);
    } else if (is_name(name, "Security")) {
        r->out->log->user = kept_attribute(r, n, attributes, "UserID");
    } else if (is_name(name, "Level")) {
        collect(r, ELEMENT_LEVEL);
    } else if (is_name(name, "Keywords")) {
        collect(r, ELEMENT_KEYWORDS);
    } else if (is_name(name, "EventRecordID")) {
        collect(r, ELEMENT_RECORD_ID);
    } else if (is_name(name, "Channel")) {
        collect(r, ELEMENT_CHANNEL);
    } else if (is_name(name, "Computer")) {
        collect(r, ELEMENT_COMPUTER);
    }
}

/* Strings beyond the bound are left out; a rendered message has them still. */
static void
add_string(struct sax *r, struct str s, bool shown)
{
    if (r->out->n_strings < EVENTLOG_STRINGS_MAX && (!shown || str_trim(s).n))
        r->out->string[r->out->n_strings++] = (struct event_xml_string){r->name, s, shown};
}

static struct str
collected(const struct sax *r)
{
    return str_make(r->out->chars + r->start, r->out->n - r->start);
}

/* An element begins inside one that was being collected: what that has so far
 * stands beside elements, so it is no string of its own. */
static void
leave_text(struct sax *r)
{
    if (r->element == ELEMENT_STRING || r->element == ELEMENT_SHOWN)
        add_string(r, collected(r), true);
    r->element = ELEMENT_OTHER;
}

/* Attributes of UserData's elements, which are of any schema. */
static void
show_attributes(struct sax *r, int n, const xmlChar **attributes)
{
    for (int i = 0; i < n; i++) {
        const xmlChar **a = attributes + 5 * (size_t) i;

        if (is_name(a[0], "Name"))
            continue;
        r->name = put_chars(r, (const char *) a[0], strlen((const char *) a[0]));
        add_string(r, put_chars(r, (const char *) a[3], (size_t) (a[4] - a[3])), true);
    }
}

/* An element inside EventData, UserData or what else holds values: the innermost
 * ones are strings, Data under its attribute Name, others under their own. */
static void
start_string(struct sax *r, const xmlChar *name, int n, const xmlChar **attributes)
{
    bool binary = is_name(name, "Binary");

    leave_text(r);
    if (r->section == SECTION_USER)
        show_attributes(r, n, attributes);
    if (!binary && r->section != SECTION_SHOWN)
        r->out->log->strings_known = true;
    collect(r, binary || r->section == SECTION_SHOWN ? ELEMENT_SHOWN : ELEMENT_STRING);
    r->name = kept_attribute(r, n, attributes, "Name");
    if (!str_has(r->name) && (binary || r->section != SECTION_DATA))
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
        collect(r, ELEMENT_SHOWN);
    } else if (is_name(name, "RenderingInfo")) {
        r->section = SECTION_RENDERING;
    } else if (is_name(name, "BinaryEventData") || is_name(name, "ProcessingErrorData")
               || is_name(name, "DebugData")) {
        r->section = SECTION_SHOWN;
        collect(r, ELEMENT_SHOWN);
        r->name = put_chars(r, (const char *) name, strlen((const char *) name));
        r->start = r->out->n;
    }
}

static bool
holds_values(enum section section)
{
    return section == SECTION_DATA || section == SECTION_USER || section == SECTION_SHOWN;
}

static void
start_rendering(struct sax *r, const xmlChar *name)
{
    static const struct {
        const char *name;
        enum element element;
    } parts[] = {
        {"Message", ELEMENT_MESSAGE},
        {"Level", ELEMENT_RENDERED_LEVEL},
        {"Provider", ELEMENT_RENDERED_PROVIDER},
        {"Task", ELEMENT_TASK},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (is_name(name, parts[i].name))
            collect(r, parts[i].element);
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
    else if (holds_values(r->section))
        start_string(r, name, n, attributes);
    else if (r->depth == 3 && r->section == SECTION_SYSTEM)
        start_system(r, name, n, attributes);
    else if (r->depth == 3 && r->section == SECTION_RENDERING)
        start_rendering(r, name);
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
        add_string(r, s, false);
        return;
    }
    while (str_starts(rest, open)) {
        size_t n = str_find_case(rest, close);

        add_string(r, str_make(rest.p + open.n, (n > open.n ? n : open.n) - open.n), false);
        rest = str_skip(rest, n < rest.n ? n + close.n : n);
        rest = str_trim(rest);
    }
}

/* A number that stands for the level, if none is known: 5 is verbose, which is
 * no more than information to us. */
static void
end_number(struct sax *r, struct str s)
{
    struct eventlog *log = r->out->log;
    uint64_t v;

    if (!event_xml_number(s, &v))
        return;
    if (r->element == ELEMENT_LEVEL && v && v <= 255)
        log->level = v > 4 ? 4 : (unsigned) v;
    if (r->element == ELEMENT_KEYWORDS && !log->level)
        log->level = v & keyword_audit_failure ? 2 : v & keyword_audit_success ? 4 : 0;
}

static void
set_once(struct str *field, struct str value)
{
    if (!str_has(*field) && value.n)
        *field = value;
}

/* The element that was collected has ended with the characters 's'. */
static void
end_element(struct sax *r, struct str s)
{
    struct facts *f = &r->out->ev->f;
    struct str trimmed = str_trim(s);
    uint64_t v;

    switch (r->element) {
    case ELEMENT_OTHER:
        break;
    case ELEMENT_EVENT_ID:
        end_event_id(r, trimmed);
        break;
    case ELEMENT_LEVEL:
    case ELEMENT_KEYWORDS:
        end_number(r, trimmed);
        break;
    case ELEMENT_RECORD_ID:
        if (event_xml_number(trimmed, &v))
            f->record_number = trimmed;
        break;
    case ELEMENT_CHANNEL:
        set_once(&f->channel, trimmed);
        break;
    case ELEMENT_COMPUTER:
        set_once(&f->host, trimmed);
        break;
    case ELEMENT_STRING:
        end_string(r, s);
        break;
    case ELEMENT_SHOWN:
        add_string(r, s, true);
        break;
    case ELEMENT_MESSAGE:
        r->out->log->message = s;
        break;
    case ELEMENT_RENDERED_LEVEL:
        if (!r->out->log->level)
            r->out->log->level = event_xml_level(trimmed);
        break;
    case ELEMENT_RENDERED_PROVIDER:
        if (trimmed.n && (!str_has(f->provider) || f->provider.p[0] == '{'))
            f->provider = trimmed;
        break;
    case ELEMENT_TASK:
        set_once(&r->out->log->category, trimmed);
        break;
    }
}

static void
on_end(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct sax *r = data;
    unsigned depth = r->depth--;

    (void) name;
    (void) prefix;
    (void) uri;
    if (depth != r->element_depth || r->element == ELEMENT_OTHER)
        return;
    end_element(r, collected(r));
    r->element = ELEMENT_OTHER;
    /* What follows inside the element around this one. */
    if (depth > 2 && holds_values(r->section))
        collect(r, ELEMENT_SHOWN);
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

static void
give_back(void *ctxt)
{
    xmlFreeParserCtxt(ctxt);
}

/* The arena's context, else a new one: making one, with its dictionary of the
 * same few names, takes as long as a record. */
static xmlParserCtxtPtr
take_context(struct arena *arena)
{
    xmlParserCtxtPtr ctxt = arena_helper(arena, give_back);

    if (ctxt) {
        xmlCtxtReset(ctxt);
        return ctxt;
    }
    ctxt = xmlNewParserCtxt();
    if (ctxt)
        arena_keep(arena, ctxt, give_back);
    return ctxt;
}

/* One whose dictionary was filled with names, or that memory failed, goes. */
static void
leave_context(struct arena *arena, xmlParserCtxtPtr ctxt, bool whole)
{
    if (!whole || xmlDictGetUsage(ctxt->dict) > DICTIONARY_MAX)
        arena_keep(arena, NULL, NULL);
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

    r.ctxt = take_context(out->arena);
    if (r.ctxt)
        input = xmlNewStringInputStream(r.ctxt, (const xmlChar *) bytes.p);
    if (!input || inputPush(r.ctxt, input) < 0) {
        if (input)
            xmlFreeInputStream(input);
        arena_keep(out->arena, NULL, NULL);
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
    leave_context(out->arena, r.ctxt, err != PERR_NOMEM);
    return err;
}
