/* SPDX-License-Identifier: BSD-2-Clause
 *
 * container.c - the table of the kinds of container.  To add one: its class in
 * container.h, one line here. */
#include "build.h"

#include "forwarder/container.h"

static const struct container_class *const classes[] = {
    &evt_file_container,
    &evtx_file_container,
    NULL,
};

const struct container_class *
container_claiming(struct str head)
{
    for (size_t i = 0; classes[i]; i++)
        if (classes[i]->claims(head))
            return classes[i];
    return NULL;
}

const struct container_class *
container_named(const char *name)
{
    for (size_t i = 0; classes[i]; i++)
        if (strcmp(classes[i]->format->name, name) == 0)
            return classes[i];
    return NULL;
}
