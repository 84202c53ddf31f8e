/* SPDX-License-Identifier: BSD-2-Clause
 *
 * item_tree.c - the elements of one item.  What item_xml_write.c writes is read
 * in one pass over the bytes, since a target that was away gets its backlog this
 * way.  Anything else, however slightly other, goes through libxml2: the short
 * way may refuse, it must not accept what XML does not.
 *
 * The bytes may come from an archive that others could edit: no network, no
 * DTD, bounded size and depth. */
#include "build.h"

#include "parsers/item_tree.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "parsers/item_xml.h"

/* DEPTH: nothing that is read stands deeper; ATTRIBUTES: of an element, on the short way. */
enum { DEPTH = 4, ATTRIBUTES = 24 };

/* --- the short way ----------------------------------------------------------------- */

struct scan {
    struct arena *arena;
    char *p, *end;
    bool no_memory;
};

/* The length of a UTF-8 character above ASCII that XML can hold; 0 if it is none. */
static size_t
wide(const char *at, const char *end)
{
    const unsigned char *p = (const unsigned char *) at;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2, left = (size_t) (end - at);
    uint32_t c;

    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
        return 0;
    c = p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c < 0xe000)
        || c == 0xfffe || c == 0xffff)
        return 0;
    return n;
}

/* What an "&" of the writer stands for; its length goes to 'n', 0 if it is none. */
static char
escaped(const char *p, const char *end, size_t *n)
{
    static const struct {
        char text[7];
        uint8_t n;
        char c;
    } known[] = {{"&amp;", 5, '&'}, {"&lt;", 4, '<'},   {"&gt;", 4, '>'}, {"&quot;", 6, '"'},
                 {"&#10;", 5, '\n'}, {"&#13;", 5, '\r'}, {"&#9;", 4, '\t'}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((size_t) (end - p) >= known[i].n && memcmp(p, known[i].text, known[i].n) == 0) {
            *n = known[i].n;
            return known[i].c;
        }
    *n = 0;
    return 0;
}

/* Text up to 'stop', unescaped where it stands; false for what the writer does
 * not write. */
static bool
scan_text(struct scan *s, char stop, struct str *out)
{
    char *to = s->p, *begin = s->p;

    while (s->p < s->end && *s->p != stop) {
        unsigned char c = (unsigned char) *s->p;
        size_t n = 1;

        if (c == '&') {
            *to++ = escaped(s->p, s->end, &n);
        } else if (c >= 0x80) {
            n = wide(s->p, s->end);
            if (n)
                memmove(to, s->p, n);
            to += n;
        } else if (c < 0x20 || c == '<' || c == '>' || c == '"') {
            n = 0;
        } else {
            *to++ = (char) c;
        }
        if (!n)
            return false;
        s->p += n;
    }
    *out = str_make(begin, (size_t) (to - begin));
    return s->p < s->end;
}

/* Lower case letters, and digits behind them: all names of the writer. */
static bool
scan_name(struct scan *s, struct str *name)
{
    char *begin = s->p;

    while (s->p < s->end && ((*s->p >= 'a' && *s->p <= 'z') || (s->p > begin && str_is_digit(*s->p))))
        s->p++;
    *name = str_make(begin, (size_t) (s->p - begin));
    return name->n > 0;
}

static bool
scan_bytes(struct scan *s, const char *bytes, size_t n)
{
    if ((size_t) (s->end - s->p) < n || memcmp(s->p, bytes, n) != 0)
        return false;
    s->p += n;
    return true;
}

static bool
scan_attributes(struct scan *s, struct item_node *node)
{
    struct item_attribute found[ATTRIBUTES];
    unsigned n = 0;

    while (scan_bytes(s, " ", 1)) {
        if (n == ATTRIBUTES || !scan_name(s, &found[n].name) || !scan_bytes(s, "=\"", 2)
            || !scan_text(s, '"', &found[n].value))
            return false;
        s->p++;
        for (unsigned i = 0; i < n; i++)
            if (str_eq(found[i].name, found[n].name))
                return false;
        /* A namespace is more than an attribute. */
        if (str_eq(found[n].name, STR("xmlns")))
            return false;
        n++;
    }
    if (n && !(node->attributes = arena_alloc(s->arena, n * sizeof *found))) {
        s->no_memory = true;
        return false;
    }
    if (n)
        memcpy(node->attributes, found, n * sizeof *found);
    node->n_attributes = n;
    return true;
}

/* One element and what is in it: text, or elements. */
static struct item_node *
scan_element(struct scan *s, unsigned depth)
{
    struct item_node *node = arena_zalloc(s->arena, sizeof *node), **last;

    s->no_memory = s->no_memory || !node;
    if (!node || depth == DEPTH || !scan_bytes(s, "<", 1) || !scan_name(s, &node->name) || !scan_attributes(s, node))
        return NULL;
    node->ours = true;
    node->text = STR("");
    last = &node->children;
    if (scan_bytes(s, "/>", 2))
        return node;
    if (!scan_bytes(s, ">", 1))
        return NULL;
    if (s->p < s->end && *s->p != '<' && !scan_text(s, '<', &node->text))
        return NULL;
    while (node->text.n == 0 && s->end - s->p > 1 && s->p[0] == '<' && s->p[1] != '/') {
        if (!(*last = scan_element(s, depth + 1)))
            return NULL;
        last = &(*last)->next;
    }
    return scan_bytes(s, "</", 2) && scan_bytes(s, node->name.p, node->name.n) && scan_bytes(s, ">", 1) ? node : NULL;
}

/* --- the long way ------------------------------------------------------------------ */

static void
ignore_error(void *data, xmlErrorPtr error)
{
    (void) data;
    (void) error;
}

static void
refuse_doctype(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    xmlParserCtxtPtr ctxt = data;

    (void) name;
    (void) external;
    (void) system;
    ctxt->wellFormed = 0;
    xmlStopParser(ctxt);
}

/* The bytes as a document; NULL when they are not one well-formed element. */
static xmlDocPtr
parse(struct str xml, enum perr *err)
{
    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    xmlDocPtr doc;

    if (!ctxt) {
        *err = PERR_NOMEM;
        return NULL;
    }
    ctxt->sax->internalSubset = refuse_doctype;
    ctxt->sax->serror = ignore_error;
    doc = xmlCtxtReadMemory(ctxt, xml.p, (int) xml.n, NULL, "UTF-8",
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    if (doc && !ctxt->wellFormed) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    if (!doc)
        *err = ctxt->lastError.code == XML_ERR_NO_MEMORY ? PERR_NOMEM : PERR_SYNTAX;
    xmlFreeParserCtxt(ctxt);
    return doc;
}

/* A copy in the arena of what libxml2 gave, which is freed. */
static bool
take(struct arena *arena, xmlChar *z, struct str *out)
{
    *out = z ? arena_copy(arena, str_z((const char *) z)) : STR_NONE;
    xmlFree(z);
    return str_has(*out);
}

static bool
convert_attributes(struct arena *arena, const xmlNode *from, struct item_node *node)
{
    unsigned n = 0;

    for (const xmlAttr *a = from->properties; a; a = a->next)
        n += !a->ns;
    if (n && !(node->attributes = arena_alloc(arena, n * sizeof *node->attributes)))
        return false;
    for (const xmlAttr *a = from->properties; a; a = a->next) {
        struct item_attribute *to = &node->attributes[node->n_attributes];

        if (a->ns)
            continue;
        to->name = arena_copy(arena, str_z((const char *) a->name));
        if (!str_has(to->name) || !take(arena, xmlGetNoNsProp(from, a->name), &to->value))
            return false;
        node->n_attributes++;
    }
    return true;
}

static struct item_node *
convert(struct arena *arena, xmlNode *from, unsigned depth)
{
    struct item_node *node = arena_zalloc(arena, sizeof *node), **last = node ? &node->children : NULL;
    bool whole = depth > 0 || xmlStrEqual(from->name, (const xmlChar *) "notice");

    if (!node || !convert_attributes(arena, from, node))
        return NULL;
    node->name = arena_copy(arena, str_z((const char *) from->name));
    node->ours = !from->ns || xmlStrEqual(from->ns->href, (const xmlChar *) ITEM_XML_NS);
    if (!str_has(node->name) || (whole && !take(arena, xmlNodeGetContent(from), &node->text)))
        return NULL;
    for (xmlNode *child = from->children; child && depth + 1 < DEPTH; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (!(*last = convert(arena, child, depth + 1)))
            return NULL;
        last = &(*last)->next;
    }
    return node;
}

const struct item_node *
item_tree_read_any(struct arena *arena, struct str xml, enum perr *err)
{
    xmlDocPtr doc = parse(xml, err);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    struct item_node *node = root ? convert(arena, root, 0) : NULL;

    if (doc && !node)
        *err = root ? PERR_NOMEM : PERR_SYNTAX;
    xmlFreeDoc(doc);
    return node;
}

const struct item_node *
item_tree_read(struct arena *arena, struct str xml, enum perr *err)
{
    struct str copy = arena_copy(arena, xml);
    struct scan s = {.arena = arena};
    struct item_node *node;

    if (!str_has(copy)) {
        *err = PERR_NOMEM;
        return NULL;
    }
    /* Ours: nobody else has seen this copy. */
    memcpy(&s.p, &copy.p, sizeof s.p);
    s.end = s.p + copy.n;
    node = scan_element(&s, 0);
    if (node && (s.p == s.end || (s.end - s.p == 1 && *s.p == '\n')))
        return node;
    if (s.no_memory) {
        *err = PERR_NOMEM;
        return NULL;
    }
    return item_tree_read_any(arena, xml, err);
}
