/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scenario_compare.c - what a scenario expects, and what came out of it. */
#include "build.h"

#include "tests/unit/scenario.h"

#include <stdio.h>
#include <string.h>

static const char *
field(const struct scenario_item *it, const char *name)
{
    for (unsigned i = 0; i < it->n_fields; i++)
        if (strcmp(it->field[i].name, name) == 0)
            return it->field[i].value;
    return "none";
}

/* The first word of 'step' that 'it' does not meet, or NULL. */
static const struct scenario_word *
unmet(const struct scenario_step *step, const struct scenario_item *it)
{
    for (unsigned i = 0; i < step->n_words; i++)
        if (strcmp(field(it, step->word[i].name), step->word[i].value) != 0)
            return &step->word[i];
    return NULL;
}

static void
describe(const struct scenario_item *it, char *out, size_t size)
{
    size_t n = (size_t) snprintf(out, size, "%s %s", it->alarm ? "alarm" : "event", it->alarm ? it->state : "");

    for (unsigned i = 0; i < it->n_fields && n < size; i++) {
        const char *name = it->field[i].name, *value = it->field[i].value;

        if (strcmp(name, "action") == 0 || strcmp(name, "text") == 0)
            continue;
        n += (size_t) snprintf(out + n, size - n, strchr(value, ' ') ? " %s='%s'" : " %s=%s", name, value);
    }
}

/* The item that step number 'at' is about: the next one after '*next' that is
 * not a minor event passed over in favour of a later match. */
static bool
meets(const struct scenario *s, const struct scenario_result *r, unsigned at, unsigned *next,
      char message[SCENARIO_MESSAGE])
{
    const struct scenario_step *step = &s->step[at];
    const struct scenario_word *missed;
    char got[SCENARIO_MESSAGE / 2] = "nothing";

    for (; *next < r->n_items && r->item[*next].step <= at; (*next)++) {
        const struct scenario_item *it = &r->item[*next];
        bool kind = it->alarm == (step->kind == STEP_ALARM) && (!it->alarm || strcmp(it->state, step->state) == 0);

        missed = kind ? unmet(step, it) : NULL;
        if (kind && !missed) {
            (*next)++;
            return true;
        }
        if (it->minor)
            continue;
        describe(it, got, sizeof got);
        if (missed)
            snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s:\n  expected %s=%s, got %s\n  got %s", s->path, step->line,
                     s->title, missed->name, missed->value, field(it, missed->name), got);
        else
            snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s:\n  expected %s %s\n  got %s", s->path, step->line, s->title,
                     step->kind == STEP_ALARM ? "alarm" : "event", step->state ? step->state : "", got);
        return false;
    }
    snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s: expected %s %s %s=%s, got nothing", s->path, step->line, s->title,
             step->kind == STEP_ALARM ? "alarm" : "event", step->state ? step->state : "",
             step->n_words ? step->word[0].name : "", step->n_words ? step->word[0].value : "");
    return false;
}

/* What came by step 'at' and was not mentioned may only be minor events. */
static bool
nothing_left(const struct scenario *s, const struct scenario_result *r, unsigned at, unsigned *next,
             char message[SCENARIO_MESSAGE])
{
    char got[SCENARIO_MESSAGE / 2];

    for (; *next < r->n_items && r->item[*next].step <= at; (*next)++) {
        if (r->item[*next].minor)
            continue;
        describe(&r->item[*next], got, sizeof got);
        snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s: expected nothing (more)\n  got %s", s->path, s->step[at].line,
                 s->title, got);
        return false;
    }
    return true;
}

static bool
expects(const struct scenario_step *step)
{
    return step->kind == STEP_EVENT || step->kind == STEP_ALARM || step->kind == STEP_NOTHING
           || step->kind == STEP_OPEN;
}

bool
scenario_compare(const struct scenario *s, const struct scenario_result *r, char message[SCENARIO_MESSAGE])
{
    unsigned next = 0;

    for (unsigned i = 0; i < s->n_steps; i++) {
        const struct scenario_step *step = &s->step[i];
        bool last = i + 1 == s->n_steps || !expects(&s->step[i + 1]);

        if (step->kind == STEP_OPEN && r->open[i] != step->number) {
            snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s: expected %u open alarms, got %u", s->path, step->line,
                     s->title, step->number, r->open[i]);
            return false;
        }
        if ((step->kind == STEP_EVENT || step->kind == STEP_ALARM) && !meets(s, r, i, &next, message))
            return false;
        /* A group of expectations lists all that there was. */
        if (((expects(step) && last) || step->kind == STEP_NOTHING || i + 1 == s->n_steps)
            && !nothing_left(s, r, i, &next, message))
            return false;
    }
    return true;
}
