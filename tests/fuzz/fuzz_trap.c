/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_trap.c - fuzz target of what comes to a trap port: a datagram through
 * libnetsnmp's decoder to a line and back.  Aborts unless the line holds the
 * trap, and parses.  Must not depend on what a trap means. */
#include "build.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/trap_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define REQUIRE(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "fuzz_trap.c:%d: %s does not hold\n", __LINE__, #what); \
            abort(); \
        } \
    } while (0)

static void
require_same(const struct nt_trap *a, const struct nt_trap *b)
{
    REQUIRE(a->version == b->version && a->generic == b->generic && a->specific == b->specific);
    REQUIRE(a->uptime == b->uptime && str_eq(a->agent, b->agent) && str_eq(a->enterprise, b->enterprise));
    REQUIRE(a->n == b->n);
    for (unsigned i = 0; i < a->n; i++) {
        REQUIRE(str_eq(a->varbind[i].name, b->varbind[i].name));
        REQUIRE(a->varbind[i].type == b->varbind[i].type);
        REQUIRE(str_eq(a->varbind[i].value, b->varbind[i].value));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct nt_trap trap, back;
    static struct nt_trap_view view;
    static char line[NT_TRAP_LINE], name[] = "public";
    char *const communities[] = {name};
    const struct format_options options = {0};
    struct arena *arena = arena_new(64 << 20);
    uint8_t *bytes = malloc(n ? n : 1);

    REQUIRE(arena && bytes);
    memcpy(bytes, data, n);
    if (n <= 65507 && trap_decode(bytes, n, communities, 1, arena, &trap) == TRAP_DECODED) {
        struct format_record record;
        struct event ev = {0};
        size_t length, at;

        trap.arrival = INT64_C(1795975200000000000);
        trap.sender = STR("192.0.2.9");
        length = nt_trap_write(&trap, line, sizeof line);
        REQUIRE(length > 0 && line[length - 1] == '\n' && !memchr(line, '\n', length - 1));
        REQUIRE(nt_trap_read(str_make(line, length - 1), arena, &back, &at) == PERR_OK);
        require_same(&trap, &back);
        nt_trap_view(&trap, &view);
        record = (struct format_record){.bytes = {line, length - 1}};
        REQUIRE(nt_trap_format.parse(&options, &record, arena, &ev, &at) == PERR_OK);
        REQUIRE(str_has(ev.f.provider) == (view.translated && str_trim(str_make(view.source, view.n_source)).n > 0)
                || view.translated);
    }
    REQUIRE(memcmp(bytes, data, n) == 0);
    free(bytes);
    arena_free(arena);
    return 0;
}
