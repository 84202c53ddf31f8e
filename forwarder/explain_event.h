/* SPDX-License-Identifier: BSD-2-Clause
 *
 * explain_event.h - one event in lines for a reader, "  LABEL   TEXT". */
#ifndef FORWARDER_EXPLAIN_EVENT_H
#define FORWARDER_EXPLAIN_EVENT_H

#include "forwarder/put.h"
#include "parsers/event.h"

/* The summary and where the record stands; then all the rest. */
void explain_event_head(struct xml_buf *, const struct event *);
void explain_event_body(struct xml_buf *, const struct event *);

/* One line, none where there is nothing to say. */
void explain_line(struct xml_buf *, const char *label, struct str);
void explain_line_z(struct xml_buf *, const char *label, const char *);

#endif
