/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_config_values.c - addresses of targets, and files that hold secrets. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/config.h"
#include "forwarder/config_parts.h"
#include "forwarder/dial.h"
#include "tests/unit/config_load.h"
#include "tests/unit/scratch.h"

static const struct {
    const char *text;
    enum config_type type;
    const char *name; /* as dial_name() gives it; NULL: refused */
} addresses[] = {
    {"udp:192.0.2.7:162", CONFIG_SNMP, "udp:192.0.2.7:162"},
    {"udp:192.0.2.7", CONFIG_SNMP, "udp:192.0.2.7:162"},
    {"udp6:[::1]:1162", CONFIG_SNMP, "udp6:[::1]:1162"},
    {"udp:[::1]", CONFIG_SNMP, "udp6:[::1]:162"},
    {"udp6:nms.example.org", CONFIG_SNMP, "udp6:nms.example.org:162"},
    {"udp:log", CONFIG_SYSLOG, "udp:log:514"},
    {"tcp:log", CONFIG_SYSLOG, "tcp:log:601"},
    {"tcp:[::1]:601", CONFIG_SYSLOG, "tcp6:[::1]:601"},
    {"tcp6:[fe80::1%eth0]:65535", CONFIG_SYSLOG, "tcp6:[fe80::1%eth0]:65535"},
    {"tls:log", CONFIG_SYSLOG, "tls:log:6514"},
    {"tls:[::1]:7000", CONFIG_SYSLOG, "tls6:[::1]:7000"},
    {"tls:h", CONFIG_SNMP, NULL},
    {"udp:::1:162", CONFIG_SNMP, NULL},
    {"udp6:192.0.2.7:162", CONFIG_SNMP, NULL},
    {"udp:[192.0.2.7]:162", CONFIG_SNMP, NULL},
    {"udp:999.0.2.7:162", CONFIG_SNMP, NULL},
    {"udp:h:", CONFIG_SNMP, NULL},
    {"udp:h:65536", CONFIG_SNMP, NULL},
    {"udp:h:-1", CONFIG_SNMP, NULL},
    {"udp:h:1x", CONFIG_SNMP, NULL},
    {"udp:h:000162", CONFIG_SNMP, NULL},
    {"udp:[::1]x:162", CONFIG_SNMP, NULL},
    {"udp:[::1", CONFIG_SNMP, NULL},
    {"udp:[]:162", CONFIG_SNMP, NULL},
    {"udp:", CONFIG_SNMP, NULL},
    {"udp", CONFIG_SNMP, NULL},
    {"", CONFIG_SNMP, NULL},
    {":h:1", CONFIG_SNMP, NULL},
    {"udp:-h:1", CONFIG_SNMP, NULL},
    {"udp:h/../x:1", CONFIG_SNMP, NULL},
    {"udpudpudpudp:h:1", CONFIG_SNMP, NULL},
    {"tls6:log", CONFIG_SYSLOG, "tls6:log:6514"},
    {"unix:/dev/log", CONFIG_SYSLOG, "unix:/dev/log"},
    {"unix-dgram:/a:b", CONFIG_SYSLOG, "unix-dgram:/a:b"},
    {"unix-stream:/run/log", CONFIG_SYSLOG, "unix-stream:/run/log"},
    {"unix:run/log", CONFIG_SYSLOG, NULL},
    {"unix6:/dev/log", CONFIG_SYSLOG, NULL},
    {"unix:/dev/log", CONFIG_SNMP, NULL},
    {"udp66:h", CONFIG_SYSLOG, NULL},
    {"6:h", CONFIG_SYSLOG, NULL},
};

START_TEST(splits_addresses)
{
    struct config_address t = {TRANSPORT_NONE};
    char why[500] = "", name[DIAL_NAME_SIZE];
    bool ok = config_address(addresses[_i].text, addresses[_i].type, &t, why, sizeof why);

    ck_assert_msg(ok == (addresses[_i].name != NULL), "%s: %s", addresses[_i].text, why);
    if (ok) {
        dial_name(&t, name, sizeof name);
        ck_assert_str_eq(name, addresses[_i].name);
    } else {
        ck_assert_str_ne(why, "");
    }
    config_free_address(&t);
}
END_TEST

static const struct {
    const char *text;
    unsigned n;      /* 0: refused */
    const char *why; /* or the host of the last one */
} lists[] = {
    {"udp:192.0.2.7", 1, "192.0.2.7"},
    {"udp:192.0.2.7:162 udp:[::1]:162  udp6:nms.example.org", 3, "nms.example.org"},
    {" udp:a udp:a:163 ", 2, "a"},
    {"udp:a:162 udp:b udp:a:162", 0, "a port 162 is named twice"},
    {"udp:a tcp:b", 0, "must have one transport; make a second target for tcp:"},
    {"udp:a tls:[::1]", 0, "make a second target for tls6:"},
    {"udp6:192.0.2.7", 0, "udp6 is for IPv6, and 192.0.2.7 is not: write udp"},
    {"tls:2001:db8::7", 0, "in brackets, as in \"tls:[2001:db8::7]:6514\""},
    {"dtls6:a", 0, "\"dtls6:\" for syslog is not in this version"},
    {"udp:a udp:b:0", 0, "the port must be a number"},
    {"udp:a udp:b udp:c udp:d udp:e udp:f udp:g udp:h", 8, "h"},
    {"udp:a udp:b udp:c udp:d udp:e udp:f udp:g udp:h udp:i", 0, "at most 8 addresses"},
    {" ", 0, "it must begin with"},
};

START_TEST(splits_lists_of_addresses)
{
    struct config_target t = {.name = NULL};
    char why[500] = "";
    bool ok = config_addresses(lists[_i].text, CONFIG_SYSLOG, &t, why, sizeof why);

    ck_assert_msg(ok == (lists[_i].n > 0), "%s: %s", lists[_i].text, why);
    if (ok) {
        ck_assert_uint_eq(t.n_addresses, lists[_i].n);
        ck_assert_str_eq(t.addresses[t.n_addresses - 1].host, lists[_i].why);
    } else {
        ck_assert_msg(strstr(why, lists[_i].why) != NULL, "%s: %s", lists[_i].text, why);
    }
    while (t.n_addresses)
        config_free_address(&t.addresses[--t.n_addresses]);
}
END_TEST

static const struct {
    const char *text;
    mode_t mode;
    const char *want, *words;
} secrets[] = {
    {"public\n", 0600, "public", NULL},
    {"public", 0400, "public", NULL},
    {"public\r\n", 0600, "public", NULL},
    {" p u b \n", 0600, " p u b ", NULL},
    {"public\n", 0640, NULL, "can be read by others"},
    {"public\n", 0604, NULL, "can be read by others"},
    {"public\n", 0610, NULL, "can be read by others"},
    {"", 0600, NULL, "is empty"},
    {"\n", 0600, NULL, "is empty"},
    {"a\nb\n", 0600, NULL, "in one line"},
};

START_TEST(guards_secrets)
{
    struct config *c;

    secret("community", secrets[_i].text, secrets[_i].mode);
    c = load(HEAD "<target name=\"n\" type=\"snmp\" address=\"udp:h\" community-file=\"community\"/>" TAIL);
    if (secrets[_i].want) {
        ck_assert_msg(c != NULL, "%s", found);
        ck_assert_str_eq(c->targets[0].community, secrets[_i].want);
    } else {
        ck_assert_ptr_null(c);
        expect("main.xml:2: error: community-file: ");
        expect(secrets[_i].words);
    }
    config_unref(c);
}
END_TEST

START_TEST(says_what_a_secret_file_must_be)
{
    char *big = malloc(1000);

    refused(HEAD "<target name=\"n\" type=\"snmp\" address=\"udp:h\" community-file=\"gone\"/>" TAIL, "No such file");
    refused(HEAD "<target name=\"n\" type=\"snmp\" address=\"udp:h\" community-file=\"/\"/>" TAIL, "not a regular file");
    ck_assert_int_eq(mkfifo(in_dir("fifo"), 0600), 0);
    refused(HEAD "<target name=\"n\" type=\"snmp\" address=\"udp:h\" community-file=\"fifo\"/>" TAIL, "not a regular file");
    memset(big, 'x', 999);
    big[999] = '\0';
    secret("big", big, 0600);
    refused(HEAD "<target name=\"n\" type=\"snmp\" address=\"udp:h\" community-file=\"big\"/>" TAIL,
            "is longer than 255 bytes: it must hold the community and nothing else");
    free(big);
}
END_TEST

static const struct {
    const char *listen;
    int family; /* 0: refused */
    unsigned port;
} listens[] = {
    {"udp:0.0.0.0:1162", AF_INET, 1162}, {"udp:127.0.0.1", AF_INET, 1162},   {"udp:[::]:162", AF_INET6, 162},
    {"udp:[::1]", AF_INET6, 1162},       {"udp:0.0.0.0:65535", AF_INET, 65535}, {"udp:0.0.0.0:0", 0, 0},
    {"udp:0.0.0.0:65536", 0, 0},         {"udp:0.0.0.0:", 0, 0},             {"udp:0.0.0.0:1162x", 0, 0},
    {"udp:host:1162", 0, 0},             {"udp:::1:1162", 0, 0},             {"udp:[::1:1162", 0, 0},
    {"udp:[127.0.0.1]:1162", 0, 0},      {"udp:", 0, 0},                     {"udp:[]", 0, 0},
    {"tcp:0.0.0.0:1162", 0, 0},          {"0.0.0.0:1162", 0, 0},             {"udp:[::1]1162", 0, 0},
};

START_TEST(knows_where_to_listen)
{
    struct config_traps t = {0};

    ck_assert_msg(config_listen(listens[_i].listen, &t) == (listens[_i].family != 0), "%s", listens[_i].listen);
    if (listens[_i].family) {
        ck_assert_int_eq(t.address.ss_family, listens[_i].family);
        ck_assert_uint_eq(t.port, listens[_i].port);
    }
}
END_TEST

static const struct {
    const char *network;
    unsigned bits;
    bool ok;
} networks[] = {
    {"192.0.2.7", 32, true},   {"192.0.2.0/24", 24, true},   {"0.0.0.0/0", 0, true},    {"2001:db8::/32", 32, true},
    {"::1", 128, true},        {"::/0", 0, true},            {"192.0.2.7/24", 0, false}, {"192.0.2.0/33", 0, false},
    {"192.0.2.0/", 0, false},  {"192.0.2.0/-1", 0, false},   {"192.0.2", 0, false},     {"2001:db8::1/32", 0, false},
    {"2001:db8::/129", 0, false}, {"host", 0, false},        {"", 0, false},            {"192.0.2.0/24/24", 0, false},
};

START_TEST(knows_networks)
{
    struct config_network n;

    ck_assert_msg(config_network(networks[_i].network, &n) == networks[_i].ok, "%s", networks[_i].network);
    if (networks[_i].ok)
        ck_assert_uint_eq(n.bits, networks[_i].bits);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config_values");
    TCase *tc = tcase_create("values");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, splits_addresses, 0, sizeof addresses / sizeof addresses[0]);
    tcase_add_loop_test(tc, splits_lists_of_addresses, 0, sizeof lists / sizeof lists[0]);
    tcase_add_loop_test(tc, guards_secrets, 0, sizeof secrets / sizeof secrets[0]);
    tcase_add_test(tc, says_what_a_secret_file_must_be);
    tcase_add_loop_test(tc, knows_where_to_listen, 0, sizeof listens / sizeof listens[0]);
    tcase_add_loop_test(tc, knows_networks, 0, sizeof networks / sizeof networks[0]);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
