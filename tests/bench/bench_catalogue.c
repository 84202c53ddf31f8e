/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_catalogue.c - the rate of export against the number of signatures: sets
 * of 3, 30 and 300, on a load as it is and on the same load in which one record
 * in twenty holds the literals of a signature whose pattern does not fit.
 *
 *   bench_catalogue LOAD FOLDER [ROUNDS]
 *
 * The sets are generated, and worded as the logs are; the first signature of
 * each is the failed copy of the load.  FOLDER takes the second load.  Rounds
 * are interleaved and the best one counts, in CPU time: other programs on the
 * machine disturb every set alike. */
#include "build.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/pipeline.h"
#include "parsers/item_xml.h"

enum { SETS = 3, LOADS = 2, SET_BYTES = 1 << 20, FLUSH = 1 << 17, NEAR_ONE_IN = 20 };

static const unsigned set_size[SETS] = {3, 30, 300};

static const char *const verbs[] = {"compress", "decompress", "replicate", "schedule",  "distribute", "assign",
                                    "archive",  "register",  "validate",  "advertise", "summarize",  "evaluate"};
static const char *const objects[] = {
    "package definition", "site control image",  "collection rule",    "client record",     "inbox rule",
    "status filter",      "discovery record",    "inventory delta",    "address list",      "sender thread",
    "job instruction",    "machine group",       "query result",       "program item",      "offer variable",
    "server connection",  "logon script",        "metering rule",      "hierarchy link",    "trigger table",
    "component item",     "maintenance task",    "service account key", "bandwidth window", "boundary range",
};
enum { VERBS = sizeof verbs / sizeof verbs[0], OBJECTS = sizeof objects / sizeof objects[0] };

/* Walks through all 300 pairs of verb and object, both changing at each step. */
static void
words(unsigned i, const char **verb, const char **object)
{
    *verb = verbs[i % VERBS];
    *object = objects[(i + i / VERBS) % OBJECTS];
}

static struct catalogue *
make_set(unsigned n)
{
    struct catalogue_error err;
    struct catalogue *set;
    char *xml = malloc(SET_BYTES);
    size_t at = 0;

    if (!xml)
        return NULL;
#define ADD(...) at += (size_t) snprintf(xml + at, SET_BYTES - at, __VA_ARGS__)
    ADD("<catalogue xmlns=\"urn:truecause:catalogue:1\"><class name=\"file-contention\" severity=\"minor\"/>"
        "<code win32=\"32\" symbol=\"ERROR_SHARING_VIOLATION\" class=\"file-contention\" tag=\"true\"/>"
        "<signature id=\"copy\" fact=\"copy-failed\" class=\"by-code\"><literal>Copying</literal>"
        "<literal>, Failed</literal><pattern>copying (?'file'.+?) to (?'target'.+), failed</pattern>"
        "<example>Copying C:\\a to D:\\b, Failed, Win32 Error = 32</example><near-miss>x</near-miss></signature>");
    for (unsigned i = 1; i < n; i++) {
        const char *verb, *object;

        words(i, &verb, &object);
        ADD("<signature id=\"s%u\" class=\"service\">", i);
        if (i % 2)
            ADD("<literal>failed to %s</literal><literal>%s</literal>", verb, object);
        else
            ADD("<literal>%s the %s</literal>", verb, object);
        ADD("<pattern>failed to %s (?:the )?%s (?'file'(?:[a-z]:|\\\\\\\\)\\S+), error</pattern>"
            "<example>Failed to %s the %s C:\\x.tmp, error 5</example><near-miss>x</near-miss></signature>",
            verb, object, verb, object);
    }
    ADD("</catalogue>");
#undef ADD
    set = catalogue_new(&(struct catalogue_input){"bench", str_make(xml, at)}, 1, &err);
    if (!set)
        fprintf(stderr, "bench_catalogue: %s:%d: %s\n", err.file, err.line, err.text);
    free(xml);
    return set;
}

/* The load with near misses, of all 300 signatures in turn. */
static bool
make_near(const char *load, const char *path, unsigned long long *records)
{
    FILE *in = fopen(load, "rb"), *out = fopen(path, "wb");
    char line[4096];
    bool ok = in && out;

    *records = 0;
    while (ok && fgets(line, sizeof line, in)) {
        const char *trailer = strstr(line, " $$<"), *verb, *object;

        if (++*records % NEAR_ONE_IN == 0 && trailer) {
            words((unsigned) (*records / NEAR_ONE_IN % 299) + 1, &verb, &object);
            fprintf(out, "~Will try again what failed to %s the %s of this site%s", verb, object, trailer);
        } else {
            fputs(line, out);
        }
    }
    if (in)
        fclose(in);
    return out && fclose(out) == 0 && ok;
}

static int
put(void *arg, const struct item *item)
{
    struct xml_buf *xml = arg;

    item_xml_write(xml, item);
    if (xml->n >= FLUSH)
        xml_buf_clear(xml);
    return 0;
}

/* CPU seconds of one export of 'path' with 'set'; negative when it fails. */
static double
run(struct catalogue *set, const char *path)
{
    const struct stream_options options = {.format = "sms-log", .host = "BENCH", .zone = "UTC"};
    char name[1024], *argument = name;
    struct timespec begin, end;
    struct xml_buf xml;
    struct sink sink = {put, &xml};
    struct pipeline p;
    struct inputs in;
    bool ok;

    snprintf(name, sizeof name, "%s", path);
    xml_buf_init(&xml, 16 << 20);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    inputs_expand(&in, &argument, 1);
    if (!pipeline_init(&p, catalogue_ref(set)))
        return -1;
    pipeline_open_inputs(&p, &in, &options);
    ok = pipeline_run(&p, &sink, false) == 0 && !p.failed && p.events > 0;
    pipeline_fini(&p);
    inputs_fini(&in);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    xml_buf_fini(&xml);
    return ok ? (double) (end.tv_sec - begin.tv_sec) + (double) (end.tv_nsec - begin.tv_nsec) / 1e9 : -1;
}

int
main(int argc, char **argv)
{
    const char *load[LOADS] = {argc > 1 ? argv[1] : NULL, NULL};
    static const char *const title[LOADS] = {"as it is", "1 in 20 a near miss"};
    unsigned rounds = argc > 3 ? (unsigned) strtoul(argv[3], NULL, 10) : 3;
    struct catalogue *set[SETS] = {NULL};
    double best[LOADS][SETS] = {{0}};
    unsigned long long records;
    char near[1024];
    int status = 1;

    if (argc < 3 || snprintf(near, sizeof near, "%s/near.log", argv[2]) >= (int) sizeof near)
        return 2;
    load[1] = near;
    if (!make_near(load[0], near, &records))
        goto out;
    for (unsigned i = 0; i < SETS; i++)
        if (!(set[i] = make_set(set_size[i])))
            goto out;
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned l = 0; l < LOADS; l++)
            for (unsigned i = 0; i < SETS; i++) {
                double took = run(set[i], load[l]);

                if (took < 0)
                    goto out;
                if (r == 0 || took < best[l][i])
                    best[l][i] = took;
            }
    for (unsigned l = 0; l < LOADS; l++)
        for (unsigned i = 0; i < SETS; i++)
            printf("export, %3u signatures, %-22s %9.0f records/s of CPU time, %5.1f %% of the rate of 30\n",
                   set_size[i], title[l], (double) records / best[l][i], 100 * best[l][1] / best[l][i]);
    status = 0;
out:
    if (status)
        fprintf(stderr, "bench_catalogue: cannot run on %s\n", load[0]);
    for (unsigned i = 0; i < SETS; i++)
        catalogue_unref(set[i]);
    remove(near);
    return status;
}
