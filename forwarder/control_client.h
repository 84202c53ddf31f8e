/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control_client.h - a question to the running daemon, for the commands.  See
 * control.h for what goes over the socket. */
#ifndef FORWARDER_CONTROL_CLIENT_H
#define FORWARDER_CONTROL_CLIENT_H

#include "forwarder/put.h"

/* Sends 'words' (NULL at the end) to the daemon whose state folder is 'dir' and
 * reads the answer into 'out'.  Its exit status (0 and more), or negative errno
 * with 'err' in words and what to do: -ENOENT and -ECONNREFUSED mean that no
 * daemon runs. */
int control_client_ask(const char *dir, const char *const *words, struct xml_buf *out, char *err, size_t errlen);

/* The same for a command line that names the configuration 'config_path': the
 * text goes to stdout when the status is 0, else to stderr behind "truecause:
 * error: ".  The command's exit status. */
int control_client_run(const char *config_path, const char *const *words);

#endif
