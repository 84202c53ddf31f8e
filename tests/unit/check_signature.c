/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_signature.c - the prefilter against plain searching, and patterns:
 * blanks, groups, limits. */
#include "build.h"

#include "parsers/literals.h"
#include "parsers/signature.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/arena.h"

static uint64_t seed = 88172645463325252u;

static unsigned
rnd(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) (seed >> 33) % below;
}

struct seen {
    unsigned n[16];
};

static void
on_hit(void *to, unsigned number)
{
    struct seen *seen = to;

    seen->n[number]++;
}

static struct literals *
set_of(const char *const *list)
{
    struct literals *set = literals_new();
    const char *why;

    for (; *list; list++)
        ck_assert_msg(literals_add(set, str_z(*list), &why) >= 0, "%s %s", *list, why);
    ck_assert(literals_build(set));
    return set;
}

static const char *const words[] = {"Failed, Win32", "stop", "stopped", "Err>", "is shutting down", "topp", NULL};

START_TEST(finds)
{
    static const struct {
        const char *text;
        unsigned hits[6];
    } rows[] = {
        {"Copying, FAILED,\n   win32 = 5", {1, 0, 0, 0, 0, 0}},
        {"failed,~win32", {1, 0, 0, 0, 0, 0}},
        {"failed,win32", {0, 0, 0, 0, 0, 0}},
        {"it stopped", {0, 1, 1, 0, 0, 1}},
        {"xstopx stop", {0, 2, 0, 0, 0, 0}},
        {"eRR>", {0, 0, 0, 1, 0, 0}},
        {"a Err>", {0, 0, 0, 1, 0, 0}},
        {"is~shutting \t\n down", {0, 0, 0, 0, 1, 0}},
        {"is shutting  ", {0, 0, 0, 0, 0, 0}},
        {"", {0, 0, 0, 0, 0, 0}},
        {"sto", {0, 0, 0, 0, 0, 0}},
        {"st op", {0, 0, 0, 0, 0, 0}},
    };
    struct literals *set = set_of(words);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen = {{0}};
        unsigned all = 0;

        literals_scan(set, str_z(rows[i].text), on_hit, &seen);
        for (unsigned k = 0; k < 6; k++) {
            ck_assert_msg(seen.n[k] == rows[i].hits[k], "\"%s\" in \"%s\": %u", words[k], rows[i].text, seen.n[k]);
            all += seen.n[k];
        }
        ck_assert_msg(literals_idle(set, str_z(rows[i].text)) == !all, "idle(\"%s\")", rows[i].text);
    }
    literals_free(set);
}
END_TEST

/* 's' folded the slow and plain way. */
static size_t
plain_fold(struct str s, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        bool gap = s.p[i] == '~' || str_is_space(s.p[i]);

        if (!gap || !n || out[n - 1] != ' ')
            out[n++] = gap ? ' ' : str_lower_char(s.p[i]);
    }
    return n;
}

/* One of the literals with other gaps, or one byte of it another, into 'out' (64 bytes). */
static size_t
disturbed(const char *literal, char *out)
{
    size_t n = 0, wrong = rnd(2) ? rnd(strlen(literal)) : SIZE_MAX;

    for (size_t i = 0; literal[i]; i++) {
        out[n++] = i == wrong ? "aBc ~"[rnd(5)] : rnd(2) ? str_upper_char(literal[i]) : literal[i];
        for (unsigned more = literal[i] == ' ' && rnd(2) ? rnd(3) : 0; more; more--)
            out[n++] = " ~\t"[rnd(3)];
    }
    return n;
}

/* Random texts of few letters against a search of the folded text. */
START_TEST(agrees_with_plain_search)
{
    static const char *const list[] = {"abab", "ab ab", "aabb cc", "bcab", "b abcab", "cabab", "abcabc",
                                       "ccab aabb c abcabca bcab", NULL};
    /* "ab ab" has no run of four */
    const char *kept[9];
    struct literals *set = literals_new();
    const char *why;
    unsigned n = 0;

    for (const char *const *l = list; *l; l++)
        if (literals_add(set, str_z(*l), &why) >= 0)
            kept[n++] = *l;
    ck_assert_uint_eq(n, 7);
    ck_assert(literals_build(set));
    for (int round = 0; round < 20000; round++) {
        static const char alphabet[] = "aAbBcC ~\n";
        char text[160], folded[160];
        size_t length = rnd(40), m;
        struct seen seen = {{0}};
        bool any = false;

        for (size_t i = 0; i < length; i++)
            text[i] = alphabet[rnd(sizeof alphabet - 1)];
        if (round % 2)
            length += disturbed(kept[rnd(n)], text + length);
        for (size_t more = round % 2 ? rnd(12) : 0; more; more--)
            text[length++] = alphabet[rnd(sizeof alphabet - 1)];
        m = plain_fold(str_make(text, length), folded);
        literals_scan(set, str_make(text, length), on_hit, &seen);
        for (unsigned k = 0; k < n; k++) {
            bool there = str_find_case(str_make(folded, m), str_z(kept[k])) < m;

            ck_assert_msg((seen.n[k] > 0) == there, "\"%s\" in \"%.*s\"", kept[k], (int) length, text);
            any |= there;
        }
        ck_assert_msg(literals_idle(set, str_make(text, length)) == !any, "idle \"%.*s\"", (int) length, text);
    }
    literals_free(set);
}
END_TEST

START_TEST(refuses_literals)
{
    struct literals *set = literals_new();
    char big[LITERAL_MAX + 2];
    const char *why = NULL;

    memset(big, 'x', sizeof big);
    ck_assert_int_lt(literals_add(set, STR(""), &why), 0);
    ck_assert_int_lt(literals_add(set, STR(" ~ "), &why), 0);
    ck_assert_int_lt(literals_add(set, STR("a bc def"), &why), 0);
    ck_assert_ptr_nonnull(strstr(why, "run of 4"));
    ck_assert_int_lt(literals_add(set, str_make(big, sizeof big), &why), 0);
    ck_assert_int_eq(literals_add(set, STR("Found  ready"), &why), 0);
    ck_assert_int_eq(literals_add(set, STR("found ready"), &why), 0);
    ck_assert_int_eq(literals_add(set, STR("found already"), &why), 1);
    literals_free(set);
    set = literals_new();
    ck_assert(literals_build(set));
    ck_assert(literals_idle(set, STR("anything at all")));
    literals_free(set);
}
END_TEST

/* --- patterns -------------------------------------------------------------- */

static struct arena *arena;
static struct signature_scratch scratch;
static char why[300];

static void
set_up(void)
{
    arena = arena_new(1 << 20);
    ck_assert(signature_scratch_init(&scratch));
}

static void
tear_down(void)
{
    signature_scratch_fini(&scratch);
    arena_free(arena);
}

START_TEST(blanks_are_gaps)
{
    struct signature s = {0};
    struct str value[SIGNATURE_FIELD_COUNT];

    ck_assert_msg(signature_compile(&s, arena, STR("^found ready (?'instruction'[^ ]+) now[ x]?$"), why, sizeof why),
                  "%s", why);
    ck_assert(signature_match(&s, &scratch, STR("FOUND~ready\n   a.ins  now"), value));
    ck_assert(str_eq(value[SIGNATURE_INSTRUCTION], STR("a.ins")));
    ck_assert(!str_has(value[SIGNATURE_FILE]));
    ck_assert(!signature_match(&s, &scratch, STR("foundready a.ins now"), value));
    ck_assert_msg(!signature_match(&s, &scratch, STR("found ready a.ins now\n\n"), value), "a class takes one character");
    ck_assert(!str_has(value[SIGNATURE_INSTRUCTION]));
    signature_release(&s);
}
END_TEST

START_TEST(alternatives_share_a_name)
{
    struct signature s = {0};
    struct str value[SIGNATURE_FIELD_COUNT];

    ck_assert_msg(signature_compile(&s, arena, STR("a(?'file'\\d+)b|c(?'file'\\d+)d(?'target'x)?"), why, sizeof why),
                  "%s", why);
    ck_assert(signature_match(&s, &scratch, STR("c12d"), value));
    ck_assert(str_eq(value[SIGNATURE_FILE], STR("12")));
    ck_assert(!str_has(value[SIGNATURE_TARGET]));
    ck_assert(signature_match(&s, &scratch, STR("a34b"), value));
    ck_assert(str_eq(value[SIGNATURE_FILE], STR("34")));
    signature_release(&s);
}
END_TEST

START_TEST(refuses_patterns)
{
    static const char *const bad[][2] = {
        {"(", "does not compile"}, {"(?'colour'x)", "'colour' is no field"}, {"", "empty"}, {"a\\Cb", "does not compile"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct signature s = {0};

        ck_assert(!signature_compile(&s, arena, str_z(bad[i][0]), why, sizeof why));
        ck_assert_msg(strstr(why, bad[i][1]), "%s: %s", bad[i][0], why);
        signature_release(&s);
    }
}
END_TEST

/* A pattern that would run for ever is given up, counted, and no match. */
START_TEST(limits_hold)
{
    struct signature s = {0};
    struct str value[SIGNATURE_FIELD_COUNT];
    char text[4001];

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 'b';
    ck_assert(signature_compile(&s, arena, STR("^(?:(a|aa)+)+$"), why, sizeof why));
    ck_assert_uint_eq(scratch.limited, 0);
    ck_assert(!signature_match(&s, &scratch, str_make(text, sizeof text), value));
    ck_assert_uint_eq(scratch.limited, 1);
    signature_release(&s);
}
END_TEST

/* PCRE2's limit holds for one place where a match may begin: a text that has
 * thousands of them, each just below the limit, must not take seconds. */
START_TEST(limits_hold_over_a_whole_text)
{
    static const char *const patterns[] = {"(a+)+b", "(?:(a|aa)+)+$", "(?:.*a){12}x", "(?:a.*)+b", "x*(a|b|ab)*c"};
    static char text[65536];

    for (size_t run = 6; run <= 24; run += 3) {
        for (size_t i = 0; i < sizeof text; i++) {
            size_t at = i % (run + 4);

            text[i] = at < run ? 'a' : "cbx "[at - run];
        }
        for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
            struct str value[SIGNATURE_FIELD_COUNT];
            struct signature s = {0};

            ck_assert(signature_compile(&s, arena, str_z(patterns[i]), why, sizeof why));
            signature_match(&s, &scratch, str_make(text, sizeof text), value);
            /* steps over all places: some 10 ms; with one limit for all texts 2 s */
            ck_assert_uint_le((uint64_t) scratch.limit * sizeof text, 40000000);
            signature_release(&s);
        }
    }
}
END_TEST

/* A long text is no reason to give up a pattern that does its work. */
START_TEST(long_texts_still_match)
{
    static char text[65536];
    struct str value[SIGNATURE_FIELD_COUNT];
    struct signature s = {0};

    memset(text, 'x', sizeof text);
    memcpy(text + 60000, " copying C:\\a b to D:\\c, failed", 31);
    ck_assert(signature_compile(&s, arena, STR("copying (?'file'.+?) to (?'target'.+), failed"), why, sizeof why));
    ck_assert(signature_match(&s, &scratch, str_make(text, sizeof text), value));
    ck_assert(str_eq(value[SIGNATURE_FILE], STR("C:\\a b")));
    ck_assert_uint_eq(scratch.limited, 0);
    signature_release(&s);
}
END_TEST

/* The word that a pattern needs beside the literals, or none where that is not sure. */
START_TEST(words_of_patterns)
{
    static const struct {
        const char *pattern, *word;
    } rows[] = {
        {"failed to pack (?:the )?thing (?'file'(?:[a-z]:|\\\\)\\S+), error", "error"},
        {"failed, errors? = (?'code'\\d+)", "error"},
        {"status{2,30}x", "statu"},
        {"(?'file'longest) word", "word"},
        {"[longest] [[:alpha:]longest] [^]longest] word", "word"},
        {"\\d+word\\.files", "files"},
        {"words|other", ""},
        {"(?:words|other)x", ""},
        {"(?i)words", ""},
        {"a(?#words)b", ""},
        {"\\x41words", ""},
        {"\\Qa|b\\Ewords", ""},
        {"(*NO_JIT)words", ""},
        {"failed", ""},
        {"words? [", "word"},
        {"words {", "words"},
        {"words (", ""},
        {"abc", ""},
        {"", ""},
    };
    static const struct str literal = STR("pack failed thing");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str word = signature_word(str_z(rows[i].pattern), &literal, 1);

        ck_assert_msg(str_eq(word, str_z(rows[i].word)), "%s: %.*s", rows[i].pattern, STR_ARG(word));
    }
}
END_TEST

START_TEST(globs)
{
    static const struct str list[] = {{"SMS", 3}, {"SMS_*", 5}, {"*x*y", 4}, {"SMS Server", 10}};
    const struct signature_globs g = {STR_NONE, 4, list};
    static const char *const yes[] = {"sms", "SMS_", "sms_Scheduler", "xy", "axxby", "xyxy", "SMS\n  Server"};
    static const char *const no[] = {"", "SM", "SMSX", "ESE97", "axxbyz", "x", "SMSServer", "SMS Server 2"};

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        ck_assert_msg(signature_globs_match(&g, str_z(yes[i])), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        ck_assert_msg(!signature_globs_match(&g, str_z(no[i])), "%s", no[i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("signature");
    TCase *literals = tcase_create("literals"), *patterns = tcase_create("patterns");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(literals, finds);
    tcase_add_test(literals, agrees_with_plain_search);
    tcase_add_test(literals, refuses_literals);
    tcase_add_checked_fixture(patterns, set_up, tear_down);
    tcase_add_test(patterns, blanks_are_gaps);
    tcase_add_test(patterns, alternatives_share_a_name);
    tcase_add_test(patterns, refuses_patterns);
    tcase_add_test(patterns, limits_hold);
    tcase_add_test(patterns, limits_hold_over_a_whole_text);
    tcase_add_test(patterns, long_texts_still_match);
    tcase_add_test(patterns, words_of_patterns);
    tcase_add_test(patterns, globs);
    suite_add_tcase(s, literals);
    suite_add_tcase(s, patterns);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
