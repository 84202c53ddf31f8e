/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_forms.c - the writers of event_forms.h, after the samples and
 * specifications of each form; written apart from the readers, of which none
 * is used here but to read back. */
#include "build.h"

#include "tests/unit/event_forms.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/container.h"
#include "parsers/evtx.h"
#include "tests/unit/evt_sim.h"
#include "tests/unit/evtx_writer.h"

__attribute__((format(printf, 2, 3))) static void
put(struct form_bytes *out, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(out->p + out->n, sizeof out->p - out->n, format, ap);
    va_end(ap);
    ck_assert(n >= 0 && (size_t) n < sizeof out->p - out->n);
    out->n += (size_t) n;
}

/* 's' with each character of 'from' as the word of 'to' at the same place. */
static void
put_as(struct form_bytes *out, const char *s, const char *from, const char *const *to)
{
    for (; *s; s++) {
        const char *at = strchr(from, *s);

        if (at)
            put(out, "%s", to[at - from]);
        else
            put(out, "%c", *s);
    }
}

static unsigned
number(const struct form_event *e)
{
    return e->id & 0xFFFF;
}

/* What a viewer shows: the message, or the sentence that stands for it. */
static void
put_text(struct form_bytes *out, const struct form_event *e)
{
    if (e->text) {
        put(out, "%s", e->text);
        return;
    }
    put(out, "The description for Event ID ( %u ) in Source ( %s ) could not be found. It contains the following "
             "insertion string(s): ", number(e), e->source);
    for (unsigned i = 0; i < e->n_strings; i++)
        put(out, "%s%s", i ? ", " : "", e->string[i]);
    put(out, ".");
}

/* The same in one line, as relays write it. */
static void
put_line(struct form_bytes *out, const struct form_event *e, const char *from, const char *const *to)
{
    struct form_bytes *text = calloc(1, sizeof *text);

    ck_assert_ptr_nonnull(text);
    put_text(text, e);
    put_as(out, text->p, from, to);
    free(text);
}

/* --- Windows event XML ------------------------------------------------------------ */

static void
put_xml(struct form_bytes *out, const char *s)
{
    static const char *const words[] = {"&lt;", "&gt;", "&amp;"};

    put_as(out, s, "<>&", words);
}

static void
put_system(struct form_bytes *out, const struct form_event *e)
{
    put(out, "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider");
    if (*e->source) {
        put(out, " Name='");
        put_xml(out, e->source);
        put(out, "'");
    }
    put(out, "/><EventID Qualifiers='%u'>%u</EventID><Level>2</Level><Task>0</Task><Keywords>0x80000000000000</Keywords>"
             "<TimeCreated SystemTime='1998-09-10T16:55:37.000000000Z'/><EventRecordID>77</EventRecordID>"
             "<Channel>Application</Channel><Computer>%s</Computer><Security/></System>",
        (unsigned) (e->id >> 16), number(e), e->host);
}

static void
put_data(struct form_bytes *out, const struct form_event *e, bool blanks)
{
    put(out, "<EventData>");
    for (unsigned i = 0; i < e->n_strings; i++) {
        if (!blanks && !*e->string[i])
            continue;
        put(out, "<Data>");
        put_xml(out, e->string[i]);
        put(out, "</Data>");
    }
    put(out, "</EventData>");
}

static void
write_xml_inserts(const struct form_event *e, struct form_bytes *out)
{
    put_system(out, e);
    put_data(out, e, true);
    put(out, "</Event>\n");
}

static void
write_xml_rendered(const struct form_event *e, struct form_bytes *out)
{
    put_system(out, e);
    put_data(out, e, true);
    if (e->text) {
        put(out, "<RenderingInfo Culture='en-US'><Message>");
        put_xml(out, e->text);
        put(out, "</Message></RenderingInfo>");
    }
    put(out, "</Event>\n");
}

/* Event forwarding without rendered text: blank strings are lost. */
static void
write_xml_forwarded(const struct form_event *e, struct form_bytes *out)
{
    put_system(out, e);
    put_data(out, e, false);
    put(out, "</Event>\n");
}

/* --- Event Viewer's exports --------------------------------------------------------- */

static void
put_exported(struct form_bytes *out, const struct form_event *e, char delimiter)
{
    const char *const field[] = {"9/10/98", "9:55:37 AM", e->source, "Error", "None"};

    for (size_t i = 0; i < sizeof field / sizeof *field; i++)
        put(out, "%s%c", field[i], delimiter);
    put(out, "%u%cN/A%c%s%c", number(e), delimiter, delimiter, e->host, delimiter);
    put_text(out, e);
    put(out, "\r\n");
}

static void
write_viewer_txt(const struct form_event *e, struct form_bytes *out)
{
    put_exported(out, e, '\t');
}

static void
write_viewer_csv(const struct form_event *e, struct form_bytes *out)
{
    put_exported(out, e, ',');
}

/* Since Vista: other columns, a line that names them, quotes around the text. */
static void
write_viewer_vista(const struct form_event *e, struct form_bytes *out)
{
    struct form_bytes *text = calloc(1, sizeof *text);

    ck_assert_ptr_nonnull(text);
    put_text(text, e);
    put(out, "Level,Date and Time,Source,Event ID,Task Category\r\nError,9/10/1998 9:55:37 AM,%s,%u,None,\"", e->source, number(e));
    for (size_t i = 0; i < text->n; i++)
        put(out, text->p[i] == '"' ? "\"%c" : "%c", text->p[i]);
    put(out, "\"\r\n");
    free(text);
}

/* The same saved as Unicode, through the decoder that sources use. */
static void
write_viewer_utf16(const struct form_event *e, struct form_bytes *out)
{
    static uint8_t wide[2 * sizeof out->p];
    size_t n, used, bom;
    char *decoded;

    put_exported(out, e, '\t');
    wide[0] = 0xFF;
    wide[1] = 0xFE;
    for (n = 0; n < out->n; n++) {
        ck_assert(!(out->p[n] & 0x80));
        wide[2 + 2 * n] = (uint8_t) out->p[n];
        wide[3 + 2 * n] = 0;
    }
    ck_assert_int_eq(text_detect(wide, 2 + 2 * n, &bom), TEXT_UTF16LE);
    decoded = calloc(1, 6 * (2 * n + 2) + 6);
    ck_assert_ptr_nonnull(decoded);
    out->n = text_utf16(TEXT_UTF16LE, wide + bom, 2 * n, true, &used, decoded);
    memcpy(out->p, decoded, out->n);
    free(decoded);
}

/* Copied from the viewer's window into a mail. */
static void
write_viewer_pasted(const struct form_event *e, struct form_bytes *out)
{
    if (e->id)
        put(out, "Event ID: %u\n", number(e));
    if (*e->source)
        put(out, "Source: %s\n", e->source);
    put(out, "Computer: %s\nDescription:\n", e->host);
    put_text(out, e);
    put(out, "\n");
}

/* --- lines of syslog relays --------------------------------------------------------- */

static void
write_snare(const struct form_event *e, struct form_bytes *out)
{
    static const char *const blanks[] = {" ", " ", " "};

    put(out, "<13>Sep 10 09:55:37 %s MSWinEventLog\t1\tApplication\t1234\tThu Sep 10 09:55:37 1998\t%u\t%s\tN/A\tN/A\tError"
             "\t%s\tNone\t\t", e->host, number(e), e->source, e->host);
    put_line(out, e, "\n\t\r", blanks);
    put(out, "\t77\n");
}

/* The same behind a relay that escapes what is below a blank; a TAB of the text
 * is gone by then, since it divides the fields. */
static void
write_snare_escaped(const struct form_event *e, struct form_bytes *out)
{
    static const char *const octal[] = {"#012", " ", "#015"};

    put(out, "Sep 10 09:55:37 %s MSWinEventLog#0111#011Application#0111234#011Thu Sep 10 09:55:37 1998#011%u#011%s"
             "#011N/A#011N/A#011Error#011%s#011None#011#011", e->host, number(e), e->source, e->host);
    put_line(out, e, "\n\t\r", octal);
    put(out, "#01177\n");
}

/* evtsys joins the words of a source, and knows no strings without a message. */
static void
write_evtsys(const struct form_event *e, struct form_bytes *out)
{
    static const char *const octal[] = {"#012", "#011", "#015"}, *const joined[] = {"_"};

    put(out, "<11>Sep 10 09:55:37 %s ", e->host);
    put_as(out, e->source, " ", joined);
    put(out, ": %u: ", number(e));
    if (e->text)
        put_line(out, e, "\n\t\r", octal);
    else
        put(out, "(Facility: 0, Status: Failure)");
    put(out, "\n");
}

static const char json_from[] = "\n\t\r\"\\";
static const char *const json_to[] = {"\\n", "\\t", "\\r", "\\\"", "\\\\"};

static void
write_nxlog(const struct form_event *e, struct form_bytes *out)
{
    put(out, "Sep 10 09:55:37 %s nxlog: {\"EventTime\":\"1998-09-10 09:55:37\",\"Hostname\":\"%s\",\"EventType\":\"ERROR\","
             "\"EventID\":%u,\"SourceName\":\"%s\",\"RecordNumber\":77,\"FileName\":\"Application\",\"Message\":\"",
        e->host, e->host, number(e), e->source);
    put_line(out, e, json_from, json_to);
    put(out, "\"}\n");
}

/* fluent-bit: the strings, and the message where there is one. */
static void
write_winlog(const struct form_event *e, struct form_bytes *out)
{
    put(out, "{\"date\":905446537,\"SourceName\":\"%s\",\"ComputerName\":\"%s\",\"TimeGenerated\":\"1998-09-10 09:55:37 -0700\","
             "\"EventID\":%u,\"Qualifiers\":%u,\"EventType\":\"Error\",\"Channel\":\"Application\",\"RecordNumber\":77,"
             "\"StringInserts\":[", e->source, e->host, number(e), (unsigned) (e->id >> 16));
    for (unsigned i = 0; i < e->n_strings; i++) {
        put(out, "%s\"", i ? "," : "");
        put_as(out, e->string[i], json_from, json_to);
        put(out, "\"");
    }
    put(out, "],\"Message\":\"");
    put_as(out, e->text ? e->text : "", json_from, json_to);
    put(out, "\"}\n");
}

/* --- traps ---------------------------------------------------------------------------- */

static void
write_trap(const struct form_event *e, struct form_bytes *out)
{
    static const char from[] = "\n\t\r", base[] = "1.3.6.1.4.1.311.1.13.1.9999";
    static const char *const hex[] = {"\\x0a", "\\x09", "\\x0d"};

    put(out, "nt-trap 1\ttime=1998-09-10T16:55:37.000000Z\tversion=1\tsender=127.0.0.1\tagent=192.0.2.10\t"
             "enterprise=1.3.6.1.4.1.311.1.13.1.%zu", strlen(e->source));
    for (const char *p = e->source; *p; p++)
        put(out, ".%u", (unsigned) (unsigned char) *p);
    put(out, "\tgeneric=6\tspecific=%ld\tuptime=4711\t%s.1.0=s:", (long) (int32_t) e->id, base);
    put_as(out, e->text ? e->text : "", from, hex);
    put(out, "\t%s.2.0=s:Unknown\t%s.3.0=s:%s\t%s.4.0=s:1\t%s.5.0=s:0", base, base, e->host, base, base);
    for (unsigned i = 0; i < e->n_strings; i++) {
        put(out, "\t%s.%u.0=s:", base, 6 + i);
        put_as(out, e->string[i], from, hex);
    }
    put(out, "\tend\n");
}

/* --- binary event logs ----------------------------------------------------------------- */

enum { WIDE = 16384 };

static const char16_t *
widen(const char *s, char16_t out[WIDE])
{
    size_t n = strlen(s);

    ck_assert_uint_lt(n, WIDE);
    for (size_t i = 0; i <= n; i++)
        out[i] = (unsigned char) s[i];
    return out;
}

/* The stream that a container makes of a file of these bytes. */
static void
put_unrolled(struct form_bytes *out, const struct container_class *class, const void *p, size_t n)
{
    char err[512] = "";
    struct container *c;
    FILE *f = tmpfile();
    ssize_t got;

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fflush(f), 0);
    c = class->open(fileno(f), "form", err, sizeof err);
    ck_assert_msg(c != NULL, "%s", err);
    while ((got = class->read(c, out->p + out->n, sizeof out->p - out->n)) > 0)
        out->n += (size_t) got;
    ck_assert_int_eq(got, 0);
    class->close(c);
    fclose(f);
}

/* It holds the strings alone: what a viewer shows comes from the message DLL. */
static void
write_evt(const struct form_event *e, struct form_bytes *out)
{
    static char16_t source[WIDE], host[WIDE], string[FORM_STRINGS][WIDE];
    struct sim_entry entry = {.generated = 905446537, .id = e->id, .type = 1, .n_strings = e->n_strings};
    struct sim s;

    entry.source = widen(e->source, source);
    entry.computer = widen(e->host, host);
    for (unsigned i = 0; i < e->n_strings; i++)
        entry.string[i] = widen(e->string[i], string[i]);
    sim_init(&s, 65536);
    sim_write(&s, &entry);
    sim_flush(&s);
    put_unrolled(out, &evt_file_container, s.p, s.size);
    sim_fini(&s);
}

/* Likewise.  Without libevtx what it would give of the record is written here. */
static void
write_evtx(const struct form_event *e, struct form_bytes *out)
{
    const struct evtx_event event = {e->source, e->host, "Application", (uint16_t) number(e), (uint16_t) (e->id >> 16), 2,
                                     905446537, e->n_strings, e->string};
    struct evtx_prefix prefix = {.readable = true, .place = EVTX_HEADER + EVTX_RECORDS};
    struct evtx_writer *w;
    const uint8_t *p;
    size_t n;

    if (evtx_file_container.missing) {
        out->n = EVTX_PREFIX;
        write_xml_inserts(e, out);
        prefix.length = prefix.stored = (uint32_t) (out->n - EVTX_PREFIX);
        evtx_prefix_put(&prefix, out->p);
        return;
    }
    w = evtx_writer_new();
    evtx_writer_add(w, &event);
    p = evtx_writer_end(w, &n);
    put_unrolled(out, &evtx_file_container, p, n);
    evtx_writer_free(w);
}

const struct form event_forms[] = {
    {"xml-inserts", &event_xml_format, write_xml_inserts},
    {"xml-rendered", &event_xml_format, write_xml_rendered},
    {"xml-forwarded", &event_xml_format, write_xml_forwarded},
    {"viewer-txt", &viewer_text_format, write_viewer_txt},
    {"viewer-csv", &viewer_text_format, write_viewer_csv},
    {"viewer-vista", &viewer_text_format, write_viewer_vista},
    {"viewer-utf16", &viewer_text_format, write_viewer_utf16},
    {"viewer-pasted", &viewer_text_format, write_viewer_pasted},
    {"snare", &relay_line_format, write_snare},
    {"snare-escaped", &relay_line_format, write_snare_escaped},
    {"evtsys", &relay_line_format, write_evtsys},
    {"nxlog-json", &relay_line_format, write_nxlog},
    {"winlog-json", &relay_line_format, write_winlog},
    {"nt-trap", &nt_trap_format, write_trap},
    {"evt", &evt_format, write_evt},
    {"evtx", &evtx_format, write_evtx},
};
const unsigned n_event_forms = sizeof event_forms / sizeof *event_forms;

/* The one record in 'bytes', without what stands between records. */
static struct str
frame_one(const struct form *form, struct str bytes)
{
    void *state = calloc(1, form->format->state_size + 1);
    struct str record = STR_NONE;

    ck_assert_ptr_nonnull(state);
    while (bytes.n) {
        struct format_span span = {0, 0, false};
        enum format_next next = form->format->next(state, bytes.p, bytes.n, true, &span);

        ck_assert_int_ne(next, FORMAT_MORE);
        ck_assert_uint_gt(span.skip + span.length, 0);
        if (next != FORMAT_SKIP) {
            ck_assert_msg(next == FORMAT_RECORD && !str_has(record), "%s: not one record: %.*s", form->name,
                          STR_ARG(bytes));
            record = str_make(bytes.p + span.skip, span.length);
        }
        bytes = str_skip(bytes, span.skip + span.length);
    }
    free(state);
    ck_assert_msg(str_has(record), "%s: no record", form->name);
    return record;
}

void
form_read(const struct form *form, const struct form_event *in, const struct catalogue *set,
          struct catalogue_scratch *scratch, struct arena *arena, struct event *out)
{
    struct form_bytes *bytes = calloc(1, sizeof *bytes);
    struct format_options options = {0};
    struct format_record record = {0};
    size_t at = 0;

    ck_assert_ptr_nonnull(bytes);
    form->write(in, bytes);
    record.bytes = arena_copy(arena, frame_one(form, str_make(bytes->p, bytes->n)));
    ck_assert(str_has(record.bytes));
    *out = (struct event){.format = str_z(form->format->name)};
    ck_assert_msg(form->format->parse(&options, &record, arena, out, &at) == PERR_OK, "%s, at %zu of %s", form->name, at,
                  bytes->p);
    ck_assert_int_eq(diagnose_event(set, scratch, arena, out), PERR_OK);
    free(bytes);
}
