/* SPDX-License-Identifier: BSD-2-Clause
 *
 * make_evtx.c - writes an .evtx of Event 109s for evtx.sh and the bench:
 * make_evtx FILE COUNT [REPORTS].  Every third has figures, blank ones or none.  Those
 * behind the first REPORTS have another number, and nobody waits for their evidence. */
#include "build.h"

#include <stdlib.h>

#include "tests/unit/evtx_writer.h"

int
main(int argc, char **argv)
{
    static const char *const filled[] = {"\\\\ANFIELD\\SMS_PKGE\\DOG0005D", "12", "340"};
    static const char *const blank[] = {"\\\\ANFIELD\\SMS_PKGE\\DOG0005D", "", ""};
    struct evtx_writer *f = evtx_writer_new();
    long count = argc >= 3 ? strtol(argv[2], NULL, 10) : 0, reports = argc >= 4 ? strtol(argv[3], NULL, 10) : count;
    FILE *out = count > 0 ? fopen(argv[1], "w") : NULL;
    size_t n;
    const uint8_t *p;
    int status;

    if (!out) {
        fputs("usage: make_evtx FILE COUNT [REPORTS]\n", stderr);
        return 2;
    }
    for (long i = 0; i < count; i++) {
        struct evtx_event ev = {"SMS", "ANFIELD", "Application", 109, 0xc000, 2, 905446537 + i, 3, i % 3 ? blank : filled};

        if (i % 3 == 2)
            ev.n_strings = 1;
        if (i >= reports)
            ev.number = 110;
        evtx_writer_add(f, &ev);
    }
    p = evtx_writer_end(f, &n);
    status = fwrite(p, 1, n, out) != n;
    status |= fclose(out) != 0;
    evtx_writer_free(f);
    return status;
}
