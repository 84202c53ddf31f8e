/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_event_xml.c - Windows event XML: framing in every chunking, the facts
 * of a record in each form that tools write, and what is not XML or hostile. */
#include "build.h"

#include "parsers/event_xml.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include <libxml/parser.h>

#include "parsers/when.h"
#include "tests/unit/framing.h"

#define NS " xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"
#define SYSTEM_109 \
    "<System><Provider Name='SMS'/><EventID Qualifiers='49152'>109</EventID><Version>0</Version><Level>2</Level>" \
    "<Task>0</Task><Opcode>0</Opcode><Keywords>0x80000000000000</Keywords>" \
    "<TimeCreated SystemTime='1998-09-10T16:55:40.000000000Z'/><EventRecordID>4711</EventRecordID><Correlation/>" \
    "<Execution ProcessID='0' ThreadID='0'/><Channel>Application</Channel><Computer>Anfield</Computer><Security/>" \
    "</System>"
#define DATA_109 "<EventData><Data>\\\\ANFIELD\\SMS_PKGE\\DOG0005D</Data><Data></Data><Data/></EventData>"
#define EVENT_109 "<Event" NS ">" SYSTEM_109 DATA_109 "</Event>"
#define OTHER "<Event" NS "><System><Provider Name='X'/><EventID>1</EventID></System></Event>"

static struct arena *arena;
static struct format_options options;

static void
set_up(void)
{
    arena = arena_new(64 << 20);
}

static void
tear_down(void)
{
    arena_free(arena);
}

static enum perr
parse(const char *bytes, size_t n, struct event *ev)
{
    /* Exact size, so that ASan sees a look behind the end. */
    char *copy = malloc(n ? n : 1);
    struct format_record record = {.bytes = {copy, n}};
    size_t at = SIZE_MAX;
    enum perr e;

    memcpy(copy, bytes, n);
    *ev = (struct event){0};
    e = event_xml_format.parse(&options, &record, arena, ev, &at);
    ck_assert_uint_le(at, n);
    /* What borrows from the record must live on in this test. */
    ev->text = arena_copy(arena, ev->text);
    free(copy);
    return e;
}

/* --- framing ----------------------------------------------------------------- */

/* The spans as text: "R:length" and "B:length". */
static const struct {
    const char *name, *bytes, *spans;
} frames[] = {
    {"one", "<Event/>", "R8"},
    {"one with white space", "\n <Event></Event>\r\n", "R15"},
    {"bare roots", "<Event>1</Event><Event>2</Event>\n<Event >3</Event >", "R16 R16 R18"},
    {"wrapped", "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events><Event>1</Event>"
     "<Event>2</Event></Events>\r\n",
     "R16 R16"},
    {"wrappers one after another", "<Events><Event/></Events><?xml version='1.0'?><Events a='>'><Event/></Events>", "R8 R8"},
    {"self-closing wrapper", "<Events/><Event/>", "R8"},
    {"another root", "<root xmlns='a' xmlns:b=\"c\">\n<Event/>\n</root>", "R8"},
    {"a root with data in it", "<root name='x'><Event/></root>", "B15 R8 B7"},
    {"prefix", "<e:Events xmlns:e='x'><e:Event>1</e:Event><e:Event/></e:Events>", "R20 R10"},
    {"comments", "<!-- <Event>no</Event> --><Event/><!----><Event/>", "R8 R8"},
    {"end tag in a comment and in CDATA", "<Event><!-- </Event> --><![CDATA[</Event>]]>x</Event><Event/>", "R53 R8"},
    {"comment that nothing closes", "<Event><!-- x</Event><Event/>", "R21 R8"},
    {"CDATA that nothing closes", "<Event><![CDATA[x</Event><Event/>", "R25 R8"},
    {"'>' in an attribute", "<Event a='x>y' b=\"/>\">1</Event><Event/>", "R31 R8"},
    {"names that only begin alike", "<Event><EventData>1</EventData><Events/></Event>", "R48"},
    {"text between", "<Event/>junk here <Event/> more", "R8 B9 R8 B4"},
    {"only text", " no XML at all\n", "B13"},
    {"tags of another kind", "<a x='1'><b>c</b></a>", "B21"},
    {"self-closing tag of another kind", "<a/>", "B4"},
    {"elements without any data", "<a><b></b></a>", ""},
    {"stray end tag", "</Event><Event/>", "B8 R8"},
    {"stray end tag in a wrapper", "<Events><Event/></Event></Events>", "R8 B8"},
    {"doctype", "<!DOCTYPE a [<!ENTITY b 'c'>]><Event/>", "B30 R8"},
    {"cut record before a record", "<Event><System>\n<Event>2</Event>", "R15 R16"},
    {"cut at the end of the file", "<Event/><Event><System>  \n", "R8 R15"},
    {"cut in the name", "<Event/><Eve", "R8 B4"},
    {"cut in a start tag", "<Event a='1", "R11"},
    {"event inside UserData", "<Event><UserData><Event><x/></Event></UserData></Event><Event/>", "R55 R8"},
    {"self-closing event inside UserData", "<Event><UserData><Event/></UserData></Event><Event/>", "R44 R8"},
    {"cut inside UserData", "<Event><UserData><x><Event" NS ">2</Event>", "R20 R78"},
    {"unclosed start tag", "<Event <Event/>", "R6 R8"},
    {"NUL bytes", "<Event/>\x01\x02<Event/>", "R8 B2 R8"},
    {"processing instruction that nothing closes", "<?xml <Event/>", "B5 R8"},
    {"comment between that nothing closes", "<!-- <Event/>", "B4 R8"},
    {"SOAP envelope", "<?xml version='1.0'?><s:Envelope xmlns:s='x' a='b'><s:Header><To>&lt;http://c:5985&gt;</To></s:Header>"
     "<s:Body><w:Events><w:Event Action='e'><Event/></w:Event>\n<w:Event Action=\"e\"><![CDATA[<Event>1</Event>]]></w:Event>"
     "</w:Events></s:Body></s:Envelope>\r\n<Event/>",
     "R8 R16 R8"},
    {"pulled", "<Envelope><Header a='b'><x/></Header><Body><n:PullResponse><n:EnumerationContext>uuid:1</n:EnumerationContext>"
     "<n:Items>\n<Event/></n:Items><n:EndOfSequence/></n:PullResponse></Body></Envelope>",
     "R8"},
    {"the rest of an envelope", "]]></w:Event></w:Events></s:Body></s:Envelope><s:Envelope><s:Body><Event/>", "R8"},
    {"header that nothing closes", "<s:Envelope><s:Header>text<s:Body><Event/>", "B12 R8"},
    {"escaped event in an envelope", "<w:Event Action='e'>&lt;Event/&gt;</w:Event><Event/>", "B24 R8"},
    {"CDATA of another kind", "<![CDATA[text]]><Event/>", "B16 R8"},
    {"cut in a CDATA", "<Event/><![CDATA[ ", "R8 B9"},
    {"cut before the attribute", "<Event ", "R6"},
};

START_TEST(bytes_are_framed)
{
    framing_expect(&event_xml_format, str_z(frames[_i].bytes), frames[_i].spans);
}
END_TEST

/* 'n' bytes of 'c' between head and tail. */
static struct str
long_bytes(const char *head, char c, size_t n, const char *tail)
{
    size_t h = strlen(head), t = strlen(tail);
    char *p = arena_alloc(arena, h + n + t);

    ck_assert_ptr_nonnull(p);
    memcpy(p, head, h);
    memset(p + h, c, n);
    memcpy(p + h + n, tail, t);
    return str_make(p, h + n + t);
}

static void
expect_long(struct str bytes, const char *expected)
{
    framing_expect(&event_xml_format, bytes, expected);
}

START_TEST(records_longer_than_the_window_are_bad_and_the_rest_goes_on)
{
    const size_t w = FORMAT_WINDOW;

    /* The longest that is one record: the window must not be full. */
    expect_long(long_bytes("<Event>", 'x', w - 7 - 8, "</Event><Event/>"), "R1048576 R8");
    expect_long(long_bytes("<Event>", 'x', w - 7 - 7, "</Event><Event/>"), "B1048569 B8 R8");
    expect_long(long_bytes("<Events><Event>", 'x', w, "</Event><Event/></Events>"), "B1048576 B15 R8");
    expect_long(long_bytes("<Event>", 'x', 3 * w, "</Event> <Event/>"), "B1048576 B1048576 B1048576 B15 R8");
    expect_long(long_bytes("<Event>", 'x', w, "<Event/>"), "B1048576 B7 R8");
    expect_long(long_bytes("<Event>", 'x', w, ""), "B1048576 B7");
    expect_long(long_bytes("junk", ' ', w, "<Event/>"), "B1048576 R8");
    expect_long(long_bytes("", ' ', 2 * w, "<Event/>"), "R8");
    expect_long(long_bytes("junk", 'x', w, " more<Events><Event/>"), "B1048576 B9 R8");
    expect_long(long_bytes("<Event><![CDATA[", '<', w, "]]></Event><Event/>"), "B1048575 B28 R8");
    expect_long(long_bytes("   <Event><!--", '-', w - 30, "--></Event><Event/>"), "R1048568 R8");
    expect_long(long_bytes("<!--", 'x', 4000, "--><Event/>"), "R8");
}
END_TEST

START_TEST(random_bytes_frame_the_same_in_any_chunk)
{
    static const char *const pieces[] = {
        "<Event>", "<Event ", "</Event>", "</Event", "<Events>", "</Events>", "<e:Event>", "</e:Event>", "<UserData>",
        "</UserData>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<a>", "</a>", "<a b='", "'", "\"", ">", "/>",
        "<", "text", "\n", "  ", "\xef\xbb\xbf", "\xef", NS, "\x00", "<!DOCTYPE x [", "&#1;",
        "<s:Envelope ", "</s:Envelope>", "<s:Header>", "</s:Header>", "<w:Event Action='", "</w:Event>",
    };
    uint64_t seed = 7;

    for (int i = 0; i < 1000; i++) {
        char bytes[512];
        size_t n = 0;
        struct framing f;

        for (int k = 0; k < 12; k++) {
            const char *piece;
            size_t len;

            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            piece = pieces[(seed >> 20) % (sizeof pieces / sizeof *pieces)];
            len = strlen(piece);
            if (n + len > sizeof bytes)
                break;
            memcpy(bytes + n, piece, len);
            n += len;
        }
        f = framing_all_ways(&event_xml_format, str_make(bytes, n));
        framing_fini(&f);
    }
}
END_TEST

/* --- parsing ------------------------------------------------------------------ */

START_TEST(event_109_gives_its_facts)
{
    struct event ev;
    char time[WHEN_TEXT_SIZE];

    ck_assert_int_eq(parse(EVENT_109, strlen(EVENT_109), &ev), PERR_OK);
    SAME(ev.f.host, "ANFIELD");
    SAME(ev.f.provider, "SMS");
    SAME(ev.f.channel, "Application");
    SAME(ev.f.event_number, "109");
    SAME(ev.f.record_number, "4711");
    SAME(ev.f.thread, NULL);
    SAME(ev.text, "\\\\ANFIELD\\SMS_PKGE\\DOG0005D");
    when_text(&ev.when, time);
    ck_assert_str_eq(time, "1998-09-10T16:55:40Z");
    ck_assert(!ev.when.local_known);
    ck_assert_uint_eq(ev.log->id32, 0xC000006D);
    ck_assert_uint_eq(ev.log->number, 109);
    ck_assert_uint_eq(ev.log->level, 2);
    ck_assert(ev.log->strings_known);
    ck_assert_uint_eq(ev.log->n_strings, 3);
    SAME(ev.log->strings[0], "\\\\ANFIELD\\SMS_PKGE\\DOG0005D");
    SAME(ev.log->strings[1], "");
    SAME(ev.log->strings[2], "");
    SAME(ev.log->message, NULL);
}
END_TEST

/* The System part in one line: how it is written, what comes out. */
static const struct {
    const char *system, *provider, *number, *time, *thread;
    uint32_t id32;
    unsigned level;
} systems[] = {
    {"<EventID>109</EventID>", NULL, "109", "", NULL, 109, 0},
    {"<EventID Qualifiers=''>109</EventID>", NULL, "109", "", NULL, 109, 0},
    {"<EventID>3221225581</EventID>", NULL, "109", "", NULL, 0xC000006D, 0},
    {"<EventID>-1073741715</EventID>", NULL, "109", "", NULL, 0xC000006D, 0},
    {"<EventID> 0x6d </EventID>", NULL, "109", "", NULL, 109, 0},
    {"<EventID>0</EventID>", NULL, "0", "", NULL, 0, 0},
    {"<EventID>none</EventID>", NULL, NULL, "", NULL, 0, 0},
    {"<EventID/>", NULL, NULL, "", NULL, 0, 0},
    {"<EventID>99999999999</EventID>", NULL, NULL, "", NULL, 0, 0},
    {"<Provider EventSourceName='SMS Server'/>", "SMS Server", NULL, "", NULL, 0, 0},
    {"<Provider Name='A' EventSourceName='B' Guid='{1}'/>", "B", NULL, "", NULL, 0, 0},
    {"<Provider Name='' EventSourceName='B'/>", "B", NULL, "", NULL, 0, 0},
    {"<Provider Name='A' EventSourceName=''/>", "A", NULL, "", NULL, 0, 0},
    {"<Provider Guid='{1}'/>", "{1}", NULL, "", NULL, 0, 0},
    {"<Provider/>", NULL, NULL, "", NULL, 0, 0},
    {"<Provider Name='A &amp; &#x42;'/>", "A & B", NULL, "", NULL, 0, 0},
    {"<TimeCreated SystemTime='2012-10-25T01:02:03.1234567Z'/>", NULL, NULL, "2012-10-25T01:02:03.1234567Z", NULL, 0, 0},
    {"<TimeCreated SystemTime='2012-10-25 01:02:03.123456'/>", NULL, NULL, "2012-10-25T01:02:03.123456Z", NULL, 0, 0},
    {"<TimeCreated SystemTime='2012-10-25T01:02:03'/>", NULL, NULL, "2012-10-25T01:02:03Z", NULL, 0, 0},
    {"<TimeCreated SystemTime='2012-10-25T01:02:03.5+02:00'/>", NULL, NULL, "2012-10-24T23:02:03.5Z", NULL, 0, 0},
    {"<TimeCreated SystemTime='1601-01-01T00:00:00.000Z'/>", NULL, NULL, "", NULL, 0, 0},
    {"<TimeCreated SystemTime='2012-02-30T00:00:00Z'/>", NULL, NULL, "", NULL, 0, 0},
    {"<TimeCreated RawTime='125499201400000000'/>", NULL, NULL, "1998-09-10T16:55:40Z", NULL, 0, 0},
    {"<TimeCreated RawTime='1998-09-10T16:55:40.123456789Z'/>", NULL, NULL, "1998-09-10T16:55:40.123456789Z", NULL, 0, 0},
    {"<TimeCreated SystemTime='' RawTime='125499201401234567'/>", NULL, NULL, "1998-09-10T16:55:40.1234567Z", NULL, 0, 0},
    {"<TimeCreated SystemTime='1998-09-10T16:55:40.000000001Z'/>", NULL, NULL, "1998-09-10T16:55:40.000000001Z", NULL, 0, 0},
    {"<TimeCreated RawTime='123456'/>", NULL, NULL, "", NULL, 0, 0},
    {"<TimeCreated RawTime='125499201400000000' SystemTime='2012-10-25T01:02:03Z'/>", NULL, NULL,
     "2012-10-25T01:02:03Z", NULL, 0, 0},
    {"<Execution ProcessID='1' ThreadID='464'/>", NULL, NULL, "", "464", 0, 0},
    {"<Execution ProcessID='1'/>", NULL, NULL, "", NULL, 0, 0},
    {"<Level>1</Level>", NULL, NULL, "", NULL, 0, 1},
    {"<Level>5</Level>", NULL, NULL, "", NULL, 0, 4},
    {"<Level>high</Level>", NULL, NULL, "", NULL, 0, 0},
    {"<Level>0</Level><Keywords>0x8010000000000000</Keywords>", NULL, NULL, "", NULL, 0, 2},
    {"<Level>0</Level><Keywords>0x8020000000000000</Keywords>", NULL, NULL, "", NULL, 0, 4},
    {"<Level>3</Level><Keywords>0x8020000000000000</Keywords>", NULL, NULL, "", NULL, 0, 3},
};

START_TEST(each_system_part_is_read)
{
    char xml[1024], time[WHEN_TEXT_SIZE];
    struct event ev;
    int n = snprintf(xml, sizeof xml, "<e:Event xmlns:e='x'><e:System>%s</e:System></e:Event>", systems[_i].system);

    ck_assert_int_eq(parse(xml, (size_t) n, &ev), PERR_OK);
    SAME(ev.f.provider, systems[_i].provider);
    SAME(ev.f.event_number, systems[_i].number);
    SAME(ev.f.thread, systems[_i].thread);
    when_text(&ev.when, time);
    ck_assert_str_eq(time, systems[_i].time);
    ck_assert_uint_eq(ev.log->id32, systems[_i].id32);
    ck_assert_uint_eq(ev.log->level, systems[_i].level);
}
END_TEST

/* What follows System: strings ('|' between, '-' absent), message, text. */
static const struct {
    const char *data, *strings, *message, *text;
} datas[] = {
    {"", NULL, NULL, ""},
    {"<EventData/>", "", NULL, ""},
    {"<EventData><Data>a</Data><Data>b</Data></EventData>", "a|b", NULL, "a\nb"},
    {"<EventData><Data Name='Server'>A</Data><Data Name='Path'/></EventData>", "A|", NULL, "Server: A\nPath:"},
    {"<EventData><Data Name='param1'>a</Data><Data Name='param2'>b</Data></EventData>", "a|b", NULL, "a\nb"},
    {"<EventData><Data Name='param1'>a</Data><Data Name='param3'>c</Data></EventData>", "a|-|c", NULL, "a\nc"},
    {"<EventData><Data Name='param2'>b</Data><Data Name='param1'>a</Data></EventData>", "b|a", NULL, "param2: b\nparam1: a"},
    {"<EventData><Data> x </Data><Binary>00FF</Binary></EventData>", " x ", NULL, "x \nBinary: 00FF"},
    {"<EventData><Data>a</Data><Binary/></EventData>", "a", NULL, "a"},
    {"<EventData><Binary>00FF</Binary></EventData>", "", NULL, "Binary: 00FF"},
    {"<EventData>beside<Data>a</Data> and <Data/>after</EventData>", "a|", NULL, "beside\na\n and \n\nafter"},
    {"<EventData><Data Name='param1'>a</Data><Data Name='param3'>c</Data><Binary>1</Binary></EventData>", "a|-|c", NULL,
     "a\nc\nBinary: 1"},
    {"<EventData><Data>a</Data><Data Name='n'>b</Data><Data/></EventData>", "a|b|", NULL, "a\nn: b"},
    {"<EventData>bare</EventData>", "bare", NULL, "bare"},
    {"<EventData><Data>&lt;string&gt;a&lt;/string&gt;\n&lt;string&gt;&lt;/string&gt;</Data></EventData>", "a|", NULL, "a"},
    {"<EventData><Data><string>a</string>\n<string/></Data></EventData>", "a|", NULL, "a"},
    {"<EventData><ComplexData Name='c'><Data>a</Data></ComplexData></EventData>", "a", NULL, "a"},
    {"<EventData><Data><![CDATA[<a> & ]]>b</Data></EventData>", "<a> & b", NULL, "<a> & b"},
    {"<EventData><Data>a&#13;&#10;b&#xD;c</Data></EventData>", "a\nb\nc", NULL, "a\nb\nc"},
    {"<EventData><Data>a\r\nb</Data></EventData>", "a\nb", NULL, "a\nb"},
    {"<EventData><Data>a&#x1;b&#0;</Data></EventData>", "a\xee\xbc\x81" "b\xee\xbc\x80", NULL,
     "a\xee\xbc\x81" "b\xee\xbc\x80"},
    {"<EventData><Data>caf\xe9</Data></EventData>", "caf\xc3\xa9", NULL, "caf\xc3\xa9"},
    {"<EventData><Data>caf\xc3\xa9</Data></EventData>", "caf\xc3\xa9", NULL, "caf\xc3\xa9"},
    {"<UserData><x xmlns='y'><Server>A</Server><Path>B</Path></x></UserData>", "A|B", NULL, "Server: A\nPath: B"},
    {"<EventData><Data>a</Data></EventData><RenderingInfo Culture='en-US'><Message>All of it: a\r\n</Message>"
     "<Level>Error</Level><Task>Copy</Task></RenderingInfo>",
     "a", "All of it: a\n", "All of it: a"},
    {"<EventData><Data>a</Data></EventData><RenderingInfo><Message/></RenderingInfo>", "a", "", "a"},
    {"<UserData><x xmlns='y' z:a='1' xmlns:z='z'>b<c Name='d' e='2'>f</c><g><h/>i</g>j</x>k</UserData>", "f|", NULL,
     "a: 1\nx: b\ne: 2\nd: f\nh: \ni\nj\nk"},
    {"<ProcessingErrorData><ErrorCode>15005</ErrorCode><DataItemName/><EventPayload>AB</EventPayload></ProcessingErrorData>",
     NULL, NULL, "ErrorCode: 15005\nEventPayload: AB"},
    {"<BinaryEventData>0A0B</BinaryEventData>", NULL, NULL, "BinaryEventData: 0A0B"},
    {"<EventData><Data>a</Data></EventData><ProcessingErrorData><ErrorCode>1</ErrorCode></ProcessingErrorData>", "a", NULL,
     "a\nErrorCode: 1"},
};

START_TEST(each_data_part_is_read)
{
    char xml[1024], got[512] = "";
    struct event ev;
    size_t n = (size_t) snprintf(xml, sizeof xml, "<Event><System><EventID>1</EventID></System>%s</Event>",
                                 datas[_i].data);

    ck_assert_int_eq(parse(xml, n, &ev), PERR_OK);
    SAME(ev.text, datas[_i].text);
    SAME(ev.log->message, datas[_i].message);
    ck_assert_int_eq(ev.log->strings_known, datas[_i].strings != NULL);
    n = 0;
    for (unsigned i = 0; i < ev.log->n_strings; i++)
        n += (size_t) snprintf(got + n, sizeof got - n, "%s%.*s", i ? "|" : "",
                               str_has(ev.log->strings[i]) ? (int) ev.log->strings[i].n : 1,
                               str_has(ev.log->strings[i]) ? ev.log->strings[i].p : "-");
    ck_assert_str_eq(got, datas[_i].strings ? datas[_i].strings : "");
}
END_TEST

START_TEST(rendering_says_what_system_does_not)
{
    static const char rendered[] = "<RenderingInfo Culture='en-US'><Message>m</Message><Level>Warning</Level><Task/>"
                                   "<Opcode>Info</Opcode><Channel/><Provider>SMS</Provider><Keywords><Keyword>Classic"
                                   "</Keyword></Keywords></RenderingInfo></Event>";
    char xml[1024];
    struct event ev;
    size_t n = (size_t) snprintf(xml, sizeof xml, "<Event><System><Provider Guid='{1}'/></System>%s", rendered);

    ck_assert_int_eq(parse(xml, n, &ev), PERR_OK);
    SAME(ev.f.provider, "SMS");
    SAME(ev.text, "m");
    ck_assert_uint_eq(ev.log->level, 3);
    snprintf(xml, sizeof xml, "<Event><System><Provider Name='A'/><Level>2</Level></System>%s", rendered);
    ck_assert_int_eq(parse(xml, strlen(xml), &ev), PERR_OK);
    ck_assert(str_eq(ev.f.provider, STR("A")) && ev.log->level == 2);
}
END_TEST

START_TEST(strings_and_text_are_bounded)
{
    size_t n = 0, cap = 4 << 20;
    char *xml = malloc(cap);
    struct event ev;

    n += (size_t) sprintf(xml, "<Event><System/><EventData>");
    for (int i = 0; i < 10000; i++)
        n += (size_t) sprintf(xml + n, "<Data>string %d</Data>", i);
    n += (size_t) sprintf(xml + n, "</EventData></Event>");
    ck_assert_int_eq(parse(xml, n, &ev), PERR_OK);
    ck_assert_uint_eq(ev.log->n_strings, EVENTLOG_STRINGS_MAX);
    SAME(ev.log->strings[63], "string 63");
    n = (size_t) sprintf(xml, "<Event><System/><RenderingInfo><Message>");
    memset(xml + n, 'm', 200000);
    n += 200000;
    n += (size_t) sprintf(xml + n, "</Message></RenderingInfo></Event>");
    ck_assert_int_eq(parse(xml, n, &ev), PERR_OK);
    ck_assert_uint_eq(ev.text.n, EVENT_TEXT_MAX);
    ck_assert(ev.truncated);
    free(xml);
}
END_TEST

/* --- what is broken or hostile ------------------------------------------------- */

static const struct {
    const char *xml;
    enum perr expected;
    const char *number; /* what could be read all the same */
} broken[] = {
    {"<Event><System><EventID>109</EventID></System><EventData><Data>a", PERR_TRUNCATED, "109"},
    {"<Event><System><EventID>109</EventID></System><EventData><Data>&undeclared;</Data></EventData></Event>",
     PERR_SYNTAX, "109"},
    {"<Event><System><EventID>109</EventID></System><a></b></Event>", PERR_SYNTAX, "109"},
    {"<Event><System><EventID>109</EventID></System></Event><Event/>", PERR_SYNTAX, "109"},
    {"<Event><System><EventID>109</EventID></System>&#xD800;</Event>", PERR_SYNTAX, "109"},
    {"<Event><System><EventID>109</EventID></System>&#x;</Event>", PERR_SYNTAX, "109"},
    {"<Event a=1/>", PERR_SYNTAX, NULL},
    {"<Event/>", PERR_SYNTAX, NULL},
    {"<Event>text</Event>", PERR_SYNTAX, NULL},
    {"<Other><System/></Other>", PERR_SYNTAX, NULL},
    {"", PERR_TRUNCATED, NULL},
    {"text", PERR_SYNTAX, NULL},
    {"<!DOCTYPE Event [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
     "<Event><System/><EventData><Data>&b;&b;&b;</Data></EventData></Event>",
     PERR_SYNTAX, NULL},
    {"<!DOCTYPE Event [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Event><System/><a>&x;</a></Event>", PERR_SYNTAX, NULL},
    {"<!DOCTYPE Event SYSTEM 'http://127.0.0.1:1/a.dtd'><Event><System/></Event>", PERR_SYNTAX, NULL},
};

START_TEST(broken_xml_keeps_its_bytes)
{
    struct event ev;
    enum perr e = parse(broken[_i].xml, strlen(broken[_i].xml), &ev);

    ck_assert_msg(e == broken[_i].expected, "%s: %s", broken[_i].xml, perr_text(e));
    SAME(ev.text, broken[_i].xml);
    SAME(ev.f.event_number, broken[_i].number);
}
END_TEST

START_TEST(overlong_utf8_is_not_decoded)
{
    /* Overlong '<' (C0 BC) is not UTF-8, so the record is CP1252. */
    static const char xml[] = "<Event><System/><EventData><Data>\xc0\xbc" "b</Data></EventData></Event>";
    struct event ev;

    ck_assert_int_eq(parse(xml, sizeof xml - 1, &ev), PERR_OK);
    SAME(ev.text, "\xc3\x80\xc2\xbc" "b");
}
END_TEST

START_TEST(nesting_is_bounded)
{
    size_t n = 0;
    char *xml = malloc(200000);
    struct event ev;

    n += (size_t) sprintf(xml, "<Event><System><EventID>9</EventID></System><EventData>");
    for (int i = 0; i < 10000; i++)
        n += (size_t) sprintf(xml + n, "<Data>");
    for (int i = 0; i < 10000; i++)
        n += (size_t) sprintf(xml + n, "</Data>");
    n += (size_t) sprintf(xml + n, "</EventData></Event>");
    ck_assert_int_eq(parse(xml, n, &ev), PERR_LIMIT);
    SAME(ev.f.event_number, "9");
    ck_assert_uint_eq(ev.text.n, EVENT_TEXT_MAX);
    ck_assert(ev.truncated);
    free(xml);
}
END_TEST

START_TEST(shortened_records_say_so)
{
    struct format_record record = {.bytes = STR(EVENT_109), .shortened = true};
    struct event ev = {0};
    size_t at;

    ck_assert_int_eq(event_xml_format.parse(&options, &record, arena, &ev, &at), PERR_TRUNCATED);
    SAME(ev.f.event_number, "109");
    SAME(ev.text, EVENT_109);
}
END_TEST

START_TEST(cut_and_changed_records_do_no_harm)
{
    static const char whole[] = "<Event" NS ">" SYSTEM_109 DATA_109 "<UserData><a b='c'>&amp;&#10;</a></UserData>"
                                "<RenderingInfo><Message><![CDATA[m]]></Message></RenderingInfo></Event>";
    char copy[sizeof whole];
    uint64_t seed = 99;
    struct event ev;

    for (size_t n = 0; n < sizeof whole - 1; n++) {
        ck_assert_int_ne(parse(whole, n, &ev), PERR_OK);
        ck_assert(str_eq(ev.text, str_make(whole, n)));
        arena_reset(arena);
    }
    for (int i = 0; i < 20000; i++) {
        memcpy(copy, whole, sizeof whole);
        for (int k = 0; k < 1 + i % 4; k++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            copy[(seed >> 20) % (sizeof whole - 1)] = (seed >> 60) & 1 ? (char) (seed >> 50) : "<>&;'/\"!["[seed >> 8 & 7];
        }
        parse(copy, sizeof whole - 1, &ev);
        ck_assert(str_has(ev.text));
        arena_reset(arena);
    }
}
END_TEST

START_TEST(a_broken_record_leaves_nothing_to_the_next)
{
    size_t n = 0, cap = 200000;
    char *xml = malloc(cap + 64);
    struct event ev;

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        parse(broken[i].xml, strlen(broken[i].xml), &ev);
        ck_assert_int_eq(parse(EVENT_109, strlen(EVENT_109), &ev), PERR_OK);
        SAME(ev.f.host, "ANFIELD");
        arena_reset(arena);
    }
    /* Names without end: the dictionary of the parser is left behind. */
    n += (size_t) sprintf(xml, "<Event><System/><UserData>");
    for (int i = 0; n < cap; i++)
        n += (size_t) sprintf(xml + n, "<name%d/>", i);
    strcpy(xml + n, "</UserData></Event>");
    ck_assert_int_eq(parse(xml, strlen(xml), &ev), PERR_OK);
    ck_assert_int_eq(parse(EVENT_109, strlen(EVENT_109), &ev), PERR_OK);
    SAME(ev.f.event_number, "109");
    free(xml);
}
END_TEST

START_TEST(little_memory_is_an_error)
{
    for (size_t limit = 0; limit < 8000; limit += 16) {
        struct arena *tight = arena_new(limit);
        struct format_record record = {.bytes = STR(EVENT_109)};
        struct event ev = {0};
        size_t at;
        enum perr e = event_xml_format.parse(&options, &record, tight, &ev, &at);

        ck_assert(e == PERR_OK || e == PERR_NOMEM);
        arena_free(tight);
    }
}
END_TEST

START_TEST(probe_knows_its_own)
{
    ck_assert_int_gt(event_xml_format.probe(STR("\xef\xbb\xbf<?xml version='1.0'?>\n<Events>" EVENT_109)), 90);
    ck_assert_int_gt(event_xml_format.probe(STR(OTHER)), 90);
    ck_assert_int_gt(event_xml_format.probe(STR("<Event><System><EventID>1</EventID>")), 50);
    ck_assert_int_gt(event_xml_format.probe(STR("<e:Event><e:System><e:EventID>1</e:EventID>")), 50);
    ck_assert_int_gt(event_xml_format.probe(STR("  <Events>")), 50);
    ck_assert_int_eq(event_xml_format.probe(STR("<events xmlns='urn:truecause:event:1'>")), 0);
    ck_assert_int_eq(event_xml_format.probe(STR("<![LOG[text]LOG]!><time=\"1\">")), 0);
    ck_assert_int_eq(event_xml_format.probe(STR("Event 109")), 0);
    ck_assert_int_eq(event_xml_format.probe(STR("")), 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("event_xml");
    TCase *framing = tcase_create("framing"), *parsing = tcase_create("parsing"), *harm = tcase_create("broken");
    SRunner *sr;
    int failed;

    xmlInitParser();
    tcase_add_checked_fixture(framing, set_up, tear_down);
    tcase_set_timeout(framing, 120);
    tcase_add_loop_test(framing, bytes_are_framed, 0, sizeof frames / sizeof *frames);
    tcase_add_test(framing, records_longer_than_the_window_are_bad_and_the_rest_goes_on);
    tcase_add_test(framing, random_bytes_frame_the_same_in_any_chunk);
    tcase_add_test(framing, probe_knows_its_own);
    suite_add_tcase(s, framing);
    tcase_add_checked_fixture(parsing, set_up, tear_down);
    tcase_add_test(parsing, event_109_gives_its_facts);
    tcase_add_loop_test(parsing, each_system_part_is_read, 0, sizeof systems / sizeof *systems);
    tcase_add_loop_test(parsing, each_data_part_is_read, 0, sizeof datas / sizeof *datas);
    tcase_add_test(parsing, rendering_says_what_system_does_not);
    tcase_add_test(parsing, strings_and_text_are_bounded);
    suite_add_tcase(s, parsing);
    tcase_add_checked_fixture(harm, set_up, tear_down);
    tcase_set_timeout(harm, 120);
    tcase_add_loop_test(harm, broken_xml_keeps_its_bytes, 0, sizeof broken / sizeof *broken);
    tcase_add_test(harm, overlong_utf8_is_not_decoded);
    tcase_add_test(harm, nesting_is_bounded);
    tcase_add_test(harm, shortened_records_say_so);
    tcase_add_test(harm, cut_and_changed_records_do_no_harm);
    tcase_add_test(harm, a_broken_record_leaves_nothing_to_the_next);
    tcase_add_test(harm, little_memory_is_an_error);
    suite_add_tcase(s, harm);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    xmlCleanupParser();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
