/* SPDX-License-Identifier: BSD-2-Clause
 *
 * explain_match.h - why a record was judged as it was, for a reader. */
#ifndef FORWARDER_EXPLAIN_MATCH_H
#define FORWARDER_EXPLAIN_MATCH_H

#include "parsers/catalogue.h"
#include "parsers/item_xml.h"

/* Appends the signature that explains 'ev' and why it fits, those that fit as
 * well, and those that nearly did. */
void explain_match(struct xml_buf *, const struct catalogue *, struct catalogue_scratch *, const struct event *);

#endif
