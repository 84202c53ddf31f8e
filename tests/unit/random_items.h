/* SPDX-License-Identifier: BSD-2-Clause
 *
 * random_items.h - random events, alarms and notices for tests of what carries items. */
#ifndef TESTS_UNIT_RANDOM_ITEMS_H
#define TESTS_UNIT_RANDOM_ITEMS_H

#include "parsers/arena.h"
#include "parsers/event.h"

uint64_t random_below(uint64_t n);
struct item random_event(struct arena *);
struct item random_alarm(struct arena *);
struct item random_notice(struct arena *);
void same_item(const struct item *x, const struct item *y);

#endif
