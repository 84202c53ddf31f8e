/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bounds.h - what a bound has cost, said once at the end of a run. */
#ifndef FORWARDER_BOUNDS_H
#define FORWARDER_BOUNDS_H

struct correlate;

/* Warns of every bound of the correlator that was reached; silent otherwise. */
void bounds_report(struct correlate *);

#endif
