/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_xml.c - the archive: valid after a clean stop, whole lines after
 * anything else; nothing lost, nothing twice that need not be. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forwarder/target_capture.h"
#include "tests/unit/archive.h"

START_TEST(is_valid_after_every_clean_stop)
{
    struct target *t;
    struct stat st;

    for (unsigned run = 0; run < 4; run++) {
        t = must_open();
        send_run(t, run * 10 + 1, 10);
        if (run % 2)
            must_flush(t);
        ck_assert_uint_eq(t->sent, 10);
        t->cls->close(t);
        expect_valid((run + 1) * 10);
        expect_items((run + 1) * 10);
    }
    t = must_open();
    t->cls->close(t);
    expect_valid(40);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0137, 0);
    target_xml_class.close(NULL);
}
END_TEST

START_TEST(holds_whole_lines_while_it_works)
{
    struct target *t = must_open();
    size_t n;
    char *all;

    send_run(t, 1, 5000);
    must_flush(t);
    expect_items(5000);
    all = scratch_read(path, &n);
    ck_assert_ptr_null(strstr(all, "</events>"));
    free(all);
    t->cls->close(t);
    expect_valid(5000);
}
END_TEST

START_TEST(writes_lines_with_their_namespace)
{
    struct target *t;
    size_t n;
    char *all, *line, *save = NULL;
    unsigned k = 0;

    tc.form_lines = true;
    for (unsigned run = 0; run < 2; run++) {
        t = must_open();
        send_run(t, run * 10 + 1, 10);
        t->cls->close(t);
    }
    all = scratch_read(path, &n);
    for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save), k++) {
        xmlDoc *doc = xmlReadMemory(line, (int) strlen(line), NULL, NULL, XML_PARSE_NONET);

        ck_assert_ptr_nonnull(doc);
        ck_assert_str_eq((const char *) xmlDocGetRootElement(doc)->ns->href, ITEM_XML_NS);
        xmlFreeDoc(doc);
    }
    ck_assert_uint_eq(k, 20);
    free(all);
}
END_TEST

static void
append(const void *p, size_t n)
{
    FILE *f = fopen(path, "a");

    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

/* What a crash can leave at the end; 'cut' true when the last whole item goes too. */
static const struct {
    const char *tail;
    size_t n;
} tails[] = {
    {"", 0},
    {"<", 1},
    {"<event id=\"0000\"", 16},
    {"</events>\n", 10},
    {"</events>", 9},
    {"</eve", 5},
    {"</events>\n<event id=\"", 21},
    {"\0\0\0\0\0\0\0\0", 8},
    {"\0\0\0\0\n\0\0\0\n", 9},
    {"\n", 1},
    {"\n\n\n", 3},
    {"<event id=\"0000\" class\n", 23},
    {"</events>\n\n", 11},
};

START_TEST(cuts_what_a_crash_left)
{
    struct target *t;
    bool lines = _i % 2;

    tc.form_lines = lines;
    t = must_open();
    send_run(t, 1, 10);
    t->cls->close(t);
    if (!lines) {
        struct stat st;

        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq(truncate(path, st.st_size - (off_t) strlen("</events>\n")), 0);
    }
    append(tails[_i / 2].tail, tails[_i / 2].n);
    t = must_open();
    send_run(t, 11, 10);
    t->cls->close(t);
    expect_items(20);
    if (!lines)
        expect_valid(20);
}
END_TEST

/* Killed while the opening lines, or any byte after them, were written. */
START_TEST(goes_on_from_any_length)
{
    struct target *t = must_open();
    size_t n, whole;
    char *all;

    send_sized(t, 1, 50);
    send_sized(t, 2, 50);
    t->cls->close(t);
    all = scratch_read(path, &n);
    for (size_t cut = 0; cut <= n; cut++) {
        FILE *f = fopen(path, "w");
        const char *p = all;

        ck_assert_uint_eq(fwrite(all, 1, cut, f), cut);
        ck_assert_int_eq(fclose(f), 0);
        whole = 0;
        while ((p = strstr(p, "</event>\n")) && (size_t) (p - all) + 9 <= cut) {
            p++;
            whole++;
        }
        t = must_open();
        for (unsigned k = (unsigned) whole + 1; k <= 3; k++)
            ck_assert_int_eq(send_sized(t, k, 50), 0);
        t->cls->close(t);
        expect_items(3);
        expect_valid(3);
    }
    free(all);
}
END_TEST

START_TEST(finds_the_end_behind_long_lines)
{
    struct target *t = must_open();

    for (unsigned k = 1; k <= 4; k++)
        ck_assert_int_eq(send_sized(t, k, 65536 - 700 + k * 177), 0);
    must_flush(t);
    t->cls->close(t);
    append("<event ", 7);
    for (unsigned k = 0; k < 300; k++)
        append("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
               200);
    t = must_open();
    ck_assert_int_eq(send_sized(t, 5, 300), 0);
    t->cls->close(t);
    expect_valid(5);
    expect_items(5);
}
END_TEST

static void
expect_refusal(const char *words)
{
    ck_assert_ptr_null(target_xml_class.open(&config, &tc, err, sizeof err));
    ck_assert_msg(strncmp(err, "main.xml:7: target 'archive': cannot write to ", 46) == 0, "%s", err);
    ck_assert_msg(strstr(err, words) != NULL, "\"%s\" says nothing of \"%s\"", err, words);
}

START_TEST(refuses_what_is_not_its_own)
{
    struct target *t;
    size_t n;
    char *all;

    scratch_write(path, "dear diary\n");
    expect_refusal("something else");
    tc.form_lines = true;
    expect_refusal("something else");
    all = scratch_read(path, &n);
    ck_assert_str_eq(all, "dear diary\n");
    free(all);
    tc.form_lines = false;
    scratch_write(path, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<events xmlns=\"urn:other\">\n<event/>\n</events>\n");
    expect_refusal("something else");
    scratch_write(path, "<event xmlns=\"x\"/>\n");
    expect_refusal("form=\"lines\"");
    unlink(path);
    t = must_open();
    t->cls->close(t);
    tc.form_lines = true;
    expect_refusal("something else");
    tc.form_lines = false;
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_refusal("not a regular file");
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_refusal("Is a directory");
    rmdir(path);
    ck_assert_int_eq(symlink("/dev/null", path), 0);
    expect_refusal("not a regular file");
    unlink(path);
    snprintf(path, sizeof path, "%s/none/x", dir);
    expect_refusal("make the folder above it first");
}
END_TEST

START_TEST(keeps_a_second_writer_out)
{
    struct target *t = must_open();

    expect_refusal("another program writes to it");
    t->cls->close(t);
    t = must_open();
    t->cls->close(t);
}
END_TEST

/* The disk is full in the middle: what goes again does not stand there twice. */
START_TEST(loses_and_doubles_nothing_on_a_full_disk)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct rlimit small = {700000, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
        struct target *t = must_open();
        unsigned done = 0, failures = 0;

        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        while (done < 3000) {
            unsigned k = done;
            int result = 0, refused;

            while (k < 3000 && k < done + 100 + done % 900 && (result = send_sized(t, k + 1, 300)) == 0)
                k++;
            /* A refused item leaves those before it to the flush that follows. */
            refused = result;
            if ((result = target_flush(t, 1000)) == 0)
                done = k;
            if (result == 0 && refused == 0)
                continue;
            if ((result != 0 && result != -EFBIG) || (refused != 0 && refused != -EFBIG) || !t->error[0])
                _exit(1);
            expect_items(done);
            if (++failures == 2)
                setrlimit(RLIMIT_FSIZE, &none);
        }
        t->cls->close(t);
        if (failures != 2 || t == NULL)
            _exit(2);
        expect_items(3000);
        expect_valid(3000);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(the_double_keeps_and_fails_as_told)
{
    struct target *t = target_capture_class.open(&config, &tc, err, sizeof err);
    const struct capture_item *items;
    unsigned n;

    ck_assert_int_eq(send_sized(t, 1, 10), 0);
    ck_assert_int_eq(target_flush(t, 0), 0);
    target_capture_fail_send(t, 1, -EAGAIN);
    ck_assert_int_eq(send_sized(t, 2, 10), -EAGAIN);
    ck_assert_int_eq(send_sized(t, 2, 10), 0);
    items = target_capture_items(t, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert(items[0].flushed && !items[1].flushed);
    ck_assert_uint_eq(items[1].seq, 2);
    ck_assert_int_eq(items[1].kind, ITEM_EVENT);
    ck_assert_int_eq(memcmp(items[1].xml, "<event ", 7), 0);
    target_capture_fail_flush(t, 1, -EIO);
    ck_assert_int_eq(target_flush(t, 0), -EIO);
    items = target_capture_items(t, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(target_flush(t, 0), 0);
    t->cls->close(t);
    target_capture_class.close(NULL);
}
END_TEST

START_TEST(the_table_knows_its_kinds)
{
    ck_assert_ptr_eq(target_find("xml"), &target_xml_class);
    ck_assert_ptr_eq(target_find("snmp"), &target_snmp_class);
    ck_assert_ptr_eq(target_find("syslog"), &target_syslog_class);
    ck_assert_ptr_null(target_find("capture"));
    ck_assert_ptr_null(target_find(""));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_xml");
    TCase *tc1 = tcase_create("target_xml");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc1, setup, teardown);
    tcase_set_timeout(tc1, 120);
    tcase_add_test(tc1, is_valid_after_every_clean_stop);
    tcase_add_test(tc1, holds_whole_lines_while_it_works);
    tcase_add_test(tc1, writes_lines_with_their_namespace);
    tcase_add_loop_test(tc1, cuts_what_a_crash_left, 0, 2 * (int) (sizeof tails / sizeof tails[0]));
    tcase_add_test(tc1, goes_on_from_any_length);
    tcase_add_test(tc1, finds_the_end_behind_long_lines);
    tcase_add_test(tc1, refuses_what_is_not_its_own);
    tcase_add_test(tc1, keeps_a_second_writer_out);
    tcase_add_test(tc1, loses_and_doubles_nothing_on_a_full_disk);
    tcase_add_test(tc1, the_double_keeps_and_fails_as_told);
    tcase_add_test(tc1, the_table_knows_its_kinds);
    suite_add_tcase(s, tc1);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
