/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_snmp_engine.c - the SNMP engine in its state folder: an id made once,
 * boots that only rise, ids that come and go, a command beside the daemon, and
 * what a damaged or unreachable file leads to. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/snmp_engine.h"
#include "tests/unit/scratch.h"

static char dir[256], file[300], err[1024];
static struct config config;

static void
setup(void)
{
    scratch_make(dir, sizeof dir);
    snprintf(file, sizeof file, "%s/snmp-engine", dir);
    config = (struct config){.state = dir, .pen = 32473};
    err[0] = '\0';
}

static void
teardown(void)
{
    scratch_remove(dir);
}

static struct snmp_engine
start(void)
{
    struct snmp_engine e;

    ck_assert_msg(snmp_engine_start(&config, err, sizeof err) == 0, "%s", err);
    ck_assert(snmp_engine_get(&e));
    return e;
}

static struct snmp_engine
join(void)
{
    struct snmp_engine e;

    ck_assert_msg(snmp_engine_join(&config, err, sizeof err) == 0, "%s", err);
    ck_assert(snmp_engine_get(&e));
    return e;
}

static void
configure(uint8_t last)
{
    static const uint8_t id[] = {0x80, 0, 0x7e, 0xd9, 5, 1, 2, 3};

    memcpy(config.engine_id, id, sizeof id);
    config.engine_id[7] = last;
    config.engine_id_n = sizeof id;
}

START_TEST(id_is_made_once)
{
    static const uint8_t head[] = {0x80, 0, 0x7e, 0xd9, 5}; /* enterprise 32473, octets */
    struct snmp_engine none, first, again, look;
    struct stat st;

    ck_assert(!snmp_engine_get(&none));
    ck_assert_int_eq(snmp_engine_look(&config, &look, err, sizeof err), 0);
    ck_assert_uint_eq(look.n, 0);
    first = start();
    ck_assert_uint_eq(first.n, 17);
    ck_assert_mem_eq(first.id, head, sizeof head);
    ck_assert_ptr_null(snmp_engine_id_fault(first.id, first.n));
    ck_assert_uint_eq(first.boots, 1);
    ck_assert_uint_le(snmp_engine_time(&first), 60);
    again = start();
    ck_assert_mem_eq(again.id, first.id, first.n);
    ck_assert_uint_eq(again.boots, 2);
    ck_assert_int_ge(again.since_ns, first.since_ns);
    ck_assert_int_eq(snmp_engine_look(&config, &look, err, sizeof err), 1);
    ck_assert_mem_eq(look.id, first.id, first.n);
    ck_assert_uint_eq(look.boots, 2);
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_int_eq(st.st_mode & 027, 0);
    /* Another folder, another id. */
    ck_assert_int_eq(unlink(file), 0);
    again = start();
    ck_assert_mem_ne(again.id, first.id, first.n);
    ck_assert_uint_eq(again.boots, 1);
}
END_TEST

START_TEST(beside_a_daemon_nothing_begins)
{
    struct snmp_engine e = start(), other = join();

    ck_assert_uint_eq(other.boots, e.boots);
    ck_assert_int_eq(other.since_ns, e.since_ns);
    /* Where none has begun, one does; then it goes on. */
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_uint_eq(join().boots, 1);
    ck_assert_uint_eq(join().boots, 1);
    ck_assert_uint_eq(start().boots, 2);
}
END_TEST

/* Its time would be of another run of the machine. */
START_TEST(after_a_reboot_a_command_begins)
{
    struct snmp_engine e;
    char hex[SNMP_ENGINE_HEX], text[300];

    e = start();
    snprintf(text, sizeof text, "truecause-snmp-engine 1\n%s 7 00000000-1111-2222-3333-444444444444 5\n",
             snmp_engine_hex(&e, hex));
    scratch_write(file, text);
    e = join();
    ck_assert_uint_eq(e.boots, 8);
    ck_assert_uint_le(snmp_engine_time(&e), 60);
}
END_TEST

START_TEST(ids_keep_their_boots)
{
    struct snmp_engine made = start(), e;

    configure(1);
    e = start();
    ck_assert_uint_eq(e.n, 8);
    ck_assert_uint_eq(e.boots, 1);
    ck_assert_uint_eq(start().boots, 2);
    for (uint8_t last = 2; last < 10; last++) {
        configure(last);
        ck_assert_uint_eq(start().boots, 1);
    }
    configure(1);
    ck_assert_uint_eq(start().boots, 3);
    /* Without an id in the configuration the last one stays. */
    config.engine_id_n = 0;
    e = start();
    ck_assert_uint_eq(e.id[7], 1);
    ck_assert_uint_eq(e.boots, 4);
    memcpy(config.engine_id, made.id, made.n);
    config.engine_id_n = made.n;
    ck_assert_uint_eq(start().boots, 2);
    /* So many are remembered, and no more. */
    for (uint8_t last = 20; last < 50; last++) {
        configure(last);
        ck_assert_uint_eq(start().boots, 1);
    }
    configure(49);
    ck_assert_uint_eq(start().boots, 2);
    configure(36);
    ck_assert_uint_eq(start().boots, 2);
    configure(1);
    ck_assert_uint_eq(start().boots, 1);
}
END_TEST

START_TEST(boots_stop_at_their_end)
{
    struct snmp_engine e;
    char text[300];

    configure(1);
    snprintf(text, sizeof text, "truecause-snmp-engine 1\n80007ed905010201 2147483645 - 5\n");
    scratch_write(file, text);
    e = start();
    ck_assert_uint_eq(e.boots, 2147483646);
    ck_assert(!snmp_engine_worn_out(&e));
    for (int i = 0; i < 3; i++) {
        e = start();
        ck_assert_uint_eq(e.boots, 2147483647);
        ck_assert(snmp_engine_worn_out(&e));
    }
    configure(2);
    e = start();
    ck_assert_uint_eq(e.boots, 1);
    ck_assert(!snmp_engine_worn_out(&e));
}
END_TEST

static const char *const damages[] = {
    "",
    "truecause-snmp-engine 1\n",
    "truecause-snmp-engine 2\n80007ed905010203 1 - 5\n",
    "truecause-snmp-engine 1\n80007ed905010203 0 - 5\n",
    "truecause-snmp-engine 1\n80007ed905010203 2147483648 - 5\n",
    "truecause-snmp-engine 1\n80007ed90501020 1 - 5\n",
    "truecause-snmp-engine 1\n80007e 1 - 5\n",
    "truecause-snmp-engine 1\n80007ed905010203 1 - 5",
    "truecause-snmp-engine 1\n80007ed905010203 1 - 5 more\n",
    "truecause-snmp-engine 1\n80007ed905010203 1 -\n",
};

START_TEST(damaged_file_is_no_new_beginning)
{
    struct snmp_engine look;
    char *text;
    size_t n;

    scratch_write(file, damages[_i]);
    ck_assert_int_eq(snmp_engine_start(&config, err, sizeof err), -EINVAL);
    ck_assert_msg(strncmp(err, file, strlen(file)) == 0, "%s", err);
    ck_assert_ptr_nonnull(strstr(err, "is damaged"));
    ck_assert_ptr_nonnull(strstr(err, "put it back from a copy, or remove it"));
    ck_assert_int_eq(snmp_engine_join(&config, err, sizeof err), -EINVAL);
    ck_assert_int_eq(snmp_engine_look(&config, &look, err, sizeof err), -EINVAL);
    text = scratch_read(file, &n);
    ck_assert_uint_eq(n, strlen(damages[_i]));
    free(text);
}
END_TEST

START_TEST(folder_that_is_not_there)
{
    struct snmp_engine look;
    char missing[300];

    snprintf(missing, sizeof missing, "%s/missing", dir);
    config.state = missing;
    configure(1);
    ck_assert_int_eq(snmp_engine_start(&config, err, sizeof err), -ENOENT);
    ck_assert_msg(strstr(err, "missing: cannot be opened") != NULL, "%s", err);
    ck_assert(!snmp_engine_get(&look));
    ck_assert_int_eq(snmp_engine_look(&config, &look, err, sizeof err), 0);
    ck_assert_uint_eq(look.n, 8);
    /* A folder where the new file should be: it cannot be written. */
    config.state = dir;
    snprintf(missing, sizeof missing, "%s/snmp-engine.new", dir);
    ck_assert_int_eq(mkdir(missing, 0700), 0);
    ck_assert_int_lt(snmp_engine_start(&config, err, sizeof err), 0);
    ck_assert_msg(strstr(err, "cannot be written") != NULL, "%s", err);
    ck_assert(!snmp_engine_get(&look));
}
END_TEST

START_TEST(ids_that_the_standard_allows)
{
    uint8_t id[33];

    memset(id, 0, sizeof id);
    ck_assert_ptr_nonnull(snmp_engine_id_fault(id, 12));
    id[0] = 1;
    ck_assert_ptr_null(snmp_engine_id_fault(id, 12));
    ck_assert_ptr_nonnull(snmp_engine_id_fault(id, 11));
    id[0] = 0x80;
    for (size_t n = 0; n <= 33; n++)
        ck_assert((snmp_engine_id_fault(id, n) == NULL) == (n >= 5 && n <= 32));
    memset(id, 0xff, sizeof id);
    ck_assert_ptr_nonnull(snmp_engine_id_fault(id, 12));
    id[11] = 0xfe;
    ck_assert_ptr_null(snmp_engine_id_fault(id, 12));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("snmp_engine");
    TCase *tc = tcase_create("engine");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, id_is_made_once);
    tcase_add_test(tc, beside_a_daemon_nothing_begins);
    tcase_add_test(tc, after_a_reboot_a_command_begins);
    tcase_add_test(tc, ids_keep_their_boots);
    tcase_add_test(tc, boots_stop_at_their_end);
    tcase_add_loop_test(tc, damaged_file_is_no_new_beginning, 0, sizeof damages / sizeof *damages);
    tcase_add_test(tc, folder_that_is_not_there);
    tcase_add_test(tc, ids_that_the_standard_allows);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
