/* SPDX-License-Identifier: BSD-2-Clause
 *
 * chance.c - loaded before a program under test (LD_PRELOAD): its writes and
 * syncs to files fail by chance, and its wall clock can be set.  Made for the
 * fault campaign, which steers it while the program runs through the file that
 * CHANCE_FILE names: six native 64 bit numbers (struct chance).
 *
 * Standard streams and what is not a regular file never fail.  Must not be
 * linked into anything. */
#include "build.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct chance {
    int64_t clock_offset; /* ns, added to the wall clock */
    int64_t per_million;  /* calls of a million that fail */
    int64_t error;        /* errno, or 0: a write that is cut short */
    int64_t failed;       /* calls that failed so far; written here */
    int64_t seed;
    int64_t calls; /* calls that could have failed; written here */
};

static struct chance *chance;

__attribute__((constructor)) static void
chance_open(void)
{
    const char *path = getenv("CHANCE_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p;

    if (fd < 0)
        return;
    p = mmap(NULL, sizeof *chance, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p != MAP_FAILED)
        chance = p;
}

static bool
unlucky(int fd)
{
    int64_t odds = chance ? __atomic_load_n(&chance->per_million, __ATOMIC_RELAXED) : 0;
    struct stat st;
    uint64_t x;

    if (odds == 0 || fd <= 2 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    x = (uint64_t) __atomic_add_fetch(&chance->calls, 1, __ATOMIC_RELAXED) + (uint64_t) chance->seed;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    if ((int64_t) (x % 1000000) >= odds)
        return false;
    __atomic_add_fetch(&chance->failed, 1, __ATOMIC_RELAXED);
    return true;
}

static int
fail(void)
{
    errno = chance->error ? (int) chance->error : EIO;
    return -1;
}

/* The next definition of NAME, looked up once. */
#define NEXT(name)                        \
    static __typeof__(&name) next_##name; \
    if (!next_##name)                     \
    next_find((void *) &next_##name, #name)

static void
next_find(void *at, const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);

    memcpy(at, &p, sizeof p);
}

ssize_t
write(int fd, const void *p, size_t n)
{
    NEXT(write);

    if (unlucky(fd)) {
        if (chance->error != 0 || n < 2)
            return fail();
        n /= 2;
    }
    return next_write(fd, p, n);
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
    NEXT(writev);

    if (unlucky(fd)) {
        if (chance->error != 0 || n < 2)
            return fail();
        n--;
    }
    return next_writev(fd, iov, n);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
    NEXT(pwrite);

    return unlucky(fd) ? fail() : next_pwrite(fd, p, n, at);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    NEXT(pwrite64);

    return unlucky(fd) ? fail() : next_pwrite64(fd, p, n, at);
}

int
fsync(int fd)
{
    NEXT(fsync);

    return unlucky(fd) ? fail() : next_fsync(fd);
}

int
fdatasync(int fd)
{
    NEXT(fdatasync);

    return unlucky(fd) ? fail() : next_fdatasync(fd);
}

static int64_t
shift(void)
{
    return chance ? __atomic_load_n(&chance->clock_offset, __ATOMIC_RELAXED) : 0;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
    NEXT(clock_gettime);
    int r = next_clock_gettime(id, ts);

    if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        int64_t t = (int64_t) ts->tv_sec * 1000000000 + ts->tv_nsec + shift();

        ts->tv_sec = (time_t) (t / 1000000000);
        ts->tv_nsec = (long) (t % 1000000000);
    }
    return r;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    (void) zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = (suseconds_t) (ts.tv_nsec / 1000);
    return 0;
}

time_t
time(time_t *out)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    if (out)
        *out = ts.tv_sec;
    return ts.tv_sec;
}
