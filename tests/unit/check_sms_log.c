/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_sms_log.c - SMS logs: each form of a record, and each kind of
 * damage in each place.  Where records end is in check_sms_frame.c. */
#include "build.h"

#include "parsers/format.h"

#include "tests/unit/log_case.h"

static struct arena *arena;

static void
set_up(void)
{
    arena = arena_new(64 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void
tear_down(void)
{
    arena_free(arena);
}

#define T1 "$$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>"

static const struct log_case forms[] = {
    /* on disk */
    {"~Used 0 of 3   " T1, "SMS_DESPOOLER", "1998-09-10T09:55:37", "1D0", NULL, "~Used 0 of 3", false},
    {"No.  $$<SMS_X><Tue Mar 23 18:18:22.468 1999 Central Standard Time><thread=300 (0x12C)>\r\n", "SMS_X",
     "1999-03-23T18:18:22.468", "300 (0x12C)", "Central Standard Time", "No.", false},
    {"No $$<SMS_X><Tue Mar 23 18:18:22.468 1999 W. Europe Daylight Time><thread=300 (0x12C)>", "SMS_X",
     "1999-03-23T18:18:22.468", "300 (0x12C)", "W. Europe Daylight Time", "No", false},
    {"No $$<APM><Thu Apr 22 09:36:15.685 1999><thread=561 (0x231)>", "APM", "1999-04-22T09:36:15.685",
     "561 (0x231)", NULL, "No", false},
    {"No $$<APM><Wed Jul  4 09:46:43 2001><thread=12>", "APM", "2001-07-04T09:46:43", "12", NULL, "No",
     false},
    {"No $$<APM><Wed Jul 4 9:46:43.146 2001 X Y Time><thread=12>", "APM", "2001-07-04T09:46:43.146", "12",
     "X Y Time", "No", false},
    {"No$$<CcmExec><03-15-2026 08:00:02.000+000><thread=100 (0x64)>", "CcmExec", "2026-03-15T08:00:02.000",
     "100 (0x64)", NULL, "No", false},
    {"No $$<C:\\WINNT\\MS\\CLISVCL.EXE><Mon Nov 15 16:54:10.253 1999><thread=4294758987 (0xFFFCD24B)>",
     "C:\\WINNT\\MS\\CLISVCL.EXE", "1999-11-15T16:54:10.253", "4294758987 (0xFFFCD24B)", NULL, "No", false},
    {"No $$<Hardware Inventory Agent><Fri May 05 10:00:21.837 2000><thread=175 (0xAF)>",
     "Hardware Inventory Agent", "2000-05-05T10:00:21.837", "175 (0xAF)", NULL, "No", false},
    {T1, "SMS_DESPOOLER", "1998-09-10T09:55:37", "1D0", NULL, "", false},
    /* the text has signs of a trailer itself */
    {"$$<bar> C$ E$\\x #$#$ $$ 5 <JOB> --> Err> SQL>>>>> $$$" T1, "SMS_DESPOOLER", "1998-09-10T09:55:37",
     "1D0", NULL, "$$<bar> C$ E$\\x #$#$ $$ 5 <JOB> --> Err> SQL>>>>> $$$", false},
    {"till 05/13/01 18:04:37 " T1, "SMS_DESPOOLER", "1998-09-10T09:55:37", "1D0", NULL,
     "till 05/13/01 18:04:37", false},
    {"<<<<<<< X >>>>>>>\r\n\r\n" T1, "SMS_DESPOOLER", "1998-09-10T09:55:37", "1D0", NULL, "<<<<<<< X >>>>>>>",
     false},
    /* copied from a viewer */
    {"Run F:\\n.EXE /S\tSMS_X_NT\t1/12/99 4:49:44 PM\t6E\t\r\n", "SMS_X_NT", "1999-01-12T16:49:44", "6E",
     NULL, "Run F:\\n.EXE /S", false},
    {"Run\tHardware Inventory Agent\t12/1/2000 12:00:44 AM\t330 (0x14A)\t", "Hardware Inventory Agent",
     "2000-12-01T00:00:44", "330 (0x14A)", NULL, "Run", false},
    {"1/12/99 4:49:44 PM\tSMS_X_NT\t330 (0x14A)\tRun it", "SMS_X_NT", "1999-01-12T16:49:44", "330 (0x14A)",
     NULL, "Run it", false},
    {"1/12/99 4:49:44 PM\tRun it\tSMS_X_NT\t6E", "SMS_X_NT", "1999-01-12T16:49:44", "6E", NULL, "Run it",
     false},
    {"Run it. SMS_X_NT 4/29/2000 11:51:03 PM 330 (0x14A)", "SMS_X_NT", "2000-04-29T23:51:03", "330 (0x14A)",
     NULL, "Run it.", true},
    {"Run it.\nSMS_X_NT 4/29/2000\n11:51:03 PM 330\n(0x14A)", "SMS_X_NT", "2000-04-29T23:51:03",
     "330 (0x14A)", NULL, "Run it.", true},
    {"1/12/99 4:49:44 PM\tSMS_X_NT\t6E\tRun it", "SMS_X_NT", "1999-01-12T16:49:44", "6E", NULL, "Run it",
     false},
    {"1/12/99 4:49:44 PM Run it and\nmore SMS_X_NT 330 (0x14A)", "SMS_X_NT", "1999-01-12T16:49:44",
     "330 (0x14A)", NULL, "Run it and\nmore", true},
    {"Run it\nSMS_X_NT 330 (0x14A)", "SMS_X_NT", NULL, "330 (0x14A)", NULL, "Run it", true},
    {"Run it. SMS_X_NT 4/29/2000 11:51:03 PM", "SMS_X_NT", "2000-04-29T23:51:03", NULL, NULL, "Run it.",
     true},
    {"Run it SMS_X_NT 5/13/01", "SMS_X_NT", NULL, NULL, NULL, "Run it", true},
    {"Run it\n|SMS_X_NT |8/23/2001 1:53:55 AM |1180 (0x049C)", "SMS_X_NT", "2001-08-23T01:53:55",
     "1180 (0x049C)", NULL, "Run it", false},
    {"Run it |SMS_X_NT |8/23/2001 1:53:55 AM |1180 (0x049C)|", "SMS_X_NT", "2001-08-23T01:53:55",
     "1180 (0x049C)", NULL, "Run it", false},
    {"Failed to set it on\n\\\\J\\APPL\n6/01/97 3:25:15 PM", NULL, "1997-06-01T15:25:15", NULL, NULL,
     "Failed to set it on\n\\\\J\\APPL", true},
    {"> Run it\n> twice > SMS_X_NT 12/23/98 1:03:02 PM 126 >", "SMS_X_NT", "1998-12-23T13:03:02", "126", NULL,
     "Run it\ntwice", true},
    {">> Run it\r\n>> " T1, "SMS_DESPOOLER", "1998-09-10T09:55:37", "1D0", NULL, "Run it", false},
    /* listed in documentation */
    {"[99C][Wed 09/10/2014 14:19:07]:Content 'A.9' added", NULL, "2014-09-10T14:19:07", "99C", NULL, "Content 'A.9' added", false},
    {"[99C][Wed 09/10/2014]:Content", NULL, NULL, NULL, NULL, "[99C][Wed 09/10/2014]:Content", false},
    {"[42000][1205][Microsoft][SQL Server]x", NULL, NULL, NULL, NULL, "[42000][1205][Microsoft][SQL Server]x", false},
    {"SMS_DESPOOLER 6128 (0x17f0)  ~Run it", "SMS_DESPOOLER", NULL, "6128 (0x17f0)", NULL, "~Run it", false},
    {"SMS\\_DESPOOLER 6128 (0x17f0) ~Run A\\|B \\<C\\> C:\\_S", "SMS_DESPOOLER", NULL, "6128 (0x17f0)", NULL,
     "~Run A|B <C> C:\\_S", true},
    {"**SMS_DESPOOLER 6128 (0x17f0) ~Run it**", "SMS_DESPOOLER", NULL, "6128 (0x17f0)", NULL, "~Run it",
     true},
    /* no trailer */
    {"Cannot decompress instruction file", NULL, NULL, NULL, NULL, "Cannot decompress instruction file",
     false},
    {"~won't be processed till 05/13/01 18:04:37  \r\n", NULL, NULL, NULL, NULL,
     "~won't be processed till 05/13/01 18:04:37", false},
    {"ROLLOVER\r\n", NULL, NULL, NULL, NULL, "ROLLOVER", false},
    /* damaged besides what the loops below do */
    {"No $$<SMS_X>...<thread=1720 (0x6B8)>", "SMS_X", NULL, "1720 (0x6B8)", NULL, "No", true},
    {"No $$<SMS_X><\xe2\x80\xa6><thread=1720 (0x6B8)>", "SMS_X", NULL, "1720 (0x6B8)", NULL, "No", true},
    {"No $$<SMS_X><Thu Sep 10 09:55:37 1998~>...", "SMS_X", "1998-09-10T09:55:37", NULL, NULL, "No", true},
    {"No $<SMS_X>", "SMS_X", NULL, NULL, NULL, "No", true},
    {"No $$<SMS_X>", "SMS_X", NULL, NULL, NULL, "No", true},
    {"No $$<SMS_X><thread=12>", "SMS_X", NULL, "12", NULL, "No", true},
    {"No $$<SMS_X><who knows when><thread=12>", "SMS_X", NULL, "12", NULL, "No", true},
    {"No $$<SMS_X><Thu Feb 30 09:55:37 1998~><thread=12>", "SMS_X", NULL, "12", NULL, "No", false},
    {"No\nSMS_X_Y Fri Dec 17 18:02:16.791 1999 Eastern Standard\nTime><thread=320 (0x140)", "SMS_X_Y",
     "1999-12-17T18:02:16.791", "320 (0x140)", "Eastern Standard Time", "No", true},
    {"No <SMS_X><12-06-2016 03:11:46.039+300><thread=4840 (0x12E8)>", "SMS_X", "2016-12-06T03:11:46.039",
     "4840 (0x12E8)", NULL, "No", true},
};

START_TEST(form)
{
    log_run(&sms_log_format, arena, &forms[_i]);
}
END_TEST

/* --- damage, in every place --------------------------------------------------- */

struct base {
    const char *text, *component, *date, *thread;
    const char *local, *zone;
};

static const struct base bases[] = {
    {"~Copying E:\\_S M0000.TMP\\a b.EXE to E:\\X\\f.EXE, Failed, Win32 Error = 32", "SMS_DESPOOLER",
     "Thu Sep 10 09:55:37 1998~", "1D0", "1998-09-10T09:55:37", NULL},
    {"Some text: C$ and $ here", "SMS_NT_LOGON", "Tue Mar 23 18:18:22.468 1999 Central Standard Time",
     "300 (0x12C)", "1999-03-23T18:18:22.468", "Central Standard Time"},
    {"Failed to get <object> class", "SMS_PKG_MANAGER", "06-14-2018 06:26:25.828-60", "9112 (0x2398)",
     "2018-06-14T06:26:25.828", NULL},
    {"CLASS - x", "Hardware Inventory Agent", "Fri May 05 10:00:14.466 2000", "175 (0xAF)",
     "2000-05-05T10:00:14.466", NULL},
    {"#$#$#$#$#$ ERROR: no", "C:\\WINNT\\MS\\CLISVCL.EXE", "Thu Jul 27 20:40:04.529 2000 GMT Daylight Time",
     "208 (0xD0)", "2000-07-27T20:40:04.529", "GMT Daylight Time"},
};

enum { BASES = sizeof bases / sizeof *bases };

#define NEXT "\r\n~Next one. $$<SMS_X><Thu Sep 10 09:55:38 1998~><thread=1D1>\r\n"

/* 'record', alone and with another record behind it, gives all that 'b' has. */
static void
whole(const struct base *b, const char *record, bool repaired)
{
    struct log_case c = {record, b->component, b->local, b->thread, b->zone, b->text, repaired};
    char both[1024];

    snprintf(both, sizeof both, "%s" NEXT, record);
    for (size_t more = 0; more < 2; more++) {
        struct str bytes = str_make(both, more ? strlen(both) : strlen(record));
        struct framing f, bytewise;
        struct event ev;

        framing_run(&f, &sms_log_format, bytes, SIZE_MAX, false);
        framing_run(&bytewise, &sms_log_format, bytes, more ? 13 : 1, true);
        framing_same(&f, &bytewise, 1);
        ck_assert_msg(f.n == 1 + more, "\"%s\" frames as %zu records", record, f.n - more);
        log_parse(&sms_log_format, arena, str_make(both + f.span[0].offset, f.span[0].length), DATE_ORDER_MDY,
                  &ev);
        log_check(&c, &ev);
        framing_fini(&f);
        framing_fini(&bytewise);
        arena_reset(arena);
    }
}

static size_t
trailer(const struct base *b, char *out, size_t size)
{
    return (size_t) snprintf(out, size, "$$<%s><%s><thread=%s>", b->component, b->date, b->thread);
}

/* 't' with the blank at 'i' replaced by 'wrap', or 'wrap' put into a "><". */
static void
wrap_at(const char *t, size_t i, const char *wrap, char *out, size_t size)
{
    snprintf(out, size, "%.*s%s%s", (int) i, t, wrap, t + i + (t[i] == ' '));
}

static bool
wraps(const char *t, size_t i)
{
    return t[i] == ' ' || (i && t[i - 1] == '>' && t[i] == '<');
}

START_TEST(wrapped_trailer)
{
    static const char *const gaps[] = {"\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\n> ", "\n>> ", " \n   "};
    const struct base *b = &bases[_i];
    char t[256], once[300], twice[400], record[600];
    size_t n = trailer(b, t, sizeof t);

    for (size_t i = 0; i < n; i++) {
        if (!wraps(t, i))
            continue;
        for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
            wrap_at(t, i, gaps[g], once, sizeof once);
            snprintf(record, sizeof record, "%s  %s", b->text, once);
            whole(b, record, true);
        }
        wrap_at(t, i, "\n", once, sizeof once);
        for (size_t k = i + 2; once[k]; k++) {
            if (!wraps(once, k))
                continue;
            wrap_at(once, k, "\r\n", twice, sizeof twice);
            snprintf(record, sizeof record, "%s  %s", b->text, twice);
            whole(b, record, true);
        }
    }
}
END_TEST

START_TEST(wrapped_text)
{
    const struct base *b = &bases[_i];
    char t[256], text[256], record[600];

    trailer(b, t, sizeof t);
    snprintf(record, sizeof record, "%s\r\n%s", b->text, t);
    whole(b, record, false);
    snprintf(record, sizeof record, "%s\n\n%s", b->text, t);
    whole(b, record, false);
    for (size_t i = 0; b->text[i]; i++) {
        /* The fixed opening "ERROR: " begins another record. */
        if (b->text[i] != ' ' || strncmp(b->text + i + 1, "ERROR", 5) == 0)
            continue;
        struct base wrapped = *b;
        wrap_at(b->text, i, "\n", text, sizeof text);
        wrapped.text = text;
        snprintf(record, sizeof record, "%s %s", text, t);
        whole(&wrapped, record, false);
        char quoted[600];
        wrap_at(b->text, i, "\n> ", text, sizeof text);
        snprintf(quoted, sizeof quoted, "> %s\n> %s", text, t);
        wrap_at(b->text, i, "\n", text, sizeof text);
        whole(&wrapped, quoted, true);
    }
}
END_TEST

/* Each takes component, date and thread. */
static const char *const damages[] = {
    "$$>%s><%s><thread=%s>",
    "<$$%s><%s><thread=%s>",
    "$<%s><%s><thread=%s>",
    "$$<%s<%s><thread=%s>",
    "$$&<%s&>&<%s&>&<thread=%s&>",
    "$$&lt;%s&gt;&lt;%s&gt;&lt;thread=%s&gt;",
    "$$&amp;lt;%s&amp;gt;&amp;lt;%s&amp;gt;&amp;lt;thread=%s&amp;gt;",
    "$$\\<%s\\>\\<%s\\>\\<thread=%s\\>",
    "$$<%s><%s><thread=%s><BR/>",
    "$$<%s><%s><thread=%s> <br>",
    "$$<%s><%s><thread=%s></br>",
    "$$%s><%s><thread=%s>",
    "$$ %s %s thread=%s",
    "$$%s %s thread=%s",
    "$$%s %s thread=%s>",
    "$$<%s %s><thread=%s>",
    "$$<%s><%s thread=%s>",
    "$$<%s ><%s><thread=%s>",
    "$$<%s><%s ><thread=%s>",
    "$$< %s>< %s><thread=%s>",
    "$$<%s> <%s> <thread=%s>",
    "$$<%s>&nbsp;<%s>&nbsp;<thread=%s>",
    "$$<%s><%s>thread=%s>",
    "$$<%s><%s><thread=%s",
    "$$<%s><%s><thread=%s >",
    "$$ <%s><%s><thread=%s>",
};

enum { DAMAGES = sizeof damages / sizeof *damages };

/* '%s' thrice, without a format that the compiler cannot see. */
static void
fill(const char *pattern, const struct base *b, char *out)
{
    const char *part[] = {b->component, b->date, b->thread};

    for (int k = 0; *pattern; pattern++) {
        if (*pattern == '%') {
            out = stpcpy(out, part[k++]);
            pattern++;
        } else {
            *out++ = *pattern;
        }
    }
    *out = '\0';
}

START_TEST(damaged_trailer)
{
    const char *pattern = damages[_i];

    for (size_t k = 0; k < BASES; k++) {
        const struct base *b = &bases[k];
        char t[300], wrapped[320], record[600];

        fill(pattern, b, t);
        snprintf(record, sizeof record, "%s %s", b->text, t);
        whole(b, record, true);
        snprintf(record, sizeof record, "%s\n%s", b->text, t);
        whole(b, record, true);
        size_t thread = (size_t) (strstr(t, "thread=") - t);
        for (size_t i = 3; i < thread; i++) {
            if (t[i] != ' ')
                continue;
            wrap_at(t, i, "\n", wrapped, sizeof wrapped);
            snprintf(record, sizeof record, "%s %s", b->text, wrapped);
            whole(b, record, true);
        }
    }
}
END_TEST

START_TEST(torn_trailer)
{
    const struct base *b = &bases[_i];
    char t[256], bytes[600];
    size_t n = trailer(b, t, sizeof t), first = strlen(b->component) + 4;

    for (size_t i = n - 1; i >= first; i--) {
        struct event ev;

        snprintf(bytes, sizeof bytes, "%s %.*s" NEXT, b->text, (int) i, t);
        struct framing f = framing_all_ways(&sms_log_format, str_z(bytes));
        ck_assert_msg(f.n == 2, "\"%s\" frames as %zu", bytes, f.n);
        log_parse(&sms_log_format, arena, str_make(bytes + f.span[0].offset, f.span[0].length),
                  DATE_ORDER_MDY, &ev);
        log_same(bytes, "component", ev.f.component, b->component);
        log_same(bytes, "text", ev.text, b->text);
        ck_assert(ev.repaired);
        framing_fini(&f);
        arena_reset(arena);
    }
}
END_TEST

/* --- times, probe --------------------------------------------------------------- */

START_TEST(bias)
{
    static const struct {
        const char *bias;
        bool utc;
        int minutes;
    } rows[] = {{"-60", true, -60},     {"+300", true, 300}, {"+000", true, 0},    {"+1440", true, 1440},
                {"-1440", true, -1440}, {"+1441", false, 0}, {"-99999", false, 0}, {"+99999999", false, 0},
                {"", false, 0},         {"+", false, 0}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[200];
        struct event ev;

        snprintf(bytes, sizeof bytes, "x $$<SMS_X><06-14-2018 06:26:25.828%s><thread=1 (0x1)>", rows[i].bias);
        log_parse(&sms_log_format, arena, str_z(bytes), DATE_ORDER_MDY, &ev);
        ck_assert_msg(ev.when.utc_known == rows[i].utc && ev.when.bias_known == rows[i].utc, "bias %s",
                      rows[i].bias);
        ck_assert(ev.when.local_known);
        ck_assert_uint_eq(ev.when.fraction, 3);
        if (rows[i].utc) {
            ck_assert_int_eq(ev.when.bias, rows[i].minutes);
            ck_assert_int_eq((ev.when.utc - ev.when.local) / WHEN_MINUTE, rows[i].minutes);
        }
    }
}
END_TEST

START_TEST(date_order)
{
    static const struct {
        const char *date;
        enum date_order order;
        const char *local;
    } rows[] = {
        {"1/2/99", DATE_ORDER_MDY, "1999-01-02T13:00:00"},
        {"1/2/99", DATE_ORDER_DMY, "1999-02-01T13:00:00"},
        {"01/2/03", DATE_ORDER_YMD, "2001-02-03T13:00:00"},
        {"2003/2/1", DATE_ORDER_MDY, "2003-02-01T13:00:00"},
        {"1/2/2003", DATE_ORDER_YMD, "2003-01-02T13:00:00"},
        {"13/2/99", DATE_ORDER_MDY, NULL},
        {"1/2/69", DATE_ORDER_MDY, "2069-01-02T13:00:00"},
        {"1/2/70", DATE_ORDER_MDY, "1970-01-02T13:00:00"},
        {"31.12.1999", DATE_ORDER_DMY, "1999-12-31T13:00:00"},
        {"1999-12-31", DATE_ORDER_DMY, "1999-12-31T13:00:00"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[200], local[WHEN_TEXT_SIZE] = "";
        struct event ev;

        snprintf(bytes, sizeof bytes, "x\tSMS_X\t%s 1:00:00 PM\t6E\t", rows[i].date);
        log_parse(&sms_log_format, arena, str_z(bytes), rows[i].order, &ev);
        if (ev.when.local_known)
            local[when_iso(ev.when.local, ev.when.fraction, local)] = '\0';
        log_same(bytes, "time", ev.when.local_known ? str_z(local) : STR_NONE, rows[i].local);
        log_same(bytes, "component", ev.f.component, "SMS_X");
    }
}
END_TEST

START_TEST(probe)
{
    ck_assert_int_eq(sms_log_format.probe(STR("one\r\ntwo " T1 "\r\n")), 95);
    ck_assert_int_eq(sms_log_format.probe(STR("x\tSMS_X\t1/2/99 1:00:00 PM\t6E\t\r\n")), 60);
    ck_assert_int_eq(sms_log_format.probe(STR("SMS_X 12 (0xC) text\n")), 60);
    ck_assert_int_eq(sms_log_format.probe(STR("plain text\n")), 10);
    ck_assert_int_eq(sms_log_format.probe(STR("<?xml version='1.0'?><Events/>")), 0);
    ck_assert_int_eq(sms_log_format.probe(STR("<![LOG[x]LOG]!><time=\"1\">")), 0);
    ck_assert_int_eq(sms_log_format.probe(STR("\x7f"
                                              "ELF\2\1\1\0\0\0\0\0\0\0\0\0")),
                     0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sms_log");
    TCase *fields = tcase_create("fields"), *damage = tcase_create("damage");

    tcase_add_checked_fixture(fields, set_up, tear_down);
    tcase_add_loop_test(fields, form, 0, sizeof forms / sizeof *forms);
    tcase_add_test(fields, bias);
    tcase_add_test(fields, date_order);
    tcase_add_test(fields, probe);
    tcase_add_checked_fixture(damage, set_up, tear_down);
    tcase_set_timeout(damage, 120);
    tcase_add_loop_test(damage, wrapped_trailer, 0, BASES);
    tcase_add_loop_test(damage, wrapped_text, 0, BASES);
    tcase_add_loop_test(damage, damaged_trailer, 0, DAMAGES);
    tcase_add_loop_test(damage, torn_trailer, 0, BASES);
    suite_add_tcase(s, fields);
    suite_add_tcase(s, damage);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
