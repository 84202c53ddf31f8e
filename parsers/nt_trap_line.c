/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nt_trap_line.c - a trap as a line of text and back (nt_trap.h says how it
 * looks).  Called by the receiving source, which writes, and nt_trap.c, which
 * reads.  What the fields mean is not its business. */
#include "build.h"

#include "parsers/nt_trap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "parsers/when.h"

/* --- writing ------------------------------------------------------------------- */

struct out {
    char *p;
    size_t n, cap;
    bool full;
};

static void
put_bytes(struct out *o, struct str s)
{
    if (s.n > o->cap - o->n) {
        o->full = true;
        return;
    }
    if (s.n)
        memcpy(o->p + o->n, s.p, s.n);
    o->n += s.n;
}

__attribute__((format(printf, 2, 3))) static void
put_text(struct out *o, const char *fmt, ...)
{
    va_list args;
    char text[128];
    int n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    put_bytes(o, str_make(text, n > 0 && (size_t) n < sizeof text ? (size_t) n : 0));
}

/* A backslash stays as it is, so that paths can be read, unless it would look
 * like an escape. */
static bool
is_plain(struct str s, size_t i)
{
    if (s.p[i] == '\\')
        return i + 1 < s.n && s.p[i + 1] != 'x';
    return (unsigned char) s.p[i] >= 0x20 && s.p[i] != 0x7f;
}

static void
put_escaped(struct out *o, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t from = 0;

    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && is_plain(s, i))
            continue;
        put_bytes(o, str_make(s.p + from, i - from));
        if (i < s.n) {
            const char escape[4] = {'\\', 'x', hex[(unsigned char) s.p[i] >> 4], hex[s.p[i] & 15]};

            put_bytes(o, str_make(escape, sizeof escape));
        }
        from = i + 1;
    }
}

static void
put_field(struct out *o, const char *name, struct str value)
{
    if (!str_has(value))
        return;
    put_text(o, "\t%s=", name);
    put_escaped(o, value);
}

size_t
nt_trap_write(const struct nt_trap *t, char *out, size_t cap)
{
    struct out o = {.p = out, .cap = cap};
    struct when when = {.utc = t->arrival, .utc_known = true, .fraction = 6};
    char time[WHEN_TEXT_SIZE];

    when_text(&when, time);
    put_text(&o, "nt-trap 1\ttime=%s\tversion=%s", time, t->version == 1 ? "1" : "2c");
    put_field(&o, "sender", t->sender);
    if (t->version == 1) {
        put_field(&o, "agent", t->agent);
        put_field(&o, "enterprise", t->enterprise);
        put_text(&o, "\tgeneric=%" PRId64 "\tspecific=%" PRId64 "\tuptime=%" PRIu64, t->generic, t->specific, t->uptime);
    }
    for (unsigned i = 0; i < t->n; i++) {
        put_text(&o, "\t");
        put_bytes(&o, t->varbind[i].name);
        put_text(&o, "=%c:", (char) t->varbind[i].type);
        put_escaped(&o, t->varbind[i].value);
    }
    put_text(&o, "\tend\n");
    return o.full ? 0 : o.n;
}

/* --- reading ------------------------------------------------------------------- */

/* The value of 's' without escapes; p NULL when memory ends.  False with '*bad'
 * the offset of an escape that is none. */
static bool
unescape(struct arena *arena, struct str s, struct str *value, size_t *bad)
{
    char *copy;
    size_t n = 0;

    *bad = 0;
    *value = s;
    if (str_find_char(s, '\\') == s.n)
        return true;
    copy = arena_alloc(arena, s.n);
    *value = str_make(copy, 0);
    if (!copy)
        return true;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\' || (i + 1 < s.n && s.p[i + 1] != 'x')) {
            copy[n++] = s.p[i];
            continue;
        }
        *bad = i;
        if (s.n - i < 4 || str_hex_value(s.p[i + 2]) < 0 || str_hex_value(s.p[i + 3]) < 0)
            return false;
        copy[n++] = (char) (str_hex_value(s.p[i + 2]) << 4 | str_hex_value(s.p[i + 3]));
        i += 3;
    }
    value->n = n;
    return true;
}

/* A decimal number of at most 19 digits with an optional sign. */
static bool
read_number(struct str s, int64_t *out)
{
    bool negative = s.n && s.p[0] == '-';
    uint64_t v = 0;

    s = str_skip(s, negative);
    if (!s.n || s.n > 19)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!str_is_digit(s.p[i]))
            return false;
        v = v * 10 + (uint64_t) (s.p[i] - '0');
    }
    if (v > INT64_MAX)
        return false;
    *out = negative ? -(int64_t) v : (int64_t) v;
    return true;
}

static bool
is_oid(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!str_is_digit(s.p[i]) && (s.p[i] != '.' || i == 0 || s.p[i - 1] == '.' || i + 1 == s.n))
            return false;
    return s.n > 0 && s.n < NT_TRAP_OID_TEXT;
}

static enum perr
read_varbind(struct str name, struct str value, struct arena *arena, struct nt_trap *out, size_t *bad)
{
    struct nt_trap_varbind v = {.name = name};

    if (value.n < 2 || value.p[1] != ':' || !strchr("siaon", value.p[0])) {
        *bad = 0;
        return PERR_SYNTAX;
    }
    v.type = (enum nt_trap_type) value.p[0];
    if (!unescape(arena, str_skip(value, 2), &v.value, bad)) {
        *bad += 2;
        return PERR_SYNTAX;
    }
    if (!str_has(v.value))
        return PERR_NOMEM;
    if (out->n < NT_TRAP_VARBINDS)
        out->varbind[out->n++] = v;
    return PERR_OK;
}

static bool
read_time(struct str value, struct nt_trap *out)
{
    struct when when = {0};

    if (!when_parse_iso(value, &when) || !when.utc_known)
        return false;
    out->arrival = when.utc;
    return true;
}

/* One field NAME=VALUE, '*bad' the offset in the value of what is wrong. */
static enum perr
read_field(struct str name, struct str raw, struct arena *arena, struct nt_trap *out, size_t *bad)
{
    struct str value;
    int64_t number = 0;
    bool ok = true;

    if (is_oid(name))
        return read_varbind(name, raw, arena, out, bad);
    if (!unescape(arena, raw, &value, bad))
        return PERR_SYNTAX;
    if (!str_has(value))
        return PERR_NOMEM;
    *bad = 0;
    if (str_eq(name, STR("time")))
        return read_time(value, out) ? PERR_OK : PERR_RANGE;
    if (str_eq(name, STR("version"))) {
        out->version = str_eq(value, STR("1")) ? 1 : str_eq(value, STR("2c")) ? 2 : 0;
        ok = out->version != 0;
    } else if (str_eq(name, STR("sender"))) {
        out->sender = value;
    } else if (str_eq(name, STR("agent"))) {
        out->agent = value;
    } else if (str_eq(name, STR("enterprise"))) {
        out->enterprise = value;
        ok = is_oid(value);
    } else if (str_eq(name, STR("generic"))) {
        ok = read_number(value, &out->generic);
    } else if (str_eq(name, STR("specific"))) {
        ok = read_number(value, &out->specific);
    } else if (str_eq(name, STR("uptime"))) {
        ok = read_number(value, &number) && number >= 0;
        out->uptime = ok ? (uint64_t) number : 0;
    }
    return ok ? PERR_OK : PERR_SYNTAX;
}

enum perr
nt_trap_read(struct str line, struct arena *arena, struct nt_trap *out, size_t *at)
{
    static const struct str head = {"nt-trap 1\t", 10};

    *out = (struct nt_trap){0};
    *at = 0;
    if (!str_starts(line, head))
        return str_starts(head, line) ? PERR_TRUNCATED : PERR_SYNTAX;
    for (*at = head.n; *at < line.n;) {
        struct str field = str_skip(line, *at);
        size_t name, bad = 0;
        bool last;
        enum perr err;

        field.n = str_find_char(field, '\t');
        last = *at + field.n == line.n;
        if (last && str_eq(field, STR("end")))
            return out->version ? PERR_OK : PERR_SYNTAX;
        name = str_find_char(field, '=');
        if (name == field.n)
            return last ? PERR_TRUNCATED : PERR_SYNTAX;
        err = read_field(str_make(field.p, name), str_skip(field, name + 1), arena, out, &bad);
        /* What is wrong in the last field of all is that it was cut. */
        if (err != PERR_OK && err != PERR_NOMEM && last)
            err = PERR_TRUNCATED;
        if (err != PERR_OK) {
            *at += name + 1 + bad;
            return err;
        }
        *at += field.n + !last;
    }
    return PERR_TRUNCATED;
}
