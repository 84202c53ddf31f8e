/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair_proof.c - the failed copies that may prove a report: the newest
 * PAIR_FAILURES_MAX of each host, PAIR_FAILURES_ALL in all.  They are found by
 * package and by target, and saved in pages of PAIR_PAGE. */
#include "build.h"

#include "parsers/pair_state.h"

#include <stdlib.h>

void
proof_init(struct pair_table *t)
{
    t->pages.kind = "fail";
    t->zones.kind = "zone";
    for (unsigned i = 0; i < PAIR_FAILURES_ALL / PAIR_PAGE; i++)
        t->page[i].id = i;
    for (unsigned i = 0; i < PAIR_CLOCKS_MAX; i++)
        t->zone[i].id = i;
}

void
proof_fini(struct pair_table *t)
{
    for (unsigned i = 0; i < t->n_slots; i++)
        free(t->slot[i]);
    for (unsigned i = 0; t->hosts && i < map_count(t->hosts); i++)
        free(map_at(t->hosts, i));
    map_free(t->hosts);
    parts_fini(&t->pages);
    parts_fini(&t->zones);
}

unsigned
proof_bucket(struct str package)
{
    uint64_t h = alarm_hash(package);

    return (unsigned) (h ^ h >> 32) % PAIR_BUCKETS;
}

static void
list_add(struct proof_list *l, enum pair_list which, struct proof *p)
{
    p->link[which] = (struct proof_link){.older = l->newest};
    *(l->newest ? &l->newest->link[which].newer : &l->oldest) = p;
    l->newest = p;
    l->n++;
}

static void
list_drop(struct proof_list *l, enum pair_list which, struct proof *p)
{
    struct proof_link *k = &p->link[which];

    *(k->older ? &k->older->link[which].newer : &l->oldest) = k->newer;
    *(k->newer ? &k->newer->link[which].older : &l->newest) = k->older;
    *k = (struct proof_link){0};
    l->n--;
}

static struct str
host_key(char out[64], struct str host)
{
    size_t n = host.n < 64 ? host.n : 64;

    for (size_t i = 0; i < n; i++)
        out[i] = str_upper_char(host.p[i]);
    return str_make(out, n);
}

/* The list of the host of 'p', made where there is none; NULL: no memory. */
static struct proof_list *
host_list(struct pair_table *t, const struct proof *p)
{
    char text[64];
    struct str key = host_key(text, p->host);
    struct proof_list *l = map_get(t->hosts, key);

    if (l)
        return l;
    l = calloc(1, sizeof *l);
    if (l && !map_put(t->hosts, key, l)) {
        free(l);
        return NULL;
    }
    return l;
}

static struct proof_list *
target_list(struct pair_table *t, const struct proof *p)
{
    return &t->by_target[(p->target_hash ^ p->target_hash >> 32) % PAIR_BUCKETS];
}

static void
forget(struct pair_table *t, struct proof *p)
{
    struct proof_list *host = host_list(t, p);
    char text[64];

    list_drop(&t->by_package[proof_bucket(p->package)], PAIR_BY_PACKAGE, p);
    if (!p->ok_known)
        list_drop(target_list(t, p), PAIR_BY_TARGET, p);
    list_drop(&t->by_age, PAIR_BY_AGE, p);
    list_drop(host, PAIR_BY_HOST, p);
    if (host->n == 0)
        free(map_take(t->hosts, host_key(text, p->host)));
    proof_changed(t, p);
    t->slot[p->slot] = NULL;
    t->free_slot[t->n_free++] = p->slot;
    if (t->newest == p)
        t->newest = NULL;
    free(p);
}

static struct str
put_str(char **at, struct str s)
{
    struct str out = {s.p ? *at : NULL, s.n};

    if (s.n)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return out;
}

struct proof *
proof_keep(const struct proof *from)
{
    size_t n = from->host.n + from->package.n + from->server.n + from->target.n + from->share.n + from->file.n
               + from->symbol.n + from->signature.n;
    struct proof *p = malloc(sizeof *p + n + 1);
    char *at;

    if (!p)
        return NULL;
    at = (char *) (p + 1);
    *p = *from;
    p->host = put_str(&at, from->host);
    p->package = put_str(&at, from->package);
    p->server = put_str(&at, from->server);
    p->target = put_str(&at, from->target);
    p->share = put_str(&at, from->share);
    p->file = put_str(&at, from->file);
    p->symbol = put_str(&at, from->symbol);
    p->signature = put_str(&at, from->signature);
    return p;
}

/* Whether a report may still come, or wait, that 'old' could prove when 'p' is
 * the newest: what was before that is forgotten without loss. */
static bool
still_wanted(const struct proof *old, const struct proof *p)
{
    int64_t apart = p->t > old->t ? p->t - old->t : old->t - p->t;

    return apart <= (p->clock || old->clock ? PAIR_UNKNOWN_WINDOW : PAIR_PATIENCE + PAIR_WINDOW);
}

bool
proof_add(struct pair_table *t, struct proof *p, bool any_slot)
{
    struct proof_list *host = host_list(t, p);

    if (!host)
        return false;
    if (host->n >= PAIR_FAILURES_MAX || t->by_age.n >= PAIR_FAILURES_ALL) {
        bool full = host->n >= PAIR_FAILURES_MAX;

        struct proof *old = full ? host->oldest : t->by_age.oldest;

        t->counters.forgotten++;
        t->counters.missed += still_wanted(old, p);
        forget(t, old);
        /* The list may have gone with its last proof. */
        host = host_list(t, p);
        if (!host)
            return false;
    }
    if (any_slot)
        p->slot = t->n_free ? t->free_slot[--t->n_free] : t->n_slots++;
    t->slot[p->slot] = p;
    list_add(&t->by_package[proof_bucket(p->package)], PAIR_BY_PACKAGE, p);
    if (!p->ok_known)
        list_add(target_list(t, p), PAIR_BY_TARGET, p);
    list_add(&t->by_age, PAIR_BY_AGE, p);
    list_add(host, PAIR_BY_HOST, p);
    return true;
}

bool
pair_failure(struct pair_table *t, const struct event *ev, const struct moment *at, uint64_t run, struct str server)
{
    struct proof p = {.serial = t->serial + 1, .run = run, .t = at->t, .clock = at->clock, .win32 = ev->f.win32,
                      .cls = (uint8_t) ev->cls, .severity = (uint8_t) ev->severity, .tagged = ev->f.tagged,
                      .win32_known = ev->f.win32_known, .host = ev->f.host, .package = ev->f.package,
                      .server = server, .target = ev->f.target, .share = ev->f.share, .file = ev->f.file,
                      .symbol = ev->f.symbol, .signature = ev->f.signature};
    struct proof *kept;

    t->newest = NULL;
    if (!str_has(ev->f.package) || !at->known)
        return true;
    memcpy(p.id, ev->id, sizeof p.id);
    p.target_hash = alarm_hash(ev->f.target);
    kept = proof_keep(&p);
    if (!kept || !proof_add(t, kept, true)) {
        free(kept);
        return false;
    }
    t->serial++;
    t->newest = kept;
    proof_changed(t, kept);
    return true;
}

void
pair_copied(struct pair_table *t, const struct event *ev, const struct moment *at, struct str server)
{
    struct proof probe = {.target_hash = alarm_hash(ev->f.target)}, *newer;
    struct proof_list *l = target_list(t, &probe);

    if (!str_has(ev->f.package) || !at->known)
        return;
    for (struct proof *p = l->oldest; p; p = newer) {
        newer = p->link[PAIR_BY_TARGET].newer;
        if (p->target_hash != probe.target_hash || p->clock != at->clock || p->t > at->t
            || !str_case_eq(p->package, ev->f.package) || !str_case_eq(p->target, ev->f.target)
            || !host_same(p->server, server))
            continue;
        list_drop(l, PAIR_BY_TARGET, p);
        p->ok_known = true;
        p->ok = at->t;
        proof_changed(t, p);
    }
}
