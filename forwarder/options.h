/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.h - the options that export, report and explain share. */
#ifndef FORWARDER_OPTIONS_H
#define FORWARDER_OPTIONS_H

#include <stdbool.h>

#include "forwarder/stream.h"
#include "parsers/catalogue.h"

struct options {
    struct stream_options stream;
    bool faults;
    const char *output; /* NULL: stdout */
    struct catalogue *catalogue; /* with what --catalogue adds; NULL: the one in the program */
    int first;          /* index in argv of the first argument */
};

/* Reads argv after the subcommand; 'own' names the further options the
 * command takes: 'f' --faults, 'o' -o.  False when the command is to end with
 * '*status' (usage error, --help shown, or a catalogue that cannot be read).
 * The catalogue's reference is the caller's. */
bool options_read(struct options *, int argc, char **argv, const char *own, const char *usage, int *status);

#endif
