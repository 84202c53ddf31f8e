/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_key.c - how things that fail are named, and how evidence is ranked. */
#include "build.h"

#include "parsers/alarm.h"

#include <stdio.h>

void
call_emit(struct call *c, const struct item *item)
{
    int r;

    if (c->error)
        return;
    r = c->sink->item(c->sink->arg, item);
    if (r)
        c->error = r;
}

enum strength
alarm_strength(enum basis b)
{
    switch (b) {
    case BASIS_FIGURES:
        return STRENGTH_FIGURES;
    case BASIS_LOG_MATCH:
    case BASIS_CODE:
        return STRENGTH_CODE;
    case BASIS_BLANK_FIGURES:
    case BASIS_SEQUENCE:
        return STRENGTH_SHAPE;
    case BASIS_TEXT:
    case BASIS_NONE:
        return STRENGTH_TEXT;
    }
    return STRENGTH_TEXT;
}

uint64_t
alarm_hash(struct str s)
{
    uint64_t h = ALARM_HASH_BASIS;

    for (size_t i = 0; i < s.n; i++)
        h = str_hash_from(h, str_make(&(char){str_upper_char(s.p[i])}, 1));
    return h;
}

struct str
alarm_key(char out[ALARM_KEY_MAX + 1], const char *kind, struct str a, struct str b)
{
    struct str part[2] = {a, b};
    char full[2048];
    size_t n = (size_t) snprintf(full, sizeof full, "%s", kind), cut;

    for (int i = 0; i < 2; i++) {
        full[n++] = ':';
        if (part[i].n == 0)
            full[n++] = '-';
        for (size_t k = 0; k < part[i].n && n < 1000u * (unsigned) (i + 1); k++) {
            char c = str_upper_char(part[i].p[k]);

            /* A key is one word on every screen and in every protocol. */
            full[n++] = (unsigned char) c <= ' ' || c == 0x7f ? '_' : c;
        }
    }
    if (n <= ALARM_KEY_MAX) {
        memcpy(out, full, n);
        out[n] = '\0';
        return str_make(out, n);
    }
    cut = ALARM_KEY_MAX - 16;
    while (cut > 0 && ((unsigned char) full[cut] & 0xc0) == 0x80)
        cut--;
    memcpy(out, full, cut);
    /* The parts are hashed whole, not as cut to 'full'. */
    n = cut + (size_t) snprintf(out + cut, 17, "%016llX",
                                (unsigned long long) (alarm_hash(a) * 31 + alarm_hash(b)));
    return str_make(out, n);
}

bool
host_same(struct str a, struct str b)
{
    struct str shorter = a.n < b.n ? a : b, longer = a.n < b.n ? b : a;

    if (a.n == b.n)
        return str_case_eq(a, b);
    /* The labels of an address name nothing. */
    for (size_t i = 0; i < shorter.n; i++)
        if (!str_is_digit(shorter.p[i]) && shorter.p[i] != '.')
            return str_case_starts(longer, shorter) && longer.p[shorter.n] == '.';
    return false;
}

struct str
fault_server(const struct event *ev)
{
    if (str_has(ev->f.server))
        return ev->f.server;
    /* A drive letter means the log's own host; a report names its server. */
    return ev->log ? STR_NONE : ev->f.host;
}

struct str
fault_key(char out[ALARM_KEY_MAX + 1], const struct event *ev, struct str server)
{
    const struct facts *f = &ev->f;

    if (ev->cls == CLASS_STALL)
        return alarm_key(out, "stall", f->host, f->instruction);
    if (str_has(f->package) || (f->claimed && str_has(f->claim_event)))
        return alarm_key(out, "dist", server, f->package);
    /* That an instruction waits is said of its component, whatever its file is called by now. */
    if ((str_has(f->target) || str_has(f->file)) && !(ev->cls == CLASS_RETRY && str_has(f->instruction)))
        return alarm_key(out, "file", f->host, str_has(f->target) ? f->target : f->file);
    return alarm_key(out, "comp", f->host, str_has(f->component) ? f->component : f->provider);
}
