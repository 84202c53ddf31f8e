/* SPDX-License-Identifier: BSD-2-Clause
 *
 * near.h - "did you mean": how far a word is from another, case aside. */
#ifndef FORWARDER_NEAR_H
#define FORWARDER_NEAR_H

#include <stdbool.h>

/* Edits (insert, delete, replace, swap of neighbours) from 'pattern' to 'name';
 * a '*' in the pattern stands for anything at no cost, a '?' for any one. Words
 * over 255 bytes are as far as their length. */
unsigned near_distance(const char *pattern, const char *name);
/* Near enough to ask about: at most a third of the letters differ (one of three,
 * two of four), or 'name' begins with 'pattern'. */
bool near_enough(const char *pattern, const char *name);

#endif
