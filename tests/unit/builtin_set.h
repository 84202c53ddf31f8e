/* SPDX-License-Identifier: BSD-2-Clause
 *
 * builtin_set.h - the compiled-in catalogue for a test case, as its fixture
 * set_up() and tear_down() make it. */
#ifndef TESTS_UNIT_BUILTIN_SET_H
#define TESTS_UNIT_BUILTIN_SET_H

#include <check.h>

#include "parsers/catalogue.h"

static struct catalogue *set;
static struct catalogue_scratch *scratch;
static struct arena *arena;

static void
set_up(void)
{
    struct catalogue_error err;

    set = catalogue_new_builtin(&err);
    ck_assert_msg(set, "%s:%d: %s", err.file, err.line, err.text);
    scratch = catalogue_scratch_new(set);
    arena = arena_new(8 << 20);
}

static void
tear_down(void)
{
    arena_free(arena);
    catalogue_scratch_free(scratch);
    catalogue_unref(set);
}

#endif
