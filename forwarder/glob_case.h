/* SPDX-License-Identifier: BSD-2-Clause
 *
 * glob_case.h - the files that a source's path stands for.
 *
 * The path is made of components; * ? and [..] work in each.  Folders match
 * exactly, the last component without regard to case, because the servers that
 * write these files do not know case and mounts show it at random.  A name that
 * begins with a dot needs a pattern that does.  At most 64 components.
 *
 * NAME.log brings the generations that rotation leaves beside it: NAME.lo_ and
 * NAME-YYYYMMDD-HHMMSS.log, also while NAME.log itself is away.
 *
 * Links are followed; folders never are results.  Nothing is opened: a result
 * may be unreadable, or a FIFO; whoever opens it says so. */
#ifndef FORWARDER_GLOB_CASE_H
#define FORWARDER_GLOB_CASE_H

#include <stdbool.h>
#include <stddef.h>

enum { GLOB_CASE_MAX = 65536 };

struct glob_case {
    char **path;    /* sorted by bytes, each once */
    unsigned n;
    bool more;      /* there were over GLOB_CASE_MAX; the rest is left out */
    bool directory; /* the path itself is a folder */
    unsigned cap;   /* of 'path', for glob_case_find() alone */
    bool folders;   /* folders are wanted, likewise */
};

/* Fills 'out' (also when it fails).  0, with n 0 when nothing matches, or the
 * negative errno of a folder that could not be read; what else matched is there
 * even so. */
int glob_case_find(const char *pattern, struct glob_case *out);
void glob_case_free(struct glob_case *);
/* The folders in which the last component of 'pattern' is looked for, as they
 * are named in what glob_case_find() gives ("" the present one); also those
 * that hold nothing that matches.  Result as there. */
int glob_case_folders(const char *pattern, struct glob_case *out);

/* True when 'name' (no folders) is the last component 'pattern' or one of its
 * generations; '*generation' says which, and may be NULL. */
bool glob_case_match(const char *pattern, const char *name, bool *generation);

/* For a pattern that matches nothing: the nearest name that is there, in the
 * first folder where the way ends, as a path.  False when nothing is near. */
bool glob_case_near(const char *pattern, char *out, size_t size);

#endif
