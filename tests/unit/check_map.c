/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_map.c - the bounded map against a plain list that does the same. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/map.h"

START_TEST(finds_replaces_and_takes)
{
    struct map *m = map_new(10);
    int a, b;

    ck_assert_ptr_null(map_get(m, STR("x")));
    ck_assert_ptr_null(map_take(m, STR("x")));
    ck_assert(map_put(m, STR("x"), &a));
    ck_assert(map_put(m, STR(""), &b));
    ck_assert_ptr_eq(map_get(m, STR("x")), &a);
    ck_assert_ptr_eq(map_get(m, STR("")), &b);
    ck_assert_ptr_null(map_get(m, STR("X")));
    ck_assert(map_put(m, STR("x"), &b));
    ck_assert_uint_eq(map_count(m), 2);
    ck_assert_ptr_eq(map_get(m, STR("x")), &b);
    ck_assert_ptr_eq(map_take(m, STR("x")), &b);
    ck_assert_ptr_null(map_get(m, STR("x")));
    ck_assert_uint_eq(map_count(m), 1);
    map_free(m);
}
END_TEST

START_TEST(keys_are_bytes_and_its_own)
{
    struct map *m = map_new(10);
    char key[] = {'a', '\0', 'b'};
    int v;

    ck_assert(map_put(m, str_make(key, 3), &v));
    key[2] = 'c';
    ck_assert_ptr_null(map_get(m, str_make(key, 3)));
    key[2] = 'b';
    ck_assert_ptr_eq(map_get(m, str_make(key, 3)), &v);
    ck_assert_ptr_null(map_get(m, STR("a")));
    ck_assert(str_eq(map_key_at(m, 0), str_make(key, 3)));
    map_free(m);
}
END_TEST

START_TEST(keeps_its_bound)
{
    struct map *m = map_new(3);
    int v;

    ck_assert(map_put(m, STR("1"), &v) && map_put(m, STR("2"), &v) && map_put(m, STR("3"), &v));
    ck_assert(!map_put(m, STR("4"), &v));
    ck_assert(map_put(m, STR("2"), &v));
    ck_assert_ptr_nonnull(map_take(m, STR("1")));
    ck_assert(map_put(m, STR("4"), &v));
    ck_assert_uint_eq(map_count(m), 3);
    map_free(m);
    map_free(NULL);
}
END_TEST

/* The order depends on the calls alone: insertion, and the last one moves into
 * the gap. */
START_TEST(order_is_that_of_the_calls)
{
    struct map *m = map_new(10);
    int v[5];

    for (int i = 0; i < 5; i++) {
        char key = (char) ('a' + i);

        ck_assert(map_put(m, str_make(&key, 1), &v[i]));
    }
    map_take(m, STR("b"));
    ck_assert_ptr_eq(map_at(m, 0), &v[0]);
    ck_assert_ptr_eq(map_at(m, 1), &v[4]);
    ck_assert_ptr_eq(map_at(m, 2), &v[2]);
    ck_assert_ptr_eq(map_at(m, 3), &v[3]);
    map_free(m);
}
END_TEST

enum { KEYS = 700, MODEL_BOUND = 500 };

/* Puts and takes in a fixed pseudo-random order, compared after each. */
START_TEST(agrees_with_a_list)
{
    static int value[KEYS];
    bool there[KEYS] = {false};
    struct map *m = map_new(MODEL_BOUND);
    unsigned seed = 7, n = 0;

    for (unsigned step = 0; step < 60000; step++) {
        unsigned k;
        char key[16];
        struct str s;

        seed = seed * 1103515245u + 12345u;
        k = (seed >> 8) % KEYS;
        s = str_make(key, (size_t) snprintf(key, sizeof key, "key-%u", k * 7919));
        ck_assert_ptr_eq(map_get(m, s), there[k] ? &value[k] : NULL);
        if ((seed >> 24) % 3 == 0) {
            ck_assert_ptr_eq(map_take(m, s), there[k] ? &value[k] : NULL);
            n -= there[k];
            there[k] = false;
        } else {
            bool fits = there[k] || n < MODEL_BOUND;

            ck_assert(map_put(m, s, &value[k]) == fits);
            n += fits && !there[k];
            there[k] = there[k] || fits;
        }
        ck_assert_uint_eq(map_count(m), n);
    }
    map_free(m);
}
END_TEST

/* As after a restart: each entry where it stood, whatever comes first. */
START_TEST(takes_entries_back_to_their_places)
{
    static int v[200];
    struct map *m = map_new(200), *bad = map_new(200);
    char key[16];

    for (unsigned i = 0; i < 200; i++) {
        unsigned at = i * 77 % 200;

        ck_assert(map_place(m, str_make(key, (size_t) sprintf(key, "k%u", at)), &v[at], at));
    }
    ck_assert(map_settle(m));
    for (unsigned i = 0; i < 200; i++) {
        struct str k = str_make(key, (size_t) sprintf(key, "k%u", i));

        ck_assert_ptr_eq(map_at(m, i), &v[i]);
        ck_assert_ptr_eq(map_get(m, k), &v[i]);
        ck_assert_uint_eq(map_index(m, k), i);
    }
    ck_assert_uint_eq(map_index(m, STR("none")), 200);
    ck_assert(!map_put(m, STR("more"), &v[0]));
    map_free(m);
    ck_assert(map_place(bad, STR("a"), &v[0], 0));
    ck_assert(!map_place(bad, STR("b"), &v[1], 0));
    ck_assert(!map_place(bad, STR("b"), &v[1], 200));
    ck_assert(map_place(bad, STR("b"), &v[1], 2));
    ck_assert(!map_settle(bad));
    ck_assert(map_place(bad, STR("a"), &v[2], 1));
    ck_assert(!map_settle(bad));
    map_free(bad);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("map");
    TCase *tc = tcase_create("map");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, finds_replaces_and_takes);
    tcase_add_test(tc, keys_are_bytes_and_its_own);
    tcase_add_test(tc, keeps_its_bound);
    tcase_add_test(tc, order_is_that_of_the_calls);
    tcase_add_test(tc, agrees_with_a_list);
    tcase_add_test(tc, takes_entries_back_to_their_places);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
