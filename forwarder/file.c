/* SPDX-License-Identifier: BSD-2-Clause
 *
 * file.c - reads small files whole, with a bound, and says who may not read what
 * and how to mend it.  Called by config*.c, tls_context.c, catalogue_files.c,
 * cmd_test.c; the remedy alone by whoever tells of a file.  Any thread. */
#include "build.h"

#include "forwarder/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- remedies -------------------------------------------------------------------- */

enum { NAME = 33 };

static void
user_name(uid_t id, char out[NAME])
{
    struct passwd p, *found = NULL;
    char room[2048];

    if (getpwuid_r(id, &p, room, sizeof room, &found) == 0 && found)
        snprintf(out, NAME, "%.*s", NAME - 1, found->pw_name);
    else
        snprintf(out, NAME, "%lu", (unsigned long) id);
}

static void
group_name(gid_t id, char out[NAME])
{
    struct group g, *found = NULL;
    char room[4096];

    if (getgrgid_r(id, &g, room, sizeof room, &found) == 0 && found)
        snprintf(out, NAME, "%.*s", NAME - 1, found->gr_name);
    else
        snprintf(out, NAME, "%lu", (unsigned long) id);
}

/* The first folder on the way to 'path' that may not be entered, in 'out'. */
static bool
shut_folder(const char *path, char *out, size_t size)
{
    for (const char *p = strchr(path + (*path == '/'), '/'); p; p = strchr(p + 1, '/')) {
        snprintf(out, size, "%.*s", (int) (p - path), path);
        if (faccessat(AT_FDCWD, out, X_OK, AT_EACCESS) != 0)
            return errno == EACCES;
    }
    return false;
}

/* Whether the mode alone would let us do what 'want' says in the bits of others. */
static bool
mode_allows(const struct stat *st, mode_t want)
{
    if (st->st_uid == geteuid())
        want <<= 6;
    else if (st->st_gid == getegid())
        want <<= 3;
    return (st->st_mode & want) == want;
}

/* What stands in the way of 'use' of a path whose folders can be entered: itself, or
 * the folder that a file is to be made in, in 'out'. */
static void
in_the_way(const char *path, enum file_use use, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (use != FILE_OUTPUT || stat(path, &st) == 0)
        snprintf(out, size, "%s", path);
    else if (!slash)
        snprintf(out, size, ".");
    else
        snprintf(out, size, "%.*s", slash == path ? 1 : (int) (slash - path), path);
}

/* What 'use' asks of what stands in the way, as bits of others and for chmod. */
static mode_t
bits_of(enum file_use use, bool folder, const char **words)
{
    switch (use) {
    case FILE_TEXT:
    case FILE_SECRET:
        *words = "r";
        return 04;
    case FILE_FOLDER:
        *words = "rx";
        return 05;
    case FILE_OUTPUT:
        break;
    }
    *words = folder ? "wx" : "rw";
    return folder ? 03 : 06;
}

void
file_remedy(const char *path, int error, enum file_use use, char *out, size_t size)
{
    char user[NAME], group[NAME], owner[NAME], folder[400], mend[2 * NAME + 40];
    const char *bits, *which, *verb = use == FILE_OUTPUT ? "write to" : "read";
    struct stat st;
    mode_t want;
    bool shut;

    out[0] = '\0';
    if (error == EROFS && use == FILE_OUTPUT)
        snprintf(out, size, "; the service may write below its state folder alone: name a file there, or add"
                 " ReadWritePaths= with systemctl edit truecause");
    if (error != EACCES)
        return;
    shut = shut_folder(path, folder, sizeof folder);
    if (!shut)
        in_the_way(path, use, folder, sizeof folder);
    if (stat(folder, &st) != 0)
        return;
    which = strcmp(folder, path) == 0 ? "it" : folder;
    want = bits_of(use, S_ISDIR(st.st_mode), &bits);
    user_name(geteuid(), user);
    group_name(getegid(), group);
    user_name(st.st_uid, owner);
    if (st.st_uid == geteuid())
        snprintf(mend, sizeof mend, "chmod u+%s it", shut ? "x" : bits);
    else if (use == FILE_SECRET && !shut)
        snprintf(mend, sizeof mend, "chown %s it and chmod 600 it", user);
    else
        snprintf(mend, sizeof mend, "chgrp %s it and chmod g+%s it", group, shut ? "x" : bits);
    if (!shut && mode_allows(&st, want))
        snprintf(out, size, "; mode %03o lets user %s %s %s: look at its ACL, at SELinux or AppArmor, and of a share at the"
                 " rights there", st.st_mode & 0777, user, verb, which);
    else
        snprintf(out, size, "; user %s may not %s %s, which is %s's (mode %03o): %s", user, shut ? "enter" : verb, which,
                 owner, st.st_mode & 0777, mend);
}

/* --- reading ----------------------------------------------------------------------- */

/* Fills 'text' of 'cap' bytes; how many are there, or -1 with errno. */
static ssize_t
read_all(int fd, char *text, size_t cap)
{
    size_t n = 0;
    ssize_t got = 0;

    while (n < cap && ((got = read(fd, text + n, cap - n)) > 0 || (got < 0 && errno == EINTR)))
        n += got > 0 ? (size_t) got : 0;
    return got < 0 ? -1 : (ssize_t) n;
}

/* The words of an open that failed. */
static void
refused(const char *path, const char *name, const struct file_want *w, int error, char *why, size_t size)
{
    char remedy[FILE_REMEDY];

    file_remedy(path, error, w->use, remedy, sizeof remedy);
    if (error == ENOENT && w->use == FILE_SECRET)
        snprintf(remedy, sizeof remedy, ": make it, with the %s in it and mode 600", w->what);
    snprintf(why, size, "cannot read %s: %s%s", name, strerror(error), remedy);
}

char *
file_read(const char *path, const struct file_want *w, size_t *n, char *why, size_t size)
{
    const char *name = w->placed ? "it" : path;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char *text = NULL;
    struct stat st;
    ssize_t got = -1;

    if (fd < 0 || fstat(fd, &st) != 0)
        refused(path, name, w, errno, why, size);
    else if (!S_ISREG(st.st_mode))
        snprintf(why, size, "%s is not a regular file: name a file", name);
    else if (w->use == FILE_SECRET && (st.st_mode & 077))
        snprintf(why, size, "%s can be read by others than its owner (mode %03o): chmod 600 it", name, st.st_mode & 0777);
    else if (!(text = malloc(w->most + 1)))
        snprintf(why, size, "not enough memory to read %s", name);
    else if ((got = read_all(fd, text, w->most + 1)) < 0)
        snprintf(why, size, "cannot read %s: %s", name, strerror(errno));
    else if ((size_t) got > w->most && w->most >= 1 << 20)
        snprintf(why, size, "%s is longer than %zu MiB: %s", name, w->most >> 20, w->shorten);
    else if ((size_t) got > w->most)
        snprintf(why, size, "%s is longer than %zu bytes: %s", name, w->most, w->shorten);
    if (fd >= 0)
        close(fd);
    if (got < 0 || (size_t) got > w->most) {
        file_wipe(text, text && w->use == FILE_SECRET ? w->most + 1 : 0);
        return NULL;
    }
    /* A large bound must not stay as memory; a secret is not copied about. */
    if (w->use != FILE_SECRET) {
        char *less = realloc(text, (size_t) got + 1);

        text = less ? less : text;
    }
    *n = (size_t) got;
    text[got] = '\0';
    return text;
}

void
file_wipe(char *text, size_t n)
{
    if (text)
        explicit_bzero(text, n);
    free(text);
}
