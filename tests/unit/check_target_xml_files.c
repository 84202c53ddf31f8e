/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_xml_files.c - the archive's files: rotated, moved, removed and cut
 * by others, and left by a program that was killed. */
#include "build.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forwarder/rotate.h"
#include "tests/unit/archive.h"

/* --- what stands in the files ---------------------------------------------------------- */

static unsigned
count_children(const char *file)
{
    xmlDoc *doc = xmlReadFile(file, NULL, XML_PARSE_NONET);
    unsigned n;

    ck_assert_msg(doc != NULL, "%s", file);
    n = (unsigned) xmlChildElementCount(xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    return n;
}

/* Events from 'first' on stand in the file one a line, in order, each whole: 'n'
 * of them, or any number if that is ANY; as a document with its closing tag if
 * 'closed'.  How many there are. */
enum { ANY = -1 };

static unsigned
expect_run(const char *file, unsigned first, int n, bool closed)
{
    size_t size;
    char *all = scratch_read(file, &size), *p = all;
    unsigned k = 0;

    while ((p = strstr(p, "<event "))) {
        ck_assert(p == all || p[-1] == '\n');
        ck_assert_int_eq(strncmp(p + 6, " xmlns=\"" ITEM_XML_NS "\"", 30) == 0, tc.form_lines);
        ck_assert_ptr_nonnull(p = strstr(p, " id=\""));
        ck_assert_uint_eq(strtoul(p + 5 + 24, NULL, 16), first + k++);
        ck_assert_ptr_nonnull(p = strchr(p, '\n'));
        ck_assert_int_eq(memcmp(p - 8, "</event>", 8), 0);
    }
    ck_assert(size == 0 || all[size - 1] == '\n');
    free(all);
    if (n != ANY)
        ck_assert_uint_eq(k, (unsigned) n);
    if (closed)
        ck_assert_uint_eq(count_children(file), k);
    return k;
}

static void
expect_text(const char *file, const char *text)
{
    size_t size;
    char *all = scratch_read(file, &size);

    ck_assert_str_eq(all, text);
    free(all);
}

/* In bytes, whatever the locale: names sort as they were made. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_rotated(const struct dirent *e)
{
    return strncmp(e->d_name, "events-", 7) == 0;
}

/* The rotated files by their dates, then the live one, after a clean stop:
 * together they hold the items from 1 on in order.  The number of items;
 * '*rotated' the number of files but the live one. */
static unsigned
expect_generations(unsigned *rotated)
{
    struct dirent **names;
    unsigned next = 1;
    int count = scandir(dir, &names, is_rotated, by_name);
    char file[600];

    ck_assert_int_ge(count, 0);
    for (int i = 0; i < count; i++) {
        ck_assert_str_eq(strrchr(names[i]->d_name, '.'), ".xml");
        snprintf(file, sizeof file, "%s/%s", dir, names[i]->d_name);
        next += expect_run(file, next, ANY, !tc.form_lines);
        free(names[i]);
    }
    free(names);
    next += expect_run(path, next, ANY, !tc.form_lines);
    *rotated = (unsigned) count;
    return next - 1;
}

/* --- what others do ---------------------------------------------------------------------- */

/* What another program does to the file costs nothing that is ours: one that is
 * moved is finished, and the next items stand in a new one. */
START_TEST(begins_anew_when_its_file_is_moved)
{
    struct target *t;
    char other[400];

    tc.form_lines = _i;
    t = must_open();
    send_run(t, 1, 10);
    must_flush(t);
    snprintf(other, sizeof other, "%s.old", path);
    ck_assert_int_eq(rename(path, other), 0);
    send_run(t, 11, 10);
    must_flush(t);
    ck_assert_uint_eq(t->sent, 20);
    expect_run(other, 1, 10, !_i);
    t->cls->close(t);
    expect_run(path, 11, 10, !_i);
}
END_TEST

/* Idle, it is looked at once a second. */
START_TEST(notices_a_move_while_it_is_idle)
{
    struct target *t = must_open();
    char other[400];
    uint64_t safe;

    send_run(t, 1, 10);
    must_flush(t);
    snprintf(other, sizeof other, "%s.old", path);
    ck_assert_int_eq(rename(path, other), 0);
    for (unsigned i = 0; access(path, F_OK) != 0; i++) {
        ck_assert_uint_lt(i, 500);
        ck_assert_int_eq(t->cls->settle(t, 0, &safe), 0);
        ck_assert_uint_eq(safe, 10);
        poll(NULL, 0, 10);
    }
    expect_run(other, 1, 10, true);
    t->cls->close(t);
    expect_run(path, 1, 0, true); /* nothing, and valid */
}
END_TEST

/* What was written, not safe yet, and is gone with the file goes again. */
START_TEST(removed_and_cut_files_are_begun_anew)
{
    struct target *t = must_open();
    uint64_t safe = 0;

    send_run(t, 1, 10);
    must_flush(t);
    ck_assert_int_eq(unlink(path), 0);
    send_run(t, 11, 5); /* in the buffer still: they go into the new file */
    must_flush(t);
    expect_run(path, 11, 5, false);
    ck_assert_int_eq(send_sized(t, 16, 200000), 0);
    ck_assert_int_eq(send_sized(t, 17, 200000), 0); /* 16 is in the file, not on disk */
    ck_assert_int_eq(_i ? truncate(path, 100) : unlink(path), 0);
    ck_assert_int_eq(send_sized(t, 18, 200000), -ESTALE);
    ck_assert_int_eq(send_sized(t, 18, 200000), -ESTALE); /* until it is told what is safe */
    ck_assert_int_eq(t->cls->settle(t, 0, &safe), -ESTALE);
    ck_assert_uint_eq(safe, 15);
    ck_assert_uint_eq(t->taken, 15);
    ck_assert_uint_eq(t->sent, 15);
    ck_assert_int_eq(t->cls->settle(t, 0, &safe), 0);
    send_run(t, 16, 3);
    t->cls->close(t);
    expect_run(path, 16, 3, true);
}
END_TEST

/* --- rotation ------------------------------------------------------------------------ */

START_TEST(rotates_by_size)
{
    struct target *t;
    unsigned rotated;

    tc.form_lines = _i;
    tc.rotate_bytes = 70000;
    t = must_open();
    for (unsigned k = 1; k <= 2000; k += 50) {
        send_run(t, k, 50);
        must_flush(t);
        ck_assert_uint_eq(t->sent, k + 49);
    }
    t->cls->close(t);
    ck_assert_uint_eq(expect_generations(&rotated), 2000);
    ck_assert_uint_gt(rotated, 5); /* in the same second: names of their own */
}
END_TEST

START_TEST(rotates_by_time)
{
    struct target *t;
    unsigned rotated, files = 0;
    uint64_t safe;

    tc.rotate_ns = 300 * INT64_C(1000000);
    t = must_open();
    send_run(t, 1, 5);
    must_flush(t);
    /* Also without any item after the last. */
    for (unsigned i = 0; scratch_count(dir, "events") < 2; i++) {
        ck_assert_uint_lt(i, 500);
        ck_assert_int_eq(t->cls->settle(t, 0, &safe), 0);
        ck_assert_uint_eq(safe, 5);
        poll(NULL, 0, 10);
    }
    /* An empty one does not rotate.  On a slow machine the items may be in two files, and
     * the second of them rotates, too. */
    for (unsigned i = 0; i < 100; i++) {
        if (i == 50)
            files = scratch_count(dir, "events");
        ck_assert_int_eq(t->cls->settle(t, 0, &safe), 0);
        poll(NULL, 0, 10);
    }
    ck_assert_uint_eq(scratch_count(dir, "events"), files);
    send_run(t, 6, 5);
    must_flush(t);
    t->cls->close(t);
    ck_assert_uint_eq(expect_generations(&rotated), 10);
    ck_assert_uint_ge(rotated, 1);
}
END_TEST

/* A name that somebody has is left alone, and a folder that takes no new names
 * costs no item. */
START_TEST(rotation_replaces_nothing)
{
    char taken[400], name[500];
    int64_t now = INT64_C(905446537) * 1000000000;

    ck_assert_int_eq(rotate_name("/a.b/events.xml", now, 0, name, sizeof name), 0);
    ck_assert_str_eq(name, "/a.b/events-19980910-165537.xml");
    ck_assert_int_eq(rotate_name("/a.b/events", now, 2, name, sizeof name), 0);
    ck_assert_str_eq(name, "/a.b/events-19980910-165537_002");
    ck_assert_int_eq(rotate_name(".events", now, 0, name, sizeof name), 0);
    ck_assert_str_eq(name, ".events-19980910-165537");
    ck_assert_int_eq(rotate_name("/a.b/events", now, 2, name, 10), -ENAMETOOLONG);
    snprintf(taken, sizeof taken, "%s/events-19980910-165537.xml", dir);
    scratch_write(taken, "somebody's");
    scratch_write(path, "ours");
    ck_assert_int_eq(rotate_rename(path, now), 0);
    expect_text(taken, "somebody's");
    snprintf(name, sizeof name, "%s/events-19980910-165537_001.xml", dir);
    expect_text(name, "ours");
    ck_assert_int_eq(rotate_rename(path, now), -ENOENT);
}
END_TEST

/* --- crashes ------------------------------------------------------------------------- */

/* Killed at any instant: each item that was called safe stands there, whole and
 * once, and the archive is valid after the next clean stop. */
START_TEST(keeps_what_was_safe_over_a_kill)
{
    unsigned have = 0, safe_before = 0, rotated = 0;

    tc.form_lines = _i % 2;
    tc.rotate_bytes = _i / 2 ? 65536 : 0;
    for (unsigned round = 0; round < 12; round++) {
        int tell[2], status;
        uint64_t safe = 0, told;
        pid_t child;
        struct target *t;

        ck_assert_int_eq(pipe(tell), 0);
        if ((child = fork()) == 0) {
            t = target_xml_class.open(&config, &tc, err, sizeof err);
            if (!t)
                _exit(3);
            for (unsigned k = have + 1;; k++) {
                if (send_sized(t, k, 100 + k % 1500) != 0)
                    _exit(1);
                if (k % 7 == 0 && (t->cls->settle(t, 0, &safe) != 0
                                   || write(tell[1], &safe, sizeof safe) != (ssize_t) sizeof safe))
                    _exit(2);
            }
        }
        close(tell[1]);
        for (unsigned i = 0; i < 5 + round * 3; i++)
            if (read(tell[0], &told, sizeof told) == (ssize_t) sizeof told)
                safe = told;
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
        while (read(tell[0], &told, sizeof told) == (ssize_t) sizeof told)
            safe = told;
        close(tell[0]);
        ck_assert_uint_gt(safe, safe_before);
        t = must_open();
        t->cls->close(t);
        have = expect_generations(&rotated);
        ck_assert_msg(have >= safe, "%llu were safe, %u are there", (unsigned long long) safe, have);
        safe_before = (unsigned) safe;
    }
    ck_assert(rotated > 0 || _i < 2);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_xml_files");
    TCase *c = tcase_create("files");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, begins_anew_when_its_file_is_moved, 0, 2);
    tcase_add_test(c, notices_a_move_while_it_is_idle);
    tcase_add_loop_test(c, removed_and_cut_files_are_begun_anew, 0, 2);
    tcase_add_loop_test(c, rotates_by_size, 0, 2);
    tcase_add_test(c, rotates_by_time);
    tcase_add_test(c, rotation_replaces_nothing);
    tcase_add_loop_test(c, keeps_what_was_safe_over_a_kill, 0, 4);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
