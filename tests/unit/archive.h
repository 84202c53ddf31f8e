/* SPDX-License-Identifier: BSD-2-Clause
 *
 * archive.h - an xml target in a folder of the test's own, fed with numbered
 * events, and what must then stand in its file. */
#ifndef TESTS_UNIT_ARCHIVE_H
#define TESTS_UNIT_ARCHIVE_H

#include <check.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/target.h"
#include "parsers/item_xml.h"
#include "tests/unit/scratch.h"

static char dir[256], path[300], err[1024];
static struct config config;
static struct config_target tc;
static struct xml_buf buf;

static inline void
setup(void)
{
    static char name[] = "archive", type[] = "xml";

    scratch_make(dir, sizeof dir);
    snprintf(path, sizeof path, "%s/events.xml", dir);
    tc = (struct config_target){.place = {"main.xml", 7}, .name = name, .type = type, .path = path};
    xml_buf_init(&buf, 1 << 20);
}

static inline void
teardown(void)
{
    xml_buf_fini(&buf);
    scratch_remove(dir);
}

static inline struct target *
must_open(void)
{
    struct target *t = target_xml_class.open(&config, &tc, err, sizeof err);

    ck_assert_msg(t != NULL, "%s", err);
    return t;
}

static inline int
send_sized(struct target *t, unsigned k, size_t size)
{
    struct event e = {.cls = CLASS_DISK_FULL, .severity = SEVERITY_WARNING, .format = STR("sms-log"),
                      .source_name = STR("despool.log"), .offset = k, .length = size};
    struct item item = {.kind = ITEM_EVENT, .event = &e};
    struct target_item out = {.seq = k, .target_seq = k, .item = &item};
    char *text = malloc(size + 1);
    int result;

    for (size_t i = 0; i < size; i++)
        text[i] = (char) ('a' + (k + i) % 26);
    sprintf(e.id, "%032x", k);
    e.text = str_make(text, size);
    xml_buf_clear(&buf);
    item_xml_write(&buf, &item);
    ck_assert(!buf.failed);
    out.xml = str_make(buf.p, buf.n);
    result = t->cls->send(t, &out);
    free(text);
    return result;
}

static inline void
send_run(struct target *t, unsigned from, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ck_assert_msg(send_sized(t, from + i, 300) == 0, "%s", t->error);
}

static inline void
must_flush(struct target *t)
{
    ck_assert_msg(target_flush(t, 1000) == 0, "%s", t->error);
}

/* The file is a document that event.xsd accepts, with exactly 'n' items. */
static inline void
expect_valid(unsigned n)
{
    char xsd[1024];
    xmlSchemaParserCtxt *p;
    xmlSchemaValidCtxt *v;
    xmlSchema *schema;
    xmlDoc *doc;

    snprintf(xsd, sizeof xsd, "%s/../schemas/event.xsd", getenv("TEST_SRCDIR"));
    ck_assert_ptr_nonnull(p = xmlSchemaNewParserCtxt(xsd));
    ck_assert_ptr_nonnull(schema = xmlSchemaParse(p));
    ck_assert_ptr_nonnull(v = xmlSchemaNewValidCtxt(schema));
    ck_assert_ptr_nonnull(doc = xmlReadFile(path, NULL, XML_PARSE_NONET));
    ck_assert_int_eq(xmlSchemaValidateDoc(v, doc), 0);
    ck_assert_uint_eq(xmlChildElementCount(xmlDocGetRootElement(doc)), n);
    xmlFreeDoc(doc);
    xmlSchemaFreeValidCtxt(v);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(p);
}

/* Items 1 .. n stand in the file in order, each once and whole. */
static inline void
expect_items(unsigned n)
{
    size_t size;
    char *all = scratch_read(path, &size), *p = all;
    unsigned k = 0;

    while ((p = strstr(p, "<event "))) {
        ck_assert(p == all || p[-1] == '\n');
        ck_assert_int_eq(strncmp(p + 6, " xmlns=\"" ITEM_XML_NS "\"", 30) == 0, tc.form_lines);
        ck_assert_ptr_nonnull(p = strstr(p, " id=\""));
        ck_assert_uint_eq(strtoul(p + 5 + 24, NULL, 16), ++k);
        ck_assert_ptr_nonnull(p = strchr(p, '\n'));
        ck_assert_int_eq(memcmp(p - 8, "</event>", 8), 0);
    }
    ck_assert_uint_eq(k, n);
    ck_assert(size == 0 || all[size - 1] == '\n');
    free(all);
}

#endif
