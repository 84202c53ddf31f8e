/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_load.h - what catalogue_load.c (documents),
 * catalogue_signature.c (<signature>) and catalogue_rules.c (<class>, <article>,
 * <sequence>) share.  Functions that answer
 * bool have filled the error when they answer false. */
#ifndef PARSERS_CATALOGUE_LOAD_H
#define PARSERS_CATALOGUE_LOAD_H

#include <libxml/parser.h>

#include "parsers/catalogue_set.h"

enum { LOAD_DEFINES_MAX = 64 };
struct load_define {
    struct str name, text;
};
/* Named parts of patterns; they live over all documents of one set. */
struct catalogue_defines {
    unsigned n;
    struct load_define define[LOAD_DEFINES_MAX];
};

struct load {
    struct catalogue *set;
    struct catalogue_defines *defines;
    const char *name; /* of the document */
    unsigned document;
    unsigned order;
    struct catalogue_error *err;
    struct load_named *named; /* what this document has said */
    size_t n_named, cap_named;
};
struct load_named {
    const char *kind;
    struct str name;
    int line;
};

/* Reads one document into the set. */
bool catalogue_load(struct catalogue *, struct catalogue_defines *, const struct catalogue_input *,
                    unsigned document, struct catalogue_error *);
bool load_signature(struct load *, const xmlNode *);
bool load_class_element(struct load *, const xmlNode *);
bool load_article_element(struct load *, const xmlNode *);
bool load_sequence_element(struct load *, const xmlNode *);

bool load_fail(struct load *, const xmlNode *, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool load_no_memory(struct load *);
/* Refuses a 'kind' that has this name already in the same document: one of the
 * two would be lost in silence. */
bool load_once(struct load *, const xmlNode *, const char *kind, struct str name);
struct str load_copy(struct load *, struct str);
struct str load_attribute(struct load *, const xmlNode *, const char *name);
struct str load_text(struct load *, const xmlNode *);
struct str load_phrase(struct load *, struct str);
bool load_is(const xmlNode *, const char *name);
bool load_known_attributes(struct load *, const xmlNode *, const char *known);
bool load_class(struct load *, const xmlNode *, const char *attribute, struct str name, enum event_class *);
bool load_severity(struct load *, const xmlNode *, const char *attribute, struct str name, enum severity *);
bool load_bool(struct load *, const xmlNode *, const char *attribute, bool *);
bool load_duration(struct load *, const xmlNode *, const char *attribute, struct str s, int64_t *out);
bool load_number(struct str, uint32_t max, uint32_t *);
bool load_word(struct str *list, struct str *word);
bool load_grow(struct load *, void **list, size_t n, size_t *cap, size_t size);

#endif
