/* SPDX-License-Identifier: BSD-2-Clause
 *
 * inputs.h - the FILE and DIR arguments of a command as a list of files. */
#ifndef FORWARDER_INPUTS_H
#define FORWARDER_INPUTS_H

#include <stdint.h>

struct inputs {
    char **path;
    unsigned n;
    unsigned failed; /* arguments or folder entries that cannot be read */
    uint64_t bytes;  /* of all, for progress */
};

/* A folder stands for the files in it, in name order.  What cannot be read is
 * said once each on stderr and counted; the others go on. */
void inputs_expand(struct inputs *, char *const *args, int n);
void inputs_fini(struct inputs *);

#endif
