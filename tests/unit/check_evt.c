/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_evt.c - the format "evt": the stream of a log's parts in every
 * chunking, the fields of records of every shape, what they mean to the
 * catalogue without a message text, and records that are damaged. */
#include "build.h"

#include "parsers/evt_pack.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/catalogue.h"
#include "tests/unit/evt_sim.h"
#include "tests/unit/framing.h"

static struct arena *arena;
static struct eventlog seen;

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

/* The bytes of the record that the service writes for 'e' as number 1. */
static struct str
record_of(const struct sim_entry *e)
{
    struct sim s;
    struct str bytes;

    sim_init(&s, 262144);
    sim_write(&s, e);
    bytes = arena_copy(arena, str_make((const char *) sim_live(&s, 0)->bytes, sim_live(&s, 0)->length));
    sim_fini(&s);
    ck_assert(str_has(bytes));
    return bytes;
}

static enum perr
parse_as(const char *name, struct str bytes, struct event *ev)
{
    /* Exact size, so that ASan sees a look behind the end. */
    char *copy = malloc(bytes.n ? bytes.n : 1);
    struct format_record record = {.bytes = {copy, bytes.n}};
    struct format_options options = {0};
    size_t at = SIZE_MAX;
    enum perr e;

    memcpy(copy, bytes.p, bytes.n);
    *ev = (struct event){.source_name = str_z(name)};
    e = evt_format.parse(&options, &record, arena, ev, &at);
    ck_assert_uint_le(at, bytes.n);
    if (ev->log) { /* its data is the one thing that borrows from the record */
        seen = *ev->log;
        seen.data = seen.data.n ? arena_copy(arena, seen.data) : seen.data;
        ev->log = &seen;
    }
    free(copy);
    return e;
}

static enum perr
parse(const struct sim_entry *e, struct event *ev)
{
    return parse_as("AppEvent.Evt", record_of(e), ev);
}

/* --- framing ----------------------------------------------------------------- */

/* All parts of a small log as their stream; 'spans' says them in words. */
static struct str
stream_of(char *spans, size_t room)
{
    static char bytes[1 << 16];
    size_t n = 0, w = 0;

    for (unsigned i = 0; i < 8; i++) {
        struct sim_entry e = sim_sample(i);
        struct str record = record_of(&e);
        struct evt_part part = {.offset = 1000 * i + 48, .bytes = record};

        if (i % 3 == 2)
            part.bytes = str_make("LfLe, and no more", 16);
        evt_pack_put(i % 3 == 2 ? EVT_BAD : EVT_RECORD, &part, bytes + n);
        n += EVT_PACK_PREFIX;
        memcpy(bytes + n, part.bytes.p, part.bytes.n);
        n += part.bytes.n;
        w += (size_t) snprintf(spans + w, room - w, "%s%c%zu", i ? " " : "", i % 3 == 2 ? 'B' : 'R', part.bytes.n);
    }
    return str_make(bytes, n);
}

START_TEST(the_stream_is_framed)
{
    char spans[256];
    struct str bytes = stream_of(spans, sizeof spans);

    framing_expect(&evt_format, bytes, spans);
    ck_assert_int_eq(evt_format.probe(bytes), 100);
}
END_TEST

START_TEST(what_is_no_part_is_bad)
{
    char spans[256];
    struct str bytes = stream_of(spans, sizeof spans);
    struct framing f;
    size_t total;

    for (size_t cut = 0; cut < bytes.n; cut += 7) {
        f = framing_all_ways(&evt_format, str_make(bytes.p, cut));
        framing_fini(&f);
        f = framing_all_ways(&evt_format, str_skip(bytes, cut));
        total = 0;
        for (size_t i = 0; i < f.n; i++)
            total += f.span[i].length;
        ck_assert_uint_le(total, bytes.n - cut);
        ck_assert_uint_ge(total + 8 * EVT_PACK_PREFIX, bytes.n - cut);
        framing_fini(&f);
    }
}
END_TEST

START_TEST(places_are_those_in_the_file)
{
    char spans[256];
    struct str bytes = stream_of(spans, sizeof spans);
    uint8_t state[16] = {0};

    for (unsigned i = 0; i < 8; i++) {
        struct format_span span = {0};
        enum format_next found = evt_format.next(state, bytes.p, bytes.n, true, &span);

        ck_assert_int_eq(found, i % 3 == 2 ? FORMAT_BAD : FORMAT_RECORD);
        ck_assert(span.placed);
        ck_assert_uint_eq(span.place, 1000 * i + 48);
        ck_assert_uint_eq(span.number, i % 3 == 2 ? 0 : 1);
        ck_assert_uint_eq(span.generated, i % 3 == 2 ? 0 : 905446537 + i);
        bytes = str_skip(bytes, span.skip + span.length);
    }
    ck_assert_uint_eq(bytes.n, 0);
}
END_TEST

START_TEST(logs_are_known_by_their_header)
{
    struct sim s;

    sim_init(&s, 4096);
    ck_assert_int_eq(evt_format.probe(str_make((const char *) s.p, 8)), 100);
    ck_assert_int_eq(evt_format.probe(str_make((const char *) s.p, 7)), 0);
    ck_assert_int_eq(evt_format.probe(STR("0\0\0\0LfLE")), 0);
    ck_assert_int_eq(evt_format.probe(STR("ElfFile\0")), 0);
    sim_fini(&s);
}
END_TEST

/* --- fields -------------------------------------------------------------------- */

START_TEST(event_109)
{
    struct sim_entry e = sim_event_109();
    struct event ev;

    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    SAME(ev.f.provider, "SMS");
    SAME(ev.f.host, "ANFIELD");
    SAME(ev.f.channel, "Application");
    SAME(ev.f.event_number, "109");
    SAME(ev.f.record_number, "1");
    ck_assert(ev.when.utc_known && !ev.when.local_known);
    ck_assert_int_eq(ev.when.utc, INT64_C(905446537) * WHEN_SECOND);
    ck_assert_uint_eq(ev.log->id32, 0xC000006D);
    ck_assert_uint_eq(ev.log->number, 109);
    ck_assert_uint_eq(ev.log->level, 2);
    ck_assert(ev.log->strings_known);
    ck_assert_uint_eq(ev.log->n_strings, 3);
    SAME(ev.log->strings[0], "\\\\ANFIELD\\SMS_PKGE\\DOG0005D");
    SAME(ev.log->strings[1], "");
    SAME(ev.log->strings[2], "");
    SAME(ev.log->message, NULL);
    SAME(ev.log->user, NULL);
    SAME(ev.log->category, NULL);
    SAME(ev.log->data, NULL);
    SAME(ev.text, "\\\\ANFIELD\\SMS_PKGE\\DOG0005D");
}
END_TEST

START_TEST(other_fields)
{
    struct sim_entry e = sim_sample(3);
    struct event ev;

    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    SAME(ev.f.provider, "\xc3\x9c" "berwachung");
    SAME(ev.log->user, "S-1-5-32-544");
    SAME(ev.log->category, "3");
    ck_assert_uint_eq(ev.log->n_strings, 4);
    SAME(ev.log->strings[1], "");
    SAME(ev.log->strings[2], "\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80\nnext line");
    SAME(ev.text, "first\n\n\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80\nnext line");
    for (unsigned i = 4; i < 40; i += 6) { /* of every length of data, and of slack */
        e = sim_sample(i);
        ck_assert_int_eq(parse(&e, &ev), PERR_OK);
        ck_assert(str_eq(ev.log->data, str_make((const char *) e.data, e.data_n)));
        ck_assert(ev.log->strings_known);
        ck_assert_uint_eq(ev.log->n_strings, 0);
        SAME(ev.text, "");
    }
}
END_TEST

static const struct {
    uint16_t type;
    unsigned level;
} levels[] = {{0, 4}, {1, 2}, {2, 3}, {4, 4}, {8, 4}, {16, 2}, {32, 0}};

START_TEST(types_are_levels)
{
    struct sim_entry e = sim_sample(2);
    struct event ev;

    e.type = levels[_i].type;
    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    ck_assert_uint_eq(ev.log->level, levels[_i].level);
}
END_TEST

static const struct {
    const char *name, *channel;
} names[] = {
    {"AppEvent.Evt", "Application"}, {"SYSEVENT.EVT", "System"},     {"ANFIELD-secevent-0910.evt", "Security"},
    {"application.evt", "Application"}, {"old system log.evt", "System"}, {"anfield.evt", NULL},
};

START_TEST(the_name_says_which_log)
{
    struct sim_entry e = sim_sample(2);
    struct event ev;

    ck_assert_int_eq(parse_as(names[_i].name, record_of(&e), &ev), PERR_OK);
    SAME(ev.f.channel, names[_i].channel);
}
END_TEST

START_TEST(a_string_that_is_not_there_is_not_empty)
{
    struct sim_entry e = sim_event_109();
    struct event ev;

    e.string[1] = NULL;
    e.string[2] = NULL;
    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    ck_assert_uint_eq(ev.log->n_strings, 3);
    SAME(ev.log->strings[0], "\\\\ANFIELD\\SMS_PKGE\\DOG0005D");
    SAME(ev.log->strings[1], NULL);
    SAME(ev.log->strings[2], NULL);
    e.n_strings = 0;
    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    ck_assert_uint_eq(ev.log->n_strings, 0);
}
END_TEST

START_TEST(more_strings_than_are_kept)
{
    struct sim_entry e = sim_event_109();
    struct event ev;

    e.n_strings = SIM_STRINGS;
    for (unsigned i = 0; i < SIM_STRINGS; i++)
        e.string[i] = i % 2 ? u"odd" : u"";
    ck_assert_int_eq(parse(&e, &ev), PERR_LIMIT);
    ck_assert_uint_eq(ev.log->n_strings, EVENTLOG_STRINGS_MAX);
    SAME(ev.log->strings[EVENTLOG_STRINGS_MAX - 1], "odd");
    SAME(ev.f.event_number, "109");
}
END_TEST

START_TEST(no_time_is_none)
{
    struct sim_entry e = sim_event_109();
    struct event ev;

    e.generated = 0;
    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    ck_assert(!ev.when.utc_known && !ev.when.local_known);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
    static char16_t many[40000];
    struct sim_entry e = sim_event_109();
    struct event ev;

    for (size_t i = 0; i + 1 < sizeof many / sizeof *many; i++)
        many[i] = 0x4e2d;
    e.n_strings = 1;
    e.string[0] = many;
    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    ck_assert(ev.truncated);
    ck_assert_uint_le(ev.text.n, EVENT_TEXT_MAX);
    ck_assert_uint_eq(ev.log->strings[0].n, 3 * 39999);
}
END_TEST

START_TEST(the_quick_look_sees_what_parse_finds)
{
    unsigned looked = 0;

    for (unsigned i = 0; i < 24; i++) {
        struct sim_entry e = sim_sample(i);
        struct str bytes = record_of(&e), source;
        char room[FORMAT_SOURCE_MAX];
        struct when when;
        struct event ev;

        ck_assert_int_eq(parse_as("a", bytes, &ev), PERR_OK);
        if (!evt_format.source(bytes, room, &source, &when))
            continue;
        looked++;
        ck_assert(str_eq(source, ev.f.provider));
        ck_assert(when.utc_known && when.utc == ev.when.utc);
    }
    ck_assert_uint_eq(looked, 20); /* all but those whose source is not ASCII */
}
END_TEST

/* --- meaning -------------------------------------------------------------------------- */

static const struct {
    const char16_t *source;
    uint32_t id;
    const char16_t *string[4];
    enum event_class cls;
    enum event_fact fact;
    const char *component, *claim;
    enum figures figures;
} meanings[] = {
    {u"SMS", 0xC000006D, {u"\\\\A\\SMS_PKGE\\DOG0005D", u"", u""}, CLASS_FILE_CONTENTION, FACT_NONE, NULL, "109",
     FIGURES_BLANK},
    {u"SMS", 0x0000006D, {u"\\\\A\\SMS_PKGE\\DOG0005D", u"", u""}, CLASS_FILE_CONTENTION, FACT_NONE, NULL, "109",
     FIGURES_BLANK},
    {u"SMS", 0xC000006D, {u"\\\\A\\SMS_PKGE\\DOG0005D", u"12", u"340"}, CLASS_DISK_FULL, FACT_NONE, NULL, "109",
     FIGURES_FILLED},
    {u"SMS", 0xC000006D, {u"\\\\A\\SMS_PKGE\\DOG0005D"}, CLASS_DISK_FULL, FACT_NONE, NULL, "109", FIGURES_ABSENT},
    {u"SMS", 0xC000006D, {u"\\\\A\\SMS_PKGE\\DOG0005D", u"some", u"340"}, CLASS_DISK_FULL, FACT_NONE, NULL, "109",
     FIGURES_UNREADABLE},
    {u"ESE97", 0x6D, {u"MSExchangeIS", u"1"}, CLASS_ACTIVITY, FACT_NONE, NULL, NULL, FIGURES_NONE},
    {u"Service Control Manager", 0x40001B7C, {u"SMS_EXECUTIVE", u"stopped"}, CLASS_RESTART, FACT_COMPONENT_STOPPED,
     "SMS_EXECUTIVE", NULL, FIGURES_NONE},
    {u"Service Control Manager", 0x40001B7C, {u"SMS_EXECUTIVE", u"running"}, CLASS_ACTIVITY, FACT_NONE, NULL, NULL,
     FIGURES_NONE},
    {u"Service Control Manager", 0x40001B7C, {u"Browser", u"stopped"}, CLASS_ACTIVITY, FACT_NONE, NULL, NULL,
     FIGURES_NONE},
    {u"Service Control Manager", 0xC0001B7A, {u"SMS_EXECUTIVE", u"1"}, CLASS_RESTART, FACT_COMPONENT_STOPPED,
     "SMS_EXECUTIVE", NULL, FIGURES_NONE},
    {u"Service Control Manager", 0xC0001B77, {u"SMS_EXECUTIVE", u"1", u"60000", u"1"}, CLASS_RESTART,
     FACT_COMPONENT_STOPPED, "SMS_EXECUTIVE", NULL, FIGURES_NONE},
    {u"Service Control Manager", 0xC0001B7A, {u"Spooler", u"1"}, CLASS_ACTIVITY, FACT_NONE, NULL, NULL, FIGURES_NONE},
    {u"EventLog", 0x80001775, {NULL}, CLASS_RESTART, FACT_HOST_BOOT, NULL, NULL, FIGURES_NONE},
    {u"EventLog", 0x80001776, {NULL}, CLASS_RESTART, FACT_HOST_BOOT, NULL, NULL, FIGURES_NONE},
    {u"EventLog", 0x80001778, {u"21:20:00", u"9/10/1998"}, CLASS_RESTART, FACT_HOST_BOOT, NULL, NULL, FIGURES_NONE},
    {u"EventLog", 0x80001779, {u"4.0", u"1381"}, CLASS_RESTART, FACT_HOST_BOOT, NULL, NULL, FIGURES_NONE},
    {u"Application", 0x80001775, {NULL}, CLASS_ACTIVITY, FACT_NONE, NULL, NULL, FIGURES_NONE},
};

START_TEST(strings_mean_what_their_text_would)
{
    struct catalogue_error error;
    struct catalogue *c = catalogue_new_builtin(&error);
    struct catalogue_scratch *x = catalogue_scratch_new(c);
    struct sim_entry e = {.generated = 905446537, .id = meanings[_i].id, .type = 4, .source = meanings[_i].source,
                          .computer = u"ANFIELD"};
    struct event ev;

    for (; e.n_strings < 4 && meanings[_i].string[e.n_strings]; e.n_strings++)
        e.string[e.n_strings] = meanings[_i].string[e.n_strings];
    ck_assert_int_eq(parse(&e, &ev), PERR_OK);
    ck_assert_int_eq(diagnose_event(c, x, arena, &ev), PERR_OK);
    ck_assert_str_eq(event_class_name(ev.cls), event_class_name(meanings[_i].cls));
    ck_assert_str_eq(event_fact_name(ev.fact), event_fact_name(meanings[_i].fact));
    if (meanings[_i].component)
        SAME(ev.f.component, meanings[_i].component);
    SAME(ev.f.claim_event, meanings[_i].claim);
    ck_assert_str_eq(figures_name(ev.f.figures), figures_name(meanings[_i].figures));
    if (meanings[_i].claim)
        SAME(ev.f.package, "DOG0005D");
    catalogue_scratch_free(x);
    catalogue_unref(c);
}
END_TEST

/* --- harm -------------------------------------------------------------------------------- */

START_TEST(cut_and_changed_records_do_no_harm)
{
    uint64_t seed = 7;
    struct event ev;

    for (unsigned i = 0; i < 6; i++) {
        struct sim_entry e = sim_sample(i);
        struct str whole = record_of(&e);
        char *copy = malloc(whole.n);

        for (size_t n = 0; n < whole.n; n++)
            ck_assert_int_eq(parse_as("a", str_make(whole.p, n), &ev), PERR_SYNTAX);
        for (int k = 0; k < 4000; k++) {
            memcpy(copy, whole.p, whole.n);
            for (int c = 0; c < 1 + k % 4; c++) {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                /* lengths and mark stay: behind them is what is to be hit */
                copy[8 + (seed >> 20) % (whole.n - 12)] = (char) (seed >> 50 & (k & 1 ? 0xff : 0x3c));
            }
            ck_assert_int_ne(parse_as("a", str_make(copy, whole.n), &ev), PERR_NOMEM);
            ck_assert(str_has(ev.text));
        }
        free(copy);
        arena_reset(arena);
    }
}
END_TEST

START_TEST(little_memory_is_an_error)
{
    struct sim_entry e = sim_sample(3);
    struct str bytes = record_of(&e);
    struct format_record record = {.bytes = bytes};
    struct format_options options = {0};
    size_t at;

    for (size_t limit = 0; limit < 4096; limit += 64) {
        struct arena *small = arena_new(limit);
        struct event ev = {0};
        enum perr r;

        if (!small)
            continue;
        r = evt_format.parse(&options, &record, small, &ev, &at);
        ck_assert(r == PERR_NOMEM || r == PERR_OK);
        arena_free(small);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("evt");
    TCase *framing = tcase_create("framing"), *fields = tcase_create("fields"), *harm = tcase_create("harm");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(framing, set_up, tear_down);
    tcase_set_timeout(framing, 120);
    tcase_add_test(framing, the_stream_is_framed);
    tcase_add_test(framing, what_is_no_part_is_bad);
    tcase_add_test(framing, places_are_those_in_the_file);
    tcase_add_test(framing, logs_are_known_by_their_header);
    suite_add_tcase(s, framing);
    tcase_add_checked_fixture(fields, set_up, tear_down);
    tcase_set_timeout(fields, 120);
    tcase_add_test(fields, event_109);
    tcase_add_test(fields, other_fields);
    tcase_add_loop_test(fields, types_are_levels, 0, sizeof levels / sizeof *levels);
    tcase_add_loop_test(fields, the_name_says_which_log, 0, sizeof names / sizeof *names);
    tcase_add_test(fields, a_string_that_is_not_there_is_not_empty);
    tcase_add_test(fields, more_strings_than_are_kept);
    tcase_add_test(fields, no_time_is_none);
    tcase_add_test(fields, a_long_text_is_cut);
    tcase_add_test(fields, the_quick_look_sees_what_parse_finds);
    tcase_add_loop_test(fields, strings_mean_what_their_text_would, 0, sizeof meanings / sizeof *meanings);
    suite_add_tcase(s, fields);
    tcase_add_checked_fixture(harm, set_up, tear_down);
    tcase_set_timeout(harm, 120);
    tcase_add_test(harm, cut_and_changed_records_do_no_harm);
    tcase_add_test(harm, little_memory_is_an_error);
    suite_add_tcase(s, harm);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
