/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_events.c - writes Windows event XML for benches and tests: COUNT records
 * of an Application log as wevtutil writes it, one after another without a root,
 * one in a hundred an Event 109 of SMS, every other of these with blank figures.
 *
 *   bench_events COUNT [FORM] >FILE
 *
 * FORM: bare (default), events (one <Events> around all), utf-16 (bare, with a
 * BOM, as PowerShell redirects).  The same arguments give the same bytes. */
#include "build.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS "http://schemas.microsoft.com/win/2004/08/events/event"

static bool wide;

/* The load is ASCII: each byte is a unit of UTF-16. */
static void
put(const char *s)
{
    if (!wide) {
        fputs(s, stdout);
        return;
    }
    for (; *s; s++) {
        putchar(*s);
        putchar(0);
    }
}

static void
put_event(unsigned long i, time_t t)
{
    static const struct {
        const char *source, *id, *data;
    } other[] = {
        {"MsiInstaller", "<EventID Qualifiers='0'>11707</EventID>",
         "<Data>Product: Office Proofing -- Installation completed successfully.</Data><Data>(NULL)</Data>"},
        {"LoadPerf", "<EventID Qualifiers='0'>1000</EventID>",
         "<Data>MSDTC</Data><Data>MSDTC</Data><Binary>1C140000201400001C140000</Binary>"},
        {"EventLog", "<EventID Qualifiers='32768'>6013</EventID>", "<Data/><Data/><Data>86412</Data><Data>60</Data>"},
        {"Userenv", "<EventID Qualifiers='49152'>1000</EventID>",
         "<Data Name='user'>NT AUTHORITY\\SYSTEM</Data><Data Name='reason'>The network path was not found.</Data>"},
    };
    bool failed = i % 100 == 7, blank = i % 200 == 7;
    char text[2048], when[32], path[64], data[256];
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(path, sizeof path, "\\\\SERVER%02lu\\SMS_PKGE\\DOG%05lX", i / 100 % 20, i / 100 % 200);
    snprintf(data, sizeof data, blank ? "<Data>%s</Data><Data></Data><Data></Data>" : "<Data>%s</Data><Data>12</Data><Data>340</Data>",
             path);
    snprintf(text, sizeof text,
             "<Event xmlns='" NS "'><System><Provider Name='%s'/>%s<Version>0</Version><Level>%d</Level><Task>0</Task>"
             "<Opcode>0</Opcode><Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='%s.0000000Z'/>"
             "<EventRecordID>%lu</EventRecordID><Correlation/><Execution ProcessID='0' ThreadID='0'/>"
             "<Channel>Application</Channel><Computer>ANFIELD</Computer><Security/></System><EventData>%s</EventData>"
             "</Event>\r\n",
             failed ? "SMS" : other[i % 4].source, failed ? "<EventID Qualifiers='49152'>109</EventID>" : other[i % 4].id,
             failed ? 2 : 4, when, i + 1, failed ? data : other[i % 4].data);
    put(text);
}

int
main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000;
    const char *form = argc > 2 ? argv[2] : "bare";
    time_t t = 905385600; /* 1998-09-10 00:00:00 */

    wide = strcmp(form, "utf-16") == 0;
    if (wide)
        fwrite("\xff\xfe", 1, 2, stdout);
    if (strcmp(form, "events") == 0)
        put("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events>");
    for (unsigned long i = 0; i < count; i++)
        put_event(i, t += i % 3 == 0);
    if (strcmp(form, "events") == 0)
        put("</Events>\r\n");
    return ferror(stdout) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
