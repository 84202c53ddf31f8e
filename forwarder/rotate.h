/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rotate.h - a file that is full gets a name with a date.  Used by target_xml.c. */
#ifndef FORWARDER_ROTATE_H
#define FORWARDER_ROTATE_H

#include <stddef.h>
#include <stdint.h>

/* The dated name of 'path': "-YYYYMMDD-HHMMSS" (UTC) before its ending, and
 * "_NNN" behind that for 'again' N above 0, so that names sort as they were
 * made.  0 or -ENAMETOOLONG. */
int rotate_name(const char *path, int64_t now_ns, unsigned again, char *out, size_t size);
/* Renames 'path' so, taking a name that nobody has, and makes that durable.
 * 0 or negative errno: the file is as it was. */
int rotate_rename(const char *path, int64_t now_ns);
/* Makes changes of names in the folder of 'path' durable. */
int rotate_sync_folder(const char *path);

#endif
