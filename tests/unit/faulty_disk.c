/* SPDX-License-Identifier: BSD-2-Clause
 *
 * faulty_disk.c - see faulty_disk.h: a layer over SQLite's own file functions.
 * Not for two threads at once. */
#include "build.h"

#include "tests/unit/faulty_disk.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes written since the last sync. */
struct range {
    sqlite3_int64 at;
    int n;
};

struct file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
    int durable;        /* fd, -1 for files that nobody syncs */
    struct range *dirty;
    size_t n_dirty, cap;
};

static sqlite3_vfs vfs, *below;
static sqlite3_io_methods methods;
static unsigned long counts[FAULTY_CALLS];
static struct {
    enum faulty_call call;
    unsigned long first, width;
    int code;
} fault;

/* SQLITE_OK, or the code with which this call must fail. */
static int
counted(enum faulty_call call)
{
    unsigned long n = ++counts[call];

    return call == fault.call && n >= fault.first && n - fault.first < fault.width ? fault.code : SQLITE_OK;
}

static struct file *
of(sqlite3_file *f)
{
    return (struct file *) (void *) f;
}

static void
must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

static void
note_dirty(struct file *f, sqlite3_int64 at, int n)
{
    if (f->durable < 0 || n == 0)
        return;
    if (f->n_dirty == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        must((f->dirty = realloc(f->dirty, f->cap * sizeof *f->dirty)) != NULL, "realloc");
    }
    f->dirty[f->n_dirty++] = (struct range){at, n};
}

static int
disk_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    int rc = counted(FAULTY_READ);

    return rc ? rc : of(f)->real->pMethods->xRead(of(f)->real, p, n, at);
}

static int
disk_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int rc = counted(FAULTY_WRITE), done = rc ? n / 2 : n, result;

    result = of(f)->real->pMethods->xWrite(of(f)->real, p, done, at);
    note_dirty(of(f), at, done);
    return rc ? rc : result;
}

static int
disk_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = counted(FAULTY_TRUNCATE);

    if (!rc && (rc = of(f)->real->pMethods->xTruncate(of(f)->real, size)) == SQLITE_OK && of(f)->durable >= 0)
        must(ftruncate(of(f)->durable, size) == 0, "ftruncate");
    return rc;
}

/* No real sync: what this disk calls durable is in a file of its own. */
static int
disk_sync(sqlite3_file *base, int flags)
{
    struct file *f = of(base);
    int rc = counted(FAULTY_SYNC);

    (void) flags;
    for (size_t i = 0; rc == SQLITE_OK && i < f->n_dirty; i++) {
        char *p = malloc((size_t) f->dirty[i].n);

        must(p != NULL, "malloc");
        /* What was cut off since then reads as short: zeros, as it is there. */
        rc = f->real->pMethods->xRead(f->real, p, f->dirty[i].n, f->dirty[i].at);
        if (rc == SQLITE_OK)
            must(pwrite(f->durable, p, (size_t) f->dirty[i].n, f->dirty[i].at) == f->dirty[i].n, "pwrite");
        if (rc == SQLITE_IOERR_SHORT_READ)
            rc = SQLITE_OK;
        free(p);
    }
    f->n_dirty = 0;
    return rc;
}

static int
disk_close(sqlite3_file *base)
{
    struct file *f = of(base);
    int rc = f->real->pMethods ? f->real->pMethods->xClose(f->real) : SQLITE_OK;

    if (f->durable >= 0)
        close(f->durable);
    free(f->dirty);
    return rc;
}

static int
disk_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return of(f)->real->pMethods->xFileSize(of(f)->real, size);
}

static int
disk_lock(sqlite3_file *f, int level)
{
    return of(f)->real->pMethods->xLock(of(f)->real, level);
}

static int
disk_unlock(sqlite3_file *f, int level)
{
    return of(f)->real->pMethods->xUnlock(of(f)->real, level);
}

static int
disk_reserved(sqlite3_file *f, int *out)
{
    return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, out);
}

static int
disk_control(sqlite3_file *f, int op, void *arg)
{
    return of(f)->real->pMethods->xFileControl(of(f)->real, op, arg);
}

static int
disk_sector(sqlite3_file *f)
{
    return of(f)->real->pMethods->xSectorSize(of(f)->real);
}

static int
disk_character(sqlite3_file *f)
{
    return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real);
}

static int
disk_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return of(f)->real->pMethods->xShmMap(of(f)->real, page, size, extend, out);
}

static int
disk_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return of(f)->real->pMethods->xShmLock(of(f)->real, offset, n, flags);
}

static void
disk_shm_barrier(sqlite3_file *f)
{
    of(f)->real->pMethods->xShmBarrier(of(f)->real);
}

static int
disk_shm_unmap(sqlite3_file *f, int delete_it)
{
    return of(f)->real->pMethods->xShmUnmap(of(f)->real, delete_it);
}

static int
disk_open(sqlite3_vfs *v, const char *name, sqlite3_file *base, int flags, int *out)
{
    struct file *f = of(base);
    char durable[4096];
    int rc = counted(FAULTY_OPEN);

    (void) v;
    memset(f, 0, sizeof *f);
    f->durable = -1;
    if (rc)
        return rc;
    f->real = (sqlite3_file *) (void *) (f + 1);
    if ((rc = below->xOpen(below, name, f->real, flags, out)) != SQLITE_OK)
        return rc;
    if (name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) {
        snprintf(durable, sizeof durable, "%s.durable", name);
        must((f->durable = open(durable, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0, "open");
    }
    f->base.pMethods = &methods;
    return SQLITE_OK;
}

static int
disk_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
    char durable[4096];

    (void) v;
    snprintf(durable, sizeof durable, "%s.durable", name);
    unlink(durable);
    return below->xDelete(below, name, sync_dir);
}

void
faulty_disk_install(void)
{
    below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.zName = "faulty-disk";
    vfs.szOsFile = (int) sizeof(struct file) + below->szOsFile;
    vfs.xOpen = disk_open;
    vfs.xDelete = disk_delete;
    methods = (sqlite3_io_methods){.iVersion = 2, .xClose = disk_close, .xRead = disk_read, .xWrite = disk_write,
                                   .xTruncate = disk_truncate, .xSync = disk_sync, .xFileSize = disk_size,
                                   .xLock = disk_lock, .xUnlock = disk_unlock, .xCheckReservedLock = disk_reserved,
                                   .xFileControl = disk_control, .xSectorSize = disk_sector,
                                   .xDeviceCharacteristics = disk_character, .xShmMap = disk_shm_map,
                                   .xShmLock = disk_shm_lock, .xShmBarrier = disk_shm_barrier,
                                   .xShmUnmap = disk_shm_unmap};
    must(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK, "sqlite3_vfs_register");
}

unsigned long
faulty_disk_count(enum faulty_call call)
{
    return counts[call];
}

void
faulty_disk_set(enum faulty_call call, unsigned long nth, unsigned long width, int code)
{
    memset(counts, 0, sizeof counts);
    fault.call = call;
    fault.first = nth;
    fault.width = width;
    fault.code = code;
}

int
faulty_disk_is_over(void)
{
    return fault.call != FAULTY_NONE && counts[fault.call] >= fault.first + fault.width - 1;
}

static void
copy(const char *from, const char *to)
{
    char block[65536];
    ssize_t n;
    int in = open(from, O_RDONLY | O_CLOEXEC), out;

    unlink(to);
    if (in < 0)
        return;
    must((out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) >= 0, to);
    while ((n = read(in, block, sizeof block)) > 0)
        must(write(out, block, (size_t) n) == n, to);
    must(n == 0, from);
    close(in);
    close(out);
}

void
faulty_disk_power_cut(const char *from, const char *to)
{
    char a[4096], b[4096];

    snprintf(a, sizeof a, "%s.durable", from);
    copy(a, to);
    snprintf(a, sizeof a, "%s-wal.durable", from);
    snprintf(b, sizeof b, "%s-wal", to);
    copy(a, b);
}
