/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_view.c - opens the journal for reading only.  Called by
 * cmd_explain_id.c. */
#include "build.h"

#include "forwarder/journal_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/journal_tables.h"

struct journal *
journal_view(const char *dir, char *err, size_t errlen)
{
    struct journal *j = calloc(1, sizeof *j);
    int rc = SQLITE_OK, result = -ENOMEM;

    if (j) {
        j->lock = -1;
        j->dir = strdup(dir);
        if (asprintf(&j->path, "%s/journal.db", dir) < 0)
            j->path = NULL;
    }
    if (!j || !j->dir || !j->path) {
        snprintf(err, errlen, "not enough memory to open the journal");
    } else if (access(j->path, R_OK) != 0) {
        result = -errno;
        snprintf(err, errlen, "%s: cannot read the journal: %s", j->path, strerror(errno));
    } else if ((rc = sqlite3_open_v2(j->path, &j->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL)) != SQLITE_OK
               || (rc = journal_settings(j->db, true)) != SQLITE_OK
               || (rc = journal_words_load(j->db, false, &j->words)) != SQLITE_OK) {
        result = journal_errno(j->db, rc);
        snprintf(err, errlen,
                 "%s: cannot read the journal: %s; the daemon mends it, or brings it to this version, at its next start",
                 j->path, j->db ? sqlite3_errmsg(j->db) : sqlite3_errstr(rc));
    } else {
        journal_finder_init(&j->finder, j->db, &j->words);
        return j;
    }
    journal_close(j);
    errno = -result;
    return NULL;
}

int
journal_view_cursors(struct journal *j, void (*each)(void *, const char *, uint64_t), void *arg)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(j->db, "SELECT target, seq FROM cursor ORDER BY target", -1, &st, NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        each(arg, (const char *) sqlite3_column_text(st, 0), (uint64_t) sqlite3_column_int64(st, 1));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? 0 : journal_errno(j->db, rc);
}
