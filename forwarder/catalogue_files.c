/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_files.c - reads the catalogue files that an administrator added.
 * Called by cmd_forward.c, daemon.c (a reload takes configuration and catalogue
 * or neither), cmd_check.c and options.c. */
#include "build.h"

#include "forwarder/catalogue_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "forwarder/file.h"

enum { FILES_MAX = 256, FILE_MAX = 16 << 20 };

struct files {
    struct catalogue_input *input; /* those compiled in first; names and texts of the rest are owned */
    size_t n, n_builtin, cap;
    config_report *report;
    void *arg;
};

static void fail(struct files *, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
fail(struct files *f, const char *file, int line, const char *fmt, ...)
{
    const struct config_place place = {file, line};
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f->report(f->arg, false, &place, text);
}

static bool
add(struct files *f, const char *name, struct str xml)
{
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        struct catalogue_input *grown = realloc(f->input, cap * sizeof *grown);

        if (!grown)
            return false;
        f->input = grown;
        f->cap = cap;
    }
    f->input[f->n++] = (struct catalogue_input){name, xml};
    return true;
}

static bool
read_file(struct files *f, const char *path)
{
    const struct file_want want = {.most = FILE_MAX, .shorten = "split it", .placed = true};
    char why[FILE_WHY], *name, *bytes;
    size_t n;

    if (!(bytes = file_read(path, &want, &n, why, sizeof why))) {
        fail(f, path, 0, "%s", why);
        return false;
    }
    if (!(name = strdup(path)) || !add(f, name, str_make(bytes, n))) {
        fail(f, path, 0, "not enough memory to read it");
        free(bytes);
        free(name);
        return false;
    }
    return true;
}

static int
is_part(const struct dirent *e)
{
    size_t n = strlen(e->d_name);

    return n > 4 && e->d_name[0] != '.' && strcmp(e->d_name + n - 4, ".xml") == 0;
}

/* By bytes, not by the locale: the order decides what overrides what. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
read_folder(struct files *f, const char *dir)
{
    struct dirent **entry = NULL;
    int n = scandir(dir, &entry, is_part, by_name);
    char remedy[FILE_REMEDY];
    bool ok = true;

    if (n < 0) {
        if (errno == ENOENT)
            return true;
        n = errno;
        file_remedy(dir, n, FILE_FOLDER, remedy, sizeof remedy);
        fail(f, dir, 0, "cannot read the folder: %s%s", strerror(n), remedy);
        return false;
    }
    if (n > FILES_MAX) {
        fail(f, dir, 0, "the folder holds more than %d files: put several into one", FILES_MAX);
        ok = false;
    }
    for (int i = 0; i < n; i++) {
        char *path = NULL;

        if (ok && asprintf(&path, "%s/%s", dir, entry[i]->d_name) < 0) {
            path = NULL;
            ok = false;
            fail(f, dir, 0, "not enough memory to read the folder");
        }
        ok = ok && read_file(f, path);
        free(path);
        free(entry[i]);
    }
    free(entry);
    return ok;
}

static void
say(void *arg, const struct catalogue_error *e)
{
    fail(arg, e->file, e->line, "%s", e->text);
}

/* What the files name must be there, and their own examples hold: a signature that does not do what
 * its author wrote beside it is no better than one that cannot be read. */
static bool
examples_hold(struct files *f, const struct catalogue *set)
{
    struct catalogue_error error;
    struct catalogue_trial trial;

    if (f->n == f->n_builtin)
        return true;
    if (!catalogue_articles_known(set, (unsigned) f->n_builtin, &error)) {
        say(f, &error);
        return false;
    }
    if (catalogue_try_examples(set, (unsigned) f->n_builtin, &trial, say, f) == PERR_OK)
        return trial.failed == 0;
    fail(f, "catalogue.d", 0, "not enough memory to try the examples");
    return false;
}

/* The folder catalogue.d beside the configuration; malloc'ed. */
static char *
folder_beside(const char *config_path)
{
    const char *slash = strrchr(config_path, '/');
    char *dir = NULL;

    if (asprintf(&dir, "%.*scatalogue.d", slash ? (int) (slash - config_path) + 1 : 0, config_path) < 0)
        return NULL;
    return dir;
}

/* What is compiled in and 'path', a folder or (if 'whole') a file that must be
 * there. */
static struct catalogue *
load(const char *path, bool whole, config_report *report, void *arg)
{
    struct files f = {.report = report, .arg = arg};
    struct catalogue *set = NULL;
    struct catalogue_error error;
    struct stat st;
    bool ok = true, file = whole && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode));

    while (ok && catalogue_builtin[f.n].name)
        if (!(ok = add(&f, catalogue_builtin[f.n].name, catalogue_builtin[f.n].xml)))
            fail(&f, path, 0, "not enough memory to read the catalogue");
    f.n_builtin = f.n;
    if (ok)
        ok = file ? read_file(&f, path) : read_folder(&f, path);
    if (ok && !(set = catalogue_new(f.input, f.n, &error)))
        fail(&f, error.file, error.line, "%s", error.text);
    if (set && !examples_hold(&f, set)) {
        catalogue_unref(set);
        set = NULL;
    }
    for (size_t i = f.n_builtin; i < f.n; i++) {
        char *name, *bytes;

        /* They were malloc'ed here; the struct only looks at them. */
        memcpy(&name, &f.input[i].name, sizeof name);
        memcpy(&bytes, &f.input[i].xml.p, sizeof bytes);
        free(name);
        free(bytes);
    }
    free(f.input);
    return set;
}

struct catalogue *
catalogue_files_load(const char *config_path, config_report *report, void *arg)
{
    struct files f = {.report = report, .arg = arg};
    char *dir = folder_beside(config_path);
    struct catalogue *set = dir ? load(dir, false, report, arg) : NULL;

    if (!dir)
        fail(&f, config_path, 0, "not enough memory to read the catalogue");
    free(dir);
    return set;
}

struct catalogue *
catalogue_files_add(const char *path, config_report *report, void *arg)
{
    return load(path, true, report, arg);
}
