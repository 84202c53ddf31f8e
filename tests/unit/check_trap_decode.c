/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_trap_decode.c - datagrams to traps: every type of value, both versions,
 * what is refused and why, a cut at every byte; and which traps tell the same
 * event.  The messages are built here, byte by byte, not by the library. */
#include "build.h"

#include "forwarder/trap_decode.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/when.h"
#include "tests/unit/ber.h"
#include "tests/unit/framing.h"

#define SMS_NT "1.3.6.1.4.1.311.1.13.1.3.83.77.83"
#define V "1.3.6.1.4.1.311.1.13.1.9999."

static struct arena *arena;
static struct nt_trap trap;
static struct nt_trap_view view;
static char community_a[] = "public", community_b[] = "second one";
static char *const communities[] = {community_a, community_b};

static void
set_up(void)
{
    arena = arena_new(64 << 20);
}

static void
tear_down(void)
{
    arena_free(arena);
}

static enum trap_decoded
decode(const struct ber *m)
{
    /* Exact size, so that ASan sees a look behind the end. */
    uint8_t *copy = malloc(m->n ? m->n : 1);
    enum trap_decoded d;

    memcpy(copy, m->p, m->n);
    d = trap_decode(copy, m->n, communities, 2, arena, &trap);
    ck_assert(memcmp(copy, m->p, m->n) == 0);
    free(copy);
    return d;
}

/* --- version 1 ---------------------------------------------------------------- */

START_TEST(version_1_comes_whole)
{
    struct ber m = {.n = 0}, list = {.n = 0};

    ber_varbind_string(&list, V "1.0", "text\r\nmore", 10);
    ber_varbind_string(&list, V "2.0", "", 0);
    ber_varbind_number(&list, V "3.0", 0x02, -5);
    ber_varbind_number(&list, V "4.0", 0x42, 4294967295);
    ber_varbind_number(&list, V "5.0", 0x43, 4711);
    ber_varbind_raw(&list, V "6.0", 0x40, "\xc0\0\2\x0a", 4);
    ber_varbind_oid(&list, V "7.0", SMS_NT);
    ber_varbind_raw(&list, V "8.0", 0x05, "", 0);
    ber_varbind_raw(&list, V "9.0", 0x46, "\1\0\0\0\0", 5);
    ber_varbind_raw(&list, V "10.0", 0x44, "\x9f\x78\x04\x42\xf6\0\0", 7);
    ber_message_1(&m, "public", SMS_NT, "\xc0\0\2\x09", 6, -1073741715, 4711, &list);
    ck_assert_int_eq(decode(&m), TRAP_DECODED);
    ck_assert_int_eq(trap.version, 1);
    SAME(trap.agent, "192.0.2.9");
    SAME(trap.enterprise, SMS_NT);
    ck_assert_int_eq(trap.generic, 6);
    ck_assert_int_eq((uint32_t) trap.specific, 0xC000006D);
    ck_assert_uint_eq(trap.uptime, 4711);
    ck_assert_uint_eq(trap.n, 10);
    SAME(trap.varbind[0].name, V "1.0");
    SAME(trap.varbind[0].value, "text\r\nmore");
    SAME(trap.varbind[1].value, "");
    ck_assert_int_eq(trap.varbind[1].type, NT_TRAP_STRING);
    SAME(trap.varbind[2].value, "-5");
    SAME(trap.varbind[3].value, "4294967295");
    SAME(trap.varbind[4].value, "4711");
    SAME(trap.varbind[5].value, "192.0.2.10");
    ck_assert_int_eq(trap.varbind[5].type, NT_TRAP_ADDRESS);
    SAME(trap.varbind[6].value, SMS_NT);
    ck_assert_int_eq(trap.varbind[6].type, NT_TRAP_IDENTIFIER);
    ck_assert_int_eq(trap.varbind[7].type, NT_TRAP_OTHER);
    SAME(trap.varbind[8].value, "4294967296");
    ck_assert_int_eq(trap.varbind[9].type, NT_TRAP_OTHER);
}
END_TEST

START_TEST(an_unsigned_id_is_the_same_id)
{
    struct ber m = {.n = 0}, list = {.n = 0};

    /* 0xC000006D as five octets, as an encoder of unsigned numbers has it. */
    ber_message_1(&m, "second one", SMS_NT, "\xc0\0\2\x09", 6, INT64_C(0xC000006D), 0, &list);
    ck_assert_int_eq(decode(&m), TRAP_DECODED);
    nt_trap_view(&trap, &view);
    ck_assert(view.translated);
    ck_assert_uint_eq(view.id, 0xC000006D);
}
END_TEST

/* --- version 2c ------------------------------------------------------------------ */

static void
message_2(struct ber *m, const char *community, int version, int pdu)
{
    struct ber list = {.n = 0};

    ber_varbind_number(&list, "1.3.6.1.2.1.1.3.0", 0x43, 4711);
    ber_varbind_oid(&list, "1.3.6.1.6.3.1.1.4.1.0", SMS_NT ".0.3221225581");
    ber_varbind_string(&list, V "1.0", "text", 4);
    ber_varbind_string(&list, V "3.0", "anfield", 7);
    ber_varbind_raw(&list, "1.3.6.1.6.3.18.1.3.0", 0x40, "\xc0\0\2\x0a", 4);
    ber_varbind_string(&list, "1.3.6.1.6.3.18.1.4.0", "secret", 6);
    ber_varbind_oid(&list, "1.3.6.1.6.3.1.1.4.3.0", SMS_NT);
    ber_message_2(m, version, community, pdu, 99, &list);
}

START_TEST(version_2c_comes_whole)
{
    struct ber m = {.n = 0};

    message_2(&m, "public", 1, 0xa7);
    ck_assert_int_eq(decode(&m), TRAP_DECODED);
    ck_assert_int_eq(trap.version, 2);
    nt_trap_view(&trap, &view);
    ck_assert(view.translated);
    ck_assert_uint_eq(view.id, 0xC000006D);
    SAME(view.agent, "192.0.2.10");
    SAME(view.text, "text");
    SAME(view.system, "anfield");
}
END_TEST

static const struct {
    const char *community;
    int version, pdu;
    enum trap_decoded expected;
} messages[] = {
    {"public", 1, 0xa7, TRAP_DECODED},   {"second one", 1, 0xa7, TRAP_DECODED}, {"Public", 1, 0xa7, TRAP_COMMUNITY},
    {"publi", 1, 0xa7, TRAP_COMMUNITY},  {"publicc", 1, 0xa7, TRAP_COMMUNITY},  {"", 1, 0xa7, TRAP_COMMUNITY},
    {"public", 1, 0xa6, TRAP_INFORM},    {"other", 1, 0xa6, TRAP_COMMUNITY},    {"public", 1, 0xa0, TRAP_COMMAND},
    {"public", 1, 0xa2, TRAP_COMMAND},   {"public", 0, 0xa7, TRAP_COMMAND},     {"public", 0, 0xa6, TRAP_COMMAND},
    {"public", 3, 0xa7, TRAP_VERSION},   {"public", 2, 0xa7, TRAP_VERSION},     {"public", 77, 0xa7, TRAP_VERSION},
    {"public", -1, 0xa7, TRAP_MALFORMED}, {"public", 1, 0xaf, TRAP_MALFORMED},  {"public", 1, 0x30, TRAP_MALFORMED},
    {"public", 1, 0xa4, TRAP_MALFORMED},
};

START_TEST(each_message_is_taken_or_refused)
{
    struct ber m = {.n = 0};

    message_2(&m, messages[_i].community, messages[_i].version, messages[_i].pdu);
    ck_assert_msg(decode(&m) == messages[_i].expected, "%s %d %x", messages[_i].community, messages[_i].version,
                  (unsigned) messages[_i].pdu);
}
END_TEST

/* --- what is cut, wrong or too much ----------------------------------------------------- */

START_TEST(cut_and_changed_datagrams_do_no_harm)
{
    struct ber m = {.n = 0}, other;
    uint64_t seed = 5;

    message_2(&m, "public", 1, 0xa7);
    for (size_t n = 0; n < m.n; n++) {
        other = m;
        other.n = n;
        ck_assert_int_ne(decode(&other), TRAP_DECODED);
        arena_reset(arena);
    }
    for (int i = 0; i < 30000; i++) {
        other = m;
        for (int k = 0; k < 3; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            other.p[(seed >> 33) % m.n] = (uint8_t) (seed >> 25);
        }
        if (decode(&other) == TRAP_DECODED)
            nt_trap_view(&trap, &view);
        arena_reset(arena);
    }
}
END_TEST

START_TEST(text_of_4096_bytes_and_more_comes_whole)
{
    static char text[60000];
    static struct ber m, list;
    static const size_t sizes[] = {4095, 4096, 4097, 60000};

    memset(text, 'm', sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        m.n = list.n = 0;
        ber_varbind_string(&list, V "1.0", text, sizes[i]);
        ber_message_1(&m, "public", SMS_NT, "\xc0\0\2\x09", 6, 109, 4711, &list);
        ck_assert_int_eq(decode(&m), TRAP_DECODED);
        ck_assert_uint_eq(trap.varbind[0].value.n, sizes[i]);
    }
}
END_TEST

START_TEST(varbinds_are_bounded)
{
    static struct ber m, list;
    char name[64];

    m.n = list.n = 0;
    for (int i = 1; i <= 1000; i++) {
        snprintf(name, sizeof name, V "%d.0", i);
        ber_varbind_string(&list, name, "x", 1);
    }
    ber_message_1(&m, "public", SMS_NT, "\xc0\0\2\x09", 6, 109, 4711, &list);
    ck_assert_int_eq(decode(&m), TRAP_DECODED);
    ck_assert_uint_eq(trap.n, NT_TRAP_VARBINDS);
}
END_TEST

START_TEST(little_memory_is_an_answer)
{
    struct ber m = {.n = 0};
    bool done = false;

    message_2(&m, "public", 1, 0xa7);
    for (size_t limit = 0; limit < 4096; limit += 64) {
        enum trap_decoded d;

        arena_free(arena);
        arena = arena_new(limit);
        if (!arena)
            continue;
        d = decode(&m);
        ck_assert(d == TRAP_NO_MEMORY || d == TRAP_DECODED);
        done = done || d == TRAP_DECODED;
    }
    /* An arena may give more than it was asked for, never less. */
    arena_free(arena);
    arena = arena_new(1 << 20);
    ck_assert_int_eq(decode(&m), TRAP_DECODED);
}
END_TEST

/* --- the same event --------------------------------------------------------------------------- */

static struct nt_trap_seen seen;
static struct id_hasher *hasher;

static bool
is_second(const char *source, uint32_t id, const char *system, const char *agent, const char *text, int64_t at)
{
    struct nt_trap_view v = {.id = id, .system = str_z(system), .agent = str_z(agent), .text = str_z(text)};

    v.n_source = strlen(source);
    memcpy(v.source, source, v.n_source);
    return nt_trap_seen(&seen, hasher, &v, at);
}

START_TEST(two_agents_tell_one_event)
{
    const int64_t s = WHEN_SECOND, t = 1000 * s;

    memset(&seen, 0, sizeof seen);
    hasher = id_hasher_new();
    ck_assert(!is_second("SMS", 109, "ANFIELD", "192.0.2.10", "text", t));
    ck_assert(is_second("SMS", 109, "ANFIELD", "192.0.2.10", "text", t));
    ck_assert(is_second("SMS", 109, "anfield", NULL, "text\r\n", t + 4 * s));
    ck_assert(is_second("SMS", 109, "ANFIELD", "192.0.2.11", "text", t + 5 * s));
    /* What differs is another event. */
    ck_assert(!is_second("SMS", 110, "ANFIELD", "192.0.2.10", "text", t));
    ck_assert(!is_second("SMS", 0xC000006D, "ANFIELD", "192.0.2.10", "text", t));
    ck_assert(!is_second("SMS Server", 109, "ANFIELD", "192.0.2.10", "text", t));
    ck_assert(!is_second("SMS", 109, "HIGHBURY", "192.0.2.10", "text", t));
    ck_assert(!is_second("SMS", 109, "ANFIELD", "192.0.2.10", "texts", t));
    /* Without a system name the agent says whose it is. */
    ck_assert(!is_second("SMS", 109, NULL, "192.0.2.10", "text", t));
    ck_assert(!is_second("SMS", 109, NULL, "192.0.2.11", "text", t));
    ck_assert(is_second("SMS", 109, NULL, "192.0.2.11", "text", t));
    /* Later it is an event again, counted from the first one taken. */
    ck_assert(!is_second("SMS", 109, "ANFIELD", "192.0.2.10", "text", t + 6 * s));
    ck_assert(is_second("SMS", 109, "ANFIELD", "192.0.2.10", "text", t + 10 * s));
    ck_assert(!is_second("SMS", 109, "ANFIELD", "192.0.2.10", "text", t + 12 * s));
    /* A clock that was set back far does not hide anything. */
    ck_assert(!is_second("SMS", 109, "ANFIELD", "192.0.2.10", "text", t - 100 * s));
    id_hasher_free(hasher);
}
END_TEST

START_TEST(a_flood_of_events_is_not_forgotten_at_once)
{
    char text[32];
    unsigned known = 0;

    memset(&seen, 0, sizeof seen);
    hasher = id_hasher_new();
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "event %d", i);
        ck_assert(!is_second("SMS", 1, "A", NULL, text, i));
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "event %d", i);
        known += is_second("SMS", 1, "A", NULL, text, 1000 + i);
    }
    ck_assert_uint_ge(known, 990);
    id_hasher_free(hasher);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("trap_decode");
    TCase *whole = tcase_create("whole"), *harm = tcase_create("broken"), *same = tcase_create("same");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(whole, set_up, tear_down);
    tcase_add_test(whole, version_1_comes_whole);
    tcase_add_test(whole, an_unsigned_id_is_the_same_id);
    tcase_add_test(whole, version_2c_comes_whole);
    tcase_add_loop_test(whole, each_message_is_taken_or_refused, 0, sizeof messages / sizeof *messages);
    tcase_add_test(whole, text_of_4096_bytes_and_more_comes_whole);
    suite_add_tcase(s, whole);
    tcase_add_checked_fixture(harm, set_up, tear_down);
    tcase_set_timeout(harm, 120);
    tcase_add_test(harm, cut_and_changed_datagrams_do_no_harm);
    tcase_add_test(harm, varbinds_are_bounded);
    tcase_add_test(harm, little_memory_is_an_answer);
    suite_add_tcase(s, harm);
    tcase_add_test(same, two_agents_tell_one_event);
    tcase_add_test(same, a_flood_of_events_is_not_forgotten_at_once);
    suite_add_tcase(s, same);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
