/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack_elastic.c - an ingest pipeline for Elasticsearch: takes our messages of
 * RFC 5424 apart and names what they say as the Elastic Common Schema does.  Called
 * through the list in pack.c.  The script is mibs/packs/elastic.painless; what goes
 * where stands here and becomes its parameters. */
#include "build.h"

#include "forwarder/pack.h"

static const char script[] = {
#include "mibs/packs/elastic.painless.inc"
};

/* Parameters of ours that ECS has a field for (truecause-syslog(7) shows the list);
 * the others go below truecause, by their names. */
static const struct {
    const char *ours, *ecs;
} fields[] = {
    {"id", "event.id"},
    {"seq", "event.sequence"},
    {"state", "event.action"},
    {"eventNumber", "event.code"},
    {"win32", "error.code"},
    {"text", "error.message"},
    {"host", "host.name"},
    {"origin.ip", "host.ip"},
    {"file", "file.path"},
    {"package", "package.name"},
    {"server", "destination.domain"},
    {"source", "log.file.path"},
    {"offset", "log.offset"},
};

/* Those that are counts or sizes: numbers in an index, where the rest is text. */
static const char *const numbers[] = {
    "seq",      "offset", "line",      "length", "count",   "available",       "required",
    "read",     "folded", "delivered", "open",   "dropped", "meta.sequenceId", "meta.sysUpTime",
};

/* 'text' as a string of JSON; it is ASCII (check_pack looks). */
static void
put_string(FILE *out, const char *text, size_t n)
{
    fputc('"', out);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            fputs("\\n", out);
        else if (text[i] == '"' || text[i] == '\\')
            fprintf(out, "\\%c", text[i]);
        else
            fputc(text[i], out);
    }
    fputc('"', out);
}

void
pack_elastic(FILE *out, const struct pack_source *from)
{
    (void) from; /* any number after truecause@ is ours */
    fputs("{\n"
          "  \"description\": \"Truecause's syslog messages as ECS; made by `truecause pack elastic`\",\n"
          "  \"processors\": [\n"
          "    {\n"
          "      \"script\": {\n"
          "        \"lang\": \"painless\",\n"
          "        \"params\": {\n"
          "          \"fields\": {\n",
          out);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        fprintf(out, "            \"%s\": \"%s\"%s\n", fields[i].ours, fields[i].ecs,
                i + 1 < sizeof fields / sizeof *fields ? "," : "");
    fputs("          },\n"
          "          \"numbers\": [",
          out);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        fprintf(out, "%s\"%s\"", i ? ", " : "", numbers[i]);
    fputs("]\n"
          "        },\n"
          "        \"source\": ",
          out);
    put_string(out, script, sizeof script);
    fputs("\n"
          "      }\n"
          "    }\n"
          "  ],\n"
          "  \"on_failure\": [\n"
          "    {\"set\": {\"field\": \"event.kind\", \"value\": \"pipeline_error\"}},\n"
          "    {\"set\": {\"field\": \"error.message\", \"value\": \"{{ _ingest.on_failure_message }}\"}}\n"
          "  ]\n"
          "}\n",
          out);
}
