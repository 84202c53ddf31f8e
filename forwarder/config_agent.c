/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_agent.c - the <agent> element: where the master agent listens.  Called
 * by config.c. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* "/var/agentx/master", "tcp:127.0.0.1:705", "tcp6:[::1]:705": what libnetsnmp
 * takes, less what it would only find fault with when it is too late. */
static bool
is_master(const char *s)
{
    const struct sockaddr_un un = {0};
    const char *host, *port;
    char *end;
    long n;

    if (*s == '/')
        return strlen(s) < sizeof un.sun_path;
    if (strncmp(s, "tcp:", 4) != 0 && strncmp(s, "tcp6:[", 6) != 0)
        return false;
    host = strchr(s, ':') + 1;
    port = strrchr(host, ':');
    if (!port || port == host || strpbrk(host, " /"))
        return false;
    if ((s[3] == '6') != (port[-1] == ']') || (s[3] == ':' && strchr(host, ':') != port))
        return false;
    n = strtol(port + 1, &end, 10);
    return str_is_digit(port[1]) && *end == '\0' && n >= 1 && n <= 65535;
}

void
config_read_agent(struct config_reader *r, const struct config_document *d, const xmlNode *node)
{
    char *address = config_attribute(r, node, "socket"), *start = config_attribute(r, node, "start");
    int line = config_attribute_line(d, node, "socket");
    struct config_agent *a;

    if (r->config->agent) {
        config_tell(r, false, d->file, config_attribute_line(d, node, NULL),
                    "an <agent> stands at %s:%d already: there can be one only", r->config->agent->place.file,
                    r->config->agent->place.line);
    } else if (address && !is_master(address)) {
        config_tell(r, false, d->file, line, "socket=\"%.200s\" is not valid: write %s", address,
                    config_word_find(CONFIG_AGENT, "socket")->want);
    } else if (!(a = calloc(1, sizeof *a)) || (!address && !(address = strdup(CONFIG_AGENT_SOCKET)))) {
        free(a);
        r->no_memory = true;
    } else {
        *a = (struct config_agent){.place = {d->file, config_attribute_line(d, node, NULL)},
                                   .socket = address,
                                   .start = !start || strcmp(start, "no") != 0};
        r->config->agent = a;
        address = NULL;
    }
    free(address);
    free(start);
}
