/* SPDX-License-Identifier: BSD-2-Clause
 *
 * item_xml.h - items as XML (urn:truecause:event:1) and back. */
#ifndef PARSERS_ITEM_XML_H
#define PARSERS_ITEM_XML_H

#include "parsers/arena.h"
#include "parsers/event.h"

#define ITEM_XML_NS "urn:truecause:event:1"

/* A growing buffer with a hard bound, set when it is made. */
struct xml_buf {
    char *p;
    size_t n, cap, max;
    bool failed; /* bound or allocation: what is in it is not whole */
};
void xml_buf_init(struct xml_buf *, size_t max);
void xml_buf_fini(struct xml_buf *);
static inline void
xml_buf_clear(struct xml_buf *b)
{
    b->n = 0;
    b->failed = false;
}

/* Appends the item as one line, LF included, without namespace declaration
 * (it stands inside <events xmlns=...>). */
void item_xml_write(struct xml_buf *, const struct item *);
/* The opening line(s) of a document and its closing tag. */
void item_xml_open(struct xml_buf *, const char *version);
void item_xml_close(struct xml_buf *);

/* Reads one item as item_xml_write wrote it, into the arena.  Unknown
 * elements and attributes are ignored. */
enum perr item_xml_read(struct arena *, struct str xml, struct item *out);

#endif
