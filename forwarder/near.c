/* SPDX-License-Identifier: BSD-2-Clause
 *
 * near.c - edit distance for messages.  Three rows of the usual table; words
 * here are names of files and attributes. */
#include "build.h"

#include "forwarder/near.h"

#include <string.h>

#include "parsers/str.h"

enum { NEAR_MAX = 255 };

static unsigned
least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned
near_distance(const char *pattern, const char *name)
{
    unsigned row[3][NEAR_MAX + 1], n = (unsigned) strlen(name), m = (unsigned) strlen(pattern);

    if (n > NEAR_MAX || m > NEAR_MAX)
        return n > m ? n : m;
    for (unsigned k = 0; k <= n; k++)
        row[0][k] = k;
    for (unsigned i = 1; i <= m; i++) {
        unsigned *before = row[(i - 1) % 3], *now = row[i % 3], *earlier = row[(i + 1) % 3];
        char p = str_lower_char(pattern[i - 1]);

        now[0] = before[0] + (p != '*');
        for (unsigned k = 1; k <= n; k++) {
            char c = str_lower_char(name[k - 1]);

            if (p == '*') {
                now[k] = least(before[k], now[k - 1]);
                continue;
            }
            now[k] = least(before[k - 1] + (p != c && p != '?'), least(before[k], now[k - 1]) + 1);
            if (i > 1 && k > 1 && p == str_lower_char(name[k - 2]) && c == str_lower_char(pattern[i - 2]))
                now[k] = least(now[k], earlier[k - 2] + 1);
        }
    }
    return row[m % 3][n];
}

bool
near_enough(const char *pattern, const char *name)
{
    unsigned letters = 0;

    for (const char *p = pattern; *p; p++)
        letters += *p != '*' && *p != '?';
    if (letters >= 3 && letters == strlen(pattern) && str_case_starts(str_z(name), str_z(pattern)))
        return true;
    return letters > 0 && near_distance(pattern, name) <= (letters < 6 ? 1 + (letters > 3) : letters / 3);
}
