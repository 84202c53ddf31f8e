/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sources.c - patterns of the configuration to streams, each at its place.
 * Called by pipeline.c. */
#include "build.h"

#include "forwarder/sources.h"

#include "forwarder/checkpoint.h"
#include "forwarder/glob_case.h"
#include "forwarder/log.h"

enum { SOURCES_TRANSIENT = 64 };

static unsigned
open_one(const struct config_source *sc, const char *path, bool transient, struct journal *journal,
         struct merge *merge)
{
    struct stream_options options = {.format = sc->format,
                                     .host = sc->host,
                                     .address = sc->address,
                                     .site = sc->site,
                                     .zone = sc->zone,
                                     .code_page = sc->code_page,
                                     .date_order = sc->date_order};
    char err[512];
    struct stream *s = stream_open(path, &options, transient, err, sizeof err);

    if (!s) {
        log_error("%s:%d: source '%s': %s", sc->place.file, sc->place.line, sc->name, err);
        return 1;
    }
    checkpoint_resume(journal, s);
    if (merge_add(merge, s))
        return 0;
    log_error("%s: out of memory", path);
    stream_close(s);
    return 1;
}

unsigned
sources_open(const struct config *config, struct journal *journal, struct merge *merge)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < config->n_sources; i++) {
        const struct config_source *sc = &config->sources[i];
        struct glob_case files;

        if (glob_case_find(sc->path, &files) || files.n == 0) {
            log_error("%s:%d: source '%s': no file matches %s", sc->place.file, sc->place.line, sc->name, sc->path);
            failed++;
        }
        for (unsigned k = 0; k < files.n; k++)
            failed += open_one(sc, files.path[k], files.n > SOURCES_TRANSIENT, journal, merge);
        glob_case_free(&files);
    }
    return failed;
}
