/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_xml.c - one configuration file from bytes to a tree that the schema
 * has accepted, with every objection told in words of ours.  No DTD, hence no
 * entities; no network; files up to 1 MiB.  The lines that libxml2 gives are
 * those where a tag ends, so a scan of the bytes finds where tags and
 * attributes begin.  Called by config.c. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/SAX2.h>
#include <libxml/xmlerror.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/file.h"
#include "forwarder/near.h"

enum { FILE_MAX = 1 << 20 };

#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error;
#else
typedef xmlErrorPtr xml_error;
#endif

static const unsigned char config_xsd[] = {
#include "schemas/config.xsd.inc"
};

/* What the error handlers of libxml2 get. */
struct handling {
    struct config_reader *r;
    struct config_document *d;
    xmlAttr **refused; /* attributes that were objected to; removed in the end */
    unsigned n_refused;
    bool told; /* of a parse: the first error is enough */
};

static const char *
words(xml_error e)
{
    static _Thread_local char text[400];

    snprintf(text, sizeof text, "%s", e->message ? e->message : "unknown error");
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void
schema_broken(void *arg, xml_error e)
{
    struct config_reader *r = arg;

    config_tell(r, false, r->config->files[0], 0, "the schema in the program is broken, line %d: %s", e->line, words(e));
}

bool
config_schema_open(struct config_reader *r)
{
    xmlSchemaParserCtxt *p = xmlSchemaNewMemParserCtxt((const char *) config_xsd, sizeof config_xsd);

    if (p) {
        xmlSchemaSetParserStructuredErrors(p, schema_broken, r);
        r->schema = xmlSchemaParse(p);
        xmlSchemaFreeParserCtxt(p);
    }
    if (!r->schema)
        r->no_memory = true;
    return r->schema != NULL;
}

/* --- bytes ------------------------------------------------------------------------ */

static char *
read_file(struct config_reader *r, const char *file, size_t *n)
{
    const struct file_want want = {.most = FILE_MAX, .shorten = "split it over conf.d", .placed = true};
    char why[FILE_WHY], *p = file_read(file, &want, n, why, sizeof why);

    if (!p)
        config_tell(r, false, file, 0, "%s", why);
    return p;
}

/* --- parsing ----------------------------------------------------------------------- */

static void
refuse_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    xmlParserCtxt *ctxt = ctx;
    struct handling *h = ctxt->_private;

    (void) name;
    (void) external;
    (void) system;
    if (!h->told)
        config_tell(h->r, false, h->d->file, xmlSAX2GetLineNumber(ctxt),
                    "a DOCTYPE is not allowed here, nor entities of your own: remove it");
    h->told = true;
    xmlStopParser(ctxt);
}

static void
parse_error(void *ctx, xml_error e)
{
    xmlParserCtxt *ctxt = ctx;
    struct handling *h = ctxt->_private;

    if (h->told || e->level < XML_ERR_ERROR)
        return;
    h->told = true;
    config_tell(h->r, false, h->d->file, e->line, "not well-formed XML: %s", words(e));
}

static xmlDoc *
parse(struct handling *h, const char *p, size_t n)
{
    xmlParserCtxt *ctxt = xmlNewParserCtxt();
    xmlDoc *doc;

    if (!ctxt) {
        h->r->no_memory = true;
        return NULL;
    }
    ctxt->_private = h;
    ctxt->sax->internalSubset = refuse_doctype;
    ctxt->sax->serror = parse_error;
    doc = xmlCtxtReadMemory(ctxt, p, (int) n, h->d->file, NULL, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
    if (doc && (h->told || !ctxt->wellFormed)) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    if (!doc && !h->told)
        config_tell(h->r, false, h->d->file, 0, "not XML: the file must begin with <truecause xmlns=...>");
    xmlFreeParserCtxt(ctxt);
    return doc;
}

/* --- lines --------------------------------------------------------------------------- */

struct scan {
    const char *p, *end; /* p[-1] is readable: a '<' has gone before */
    int line;
};

static void
step_past(struct scan *s, const char *mark)
{
    size_t n = strlen(mark);

    while (s->p < s->end && ((size_t) (s->end - s->p) < n || memcmp(s->p, mark, n) != 0))
        s->line += *s->p++ == '\n';
    s->p = (size_t) (s->end - s->p) < n ? s->end : s->p + n;
}

/* One start tag: its attributes to 'out' when that is not NULL; their number. */
static unsigned
scan_tag(struct scan *s, struct config_attribute_mark *out)
{
    const char *word = s->p;
    int word_line = s->line;
    unsigned n = 0;
    char quote = '\0';

    for (; s->p < s->end && (quote || *s->p != '>'); s->p++) {
        bool space = str_is_space(*s->p);

        s->line += *s->p == '\n';
        if (quote) {
            quote = *s->p == quote ? '\0' : quote;
        } else if (*s->p == '"' || *s->p == '\'') {
            quote = *s->p;
        } else if (*s->p == '=') {
            if (out)
                out[n] = (struct config_attribute_mark){str_trim(str_make(word, (size_t) (s->p - word))), word_line};
            n++;
        } else if (!space && (str_is_space(s->p[-1]) || s->p[-1] == '"' || s->p[-1] == '\'')) {
            word = s->p;
            word_line = s->line;
        }
    }
    return n;
}

/* Start tags of a well-formed document without DTD, in document order: counted,
 * and noted when there is room for them. */
static void
scan_tags(struct config_document *d, size_t size, unsigned *marks, unsigned *attributes)
{
    struct scan s = {d->bytes, d->bytes + size, 1};

    *marks = *attributes = 0;
    while (step_past(&s, "<"), s.p < s.end) {
        unsigned n;
        int line = s.line;

        if (*s.p == '!' || *s.p == '?') {
            step_past(&s, *s.p == '?' ? "?>" : s.p[1] == '[' ? "]]>" : "-->");
        } else if (*s.p != '/') {
            n = scan_tag(&s, d->attributes ? d->attributes + *attributes : NULL);
            if (d->marks)
                d->marks[*marks] = (struct config_mark){.line = line, .first_attribute = *attributes, .n_attributes = n};
            ++*marks;
            *attributes += n;
        }
    }
}

static xmlNode *
next_element(xmlNode *node)
{
    xmlNode *next = xmlFirstElementChild(node);

    for (; !next && node && node->type == XML_ELEMENT_NODE; node = node->parent)
        next = xmlNextElementSibling(node);
    return next;
}

/* Gives every element its mark.  UTF-16 is not scanned: its lines are libxml2's. */
static bool
place_marks(struct config_document *d, size_t size)
{
    struct config_attribute_mark *attributes;
    struct config_mark *marks;
    unsigned n_marks = 0, n_attributes = 0, elements = 0;
    bool scanned = !memchr(d->bytes, '\0', size);

    for (xmlNode *e = xmlDocGetRootElement(d->doc); e; e = next_element(e))
        elements++;
    if (scanned)
        scan_tags(d, size, &n_marks, &n_attributes);
    scanned = scanned && n_marks == elements;
    marks = calloc(elements + 1, sizeof *marks);
    attributes = calloc(n_attributes + 1, sizeof *attributes);
    d->marks = marks;
    d->attributes = attributes;
    if (!marks || !attributes)
        return false;
    if (scanned)
        scan_tags(d, size, &n_marks, &n_attributes);
    for (xmlNode *e = xmlDocGetRootElement(d->doc); e; e = next_element(e)) {
        if (!scanned)
            marks->line = (int) xmlGetLineNo(e);
        e->_private = marks++;
    }
    return true;
}

/* The place of attribute 'name' in the text, or NULL. */
static const struct config_attribute_mark *
attribute_mark(const struct config_document *d, const xmlNode *node, const char *name)
{
    const struct config_mark *m = node->_private;

    for (unsigned i = 0; name && i < m->n_attributes; i++)
        if (str_eq(d->attributes[m->first_attribute + i].name, str_z(name)))
            return &d->attributes[m->first_attribute + i];
    return NULL;
}

int
config_attribute_line(const struct config_document *d, const xmlNode *node, const char *name)
{
    const struct config_attribute_mark *a = attribute_mark(d, node, name);

    return a ? a->line : ((const struct config_mark *) node->_private)->line;
}

bool
config_attribute_written(const struct config_document *d, const xmlNode *node, const char *name)
{
    return attribute_mark(d, node, name) || xmlHasNsProp(node, (const xmlChar *) name, NULL);
}

/* --- objections of the schema -------------------------------------------------------- */

static void
tell_attribute(struct handling *h, const xmlNode *element, enum config_element kind, const xmlAttr *a)
{
    const char *name = (const char *) a->name, *near = config_word_near(kind, name);
    const char *tag = config_element_name(kind);
    int line = config_attribute_line(h->d, element, name);

    if (a->ns)
        config_tell(h->r, false, h->d->file, line, "<%s> has no attribute \"%s\" of a namespace: remove it", tag, name);
    else if (kind != CONFIG_TRUECAUSE && config_word_find(CONFIG_TRUECAUSE, name))
        config_tell(h->r, false, h->d->file, line, "\"%s\" holds for all: write it into <truecause>, not <%s>", name, tag);
    else if (config_is_later(kind, name, NULL))
        config_tell(h->r, false, h->d->file, line, "\"%s\" of <%s> is not in this version: remove it", name, tag);
    else if (near)
        config_tell(h->r, false, h->d->file, line, "<%s> has no attribute \"%s\"; did you mean \"%s\"?", tag, name, near);
    else
        config_tell(h->r, false, h->d->file, line,
                    "<%s> has no attribute \"%s\": remove it; truecause.conf(5) lists those it has", tag, name);
}

/* The quoted word of 'want' that 'value' may have been meant for: one that begins
 * with it ("2" for "2c"), else the nearest that has anything in common with it. */
static bool
near_value(const char *want, const char *value, char *out, size_t size)
{
    unsigned best = UINT_MAX;

    for (const char *open = strchr(want, '"'), *end; open && (end = strchr(open + 1, '"')); open = strchr(end + 1, '"')) {
        char word[64];
        bool begins;
        unsigned distance;

        snprintf(word, sizeof word, "%.*s", (int) (end - open - 1), open + 1);
        begins = *value && str_case_starts(str_z(word), str_z(value));
        distance = begins ? 0 : near_distance(value, word);
        if (distance < best && (begins || (near_enough(value, word) && distance < strlen(value)))) {
            best = distance;
            snprintf(out, size, "%s", word);
        }
    }
    return best != UINT_MAX;
}

static void
tell_value(struct handling *h, const xmlNode *element, enum config_element kind, const xmlAttr *a)
{
    const char *name = (const char *) a->name;
    const struct config_word *w = config_word_find(kind, name);
    xmlChar *value = xmlNodeListGetString(h->d->doc, a->children, 1);
    const char *v = value ? (const char *) value : "";
    int line = config_attribute_line(h->d, element, name);
    const char *refusal = config_refusal(kind, name, v);
    char near[64];

    if (refusal)
        config_tell(h->r, false, h->d->file, line, "%s=\"%.80s\" is refused: %s", name, v, refusal);
    else if (config_is_later(kind, name, v))
        config_tell(h->r, false, h->d->file, line, "%s=\"%.80s\" is not in this version: write %s", name, v,
                    w ? w->want : "another value");
    else if (w && near_value(w->want, v, near, sizeof near))
        config_tell(h->r, false, h->d->file, line, "%s=\"%.80s\" is not valid; did you mean \"%s\"?", name, v, near);
    else
        config_tell(h->r, false, h->d->file, line, "%s=\"%.80s\" is not valid: write %s", name, v,
                    w ? w->want : "another value");
    xmlFree(value);
}

static void
tell_missing(struct handling *h, const xmlNode *element, enum config_element kind, const char *message)
{
    const char *from = strstr(message, "The attribute '"), *to = from ? strchr(from + 15, '\'') : NULL;
    char name[64] = "?";
    const struct config_word *w;

    if (to)
        snprintf(name, sizeof name, "%.*s", (int) (to - from - 15), from + 15);
    w = config_word_find(kind, name);
    config_tell(h->r, false, h->d->file, config_attribute_line(h->d, element, NULL), "<%s> has no %s: add %s=\"...\", %s",
                config_element_name(kind), name, name, w ? w->want : "");
}

static void
tell_element(struct handling *h, const xmlNode *element)
{
    const char *name = (const char *) element->name;
    int line = config_attribute_line(h->d, element, NULL);
    static const char *const known[] = {"source", "target", "agent"};
    const char *near = NULL;

    for (size_t i = 0; !near && i < sizeof known / sizeof *known; i++)
        near = near_enough(name, known[i]) ? known[i] : NULL;
    if (element->parent != xmlDocGetRootElement(h->d->doc))
        config_tell(h->r, false, h->d->file, line, "<%s> cannot stand inside <%s>, which has attributes only: move it out",
                    name, (const char *) element->parent->name);
    else if (near && strcmp(near, name) == 0)
        config_tell(h->r, false, h->d->file, line, "<%s> is in another namespace: write xmlns=\"urn:truecause:config:1\"",
                    name);
    else if (near)
        config_tell(h->r, false, h->d->file, line, "<%s> is not known; did you mean <%s>?", name, near);
    else
        config_tell(h->r, false, h->d->file, line, "<%s> is not known: <truecause> holds <source>, <target> and <agent>",
                    name);
}

/* Takes out elements that do not belong where they are: the validator would
 * stop at the first and say nothing of what follows. */
static void
remove_strangers(struct handling *h, xmlNode *root)
{
    for (xmlNode *e = xmlFirstElementChild(root), *next; e; e = next) {
        enum config_element kind = config_element_find((const char *) e->name);
        bool ours = e->ns && root->ns && xmlStrcmp(e->ns->href, root->ns->href) == 0
                    && (kind == CONFIG_SOURCE || kind == CONFIG_TARGET || kind == CONFIG_AGENT)
                    && e->parent == xmlDocGetRootElement(h->d->doc);

        next = xmlNextElementSibling(e);
        if (ours) {
            remove_strangers(h, e);
            continue;
        }
        tell_element(h, e);
        xmlUnlinkNode(e);
        xmlFreeNode(e);
    }
}

static void
tell_root(struct handling *h, const xmlNode *element)
{
    config_tell(h->r, false, h->d->file, config_attribute_line(h->d, element, NULL),
                "the root element is <%s>%s: it must be <truecause xmlns=\"urn:truecause:config:1\">",
                (const char *) element->name, element->ns ? " of another namespace" : " without namespace");
}

/* libxml2 names the attribute by its node or, as 2.9 does, in the text only. */
static xmlAttr *
attribute_of(xml_error e, const xmlNode *element)
{
    static const char mark[] = "', attribute '";
    const char *from = e->message ? strstr(e->message, mark) : NULL, *to;

    if (((const xmlNode *) e->node)->type == XML_ATTRIBUTE_NODE)
        return e->node;
    if (!from || !(to = strchr(from + sizeof mark - 1, '\'')))
        return NULL;
    from += sizeof mark - 1;
    if (*from == '{')
        for (const char *p = from; p < to; p++)
            from = *p == '}' ? p + 1 : from;
    for (xmlAttr *a = element->properties; a; a = a->next)
        if (str_eq(str_z((const char *) a->name), str_make(from, (size_t) (to - from))))
            return a;
    return NULL;
}

/* The first objection to an attribute is told; true when it is the first. */
static bool
refuse(struct handling *h, xmlAttr *a)
{
    xmlAttr **grown;

    for (unsigned i = 0; i < h->n_refused; i++)
        if (h->refused[i] == a)
            return false;
    if (!(grown = realloc(h->refused, (h->n_refused + 1) * sizeof *grown))) {
        h->r->no_memory = true;
        return false;
    }
    h->refused = grown;
    h->refused[h->n_refused++] = a;
    return true;
}

static void
schema_error(void *arg, xml_error e)
{
    struct handling *h = arg;
    xmlNode *node = e->node, *element = node && node->type == XML_ATTRIBUTE_NODE ? node->parent : node;
    enum config_element kind;
    const struct config_word *w;
    xmlAttr *a;
    int line;

    if (!element || element->type != XML_ELEMENT_NODE || !element->_private) {
        config_tell(h->r, false, h->d->file, e->line, "%s", words(e));
        return;
    }
    kind = config_element_find((const char *) element->name);
    line = config_attribute_line(h->d, element, NULL);
    a = attribute_of(e, element);
    w = a ? config_word_find(kind, (const char *) a->name) : NULL;
    /* Without what it needs, an element cannot be judged further. */
    if (!a || (w && (w->required || strcmp(w->name, "path") == 0)))
        ((struct config_mark *) element->_private)->bad = true;
    if (e->code == XML_SCHEMAV_CVC_ELT_1)
        tell_root(h, element);
    else if (a && !refuse(h, a))
        return;
    else if (a && e->code == XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1)
        tell_attribute(h, element, kind, a);
    else if (a)
        tell_value(h, element, kind, a);
    else if (e->code == XML_SCHEMAV_CVC_COMPLEX_TYPE_4)
        tell_missing(h, element, kind, words(e));
    else if (e->code == XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1 || e->code == XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3)
        config_tell(h->r, false, h->d->file, line, "<%s> holds text: %s", (const char *) element->name,
                    kind == CONFIG_TRUECAUSE ? "remove it" : "write it as an empty element, <... />");
    else
        config_tell(h->r, false, h->d->file, line, "%s", words(e));
}

static void
validate(struct handling *h, xmlSchemaValidCtxt *valid)
{
    remove_strangers(h, xmlDocGetRootElement(h->d->doc));
    xmlSchemaSetValidStructuredErrors(valid, schema_error, h);
    if (xmlSchemaValidateDoc(valid, h->d->doc) < 0)
        config_tell(h->r, false, h->d->file, 0, "the check against the schema failed");
    /* What was refused is not read: the rest of its element can be judged. */
    for (unsigned i = 0; i < h->n_refused; i++)
        xmlRemoveProp(h->refused[i]);
    free(h->refused);
}

bool
config_document_read(struct config_reader *r, const char *file, struct config_document *d)
{
    struct handling h = {.r = r, .d = d};
    xmlSchemaValidCtxt *valid = NULL;
    size_t n = 0;

    *d = (struct config_document){.file = file};
    if (!(d->bytes = read_file(r, file, &n)))
        return false;
    if ((d->doc = parse(&h, d->bytes, n))) {
        if (place_marks(d, n) && (valid = xmlSchemaNewValidCtxt(r->schema))) {
            validate(&h, valid);
            xmlSchemaFreeValidCtxt(valid);
        } else {
            r->no_memory = true;
        }
    }
    return d->doc && valid;
}

void
config_document_free(struct config_document *d)
{
    xmlFreeDoc(d->doc);
    free(d->marks);
    free(d->attributes);
    free(d->bytes);
    *d = (struct config_document){0};
}
