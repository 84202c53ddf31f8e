/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_values.c - what the text of an attribute means: times, sizes,
 * secrets, paths.  Called by config*.c; knows no XML. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parsers/when.h"

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

/* Nobody but its owner may be able to read the file. */
ssize_t
config_secret_read(const char *path, const char *what, char *text, size_t cap, char *why, size_t size)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    ssize_t n = -1;

    if (fd < 0 || fstat(fd, &st) != 0)
        snprintf(why, size, "cannot read %s: %s%s%s%s", path, strerror(errno),
                 errno == ENOENT ? ": make it, with the " : "", errno == ENOENT ? what : "",
                 errno == ENOENT ? " in it and mode 600" : "");
    else if (!S_ISREG(st.st_mode))
        snprintf(why, size, "%s is not a regular file", path);
    else if (st.st_mode & 077)
        snprintf(why, size, "%s can be read by others than its owner (mode %03o): chmod 600 it", path, st.st_mode & 0777);
    else if ((n = read(fd, text, cap)) < 0)
        snprintf(why, size, "cannot read %s: %s", path, strerror(errno));
    else if ((size_t) n == cap)
        n--; /* too long: whoever looks at it finds that */
    if (fd >= 0)
        close(fd);
    return n;
}

/* A secret of one line. */
char *
config_secret(const char *path, const char *what, char *why, size_t size)
{
    char text[CONFIG_COMMUNITY + 5];
    ssize_t n = config_secret_read(path, what, text, sizeof text, why, size);
    char *secret = NULL;

    if (n >= 0) {
        n -= n > 0 && text[n - 1] == '\n';
        n -= n > 0 && text[n - 1] == '\r';
        if (n == 0)
            snprintf(why, size, "%s is empty: write the %s into it", path, what);
        else if (n > CONFIG_COMMUNITY)
            snprintf(why, size, "%s holds more than %d bytes: it must hold the %s and nothing else", path,
                     CONFIG_COMMUNITY, what);
        else if (memchr(text, '\0', (size_t) n) || memchr(text, '\n', (size_t) n))
            snprintf(why, size, "%s must hold the %s in one line and nothing else", path, what);
        else if (!(secret = strndup(text, (size_t) n)))
            snprintf(why, size, "not enough memory");
    }
    explicit_bzero(text, sizeof text);
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
