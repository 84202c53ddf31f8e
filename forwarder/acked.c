/* SPDX-License-Identifier: BSD-2-Clause
 *
 * acked.c - see the header.  Called by informs.c (note, settled), worker_send.c
 * (has, room) and worker.c (all that is about the journal).  Entries stand in the
 * order in which they came; two small tables of chains find them by id and by
 * key, and are made anew when entries leave. */
#include "build.h"

#include "forwarder/acked.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "parsers/keep.h"

enum { HEADS = 16384, NONE = UINT16_MAX, BLOB_FIRST = 'a' };
static const char blob_kind[] = "acked";

struct entry {
    uint64_t seq, number, key, id;
    uint64_t ticket; /* counts what was noted */
    uint16_t next_by_id, next_by_key;
};

struct acked {
    pthread_mutex_t lock;
    int fd;
    struct entry one[ACKED_MAX];
    unsigned n;
    uint16_t by_id[HEADS], by_key[HEADS];
    uint64_t newest, saving, durable; /* tickets: noted, in the transaction, on disk */
    struct journal_cursor at;         /* of the transaction */
    unsigned stored, storing;         /* entries in the blob: on disk, in the transaction */
    uint64_t asked;                   /* the newest ticket when a save was asked for */
    bool wanted, listening;
    uint64_t saves, overflow;
    struct journal_cursor beyond; /* where the cursor must be for the newest that was not noted */
    struct journal_cursor done;   /* where it is, on disk */
};

/* The id, which is a hash, with its halves one over the other: enough. */
static uint64_t
fold(const char *id)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 32 && id[i]; i++)
        v = (v << 4 | v >> 60) ^ (uint64_t) (id[i] <= '9' ? id[i] - '0' : (id[i] | 0x20) - 'a' + 10);
    return v;
}

static bool
has_passed(const struct journal_cursor *at, uint64_t seq, uint64_t number)
{
    return at->seq >= seq && at->target_seq >= number;
}

/* --- entries; under the lock ------------------------------------------------------- */

static unsigned
head(uint64_t id)
{
    return (unsigned) ((id ^ id >> 32) % HEADS);
}

static void
chain(struct acked *a, unsigned i)
{
    struct entry *e = &a->one[i];

    e->next_by_id = a->by_id[head(e->id)];
    a->by_id[head(e->id)] = (uint16_t) i;
    e->next_by_key = a->by_key[e->key % HEADS];
    a->by_key[e->key % HEADS] = (uint16_t) i;
}

static void
chain_all(struct acked *a)
{
    memset(a->by_id, 0xff, sizeof a->by_id);
    memset(a->by_key, 0xff, sizeof a->by_key);
    for (unsigned i = 0; i < a->n; i++)
        chain(a, i);
}

static bool
is_there(const struct acked *a, uint64_t id)
{
    for (uint16_t i = a->by_id[head(id)]; i != NONE; i = a->one[i].next_by_id)
        if (a->one[i].id == id)
            return true;
    return false;
}

static bool
add(struct acked *a, const struct entry *e)
{
    if (a->n == ACKED_MAX)
        return false;
    a->one[a->n] = *e;
    chain(a, a->n++);
    return true;
}

/* What the cursor says by itself leaves. */
static void
leave(struct acked *a, const struct journal_cursor *at)
{
    unsigned n = 0;

    for (unsigned i = 0; i < a->n; i++)
        if (!has_passed(at, a->one[i].seq, a->one[i].number))
            a->one[n++] = a->one[i];
    if (n == a->n)
        return;
    a->n = n;
    chain_all(a);
}

/* --- the thread of the target ------------------------------------------------------ */

struct acked *
acked_new(void)
{
    struct acked *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (a->fd < 0) {
        free(a);
        return NULL;
    }
    pthread_mutex_init(&a->lock, NULL);
    chain_all(a);
    return a;
}

void
acked_free(struct acked *a)
{
    if (!a)
        return;
    close(a->fd);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

void
acked_note(struct acked *a, const struct acked_item *item)
{
    struct entry e = {.seq = item->seq, .number = item->number, .key = item->key, .id = fold(item->id)};

    pthread_mutex_lock(&a->lock);
    if (!is_there(a, e.id)) {
        e.ticket = a->newest + 1;
        if (add(a, &e)) {
            a->newest++;
        } else {
            a->overflow++;
            if (e.seq > a->beyond.seq)
                a->beyond.seq = e.seq;
            if (e.number > a->beyond.target_seq)
                a->beyond.target_seq = e.number;
        }
    }
    pthread_mutex_unlock(&a->lock);
}

bool
acked_has(struct acked *a, const char *id)
{
    bool has;

    pthread_mutex_lock(&a->lock);
    has = a->n && is_there(a, fold(id));
    pthread_mutex_unlock(&a->lock);
    return has;
}

/* Somebody waits until what is noted now is on disk. */
static void
want(struct acked *a)
{
    a->listening = true;
    a->wanted = a->wanted || a->newest > a->asked;
}

bool
acked_settled(struct acked *a, uint64_t key)
{
    bool settled = true;

    pthread_mutex_lock(&a->lock);
    for (uint16_t i = a->by_key[key % HEADS]; settled && i != NONE; i = a->one[i].next_by_key)
        settled = a->one[i].key != key || a->one[i].ticket <= a->durable;
    if (!settled)
        want(a);
    pthread_mutex_unlock(&a->lock);
    return settled;
}

bool
acked_room(struct acked *a)
{
    bool room;

    pthread_mutex_lock(&a->lock);
    room = a->n < ACKED_MAX - ACKED_ROOM && has_passed(&a->done, a->beyond.seq, a->beyond.target_seq);
    if (!room || a->newest - a->durable > ACKED_MANY)
        want(a);
    pthread_mutex_unlock(&a->lock);
    return room;
}

bool
acked_is_waited_for(struct acked *a)
{
    bool wanted;

    pthread_mutex_lock(&a->lock);
    wanted = a->wanted;
    a->wanted = false;
    if (wanted)
        a->asked = a->newest;
    pthread_mutex_unlock(&a->lock);
    return wanted;
}

uint64_t
acked_overflow(struct acked *a)
{
    uint64_t n;

    pthread_mutex_lock(&a->lock);
    n = a->overflow;
    pthread_mutex_unlock(&a->lock);
    return n;
}

int
acked_fd(const struct acked *a)
{
    return a->fd;
}

void
acked_heard(struct acked *a)
{
    uint64_t count;

    if (read(a->fd, &count, sizeof count) < 0)
        return; /* it was not readable */
}

void
acked_wait(struct acked *a, int wait_ms)
{
    struct pollfd saved = {.fd = a->fd, .events = POLLIN};

    if (poll(&saved, 1, wait_ms) > 0)
        acked_heard(a);
}

uint64_t
acked_saves(struct acked *a)
{
    uint64_t n;

    pthread_mutex_lock(&a->lock);
    n = a->saves;
    pthread_mutex_unlock(&a->lock);
    return n;
}

/* --- the engine's thread ----------------------------------------------------------- */

bool
acked_changed(struct acked *a)
{
    bool changed;

    pthread_mutex_lock(&a->lock);
    changed = a->newest != a->durable;
    pthread_mutex_unlock(&a->lock);
    return changed;
}

/* The entries above 'at'; their keys are of no more interest once they are on disk. */
static unsigned
put_all(const struct acked *a, struct keep_out *o, const struct journal_cursor *at)
{
    unsigned n = 0;

    keep_put_u64(o, BLOB_FIRST);
    for (unsigned i = 0; i < a->n; i++) {
        const struct entry *e = &a->one[i];

        if (has_passed(at, e->seq, e->number))
            continue;
        keep_put_u64(o, e->seq);
        keep_put_u64(o, e->number);
        keep_put_u64(o, e->id);
        n++;
    }
    return n;
}

int
acked_save(struct acked *a, struct journal *j, const char *target, const struct journal_cursor *at)
{
    struct keep_out o = {0};
    uint64_t before;
    int r = 0;

    pthread_mutex_lock(&a->lock);
    before = a->durable;
    a->saving = a->newest;
    a->at = *at;
    a->storing = put_all(a, &o, at);
    pthread_mutex_unlock(&a->lock);
    if (o.failed)
        r = -ENOMEM;
    else if (a->storing && a->saving == before)
        a->storing = a->stored; /* nothing is new, and what has left does no harm */
    else if (a->storing || a->stored)
        r = journal_put(j, blob_kind, target, a->storing ? o.p : NULL, o.n);
    free(o.p);
    return r;
}

void
acked_saved(struct acked *a)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&a->lock);
    a->durable = a->saving;
    a->stored = a->storing;
    a->done = a->at;
    a->saves++;
    leave(a, &a->done);
    /* It fails when it has been said 2^64 times and nobody listened. */
    if (a->listening && write(a->fd, &one, sizeof one) > 0)
        a->listening = false;
    pthread_mutex_unlock(&a->lock);
}

/* What the blob says that the cursor does not; what it cannot say goes again. */
int
acked_restore(struct acked *a, struct journal *j, const char *target, const struct journal_cursor *at)
{
    uint64_t last = journal_last_seq(j);
    struct keep_in in = {0};
    size_t n = 0;
    void *p = NULL;
    int r = journal_get(j, blob_kind, target, &p, &n);

    a->done = a->at = *at;
    if (r)
        return r == -ENOENT ? 0 : r;
    in = (struct keep_in){.p = p, .end = (const uint8_t *) p + n};
    a->stored = a->storing = 1;
    if (keep_get_u64(&in) != BLOB_FIRST)
        in.failed = true;
    while (!in.failed && in.p < in.end) {
        struct entry e = {.seq = keep_get_u64(&in)};

        e.number = keep_get_u64(&in);
        e.id = keep_get_u64(&in);
        if (!in.failed && e.seq <= last && !has_passed(at, e.seq, e.number) && !add(a, &e))
            break;
    }
    free(p);
    return 0;
}

int
acked_forget(struct journal *j, const char *target)
{
    return journal_put(j, blob_kind, target, NULL, 0);
}
