/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_make.c - writes an event log (.evt) for shell tests and benches:
 *     evt_make FILE SIZE RECORDS [stale] [save] [event=N] [skip=N]
 * SIZE bytes, RECORDS written into it (the oldest give way), the header as it
 * was before the last 25 of them with 'stale', as short as it can be with
 * 'save'.  Every Nth record is an Event 109 of source SMS with blank figures
 * (6), the rest are other programs'.  'skip' numbers were written and cleared
 * before. */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/evt_sim.h"

int
main(int argc, char **argv)
{
    unsigned long records, event = 6, skip = 0;
    bool stale = false, save = false, ok;
    struct sim s;
    FILE *f;

    if (argc < 4) {
        fputs("usage: evt_make FILE SIZE RECORDS [stale] [save] [event=N] [skip=N]\n", stderr);
        return 2;
    }
    records = strtoul(argv[3], NULL, 10);
    for (int i = 4; i < argc; i++) {
        stale |= strcmp(argv[i], "stale") == 0;
        save |= strcmp(argv[i], "save") == 0;
        if (strncmp(argv[i], "event=", 6) == 0)
            event = strtoul(argv[i] + 6, NULL, 10);
        if (strncmp(argv[i], "skip=", 5) == 0)
            skip = strtoul(argv[i] + 5, NULL, 10);
    }
    sim_init(&s, (uint32_t) strtoul(argv[2], NULL, 10));
    for (unsigned long i = skip; i < skip + records; i++) {
        /* Others of several shapes: samples 2 to 5. */
        struct sim_entry e = event && i % event == 0 ? sim_event_109() : sim_sample(2 + (unsigned) (i % 4));

        e.generated = (uint32_t) (905446537 + i);
        if (stale && i + 25 == skip + records)
            sim_flush(&s);
        sim_write(&s, &e);
    }
    if (!stale)
        sim_flush(&s);
    if (save)
        sim_shorten(&s);
    f = fopen(argv[1], "wb");
    ok = f && fwrite(s.p, 1, s.size, f) == s.size;
    ok &= f && fclose(f) == 0;
    sim_fini(&s);
    return ok ? 0 : 1;
}
