/* SPDX-License-Identifier: BSD-2-Clause
 *
 * id.c - SHA-256 through libcrypto, one context used again for every record. */
#include "build.h"

#include "parsers/id.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "parsers/when.h"

struct id_hasher {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};

struct id_hasher *
id_hasher_new(void)
{
    struct id_hasher *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->ctx = EVP_MD_CTX_new();
    if (!h->md || !h->ctx || !EVP_DigestInit_ex(h->ctx, h->md, NULL)) {
        id_hasher_free(h);
        return NULL;
    }
    return h;
}

void
id_hasher_free(struct id_hasher *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    EVP_MD_free(h->md);
    free(h);
}

bool
id_begin(struct id_hasher *h, struct str format, struct str host)
{
    char head[256];
    size_t n = 0;

    if (format.n + host.n + 2 > sizeof head)
        host.n = sizeof head - 2 - format.n;
    memcpy(head, format.p, format.n);
    n = format.n;
    head[n++] = '\0';
    for (size_t i = 0; i < host.n; i++)
        head[n++] = str_upper_char(host.p[i]);
    head[n++] = '\0';
    return EVP_DigestInit_ex(h->ctx, NULL, NULL) && EVP_DigestUpdate(h->ctx, head, n);
}

bool
id_add(struct id_hasher *h, const void *p, size_t n)
{
    return EVP_DigestUpdate(h->ctx, p, n);
}

bool
id_end(struct id_hasher *h, uint8_t digest[16])
{
    uint8_t full[EVP_MAX_MD_SIZE];

    if (!EVP_DigestFinal_ex(h->ctx, full, NULL))
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
    return EVP_DigestInit_ex(h->ctx, NULL, NULL) && id_add(h, in, sizeof in) && id_end(h, digest);
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
        if (set[i].count && set[i].half == half) {
            bool near = time - set[i].time <= 5 * WHEN_SECOND && set[i].time - time <= 5 * WHEN_SECOND;

            set[i].time = time;
            set[i].count = near ? set[i].count + 1 : 1;
            return set[i].count - 1;
        }
        if (!set[i].count || (set[victim].count && set[i].time < set[victim].time))
            victim = i;
    }
    set[victim] = (struct id_recent_entry){half, time, 1, 0};
    return 0;
}
