/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_follow_drop.c - a folder into which whole files are put: each is read
 * once, when it is complete, and not again. */
#include "build.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/follow_drop.h"
#include "tests/unit/follow_log.h"

static void
setup_drop(void)
{
    setup();
    snprintf(pattern, sizeof pattern, "%s/*", dir);
    t->read_once = true;
}

/* From now on a file that is closed is noticed at once. */
static void
begin(void)
{
    start();
    TAKER_WAIT(t, t->seen == 1);
}

static struct taken *
file(const char *name)
{
    return taker_log(t, at(name));
}

/* The file came whole: what it holds, and its end. */
static bool
came(const char *name, const char *text)
{
    const struct taken *g = file(name);

    return g && g->final && g->gone && g->n == strlen(text) && memcmp(g->bytes, text, g->n) == 0;
}

/* What is put there now is noticed, and is complete, before 'name' is read. */
static void
mark(const char *name)
{
    scratch_write(at(name), "mark\n");
    TAKER_WAIT(t, came(name, "mark\n"));
}

START_TEST(reads_each_file_once)
{
    uint64_t bytes;

    scratch_write(at("a.log"), "one\ntwo\n");
    scratch_write(at("b.csv"), "three");
    scratch_write(at("empty"), "");
    begin();
    TAKER_WAIT(t, came("a.log", "one\ntwo\n") && came("b.csv", "three") && file("empty") && file("empty")->gone);
    ck_assert_uint_eq(t->seen, 1);
    scratch_write(at("c.xml"), "<x/>");
    TAKER_WAIT(t, came("c.xml", "<x/>"));
    mark("d");
    bytes = t->bytes;
    taker_stop(t);
    begin();
    mark("e");
    ck_assert_uint_eq(t->bytes, bytes + 5);
    ck_assert_uint_eq(file("a.log")->files, 1);
    ck_assert_uint_eq(t->trouble[FOLLOW_MISSING] + t->trouble[FOLLOW_UNREADABLE], 0);
}
END_TEST

START_TEST(waits_until_the_writer_is_done)
{
    int fd;

    begin();
    mark("first");
    ck_assert_int_ge(fd = open(at("slow.log"), O_WRONLY | O_CREAT, 0600), 0);
    ck_assert_int_eq(write(fd, "half of it", 10), 10);
    mark("second");
    ck_assert_ptr_null(file("slow.log"));
    ck_assert_int_eq(write(fd, " and the rest", 13), 13);
    close(fd);
    TAKER_WAIT(t, came("slow.log", "half of it and the rest"));
    ck_assert_uint_eq(file("slow.log")->files, 1);
}
END_TEST

START_TEST(passes_by_names_of_what_is_not_whole)
{
    static const char *const names[] = {".hidden", "x.tmp", "x.log~", "y.part", "Y.FILEPART"};

    begin();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        scratch_write(at(names[i]), "not yet\n");
    mark("mark");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_ptr_null(file(names[i]));
    move("x.tmp", "x.log");
    TAKER_WAIT(t, came("x.log", "not yet\n"));
}
END_TEST

START_TEST(goes_on_in_a_file_that_has_grown)
{
    begin();
    scratch_write(at("a.log"), "the first export\n");
    TAKER_WAIT(t, came("a.log", "the first export\n"));
    put(at("a.log"), "and more\n", 9, O_APPEND);
    TAKER_WAIT(t, came("a.log", "the first export\nand more\n"));
    ck_assert_uint_eq(file("a.log")->resumes, 1);
    taker_stop(t);
    put(at("a.log"), "third\n", 6, O_APPEND);
    begin();
    TAKER_WAIT(t, came("a.log", "the first export\nand more\nthird\n"));
    ck_assert_uint_eq(file("a.log")->resumes, 2);
}
END_TEST

START_TEST(reads_another_file_of_the_same_name_whole)
{
    begin();
    scratch_write(at("a.log"), "monday's export\n");
    TAKER_WAIT(t, came("a.log", "monday's export\n"));
    scratch_write(at("a.log.tmp"), "tuesday's export, longer\n");
    move("a.log.tmp", "a.log");
    TAKER_WAIT(t, came("a.log", "monday's export\ntuesday's export, longer\n"));
    ck_assert_uint_eq(file("a.log")->files, 2);
    ck_assert_uint_eq(file("a.log")->resumes, 0);
}
END_TEST

START_TEST(touching_a_file_reads_nothing_again)
{
    const struct timespec now[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    begin();
    scratch_write(at("a.log"), "once\n");
    TAKER_WAIT(t, came("a.log", "once\n"));
    ck_assert_int_eq(utimensat(AT_FDCWD, at("a.log"), now, 0), 0);
    TAKER_WAIT(t, file("a.log")->files == 2 && file("a.log")->gone);
    ck_assert(came("a.log", "once\n"));
    ck_assert_uint_eq(file("a.log")->resumes, 1);
}
END_TEST

START_TEST(unpacks_and_tells_of_what_is_damaged)
{
    char text[40001], half[64];
    int fd;
    ssize_t n;
    gzFile gz;

    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = (char) ('a' + rand() % 26);
    text[sizeof text - 1] = '\0';
    ck_assert_ptr_nonnull(gz = gzopen(at("whole.tmp"), "wb"));
    ck_assert_int_eq(gzwrite(gz, text, sizeof text - 1), sizeof text - 1);
    ck_assert_int_eq(gzclose(gz), Z_OK);
    begin();
    ck_assert_int_ge(fd = open(at("whole.tmp"), O_RDONLY), 0);
    n = read(fd, half, sizeof half);
    close(fd);
    put(at("bad.gz.tmp"), half, (size_t) n, O_TRUNC);
    move("bad.gz.tmp", "bad.gz");
    TAKER_WAIT(t, t->trouble[FOLLOW_UNREADABLE] == 1);
    ck_assert_msg(strstr(t->text, "bad.gz cannot be read: what is packed in it ends early") != NULL, "%s", t->text);
    ck_assert(!file("bad.gz")->final);
    move("whole.tmp", "bad.gz");
    TAKER_WAIT(t, file("bad.gz")->final && file("bad.gz")->gone && t->well[FOLLOW_UNREADABLE] == 1);
    ck_assert(memcmp(file("bad.gz")->bytes + file("bad.gz")->n - (sizeof text - 1), text, sizeof text - 1) == 0);
}
END_TEST

START_TEST(a_single_pass_takes_what_is_there)
{
    struct follow_status s;

    scratch_write(at("a.log"), "a\n");
    scratch_write(at("b.log.tmp"), "b\n");
    taker_start(t, pattern, POLL_MS, true, BUDGET);
    TAKER_WAIT(t, (follow_status(t->follow, &s), s.ended));
    ck_assert(came("a.log", "a\n"));
    ck_assert_ptr_null(file("b.log.tmp"));
}
END_TEST

START_TEST(holds_no_more_than_its_budget)
{
    static char line[100001];

    memset(line, 'x', sizeof line - 1);
    for (int i = 0; i < 40; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.log", i);
        scratch_write(at(name), line);
    }
    t->keep = true;
    taker_start(t, pattern, POLL_MS, true, 1 << 20);
    TAKER_WAIT(t, t->held_bytes >= 900000);
    ck_assert_uint_le(t->held_most, (1 << 20) + DROP_READING * FOLLOW_LOOK);
    for (int left = 40; left;) {
        taker_release(t);
        left = 0;
        pthread_mutex_lock(&t->lock); /* the thread goes on */
        for (int i = 0; i < 40; i++) {
            char name[32];

            snprintf(name, sizeof name, "%d.log", i);
            left += !came(name, line);
        }
        pthread_mutex_unlock(&t->lock);
    }
}
END_TEST

START_TEST(an_empty_folder_is_no_trouble_but_none_is)
{
    char missing[600];

    begin();
    mark("mark");
    ck_assert_uint_eq(t->trouble[FOLLOW_MISSING], 0);
    taker_stop(t);
    snprintf(missing, sizeof missing, "%s/none/*", dir);
    taker_start(t, missing, POLL_MS, false, BUDGET);
    TAKER_WAIT(t, t->trouble[FOLLOW_MISSING] == 1);
    ck_assert_int_eq(mkdir(at("none"), 0700), 0);
    TAKER_WAIT(t, t->well[FOLLOW_MISSING] == 1);
    scratch_write(at("none/x"), "here\n");
    TAKER_WAIT(t, came("none/x", "here\n"));
}
END_TEST

START_TEST(forgets_the_oldest_of_too_many_that_are_gone)
{
    char name[64];

    begin();
    mark("mark");
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        scratch_write(at(name), "x\n");
        TAKER_WAIT(t, came(name, "x\n"));
        ck_assert_int_eq(unlink(at(name)), 0);
    }
    mark("again");
    ck_assert_uint_eq(t->forgotten, 0); /* a share that is away is not an empty one */
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("follow_drop");
    TCase *c = tcase_create("drop");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(c, setup_drop, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, reads_each_file_once);
    tcase_add_test(c, waits_until_the_writer_is_done);
    tcase_add_test(c, passes_by_names_of_what_is_not_whole);
    tcase_add_test(c, goes_on_in_a_file_that_has_grown);
    tcase_add_test(c, reads_another_file_of_the_same_name_whole);
    tcase_add_test(c, touching_a_file_reads_nothing_again);
    tcase_add_test(c, unpacks_and_tells_of_what_is_damaged);
    tcase_add_test(c, a_single_pass_takes_what_is_there);
    tcase_add_test(c, holds_no_more_than_its_budget);
    tcase_add_test(c, an_empty_folder_is_no_trouble_but_none_is);
    tcase_add_test(c, forgets_the_oldest_of_too_many_that_are_gone);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
