/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - finds the subcommand and hands over.  Nothing else belongs here,
 * so that the tests can link all the rest. */
#include "build.h"

#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts(PACKAGE_STRING) < 0 ? 4 : 0;
    fputs("usage: truecause --version\n", stderr);
    return 2;
}
