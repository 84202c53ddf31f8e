/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_catalogue.c - the catalogue in the program (its schema, its own
 * examples), loading, overriding, and that errors name file and line. */
#include "build.h"

#include "parsers/catalogue.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#define HEAD "<?xml version=\"1.0\"?>\n<catalogue xmlns=\"urn:truecause:catalogue:1\">\n"
#define TAIL "</catalogue>\n"
#define PROOF "<example>it broke here</example><near-miss>it works</near-miss>"

static struct catalogue_error err;

/* The built-in documents and then 'more' (NULL for none). */
static struct catalogue *
load_with(const char *more)
{
    struct catalogue_input in[16] = {0};
    size_t n = 0;

    for (; catalogue_builtin[n].name; n++)
        in[n] = catalogue_builtin[n];
    if (more)
        in[n++] = (struct catalogue_input){"site.xml", str_z(more)};
    return catalogue_new(in, n, &err);
}

static struct catalogue *
load_alone(const char *xml)
{
    struct catalogue_input in = {"site.xml", str_z(xml)};

    return catalogue_new(&in, 1, &err);
}

static void
on_failure(void *to, const struct catalogue_error *e)
{
    struct catalogue_error *last = to;

    *last = *e;
}

START_TEST(examples_hold)
{
    struct catalogue *c = load_with(NULL);
    struct catalogue_trial trial;
    struct catalogue_error last = {0};

    ck_assert_msg(c, "%s:%d: %s", err.file, err.line, err.text);
    ck_assert_int_eq(catalogue_try_examples(c, 0, &trial, on_failure, &last), PERR_OK);
    ck_assert_msg(trial.failed == 0, "%zu failed; the last: %s:%d: %s", trial.failed, last.file, last.line, last.text);
    ck_assert_uint_ge(trial.signatures, 100);
    ck_assert_uint_ge(trial.examples, trial.signatures);
    ck_assert_uint_ge(trial.near_misses, trial.signatures);
    catalogue_unref(c);
}
END_TEST

static void
no_words(void *context, const char *format, ...)
{
    (void) context;
    (void) format;
}

static int
validate(const char *xml, size_t n)
{
    char path[1024];
    xmlSchemaParserCtxtPtr pc;
    xmlSchemaPtr schema;
    xmlSchemaValidCtxtPtr vc;
    xmlDocPtr doc = xmlReadMemory(xml, (int) n, "x.xml", NULL, XML_PARSE_NONET);
    int rc;

    snprintf(path, sizeof path, "%s/../schemas/catalogue.xsd", getenv("TEST_SRCDIR"));
    pc = xmlSchemaNewParserCtxt(path);
    schema = xmlSchemaParse(pc);
    ck_assert_msg(schema && doc, "%s", path);
    vc = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidErrors(vc, no_words, no_words, NULL);
    rc = xmlSchemaValidateDoc(vc, doc);
    xmlSchemaFreeValidCtxt(vc);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(pc);
    xmlFreeDoc(doc);
    return rc;
}

START_TEST(schema_agrees)
{
    static const char wrong[] = HEAD "<class name=\"colour\" severity=\"minor\"/>" TAIL;

    for (size_t i = 0; catalogue_builtin[i].name; i++)
        ck_assert_msg(validate(catalogue_builtin[i].xml.p, catalogue_builtin[i].xml.n) == 0, "%s",
                      catalogue_builtin[i].name);
    ck_assert_int_ne(validate(wrong, sizeof wrong - 1), 0);
}
END_TEST

START_TEST(codes_and_advice)
{
    struct catalogue *c = load_with(NULL);
    const struct catalogue_code *code = catalogue_code(c, 32);

    ck_assert_ptr_nonnull(code);
    ck_assert(str_eq(code->symbol, STR("ERROR_SHARING_VIOLATION")) && code->cls == CLASS_FILE_CONTENTION
              && code->tagged);
    ck_assert(!catalogue_code(c, 33)->tagged && catalogue_code(c, 33)->cls == CLASS_FILE_CONTENTION);
    ck_assert_int_eq(catalogue_code(c, 1224)->cls, CLASS_FILE_CONTENTION);
    ck_assert_int_eq(catalogue_code(c, 112)->cls, CLASS_DISK_FULL);
    ck_assert_int_eq(catalogue_code(c, 39)->cls, CLASS_DISK_FULL);
    ck_assert_int_eq(catalogue_code(c, 5)->cls, CLASS_ACCESS_DENIED);
    ck_assert_int_eq(catalogue_code(c, 1326)->cls, CLASS_ACCESS_DENIED);
    ck_assert_int_eq(catalogue_code(c, 53)->cls, CLASS_NETWORK);
    ck_assert_int_eq(catalogue_code(c, 1231)->cls, CLASS_NETWORK);
    ck_assert_int_eq(catalogue_code(c, 3)->cls, CLASS_NOT_FOUND);
    ck_assert_ptr_null(catalogue_code(c, 65535));
    for (int cls = 0; cls < CLASS_COUNT; cls++) {
        const struct catalogue_advice *a = catalogue_advice(c, (enum event_class) cls);

        if (event_class_is_fault((enum event_class) cls) && cls != CLASS_SELF)
            ck_assert_msg(a->action.n > 20 && a->severity < SEVERITY_INFO, "%s",
                          event_class_name((enum event_class) cls));
        else
            ck_assert_int_eq(a->severity, SEVERITY_INFO);
    }
    ck_assert_int_eq(catalogue_advice(c, CLASS_FILE_CONTENTION)->severity, SEVERITY_MINOR);
    ck_assert_int_eq(catalogue_advice(c, CLASS_DISK_FULL)->severity, SEVERITY_MAJOR);
    ck_assert_int_eq(catalogue_advice(c, CLASS_RETRY)->severity, SEVERITY_WARNING);
    ck_assert(str_find_case(catalogue_advice(c, CLASS_FILE_CONTENTION)->action, STR("that computer"))
              < catalogue_advice(c, CLASS_FILE_CONTENTION)->action.n);
    catalogue_unref(catalogue_ref(c));
    catalogue_unref(c);
    catalogue_unref(NULL);
}
END_TEST

/* The class that the set gives to a log line. */
static enum event_class
class_of(const struct catalogue *c, const char *text)
{
    struct catalogue_scratch *x = catalogue_scratch_new(c);
    struct arena *a = arena_new(1 << 20);
    struct event ev = {.text = str_z(text)};

    ev.f.component = STR("SMS_DESPOOLER");
    ck_assert_int_eq(diagnose_event(c, x, a, &ev), PERR_OK);
    catalogue_scratch_free(x);
    arena_free(a);
    return ev.cls;
}

START_TEST(later_documents_override)
{
    struct catalogue *c = load_with(HEAD
        "<class name=\"network\" severity=\"critical\"><action>Ring\n   the bell</action></class>\n"
        "<code win32=\"5\" symbol=\"ERROR_ACCESS_DENIED\" class=\"network\"/>\n"
        "<signature id=\"heartbeat-expired\" class=\"service\"><literal>heartbeat is over</literal>"
        "<example class=\"service\">Heartbeat is over</example><near-miss>Heartbeat</near-miss></signature>\n"
        "<signature id=\"site-own\" class=\"database\"><literal>stored package</literal>"
        "<example class=\"database\">Stored Package CAS10001. Stored Package Version = 1</example>"
        "<near-miss>x</near-miss></signature>\n" TAIL);
    struct catalogue_trial trial;

    ck_assert_msg(c, "%s:%d: %s", err.file, err.line, err.text);
    ck_assert_int_eq(catalogue_advice(c, CLASS_NETWORK)->severity, SEVERITY_CRITICAL);
    ck_assert(str_eq(catalogue_advice(c, CLASS_NETWORK)->action, STR("Ring the bell")));
    ck_assert_int_eq(catalogue_code(c, 5)->cls, CLASS_NETWORK);
    ck_assert_msg(class_of(c, "Heartbeat is over") == CLASS_SERVICE, "replaced by id");
    ck_assert_msg(class_of(c, "Heartbeat is expired.") == CLASS_ACTIVITY, "the old one is gone");
    ck_assert_msg(class_of(c, "Stored Package CAS10001. Stored Package Version = 1") == CLASS_DATABASE,
                  "at equal rank the later document decides");
    catalogue_try_examples(c, 0, &trial, NULL, NULL);
    ck_assert_msg(trial.failed > 0, "the built-in example of what was overridden must fail");
    catalogue_unref(c);
}
END_TEST

static const struct {
    const char *body;
    int line; /* of the whole document; the body begins on line 3 */
    const char *words;
} wrong[] = {
    {"<class name=\"colour\" severity=\"minor\"/>", 3, "is no class"},
    {"<class name=\"network\" age=\"8d\"/>\n<class name=\"network\" age=\"9d\"/>", 4, "in this file already, on line 3"},
    {"<code win32=\"5\" symbol=\"X\" class=\"network\"/>\n\n<code win32=\"5\" symbol=\"X\" class=\"service\"/>", 5,
     "in this file already, on line 3"},
    {"<group name=\"x\"><provider>X</provider></group>\n<group name=\"x\"><provider>Y</provider></group>", 4,
     "in this file already"},
    {"<define name=\"x\">a</define>\n<define name=\"x\">b</define>", 4, "in this file already"},
    {"<article name=\"Q1\"/>\n<article name=\"Q1\"/>", 4, "in this file already"},
    {"<sequence id=\"x\" same=\"host\" class=\"network\"><first signature=\"copy-failed\"/><silence for=\"2h\"/></sequence>\n"
     "<sequence id=\"x\" same=\"host\" class=\"network\"><first signature=\"copy-failed\"/><silence for=\"2h\"/></sequence>",
     4, "in this file already"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>" PROOF "</signature>\n"
     "<signature id=\"x\" class=\"network\"><literal>broke</literal>" PROOF "</signature>", 4, "in this file already"},
    {"\n<signature id=\"x\" class=\"network\" when-code=\"64999\"><literal>broke</literal>" PROOF "</signature>", 4,
     "which is no <code>"},
    {"<sequence id=\"x\" same=\"host\" class=\"network\"><first signature=\"copy-failed\" when-code=\"64999\"/>"
     "<silence for=\"2h\"/></sequence>", 3, "which is no <code>"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>\n<literal>never said</literal>" PROOF "</signature>", 4,
     "in none of the examples"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal><pattern>it broke</pattern>"
     "<example>it broke</example>\n<example>that broke</example><near-miss>x</near-miss></signature>", 4,
     "does not fit this example"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>\n<pattern>(?&lt;=a+)broke</pattern></signature>", 4,
     "does not compile"},
    {"\n<class name=\"network\" severity=\"loud\"/>", 4, "is no severity"},
    {"<class name=\"network\" severity=\"cleared\"/>", 3, "is no severity"},
    {"<class name=\"network\" severity=\"minor\" colour=\"red\"/>", 3, "has no attribute colour"},
    {"<class name=\"network\" severity=\"minor\" ame=\"red\"/>", 3, "has no attribute ame"},
    {"<class name=\"network\" severity=\"minor\"><do/></class>", 3, "<class> holds"},
    {"<class name=\"network\" age=\"8 days\"/>", 3, "must be a duration"},
    {"<class name=\"network\" age=\"0d\"/>", 3, "must be a duration"},
    {"<class name=\"network\" cleared-by=\"copy-ok colour\"/>", 3, "is no fact"},
    {"<class name=\"network\">\n<escalate severity=\"major\"/></class>", 4, "needs either"},
    {"<class name=\"network\">\n<escalate count=\"0\" severity=\"major\"/></class>", 4, "from 1"},
    {"<article product=\"SMS 1.2\"/>", 3, "needs its name"},
    {"<article name=\"Q1\">\n<words/></article>", 4, "is unknown"},
    {"<article name=\"Q1\" class=\"network colour\"/>", 3, "is no class"},
    {"<code hresult=\"0x80041\" symbol=\"X\" class=\"network\"/>", 3, "eight hex digits"},
    {"<code hresult=\"0x80070020\" symbol=\"X\" class=\"network\"/>", 3, "win32=\"32\""},
    {"<sequence same=\"thread\" class=\"network\"/>", 3, "needs an id"},
    {"<sequence id=\"x\" same=\"day\" class=\"network\"/>", 3, "thread, component or host"},
    {"<sequence id=\"x\" same=\"thread\" class=\"network\"/>", 3, "needs <first>"},
    {"\n<sequence id=\"x\" same=\"thread\" class=\"network\"><first signature=\"nobody\"/><silence for=\"2h\"/></sequence>",
     4, "names nobody"},
    {"<sequence id=\"x\" same=\"thread\" class=\"network\"><first signature=\"copy-failed\"/>\n<silence for=\"2\"/></sequence>",
     4, "must be a duration"},
    {"\n<signature id=\"x\" class=\"recovered\" event=\"1\" clears=\"nobody\">" PROOF "</signature>", 4, "names nobody"},
    {"<code win32=\"70000\" symbol=\"X\" class=\"network\"/>", 3, "win32"},
    {"<code win32=\"x\" symbol=\"X\" class=\"network\"/>", 3, "win32"},
    {"<code win32=\"7\" class=\"network\"/>", 3, "symbol"},
    {"<code win32=\"7\" symbol=\"X\" class=\"network\" tag=\"yes\"/>", 3, "true or false"},
    {"<group><provider>X</provider></group>", 3, "needs a name"},
    {"<group name=\"x\"><p/></group>", 3, "<provider>"},
    {"<define name=\"x\"/>", 3, "needs a name and a pattern"},
    {"<colour/>", 3, "is unknown"},
    {"text", 3, "text stands between"},
    {"<signature/>", 3, "needs an id"},
    {"<signature id=\"x\"/>", 3, "needs class"},
    {"<signature id=\"x\" class=\"colour\"/>", 3, "is no class"},
    {"<signature id=\"x\" class=\"network\"/>", 3, "needs a <literal>"},
    {"<signature id=\"x\" class=\"network\" fact=\"y\"/>", 3, "is no fact"},
    {"<signature id=\"x\" class=\"network\" rank=\"5000\"/>", 3, "rank"},
    {"<signature id=\"x\" class=\"network\" event=\"1 two\"/>", 3, "numbers up to"},
    {"<signature id=\"x\" class=\"network\" provider=\"nobody\"/>", 3, "is no <group>"},
    {"<signature id=\"x\" class=\"by-figures\" claim=\"disk-full\"/>", 3, "go together"},
    {"<signature id=\"x\" class=\"by-figures\" blank=\"network\"/>", 3, "needs claim"},
    {"<signature id=\"x\" class=\"network\" basis=\"luck\"/>", 3, "basis"},
    {"<signature id=\"x\" class=\"network\" confidence=\"high\"/>", 3, "confidence"},
    {"<signature id=\"x\" class=\"network\" code=\"1\"/>", 3, "any or private"},
    {"<signature id=\"x\" class=\"network\" needs=\"luck\"/>", 3, "must be pattern"},
    {"<signature id=\"x\" class=\"network\" required-unit=\"miles\"/>", 3, "must be bytes"},
    {"<signature id=\"x\" class=\"network\" literals=\"some\"/>", 3, "all or any"},
    {"<signature id=\"x\" class=\"network\">\n<literal>a b</literal></signature>", 4, "run of 4"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>\n<pattern>(</pattern></signature>", 4,
     "does not compile"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>\n<pattern>(?'colour'x)</pattern></signature>", 4,
     "is no field"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>\n<pattern>{nothing}</pattern></signature>", 4,
     "is no <define>"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal><pattern>it broke there</pattern>" PROOF
     "</signature>", 3, "fits none of its examples"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal></signature>", 3, "an <example> and a <near-miss>"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>" PROOF "\n<example colour=\"red\">broke</example>"
     "</signature>", 4, "cannot expect colour"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>" PROOF "<near-miss class=\"network\"/></signature>",
     3, "given-"},
    {"<signature id=\"x\" class=\"network\"><literal>broke</literal>" PROOF "<insert>path</insert></signature>", 3,
     "only events"},
    {"<signature id=\"x\" class=\"network\" event=\"1\">" PROOF "\n<insert>colour</insert></signature>", 4,
     "is no field"},
    {"<signature id=\"x\" class=\"network\"><colour/></signature>", 3, "is unknown"},
    {"<signature id=\"x\" class=\"network\">words</signature>", 3, "text stands between"},
    {"<signature id=\"x\" class=\"network\"", 4, "not well-formed"},
    {"<a>\n\n</b>", 5, "not well-formed"},
};

START_TEST(errors_name_their_line)
{
    char xml[1500];
    struct catalogue *c;

    snprintf(xml, sizeof xml, HEAD "%s\n" TAIL, wrong[_i].body);
    c = load_with(xml);
    ck_assert_msg(!c, "accepted: %s", wrong[_i].body);
    ck_assert_msg(strstr(err.text, wrong[_i].words), "\"%s\" for %s", err.text, wrong[_i].body);
    ck_assert_str_eq(err.file, "site.xml");
    ck_assert_msg(err.line == wrong[_i].line, "line %d for %s: %s", err.line, wrong[_i].body, err.text);
}
END_TEST

/* What only the whole set can tell: examples against all signatures. */
START_TEST(examples_of_later_documents)
{
    static const struct {
        const char *body, *words;
        int line;
    } cases[] = {
        {"<signature id=\"x\" class=\"network\"><literal>broke</literal>\n<example class=\"service\">it broke</example>"
         "<near-miss>x</near-miss></signature>", "the example expects", 4},
        {"<signature id=\"x\" class=\"network\"><literal>broke</literal>\n<example>it broke</example>\n"
         "<near-miss>all broke</near-miss></signature>", "explains its near miss", 5},
        {"<signature id=\"x\" class=\"network\" rank=\"-999\"><literal>Heartbeat is expired</literal>\n"
         "<example>Heartbeat is expired.</example><near-miss>x</near-miss></signature>", "heartbeat-expired does", 4},
    };
    char xml[1500];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct catalogue_error last = {0};
        struct catalogue_trial trial;
        struct catalogue *c;

        snprintf(xml, sizeof xml, HEAD "%s\n" TAIL, cases[i].body);
        c = load_with(xml);
        ck_assert_msg(c, "%s:%d: %s", err.file, err.line, err.text);
        ck_assert_int_eq(catalogue_try_examples(c, catalogue_builtin_count(), &trial, on_failure, &last), PERR_OK);
        ck_assert_uint_eq(trial.signatures, 1);
        ck_assert_uint_eq(trial.failed, 1);
        ck_assert_str_eq(last.file, "site.xml");
        ck_assert_int_eq(last.line, cases[i].line);
        ck_assert_msg(strstr(last.text, cases[i].words), "%s", last.text);
        catalogue_unref(c);
    }
}
END_TEST

START_TEST(articles_of_later_documents)
{
    static const char *const bodies[] = {
        "\n<signature id=\"x\" class=\"network\" article=\"Q193766 Q1\"><literal>broke</literal>" PROOF "</signature>",
        "\n<sequence id=\"x\" same=\"host\" class=\"network\" article=\"Q1\"><first signature=\"copy-failed\"/>"
        "<silence for=\"2h\"/></sequence>",
    };
    char xml[1500];

    for (unsigned i = 0; i < 2; i++) {
        struct catalogue *c;

        snprintf(xml, sizeof xml, HEAD "%s\n" TAIL, bodies[i]);
        c = load_with(xml);
        ck_assert_msg(c, "%s:%d: %s", err.file, err.line, err.text);
        ck_assert(!catalogue_articles_known(c, catalogue_builtin_count(), &err));
        ck_assert_msg(strstr(err.text, "names article Q1, which"), "%s", err.text);
        ck_assert_str_eq(err.file, "site.xml");
        ck_assert_int_eq(err.line, 4);
        catalogue_unref(c);
        snprintf(xml, sizeof xml, HEAD "%s<article name=\"Q1\"/>\n" TAIL, bodies[i]);
        c = load_with(xml);
        ck_assert(catalogue_articles_known(c, catalogue_builtin_count(), &err));
        catalogue_unref(c);
    }
}
END_TEST

/* Every way to write an HRESULT of facility Win32, and the codes beside 32. */
START_TEST(codes_of_other_spellings)
{
    static const struct {
        const char *text;
        uint32_t code;
        enum event_class cls;
        bool tagged;
    } cases[] = {
        {"Failed, 0x80070020", 32, CLASS_FILE_CONTENTION, true},
        {"Failed, 0x80070020L", 32, CLASS_FILE_CONTENTION, true},
        {"Failed, 2147942432", 32, CLASS_FILE_CONTENTION, true},
        {"Failed, -2147024864", 32, CLASS_FILE_CONTENTION, true},
        {"Failed (80070020)", 32, CLASS_FILE_CONTENTION, true},
        {"Failed (#2147942432)", 32, CLASS_FILE_CONTENTION, true},
        {"Failed, 0x80070021", 33, CLASS_FILE_CONTENTION, false},
        {"Failed, 0x800704C8", 1224, CLASS_FILE_CONTENTION, false},
        {"Failed, Win32 Error = 33", 33, CLASS_FILE_CONTENTION, false},
        {"Failed, Win32 Error = 1224", 1224, CLASS_FILE_CONTENTION, false},
        {"Failed, 0x80070070", 112, CLASS_DISK_FULL, false},
        {"Failed, 0x80070027", 39, CLASS_DISK_FULL, false},
        {"Failed, Win32 Error = 39", 39, CLASS_DISK_FULL, false},
    };
    struct catalogue *c = load_with(NULL);
    struct catalogue_scratch *x = catalogue_scratch_new(c);
    struct arena *a = arena_new(1 << 20);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event ev = {.text = str_z(cases[i].text)};

        ck_assert_int_eq(diagnose_event(c, x, a, &ev), PERR_OK);
        ck_assert_msg(ev.f.win32_known && ev.f.win32 == cases[i].code && ev.cls == cases[i].cls
                          && ev.f.tagged == cases[i].tagged,
                      "%s: %s, %lu", cases[i].text, event_class_name(ev.cls), (unsigned long) ev.f.win32);
    }
    catalogue_scratch_free(x);
    arena_free(a);
    catalogue_unref(c);
}
END_TEST

/* An HRESULT of another facility is as good as a code where its entry has a class, and
 * never so good as a Win32 code. */
START_TEST(codes_of_other_facilities)
{
    static const struct {
        const char *text, *symbol, *basis;
        enum event_class cls;
    } cases[] = {
        {"AddFile gave an error: 0x80041003", "WBEM_E_ACCESS_DENIED", "code", CLASS_ACCESS_DENIED},
        {"Failed to connect (80041003)", "WBEM_E_ACCESS_DENIED", "code", CLASS_ACCESS_DENIED},
        {"Failed to connect: -2147217405", "WBEM_E_ACCESS_DENIED", "code", CLASS_ACCESS_DENIED},
        {"Failed to connect: 2147749891", "WBEM_E_ACCESS_DENIED", "code", CLASS_ACCESS_DENIED},
        {"hr = 0x80041003", "WBEM_E_ACCESS_DENIED", "code", CLASS_ACCESS_DENIED},
        {"Failed with 0x8004FFFF, then 0x80041003", "WBEM_E_ACCESS_DENIED", "code", CLASS_ACCESS_DENIED},
        {"Failed with 0x80041003, Win32 Error = 112", "ERROR_DISK_FULL", "code", CLASS_DISK_FULL},
        {"Failed with 0x80041002", "WBEM_E_NOT_FOUND", "", CLASS_UNCLASSIFIED},
        {"Failed with 0x80041003", "SITE_OWN", "code", CLASS_NETWORK},
        {"Failed with 0x87D00215", "SITE_OTHER", "code", CLASS_SERVICE},
        {"Failed with 0x87D00216", "", "", CLASS_UNCLASSIFIED},
        {"~Despooler failed to execute the instruction, error code = 38a (80041003)", "", NULL, CLASS_COUNT},
    };
    struct catalogue *sets[] = {load_with(NULL),
                                load_with(HEAD "<code hresult=\"0x80041003\" symbol=\"SITE_OWN\" class=\"network\"/>"
                                               "<code hresult=\"0x87d00215\" symbol=\"SITE_OTHER\" class=\"service\"/>"
                                               TAIL)};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct catalogue *c = sets[strstr(cases[i].symbol, "SITE_") || strstr(cases[i].text, "87D0") ? 1 : 0];
        struct catalogue_scratch *x = catalogue_scratch_new(c);
        struct arena *a = arena_new(1 << 20);
        struct event ev = {.text = str_z(cases[i].text)};

        ck_assert_int_eq(diagnose_event(c, x, a, &ev), PERR_OK);
        ck_assert_msg(str_eq(ev.f.symbol, str_z(cases[i].symbol)), "%s: %.*s", cases[i].text, STR_ARG(ev.f.symbol));
        ck_assert_msg(!cases[i].basis || (ev.cls == cases[i].cls && strcmp(basis_name(ev.f.basis), cases[i].basis) == 0),
                      "%s: %s by %s", cases[i].text, event_class_name(ev.cls), basis_name(ev.f.basis));
        ck_assert_msg(ev.f.win32_known == (strstr(cases[i].text, "Win32") != NULL) && !ev.f.tagged, "%s", cases[i].text);
        catalogue_scratch_free(x);
        arena_free(a);
    }
    catalogue_unref(sets[0]);
    catalogue_unref(sets[1]);
}
END_TEST

/* A pattern that runs away is given up for the record, counted under its name,
 * and the record is judged by the others. */
START_TEST(runaway_pattern)
{
    struct catalogue *c = load_with(HEAD
        "<signature id=\"runaway\" class=\"network\"><literal>aaaa</literal><pattern>(?:(a|aa)+)+$</pattern>"
        "<example>aaaa</example><near-miss>b</near-miss></signature>" TAIL);
    struct catalogue_scratch *x = catalogue_scratch_new(c);
    struct arena *arena = arena_new(1 << 20);
    struct catalogue_limited l;
    char text[5000];
    size_t i = 0;

    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 24, "b, Win32 Error = 32     ", 24);
    ck_assert(!catalogue_scratch_limited_next(c, x, &i, &l));
    for (int k = 0; k < 3; k++) {
        struct event ev = {.text = str_make(text, sizeof text)};

        ck_assert_int_eq(diagnose_event(c, x, arena, &ev), PERR_OK);
        ck_assert_int_eq(ev.cls, CLASS_FILE_CONTENTION);
    }
    ck_assert_uint_eq(catalogue_scratch_limited(x), 3);
    i = 0;
    ck_assert(catalogue_scratch_limited_next(c, x, &i, &l));
    ck_assert(str_eq(l.signature, STR("runaway")));
    ck_assert_str_eq(l.file, "site.xml");
    ck_assert_uint_eq(l.times, 3);
    ck_assert(!catalogue_scratch_limited_next(c, x, &i, &l));
    catalogue_scratch_free(x);
    arena_free(arena);
    catalogue_unref(c);
}
END_TEST

START_TEST(hostile_documents)
{
    static const char *const bad[] = {
        "",
        "x",
        "<catalogue/>",
        "<events xmlns=\"urn:truecause:catalogue:1\"/>",
        "<!DOCTYPE catalogue><catalogue xmlns=\"urn:truecause:catalogue:1\"/>",
        "<!DOCTYPE c [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\">]>"
        "<catalogue xmlns=\"urn:truecause:catalogue:1\">&b;</catalogue>",
        "<!DOCTYPE c SYSTEM \"file:///etc/passwd\"><catalogue xmlns=\"urn:truecause:catalogue:1\"/>",
        "<!DOCTYPE c [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
        "<catalogue xmlns=\"urn:truecause:catalogue:1\"><class name=\"network\" severity=\"minor\"><action>&x;</action>"
        "</class></catalogue>",
        "<catalogue xmlns=\"urn:truecause:catalogue:1\">&nothing;</catalogue>",
    };
    static const char open[] = "<catalogue xmlns=\"urn:truecause:catalogue:1\">", close[] = "</catalogue>";
    size_t depth = 10000, n = sizeof open - 1;
    char *deep = malloc(n + 7 * depth + sizeof close);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!load_alone(bad[i]), "accepted: %s", bad[i]);
        ck_assert_msg(err.text[0], "no words for %s", bad[i]);
    }
    ck_assert_ptr_nonnull(deep);
    memcpy(deep, open, n);
    for (size_t i = 0; i < depth; i++) {
        memcpy(deep + n + 3 * i, "<a>", 3);
        memcpy(deep + n + 3 * depth + 4 * i, "</a>", 4);
    }
    memcpy(deep + n + 7 * depth, close, sizeof close);
    ck_assert(!load_alone(deep));
    free(deep);
}
END_TEST

START_TEST(smallest_set)
{
    struct catalogue *c = load_alone("<catalogue xmlns=\"urn:truecause:catalogue:1\"/>");
    struct catalogue_scratch *x;

    ck_assert_msg(c, "%s", err.text);
    x = catalogue_scratch_new(c);
    ck_assert_ptr_nonnull(x);
    ck_assert(catalogue_idle(c, x, STR("nothing")));
    catalogue_scratch_free(x);
    ck_assert_int_eq(class_of(c, "Failed, Win32 Error = 32"), CLASS_ACTIVITY);
    catalogue_unref(c);
}
END_TEST

START_TEST(idle_is_quick_and_right)
{
    struct catalogue *c = load_with(NULL);
    struct catalogue_scratch *x = catalogue_scratch_new(c);

    ck_assert_ptr_nonnull(x);
    /* twice: the second answer comes from what was said before */
    for (int i = 0; i < 2; i++) {
        ck_assert(catalogue_idle(c, x, STR("~Waiting for ready instruction file....")));
        ck_assert(catalogue_idle(c, x, STR("~Memory usage: blocks=0 bytes=0")));
        ck_assert(!catalogue_idle(c, x, STR("~Copying A to B, Failed, Win32 Error = 32")));
        ck_assert(!catalogue_idle(c, x, STR("~Despooler successfully\nexecuted one instruction.")));
        ck_assert(!catalogue_idle(c, x, STR("STATMSG: ID=4400")));
        /* the same ends and length, and so the same place */
        ck_assert(catalogue_idle(c, x, STR("~Waiting for ------------------------ file....")));
        ck_assert(!catalogue_idle(c, x, STR("~Waiting for STATMSG: ID=4400 ISTR0 x file....")));
        ck_assert(catalogue_idle(c, x, STR("")));
    }
    catalogue_scratch_free(x);
    catalogue_unref(c);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("catalogue");
    TCase *t = tcase_create("catalogue");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(t, examples_hold);
    tcase_add_test(t, schema_agrees);
    tcase_add_test(t, codes_and_advice);
    tcase_add_test(t, later_documents_override);
    tcase_add_loop_test(t, errors_name_their_line, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(t, examples_of_later_documents);
    tcase_add_test(t, articles_of_later_documents);
    tcase_add_test(t, codes_of_other_spellings);
    tcase_add_test(t, codes_of_other_facilities);
    tcase_add_test(t, runaway_pattern);
    tcase_add_test(t, hostile_documents);
    tcase_add_test(t, smallest_set);
    tcase_add_test(t, idle_is_quick_and_right);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    xmlCleanupParser();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
