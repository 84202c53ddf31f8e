/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_text.h - TRUECAUSE-MIB as SMIv2 text. */
#ifndef FORWARDER_MIB_TEXT_H
#define FORWARDER_MIB_TEXT_H

#include <stdio.h>

#include "forwarder/mib_table.h"

#define MIB_MODULE "TRUECAUSE-MIB"

/* Writes the module rooted at 'enterprise' (as mib_enterprise() made it) to
 * 'out'.  0, or -EIO when the stream failed. */
int mib_text_write(FILE *out, const struct mib_oid *enterprise);

#endif
