/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_view.h - a look into the journal while no daemon holds it: read-only,
 * without the lock, changes nothing and repairs nothing.  For `truecause
 * explain`. */
#ifndef FORWARDER_JOURNAL_VIEW_H
#define FORWARDER_JOURNAL_VIEW_H

#include "forwarder/journal.h"

/* Only journal_reader_*() and journal_close() work with what it gives.  NULL
 * with errno and 'err' in words; -ENOENT when there is no journal in 'dir'. */
struct journal *journal_view(const char *dir, char *err, size_t errlen);

/* Calls 'each' for every target that has a place in the journal. */
int journal_view_cursors(struct journal *, void (*each)(void *arg, const char *target, uint64_t seq), void *arg);

#endif
