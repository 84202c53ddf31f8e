/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_export.c - fuzz target of the whole way from a file's bytes to XML: the
 * format is found by probing, and the document has to be well-formed, valid
 * against event.xsd, and to account for every byte: what events name, what is
 * between them, and nothing twice.  The same bytes again must give the same
 * document.  Uses the program's own pipeline over a file in memory. */
#include "build.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "forwarder/pipeline.h"
#include "parsers/item_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define REQUIRE(what) \
    do { \
        if (!(what)) \
            fail(#what, __LINE__); \
    } while (0)

static struct catalogue *catalogue;
static struct catalogue_scratch *scratch;
static xmlSchemaPtr schema;

static void
fail(const char *what, int line)
{
    fprintf(stderr, "fuzz_export.c:%d: %s does not hold\n", line, what);
    abort();
}

static void
set_up(void)
{
    const char *src = getenv("TEST_SRCDIR");
    struct catalogue_error error;
    xmlSchemaParserCtxtPtr parser;
    char path[4096];

    if (schema)
        return;
    catalogue = catalogue_new_builtin(&error);
    REQUIRE(catalogue != NULL);
    scratch = catalogue_scratch_new(catalogue);
    REQUIRE(scratch != NULL);
    snprintf(path, sizeof path, "%s/../schemas/event.xsd", src ? src : "tests");
    parser = xmlSchemaNewParserCtxt(path);
    schema = xmlSchemaParse(parser);
    xmlSchemaFreeParserCtxt(parser);
    REQUIRE(schema != NULL);
}

/* What an export of one file is made of. */
struct document {
    struct xml_buf xml;
    uint64_t events, covered, end;
    bool overlap;
};

static int
take(void *arg, const struct item *item)
{
    struct document *d = arg;

    item_xml_write(&d->xml, item);
    REQUIRE(!d->xml.failed);
    if (item->kind == ITEM_EVENT) {
        const struct event *ev = item->event;

        d->events++;
        d->covered += ev->length;
        REQUIRE(ev->length > 0);
        REQUIRE(strlen(ev->id) == 32);
        if (ev->offset + ev->length > d->end)
            d->end = ev->offset + ev->length;
    }
    return 0;
}

static void
export_file(int fd, uint64_t size, struct document *d)
{
    struct stream_options options = {.format = "auto", .host = "FUZZ"};
    struct pipeline p = {.catalogue = catalogue, .scratch = scratch};
    struct sink sink = {take, d};
    const struct stream_stats *stats;
    struct stream *s;
    char path[64], err[512] = "";

    memset(d, 0, sizeof *d);
    xml_buf_init(&d->xml, 256 << 20);
    item_xml_open(&d->xml, "fuzz");
    p.correlate = correlate_new(catalogue);
    p.merge = merge_new();
    REQUIRE(p.correlate && p.merge);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    s = stream_open(path, &options, false, err, sizeof err);
    /* A container that is damaged from its start is refused, with a message. */
    REQUIRE(s != NULL || err[0] != '\0');
    if (s) {
        REQUIRE(merge_add(p.merge, s));
        REQUIRE(pipeline_run(&p, &sink, false) == 0);
        stats = stream_stats(s);
        /* A layout that is refused on purpose ends its file with a message. */
        REQUIRE(merge_failed(p.merge) || stats->bytes == size);
        REQUIRE(d->covered <= stats->bytes && d->end <= size);
        REQUIRE(stats->records == d->events);
    }
    item_xml_close(&d->xml);
    REQUIRE(!d->xml.failed);
    merge_free(p.merge);
    correlate_free(p.correlate);
}

static void
ignore_error(void *arg, const char *format, ...)
{
    (void) arg;
    (void) format;
}

static void
validate(const struct document *d)
{
    xmlDocPtr doc = xmlReadMemory(d->xml.p, (int) d->xml.n, "export", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
    xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);

    REQUIRE(doc != NULL);
    xmlSchemaSetValidErrors(valid, ignore_error, ignore_error, NULL);
    REQUIRE(xmlSchemaValidateDoc(valid, doc) == 0);
    xmlSchemaFreeValidCtxt(valid);
    xmlFreeDoc(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct document one, two;
    int fd;

    set_up();
    fd = memfd_create("fuzz_export", 0);
    REQUIRE(fd >= 0);
    for (size_t at = 0; at < n;) {
        ssize_t k = write(fd, p + at, n - at);

        REQUIRE(k > 0);
        at += (size_t) k;
    }
    export_file(fd, n, &one);
    validate(&one);
    export_file(fd, n, &two);
    REQUIRE(one.xml.n == two.xml.n && memcmp(one.xml.p, two.xml.p, one.xml.n) == 0);
    xml_buf_fini(&one.xml);
    xml_buf_fini(&two.xml);
    close(fd);
    return 0;
}
