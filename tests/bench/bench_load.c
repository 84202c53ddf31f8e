/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_load.c - writes the load of the benches: COUNT records of SMS 1.x
 * form, CR LF, 115 bytes each on average, one in a hundred a copy that failed
 * with Win32 error 32.  The same seed gives the same bytes.
 *
 *   bench_load COUNT [SEED] >FILE
 *
 * The healthy lines are worded after the despooler runs that the public
 * Knowledge Base quotes: instructions found, started and executed, inventory
 * and package work, and the many lines that say nothing about success. */
#include "build.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t state;

/* xorshift64*: small, and the same everywhere. */
static uint32_t
draw(uint32_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t) ((state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* One instruction's life, then work that repeats within it. */
static void
put_text(unsigned i)
{
    static const char *const work[] = {
        "Waiting for ready instruction file....",
        "Dataloader inbox = \\\\HASHSEC\\SMS_SHRF\\site.srv\\dataload.box\\deltamif.col~",
        "got access to SQL Server~  ",
        "Successfully loaded Site information.  ",
        "Updating No-History group: MICROSOFT|WORKSTATION_STATUS|1.0...",
        "Memory usage: blocks=0 bytes=0",
        "Use drive E for storing the compressed package.",
        "~Currently using 0 out of 3 allowed package processing threads.",
        " ** Beginning INVENTORY UPDATE procedure on parent site...~",
        "~Signature checked out OK for instruction coming from site CS1, proceed with the instruction execution.",
        "Adding group: MICROSOFT|MOUSE|1.0...",
        "CTriggerManager::RouteFiles - waiting on named pipe...",
    };

    switch (i % 20) {
    case 0:
        printf("~Found ready instruction sni%05u.sni", i / 20 % 100000);
        break;
    case 1:
        printf("~Executing instruction of type MICROSOFT|SMS|MINIJOBINSTRUCTION|PACKAGE");
        break;
    case 19:
        printf("~Despooler successfully executed one instruction.");
        break;
    default:
        fputs(work[draw(sizeof work / sizeof work[0])], stdout);
        break;
    }
}

int
main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : 1000000;
    time_t t = 905385600; /* 1998-09-10 00:00:00 */

    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 109;
    for (unsigned i = 0; i < count; i++) {
        char when[32];
        struct tm tm;

        t += draw(3) == 0;
        gmtime_r(&t, &tm);
        strftime(when, sizeof when, "%a %b %d %H:%M:%S %Y", &tm);
        if (draw(100) == 0)
            printf("~Copying E:\\_S M%04u.TMP\\file%03u.EXE to E:\\SMS_PKGE\\DOG%05X\\file%03u.EXE, Failed, Win32 Error = "
                   "32",
                   i % 10000, i % 100, i % 256, i % 100);
        else
            put_text(i);
        printf(" $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n", when);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
