/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_acked.c - what is known of messages acknowledged out of turn. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/acked.h"

static struct acked a;

static const char *
id_of(unsigned n)
{
    static char id[33];

    snprintf(id, sizeof id, "%08x9abcdef0123456789abcdefA", n);
    return id;
}

START_TEST(what_was_noted_is_known)
{
    ck_assert(!acked_has(&a, 1, id_of(1)));
    ck_assert(!acked_has(&a, 0, id_of(1)));
    acked_note(&a, 7, id_of(7));
    acked_note(&a, 5, id_of(5));
    ck_assert(acked_has(&a, 7, id_of(7)));
    ck_assert(acked_has(&a, 5, id_of(5)));
    ck_assert(!acked_has(&a, 6, id_of(6)));
    ck_assert(!acked_has(&a, 8, id_of(8)));
    ck_assert(!acked_has(&a, 0, ""));
}
END_TEST

/* A clear that is owed after a drop may get the number of another item. */
START_TEST(a_number_alone_is_not_enough)
{
    acked_note(&a, 9, id_of(9));
    ck_assert(!acked_has(&a, 9, id_of(10)));
    ck_assert(!acked_has(&a, 8, id_of(9)));
}
END_TEST

START_TEST(the_newest_are_kept)
{
    for (unsigned n = 1; n <= 3 * ACKED_MAX; n++)
        acked_note(&a, n, id_of(n));
    for (unsigned n = 1; n <= 3 * ACKED_MAX; n++)
        ck_assert_msg(acked_has(&a, n, id_of(n)) == (n > 2 * ACKED_MAX), "number %u", n);
}
END_TEST

static void
forget(void)
{
    a = (struct acked){.next = 0};
}

int
main(void)
{
    Suite *s = suite_create("acked");
    TCase *c = tcase_create("acked");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(c, forget, NULL);
    tcase_add_test(c, what_was_noted_is_known);
    tcase_add_test(c, a_number_alone_is_not_enough);
    tcase_add_test(c, the_newest_are_kept);
    suite_add_tcase(s, c);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
