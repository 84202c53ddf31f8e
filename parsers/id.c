/* SPDX-License-Identifier: BSD-2-Clause
 *
 * id.c - SHA-256 through libcrypto.  Every record is hashed, so two things are
 * done for speed: what is the same for all records of a source is one whole
 * block that is hashed once, and the state is a plain struct that is copied
 * (115-byte records: 110 ns, where EVP takes 225 ns for the same digest). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "build.h"

#include "parsers/id.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "parsers/when.h"

enum { ID_HEAD = 512, ID_PART = 250 };

struct id_hasher {
    SHA256_CTX state, prefix;
    size_t head_size;
    char head[ID_HEAD]; /* what 'prefix' is the state for */
    /* Its parts as they were given last, to know them again without folding. */
    char format[ID_PART], host[ID_PART];
    size_t format_size, host_size; /* of 'format' 0: none */
};

struct id_hasher *
id_hasher_new(void)
{
    return calloc(1, sizeof(struct id_hasher));
}

void
id_hasher_free(struct id_hasher *h)
{
    free(h);
}

/* Starts over with one block that stands for 'head': its hash, zero-filled. */
static bool
begin_block(struct id_hasher *h, const char *head, size_t n)
{
    uint8_t block[64] = {0};

    if (n == h->head_size && memcmp(head, h->head, n) == 0) {
        h->state = h->prefix;
        return true;
    }
    if (!SHA256_Init(&h->prefix) || !SHA256_Update(&h->prefix, head, n) || !SHA256_Final(block, &h->prefix)
        || !SHA256_Init(&h->prefix) || !SHA256_Update(&h->prefix, block, sizeof block))
        return false;
    memcpy(h->head, head, n);
    h->head_size = n;
    h->state = h->prefix;
    return true;
}

/* Begins an event's id: 'format' and 'host' (any case), each at most 250 bytes
 * that count. */
bool
id_begin(struct id_hasher *h, struct str format, struct str host)
{
    char head[ID_HEAD];
    size_t n = 0;

    if (format.n && str_eq(format, str_make(h->format, h->format_size))
        && str_eq(host, str_make(h->host, h->host_size))) {
        h->state = h->prefix;
        return true;
    }
    for (size_t i = 0; i < format.n && i < ID_PART; i++)
        head[n++] = format.p[i];
    head[n++] = '\0';
    for (size_t i = 0; i < host.n && i < ID_PART; i++)
        head[n++] = str_upper_char(host.p[i]);
    head[n++] = '\0';
    h->format_size = 0;
    if (format.n <= ID_PART && host.n <= ID_PART) {
        h->format_size = format.n;
        h->host_size = host.n;
        memcpy(h->format, format.p, format.n);
        if (host.n)
            memcpy(h->host, host.p, host.n);
    }
    return begin_block(h, head, n);
}

bool
id_add(struct id_hasher *h, const void *p, size_t n)
{
    return SHA256_Update(&h->state, p, n);
}

bool
id_end(struct id_hasher *h, uint8_t digest[16])
{
    uint8_t full[SHA256_DIGEST_LENGTH];

    if (!SHA256_Final(full, &h->state))
        return false;
    memcpy(digest, full, 16);
    return true;
}

bool
id_mix(struct id_hasher *h, uint8_t digest[16], uint64_t number)
{
    uint8_t in[24];

    memcpy(in, digest, 16);
    for (int i = 0; i < 8; i++)
        in[16 + i] = (uint8_t) (number >> (56 - 8 * i));
    return SHA256_Init(&h->state) && id_add(h, in, sizeof in) && id_end(h, digest);
}

void
id_text(const uint8_t digest[16], char out[EVENT_ID_SIZE])
{
    static const char hex[] = "0123456789abcdef";

    for (int i = 0; i < 16; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[32] = '\0';
}

bool
id_alarm(struct id_hasher *h, struct str key, uint64_t raise, uint64_t change, char out[EVENT_ID_SIZE])
{
    uint8_t digest[16];

    if (!id_begin(h, STR("alarm"), STR("")) || !id_add(h, key.p, key.n) || !id_end(h, digest)
        || !id_mix(h, digest, raise) || !id_mix(h, digest, change))
        return false;
    id_text(digest, out);
    return true;
}

uint64_t
id_recent_ordinal(struct id_recent *r, const uint8_t digest[16], int64_t time)
{
    struct id_recent_entry *set;
    uint64_t half;
    unsigned victim = 0;

    memcpy(&half, digest, sizeof half);
    /* Four ways: equal records stand close together, so the oldest of a set
     * is the one that no longer matters. */
    set = &r->entry[(digest[8] | (unsigned) digest[9] << 8) % (ID_RECENT / 4) * 4];
    for (unsigned i = 0; i < 4; i++) {
        bool near;

        if (set[i].half != half || !set[i].count)
            continue;
        near = time - set[i].time <= 5 * WHEN_SECOND && set[i].time - time <= 5 * WHEN_SECOND;
        set[i].time = time;
        set[i].count = near ? set[i].count + 1 : 1;
        return set[i].count - 1;
    }
    for (unsigned i = 1; i < 4; i++)
        if (set[victim].count && (!set[i].count || set[i].time < set[victim].time))
            victim = i;
    set[victim] = (struct id_recent_entry){half, time, 1, 0};
    return 0;
}
