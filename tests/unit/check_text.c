/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_text.c - bytes to clean UTF-8: what is read as what, that the escape
 * can be undone, UTF-16 in any chunks, hostile UTF-8, and what screens show. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/plain.h"
#include "parsers/text.h"

static struct arena *arena;

static void
setup(void)
{
    ck_assert_ptr_nonnull(arena = arena_new(1 << 22));
}

static void
teardown(void)
{
    arena_free(arena);
}

/* One character at 'p' by the rules of RFC 3629, written apart from text.c;
 * 0 where it is not well-formed. */
static size_t
decode(const unsigned char *p, size_t n, uint32_t *c)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;

    if (!len || len > n)
        return 0;
    *c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        *c = *c << 6 | (p[i] & 0x3f);
    }
    return *c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : len;
}

/* Ends the test unless 's' is UTF-8 that XML 1.0 can hold. */
static void
must_be_clean(struct str s)
{
    for (size_t i = 0; i < s.n;) {
        uint32_t c = 0;
        size_t k = decode((const unsigned char *) s.p + i, s.n - i, &c);

        ck_assert_msg(k > 0, "not UTF-8 at byte %zu", i);
        ck_assert_msg(c == '\t' || c == '\n' || (c >= 0x20 && c != 0xfffe && c != 0xffff), "U+%04X at byte %zu", c, i);
        i += k;
    }
}

/* The bytes that 's' stands for: escapes undone. */
static size_t
undo(struct str s, unsigned char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n;) {
        uint32_t c = 0;
        size_t k = decode((const unsigned char *) s.p + i, s.n - i, &c);

        if (c >= 0xef00 && c <= 0xefff)
            out[n++] = (unsigned char) (c & 0xff);
        else
            for (size_t j = 0; j < k; j++)
                out[n++] = (unsigned char) s.p[i + j];
        i += k;
    }
    return n;
}

#define BYTES(literal) {literal, sizeof(literal) - 1}

static const struct {
    const char *what;
    struct str raw, clean;
} rows[] = {
    {"plain text", BYTES("plain\ttext"), BYTES("plain\ttext")},
    {"CR LF", BYTES("a\r\nb\rc\nd\r\n"), BYTES("a\nb\nc\nd\n")},
    {"UTF-8", BYTES("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), BYTES("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80")},
    {"CP1252", BYTES("caf\xe9 \x80 \x93x\x94"), BYTES("caf\xc3\xa9 \xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d")},
    {"a byte CP1252 has not", BYTES("a\x81" "b"), BYTES("a\xee\xbe\x81" "b")},
    {"NUL and other controls", BYTES("a\0b\x01\x1b"), BYTES("a\xee\xbc\x80" "b\xee\xbc\x81\xee\xbc\x9b")},
    {"overlong slash: CP1252 then", BYTES("\xc0\xaf"), BYTES("\xc3\x80\xc2\xaf")},
    {"surrogate in UTF-8", BYTES("\xed\xa0\x80"), BYTES("\xc3\xad\xc2\xa0\xe2\x82\xac")},
    {"beyond U+10FFFF", BYTES("\xf4\x90\x80\x80"), BYTES("\xc3\xb4\xee\xbe\x90\xe2\x82\xac\xe2\x82\xac")},
    {"U+FFFE", BYTES("\xef\xbf\xbe"), BYTES("\xee\xbf\xaf\xee\xbe\xbf\xee\xbe\xbe")},
    {"an input U+EF41", BYTES("\xee\xbd\x81"), BYTES("\xee\xbf\xae\xee\xbe\xbd\xee\xbe\x81")},
    {"cut UTF-8 at the end", BYTES("a\xe2\x82"), BYTES("a\xc3\xa2\xe2\x80\x9a")},
    {"DEL and C1 stay", BYTES("\x7f\xc2\x85"), BYTES("\x7f\xc2\x85")},
    {"empty", BYTES(""), BYTES("")},
};

START_TEST(reads_bytes_as_what_they_are)
{
    bool cut = true;
    struct str got = text_clean(arena, NULL, rows[_i].raw, 1000, &cut);

    ck_assert_msg(got.n == rows[_i].clean.n && memcmp(got.p, rows[_i].clean.p, got.n) == 0, "%s: got '%.*s'",
                  rows[_i].what, STR_ARG(got));
    ck_assert(!cut);
    must_be_clean(got);
}
END_TEST

START_TEST(borrows_what_needs_no_work)
{
    static const char text[] = "Copying a to b, Failed, Win32 Error = 32";
    bool cut;

    ck_assert_ptr_eq(text_clean(arena, NULL, STR(text), 1000, &cut).p, text);
    ck_assert(!str_has(text_clean(arena, NULL, STR_NONE, 1000, &cut)));
}
END_TEST

/* Random bytes of every flavour: always clean, and UTF-8 or escapes give back
 * exactly what came in (line ends aside, which are one LF). */
START_TEST(escapes_can_be_undone)
{
    unsigned seed = 11;

    for (unsigned round = 0; round < 20000; round++) {
        unsigned char raw[48], back[48 * 4];
        size_t n = round % sizeof raw, m;
        struct str got;
        bool cut;

        for (size_t i = 0; i < n; i++) {
            seed = seed * 1103515245u + 12345u;
            raw[i] = (unsigned char) (seed >> 16);
            if (round % 3 == 0)
                raw[i] &= 0x7f;
            if (round % 3 == 1 && i + 3 < n && raw[i] > 0xc0) {
                /* U+EF00..U+EFFF, the escape's own range */
                raw[i] = 0xee;
                raw[i + 1] = (unsigned char) (0xbc | (seed >> 8 & 3));
                raw[i + 2] = (unsigned char) (0x80 | (seed & 0x3f));
                i += 2;
            }
            if (raw[i] == '\r')
                raw[i] = ' ';
        }
        arena_reset(arena);
        got = text_clean(arena, NULL, str_make((char *) raw, n), 4096, &cut);
        ck_assert(got.p != NULL && !cut);
        must_be_clean(got);
        m = undo(got, back);
        /* Read as CP1252 the characters changed their bytes: as UTF-8 none. */
        for (size_t i = 0, k; i < n; i += k) {
            uint32_t c = 0;

            k = decode(raw + i, n - i, &c);
            if (!k)
                goto cp1252;
        }
        ck_assert_uint_eq(m, n);
        ck_assert_mem_eq(back, raw, n);
    cp1252:;
    }
}
END_TEST

START_TEST(cuts_between_characters)
{
    static const char raw[] = "ab\xe2\x82\xac" "cd\xf0\x9f\x98\x80\x01x";

    for (size_t max = 0; max < sizeof raw + 4; max++) {
        bool cut;
        struct str got = text_clean(arena, NULL, STR(raw), max, &cut);

        ck_assert_uint_le(got.n, max);
        must_be_clean(got);
        ck_assert(cut == (max < sizeof raw - 1 + 2));
    }
}
END_TEST

START_TEST(reads_a_code_page_that_was_named)
{
    struct text_codepage *cp = text_codepage_open("windows-1251");
    bool cut;
    struct str got;

    ck_assert_ptr_nonnull(cp);
    got = text_clean(arena, cp, STR("\xcf\xf0\xe8\x01"), 100, &cut);
    ck_assert(str_eq(got, STR("\xd0\x9f\xd1\x80\xd0\xb8\xee\xbc\x81")));
    text_codepage_close(cp);
    ck_assert_ptr_null(text_codepage_open("no-such-page"));
    ck_assert_ptr_null(text_codepage_open("utf-16le"));
    text_codepage_close(NULL);
}
END_TEST

START_TEST(tells_the_encoding_of_a_file)
{
    static const struct {
        struct str head;
        enum text_encoding encoding;
        size_t bom;
    } heads[] = {
        {BYTES("plain"), TEXT_8BIT, 0},
        {BYTES("\xef\xbb\xbfplain"), TEXT_8BIT, 3},
        {BYTES("\xff\xfe" "a\0b\0"), TEXT_UTF16LE, 2},
        {BYTES("\xfe\xff\0a\0b"), TEXT_UTF16BE, 2},
        {BYTES("a\0b\0c\0d\0"), TEXT_UTF16LE, 0},
        {BYTES("\0a\0b\0c\0d"), TEXT_UTF16BE, 0},
        {BYTES("a\0\0\0b\0\0\0cdef"), TEXT_8BIT, 0},
        {BYTES("\0\0\0\0\0\0\0\0"), TEXT_8BIT, 0},
        {BYTES("a"), TEXT_8BIT, 0},
        {BYTES(""), TEXT_8BIT, 0},
    };

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        size_t bom = 99;

        ck_assert_int_eq(text_detect((const uint8_t *) heads[i].head.p, heads[i].head.n, &bom), heads[i].encoding);
        ck_assert_uint_eq(bom, heads[i].bom);
    }
}
END_TEST

/* Both byte orders, cut anywhere: the same text, and its length in the source
 * is told back from the decoded text alone. */
START_TEST(reads_utf16_in_any_chunks)
{
    /* a, e acute, euro, an emoji, a lone half, NUL, U+EF41, U+FFFE, a half byte at the end */
    static const uint8_t be[] = {0, 'a', 0, 0xe9, 0x20, 0xac, 0xd8, 0x3d, 0xde, 0, 0xd8, 0,
                                 0, 0,   0xef, 0x41, 0xff, 0xfe, 0, 'z', 'q'};
    static const char expected[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xee\xbf\x98\xee\xbc\x80\xee\xbc\x80"
                                   "\xee\xbc\x80\xee\xbf\xaf\xee\xbd\x81\xee\xbf\xbf\xee\xbf\xbe" "z\xee\xbd\xb1";
    uint8_t in[sizeof be];

    for (int little = 0; little < 2; little++) {
        enum text_encoding enc = little ? TEXT_UTF16LE : TEXT_UTF16BE;

        for (size_t i = 0; i < sizeof be; i++)
            in[i] = little && i + 1 < sizeof be ? be[i ^ 1] : be[i];
        for (size_t cut = 0; cut <= sizeof in; cut++) {
            char out[6 * sizeof in + 6], *p = out;
            size_t used, more;

            p += text_utf16(enc, in, cut, false, &used, p);
            ck_assert_uint_le(used, cut);
            ck_assert_uint_eq(text_source_length(enc, out, (size_t) (p - out)), used);
            p += text_utf16(enc, in + used, sizeof in - used, true, &more, p);
            ck_assert_uint_eq(used + more, sizeof in);
            must_be_clean(str_make(out, (size_t) (p - out)));
            if (!little)
                ck_assert(str_eq(str_make(out, (size_t) (p - out)), STR(expected)));
            ck_assert_uint_eq(text_source_length(enc, out, (size_t) (p - out)), sizeof in);
        }
    }
}
END_TEST

START_TEST(decoded_text_keeps_its_escapes)
{
    static const char text[] = "a\xee\xbc\x80" "b\r\n";
    bool cut;

    ck_assert(str_eq(text_clean(arena, text_codepage_decoded(), STR(text), 100, &cut), STR("a\xee\xbc\x80" "b\n")));
    text_codepage_close(text_codepage_decoded());
}
END_TEST

/* Every byte at every place of texts of every length up to two blocks and more. */
START_TEST(finds_the_first_byte_that_is_not_plain)
{
    char *text = malloc(40); /* its end is where a sanitizer looks */

    for (size_t n = 0; n <= 40; n++)
        for (size_t at = 0; at < n; at++)
            for (unsigned c = 0; c < 256; c++) {
                char *p = text + 40 - n;
                bool plain = c >= ' ' && c <= '~', value = plain && c != '"' && c != '\\' && c != ']';

                memset(p, '~', n);
                p[at] = (char) c;
                if (plain_text(p, n) != (plain ? n : at) || plain_value(p, n) != (value ? n : at))
                    ck_abort_msg("byte %u at %zu of %zu: %zu, %zu", c, at, n, plain_text(p, n), plain_value(p, n));
            }
    free(text);
}
END_TEST

START_TEST(shows_what_cannot_be_seen)
{
    static const struct {
        struct str in;
        const char *out;
    } shown[] = {
        {BYTES("plain caf\xc3\xa9"), "plain caf\xc3\xa9"},
        {BYTES("a\xee\xbc\x80" "b\xee\xbf\xbf"), "a<00>b<FF>"},
        {BYTES("a\nb\x1b[31m\x7f"), "a<0A>b<1B>[31m<7F>"},
        {BYTES("\xc2\x85\xe2\x80\xa8\xe2\x80\xa9"), "<C2><85><E2><80><A8><E2><80><A9>"},
        {BYTES("\xff\xc0\xaf"), "<FF><C0><AF>"},
    };
    char out[128];

    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        ck_assert_uint_eq(text_show(shown[i].in, out, sizeof out), strlen(shown[i].out));
        ck_assert_str_eq(out, shown[i].out);
        for (size_t cap = 1; cap < sizeof out; cap++) {
            size_t n = text_show(shown[i].in, out, cap);

            ck_assert_uint_lt(n, cap);
            ck_assert_int_eq(strncmp(out, shown[i].out, n), 0);
            ck_assert_int_eq(out[n], '\0');
            must_be_clean(str_make(out, n));
        }
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("text");
    TCase *tc = tcase_create("text");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, reads_bytes_as_what_they_are, 0, (int) (sizeof rows / sizeof rows[0]));
    tcase_add_test(tc, borrows_what_needs_no_work);
    tcase_add_test(tc, escapes_can_be_undone);
    tcase_add_test(tc, cuts_between_characters);
    tcase_add_test(tc, reads_a_code_page_that_was_named);
    tcase_add_test(tc, tells_the_encoding_of_a_file);
    tcase_add_test(tc, reads_utf16_in_any_chunks);
    tcase_add_test(tc, decoded_text_keeps_its_escapes);
    tcase_add_test(tc, finds_the_first_byte_that_is_not_plain);
    tcase_add_test(tc, shows_what_cannot_be_seen);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
