/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rfc3164.c - reads a message by section 4.1 of RFC 3164, then its content by the
 * rule that forwarder/syslog_bsd.c states: a summary without " and =, then facts,
 * each a blank, a name, = and a quoted value.  For tests; it must not call the encoder
 * or its helpers. */
#include "build.h"

#include "tests/unit/rfc3164.h"

#include <stdlib.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char host_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";

struct reader {
    const char *p, *end;
};

static bool
take(struct reader *r, const char *literal)
{
    size_t n = strlen(literal);

    if ((size_t) (r->end - r->p) < n || memcmp(r->p, literal, n) != 0)
        return false;
    r->p += n;
    return true;
}

static bool
word(struct reader *r, const char *characters, size_t max, struct str *out)
{
    const char *start = r->p;

    while (r->p < r->end && *r->p && strchr(characters, *r->p))
        r->p++;
    *out = str_make(start, (size_t) (r->p - start));
    return out->n >= 1 && out->n <= max;
}

/* Two digits within bounds; 'blank' in place of a leading zero. */
static bool
two(struct reader *r, int low, int high, bool blank)
{
    int v;

    if (r->end - r->p < 2 || r->p[1] < '0' || r->p[1] > '9')
        return false;
    if (blank ? r->p[0] != ' ' && (r->p[0] < '1' || r->p[0] > '9') : r->p[0] < '0' || r->p[0] > '9')
        return false;
    v = (r->p[0] == ' ' ? 0 : r->p[0] - '0') * 10 + r->p[1] - '0';
    r->p += 2;
    return v >= low && v <= high;
}

static bool
timestamp(struct reader *r, struct str *out)
{
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    const char *start = r->p;
    char month[5] = "";

    if (r->end - r->p < 16)
        return false;
    memcpy(month, r->p, 4);
    if (month[3] != ' ' || !strstr(months, month) || !strchr(letters, month[0]))
        return false;
    r->p += 4;
    if (!two(r, 1, 31, true) || !take(r, " ") || !two(r, 0, 23, false) || !take(r, ":") || !two(r, 0, 59, false)
        || !take(r, ":") || !two(r, 0, 59, false))
        return false;
    *out = str_make(start, (size_t) (r->p - start));
    return true;
}

static bool
value(struct reader *r, struct rfc5424_param *param)
{
    param->n = 0;
    while (r->p < r->end && *r->p != '"') {
        size_t k;

        if (*r->p == '\\') {
            r->p++;
            if (r->p == r->end || (*r->p != '"' && *r->p != '\\'))
                return false;
        }
        k = rfc5424_character((const unsigned char *) r->p, (const unsigned char *) r->end);
        if (!k || param->n + k > sizeof param->value)
            return false;
        memcpy(param->value + param->n, r->p, k);
        param->n += k;
        r->p += k;
    }
    return take(r, "\"");
}

static const char *
facts(struct reader *r, struct rfc5424 *out)
{
    while (r->p < r->end) {
        struct rfc5424_param *param = &out->params[out->n];

        if (out->n == RFC5424_PARAMS_MAX)
            return "many facts";
        param->element = STR("");
        if (!take(r, " ") || !word(r, name_characters, 32, &param->name) || !take(r, "=\"") || !value(r, param))
            return "a fact";
        for (unsigned i = 0; i < out->n; i++)
            if (str_eq(out->params[i].name, param->name))
                return "a fact twice";
        out->n++;
    }
    return out->n ? NULL : "no fact";
}

/* Up to the first name that = follows. */
static const char *
summary(struct reader *r, struct rfc5424 *out)
{
    const char *start = r->p, *blank = NULL;

    while (r->p < r->end && *r->p != '=') {
        size_t k = rfc5424_character((const unsigned char *) r->p, (const unsigned char *) r->end);

        if (!k || *r->p == '"')
            return "the summary";
        if (*r->p == ' ')
            blank = r->p;
        r->p += k;
    }
    if (!blank || blank < start)
        return "no fact";
    r->p = blank;
    out->msg = str_make(start, (size_t) (blank - start));
    return NULL;
}

const char *
rfc3164_parse(const char *msg, size_t n, bool with_host, struct rfc5424 *out)
{
    struct reader r = {msg, msg + n};
    struct str digits;
    const char *why;

    out->n = 0;
    out->bom = false;
    if (!take(&r, "<") || !word(&r, "0123456789", 3, &digits) || (digits.n > 1 && digits.p[0] == '0') || !take(&r, ">"))
        return "PRI";
    out->pri = atoi(digits.p);
    if (out->pri > 191)
        return "PRI over 191";
    if (!timestamp(&r, &out->time) || !take(&r, " "))
        return "TIMESTAMP";
    out->host = STR_NONE;
    if (with_host && (!word(&r, host_characters, 255, &out->host) || !take(&r, " ")))
        return "HOSTNAME";
    if (!word(&r, name_characters, 32, &out->app) || !take(&r, "[")
        || !word(&r, "abcdefghijklmnopqrstuvwxyz-", 32, &out->msgid) || !take(&r, "]: "))
        return "TAG";
    why = summary(&r, out);
    return why ? why : facts(&r, out);
}
