/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bounds.h - what a bound has cost, said once at the end of a run. */
#ifndef FORWARDER_BOUNDS_H
#define FORWARDER_BOUNDS_H

#include "parsers/catalogue.h"
#include "parsers/correlate.h"

/* Warns of every bound of the correlator that was reached, and of every pattern
 * that was given up; silent otherwise. */
void bounds_report(struct correlate *, const struct catalogue *, const struct catalogue_scratch *);

#endif
