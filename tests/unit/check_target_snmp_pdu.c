/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_snmp_pdu.c - notifications within their budget of bytes: what
 * gives way, what never does, and that the size is counted right. */
#include "build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/text.h"
#include "parsers/when.h"
#include "tests/unit/snmp_receiver.h"

static bool
whole_utf8(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char) text[i];
        size_t k = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;

        if (!k || i + k > n)
            return false;
        for (size_t j = 1; j < k; j++)
            if (((unsigned char) text[i + j] & 0xc0) != 0x80)
                return false;
        i += k;
    }
    return true;
}

static const enum mib_object_id texts[] = {
    MIB_OBJECT_SUMMARY, MIB_OBJECT_SITE, MIB_OBJECT_ORIGIN_HOST,  MIB_OBJECT_SERVER, MIB_OBJECT_SHARE,
    MIB_OBJECT_PACKAGE, MIB_OBJECT_FILE, MIB_OBJECT_CLEAR_REASON, MIB_OBJECT_ACTION,
};

/* Numbers of our own: libnetsnmp seeds those of the C library anew. */
static uint32_t random_state;

static unsigned
random_below(unsigned n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (unsigned) ((uint64_t) random_state * n >> 32);
}

/* Random text of up to 'max' characters of one to four bytes. */
static struct str
random_text(char *out, unsigned max)
{
    static const char *const characters[] = {
        "a", "\\", " ", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x92\xbe", "\n", "\xee\xbc\x80"};
    unsigned n = random_below(max + 1);
    size_t o = 0;

    for (unsigned i = 0; i < n; i++) {
        const char *c = characters[random_below(8)];

        memcpy(out + o, c, strlen(c));
        o += strlen(c);
    }
    return str_make(out, o);
}

static void
randomise(struct alarm_item *a, char (*space)[4096])
{
    struct str *const member[] = {&a->summary,   &a->f.site, &a->f.host, &a->f.server, &a->f.share,
                                  &a->f.package, &a->f.file, &a->reason, &a->action};
    static const unsigned max[] = {150, 8, 300, 300, 300, 64, 1000, 300, 1000};

    for (unsigned i = 0; i < 9; i++)
        *member[i] = random_text(space[i], random_below(3) ? max[i] / 40 : max[i]);
    a->count = random_below(UINT32_MAX);
    a->f.win32 = random_below(UINT32_MAX);
}

/* What arrived must be the shown text or a beginning of it. */
static bool
check_text(const struct varbind *v, struct str whole)
{
    static char shown[16384];
    size_t n = text_show(whole, shown, sizeof shown);

    ck_assert_uint_le(v->n, n);
    ck_assert_mem_eq(v->text, shown, v->n);
    ck_assert(whole_utf8(v->text, v->n));
    return v->n == n;
}

static const struct snmp_envelope public = {.version = SNMP_ENVELOPE_2C, .community = 6};

START_TEST(any_message_fits_its_budget)
{
    static char space[9][4096];
    struct alarm_item a = sample();
    struct mib_oid root;
    struct datagram d;
    unsigned shortened = 0;

    ck_assert(mib_enterprise(DEFAULT_ROOT, &root));
    random_state = 1998;
    for (unsigned round = 0; round < 300; round++) {
        const struct str *const member[] = {&a.summary,   &a.f.site, &a.f.host, &a.f.server, &a.f.share,
                                            &a.f.package, &a.f.file, &a.reason, &a.action};
        size_t least = snmp_message_least(&root, &public);
        bool whole = true;

        target_default.pdu_size = round % 3 == 0 ? (unsigned) least : (unsigned) (least + random_below(700));
        randomise(&a, space);
        round_trip(&a, &d);
        ck_assert_uint_le(d.size, target_default.pdu_size);
        TEXT(&d, KEY, "dist:ANFIELD:DOG0005D");
        TEXT(&d, EVENT_ID, ID);
        TEXT(&d, TAG, EVENT_TAG);
        for (unsigned i = 0; i < 9; i++)
            whole = check_text(value(&d, texts[i]), *member[i]) && whole;
        whole = check_text(value(&d, MIB_OBJECT_ARTICLE), STR("Q193766")) && whole;
        NUMBER(&d, TRUNCATED, whole ? 2 : 1);
        shortened += !whole;
    }
    /* Both kinds are there in number. */
    ck_assert_uint_gt(shortened, 30);
    ck_assert_uint_lt(shortened, 270);
}
END_TEST

START_TEST(size_is_what_is_sent)
{
    static char space[9][4096];
    static struct snmp_message m;
    struct alarm_item a = sample();
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct mib_oid root;
    struct datagram d;

    ck_assert(mib_enterprise(DEFAULT_ROOT, &root));
    target_default.pdu_size = 60000;
    random_state = 109;
    for (unsigned round = 0; round < 200; round++) {
        struct target_item it = {.target_seq = 17, .item = &item, .uptime_ns = 90 * WHEN_SECOND};

        randomise(&a, space);
        ck_assert_int_eq(snmp_message_item(&m, &root, &it), 0);
        round_trip(&a, &d);
        ck_assert_uint_ge(snmp_message_size(&m, &public), d.size);
        ck_assert_uint_le(snmp_message_size(&m, &public), d.size + 4);
    }
}
END_TEST

/* The advice goes before the file, the file before the summary. */
START_TEST(texts_give_way_in_order)
{
    static char filler[1024];
    struct alarm_item a = sample();
    struct datagram d;
    size_t action, file;

    memset(filler, 'x', sizeof filler);
    a.action = str_make(filler, 600);
    a.f.file = str_make(filler, 300);
    round_trip(&a, &d);
    action = value(&d, MIB_OBJECT_ACTION)->n;
    file = value(&d, MIB_OBJECT_FILE)->n;
    ck_assert_uint_lt(action, 600);
    ck_assert_uint_ge(action, 120);
    ck_assert(file == 300 || action == 120);
    ck_assert_uint_eq(value(&d, MIB_OBJECT_SUMMARY)->n, a.summary.n);
    NUMBER(&d, TRUNCATED, 1);
    ck_assert_uint_le(d.size, 1400);
    ck_assert_uint_ge(d.size, 1390); /* no more was cut than had to be */
}
END_TEST

/* 128 bytes of key that all have to be escaped: whole in any budget. */
START_TEST(key_is_never_cut)
{
    static char key[128];
    struct alarm_item a = sample();
    struct datagram d;

    memset(key, 1, sizeof key);
    a.key = str_make(key, sizeof key);
    round_trip(&a, &d);
    ck_assert_uint_eq(value(&d, MIB_OBJECT_KEY)->n, 512);
    ck_assert_uint_le(d.size, 1400);
}
END_TEST

START_TEST(text_over_the_bound_of_the_mib_is_cut)
{
    static char filler[70000];
    struct alarm_item a = sample();
    struct datagram d;

    memset(filler, 'x', sizeof filler);
    target_default.pdu_size = 60000;
    a.f.file = str_make(filler, MIB_TEXT_MAX);
    round_trip(&a, &d);
    ck_assert_uint_eq(value(&d, MIB_OBJECT_FILE)->n, MIB_TEXT_MAX);
    NUMBER(&d, TRUNCATED, 2);
    a.f.file = str_make(filler, sizeof filler);
    round_trip(&a, &d);
    ck_assert_uint_eq(value(&d, MIB_OBJECT_FILE)->n, MIB_TEXT_MAX);
    NUMBER(&d, TRUNCATED, 1);
}
END_TEST

START_TEST(default_budget_has_room)
{
    const struct snmp_envelope long_one = {.version = SNMP_ENVELOPE_2C, .community = 64};
    const struct snmp_envelope safest = {.version = SNMP_ENVELOPE_3, .user = 32, .context = 32, .engine = 32,
                                         .context_engine = 32, .mac = 48, .salt = SNMP_ENVELOPE_SALT};
    struct mib_oid longest;

    ck_assert(mib_enterprise("1.3.6.1.4.1.4294967295.4294967295.4294967295", &longest));
    ck_assert_uint_le(snmp_message_least(&longest, &long_one), 1400);
    ck_assert(mib_enterprise(DEFAULT_ROOT, &longest));
    ck_assert_uint_le(snmp_message_least(&longest, &safest), 1400);
    ck_assert_uint_le(snmp_message_least(&longest, &public), 1024);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_snmp_pdu");
    TCase *t = tcase_create("budget");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, receiver_open, receiver_close);
    tcase_add_test(t, any_message_fits_its_budget);
    tcase_add_test(t, size_is_what_is_sent);
    tcase_add_test(t, texts_give_way_in_order);
    tcase_add_test(t, key_is_never_cut);
    tcase_add_test(t, text_over_the_bound_of_the_mib_is_cut);
    tcase_add_test(t, default_budget_has_room);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
