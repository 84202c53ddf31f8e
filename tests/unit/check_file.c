/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_file.c - files read whole within a bound, and what is said of one that
 * cannot be: file, reason, remedy.  As root it goes on as another user, whom modes
 * hold back. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/file.h"
#include "tests/unit/scratch.h"

enum { NOBODY = 65534 };

static char dir[256], why[FILE_WHY];
static int back; /* the folder the test was started in */

/* Names below are relative, so that folders above do not matter. */
static void
set_up(void)
{
    scratch_make(dir, sizeof dir);
    ck_assert_int_eq(chmod(dir, 0755), 0);
    back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(chdir(dir), 0);
}

static void
tear_down(void)
{
    ck_assert_int_eq(seteuid(getuid()), 0);
    ck_assert_int_eq(setegid(getgid()), 0);
    ck_assert_int_eq(fchdir(back), 0);
    close(back);
    scratch_remove(dir);
}

static void
put(const char *name, const char *text, size_t n, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, n), (ssize_t) n);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static void
lose_rights(void)
{
    if (geteuid() == 0) {
        ck_assert_int_eq(setegid(NOBODY), 0);
        ck_assert_int_eq(seteuid(NOBODY), 0);
    }
}

static char *
read_it(const char *name, const struct file_want *want)
{
    size_t n;

    memset(why, 0, sizeof why);
    return file_read(name, want, &n, why, sizeof why);
}

static void
says(const char *words)
{
    ck_assert_msg(strstr(why, words) != NULL, "\"%s\" is not in: %s", words, why);
}

START_TEST(whole_up_to_the_bound)
{
    const struct file_want want = {.most = 3, .shorten = "cut it"}, large = {.most = 2 << 20, .shorten = "cut it"};
    char *big = calloc(1, (2 << 20) + 1), *text;
    size_t n = 9;

    put("three", "a\0c", 3, 0644);
    ck_assert_ptr_nonnull(text = file_read("three", &want, &n, why, sizeof why));
    ck_assert_uint_eq(n, 3);
    ck_assert(memcmp(text, "a\0c", 4) == 0);
    file_wipe(text, n);
    put("none", "", 0, 0644);
    ck_assert_ptr_nonnull(text = file_read("none", &want, &n, why, sizeof why));
    ck_assert_uint_eq(n, 0);
    file_wipe(text, n);
    put("four", "abcd", 4, 0644);
    ck_assert_ptr_null(read_it("four", &want));
    ck_assert_str_eq(why, "four is longer than 3 bytes: cut it");
    put("big", big, (2 << 20) + 1, 0644);
    ck_assert_ptr_null(read_it("big", &large));
    ck_assert_str_eq(why, "big is longer than 2 MiB: cut it");
    put("big", big, 2 << 20, 0644);
    ck_assert_ptr_nonnull(text = read_it("big", &large));
    file_wipe(text, 2 << 20);
    file_wipe(NULL, 0);
    free(big);
}
END_TEST

START_TEST(what_it_is_not)
{
    const struct file_want want = {.most = 9}, placed = {.most = 9, .placed = true},
                           secret = {.use = FILE_SECRET, .what = "key", .most = 9};

    ck_assert_ptr_null(read_it("gone", &want));
    ck_assert_str_eq(why, "cannot read gone: No such file or directory");
    ck_assert_ptr_null(read_it("gone", &placed));
    ck_assert_str_eq(why, "cannot read it: No such file or directory");
    ck_assert_ptr_null(read_it("gone", &secret));
    ck_assert_str_eq(why, "cannot read gone: No such file or directory: make it, with the key in it and mode 600");
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    ck_assert_ptr_null(read_it("fifo", &want)); /* and does not wait for a writer */
    ck_assert_str_eq(why, "fifo is not a regular file: name a file");
    put("open", "x", 1, 0640);
    ck_assert_ptr_null(read_it("open", &secret));
    ck_assert_str_eq(why, "open can be read by others than its owner (mode 640): chmod 600 it");
}
END_TEST

/* Each remedy does what it promises: what it names is what stands in the way. */
START_TEST(who_may_not_and_what_helps)
{
    const struct file_want want = {.most = 9}, secret = {.use = FILE_SECRET, .what = "key", .most = 9};
    bool root = geteuid() == 0;
    char folder[FILE_REMEDY], *text;

    put("shut", "x", 1, root ? 0600 : 0);
    ck_assert_int_eq(mkdir("in", 0755), 0);
    ck_assert_int_eq(mkdir("in/deep", 0755), 0);
    put("in/deep/file", "x", 1, 0644);
    ck_assert_int_eq(chmod("in", root ? 0700 : 0), 0);
    lose_rights();
    ck_assert_ptr_null(read_it("shut", &want));
    says("cannot read shut: Permission denied; user ");
    says(root ? " may not read it, which is root's (mode 600): chgrp " : "(mode 000): chmod u+r it");
    says(root ? " it and chmod g+r it" : " may not read it, which is ");
    ck_assert_ptr_null(read_it("shut", &secret));
    says(root ? " may not read it, which is root's (mode 600): chown " : "(mode 000): chmod u+r it");
    says(root ? " it and chmod 600 it" : " may not read it, which is ");
    ck_assert_ptr_null(read_it("in/deep/file", &want));
    says(" may not enter in, which is ");
    says(root ? " it and chmod g+x it" : "(mode 000): chmod u+x it");
    file_remedy("in", EACCES, FILE_FOLDER, folder, sizeof folder);
    ck_assert_msg(strstr(folder, root ? " it and chmod g+rx it" : ": chmod u+rx it"), "%s", folder);
    file_remedy("shut", EIO, FILE_TEXT, folder, sizeof folder);
    ck_assert_str_eq(folder, "");
    ck_assert_int_eq(seteuid(getuid()), 0);
    ck_assert_int_eq(setegid(getgid()), 0);
    ck_assert_int_eq(chmod("in", 0755), 0);
    lose_rights();
    ck_assert_msg((text = read_it("in/deep/file", &want)) != NULL, "%s", why);
    file_wipe(text, 1);
    file_remedy("in/deep/file", EACCES, FILE_TEXT, folder, sizeof folder);
    ck_assert_msg(strstr(folder, "mode 644 lets user "), "%s", folder);
}
END_TEST

/* Of a file that is to be written: itself, or the folder that it is to be made in. */
START_TEST(what_may_not_be_written)
{
    bool root = geteuid() == 0;
    char words[FILE_REMEDY];

    put("old", "x", 1, root ? 0600 : 0);
    ck_assert_int_eq(mkdir("full", root ? 0755 : 0555), 0);
    lose_rights();
    file_remedy("old", EACCES, FILE_OUTPUT, words, sizeof words);
    ck_assert_msg(strstr(words, root ? " may not write to it, which is root's (mode 600): chgrp " : ": chmod u+rw it"),
                  "%s", words);
    file_remedy("full/new", EACCES, FILE_OUTPUT, words, sizeof words);
    ck_assert_msg(strstr(words, root ? " may not write to full, which is root's (mode 755): chgrp " : ": chmod u+wx it"),
                  "%s", words);
    ck_assert_msg(!root || strstr(words, " it and chmod g+wx it"), "%s", words);
    file_remedy("full/new", EROFS, FILE_OUTPUT, words, sizeof words);
    ck_assert_msg(strstr(words, "ReadWritePaths="), "%s", words);
    file_remedy("full/new", EROFS, FILE_TEXT, words, sizeof words);
    ck_assert_str_eq(words, "");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("file");
    TCase *tc = tcase_create("file");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, whole_up_to_the_bound);
    tcase_add_test(tc, what_it_is_not);
    tcase_add_test(tc, who_may_not_and_what_helps);
    tcase_add_test(tc, what_may_not_be_written);
    suite_add_tcase(s, tc);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
