/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_check.c - `truecause check`: what is wrong with a configuration and the
 * catalogue beside it, as file:line: what, why, how to mend.  Changes nothing,
 * opens no source and talks to nobody but the resolver.  Called by main.c. */
#include "build.h"

#include "forwarder/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/catalogue_files.h"
#include "forwarder/config.h"
#include "forwarder/snmp_engine.h"
#include "parsers/text.h"

static const char usage[] =
    "usage: truecause check -c CONFIG\n"
    "Reads CONFIG, the *.xml files of the folder conf.d beside it, and those of the\n"
    "folder catalogue.d, and tells every error and warning as FILE:LINE: what, why,\n"
    "how to mend.\n"
    "\n"
    "Exit status: 0 no errors; 2 wrong usage; 3 errors; 4 the answer could not be written.\n";

struct count {
    unsigned errors, warnings;
};

static void
print(void *arg, bool warning, const struct config_place *place, const char *text)
{
    struct count *count = arg;
    char file[8192], words[16384];

    if (warning)
        count->warnings++;
    else
        count->errors++;
    text_show(str_z(place->file), file, sizeof file);
    text_show(str_z(text), words, sizeof words);
    if (place->line > 0)
        printf("%s:%d: %s: %s\n", file, place->line, warning ? "warning" : "error", words);
    else
        printf("%s: %s: %s\n", file, warning ? "warning" : "error", words);
}

/* Receivers of SNMPv3 traps must be told the engine's id before they take any.  A
 * damaged file of it refuses the start. */
static void
show_engine(const struct config *config, const char *path, struct count *count)
{
    const struct config_place place = {.file = path};
    char hex[SNMP_ENGINE_HEX], err[1024];
    struct snmp_engine e;
    int r;

    if (!config || !config_wants_engine(config))
        return;
    r = snmp_engine_look(config, &e, err, sizeof err);
    if (r == -EINVAL)
        print(count, false, &place, err);
    else if (r < 0)
        printf("SNMP engine: %s\n", err);
    else if (r == 0 && !e.n)
        printf("SNMP engine: none in %s yet; the first start makes an id, or set engine-id\n", config->state);
    else if (r == 0)
        printf("SNMP engine: %s, has not begun yet\n", snmp_engine_hex(&e, hex));
    else
        printf("SNMP engine: %s, boots %u\n", snmp_engine_hex(&e, hex), e.boots);
}

int
cmd_check(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct count count = {0, 0};
    const char *path = NULL;
    struct config *config;
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (c == 'c') {
            path = optarg;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!path || optind != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    if ((config = config_load(path, print, &count)))
        config_survey(config, print, &count);
    show_engine(config, path, &count);
    config_unref(config);
    catalogue_unref(catalogue_files_load(path, print, &count));
    printf("%u error%s, %u warning%s\n", count.errors, count.errors == 1 ? "" : "s", count.warnings,
           count.warnings == 1 ? "" : "s");
    if (fflush(stdout) != 0) {
        perror("truecause check: cannot write");
        return CMD_FAILED;
    }
    return count.errors ? CMD_CONFIG : CMD_DONE;
}
