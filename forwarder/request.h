/* SPDX-License-Identifier: BSD-2-Clause
 *
 * request.h - the requests that the control socket takes, from words to the
 * engine and back.  truecause-forward(8) lists them for those who write
 * clients of their own. */
#ifndef FORWARDER_REQUEST_H
#define FORWARDER_REQUEST_H

#include <stdatomic.h>

#include "forwarder/engine.h"

/* Answers one line (which it changes).  In the control socket's thread; may
 * wait for the engine.  'state' is the state folder; 'ending' set makes long
 * work give up. */
int request_run(struct engine *, const char *state, const atomic_bool *ending, char *line, struct xml_buf *out);

#endif
