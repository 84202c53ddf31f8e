/* SPDX-License-Identifier: BSD-2-Clause
 *
 * daemon.h - the program as a service: what stands around the engine. */
#ifndef FORWARDER_DAEMON_H
#define FORWARDER_DAEMON_H

#include "forwarder/config.h"
#include "parsers/catalogue.h"

/* Runs in the foreground until a signal ends it; takes over both references.
 * The exit status (cmd.h).  'config_path' is what SIGHUP reads again. */
int daemon_run(const char *config_path, struct config *, struct catalogue *);

#endif
