/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_evtx.c - fuzz target of .evtx files through the whole reader: container,
 * framing, parse.  The first byte says whether the checksums are set right, so
 * that changes come to where they are not asked for; what is short of a chunk
 * is filled up with zeros.  Aborts unless every record has its place within the
 * file and a second reading gives the same. */
#include "build.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/log.h"
#include "forwarder/stream.h"
#include "parsers/evtx.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define REQUIRE(what) \
    do { \
        if (!(what)) \
            fail(#what, __LINE__); \
    } while (0)

/* libevtx 20181227 leaks what it had begun of a record that it cannot read. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
    return "leak:libevtx\n";
}

enum { CHUNKS_MAX = 4 };

static void
fail(const char *what, int line)
{
    fprintf(stderr, "fuzz_evtx.c:%d: %s does not hold\n", line, what);
    abort();
}

static void
set(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t) (v >> 8 * i);
}

static uint32_t
get(const uint8_t *p)
{
    return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static uint32_t
crc(uint32_t sum, const uint8_t *p, size_t n)
{
    return (uint32_t) crc32(sum, p, (uInt) n);
}

static void
set_checksums(uint8_t *p, size_t n)
{
    set(p + 124, crc(0, p, 120));
    for (size_t at = EVTX_HEADER; at + EVTX_CHUNK <= n; at += EVTX_CHUNK) {
        uint32_t end = get(p + at + 48);

        if (end >= EVTX_RECORDS && end <= EVTX_CHUNK)
            set(p + at + 52, crc(0, p + at + EVTX_RECORDS, end - EVTX_RECORDS));
        set(p + at + 124, crc(crc(0, p + at, 120), p + at + 128, EVTX_RECORDS - 128));
    }
}

static void
say_nothing(void *arg, const char *line, size_t n)
{
    (void) arg;
    (void) line;
    (void) n;
}

/* Reads the file behind 'fd'; a sum over what came out. */
static uint32_t
read_all(int fd, size_t size)
{
    struct stream_options options = {.format = "evtx", .host = "FUZZ"};
    char path[64], err[512];
    struct stream *s;
    uint32_t sum = 0;
    int r;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    s = stream_open(path, &options, false, err, sizeof err);
    if (!s)
        return 1;
    while ((r = stream_next(s, NULL)) == 1) {
        const struct event *ev = stream_event(s);

        REQUIRE(ev->offset < size && ev->length > 0 && ev->length <= size - ev->offset);
        REQUIRE(str_has(ev->text));
        sum = crc(sum, (const uint8_t *) ev->text.p, ev->text.n);
    }
    REQUIRE(r == 0);
    stream_close(s);
    return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    size_t size = n ? n - 1 : 0, chunks = size > EVTX_HEADER ? (size - EVTX_HEADER + EVTX_CHUNK - 1) / EVTX_CHUNK : 1;
    uint8_t *p;
    int fd;

    if (chunks > CHUNKS_MAX)
        return 0;
    log_sink(say_nothing, NULL);
    p = calloc(1, EVTX_HEADER + chunks * EVTX_CHUNK);
    fd = memfd_create("fuzz_evtx", 0);
    REQUIRE(p != NULL && fd >= 0);
    if (size)
        memcpy(p, data + 1, size);
    memcpy(p, "ElfFile", 8);
    size = EVTX_HEADER + chunks * EVTX_CHUNK;
    if (n && (data[0] & 1))
        set_checksums(p, size);
    REQUIRE(write(fd, p, size) == (ssize_t) size);
    REQUIRE(read_all(fd, size) == read_all(fd, size));
    close(fd);
    free(p);
    return 0;
}
