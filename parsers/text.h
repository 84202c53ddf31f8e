/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.h - bytes of any encoding to the UTF-8 that XML 1.0 can hold.
 *
 * Escape: a byte XX that XML 1.0 cannot hold, or that no known encoding
 * explains, becomes the character U+EF00+XX; an input character U+EF00..U+EFFF
 * is itself escaped byte by byte, so the escape can always be undone. */
#ifndef PARSERS_TEXT_H
#define PARSERS_TEXT_H

#include "parsers/arena.h"
#include "parsers/event.h"

/* A code page of ICU (option code-page), or NULL for the rule: valid UTF-8 is
 * UTF-8, anything else is CP1252 as a whole. */
struct text_codepage;
struct text_codepage *text_codepage_open(const char *name); /* NULL: unknown */
void text_codepage_close(struct text_codepage *);
/* For streams decoded by text_utf16(): UTF-8 whose escapes pass as they are. */
struct text_codepage *text_codepage_decoded(void);

/* 'raw' (8-bit) as clean UTF-8 with line ends CR LF, CR, LF all as one LF.
 * Borrows 'raw' itself when nothing has to change.  At most 'max' bytes, cut
 * at a character boundary, '*cut' then true.  p NULL only when memory ends. */
struct str text_clean(struct arena *, struct text_codepage *, struct str raw, size_t max, bool *cut);

/* How a file's bytes become the 8-bit stream that formats frame. */
enum text_encoding { TEXT_8BIT, TEXT_UTF16LE, TEXT_UTF16BE };
/* Decides from the first bytes of a file ('n' at least 4 unless it is shorter):
 * a BOM, or the NULs of plain text.  '*bom' is its length in bytes. */
enum text_encoding text_detect(const uint8_t *p, size_t n, size_t *bom);
/* Decodes whole UTF-16 units of 'in' to UTF-8, escaping what is not a
 * character; '*used' bytes were taken (a lone half stays unless 'final').
 * 'out' must hold 6 * n + 6 bytes.  Returns bytes written. */
size_t text_utf16(enum text_encoding, const uint8_t *in, size_t n, bool final, size_t *used, char *out);
/* Bytes of the source that the decoded 'p' of 'n' bytes stands for. */
uint64_t text_source_length(enum text_encoding, const char *p, size_t n);

/* For screens, syslog and SNMP: U+EF00+XX shown as <XX>; C0, DEL, C1, U+2028
 * and U+2029 likewise by their UTF-8 bytes.  Writes at most 'cap' - 1 bytes
 * and a NUL, cut at a character boundary; returns the length written. */
size_t text_show(struct str s, char *out, size_t cap);

#endif
