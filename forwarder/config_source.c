/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_source.c - a <source> element to a struct config_source.  The schema
 * has accepted it; what only the program can judge is judged here.  Called by
 * config.c. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/container.h"
#include "parsers/when.h"

/* True when the records of this format always know their zone. */
static bool
knows_zone(const char *format)
{
    static const char *const known[] = {"event-xml", "evt", "evtx", "nt-trap"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(format, known[i]) == 0)
            return true;
    return false;
}

/* What cannot be followed, with the reason. */
static void
check_container(struct config_reader *r, const struct config_document *d, const xmlNode *node, const char *format)
{
    const struct container_class *class = container_named(format);

    if (class && !class->followed)
        config_tell(r, false, d->file, config_attribute_line(d, node, "format"), "format=\"%s\": %s", format,
                    class->missing ? class->missing : "these files cannot be followed in this version");
}

static enum date_order
date_order(const char *s)
{
    return strcmp(s, "dmy") == 0 ? DATE_ORDER_DMY : strcmp(s, "ymd") == 0 ? DATE_ORDER_YMD : DATE_ORDER_MDY;
}

static void
check_source(struct config_reader *r, const struct config_document *d, const xmlNode *node, const struct config_source *s)
{
    struct text_codepage *page;
    struct zone *zone;
    struct in_addr four;
    struct in6_addr six;

    if (strcmp(s->format, "auto") != 0 && !format_find(str_z(s->format)))
        config_tell(r, false, d->file, config_attribute_line(d, node, "format"), "format=\"%s\" is not in this version",
                    s->format);
    check_container(r, d, node, s->format);
    if (s->address && inet_pton(AF_INET, s->address, &four) != 1 && inet_pton(AF_INET6, s->address, &six) != 1)
        config_tell(r, false, d->file, config_attribute_line(d, node, "address"),
                    "address=\"%.80s\" is not valid: write %s", s->address,
                    config_word_find(CONFIG_SOURCE, "address")->want);
    if (s->zone) {
        if (!(zone = zone_open(str_z(s->zone))))
            config_tell(r, false, d->file, config_attribute_line(d, node, "zone"), "zone=\"%.80s\" is not known: write %s",
                        s->zone, config_word_find(CONFIG_SOURCE, "zone")->want);
        zone_close(zone);
    } else if (!knows_zone(s->format)) {
        config_tell(r, true, d->file, s->place.line,
                    "<source> has no zone: records that do not say theirs keep local time only, and an Event 109 is matched"
                    " with less certainty; add zone=\"...\", such as \"America/Los_Angeles\"");
    }
    if (s->code_page) {
        if (!(page = text_codepage_open(s->code_page)))
            config_tell(r, false, d->file, config_attribute_line(d, node, "code-page"),
                        "code-page=\"%.80s\" is not known: write %s", s->code_page,
                        config_word_find(CONFIG_SOURCE, "code-page")->want);
        text_codepage_close(page);
    }
}

static char *
upper(char *s)
{
    for (char *p = s; p && *p; p++)
        *p = str_upper_char(*p);
    return s;
}

/* A path that ends as a folder's does is a pattern for all the files in it; takes
 * 'path' over.  NULL when memory ends. */
static char *
all_of_folder(char *path)
{
    size_t n = strlen(path);
    char *all;

    if (!n || path[n - 1] != '/')
        return path;
    all = malloc(n + 2);
    if (all) {
        memcpy(all, path, n);
        memcpy(all + n, "*", 2);
    }
    free(path);
    return all;
}

void
config_read_source(struct config_reader *r, const struct config_document *d, const xmlNode *node)
{
    struct config *c = r->config;
    struct config_source *s, *grown = realloc(c->sources, (c->n_sources + 1) * sizeof *grown);
    char *path, *poll, *order, *read;
    int64_t poll_ns = WHEN_SECOND;

    if (!grown) {
        r->no_memory = true;
        return;
    }
    c->sources = grown;
    s = &grown[c->n_sources++];
    *s = (struct config_source){.place = {d->file, config_attribute_line(d, node, NULL)}, .poll_ms = 1000};
    s->traps = config_read_traps(r, d, node);
    path = config_attribute(r, node, s->traps ? "listen" : "path");
    poll = config_attribute(r, node, "poll");
    order = config_attribute(r, node, "date-order");
    read = config_attribute(r, node, "read");
    s->path = !path ? NULL : s->traps ? strdup(path) : config_path(r, path);
    s->name = config_attribute(r, node, "name");
    s->read_once = !s->traps && read && strcmp(read, "once") == 0;
    if (s->read_once && s->path)
        s->path = all_of_folder(s->path);
    s->format = config_attribute(r, node, "format");
    s->host = upper(config_attribute(r, node, "host"));
    s->address = config_attribute(r, node, "address");
    s->site = config_attribute(r, node, "site");
    s->zone = config_attribute(r, node, "zone");
    s->code_page = config_attribute(r, node, "code-page");
    s->date_order = order ? date_order(order) : DATE_ORDER_MDY;
    if (!s->name)
        s->name = s->path ? strdup(s->path) : NULL;
    if (!s->format)
        s->format = strdup(s->traps ? "nt-trap" : "auto");
    if (!path && !r->no_memory) {
        config_tell(r, false, d->file, s->place.line,
                    "<source> has no path: add path=\"...\", %s, or listen=\"...\", %s",
                    config_word_find(CONFIG_SOURCE, "path")->want, config_word_find(CONFIG_SOURCE, "listen")->want);
    } else if (!s->path || !s->name || !s->format) {
        r->no_memory = true;
    } else {
        check_source(r, d, node, s);
        if (poll && (!config_time(poll, &poll_ns) || poll_ns > WHEN_DAY || poll_ns < 10 * (WHEN_SECOND / 1000)))
            config_tell(r, false, d->file, config_attribute_line(d, node, "poll"),
                        "poll=\"%.40s\" is not valid: write a time from \"10ms\" to \"1d\"", poll);
        else
            s->poll_ms = (unsigned) (poll_ns / 1000000);
    }
    free(path);
    free(poll);
    free(order);
    free(read);
}
