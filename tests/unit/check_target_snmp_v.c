/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_snmp_v.c - SNMPv1 and SNMPv3 on the wire: the translation of
 * RFC 3584, the header and parameters of SNMPv3, engine id, boots and a time that
 * goes on, every algorithm's sizes, and the budget with all of it. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/snmp_engine.h"
#include "forwarder/snmp_usm.h"
#include "parsers/when.h"
#include "tests/unit/scratch.h"
#include "tests/unit/snmp_receiver.h"

#define ENGINE "80007ed9056f7572732d313233"

static char dir[256];

static void
setup(void)
{
    receiver_open();
    scratch_make(dir, sizeof dir);
    config_default.state = dir;
}

static void
teardown(void)
{
    receiver_close();
    scratch_remove(dir);
}

static void
start_engine(void)
{
    char err[600] = "";

    for (config_default.engine_id_n = 0; config_default.engine_id_n < strlen(ENGINE) / 2; config_default.engine_id_n++) {
        const char *p = &ENGINE[2 * config_default.engine_id_n];

        config_default.engine_id[config_default.engine_id_n] = (uint8_t) strtoul((char[3]){p[0], p[1], 0}, NULL, 16);
    }
    ck_assert_msg(snmp_engine_start(&config_default, err, sizeof err) == 0, "%s", err);
}

static void
use_user(const char *auth, const char *priv)
{
    static char three[] = "3", user[] = "ada", context[] = "lovelace", auths[32], privs[32];

    target_default.version = three;
    target_default.community = NULL;
    target_default.user = user;
    target_default.context = context;
    snprintf(auths, sizeof auths, "%s", auth ? auth : "");
    snprintf(privs, sizeof privs, "%s", priv ? priv : "");
    target_default.auth = auth ? auths : NULL;
    target_default.priv = priv ? privs : NULL;
    if (auth)
        ck_assert(snmp_usm_key(auth, "the first pass phrase", &target_default.auth_key));
    if (priv)
        ck_assert(snmp_usm_key(auth, "the second pass phrase", &target_default.priv_key));
}

/* --- SNMPv1 --------------------------------------------------------------------- */

START_TEST(v1_is_translated)
{
    static const uint8_t known[4] = {192, 0, 2, 10}, own[4] = {127, 0, 0, 1};
    static char one[] = "1";
    struct alarm_item a = sample();
    struct datagram two, d;

    round_trip(&a, &two);
    target_default.version = one;
    round_trip(&a, &d);
    ck_assert_int_eq(d.version, 0);
    ck_assert_int_eq(d.pdu, 0xa4);
    ck_assert_str_eq(d.community, "public");
    ck_assert_str_eq(d.enterprise, DEFAULT_ROOT);
    ck_assert_int_eq(d.generic, 6);
    ck_assert_int_eq(d.ticks, 9000);
    ck_assert_mem_eq(d.agent, known, 4);
    /* The notification's number, which version 2 has at the end of its OID. */
    ck_assert_str_eq(two.varbind[1].text, DEFAULT_ROOT ".0.2");
    ck_assert_int_eq(d.specific, 2);
    /* Behind that, the same varbinds. */
    ck_assert_uint_eq(d.n, two.n - 2);
    for (unsigned i = 0; i < d.n; i++)
        ck_assert_mem_eq(&d.varbind[i], &two.varbind[i + 2], sizeof d.varbind[i]);
    /* Of a computer without an address of IPv4, it is ours that counts. */
    a.f.address = STR("2001:db8::10");
    round_trip(&a, &d);
    ck_assert_mem_eq(d.agent, own, 4);
}
END_TEST

/* --- SNMPv3 --------------------------------------------------------------------- */

START_TEST(v3_names_engine_user_and_context)
{
    struct alarm_item a = sample();
    struct datagram two, d;

    round_trip(&a, &two);
    start_engine();
    use_user(NULL, NULL);
    round_trip(&a, &d);
    ck_assert_int_eq(d.version, 3);
    ck_assert_int_eq(d.model, 3);
    ck_assert_int_eq(d.flags, 0); /* nobody is to report on a trap */
    ck_assert_int_ge(d.max_size, 484);
    ck_assert_str_eq(d.engine, ENGINE);
    ck_assert_str_eq(d.context_engine, ENGINE);
    ck_assert_str_eq(d.user, "ada");
    ck_assert_str_eq(d.context, "lovelace");
    ck_assert_int_eq(d.pdu, 0xa7);
    ck_assert_uint_eq(d.n, two.n);
    for (unsigned i = 0; i < d.n; i++)
        ck_assert_mem_eq(&d.varbind[i], &two.varbind[i], sizeof d.varbind[i]);
}
END_TEST

START_TEST(v3_time_goes_on)
{
    const struct timespec pause = {2, 100000000};
    struct alarm_item a = sample();
    struct datagram first, second;
    struct target *t;

    start_engine();
    use_user("sha256", NULL);
    t = open_target();
    ck_assert_int_eq(send_alarm(t, &a), 0);
    ck_assert(receive(&first, 60000));
    nanosleep(&pause, NULL);
    ck_assert_int_eq(send_alarm(t, &a), 0);
    ck_assert(receive(&second, 60000));
    target_snmp_class.close(t);
    ck_assert_int_eq(first.boots, 1);
    ck_assert_int_eq(second.boots, 1);
    ck_assert_int_ge(first.time, 0);
    ck_assert_int_ge(second.time, first.time + 1);
}
END_TEST

static const struct {
    const char *auth, *priv;
    size_t mac;
} algorithms[] = {
    {"sha1", NULL, 12},
    {"sha224", NULL, 16},
    {"sha256", NULL, 24},
    {"sha384", NULL, 32},
    {"sha512", NULL, 48},
    {"sha1", "aes128", 12},
    {"sha1", "aes192-blumenthal", 12},
    {"sha1", "aes192-reeder", 12},
    {"sha224", "aes256-blumenthal", 16},
    {"sha224", "aes256-reeder", 16},
    {"sha512", "aes256-reeder", 48},
};

/* The size is foretold, and the budget holds. */
START_TEST(v3_every_algorithm)
{
    static char advice[3000];
    struct alarm_item a = sample();
    struct snmp_envelope envelope;
    struct datagram d;

    memset(advice, 'x', sizeof advice);
    a.action = str_make(advice, sizeof advice);
    start_engine();
    use_user(algorithms[_i].auth, algorithms[_i].priv);
    round_trip(&a, &d);
    ck_assert_int_eq(d.flags, algorithms[_i].priv ? 3 : 1);
    ck_assert_uint_eq(d.mac, algorithms[_i].mac);
    ck_assert_uint_eq(d.salt, algorithms[_i].priv ? 8 : 0);
    ck_assert_uint_le(d.size, target_default.pdu_size);
    ck_assert_uint_gt(d.size, target_default.pdu_size - 32);
    snmp_envelope_of(&envelope, &target_default);
    ck_assert_uint_eq(envelope.mac, algorithms[_i].mac);
}
END_TEST

/* One name, two receivers, two keys: each gets its own, however they alternate. */
START_TEST(v3_one_name_with_two_keys)
{
    struct config_target other;
    struct alarm_item a = sample();
    struct target *first, *second;
    struct datagram d;
    char err[512];

    start_engine();
    use_user("sha512", NULL);
    other = target_default;
    ck_assert(snmp_usm_key("sha1", "another pass phrase", &other.auth_key));
    other.auth = (char[]){"sha1"};
    first = open_target();
    second = target_snmp_class.open(&config_default, &other, err, sizeof err);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(send_alarm(first, &a), 0);
        ck_assert(receive(&d, 60000));
        ck_assert_uint_eq(d.mac, 48);
        ck_assert_int_eq(send_alarm(second, &a), 0);
        ck_assert(receive(&d, 60000));
        ck_assert_uint_eq(d.mac, 12);
    }
    target_snmp_class.close(second);
    ck_assert_int_eq(send_alarm(first, &a), 0);
    ck_assert(receive(&d, 60000));
    ck_assert_uint_eq(d.mac, 48);
    target_snmp_class.close(first);
}
END_TEST

START_TEST(worn_out_engine_is_refused)
{
    char path[300], text[200], err[600] = "";
    struct alarm_item a = sample();
    struct datagram d;
    struct target *t;

    snprintf(path, sizeof path, "%s/snmp-engine", dir);
    snprintf(text, sizeof text, "truecause-snmp-engine 1\n" ENGINE " 2147483646 - 0\n");
    scratch_write(path, text);
    start_engine();
    use_user("sha256", NULL);
    t = target_snmp_class.open(&config_default, &target_default, err, sizeof err);
    ck_assert_ptr_null(t);
    ck_assert_msg(strstr(err, "truecause.xml:7: target 'nms': the SNMP engine " ENGINE " has begun 2147483647 times") != NULL,
                  "%s", err);
    ck_assert_ptr_nonnull(strstr(err, "set another engine-id"));
    /* What is not authenticated compares no boots. */
    use_user(NULL, NULL);
    round_trip(&a, &d);
    ck_assert_int_eq(d.version, 3);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_snmp_v");
    TCase *tc = tcase_create("versions");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, v1_is_translated);
    tcase_add_test(tc, v3_names_engine_user_and_context);
    tcase_add_test(tc, v3_time_goes_on);
    tcase_add_loop_test(tc, v3_every_algorithm, 0, sizeof algorithms / sizeof *algorithms);
    tcase_add_test(tc, v3_one_name_with_two_keys);
    tcase_add_test(tc, worn_out_engine_is_refused);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
