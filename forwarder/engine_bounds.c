/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_bounds.c - a bound that was reached as an alarm of our own: what a flood
 * made the correlator or the count of storms let go is not let go in silence.  Called by engine_watch.c. */
#include "build.h"

#include "forwarder/bounds.h"
#include "forwarder/engine_parts.h"
#include "parsers/when.h"

#define BOUNDS_QUIET WHEN_HOUR

int
engine_watch_bounds(struct engine *e)
{
    struct bound b[BOUNDS];
    int64_t now = engine_now(e);
    int r = 0;

    bounds_list(e->p.correlate, e->storms, b);
    for (int i = 0; !r && i < BOUNDS; i++) {
        struct engine_bound *was = &e->bounds[i];

        /* One that an earlier run of the program raised gets its hour of quiet too. */
        if (was->at == 0)
            was->at = now;
        if (b[i].count > was->count) {
            was->count = b[i].count;
            was->at = now;
            r = engine_self(e, "BOUND", b[i].name, true, SEVERITY_WARNING,
                            "Look for the host or the component that floods its log.", "%s: more than %d at once",
                            b[i].cost, b[i].limit);
        } else if (now - was->at >= BOUNDS_QUIET) {
            was->at = now;
            r = engine_self(e, "BOUND", b[i].name, false, SEVERITY_INFO, "",
                            "no more than %d %s at once for an hour", b[i].limit, b[i].name);
        }
    }
    return r;
}
