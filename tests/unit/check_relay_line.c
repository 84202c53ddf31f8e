/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_relay_line.c - event records in syslog lines: Snare, evtsys and JSON
 * behind each header, whole, cut and hostile; what is not theirs stays so. */
#include "build.h"

#include "parsers/relay_line.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/catalogue.h"
#include "tests/unit/framing.h"

static struct arena *arena;
static struct catalogue *set;
static struct catalogue_scratch *scratch;

static void
set_up(void)
{
    struct catalogue_error error;

    arena = arena_new(64 << 20);
    set = catalogue_new_builtin(&error);
    ck_assert_ptr_nonnull(set);
    scratch = catalogue_scratch_new(set);
}

static void
tear_down(void)
{
    catalogue_scratch_free(scratch);
    catalogue_unref(set);
    arena_free(arena);
}

static enum perr
parse(struct str bytes, struct event *ev)
{
    struct format_options options = {0};
    struct format_record record = {.bytes = arena_copy(arena, bytes)};
    size_t at = SIZE_MAX;
    enum perr e;

    *ev = (struct event){0};
    e = relay_line_format.parse(&options, &record, arena, ev, &at);
    ck_assert_uint_le(at, bytes.n);
    ck_assert(str_has(ev->text));
    return e;
}

/* Parsed and diagnosed. */
static enum perr
judge(struct str bytes, struct event *ev)
{
    enum perr e = parse(bytes, ev);

    ev->format = str_z(relay_line_format.name);
    ck_assert_int_eq(diagnose_event(set, scratch, arena, ev), PERR_OK);
    return e;
}

/* --- facts ------------------------------------------------------------------------ */

#define PATH "\\\\ANFIELD\\SMS_PKGE\\DOG0005D"
#define JPATH "\\\\\\\\ANFIELD\\\\SMS_PKGE\\\\DOG0005D"
#define SAID "Failed to install package. There isn't sufficient disk space on package server "
#define BLANK SAID PATH ". Disk space available on that server is  megabytes, space required is  megabytes."
#define FILLED SAID PATH ". Disk space available on that server is 12 megabytes, space required is 340 megabytes."
#define CLOCK "Thu Sep 10 09:55:37 1998"
/* separated by s: the fields of an SMS event from Snare */
#define SNARE(s, text) \
    "1" s "Application" s "1234" s CLOCK s "109" s "SMS" s "N/A" s "N/A" s "Error" s "anfield" s "None" s s text s "77"
#define TAB(text) "MSWinEventLog\t" SNARE("\t", text)
#define OCT(text) "MSWinEventLog#011" SNARE("#011", text)

struct expect {
    const char *line, *host, *provider, *number, *channel, *record, *user, *time, *text;
    unsigned level;
    enum perr err;
};

#define SMS "ANFIELD", "SMS", "109", "Application", "77"
#define LOCAL "1998-09-10T09:55:37"

static const struct expect facts[] = {
    {"<13>Sep 10 09:55:37 relay " TAB(BLANK), SMS, NULL, LOCAL, BLANK, 2, PERR_OK},
    {"Sep  9 09:55:37 relay MSWinEventLog 1\tApplication\t1\t" CLOCK "\t109\tSMS\tN/A\tN/A\tWarning\tanfield\tNone\t\t" FILLED "\t77",
     SMS, NULL, LOCAL, FILLED, 3, PERR_OK},
    {"1998-09-10T18:55:37.1+02:00 relay " OCT(BLANK), SMS, NULL, LOCAL, BLANK, 2, PERR_OK},
    {"<13>1 1998-09-10T18:55:37Z relay Snare 12 - - " TAB(FILLED), SMS, NULL, LOCAL, FILLED, 2, PERR_OK},
    {"1 1998-09-10T18:55:37Z relay MSWinEventLog - - [a@1 b=\"\\\"]\"][c@1] " SNARE("\t", FILLED), SMS, NULL, LOCAL, FILLED, 2,
     PERR_OK},
    /* rsyslog takes the first word of a message for its tag */
    {"<13>1 1998-09-10T18:55:37Z relay MSWinEventLog#0111#011Application#0111#011Thu - - -  Sep 10 09:55:37 1998#011109#011SMS#011"
     "N/A#011N/A#011Error#011anfield#011None#011#011" FILLED "#01177",
     SMS, NULL, LOCAL, FILLED, 2, PERR_OK},
    {"Sep 10 09:55:37 anfield anfield\t" TAB(FILLED) "\textra\tmore", SMS, NULL, LOCAL, FILLED, 2, PERR_OK},
    {"Sep 10 09:55:37 relay MSWinEventLog|" SNARE("|", FILLED), SMS, NULL, LOCAL, FILLED, 2, PERR_OK},
    {"Sep 10 09:55:37 relay MSWinEventLog," SNARE(",", FILLED), SMS, NULL, LOCAL, FILLED, 2, PERR_OK},
    {"Sep 10 09:55:37 relay MSWinEventLog#" SNARE("#", FILLED), SMS, NULL, LOCAL, FILLED, 2, PERR_OK},
    {"Sep 10 09:55:37 relay MSWinEventLog\\t" SNARE("\\t", "see \\\\s\\tools\\new"), SMS, NULL, LOCAL, "see \\\\s\\tools\\new", 2,
     PERR_OK},
    {"Sep 10 09:55:37 relay MSWinEventLog\\011" SNARE("\\011", FILLED), SMS, NULL, LOCAL, FILLED, 2, PERR_OK},
    {"Sep 10 09:55:37 relay " OCT("a#015#012b#007c #200"), SMS, NULL, LOCAL, "a\nb\xee\xbc\x87" "c #200", 2, PERR_OK},
    {TAB("x"), SMS, NULL, LOCAL, "x", 2, PERR_OK},
    {"MSWinEventLog\t1\tN/A\t0\t" CLOCK " +0200\t109\tSMS\tCORP\\bob\tUser\tInformation\tN/A\tN/A\t\tx\t0", NULL, "SMS", "109",
     NULL, NULL,
     "CORP\\bob", "1998-09-10T07:55:37Z", "x", 4, PERR_OK},
    /* evtsys */
    {"<11>Sep 10 09:55:37 anfield SMS: 109: " BLANK, "ANFIELD", "SMS", "109", NULL, NULL, NULL, NULL, BLANK, 2, PERR_OK},
    {"<12>1998-09-10T18:55:37+02:00 anfield evtsys: SMS_Server: 109: CORP\\bob: " FILLED, "ANFIELD", "SMS_Server", "109", NULL, NULL,
     "CORP\\bob", "1998-09-10T16:55:37Z", FILLED, 3, PERR_OK},
    {"Sep 10 09:55:37 anfield SMS: 109: NT AUTHORITY\\SYSTEM: x", "ANFIELD", "SMS", "109", NULL, NULL, "NT AUTHORITY\\SYSTEM",
     NULL, "x", 0,
     PERR_OK},
    {"Sep 10 09:55:37 anfield SMS: 109: " PATH ": x", "ANFIELD", "SMS", "109", NULL, NULL, NULL, NULL, PATH ": x", 0, PERR_OK},
    {"<13>1 1998-09-10T16:55:37Z anfield SMS - - -  109: x", "ANFIELD", "SMS", "109", NULL, NULL, NULL, "1998-09-10T16:55:37Z",
     "x", 4, PERR_OK},
    {"Sep 10 09:55:37 SMS: 109: x", NULL, "SMS", "109", NULL, NULL, NULL, NULL, "x", 0, PERR_OK},
    {"anfield SMS: 109: x", NULL, "SMS", "109", NULL, NULL, NULL, NULL, "x", 0, PERR_OK},
    /* JSON */

        {"Sep 10 09:55:37 relay nxlog[12]: {\"EventTime\":\"1998-09-10 09:55:37\",\"Hostname\":"
        "\"anfield\",\"Keywords\":9259400833873739776,"

         "\"EventType\":\"ERROR\",\"EventID\":109,\"SourceName\":\"SMS\",\"RecordNumber\":77,\"FileName\":"
         "\"Application\",\"Domain\":\"CORP\","
     "\"AccountName\":\"bob\",\"Message\":\"a\\r\\nb\\u0001\"}",
     SMS, "CORP\\bob", LOCAL, "a\nb\xee\xbc\x81", 2, PERR_OK},

        {"{\"EventTime\":\"1998-09-10T09:55:37.120000-07:00\",\"Hostname\":\"anfield\",\"EventID\":"
        "\"109\",\"SourceName\":\"SMS\",\"Severity\":"
     "\"WARNING\",\"RecordNumber\":77,\"Channel\":\"Application\",\"FileName\":\"C:\\\\x.log\",\"Message\":\"x\"}",
     SMS, NULL, "1998-09-10T16:55:37.12Z", "x", 3, PERR_OK},
    {"{\"event_id\":\"109\",\"source_name\":\"SMS\",\"computer_name\":\"anfield\",\"channel\":\"Application\",\"record_number\":\"77\","
     "\"time_generated\":\"1998-09-10 09:55:37 -0700\",\"event_type\":\"error\",\"message\":\"x\"}",
     SMS, NULL, "1998-09-10T16:55:37Z", "x", 2, PERR_OK},
    {"{\"System\":{\"Provider\":{\"Name\":\"SMS\"},\"EventID\":109,\"EventIDQualifiers\":49152,\"Level\":2,\"TimeCreated\":"
     "\"1998-09-10T16:55:37.0000000Z\",\"EventRecordID\":77,\"Channel\":\"Application\",\"Computer\":\"anfield\"},\"RenderingInfo\":"
     "{\"Message\":\"x\",\"Channel\":\"y\"},\"OpenWEC\":{}}",
     SMS, NULL, "1998-09-10T16:55:37Z", "x", 2, PERR_OK},
    /* cut */
    {"<13>Sep 10 09:55:37 relay MSWinEventLog\t1\tApplication\t1\t" CLOCK "\t109\tSMS\tN/A\tN/A\tError\tanfield\tNone\t\t" SAID,
     "ANFIELD",
     "SMS", "109", "Application", NULL, NULL, LOCAL,
     "Failed to install package. There isn't sufficient disk space on package server", 2,
     PERR_TRUNCATED},

        {"{\"Hostname\":\"anfield\",\"EventID\":109,\"SourceName\":\"SMS\",\"EventType\":\"ERROR\",\"Channel\":"
        "\"Application\",\"RecordNumber\":"
     "77,\"EventTime\":\"1998-09-10 09:55:37\",\"Message\":\"Failed to ins",
     SMS, NULL, LOCAL,

         "{\"Hostname\":\"anfield\",\"EventID\":109,\"SourceName\":\"SMS\",\"EventType\":\"ERROR\",\"Channel\":"
         "\"Application\",\"RecordNumber\":"
     "77,\"EventTime\":\"1998-09-10 09:55:37\",\"Message\":\"Failed to ins",
     2, PERR_TRUNCATED},
    /* others */
    {"1998-09-10T16:55:37Z host sshd[3]: hello", "HOST", NULL, NULL, NULL, NULL, NULL, "1998-09-10T16:55:37Z",
     "1998-09-10T16:55:37Z host sshd[3]: hello", 0, PERR_OK},
    {"no header at all", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "no header at all", 0, PERR_SYNTAX},
    {"MSWinEventLog\t1\tApplication\t1\tsome day\t109\tSMS", NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     "MSWinEventLog\t1\tApplication\t1\tsome day\t109\tSMS", 0, PERR_SYNTAX},
    {"{\"EventID\":109}", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "{\"EventID\":109}", 0, PERR_SYNTAX},
};

START_TEST(lines_give_their_facts)
{
    const struct expect *want = &facts[_i];
    char time[WHEN_TEXT_SIZE];
    struct event ev;

    ck_assert_int_eq(parse(str_z(want->line), &ev), want->err);
    SAME(ev.f.host, want->host);
    SAME(ev.f.provider, want->provider);
    SAME(ev.f.event_number, want->number);
    SAME(ev.f.channel, want->channel);
    SAME(ev.f.record_number, want->record);
    if (ev.log)
        SAME(ev.log->user, want->user);
    ck_assert_uint_eq(ev.log ? ev.log->level : 0, want->level);
    when_text(&ev.when, time);
    ck_assert_str_eq(time, want->time ? want->time : "");
    SAME(ev.text, want->text);
    ck_assert_int_eq(ev.truncated, want->err == PERR_TRUNCATED);
}
END_TEST

/* --- figures, and what a cut or a relay took away ----------------------------------------- */

#define JSON109(strings) \
    "{\"EventID\":109,\"Qualifiers\":49152,\"SourceName\":\"SMS\",\"ComputerName\":\"ANFIELD\",\"StringInserts\":" strings "}"

static const struct {
    const char *line;
    enum figures figures;
    bool package;
} claims[] = {
    {"<13>Sep 10 09:55:37 relay " TAB(BLANK), FIGURES_BLANK, true},
    {"<13>Sep 10 09:55:37 relay " OCT(FILLED), FIGURES_FILLED, true},
    {"Sep 10 09:55:37 anfield SMS: 109: " SAID PATH ". Disk space available on that server is megabytes, space required is megabytes.",
     FIGURES_BLANK, true},
    {"Sep 10 09:55:37 anfield SMS: 109: (Facility: 0, Status: Failure)", FIGURES_ABSENT, false},
    {JSON109("[\"" JPATH "\",\"\",\"\"]"), FIGURES_BLANK, true},
    {JSON109("[\"" JPATH "\",\"12\",\"340\"]"), FIGURES_FILLED, true},
    {JSON109("[\"" JPATH "\"]"), FIGURES_ABSENT, true},
    {JSON109("[\"" JPATH "\",null,null]"), FIGURES_ABSENT, true},
    {JSON109("[\"" JPATH "\",\"340\"]"), FIGURES_ABSENT, true},
    {"{\"System\":{\"Provider\":{\"Name\":\"SMS\"},\"EventID\":109},\"EventData\":{\"Data\":[\"" JPATH "\",\"\",\"\"]}}",
     FIGURES_BLANK, true},
    {"{\"System\":{\"Provider\":{\"Name\":\"SMS\"},\"EventID\":109},\"EventData\":{\"param1\":\"" JPATH "\",\"param3\":\"340\"}}",
     FIGURES_ABSENT, true},
    {"{\"System\":{\"Provider\":{\"Name\":\"SMS\"},\"EventID\":109},\"EventData\":{\"Data\":\"" JPATH "\"}}", FIGURES_ABSENT, true},
};

START_TEST(figures_are_what_arrived)
{
    struct event ev;

    ck_assert_int_eq(judge(str_z(claims[_i].line), &ev), PERR_OK);
    ck_assert_int_eq(ev.f.figures, claims[_i].figures);
    ck_assert(ev.f.claimed && ev.f.claim_class == CLASS_DISK_FULL);
    SAME(ev.f.package, claims[_i].package ? "DOG0005D" : NULL);
    SAME(ev.f.server, claims[_i].package ? "ANFIELD" : NULL);
    SAME(ev.f.share, claims[_i].package ? "SMS_PKGE" : NULL);
}
END_TEST

/* A line cut anywhere says less, never something else: no figures are blank but
 * where both were seen to be. */
START_TEST(cut_lines_are_never_guessed)
{
    static const char *const lines[] = {
        "<13>Sep 10 09:55:37 relay " TAB(FILLED),
        "Sep 10 09:55:37 relay " OCT(FILLED),
        "1998-09-10T16:55:37Z anfield SMS: 109: " FILLED,
        "Sep 10 09:55:37 relay MSWinEventLog," SNARE(",", FILLED),
        JSON109("[\"" JPATH "\",\"12\",\"340\"]"),
        "Sep 10 09:55:37 relay {\"EventID\":109,\"SourceName\":\"SMS\",\"Hostname\":\"A\",\"Message\":\"x, y\",\"RecordNumber\":770}",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (size_t n = 0; n <= strlen(lines[i]); n++) {
            struct event ev;

            arena_reset(arena);
            judge(str_make(lines[i], n), &ev);
            ck_assert_int_ne(ev.f.figures, FIGURES_BLANK);
            if (ev.log && str_has(ev.f.event_number))
                SAME(ev.f.event_number, "109");
            if (str_has(ev.f.provider) && i != 2)
                SAME(ev.f.provider, "SMS");
            ck_assert(!ev.f.claimed || ev.f.figures != FIGURES_FILLED || str_eq(ev.f.required, STR("340")));
        }
}
END_TEST

START_TEST(evtsys_lines_of_full_size_are_marked)
{
    for (size_t total = 990; total < 2100; total++) {
        char line[2200];
        struct event ev;
        int n = snprintf(line, sizeof line, "Sep 10 09:55:37 anfield SMS: 109: ");
        enum perr want = (total + 5 >= 1023 && total + 3 <= 1024) || (total + 5 >= 2047 &&
        total + 3 <= 2048) ? PERR_TRUNCATED : PERR_OK;

        memset(line + n, 'x', total - (size_t) n);
        arena_reset(arena);
        enum perr got = parse(str_make(line, total), &ev);

        if (want == PERR_TRUNCATED)
            ck_assert_int_eq(got, PERR_TRUNCATED);
        if (total < 1000 || (total > 1040 && total < 2020) || total > 2060)
            ck_assert_int_eq(got, PERR_OK);
    }
}
END_TEST

/* --- framing and probing ------------------------------------------------------------------- */

static const struct {
    const char *bytes, *spans;
} frames[] = {
    {"a\nbc\n", "R1 R2"},
    {"a\r\n\r\n  bc \r\nd", "R1 R2 R1"},
    {"\xef\xbb\xbf" "a\n\xef\xbb\xbf" "b", "R1 R1"},
    {"\n \n", ""},
    {"a\rb", "R3"},
    {"\xef\xbb", "R2"},
};

START_TEST(lines_are_framed)
{
    framing_expect(&relay_line_format, str_z(frames[_i].bytes), frames[_i].spans);
}
END_TEST

START_TEST(long_lines_are_cut)
{
    static const struct {
        size_t n;
        const char *tail, *spans;
    } longs[] = {
        {FORMAT_WINDOW - 1, "\nb", "R1048575 R1"},
        {FORMAT_WINDOW, "\nb", "R1048576 R1"},
        {FORMAT_WINDOW + 10, "\nb", "R1048576 B10 R1"},
        {FORMAT_WINDOW + 10, "", "R1048576 B10"},
        {2 * FORMAT_WINDOW + 1, " \r\n", "R1048576 B1048576 B1"},
    };

    for (size_t i = 0; i < sizeof longs / sizeof *longs; i++) {
        size_t t = strlen(longs[i].tail);
        char *p = malloc(longs[i].n + t + 1);

        ck_assert_ptr_nonnull(p);
        memset(p, 'x', longs[i].n);
        memcpy(p + longs[i].n, longs[i].tail, t + 1);
        framing_expect(&relay_line_format, str_make(p, longs[i].n + t), longs[i].spans);
        free(p);
    }
}
END_TEST

/* Each beginning and the format that must have it. */
static const struct {
    const char *head;
    const struct format *format;
} heads[] = {
    {"<13>Sep 10 09:55:37 relay " TAB(BLANK) "\n", &relay_line_format},
    {"Sep 10 09:55:37 relay sshd[1]: x\n\nSep 10 09:55:37 relay " OCT(BLANK) "\n", &relay_line_format},
    {"\xef\xbb\xbf" TAB(BLANK), &relay_line_format},
    {"<13>1 1998-09-10T18:55:37Z relay MSWinEventLog#0111#011Application#0111#011Thu - - -  Sep 10 09:55:37 1998#011109#011SMS",
     &relay_line_format},
    {"Sep 10 09:55:37 anfield SMS: 109: " BLANK, &relay_line_format},
    {"{\"EventID\":109,\"SourceName\":\"SMS\"}", &relay_line_format},
    {"Sep 10 09:55:37 relay {\"event_id\":109,\"x\":\"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>\"}",
     &relay_line_format},
    {"~MSWinEventLog 1  $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\n", &sms_log_format},
    {"9/10/98,9:55:37 AM,SMS,Error,None,109,N/A,ANFIELD," BLANK, &viewer_text_format},
    {"9/10/98,9:55:37 AM,SMS,Error,None,109,N/A,ANFIELD,x {\"EventID\":109}\n" TAB(BLANK), &viewer_text_format},
    {"9/10/98\t9:55:37 AM\tSMS\tError\tNone\t109\tN/A\tANFIELD\tMSWinEventLog\t" SNARE("\t", "x"), &viewer_text_format},
    {"Event 109\n" BLANK, &viewer_text_format},
    {"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System/></Event>\n" TAB(BLANK), &event_xml_format},

        {"<![LOG[SMS: 109: x]LOG]!><time=\"09:55:37.000+420\" date=\"09-10-1998\" component=\"a\" context=\"\""
        " type=\"1\" thread=\"1\" file=\"\">\n",
     &bracket_log_format},
};

START_TEST(each_file_has_its_own_format)
{
    ck_assert_ptr_eq(format_probe(str_z(heads[_i].head)), heads[_i].format);
}
END_TEST

START_TEST(other_syslog_lines_are_left_alone)
{
    ck_assert_int_eq(relay_line_format.probe(STR("Sep 10 09:55:37 host sshd[1]: Accepted\nSep 10 09:55:38 host cron: x\n")), 0);
    ck_assert_int_eq(relay_line_format.probe(STR("SMS: 109: x\n")), 0);
    ck_assert_int_eq(relay_line_format.probe(STR("{\"a\":1}\n{\"b\":2}\n")), 0);
}
END_TEST

/* --- hostile -------------------------------------------------------------------------------- */

static enum perr
parse_long(const char *head, const char *piece, size_t times, const char *tail, struct event *ev)
{
    size_t h = strlen(head), k = strlen(piece), t = strlen(tail), n = h;
    char *p = malloc(h + k * times + t + 1);
    enum perr e;

    ck_assert_ptr_nonnull(p);
    memcpy(p, head, h);
    for (size_t i = 0; i < times; i++, n += k)
        memcpy(p + n, piece, k);
    memcpy(p + n, tail, t);
    e = parse(str_make(p, n + t), ev);
    free(p);
    return e;
}

START_TEST(hostile_json_is_bounded)
{
    struct event ev;

    ck_assert_int_eq(parse_long("{\"EventID\":109,\"SourceName\":\"SMS\",\"x\":", "[", 100000, "", &ev), PERR_LIMIT);
    ck_assert_int_eq(parse_long("{\"EventID\":109,\"SourceName\":\"SMS\",\"x\":", "{\"a\":", 20, "1", &ev), PERR_LIMIT);
    ck_assert_int_eq(parse_long("{\"EventID\":109,\"SourceName\":\"SMS\",\"x\":\"", "y", 300000, "\"}", &ev), PERR_LIMIT);
    ck_assert_uint_eq(ev.text.n, EVENT_TEXT_MAX);
    ck_assert(ev.truncated);
    ck_assert_int_eq(parse_long("{", "\"EventID\":108,", 10000, "\"EventID\":109,\"SourceName\":\"SMS\"}", &ev), PERR_OK);
    SAME(ev.f.event_number, "109");
    ck_assert_int_eq(parse_long("{\"EventID\":109,\"SourceName\":\"SMS\",\"StringInserts\":[", "\"\",", 1000, "\"\"]}", &ev), PERR_OK);
    ck_assert_uint_eq(ev.log->n_strings, EVENTLOG_STRINGS_MAX);
    ck_assert_int_eq(parse_long("{\"EventID\":109,\"SourceName\":\"SMS\",\"EventData\":{", "\"a\":\"\",", 1000, "\"b\":[[1]]}}",
    &ev), PERR_OK);
    ck_assert_int_eq(parse(STR("{\"EventID\":4294967405,\"SourceName\":\"SMS\"}"), &ev), PERR_SYNTAX);
    ck_assert_int_eq(parse(STR("{\"EventID\":-1073741715,\"SourceName\":\"SMS\"}"), &ev), PERR_OK);
    SAME(ev.f.event_number, "109");
    ck_assert_uint_eq(ev.log->id32, 0xC000006D);
    ck_assert_int_eq(parse(STR("{\"EventID\":109,\"SourceName\":\"SMS\",\"Message\":\"a\\u0000b\\ud800c\"}"), &ev), PERR_OK);
    SAME(ev.text, "a\xee\xbc\x80" "b\xef\xbf\xbd" "c");
    ck_assert_int_eq(parse(STR("{\"EventID\":109,\"SourceName\":\"SMS\"} {\"EventID\":110}"), &ev), PERR_SYNTAX);
}
END_TEST

START_TEST(changed_lines_do_no_harm)
{
    uint64_t seed = 11;

    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        size_t n = strlen(facts[i].line);
        char copy[1024];

        for (int k = 0; k < 4000; k++) {
            struct event ev;

            memcpy(copy, facts[i].line, n);
            for (int c = 0; c < 1 + k % 4; c++) {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                copy[(seed >> 20) % n] = (seed >> 60) & 1 ? (char) (seed >> 50) : "\t#:{\"<,\\"[seed >> 8 & 7];
            }
            arena_reset(arena);
            ck_assert_int_ne(parse(str_make(copy, n), &ev), PERR_NOMEM);
        }
    }
}
END_TEST

START_TEST(little_memory_is_an_error)
{
    for (size_t limit = 0; limit < 6000; limit += 32)
        for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
            struct arena *tight = arena_new(limit);
            struct format_options options = {0};
            struct format_record record = {.bytes = str_z(facts[i].line)};
            struct event ev = {0};
            size_t at;

            relay_line_format.parse(&options, &record, tight, &ev, &at);
            arena_free(tight);
        }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("relay_line");
    TCase *read = tcase_create("facts"), *frame = tcase_create("framing"), *harm = tcase_create("hostile");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(read, set_up, tear_down);
    tcase_set_timeout(read, 120);
    tcase_add_loop_test(read, lines_give_their_facts, 0, sizeof facts / sizeof *facts);
    tcase_add_loop_test(read, figures_are_what_arrived, 0, sizeof claims / sizeof *claims);
    tcase_add_test(read, cut_lines_are_never_guessed);
    tcase_add_test(read, evtsys_lines_of_full_size_are_marked);
    suite_add_tcase(s, read);
    tcase_add_checked_fixture(frame, set_up, tear_down);
    tcase_set_timeout(frame, 120);
    tcase_add_loop_test(frame, lines_are_framed, 0, sizeof frames / sizeof *frames);
    tcase_add_test(frame, long_lines_are_cut);
    tcase_add_loop_test(frame, each_file_has_its_own_format, 0, sizeof heads / sizeof *heads);
    tcase_add_test(frame, other_syslog_lines_are_left_alone);
    suite_add_tcase(s, frame);
    tcase_add_checked_fixture(harm, set_up, tear_down);
    tcase_set_timeout(harm, 120);
    tcase_add_test(harm, hostile_json_is_bounded);
    tcase_add_test(harm, changed_lines_do_no_harm);
    tcase_add_test(harm, little_memory_is_an_error);
    suite_add_tcase(s, harm);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
