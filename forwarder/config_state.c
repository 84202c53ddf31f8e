/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_state.c - the state folder of a configuration, and nothing else of
 * it.  Called by the commands that talk to a running daemon. */
#include "build.h"

#include "forwarder/config_state.h"

#include <errno.h>
#include <libxml/xmlreader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/config.h"
#include "forwarder/file.h"

static void
be_silent(void *arg, const char *text, xmlParserSeverities severity, xmlTextReaderLocatorPtr at)
{
    (void) arg;
    (void) text;
    (void) severity;
    (void) at;
}

char *
config_state(const char *path, char *err, size_t errlen)
{
    xmlTextReader *r = access(path, R_OK) == 0 ? xmlReaderForFile(path, NULL, XML_PARSE_NONET) : NULL;
    const char *slash = strrchr(path, '/');
    xmlChar *value = NULL;
    const char *state;
    char *out = NULL, remedy[FILE_REMEDY];
    int got = 1;

    if (!r) {
        int error = errno;

        file_remedy(path, error, FILE_TEXT, remedy, sizeof remedy);
        snprintf(err, errlen, "%s: cannot read it: %s%s", path, strerror(error), remedy);
        return NULL;
    }
    xmlTextReaderSetErrorHandler(r, be_silent, NULL);
    while ((got = xmlTextReaderRead(r)) == 1 && xmlTextReaderNodeType(r) != XML_READER_TYPE_ELEMENT)
        continue;
    if (got != 1 || strcmp((const char *) xmlTextReaderConstLocalName(r), "truecause") != 0) {
        snprintf(err, errlen, "%s: does not begin as a configuration: `truecause check -c %s` tells more", path, path);
    } else {
        value = xmlTextReaderGetAttribute(r, (const xmlChar *) "state");
        state = value ? (const char *) value : CONFIG_STATE_DEFAULT;
        /* A relative name starts at the configuration's folder. */
        if (asprintf(&out, "%.*s%s", *state == '/' || !slash ? 0 : (int) (slash - path) + 1, path, state) < 0) {
            out = NULL;
            snprintf(err, errlen, "%s: not enough memory to read it", path);
        }
    }
    xmlFree(value);
    xmlFreeTextReader(r);
    return out;
}
