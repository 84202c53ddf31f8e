/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sources.h - the configured sources as open streams. */
#ifndef FORWARDER_SOURCES_H
#define FORWARDER_SOURCES_H

#include "forwarder/config.h"
#include "forwarder/journal.h"
#include "forwarder/merge.h"

/* Opens every file that a source's pattern matches, where it was left.
 * Returns how many could not be read; each was logged. */
unsigned sources_open(const struct config *, struct journal *, struct merge *);

#endif
