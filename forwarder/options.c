/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.c - command line of the commands that read files. */
#include "build.h"

#include "forwarder/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/catalogue_files.h"
#include "forwarder/cmd.h"
#include "forwarder/log.h"

static bool
check_values(const struct options *o)
{
    if (strcmp(o->stream.format, "auto") != 0 && !format_find(str_z(o->stream.format))) {
        fprintf(stderr, "truecause: format '%s' is not known; use auto", o->stream.format);
        for (unsigned i = 0; format_table[i]; i++)
            fprintf(stderr, ", %s", format_table[i]->name);
        fputc('\n', stderr);
        return false;
    }
    if (o->stream.zone) {
        struct zone *z = zone_open(str_z(o->stream.zone));

        if (!z) {
            log_error("zone '%s' is not known; use a name such as America/Los_Angeles or +02:00", o->stream.zone);
            return false;
        }
        zone_close(z);
    }
    if (o->stream.code_page) {
        struct text_codepage *cp = text_codepage_open(o->stream.code_page);

        if (!cp) {
            log_error("code page '%s' is not known; use a name such as windows-1251 or ibm-850",
                      o->stream.code_page);
            return false;
        }
        text_codepage_close(cp);
    }
    return true;
}

static bool
read_date_order(struct options *o, const char *value)
{
    static const char *const names[] = {"mdy", "dmy", "ymd"};

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0) {
            o->stream.date_order = (enum date_order) i;
            return true;
        }
    log_error("date order '%s' is not known; use mdy, dmy or ymd", value);
    return false;
}

bool
options_read(struct options *o, int argc, char **argv, const char *own, const char *usage, int *status)
{
    enum { OPT_FORMAT = 256, OPT_ZONE, OPT_HOST, OPT_SITE, OPT_DATE_ORDER, OPT_CODE_PAGE, OPT_CATALOGUE, OPT_FAULTS };
    static const struct option table[] = {{"format", required_argument, NULL, OPT_FORMAT},
                                          {"zone", required_argument, NULL, OPT_ZONE},
                                          {"host", required_argument, NULL, OPT_HOST},
                                          {"site", required_argument, NULL, OPT_SITE},
                                          {"date-order", required_argument, NULL, OPT_DATE_ORDER},
                                          {"code-page", required_argument, NULL, OPT_CODE_PAGE},
                                          {"catalogue", required_argument, NULL, OPT_CATALOGUE},
                                          {"faults", no_argument, NULL, OPT_FAULTS},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *added = NULL;
    int c;

    memset(o, 0, sizeof *o);
    o->stream.format = "auto";
    *status = CMD_USAGE;
    optind = 1;
    while ((c = getopt_long(argc, argv, "ho:", table, NULL)) != -1) {
        switch (c) {
        case OPT_FORMAT:
            o->stream.format = optarg;
            continue;
        case OPT_ZONE:
            o->stream.zone = optarg;
            continue;
        case OPT_HOST:
            o->stream.host = optarg;
            continue;
        case OPT_SITE:
            o->stream.site = optarg;
            continue;
        case OPT_DATE_ORDER:
            if (!read_date_order(o, optarg))
                return false;
            continue;
        case OPT_CODE_PAGE:
            o->stream.code_page = optarg;
            continue;
        case OPT_CATALOGUE:
            added = optarg;
            continue;
        case OPT_FAULTS:
            if (!strchr(own, 'f'))
                break;
            o->faults = true;
            continue;
        case 'o':
            if (!strchr(own, 'o'))
                break;
            o->output = optarg;
            continue;
        case 'h':
            fputs(usage, stdout);
            *status = CMD_DONE;
            return false;
        default:
            break;
        }
        fputs(usage, stderr);
        return false;
    }
    o->first = optind;
    if (optind == argc) {
        log_error("no FILE given");
        fputs(usage, stderr);
        return false;
    }
    if (!check_values(o))
        return false;
    if (added && !(o->catalogue = catalogue_files_add(added, cmd_config_report, NULL))) {
        *status = CMD_CONFIG;
        return false;
    }
    return true;
}
