/* SPDX-License-Identifier: BSD-2-Clause
 *
 * file.h - small files read whole, and what to do when one cannot be read.  For
 * the configuration, its secrets and certificates, catalogues, and whoever tells of a
 * file or folder that is shut. */
#ifndef FORWARDER_FILE_H
#define FORWARDER_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum file_use {
    FILE_TEXT,   /* read */
    FILE_SECRET, /* read, and nobody but its owner may */
    FILE_FOLDER, /* looked through */
    FILE_OUTPUT, /* written, and made where it is not there */
};

/* Room for file_remedy(): names of 32 bytes, a path of 400 and the words; and for the
 * message of file_read() where it says "it". */
enum { FILE_REMEDY = 640, FILE_WHY = FILE_REMEDY + 200 };

/* What helps after opening 'path' failed with 'error': "; user U may not ...: chmod ...",
 * to stand behind strerror(error); "" where the error says it all.  Looks at the file
 * and at the folders on the way to it, so it can block as long as they do. */
void file_remedy(const char *path, int error, enum file_use use, char *out, size_t size);

struct file_want {
    enum file_use use; /* FILE_TEXT, FILE_SECRET */
    const char *what;  /* a secret that is missing: "community" */
    size_t most;       /* bytes */
    const char *shorten; /* what to do with a longer one */
    bool placed;       /* the message will stand behind the path: it says "it" */
};

/* The bytes of the regular file 'path', '*n' of them and a NUL behind them, in memory
 * that is the caller's: file_wipe() or free().  NULL with file, reason and remedy in
 * 'why'.  Never waits for the other end of a pipe. */
char *file_read(const char *path, const struct file_want *, size_t *n, char *why, size_t size);
/* Frees the 'n' bytes that file_read() gave, and leaves none of them in memory.
 * NULL-safe. */
void file_wipe(char *text, size_t n);

#endif
