/* SPDX-License-Identifier: BSD-2-Clause
 *
 * retry.c - what is said of "the instruction", completed by the run it is said
 * in, and what ends when that instruction is executed.  It keeps no state of
 * its own: runs are in run.c, alarms in alarm.c. */
#include "build.h"

#include "parsers/retry.h"

static bool
speaks_of_its_run(const struct event *ev)
{
    return !ev->log
           && (ev->fact == FACT_RETRY || ev->fact == FACT_RETRIES_EXHAUSTED || ev->fact == FACT_INSTRUCTION_FAILED);
}

bool
retry_is_of(const struct event *ev, const struct run *r)
{
    return !str_has(ev->f.instruction) || !r->instruction
           || str_case_eq(run_stem(ev->f.instruction), run_stem(str_z(r->instruction)));
}

/* The one package of the run, NULL for none or several.  '*server' is where it
 * failed, or else is brought to; absent where that is not one place. */
static const char *
only_package(const struct run *r, struct str *server)
{
    const char *package = r->n_cargo && !r->crowded ? r->cargo[0].package : NULL;
    const struct run_cargo *place = NULL;
    unsigned places = 0;

    for (unsigned i = 0; package && i < r->n_cargo; i++) {
        const struct run_cargo *cargo = &r->cargo[i];

        if (!str_case_eq(str_z(cargo->package), str_z(package)))
            return NULL;
        if (cargo->server[0] && (!place || cargo->failed >= place->failed)) {
            places = place && cargo->failed == place->failed ? places + 1 : 1;
            place = cargo;
        }
    }
    *server = places == 1 ? str_z(place->server) : STR_NONE;
    return package;
}

void
retry_complete(struct call *c, struct event *ev, const struct run *r)
{
    struct str server;
    const char *package;

    if (!speaks_of_its_run(ev) || !retry_is_of(ev, r))
        return;
    if (!str_has(ev->f.instruction) && r->instruction)
        ev->f.instruction = arena_copy(c->arena, str_z(r->instruction));
    if (ev->fact == FACT_INSTRUCTION_FAILED || str_has(ev->f.package))
        return;
    package = only_package(r, &server);
    if (!package)
        return;
    ev->f.package = arena_copy(c->arena, str_z(package));
    if (!str_has(ev->f.server) && server.n && !host_same(server, ev->f.host))
        ev->f.server = arena_copy(c->arena, server);
}

bool
retry_failed(const struct run *r)
{
    for (unsigned i = 0; i < r->n_cargo; i++)
        if (r->cargo[i].failed)
            return true;
    return false;
}

void
retry_used_up(struct alarm_table *t, struct call *c, const struct event *ev, const struct run *r)
{
    for (unsigned i = 0; !ev->log && retry_is_of(ev, r) && i < r->n_cargo; i++) {
        const struct run_cargo *cargo = &r->cargo[i];
        char key[ALARM_KEY_MAX + 1];
        struct failure_report report = {.cls = ev->cls, .severity = ev->severity, .f = &ev->f, .run = r->id};

        if (!cargo->failed)
            continue;
        report.key = alarm_key(key, "dist", str_z(cargo->server), str_z(cargo->package));
        if (alarm_find(t, report.key))
            alarm_fail(t, c, &report);
    }
}

void
retry_executed(struct alarm_table *t, struct call *c, const struct event *ev, const struct run *r)
{
    if (r->instruction)
        alarm_executed(t, c, ev->f.host, run_stem(str_z(r->instruction)));
}
