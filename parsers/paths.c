/* SPDX-License-Identifier: BSD-2-Clause
 *
 * paths.c - server, share and package out of the paths that records quote.
 * Called by diagnose.c for every captured path.  Knows the shapes of paths
 * and of package ids only, no wording. */
#include "build.h"

#include "parsers/paths.h"

enum { PACKAGE_MIN = 8, PACKAGE_MAX = 10, SITE_CODE = 3 };

static bool
is_separator(char c)
{
    return c == '\\' || c == '/';
}

/* Takes the next component off '*rest'; absent when none is left. */
static struct str
next_part(struct str *rest)
{
    size_t n = 0;
    struct str part;

    while (rest->n && is_separator(rest->p[0]))
        *rest = str_skip(*rest, 1);
    if (!rest->n)
        return STR_NONE;
    while (n < rest->n && !is_separator(rest->p[n]))
        n++;
    part = str_make(rest->p, n);
    *rest = str_skip(*rest, n);
    return part;
}

bool
paths_is_placeholder(struct str part)
{
    return str_find_char(part, '<') < part.n || str_find_char(part, '>') < part.n;
}

static struct str
fact(struct str part)
{
    part = str_trim(part);
    return part.n && !paths_is_placeholder(part) ? part : STR_NONE;
}

static bool
is_hex_upper(char c)
{
    return str_is_digit(c) || (c >= 'A' && c <= 'F');
}

static bool
is_id_char(char c)
{
    return str_is_alnum(c) || c == '_';
}

/* A site code and a hexadecimal number.  SMS 1.2 writes Z for the number's
 * first digit in status. */
bool
paths_is_package(struct str name)
{
    bool digit = false;

    if (name.n < PACKAGE_MIN || name.n > PACKAGE_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!is_id_char(c) || (c >= 'a' && c <= 'z'))
            return false;
        if (i < SITE_CODE)
            continue;
        if (!is_hex_upper(c) && !(i == SITE_CODE && c == 'Z'))
            return false;
        digit |= str_is_digit(c);
    }
    return digit;
}

/* The looser shape that is enough below a package share. */
static bool
is_package_like(struct str name)
{
    bool digit = false;

    if (name.n < PACKAGE_MIN || name.n > PACKAGE_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!is_id_char(name.p[i]))
            return false;
        digit |= str_is_digit(name.p[i]);
    }
    return digit;
}

static bool
is_package_share(struct str name)
{
    return str_find_case(name, STR("pkg")) < name.n || str_find_case(name, STR("pack")) < name.n;
}

/* The package that 'part', found below 'above', stands for; absent if none. */
static struct str
package_of(struct str part, struct str above)
{
    size_t dot = str_find_char(part, '.');

    part = str_trim(part);
    if (paths_is_package(part) || (is_package_share(above) && is_package_like(part)))
        return part;
    /* CAS10001.PCK and CAS10001.PCK.1: a package's compressed file */
    if (dot < part.n && str_case_starts(str_skip(part, dot), STR(".pck"))
        && paths_is_package(str_make(part.p, dot)))
        return str_make(part.p, dot);
    return STR_NONE;
}

/* What follows the NAL part ["Display=..."]TYPE:["SMS_SITE=.."] of a path. */
static struct str
without_nal(struct str path)
{
    size_t at = path.n;

    if (!path.n || path.p[0] != '[')
        return path;
    while (at && path.p[at - 1] != ']')
        at--;
    return str_skip(path, at);
}

static bool
is_unc(struct str path)
{
    return path.n >= 3 && is_separator(path.p[0]) && path.p[0] == path.p[1];
}

/* Takes server and share off a UNC path; leaves the rest in '*path'. */
static void
take_server(struct str *path, struct path_parts *out)
{
    if (str_starts(*path, STR("\\\\?\\"))) {
        *path = str_skip(*path, 4);
        if (!str_case_starts(*path, STR("UNC\\")))
            return;
        *path = str_skip(*path, 4);
    } else if (!is_unc(*path)) {
        return;
    }
    out->server = fact(next_part(path));
    out->share = fact(next_part(path));
}

void
paths_read(struct str path, struct path_parts *out)
{
    struct str above, part;

    *out = (struct path_parts){STR_NONE, STR_NONE, STR_NONE};
    path = without_nal(str_trim(path));
    take_server(&path, out);
    above = out->share;
    while (!str_has(out->package) && str_has(part = next_part(&path))) {
        out->package = package_of(part, above);
        above = part;
    }
}

void
paths_read_package(struct str path, struct path_parts *out)
{
    struct str rest;

    paths_read(path, out);
    if (str_has(out->package))
        return;
    rest = without_nal(str_trim(path));
    if (!is_unc(rest))
        return;
    next_part(&rest);
    next_part(&rest);
    out->package = fact(next_part(&rest));
}

struct str
paths_base(struct str path)
{
    size_t at = path.n;

    while (at && !is_separator(path.p[at - 1]))
        at--;
    return str_trim(str_skip(path, at));
}

struct str
paths_unwrap(struct arena *a, struct str path)
{
    char *out;
    size_t n = 0, i = 0;

    path = str_trim(path);
    if (str_find_char(path, '\n') == path.n && str_find_char(path, '\r') == path.n)
        return path;
    out = arena_alloc(a, path.n);
    if (!out)
        return STR_NONE;
    while (i < path.n) {
        size_t end = i;
        bool wrap = false;

        while (end < path.n && str_is_space(path.p[end])) {
            wrap |= path.p[end] == '\n' || path.p[end] == '\r';
            end++;
        }
        if (wrap) {
            out[n++] = ' ';
            i = end;
        } else {
            out[n++] = path.p[i++];
        }
    }
    return str_make(out, n);
}
