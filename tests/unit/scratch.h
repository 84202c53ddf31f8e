/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scratch.h - a folder of its own for a test, and small helpers around it. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void
scratch_make(char *dir, size_t size)
{
    const char *base = getenv("TMPDIR");

    snprintf(dir, size, "%s/truecause-test-XXXXXX", base && base[0] ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static inline int
scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove(path);
}

static inline void
scratch_remove(const char *dir)
{
    nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The whole file, malloc'ed, with a NUL behind it. */
static inline char *
scratch_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "r");
    struct stat st;
    char *p;

    ck_assert_msg(f != NULL, "cannot open %s", path);
    ck_assert_int_eq(fstat(fileno(f), &st), 0);
    ck_assert_ptr_nonnull(p = malloc((size_t) st.st_size + 1));
    *n = fread(p, 1, (size_t) st.st_size, f);
    p[*n] = '\0';
    fclose(f);
    return p;
}

static inline void
scratch_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_msg(f != NULL, "cannot write %s", path);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

/* How many names in 'dir' begin with 'prefix'; the first found into 'out'. */
static inline unsigned
scratch_look(const char *dir, const char *prefix, char *out, size_t size)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    unsigned n = 0;

    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)))
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && n++ == 0 && out)
            snprintf(out, size, "%s/%s", dir, e->d_name);
    closedir(d);
    return n;
}

static inline unsigned
scratch_count(const char *dir, const char *prefix)
{
    return scratch_look(dir, prefix, NULL, 0);
}

static inline void
scratch_first(const char *dir, const char *prefix, char *out, size_t size)
{
    ck_assert_uint_gt(scratch_look(dir, prefix, out, size), 0);
}

#endif
