/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config.c - reads the configuration: the main file, then conf.d beside it,
 * into one struct config.  Every error of every file is told, in the order of
 * places; with one error there is no configuration. */
#include "build.h"

#include "forwarder/config.h"

#include <dirent.h>
#include <errno.h>
#include <libxml/xmlschemastypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/config_parts.h"
#include "forwarder/file.h"
#include "forwarder/mib_table.h"
#include "parsers/when.h"

#define STATE_DEFAULT CONFIG_STATE_DEFAULT
#define DOCUMENTATION_PEN 32473

enum { FILES_MAX = 1024, JOURNAL_LEAST = 16 << 20 };

/* --- findings --------------------------------------------------------------------- */

void
config_tell(struct config_reader *r, bool warning, const char *file, int line, const char *fmt, ...)
{
    struct config_finding *f;
    va_list ap;

    if (!warning)
        r->errors++;
    if (r->n_findings == r->cap_findings) {
        unsigned cap = r->cap_findings ? r->cap_findings * 2 : 16;

        if (!(f = realloc(r->findings, cap * sizeof *f))) {
            r->no_memory = true;
            return;
        }
        r->findings = f;
        r->cap_findings = cap;
    }
    f = &r->findings[r->n_findings];
    *f = (struct config_finding){{file, line}, r->n_findings, warning, NULL};
    va_start(ap, fmt);
    if (vasprintf(&f->text, fmt, ap) < 0) {
        f->text = NULL;
        r->no_memory = true;
    } else {
        r->n_findings++;
    }
    va_end(ap);
}

static unsigned
file_number(const struct config *c, const char *file)
{
    unsigned i = 0;

    while (i < c->n_files && c->files[i] != file)
        i++;
    return i;
}

static void
report_findings(struct config_reader *r, config_report *report, void *arg)
{
    /* By file, line, then as they were found: few enough to insert. */
    for (unsigned i = 1; i < r->n_findings; i++) {
        struct config_finding f = r->findings[i];
        unsigned k = i, n = file_number(r->config, f.place.file);

        for (; k > 0; k--) {
            unsigned m = file_number(r->config, r->findings[k - 1].place.file);

            if (m < n || (m == n && r->findings[k - 1].place.line <= f.place.line))
                break;
            r->findings[k] = r->findings[k - 1];
        }
        r->findings[k] = f;
    }
    for (unsigned i = 0; i < r->n_findings; i++) {
        report(arg, r->findings[i].warning, &r->findings[i].place, r->findings[i].text);
        free(r->findings[i].text);
    }
    free(r->findings);
}

/* --- files -------------------------------------------------------------------------- */

/* A name that lives as long as the configuration. */
static const char *
add_file(struct config_reader *r, const char *path)
{
    struct config *c = r->config;
    char **grown = realloc(c->files, (c->n_files + 1) * sizeof *grown), *copy = strdup(path);

    if (grown)
        c->files = grown;
    if (!grown || !copy) {
        free(copy);
        r->no_memory = true;
        return NULL;
    }
    c->files[c->n_files++] = copy;
    return copy;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool
is_part(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".xml") == 0;
}

/* conf.d/ *.xml beside the main file, in the order of names (bytes). */
static char **
list_parts(struct config_reader *r, const char *main_file, unsigned *n)
{
    char *dir = config_path(r, "conf.d"), **names = NULL;
    const struct dirent *e;
    DIR *d = dir ? opendir(dir) : NULL;
    char remedy[FILE_REMEDY];

    *n = 0;
    if (!dir)
        r->no_memory = true;
    else if (!d && errno != ENOENT) {
        int error = errno;

        file_remedy(dir, error, FILE_FOLDER, remedy, sizeof remedy);
        config_tell(r, false, main_file, 0, "cannot read the folder %s: %s%s", dir, strerror(error), remedy);
    }
    while (d && (e = readdir(d))) {
        char **grown;

        if (!is_part(e->d_name))
            continue;
        if (*n == FILES_MAX) {
            config_tell(r, false, main_file, 0, "the folder %s holds more than %d files", dir, FILES_MAX);
            break;
        }
        if (!(grown = realloc(names, (*n + 1) * sizeof *names)) || !(grown[*n] = strdup(e->d_name))) {
            names = grown ? grown : names;
            r->no_memory = true;
            break;
        }
        names = grown;
        ++*n;
    }
    if (d)
        closedir(d);
    if (*n > 1)
        qsort(names, *n, sizeof *names, compare_names);
    free(dir);
    return names;
}

/* --- one file ------------------------------------------------------------------------- */

char *
config_attribute(struct config_reader *r, const xmlNode *node, const char *name)
{
    static const char *const files[] = {"path",           "state",     "ca",       "certificate", "key",
                                        "community-file", "auth-file", "priv-file"};
    bool is_path = false;
    xmlChar *value = NULL, *collapsed = NULL;
    char *out;

    if (!xmlHasNsProp(node, (const xmlChar *) name, NULL))
        return NULL;
    value = xmlGetNoNsProp(node, (const xmlChar *) name);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        is_path |= strcmp(name, files[i]) == 0;
    /* A name of a file means every blank in it. */
    if (value && !is_path)
        collapsed = xmlSchemaCollapseString(value);
    out = value ? strdup((const char *) (collapsed ? collapsed : value)) : NULL;
    if (!out)
        r->no_memory = true;
    xmlFree(value);
    xmlFree(collapsed);
    return out;
}

static void
read_enterprise(struct config_reader *r, const struct config_document *d, const xmlNode *root)
{
    struct config *c = r->config;
    struct mib_oid oid;
    char *text = config_attribute(r, root, "enterprise-oid");
    int line = config_attribute_line(d, root, "enterprise-oid");

    if (!(c->enterprise_oid = text ? text : strdup(DEFAULT_ENTERPRISE_OID))) {
        r->no_memory = true;
    } else if (!mib_enterprise(c->enterprise_oid, &oid)) {
        config_tell(r, false, d->file, line, "enterprise-oid=\"%.100s\" is not valid: write %s", c->enterprise_oid,
                    config_word_find(CONFIG_TRUECAUSE, "enterprise-oid")->want);
    } else {
        c->pen = oid.sub[6];
        if (c->pen == DOCUMENTATION_PEN && (text || !config_attribute_written(d, root, "enterprise-oid")))
            config_tell(r, true, d->file, line,
                        "the enterprise OID is %s, whose number is for documentation only: set enterprise-oid to one below"
                        " the number of your organisation, and load the file that `truecause mib` then prints",
                        c->enterprise_oid);
    }
}

static void
read_limits(struct config_reader *r, const struct config_document *d, const xmlNode *root)
{
    struct config *c = r->config;
    char *keep = config_attribute(r, root, "keep"), *limit = config_attribute(r, root, "journal-limit");
    const char *too_much;
    bool size_given = keep && strstr(keep, "iB");

    c->keep_ns = 7 * WHEN_DAY;
    c->keep_bytes = UINT64_C(1) << 30;
    c->journal_limit = UINT64_C(10) << 30;
    if (limit && (!config_size(limit, &c->journal_limit) || c->journal_limit < JOURNAL_LEAST))
        config_tell(r, false, d->file, config_attribute_line(d, root, "journal-limit"),
                    "journal-limit=\"%.40s\" is not valid: write a size from \"16MiB\" up", limit);
    if (keep && (too_much = config_amounts(keep, &c->keep_ns, &c->keep_bytes)))
        config_tell(r, false, d->file, config_attribute_line(d, root, "keep"), "keep: \"%.40s\" is too much", too_much);
    if (size_given && c->keep_bytes >= c->journal_limit)
        config_tell(r, false, d->file, config_attribute_line(d, root, "keep"),
                    "keep is not below journal-limit: delivered items would leave no room for new ones");
    else if (c->keep_bytes > c->journal_limit / 2)
        c->keep_bytes = size_given ? c->keep_bytes : c->journal_limit / 2;
    free(keep);
    free(limit);
}

static void
read_root(struct config_reader *r, const struct config_document *d, const xmlNode *root)
{
    char *state = config_attribute(r, root, "state");

    r->config->place = (struct config_place){d->file, config_attribute_line(d, root, NULL)};
    if (!(r->config->state = config_path(r, state ? state : STATE_DEFAULT)))
        r->no_memory = true;
    read_enterprise(r, d, root);
    config_read_engine_id(r, d, root);
    read_limits(r, d, root);
    free(state);
}

/* A file of conf.d holds sources and targets only. */
static void
refuse_root_attributes(struct config_reader *r, const struct config_document *d, const xmlNode *root)
{
    for (const struct config_word *w = config_words; w->name; w++)
        if (w->element == CONFIG_TRUECAUSE && xmlHasNsProp(root, (const xmlChar *) w->name, NULL))
            config_tell(r, false, d->file, config_attribute_line(d, root, w->name),
                        "\"%s\" may stand in the main file only: move it to %s", w->name, r->config->files[0]);
}

static void
read_document(struct config_reader *r, const char *file, bool is_main)
{
    struct config_document d;
    xmlNode *root = NULL;

    if (config_document_read(r, file, &d))
        root = xmlDocGetRootElement(d.doc);
    if (root && !((const struct config_mark *) root->_private)->bad) {
        if (is_main)
            read_root(r, &d, root);
        else
            refuse_root_attributes(r, &d, root);
    }
    for (xmlNode *e = root ? xmlFirstElementChild(root) : NULL; e; e = xmlNextElementSibling(e)) {
        if (((const struct config_mark *) e->_private)->bad)
            continue;
        if (strcmp((const char *) e->name, "source") == 0)
            config_read_source(r, &d, e);
        else if (strcmp((const char *) e->name, "target") == 0)
            config_read_target(r, &d, e);
        else if (strcmp((const char *) e->name, "agent") == 0)
            config_read_agent(r, &d, e);
    }
    config_document_free(&d);
}

/* --- all of it --------------------------------------------------------------------------- */

static void
check_whole(struct config_reader *r)
{
    const struct config *c = r->config;

    for (unsigned i = 0; i < c->n_sources; i++)
        for (unsigned k = 0; k < i; k++)
            if (c->sources[i].name && c->sources[k].name && strcmp(c->sources[i].name, c->sources[k].name) == 0)
                config_tell(r, false, c->sources[i].place.file, c->sources[i].place.line,
                            "a source with the name \"%s\" stands at %s:%d already: give this one a name of its own",
                            c->sources[i].name, c->sources[k].place.file, c->sources[k].place.line);
    for (unsigned i = 0; i < c->n_sources; i++)
        if (c->sources[i].traps)
            c->sources[i].traps->enterprise_oid = c->enterprise_oid;
    if (r->errors)
        return;
    if (c->n_sources == 0)
        config_tell(r, true, c->files[0], 0, "there is no <source>: nothing will be read");
    if (c->n_targets == 0)
        config_tell(r, true, c->files[0], 0, "there is no <target>: what is read goes nowhere");
}

static char *
folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == path ? strdup("/") : strndup(path, slash ? (size_t) (slash - path) : 0);
}

static void
read_all(struct config_reader *r, const char *path)
{
    const char *main_file = add_file(r, path);
    unsigned n = 0;
    char **names;

    if (!main_file || !config_schema_open(r))
        return;
    read_document(r, main_file, true);
    names = list_parts(r, main_file, &n);
    for (unsigned i = 0; i < n; i++) {
        char relative[300], *full;
        const char *file;

        snprintf(relative, sizeof relative, "conf.d/%s", names[i]);
        if (!(full = config_path(r, relative)))
            r->no_memory = true;
        else if ((file = add_file(r, full)))
            read_document(r, file, false);
        free(full);
        free(names[i]);
    }
    free(names);
    check_whole(r);
}

struct config *
config_load(const char *path, config_report *report, void *arg)
{
    struct config_reader r = {.config = calloc(1, sizeof *r.config), .base = folder_of(path)};
    struct config_place place = {path, 0};

    if (!r.config || !r.base)
        r.no_memory = true;
    else
        read_all(&r, path);
    if (r.config)
        report_findings(&r, report, arg);
    if (r.no_memory && !r.errors)
        report(arg, false, &place, "not enough memory to read the configuration");
    xmlSchemaFree(r.schema);
    free(r.base);
    if (r.errors || r.no_memory) {
        config_unref(r.config);
        return NULL;
    }
    return r.config;
}

static void
free_target(struct config_target *t)
{
    if (t->community)
        explicit_bzero(t->community, strlen(t->community));
    free(t->name);
    free(t->type);
    free(t->path);
    for (unsigned i = 0; i < t->n_addresses; i++)
        config_free_address(&t->addresses[i]);
    free(t->source_address);
    free(t->ca);
    free(t->certificate);
    free(t->key);
    free(t->server_name);
    free(t->version);
    if (t->community)
        explicit_bzero(t->community, strlen(t->community));
    free(t->community);
    free(t->user);
    free(t->auth);
    free(t->priv);
    free(t->context);
    explicit_bzero(&t->auth_key, sizeof t->auth_key);
    explicit_bzero(&t->priv_key, sizeof t->priv_key);
}

struct config *
config_ref(struct config *c)
{
    __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
    return c;
}

void
config_unref(struct config *c)
{
    /* What other threads did with it comes before it is freed. */
    if (!c || __atomic_fetch_sub(&c->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (unsigned i = 0; i < c->n_sources; i++) {
        struct config_source *s = &c->sources[i];

        free(s->name);
        free(s->format);
        free(s->path);
        free(s->host);
        free(s->address);
        free(s->site);
        free(s->zone);
        free(s->code_page);
        config_free_traps(s->traps);
    }
    for (unsigned i = 0; i < c->n_targets; i++)
        free_target(&c->targets[i]);
    for (unsigned i = 0; i < c->n_files; i++)
        free(c->files[i]);
    if (c->agent)
        free(c->agent->socket);
    free(c->agent);
    free(c->sources);
    free(c->targets);
    free(c->files);
    free(c->state);
    free(c->enterprise_oid);
    free(c);
}
