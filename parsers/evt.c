/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt.c - the format "evt": records of a binary event log (.evt of Windows NT
 * 3.x to 2003), out of the stream that evt_pack.h describes.  The ring itself
 * is read before (evt_ring.h); here a record is an EVENTLOGRECORD, whole.  The
 * message is in a DLL on Windows and in no file: what there is are the
 * insertion strings, from which diagnose.c knows SMS's own events. */
#include "build.h"

#include "parsers/evt_pack.h"
#include "parsers/format.h"

/* EVENTLOGRECORD, offsets of its members. */
enum {
    AT_NUMBER = 8,
    AT_GENERATED = 12,
    AT_WRITTEN = 16,
    AT_ID = 20,
    AT_TYPE = 24,
    AT_STRINGS = 26,
    AT_CATEGORY = 28,
    AT_STRING_OFFSET = 36,
    AT_SID_LENGTH = 40,
    AT_SID_OFFSET = 44,
    AT_DATA_LENGTH = 48,
    AT_DATA_OFFSET = 52,
};

/* --- framing --------------------------------------------------------------------- */

/* Bytes up to the next prefix, if these are none: nothing that was read from a
 * ring looks so. */
static enum format_next
next_foreign(const char *p, size_t n, bool final, struct format_span *out)
{
    size_t most = n < FORMAT_WINDOW ? n : FORMAT_WINDOW, at = 1;
    struct evt_pack pack;

    while (at + EVT_PACK_PREFIX <= most && !evt_pack_get(p + at, &pack))
        at += 1 + str_find_char(str_make(p + at + 1, most - at - 1), '\x8f');
    if (at + EVT_PACK_PREFIX > most) {
        if (!final && n < FORMAT_WINDOW)
            return FORMAT_MORE;
        at = most;
    }
    *out = (struct format_span){.length = at};
    return FORMAT_BAD;
}

static enum format_next
evt_next(void *state, const char *p, size_t n, bool final, struct format_span *out)
{
    struct evt_pack pack;
    const char *record = p + EVT_PACK_PREFIX;

    (void) state;
    if (n < EVT_PACK_PREFIX && !final)
        return FORMAT_MORE;
    if (n < EVT_PACK_PREFIX || !evt_pack_get(p, &pack))
        return next_foreign(p, n, final, out);
    if (n - EVT_PACK_PREFIX < pack.length) {
        if (!final)
            return FORMAT_MORE;
        *out = (struct format_span){.length = n};
        return FORMAT_BAD;
    }
    *out = (struct format_span){.skip = EVT_PACK_PREFIX,
                                .length = pack.length,
                                .one_line = true,
                                .placed = true,
                                .place = pack.offset};
    if (pack.kind == EVT_BAD)
        return FORMAT_BAD;
    out->number = evt_u32(record + AT_NUMBER);
    out->generated = evt_u32(record + AT_GENERATED);
    out->written = evt_u32(record + AT_WRITTEN);
    return FORMAT_RECORD;
}

/* --- strings ---------------------------------------------------------------------- */

/* Copies the UTF-16 string at 'p' as long as it is plain ASCII; true when its NUL
 * came, '*used' bytes then taken with it. */
static bool
take_plain(const char *p, size_t n, char *out, size_t *length, size_t *used)
{
    for (size_t i = 0; i + 2 <= n; i += 2) {
        uint16_t c = evt_u16(p + i);

        if (c == 0) {
            *length = i / 2;
            *used = i + 2;
            return true;
        }
        if (c < 0x20 || c >= 0x7f)
            return false;
        out[i / 2] = (char) c;
    }
    return false;
}

/* Bytes of the UTF-16 string at 'p' without its NUL, and '*used' with it; all of
 * 'n' when none comes. */
static size_t
find_nul(const char *p, size_t n, size_t *used)
{
    size_t i = 0;

    while (i + 2 <= n && evt_u16(p + i) != 0)
        i += 2;
    *used = i + 2 <= n ? i + 2 : n;
    return i;
}

/* The UTF-16 string at '*p' as clean UTF-8, taken off with its NUL; absent when
 * memory ends.  A half unit at the end stands for nothing. */
static struct str
take_string(struct arena *arena, const char **p, size_t *left)
{
    char *room = arena_alloc(arena, *left / 2 + 1);
    struct str s = STR_NONE;
    size_t used, length, n;
    bool cut;

    if (!room)
        return s;
    if (take_plain(*p, *left, room, &length, &used)) {
        s = str_make(room, length);
    } else {
        n = find_nul(*p, *left, &used);
        if (!(room = arena_alloc(arena, 6 * n + 6)))
            return s;
        length = text_utf16(TEXT_UTF16LE, (const uint8_t *) *p, n, true, &n, room);
        s = text_clean(arena, text_codepage_decoded(), str_make(room, length), 6 * length + 6, &cut);
    }
    *p += used;
    *left -= used;
    return s;
}

/* --- parsing ------------------------------------------------------------------------- */

/* S-1-AUTHORITY-SUB..., as Windows writes it; absent when 'p' is no SID. */
static struct str
sid_text(struct arena *arena, const char *p, size_t n)
{
    uint64_t authority = 0;
    unsigned subs;
    char *out;
    size_t k = 0;

    if (n < 8 || p[0] != 1)
        return STR_NONE;
    subs = (unsigned char) p[1];
    if (subs > 15 || n < 8 + 4 * (size_t) subs || !(out = arena_alloc(arena, 32 + 11 * (size_t) subs)))
        return STR_NONE;
    for (int i = 2; i < 8; i++)
        authority = authority << 8 | (unsigned char) p[i];
    memcpy(out, "S-1", 3);
    k = 3;
    for (unsigned i = 0; i <= subs; i++) {
        uint64_t v = i ? evt_u32(p + 4 + 4 * (size_t) i) : authority;
        char digits[20];
        size_t d = sizeof digits;

        do
            digits[--d] = (char) ('0' + v % 10);
        while (v /= 10);
        out[k++] = '-';
        memcpy(out + k, digits + d, sizeof digits - d);
        k += sizeof digits - d;
    }
    return str_make(out, k);
}

/* Which log this is, from the name of its file: the record does not say. */
static struct str
channel_of(struct str name)
{
    static const struct {
        struct str part, channel;
    } logs[] = {
        {{"appevent", 8}, {"Application", 11}}, {{"sysevent", 8}, {"System", 6}},
        {{"secevent", 8}, {"Security", 8}},     {{"application", 11}, {"Application", 11}},
        {{"system", 6}, {"System", 6}},         {{"security", 8}, {"Security", 8}},
    };

    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
        if (str_find_case(name, logs[i].part) < name.n)
            return logs[i].channel;
    return STR_NONE;
}

/* EventType (the values of ReportEvent) as a level. */
static unsigned
level_of(uint16_t type)
{
    switch (type) {
    case 1:  /* error */
    case 16: /* failure audit */
        return 2;
    case 2: /* warning */
        return 3;
    case 0: /* success */
    case 4: /* information */
    case 8: /* success audit */
        return 4;
    }
    return 0;
}

/* Where the insertion strings may stand: before the data, before the length at
 * the record's end. */
static struct str
string_area(struct str r)
{
    size_t at = evt_u32(r.p + AT_STRING_OFFSET), end = evt_u32(r.p + AT_DATA_OFFSET);

    if (at < EVT_FIXED || at > r.n - 4)
        return STR_NONE;
    if (end < at || end > r.n - 4)
        end = r.n - 4;
    return str_make(r.p + at, end - at);
}

/* The strings, and the text they make: one a line.  A string that is announced
 * and not there stays absent; one that is there and empty is empty. */
static enum perr
read_strings(struct str r, struct arena *arena, struct event *ev, struct eventlog *log)
{
    unsigned said = evt_u16(r.p + AT_STRINGS), n = said < EVENTLOG_STRINGS_MAX ? said : EVENTLOG_STRINGS_MAX;
    struct str area = string_area(r), *strings = arena_zalloc(arena, (n + 1) * sizeof *strings);
    size_t size = 0, k = 0;
    char *text;

    if (!strings)
        return PERR_NOMEM;
    log->strings_known = true;
    log->strings = strings;
    log->n_strings = n;
    for (unsigned i = 0; i < n && area.n >= 2; i++) {
        strings[i] = take_string(arena, &area.p, &area.n);
        if (!str_has(strings[i]))
            return PERR_NOMEM;
        size += strings[i].n;
    }
    if (!(text = arena_alloc(arena, size + n + 1)))
        return PERR_NOMEM;
    for (unsigned i = 0; i < n; i++) {
        if (i)
            text[k++] = '\n';
        if (strings[i].n)
            memcpy(text + k, strings[i].p, strings[i].n);
        k += strings[i].n;
    }
    ev->text = str_trim(str_make(text, k));
    if (ev->text.n > EVENT_TEXT_MAX)
        ev->text = text_clean(arena, text_codepage_decoded(), ev->text, EVENT_TEXT_MAX, &ev->truncated);
    if (!str_has(ev->text))
        return PERR_NOMEM;
    return said > n ? PERR_LIMIT : PERR_OK;
}

static void
read_sid_and_data(struct str r, struct arena *arena, struct eventlog *log)
{
    size_t n = evt_u32(r.p + AT_SID_LENGTH), at = evt_u32(r.p + AT_SID_OFFSET);

    if (n && at >= EVT_FIXED && at <= r.n - 4 && n <= r.n - 4 - at)
        log->user = sid_text(arena, r.p + at, n);
    n = evt_u32(r.p + AT_DATA_LENGTH);
    at = evt_u32(r.p + AT_DATA_OFFSET);
    if (n && at >= EVT_FIXED && at <= r.n - 4 && n <= r.n - 4 - at)
        log->data = str_make(r.p + at, n);
}

/* An undamaged record: what the ring has looked at, looked at again, because a
 * stream can hold anything. */
static bool
is_record(struct str r)
{
    return r.n >= EVT_RECORD_MIN && evt_u32(r.p) == r.n && evt_u32(r.p + r.n - 4) == r.n
           && evt_u32(r.p + 4) == UINT32_C(0x654c664c);
}

static struct when
time_of(struct str r)
{
    uint32_t t = evt_u32(r.p + AT_GENERATED);

    if (t == 0)
        return (struct when){0};
    return (struct when){.utc = (int64_t) t * WHEN_SECOND, .utc_known = true};
}

static enum perr
evt_parse(const struct format_options *options, const struct format_record *record, struct arena *arena,
          struct event *ev, size_t *at)
{
    struct str r = record->bytes, source, computer;
    struct eventlog *log = arena_zalloc(arena, sizeof *log);
    const char *p;
    size_t left;

    (void) options;
    *at = 0;
    if (!log)
        return PERR_NOMEM;
    if (!is_record(r))
        return PERR_SYNTAX;
    p = r.p + EVT_FIXED;
    left = r.n - 4 - EVT_FIXED;
    source = take_string(arena, &p, &left);
    computer = take_string(arena, &p, &left);
    if (!str_has(source) || !str_has(computer))
        return PERR_NOMEM;
    ev->log = log;
    ev->when = time_of(r);
    if (source.n)
        ev->f.provider = source;
    if (computer.n && !str_has(ev->f.host = arena_upper(arena, computer)))
        return PERR_NOMEM;
    ev->f.channel = channel_of(ev->source_name);
    log->id32 = evt_u32(r.p + AT_ID);
    log->number = (uint16_t) log->id32;
    log->level = level_of(evt_u16(r.p + AT_TYPE));
    if (evt_u16(r.p + AT_CATEGORY))
        log->category = arena_number(arena, evt_u16(r.p + AT_CATEGORY));
    ev->f.event_number = arena_number(arena, log->number);
    ev->f.record_number = arena_number(arena, evt_u32(r.p + AT_NUMBER));
    if (!str_has(ev->f.event_number) || !str_has(ev->f.record_number))
        return PERR_NOMEM;
    read_sid_and_data(r, arena, log);
    return read_strings(r, arena, ev, log);
}

static bool
evt_source(struct str r, char *room, struct str *source, struct when *out)
{
    size_t n, used;

    if (!is_record(r))
        return false;
    n = r.n - 4 - EVT_FIXED < 2 * FORMAT_SOURCE_MAX ? r.n - 4 - EVT_FIXED : 2 * FORMAT_SOURCE_MAX;
    if (!take_plain(r.p + EVT_FIXED, n, room, &source->n, &used) || source->n == 0)
        return false;
    source->p = room;
    *out = time_of(r);
    return out->utc_known;
}

/* A file's first bytes as it is stored, or those of its stream. */
static int
evt_probe(struct str head)
{
    return evt_ring_probe(head) || evt_pack_probe(head) ? 100 : 0;
}

const struct format evt_format = {
    .name = "evt",
    .probe = evt_probe,
    .next = evt_next,
    .parse = evt_parse,
    .source = evt_source,
};
