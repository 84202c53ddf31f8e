/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evtx_file_none.c - what stands for evtx_file.c in a build without libevtx: it
 * knows the files, and says why they are not read. */
#include "build.h"

#include <stdio.h>

#include "forwarder/container.h"
#include "parsers/evtx.h"

#define MISSING \
    "this build has no evtx: configure it --with-libevtx (Debian packages libevtx-dev and libbfio-dev)," \
    " or export the log as XML"

static struct container *
evtx_open(int fd, const char *path, char *err, size_t errlen)
{
    (void) fd;
    snprintf(err, errlen, "%s: %s", path, MISSING);
    return NULL;
}

static ssize_t
evtx_read(struct container *c, char *p, size_t n)
{
    (void) c;
    (void) p;
    (void) n;
    return 0;
}

static void
evtx_close(struct container *c)
{
    (void) c;
}

const struct container_class evtx_file_container = {
    .format = &evtx_format,
    .missing = MISSING,
    .claims = evtx_is,
    .open = evtx_open,
    .read = evtx_read,
    .close = evtx_close,
};
