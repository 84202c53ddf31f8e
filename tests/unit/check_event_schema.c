/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_event_schema.c - event.xsd and the tables in the code name the same
 * fields and values. */
#include "build.h"

#include <check.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/event.h"

static char *
schema_path(void)
{
    static char path[4096];
    const char *dir = getenv("TEST_SRCDIR");

    snprintf(path, sizeof path, "%s/../schemas/event.xsd", dir ? dir : "tests");
    return path;
}

static xmlDocPtr schema_doc;
static xmlXPathContextPtr schema_xpath;

static int
xpath_count(const char *path)
{
    xmlXPathObjectPtr found = xmlXPathEvalExpression((const xmlChar *) path, schema_xpath);
    int n;

    ck_assert_msg(found != NULL, "%s", path);
    n = found->nodesetval ? found->nodesetval->nodeNr : 0;
    xmlXPathFreeObject(found);
    return n;
}

static void
expect_enumeration(const char *type, const char *value)
{
    char path[256];

    snprintf(path, sizeof path, "//xs:simpleType[@name='%s']//xs:enumeration[@value='%s']", type, value);
    ck_assert_msg(xpath_count(path) == 1, "event.xsd: %s has no value %s", type, value);
}

static void
expect_number(const char *type, int n)
{
    char path[256];

    snprintf(path, sizeof path, "//xs:simpleType[@name='%s']//xs:enumeration", type);
    ck_assert_msg(xpath_count(path) == n, "event.xsd: %s has %d values, the code %d", type, xpath_count(path), n);
}

START_TEST(schema_names_every_field_and_value)
{
    char path[256];
    int fields = 0;

    schema_doc = xmlReadFile(schema_path(), NULL, XML_PARSE_NONET);
    ck_assert_ptr_nonnull(schema_doc);
    schema_xpath = xmlXPathNewContext(schema_doc);
    xmlXPathRegisterNs(schema_xpath, (const xmlChar *) "xs", (const xmlChar *) "http://www.w3.org/2001/XMLSchema");
#define FACT(member, element, attribute, sd, prose) \
    snprintf(path, sizeof path, "//xs:complexType[@name='%s']/xs:attribute[@name='%s']", #element, #attribute); \
    ck_assert_msg(xpath_count(path) == 1, "event.xsd: %s has no attribute %s", #element, #attribute); \
    fields++;
#include "parsers/event_fields.def"
#undef FACT
    /* claim has two attributes more: cause and figures. */
    ck_assert_int_eq(xpath_count("//xs:complexType[@name='origin' or @name='object' or @name='claim']/xs:attribute"),
                     fields + 2);
#define CLASS(e, n) expect_enumeration("class", n);
    EVENT_CLASSES(CLASS)
#undef CLASS
    expect_number("class", CLASS_COUNT);
    for (int i = 0; i <= SEVERITY_CLEARED; i++)
        expect_enumeration("severity", severity_name((enum severity) i));
    expect_number("severity", SEVERITY_CLEARED + 1);
    for (int i = 0; i <= ALARM_CLEARED; i++)
        expect_enumeration("state", alarm_state_name((enum alarm_state) i));
    expect_number("state", ALARM_CLEARED + 1);
    for (int i = 0; i <= NOTICE_HEARTBEAT; i++)
        expect_enumeration("notice-kind", notice_kind_name((enum notice_kind) i));
    expect_number("notice-kind", NOTICE_HEARTBEAT + 1);
    for (int i = 1; i <= FIGURES_UNREADABLE; i++)
        expect_enumeration("figures", figures_name((enum figures) i));
    expect_number("figures", FIGURES_UNREADABLE);
    for (int i = 1; i <= BASIS_SEQUENCE; i++)
        expect_enumeration("basis", basis_name((enum basis) i));
    expect_number("basis", BASIS_SEQUENCE);
    for (int i = 1; i <= CONFIDENCE_CONFIRMED; i++)
        expect_enumeration("confidence", confidence_name((enum confidence) i));
    expect_number("confidence", CONFIDENCE_CONFIRMED);
    xmlXPathFreeContext(schema_xpath);
    xmlFreeDoc(schema_doc);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("event_schema");
    TCase *c = tcase_create("schema");
    SRunner *sr;
    int failed;

    tcase_add_test(c, schema_names_every_field_and_value);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
