/* SPDX-License-Identifier: BSD-2-Clause
 *
 * item_tree.h - the elements of one item, for item_xml_read.c alone. */
#ifndef PARSERS_ITEM_TREE_H
#define PARSERS_ITEM_TREE_H

#include "parsers/arena.h"
#include "parsers/event.h"

struct item_attribute {
    struct str name, value; /* those without namespace */
};

struct item_node {
    struct str name;
    bool ours; /* of our namespace, or of none */
    unsigned n_attributes;
    struct item_attribute *attributes;
    struct str text; /* all text in it; absent for the document element of an event or alarm */
    struct item_node *children, *next;
};

/* The document element of 'xml', all of it in the arena; NULL with '*err'. */
const struct item_node *item_tree_read(struct arena *, struct str xml, enum perr *err);
/* Only as libxml2 reads it: for the test that compares the two ways. */
const struct item_node *item_tree_read_any(struct arena *, struct str xml, enum perr *err);

#endif
