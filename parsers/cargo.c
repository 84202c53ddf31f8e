/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cargo.c - which alarms end because a package is where it was missing. */
#include "build.h"

#include "parsers/cargo.h"

void
cargo_stored(struct alarm_table *t, struct call *c, const struct event *ev)
{
    for (unsigned i = 0; str_has(ev->f.package) && i < alarm_open_count(t); i++) {
        struct alarm *a = alarm_at(t, i);

        if (!str_starts(a->key, STR("dist:")) || !str_case_eq(a->f->package, ev->f.package)
            || (str_has(a->f->host) && ev->f.host.n && !host_same(a->f->host, ev->f.host))
            || moment_before(&c->at, &a->last))
            continue;
        alarm_clear(t, c, a, "package stored", false);
        i--;
    }
}

/* True when the run 'r' of 'host' has brought what 'a' is about to where it
 * was missing.  A run whose lines name servers speaks for those alone. */
static bool
run_mends(const struct run *r, const struct alarm *a, struct str host)
{
    struct str server = str_has(a->f->server) ? a->f->server : a->f->host;
    bool carried = false, named = false, there = false;

    for (unsigned i = 0; i < r->n_cargo; i++) {
        const struct run_cargo *cargo = &r->cargo[i];

        if (!str_case_eq(str_z(cargo->package), a->f->package))
            continue;
        if (cargo->failed && (cargo->server[0] == '\0' || server.n == 0 || host_same(str_z(cargo->server), server)))
            return false;
        carried = true;
        named = named || cargo->server[0];
        there = there || (cargo->server[0] && host_same(str_z(cargo->server), server));
    }
    if (named)
        return there || server.n == 0;
    /* Without a word of where it was brought, that was the host's own directory. */
    return carried && (a->f->host.n == 0 || host.n == 0 || host_same(a->f->host, host))
           && (server.n == 0 || host.n == 0 || host_same(server, host));
}

void
cargo_brought(struct alarm_table *t, const struct run_table *runs, struct call *c, const struct event *ev,
              const struct run *r)
{
    struct run_span span;
    bool spanned = run_span(runs, r->id, &span), brought = false;

    for (unsigned i = 0; i < r->n_cargo; i++)
        brought = brought || !r->cargo[i].failed;
    if (r->crowded || !brought)
        return;
    for (unsigned i = 0; i < alarm_open_count(t); i++) {
        struct alarm *a = alarm_at(t, i);
        /* A failure reported during the run is one that it did not mend. */
        bool during = spanned && a->last.known && span.clock == a->last.clock && a->last.t > span.start;

        if (!str_starts(a->key, STR("dist:")) || during || moment_before(&c->at, &a->last) || !run_mends(r, a, ev->f.host))
            continue;
        alarm_clear(t, c, a, "package installed", false);
        i--;
    }
}
