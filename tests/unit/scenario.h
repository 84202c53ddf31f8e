/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scenario.h - scenario files (tests/scenarios/README says how they are
 * written): read, run through the real path of records, and compared with
 * what they expect.  For check_scenarios.c and check_correlate.c. */
#ifndef TESTS_UNIT_SCENARIO_H
#define TESTS_UNIT_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCENARIO_SOURCES = 16, SCENARIO_WORDS = 64, SCENARIO_FIELDS = 64, SCENARIO_MESSAGE = 4096 };

/* NAME=VALUE, as written or as found; both are NUL-terminated. */
struct scenario_word {
    const char *name, *value;
};

enum scenario_step_kind {
    STEP_INPUT,
    STEP_RESTART,
    STEP_END,
    STEP_LIVE,
    STEP_CLEAR,
    STEP_EVENT,
    STEP_ALARM,
    STEP_NOTHING,
    STEP_OPEN
};

struct scenario_step {
    enum scenario_step_kind kind;
    int line;
    unsigned source;   /* input */
    size_t start, end; /* input: its bytes in the source */
    const char *label; /* input: name of the record that begins there, or NULL */
    const char *state; /* alarm: raised, updated, cleared */
    unsigned number;   /* open: how many */
    int64_t now;       /* live: UTC ns */
    bool behind;       /* live: some log has more to read */
    const char *key, *text; /* clear */
    unsigned n_words;  /* event, alarm: what must hold */
    struct scenario_word word[SCENARIO_WORDS];
};

struct scenario_source {
    const char *name, *file; /* label in the script, file name the program sees */
    const char *format, *host, *site, *zone, *date_order, *eol;
    char *bytes;
    size_t n, cap;
};

struct scenario {
    const char *path; /* of the file it is in */
    const char *title;
    int line;
    unsigned n_sources;
    struct scenario_source source[SCENARIO_SOURCES];
    unsigned n_steps, cap_steps;
    struct scenario_step *step;
};

/* All scenarios of one file; ends the program with file:line on a mistake in
 * it.  They live until the process ends. */
struct scenario *scenario_read(const char *path, unsigned *n);

/* One item as it came out. */
struct scenario_item {
    unsigned step;       /* input, restart or end that brought it */
    bool alarm;
    bool minor;          /* an event that is no fault: may go unmentioned */
    const char *state;   /* of an alarm */
    char *xml;
    unsigned n_fields;
    struct scenario_word field[SCENARIO_FIELDS]; /* absent facts are not there */
};

struct scenario_result {
    struct scenario_item *item;
    unsigned n_items, cap_items;
    unsigned *open; /* alarms open after each step */
    bool untimed;   /* some record shows no time, or one of unknown zone */
    int64_t *time;  /* of each step: the latest record time so far, as sources are merged by */
    unsigned records;
    char **alarm; /* those open at the end: key, class, count, first, last; sorted */
    unsigned n_alarms;
};

/* Where the correlator is saved and restored besides the script's own restarts. */
enum { SCENARIO_RESTART_NEVER = -1, SCENARIO_RESTART_ALWAYS = -2 };

struct scenario_options {
    int restart;   /* one of the two above, or after how many records */
    uint64_t seed; /* not 0: commits, and where 'live' the answers of the world, at random */
    bool plain;    /* the records alone: restarts, ends and live steps of the script are left out */
    bool live;     /* time goes on by arrival between the records */
};

/* Loads the catalogue that scenarios run with; ends the program when it cannot.
 * For main(): it costs more than most scenarios do, and Check's processes then
 * have it by their birth. */
void scenario_load_catalogue(void);
/* Runs 's'.  Ends the test when the path breaks. */
struct scenario_result *scenario_run(const struct scenario *s, int restart);
struct scenario_result *scenario_run_with(const struct scenario *s, const struct scenario_options *);
void scenario_result_free(struct scenario_result *, const struct scenario *);

/* True when 'r' is what the script expects; else "file:line: expected, got". */
bool scenario_compare(const struct scenario *s, const struct scenario_result *r, char message[SCENARIO_MESSAGE]);

/* The scenario files of the source tree, sorted; the count into '*n'. */
char **scenario_files(unsigned *n);

#endif
