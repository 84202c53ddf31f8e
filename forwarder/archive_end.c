/* SPDX-License-Identifier: BSD-2-Clause
 *
 * archive_end.c - where to go on in a file of items that is found: behind its
 * last whole line, before a closing tag or what a crash left of a line.  Called
 * by target_xml.c; changes nothing. */
#include "build.h"

#include "forwarder/archive_end.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "parsers/item_xml.h"

enum { HEAD_MAX = 4096, TAIL_STEP = 64 * 1024 };

static const char head_begin[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<events ";

/* Length of the opening lines, 0 when they are not whole (a crash while they
 * were written), -1 when this is not a file of ours. */
static off_t
head_length(const char *p, size_t n)
{
    size_t known = sizeof head_begin - 1, k = n < known ? n : known;
    const char *end;

    if (memcmp(p, head_begin, k) != 0)
        return -1;
    if (k < known || !(end = memchr(p + known, '\n', n - known)))
        return n < HEAD_MAX ? 0 : -1;
    if (end[-1] != '>' || !memmem(p, (size_t) (end - p), ITEM_XML_NS, sizeof ITEM_XML_NS - 1))
        return -1;
    return end + 1 - p;
}

size_t
archive_tag(const char *p, size_t n)
{
    static const char *const tags[] = {"<event", "<alarm", "<notice"};

    for (size_t i = 0; n > 0 && i < sizeof tags / sizeof *tags; i++) {
        size_t k = strlen(tags[i]);

        if (memcmp(p, tags[i], n < k ? n : k) == 0)
            return k;
    }
    return 0;
}

/* Where the line that ends just before 'end' begins, not before 'from'.  Its
 * first and last bytes go to 'ends'.  Negative errno on failure. */
static off_t
line_begin(int fd, off_t from, off_t end, char ends[2])
{
    char block[TAIL_STEP];
    bool last_known = false;

    for (off_t at = end - 1; at > from;) {
        size_t want = at - from > TAIL_STEP ? TAIL_STEP : (size_t) (at - from);
        ssize_t n = pread(fd, block, want, at - (off_t) want);
        const char *lf;

        if (n != (ssize_t) want)
            return n < 0 ? -errno : -EIO;
        if (!last_known)
            ends[1] = block[want - 1];
        last_known = true;
        lf = memrchr(block, '\n', want);
        if (!lf || lf + 1 < block + want)
            ends[0] = lf ? lf[1] : block[0];
        if (lf)
            return at - (off_t) want + (lf - block) + 1;
        at -= (off_t) want;
    }
    return from;
}

/* Where whole lines of items end: behind the last LF that a line "<...>" ends
 * with, the closing tag not counted. */
static off_t
whole_lines(int fd, off_t from, off_t size)
{
    static const char closing[] = "</events>";
    off_t end = size + 1; /* as if an LF stood behind the last byte: the rest is a half line */

    while (end - 1 > from) {
        char ends[2] = {0, 0}, tag[sizeof closing];
        off_t begin = line_begin(fd, from, end, ends);
        bool half = end == size + 1;

        if (begin < 0)
            return begin;
        if (!half && ends[0] == '<' && ends[1] == '>'
            && !(end - begin == sizeof closing && pread(fd, tag, sizeof closing - 1, begin) == sizeof closing - 1
                 && memcmp(tag, closing, sizeof closing - 1) == 0))
            return end;
        if (begin == from)
            return from;
        end = begin;
    }
    return from;
}

int
archive_end(int fd, bool lines, off_t size, off_t *end, const char **why)
{
    char head[HEAD_MAX];
    ssize_t n = pread(fd, head, sizeof head, 0);
    off_t from = 0;

    *end = 0;
    if (n < 0)
        return -errno;
    if (n == 0)
        return 0;
    if (lines && !archive_tag(head, (size_t) n)) {
        *why = "it holds something else than lines of items: name another file";
        return -EINVAL;
    }
    if (!lines && (from = head_length(head, (size_t) n)) <= 0) {
        *why = archive_tag(head, (size_t) n) ? "it was written with form=\"lines\": name another file"
                                             : "it holds something else than a document of items: name another file";
        return from < 0 ? -EINVAL : 0;
    }
    *end = whole_lines(fd, from, size);
    return *end < 0 ? (int) *end : 0;
}
