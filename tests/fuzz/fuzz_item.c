/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_item.c - fuzz target of the way back from XML: the short way through the
 * bytes and libxml2 accept the same and see the same elements, and an item that
 * was read can be written, as one line. */
#include "build.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/item_tree.h"
#include "parsers/item_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define REQUIRE(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "fuzz_item.c:%d: %s does not hold\n", __LINE__, #what); \
            abort(); \
        } \
    } while (0)

static void
same(const struct item_node *a, const struct item_node *b, bool root)
{
    REQUIRE(str_eq(a->name, b->name) && a->ours == b->ours && a->n_attributes == b->n_attributes);
    for (unsigned i = 0; i < a->n_attributes; i++)
        REQUIRE(str_eq(a->attributes[i].name, b->attributes[i].name)
                && str_eq(a->attributes[i].value, b->attributes[i].value));
    REQUIRE(root || a->children || str_eq(a->text, b->text));
    for (a = a->children, b = b->children; a && b; a = a->next, b = b->next)
        same(a, b, false);
    REQUIRE(!a && !b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct str xml = str_make((const char *) data, size);
    const struct item_node *a, *b;
    enum perr ea = PERR_OK, eb = PERR_OK;
    struct xml_buf out;
    struct item it;

    if (!size || size > 65536 || (!arena && !(arena = arena_new(8 << 20))))
        return 0;
    arena_reset(arena);
    a = item_tree_read(arena, xml, &ea);
    b = item_tree_read_any(arena, xml, &eb);
    REQUIRE(!a == !b && ea == eb);
    if (a)
        same(a, b, !str_eq(a->name, STR("notice")));
    arena_reset(arena);
    if (item_xml_read(arena, xml, &it) != PERR_OK)
        return 0;
    xml_buf_init(&out, 8 << 20);
    item_xml_write(&out, &it);
    REQUIRE(!out.failed && out.n && out.p[out.n - 1] == '\n' && memchr(out.p, '\n', out.n) == out.p + out.n - 1);
    xml_buf_fini(&out);
    return 0;
}
