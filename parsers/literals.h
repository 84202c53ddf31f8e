/* SPDX-License-Identifier: BSD-2-Clause
 *
 * literals.h - which of many fixed strings a text holds, in one pass.
 *
 * Case is folded (ASCII), and any run of white space, line ends and '~' counts
 * as one blank, in the literals and in the text.  A set never changes once it
 * is made; threads share it. */
#ifndef PARSERS_LITERALS_H
#define PARSERS_LITERALS_H

#include <stdint.h>

#include "parsers/str.h"

struct literals;

enum {
    LITERAL_RUN = 4,       /* each must hold a run of this many without a blank */
    LITERAL_MAX = 200,     /* bytes of one */
    LITERALS_MAX = 20000   /* in one set */
};

/* A new, empty set; NULL when memory ends. */
struct literals *literals_new(void);
void literals_free(struct literals *);
/* Adds 's'; equal literals share a number.  The number, or -1 with '*why' set
 * to a sentence's end ("has no run of ..."). */
int literals_add(struct literals *, struct str s, const char **why);
/* Says that a text without literal 'number' may still mean something (the
 * signature needs another one, too): literals_idle() does not look for it. */
void literals_secondary(struct literals *, unsigned number, bool secondary);
/* How rare the literal's rarest part is in ordinary texts; smaller is rarer. */
unsigned literals_commonness(const struct literals *, unsigned number);
/* Builds the automaton; nothing can be added after it.  False without memory
 * or when the set is too large. */
bool literals_build(struct literals *);
/* The literal as it is compared: folded. */
struct str literals_text(const struct literals *, unsigned number);
/* How many numbers there are. */
size_t literals_count(const struct literals *);

/* True when none of the literals (but secondary ones) is in 'text'.  About
 * half a nanosecond a byte where nothing resembles one. */
bool literals_idle(const struct literals *, struct str text);
/* Calls 'hit' for each literal that ends somewhere in 'text', once for each
 * place (so the same number can come again). */
void literals_scan(const struct literals *, struct str text, void (*hit)(void *, unsigned number), void *);

#endif
