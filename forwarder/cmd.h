/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd.h - the subcommands, one function and one file each.  argv[0] is the
 * subcommand's own name.  They write to stdout what was asked for, to stderr
 * what went wrong, and return the exit code: 0 done, 1 done but some bytes no
 * format could frame, 2 wrong usage, 3 invalid configuration, 4 failed. */
#ifndef FORWARDER_CMD_H
#define FORWARDER_CMD_H

enum { CMD_DONE = 0, CMD_UNFRAMED = 1, CMD_USAGE = 2, CMD_CONFIG = 3, CMD_FAILED = 4 };

int cmd_mib(int argc, char **argv);

#endif
