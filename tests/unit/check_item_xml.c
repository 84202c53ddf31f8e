/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_item_xml.c - items to XML and back: the bytes as the design shows them,
 * random items through writer, schema and reader, and XML from elsewhere. */
#include "build.h"

#include "parsers/item_tree.h"
#include "parsers/item_xml.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "parsers/when.h"
#include "tests/unit/random_items.h"

static struct arena *arena;
static struct xml_buf buf;

static void
set_up(void)
{
    arena = arena_new(64 << 20);
    xml_buf_init(&buf, 64 << 20);
}

static void
tear_down(void)
{
    xml_buf_fini(&buf);
    arena_free(arena);
    arena = NULL;
}

/* --- the writer ---------------------------------------------------------------- */

static void
expect_item(const struct item *it, const char *expected)
{
    xml_buf_clear(&buf);
    item_xml_write(&buf, it);
    ck_assert(!buf.failed);
    ck_assert_msg(str_eq(str_make(buf.p, buf.n), str_z(expected)), "\nwrote  %.*s\nwanted %s", (int) buf.n, buf.p,
                  expected);
}

static void
fill_109(struct event *ev)
{
    *ev = (struct event){
        .id = "00112233445566778899aabbccddeeff",
        .cls = CLASS_FILE_CONTENTION,
        .severity = SEVERITY_MINOR,
        .format = STR("event-xml"),
        .source_name = STR("AppEvent.xml"),
        .offset = 10240,
        .line = 131,
        .length = 612,
        .text = STR("Failed to install package."),
    };
    ck_assert(when_civil(1998, 9, 10, 9, 55, 37, 0, &ev->when.local));
    ev->when.local_known = ev->when.utc_known = true;
    ev->when.utc = ev->when.local + 7 * WHEN_HOUR;
    ev->when.zone = STR("America/Los_Angeles");
    ev->f.host = STR("ANFIELD");
    ev->f.address = STR("192.0.2.10");
    ev->f.site = STR("DOG");
    ev->f.package = STR("DOG0005D");
    ev->f.server = STR("ANFIELD");
    ev->f.share = STR("SMS_PKGE");
    ev->f.file = STR("E:\\_S M0000.TMP\\filename.EXE");
    ev->f.target = STR("E:\\SMS_PKGE\\DOG0005D\\filename.EXE");
    ev->f.claimed = true;
    ev->f.claim_class = CLASS_DISK_FULL;
    ev->f.claim_event = STR("109");
    ev->f.figures = FIGURES_BLANK;
    ev->f.caused = true;
    ev->f.cause_class = CLASS_FILE_CONTENTION;
    ev->f.tagged = true;
    ev->f.win32_known = true;
    ev->f.win32 = 32;
    ev->f.symbol = STR("ERROR_SHARING_VIOLATION");
    ev->f.misreported = true;
    ev->f.basis = BASIS_LOG_MATCH;
    ev->f.confidence = CONFIDENCE_CONFIRMED;
    ev->f.signature = STR("despooler-copy-failed");
    ev->f.n_evidence = 1;
    strcpy(ev->f.evidence[0], "ffeeddccbbaa99887766554433221100");
    ev->f.n_articles = 1;
    ev->f.article[0] = STR("Q193766");
}

START_TEST(event_reads_as_the_design_shows_it)
{
    struct event ev;
    struct item it = {ITEM_EVENT, &ev, NULL};

    fill_109(&ev);
    expect_item(&it,
                "<event id=\"00112233445566778899aabbccddeeff\" class=\"file-contention\" severity=\"minor\">"
                "<when time=\"1998-09-10T16:55:37Z\" local=\"1998-09-10T09:55:37\" zone=\"America/Los_Angeles\"/>"
                "<origin host=\"ANFIELD\" address=\"192.0.2.10\" site=\"DOG\"/>"
                "<source format=\"event-xml\" name=\"AppEvent.xml\" offset=\"10240\" line=\"131\" length=\"612\"/>"
                "<object package=\"DOG0005D\" server=\"ANFIELD\" share=\"SMS_PKGE\""
                " file=\"E:\\_S M0000.TMP\\filename.EXE\" target=\"E:\\SMS_PKGE\\DOG0005D\\filename.EXE\"/>"
                "<claim cause=\"disk-full\" event=\"109\" figures=\"blank\"/>"
                "<cause class=\"file-contention\" tag=\"error-32-contention\" win32=\"32\""
                " symbol=\"ERROR_SHARING_VIOLATION\" misreported=\"true\" basis=\"log-match\""
                " confidence=\"confirmed\" signature=\"despooler-copy-failed\">"
                "<evidence event=\"ffeeddccbbaa99887766554433221100\"/></cause>"
                "<see article=\"Q193766\"/><text>Failed to install package.</text></event>\n");
}
END_TEST

START_TEST(absent_facts_leave_nothing)
{
    struct event ev = {.id = "00112233445566778899aabbccddeeff", .severity = SEVERITY_INFO};
    struct item it = {ITEM_EVENT, &ev, NULL};

    expect_item(&it, "<event id=\"00112233445566778899aabbccddeeff\" class=\"unclassified\" severity=\"info\">"
                     "<source offset=\"0\" length=\"0\"/></event>\n");
    /* Empty is not absent. */
    ev.text = STR("");
    ev.f.available = STR("");
    expect_item(&it, "<event id=\"00112233445566778899aabbccddeeff\" class=\"unclassified\" severity=\"info\">"
                     "<source offset=\"0\" length=\"0\"/><claim available=\"\"/><text></text></event>\n");
}
END_TEST

START_TEST(alarm_reads_as_the_design_shows_it)
{
    struct alarm_item al = {
        .id = "0123456789abcdef0123456789abcdef",
        .key = STR("dist:ANFIELD:DOG0005D"),
        .state = ALARM_CLEARED,
        .severity = SEVERITY_MINOR,
        .cls = CLASS_FILE_CONTENTION,
        .count = 2,
        .reason = STR("reclassified"),
        .event = STR("ffeeddccbbaa99887766554433221100"),
        .summary = STR("one line"),
        .action = STR("what to do"),
    };
    struct item it = {ITEM_ALARM, NULL, &al};

    ck_assert(when_civil(1998, 9, 10, 16, 55, 37, 0, &al.first.utc));
    al.first.utc_known = true;
    al.last.local = al.first.utc + WHEN_SECOND;
    al.last.local_known = true;
    al.when = (struct when){.local = al.first.utc, .local_known = true, .bias_known = true, .bias = 420};
    al.when.dst = WHEN_DST_SHIFTED;
    al.f.host = STR("ANFIELD");
    al.f.n_linked = 1;
    strcpy(al.f.linked[0], "00112233445566778899aabbccddeeff");
    expect_item(&it, "<alarm id=\"0123456789abcdef0123456789abcdef\" key=\"dist:ANFIELD:DOG0005D\" state=\"cleared\""
                     " severity=\"minor\" class=\"file-contention\" count=\"2\" first=\"1998-09-10T16:55:37Z\""
                     " last=\"1998-09-10T16:55:38\" reason=\"reclassified\" event=\"ffeeddccbbaa99887766554433221100\">"
                     "<when local=\"1998-09-10T16:55:37\" zone=\"-07:00\" dst=\"shifted\"/><origin host=\"ANFIELD\"/>"
                     "<see event=\"00112233445566778899aabbccddeeff\"/>"
                     "<summary>one line</summary><action>what to do</action></alarm>\n");
}
END_TEST

START_TEST(notice_is_one_line)
{
    struct notice_item no = {.kind = NOTICE_HEARTBEAT,
                             .read = 41203,
                             .delivered = 212,
                             .last_seq = 211,
                             .open_count = 2,
                             .open_digest = "0123456789abcdef0123456789abcdef",
                             .text = STR("a < b\n")};
    struct item it = {.kind = ITEM_NOTICE, .notice = &no};

    ck_assert(when_civil(1998, 9, 10, 16, 55, 37, 0, &no.when.utc));
    no.when.utc_known = true;
    expect_item(&it, "<notice kind=\"heartbeat\" time=\"1998-09-10T16:55:37Z\" read=\"41203\" delivered=\"212\""
                     " folded=\"0\" dropped=\"0\" seq=\"211\" open=\"2\" digest=\"0123456789abcdef0123456789abcdef\">"
                     "a &lt; b&#10;</notice>\n");
    no = (struct notice_item){.kind = NOTICE_HISTORY, .text = STR("read 3 records")};
    strcpy(no.id, "00112233445566778899aabbccddeeff");
    expect_item(&it, "<notice kind=\"history\" id=\"00112233445566778899aabbccddeeff\">read 3 records</notice>\n");
}
END_TEST

/* Every byte below 0x80 at every place of a text of every length around the
 * writer's blocks of 4, 8 and 16. */
START_TEST(each_special_byte_is_escaped_wherever_it_stands)
{
    static const char *const escapes[128] = {
        ['\t'] = "&#9;", ['\n'] = "&#10;", ['\r'] = "&#13;", ['"'] = "&quot;",
        ['&'] = "&amp;", ['<'] = "&lt;",   ['>'] = "&gt;",
    };
    struct event ev = {.id = "00112233445566778899aabbccddeeff"};
    struct item it = {ITEM_EVENT, &ev, NULL};

    for (size_t n = 1; n <= 40; n++)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 128; c++) {
                char *text = malloc(n), want[8] = {(char) c}, all[64 + 8], raw[4] = {'\xee', '\xbc', (char) (0x80 | c)};
                struct str got;
                size_t k;

                memset(text, 'x', n);
                text[at] = (char) c;
                if (escapes[c])
                    strcpy(want, escapes[c]);
                else if (c < 0x20)
                    strcpy(want, raw);
                ev.text = str_make(text, n);
                xml_buf_clear(&buf);
                item_xml_write(&buf, &it);
                k = (size_t) snprintf(all, sizeof all, "<text>%.*s%s%.*s</text></event>\n", (int) at,
                                      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", want, (int) (n - at - 1),
                                      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
                got = str_make(buf.p + buf.n - k, k);
                ck_assert_msg(str_eq(got, str_make(all, k)), "n %zu at %zu c %d: %.*s", n, at, c, (int) buf.n, buf.p);
                free(text);
            }
}
END_TEST

START_TEST(buffer_holds_whole_items_up_to_its_bound)
{
    struct event ev;
    struct item it = {ITEM_EVENT, &ev, NULL};
    struct xml_buf small;
    size_t whole = 0, n;
    char *long_text;

    fill_109(&ev);
    xml_buf_init(&small, 100 * 1024);
    while (!small.failed) {
        whole = small.n;
        item_xml_write(&small, &it);
    }
    n = small.n;
    ck_assert_uint_eq(n, whole);
    ck_assert_uint_gt(n, 80 * 1024);
    ck_assert_int_eq(small.p[n - 1], '\n');
    item_xml_write(&small, &it);
    item_xml_close(&small);
    ck_assert_uint_eq(small.n, n);
    xml_buf_clear(&small);
    item_xml_write(&small, &it);
    ck_assert(!small.failed);
    xml_buf_fini(&small);

    /* Near the bound bytes are counted: as text 60 KiB of 'x' fit, of NULs,
     * escaped to three bytes each, they do not. */
    xml_buf_init(&small, 80 * 1024);
    long_text = arena_zalloc(arena, 60 * 1024);
    ev.text = str_make(long_text, 60 * 1024);
    item_xml_write(&small, &it);
    ck_assert(small.failed);
    ck_assert_uint_eq(small.n, 0);
    xml_buf_clear(&small);
    memset(long_text, 'x', 60 * 1024);
    item_xml_write(&small, &it);
    ck_assert(!small.failed);
    ck_assert_uint_gt(small.n, 60 * 1024);
    xml_buf_fini(&small);
}
END_TEST

static struct item
random_item(void)
{
    switch (random_below(6)) {
    case 0:
        return random_notice(arena);
    case 1:
    case 2:
        return random_alarm(arena);
    default:
        return random_event(arena);
    }
}

/* --- there and back ------------------------------------------------------------- */

static void
same_tree(const struct item_node *a, const struct item_node *b, bool root)
{
    ck_assert(str_eq(a->name, b->name));
    ck_assert_int_eq(a->ours, b->ours);
    ck_assert_uint_eq(a->n_attributes, b->n_attributes);
    for (unsigned i = 0; i < a->n_attributes; i++) {
        ck_assert(str_eq(a->attributes[i].name, b->attributes[i].name));
        ck_assert(str_eq(a->attributes[i].value, b->attributes[i].value));
    }
    if (!a->children && !root)
        ck_assert(str_eq(a->text, b->text));
    a = a->children;
    b = b->children;
    for (; a && b; a = a->next, b = b->next)
        same_tree(a, b, false);
    ck_assert(!a && !b);
}

/* The short way through the bytes accepts nothing that libxml2 does not, and
 * says the same: whole items, cut ones, and ones with bytes changed. */
START_TEST(both_ways_of_reading_agree)
{
    unsigned good = 0;

    for (int i = 0; i < 6000; i++) {
        struct item it = random_item();
        const struct item_node *a, *b;
        enum perr ea = PERR_OK, eb = PERR_OK;

        xml_buf_clear(&buf);
        item_xml_write(&buf, &it);
        if (i % 3 == 1)
            buf.n = random_below(buf.n);
        for (uint64_t k = i % 3 == 2 ? 1 + random_below(3) : 0; k > 0; k--)
            buf.p[random_below(buf.n)] = random_below(2) ? (char) random_below(256) : " \"'<>&;=/x\n\xc3"[random_below(12)];
        a = item_tree_read(arena, str_make(buf.p, buf.n), &ea);
        b = item_tree_read_any(arena, str_make(buf.p, buf.n), &eb);
        ck_assert_msg(!a == !b, "%.*s", (int) buf.n, buf.p);
        ck_assert_int_eq(ea, eb);
        if (a)
            same_tree(a, b, !str_eq(a->name, STR("notice")));
        good += a != NULL;
        arena_reset(arena);
    }
    ck_assert_uint_gt(good, 2000);
    ck_assert_uint_lt(good, 5000);
}
END_TEST

START_TEST(random_items_come_back_the_same)
{
    for (int i = 0; i < 3000; i++) {
        struct item it = random_item(), back;
        enum perr e;

        xml_buf_clear(&buf);
        item_xml_write(&buf, &it);
        ck_assert(!buf.failed);
        ck_assert_ptr_eq(memchr(buf.p, '\n', buf.n), buf.p + buf.n - 1);
        e = item_xml_read(arena, str_make(buf.p, buf.n), &back);
        ck_assert_msg(e == PERR_OK, "%s: %.*s", perr_text(e), (int) buf.n, buf.p);
        same_item(&it, &back);
        arena_reset(arena);
    }
}
END_TEST

static void
quiet(void *data, const char *format, ...)
{
    (void) data;
    (void) format;
}

static char *
schema_path(void)
{
    static char path[4096];
    const char *dir = getenv("TEST_SRCDIR");

    snprintf(path, sizeof path, "%s/../schemas/event.xsd", dir ? dir : "tests");
    return path;
}

START_TEST(random_documents_are_valid)
{
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(schema_path());
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    xmlSchemaValidCtxtPtr valid;

    ck_assert_ptr_nonnull(schema);
    valid = xmlSchemaNewValidCtxt(schema);
    for (int round = 0; round < 20; round++) {
        xmlDocPtr doc;

        xml_buf_clear(&buf);
        item_xml_open(&buf, round ? "1 <\"&>" : NULL);
        for (int i = 0; i < round * 10; i++) {
            struct item it = random_item();

            item_xml_write(&buf, &it);
        }
        item_xml_close(&buf);
        doc = xmlReadMemory(buf.p, (int) buf.n, NULL, NULL, XML_PARSE_NONET);
        ck_assert_ptr_nonnull(doc);
        ck_assert_int_eq(xmlSchemaValidateDoc(valid, doc), 0);
        xmlFreeDoc(doc);
        arena_reset(arena);
    }
    xmlSchemaFreeValidCtxt(valid);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
}
END_TEST

/* --- XML from elsewhere ------------------------------------------------------------ */

#define HEAD "<event id=\"00112233445566778899aabbccddeeff\" class=\"activity\" severity=\"info\""
#define SOURCE "<source offset=\"1\" length=\"2\"/>"

static const struct {
    const char *xml;
    enum perr expected;
} foreign[] = {
    {HEAD ">" SOURCE "</event>", PERR_OK},
    {HEAD " xmlns=\"" ITEM_XML_NS "\">" SOURCE "</event>", PERR_OK},
    {HEAD " later=\"1\"><later a=\"b\"><deep/></later>" SOURCE "<o:x xmlns:o=\"o\"/></event>", PERR_OK},
    {HEAD " xmlns=\"urn:other\">" SOURCE "</event>", PERR_SYNTAX},
    {"<other/>", PERR_SYNTAX},
    {"", PERR_SYNTAX},
    {"text", PERR_SYNTAX},
    {HEAD ">" SOURCE "</event><event/>", PERR_SYNTAX},
    {HEAD ">" SOURCE, PERR_SYNTAX},
    {"<event id=\"0011\"/>", PERR_SYNTAX},
    {"<event id=\"00112233445566778899aabbccddeefg\"/>", PERR_SYNTAX},
    {"<event class=\"fire\"/>", PERR_RANGE},
    {"<event severity=\"bad\"/>", PERR_RANGE},
    {"<alarm state=\"lost\"/>", PERR_RANGE},
    {"<notice/>", PERR_SYNTAX},
    {"<notice kind=\"rumour\"/>", PERR_RANGE},
    {"<notice kind=\"history\" later=\"1\"/>", PERR_OK},
    {"<notice kind=\"heartbeat\" open=\"4294967296\"/>", PERR_RANGE},
    {"<notice kind=\"heartbeat\" digest=\"00\"/>", PERR_SYNTAX},
    {"<alarm count=\"18446744073709551615\"/>", PERR_OK},
    {"<alarm count=\"18446744073709551616\"/>", PERR_RANGE},
    {"<alarm count=\"-1\"/>", PERR_SYNTAX},
    {"<alarm count=\"\"/>", PERR_SYNTAX},
    {"<alarm first=\"1998-02-30T00:00:00Z\"/>", PERR_RANGE},
    {"<event><cause win32=\"4294967295\"/></event>", PERR_OK},
    {"<event><cause win32=\"4294967296\"/></event>", PERR_RANGE},
    {"<event><cause basis=\"hearsay\"/></event>", PERR_RANGE},
    {"<!DOCTYPE event><event/>", PERR_SYNTAX},
    {"<!DOCTYPE e [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><event><text>&b;</text></event>", PERR_SYNTAX},
    {"<!DOCTYPE e [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><event><text>&x;</text></event>", PERR_SYNTAX},
    {"<!DOCTYPE e SYSTEM \"http://127.0.0.1:1/x.dtd\"><event/>", PERR_SYNTAX},
    {"<event><text>&unknown;</text></event>", PERR_SYNTAX},
    {"<event><text>\xc0\xbc</text></event>", PERR_SYNTAX},
    {"<event><text>&#1;</text></event>", PERR_SYNTAX},
};

START_TEST(foreign_xml_is_judged)
{
    struct item it;
    enum perr e = item_xml_read(arena, str_z(foreign[_i].xml), &it);

    ck_assert_msg(e == foreign[_i].expected, "%s: %s", foreign[_i].xml, perr_text(e));
}
END_TEST

START_TEST(lists_longer_than_the_struct_are_cut)
{
    struct item it;
    char xml[4096];
    size_t n = (size_t) snprintf(xml, sizeof xml, "<event><cause>");

    for (int i = 0; i < 20; i++)
        n += (size_t) snprintf(xml + n, sizeof xml - n, "<evidence event=\"%032d\"/>", i);
    n += (size_t) snprintf(xml + n, sizeof xml - n, "</cause>");
    for (int i = 0; i < 10; i++)
        n += (size_t) snprintf(xml + n, sizeof xml - n, "<see article=\"Q%d\"/><see event=\"%032d\"/>", i, i);
    n += (size_t) snprintf(xml + n, sizeof xml - n, "</event>");
    ck_assert_int_eq(item_xml_read(arena, str_make(xml, n), &it), PERR_OK);
    ck_assert_uint_eq(it.event->f.n_evidence, EVENT_EVIDENCE_MAX);
    ck_assert_uint_eq(it.event->f.n_articles, EVENT_SEE_MAX);
    ck_assert_uint_eq(it.event->f.n_linked, EVENT_SEE_MAX);
    ck_assert_str_eq(it.event->f.evidence[7], "00000000000000000000000000000007");
}
END_TEST

START_TEST(nesting_and_size_are_bounded)
{
    size_t n = 0, deep = 10000;
    char *xml = malloc(8 << 20);
    struct item it;

    for (size_t i = 0; i < deep; i++)
        n += (size_t) sprintf(xml + n, "<event>");
    for (size_t i = 0; i < deep; i++)
        n += (size_t) sprintf(xml + n, "</event>");
    ck_assert_int_ne(item_xml_read(arena, str_make(xml, n), &it), PERR_OK);
    memset(xml, ' ', 8 << 20);
    memcpy(xml, "<event>", 7);
    ck_assert_int_eq(item_xml_read(arena, str_make(xml, 8 << 20), &it), PERR_LIMIT);
    free(xml);
}
END_TEST

START_TEST(cut_and_changed_items_do_no_harm)
{
    struct item it = random_event(arena), back;
    char *copy;

    xml_buf_clear(&buf);
    item_xml_write(&buf, &it);
    copy = malloc(buf.n);
    for (size_t n = 0; n < buf.n - sizeof "</event>"; n += 1 + n / 200) {
        /* A copy of exact size: a read past the end is seen by ASan. */
        char *cut = malloc(n ? n : 1);

        memcpy(cut, buf.p, n);
        ck_assert_int_ne(item_xml_read(arena, str_make(cut, n), &back), PERR_OK);
        free(cut);
        arena_reset(arena);
    }
    for (int i = 0; i < 5000; i++) {
        it = random_event(arena);
        xml_buf_clear(&buf);
        item_xml_write(&buf, &it);
        copy = realloc(copy, buf.n);
        memcpy(copy, buf.p, buf.n);
        for (uint64_t k = 1 + random_below(3); k > 0; k--)
            copy[random_below(buf.n)] = (char) random_below(256);
        if (item_xml_read(arena, str_make(copy, buf.n), &back) == PERR_OK) {
            xml_buf_clear(&buf);
            item_xml_write(&buf, &back);
            ck_assert(!buf.failed);
        }
        arena_reset(arena);
    }
    free(copy);
}
END_TEST

START_TEST(little_memory_is_an_error)
{
    for (size_t limit = 0; limit < 6000; limit += 64) {
        struct arena *tight = arena_new(limit);
        struct event ev;
        struct item it = {ITEM_EVENT, &ev, NULL}, back;
        enum perr e;

        fill_109(&ev);
        xml_buf_clear(&buf);
        item_xml_write(&buf, &it);
        e = item_xml_read(tight, str_make(buf.p, buf.n), &back);
        ck_assert(e == PERR_NOMEM || e == PERR_OK);
        if (e == PERR_OK)
            same_item(&it, &back);
        arena_free(tight);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("item_xml");
    TCase *write = tcase_create("write"), *back = tcase_create("back"), *foreign_case = tcase_create("foreign");
    SRunner *sr;
    int failed;

    xmlInitParser();
    xmlSetGenericErrorFunc(NULL, quiet);
    tcase_add_checked_fixture(write, set_up, tear_down);
    tcase_add_test(write, event_reads_as_the_design_shows_it);
    tcase_add_test(write, absent_facts_leave_nothing);
    tcase_add_test(write, alarm_reads_as_the_design_shows_it);
    tcase_add_test(write, notice_is_one_line);
    tcase_add_test(write, each_special_byte_is_escaped_wherever_it_stands);
    tcase_add_test(write, buffer_holds_whole_items_up_to_its_bound);
    suite_add_tcase(s, write);
    tcase_add_checked_fixture(back, set_up, tear_down);
    tcase_set_timeout(back, 120);
    tcase_add_test(back, random_items_come_back_the_same);
    tcase_add_test(back, both_ways_of_reading_agree);
    tcase_add_test(back, random_documents_are_valid);
    suite_add_tcase(s, back);
    tcase_add_checked_fixture(foreign_case, set_up, tear_down);
    tcase_set_timeout(foreign_case, 120);
    tcase_add_loop_test(foreign_case, foreign_xml_is_judged, 0, sizeof foreign / sizeof *foreign);
    tcase_add_test(foreign_case, lists_longer_than_the_struct_are_cut);
    tcase_add_test(foreign_case, nesting_and_size_are_bounded);
    tcase_add_test(foreign_case, cut_and_changed_items_do_no_harm);
    tcase_add_test(foreign_case, little_memory_is_an_error);
    suite_add_tcase(s, foreign_case);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    xmlCleanupParser();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
