/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_config_tls.c - the connection of a syslog target, TLS above all: what its
 * attributes become, what is refused and why, what is warned of, and what a reload
 * makes of a change, one in a file of the same name among them. */
#include "build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "forwarder/config_parts.h"
#include "forwarder/reload.h"
#include "tests/unit/certs.h"
#include "tests/unit/config_load.h"

enum { DAY = 24 * 3600 };

#define SYSLOG HEAD "<source path=\"/x\" zone=\"UTC\" host=\"H\"/><target name=\"siem\" type=\"syslog\" "
#define END "/>\n" TAIL
#define PIN "sha-256:00:11:22:33:44:55:66:77:88:99:aa:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define OLD_PIN "sha-1:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"

static void
make_files(void)
{
    struct cert ca = certs_make("CA", NULL, -DAY, 3650L * DAY, NULL, true);
    struct cert mine = certs_make("me", NULL, -DAY, 365L * DAY, &ca, false);
    struct cert soon = certs_make("soon", NULL, -80 * DAY, 10L * DAY, &ca, false);
    struct cert over = certs_make("over", NULL, -80 * DAY, -DAY, NULL, true);

    certs_write(in_dir("ca.pem"), &ca, NULL);
    certs_write(in_dir("me.pem"), &mine, NULL);
    chmod(in_dir("me.pem"), 0644); /* as certificates are */
    certs_write(in_dir("me.key"), NULL, &mine);
    certs_write(in_dir("both.pem"), &mine, &mine);
    certs_write(in_dir("soon.pem"), &soon, &soon);
    certs_write(in_dir("over.pem"), &over, NULL);
    certs_free(&ca);
    certs_free(&mine);
    certs_free(&soon);
    certs_free(&over);
}

START_TEST(takes_every_attribute)
{
    struct config *c;
    const struct config_target *t;

    make_files();
    c = must_load(SYSLOG "address=\"tls:siem.example.org tls:[::1]:7000\" ca=\"ca.pem\" certificate=\"me.pem\" key=\"me.key\""
                         " fingerprint=\"" PIN "  " PIN "\" server-name=\"logs\" framing=\"octet-counting\"" END);
    t = &c->targets[0];
    ck_assert_uint_eq(warnings, 0);
    ck_assert(t->addresses[0].transport == TRANSPORT_TLS && !t->addresses[0].six);
    ck_assert_str_eq(t->addresses[0].port, "6514");
    ck_assert(t->addresses[1].transport == TRANSPORT_TLS && t->addresses[1].six);
    ck_assert_str_eq(t->ca, in_dir("ca.pem"));
    ck_assert_str_eq(t->certificate, in_dir("me.pem"));
    ck_assert_str_eq(t->key, in_dir("me.key"));
    ck_assert_str_eq(t->server_name, "logs");
    ck_assert_uint_eq(t->n_pins, 2);
    ck_assert(!t->pins[0].sha1 && t->pins[0].bytes[1] == 0x11 && t->pins[0].bytes[10] == 0xaa && t->pins[0].bytes[31] == 0xff);
    ck_assert(!t->framing_newline);
    config_unref(c);
    c = must_load(SYSLOG "address=\"tls:h\" certificate=\"both.pem\" fingerprint=\"" OLD_PIN "\"" END);
    expect("main.xml:2: warning: fingerprint: SHA-1 can be forged");
    ck_assert_str_eq(c->targets[0].key, c->targets[0].certificate);
    config_unref(c);
    ck_assert_int_eq(rename(in_dir("both.pem"), in_dir("my  own.pem")), 0);
    c = must_load(SYSLOG "address=\"tls:h\" ca=\"ca.pem\" certificate=\"my  own.pem\"" END); /* every blank counts */
    ck_assert_str_eq(c->targets[0].certificate, in_dir("my  own.pem"));
    config_unref(c);
    c = must_load(SYSLOG "address=\"tcp:h\" framing=\"newline\"" END);
    ck_assert(c->targets[0].framing_newline);
    config_unref(c);
    c = must_load(SYSLOG "address=\"tls:h\"" END); /* the system's store of CAs */
    ck_assert_ptr_null(c->targets[0].ca);
    config_unref(c);
}
END_TEST

static const struct {
    const char *text, *words;
} refusals[] = {
    {"address=\"tcp:h\" ca=\"ca.pem\"", "ca belongs to TLS, and the address begins with \"tcp:\": write tls:, or remove ca"},
    {"address=\"udp:h\" certificate=\"me.pem\"", "certificate belongs to TLS"},
    {"address=\"tcp:h\" key=\"me.key\"", "key belongs to TLS"},
    {"address=\"tcp:h\" fingerprint=\"" PIN "\"", "fingerprint belongs to TLS"},
    {"address=\"tcp:h\" server-name=\"x\"", "server-name belongs to TLS"},
    {"address=\"dtls:h:6514\"", "\"dtls:\" for syslog is not in this version"},
    {"address=\"h:514\"", "it must begin with udp:, udp6:, tcp:, tcp6:, tls:, tls6:, relp:, relp6: or unix:"},
    {"address=\"udp:h tcp:h\"", "must have one transport"},
    {"address=\"tls:h tcp:h\" ca=\"ca.pem\"", "must have one transport"}, /* never in the clear */
    {"address=\"tls:h\" framing=\"newline\"", "framing=\"newline\": over TLS octets are counted, and nothing else is"},
    {"address=\"udp:h\" framing=\"newline\"", "framing belongs to streams (tcp:, unix-stream:), and the address begins with \"udp:\""},
    {"address=\"tcp:h\" framing=\"lf\"", "framing=\"lf\" is not valid: write \"octet-counting\" or \"newline\""},
    {"address=\"tls:h\" ca=\"none.pem\"", "none.pem: No such file or directory"},
    {"address=\"tls:h\" ca=\"me.key\"", "it must hold certificates of CAs in PEM form"},
    {"address=\"tls:h\" ca=\".\"", "is not a regular file"},
    {"address=\"tls:h\" key=\"me.key\"", "key without certificate: add certificate="},
    {"address=\"tls:h\" certificate=\"me.pem\"", "me.pem holds no key: name the file of the key as key=\"...\""},
    {"address=\"tls:h\" certificate=\"me.pem\" key=\"me.pem\"", "me.pem holds no key: name the file of the key"},
    {"address=\"tls:h\" certificate=\"me.pem\" key=\"ca.pem\"", "it must hold the key of our certificate in PEM form"},
    {"address=\"tls:h\" certificate=\"soon.pem\" key=\"me.key\"", "is not the key of the certificate in "},
    {"address=\"tls:h\" certificate=\"me.pem\" key=\"open.key\"", "can be read by others than its owner (mode 644): chmod 600"},
    {"address=\"tls:h\" fingerprint=\"sha-256:00:11\"", "fingerprint=\"sha-256:00:11\" is not valid: write \"sha-256:\" and"},
    {"address=\"tls:h\" fingerprint=\"" PIN ":00\"", "is not valid: write"},
    {"address=\"tls:h\" fingerprint=\"md5:00\"", "is not valid: write"},
    {"address=\"tls:h\" fingerprint=\"" PIN " " PIN " " PIN " " PIN " " PIN " " PIN " " PIN " " PIN " " PIN "\"",
     "fingerprint: more than 8"},
    {"address=\"tls:h\" server-name=\"a b\"", "server-name=\"a b\" is not valid"},
    {"address=\"tls:h\" server-name=\".example.org\"", "server-name=\".example.org\" is not valid: write a name that"},
    {"address=\"tls:h\" server-name=\".\"", "server-name=\".\" is not valid"},
    {"address=\"tls:h\" server-name=\"%eth0\"", "server-name=\"%eth0\" is not valid"},
    {"address=\"tls:h\" server-name=\"[::1]\"", "server-name=\"[::1]\" is not valid"},
};

START_TEST(refuses_with_words)
{
    char text[4096];

    make_files();
    secret("open.key", "", 0644);
    snprintf(text, sizeof text, SYSLOG "%s" END, refusals[_i].text);
    refused(text, refusals[_i].words);
    expect("main.xml:2: error: ");
}
END_TEST

/* What ends soon, or has ended, is said and does not keep the program from
 * starting: it may be replaced while that runs. */
START_TEST(warns_of_the_end)
{
    make_files();
    config_unref(must_load(SYSLOG "address=\"tls:h\" certificate=\"soon.pem\"" END));
    expect("main.xml:2: warning: target \"siem\": the certificate ");
    expect("soon.pem (CN=soon) expires 20");
    config_unref(must_load(SYSLOG "address=\"tls:h\" ca=\"over.pem\"" END));
    expect("over.pem (CN=over) expired 20");
    ck_assert_uint_eq(warnings, 1);
}
END_TEST

static struct config_target *
first(struct config **keep, const char *attributes)
{
    char text[2048];

    snprintf(text, sizeof text, SYSLOG "%s" END, attributes);
    *keep = must_load(text);
    return &(*keep)->targets[0];
}

START_TEST(each_change_is_another_target)
{
    static const char *const usual = "address=\"tls:h\" ca=\"ca.pem\" certificate=\"me.pem\" key=\"me.key\"";
    static const char *const others[] = {
        "address=\"tls:h\" certificate=\"me.pem\" key=\"me.key\"",
        "address=\"tls:h\" ca=\"ca.pem\"",
        "address=\"tls:h\" ca=\"ca.pem\" certificate=\"both.pem\"",
        "address=\"tls:h\" ca=\"ca.pem\" certificate=\"me.pem\" key=\"both.pem\"",
        "address=\"tls:h\" ca=\"ca.pem\" certificate=\"me.pem\" key=\"me.key\" server-name=\"x\"",
        "address=\"tls:h\" ca=\"ca.pem\" certificate=\"me.pem\" key=\"me.key\" fingerprint=\"" PIN "\"",
    };
    struct cert renewed = certs_make("me", NULL, -DAY, 365L * DAY, NULL, false);
    struct config *a, *b;

    make_files();
    ck_assert(reload_same_target(first(&a, usual), first(&b, usual)));
    config_unref(b);
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        ck_assert_msg(!reload_same_target(&a->targets[0], first(&b, others[i])), "%s", others[i]);
        config_unref(b);
    }
    certs_write(in_dir("me.pem"), &renewed, NULL);
    certs_write(in_dir("me.key"), NULL, &renewed);
    ck_assert(!reload_same_target(&a->targets[0], first(&b, usual)));
    config_unref(a);
    config_unref(b);
    first(&a, "address=\"tcp:h\"");
    ck_assert(!reload_same_target(&a->targets[0], first(&b, "address=\"tcp:h\" framing=\"newline\"")));
    config_unref(a);
    config_unref(b);
    certs_free(&renewed);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config_tls");
    TCase *c = tcase_create("attributes");
    SRunner *sr;
    int failed;

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, takes_every_attribute);
    tcase_add_loop_test(c, refuses_with_words, 0, sizeof refusals / sizeof refusals[0]);
    tcase_add_test(c, warns_of_the_end);
    tcase_add_test(c, each_change_is_another_target);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
