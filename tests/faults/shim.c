/* SPDX-License-Identifier: BSD-2-Clause
 *
 * shim.c - loaded before a program under test (LD_PRELOAD): the Nth call of a
 * class fails, counted from the program's main().  nth.py steers it:
 *
 *   SHIM_CLASS  alloc, open, read, write, sync, truncate, rename, map, socket
 *   SHIM_NTH    which call fails          SHIM_WIDTH  how many from there on (1)
 *   SHIM_ERROR  errno, or 0: a read or write that is cut short
 *   SHIM_FILE   a file of three native 64 bit numbers: calls so far, failed, 0
 *   SHIM_STOP   set: abort() in the call that would fail, to see where it is
 *
 * Memory does not end inside xmlSchemaParse(), xmlSchemaValidateDoc() and
 * ucal_open(): libxml2 2.9 and ICU 72 themselves crash when it does there.
 *
 * Built with -DSHIM_WRAP it is linked into the program instead (ld --wrap) and
 * fails the allocations that the program itself makes: a sanitizer, which has
 * an allocator of its own, then sees what is lost.  Standard streams never fail. */
#include "build.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <libxml/xmlschemas.h>
#include <unicode/ucal.h>

enum shim_class {
    SHIM_ALLOC,
    SHIM_OPEN,
    SHIM_READ,
    SHIM_WRITE,
    SHIM_SYNC,
    SHIM_TRUNCATE,
    SHIM_RENAME,
    SHIM_MAP,
    SHIM_SOCKET,
    SHIM_CLASSES
};

struct shim {
    int64_t calls, failed, unused;
};

static struct shim nowhere, *shim = &nowhere;
static enum shim_class chosen = SHIM_CLASSES;
static int64_t nth, width = 1;
static int error;
static bool stop, armed;
static _Thread_local unsigned spared;

static int64_t
number_of(const char *name, int64_t none)
{
    const char *s = getenv(name);

    return s ? strtoll(s, NULL, 10) : none;
}

/* Reads what is asked for; calls count from here. */
static void
arm(void)
{
    static const char *const names[SHIM_CLASSES] = {"alloc", "open", "read", "write", "sync",
                                                    "truncate", "rename", "map", "socket"};
    const char *name = getenv("SHIM_CLASS"), *path = getenv("SHIM_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p = fd >= 0 ? mmap(NULL, sizeof *shim, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (fd >= 0)
        close(fd);
    if (p != MAP_FAILED)
        shim = p;
    for (int i = 0; i < SHIM_CLASSES; i++)
        if (name && strcmp(name, names[i]) == 0)
            chosen = (enum shim_class) i;
    nth = number_of("SHIM_NTH", 0);
    width = number_of("SHIM_WIDTH", 1);
    error = (int) number_of("SHIM_ERROR", EIO);
    stop = getenv("SHIM_STOP") != NULL;
    armed = true;
}

/* True when this call must fail. */
static bool
fails(enum shim_class class)
{
    int64_t n;

    if (!armed || class != chosen || (class == SHIM_ALLOC && spared > 0))
        return false;
    n = __atomic_add_fetch(&shim->calls, 1, __ATOMIC_RELAXED);
    if (n < nth || n - nth >= width)
        return false;
    __atomic_add_fetch(&shim->failed, 1, __ATOMIC_RELAXED);
    if (stop)
        abort();
    return true;
}

static bool
no_memory(void)
{
    if (!fails(SHIM_ALLOC))
        return false;
    errno = ENOMEM;
    return true;
}

#ifdef SHIM_WRAP

/* The linker sends the program's own calls of NAME to __wrap_NAME. */
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
char *__real_strdup(const char *);
char *__real_strndup(const char *, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
char *__wrap_strdup(const char *);
char *__wrap_strndup(const char *, size_t);

__attribute__((constructor)) static void
arm_early(void)
{
    arm();
}

void *
__wrap_malloc(size_t n)
{
    return no_memory() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return no_memory() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
    return no_memory() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
    return no_memory() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
    return no_memory() ? NULL : __real_strndup(s, n);
}

#else

/* --- from main() on ----------------------------------------------------------- */

static int (*real_main)(int, char **, char **);

static int
main_armed(int argc, char **argv, char **envp)
{
    arm();
    return real_main(argc, argv, envp);
}

int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
                      void *);

/* What a program starts in; its main() comes as an argument. */
int
__libc_start_main(int (*program)(int, char **, char **), int argc, char **argv, void (*init)(void),
                  void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

    *(void **) &real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = program;
    return real(main_armed, argc, argv, init, fini, rtld_fini, stack_end);
}

/* --- memory: glibc's own names, since dlsym() needs memory itself ----------------- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *
malloc(size_t n)
{
    return no_memory() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
    return no_memory() ? NULL : __libc_realloc(p, n);
}

void *
aligned_alloc(size_t alignment, size_t n)
{
    return no_memory() ? NULL : __libc_memalign(alignment, n);
}

int
posix_memalign(void **out, size_t alignment, size_t n)
{
    void *p = fails(SHIM_ALLOC) ? NULL : __libc_memalign(alignment, n);

    if (p)
        *out = p;
    return p ? 0 : ENOMEM;
}

/* --- files --------------------------------------------------------------------- */

/* REAL(type, name, arguments): the next function of that name. */
#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) \
        *(void **) &real = dlsym(RTLD_NEXT, name)

static bool
fails_on(enum shim_class class, int fd)
{
    if (fd <= 2 || !fails(class))
        return false;
    errno = error;
    return true;
}

/* The bytes that a call which is cut short moves; 0 when it fails with an errno. */
static size_t
cut(size_t n)
{
    return error == 0 && n > 1 ? n / 2 : 0;
}

static mode_t
mode_of(int flags, va_list ap)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

static int
open_it(const char *name, int dir, const char *path, int flags, mode_t mode)
{
    int (*real)(int, const char *, int, ...);

    *(void **) &real = dlsym(RTLD_NEXT, name);
    if (fails(SHIM_OPEN)) {
        errno = error ? error : EIO;
        return -1;
    }
    return real(dir, path, flags, mode);
}

#define OPEN_FUNCTION(name, at) \
    int name(const char *path, int flags, ...) \
    { \
        va_list ap; \
        mode_t mode; \
\
        va_start(ap, flags); \
        mode = mode_of(flags, ap); \
        va_end(ap); \
        return open_it(at, AT_FDCWD, path, flags, mode); \
    }
#define OPENAT_FUNCTION(name) \
    int name(int dir, const char *path, int flags, ...) \
    { \
        va_list ap; \
        mode_t mode; \
\
        va_start(ap, flags); \
        mode = mode_of(flags, ap); \
        va_end(ap); \
        return open_it(#name, dir, path, flags, mode); \
    }

OPEN_FUNCTION(open, "openat")
OPEN_FUNCTION(open64, "openat64")
OPENAT_FUNCTION(openat)
OPENAT_FUNCTION(openat64)

ssize_t
read(int fd, void *p, size_t n)
{
    REAL(ssize_t, "read", int, void *, size_t);
    if (!fails_on(SHIM_READ, fd))
        return real(fd, p, n);
    return cut(n) ? real(fd, p, cut(n)) : error == 0 ? real(fd, p, n) : -1;
}

#define PREAD_FUNCTION(name, offset) \
    ssize_t name(int fd, void *p, size_t n, offset at) \
    { \
        REAL(ssize_t, #name, int, void *, size_t, offset); \
        if (!fails_on(SHIM_READ, fd)) \
            return real(fd, p, n, at); \
        return cut(n) ? real(fd, p, cut(n), at) : error == 0 ? real(fd, p, n, at) : -1; \
    }
PREAD_FUNCTION(pread, off_t)
PREAD_FUNCTION(pread64, off64_t)

ssize_t
write(int fd, const void *p, size_t n)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!fails_on(SHIM_WRITE, fd))
        return real(fd, p, n);
    return cut(n) ? real(fd, p, cut(n)) : error == 0 ? real(fd, p, n) : -1;
}

#define PWRITE_FUNCTION(name, offset) \
    ssize_t name(int fd, const void *p, size_t n, offset at) \
    { \
        REAL(ssize_t, #name, int, const void *, size_t, offset); \
        if (!fails_on(SHIM_WRITE, fd)) \
            return real(fd, p, n, at); \
        return cut(n) ? real(fd, p, cut(n), at) : error == 0 ? real(fd, p, n, at) : -1; \
    }
PWRITE_FUNCTION(pwrite, off_t)
PWRITE_FUNCTION(pwrite64, off64_t)

/* Cut short: the first piece only. */
ssize_t
writev(int fd, const struct iovec *v, int n)
{
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!fails_on(SHIM_WRITE, fd))
        return real(fd, v, n);
    return error == 0 ? real(fd, v, 1) : -1;
}

#define SIMPLE_FUNCTION(class, name, ...) \
    REAL(int, name, __VA_ARGS__); \
    if (fails(class)) { \
        errno = error ? error : EIO; \
        return -1; \
    }

int
fsync(int fd)
{
    SIMPLE_FUNCTION(SHIM_SYNC, "fsync", int)
    return real(fd);
}

int
fdatasync(int fd)
{
    SIMPLE_FUNCTION(SHIM_SYNC, "fdatasync", int)
    return real(fd);
}

int
ftruncate(int fd, off_t size)
{
    SIMPLE_FUNCTION(SHIM_TRUNCATE, "ftruncate", int, off_t)
    return real(fd, size);
}

int
ftruncate64(int fd, off64_t size)
{
    SIMPLE_FUNCTION(SHIM_TRUNCATE, "ftruncate64", int, off64_t)
    return real(fd, size);
}

int
rename(const char *from, const char *to)
{
    SIMPLE_FUNCTION(SHIM_RENAME, "rename", const char *, const char *)
    return real(from, to);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    SIMPLE_FUNCTION(SHIM_RENAME, "renameat", int, const char *, int, const char *)
    return real(from_dir, from, to_dir, to);
}

int
mkdir(const char *path, mode_t mode)
{
    SIMPLE_FUNCTION(SHIM_RENAME, "mkdir", const char *, mode_t)
    return real(path, mode);
}

#define MMAP_FUNCTION(name, offset) \
    void *name(void *at, size_t n, int protection, int flags, int fd, offset from) \
    { \
        REAL(void *, #name, void *, size_t, int, int, int, offset); \
        if (fails(SHIM_MAP)) { \
            errno = error ? error : ENOMEM; \
            return MAP_FAILED; \
        } \
        return real(at, n, protection, flags, fd, from); \
    }
MMAP_FUNCTION(mmap, off_t)
MMAP_FUNCTION(mmap64, off64_t)

/* --- who cannot do without memory ---------------------------------------------------- */

#define STRING(name) #name
#define NAME_OF(name) STRING(name) /* ICU's functions carry its version */
#define SPARED_FUNCTION(result, name, parameters, arguments) \
    result name parameters \
    { \
        static result (*real) parameters; \
        result r; \
\
        if (!real) \
            *(void **) &real = dlsym(RTLD_NEXT, NAME_OF(name)); \
        spared++; \
        r = real arguments; \
        spared--; \
        return r; \
    }
SPARED_FUNCTION(xmlSchemaPtr, xmlSchemaParse, (xmlSchemaParserCtxtPtr c), (c))
SPARED_FUNCTION(int, xmlSchemaValidateDoc, (xmlSchemaValidCtxtPtr c, xmlDocPtr doc), (c, doc))
SPARED_FUNCTION(UCalendar *, ucal_open,
                (const UChar *zone, int32_t n, const char *locale, UCalendarType type, UErrorCode *status),
                (zone, n, locale, type, status))

/* --- sockets ---------------------------------------------------------------------- */

int
connect(int fd, const struct sockaddr *to, socklen_t n)
{
    SIMPLE_FUNCTION(SHIM_SOCKET, "connect", int, const struct sockaddr *, socklen_t)
    return real(fd, to, n);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
    REAL(ssize_t, "send", int, const void *, size_t, int);
    if (!fails_on(SHIM_SOCKET, fd))
        return real(fd, p, n, flags);
    return cut(n) ? real(fd, p, cut(n), flags) : error == 0 ? real(fd, p, n, flags) : -1;
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
    REAL(ssize_t, "sendmsg", int, const struct msghdr *, int);
    if (!fails_on(SHIM_SOCKET, fd) || error == 0)
        return real(fd, m, flags);
    return -1;
}

#endif
