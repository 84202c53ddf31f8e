/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_put.c - the longer parts of syslog_put.h: numbers, addresses, values that need
 * escapes, lists.  Called by the encoders syslog_*.c only. */
#include "build.h"

#include "forwarder/syslog_put.h"

#include <arpa/inet.h>

#include "parsers/text.h"

void
syslog_put_number(struct out *o, uint64_t v)
{
    char text[20], *p = text + sizeof text;

    if (v < 10) {
        text[0] = (char) ('0' + v);
        put_bytes(o, text, 1);
        return;
    }
    do
        *--p = (char) ('0' + v % 10);
    while ((v /= 10) != 0);
    put_bytes(o, p, (size_t) (text + sizeof text - p));
}

/* Appends 's', which text_show() has been over, as far as 'max' octets go. */
static void
put_escaped(struct out *o, struct str s, size_t max)
{
    size_t i, k, used = 0;

    for (i = 0; i < s.n; i += k) {
        bool escape = s.p[i] == '"' || s.p[i] == '\\' || (s.p[i] == ']' && o->structured);

        k = plain_value(s.p + i, s.n - i < max - used ? s.n - i : max - used);
        if (k) {
            put_bytes(o, s.p + i, k);
            used += k;
            continue;
        }
        k = char_length(s.p[i]);
        if (used + k + escape > max) {
            o->cut = true;
            break;
        }
        if (escape)
            put(o, "\\");
        put_bytes(o, s.p + i, k);
        used += k + escape;
    }
}

void
syslog_put_shown(struct out *o, struct str s, size_t max)
{
    /* text_show() stops at most 16 octets short of its room, so that more than
     * 'max' shown octets mean a value that is longer. */
    char shown[SYSLOG_VALUE_MAX + 17];

    s.n = text_show(s, shown, max + 17);
    s.p = shown;
    put_escaped(o, s, max);
}

void
syslog_put_list(struct out *o, const char *opening, size_t n, const struct str *list, unsigned count)
{
    char text[512];
    size_t used = 0;

    for (unsigned i = 0; i < count; i++) {
        if (!list[i].n)
            continue;
        if (used + list[i].n + 1 > sizeof text) {
            o->cut = true;
            break;
        }
        if (used)
            text[used++] = ' ';
        memcpy(text + used, list[i].p, list[i].n);
        used += list[i].n;
    }
    if (used)
        put_value_as(o, opening, n, str_make(text, used));
}

size_t
syslog_put_text(struct out *o, const char *text, size_t n, size_t max)
{
    size_t kept = n;

    if (n > max)
        for (kept = 0; kept + char_length(text[kept]) <= max;)
            kept += char_length(text[kept]);
    put_bytes(o, text, kept);
    return kept;
}

bool
syslog_address(struct str s, char text[INET6_ADDRSTRLEN])
{
    struct in6_addr parsed;

    if (!s.n || s.n >= INET6_ADDRSTRLEN)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return inet_pton(AF_INET, text, &parsed) == 1 || inet_pton(AF_INET6, text, &parsed) == 1;
}
