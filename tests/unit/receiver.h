/* SPDX-License-Identifier: BSD-2-Clause
 *
 * receiver.h - the far end of a worker, for check_worker.c: a kind of target
 * that keeps all it was ever given, over all openings, says how much of it is
 * safe, and breaks when it is told to. */
#ifndef TESTS_UNIT_RECEIVER_H
#define TESTS_UNIT_RECEIVER_H

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/target.h"

struct received {
    uint64_t wire, target_seq;
    enum item_kind kind;
    char id[EVENT_ID_SIZE];
    char key[200];          /* alarms */
    enum alarm_state state; /* alarms */
    struct notice_item notice;
    char *xml;
    bool safe;
};

/* One for the whole test program; the worker's thread and the test's share it. */
static struct {
    pthread_mutex_t lock;
    struct received *item;
    unsigned n, cap;
    unsigned opened, closed;
    unsigned first;      /* of the present opening */
    uint64_t safe;       /* wire seq reported */
    /* how it behaves */
    unsigned refuse;     /* openings that fail */
    unsigned lag;        /* newest items that stay unsafe until told otherwise */
    unsigned room;       /* unsafe items it takes, 0 any number */
    unsigned break_in;   /* sends until one fails, 0 none */
    bool forget;         /* what is not safe is lost when it breaks or closes */
} receiver = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
receiver_reset(void)
{
    pthread_mutex_lock(&receiver.lock);
    for (unsigned i = 0; i < receiver.n; i++)
        free(receiver.item[i].xml);
    free(receiver.item);
    receiver.item = NULL;
    receiver.n = receiver.cap = receiver.opened = receiver.closed = receiver.first = 0;
    receiver.safe = 0;
    receiver.refuse = receiver.lag = receiver.room = receiver.break_in = 0;
    receiver.forget = false;
    pthread_mutex_unlock(&receiver.lock);
}

/* Sets one thing while the worker runs. */
#define RECEIVER(field, value) \
    do { \
        pthread_mutex_lock(&receiver.lock); \
        receiver.field = (value); \
        pthread_mutex_unlock(&receiver.lock); \
    } while (0)

static unsigned
receiver_count(void)
{
    unsigned n;

    pthread_mutex_lock(&receiver.lock);
    n = receiver.n;
    pthread_mutex_unlock(&receiver.lock);
    return n;
}

static struct target *
receiver_begin(const struct config *config, const struct config_target *tc, char *err, size_t errlen)
{
    struct target *t = NULL;

    pthread_mutex_lock(&receiver.lock);
    if (receiver.refuse) {
        receiver.refuse--;
        snprintf(err, errlen, "told to refuse");
    } else if ((t = calloc(1, sizeof *t)) != NULL) {
        t->config = config;
        t->tc = tc;
        receiver.opened++;
        receiver.first = receiver.n;
        receiver.safe = 0;
    }
    pthread_mutex_unlock(&receiver.lock);
    return t;
}

/* Under the lock. */
static void
receiver_lose(void)
{
    while (receiver.forget && receiver.n > receiver.first && !receiver.item[receiver.n - 1].safe)
        free(receiver.item[--receiver.n].xml);
    receiver.first = receiver.n;
}

static void
receiver_keep(const struct target_item *it)
{
    struct received *r;

    if (receiver.n == receiver.cap) {
        receiver.cap = receiver.cap ? receiver.cap * 2 : 256;
        receiver.item = realloc(receiver.item, receiver.cap * sizeof *receiver.item);
        if (!receiver.item)
            abort();
    }
    r = &receiver.item[receiver.n++];
    *r = (struct received){.wire = it->seq, .target_seq = it->target_seq, .kind = it->item->kind};
    r->xml = strndup(it->xml.p, it->xml.n);
    switch (it->item->kind) {
    case ITEM_EVENT:
        memcpy(r->id, it->item->event->id, sizeof r->id);
        break;
    case ITEM_ALARM:
        memcpy(r->id, it->item->alarm->id, sizeof r->id);
        snprintf(r->key, sizeof r->key, "%.*s", STR_ARG(it->item->alarm->key));
        r->state = it->item->alarm->state;
        break;
    case ITEM_NOTICE:
        memcpy(r->id, it->item->notice->id, sizeof r->id);
        r->notice = *it->item->notice;
        r->notice.text = STR_NONE;
        break;
    }
}

static unsigned
receiver_unsafe(void)
{
    unsigned n = 0;

    while (n < receiver.n - receiver.first && !receiver.item[receiver.n - 1 - n].safe)
        n++;
    return n;
}

static int
receiver_send(struct target *t, const struct target_item *it)
{
    int r = 0;

    pthread_mutex_lock(&receiver.lock);
    if (receiver.break_in && --receiver.break_in == 0) {
        snprintf(t->error, sizeof t->error, "told to break");
        r = -EPIPE;
        receiver_lose();
    } else if (receiver.room && receiver_unsafe() >= receiver.room) {
        r = -EAGAIN;
    } else {
        receiver_keep(it);
        if (it->seq > t->taken)
            t->taken = it->seq;
    }
    pthread_mutex_unlock(&receiver.lock);
    return r;
}

static int
receiver_settle(struct target *t, int wait_ms, uint64_t *safe)
{
    bool waiting;

    (void) t;
    pthread_mutex_lock(&receiver.lock);
    for (unsigned i = receiver.first; i + receiver.lag < receiver.n; i++) {
        receiver.item[i].safe = true;
        if (receiver.item[i].wire > receiver.safe)
            receiver.safe = receiver.item[i].wire;
    }
    *safe = receiver.safe;
    waiting = wait_ms && receiver_unsafe();
    pthread_mutex_unlock(&receiver.lock);
    if (waiting)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return 0;
}

static void
receiver_end(struct target *t)
{
    pthread_mutex_lock(&receiver.lock);
    receiver.closed++;
    receiver_lose();
    pthread_mutex_unlock(&receiver.lock);
    free(t);
}

static const struct target_class receiver_class = {
    .type = "receiver",
    .open = receiver_begin,
    .send = receiver_send,
    .settle = receiver_settle,
    .close = receiver_end,
};

#endif
