/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target.c - the table of all kinds of targets.  To add one: its file, its
 * class here, its words in config_vocabulary.c and schemas/config.xsd. */
#include "build.h"

#include "forwarder/target.h"

#include <string.h>

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
