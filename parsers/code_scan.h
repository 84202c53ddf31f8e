/* SPDX-License-Identifier: BSD-2-Clause
 *
 * code_scan.h - the Win32 code that a text shows, in every spelling that SMS
 * and Configuration Manager write, and none of the numbers that look alike. */
#ifndef PARSERS_CODE_SCAN_H
#define PARSERS_CODE_SCAN_H

#include <stdint.h>

#include "parsers/str.h"

/* Strings one of which any text with a code holds: for the prefilter. */
extern const char *const code_scan_triggers[]; /* NULL at the end */

/* HRESULTs of other facilities than Win32 that a text shows: the first few, in its
 * order.  What is not in the catalogue may be any number of that size. */
enum { CODE_HRESULTS = 4 };
struct code_hresults {
    unsigned n;
    uint32_t value[CODE_HRESULTS];
};

/* True and '*code' set when 'text' shows a Win32 code.  An HRESULT of facility
 * Win32 counts with its low half; others are put into 'others' (may be NULL). */
bool code_scan(struct str text, uint32_t *code, struct code_hresults *others);

#endif
