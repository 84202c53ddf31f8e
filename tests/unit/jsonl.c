/* SPDX-License-Identifier: BSD-2-Clause
 *
 * jsonl.c - reads the lines of labelled records (jsonl.h).  A line that is not
 * of that form fails the test. */
#include "build.h"

#include "tests/unit/jsonl.h"

#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *
jsonl_folder(void)
{
    static char path[1024];
    const char *shared = getenv("TRUECAUSE_SHARED");
    struct stat st;

    snprintf(path, sizeof path, "%s/corpus", shared ? shared : "../shared");
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? path : NULL;
}

/* Appends the character 'c' as UTF-8. */
static void
put_utf8(char **out, unsigned c)
{
    if (c < 0x80) {
        *(*out)++ = (char) c;
    } else if (c < 0x800) {
        *(*out)++ = (char) (0xC0 | c >> 6);
        *(*out)++ = (char) (0x80 | (c & 0x3F));
    } else {
        *(*out)++ = (char) (0xE0 | c >> 12);
        *(*out)++ = (char) (0x80 | (c >> 6 & 0x3F));
        *(*out)++ = (char) (0x80 | (c & 0x3F));
    }
}

/* The string at '*in' (behind its quote), unescaped in place. */
static struct str
take_string(char **in)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    char *begin = *in, *p = *in, *out = *in;

    while (*p != '"') {
        const char *named;

        ck_assert_msg(*p, "a string without end");
        if (*p != '\\') {
            *out++ = *p++;
            continue;
        }
        p++;
        if (*p == 'u') {
            char digits[5] = {p[1], p[2], p[3], p[4], 0};

            put_utf8(&out, (unsigned) strtoul(digits, NULL, 16));
            p += 5;
        } else {
            named = strchr(from, *p);
            *out++ = named ? to[named - from] : *p;
            p++;
        }
    }
    *in = p + 1;
    return str_make(begin, (size_t) (out - begin));
}

bool
jsonl_read(FILE *f, struct jsonl_row *row)
{
    size_t cap = 0;
    char *p;

    *row = (struct jsonl_row){0};
    if (getline(&row->memory, &cap, f) < 0) {
        free(row->memory);
        return false;
    }
    p = row->memory;
    ck_assert_int_eq(*p, '{');
    while (*++p != '}') {
        ck_assert_uint_lt(row->n, JSONL_FIELDS_MAX);
        p += strspn(p, ", ");
        ck_assert_int_eq(*p++, '"');
        row->field[row->n].name = take_string(&p);
        p += strspn(p, ": ");
        if (*p == '"') {
            p++;
            row->field[row->n].value = take_string(&p);
        } else {
            size_t n = strcspn(p, ",}");

            row->field[row->n].value = strncmp(p, "null", 4) == 0 ? STR_NONE : str_make(p, n);
            p += n;
        }
        row->n++;
        if (*p == '}')
            break;
    }
    return true;
}

void
jsonl_free(struct jsonl_row *row)
{
    free(row->memory);
    *row = (struct jsonl_row){0};
}

struct str
jsonl_get(const struct jsonl_row *row, const char *name)
{
    for (unsigned i = 0; i < row->n; i++)
        if (str_eq(row->field[i].name, str_z(name)))
            return row->field[i].value;
    return STR_NONE;
}
