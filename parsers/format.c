/* SPDX-License-Identifier: BSD-2-Clause
 *
 * format.c - the table of all input formats and how one is chosen.  To add a
 * format: its vtable in format.h, one line here. */
#include "build.h"

#include "parsers/format.h"

const struct format *const format_table[] = {
    &sms_log_format,
    &bracket_log_format,
    &event_xml_format,
    &evtx_format,
    &viewer_text_format,
    &nt_trap_format,
    &relay_line_format,
    &evt_format,
    NULL,
};

/* The format called 'name' (as in the configuration), or NULL. */
const struct format *
format_find(struct str name)
{
    for (size_t i = 0; format_table[i]; i++)
        if (str_eq(str_z(format_table[i]->name), name))
            return format_table[i];
    return NULL;
}

/* The format that the first bytes of a file fit best; of equals the first in
 * the table, so that the answer never depends on anything else. */
const struct format *
format_probe(struct str head)
{
    const struct format *best = NULL;
    int best_score = 0;

    for (size_t i = 0; format_table[i]; i++) {
        int score = format_table[i]->probe(head);

        if (score > best_score) {
            best_score = score;
            best = format_table[i];
        }
    }
    return best;
}
