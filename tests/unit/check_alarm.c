/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_alarm.c - names of things that fail, the strength of evidence, and the
 * bounds of the alarm table.  The life of alarms is in tests/scenarios. */
#include "build.h"

#include "tests/unit/engine.h"

START_TEST(keys_are_upper_case_words)
{
    char out[ALARM_KEY_MAX + 1];

    ck_assert_str_eq(alarm_key(out, "dist", STR("anfield"), STR("dog0005d")).p, "dist:ANFIELD:DOG0005D");
    ck_assert_str_eq(alarm_key(out, "dist", STR_NONE, STR("DOG0005D")).p, "dist:-:DOG0005D");
    ck_assert_str_eq(alarm_key(out, "dist", STR(""), STR_NONE).p, "dist:-:-");
    ck_assert_str_eq(alarm_key(out, "file", STR("A"), STR("E:\\_S M0000.TMP\\x\n\x7f")).p, "file:A:E:\\_S_M0000.TMP\\X__");
    ck_assert_str_eq(alarm_key(out, "comp", STR("caf\xc3\xa9"), STR("x")).p, "comp:CAF\xc3\xa9:X");
}
END_TEST

/* At most 128 bytes, whole characters, and different things stay different. */
START_TEST(long_keys_are_cut_and_hashed)
{
    static char path[5000];
    char a[ALARM_KEY_MAX + 1], b[ALARM_KEY_MAX + 1];

    for (unsigned shift = 0; shift < 4; shift++) {
        size_t n = shift;
        struct str first, second;

        memset(path, 'x', shift);
        while (n + 2 <= sizeof path - 1) {
            memcpy(path + n, "\xc3\xa9", 2);
            n += 2;
        }
        first = alarm_key(a, "file", STR("ANFIELD"), str_make(path, n));
        path[n - 1]++;
        second = alarm_key(b, "file", STR("ANFIELD"), str_make(path, n));
        ck_assert_uint_le(first.n, ALARM_KEY_MAX);
        ck_assert_uint_ge(first.n, ALARM_KEY_MAX - 1);
        ck_assert_uint_eq(strlen(a), first.n);
        ck_assert(!str_eq(first, second));
        ck_assert_int_eq(strspn(a + first.n - 16, "0123456789ABCDEF"), 16);
        ck_assert_int_eq(((unsigned char) a[first.n - 17]) & 0xc0, 0x80);
    }
    ck_assert_uint_eq(alarm_key(a, "file", STR("A"), str_make(path, 121)).n, 128);
    ck_assert_uint_eq(alarm_key(a, "file", STR("A"), str_make("", 0)).n, 8);
}
END_TEST

/* The first is FNV-1a's, "foobar" of draft-eastlake-fnv; the second is what older
 * journals hold. */
START_TEST(hashes_are_those_on_disk)
{
    ck_assert_uint_eq(str_hash(STR("foobar")), UINT64_C(0x85944171f73967e8));
    ck_assert_uint_eq(alarm_hash(STR("Anfield")), UINT64_C(0x98982d9446ccfa34));
}
END_TEST

START_TEST(hosts_are_the_same_by_their_first_label)
{
    ck_assert(host_same(STR("ANFIELD"), STR("anfield")));
    ck_assert(host_same(STR("ANFIELD"), STR("anfield.example.org")));
    ck_assert(host_same(STR("anfield.example.org"), STR("ANFIELD")));
    ck_assert(!host_same(STR("ANFIELD"), STR("ANFIELD2")));
    ck_assert(!host_same(STR("ANFIELD"), STR("ANFIELD2.example.org")));
    ck_assert(!host_same(STR("10"), STR("10.0.0.1")));
    ck_assert(!host_same(STR("10.0"), STR("10.0.0.1")));
    ck_assert(host_same(STR("10.0.0.1"), STR("10.0.0.1")));
    ck_assert(!host_same(STR(""), STR("ANFIELD")));
}
END_TEST

START_TEST(evidence_is_ranked)
{
    ck_assert_int_gt(alarm_strength(BASIS_FIGURES), alarm_strength(BASIS_LOG_MATCH));
    ck_assert_int_eq(alarm_strength(BASIS_LOG_MATCH), alarm_strength(BASIS_CODE));
    ck_assert_int_gt(alarm_strength(BASIS_CODE), alarm_strength(BASIS_BLANK_FIGURES));
    ck_assert_int_eq(alarm_strength(BASIS_BLANK_FIGURES), alarm_strength(BASIS_SEQUENCE));
    ck_assert_int_gt(alarm_strength(BASIS_SEQUENCE), alarm_strength(BASIS_TEXT));
    ck_assert_int_eq(alarm_strength(BASIS_TEXT), alarm_strength(BASIS_NONE));
}
END_TEST

static struct event
failed_copy(unsigned package, char *name)
{
    struct event ev = engine_line(FACT_COPY_FAILED, CLASS_FILE_CONTENTION);

    ev.f.package = str_make(name, (size_t) sprintf(name, "DOG%05X", package));
    ev.f.target = STR("E:\\x");
    return ev;
}

/* What is older than the last clear does not count into what was raised after it. */
START_TEST(late_report_is_no_part_of_the_next_alarm)
{
    struct engine e;
    struct event ev, ok = engine_line(FACT_COPY_OK, CLASS_RECOVERED);
    char name[16];

    engine_open(&e);
    ev = failed_copy(1, name);
    engine_feed(&e, &ev, 1, 1000);
    ok.f.package = ev.f.package;
    ok.f.target = ev.f.target;
    engine_feed(&e, &ok, 1, 2000);
    ck_assert_uint_eq(e.cleared, 1);
    ev = failed_copy(1, name);
    engine_feed(&e, &ev, 1, 3000);
    ck_assert_uint_eq(e.raised, 2);
    ev = failed_copy(1, name);
    engine_feed(&e, &ev, 2, 1500);
    ck_assert_uint_eq(e.raised, 2);
    ck_assert_uint_eq(e.updated, 0);
    ev = failed_copy(1, name);
    engine_feed(&e, &ev, 2, 2900);
    ck_assert_uint_eq(e.updated, 1);
    engine_close(&e);
}
END_TEST

/* One more than the bound: the one heard of longest ago goes, and says so. */
START_TEST(eviction_is_counted_and_announced)
{
    struct engine e;
    char name[32];

    engine_open(&e);
    e.reason = "evicted";
    for (unsigned i = 0; i < ALARM_OPEN_MAX; i++) {
        struct event ev = failed_copy(i, name);

        engine_feed(&e, &ev, 1, 900000000 + i / 100);
    }
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(e.correlate)), ALARM_OPEN_MAX);
    ck_assert_uint_eq(e.count_reason, 0);
    /* Number 0 fails again: now number 1 is the oldest. */
    struct event again = failed_copy(0, name);
    engine_feed(&e, &again, 1, 900000400);
    struct event more = failed_copy(ALARM_OPEN_MAX, name);
    engine_feed(&e, &more, 1, 900000500);
    ck_assert_uint_eq(alarm_open_count(correlate_alarms(e.correlate)), ALARM_OPEN_MAX);
    ck_assert_uint_eq(e.count_reason, 1);
    ck_assert_uint_eq(alarm_counters(correlate_alarms(e.correlate))->evicted, 1);
    ck_assert_ptr_nonnull(alarm_find(correlate_alarms(e.correlate), STR("dist:ANFIELD:DOG00000")));
    ck_assert_ptr_null(alarm_find(correlate_alarms(e.correlate), STR("dist:ANFIELD:DOG00001")));
    ck_assert_ptr_nonnull(alarm_find(correlate_alarms(e.correlate), STR("dist:ANFIELD:DOG02710")));
    engine_close(&e);
}
END_TEST

enum { IDS_MAX = 4 * (ALARM_CLEARED_MAX + 50) };

static void
collect_id(struct engine *e, const struct item *item)
{
    unsigned n = e->raised + e->updated + e->cleared;

    if (item->kind != ITEM_ALARM)
        return;
    ck_assert_uint_lt(n, IDS_MAX);
    memcpy((char *) e->arg + (size_t) n * EVENT_ID_SIZE, item->alarm->id, EVENT_ID_SIZE);
}

static int
by_id(const void *a, const void *b)
{
    return memcmp(a, b, EVENT_ID_SIZE);
}

/* No two changes of any alarm share an id, not even when the key's last clear
 * was pushed out of memory in between. */
START_TEST(ids_are_never_used_twice)
{
    struct engine e;
    char name[32], *ids = malloc((size_t) IDS_MAX * EVENT_ID_SIZE);
    unsigned n;

    ck_assert_ptr_nonnull(ids);
    engine_open(&e);
    e.watch = collect_id;
    e.arg = ids;
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < ALARM_CLEARED_MAX + 50; i++) {
            struct event ev = failed_copy(i, name), ok = ev;

            ok.fact = FACT_COPY_OK;
            ok.cls = CLASS_RECOVERED;
            engine_feed(&e, &ev, 1, 900000000 + 20000 * round + i);
            engine_feed(&e, &ok, 1, 900000000 + 20000 * round + i);
        }
    n = e.raised + e.updated + e.cleared;
    ck_assert_uint_eq(e.raised, 2 * (ALARM_CLEARED_MAX + 50));
    ck_assert_uint_eq(e.cleared, e.raised);
    qsort(ids, n, EVENT_ID_SIZE, by_id);
    for (unsigned i = 1; i < n; i++)
        ck_assert_msg(memcmp(ids + (i - 1) * (size_t) EVENT_ID_SIZE, ids + i * (size_t) EVENT_ID_SIZE, EVENT_ID_SIZE) != 0,
                      "id %s twice", ids + i * (size_t) EVENT_ID_SIZE);
    free(ids);
    engine_close(&e);
}
END_TEST

/* A record of a key whose clear is remembered and newer: counted, silent. */
START_TEST(stale_records_are_counted)
{
    struct engine e;
    char name[32];
    struct event ev, ok;

    engine_open(&e);
    ev = failed_copy(1, name);
    engine_feed(&e, &ev, 1, 900000000);
    ok = ev;
    ok.fact = FACT_COPY_OK;
    ok.cls = CLASS_RECOVERED;
    engine_feed(&e, &ok, 1, 900000100);
    ck_assert_uint_eq(e.cleared, 1);
    engine_feed(&e, &ev, 1, 900000050);
    ck_assert_uint_eq(e.raised, 1);
    ck_assert_uint_eq(alarm_counters(correlate_alarms(e.correlate))->stale, 1);
    engine_feed(&e, &ev, 1, 900000100);
    ck_assert_uint_eq(e.raised, 2);
    engine_close(&e);
}
END_TEST

/* Memory stays bounded by the table, whatever number of keys ever fail. */
START_TEST(cleared_keys_are_forgotten_oldest_first)
{
    struct engine e;
    char name[32];
    struct event ev, ok;

    engine_open(&e);
    for (unsigned i = 0; i <= ALARM_CLEARED_MAX; i++) {
        ev = failed_copy(i, name);
        ok = ev;
        ok.fact = FACT_COPY_OK;
        ok.cls = CLASS_RECOVERED;
        engine_feed(&e, &ev, 1, 900000000 + i);
        engine_feed(&e, &ok, 1, 900000000 + i);
    }
    /* Number 1 is still remembered, number 0 is not. */
    ev = failed_copy(1, name);
    engine_feed(&e, &ev, 1, 900000000);
    ck_assert_uint_eq(e.raised, ALARM_CLEARED_MAX + 1);
    ev = failed_copy(0, name);
    engine_feed(&e, &ev, 1, 899999999);
    ck_assert_uint_eq(e.raised, ALARM_CLEARED_MAX + 2);
    engine_close(&e);
}
END_TEST

int
main(void)
{
    TCase *tc = tcase_create("alarm");

    tcase_add_test(tc, keys_are_upper_case_words);
    tcase_add_test(tc, long_keys_are_cut_and_hashed);
    tcase_add_test(tc, hashes_are_those_on_disk);
    tcase_add_test(tc, hosts_are_the_same_by_their_first_label);
    tcase_add_test(tc, evidence_is_ranked);
    tcase_add_test(tc, late_report_is_no_part_of_the_next_alarm);
    tcase_add_test(tc, eviction_is_counted_and_announced);
    tcase_add_test(tc, ids_are_never_used_twice);
    tcase_add_test(tc, stale_records_are_counted);
    tcase_add_test(tc, cleared_keys_are_forgotten_oldest_first);
    return engine_main("alarm", tc);
}
