/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml_value.c - numbers, times and levels as Windows and its tools write
 * them into event XML.  Called by event_xml_read.c and event_xml.c; it knows no
 * elements. */
#include "build.h"

#include "parsers/event_xml.h"

bool
event_xml_number(struct str s, uint64_t *out)
{
    bool negative = false;
    uint64_t v = 0;
    size_t i = 0;

    s = str_trim(s);
    if (s.n > 2 && s.p[0] == '0' && str_lower_char(s.p[1]) == 'x') {
        if (s.n > 18)
            return false;
        for (i = 2; i < s.n; i++) {
            if (str_hex_value(s.p[i]) < 0)
                return false;
            v = v << 4 | (uint64_t) str_hex_value(s.p[i]);
        }
        *out = v;
        return true;
    }
    if (s.n && s.p[0] == '-') {
        negative = true;
        s = str_skip(s, 1);
    }
    if (!s.n || s.n > 19)
        return false;
    for (; i < s.n; i++) {
        if (!str_is_digit(s.p[i]))
            return false;
        v = v * 10 + (uint64_t) (s.p[i] - '0');
    }
    if (negative && v > UINT64_C(0x80000000))
        return false;
    *out = negative ? (uint32_t) - (uint32_t) v : v;
    return true;
}

/* Windows pads its times to seven or nine digits of second; zeros at their end
 * say nothing, and "16:55:40Z" is what people and other logs show. */
static void
drop_padding(struct when *w)
{
    int64_t unit = WHEN_SECOND;

    for (unsigned i = 0; i < w->fraction; i++)
        unit /= 10;
    while (w->fraction && w->utc / unit % 10 == 0) {
        w->fraction--;
        unit *= 10;
    }
}

bool
event_xml_system_time(struct str s, struct when *out)
{
    struct when w = {0};

    if (!when_parse_iso(str_trim(s), &w))
        return false;
    if (!w.utc_known) {
        w.utc = w.local;
        w.utc_known = true;
        w.local_known = false;
    }
    drop_padding(&w);
    *out = w;
    return true;
}

bool
event_xml_raw_time(struct str s, struct when *out)
{
    const uint64_t first = UINT64_C(94354848000000000), last = UINT64_C(189024192000000000); /* 1900, 2200 */
    const int64_t epoch = INT64_C(116444736000000000);
    uint64_t v;

    if (!event_xml_number(s, &v))
        return event_xml_system_time(s, out);
    if (v < first || v >= last)
        return false;
    *out = (struct when){.utc_known = true, .utc = ((int64_t) v - epoch) * 100, .fraction = 7};
    drop_padding(out);
    return true;
}

unsigned
event_xml_level(struct str word)
{
    static const struct {
        struct str word;
        unsigned level;
    } levels[] = {
        {{"Critical", 8}, 1}, {{"Error", 5}, 2}, {{"Warning", 7}, 3}, {{"Information", 11}, 4}, {{"Verbose", 7}, 4},
    };

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (str_case_eq(word, levels[i].word))
            return levels[i].level;
    return 0;
}
