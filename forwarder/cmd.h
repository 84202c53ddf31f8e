/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd.h - the subcommands, one function and one file each.  argv[0] is the
 * subcommand's own name.  They write to stdout what was asked for, to stderr
 * what went wrong, and return the exit code: 0 done, 1 done but some bytes no
 * format could frame, 2 wrong usage, 3 invalid configuration, 4 failed. */
#ifndef FORWARDER_CMD_H
#define FORWARDER_CMD_H

#include <stdbool.h>

enum { CMD_DONE = 0, CMD_UNFRAMED = 1, CMD_USAGE = 2, CMD_CONFIG = 3, CMD_FAILED = 4 };

int cmd_export(int argc, char **argv);
int cmd_agent(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_explain_id(int argc, char **argv); /* explain with -c; argv of "explain" */
int cmd_forward(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_alarms(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_send_test(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_mib(int argc, char **argv);
int cmd_pack(int argc, char **argv);

/* For config_load(): findings go to the log as "file:line: what". */
struct config_place;
void cmd_config_report(void *arg, bool warning, const struct config_place *, const char *text);

#endif
