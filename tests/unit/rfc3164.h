/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rfc3164.h - a strict reader of the project's RFC 3164 messages for tests. */
#ifndef TESTS_RFC3164_H
#define TESTS_RFC3164_H

#include "tests/unit/rfc5424.h"

/* NULL when the message is valid and harmless in all its parts, else why not.
 * 'out' borrows from 'msg': app and msgid are the two parts of the tag, msg is the
 * summary, and the facts are parameters of the element "". */
const char *rfc3164_parse(const char *msg, size_t n, bool with_host, struct rfc5424 *out);

#endif
