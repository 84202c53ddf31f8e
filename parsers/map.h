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
/* The number under which map_at() has 'key'; map_count() when it is not there. */
unsigned map_index(const struct map *, struct str key);

/* The same order again after a restart: into an empty map each entry under the
 * number it had, in any order, then map_settle().  False: a number or key
 * twice, or too many; of map_settle(): a number left out.  The map can then
 * only be walked by map_at() (values NULL where none was placed) and freed. */
bool map_place(struct map *, struct str key, void *value, unsigned i);
bool map_settle(struct map *);

#endif
