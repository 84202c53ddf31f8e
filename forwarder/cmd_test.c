/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_test.c - `truecause test`: loads the catalogue, with the files named
 * after the built-in ones, and runs the examples written inside it.  Called by
 * main.c; it reads files and prints, the trial itself is in parsers/. */
#include "build.h"

#include "forwarder/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/file.h"
#include "forwarder/log.h"
#include "parsers/catalogue.h"

enum { CATALOGUE_FILE_MAX = 16 * 1024 * 1024 };

static const char usage[] =
    "usage: truecause test [CATALOGUE ...]\n"
    "Runs the examples and near misses written inside the catalogue: the one in the\n"
    "program, then each CATALOGUE, which adds to it or overrides it by id.  What\n"
    "fails is shown as file:line: what.  Exit: 0 all hold, 3 not, 4 a file could\n"
    "not be read.\n";

/* The whole of a small regular file, malloc'd; NULL after saying why. */
static char *
read_file(const char *path, size_t *n)
{
    const struct file_want want = {.most = CATALOGUE_FILE_MAX, .shorten = "split it", .placed = true};
    char why[FILE_WHY], *text = file_read(path, &want, n, why, sizeof why);

    if (!text)
        log_error("%s: %s", path, why);
    return text;
}

static void
say(void *arg, const struct catalogue_error *e)
{
    (void) arg;
    if (e->line)
        log_error("%s:%d: %s", e->file, e->line, e->text);
    else
        log_error("%s: %s", e->file, e->text);
}

/* Loads and tries what is in memory; prints the result. */
static int
try_catalogue(const struct catalogue_input *in, size_t n)
{
    struct catalogue_error err;
    struct catalogue *set = catalogue_new(in, n, &err);
    struct catalogue_trial trial;
    enum perr rc;

    if (!set) {
        say(NULL, &err);
        return CMD_CONFIG;
    }
    rc = catalogue_try_examples(set, 0, &trial, say, NULL);
    catalogue_unref(set);
    if (rc != PERR_OK) {
        log_error("catalogue: %s", perr_text(rc));
        return CMD_FAILED;
    }
    printf("%zu signatures: %zu examples and %zu near misses, %zu failed\n", trial.signatures, trial.examples,
           trial.near_misses, trial.failed);
    return trial.failed ? CMD_CONFIG : CMD_DONE;
}

int
cmd_test(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct catalogue_input *in;
    size_t builtin = 0, n;
    int c, status = CMD_FAILED;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        fputs(usage, c == 'h' ? stdout : stderr);
        return c == 'h' ? CMD_DONE : CMD_USAGE;
    }
    while (catalogue_builtin[builtin].name)
        builtin++;
    in = calloc(builtin + (size_t) argc + 1, sizeof *in);
    if (!in) {
        log_error("out of memory");
        return CMD_FAILED;
    }
    memcpy(in, catalogue_builtin, builtin * sizeof *in);
    for (n = builtin; optind < argc; n++, optind++) {
        in[n].name = argv[optind];
        in[n].xml.p = read_file(argv[optind], &in[n].xml.n);
        if (!in[n].xml.p)
            goto out;
    }
    status = try_catalogue(in, n);
out:
    for (size_t i = builtin; i < n; i++)
        free((void *) (uintptr_t) in[i].xml.p);
    free(in);
    return status;
}
