/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_state.h - the one thing that a command to a running daemon needs of
 * the configuration: its state folder.  Not config_load(), which reads secrets
 * that the caller may not see and refuses a file that is being edited. */
#ifndef FORWARDER_CONFIG_STATE_H
#define FORWARDER_CONFIG_STATE_H

#include <stddef.h>

/* The state folder that 'path' names; malloc'ed.  NULL with 'err' in words. */
char *config_state(const char *path, char *err, size_t errlen);

#endif
