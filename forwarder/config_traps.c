/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_traps.c - what a <source> that listens for traps has besides: where it
 * listens, whose traps it takes, and how many.  Called by config_source.c. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/file.h"

enum { PORT_DEFAULT = 1162, RATE_DEFAULT = 1000, COMMUNITIES = 64 };

/* --- addresses ------------------------------------------------------------------------ */

static bool
read_port(const char *s, uint16_t *port)
{
    char *end;
    long n = strtol(s, &end, 10);

    if (!*s || strspn(s, "0123456789") != strlen(s) || *end || n < 1 || n > 65535)
        return false;
    *port = (uint16_t) n;
    return true;
}

bool
config_listen(const char *s, struct config_traps *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *) &out->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *) &out->address;
    char host[INET6_ADDRSTRLEN + 1];
    const char *end;
    uint16_t port = PORT_DEFAULT;
    bool bracket;
    size_t n;

    memset(&out->address, 0, sizeof out->address);
    if (strncmp(s, "udp:", 4) != 0)
        return false;
    s += 4;
    bracket = *s == '[';
    s += bracket;
    end = bracket ? strchr(s, ']') : s + strcspn(s, ":");
    n = end ? (size_t) (end - s) : sizeof host;
    if (n >= sizeof host)
        return false;
    memcpy(host, s, n);
    host[n] = '\0';
    end += bracket;
    if (*end && (*end != ':' || !read_port(end + 1, &port)))
        return false;
    if (bracket && inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        out->address_size = sizeof *six;
    } else if (!bracket && inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        out->address_size = sizeof *four;
    } else {
        return false;
    }
    out->port = port;
    return true;
}

bool
config_network(const char *s, struct config_network *out)
{
    char host[INET6_ADDRSTRLEN + 1];
    size_t n = strcspn(s, "/");
    unsigned most;
    char *end;

    if (n >= sizeof host)
        return false;
    memcpy(host, s, n);
    host[n] = '\0';
    *out = (struct config_network){.family = AF_INET};
    if (inet_pton(AF_INET6, host, out->bytes) == 1)
        out->family = AF_INET6;
    else if (inet_pton(AF_INET, host, out->bytes) != 1)
        return false;
    most = out->family == AF_INET ? 32 : 128;
    out->bits = most;
    if (!s[n])
        return true;
    s += n + 1;
    if (!*s || strlen(s) > 3 || strspn(s, "0123456789") != strlen(s))
        return false;
    out->bits = (unsigned) strtoul(s, &end, 10);
    if (out->bits > most)
        return false;
    /* Bits behind the prefix must be zero: else a part of it was forgotten. */
    for (unsigned i = out->bits; i < most; i++)
        if (out->bytes[i / 8] >> (7 - i % 8) & 1)
            return false;
    return true;
}

/* --- attributes ------------------------------------------------------------------------ */

static void
wrong(struct config_reader *r, const struct config_document *d, const xmlNode *node, const char *name, const char *value)
{
    config_tell(r, false, d->file, config_attribute_line(d, node, name), "%s=\"%.200s\" is not valid: write %s", name, value,
                config_word_find(CONFIG_SOURCE, name)->want);
}

static void
read_from(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_traps *t)
{
    char *text = config_attribute(r, node, "from");

    for (char *p = text, *space; p && *p; p = space) {
        space = p + strcspn(p, " ");
        if (*space)
            *space++ = '\0';
        if (t->n_from == CONFIG_NETWORKS) {
            config_tell(r, false, d->file, config_attribute_line(d, node, "from"), "from has more than %d networks",
                        CONFIG_NETWORKS);
            break;
        }
        if (config_network(p, &t->from[t->n_from]))
            t->n_from++;
        else
            wrong(r, d, node, "from", p);
    }
    free(text);
}

/* One community a line; blank lines do not count. */
static void
read_communities(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_traps *t)
{
    char *file = config_attribute(r, node, "community-file"), *path = file ? config_path(r, file) : NULL;
    const struct file_want want = {.use = FILE_SECRET, .what = "community", .most = COMMUNITIES * (CONFIG_COMMUNITY + 2),
                                   .shorten = "it must hold one community a line, and nothing else"};
    char *text = NULL, why[4500] = "";
    size_t n = 0;

    if (!file) {
        config_tell(r, false, d->file, config_attribute_line(d, node, NULL),
                    "<source> listens for traps and has no community-file: add community-file=\"...\", %s",
                    config_word_find(CONFIG_SOURCE, "community-file")->want);
    } else if (!path || !(t->community = calloc(COMMUNITIES, sizeof *t->community))) {
        r->no_memory = true;
    } else if ((text = file_read(path, &want, &n, why, sizeof why)) != NULL) {
        for (char *p = text, *end; p < text + n; p = end + 1) {
            size_t length;

            if (!(end = memchr(p, '\n', (size_t) (text + n - p))))
                end = text + n;
            length = (size_t) (end - p);
            length -= length > 0 && p[length - 1] == '\r';
            if (length == 0)
                continue;
            if (t->n_communities == COMMUNITIES || length > CONFIG_COMMUNITY || memchr(p, '\0', length))
                snprintf(why, sizeof why, "%s must hold at most %d communities, one a line, of at most %d bytes", path,
                         COMMUNITIES, CONFIG_COMMUNITY);
            else if (!(t->community[t->n_communities++] = strndup(p, length)))
                r->no_memory = true;
        }
        if (!t->n_communities && !why[0])
            snprintf(why, sizeof why, "%s is empty: write a community into it", path);
    }
    if (why[0])
        config_tell(r, false, d->file, config_attribute_line(d, node, "community-file"), "community-file: %s", why);
    file_wipe(text, n);
    free(file);
    free(path);
}

/* What only files have, and what only traps have. */
static void
check_words(struct config_reader *r, const struct config_document *d, const xmlNode *node, bool listens)
{
    static const char *const of_files[] = {"path", "host", "address", "zone", "date-order", "poll", "read", NULL};
    static const char *const of_traps[] = {"community-file", "from", "rate", NULL};
    const char *const *words = listens ? of_files : of_traps;

    for (; *words; words++)
        if (xmlHasNsProp(node, (const xmlChar *) *words, NULL))
            config_tell(r, false, d->file, config_attribute_line(d, node, *words),
                        listens ? "a source that listens has no \"%s\": remove it"
                                : "\"%s\" is for a source that listens: remove it, or add listen=\"udp:0.0.0.0:1162\"",
                        *words);
}

struct config_traps *
config_read_traps(struct config_reader *r, const struct config_document *d, const xmlNode *node)
{
    char *listen = config_attribute(r, node, "listen"), *rate = config_attribute(r, node, "rate");
    char *format = config_attribute(r, node, "format");
    struct config_traps *t = listen ? calloc(1, sizeof *t) : NULL;

    check_words(r, d, node, listen != NULL);
    if (listen && !t)
        r->no_memory = true;
    if (t) {
        t->rate = rate ? (unsigned) strtoul(rate, NULL, 10) : RATE_DEFAULT;
        if (!config_listen(listen, t))
            wrong(r, d, node, "listen", listen);
        if (format && strcmp(format, "nt-trap") != 0)
            config_tell(r, false, d->file, config_attribute_line(d, node, "format"),
                        "a source that listens has format=\"nt-trap\", not \"%s\"", format);
        read_from(r, d, node, t);
        read_communities(r, d, node, t);
    }
    free(listen);
    free(rate);
    free(format);
    return t;
}

void
config_free_traps(struct config_traps *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->n_communities; i++) {
        if (t->community[i])
            explicit_bzero(t->community[i], strlen(t->community[i]));
        free(t->community[i]);
    }
    free(t->community);
    free(t);
}
