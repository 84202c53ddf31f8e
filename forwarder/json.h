/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.h - JSON (RFC 8259) into a bounded buffer, for answers that programs
 * read.  Always valid UTF-8, whatever bytes a name holds: what is no character
 * is shown as text_show() does, "<FF>".  'name' is NULL inside arrays and for
 * the outermost value; names are literals of ours that need no escape. */
#ifndef FORWARDER_JSON_H
#define FORWARDER_JSON_H

#include <stdint.h>

#include "forwarder/put.h"

struct json {
    struct xml_buf *out;
    unsigned depth;
    bool first; /* nothing stands in the innermost object or array yet */
};

void json_init(struct json *, struct xml_buf *out);
void json_object(struct json *, const char *name);
void json_array(struct json *, const char *name);
void json_object_end(struct json *);
void json_array_end(struct json *);

void json_str(struct json *, const char *name, struct str); /* absent: null */
void json_z(struct json *, const char *name, const char *); /* NULL: null */
void json_uint(struct json *, const char *name, uint64_t);
void json_int(struct json *, const char *name, int64_t);
void json_bool(struct json *, const char *name, bool);
/* A span of ns as seconds with three digits; a UTC time as RFC 3339, 0 as null. */
void json_seconds(struct json *, const char *name, int64_t ns);
void json_time(struct json *, const char *name, int64_t utc_ns);

#endif
