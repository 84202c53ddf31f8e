/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target.c - the table of all kinds of targets.  To add one: its file, its
 * class here, its words in config_vocabulary.c and schemas/config.xsd. */
#include "build.h"

#include "forwarder/target.h"

#include <errno.h>
#include <string.h>

#include "forwarder/clock.h"

const struct target_class *const target_table[] = {
    &target_xml_class,
    &target_snmp_class,
    &target_syslog_class,
    NULL,
};

/* The kind of that name, or NULL. */
const struct target_class *
target_find(const char *type)
{
    for (const struct target_class *const *c = target_table; *c; c++)
        if (strcmp((*c)->type, type) == 0)
            return *c;
    return NULL;
}

/* For cmd_send_test and tests; a worker settles in its own rhythm. */
int
target_flush(struct target *t, int timeout_ms)
{
    int64_t deadline = clock_monotonic() + (int64_t) timeout_ms * 1000000;
    uint64_t safe = 0;

    for (;;) {
        int64_t left = (deadline - clock_monotonic()) / 1000000;
        int r = t->cls->settle(t, left > 0 ? (int) left : 0, &safe);

        if (r || safe >= t->taken)
            return r;
        if (left <= 0)
            return -ETIMEDOUT;
    }
}
