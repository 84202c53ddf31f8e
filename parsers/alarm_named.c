/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_named.c - alarms that end because a record says so: its signature names
 * the signatures and sequences whose failures it ends (clears="..." of the
 * catalogue).  Called by correlate.c after the record was sent. */
#include "build.h"

#include "parsers/alarm_state.h"

static bool
differ(struct str a, struct str b)
{
    return a.n && b.n && !str_case_eq(a, b);
}

static bool
hosts_differ(struct str a, struct str b)
{
    return a.n && b.n && !host_same(a, b);
}

static struct str
path_of(const struct facts *f)
{
    return str_has(f->target) ? f->target : f->file;
}

/* True when 'f' speaks of what 'a' is about: the package where it has one, else
 * the file, else the component; and never of another place. */
static bool
same_thing(const struct alarm *a, const struct facts *f)
{
    const struct facts *own = a->f;

    if (differ(own->package, f->package) || hosts_differ(own->host, f->host) || hosts_differ(own->server, f->server))
        return false;
    if (str_starts(a->key, STR("dist:")))
        return own->package.n && f->package.n;
    if (str_starts(a->key, STR("file:")) && path_of(f).n)
        return str_case_eq(path_of(own), path_of(f));
    return own->component.n && str_case_eq(own->component, f->component);
}

void
alarm_clear_named(struct alarm_table *t, struct call *c, const struct event *ev)
{
    for (unsigned i = 0; i < map_count(t->open); i++) {
        struct alarm *a = map_at(t->open, i);

        if (a->cls == CLASS_SELF || moment_before(&c->at, &a->last)
            || !catalogue_clears(t->cat, ev->f.signature, a->f->signature) || !same_thing(a, &ev->f))
            continue;
        alarm_clear(t, c, a, "over, as its log says", false);
        i--;
    }
}
