/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scenario_read.c - the text of scenario files to steps.  Knows the form only:
 * what is fed in and what comes out is scenario_run.c. */
#include "build.h"

#include "tests/unit/scenario.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/when.h"

/* The checks of libcheck only work inside tests; this is before them. */
static void
must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "scenarios: %s\n", what);
        exit(1);
    }
}

struct reader {
    const char *path;
    int line;
    struct scenario *scenario; /* array */
    unsigned n, cap;
};

/* Files are read before any test runs: a mistake in one ends the program. */
__attribute__((format(printf, 2, 3), noreturn)) static void
mistake(const struct reader *r, const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%d: ", r->path, r->line);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

static struct scenario *
current(const struct reader *r)
{
    if (r->n == 0)
        mistake(r, "begin with: scenario TITLE");
    return &r->scenario[r->n - 1];
}

static struct scenario_step *
add_step(const struct reader *r, enum scenario_step_kind kind)
{
    struct scenario *s = current(r);
    struct scenario_step *step;

    if (s->n_steps == s->cap_steps) {
        s->cap_steps = s->cap_steps ? s->cap_steps * 2 : 32;
        s->step = realloc(s->step, s->cap_steps * sizeof *s->step);
        must(s->step != NULL, "out of memory");
    }
    step = &s->step[s->n_steps++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    step->line = r->line;
    return step;
}

/* The next word of '*at', NUL-terminated in place; NULL at the end.  Blanks
 * inside '...' or "..." belong to it; the quotes do not. */
static char *
next_word(const struct reader *r, char **at)
{
    char *p = *at, *word, *out, quote = 0;

    while (*p == ' ' || *p == '\t')
        p++;
    if (!*p)
        return NULL;
    word = out = p;
    for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
        if (quote ? *p == quote : *p == '"' || *p == '\'')
            quote = quote ? 0 : *p;
        else
            *out++ = *p;
    }
    if (quote)
        mistake(r, "quote %c is not closed", quote);
    *at = *p ? p + 1 : p;
    *out = '\0';
    return word;
}

/* NAME=VALUE words until the end of the line. */
static unsigned
read_words(const struct reader *r, char *at, struct scenario_word *word)
{
    unsigned n = 0;
    char *w;

    while ((w = next_word(r, &at))) {
        char *equal = strchr(w, '=');

        if (!equal)
            mistake(r, "'%s' should be NAME=VALUE", w);
        if (n == SCENARIO_WORDS)
            mistake(r, "too many words");
        *equal = '\0';
        word[n++] = (struct scenario_word){w, equal + 1};
    }
    return n;
}

static void
read_source(const struct reader *r, char *at)
{
    struct scenario *s = current(r);
    struct scenario_word word[SCENARIO_WORDS];
    struct scenario_source *source;
    char *name = next_word(r, &at);
    unsigned n = read_words(r, at, word);

    if (!name || s->n_sources == SCENARIO_SOURCES)
        mistake(r, "source NAME format=..., at most %d of them", SCENARIO_SOURCES);
    source = &s->source[s->n_sources++];
    source->name = source->file = name;
    source->eol = "\n";
    for (unsigned i = 0; i < n; i++) {
        const char *key = word[i].name, *value = word[i].value;

        if (strcmp(key, "format") == 0)
            source->format = value;
        else if (strcmp(key, "host") == 0)
            source->host = value;
        else if (strcmp(key, "site") == 0)
            source->site = value;
        else if (strcmp(key, "zone") == 0)
            source->zone = value;
        else if (strcmp(key, "file") == 0)
            source->file = value;
        else if (strcmp(key, "date-order") == 0)
            source->date_order = value;
        else if (strcmp(key, "eol") == 0 && strcmp(value, "crlf") == 0)
            source->eol = "\r\n";
        else
            mistake(r, "a source has format, host, site, zone, file, date-order and eol=crlf, no %s=%s", key, value);
    }
    if (!source->format)
        mistake(r, "source %s needs format=", name);
}

static unsigned
find_source(const struct reader *r, const char *name)
{
    const struct scenario *s = current(r);

    for (unsigned i = 0; i < s->n_sources; i++)
        if (strcmp(s->source[i].name, name) == 0)
            return i;
    mistake(r, "no source is called '%s'", name);
}

static void
put(struct scenario_source *s, const char *p, size_t n)
{
    if (s->cap - s->n < n) {
        while (s->cap - s->n < n)
            s->cap = s->cap ? s->cap * 2 : 4096;
        s->bytes = realloc(s->bytes, s->cap);
        must(s->bytes != NULL, "out of memory");
    }
    memcpy(s->bytes + s->n, p, n);
    s->n += n;
}

static void
put_xml(struct scenario_source *s, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            put(s, "&amp;", 5);
        else if (*text == '<')
            put(s, "&lt;", 4);
        else
            put(s, text, 1);
    }
}

/* "NAME" or "NAME#LABEL": the source, and the label cut off. */
static struct scenario_step *
add_input(const struct reader *r, char *name)
{
    char *hash = strchr(name, '#');
    struct scenario_step *step;
    unsigned source;

    if (hash)
        *hash = '\0';
    source = find_source(r, name);
    step = add_step(r, STEP_INPUT);
    step->source = source;
    step->label = hash ? hash + 1 : NULL;
    step->start = current(r)->source[source].n;
    return step;
}

/* One line of a source; {n} is the number of the repetition. */
static void
read_line(const struct reader *r, char *name, const char *text, unsigned number)
{
    struct scenario_step *step = add_input(r, name);
    struct scenario_source *s = &current(r)->source[step->source];
    const char *mark;

    while ((mark = strstr(text, "{n}"))) {
        char digits[16];

        put(s, text, (size_t) (mark - text));
        put(s, digits, (size_t) snprintf(digits, sizeof digits, "%u", number));
        text = mark + 3;
    }
    put(s, text, strlen(text));
    put(s, s->eol, strlen(s->eol));
    step->end = s->n;
}

/* An event-log record as wevtutil prints it. */
static void
read_eventlog(const struct reader *r, char *at)
{
    char *name = next_word(r, &at);
    struct scenario_word word[SCENARIO_WORDS];
    unsigned n = read_words(r, at, word);
    const char *id = NULL, *source = NULL, *computer = NULL, *time = NULL, *text = NULL, *level = "2";
    struct scenario_step *step;
    struct scenario_source *s;
    char part[1024];

    if (!name)
        mistake(r, "eventlog SOURCE id=N from=SMS ...");
    step = add_input(r, name);
    s = &current(r)->source[step->source];
    for (unsigned i = 0; i < n; i++) {
        const char *key = word[i].name, *value = word[i].value;

        if (strcmp(key, "id") == 0)
            id = value;
        else if (strcmp(key, "from") == 0)
            source = value;
        else if (strcmp(key, "computer") == 0)
            computer = value;
        else if (strcmp(key, "time") == 0)
            time = value;
        else if (strcmp(key, "text") == 0)
            text = value;
        else if (strcmp(key, "level") == 0)
            level = value;
        else if (strcmp(key, "insert") != 0)
            mistake(r, "an event-log record has id, from, computer, time, level, text and insert, no %s", key);
    }
    if (!id || !source)
        mistake(r, "an event-log record needs id= and from=");
    snprintf(part, sizeof part,
             "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System><Provider Name=\"%s\"/>"
             "<EventID Qualifiers=\"49152\">%s</EventID><Level>%s</Level>",
             source, id, level);
    put(s, part, strlen(part));
    if (time) {
        snprintf(part, sizeof part, "<TimeCreated SystemTime=\"%s\"/>", time);
        put(s, part, strlen(part));
    }
    put(s, "<Channel>Application</Channel>", 30);
    if (computer) {
        snprintf(part, sizeof part, "<Computer>%s</Computer>", computer);
        put(s, part, strlen(part));
    }
    put(s, "</System><EventData>", 20);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(word[i].name, "insert") == 0) {
            put(s, "<Data>", 6);
            put_xml(s, word[i].value);
            put(s, "</Data>", 7);
        }
    put(s, "</EventData>", 12);
    if (text) {
        put(s, "<RenderingInfo Culture=\"en-US\"><Message>", 40);
        put_xml(s, text);
        put(s, "</Message></RenderingInfo>", 26);
    }
    put(s, "</Event>", 8);
    put(s, s->eol, strlen(s->eol));
    step->end = s->n;
}

static void
begin_scenario(struct reader *r, const char *title)
{
    struct scenario *s;

    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 16;
        r->scenario = realloc(r->scenario, r->cap * sizeof *r->scenario);
        must(r->scenario != NULL, "out of memory");
    }
    s = &r->scenario[r->n++];
    memset(s, 0, sizeof *s);
    s->path = r->path;
    s->line = r->line;
    s->title = title;
}

/* "NAME| text", "NAME#LABEL| text": true when 'line' is input. */
static bool
read_input(const struct reader *r, char *line, unsigned number)
{
    char *bar = line;

    while (isalnum((unsigned char) *bar) || strchr("-_.#", *bar)) {
        if (!*bar)
            return false;
        bar++;
    }
    if (bar == line || *bar != '|')
        return false;
    *bar = '\0';
    read_line(r, line, bar[1] == ' ' ? bar + 2 : bar + 1, number);
    return true;
}

static void
read_repeat(const struct reader *r, char *at)
{
    char *number = next_word(r, &at);
    unsigned n = number ? (unsigned) strtoul(number, NULL, 10) : 0;

    if (n == 0)
        mistake(r, "repeat NUMBER SOURCE| text");
    for (unsigned i = 1; i <= n; i++) {
        char *copy = strdup(at);

        must(copy != NULL, "out of memory");
        if (!read_input(r, copy, i))
            mistake(r, "repeat NUMBER SOURCE| text");
        free(copy);
    }
}

static void
read_live(const struct reader *r, char *at)
{
    struct scenario_step *step = add_step(r, STEP_LIVE);
    char *time = next_word(r, &at), *behind = next_word(r, &at);
    struct when w;

    if (!time || !when_parse_iso(str_z(time), &w) || !w.utc_known || (behind && strcmp(behind, "behind") != 0))
        mistake(r, "live 1998-09-10T16:55:40Z [behind]");
    step->now = w.utc;
    step->behind = behind != NULL;
}

static void
read_clear(const struct reader *r, char *at)
{
    struct scenario_step *step = add_step(r, STEP_CLEAR);

    step->key = next_word(r, &at);
    step->text = next_word(r, &at);
    if (!step->key || !step->text)
        mistake(r, "clear KEY 'TEXT'");
    step->key = strdup(step->key);
    step->text = strdup(step->text);
}

static void
read_command(struct reader *r, char *line)
{
    char *at = line, *verb;
    struct scenario_step *step;

    if (strncmp(line, "scenario ", 9) == 0) {
        begin_scenario(r, line + 9);
        return;
    }
    if (read_input(r, line, 1))
        return;
    verb = next_word(r, &at);
    if (strcmp(verb, "source") == 0) {
        read_source(r, at);
    } else if (strcmp(verb, "eventlog") == 0) {
        read_eventlog(r, at);
    } else if (strcmp(verb, "repeat") == 0) {
        read_repeat(r, at);
    } else if (strcmp(verb, "restart") == 0) {
        add_step(r, STEP_RESTART);
    } else if (strcmp(verb, "end") == 0) {
        add_step(r, STEP_END);
    } else if (strcmp(verb, "live") == 0) {
        read_live(r, at);
    } else if (strcmp(verb, "clear") == 0) {
        read_clear(r, at);
    } else if (strcmp(verb, "nothing") == 0) {
        add_step(r, STEP_NOTHING);
    } else if (strcmp(verb, "open") == 0) {
        char *number = next_word(r, &at);

        if (!number || !isdigit((unsigned char) *number))
            mistake(r, "open NUMBER");
        add_step(r, STEP_OPEN)->number = (unsigned) strtoul(number, NULL, 10);
    } else if (strcmp(verb, "event") == 0) {
        step = add_step(r, STEP_EVENT);
        step->n_words = read_words(r, at, step->word);
    } else if (strcmp(verb, "alarm") == 0) {
        step = add_step(r, STEP_ALARM);
        step->state = next_word(r, &at);
        if (!step->state || (strcmp(step->state, "raised") != 0 && strcmp(step->state, "updated") != 0
                             && strcmp(step->state, "cleared") != 0))
            mistake(r, "alarm raised|updated|cleared NAME=VALUE ...");
        step->n_words = read_words(r, at, step->word);
    } else {
        mistake(r, "'%s' is no source and no command", verb);
    }
}

static char *
read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *p = NULL;
    size_t n = 0;

    must(f != NULL, path);
    must(getdelim(&p, &n, '\0', f) > 0, path);
    fclose(f);
    return p;
}

struct scenario *
scenario_read(const char *path, unsigned *n)
{
    struct reader r = {.path = strdup(path)};
    char *text = read_file(path), *line = text;

    while (line) {
        char *end = strchr(line, '\n'), *first = line;

        if (end)
            *end = '\0';
        r.line++;
        while (*first == ' ' || *first == '\t')
            first++;
        if (*first && *first != '#')
            read_command(&r, first);
        line = end ? end + 1 : NULL;
    }
    *n = r.n;
    return r.scenario;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

char **
scenario_files(unsigned *n)
{
    const char *top = getenv("TEST_SRCDIR");
    char dir[1024], **list = NULL;
    const struct dirent *e;
    DIR *d;

    snprintf(dir, sizeof dir, "%s/scenarios", top ? top : ".");
    *n = 0;
    d = opendir(dir);
    must(d != NULL, "no folder scenarios/ in TEST_SRCDIR");
    while ((e = readdir(d))) {
        size_t len = strlen(e->d_name);
        char path[2048];

        if (len < 5 || strcmp(e->d_name + len - 4, ".scn") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        list = realloc(list, (*n + 1) * sizeof *list);
        must(list != NULL, "out of memory");
        list[(*n)++] = strdup(path);
    }
    closedir(d);
    qsort(list, *n, sizeof *list, by_name);
    return list;
}
