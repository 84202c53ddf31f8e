/* SPDX-License-Identifier: BSD-2-Clause
 *
 * glob_case.c - expands the path of a source.  Called by the sources and by
 * `truecause check`; the contract is in the header. */
#include "build.h"

#include "forwarder/glob_case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/near.h"
#include "parsers/str.h"

enum { PATH_SIZE = 4096, PARTS_MAX = 64 };

static bool
is_pattern(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == '*' || s[i] == '?' || s[i] == '[')
            return true;
    return false;
}

/* Reads "-YYYYMMDD-HHMMSS" at 'p'. */
static bool
is_stamp(const char *p)
{
    static const char shape[] = "-########-######";

    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '#' ? !str_is_digit(p[i]) : p[i] != shape[i])
            return false;
    return true;
}

/* The name that a generation had while it was written: NAME.log. */
static bool
live_name(const char *name, char *out, size_t size)
{
    size_t n = strlen(name), stem;

    if (n < 5 || n >= size)
        return false;
    if (strcasecmp(name + n - 4, ".lo_") == 0)
        stem = n - 4;
    else if (strcasecmp(name + n - 4, ".log") == 0 && n > 20 && is_stamp(name + n - 20))
        stem = n - 20;
    else
        return false;
    snprintf(out, size, "%.*s.log", (int) stem, name);
    return true;
}

static bool
matches(const char *pattern, const char *name)
{
    return strcasecmp(pattern, name) == 0
           || fnmatch(pattern, name, FNM_CASEFOLD | FNM_NOESCAPE | FNM_PERIOD | FNM_PATHNAME) == 0;
}

bool
glob_case_match(const char *pattern, const char *name, bool *generation)
{
    char live[256];
    bool old = live_name(name, live, sizeof live) && matches(pattern, live);

    if (generation)
        *generation = old;
    return old || matches(pattern, name);
}

static int
add(struct glob_case *out, const char *path)
{
    if (out->n == GLOB_CASE_MAX) {
        out->more = true;
        return 0;
    }
    if (out->n == out->cap) {
        unsigned cap = out->cap ? out->cap * 2 : 16;
        char **grown = realloc(out->path, cap * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        out->path = grown;
        out->cap = cap;
    }
    if (!(out->path[out->n] = strdup(path)))
        return -ENOMEM;
    out->n++;
    return 0;
}

/* dir + "/" + name, where an empty 'dir' is the present folder. */
static bool
join(char *out, const char *dir, const char *name)
{
    size_t n = strlen(dir);

    return (size_t) snprintf(out, PATH_SIZE, "%s%s%s", dir, n && dir[n - 1] != '/' ? "/" : "", name) < PATH_SIZE;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int expand(struct glob_case *, const char *dir, const char *rest);

/* Folders of 'dir' that match one component, each expanded further. */
static int
expand_folders(struct glob_case *out, const char *dir, const char *component, const char *rest)
{
    DIR *d = opendir(*dir ? dir : ".");
    const struct dirent *e;
    char path[PATH_SIZE];
    int result = 0, one;

    if (!d)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    while (!out->more && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0
            || fnmatch(component, e->d_name, FNM_NOESCAPE | FNM_PERIOD) != 0 || !join(path, dir, e->d_name)
            || !is_folder(path))
            continue;
        if ((one = expand(out, path, rest)) != 0)
            result = one;
    }
    closedir(d);
    return result;
}

static int
expand_files(struct glob_case *out, const char *dir, const char *pattern)
{
    DIR *d = opendir(*dir ? dir : ".");
    const struct dirent *e;
    char path[PATH_SIZE];
    int result = 0;

    if (!d)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    while (!out->more && result == 0 && (errno = 0, e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0
            || !glob_case_match(pattern, e->d_name, NULL) || !join(path, dir, e->d_name))
            continue;
        if (is_folder(path)) {
            if (strcasecmp(pattern, e->d_name) == 0)
                out->directory = true;
            continue;
        }
        result = add(out, path);
    }
    if (result == 0 && errno)
        result = -errno;
    closedir(d);
    return result;
}

/* What 'rest' stands for below 'dir'. */
static int
expand(struct glob_case *out, const char *dir, const char *rest)
{
    char path[PATH_SIZE], component[PATH_SIZE];
    const char *slash;

    while (*rest == '/')
        rest++;
    if (!*rest) {
        out->directory = true;
        return 0;
    }
    if (!(slash = strchr(rest, '/')))
        return out->folders ? add(out, dir) : expand_files(out, dir, rest);
    snprintf(component, sizeof component, "%.*s", (int) (slash - rest), rest);
    if (!join(path, dir, component))
        return -ENAMETOOLONG;
    /* A name that has * in it and is there is meant as it stands. */
    if (!is_pattern(component, strlen(component)) || is_folder(path))
        return expand(out, path, slash);
    return expand_folders(out, dir, component, slash);
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static int
find(const char *pattern, struct glob_case *out)
{
    unsigned parts = 0;
    int result;

    for (const char *p = pattern; *p; p++)
        parts += *p == '/';
    /* Each part is a call deeper. */
    if (strlen(pattern) >= PATH_SIZE || parts > PARTS_MAX)
        return -ENAMETOOLONG;
    result = expand(out, *pattern == '/' ? "/" : "", pattern);
    if (out->n > 1)
        qsort(out->path, out->n, sizeof *out->path, compare);
    return result;
}

int
glob_case_find(const char *pattern, struct glob_case *out)
{
    memset(out, 0, sizeof *out);
    return find(pattern, out);
}

int
glob_case_folders(const char *pattern, struct glob_case *out)
{
    memset(out, 0, sizeof *out);
    out->folders = true;
    return find(pattern, out);
}

void
glob_case_free(struct glob_case *g)
{
    for (unsigned i = 0; i < g->n; i++)
        free(g->path[i]);
    free(g->path);
    memset(g, 0, sizeof *g);
}

/* The nearest of the names in 'dir' ("" the present folder) to 'component'. */
static bool
nearest(const char *dir, const char *component, bool folders, char *out, size_t size)
{
    DIR *d = opendir(*dir ? dir : ".");
    const struct dirent *e;
    char path[PATH_SIZE];
    unsigned best = UINT32_MAX;

    if (!d)
        return false;
    while ((e = readdir(d))) {
        unsigned far;

        if (e->d_name[0] == '.' || !near_enough(component, e->d_name) || !join(path, dir, e->d_name)
            || is_folder(path) != folders)
            continue;
        far = near_distance(component, e->d_name);
        if (far < best) {
            best = far;
            snprintf(out, size, "%s", path);
        }
    }
    closedir(d);
    return best != UINT32_MAX;
}

bool
glob_case_near(const char *pattern, char *out, size_t size)
{
    char dir[PATH_SIZE] = "", next[PATH_SIZE], component[PATH_SIZE];
    const char *rest = pattern, *slash;

    if (strlen(pattern) >= PATH_SIZE)
        return false;
    if (*rest == '/')
        memcpy(dir, "/", 2);
    for (;;) {
        while (*rest == '/')
            rest++;
        if (!*rest)
            return false;
        if (!(slash = strchr(rest, '/')))
            return nearest(dir, rest, false, out, size);
        snprintf(component, sizeof component, "%.*s", (int) (slash - rest), rest);
        if (!join(next, dir, component))
            return false;
        if (!is_folder(next))
            return nearest(dir, component, true, out, size);
        memcpy(dir, next, strlen(next) + 1);
        rest = slash;
    }
}
