/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_files.h - the catalogue as files: what is compiled in, and the
 * *.xml files of a folder catalogue.d beside the configuration, in the order
 * of their names.  parsers/catalogue.h has what they mean. */
#ifndef FORWARDER_CATALOGUE_FILES_H
#define FORWARDER_CATALOGUE_FILES_H

#include "forwarder/config.h"
#include "parsers/catalogue.h"

/* With one reference, the caller's; the compiled-in one alone when there is no
 * such folder beside 'config_path'.  NULL with the error reported (file:line) when a file
 * cannot be read or understood: a catalogue is taken whole or not at all. */
struct catalogue *catalogue_files_load(const char *config_path, config_report *, void *arg);
/* The same with 'path', a file or a folder, that must be there. */
struct catalogue *catalogue_files_add(const char *path, config_report *, void *arg);

#endif
