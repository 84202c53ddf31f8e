/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_evt_ring.c - the reader of event logs as rings, on files that a writer
 * of the tests' own made (evt_sim.c): every live record, in order, and nothing
 * else, however the ring lies, and whatever was cut off or changed. */
#include "build.h"

#include "parsers/evt_ring.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/evt_sim.h"

struct image {
    const uint8_t *p;
    size_t n;
    uint64_t read; /* bytes asked for */
    uint64_t fail_at; /* reads that touch this byte fail; 0: none */
};

static int
image_read(void *arg, uint64_t at, void *p, size_t n)
{
    struct image *m = arg;

    ck_assert_uint_le(at + n, m->n);
    if (m->fail_at && at <= m->fail_at && m->fail_at < at + n)
        return -EIO;
    memcpy(p, m->p + at, n);
    m->read += n;
    return 0;
}

static struct evt_ring *
open_image(struct image *m, int *error)
{
    const struct evt_view view = {image_read, m, m->n};

    return evt_ring_open(&view, error);
}

static uint64_t seed = 88172645463325252u;

static uint32_t
any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t) (seed >> 24) % below;
}

/* That the file gives exactly the live records of 's'. */
static void
expect_live(const struct sim *s, const char *what)
{
    struct image m = {.p = s->p, .n = s->size};
    struct evt_part part;
    int error;
    struct evt_ring *r = open_image(&m, &error);
    enum evt_kind kind;
    unsigned n = 0;

    ck_assert_msg(r != NULL, "%s: not opened", what);
    while ((kind = evt_ring_next(r, &part)) == EVT_RECORD) {
        const struct sim_record *live = sim_live(s, n);

        ck_assert_msg(n < s->n_live, "%s: more than %u records", what, s->n_live);
        ck_assert_msg(part.number == live->number && part.offset == live->offset && part.bytes.n == live->length
                          && memcmp(part.bytes.p, live->bytes, live->length) == 0,
                      "%s: record %u is number %u at %llu, not %u at %u", what, n, part.number,
                      (unsigned long long) part.offset, live->number, live->offset);
        n++;
    }
    ck_assert_msg(kind == EVT_DONE, "%s: after %u records kind %d at %llu (%zu bytes)", what, n, (int) kind,
                  (unsigned long long) part.offset, part.bytes.n);
    ck_assert_msg(n == s->n_live, "%s: %u of %u records", what, n, s->n_live);
    ck_assert(evt_ring_facts(r)->end_known);
    ck_assert_uint_eq(evt_ring_facts(r)->next, s->next);
    ck_assert_uint_eq(evt_ring_facts(r)->oldest, s->oldest);
    evt_ring_free(r);
}

/* The same with the header as it was, as it is, and as it was with its flag not
 * set. */
static void
expect_live_all_ways(struct sim *s, const char *what)
{
    expect_live(s, what);
    s->p[36] &= 0xfe;
    expect_live(s, what);
    sim_flush(s);
    expect_live(s, what);
}

static void
write_samples(struct sim *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct sim_entry e = sim_sample(i);

        sim_write(s, &e);
    }
}

START_TEST(an_empty_and_a_cleared_log_have_nothing)
{
    struct sim s;

    sim_init(&s, 65536);
    expect_live_all_ways(&s, "new");
    write_samples(&s, 2000);
    sim_clear(&s);
    expect_live_all_ways(&s, "cleared");
    write_samples(&s, 3);
    expect_live_all_ways(&s, "begun again");
    sim_fini(&s);
}
END_TEST

START_TEST(a_log_that_did_not_go_round)
{
    struct sim s;

    sim_init(&s, 65536);
    for (unsigned i = 0; i < 200; i++) {
        struct sim_entry e = sim_sample(i);

        sim_write(&s, &e);
        expect_live(&s, "dirty");
        if (i % 10 == 0)
            sim_flush(&s);
    }
    ck_assert_uint_eq(s.n_live, 200);
    expect_live_all_ways(&s, "200");
    sim_shorten(&s);
    expect_live_all_ways(&s, "saved");
    sim_fini(&s);
}
END_TEST

/* 'room' bytes are left at the file's end when a record of 144 bytes comes. */
static const struct {
    const char *name;
    uint32_t room;
} rooms[] = {
    {"split at 100", 100}, {"split at 56", 56},       {"split at 60", 60}, {"tail of 8", 136},   {"tail of 4", 140},
    {"exact fit", 144},    {"end mark's tail", 148},  {"end mark split", 164}, {"end mark fits", 184}, {"one word more", 188},
    {"fill of 4", 4},      {"fill of 28", 28},        {"fill of 52", 52},  {"fill of 8", 8},     {"fill of 40", 40},
};

START_TEST(the_end_of_the_file)
{
    struct sim s;
    struct sim_entry e = sim_event_109();

    sim_init(&s, 65536);
    ck_assert_uint_eq(sim_length(&e), 144);
    /* Once as the ring goes round for the first time, then when it did before. */
    for (int turn = 0; turn < 3; turn++) {
        sim_fill_to(&s, rooms[_i].room);
        ck_assert_uint_eq(sim_room(&s), rooms[_i].room);
        expect_live_all_ways(&s, rooms[_i].name);
        for (int more = 0; more < 4; more++) {
            sim_write(&s, &e);
            expect_live(&s, rooms[_i].name);
        }
        expect_live_all_ways(&s, rooms[_i].name);
    }
    sim_fini(&s);
}
END_TEST

START_TEST(a_hundred_thousand_records)
{
    struct sim s;
    struct image m;
    int error;
    struct evt_ring *r;
    struct evt_part part;

    sim_init(&s, 32u << 20);
    write_samples(&s, 100000);
    ck_assert_uint_eq(s.n_live, 100000);
    expect_live_all_ways(&s, "100,000");
    write_samples(&s, 200000);
    ck_assert(s.full);
    expect_live_all_ways(&s, "gone round");
    /* Of a header that is written back only what the records have is read. */
    m = (struct image){.p = s.p, .n = s.size};
    r = open_image(&m, &error);
    while (evt_ring_next(r, &part) == EVT_RECORD)
        ;
    ck_assert_uint_lt(m.read, s.size + s.size / 8);
    evt_ring_free(r);
    sim_fini(&s);
}
END_TEST

START_TEST(a_thousand_random_rings)
{
    for (int i = 0; i < 1000; i++) {
        struct sim s;
        unsigned writes = 1 + any(1500), flushed = any(writes);
        char what[64];

        sim_init(&s, 4 * (1024 + any(20000)));
        for (unsigned k = 0; k < writes; k++) {
            struct sim_entry e = sim_sample(any(1000));

            sim_write(&s, &e);
            if (k == flushed)
                sim_flush(&s);
        }
        snprintf(what, sizeof what, "ring %d of %u bytes, %u written", i, s.size, writes);
        expect_live_all_ways(&s, what);
        sim_fini(&s);
    }
}
END_TEST

/* --- damage ---------------------------------------------------------------------- */

/* Reads a damaged file: parts lie within it, records are whole, numbers rise. */
static unsigned
read_damaged(const uint8_t *p, size_t n, unsigned *bad)
{
    /* Exact size, so that ASan sees a look behind the end. */
    uint8_t *copy = malloc(n ? n : 1);
    struct image m = {.p = copy, .n = n};
    struct evt_part part;
    enum evt_kind kind;
    uint64_t total = 0;
    unsigned records = 0, parts = 0;
    uint32_t last = 0;
    int error;
    struct evt_ring *r;

    *bad = 0;
    memcpy(copy, p, n);
    r = open_image(&m, &error);
    ck_assert_int_eq(r ? 0 : error, 0);
    while (r && (kind = evt_ring_next(r, &part)) != EVT_DONE) {
        ck_assert(kind == EVT_RECORD || kind == EVT_BAD);
        ck_assert_uint_lt(part.offset, n);
        ck_assert_uint_gt(part.bytes.n, 0);
        if (kind == EVT_RECORD) {
            ck_assert(evt_u32(part.bytes.p) == part.bytes.n && evt_u32(part.bytes.p + part.bytes.n - 4) == part.bytes.n);
            ck_assert(records == 0 || part.number > last);
            last = part.number;
            records++;
        } else {
            ck_assert_uint_le(part.offset + part.bytes.n, n);
            *bad += (unsigned) part.bytes.n;
        }
        total += part.bytes.n;
        ck_assert_uint_lt(++parts, n + 2);
    }
    ck_assert_uint_le(total, n);
    evt_ring_free(r);
    free(copy);
    return records;
}

/* Small logs of each case. */
static void
make_case(struct sim *s, int which)
{
    static const uint32_t last_room[] = {0, 0, 100, 56, 8, 28, 52, 144, 164};
    struct sim_entry e = sim_event_109();

    sim_init(s, 4096);
    write_samples(s, 3);
    if (which == 1)
        sim_flush(s);
    if (which > 1) {
        sim_fill_to(s, last_room[which]);
        sim_write(s, &e);
        write_samples(s, 2);
    }
    if (which % 2)
        sim_flush(s);
}

START_TEST(cut_at_every_byte)
{
    struct sim s;
    unsigned bad;

    make_case(&s, _i);
    for (uint32_t n = 0; n <= s.size; n++) {
        unsigned records = read_damaged(s.p, n, &bad), whole = 0;

        /* A log that did not go round keeps all that is before the cut. */
        for (unsigned i = 0; !s.full && i < s.n_live; i++)
            whole += sim_live(&s, i)->offset + sim_live(&s, i)->length <= (n & ~3u);
        if (!s.full && n >= 48)
            ck_assert_msg(records == whole, "%u bytes: %u records, not %u", n, records, whole);
    }
    sim_fini(&s);
}
END_TEST

START_TEST(changed_at_random)
{
    struct sim s;
    uint8_t *copy;
    unsigned bad;

    make_case(&s, _i);
    copy = malloc(s.size);
    for (int k = 0; k < 2500; k++) {
        uint32_t n = any(8) ? s.size : 48 + any(s.size - 48);

        memcpy(copy, s.p, s.size);
        for (uint32_t c = 1 + any(6); c > 0; c--) {
            uint32_t at = any(4) ? any(n) : any(n < 256 ? n : 256);

            switch (any(4)) {
            case 0:
                copy[at] ^= (uint8_t) (1u << any(8));
                break;
            case 1:
                copy[at] = (uint8_t) any(256);
                break;
            case 2: /* a word as it stands elsewhere */
                at &= ~3u;
                if (at + 4 <= n)
                    memcpy(copy + at, s.p + (any(s.size - 4) & ~3u), 4);
                break;
            case 3: /* a run of what fills */
                for (uint32_t i = at & ~3u; i + 4 <= n && i < (at & ~3u) + 4 * any(40); i += 4)
                    memcpy(copy + i, any(2) ? "\x27\0\0\0" : "\0\0\0\0", 4);
                break;
            }
        }
        read_damaged(copy, n, &bad);
    }
    free(copy);
    sim_fini(&s);
}
END_TEST

START_TEST(a_bad_part_costs_itself_alone)
{
    struct sim s;
    unsigned bad, whole;

    sim_init(&s, 8192);
    write_samples(&s, 30);
    sim_flush(&s);
    whole = read_damaged(s.p, s.size, &bad);
    ck_assert_uint_eq(whole, 30);
    ck_assert_uint_eq(bad, 0);
    for (unsigned i = 0; i < 30; i++) {
        const struct sim_record *live = sim_live(&s, i);
        uint8_t *at = s.p + live->offset, kept = at[4];

        at[4] = 'l';
        ck_assert_uint_eq(read_damaged(s.p, s.size, &bad), 29);
        ck_assert_uint_eq(bad, live->length);
        at[4] = kept;
        kept = at[live->length - 4];
        at[live->length - 4] ^= 0x40;
        ck_assert_uint_eq(read_damaged(s.p, s.size, &bad), 29);
        ck_assert_uint_eq(bad, live->length);
        at[live->length - 4] = kept;
    }
    sim_fini(&s);
}
END_TEST

START_TEST(an_end_mark_in_the_data_of_a_record_is_none)
{
    uint8_t data[40] = {0x28};
    struct sim_entry e = sim_sample(2);
    struct sim s;

    sim_init(&s, 8192);
    write_samples(&s, 4);
    for (uint8_t i = 1; i <= 4; i++)
        memset(data + 4 * i, 0x11 * i, 4);
    data[20] = 48;
    data[28] = 0xff; /* more than any other counts */
    data[32] = 77;   /* and no such record is at 48 */
    data[36] = 0x28;
    e.data = data;
    e.data_n = sizeof data;
    for (int pad = 0; pad < 2; pad++) {
        uint32_t at = s.end + 56 + 2 * 9 + 2 * 8;

        at = (at + 3) & ~3u;
        data[24] = (uint8_t) at;
        data[25] = (uint8_t) (at >> 8);
        sim_write(&s, &e);
    }
    write_samples(&s, 4);
    expect_live_all_ways(&s, "an end mark within");
    sim_fini(&s);
}
END_TEST

START_TEST(what_is_missing_at_both_ends)
{
    struct sim s;
    struct image m;
    struct evt_ring *r;
    unsigned bad;
    int error = 1;

    sim_init(&s, 16384);
    write_samples(&s, 40);
    sim_flush(&s);
    memset(s.p, 0, 48);
    ck_assert_uint_eq(read_damaged(s.p, s.size, &bad), 40);
    ck_assert_uint_eq(bad, 0);
    memset(s.p + s.end, 0, 40);
    ck_assert_uint_eq(read_damaged(s.p, s.size, &bad), 40);
    ck_assert_uint_eq(bad, 0);
    memset(s.p, 0, s.size);
    m = (struct image){.p = s.p, .n = s.size};
    r = open_image(&m, &error);
    ck_assert_ptr_null(r);
    ck_assert_int_eq(error, 0);
    sim_fini(&s);
}
END_TEST

START_TEST(a_read_that_fails_is_told)
{
    struct sim s;
    struct evt_part part;
    int error;

    sim_init(&s, 16384);
    write_samples(&s, 300);
    for (uint32_t at = 1; at < s.size; at += 97) {
        struct image m = {.p = s.p, .n = s.size, .fail_at = at};
        struct evt_ring *r = open_image(&m, &error);
        enum evt_kind kind = EVT_FAILED;

        while (r && ((kind = evt_ring_next(r, &part)) == EVT_RECORD || kind == EVT_BAD))
            ;
        ck_assert_int_eq(kind, EVT_FAILED);
        ck_assert_int_eq(r ? evt_ring_error(r) : error, -EIO);
        evt_ring_free(r);
    }
    sim_fini(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("evt_ring");
    TCase *tc = tcase_create("evt_ring");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, an_empty_and_a_cleared_log_have_nothing);
    tcase_add_test(tc, a_log_that_did_not_go_round);
    tcase_add_loop_test(tc, the_end_of_the_file, 0, sizeof rooms / sizeof *rooms);
    tcase_add_test(tc, a_hundred_thousand_records);
    tcase_add_test(tc, a_thousand_random_rings);
    tcase_add_loop_test(tc, cut_at_every_byte, 0, 9);
    tcase_add_loop_test(tc, changed_at_random, 0, 9);
    tcase_add_test(tc, a_bad_part_costs_itself_alone);
    tcase_add_test(tc, an_end_mark_in_the_data_of_a_record_is_none);
    tcase_add_test(tc, what_is_missing_at_both_ends);
    tcase_add_test(tc, a_read_that_fails_is_told);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
