/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rfc5424.h - a strict reader of RFC 5424 messages for tests. */
#ifndef TESTS_RFC5424_H
#define TESTS_RFC5424_H

#include "parsers/str.h"

enum { RFC5424_PARAMS_MAX = 128, RFC5424_VALUE_MAX = 2048 };

struct rfc5424_param {
    struct str element, name;
    char value[RFC5424_VALUE_MAX]; /* without escapes */
    size_t n;
};

struct rfc5424 {
    int pri;
    struct str time, host, app, procid, msgid, msg; /* msg without BOM */
    bool bom;
    struct rfc5424_param params[RFC5424_PARAMS_MAX];
    unsigned n;
};

/* NULL when the message is valid and harmless in all its parts, else why not.
 * 'out' borrows from 'msg'. */
const char *rfc5424_parse(const char *msg, size_t n, struct rfc5424 *out);
const struct rfc5424_param *rfc5424_param(const struct rfc5424 *, const char *element, const char *name);
struct str rfc5424_value(const struct rfc5424 *, const char *element, const char *name); /* absent: STR_NONE */
/* The length of the character at 'p', 0 when it is not valid or not harmless. */
size_t rfc5424_character(const unsigned char *p, const unsigned char *end);

#endif
