/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_code_scan.c - every spelling of a Win32 code, and the numbers that
 * only look like one. */
#include "build.h"

#include "parsers/code_scan.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/literals.h"

static const struct {
    const char *text;
    uint32_t code;
} codes[] = {
    /* as records spell them */
    {"~Copying A to B, Failed, Win32 Error = 32", 32},
    {"failed to open X WIN32 ERROR = 32", 32},
    {"cannot open the remote file X,\nWin32 error = 32.", 32},
    {"open it, a WIN32 error 32", 32},
    {"Directory, Win32 = 32", 32},
    {"(Win32 error: 112)", 112},
    {"Account. Win32 Error: 2114", 2114},
    {"Win32 Error Code = 5", 5},
    {"Win32Error Code = 5 ", 5},
    {"Error 32: The process cannot access the file", 32},
    {"~Free disk space check failed (error 144),", 144},
    {"The operating system reported error 53: `", 53},
    {"The operating system reported error 5: access is denied.", 5},
    {"object (SERVER1); GetLastError 183;", 183},
    {"GetLastError() = 5", 5},
    {"NWx; return: 183", 183},
    {"Error during WNetAddConnection2 (53)", 53},
    {"ERROR: not authorised! (5)~", 5},
    {"Error launching (#0x5)", 5},
    {"from site TB1 (#2147942405)", 5},
    {"Return code = 0x80070047; No more", 71},
    {"failed with 0x80070020.", 32},
    {"failed with -2147024864.", 32},
    {"failed with 2147942432", 32},
    {"failed (80070070) ", 112},
    {"hr=0X80070005", 5},
    {"hr = 0x80070020L", 32},
    {"Error code = 80070020", 32},
    {"it cannot be used (Error: 800704C8)", 1224},
    {"failed, hr: 80070005", 5},
    {"GetLastError() returned 32", 32},
    {"GetLastError is 5.", 5},
    {"~Failed to make a network connection to \\\\DP01\\ADMIN$ (0x5).", 5},
    {"Failed to make a network connection to X (0x52e)", 1326},
    {"Can't connect to X (53)", 53},
    {"Copied 0 files, failed (112)", 112},
    {"Of 20 files failed (112)", 112},
    {"Couldn't open it (32)", 32},
    {"~Failed to copy file, error 32", 32},
    {"CopyFile() failed. File is in use, error 32.", 32},
    {"it failed, error 5.", 5},
    {"failed with error 1231", 1231},
    {"Win32 error = 0", 0},
    {"Win32 Error = 0x20", 32},
    /* wrapped anywhere, ~ for a line end */
    {"Failed, \nWin32 = 32", 32},
    {"Failed, Win32\n  Error = 32", 32},
    {"Failed, Win32 Error =\r\n32", 32},
    {"Failed,~Win32~Error~=~32~~", 32},
    {"(Win32\nerror:\n112)", 112},
    {"reported\nerror\n32:", 32},
    {"Win32 Error = 32\t", 32},
    /* the surest spelling counts, then the first */
    {"Event 223 (error 7) with Win32 Error = 32", 32},
    {"Win32 Error = 5, then Win32 Error = 32", 5},
    {"Copying Win32 Error = 32.txt, Failed, Win32 Error = 5", 5},
    {"Copying Win32 Error = 112\\b.dat, Failed, Win32 Error = 32", 32},
    {"Win32 Error = 32.The process", 32},
    {"it failed with error code 32", 32},
    {"Cannot open file D:\\x.tmp. Error 32.", 32},
    {"17:05:09 ERROR 32 (0x00000020) Copying File D:\\a.msi", 32},
    {"Failed to remove D:\\a\\b (0x00000020)", 32},
    {"HRESULT=80070020 (a.cpp,411)", 32},
    {"It ended without error, but 3 files failed (5)", 5},
};

static const char *const none[] = {
    "",
    "Win32",
    "Win32 Error",
    "Win32 Error =",
    "Win32 Error = ",
    "Stored Package CAS10001. Stored Package Version = 1",
    "~ Sending failed. Failure count = 24, Restart time = 14/06/2018 06:56:25",
    "~Memory usage: blocks=0 bytes=0",
    "thread ID = 129",
    "The process handle is #124",
    "STATMSG: ID=523 SEV=W",
    "~SQL Msg #3606> General error",
    "the event code is: 0x1",
    "Failed in thread (0x640)",
    "cannot process record (32)",
    "Cannot open with these flags (0x20)",
    "Failed for page (0x20",
    "Failed to send (0x20x)",
    "Failed to send (beef)",
    "Failed to call it()",
    "0 files failed (112)",
    "100 files copied, no packages failed (32)",
    "()",
    "Error: wrote 80070020 bytes",
    "GetLastError returned32",
    "stopping. The exit code is 0xfffffffe",
    "NWScanObject for user or group EVERYONE; return: ffff",
    "return: 32ab",
    "Property EventIdentifier of Win32_NTLogEvent has been skipped. Integer 2147490648 is too large !!",
    "Programs Manager Win32",
    "CLASS - Process Class: Win32_NTEventlogFile",
    "Win32 Error = 320000",
    "Win32 Error = 32a",
    "Win32 Error = 32.5",
    "Win32 Error = -1",
    "Win32_Error = 32",
    "MyWin32 Error = 32",
    "Processing \"Win32 = 32.txt\" OK",
    "Win32 Error = 32.DLL",
    "Package size is 2147942432 bytes",
    "Failed to send, bytes = 2147942432",
    "Bytes transferred: 2147942432",
    "ERROR 32 (0x00000021) Copying File D:\\a.msi",
    "Failed to remove it (00000032)",
    "was installed without error (32)",
    "no failure, no error (32)",
    "failed (0), done (32)",
    "failed with error code = 12",
    "Despooler failed to execute the instruction, error code = 12",
    "Despooler failed to execute the instruction, error code = 32",
    "Despooler failed to execute the instruction, error code = cb",
    "~Cannot update the package AUS0001B in the package source, error = 8",
    "CTool return code = 4",
    "return code = 4865",
    "requires a newer version (2) of source files and cannot be used",
    "Cannot use version (2)",
    "~ExecStaticMethod failed (80041002) SMS_DistributionPoint, AddFile",
    "CSendFileAction::AddFile failed; 0x80041002",
    "Object E80070020 failed",
    "0x800700200 failed",
    "0x80070020LL failed",
    "0x80070020X failed",
    "Failed job 00000032 (32)",
    "Sent 4 files, error 32",
    "Failed to copy file, error code 32",
    "(53)",
    "Sent the file (53)",
    "Error32: none",
    "Errors 32: none",
    "SQL Error 32: none",
    "Error code: 1002",
    "Error Code = 1",
    "till 05/13/01 18:04:37 error",
    "----> error (5) happened in the middle",
};

static bool
scan(const char *text, uint32_t *code)
{
    /* a copy of exactly this size: reading past the end is seen */
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    bool found;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, n);
    found = code_scan(str_make(copy, n), code, NULL);
    free(copy);
    return found;
}

START_TEST(spellings)
{
    uint32_t code = 4711;

    ck_assert_msg(scan(codes[_i].text, &code), "no code in \"%s\"", codes[_i].text);
    ck_assert_msg(code == codes[_i].code, "%u in \"%s\"", (unsigned) code, codes[_i].text);
}
END_TEST

START_TEST(look_alikes)
{
    uint32_t code = 4711;

    ck_assert_msg(!scan(none[_i], &code), "%u in \"%s\"", (unsigned) code, none[_i]);
}
END_TEST

/* Digits on either side make another number of it. */
START_TEST(anchors)
{
    static const char *const forms[] = {"Win32 Error = %s32%s", "WIN32 error %s32%s", "Win32 = %s32%s",
                                        "(Win32 error: %s32%s)", "Error %s32%s:", "failed (error %s32%s)",
                                        "reported error %s32%s:", "GetLastError %s32%s;", "error (%s32%s)"};
    static const char *const around[][2] = {{"1", ""}, {"", "0"}, {"1", "6"}, {"9", "9"}};
    char text[80];
    uint32_t code;

    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        const char *at = strchr(forms[f], '%');

        for (size_t a = 0; a < sizeof around / sizeof around[0]; a++) {
            snprintf(text, sizeof text, "%.*s%s32%s%s", (int) (at - forms[f]), forms[f], around[a][0], around[a][1],
                     at + 6);
            code = 32;
            ck_assert_msg(!scan(text, &code) || code != 32, "32 in \"%s\"", text);
        }
        snprintf(text, sizeof text, "%.*s32%s", (int) (at - forms[f]), forms[f], at + 6);
        ck_assert_msg(scan(text, &code) && code == 32, "no 32 in \"%s\"", text);
    }
}
END_TEST

/* HRESULTs of other facilities are told apart from Win32 codes, in the text's order. */
START_TEST(other_facilities)
{
    static const struct {
        const char *text;
        unsigned n;
        uint32_t value[CODE_HRESULTS];
    } cases[] = {
        {"failed; 0x80041002", 1, {0x80041002}},
        {"ExecStaticMethod failed (80041002) SMS_DistributionPoint", 1, {0x80041002}},
        {"failed, -2147217407", 1, {0x80041001}},
        {"failed with 2147749890.", 1, {0x80041002}},
        {"0x80041002, 0x80041003, 0x87D00215", 3, {0x80041002, 0x80041003, 0x87D00215}},
        {"0x80000001 0x80000002 0x80000003 0x80000004 0x80000005", 4, {0x80000001, 0x80000002, 0x80000003, 0x80000004}},
        {"0x80070005 then 0x80041003", 1, {0x80041003}},
        {"0x00041002 is no failure", 0, {0}},
        {"wrote 2147749890 bytes", 0, {0}},
        {"wrote 80041002 files", 0, {0}},
        {"0x8004100200", 0, {0}},
        {"0x80041002.log", 0, {0}},
        {"", 0, {0}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct code_hresults others = {.n = 4711};
        uint32_t code;
        bool found = code_scan(str_z(cases[i].text), &code, &others);

        ck_assert_msg(others.n == cases[i].n, "%u in \"%s\"", others.n, cases[i].text);
        ck_assert(memcmp(others.value, cases[i].value, others.n * sizeof others.value[0]) == 0);
        ck_assert(found == (strstr(cases[i].text, "0x80070005") != NULL));
    }
}
END_TEST

/* A text full of "error N" was searched for the word of a failure once for each: two
 * seconds a record, which is minutes here. */
START_TEST(long_texts_are_no_burden)
{
    static const char *const units[] = {", error 0", ". error 0 ", ". no error 7 ", ", any error 5", "errorerror",
                                        "(error 0", "failed ()", "-2147", "0x8004"};
    enum { SIZE = 65536, TIMES = 60 };
    char *text = malloc(SIZE);

    ck_assert_ptr_nonnull(text);
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        size_t n = strlen(units[u]);
        struct code_hresults others;
        uint32_t code;

        for (size_t i = 0; i < SIZE; i++)
            text[i] = units[u][i % n];
        for (int i = 0; i < TIMES; i++)
            ck_assert_msg(!code_scan(str_make(text, SIZE), &code, &others) || code == 0, "%u in \"%s\"",
                          (unsigned) code, units[u]);
    }
    free(text);
}
END_TEST

/* The prefilter must let every text with a code through. */
START_TEST(triggers)
{
    struct literals *set = literals_new();
    const char *why;

    for (const char *const *t = code_scan_triggers; *t; t++)
        ck_assert_msg(literals_add(set, str_z(*t), &why) >= 0, "%s %s", *t, why);
    ck_assert(literals_build(set));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        ck_assert_msg(!literals_idle(set, str_z(codes[i].text)), "idle: \"%s\"", codes[i].text);
    literals_free(set);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("code_scan");
    TCase *t = tcase_create("codes");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_loop_test(t, spellings, 0, sizeof codes / sizeof codes[0]);
    tcase_add_loop_test(t, look_alikes, 0, sizeof none / sizeof none[0]);
    tcase_add_test(t, anchors);
    tcase_add_test(t, triggers);
    tcase_add_test(t, other_facilities);
    tcase_add_test(t, long_texts_are_no_burden);
    tcase_set_timeout(t, 20);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
