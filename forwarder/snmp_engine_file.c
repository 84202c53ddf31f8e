/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_engine_file.c - STATE/snmp-engine: a line for each engine id that was
 * ever ours, the present one first: id, boots, the run of the machine, and the
 * beginning in nanoseconds of that run.  A file of its own and not in the
 * journal, so that whoever starts with an empty journal does not take boots
 * back.  Replaced whole: there is an old one or a new one, never half of one. */
#include "build.h"

#include "forwarder/snmp_engine_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "snmp-engine"
#define FRESH NAME ".new"
#define HEADER "truecause-snmp-engine 1\n"

enum { TEXT_MAX = 64 + SNMP_ENGINE_FILE_MAX * (SNMP_ENGINE_HEX + SNMP_ENGINE_HOST + 64) };

static bool
parse_id(const char *hex, struct snmp_engine *e)
{
    size_t n = strlen(hex);

    if (n % 2 || n / 2 > sizeof e->id || strspn(hex, "0123456789abcdef") != n)
        return false;
    for (e->n = 0; e->n < n / 2; e->n++) {
        char byte[3] = {hex[2 * e->n], hex[2 * e->n + 1], '\0'};

        e->id[e->n] = (uint8_t) strtoul(byte, NULL, 16);
    }
    return !snmp_engine_id_fault(e->id, e->n);
}

static bool
parse_line(const char *line, struct snmp_engine_entry *entry)
{
    char hex[SNMP_ENGINE_HEX];
    int end = 0;

    return sscanf(line, "%64[0-9a-f] %" SCNu32 " %47[0-9a-f-] %" SCNd64 "%n", hex, &entry->engine.boots,
                  entry->host, &entry->engine.since_ns, &end)
               == 4
           && line[end] == '\0' && parse_id(hex, &entry->engine) && entry->engine.boots > 0
           && entry->engine.boots <= SNMP_ENGINE_BOOTS_MAX;
}

/* Takes 'text' apart. */
static bool
parse(struct snmp_engine_file *f, char *text)
{
    size_t head = sizeof HEADER - 1;

    if (strncmp(text, HEADER, head) != 0)
        return false;
    for (char *line = text + head, *next; *line; line = next) {
        if (!(next = strchr(line, '\n')) || f->n == SNMP_ENGINE_FILE_MAX)
            return false;
        *next++ = '\0';
        if (!parse_line(line, &f->entry[f->n]))
            return false;
        f->n++;
    }
    return f->n > 0;
}

static int
read_file(struct snmp_engine_file *f, const char *state, char *err, size_t errlen)
{
    char text[TEXT_MAX];
    int fd = openat(f->folder, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), e;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    e = errno;
    if (fd >= 0)
        close(fd);
    else if (e == ENOENT)
        return 0;
    if (n < 0) {
        snprintf(err, errlen, "%s/%s: cannot be read: %s", state, NAME, strerror(e));
        return -e;
    }
    text[n] = '\0';
    if (memchr(text, '\0', (size_t) n) == NULL && parse(f, text))
        return 0;
    snprintf(err, errlen,
             "%s/%s: is damaged; it holds the SNMP engine's id and boots: put it back from a copy, or remove it and tell "
             "the receivers of SNMPv3 traps the new id that `truecause status` then shows",
             state, NAME);
    return -EINVAL;
}

int
snmp_engine_file_open(struct snmp_engine_file *f, const char *state, bool lock, char *err, size_t errlen)
{
    int r = 0, got;

    *f = (struct snmp_engine_file){.folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (f->folder < 0) {
        r = -errno;
        snprintf(err, errlen, "%s: cannot be opened: %s; the SNMP engine's id and boots are kept there%s", state,
                 strerror(-r), r == -ENOENT ? ": make the folder, mode 700, or start `truecause forward` once" : "");
        return r;
    }
    while (lock && (got = flock(f->folder, LOCK_EX)) != 0 && errno == EINTR)
        continue;
    if (lock && got != 0) {
        r = -errno;
        snprintf(err, errlen, "%s: cannot be locked: %s", state, strerror(-r));
    }
    if (!r)
        r = read_file(f, state, err, errlen);
    if (r)
        snmp_engine_file_close(f);
    return r;
}

static size_t
print(const struct snmp_engine_file *f, char text[TEXT_MAX])
{
    size_t n = sizeof HEADER - 1;

    memcpy(text, HEADER, n);
    for (unsigned i = 0; i < f->n; i++) {
        const struct snmp_engine_entry *e = &f->entry[i];
        char hex[SNMP_ENGINE_HEX];

        n += (size_t) snprintf(text + n, TEXT_MAX - n, "%s %" PRIu32 " %s %" PRId64 "\n",
                               snmp_engine_hex(&e->engine, hex), e->engine.boots, e->host, e->engine.since_ns);
    }
    return n;
}

int
snmp_engine_file_write(struct snmp_engine_file *f, const char *state, char *err, size_t errlen)
{
    char text[TEXT_MAX];
    size_t n = print(f, text);
    struct stat st;
    ssize_t written;
    int fd = -1, r = 0;

    /* Whoever ran before us as root must not lock the daemon's user out. */
    if (fstat(f->folder, &st) != 0
        || (fd = openat(f->folder, FRESH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0
        || (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) != 0))
        r = -errno;
    else if ((written = write(fd, text, n)) != (ssize_t) n)
        r = written < 0 ? -errno : -ENOSPC; /* cut short: errno is of something else */
    else if (fsync(fd) != 0 || renameat(f->folder, FRESH, f->folder, NAME) != 0 || fsync(f->folder) != 0)
        r = -errno;
    if (fd >= 0)
        close(fd);
    if (r)
        snprintf(err, errlen,
                 "%s/%s: cannot be written: %s; without it receivers of SNMPv3 traps would drop what comes after the next "
                 "start",
                 state, NAME, strerror(-r));
    return r;
}

void
snmp_engine_file_close(struct snmp_engine_file *f)
{
    if (f->folder >= 0)
        close(f->folder);
    f->folder = -1;
}
