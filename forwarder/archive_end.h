/* SPDX-License-Identifier: BSD-2-Clause
 *
 * archive_end.h - the end of what is whole in a file of items. */
#ifndef FORWARDER_ARCHIVE_END_H
#define FORWARDER_ARCHIVE_END_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The offset behind the last whole item (or the opening lines) of an opened
 * file of 'size' bytes; 0 for a new or hardly begun one.  0 or negative errno;
 * -EINVAL with 'why' in words when the file is not one of ours. */
int archive_end(int fd, bool lines, off_t size, off_t *end, const char **why);

/* The length of the name of the item's tag, "<event" and the like, that 'p'
 * begins with or, if there is less of it, may begin with; 0 for anything else. */
size_t archive_tag(const char *p, size_t n);

#endif
