/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replay.c - runs a fuzz target without libFuzzer, under Check: every seed in
 * tests/fuzz/seeds/NAME (NAME from the program's own name, replay_NAME), then
 * mutations of the seeds and random bytes from a fixed start.  REPLAY_ROUNDS
 * says how many of each a seed gets (200).  A target that crashes, trips a
 * sanitizer or aborts fails the test; the input is then in a file that the
 * test names. */
#include "build.h"

#include <check.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { SEED_MAX = 1 << 20, SEEDS_MAX = 4096 };

static char seeds_dir[4096];
static char last_input[4096];
static char *seed_names[SEEDS_MAX];
static int n_seeds;
static unsigned rounds = 200;
static uint64_t rng_state;

static uint32_t
rng(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t) (rng_state >> 32);
}

static size_t
seed_read(int i, uint8_t *out)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", seeds_dir, seed_names[i]);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot read %s", path);
    size_t n = fread(out, 1, SEED_MAX, f);
    fclose(f);
    return n;
}

/* Keeps the input where a crash leaves it, then runs it.  The copy is as long
 * as the input, so that a read past its end is seen. */
static void
run(const uint8_t *p, size_t n)
{
    FILE *f = fopen(last_input, "wb");
    ck_assert_msg(f != NULL, "cannot write %s", last_input);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
    uint8_t *exact = malloc(n ? n : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, p, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

/* Bytes that mean something to one of the formats. */
static const char *const tokens[] = {
    "$$<", "><", "><thread=", "~", "\r\n", "\r", "\n\n", ">", "<![LOG[", "]LOG]!>", "<Event", "</Event>",
    "<Data>", "<Data/>", "&#0;", "&amp;", "\"", ",", "\t", "Win32 Error = 32", "0x80070020", "\xff\xfe", "\xef\xbb\xbf",
    "\xf0\x9f", "\xed\xa0\x80", "\x85", "\xe2\x80\xa8", "<!DOCTYPE", "]]>", "99999999999999999999", "-2147483648",
};

static size_t
mutate(uint8_t *p, size_t n)
{
    for (unsigned times = 1 + rng() % 6; times; times--) {
        size_t at = n ? rng() % n : 0;
        switch (rng() % 6) {
        case 0: /* another byte */
            if (n)
                p[at] = (uint8_t) rng();
            break;
        case 1: /* a bit */
            if (n)
                p[at] ^= (uint8_t) (1u << rng() % 8);
            break;
        case 2: /* a hole */
            if (n) {
                size_t cut = 1 + rng() % (n - at < 64 ? n - at : 64);
                memmove(p + at, p + at + cut, n - at - cut);
                n -= cut;
            }
            break;
        case 3: { /* a token */
            const char *t = tokens[rng() % (sizeof tokens / sizeof *tokens)];
            size_t k = strlen(t);
            if (n + k <= SEED_MAX) {
                memmove(p + at + k, p + at, n - at);
                memcpy(p + at, t, k);
                n += k;
            }
            break;
        }
        case 4: { /* a part again */
            size_t k = n - at < 256 ? n - at : 256;
            if (n + k <= SEED_MAX) {
                memmove(p + at + k, p + at, n - at);
                n += k;
            }
            break;
        }
        case 5: /* an early end */
            n = at;
            break;
        }
    }
    return n;
}

START_TEST(seed_and_mutations)
{
    uint8_t *seed = malloc(SEED_MAX), *p = malloc(SEED_MAX);
    ck_assert(seed && p);
    size_t n = seed_read(_i, seed);
    rng_state = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t) _i;
    run(seed, n);
    /* Large seeds get fewer rounds: the time of a test is the same. */
    unsigned count = n > 65536 ? rounds / 20 + 1 : rounds;
    for (unsigned i = 0; i < count; i++) {
        memcpy(p, seed, n);
        run(p, mutate(p, n));
    }
    remove(last_input);
    free(seed);
    free(p);
}
END_TEST

START_TEST(random_bytes)
{
    uint8_t p[512];
    rng_state = UINT64_C(0x2545f4914f6cdd1d);
    for (unsigned i = 0; i < rounds * 10; i++) {
        size_t n = rng() % sizeof p;
        for (size_t k = 0; k < n; k++)
            p[k] = i % 2 ? (uint8_t) rng() : (uint8_t) " \r\n$<>~=:0123456789ABCabc"[rng() % 25];
        run(p, n);
    }
    remove(last_input);
}
END_TEST

static int
seed_select(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
    const char *base = argc > 0 ? strrchr(argv[0], '/') : NULL;
    base = base ? base + 1 : argv[0];
    const char *name = strncmp(base, "replay_", 7) == 0 ? base + 7 : base;
    const char *src = getenv("TEST_SRCDIR"), *build = getenv("TEST_BUILDDIR"), *times = getenv("REPLAY_ROUNDS");
    snprintf(seeds_dir, sizeof seeds_dir, "%s/fuzz/seeds/%s", src ? src : "tests", name);
    snprintf(last_input, sizeof last_input, "%s/fuzz/%s.input", build ? build : ".", base);
    if (times)
        rounds = (unsigned) strtoul(times, NULL, 10);

    struct dirent **list = NULL;
    int n = scandir(seeds_dir, &list, seed_select, alphasort);
    if (n < 1 || n > SEEDS_MAX) {
        fprintf(stderr, "%s: no seeds in %s, or too many\n", base, seeds_dir);
        return 1;
    }
    for (int i = 0; i < n; i++)
        seed_names[n_seeds++] = list[i]->d_name;

    Suite *s = suite_create(base);
    TCase *tc = tcase_create("replay");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, seed_and_mutations, 0, n_seeds);
    tcase_add_test(tc, random_bytes);
    suite_add_tcase(s, tc);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    return failed ? 1 : 0;
}
