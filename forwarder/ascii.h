/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ascii.h - texts for receivers that know ASCII only.  Used by target_snmp.c,
 * one for each target, in its thread. */
#ifndef FORWARDER_ASCII_H
#define FORWARDER_ASCII_H

#include "forwarder/target_snmp_pdu.h"

struct ascii;
struct ascii *ascii_new(void); /* NULL when ICU has no such transliteration, or memory ends */
void ascii_free(struct ascii *); /* NULL-safe */

/* 'text' (UTF-8) in ASCII, in at most 'cap' bytes without a NUL: letters of all
 * scripts by ICU's transliteration to Latin and from there to ASCII, what is left
 * as '?'.  Bytes that no encoding explains (U+EF00 to U+EFFF) stay as they are, and
 * so do control characters: text_show() has signs for both.  Returns the length. */
size_t ascii_text(struct ascii *, struct str text, char *out, size_t cap);

/* Makes the texts of a message ASCII.  Keys are not transliterated, or two alarms
 * could become one: each of their other bytes shows as <XX>, with a hash where that is
 * too long.  The message borrows
 * the ascii until it is encoded or the next one is made. */
void ascii_message(struct ascii *, struct snmp_message *);

#endif
