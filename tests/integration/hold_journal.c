/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hold_journal.c - keeps a journal's writer waiting: hold_journal FILE takes
 * the database's write lock, says "held", and gives it back when its standard
 * input ends.  For what happens while the engine hangs. */
#include "build.h"

#include <sqlite3.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    sqlite3 *db = NULL;

    if (argc != 2 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK
        || sqlite3_busy_timeout(db, 5000) != SQLITE_OK
        || sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "hold_journal: %s\n", db ? sqlite3_errmsg(db) : "usage: hold_journal FILE");
        return 1;
    }
    puts("held");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    return 0;
}
