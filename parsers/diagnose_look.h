/* SPDX-License-Identifier: BSD-2-Clause
 *
 * diagnose_look.h - one record while it is judged; for diagnose.c,
 * diagnose_object.c and diagnose_explain.c only. */
#ifndef PARSERS_DIAGNOSE_LOOK_H
#define PARSERS_DIAGNOSE_LOOK_H

#include "parsers/catalogue_set.h"
#include "parsers/sms_event.h"

struct look {
    const struct catalogue *c;
    struct catalogue_scratch *x;
    struct arena *arena;
    struct event *ev;
    struct str text;
    struct str provider;
    bool number_known;
    uint32_t number;
    const struct str *string; /* insertion strings, NULL where none came */
    unsigned n_strings;
    struct sms_frame frame;
    struct sms_status status;
    bool status_known;
    const struct catalogue_hresult *hresult; /* shown in place of a Win32 code; NULL none that is known */
    struct str value[SIGNATURE_FIELD_COUNT];
    bool no_memory;
};

/* Fills a field that is still absent. */
static inline void
look_set(struct str *field, struct str value)
{
    if (!str_has(*field) && value.n)
        *field = value;
}

/* Everything that is read of 'ev' before a signature is chosen; x->candidate
 * then has those to be asked, in order. */
void look_read(struct look *, const struct catalogue *, struct catalogue_scratch *, struct arena *, struct event *ev);
/* Whether signature number 'i' explains the record, or what is against it;
 * value[] has what its pattern took. */
enum catalogue_reason look_applies(struct look *, unsigned i);
/* The host, upper case, if it is still absent. */
void look_host(struct look *, struct str host);
/* What the pattern or an insert gave for 'field'; absent for a stand-in. */
struct str look_plain(const struct look *, enum signature_field field);

/* What the record is about: package, server, paths and the rest of what 's'
 * took out of it. */
void diagnose_object(struct look *, const struct signature *s);
/* True when the time that the record names as "until" is as near as 's' says
 * that it is ordinary. */
bool diagnose_soon(const struct event *, const struct signature *s);

#endif
