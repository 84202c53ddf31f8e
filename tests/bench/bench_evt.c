/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_evt.c - what the reader of event logs (.evt) takes alone, best of ROUNDS:
 * the ring walked in the file, then walked with every field and string parsed.
 *
 *   bench_evt FILE ROUNDS
 *
 * Prints as bench_time does. */
#include "build.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/evt_file.h"
#include "parsers/format.h"

static double
now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* Reads it all once: how many records; 0 when that failed. */
static unsigned long
read_all(const char *path, bool parse, struct arena *arena)
{
    const struct format_options options = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct evt_file *file = NULL;
    unsigned long n = 0;
    struct evt_part part;
    enum evt_kind kind = EVT_DONE;

    if (fd < 0 || evt_file_open(fd, &file))
        goto out;
    while ((kind = evt_file_next(file, fd, &part)) == EVT_RECORD) {
        struct format_record record = {.bytes = part.bytes};
        struct event ev = {.source_name = STR("AppEvent.Evt")};
        size_t at;

        n++;
        if (!parse)
            continue;
        if (evt_format.parse(&options, &record, arena, &ev, &at) != PERR_OK) {
            n = 0;
            break;
        }
        arena_reset(arena);
    }
out:
    evt_file_close(file);
    if (fd >= 0)
        close(fd);
    return kind == EVT_DONE ? n : 0;
}

int
main(int argc, char **argv)
{
    static const char *const name[] = {".evt, the ring alone", ".evt, records parsed"};
    struct arena *arena = arena_new(64 << 20);
    unsigned rounds = argc == 3 ? (unsigned) strtoul(argv[2], NULL, 10) : 0;
    struct rusage usage;

    if (!rounds || !arena) {
        fputs("usage: bench_evt FILE ROUNDS\n", stderr);
        return 2;
    }
    for (int parse = 0; parse < 2; parse++) {
        double wall = 1e9, cpu = 1e9;
        unsigned long n = 0;

        for (unsigned i = 0; i < rounds; i++) {
            double w = now(CLOCK_MONOTONIC), c = now(CLOCK_PROCESS_CPUTIME_ID);

            if ((n = read_all(argv[1], parse, arena)) == 0) {
                fprintf(stderr, "bench_evt: %s cannot be read\n", argv[1]);
                return 1;
            }
            w = now(CLOCK_MONOTONIC) - w;
            c = now(CLOCK_PROCESS_CPUTIME_ID) - c;
            wall = w < wall ? w : wall;
            cpu = c < cpu ? c : cpu;
        }
        getrusage(RUSAGE_SELF, &usage);
        printf("%-34s %11.0f records/s  %6.2f CPU s per 1 M  %6.1f MB\n", name[parse], (double) n / wall,
               cpu / (double) n * 1e6, (double) usage.ru_maxrss / 1024);
    }
    arena_free(arena);
    return 0;
}
