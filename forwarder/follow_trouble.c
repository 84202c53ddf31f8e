/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_trouble.c - what keeps a source as a whole from being read: told once, and
 * once more when it is over.  Called by the kinds of following that look at files, in
 * the source's thread. */
#include "build.h"

#include "forwarder/follow_base.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/glob_case.h"

/* Longer than what a chunk has room for: follow_tell() cuts it, remedy first. */
enum { TEXT = FILE_REMEDY + 500 };

static bool
tell_once(struct follow *f, enum follow_trouble kind, const char *text)
{
    f->told[kind] = f->told[kind] || follow_tell(f, FOLLOW_TROUBLE, kind, text);
    return f->told[kind];
}

bool
follow_tell_unreadable(struct follow *f, const char *path, enum file_use use, int error, const char *why)
{
    char text[TEXT], remedy[FILE_REMEDY];

    if (f->told[FOLLOW_UNREADABLE])
        return true;
    follow_busy(f);
    file_remedy(path, error, use, remedy, sizeof remedy);
    follow_idle(f);
    snprintf(text, sizeof text, "%s%.300s cannot be read: %s%s", use == FILE_FOLDER ? "folder " : "", path,
             error == EBADMSG         ? "what is packed in it ends early, or is damaged"
             : error == ESTALE        ? "it changes while it is read"
             : error == EPROTO && why ? why
                                      : strerror(error),
             remedy);
    return tell_once(f, FOLLOW_UNREADABLE, text);
}

void
follow_tell_shut(struct follow *f, const char *pattern, int error)
{
    char text[TEXT], remedy[FILE_REMEDY];

    if (f->told[FOLLOW_UNREADABLE])
        return;
    follow_busy(f);
    file_remedy(pattern, error, FILE_FOLDER, remedy, sizeof remedy);
    follow_idle(f);
    snprintf(text, sizeof text, "the folders of %.300s cannot be looked through: %s%s", pattern, strerror(error), remedy);
    tell_once(f, FOLLOW_UNREADABLE, text);
}

void
follow_tell_missing(struct follow *f, const char *pattern, const char *hint)
{
    char text[TEXT], near[PATH_MAX];
    bool is_near;

    if (f->told[FOLLOW_MISSING])
        return;
    follow_busy(f);
    is_near = glob_case_near(pattern, near, sizeof near);
    follow_idle(f);
    snprintf(text, sizeof text, "no file matches %.240s%s%.200s", pattern, is_near ? "; there is " : ": ",
             is_near ? near : hint);
    tell_once(f, FOLLOW_MISSING, text);
}

void
follow_tell_folder_missing(struct follow *f, const char *pattern)
{
    char text[TEXT];

    snprintf(text, sizeof text, "there is no folder for %.400s: make it, or mount the share", pattern);
    tell_once(f, FOLLOW_MISSING, text);
}

void
follow_tell_over(struct follow *f, enum follow_trouble kind)
{
    if (f->told[kind])
        f->told[kind] = !follow_tell(f, FOLLOW_WELL, kind, "");
}
