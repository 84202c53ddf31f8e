/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_evt_samba.c - event-log records that another program made: the bytes are
 * Samba's (tests/data/make_samba_evt.py), and each field must be what Samba was
 * told to write (tests/data/samba.jsonl). */
#include "build.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/evt_pack.h"
#include "parsers/format.h"
#include "tests/unit/jsonl.h"
#include "tests/unit/scratch.h"

static struct arena *arena;
static struct jsonl_row row;

struct image {
    const char *p;
    size_t n;
};

static int
image_copy(void *arg, uint64_t at, void *p, size_t n)
{
    const struct image *m = arg;

    ck_assert(at <= m->n && n <= m->n - at);
    memcpy(p, m->p + at, n);
    return 0;
}

static const char *
data_path(const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/data/%s", getenv("TEST_SRCDIR"), name);
    return path;
}

static uint64_t
number_of(const char *name)
{
    struct str s = jsonl_get(&row, name);
    uint64_t v = 0;

    ck_assert_msg(str_has(s) && s.n, "no %s", name);
    for (size_t i = 0; i < s.n; i++) {
        ck_assert_int_ge(s.p[i], '0');
        ck_assert_int_le(s.p[i], '9');
        v = 10 * v + (unsigned) (s.p[i] - '0');
    }
    return v;
}

static void
same(const char *what, struct str got, struct str want)
{
    ck_assert_msg(str_has(got) == str_has(want) && str_eq(got, want), "record %" PRIu64 ", %s: want '%.*s', got '%.*s'",
                  number_of("number"), what, STR_ARG(want), STR_ARG(got));
}

static void
same_number(const char *what, struct str got, uint64_t want)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, want);
    same(what, got, str_z(digits));
}

static void
same_data(struct str got)
{
    struct str want = jsonl_get(&row, "data");
    char hex[3];

    ck_assert_uint_eq(2 * got.n, want.n);
    for (size_t i = 0; i < got.n; i++) {
        snprintf(hex, sizeof hex, "%02x", (unsigned char) got.p[i]);
        ck_assert_msg(memcmp(hex, want.p + 2 * i, 2) == 0, "record %" PRIu64 ": byte %zu of its data is %s",
                      number_of("number"), i, hex);
    }
}

static unsigned
level_for(uint64_t type)
{
    return type == 1 || type == 16 ? 2 : type == 2 ? 3 : 4;
}

static void
compare(const struct evt_part *part, const struct event *ev)
{
    const struct eventlog *log = ev->log;
    char name[32], host[64];
    struct str want;
    unsigned n = 0;

    ck_assert_uint_eq(part->number, number_of("number"));
    ck_assert_uint_eq(part->generated, number_of("generated"));
    if (str_has(jsonl_get(&row, "written")))
        ck_assert_uint_eq(part->written, number_of("written"));
    else /* by Samba's clock, some time after the program's */
        ck_assert(part->written > part->generated && part->written < part->generated + 2 * 3600);
    ck_assert(ev->when.utc_known);
    ck_assert_int_eq(ev->when.utc, (int64_t) number_of("generated") * WHEN_SECOND);
    ck_assert_uint_eq(log->id32, number_of("id32"));
    ck_assert_uint_eq(log->number, number_of("id32") & 0xffff);
    same_number("record", ev->f.record_number, number_of("number"));
    same_number("event", ev->f.event_number, number_of("id32") & 0xffff);
    ck_assert_uint_eq(log->level, level_for(number_of("type")));
    if (number_of("category"))
        same_number("category", log->category, number_of("category"));
    else
        ck_assert(!str_has(log->category));
    same("source", ev->f.provider, jsonl_get(&row, "source"));
    want = jsonl_get(&row, "computer"); /* hosts are shown in capitals */
    for (size_t i = 0; i < want.n && i < sizeof host; i++)
        host[i] = want.p[i] >= 'a' && want.p[i] <= 'z' ? (char) (want.p[i] - 'a' + 'A') : want.p[i];
    same("computer", ev->f.host, str_make(host, want.n));
    ck_assert(!str_has(log->user));
    same_data(log->data);
    ck_assert(log->strings_known);
    for (;; n++) {
        snprintf(name, sizeof name, "string%u", n);
        if (!str_has(want = jsonl_get(&row, name)))
            break;
        ck_assert_uint_lt(n, log->n_strings);
        same(name, log->strings[n], want);
    }
    ck_assert_uint_eq(log->n_strings, n);
}

START_TEST(each_field_is_what_samba_was_told)
{
    size_t n;
    char *bytes = scratch_read(data_path("samba.evt"), &n);
    struct image m = {bytes, n};
    const struct evt_view view = {image_copy, &m, n};
    const struct format_options options = {0};
    FILE *list = fopen(data_path("samba.jsonl"), "r");
    int error = 0;
    struct evt_ring *r = evt_ring_open(&view, &error);
    struct evt_part part;
    unsigned count = 0, fields = 0;

    ck_assert(r && list);
    ck_assert(!evt_ring_facts(r)->dirty && evt_ring_facts(r)->end_known);
    while (jsonl_read(list, &row)) {
        struct event ev = {.source_name = STR("samba.evt")};
        struct format_record record;
        size_t at;

        ck_assert_int_eq(evt_ring_next(r, &part), EVT_RECORD);
        record = (struct format_record){.bytes = part.bytes};
        ck_assert_int_eq(evt_format.parse(&options, &record, arena, &ev, &at), PERR_OK);
        compare(&part, &ev);
        count++;
        fields += row.n;
        jsonl_free(&row);
        arena_reset(arena);
    }
    ck_assert_int_eq(evt_ring_next(r, &part), EVT_DONE);
    ck_assert_uint_eq(count, 20);
    ck_assert_uint_ge(fields, 200);
    evt_ring_free(r);
    fclose(list);
    free(bytes);
}
END_TEST

static void
set_up(void)
{
    arena = arena_new(1 << 20);
}

static void
tear_down(void)
{
    arena_free(arena);
}

int
main(void)
{
    Suite *suite = suite_create("evt_samba");
    TCase *c = tcase_create("samba");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, each_field_is_what_samba_was_told);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
