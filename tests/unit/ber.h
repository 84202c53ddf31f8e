/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ber.h - SNMP messages built byte by byte (BER, RFC 3417 8), for tests of what
 * decodes them.  Fails the test when a message would be too long. */
#ifndef TESTS_UNIT_BER_H
#define TESTS_UNIT_BER_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ber {
    size_t n;
    uint8_t p[65536];
};

static inline void
ber_bytes(struct ber *b, const void *p, size_t n)
{
    ck_assert_uint_le(n, sizeof b->p - b->n);
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

static inline void
ber_element(struct ber *b, int tag, const void *p, size_t n)
{
    const uint8_t head[4] = {(uint8_t) tag, 0x82, (uint8_t) (n >> 8), (uint8_t) n};
    const uint8_t small[2] = {(uint8_t) tag, (uint8_t) n};

    if (n < 128)
        ber_bytes(b, small, sizeof small);
    else
        ber_bytes(b, head, sizeof head);
    ber_bytes(b, p, n);
}

/* Of as few octets as two's complement takes. */
static inline void
ber_number(struct ber *b, int tag, int64_t v)
{
    uint8_t octet[9];
    size_t first = 0;

    for (int i = 0; i < 9; i++)
        octet[i] = (uint8_t) (i == 0 ? (v < 0 ? 0xff : 0) : (uint64_t) v >> (64 - 8 * i));
    while (first < 8 && octet[first] == (v < 0 ? 0xff : 0) && (octet[first + 1] & 0x80) == (v < 0 ? 0x80 : 0))
        first++;
    ber_element(b, tag, octet + first, sizeof octet - first);
}

static inline void
ber_oid(struct ber *b, const char *dotted)
{
    uint8_t out[700];
    size_t n = 0;
    char *end;
    unsigned long first = strtoul(dotted, &end, 10), sub = strtoul(end + 1, &end, 10);

    out[n++] = (uint8_t) (40 * first + sub);
    while (*end == '.') {
        sub = strtoul(end + 1, &end, 10);
        for (int shift = 28; shift >= 0; shift -= 7)
            if (shift == 0 || sub >> shift)
                out[n++] = (uint8_t) ((sub >> shift & 0x7f) | (shift ? 0x80 : 0));
    }
    ber_element(b, 0x06, out, n);
}

static inline void
ber_varbind_raw(struct ber *list, const char *name, int tag, const void *p, size_t n)
{
    static struct ber one;

    one.n = 0;
    ber_oid(&one, name);
    ber_element(&one, tag, p, n);
    ber_element(list, 0x30, one.p, one.n);
}

static inline void
ber_varbind_string(struct ber *list, const char *name, const char *p, size_t n)
{
    ber_varbind_raw(list, name, 0x04, p, n);
}

static inline void
ber_varbind_number(struct ber *list, const char *name, int tag, int64_t v)
{
    static struct ber one;

    one.n = 0;
    ber_oid(&one, name);
    ber_number(&one, tag, v);
    ber_element(list, 0x30, one.p, one.n);
}

static inline void
ber_varbind_oid(struct ber *list, const char *name, const char *oid)
{
    static struct ber one;

    one.n = 0;
    ber_oid(&one, name);
    ber_oid(&one, oid);
    ber_element(list, 0x30, one.p, one.n);
}

static inline void
ber_message(struct ber *m, int version, const char *community, int pdu, const struct ber *content)
{
    static struct ber whole;

    whole.n = 0;
    ber_number(&whole, 0x02, version);
    ber_element(&whole, 0x04, community, strlen(community));
    ber_element(&whole, pdu, content->p, content->n);
    ber_element(m, 0x30, whole.p, whole.n);
}

/* A trap of SNMPv1, RFC 1157 4.1.6. */
static inline void
ber_message_1(struct ber *m, const char *community, const char *enterprise, const char *agent, int generic,
              int64_t specific, int64_t uptime, const struct ber *list)
{
    static struct ber pdu;

    pdu.n = 0;
    ber_oid(&pdu, enterprise);
    ber_element(&pdu, 0x40, agent, 4);
    ber_number(&pdu, 0x02, generic);
    ber_number(&pdu, 0x02, specific);
    ber_number(&pdu, 0x43, uptime);
    ber_element(&pdu, 0x30, list->p, list->n);
    ber_message(m, 0, community, 0xa4, &pdu);
}

/* Any other message, RFC 3416 3. */
static inline void
ber_message_2(struct ber *m, int version, const char *community, int tag, int64_t request, const struct ber *list)
{
    static struct ber pdu;

    pdu.n = 0;
    ber_number(&pdu, 0x02, request);
    ber_number(&pdu, 0x02, 0);
    ber_number(&pdu, 0x02, 0);
    ber_element(&pdu, 0x30, list->p, list->n);
    ber_message(m, version, community, tag, &pdu);
}

#endif
