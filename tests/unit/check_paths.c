/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_paths.c - server, share and package in the paths that records quote. */
#include "build.h"

#include "parsers/paths.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    const char *path, *server, *share, *package;
} files[] = {
    {"E:\\SMS_PKGE\\DOG0005D\\filename.EXE", "", "", "DOG0005D"},
    {"e:\\smspkge$\\dog0005d\\a.exe", "", "", "dog0005d"},
    {"\\\\ANFIELD\\SMS_PKGE\\W_M0200024\\dir with blanks\\a.exe", "ANFIELD", "SMS_PKGE", "W_M0200024"},
    {"\\\\ANFIELD\\SMS_PKGE\\100Z0006\\a.exe", "ANFIELD", "SMS_PKGE", "100Z0006"},
    {"\\\\SERVER\\CAP_XYZ\\clidata.box\\client.lkp", "SERVER", "CAP_XYZ", ""},
    {"\\\\Jamal\\APPL\\SMS\\logon.srv\\pcmpkg.src\\CS100005", "Jamal", "APPL", "CS100005"},
    {"[\"Display=\\\\NTSERVER\\\"]MSWNET:[\"SMS_SITE=SEC\"]\\\\NTSERVER\\", "NTSERVER", "", ""},
    {"[\"Display=\\\\A\\B\\\"]MSWNET:[\"SMS_SITE=SEC\"]\\\\NTSERVER\\SMSPKGD$\\AUS0001B\\", "NTSERVER", "SMSPKGD$",
     "AUS0001B"},
    {"C:\\SMSPKG\\CAS10001.PCK.1", "", "", "CAS10001"},
    {"\\\\PS1SITE.CONTOSO.COM\\E$\\SMSPKG\\PS100012.PCK", "PS1SITE.CONTOSO.COM", "E$", "PS100012"},
    {"\\\\?\\UNC\\S\\SH\\DOG0005D\\a", "S", "SH", "DOG0005D"},
    {"\\\\?\\E:\\SMS_PKGE\\DOG0005D\\a", "", "", "DOG0005D"},
    {"C:\\WINNT\\SYSTEM32\\A.DLL", "", "", ""},
    {"X:\\CAP_SO1\\clicomp.box\\SWDist\\i386\\swdist32.exe", "", "", ""},
    {"C:\\IUSH4YZ5.TMP\\SMSSETUP\\netmon\\i386\\parsers\\atalk.dll", "", "", ""},
    {"E:\\_S M0000.TMP\\filename.EXE", "", "", ""},
    {"\\\\<server>\\SMS_SITE\\2_4O7PRI.PCK", "", "SMS_SITE", ""},
    {"\\\\<Server>\\<Share>\\<PackageID>", "", "", ""},
    {"", "", "", ""},
    {"\\\\", "", "", ""},
    {"\\\\S", "S", "", ""},
    {"[", "", "", ""},
    {"]", "", "", ""},
};

static struct str
shown(struct str s)
{
    ck_assert(!str_has(s) || s.n > 0);
    return s;
}

START_TEST(reads_files)
{
    struct path_parts p;

    paths_read(str_z(files[_i].path), &p);
    ck_assert_msg(str_eq(shown(p.server), str_z(files[_i].server)), "%s: server %.*s", files[_i].path,
                  STR_ARG(p.server));
    ck_assert_msg(str_eq(shown(p.share), str_z(files[_i].share)), "%s: share %.*s", files[_i].path, STR_ARG(p.share));
    ck_assert_msg(str_eq(shown(p.package), str_z(files[_i].package)), "%s: package %.*s", files[_i].path,
                  STR_ARG(p.package));
}
END_TEST

START_TEST(reads_packages)
{
    struct path_parts p;

    paths_read_package(STR(" \\\\S\\SH\\PKG "), &p);
    ck_assert(str_eq(p.server, STR("S")) && str_eq(p.share, STR("SH")) && str_eq(p.package, STR("PKG")));
    paths_read_package(STR("\\\\ANFIELD\\SMS_PKGE\\DOG0005D"), &p);
    ck_assert(str_eq(p.package, STR("DOG0005D")));
    paths_read_package(STR("\\\\S\\SH"), &p);
    ck_assert(str_eq(p.share, STR("SH")) && !str_has(p.package));
    paths_read_package(STR("\\\\<Server>\\<Share>\\<PackageID>"), &p);
    ck_assert(!str_has(p.server) && !str_has(p.share) && !str_has(p.package));
    paths_read_package(STR("\\\\ANFIELD\\<Share>\\DOG0005D"), &p);
    ck_assert(str_eq(p.server, STR("ANFIELD")) && !str_has(p.share) && str_eq(p.package, STR("DOG0005D")));
    /* a path below a drive names no package by its place */
    paths_read_package(STR("E:\\a\\b\\c"), &p);
    ck_assert(!str_has(p.server) && !str_has(p.package));
}
END_TEST

START_TEST(knows_packages)
{
    static const char *const yes[] = {"DOG0005D", "W_M0200024", "AUS0001B", "100Z0006", "CAS10001", "C0100112"};
    static const char *const no[] = {"SYSTEM32", "SWDIST32", "DOG0005", "DOG0005D001", "dog0005d", "DOGABCDE",
                                     "2_4O7PRI", "DOG0 05D", "DOG.005D", ""};

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        ck_assert_msg(paths_is_package(str_z(yes[i])), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        ck_assert_msg(!paths_is_package(str_z(no[i])), "%s", no[i]);
}
END_TEST

START_TEST(unwraps)
{
    struct arena *a = arena_new(1 << 16);
    static const char *const pairs[][2] = {
        {" E:\\a b\\c.exe \n", "E:\\a b\\c.exe"},
        {"E:\\a\nb\\c.exe", "E:\\a b\\c.exe"},
        {"E:\\a  \r\n      b\\c.exe", "E:\\a b\\c.exe"},
        {"E:\\a  b.exe", "E:\\a  b.exe"},
        {"E:\\a  b\nc.exe", "E:\\a  b c.exe"},
        {"\n", ""},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct str out = paths_unwrap(a, str_z(pairs[i][0]));

        ck_assert_msg(str_eq(out, str_z(pairs[i][1])), "\"%s\" gave \"%.*s\"", pairs[i][0], STR_ARG(out));
    }
    arena_free(a);
    a = arena_new(16);
    ck_assert(!str_has(paths_unwrap(a, STR("E:\\a long path that needs\nmore than there is"))));
    arena_free(a);
}
END_TEST

START_TEST(takes_the_name)
{
    ck_assert(str_eq(paths_base(STR("E:\\a b\\1000tS01.ins")), STR("1000tS01.ins")));
    ck_assert(str_eq(paths_base(STR("1000tS01.ins")), STR("1000tS01.ins")));
    ck_assert(str_eq(paths_base(STR("a/b")), STR("b")));
    ck_assert_uint_eq(paths_base(STR("E:\\")).n, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("paths");
    TCase *t = tcase_create("paths");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_loop_test(t, reads_files, 0, sizeof files / sizeof files[0]);
    tcase_add_test(t, reads_packages);
    tcase_add_test(t, knows_packages);
    tcase_add_test(t, unwraps);
    tcase_add_test(t, takes_the_name);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
