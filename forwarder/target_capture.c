/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_capture.c - the double of a target, for tests; see its header. */
#include "build.h"

#include "forwarder/target_capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target_capture {
    struct target base;
    struct capture_item *items;
    unsigned n, cap, good;
    uint64_t safe;
    unsigned send_failures, flush_failures;
    int send_result, flush_result;
};

static struct target *
capture_open(const struct config *config, const struct config_target *tc, char *err, size_t errlen)
{
    struct target_capture *t = calloc(1, sizeof *t);

    if (!t) {
        snprintf(err, errlen, "not enough memory");
        return NULL;
    }
    t->base.cls = &target_capture_class;
    t->base.config = config;
    t->base.tc = tc;
    return &t->base;
}

static int
capture_send(struct target *target, const struct target_item *item)
{
    struct target_capture *t = (struct target_capture *) target;
    struct capture_item *c;

    if (t->send_failures) {
        t->send_failures--;
        snprintf(t->base.error, sizeof t->base.error, "told to fail");
        return t->send_result;
    }
    if (t->n == t->cap) {
        unsigned cap = t->cap ? t->cap * 2 : 16;
        struct capture_item *grown = realloc(t->items, cap * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        t->items = grown;
        t->cap = cap;
    }
    c = &t->items[t->n];
    *c = (struct capture_item){.seq = item->seq, .target_seq = item->target_seq, .n = item->xml.n};
    c->kind = item->item ? item->item->kind : ITEM_EVENT;
    if (!(c->xml = strndup(item->xml.p, item->xml.n)))
        return -ENOMEM;
    t->n++;
    t->base.sent++;
    if (item->seq > t->base.taken)
        t->base.taken = item->seq;
    return 0;
}

static int
capture_settle(struct target *target, int wait_ms, uint64_t *safe)
{
    struct target_capture *t = (struct target_capture *) target;
    int result = 0;

    (void) wait_ms;
    if (t->flush_failures) {
        t->flush_failures--;
        while (t->n > t->good) {
            free(t->items[--t->n].xml);
            t->base.sent--;
        }
        t->base.taken = t->safe;
        snprintf(t->base.error, sizeof t->base.error, "told to fail");
        result = t->flush_result;
    }
    t->safe = t->base.taken;
    while (t->good < t->n)
        t->items[t->good++].flushed = true;
    *safe = t->safe;
    return result;
}

static void
capture_close(struct target *target)
{
    struct target_capture *t = (struct target_capture *) target;

    if (!t)
        return;
    while (t->n > 0)
        free(t->items[--t->n].xml);
    free(t->items);
    free(t);
}

const struct capture_item *
target_capture_items(const struct target *target, unsigned *n)
{
    const struct target_capture *t = (const struct target_capture *) target;

    *n = t->n;
    return t->items;
}

void
target_capture_fail_send(struct target *target, unsigned times, int result)
{
    struct target_capture *t = (struct target_capture *) target;

    t->send_failures = times;
    t->send_result = result;
}

void
target_capture_fail_flush(struct target *target, unsigned times, int result)
{
    struct target_capture *t = (struct target_capture *) target;

    t->flush_failures = times;
    t->flush_result = result;
}

const struct target_class target_capture_class = {
    .type = "capture",
    .open = capture_open,
    .send = capture_send,
    .settle = capture_settle,
    .close = capture_close,
};
