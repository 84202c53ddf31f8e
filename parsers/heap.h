/* SPDX-License-Identifier: BSD-2-Clause
 *
 * heap.h - what comes first of many, found and changed in log n.  Nodes are a
 * part of what they order; the room for pointers to them is the owner's, who
 * also keeps the bound. */
#ifndef PARSERS_HEAP_H
#define PARSERS_HEAP_H

#include <stdint.h>

struct heap_node {
    int64_t key;    /* the least is first */
    uint64_t order; /* of equal keys, too */
    unsigned place;
};

struct heap {
    struct heap_node **node; /* [0] is the first */
    unsigned n;
};

/* There must be room for one more. */
void heap_put(struct heap *, struct heap_node *);
/* 'node' must be in it. */
void heap_take(struct heap *, struct heap_node *);

#endif
