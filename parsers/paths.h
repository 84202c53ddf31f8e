/* SPDX-License-Identifier: BSD-2-Clause
 *
 * paths.h - what a Windows path names: server, share, package.  Pure reading
 * of UNC, NAL and drive paths; results borrow from the argument. */
#ifndef PARSERS_PATHS_H
#define PARSERS_PATHS_H

#include "parsers/arena.h"
#include "parsers/str.h"

struct path_parts {
    struct str server;
    struct str share;
    struct str package;
};

/* Reads the path of a file or directory.  Server and share come from a UNC or
 * NAL path; the package from the first component that looks like one. */
void paths_read(struct str path, struct path_parts *out);
/* The same for a path that is \\server\share\package by definition: the third
 * component is the package whatever it looks like. */
void paths_read_package(struct str path, struct path_parts *out);
/* True for the package ids a site makes: DOG0005D, W_M0200024, 100Z0006. */
bool paths_is_package(struct str name);
/* The last component of 'path', the name alone. */
struct str paths_base(struct str path);
/* True for a stand-in such as <Server>: it names nothing. */
bool paths_is_placeholder(struct str part);
/* 'path' as it was before a quoting program wrapped it: a line end with the
 * blanks around it stands for one blank.  Trimmed; p NULL when memory ends. */
struct str paths_unwrap(struct arena *, struct str path);

#endif
