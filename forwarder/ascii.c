/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ascii.c - texts for receivers that know ASCII only; see the header.  Called by
 * target_snmp.c where charset="ascii".  Opens nothing, sends nothing. */
#include "build.h"

#include "forwarder/ascii.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "forwarder/target_snmp_parts.h"
#include "parsers/alarm.h"

enum {
    ASCII_IN = 2048,   /* units of a text that are looked at: more than any object holds */
    ASCII_OUT = 8192,  /* and what they become: one Han character gives up to six letters */
    ASCII_POOL = 16384 /* of all texts of a message */
};

struct ascii {
    UTransliterator *trans;
    UChar units[ASCII_OUT];
    char pool[ASCII_POOL];
    size_t n;
};

struct ascii *
ascii_new(void)
{
    static const UChar id[] = u"Any-Latin; Latin-ASCII";
    struct ascii *a = calloc(1, sizeof *a);
    UErrorCode e = U_ZERO_ERROR;

    if (!a)
        return NULL;
    a->trans = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);
    if (U_SUCCESS(e))
        return a;
    ascii_free(a);
    return NULL;
}

void
ascii_free(struct ascii *a)
{
    if (a && a->trans)
        utrans_close(a->trans);
    free(a);
}

/* One unit as it goes out; 0 bytes for the second half of a pair, whose first
 * half was the question mark. */
static size_t
put_unit(UChar u, char out[3])
{
    out[0] = (char) u;
    if (u < 0x80)
        return 1;
    if (u >= 0xef00 && u <= 0xefff) {
        out[0] = (char) (0xe0 | u >> 12);
        out[1] = (char) (0x80 | (u >> 6 & 0x3f));
        out[2] = (char) (0x80 | (u & 0x3f));
        return 3;
    }
    out[0] = '?';
    return U16_IS_TRAIL(u) ? 0 : 1;
}

size_t
ascii_text(struct ascii *a, struct str text, char *out, size_t cap)
{
    int32_t n = 0, limit;
    size_t size = 0;
    UErrorCode e = U_ZERO_ERROR;

    /* Cut at a character: what is behind would not be seen anyhow. */
    if (text.n > ASCII_IN)
        for (text.n = ASCII_IN; text.n && ((unsigned char) text.p[text.n] & 0xc0) == 0x80;)
            text.n--;
    u_strFromUTF8WithSub(a->units, ASCII_OUT, &n, text.p, (int32_t) text.n, 0xfffd, NULL, &e);
    if (U_FAILURE(e))
        return 0;
    limit = n;
    utrans_transUChars(a->trans, a->units, &n, ASCII_OUT, 0, &limit, &e);
    if (n > ASCII_OUT)
        n = ASCII_OUT;
    for (int32_t i = 0; i < n; i++) {
        char bytes[3];
        size_t k = put_unit(a->units[i], bytes);

        if (size + k > cap)
            break;
        memcpy(out + size, bytes, k);
        size += k;
    }
    return size;
}

/* A key with its other bytes as <XX>.  What becomes longer than a key may be ends
 * with a hash of the whole, as keys that are made too long do (alarm_key()): it is
 * never shortened, and the message has to keep its budget. */
static size_t
key_text(struct str key, char *out, size_t cap)
{
    size_t n = 0, cut = 0;

    if (cap <= ALARM_KEY_MAX)
        return 0;
    for (size_t i = 0; i < key.n; i++) {
        unsigned char c = (unsigned char) key.p[i];
        size_t size = c < 0x80 ? 1 : 4;

        if (n + size > ALARM_KEY_MAX)
            return cut + (size_t) snprintf(out + cut, 17, "%016llX", (unsigned long long) alarm_hash(key));
        if (c < 0x80)
            out[n] = (char) c;
        else
            snprintf(out + n, 5, "<%02X>", c);
        n += size;
        if (n <= ALARM_KEY_MAX - 16)
            cut = n;
    }
    return n;
}

static bool
is_ascii(struct str s)
{
    unsigned odd = 0;

    for (size_t i = 0; i < s.n; i++)
        odd |= (unsigned char) s.p[i] & 0x80;
    return !odd;
}

void
ascii_message(struct ascii *a, struct snmp_message *m)
{
    a->n = 0;
    for (unsigned i = 0; i < m->n; i++) {
        enum mib_object_id id = m->order[i];
        enum mib_syntax syntax = mib_objects[id].syntax;
        struct snmp_value *v = &m->value[id];
        char *to = a->pool + a->n;
        size_t room = ASCII_POOL - a->n, n;

        if ((syntax != MIB_TEXT && syntax != MIB_KEY) || is_ascii(v->whole))
            continue;
        n = syntax == MIB_KEY ? key_text(v->whole, to, room) : ascii_text(a, v->whole, to, room);
        a->n += n;
        snmp_message_set_text(m, id, str_make(to, n));
    }
}
