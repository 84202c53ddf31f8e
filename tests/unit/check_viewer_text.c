/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_viewer_text.c - Event Viewer's text exports and pasted event texts:
 * framing in every chunking, the fields of each layout, dates of each locale. */
#include "build.h"

#include "parsers/viewer_text.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/framing.h"

static struct arena *arena;

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
parse_as(enum date_order order, struct str bytes, struct event *ev)
{
    /* Exact size, so that ASan sees a look behind the end. */
    char *copy = malloc(bytes.n ? bytes.n : 1);
    struct format_options options = {.date_order = order};
    struct format_record record = {.bytes = {copy, bytes.n}};
    size_t at = SIZE_MAX;
    enum perr e;

    memcpy(copy, bytes.p, bytes.n);
    /* In the arena: what borrows from the record must live on in this test. */
    record.bytes = arena_copy(arena, str_make(copy, bytes.n));
    free(copy);
    *ev = (struct event){0};
    e = viewer_text_format.parse(&options, &record, arena, ev, &at);
    ck_assert_uint_le(at, bytes.n);
    return e;
}

/* --- framing ----------------------------------------------------------------- */

#define LINE "9/10/98,9:55:37 AM,SMS,Error,None,109,N/A,ANFIELD,"
#define COLUMNS "Level,Date and Time,Source,Event ID,Task Category\r\n"
#define ROW "Error,9/10/2009 9:55:37 AM,SMS,109,None,"
#define TABS "10.09.1998\t09:55:37\tSMS\tFehler\tKeine\t109\tN/A\tANFIELD\t"

static const struct {
    const char *name, *bytes, *spans; /* "R:length" and "B:length" */
} frames[] = {
    {"one line", LINE "text", "R54"},
    {"two lines", LINE "text\r\n" LINE "more\r\n", "R54 R54"},
    {"three kinds of line end", LINE "a\n" LINE "b\r" LINE "c\r\n", "R51 R51 R51"},
    {"description of many lines", LINE "a\r\n\r\n b, c\r\nEvent 109\r\n\r\n\r\n" LINE "x", "R71 R51"},
    {"header inside a description", LINE "a\n\nEvent 109\n\nb\n" LINE "x", "R65 R51"},
    {"tabs", TABS "a\tb\n" TABS "c\n", "R56 R54"},
    {"BOM and blank lines", "\xef\xbb\xbf\r\n\r\n" LINE "text", "R54"},
    {"empty description", LINE "\n" LINE "\n", "R50 R50"},
    {"quoted", "\"9/10/98\",\"9:55:37 AM\",\"SMS\",\"Error\",\"a,b\",\"109\",\"N/A\",\"ANFIELD\",\"x\ny\"\n" LINE "b",
     "R70 R51"},
    {"seven fields are none", "9/10/98,9:55:37 AM,SMS,Error,None,109,text\n" LINE "x", "R42 R51"},
    {"id that is no number", "9/10/98,9:55:37 AM,SMS,Error,None,x,N/A,A,t\n" LINE "x", "R43 R51"},
    {"bare", "      Event 109\n      Failed.\n", "R29"},
    {"bare after bare", "Event 109\nFailed.\n\nand more\n\nEvent ID: 110\n\nFailed.\n", "R27 R22"},
    {"not after a blank line", "Event 109\nFailed.\nEvent 110\n", "R27"},
    {"bare, then exported", "Event 109\nFailed.\n" LINE "x", "R17 R51"},
    {"each header", "a\n\nMessage ID: 1\n\nEvent Type: x\n\nLog Name: y\n\n  events 5 (z)\n", "R1 R13 R13 R11 R14"},
    {"the columns of Vista are no record", COLUMNS ROW "text\r\n" ROW "\"a\r\nb, c\"\r\n", "R44 R49"},
    {"BOM and the columns of Vista", "\xef\xbb\xbf" COLUMNS ROW "text", "R44"},
    {"the columns of Vista behind others", ROW "x\n\n" LINE "x\n" ROW "y", "R41 R51 R41"},
    {"columns that head nothing", COLUMNS "text\r\n", "R55"},
    {"five fields of Vista are none", "Error,9/10/2009 9:55:37 AM,SMS,109,None\n" ROW "x", "R39 R41"},
    {"only blanks", "  \r\n\t\n  ", ""},
    {"nothing", "", ""},
};

START_TEST(bytes_are_framed)
{
    framing_expect(&viewer_text_format, str_z(frames[_i].bytes), frames[_i].spans);
}
END_TEST

/* 'n' bytes of lines of 100 between head and tail. */
static struct str
long_bytes(const char *head, size_t n, char line_end, const char *tail)
{
    size_t h = strlen(head), t = strlen(tail);
    char *p = arena_alloc(arena, h + n + t);

    ck_assert_ptr_nonnull(p);
    memcpy(p, head, h);
    for (size_t i = 0; i < n; i++)
        p[h + i] = i % 100 == 99 ? line_end : 'x';
    memcpy(p + h + n, tail, t);
    return str_make(p, h + n + t);
}

static void
expect_long(struct str bytes, const char *expected)
{
    framing_expect(&viewer_text_format, bytes, expected);
}

START_TEST(what_is_longer_than_the_window_is_cut_after_a_line)
{
    const size_t w = FORMAT_WINDOW;

    expect_long(long_bytes(LINE, w - 100, '\n', "\n" LINE "x"), "R1048527 R51");
    expect_long(long_bytes(LINE, 1100000, '\n', LINE "x"), "R1048550 B51499 R51");
    expect_long(long_bytes(LINE, 1100000, 'x', "\n" LINE "x"), "R1048576 B51474 R51");
    expect_long(long_bytes("Event 109\n", 1100000, '\n', "\nEvent 110"), "B1048510 B51499 R9");
    expect_long(long_bytes("Type\tDate\tTime\tSource\tCategory\tEvent\tUser\tComputer\n", 1100000, '\n', LINE "x"),
                "R1048551 B51499 R51");
}
END_TEST

START_TEST(random_bytes_frame_the_same_in_any_chunk)
{
    static const char *const pieces[] = {
        LINE, TABS, "\n", "\r", "\r\n", "\n\n", "Event 109", "Event ID: 7", "Message ID:", "9/10/98,", "9:55 PM,", "\"",
        "\t", ",", " ", "text", "109", "Source: SMS", "\xef\xbb\xbf", "\xc2\xa0", "-", "Log Name:", "1.1.70;1:00;a;b;c;4;u;d;",
        COLUMNS, ROW, "Level,Date and Time,Source,Event ID,", "Error,9/10/2009 9:55",
    };
    uint64_t seed = 5;

    for (int i = 0; i < 1000; i++) {
        char bytes[1024];
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
            memcpy(bytes + n, piece, len);
            n += len;
        }
        f = framing_all_ways(&viewer_text_format, str_make(bytes, n));
        framing_fini(&f);
    }
}
END_TEST

/* --- exported records ------------------------------------------------------------ */

static const struct {
    enum date_order order;
    const char *record;
    const char *local, *provider, *number, *host, *user, *category, *text;
    unsigned level;
} exported[] = {
    {DATE_ORDER_MDY,
     LINE "Failed to install package. There isn't sufficient disk space on package server \\\\A\\B\\C. "
          "Disk space available on that server is  megabytes, space required is  megabytes.",
     "1998-09-10T09:55:37", "SMS", "109", "ANFIELD", NULL, NULL,
     "Failed to install package. There isn't sufficient disk space on package server \\\\A\\B\\C. "
     "Disk space available on that server is  megabytes, space required is  megabytes.",
     2},
    {DATE_ORDER_MDY, "5/10/01,5:49:58 PM,Ci,Error,CI Service ,4124,N/A,Server,Content, index\r\non d:\\ ...",
     "2001-05-10T17:49:58", "Ci", "4124", "SERVER", NULL, "CI Service", "Content, index\non d:\\ ...", 2},
    {DATE_ORDER_DMY, "31/12/96\t19:56:34\tEventLog\tInformation\t(1)\t6005\tDOM\\user\tpc-1\tStarted.\t", "1996-12-31T19:56:34",
     "EventLog", "6005", "PC-1", "DOM\\user", "(1)", "Started.", 4},
    {DATE_ORDER_DMY, TABS "Fehler", "1998-09-10T09:55:37", "SMS", "109", "ANFIELD", NULL, "Keine", "Fehler", 0},
    {DATE_ORDER_YMD, "98-09-10,9.55.37,S,Warning,None,1,N/A,H,d", "1998-09-10T09:55:37", "S", "1", "H", NULL, NULL, "d", 3},
    {DATE_ORDER_MDY, "9;10;98;00:00;S;Warning;None;1;N/A;H;d;e", "1998-09-10T00:00:00", "S", "1", "H", NULL, NULL, "d;e", 3},
    {DATE_ORDER_DMY, "10;09;1998\t00:00\tS\tWarning\tNone\t1\tN/A\tH\td", "1998-09-10T00:00:00", "S", "1", "H", NULL, NULL,
     "d", 3},
    {DATE_ORDER_MDY, "1998-09-10;00:00;S;Warning;None;1;N/A;H;d;e", "1998-09-10T00:00:00", "S", "1", "H", NULL, NULL, "d;e", 3},
    {DATE_ORDER_DMY, "10. 9. 1998,12:00:00 AM,S,Success Audit,None,1,N/A,H,d", "1998-09-10T00:00:00", "S", "1", "H", NULL, NULL,
     "d", 4},
    {DATE_ORDER_YMD, "1998.09.10.,12:00:00 p.m.,S,Failure Audit,None,1,N/A,H,d", "1998-09-10T12:00:00", "S", "1", "H", NULL, NULL,
     "d", 2},
    {DATE_ORDER_MDY, "1/2/69,1:02\xe2\x80\xafPM,S,Error,None,1,N/A,H,d", "2069-01-02T13:02:00", "S", "1", "H", NULL, NULL, "d", 2},
    {DATE_ORDER_MDY, "1/2/70,1:02,S,Error,None,1,N/A,H,d", "1970-01-02T01:02:00", "S", "1", "H", NULL, NULL, "d", 2},
    {DATE_ORDER_MDY, "1/2/98,1:02,S,Error,None,1,N/A,H,", "1998-01-02T01:02:00", "S", "1", "H", NULL, NULL,
     "1/2/98,1:02,S,Error,None,1,N/A,H,", 2},
    {DATE_ORDER_MDY, "1/2/98,1:02,S,Error,None,1,N/A,H,\"two\n\"\"lines\"\", quoted\"", "1998-01-02T01:02:00", "S", "1", "H", NULL,
     NULL, "two\n\"lines\", quoted", 2},
    {DATE_ORDER_MDY, "1/2/98,1:02,S,Error,None,1,N/A,H,\"a\" and \"b\"", "1998-01-02T01:02:00", "S", "1", "H", NULL, NULL,
     "\"a\" and \"b\"", 2},
    {DATE_ORDER_MDY, "\"1/2/98\",\"1:02\",\"a \"\"b\"\"\",\"Error\",\"c,d\",\"1\",\"N/A\",\"H\",\"t\"", "1998-01-02T01:02:00",
     "a \"\"b\"\"", "1", "H", NULL, "c,d", "t", 2},
    {DATE_ORDER_MDY, ROW "Failed, \r\nor not", "2009-09-10T09:55:37", "SMS", "109", NULL, NULL, NULL, "Failed, \nor not", 2},
    {DATE_ORDER_DMY, "Fehler\t10.09.2009 09:55:37\tSMS Server\t4402\tKeine\t\"a \"\"b\"\"\nc\"", "2009-09-10T09:55:37", "SMS Server",
     "4402", NULL, NULL, "Keine", "a \"b\"\nc", 0},
    {DATE_ORDER_DMY, "Informace;10. 9. 2009 9:55:37;S;1;Z\xc3\xa1kladn\xc3\xad;d", "2009-09-10T09:55:37", "S", "1", NULL, NULL,
     "Z\xc3\xa1kladn\xc3\xad", "d", 4},
    {DATE_ORDER_MDY, "\"Warning\",\"9/10/2009 9:55:37 PM\",\"S\",\"1\",\"(2)\",\"d\"", "2009-09-10T21:55:37", "S", "1", NULL, NULL, "(2)",
     "d", 3},
    /* Not a date in this order: the time is unknown, and its digits are kept. */
    {DATE_ORDER_MDY, "31/12/96,1:02,S,Error,None,1,N/A,H,d", NULL, "S", "1", "H", NULL, NULL,
     "31/12/96,1:02,S,Error,None,1,N/A,H,d", 2},
    {DATE_ORDER_MDY, "1/2/98,1:02,S,Error,None,3221225581,N/A,H,d", NULL, NULL, NULL, NULL, NULL, NULL,
     "1/2/98,1:02,S,Error,None,3221225581,N/A,H,d", 0},
    {DATE_ORDER_MDY, "1/2/98,1:02,S,Error,None,1,N/A,,caf\xe9", "1998-01-02T01:02:00", "S", "1", NULL, NULL, NULL, "caf\xc3\xa9", 2},
};

static void
expect_local(const struct event *ev, const char *local)
{
    char text[WHEN_TEXT_SIZE];

    ck_assert(!ev->when.utc_known);
    ck_assert_int_eq(ev->when.local_known, local != NULL);
    when_text(&ev->when, text);
    ck_assert_str_eq(text, local ? local : "");
}

START_TEST(exported_records_give_their_fields)
{
    struct event ev;

    ck_assert_int_eq(parse_as(exported[_i].order, str_z(exported[_i].record), &ev), PERR_OK);
    expect_local(&ev, exported[_i].local);
    SAME(ev.f.provider, exported[_i].provider);
    SAME(ev.f.event_number, exported[_i].number);
    SAME(ev.f.host, exported[_i].host);
    SAME(ev.log->user, exported[_i].user);
    SAME(ev.log->category, exported[_i].category);
    SAME(ev.text, exported[_i].text);
    ck_assert_uint_eq(ev.log->level, exported[_i].level);
    ck_assert(!ev.log->strings_known);
}
END_TEST

/* --- bare texts ---------------------------------------------------------------------- */

static const struct {
    const char *record, *number, *provider, *category, *host, *channel, *local, *message;
    unsigned level;
} bare[] = {
    {"      Event 109\n"
     "      Failed to install package. There isn't sufficient disk space on package\n"
     "      server \\\\<Server>\\<Share>\\<PackageID>. Disk space available on that\n"
     "      server is megabytes, space required is megabytes.\n",
     "109", NULL, NULL, NULL, NULL, NULL,
     "Failed to install package. There isn't sufficient disk space on package\n"
     "server \\\\<Server>\\<Share>\\<PackageID>. Disk space available on that\n"
     "server is megabytes, space required is megabytes.",
     0},
    {"Event Id:316 Source: SMS_Scheduler\n\nDescription: The job met\nan error.", "316", "SMS_Scheduler", NULL, NULL, NULL, NULL,
     "The job met\nan error.", 0},
    {"> Event ID: 319\n>> Source: SMS\n>\n> The job\n> failed.", "319", "SMS", NULL, NULL, NULL, NULL, "The job\nfailed.", 0},
    {"> one mark\nalone", NULL, NULL, NULL, NULL, NULL, NULL, "> one mark\nalone", 0},
    {"Event ID: 319 Source: SMS\n\nThe job.", "319", "SMS", NULL, NULL, NULL, NULL, "The job.", 0},
    {"Event ID: 109\nSource: ESE97\nType: Information\nCategory: Logging/Recovery\nDescription: MSExchangeIS ((1) ) x\ny.", "109",
     "ESE97", "Logging/Recovery", NULL, NULL, NULL, "MSExchangeIS ((1) ) x\ny.", 4},
    {"108 Failed to install\npackage to X.", "108", NULL, NULL, NULL, NULL, NULL, "Failed to install\npackage to X.", 0},
    {"113 There isn't any", "113", NULL, NULL, NULL, NULL, NULL, "There isn't any", 0},
    {"Message ID: 2328 - SMS failed\nto copy.", "2328", NULL, NULL, NULL, NULL, NULL, "SMS failed\nto copy.", 0},
    {"Message ID: 4402\nPossible cause: x", "4402", NULL, NULL, NULL, NULL, NULL, "Possible cause: x", 0},
    {"Event 223 logged with error 183.", "223", NULL, NULL, NULL, NULL, NULL, "Event 223 logged with error 183.", 0},
    {"events 360 (\"Site\")", "360", NULL, NULL, NULL, NULL, NULL, "events 360 (\"Site\")", 0},
    {"Event 109: Failed.", "109", NULL, NULL, NULL, NULL, NULL, "Failed.", 0},
    {"Component = SMS_Despooler\nError Code = 1\nNote: Failed.", NULL, NULL, NULL, NULL, NULL, NULL,
     "Component = SMS_Despooler\nError Code = 1\nNote: Failed.", 0},
    {"Eventually 109 things", NULL, NULL, NULL, NULL, NULL, NULL, "Eventually 109 things", 0},
    {"Event109 x", NULL, NULL, NULL, NULL, NULL, NULL, "Event109 x", 0},
    {"Event 4294967295\nx", "65535", NULL, NULL, NULL, NULL, NULL, "x", 0},
    {"Event 3221225581\nx", "109", NULL, NULL, NULL, NULL, NULL, "x", 0},
    {"Event 42949672950\nx", NULL, NULL, NULL, NULL, NULL, NULL, "Event 42949672950\nx", 0},
    {"Event 1\nEvent 2\nx", "1", NULL, NULL, NULL, NULL, NULL, "x", 0},
    {"99999 tonnes", NULL, NULL, NULL, NULL, NULL, NULL, "99999 tonnes", 0},
    {"12 345 files", NULL, NULL, NULL, NULL, NULL, NULL, "12 345 files", 0},
    {"Date: 9/10/98\nEvent 7\nx", "7", NULL, NULL, NULL, NULL, NULL, NULL, 0},
    {"Time: 9:55\nEvent 7\nx", "7", NULL, NULL, NULL, NULL, NULL, "x", 0},
    {"Event 109", "109", NULL, NULL, NULL, NULL, NULL, NULL, 0},
    {"Event Type:\tError\r\nEvent Source:\tSMS\r\nEvent Category:\tNone\r\nEvent ID:\t109\r\nDate:\t\t9/10/1998\r\n"
     "Time:\t\t9:55:37 AM\r\nUser:\t\tN/A\r\nComputer:\tanfield\r\nDescription:\r\nFailed\r\n\r\nto install.\r\n",
     "109", "SMS", NULL, "ANFIELD", NULL, "1998-09-10T09:55:37", "Failed\n\nto install.", 2},
    {"Log Name:      Application\nSource:        SMS\nDate:          9/10/1998 9:55:37 AM\nEvent ID:      109\n"
     "Task Category: None\nLevel:         Error\nKeywords:      Classic\nUser:          N/A\nComputer:      ANFIELD\n"
     "Description:\nFailed.\nEvent Xml:\n<Event/>",
     "109", "SMS", NULL, "ANFIELD", "Application", "1998-09-10T09:55:37", "Failed.", 2},
};

START_TEST(bare_texts_give_their_fields)
{
    struct event ev;

    ck_assert_int_eq(parse_as(DATE_ORDER_MDY, str_z(bare[_i].record), &ev), PERR_OK);
    SAME(ev.f.event_number, bare[_i].number);
    SAME(ev.f.provider, bare[_i].provider);
    SAME(ev.f.host, bare[_i].host);
    SAME(ev.f.channel, bare[_i].channel);
    SAME(ev.log->category, bare[_i].category);
    if (bare[_i].message) {
        SAME(ev.log->message, bare[_i].message);
        SAME(ev.text, bare[_i].message);
    } else {
        SAME(ev.text, bare[_i].record); /* no message, or a time that is none */
    }
    ck_assert_uint_eq(ev.log->level, bare[_i].level);
    expect_local(&ev, bare[_i].local);
}
END_TEST

/* Times of day as locales write them; NULL: the record is found, its time is
 * not known, and its digits stay. */
static const struct {
    const char *time, *local;
} times[] = {
    {"9:55:37 AM", "1998-09-10T09:55:37"},
    {"9:55:37 PM", "1998-09-10T21:55:37"},
    {"12:05:01 AM", "1998-09-10T00:05:01"},
    {"12:05:01 PM", "1998-09-10T12:05:01"},
    {"PM 9:55:37", "1998-09-10T21:55:37"},
    {"a.m. 9:55", "1998-09-10T09:55:00"},
    {"9:55:37p", "1998-09-10T21:55:37"},
    {"21:55:37", "1998-09-10T21:55:37"},
    {"21.55.37", "1998-09-10T21:55:37"},
    {"9.55 Uhr", "1998-09-10T09:55:00"},
    {"9:55:37 nachm.", "1998-09-10T21:55:37"},
    {"de. 9:55:37", "1998-09-10T09:55:37"},
    {"9:55:37 \xce\xbc\xce\xbc", "1998-09-10T21:55:37"},
    {"\xe4\xb8\x8b\xe5\x8d\x88 9:55:37", "1998-09-10T21:55:37"},
    {"\xe5\x8d\x88\xe5\x89\x8d 9:55:37", "1998-09-10T09:55:37"},
    {"\xec\x98\xa4\xed\x9b\x84 9:55:37", "1998-09-10T21:55:37"},
    {"9:55:37 word", NULL},
    {"\x95\xbd\x90\xac 9:55:37", NULL},
};

START_TEST(each_time_of_day_is_read)
{
    char record[256];
    struct event ev;
    int n = snprintf(record, sizeof record, "9/10/98\t%s\tSMS\tError\tNone\t109\tN/A\tA\ttext", times[_i].time);

    ck_assert_int_eq(parse_as(DATE_ORDER_MDY, str_make(record, (size_t) n), &ev), PERR_OK);
    SAME(ev.f.event_number, "109");
    SAME(ev.log->message, "text");
    expect_local(&ev, times[_i].local);
    if (times[_i].local)
        SAME(ev.text, "text");
    else
        ck_assert(str_starts(ev.text, STR("9/10/98\t")));
}
END_TEST

/* --- what is refused, broken or hostile --------------------------------------------------- */

START_TEST(export_lists_are_refused)
{
    static const char *const lists[] = {
        "Type\tDate\tTime\tSource\tCategory\tEvent\tUser\tComputer\r\nError\t9/10/98\t9:55:37 AM\tSMS\tNone\t109\tN/A\tA\r\n",
        "Typ,Datum,Uhrzeit,Quelle,Kategorie,Ereignis,Benutzer,Computer\r\nFehler,10.09.98,09:55:37,SMS,Keine,109,N/A,A\r\n",
        "Error,9/10/98,9:55:37 AM,SMS,None,109,N/A,A\r\nError,9/10/98,9:55:38 AM,SMS,None,109,N/A,A\r\n",
        "Level,Date and Time,Source,Event ID,Task Category\r\nError,9/10/2009 9:55:37 AM,SMS,109,None\r\n",
        "\"Type\",\"Date\",\"Time\",\"Source\",\"Category\",\"Event\",\"User\",\"Computer\"\nError,9/10/98,9:55:37 AM,SMS,None,109,N/A,A\n",
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct str bytes = str_z(lists[i]);
        struct framing f = framing_all_ways(&viewer_text_format, bytes);
        struct event ev;

        ck_assert_uint_eq(f.n, 1);
        ck_assert_int_eq(f.span[0].kind, FORMAT_RECORD);
        ck_assert_int_eq(parse_as(DATE_ORDER_MDY, str_make(bytes.p, f.span[0].length), &ev), PERR_UNSUPPORTED);
        ck_assert(str_starts(ev.text, str_make(lists[i], 4)));
        ck_assert(viewer_text_format.refuses(bytes));
        ck_assert_ptr_eq(format_probe(bytes), &viewer_text_format);
        framing_fini(&f);
    }
}
END_TEST

START_TEST(what_only_looks_like_a_list_is_read)
{
    static const char *const others[] = {
        LINE "Error,9/10/98,9:55:37 AM,SMS,None,109,N/A,A\r\n",
        "Error,9/10/98,9:55:37 AM,SMS,None,109,N/A,A,and a text\r\n",
        "Error,9/10/98,9:55:37 AM,SMS,None,no number,N/A,A\r\n",
        "Event 109\nText\nError,9/10/98,9:55:37 AM,SMS,None,109,N/A,A\n",
        COLUMNS ROW "text",
        "",
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!viewer_text_format.refuses(str_z(others[i])), "%s", others[i]);
}
END_TEST

START_TEST(long_texts_are_cut_and_shortened_records_say_so)
{
    struct str bytes = long_bytes(LINE, 200000, '\n', "");
    struct format_options options = {0};
    struct format_record record = {.bytes = bytes, .shortened = true};
    struct event ev = {0};
    size_t at;

    ck_assert_int_eq(viewer_text_format.parse(&options, &record, arena, &ev, &at), PERR_TRUNCATED);
    SAME(ev.f.event_number, "109");
    ck_assert_uint_eq(ev.text.n, EVENT_TEXT_MAX);
    ck_assert(ev.truncated);
}
END_TEST

START_TEST(cut_and_changed_records_do_no_harm)
{
    static const char *const wholes[] = {
        LINE "Failed, \"really\"\r\nto install",
        "\"9/10/98\",\"9:55:37 AM\",\"SMS\",\"Error\",\"a,b\",\"109\",\"N/A\",\"ANFIELD\",\"x\n\"\"y\"",
        "Event Type:\tError\r\nEvent Source:\tSMS\r\nDate:\t\t9/10/1998\r\nTime: 9:55:37 AM\r\nEvent ID:\t109\r\n\r\n108 x: y",
    };
    uint64_t seed = 3;
    struct event ev;

    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        size_t n = strlen(wholes[i]);
        char copy[512];

        for (size_t k = 0; k <= n; k++) {
            ck_assert_int_eq(parse_as(DATE_ORDER_MDY, str_make(wholes[i], k), &ev), PERR_OK);
            arena_reset(arena);
        }
        for (int k = 0; k < 10000; k++) {
            memcpy(copy, wholes[i], n);
            for (int c = 0; c < 1 + k % 5; c++) {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                copy[(seed >> 20) % n] = (seed >> 60) & 1 ? (char) (seed >> 50) : "\n\r\t,\":/9"[seed >> 8 & 7];
            }
            ck_assert_int_ne(parse_as((enum date_order) (k % 3), str_make(copy, n), &ev), PERR_NOMEM);
            ck_assert(str_has(ev.text));
            arena_reset(arena);
        }
    }
}
END_TEST

START_TEST(little_memory_is_an_error)
{
    static const struct str records[] = {{LINE "\"a\"\"b\"", sizeof LINE + 5}, {"Event 109\r\n\xe9 x", 14}};

    for (size_t limit = 0; limit < 2000; limit += 16)
        for (size_t i = 0; i < 2; i++) {
            struct arena *tight = arena_new(limit);
            struct format_options options = {0};
            struct format_record record = {.bytes = records[i]};
            struct event ev = {0};
            size_t at;
            enum perr e = viewer_text_format.parse(&options, &record, tight, &ev, &at);

            ck_assert(e == PERR_OK || e == PERR_NOMEM);
            arena_free(tight);
        }
}
END_TEST

START_TEST(probe_knows_its_own)
{
    ck_assert_int_ge(viewer_text_format.probe(STR(LINE "x")), 85);
    ck_assert_int_ge(viewer_text_format.probe(STR("\xef\xbb\xbf\r\n" TABS "x")), 85);
    ck_assert_int_ge(viewer_text_format.probe(STR(COLUMNS ROW "x")), 70);
    ck_assert_int_ge(viewer_text_format.probe(STR(ROW "x")), 85);
    ck_assert_int_ge(viewer_text_format.probe(STR("Type\tDate\tTime\tSource\tCategory\tEvent\tUser\tComputer\r\n")), 80);
    ck_assert_int_ge(viewer_text_format.probe(STR("rest of a description\r\n" LINE "x")), 60);
    ck_assert_int_eq(viewer_text_format.probe(STR("\n   Event 109\n   Failed")), 60);
    ck_assert_int_eq(viewer_text_format.probe(STR("Event ID: 7\n")), 60);
    ck_assert_int_eq(viewer_text_format.probe(STR("Failed to install package. There isn't sufficient disk space")), 60);
    ck_assert_int_eq(viewer_text_format.probe(STR("~Waiting $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\n")), 0);
    ck_assert_int_eq(viewer_text_format.probe(STR("<Events><Event/></Events>")), 0);
    ck_assert_int_eq(viewer_text_format.probe(STR("")), 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("viewer_text");
    TCase *framing = tcase_create("framing"), *parsing = tcase_create("parsing"), *harm = tcase_create("broken");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(framing, set_up, tear_down);
    tcase_set_timeout(framing, 120);
    tcase_add_loop_test(framing, bytes_are_framed, 0, sizeof frames / sizeof *frames);
    tcase_add_test(framing, what_is_longer_than_the_window_is_cut_after_a_line);
    tcase_add_test(framing, random_bytes_frame_the_same_in_any_chunk);
    tcase_add_test(framing, probe_knows_its_own);
    suite_add_tcase(s, framing);
    tcase_add_checked_fixture(parsing, set_up, tear_down);
    tcase_add_loop_test(parsing, exported_records_give_their_fields, 0, sizeof exported / sizeof *exported);
    tcase_add_loop_test(parsing, bare_texts_give_their_fields, 0, sizeof bare / sizeof *bare);
    tcase_add_loop_test(parsing, each_time_of_day_is_read, 0, sizeof times / sizeof *times);
    suite_add_tcase(s, parsing);
    tcase_add_checked_fixture(harm, set_up, tear_down);
    tcase_set_timeout(harm, 120);
    tcase_add_test(harm, export_lists_are_refused);
    tcase_add_test(harm, what_only_looks_like_a_list_is_read);
    tcase_add_test(harm, long_texts_are_cut_and_shortened_records_say_so);
    tcase_add_test(harm, cut_and_changed_records_do_no_harm);
    tcase_add_test(harm, little_memory_is_an_error);
    suite_add_tcase(s, harm);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
