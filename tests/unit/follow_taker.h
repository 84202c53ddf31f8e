/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_taker.h - a taker for a follow, as the engine is one: keeps for each
 * log the bytes that came and the place after those it consumed. */
#ifndef TESTS_UNIT_FOLLOW_TAKER_H
#define TESTS_UNIT_FOLLOW_TAKER_H

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/follow.h"

enum { TAKER_LOGS = 6000 };

struct taken {
    char path[512];
    char *bytes;
    size_t n, cap;
    bool known, open, idle, more, gone, final;
    struct place place;
    uint64_t offset; /* of the next byte expected of the present file */
    char head[PLACE_HEAD];
    unsigned head_n;
    char tail[PLACE_TAIL];
    unsigned tail_n, files, finals, losts, resumes;
    char lost[512];
};

struct taker {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct taken *log[TAKER_LOGS];
    unsigned n;
    unsigned seen, trouble[FOLLOW_TROUBLES], well[FOLLOW_TROUBLES];
    char text[512];
    bool keep;   /* chunks are not returned but kept in 'held' */
    bool forget; /* bytes are counted only */
    bool read_once; /* the source is a drop folder */
    char *format;   /* of the source; NULL: auto */
    void (*mark)(const struct taken *, struct place_mark *); /* the source has marks: after what came */
    unsigned forgotten;
    struct follow_chunk *held;
    unsigned n_held;
    size_t held_bytes, held_most;
    uint64_t bytes;
    struct follow *follow;
    struct config_source source;
};

static inline struct taken *
taker_log(struct taker *t, const char *path)
{
    for (unsigned i = 0; i < t->n; i++)
        if (strcmp(t->log[i]->path, path) == 0)
            return t->log[i];
    return NULL;
}

static inline void
taker_bytes(struct taken *g, const char *p, size_t n)
{
    char both[2 * PLACE_TAIL];
    size_t keep;

    if (g->n + n > g->cap) {
        g->cap = (g->n + n) * 2;
        ck_assert_ptr_nonnull(g->bytes = realloc(g->bytes, g->cap));
    }
    memcpy(g->bytes + g->n, p, n);
    g->n += n;
    for (size_t i = 0; i < n && g->offset + i < PLACE_HEAD; i++)
        if (g->offset + i == g->head_n)
            g->head[g->head_n++] = p[i];
    if (n >= PLACE_TAIL) {
        memcpy(g->tail, p + n - PLACE_TAIL, PLACE_TAIL);
        g->tail_n = PLACE_TAIL;
    } else {
        memcpy(both, g->tail, g->tail_n);
        memcpy(both + g->tail_n, p, n);
        keep = g->tail_n + n > PLACE_TAIL ? PLACE_TAIL : g->tail_n + n;
        memcpy(g->tail, both + g->tail_n + n - keep, keep);
        g->tail_n = (unsigned) keep;
    }
    g->offset += n;
}

static inline void
taker_done(struct taken *g)
{
    if (g->head_n == 0)
        return;
    if (g->place.n_done < PLACE_DONE)
        g->place.n_done++;
    memmove(g->place.done[1], g->place.done[0], (g->place.n_done - 1) * sizeof g->place.done[0]);
    place_hash(g->head, g->head_n, g->place.done[0]);
}

/* What the protocol of follow.h demands is checked here. */
static inline void
taker_take(struct taker *t, struct follow_chunk *c)
{
    struct taken *g = c->log ? c->log->taker : NULL;

    if (c->log && !g) {
        g = taker_log(t, c->log->path);
        if (!g) {
            ck_assert_uint_lt(t->n, TAKER_LOGS);
            g = t->log[t->n++] = calloc(1, sizeof *g);
            snprintf(g->path, sizeof g->path, "%s", c->log->path);
        }
        c->log->taker = g;
        g->gone = false;
    }
    ck_assert(!g || !g->gone);
    switch (c->what) {
    case FOLLOW_FILE:
        ck_assert_msg(!g->open, "%s: a file begins before the last is final", g->path);
        if (g->final)
            taker_done(g);
        if (c->place.n_done || g->place.n_done == 0)
            g->place = c->place;
        else {
            struct place old = g->place;

            g->place = c->place;
            g->place.n_done = old.n_done;
            memcpy(g->place.done, old.done, sizeof old.done);
        }
        g->offset = c->place.offset;
        g->head_n = 0;
        ck_assert_uint_le(c->n, FOLLOW_LOOK);
        ck_assert(c->n > 0 || c->place.once || t->mark);
        while (g->head_n < c->n && g->head_n < PLACE_HEAD) {
            g->head[g->head_n] = c->bytes[g->head_n];
            g->head_n++;
        }
        ck_assert_uint_eq(c->n_before, c->place.offset < PLACE_TAIL ? c->place.offset : PLACE_TAIL);
        memcpy(g->tail, c->before, c->n_before);
        g->tail_n = (unsigned) c->n_before;
        ck_assert(c->resumed || c->place.offset == 0);
        g->open = true;
        g->known = true;
        g->idle = g->final = false;
        g->files++;
        g->resumes += c->resumed;
        break;
    case FOLLOW_BYTES:
        ck_assert(g->open);
        ck_assert_uint_eq(c->offset, g->offset);
        ck_assert_uint_gt(c->n, 0);
        g->idle = false;
        if (t->forget)
            g->offset += c->n;
        else
            taker_bytes(g, c->bytes, c->n);
        t->bytes += c->n;
        break;
    case FOLLOW_FINAL:
        ck_assert(g->open);
        g->open = false;
        g->final = true;
        g->finals++;
        if (g->place.once) {
            g->place.n_runs = c->place.n_runs;
            memcpy(g->place.run, c->place.run, sizeof g->place.run);
        }
        break;
    case FOLLOW_IDLE:
        ck_assert_msg(!g->idle || g->more != c->more, "%s: idle twice", g->path);
        g->more = c->more;
        g->idle = true;
        break;
    case FOLLOW_LOST:
        g->losts++;
        snprintf(g->lost, sizeof g->lost, "%s", c->text);
        break;
    case FOLLOW_GONE:
        g->gone = true;
        g->open = false;
        break;
    case FOLLOW_SEEN:
        t->seen++;
        break;
    case FOLLOW_TROUBLE:
        t->trouble[c->kind]++;
        snprintf(t->text, sizeof t->text, "%s", c->text);
        break;
    case FOLLOW_WELL:
        t->well[c->kind]++;
        break;
    case FOLLOW_FORGET:
        g = taker_log(t, c->bytes);
        ck_assert(g && c->n == strlen(g->path) + 1);
        g->known = false;
        t->forgotten++;
        break;
    }
}

static inline void
taker_post(void *arg, struct follow_chunk *c)
{
    struct taker *t = arg;

    pthread_mutex_lock(&t->lock);
    if (t->keep) {
        t->n_held++;
        t->held_bytes += c->n;
        if (t->held_bytes > t->held_most)
            t->held_most = t->held_bytes;
        c->next = NULL;
        for (struct follow_chunk **p = &t->held;; p = &(*p)->next)
            if (!*p) {
                *p = c;
                break;
            }
        c = NULL;
    } else
        taker_take(t, c);
    pthread_cond_broadcast(&t->cond);
    pthread_mutex_unlock(&t->lock);
    if (c)
        follow_return(c);
}

static inline void
taker_release(struct taker *t)
{
    struct follow_chunk *c, *next;

    pthread_mutex_lock(&t->lock);
    t->keep = false;
    c = t->held;
    t->held = NULL;
    t->n_held = 0;
    t->held_bytes = 0;
    for (struct follow_chunk *p = c; p; p = p->next)
        taker_take(t, p);
    pthread_cond_broadcast(&t->cond);
    pthread_mutex_unlock(&t->lock);
    for (; c; c = next) {
        next = c->next;
        follow_return(c);
    }
}

static inline bool
taker_place(void *arg, const char *path, struct place *out)
{
    struct taker *t = arg;
    struct taken *g;
    bool known;

    pthread_mutex_lock(&t->lock);
    g = taker_log(t, path);
    known = g && g->known;
    if (known) {
        *out = g->place;
        out->offset = g->offset;
        out->head_n = g->head_n;
        if (t->mark)
            t->mark(g, &out->mark);
        place_hash(g->head, g->head_n, out->head);
        place_hash(g->tail, g->tail_n, out->tail);
        out->finished = g->final;
    }
    pthread_mutex_unlock(&t->lock);
    return known;
}

static inline void
taker_places(void *arg, void (*each)(void *to, const char *path, const struct place *), void *to)
{
    struct taker *t = arg;
    struct place at;

    for (unsigned i = 0; i < t->n; i++)
        if (taker_place(t, t->log[i]->path, &at))
            each(to, t->log[i]->path, &at);
}

static inline void
taker_init(struct taker *t)
{
    memset(t, 0, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->cond, NULL);
}

static inline void
taker_start(struct taker *t, char *pattern, unsigned poll_ms, bool once, size_t budget)
{
    static char any[] = "auto";
    struct follow_taker taker = {.post = taker_post, .place = taker_place, .places = taker_places, .arg = t, .once = once,
                                 .budget = budget};

    t->source = (struct config_source){.name = pattern, .path = pattern, .format = t->format ? t->format : any,
                                         .poll_ms = poll_ms, .read_once = t->read_once};
    t->seen = 0;
    for (unsigned i = 0; i < t->n; i++)
        t->log[i]->open = t->log[i]->idle = t->log[i]->gone = false;
    ck_assert_ptr_nonnull(t->follow = follow_start(&t->source, &taker));
}

static inline void
taker_stop(struct taker *t)
{
    follow_stop(t->follow);
    taker_release(t);
    ck_assert(follow_join(t->follow, 10000));
    t->follow = NULL;
}

static inline void
taker_fini(struct taker *t)
{
    for (unsigned i = 0; i < t->n; i++) {
        free(t->log[i]->bytes);
        free(t->log[i]);
    }
    pthread_cond_destroy(&t->cond);
    pthread_mutex_destroy(&t->lock);
}

/* Waits until 'COND' holds, looked at under the taker's lock. */
#define TAKER_WAIT(T, COND)                                                                              \
    do {                                                                                                 \
        int64_t until_ = clock_monotonic() + INT64_C(120000000000);                                      \
        struct timespec t_;                                                                              \
        pthread_mutex_lock(&(T)->lock);                                                                  \
        while (!(COND) && clock_monotonic() < until_) {                                                  \
            clock_gettime(CLOCK_MONOTONIC, &t_);                                                         \
            t_.tv_nsec += 50000000;                                                                      \
            if (t_.tv_nsec >= 1000000000) {                                                              \
                t_.tv_sec++;                                                                             \
                t_.tv_nsec -= 1000000000;                                                                \
            }                                                                                            \
            pthread_cond_clockwait(&(T)->cond, &(T)->lock, CLOCK_MONOTONIC, &t_);                        \
        }                                                                                                \
        ck_assert_msg((COND), "waited in vain for: %s", #COND);                                          \
        pthread_mutex_unlock(&(T)->lock);                                                                \
    } while (0)

#endif
