/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_load.h - loads a configuration that a test holds as text, and keeps
 * what is said of it. */
#ifndef TESTS_UNIT_CONFIG_LOAD_H
#define TESTS_UNIT_CONFIG_LOAD_H

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "forwarder/config.h"
#include "tests/unit/scratch.h"

#define HEAD "<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\"1.3.6.1.4.1.99999.1\">\n"
#define TAIL "</truecause>\n"

static char dir[256], found[65536];
static unsigned errors, warnings;

static inline void
setup(void)
{
    scratch_make(dir, sizeof dir);
    found[0] = '\0';
    errors = warnings = 0;
}

static inline void
teardown(void)
{
    scratch_remove(dir);
}

static inline const char *
in_dir(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

/* "main.xml:3: error: TEXT" for each finding. */
static inline void
note(void *arg, bool warning, const struct config_place *place, const char *text)
{
    bool inside = strncmp(place->file, dir, strlen(dir)) == 0 && place->file[strlen(dir)];
    size_t n = strlen(found);

    ck_assert_ptr_eq(arg, &errors);
    errors += !warning;
    warnings += warning;
    snprintf(found + n, sizeof found - n, "%s:%d: %s: %s\n",
             inside ? place->file + strlen(dir) + 1 : place->file, place->line,
             warning ? "warning" : "error", text);
}

static inline struct config *
load(const char *text)
{
    found[0] = '\0';
    errors = warnings = 0;
    if (text)
        scratch_write(in_dir("main.xml"), text);
    return config_load(in_dir("main.xml"), note, &errors);
}

static inline struct config *
must_load(const char *text)
{
    struct config *c = load(text);

    ck_assert_msg(c != NULL, "%s", found);
    ck_assert_uint_eq(errors, 0);
    return c;
}

static inline void
expect(const char *words)
{
    ck_assert_msg(strstr(found, words) != NULL, "\"%s\" is not in:\n%s", words, found);
}

/* The configuration is refused, with 'words' among what is said, once. */
static inline void
refused(const char *text, const char *words)
{
    struct config *c = load(text);

    ck_assert_msg(c == NULL, "accepted:\n%s", text);
    ck_assert_uint_gt(errors, 0);
    expect(words);
    ck_assert_msg(strstr(strstr(found, words) + 1, words) == NULL, "said twice: %s\n%s", words, found);
}

static inline void
secret(const char *name, const char *text, mode_t mode)
{
    scratch_write(in_dir(name), text);
    ck_assert_int_eq(chmod(in_dir(name), mode), 0);
}

#endif
