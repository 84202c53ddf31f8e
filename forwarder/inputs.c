/* SPDX-License-Identifier: BSD-2-Clause
 *
 * inputs.c - arguments to files.  Used by export, report and explain. */
#include "build.h"

#include "forwarder/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "forwarder/file.h"
#include "forwarder/log.h"

static void
add(struct inputs *in, const char *path, uint64_t size)
{
    char **grown = realloc(in->path, (in->n + 1) * sizeof *grown), *copy = strdup(path);

    if (grown)
        in->path = grown;
    if (!grown || !copy) {
        free(copy);
        log_error("%s: out of memory", path);
        in->failed++;
        return;
    }
    in->path[in->n++] = copy;
    in->bytes += size;
}

static void
refuse(struct inputs *in, const char *path, const char *why)
{
    log_error("%s: %s", path, why);
    in->failed++;
}

/* The same where looking at it failed with errno. */
static void
refuse_error(struct inputs *in, const char *path, enum file_use use)
{
    char why[FILE_WHY], remedy[FILE_REMEDY];
    int error = errno;

    file_remedy(path, error, use, remedy, sizeof remedy);
    snprintf(why, sizeof why, "%.160s%s", error == ENOENT ? "no such file" : strerror(error), remedy);
    refuse(in, path, why);
}

/* Adds one file; anything else gets its message here, before a read could
 * block on it. */
static void
add_file(struct inputs *in, const char *path, const char *folder_words)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        refuse_error(in, path, FILE_TEXT);
        return;
    }
    if (S_ISREG(st.st_mode))
        add(in, path, (uint64_t) st.st_size);
    else if (S_ISDIR(st.st_mode))
        refuse(in, path, folder_words);
    else
        refuse(in, path, S_ISFIFO(st.st_mode) ? "a pipe, not a file; write it to a file first, or give - and redirect"
                                              : "a device or socket, not a file");
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int
not_dots(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static void
add_folder(struct inputs *in, const char *path)
{
    struct dirent **entry;
    int n = scandir(path, &entry, not_dots, by_name);
    size_t len = strlen(path);
    unsigned before = in->n + in->failed;

    if (n < 0) {
        refuse_error(in, path, FILE_FOLDER);
        return;
    }
    for (int i = 0; i < n; i++) {
        char full[4096];
        int k = snprintf(full, sizeof full, "%s%s%s", path, len && path[len - 1] == '/' ? "" : "/", entry[i]->d_name);

        if (k < 0 || (size_t) k >= sizeof full)
            refuse(in, path, "a name in this folder is too long");
        else
            add_file(in, full, "a folder inside a folder is not read; name it by itself");
        free(entry[i]);
    }
    free(entry);
    if (in->n + in->failed == before)
        log_warn("%s: the folder is empty", path);
}

void
inputs_expand(struct inputs *in, char *const *args, int n)
{
    struct stat st;

    memset(in, 0, sizeof *in);
    for (int i = 0; i < n; i++) {
        if (strcmp(args[i], "-") == 0)
            add(in, args[i], 0);
        else if (stat(args[i], &st) == 0 && S_ISDIR(st.st_mode))
            add_folder(in, args[i]);
        else
            add_file(in, args[i], "a folder");
    }
}

void
inputs_fini(struct inputs *in)
{
    for (unsigned i = 0; i < in->n; i++)
        free(in->path[i]);
    free(in->path);
    memset(in, 0, sizeof *in);
}
