/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_storm.c - when many raises are a storm, what is said of it and when,
 * and when it is over.  All at times of the test's own. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/storm.h"

#define S INT64_C(1000000000)
#define START (INT64_C(900000000) * S)

static void
count_as(struct storm_table *t, const char *key, const char *host, enum alarm_state state, const char *reason, int64_t now)
{
    const struct alarm_item a = {.key = str_z(key), .state = state, .cls = CLASS_NETWORK, .reason = str_z(reason),
                                 .f = {.host = str_z(host)}};

    storm_count(t, &a, now);
}

static void
change(struct storm_table *t, const char *server, unsigned k, enum alarm_state state, int64_t now)
{
    char key[64];

    snprintf(key, sizeof key, "dist:%s:P%u", server, k);
    count_as(t, key, "LOGHOST", state, NULL, now);
}

static void
raise_run(struct storm_table *t, const char *server, unsigned from, unsigned n, int64_t now)
{
    for (unsigned i = 0; i < n; i++)
        change(t, server, from + i, ALARM_RAISED, now);
}

static void
says(struct storm_table *t, int64_t now, const char *name, bool raise, uint64_t raises, uint64_t clears, unsigned open)
{
    struct storm_change c;

    ck_assert(storm_next(t, now, &c));
    ck_assert_str_eq(c.name.p, name);
    ck_assert_uint_eq(c.name.n, strlen(name));
    ck_assert_int_eq(c.raise, raise);
    ck_assert_uint_eq(c.raises, raises);
    ck_assert_uint_eq(c.clears, clears);
    ck_assert_uint_eq(c.open, open);
}

static void
silent(struct storm_table *t, int64_t now)
{
    struct storm_change c;

    ck_assert(!storm_next(t, now, &c));
}

START_TEST(over_twenty_in_five_minutes)
{
    struct storm_table *t = storm_new();

    raise_run(t, "A", 0, STORM_RAISES, START);
    silent(t, START);
    ck_assert(!storm_waiting(t));
    change(t, "A", 20, ALARM_RAISED, START + STORM_WINDOW - 1);
    ck_assert(storm_waiting(t));
    says(t, START + STORM_WINDOW - 1, "A/NETWORK", true, 21, 0, 21);
    silent(t, START + STORM_WINDOW - 1);
    ck_assert(!storm_waiting(t));
    /* The first is five minutes old when the last comes. */
    raise_run(t, "B", 0, 1, START);
    raise_run(t, "B", 1, 20, START + STORM_WINDOW);
    silent(t, START + STORM_WINDOW);
    storm_free(t);
}
END_TEST

START_TEST(goes_on_once_a_minute_and_ends)
{
    struct storm_table *t = storm_new();
    int64_t now = START;

    raise_run(t, "A", 0, 30, now);
    says(t, now, "A/NETWORK", true, 30, 0, 30);
    for (unsigned i = 0; i < 10; i++)
        change(t, "A", i, ALARM_CLEARED, now + 1);
    change(t, "A", 30, ALARM_RAISED, now + 2);
    change(t, "A", 30, ALARM_RAISED, now + 2); /* again; it is open but once */
    silent(t, now + 60 * S - 1);
    says(t, now + 60 * S, "A/NETWORK", true, 32, 10, 21);
    silent(t, now + 200 * S);
    /* Six in the window are too many, five are not. */
    now += 240 * S;
    raise_run(t, "A", 40, 6, now);
    says(t, now, "A/NETWORK", true, 38, 10, 27);
    silent(t, now + STORM_WINDOW - 1);
    says(t, now + STORM_WINDOW, "A/NETWORK", false, 38, 10, 27);
    silent(t, now + STORM_WINDOW * 2);
    /* Another one counts from its own beginning. */
    now += STORM_WINDOW * 3;
    raise_run(t, "A", 100, 21, now);
    says(t, now, "A/NETWORK", true, 21, 0, 48);
    raise_run(t, "A", 200, 5, now + 100 * S);
    says(t, now + 100 * S, "A/NETWORK", true, 26, 0, 53);
    says(t, now + STORM_WINDOW, "A/NETWORK", false, 26, 0, 53);
    storm_free(t);
}
END_TEST

START_TEST(what_does_not_count)
{
    struct storm_table *t = storm_new();
    const struct alarm_item self = {.key = STR("self:MISSING:X"), .state = ALARM_RAISED, .cls = CLASS_SELF};

    for (unsigned i = 0; i < 100; i++) {
        storm_count(t, &self, START);
        change(t, "A", i, ALARM_UPDATED, START);
        change(t, "A", i, ALARM_CLEARED, START);
        count_as(t, "dist:A:P", "H", ALARM_RAISED, ALARM_REASON_RESENT, START);
        count_as(t, "dist:A:P", "H", ALARM_RAISED, ALARM_REASON_HISTORY, START);
    }
    silent(t, START);
    storm_free(t);
}
END_TEST

START_TEST(servers_and_classes_are_apart)
{
    struct storm_table *t = storm_new();

    raise_run(t, "A", 0, 15, START);
    raise_run(t, "B", 0, 15, START);
    for (unsigned i = 0; i < 15; i++) {
        const struct alarm_item a = {.key = STR("dist:A:Q"), .state = ALARM_RAISED, .cls = CLASS_DISK_FULL};

        storm_count(t, &a, START);
    }
    silent(t, START);
    storm_free(t);
}
END_TEST

START_TEST(names)
{
    static const struct {
        const char *key, *host, *name;
    } rows[] = {
        {"dist:Anfield:DOG0005D", "LOG", "ANFIELD/NETWORK"}, {"dist:-:DOG0005D", "log", "LOG/NETWORK"},
        {"dist:-:DOG0005D", NULL, "-/NETWORK"},              {"stall:H:X.INS", "Log", "LOG/NETWORK"},
        {"comp:H:C", "a b", "A_B/NETWORK"},                  {"dist:", "", "-/NETWORK"},
        {"dist:ONLY", "h", "ONLY/NETWORK"},
    };
    char out[STORM_NAME + 1], longest[4 * STORM_NAME];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct alarm_item a = {.key = str_z(rows[i].key), .cls = CLASS_NETWORK, .f = {.host = str_z(rows[i].host)}};
        struct str name = storm_name(out, &a);

        ck_assert_str_eq(out, rows[i].name);
        ck_assert_uint_eq(name.n, strlen(out));
    }
    /* Longer ones are cut, and never inside a character. */
    for (size_t i = 0; i + 1 < sizeof longest; i += 2)
        memcpy(longest + i, "\xc3\xa4", 2);
    for (size_t skip = 0; skip < 2; skip++) {
        const struct alarm_item a = {.key = STR("comp:H:C"), .cls = CLASS_PACKAGE_EMPTIED,
                                     .f = {.host = str_make(longest, sizeof longest - skip * 2)}};
        struct str name = storm_name(out, &a);
        size_t server = str_find_char(name, '/');

        ck_assert_uint_le(name.n, STORM_NAME);
        ck_assert_uint_eq(server % 2, 0);
        ck_assert_str_eq(out + server, "/PACKAGE-EMPTIED");
    }
}
END_TEST

static struct storm_table *
again(struct storm_table *t)
{
    struct keep_out o = {0};
    struct keep_in in;
    struct storm_table *copy = storm_new();

    ck_assert(storm_changed(t));
    storm_save(t, &o);
    ck_assert(!o.failed);
    ck_assert(storm_changed(t)); /* until it is on disk */
    storm_saved(t);
    ck_assert(!storm_changed(t));
    in = (struct keep_in){.p = o.p, .end = o.p + o.n};
    ck_assert(storm_restore(copy, &in));
    ck_assert_ptr_eq(in.p, in.end);
    /* Any shorter is not such bytes. */
    for (size_t n = 0; n < o.n; n++) {
        struct storm_table *half = storm_new();
        uint8_t *exact = malloc(n ? n : 1);

        memcpy(exact, o.p, n);
        in = (struct keep_in){.p = exact, .end = exact + n};
        ck_assert(!storm_restore(half, &in));
        free(exact);
        storm_free(half);
    }
    free(o.p);
    storm_free(t);
    return copy;
}

START_TEST(survives_a_restart)
{
    struct storm_table *t = storm_new();

    raise_run(t, "A", 0, 12, START);
    raise_run(t, "B", 0, 30, START);
    t = again(t);
    says(t, START, "B/NETWORK", true, 30, 0, 30);
    silent(t, START);
    change(t, "B", 3, ALARM_CLEARED, START + 1);
    raise_run(t, "A", 12, 9, START + 2);
    t = again(t);
    says(t, START + 2, "A/NETWORK", true, 21, 0, 21);
    silent(t, START + 60 * S - 1);
    t = again(t);
    says(t, START + 60 * S, "B/NETWORK", true, 30, 1, 29);
    silent(t, START + 60 * S);
    /* All is over, and then forgotten: nothing is left to save. */
    says(t, START + 2 + STORM_WINDOW, "A/NETWORK", false, 21, 0, 21);
    says(t, START + 2 + STORM_WINDOW, "B/NETWORK", false, 30, 1, 29);
    silent(t, START + 2 + STORM_WINDOW);
    for (unsigned i = 0; i < 30; i++) {
        change(t, "A", i, ALARM_CLEARED, START + 2 * STORM_WINDOW);
        change(t, "B", i, ALARM_CLEARED, START + 2 * STORM_WINDOW);
    }
    silent(t, START + 2 * STORM_WINDOW);
    {
        struct keep_out o = {0};

        storm_save(t, &o);
        ck_assert_uint_eq(o.n, 16);
        free(o.p);
    }
    storm_free(t);
}
END_TEST

/* The hash of an open key as an older version stored it: it is still taken back. */
START_TEST(keys_are_stored_as_ever)
{
    struct storm_table *t = storm_new();
    struct keep_out o = {0};
    uint64_t hash = 0;

    raise_run(t, "A", 0, 1, START);
    storm_save(t, &o);
    for (unsigned i = 0; i < 8; i++)
        hash = hash << 8 | o.p[o.n - 8 + i];
    ck_assert_uint_eq(hash, UINT64_C(0x3d82930f3638deac)); /* dist:A:P0 */
    free(o.p);
    storm_free(t);
}
END_TEST

/* An alarm says that one is on, and nobody knows why: it ends like any other. */
START_TEST(adopted)
{
    struct storm_table *t = storm_new();

    storm_adopt(t, STR("A/NETWORK"), START);
    ck_assert(storm_changed(t));
    silent(t, START + STORM_WINDOW - 1);
    says(t, START + STORM_WINDOW, "A/NETWORK", false, 0, 0, 0);
    silent(t, START + 2 * STORM_WINDOW);
    /* One that is known stays as it is. */
    raise_run(t, "B", 0, 30, START);
    says(t, START, "B/NETWORK", true, 30, 0, 30);
    storm_adopt(t, STR("B/NETWORK"), START + 10 * S);
    silent(t, START + STORM_WINDOW - 1);
    says(t, START + STORM_WINDOW, "B/NETWORK", false, 30, 0, 30);
    storm_free(t);
}
END_TEST

/* A clock that was set back holds no storm up for longer than it lasts. */
START_TEST(a_clock_set_back)
{
    struct storm_table *t = storm_new();

    raise_run(t, "A", 0, 30, START);
    says(t, START, "A/NETWORK", true, 30, 0, 30);
    silent(t, START - 1000 * S);
    says(t, START - 1000 * S + STORM_WINDOW, "A/NETWORK", false, 30, 0, 30);
    storm_free(t);
}
END_TEST

/* As many servers as there may be: who is quiet makes room, a storm stays. */
START_TEST(bounds)
{
    struct storm_table *t = storm_new();
    struct storm_change c;
    char server[32];
    uint64_t untracked;
    unsigned n = 0;

    for (unsigned i = 0; i < 3 * STORM_TRACKED; i++) {
        snprintf(server, sizeof server, "Q%u", i);
        raise_run(t, server, 0, 1, START + i);
    }
    ck_assert_uint_eq(storm_untracked(t), 0);
    for (unsigned i = 0; i < STORM_TRACKED; i++) {
        snprintf(server, sizeof server, "S%u", i);
        raise_run(t, server, 0, 21, START + i);
    }
    while (storm_next(t, START + STORM_TRACKED, &c))
        n += c.raise;
    ck_assert_uint_eq(n, STORM_TRACKED);
    /* So many alarms are open that not each could be remembered. */
    untracked = storm_untracked(t);
    ck_assert_uint_gt(untracked, 0);
    raise_run(t, "LATE", 0, 21, START + STORM_TRACKED);
    ck_assert_uint_eq(storm_untracked(t), untracked + 21);
    silent(t, START + STORM_TRACKED);
    storm_free(t);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("storm");
    TCase *tc = tcase_create("storm");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(tc, over_twenty_in_five_minutes);
    tcase_add_test(tc, goes_on_once_a_minute_and_ends);
    tcase_add_test(tc, what_does_not_count);
    tcase_add_test(tc, servers_and_classes_are_apart);
    tcase_add_test(tc, names);
    tcase_add_test(tc, survives_a_restart);
    tcase_add_test(tc, keys_are_stored_as_ever);
    tcase_add_test(tc, adopted);
    tcase_add_test(tc, a_clock_set_back);
    tcase_add_test(tc, bounds);
    suite_add_tcase(s, tc);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
