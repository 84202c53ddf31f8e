/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_time.c - runs a command with its output in a file and prints what it
 * took, best of ROUNDS.
 *
 *   bench_time NAME RECORDS ROUNDS OUTPUT COMMAND...
 *
 * Prints: records a second of wall time, CPU seconds a million records, peak
 * resident MB.  Output goes to a file because some tools stop early when it
 * goes nowhere. */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds(struct timeval t)
{
    return (double) t.tv_sec + (double) t.tv_usec / 1e6;
}

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
    double records, best = 0, cpu = 0;
    long rss = 0, rounds;

    if (argc < 6) {
        fputs("usage: bench_time NAME RECORDS ROUNDS OUTPUT COMMAND...\n", stderr);
        return 2;
    }
    records = strtod(argv[2], NULL);
    rounds = strtol(argv[3], NULL, 10);
    for (long i = 0; i < rounds; i++) {
        double started = now(), took;
        struct rusage use;
        int status;
        pid_t pid = fork();

        if (pid < 0) {
            perror("bench_time: fork");
            return 1;
        }
        if (pid == 0) {
            int fd = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0644);

            if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
                _exit(126);
            execvp(argv[5], argv + 5);
            _exit(127);
        }
        if (wait4(pid, &status, 0, &use) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) > 1) {
            fprintf(stderr, "bench_time: %s failed\n", argv[5]);
            return 1;
        }
        took = now() - started;
        if (i == 0 || took < best) {
            best = took;
            cpu = seconds(use.ru_utime) + seconds(use.ru_stime);
        }
        if (use.ru_maxrss > rss)
            rss = use.ru_maxrss;
    }
    printf("%-34s %11.0f records/s  %6.2f CPU s per 1 M  %6.1f MB\n", argv[1], records / best, cpu / records * 1e6,
           (double) rss / 1024);
    return 0;
}
