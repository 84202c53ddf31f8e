/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_file.h - an event log (.evt) in a file, read as the stream of its parts
 * (parsers/evt_pack.h), the oldest first.  Called by stream.c for files that
 * are read whole, and by follow_snapshot.c. */
#ifndef FORWARDER_EVT_FILE_H
#define FORWARDER_EVT_FILE_H

#include <sys/types.h>

#include "parsers/evt_ring.h"

struct evt_file;

/* Finds the ring in the file 'fd', a regular one.  0, -ENOTSUP when it is no
 * event log, or another negative errno. */
int evt_file_open(int fd, struct evt_file **);
void evt_file_close(struct evt_file *); /* NULL-safe; 'fd' stays open */
/* The next bytes of the stream: how many, 0 at its end, or negative errno;
 * -ESTALE when the file is not as it was when it was opened.  'fd' may be another
 * one of the same file each time. */
ssize_t evt_file_read(struct evt_file *, int fd, char *p, size_t n);
/* The next part, for those who do not want the stream: as evt_ring_next(). */
enum evt_kind evt_file_next(struct evt_file *, int fd, struct evt_part *out);
int evt_file_error(const struct evt_file *); /* after EVT_FAILED */
const struct evt_facts *evt_file_facts(const struct evt_file *);
/* True when the file 'fd' has another length or was written since it was opened. */
bool evt_file_changed(const struct evt_file *, int fd);

/* Makes '*fd', of which 'n' bytes at 'p' were read already, one that can be read
 * at any place: a pipe is copied into a file without a name, which then is '*fd'.
 * 0 or negative errno; -EFBIG for more than EVT_FILE_SPOOL bytes. */
int evt_file_spool(int *fd, const char *p, size_t n);

enum { EVT_FILE_SPOOL = 1 << 30 };

#endif
