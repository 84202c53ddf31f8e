/* SPDX-License-Identifier: BSD-2-Clause
 *
 * jsonl.h - just enough JSON for the labelled records: one flat object a line
 * with string, number and null values.  For unit tests. */
#ifndef TESTS_UNIT_JSONL_H
#define TESTS_UNIT_JSONL_H

#include <stdio.h>

#include "parsers/str.h"

enum { JSONL_FIELDS_MAX = 24 };

struct jsonl_row {
    unsigned n;
    struct {
        struct str name;
        struct str value; /* p NULL for null; digits for a number */
    } field[JSONL_FIELDS_MAX];
    char *memory; /* that the strings point into */
};

/* The folder of the labelled records, or NULL when it is not there. */
const char *jsonl_folder(void);
/* Reads one line of 'f'; false at the end.  jsonl_free() gives it back. */
bool jsonl_read(FILE *f, struct jsonl_row *row);
void jsonl_free(struct jsonl_row *row);
/* The value under 'name'; absent for null. */
struct str jsonl_get(const struct jsonl_row *row, const char *name);

#endif
