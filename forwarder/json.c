/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.c - JSON into a bounded buffer.  Called by answer*.c. */
#include "build.h"

#include "forwarder/json.h"

#include <inttypes.h>

void
json_init(struct json *j, struct xml_buf *out)
{
    *j = (struct json){.out = out, .first = true};
}

/* What stands before a value: the comma, the line and its indent, the name. */
static void
begin(struct json *j, const char *name)
{
    if (j->depth) {
        put_z(j->out, j->first ? "\n" : ",\n");
        for (unsigned i = 0; i < j->depth; i++)
            put_z(j->out, " ");
    }
    j->first = false;
    if (name)
        put_f(j->out, "\"%s\": ", name);
}

static void
end(struct json *j, const char *mark)
{
    j->depth--;
    if (!j->first) {
        put_z(j->out, "\n");
        for (unsigned i = 0; i < j->depth; i++)
            put_z(j->out, " ");
    }
    put_z(j->out, mark);
    j->first = false;
    if (j->depth == 0)
        put_z(j->out, "\n");
}

void
json_object(struct json *j, const char *name)
{
    begin(j, name);
    put_z(j->out, "{");
    j->depth++;
    j->first = true;
}

void
json_array(struct json *j, const char *name)
{
    begin(j, name);
    put_z(j->out, "[");
    j->depth++;
    j->first = true;
}

void
json_object_end(struct json *j)
{
    end(j, "}");
}

void
json_array_end(struct json *j)
{
    end(j, "]");
}

/* text_show() leaves no control character and no byte that is not UTF-8, so
 * that only the quote and the backslash need an escape. */
void
json_str(struct json *j, const char *name, struct str s)
{
    struct xml_buf shown;
    size_t from = 0;

    begin(j, name);
    if (!s.p) {
        put_z(j->out, "null");
        return;
    }
    xml_buf_init(&shown, j->out->max);
    put_shown(&shown, s);
    put_z(j->out, "\"");
    for (size_t i = 0; i < shown.n; i++)
        if (shown.p[i] == '"' || shown.p[i] == '\\') {
            put_bytes(j->out, shown.p + from, i - from);
            put_z(j->out, "\\");
            from = i;
        }
    put_bytes(j->out, shown.n ? shown.p + from : "", shown.n - from);
    put_z(j->out, "\"");
    j->out->failed = j->out->failed || shown.failed;
    xml_buf_fini(&shown);
}

void
json_z(struct json *j, const char *name, const char *z)
{
    json_str(j, name, z ? str_z(z) : (struct str){NULL, 0});
}

void
json_uint(struct json *j, const char *name, uint64_t v)
{
    begin(j, name);
    put_f(j->out, "%" PRIu64, v);
}

void
json_int(struct json *j, const char *name, int64_t v)
{
    begin(j, name);
    put_f(j->out, "%" PRId64, v);
}

void
json_bool(struct json *j, const char *name, bool v)
{
    begin(j, name);
    put_z(j->out, v ? "true" : "false");
}

void
json_seconds(struct json *j, const char *name, int64_t ns)
{
    int64_t ms = ns > 0 ? ns / 1000000 : 0;

    begin(j, name);
    put_f(j->out, "%" PRId64 ".%03d", ms / 1000, (int) (ms % 1000));
}

void
json_time(struct json *j, const char *name, int64_t utc_ns)
{
    char text[PUT_SHORT];

    json_z(j, name, utc_ns ? put_time(text, utc_ns) : NULL);
}
