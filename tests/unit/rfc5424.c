/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rfc5424.c - reads a message by the grammar of RFC 5424, section 6, and refuses
 * everything outside it; stricter where this project promises more: one "Z" time
 * offset, no parameter twice in an element, no character that a terminal or a
 * receiver could take for the end of the message.  For tests; it must not call
 * the encoder or its helpers. */
#include "build.h"

#include "tests/unit/rfc5424.h"

#include <stdlib.h>

struct cursor {
    const unsigned char *p, *end;
    const char *why;
};

static bool
bad(struct cursor *c, const char *why)
{
    if (!c->why)
        c->why = why;
    return false;
}

static bool
take(struct cursor *c, const char *literal)
{
    for (; *literal; literal++, c->p++)
        if (c->p == c->end || *c->p != (unsigned char) *literal)
            return bad(c, literal);
    return true;
}

/* 1*max PRINTUSASCII without the characters of 'except'. */
static bool
printable(struct cursor *c, size_t max, const char *except, struct str *out)
{
    const unsigned char *start = c->p;
    while (c->p < c->end && *c->p >= 33 && *c->p <= 126 && !strchr(except, *c->p))
        c->p++;
    *out = str_make((const char *) start, (size_t) (c->p - start));
    return (out->n >= 1 && out->n <= max) || bad(c, "length of a name");
}

static bool
digits(struct cursor *c, unsigned n, int low, int high, int *out)
{
    int v = 0;
    for (; n; n--, c->p++) {
        if (c->p == c->end || *c->p < '0' || *c->p > '9')
            return bad(c, "digit");
        v = v * 10 + (*c->p - '0');
    }
    if (out)
        *out = v;
    return (v >= low && v <= high) || bad(c, "range of a number");
}

/* TIMESTAMP = NILVALUE / FULL-DATE "T" FULL-TIME, with "Z" the only offset. */
static bool
timestamp(struct cursor *c, struct str *out)
{
    const unsigned char *start = c->p;
    if (c->p < c->end && *c->p == '-') {
        c->p++;
    } else {
        if (!digits(c, 4, 0, 9999, NULL) || !take(c, "-") || !digits(c, 2, 1, 12, NULL) || !take(c, "-")
            || !digits(c, 2, 1, 31, NULL) || !take(c, "T") || !digits(c, 2, 0, 23, NULL) || !take(c, ":")
            || !digits(c, 2, 0, 59, NULL) || !take(c, ":") || !digits(c, 2, 0, 59, NULL))
            return false;
        if (c->p < c->end && *c->p == '.') {
            const unsigned char *f = ++c->p;
            while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
                c->p++;
            if (c->p == f || c->p - f > 6)
                return bad(c, "TIME-SECFRAC");
        }
        if (!take(c, "Z"))
            return false;
    }
    *out = str_make((const char *) start, (size_t) (c->p - start));
    return true;
}

/* Length of the UTF-8 character at 'p' in its shortest form; 0 when it is none. */
static size_t
utf8(const unsigned char *p, const unsigned char *end)
{
    size_t n = 0;

    if (*p < 0x80)
        n = 1;
    else if (*p >= 0xc2 && *p < 0xf5)
        n = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    if (!n || (size_t) (end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90)
        || (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

/* Nothing that a terminal or a receiver could take for more than a character:
 * C0, DEL, C1, line and paragraph separator. */
static bool
harmless(const unsigned char *p, size_t n)
{
    if (n == 1)
        return *p >= 32 && *p != 127;
    if (n == 2)
        return *p != 0xc2 || p[1] >= 0xa0;
    return !(n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9));
}

size_t
rfc5424_character(const unsigned char *p, const unsigned char *end)
{
    size_t n = utf8(p, end);

    return n && harmless(p, n) ? n : 0;
}

static bool
param_value(struct cursor *c, struct rfc5424_param *param)
{
    param->n = 0;
    while (c->p < c->end && *c->p != '"') {
        size_t n;
        if (*c->p == ']')
            return bad(c, "] in a value");
        if (*c->p == '\\') {
            c->p++;
            if (c->p == c->end || !strchr("\"\\]", *c->p))
                return bad(c, "escape of what needs none");
        }
        n = utf8(c->p, c->end);
        if (!n || !harmless(c->p, n) || param->n + n > sizeof param->value)
            return bad(c, "PARAM-VALUE");
        memcpy(param->value + param->n, c->p, n);
        param->n += n;
        c->p += n;
    }
    return take(c, "\"");
}

static bool
structured_data(struct cursor *c, struct rfc5424 *out)
{
    struct str seen[8];
    unsigned elements = 0;

    if (c->p < c->end && *c->p == '-') {
        c->p++;
        return true;
    }
    do {
        struct str id;
        if (!take(c, "[") || !printable(c, 32, "=\"] ", &id))
            return false;
        for (unsigned i = 0; i < elements; i++)
            if (str_eq(seen[i], id))
                return bad(c, "SD-ID twice");
        if (elements == 8)
            return bad(c, "many elements");
        seen[elements++] = id;
        while (c->p < c->end && *c->p == ' ') {
            struct rfc5424_param *param = &out->params[out->n];
            c->p++;
            if (out->n == RFC5424_PARAMS_MAX)
                return bad(c, "many parameters");
            param->element = id;
            if (!printable(c, 32, "=\"] ", &param->name) || !take(c, "=\"") || !param_value(c, param))
                return false;
            for (unsigned i = 0; i < out->n; i++)
                if (str_eq(out->params[i].element, id) && str_eq(out->params[i].name, param->name))
                    return bad(c, "PARAM-NAME twice");
            out->n++;
        }
        if (!take(c, "]"))
            return false;
    } while (c->p < c->end && *c->p == '[');
    return elements > 0 || bad(c, "no element");
}

/* NULL when 'msg' is SYSLOG-MSG and harmless in all its parts, else why not. */
const char *
rfc5424_parse(const char *msg, size_t n, struct rfc5424 *out)
{
    struct cursor c = {(const unsigned char *) msg, (const unsigned char *) msg + n, NULL};
    const unsigned char *pri;

    out->n = 0;
    out->bom = false;
    out->msg = STR_NONE;
    if (!take(&c, "<"))
        return c.why;
    pri = c.p;
    while (c.p < c.end && *c.p >= '0' && *c.p <= '9')
        c.p++;
    if (c.p == pri || c.p - pri > 3 || (*pri == '0' && c.p - pri > 1))
        return "PRIVAL";
    out->pri = (int) strtol((const char *) pri, NULL, 10);
    if (out->pri > 191)
        return "PRIVAL over 191";
    if (!take(&c, ">1 ") || !timestamp(&c, &out->time) || !take(&c, " ") || !printable(&c, 255, "", &out->host)
        || !take(&c, " ") || !printable(&c, 48, "", &out->app) || !take(&c, " ")
        || !printable(&c, 128, "", &out->procid)
        || !take(&c, " ") || !printable(&c, 32, "", &out->msgid) || !take(&c, " ") || !structured_data(&c, out))
        return c.why;
    if (c.p == c.end)
        return NULL;
    if (!take(&c, " "))
        return c.why;
    if (c.end - c.p >= 3 && memcmp(c.p, "\xef\xbb\xbf", 3) == 0) {
        out->bom = true;
        c.p += 3;
    }
    out->msg = str_make((const char *) c.p, (size_t) (c.end - c.p));
    for (size_t k; c.p < c.end; c.p += k) {
        k = utf8(c.p, c.end);
        if (!k || !harmless(c.p, k))
            return "MSG";
        if (k > 1 && !out->bom)
            return "MSG is not ASCII and has no BOM";
    }
    return NULL;
}

const struct rfc5424_param *
rfc5424_param(const struct rfc5424 *m, const char *element, const char *name)
{
    for (unsigned i = 0; i < m->n; i++)
        if (str_eq(m->params[i].element, str_z(element)) && str_eq(m->params[i].name, str_z(name)))
            return &m->params[i];
    return NULL;
}

struct str
rfc5424_value(const struct rfc5424 *m, const char *element, const char *name)
{
    const struct rfc5424_param *p = rfc5424_param(m, element, name);
    return p ? str_make(p->value, p->n) : STR_NONE;
}
