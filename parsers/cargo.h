/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cargo.h - packages that have arrived: what a record or an instruction run
 * says was stored or installed ends the alarms that said it was missing
 * (design section 5, "Alarms").  Called by correlate.c and stall.c. */
#ifndef PARSERS_CARGO_H
#define PARSERS_CARGO_H

#include "parsers/alarm.h"
#include "parsers/run.h"

/* `Stored Package`, status 4400: the package of 'ev' is at its site. */
void cargo_stored(struct alarm_table *, struct call *, const struct event *ev);
/* 'ev' says that the run 'r' went well: what it brought is there. */
void cargo_brought(struct alarm_table *, const struct run_table *, struct call *, const struct event *ev,
                   const struct run *r);

#endif
