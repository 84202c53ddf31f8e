/* SPDX-License-Identifier: BSD-2-Clause
 *
 * batch.c - deep copies of items in blocks of memory that live and go together.
 * Filled by the engine, read by every worker: the count of references is the
 * only thing that changes after the batch was published. */
#include "build.h"

#include "forwarder/batch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/item_xml.h"

enum { BATCH_BLOCK = 256 * 1024 };

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

struct batch {
    _Atomic unsigned references;
    struct batch_item *item;
    unsigned n, cap;
    struct block *blocks; /* the one in use first */
    size_t bytes;
    struct xml_buf xml;
};

struct batch *
batch_new(void)
{
    struct batch *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    atomic_init(&b->references, 1);
    xml_buf_init(&b->xml, EVENT_TEXT_MAX * 16);
    return b;
}

/* References are counted in what is otherwise constant for the holder. */
static struct batch *
writable(const struct batch *b)
{
    union {
        const struct batch *in;
        struct batch *out;
    } u = {.in = b};

    return u.out;
}

struct batch *
batch_ref(const struct batch *b)
{
    atomic_fetch_add_explicit(&writable(b)->references, 1, memory_order_relaxed);
    return writable(b);
}

void
batch_unref(const struct batch *shared)
{
    struct batch *b = writable(shared);

    if (!b || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) > 1)
        return;
    while (b->blocks) {
        struct block *next = b->blocks->next;

        free(b->blocks);
        b->blocks = next;
    }
    xml_buf_fini(&b->xml);
    free(b->item);
    free(b);
}

static void *
take(struct batch *b, size_t n)
{
    struct block *k = b->blocks;
    void *p;

    n = (n + 15) & ~(size_t) 15;
    if (!k || k->size - k->used < n) {
        size_t size = n > BATCH_BLOCK ? n : BATCH_BLOCK;

        k = malloc(sizeof *k + size);
        if (!k)
            return NULL;
        k->next = b->blocks;
        k->used = 0;
        k->size = size;
        b->blocks = k;
    }
    p = k->bytes + k->used;
    k->used += n;
    b->bytes += n;
    return p;
}

/* --- one copy: strings move behind each other ---------------------------------- */

/* Where they go.  When there is too little room, 'n' is what it would have taken. */
struct copy {
    char *at;
    size_t n, room;
};

/* The rest of the block in use, which the next take() may begin with. */
static struct copy
rest(const struct batch *b)
{
    struct block *k = b->blocks;

    return k ? (struct copy){.at = k->bytes + k->used, .room = k->size - k->used} : (struct copy){0};
}


static inline void
string(struct copy *c, struct str *s)
{
    if (!s->n)
        return;
    if (c->n + s->n <= c->room) {
        memcpy(c->at + c->n, s->p, s->n);
        s->p = c->at + c->n;
    }
    c->n += s->n;
}

static void
facts(struct copy *c, struct facts *f)
{
#define FACT(member, element, attribute, sd, prose) string(c, &f->member);
#include "parsers/event_fields.def"
#undef FACT
    string(c, &f->symbol);
    string(c, &f->signature);
    for (unsigned i = 0; i < f->n_articles; i++)
        string(c, &f->article[i]);
}

static void
event(struct copy *c, struct event *ev)
{
    facts(c, &ev->f);
    string(c, &ev->when.zone);
    string(c, &ev->format);
    string(c, &ev->source_name);
    string(c, &ev->text);
    string(c, &ev->retry_until);
}

static void
alarm_change(struct copy *c, struct alarm_item *a)
{
    facts(c, &a->f);
    string(c, &a->key);
    string(c, &a->first.zone);
    string(c, &a->last.zone);
    string(c, &a->when.zone);
    string(c, &a->reason);
    string(c, &a->event);
    string(c, &a->summary);
    string(c, &a->action);
}

static void
notice(struct copy *c, struct notice_item *n)
{
    string(c, &n->when.zone);
    string(c, &n->text);
}

/* The structure at 'from' with its strings, as 'walk' names them: into what is left
 * of the block, and where that does not suffice, once more into the next one. */
#define COPY(b, type, from, walk, out) \
    do { \
        struct copy c_; \
        size_t room_; \
        type *to_ = take((b), sizeof *to_); \
        if (!to_) \
            return -ENOMEM; \
        *to_ = *(from); \
        c_ = rest(b); \
        room_ = c_.room; \
        walk(&c_, to_); \
        if (c_.n) { \
            c_ = (struct copy){.at = take((b), c_.n), .room = c_.n}; \
            if (!c_.at) \
                return -ENOMEM; \
            if (c_.room > room_) { \
                *to_ = *(from); \
                walk(&c_, to_); \
            } \
        } \
        *(out) = to_; \
    } while (0)

static int
copy_item(struct batch *b, const struct item *from, struct item *to)
{
    *to = (struct item){.kind = from->kind};
    switch (from->kind) {
    case ITEM_EVENT: {
        struct event *ev;

        COPY(b, struct event, from->event, event, &ev);
        ev->log = NULL;
        to->event = ev;
        return 0;
    }
    case ITEM_ALARM: {
        struct alarm_item *a;

        COPY(b, struct alarm_item, from->alarm, alarm_change, &a);
        to->alarm = a;
        return 0;
    }
    case ITEM_NOTICE: {
        struct notice_item *n;

        COPY(b, struct notice_item, from->notice, notice, &n);
        to->notice = n;
        return 0;
    }
    }
    return -EINVAL;
}

int
batch_add(struct batch *b, const struct item *item, int64_t arrival_ns, bool history)
{
    struct batch_item *to;
    char *xml;
    int r;

    if (b->n == b->cap) {
        unsigned cap = b->cap ? b->cap * 2 : 64;
        struct batch_item *grown = realloc(b->item, cap * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        b->item = grown;
        b->cap = cap;
    }
    to = &b->item[b->n];
    xml_buf_clear(&b->xml);
    item_xml_write(&b->xml, item);
    if (b->xml.failed || !(xml = take(b, b->xml.n)))
        return -ENOMEM;
    memcpy(xml, b->xml.p, b->xml.n);
    *to = (struct batch_item){.arrival_ns = arrival_ns, .history = history, .xml = str_make(xml, b->xml.n)};
    r = copy_item(b, item, &to->item);
    if (!r)
        b->n++;
    return r;
}

unsigned
batch_count(const struct batch *b)
{
    return b->n;
}

size_t
batch_bytes(const struct batch *b)
{
    return b->bytes + b->cap * sizeof *b->item;
}

struct batch_item *
batch_item(struct batch *b, unsigned i)
{
    return &b->item[i];
}

const struct batch_item *
batch_at(const struct batch *b, unsigned i)
{
    return &b->item[i];
}
