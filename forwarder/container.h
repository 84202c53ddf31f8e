/* SPDX-License-Identifier: BSD-2-Clause
 *
 * container.h - files whose records do not stand one behind the other as text: a
 * container is unrolled into a stream of bytes that a format frames as if it
 * were the file.  For stream.c; one file per kind, listed in container.c. */
#ifndef FORWARDER_CONTAINER_H
#define FORWARDER_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include "parsers/format.h"

struct container; /* an open one: the kind's own */

struct container_class {
    const struct format *format; /* of the stream */
    /* Why this build cannot read the kind, or NULL when it can. */
    const char *missing;
    /* Whether a file with these first bytes (64 at least, or all) is of this kind. */
    bool (*claims)(struct str head);
    bool lenient; /* open() judges a file that is said to be of this kind; its beginning may be damaged */
    bool followed; /* a source can be of this kind (follow_snapshot.c, follow_drop.c) */
    bool spools;  /* what comes in through a pipe is copied to a file first */
    /* Opens the regular file behind 'fd', which stays the caller's and must stay
     * open; 'path' is for messages.  NULL with the reason in 'err'. */
    struct container *(*open)(int fd, const char *path, char *err, size_t errlen);
    /* The next bytes of the stream: how many, 0 at its end, or negative errno. */
    ssize_t (*read)(struct container *, char *p, size_t n);
    void (*close)(struct container *); /* NULL-safe */
};

/* The kind that claims these first bytes, or the one of the format called 'name'
 * (evtx); NULL: none. */
const struct container_class *container_claiming(struct str head);
const struct container_class *container_named(const char *name);

extern const struct container_class evt_file_container;
extern const struct container_class evtx_file_container;

#endif
