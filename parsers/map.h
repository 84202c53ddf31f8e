/* SPDX-License-Identifier: BSD-2-Clause
 *
 * map.h - a bounded map from strings to pointers.  Owns its keys, not the
 * values.  Iteration order is the order of insertion as long as nothing was
 * removed, and depends on nothing but the calls made: no seed, no address. */
#ifndef PARSERS_MAP_H
#define PARSERS_MAP_H

#include "parsers/str.h"

struct map;

struct map *map_new(unsigned max);
void map_free(struct map *); /* values are the caller's */
void *map_get(const struct map *, struct str key);
/* False when the map is full or memory ends; replaces an equal key's value. */
bool map_put(struct map *, struct str key, void *value);
void *map_take(struct map *, struct str key);
unsigned map_count(const struct map *);
/* Value number 'i' of map_count(); map_take() moves the last one into the gap. */
void *map_at(const struct map *, unsigned i);
struct str map_key_at(const struct map *, unsigned i);

#endif
