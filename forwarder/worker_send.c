/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_send.c - one item out: what the filter says of it, its number, the
 * target's send(), and what is noted until it is safe.  Also what goes out
 * between items: clears that go again, what a storm kept back, signs of life.
 * Called by worker.c in the worker's thread. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"
#include "forwarder/worker_parts.h"
#include "parsers/alarm.h"

enum { ROOM_MS = 20 };

/* Of several addresses the one that takes items is worth knowing: a backup that does
 * hides that the preferred one is away. */
void
worker_note_address(struct worker *w)
{
    unsigned at = w->target->address, n = w->tc->n_addresses;
    char name[DIAL_NAME_SIZE];

    /* Only this thread writes it. */
    if (at == w->proven || at >= n)
        return;
    pthread_mutex_lock(&w->lock);
    w->proven = at;
    pthread_mutex_unlock(&w->lock);
    dial_name(&w->tc->addresses[at], name, sizeof name);
    log_limited(&w->log, at ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "target '%s': %s %s, %u of its %u addresses", w->tc->name,
                at ? "a backup takes its items:" : "back at", name, at + 1, n);
}

/* Acknowledgements above the cursor are to be saved, too, and soon where the next
 * message of an alarm waits for that. */
static void
tell_acked(struct worker *w)
{
    uint64_t overflow = acked_overflow(w->acked);

    if (acked_changed(w->acked))
        worker_dirty(w, w->settled);
    if (acked_is_waited_for(w->acked) && w->shared.soon)
        w->shared.soon(w->shared.arg);
    if (overflow == w->overflow)
        return;
    log_limited(&w->log, LOG_LEVEL_WARN, "target '%s': %" PRIu64 " acknowledgements before one that is missing are more"
                " than can be kept: after a loss or a kill they go again", w->tc->name, overflow - w->overflow);
    w->overflow = overflow;
}

int
worker_settle(struct worker *w, int wait_ms)
{
    uint64_t safe = 0;
    bool moved, asked = w->target->in_flight;
    int r = w->cls->settle(w->target, wait_ms, &safe);

    w->settled = clock_monotonic();
    if (safe > w->safe)
        w->safe = safe;
    pthread_mutex_lock(&w->lock);
    moved = told_safe(w->told, safe);
    w->open_keys = told_open(w->told);
    w->truncated = w->truncated_before + w->target->truncated;
    w->retries = w->retries_before + w->target->retries;
    w->refusals = w->refusals_before + w->target->refusals;
    w->in_flight = w->target->in_flight;
    pthread_mutex_unlock(&w->lock);
    /* Also where all that was acknowledged is a sign of life. */
    if (moved || (asked && !r && !w->target->in_flight))
        worker_note_address(w);
    if (moved) {
        w->progress = true;
        worker_dirty(w, w->settled);
    }
    if (w->acked)
        tell_acked(w);
    return r;
}

/* What was sent up to 'seq' is given up, safe or not. */
static void
give_up(struct worker *w, uint64_t seq)
{
    unsigned before;

    pthread_mutex_lock(&w->lock);
    before = told_unsafe(w->told);
    told_give_up(w->told, seq);
    w->given_up += before - told_unsafe(w->told);
    w->dropped += before - told_unsafe(w->told);
    if (!w->stopping && w->drop_to == seq && told_cursor(w->told).seq >= seq)
        atomic_store_explicit(&w->attention, false, memory_order_release);
    pthread_mutex_unlock(&w->lock);
    worker_dirty(w, clock_monotonic());
}

int
worker_attend(struct worker *w)
{
    uint64_t drop_to;
    bool stopping;

    if (!atomic_load_explicit(&w->attention, memory_order_acquire))
        return 0;
    pthread_mutex_lock(&w->lock);
    stopping = w->stopping;
    drop_to = w->drop_to;
    pthread_mutex_unlock(&w->lock);
    if (stopping || drop_to > told_seq(w->told))
        return -ECANCELED;
    give_up(w, drop_to);
    return 0;
}

int
worker_hand(struct worker *w, const struct item *item, struct str xml, uint64_t wire, uint64_t target_seq)
{
    struct target_item out = {.seq = wire, .target_seq = target_seq, .journal_seq = w->passing, .item = item, .xml = xml};
    int r;

    for (;;) {
        out.now_ns = clock_utc();
        out.uptime_ns = clock_monotonic() - w->shared.started;
        r = w->cls->send(w->target, &out);
        if (r != -EAGAIN)
            break;
        r = worker_settle(w, ROOM_MS);
        if (r || (r = worker_attend(w)) != 0)
            return r;
        worker_tell(w, w->settled); /* a receiver that is slow makes this long */
    }
    if (!r && wire > w->wire)
        w->wire = wire;
    return r;
}

/* The receiver has it, though the cursor is not there yet. */
static bool
is_acked(struct worker *w, const struct item *item)
{
    return item->kind == ITEM_ALARM && w->acked && acked_has(w->acked, item->alarm->id);
}

/* The same as the item of alarm 'state' that it is to this target; nothing, when the
 * receiver had acknowledged it before the last loss. */
static int
hand_as(struct worker *w, const struct item *item, struct str xml, enum alarm_state state, uint64_t target_seq)
{
    struct alarm_item as;
    struct item changed = {.kind = ITEM_ALARM, .alarm = &as};

    if (is_acked(w, item))
        return 0;
    if (item->kind != ITEM_ALARM || item->alarm->state == state)
        return worker_hand(w, item, xml, w->wire + 1, target_seq);
    as = *item->alarm;
    as.state = state;
    xml_buf_clear(&w->xml);
    item_xml_write(&w->xml, &changed);
    if (w->xml.failed)
        return -ENOMEM;
    return worker_hand(w, &changed, str_make(w->xml.p, w->xml.n), w->wire + 1, target_seq);
}

/* 'wire': as it was before the item.  What was sent and has not moved it had been
 * acknowledged before. */
static void
pass(struct worker *w, const struct worker_item *it, uint64_t wire, bool sent, bool folded)
{
    struct told_pass p = {.seq = it->seq, .wire = w->wire, .arrival = it->arrival, .sent = sent && w->wire > wire,
                          .acked = sent && w->wire == wire, .folded = folded};
    bool noted, stopping;

    do {
        pthread_mutex_lock(&w->lock);
        noted = told_pass(w->told, &p);
        stopping = w->stopping;
        w->sent += noted && p.sent;
        if (noted && !p.sent && told_unsafe(w->told) == 0)
            told_safe(w->told, 0);
        pthread_mutex_unlock(&w->lock);
        /* Memory has ended: what went out must be noted before anything else. */
        if (!noted)
            feed_wait(w->shared.feed, UINT64_MAX, ROOM_MS, &w->kicks);
    } while (!noted && !stopping);
}

/* --- what was kept ---------------------------------------------------------------- */

struct kept_key {
    uint64_t seq;
    size_t n;
    char key[ALARM_KEY_MAX + 1];
};

struct kept {
    struct str storm; /* key of the storm alarm, absent: all */
    struct kept_key *item;
    unsigned n, cap;
    bool failed;
};

static void
list_kept(void *arg, struct str key, const struct told_key *k)
{
    struct kept *l = arg;
    char storm[ALARM_KEY_MAX + 1];

    if (key.n > ALARM_KEY_MAX
        || (str_has(l->storm) && !str_eq(alarm_key(storm, "self", STR("STORM"), str_z(k->storm)), l->storm)))
        return;
    if (l->n == l->cap) {
        unsigned cap = l->cap ? l->cap * 2 : 64;
        struct kept_key *grown = realloc(l->item, cap * sizeof *grown);

        if (!grown) {
            l->failed = true;
            return;
        }
        l->item = grown;
        l->cap = cap;
    }
    l->item[l->n].seq = k->seq;
    l->item[l->n].n = key.n;
    memcpy(l->item[l->n++].key, key.p, key.n);
}

static int
compare_kept(const void *pa, const void *pb)
{
    const struct kept_key *a = pa, *b = pb;

    return (a->seq > b->seq) - (a->seq < b->seq);
}

/* Kept items in the journal's order, so that they get the same numbers each time. */
static int
collect(struct worker *w, enum told_held held, struct kept *l)
{
    told_each(w->told, held, list_kept, l);
    if (l->failed)
        return -ENOMEM;
    if (l->n)
        qsort(l->item, l->n, sizeof *l->item, compare_kept);
    return 0;
}

/* Out of its copy again.  -EBADMSG when that cannot be read, which is logged. */
static int
read_kept(struct worker *w, struct str key, const struct told_key *k, struct item *item)
{
    enum perr e;

    arena_reset(w->held);
    e = item_xml_read(w->held, str_make(k->xml, k->n), item);
    if (e == PERR_NOMEM)
        return -ENOMEM;
    if (e == PERR_OK && item->kind == ITEM_ALARM)
        return 0;
    log_limited(&w->log, LOG_LEVEL_ERROR, "target '%s': what was kept of alarm %.*s: %s; left out", w->tc->name,
                STR_ARG(key), perr_text(e));
    return -EBADMSG;
}

/* A storm is over: what it stood for and is still open goes out singly. */
static int
release(struct worker *w, struct str storm)
{
    struct kept l = {.storm = storm};
    int r = collect(w, TOLD_FOLDED, &l);

    for (unsigned i = 0; !r && i < l.n; i++) {
        struct str key = str_make(l.item[i].key, l.item[i].n);
        const struct told_key *k = told_get(w->told, key), plain = {.told = true};
        struct item item;
        struct worker_item it = {.item = &item};
        enum alarm_state state;
        uint64_t number;

        if (!k)
            continue;
        r = read_kept(w, key, k, &item);
        if (r == -EBADMSG) {
            told_set(w->told, key, k->told ? &plain : NULL, STR_NONE);
            r = 0;
            continue;
        }
        if (r)
            break;
        state = k->told ? ALARM_UPDATED : ALARM_RAISED;
        it.seq = k->seq;
        number = told_number(w->told);
        r = hand_as(w, &item, str_make(k->xml, k->n), state, number);
        if (!r)
            worker_filter_sent(&w->filter, &it, state, number, clock_monotonic());
        if (!r)
            r = worker_attend(w);
    }
    free(l.item);
    return r;
}

/* One item that goes out, with all that goes out because of it. */
static int
send_whole(struct worker *w, const struct worker_item *it, enum alarm_state state)
{
    uint64_t number = told_number(w->told);
    struct str storm;
    int r = hand_as(w, it->item, it->xml, state, number);

    if (r)
        return r;
    worker_filter_sent(&w->filter, it, state, number, clock_monotonic());
    if (it->item->kind != ITEM_ALARM || state != ALARM_CLEARED)
        return 0;
    storm = worker_filter_storm(it->item->alarm->key);
    return str_has(storm) ? release(w, it->item->alarm->key) : 0;
}

/* Whether one more can be noted, as sent and as acknowledged.  Where no note has room, what
 * is under way or the next save makes some; what neither can help goes one at a time. */
static bool
has_room(struct worker *w)
{
    return told_room(w->told)
           && (!w->acked || acked_room(w->acked) || (!told_unsafe(w->told) && !acked_changed(w->acked)));
}

int
worker_send(struct worker *w, const struct worker_item *it)
{
    uint64_t wire = w->wire;
    enum alarm_state state;
    bool sent = false, folded = false;
    int r = 0;

    atomic_store_explicit(&w->waiting, it->arrival, memory_order_relaxed);
    w->passing = it->seq;
    while (!has_room(w)) {
        if ((r = worker_settle(w, ROOM_MS)) != 0 || (r = worker_attend(w)) != 0)
            return r;
        worker_tell(w, w->settled);
        if (w->acked && !told_unsafe(w->told))
            acked_wait(w->acked, ROOM_MS);
    }
    switch (worker_filter_item(&w->filter, it->item, it->history, &state)) {
    case WORKER_PASS:
        break;
    case WORKER_FOLD:
        folded = worker_filter_fold(&w->filter, it);
        sent = !folded;
        break;
    case WORKER_SEND:
        sent = true;
        break;
    }
    if (sent)
        r = send_whole(w, it, state);
    if (!r)
        pass(w, it, wire, sent, folded);
    return r;
}

int
worker_send_owed(struct worker *w)
{
    struct kept l = {0};
    struct worker_item it = {.seq = told_seq(w->told)};
    uint64_t wire = w->wire;
    int r = collect(w, TOLD_OWED, &l);

    w->passing = it.seq;
    for (unsigned i = 0; !r && i < l.n; i++) {
        struct str key = str_make(l.item[i].key, l.item[i].n);
        const struct told_key *k = told_get(w->told, key);
        struct item item;
        struct worker_item one = {.item = &item};

        r = k ? read_kept(w, key, k, &item) : -EBADMSG;
        if (r == -EBADMSG) {
            told_set(w->told, key, NULL, STR_NONE);
            r = 0;
            continue;
        }
        if (r)
            break;
        one.seq = k->seq;
        one.xml = str_make(k->xml, k->n);
        r = send_whole(w, &one, ALARM_CLEARED);
    }
    if (!r && l.n)
        pass(w, &it, wire, w->wire > wire, false);
    free(l.item);
    return r;
}

/* --- what goes by the clock --------------------------------------------------------- */

static int
send_again(struct worker *w, int64_t now)
{
    const struct told_key *k;
    struct str key;
    int r = 0;

    while (!r && (k = told_due(w->told, now, &key)) != NULL) {
        struct item item;
        int kept = read_kept(w, key, k, &item);
        bool last = k->step > 0 || kept == -EBADMSG;

        if (kept == -ENOMEM)
            break; /* in a second */
        if (!kept)
            r = worker_hand(w, &item, str_make(k->xml, k->n), w->wire, k->target_seq);
        if (r)
            break;
        pthread_mutex_lock(&w->lock);
        told_went(w->told, key, k->due + (WORKER_AGAIN_LAST_S - WORKER_AGAIN_FIRST_S) * WORKER_S, last ? 0 : 1);
        pthread_mutex_unlock(&w->lock);
        worker_dirty(w, now);
        r = worker_attend(w);
    }
    return r;
}

static int
send_heartbeat(struct worker *w)
{
    struct notice_item n = {.kind = NOTICE_HEARTBEAT};
    struct item item = {.kind = ITEM_NOTICE, .notice = &n};
    char text[200];

    n.read = w->shared.records_read ? w->shared.records_read(w->shared.arg) : 0;
    pthread_mutex_lock(&w->lock);
    n.delivered = told_totals(w->told)->items - w->given_up;
    n.folded = told_totals(w->told)->folded;
    n.dropped = w->dropped;
    pthread_mutex_unlock(&w->lock);
    n.last_seq = told_last_number(w->told);
    n.open_count = told_open(w->told);
    if (n.open_count && !told_digest(w->told, n.open_digest))
        return 0; /* the next one */
    n.when = (struct when){.utc = clock_utc(), .utc_known = true, .fraction = 3};
    snprintf(text, sizeof text, "Alive: %" PRIu64 " records read, %" PRIu64 " items delivered, %u alarm%s open", n.read,
             n.delivered, n.open_count, n.open_count == 1 ? "" : "s");
    n.text = str_z(text);
    xml_buf_clear(&w->xml);
    item_xml_write(&w->xml, &item);
    if (w->xml.failed)
        return 0;
    return worker_hand(w, &item, str_make(w->xml.p, w->xml.n), w->wire, n.last_seq);
}

int
worker_send_due(struct worker *w, int64_t now)
{
    int r = 0;

    if (now >= w->heartbeat) {
        w->heartbeat = now + (int64_t) w->tc->heartbeat_ms * WORKER_MS;
        r = send_heartbeat(w);
    }
    if (!r && now >= w->again) {
        w->again = now + WORKER_S;
        r = send_again(w, now);
    }
    return r;
}

/* --- giving up ------------------------------------------------------------------------ */

bool
worker_read_row(struct worker *w, const struct journal_row *row, bool brief, struct item *item)
{
    struct event *ev;
    enum perr e;

    arena_reset(w->arena);
    if (brief && row->kind == ITEM_EVENT && row->id.n < EVENT_ID_SIZE
        && (ev = arena_zalloc(w->arena, sizeof *ev)) != NULL) {
        memcpy(ev->id, row->id.p, row->id.n);
        ev->cls = row->cls;
        ev->severity = row->severity;
        *item = (struct item){.kind = ITEM_EVENT, .event = ev};
        return true;
    }
    e = item_xml_read(w->arena, row->xml, item);
    if (e == PERR_OK) {
        w->starved = 0;
        return true;
    }
    if (e == PERR_NOMEM && ++w->starved < WORKER_STARVED)
        return false; /* not the row's fault: again, after a while */
    w->starved = 0;
    log_limited(&w->log, LOG_LEVEL_ERROR, "target '%s': item %" PRIu64 " of the journal: %s; left out", w->tc->name,
                row->seq, perr_text(e));
    pthread_mutex_lock(&w->lock);
    w->skipped++;
    pthread_mutex_unlock(&w->lock);
    return false;
}

/* One item that will not be sent.  What needs no sending is done all the same; what
 * the receiver has is not given up. */
static void
drop_one(struct worker *w, const struct worker_item *it)
{
    enum alarm_state state;
    enum worker_verdict v = worker_filter_item(&w->filter, it->item, it->history, &state);
    bool folded = v == WORKER_FOLD && worker_filter_fold(&w->filter, it);

    if (v == WORKER_SEND && is_acked(w, it->item) && !str_has(worker_filter_storm(it->item->alarm->key))) {
        worker_filter_sent(&w->filter, it, state, told_number(w->told), clock_monotonic());
        pass(w, it, w->wire, true, false);
        return;
    }
    if (v != WORKER_PASS && !folded && worker_filter_give_up(&w->filter, it, state)) {
        told_number(w->told); /* the receiver sees the gap */
        pthread_mutex_lock(&w->lock);
        w->dropped++;
        pthread_mutex_unlock(&w->lock);
    }
    pass(w, it, w->wire, false, folded);
}

/* Rows up to 'seq', read for what they would have been.  -ECANCELED: stopped
 * on the way, what is left is not given up. */
static int
drop_rows(struct worker *w, uint64_t seq)
{
    struct journal_reader *reader = journal_reader_open(w->shared.journal, told_seq(w->told));
    struct journal_row row;
    bool stopping = false;
    unsigned n = 0;
    int got = 0;

    if (!reader)
        return -EIO;
    while (!stopping && (got = journal_reader_next(reader, &row)) == 1 && row.seq <= seq) {
        struct item item;
        struct worker_item it = {.item = &item, .xml = row.xml, .seq = row.seq, .arrival = row.arrival_ns,
                                 .history = row.history};

        if (worker_read_row(w, &row, true, &item))
            drop_one(w, &it);
        if (++n % 1024 == 0) {
            int64_t now = clock_monotonic();

            worker_dirty(w, now);
            worker_tell(w, now);
            pthread_mutex_lock(&w->lock);
            stopping = w->stopping;
            pthread_mutex_unlock(&w->lock);
        }
    }
    journal_reader_close(reader);
    return stopping ? -ECANCELED : got < 0 ? got : 0;
}

void
worker_drop_items(struct worker *w, uint64_t seq)
{
    struct worker_item rest = {.seq = seq};
    int r;

    give_up(w, seq);
    if (told_seq(w->told) >= seq)
        return;
    pthread_mutex_lock(&w->lock);
    told_rewind(w->told);
    pthread_mutex_unlock(&w->lock);
    r = drop_rows(w, seq);
    if (r == -ECANCELED)
        return;
    if (r < 0 && told_seq(w->told) < seq) {
        uint64_t n = seq - told_seq(w->told);

        log_limited(&w->log, LOG_LEVEL_ERROR, "target '%s': %" PRIu64 " items that are given up cannot be read"
                    " any more: counted without a look", w->tc->name, n);
        for (uint64_t i = 0; i < n; i++)
            told_number(w->told);
        pthread_mutex_lock(&w->lock);
        w->dropped += n;
        pthread_mutex_unlock(&w->lock);
    }
    if (told_seq(w->told) < seq)
        pass(w, &rest, w->wire, false, false);
    w->owed = true;
    give_up(w, seq);
}
