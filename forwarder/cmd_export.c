/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_export.c - `truecause export`: files in, XML items out. */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/cmd.h"
#include "forwarder/log.h"
#include "forwarder/pipeline.h"
#include "parsers/item_xml.h"

enum { EXPORT_FLUSH = 128 * 1024, EXPORT_MAX = 16 * 1024 * 1024 };

static const char usage[] =
    "usage: truecause export [OPTION]... FILE|DIR|-...\n"
    "Turns logs and event-log exports into XML, one item a line.\n"
    "\n"
    "  --faults          only faults and what clears them\n"
    "  -o, --output OUT  write OUT whole instead of standard output\n"
    "  --format FORMAT   auto (default), sms-log, bracket-log, event-xml, evtx, viewer-text, nt-trap, relay-line\n"
    "  --zone ZONE       time zone of records that show none: America/Los_Angeles, +02:00\n"
    "  --host HOST       computer that wrote the records\n"
    "  --site SITE       its SMS site code\n"
    "  --date-order mdy|dmy|ymd   of short dates (default mdy)\n"
    "  --code-page NAME  of 8-bit text that is not UTF-8 (default windows-1252)\n"
    "  --catalogue PATH  a file or folder of signatures that adds to those in the program\n"
    "\n"
    "Exit status: 0 done; 1 done, but some bytes no format could frame; 2 wrong usage;\n"
    "4 a file could not be read, or writing failed (the other files are done).\n";

struct output {
    int fd;
    char *temporary; /* renamed to its name when whole; NULL: written in place */
    const char *name;
    bool faults;
    struct xml_buf xml;
    /* --faults: a record of recovery is written, and taken back unless an alarm
     * ends because of it. */
    bool tentative;
    size_t kept; /* of 'xml', without it */
    char id[EVENT_ID_SIZE];
};

static int
write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        p += k;
        n -= (size_t) k;
    }
    return 0;
}

static int
flush(struct output *o)
{
    int r = o->xml.failed ? -ENOMEM : write_all(o->fd, o->xml.p, o->xml.n);

    xml_buf_clear(&o->xml);
    return r;
}

/* Whether 'item' is written under --faults: faults, and what clears them. */
static bool
choose_fault(struct output *o, const struct item *item)
{
    bool clears = item->kind == ITEM_ALARM && item->alarm->state == ALARM_CLEARED
                  && str_eq(item->alarm->event, str_z(o->id));

    if (o->tentative && !clears)
        o->xml.n = o->kept;
    o->tentative = false;
    if (item->kind == ITEM_ALARM || event_class_is_fault(item->event->cls))
        return true;
    if (item->event->cls != CLASS_RECOVERED && item->event->cls != CLASS_RESTART)
        return false;
    o->tentative = true;
    o->kept = o->xml.n;
    memcpy(o->id, item->event->id, sizeof o->id);
    return true;
}

static int
put_item(void *arg, const struct item *item)
{
    struct output *o = arg;

    if (o->faults && !choose_fault(o, item))
        return 0;
    item_xml_write(&o->xml, item);
    if (o->tentative)
        return o->xml.failed ? -ENOMEM : 0;
    return o->xml.n >= EXPORT_FLUSH || o->xml.failed ? flush(o) : 0;
}

/* A file that is replaced appears whole or not at all; what is not a file
 * (a pipe, a terminal) is written as the items come. */
static int
open_output(struct output *o, const char *name)
{
    struct stat st;
    size_t size;

    o->fd = STDOUT_FILENO;
    o->name = name ? name : "standard output";
    if (!name)
        return 0;
    if (stat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
        o->fd = open(name, O_WRONLY | O_CLOEXEC);
        return o->fd < 0 ? -errno : 0;
    }
    size = strlen(name) + sizeof ".XXXXXX";
    o->temporary = malloc(size);
    if (!o->temporary)
        return -ENOMEM;
    snprintf(o->temporary, size, "%s.XXXXXX", name);
    o->fd = mkstemp(o->temporary);
    if (o->fd < 0) {
        int e = errno;

        free(o->temporary);
        o->temporary = NULL;
        return -e;
    }
    return fchmod(o->fd, 0644) < 0 ? -errno : 0;
}

/* Ends the output: all of it under its name, or, on an error, nothing. */
static int
close_output(struct output *o, int r)
{
    if (o->temporary) {
        if (!r && fsync(o->fd) < 0)
            r = -errno;
        if (!r && rename(o->temporary, o->name) < 0)
            r = -errno;
        if (r)
            unlink(o->temporary);
        free(o->temporary);
    }
    if (o->fd != STDOUT_FILENO && o->fd >= 0)
        close(o->fd);
    xml_buf_fini(&o->xml);
    return r;
}

int
cmd_export(int argc, char **argv)
{
    struct options options;
    struct output out = {.fd = -1};
    struct pipeline p;
    struct inputs in;
    struct sink sink = {put_item, &out};
    int status, r;

    if (!options_read(&options, argc, argv, "fo", usage, &status))
        return status;
    xml_buf_init(&out.xml, EXPORT_MAX);
    out.faults = options.faults;
    r = open_output(&out, options.output);
    if (r) {
        log_error("%s: cannot be written: %s", out.name, strerror(-r));
        close_output(&out, r);
        catalogue_unref(options.catalogue);
        return CMD_FAILED;
    }
    inputs_expand(&in, argv + options.first, argc - options.first);
    status = CMD_FAILED;
    if (!pipeline_init(&p, options.catalogue)) {
        close_output(&out, -ENOMEM);
        inputs_fini(&in);
        return status;
    }
    pipeline_open_inputs(&p, &in, &options.stream);
    item_xml_open(&out.xml, PACKAGE_VERSION);
    r = pipeline_run(&p, &sink, options.faults);
    if (out.tentative)
        out.xml.n = out.kept;
    item_xml_close(&out.xml);
    if (!r)
        r = flush(&out);
    r = close_output(&out, r);
    if (r && r != -EPIPE)
        log_error("%s: %s", options.output ? options.output : "standard output", strerror(-r));
    if (!r)
        status = pipeline_status(&p);
    pipeline_fini(&p);
    inputs_fini(&in);
    return status;
}
