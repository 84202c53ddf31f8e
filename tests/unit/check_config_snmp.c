/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_config_snmp.c - how an snmp target proves who it is, and our engine's id:
 * what is read, what is refused and in which words. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "forwarder/config.h"
#include "tests/unit/config_load.h"
#include "tests/unit/scratch.h"

#define V3(more) HEAD "<target name=\"a\" type=\"snmp\" version=\"3\" address=\"udp:h\" " more "/>" TAIL
static const struct {
    const char *text, *words;
} refusals[] = {
    {V3(""), "main.xml:2: error: target \"a\" has no user, which SNMPv3 needs: add user="},
    {V3("user=\"u\" community-file=\"c\""), "SNMPv3 has no community: remove community-file"},
    {V3("user=\"u\" auth=\"md5\" auth-file=\"long\""), "auth=\"md5\" is refused: MD5 has been broken for years"},
    {V3("user=\"u\" auth=\"MD5\" auth-file=\"long\""), "write \"sha256\", or another SHA that the receiver knows"},
    {V3("user=\"u\" auth=\"sha\" auth-file=\"long\""), "auth=\"sha\" is not valid; did you mean \"sha1\"?"},
    {V3("user=\"u\" auth=\"whirlpool\" auth-file=\"long\""), "auth=\"whirlpool\" is not valid: write \"sha1\", "},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"long\" priv=\"des\" priv-file=\"long\""), "priv=\"des\" is refused: DES has keys"},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"long\" priv=\"aes256\" priv-file=\"long\""),
     "priv=\"aes256\" is refused: there are two incompatible forms of AES-256"},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"long\" priv=\"AES-192\" priv-file=\"long\""), "two incompatible forms of AES-192"},
    {V3("user=\"u\" auth=\"sha1\""), "auth without auth-file: add auth-file="},
    {V3("user=\"u\" auth-file=\"long\""), "auth-file without auth: add auth="},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"long\" priv=\"aes128\""), "priv without priv-file"},
    {V3("user=\"u\" priv=\"aes128\" priv-file=\"long\""), "priv without auth: SNMPv3 encrypts nothing that it does not auth"},
    {V3("user=\"u\"\nauth=\"sha1\"\nauth-file=\"short\""),
     "main.xml:4: error: auth-file: the pass phrase has 7 characters, and SNMPv3 wants at least 8 (RFC 3414)"},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"nowhere\""), "nowhere: No such file or directory: make it, with the pass phrase in it"},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"open\""), "can be read by others than its owner"},
    {V3("user=\"123456789012345678901234567890123\""), "user=\"123456789012345678901234567890123\" is not valid: write a name of 1"},
    {V3("user=\"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
        "\xc3\xbc\xc3\xbc\""),
     "has 34 octets in UTF-8, and SNMPv3 allows 32"},
    {HEAD "<target name=\"a\" type=\"snmp\" user=\"u\" address=\"udp:h\" community-file=\"c\"/>" TAIL,
     "\"user\" is of SNMPv3, and this target has version=\"2c\": write version=\"3\", or remove it"},
    {HEAD "<target name=\"a\" type=\"snmp\" version=\"1\" address=\"udp:h\" community-file=\"long\"\nnotification=\"inform\"/>" TAIL,
     "main.xml:3: error: SNMPv1 has no informs: write notification=\"trap\""},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"long\" priv=\"aes-256-C\" priv-file=\"long\""), "write \"aes256-reeder\", which is the AES"},
    {V3("user=\"u\" auth=\"sha1\" auth-file=\"long\" priv=\"3des\" priv-file=\"long\""), "priv=\"3des\" is refused: no standard"},
    {V3("user=\"u\" auth=\"sha512\" auth-file=\"long\" pdu-size=\"1024\" notification=\"inform\""),
     "main.xml:2: error: pdu-size 1024 is too small for what every notification of target \"a\" holds: write 11"},
    {V3("user=\"u\" engine-id=\"8000000001\""), "\"engine-id\" holds for all: write it into <truecause>, not <target>"},
    {HEAD "<target name=\"a\" type=\"snmp\" version=\"2\" address=\"udp:h\" community-file=\"long\"/>" TAIL,
     "version=\"2\" is not valid; did you mean \"2c\"?"},
    {HEAD "<target name=\"a\" type=\"snmp\" version=\"4\" address=\"udp:h\" community-file=\"long\"/>" TAIL,
     "version=\"4\" is not valid: write \"1\", \"2c\" or \"3\""},
    {"<truecause xmlns=\"urn:truecause:config:1\" engine-id=\"8000\"/>", "engine-id=\"8000\" is not valid: write 5 to 32 octets"},
    {"<truecause xmlns=\"urn:truecause:config:1\" engine-id=\"0000000000\"/>",
     "engine-id=\"0000000000\" is not valid (RFC 3411): it must not be all 00 or all ff"},
    {"<truecause xmlns=\"urn:truecause:config:1\" engine-id=\"0x7000000001\"/>", "one whose first bit is 0 must have 12 octets"},
};

START_TEST(refuses_with_words)
{
    secret("long", "password\n", 0600);
    secret("short", "passwor\n", 0600);
    secret("open", "password\n", 0644);
    refused(refusals[_i].text, refusals[_i].words);
}
END_TEST

static void
told_once(const char *text)
{
    ck_assert_msg(load(text) == NULL, "accepted:\n%s", text);
    ck_assert_msg(errors == 1 && warnings == 0, "%s", found);
}

/* What was refused is not also missing. */
START_TEST(one_mistake_is_told_once)
{
    static const char *const texts[] = {
        V3("user=\"u\" auth=\"md5\" auth-file=\"long\""),
        V3("user=\"u\" auth=\"sha1\" auth-file=\"long\" priv=\"des\" priv-file=\"long\""),
        V3("user=\"\" auth=\"sha1\" auth-file=\"long\""),
        HEAD "<target name=\"a\" type=\"snmp\" address=\"udp:h\" community-file=\"\"/>" TAIL,
        ("<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\"1.3.6.1.4.1\"><target name=\"a\" type=\"snmp\""
         " address=\"udp:h\" community-file=\"long\"/></truecause>"),
    };

    secret("long", "password\n", 0600);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        told_once(texts[i]);
}
END_TEST

/* The key of RFC 3414, A.3.2: SHA-1 over a mebibyte of "maplesyrup". */
START_TEST(makes_a_key_and_forgets_the_pass_phrase)
{
    static const uint8_t ku[] = {0x9f, 0xb5, 0xcc, 0x03, 0x81, 0x49, 0x7b, 0x37, 0x93, 0x52,
                                 0x89, 0x39, 0xff, 0x78, 0x8d, 0x5d, 0x79, 0x14, 0x52, 0x11};
    static const uint8_t id[] = {0x80, 0x00, 0x7e, 0xd9, 0x05, 0xab};
    const struct config_target *t;
    struct config *c;

    secret("auth", "maplesyrup\n", 0600);
    secret("priv", "maplesyrup\r\n", 0600);
    c = must_load("<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\"1.3.6.1.4.1.99999.1\"\n"
                  " engine-id=\"0x80007eD905aB\">\n"
                  "<target name=\"a\" type=\"snmp\" address=\"udp:h\" version=\"3\" user=\"ada\" auth=\"sha1\"\n"
                  " auth-file=\"auth\" priv=\"aes192-reeder\" priv-file=\"priv\" context=\"x\"/>\n" TAIL);
    t = &c->targets[0];
    ck_assert_uint_eq(c->engine_id_n, sizeof id);
    ck_assert_mem_eq(c->engine_id, id, sizeof id);
    ck_assert_str_eq(t->user, "ada");
    ck_assert_str_eq(t->context, "x");
    ck_assert_str_eq(t->auth, "sha1");
    ck_assert_str_eq(t->priv, "aes192-reeder");
    ck_assert_ptr_null(t->community);
    ck_assert_uint_eq(t->auth_key.n, sizeof ku);
    ck_assert_mem_eq(t->auth_key.bytes, ku, sizeof ku);
    ck_assert_uint_eq(t->priv_key.n, sizeof ku);
    ck_assert_mem_eq(t->priv_key.bytes, ku, sizeof ku);
    ck_assert_uint_eq(warnings, 1); /* there is no source */
    config_unref(c);
    /* Without authentication it is taken, and said. */
    c = must_load(HEAD "<target name=\"a\" type=\"snmp\" address=\"udp:h\" version=\"3\" user=\"ada\"/>" TAIL);
    ck_assert_msg(strstr(found, "without authentication: anybody can send the like") != NULL, "%s", found);
    config_unref(c);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config_snmp");
    TCase *tc = tcase_create("config");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, refuses_with_words, 0, sizeof refusals / sizeof refusals[0]);
    tcase_add_test(tc, one_mistake_is_told_once);
    tcase_add_test(tc, makes_a_key_and_forgets_the_pass_phrase);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
