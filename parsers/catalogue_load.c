/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_load.c - one XML document into a catalogue set.  Called by
 * catalogue_new() for each document in order; what a later one says under an
 * id or name replaces what an earlier one said.  Everything unknown or
 * contradictory is refused with its line: a catalogue that is half understood
 * gives wrong verdicts in silence. */
#include "build.h"

#include "parsers/catalogue_load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <libxml/tree.h>

static const char catalogue_ns[] = "urn:truecause:catalogue:1";

/* Where 'node' begins.  libxml2 counts a text to the line of its end. */
static int
line_of(const xmlNode *node)
{
    int line = (int) xmlGetLineNo(node);
    struct str text;

    if (node->type != XML_TEXT_NODE || !node->content)
        return line;
    text = str_z((const char *) node->content);
    while (text.n && str_is_space(text.p[0]))
        text = str_skip(text, 1);
    for (size_t i = 0; i < text.n; i++)
        line -= text.p[i] == '\n';
    return line;
}

bool
load_fail(struct load *l, const xmlNode *node, const char *format, ...)
{
    va_list ap;

    snprintf(l->err->file, sizeof l->err->file, "%s", l->name);
    l->err->line = node ? line_of(node) : 0;
    va_start(ap, format);
    vsnprintf(l->err->text, sizeof l->err->text, format, ap);
    va_end(ap);
    return false;
}

bool
load_no_memory(struct load *l)
{
    return load_fail(l, NULL, "memory has ended, or the catalogue is too large");
}

bool
load_once(struct load *l, const xmlNode *node, const char *kind, struct str name)
{
    for (size_t i = 0; i < l->n_named; i++)
        if (strcmp(l->named[i].kind, kind) == 0 && str_eq(l->named[i].name, name))
            return load_fail(l, node, "<%s> %.*s is in this file already, on line %d: take one of the two out, or give "
                                      "it another name",
                             kind, STR_ARG(name), l->named[i].line);
    if (!load_grow(l, (void **) &l->named, l->n_named, &l->cap_named, sizeof *l->named))
        return false;
    l->named[l->n_named++] = (struct load_named){kind, name, (int) xmlGetLineNo(node)};
    return true;
}

/* A copy of the NUL-terminated 'z' that lives as long as the set; absent when
 * memory ends. */
struct str
load_copy(struct load *l, struct str s)
{
    char *p = arena_alloc(l->set->arena, s.n + 1);

    if (!p)
        return STR_NONE;
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return str_make(p, s.n);
}

/* The attribute's value, kept with the set; absent when it is not there. */
struct str
load_attribute(struct load *l, const xmlNode *node, const char *name)
{
    for (const xmlAttr *a = node->properties; a; a = a->next)
        if (strcmp((const char *) a->name, name) == 0)
            return a->children && a->children->content ? load_copy(l, str_z((const char *) a->children->content))
                                                       : STR("");
    return STR_NONE;
}

/* The text directly inside 'node', trimmed, kept with the set. */
struct str
load_text(struct load *l, const xmlNode *node)
{
    size_t n = 0;
    char *p;

    for (const xmlNode *c = node->children; c; c = c->next)
        if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE)
            n += strlen((const char *) c->content);
    p = arena_alloc(l->set->arena, n + 1);
    if (!p)
        return STR_NONE;
    n = 0;
    for (const xmlNode *c = node->children; c; c = c->next)
        if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) {
            memcpy(p + n, c->content, strlen((const char *) c->content));
            n += strlen((const char *) c->content);
        }
    p[n] = '\0';
    return str_trim(str_make(p, n));
}

bool
load_is(const xmlNode *node, const char *name)
{
    return strcmp((const char *) node->name, name) == 0;
}

/* Every attribute of 'node' must be in the blank-separated 'known'. */
bool
load_known_attributes(struct load *l, const xmlNode *node, const char *known)
{
    for (const xmlAttr *a = node->properties; a; a = a->next) {
        const char *name = (const char *) a->name, *at = known;
        size_t n = strlen(name);

        while ((at = strstr(at, name)) && ((at != known && at[-1] != ' ') || (at[n] && at[n] != ' ')))
            at += n;
        if (!at || a->ns)
            return load_fail(l, node, "<%s> has no attribute %.60s; it may have: %s", (const char *) node->name, name,
                             known);
    }
    return true;
}

bool
load_class(struct load *l, const xmlNode *node, const char *attribute, struct str name, enum event_class *out)
{
    if (event_class_find(name, out) && *out != CLASS_SELF)
        return true;
    return load_fail(l, node, "%s=\"%.60s\" is no class; the classes are those of truecause(1), file-contention for one",
                     attribute, name.p ? name.p : "");
}

bool
load_severity(struct load *l, const xmlNode *node, const char *attribute, struct str name, enum severity *out)
{
    if (severity_find(name, out) && *out != SEVERITY_CLEARED)
        return true;
    return load_fail(l, node, "%s=\"%.60s\" is no severity; take critical, major, minor, warning or info", attribute,
                     name.p ? name.p : "");
}

bool
load_bool(struct load *l, const xmlNode *node, const char *attribute, bool *out)
{
    struct str value = load_attribute(l, node, attribute);

    *out = str_has(value) && str_eq(value, STR("true"));
    if (!str_has(value) || *out || str_eq(value, STR("false")))
        return true;
    return load_fail(l, node, "%s=\"%.60s\" must be true or false", attribute, value.p);
}

/* A decimal number of at most 'max'. */
bool
load_number(struct str s, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (!str_is_digit(s.p[i]) || value > max)
            return false;
        value = value * 10 + (unsigned) (s.p[i] - '0');
    }
    *out = (uint32_t) value;
    return s.n && value <= max;
}

/* Takes one word off a blank-separated list; false at its end. */
bool
load_word(struct str *list, struct str *word)
{
    size_t n = 0;

    *list = str_trim(*list);
    while (n < list->n && !str_is_space(list->p[n]))
        n++;
    *word = str_make(list->p, n);
    *list = str_skip(*list, n);
    return n > 0;
}

/* Room for one more in a growing list. */
bool
load_grow(struct load *l, void **list, size_t n, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : 64;
    void *p;

    if (n < *cap)
        return true;
    p = realloc(*list, more * size);
    if (!p)
        return load_no_memory(l);
    *list = p;
    *cap = more;
    return true;
}

/* 's' with every run of white space as one blank, in place. */
struct str
load_phrase(struct load *l, struct str s)
{
    char *p = arena_alloc(l->set->arena, s.n + 1);
    size_t n = 0;

    if (!p)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++) {
        bool gap = str_is_space(s.p[i]);

        if (!gap || (n && p[n - 1] != ' '))
            p[n++] = gap ? ' ' : s.p[i];
    }
    p[n] = '\0';
    return str_make(p, n);
}

/* <code hresult="0x80041002" symbol="WBEM_E_NOT_FOUND" class="..."/> */
static bool
load_hresult(struct load *l, const xmlNode *node, struct str hresult)
{
    struct catalogue *set = l->set;
    struct catalogue_hresult code = {.symbol = load_attribute(l, node, "symbol")};

    if (hresult.n != 10 || !str_case_starts(hresult, STR("0x")))
        return load_fail(l, node, "hresult=\"%.60s\" must be 0x and eight hex digits", hresult.p);
    for (size_t i = 2; i < hresult.n; i++) {
        int digit = str_hex_value(hresult.p[i]);

        if (digit < 0)
            return load_fail(l, node, "hresult=\"%.60s\" must be 0x and eight hex digits", hresult.p);
        code.code = code.code << 4 | (unsigned) digit;
    }
    if (code.code >> 16 == 0x8007)
        return load_fail(l, node, "%.60s is a Win32 code: write win32=\"%u\"", hresult.p,
                         (unsigned) (code.code & 0xFFFF));
    if (!load_class(l, node, "class", load_attribute(l, node, "class"), &code.cls)
        || !load_once(l, node, "code", hresult))
        return false;
    for (size_t i = 0; i < set->n_hresults; i++)
        if (set->hresult[i].code == code.code) {
            set->hresult[i] = code;
            return true;
        }
    if (!load_grow(l, (void **) &set->hresult, set->n_hresults, &set->cap_hresults, sizeof code))
        return false;
    set->hresult[set->n_hresults++] = code;
    return true;
}

/* <code win32="32" symbol="ERROR_..." class="..." tag="true"/> */
static bool
load_code_element(struct load *l, const xmlNode *node)
{
    struct catalogue *set = l->set;
    struct catalogue_code code = {.symbol = load_attribute(l, node, "symbol")};
    struct str win32 = load_attribute(l, node, "win32"), hresult = load_attribute(l, node, "hresult");

    if (!load_known_attributes(l, node, str_has(hresult) ? "hresult symbol class" : "win32 symbol class tag"))
        return false;
    if (!code.symbol.n)
        return load_fail(l, node, "<code> needs its symbol, as ERROR_SHARING_VIOLATION");
    if (str_has(hresult))
        return load_hresult(l, node, hresult);
    if (!str_has(win32) || !load_number(win32, 0xFFFF, &code.code))
        return load_fail(l, node, "<code> needs win32=\"NUMBER\" from 0 to 65535, or hresult=\"0x...\"");
    if (!load_class(l, node, "class", load_attribute(l, node, "class"), &code.cls)
        || !load_bool(l, node, "tag", &code.tagged) || !load_once(l, node, "code", win32))
        return false;
    for (size_t i = 0; i < set->n_codes; i++)
        if (set->code[i].code == code.code) {
            set->code[i] = code;
            return true;
        }
    if (!load_grow(l, (void **) &set->code, set->n_codes, &set->cap_codes, sizeof code))
        return false;
    set->code[set->n_codes++] = code;
    return true;
}

/* <group name="sms"><provider>SMS</provider>...</group> */
static bool
load_group_element(struct load *l, const xmlNode *node)
{
    struct catalogue *set = l->set;
    struct signature_globs group = {.name = load_attribute(l, node, "name")};
    struct str *glob;
    size_t n = 0;

    if (!load_known_attributes(l, node, "name"))
        return false;
    if (!str_has(group.name) || !group.name.n)
        return load_fail(l, node, "<group> needs a name");
    if (!load_once(l, node, "group", group.name))
        return false;
    for (const xmlNode *c = node->children; c; c = c->next)
        n += c->type == XML_ELEMENT_NODE;
    glob = arena_zalloc(set->arena, (n + 1) * sizeof *glob);
    if (!glob)
        return load_no_memory(l);
    for (const xmlNode *c = node->children; c; c = c->next) {
        if (c->type != XML_ELEMENT_NODE)
            continue;
        glob[group.n] = load_is(c, "provider") ? load_text(l, c) : STR_NONE;
        if (!glob[group.n].n)
            return load_fail(l, c, "<group> holds <provider>NAME</provider> only");
        group.n++;
    }
    group.glob = glob;
    for (size_t i = 0; i < set->n_groups; i++)
        if (str_eq(set->group[i].name, group.name)) {
            set->group[i] = group;
            return true;
        }
    if (!load_grow(l, (void **) &set->group, set->n_groups, &set->cap_groups, sizeof group))
        return false;
    set->group[set->n_groups++] = group;
    return true;
}

/* <define name="path">PATTERN</define>: {path} in the patterns that follow in
 * this and later documents. */
static bool
load_define_element(struct load *l, const xmlNode *node)
{
    struct load_define d = {load_attribute(l, node, "name"), load_text(l, node)};

    if (!load_known_attributes(l, node, "name"))
        return false;
    if (!d.name.n || !d.text.n)
        return load_fail(l, node, "<define> needs a name and a pattern");
    if (!str_is_alnum(d.name.p[0]) || str_is_digit(d.name.p[0]))
        return load_fail(l, node, "the name of a <define> begins with a letter");
    if (!load_once(l, node, "define", d.name))
        return false;
    for (unsigned i = 0; i < l->defines->n; i++)
        if (str_eq(l->defines->define[i].name, d.name)) {
            l->defines->define[i] = d;
            return true;
        }
    if (l->defines->n == LOAD_DEFINES_MAX)
        return load_fail(l, node, "more than %d <define>", LOAD_DEFINES_MAX);
    l->defines->define[l->defines->n++] = d;
    return true;
}

static bool
load_root(struct load *l, const xmlNode *root)
{
    if (!root || !load_is(root, "catalogue") || !root->ns
        || strcmp((const char *) root->ns->href, catalogue_ns) != 0)
        return load_fail(l, root, "the root element must be <catalogue xmlns=\"%s\">", catalogue_ns);
    if (!load_known_attributes(l, root, ""))
        return false;
    for (const xmlNode *c = root->children; c; c = c->next) {
        bool ok;

        if (c->type == XML_ENTITY_REF_NODE)
            return load_fail(l, c, "entities are not taken");
        if (c->type == XML_TEXT_NODE && !xmlIsBlankNode(c))
            return load_fail(l, c, "text stands between the elements of <catalogue>");
        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (load_is(c, "class"))
            ok = load_class_element(l, c);
        else if (load_is(c, "code"))
            ok = load_code_element(l, c);
        else if (load_is(c, "group"))
            ok = load_group_element(l, c);
        else if (load_is(c, "define"))
            ok = load_define_element(l, c);
        else if (load_is(c, "signature"))
            ok = load_signature(l, c);
        else if (load_is(c, "article"))
            ok = load_article_element(l, c);
        else if (load_is(c, "sequence"))
            ok = load_sequence_element(l, c);
        else
            return load_fail(l, c, "<%.60s> is unknown; <catalogue> holds class, code, group, define, article, "
                                   "signature and sequence", (const char *) c->name);
        if (!ok)
            return false;
    }
    return true;
}

/* The first error that libxml2 reports is the one that explains the others. */
static void
on_xml_error(void *context, const xmlError *e)
{
    struct load *l = ((xmlParserCtxtPtr) context)->_private;
    struct str text = str_trim(str_z(e->message));

    if (l->err->text[0])
        return;
    snprintf(l->err->file, sizeof l->err->file, "%s", l->name);
    l->err->line = e->line;
    snprintf(l->err->text, sizeof l->err->text, "not well-formed XML: %.*s", STR_ARG(text));
}

/* A document type could bring entities and files of others: none is taken. */
static void
on_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    xmlParserCtxtPtr ctxt = context;
    struct load *l = ctxt->_private;

    (void) name;
    (void) external;
    (void) system;
    if (!l->err->text[0]) {
        snprintf(l->err->file, sizeof l->err->file, "%s", l->name);
        l->err->line = ctxt->input ? ctxt->input->line : 0;
        snprintf(l->err->text, sizeof l->err->text, "a document type is not taken; leave <!DOCTYPE> out");
    }
    xmlStopParser(ctxt);
}

/* Parses the bytes with all of libxml2's reaching out switched off. */
static xmlDoc *
parse(struct load *l, struct str xml)
{
    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    xmlDoc *doc = NULL;

    if (!ctxt) {
        load_no_memory(l);
        return NULL;
    }
    ctxt->_private = l;
    ctxt->sax->serror = (xmlStructuredErrorFunc) on_xml_error;
    ctxt->sax->internalSubset = on_doctype;
    if (xml.n <= INT32_MAX)
        doc = xmlCtxtReadMemory(ctxt, xml.p, (int) xml.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOCDATA);
    if (doc && l->err->text[0]) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    if (!doc && !l->err->text[0])
        load_fail(l, NULL, "cannot be read as XML");
    xmlFreeParserCtxt(ctxt);
    return doc;
}

bool
catalogue_load(struct catalogue *set, struct catalogue_defines *defines, const struct catalogue_input *in,
               unsigned document, struct catalogue_error *err)
{
    struct load l = {.set = set, .defines = defines, .document = document, .err = err};
    xmlDoc *doc;
    bool ok;

    l.name = load_copy(&l, str_z(in->name)).p;
    if (!l.name) {
        l.name = in->name;
        return load_no_memory(&l);
    }
    doc = parse(&l, in->xml);
    if (!doc)
        return false;
    ok = load_root(&l, xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    free(l.named);
    return ok;
}
