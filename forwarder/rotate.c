/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rotate.c - renaming to a dated name, never over a file that is there. */
#include "build.h"

#include "forwarder/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "parsers/when.h"

enum { PATH_SIZE = 4200, AGAIN_MAX = 1000 /* three digits */ };

int
rotate_name(const char *path, int64_t now_ns, unsigned again, char *out, size_t size)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    time_t seconds = (time_t) (now_ns / WHEN_SECOND);
    char date[32], suffix[16] = "";
    struct tm tm;
    int n;

    if (!dot || dot == name)
        dot = name + strlen(name);
    gmtime_r(&seconds, &tm);
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &tm);
    if (again)
        snprintf(suffix, sizeof suffix, "_%03u", again);
    n = snprintf(out, size, "%.*s-%s%s%s", (int) (dot - path), path, date, suffix, dot);
    return n < 0 || (size_t) n >= size ? -ENAMETOOLONG : 0;
}

/* rename() that fails with -EEXIST rather than replace; file systems that do
 * not know it are asked first, which is enough where we alone make such names. */
static int
rename_new(const char *from, const char *to)
{
    struct stat st;

    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (lstat(to, &st) == 0)
        return -EEXIST;
    return rename(from, to) == 0 ? 0 : -errno;
}

int
rotate_rename(const char *path, int64_t now_ns)
{
    char to[PATH_SIZE];
    int result = -EEXIST;

    for (unsigned i = 0; result == -EEXIST && i < AGAIN_MAX; i++) {
        result = rotate_name(path, now_ns, i, to, sizeof to);
        if (result == 0)
            result = rename_new(path, to);
    }
    /* The new name is there; if it cannot be made durable now, the next sync of
     * the folder does it, and at worst the file has its old name again. */
    if (result == 0)
        rotate_sync_folder(path);
    return result;
}

int
rotate_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_SIZE];
    int fd, result = 0;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int) (slash - path) + (slash == path) : 1, slash ? path : ".");
    if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -errno;
    while (fsync(fd) != 0) {
        if (errno == EINTR)
            continue;
        result = errno == EINVAL ? 0 : -errno;
        break;
    }
    close(fd);
    return result;
}
