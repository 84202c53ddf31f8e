/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_values.c - what the text of an attribute means: times, sizes,
 * secrets, paths.  Called by config*.c; knows no XML. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <stdlib.h>
#include <string.h>

#include "forwarder/file.h"
#include "parsers/when.h"

/* Of a file that holds one secret; whether that is too long is told apart. */
enum { SECRET_MAX = 4096 };

bool
config_time(const char *s, int64_t *ns)
{
    char *unit;
    long long n = strtoll(s, &unit, 10);
    int64_t each = strncmp(unit, "ms", 2) == 0    ? 1000000
                   : strncmp(unit, "min", 3) == 0 ? WHEN_MINUTE
                   : *unit == 's'                 ? WHEN_SECOND
                   : *unit == 'h'                 ? WHEN_HOUR
                                                  : WHEN_DAY;

    if (unit == s || n <= 0 || n > 36525 * WHEN_DAY / each)
        return false;
    *ns = n * each;
    return true;
}

bool
config_size(const char *s, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    char *unit;
    unsigned long long n = strtoull(s, &unit, 10);
    const char *which = *unit ? strchr(units, *unit) : NULL;
    unsigned shift = which ? 10 * (unsigned) (which - units + 1) : 0;

    if (unit == s || !which || n == 0 || n > (UINT64_C(1) << 60) >> shift)
        return false;
    *bytes = (uint64_t) n << shift;
    return true;
}

const char *
config_amounts(char *text, int64_t *ns, uint64_t *bytes)
{
    for (char *p = text, *space; *p; p = space) {
        space = p + strcspn(p, " ");
        if (*space)
            *space++ = '\0';
        if (strstr(p, "iB") ? !config_size(p, bytes) : !config_time(p, ns))
            return p;
    }
    return NULL;
}

/* A secret of one line. */
char *
config_secret(const char *path, const char *what, char *why, size_t size)
{
    char *text, *secret = NULL, shorten[80];
    size_t all, n;

    snprintf(shorten, sizeof shorten, "it must hold the %s and nothing else", what);
    text = file_read(path, &(struct file_want){.use = FILE_SECRET, .what = what, .most = SECRET_MAX,
                                               .shorten = shorten}, &all, why, size);
    if (!text)
        return NULL;
    n = all;
    n -= n > 0 && text[n - 1] == '\n';
    n -= n > 0 && text[n - 1] == '\r';
    if (n == 0)
        snprintf(why, size, "%s is empty: write the %s into it", path, what);
    else if (n > CONFIG_COMMUNITY)
        snprintf(why, size, "%s is longer than %d bytes: %s", path, CONFIG_COMMUNITY, shorten);
    else if (memchr(text, '\0', n) || memchr(text, '\n', n))
        snprintf(why, size, "%s must hold the %s in one line and nothing else", path, what);
    else if (!(secret = strndup(text, n)))
        snprintf(why, size, "not enough memory");
    file_wipe(text, all);
    return secret;
}

char *
config_path(const struct config_reader *r, const char *path)
{
    size_t n = strlen(r->base) + strlen(path) + 2;
    char *out = malloc(n);

    if (out)
        snprintf(out, n, "%s%s%s", *path == '/' ? "" : r->base, *path == '/' || !*r->base ? "" : "/", path);
    return out;
}
