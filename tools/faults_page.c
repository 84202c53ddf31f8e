/* SPDX-License-Identifier: BSD-2-Clause
 *
 * faults_page.c - writes truecause-faults(7) to standard output, from the
 * catalogue that is compiled in: one entry for each class and each article.
 * Run by 'make faults-page', which puts the page into doc/, and by the test that
 * compares the two; no build runs it, so that an archive and a cross build need
 * nothing but the page.  The words are those of the catalogue: write none here
 * that are about one class or article. */
#include "build.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "parsers/catalogue_set.h"
#include "parsers/when.h"

enum { COLUMNS = 110 };

static const char head[] =
    ".\\\" SPDX-License-Identifier: BSD-2-Clause\n"
    ".\\\" Made from schemas/catalogue/ by 'make faults-page'; change those files, not this one.\n"
    ".Dd November 29, 2026\n"
    ".Dt TRUECAUSE-FAULTS 7\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm truecause-faults\n"
    ".Nd what goes wrong in software distribution, why, and what to do\n"
    ".Sh DESCRIPTION\n"
    "Each event and each alarm of\n"
    ".Xr truecause 1\n"
    "has a class, which says what did go wrong, and names the articles of Microsoft's Knowledge Base that tell of it.\n"
    "This page has what the catalogue of the program says of every class and of every article.\n"
    ".Pp\n"
    "The action that an alarm carries is the most specific one there is: that of the sequence of records that showed the\n"
    "cause, else of the signature that knew the record, else of the first article that is about the class, else of the\n"
    "class.\n"
    "An alarm names only articles that are about its class.\n"
    "A signature or a sequence may give another severity than that of the class.\n"
    ".Pp\n"
    "How sure a cause is:\n"
    ".Em confirmed ,\n"
    "when another record, a code or figures prove it;\n"
    ".Em probable ,\n"
    "when the record's own shape or the order of records shows it;\n"
    ".Em unverified ,\n"
    "when there is only the claim.\n"
    ".Pp\n"
    "Files in the folder\n"
    ".Pa catalogue.d\n"
    "beside the configuration add to the catalogue or change it, without a new program; this page does not know them.\n"
    "Alarms of class\n"
    ".Em self ,\n"
    "about the collector itself, are in\n"
    ".Xr truecause-forward 8 .\n";

static const char tail[] =
    ".Sh SEE ALSO\n"
    ".Xr truecause 1 ,\n"
    ".Xr truecause.conf 5 ,\n"
    ".Xr truecause-configmgr 7 ,\n"
    ".Xr truecause-sources 7 ,\n"
    ".Xr truecause-syslog 7 ,\n"
    ".Xr truecause-forward 8\n";

/* One word as roff takes it; the catalogue holds printable ASCII, or the page
 * would have to say in which encoding it is. */
static void
put_word(struct str w, bool first)
{
    if (first && (w.p[0] == '.' || w.p[0] == '\''))
        fputs("\\&", stdout);
    for (size_t i = 0; i < w.n; i++) {
        unsigned char c = (unsigned char) w.p[i];

        if (c < ' ' || c > '~') {
            fprintf(stderr, "faults_page: byte 0x%02x in \"%.*s\": the prose of the catalogue is ASCII\n", c, STR_ARG(w));
            exit(EXIT_FAILURE);
        }
        if (c == '\\')
            fputs("\\e", stdout);
        else if (c == '~')
            fputs("\\(ti", stdout);
        else if (c == '^')
            fputs("\\(ha", stdout);
        else
            fputc(c, stdout);
    }
}

static bool
ends_sentence(struct str w)
{
    size_t n = w.n;

    while (n > 0 && (w.p[n - 1] == '"' || w.p[n - 1] == ')'))
        n--;
    return n > 2 && (w.p[n - 1] == '.' || w.p[n - 1] == '?') && w.p[n - 2] != '.';
}

/* Filled lines, each sentence on lines of its own, as roff wants them. */
static void
put_text(struct str text)
{
    size_t column = 0;
    bool fresh = true;

    while (text.n) {
        struct str w = str_make(text.p, 0);

        while (w.n < text.n && !str_is_space(text.p[w.n]))
            w.n++;
        text = str_skip(text, w.n < text.n ? w.n + 1 : w.n);
        if (!w.n)
            continue;
        if (!fresh && column + 1 + w.n > COLUMNS) {
            fputc('\n', stdout);
            fresh = true;
            column = 0;
        }
        if (!fresh)
            fputc(' ', stdout);
        put_word(w, fresh);
        column += w.n + !fresh;
        fresh = false;
        if (ends_sentence(w) && text.n && isupper((unsigned char) text.p[0])) {
            fputc('\n', stdout);
            fresh = true;
            column = 0;
        }
    }
    if (!fresh)
        fputc('\n', stdout);
}

static void
put_entry(const char *label, struct str text)
{
    if (!str_has(text))
        return;
    printf(".It %s\n", label);
    put_text(text);
}

/* "2 h", "8 days" */
static const char *
length(int64_t ns, char out[32])
{
    if (ns % WHEN_DAY == 0)
        snprintf(out, 32, "%d days", (int) (ns / WHEN_DAY));
    else if (ns % WHEN_HOUR == 0)
        snprintf(out, 32, "%d h", (int) (ns / WHEN_HOUR));
    else
        snprintf(out, 32, "%d min", (int) (ns / WHEN_MINUTE));
    return out;
}

static void
put_severity(const struct catalogue_class *k)
{
    const struct catalogue_rule *rule = &k->rule;
    char text[32];

    printf(".It Severity\n%s", severity_name(k->advice.severity));
    if (k->unverified != k->advice.severity)
        printf("; %s where it is unverified", severity_name(k->unverified));
    if (rule->escalate_count)
        printf("; %s from failure %u on", severity_name(rule->count_severity), rule->escalate_count);
    if (rule->escalate_after)
        printf("; %s when open for %s", severity_name(rule->after_severity), length(rule->escalate_after, text));
    puts(".");
    if (k->advice.severity != SEVERITY_INFO && rule->age)
        printf(".It Age\nWithout a word for %s the alarm is cleared, with the reason\n.Dq aged: state unknown .\n",
               length(rule->age, text));
}

static void
put_codes(const struct catalogue *c, enum event_class cls)
{
    bool any = false;

    for (size_t i = 0; i < c->n_codes; i++) {
        if (c->code[i].cls != cls)
            continue;
        if (!any)
            puts(".It Codes");
        else
            puts(",");
        printf("%u \\%%%.*s", c->code[i].code, STR_ARG(c->code[i].symbol));
        any = true;
    }
    if (any)
        puts("");
}

static void
put_class(const struct catalogue *c, enum event_class cls)
{
    const struct catalogue_class *k = &c->classes[cls];

    printf(".Ss %s\n.Bl -tag -width \"Severity\"\n", event_class_name(cls));
    put_entry("Symptom", k->entry.symptom);
    put_entry("Cause", k->entry.cause);
    put_entry("To do", k->entry.action);
    put_entry("Clears", k->entry.clears);
    put_severity(k);
    put_entry("Article", k->advice.article);
    put_codes(c, cls);
    puts(".El");
}

static void
put_article(const struct catalogue_entry *e)
{
    bool any = false;

    /* In quotes: words of a product may be macros. */
    printf(".Ss \"%.*s: ", STR_ARG(e->name));
    put_word(str_has(e->product) ? e->product : STR("SMS"), false);
    puts("\"\n.Bl -tag -width \"Severity\"");
    put_entry("Symptom", e->symptom);
    put_entry("Cause", e->cause);
    put_entry("To do", e->action);
    put_entry("Clears", e->clears);
    for (int cls = 0; cls < CLASS_COUNT && e->classes != CATALOGUE_ANY_CLASS; cls++) {
        if (!(e->classes & UINT32_C(1) << cls))
            continue;
        fputs(any ? ", " : ".It Class\n", stdout);
        fputs(event_class_name((enum event_class) cls), stdout);
        any = true;
    }
    if (any)
        puts("");
    puts(".El");
}

int
main(void)
{
    /* Faults first, as people meet them; then what is none. */
    static const enum event_class order[] = {
        CLASS_FILE_CONTENTION, CLASS_DISK_FULL, CLASS_STALL,     CLASS_PACKAGE_EMPTIED, CLASS_ACCESS_DENIED,
        CLASS_NETWORK,         CLASS_NOT_FOUND, CLASS_CORRUPT_DATA, CLASS_CONFIGURATION, CLASS_SERVICE,
        CLASS_DATABASE,        CLASS_RETRY,     CLASS_RESTART,   CLASS_RECOVERED,       CLASS_ACTIVITY,
        CLASS_UNCLASSIFIED,
    };
    struct catalogue_error err;
    struct catalogue *c = catalogue_new_builtin(&err);

    if (!c) {
        fprintf(stderr, "faults_page: %s:%d: %s\n", err.file, err.line, err.text);
        return EXIT_FAILURE;
    }
    fputs(head, stdout);
    puts(".Sh CLASSES");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        put_class(c, order[i]);
    puts(".Sh ARTICLES\nIn words of our own; the articles themselves say more.");
    for (size_t i = 0; i < catalogue_articles(c); i++)
        put_article(catalogue_article(c, i));
    fputs(tail, stdout);
    catalogue_unref(c);
    xmlCleanupParser();
    return fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
