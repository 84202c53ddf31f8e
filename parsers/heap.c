/* SPDX-License-Identifier: BSD-2-Clause
 *
 * heap.c - a binary heap of nodes that know their place in it.  Called by
 * pair_held.c; allocates nothing. */
#include "build.h"

#include "parsers/heap.h"

#include <stdbool.h>

static bool
before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void
set(struct heap *h, unsigned i, struct heap_node *node)
{
    h->node[i] = node;
    node->place = i;
}

static void
rise(struct heap *h, struct heap_node *node)
{
    unsigned i = node->place;

    for (; i > 0 && before(node, h->node[(i - 1) / 2]); i = (i - 1) / 2)
        set(h, i, h->node[(i - 1) / 2]);
    set(h, i, node);
}

static void
sink(struct heap *h, struct heap_node *node)
{
    unsigned i = node->place;

    for (unsigned next; (next = 2 * i + 1) < h->n; i = next) {
        if (next + 1 < h->n && before(h->node[next + 1], h->node[next]))
            next++;
        if (!before(h->node[next], node))
            break;
        set(h, i, h->node[next]);
    }
    set(h, i, node);
}

void
heap_put(struct heap *h, struct heap_node *node)
{
    set(h, h->n++, node);
    rise(h, node);
}

void
heap_take(struct heap *h, struct heap_node *node)
{
    struct heap_node *last = h->node[--h->n];

    if (last == node)
        return;
    set(h, node->place, last);
    rise(h, last);
    sink(h, last);
}
