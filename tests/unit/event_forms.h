/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_forms.h - one event-log record written in every form in which records
 * arrive, and read back through the format that takes it.  For unit tests.  To
 * add a form: a writer and a line of the table in event_forms.c. */
#ifndef TESTS_UNIT_EVENT_FORMS_H
#define TESTS_UNIT_EVENT_FORMS_H

#include "parsers/catalogue.h"
#include "parsers/format.h"

enum { FORM_STRINGS = 16 };

/* What the record holds. */
struct form_event {
    const char *source; /* "": the record does not say */
    uint32_t id;        /* all 32 bits; 0: the record does not say */
    const char *host;
    const char *text; /* as rendered; NULL: the message DLL is missing */
    unsigned n_strings;
    const char *string[FORM_STRINGS];
};

struct form_bytes {
    size_t n;
    char p[64 * 1024];
};

struct form {
    const char *name;
    const struct format *format;
    void (*write)(const struct form_event *, struct form_bytes *);
};

extern const struct form event_forms[];
extern const unsigned n_event_forms;

/* Writes 'in' in a form, frames it, which must give one record, reads and
 * judges it.  'out' borrows from the arena. */
void form_read(const struct form *, const struct form_event *in, const struct catalogue *,
               struct catalogue_scratch *, struct arena *, struct event *out);

#endif
