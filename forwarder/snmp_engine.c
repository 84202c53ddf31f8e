/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_engine.c - id, boots and time of our SNMP engine (RFC 3411 SnmpEngineID,
 * RFC 3414 2.2).  Begun by engine_start.c and cmd_send_test.c, used by
 * snmp_session.c, shown by answer_*.c and cmd_check.c.  Must not give an id and
 * boots to anybody before the disk has them. */
#include "build.h"

#include "forwarder/snmp_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/clock.h"
#include "forwarder/snmp_engine_file.h"
#include "forwarder/snmp_library.h"
#include "parsers/when.h"

enum { FORMAT_OCTETS = 5, RANDOM_BYTES = SNMP_ENGINE_MADE - 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snmp_engine ours; /* 'n' 0: has not begun */

/* --- time ------------------------------------------------------------------- */

/* Which run of the machine this is, as the kernel names it. */
static void
read_host(char host[SNMP_ENGINE_HOST])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, host, SNMP_ENGINE_HOST - 1);

    if (fd >= 0)
        close(fd);
    host[n < 0 ? 0 : n] = '\0';
    host[strspn(host, "0123456789abcdef-")] = '\0';
    if (!host[0])
        snprintf(host, SNMP_ENGINE_HOST, "-");
}

uint32_t
snmp_engine_time(const struct snmp_engine *e)
{
    int64_t s = (clock_read(CLOCK_BOOTTIME) - e->since_ns) / WHEN_SECOND;

    return s < 0 ? 0 : s > INT32_MAX ? INT32_MAX : (uint32_t) s;
}

/* --- ids -------------------------------------------------------------------- */

const char *
snmp_engine_id_fault(const uint8_t *id, size_t n)
{
    bool zeros = true, ones = true;

    if (n < 5 || n > CONFIG_ENGINE_ID)
        return "it must have 5 to 32 octets";
    for (size_t i = 0; i < n; i++) {
        zeros = zeros && id[i] == 0;
        ones = ones && id[i] == 0xff;
    }
    if (zeros || ones)
        return "it must not be all 00 or all ff";
    if (!(id[0] & 0x80) && n != 12)
        return "one whose first bit is 0 must have 12 octets; begin with 8";
    return NULL;
}

const char *
snmp_engine_hex(const struct snmp_engine *e, char out[SNMP_ENGINE_HEX])
{
    out[0] = '\0';
    for (size_t i = 0; i < e->n; i++)
        snprintf(out + 2 * i, 3, "%02x", e->id[i]);
    return out;
}

bool
snmp_engine_worn_out(const struct snmp_engine *e)
{
    return e->boots >= SNMP_ENGINE_BOOTS_MAX;
}

/* The form for octets that are the administrator's own business: the number of
 * the enterprise, 5, and octets that nobody else will find. */
static int
make_id(const struct config *config, struct snmp_engine *e)
{
    uint32_t pen = config->pen | UINT32_C(0x80000000);

    for (int i = 0; i < 4; i++)
        e->id[i] = (uint8_t) (pen >> (24 - 8 * i));
    e->id[4] = FORMAT_OCTETS;
    e->n = 5 + RANDOM_BYTES;
    return getrandom(e->id + 5, RANDOM_BYTES, 0) == RANDOM_BYTES ? 0 : -EIO;
}

/* --- beginning ----------------------------------------------------------------- */

static bool
same_id(const struct snmp_engine *e, const uint8_t *id, size_t n)
{
    return e->n == n && memcmp(e->id, id, n) == 0;
}

/* Brings the entry of the engine that is wanted to the front; a new one has no
 * boots yet. */
static int
select_entry(struct snmp_engine_file *f, const struct config *config)
{
    struct snmp_engine_entry entry = {.host = "-"};
    unsigned at = 0;

    if (config->engine_id_n) {
        while (at < f->n && !same_id(&f->entry[at].engine, config->engine_id, config->engine_id_n))
            at++;
        memcpy(entry.engine.id, config->engine_id, config->engine_id_n);
        entry.engine.n = config->engine_id_n;
    } else if (!f->n && make_id(config, &entry.engine) < 0) {
        return -EIO;
    }
    if (at < f->n)
        entry = f->entry[at];
    else if (f->n < SNMP_ENGINE_FILE_MAX)
        f->n++;
    else
        at = f->n - 1;
    memmove(f->entry + 1, f->entry, at * sizeof *f->entry);
    f->entry[0] = entry;
    return 0;
}

/* 'join': without a new beginning where one has taken place. */
static int
begin(const struct config *config, bool join, char *err, size_t errlen)
{
    struct snmp_engine_file f;
    struct snmp_engine_entry *e = f.entry;
    char host[SNMP_ENGINE_HOST];
    int64_t now = clock_read(CLOCK_BOOTTIME);
    bool goes_on;
    int r = snmp_engine_file_open(&f, config->state, true, err, errlen);

    if (r < 0)
        return r;
    if ((r = select_entry(&f, config)) < 0)
        snprintf(err, errlen, "%s: no random numbers for the SNMP engine's id: set engine-id", config->state);
    read_host(host);
    goes_on = join && e->engine.boots && strcmp(host, "-") != 0 && strcmp(e->host, host) == 0 && e->engine.since_ns <= now;
    if (!r && !goes_on) {
        e->engine.boots += e->engine.boots < SNMP_ENGINE_BOOTS_MAX;
        e->engine.since_ns = now;
        memcpy(e->host, host, sizeof e->host);
        r = snmp_engine_file_write(&f, config->state, err, errlen);
    }
    snmp_engine_file_close(&f);
    if (r)
        return r;
    pthread_mutex_lock(&lock);
    ours = e->engine;
    pthread_mutex_unlock(&lock);
    return 0;
}

int
snmp_engine_start(const struct config *config, char *err, size_t errlen)
{
    return begin(config, false, err, errlen);
}

int
snmp_engine_join(const struct config *config, char *err, size_t errlen)
{
    return begin(config, true, err, errlen);
}

int
snmp_engine_look(const struct config *config, struct snmp_engine *out, char *err, size_t errlen)
{
    struct snmp_engine_file f;
    int r = snmp_engine_file_open(&f, config->state, false, err, errlen);
    bool known = r == 0 && f.n > 0;

    *out = (struct snmp_engine){.n = config->engine_id_n};
    memcpy(out->id, config->engine_id, config->engine_id_n);
    for (unsigned i = 0; known && i < f.n; i++)
        if (!config->engine_id_n || same_id(&f.entry[i].engine, config->engine_id, config->engine_id_n)) {
            *out = f.entry[i].engine;
            break;
        }
    if (r == 0)
        snmp_engine_file_close(&f);
    return r == -ENOENT ? 0 : r < 0 ? r : out->boots > 0;
}

/* --- use ------------------------------------------------------------------------- */

bool
snmp_engine_get(struct snmp_engine *out)
{
    pthread_mutex_lock(&lock);
    *out = ours;
    pthread_mutex_unlock(&lock);
    return out->n > 0;
}

void
snmp_engine_stamp(void)
{
    static struct snmp_engine told;
    static int64_t told_apart;
    /* The library counts on by a clock that stops while the machine sleeps. */
    int64_t apart = clock_read(CLOCK_BOOTTIME) - clock_read(CLOCK_MONOTONIC), change = apart - told_apart;
    struct snmp_engine e;

    if (!snmp_engine_get(&e))
        return;
    if (e.boots == told.boots && same_id(&told, e.id, e.n) && change < WHEN_SECOND && change > -WHEN_SECOND)
        return;
    snmp_library_usm(e.id, e.n);
    set_enginetime(e.id, (u_int) e.n, e.boots, snmp_engine_time(&e), 1);
    told = e;
    told_apart = apart;
}
