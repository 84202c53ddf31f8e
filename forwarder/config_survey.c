/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_survey.c - looks at the files that sources name and warns of what an
 * administrator did not mean.  Reads folders, and the first bytes of files that
 * may be of a layout that is refused; asks the resolver for names of targets.
 * Called by `truecause check`. */
#include "build.h"

#include "forwarder/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/dial.h"
#include "forwarder/file.h"
#include "forwarder/glob_case.h"
#include "parsers/format.h"

/* Bytes that are looked at of a file, and files of one source. */
enum { SURVEY_LOOK = 4096, SURVEY_LAYOUTS = 64 };

struct seen {
    dev_t device;
    ino_t inode;
    unsigned source;
    char *path;
};

struct survey {
    const struct config *config;
    config_report *report;
    void *arg;
    struct seen *seen;
    size_t n, cap;
};

static void warn(struct survey *, const struct config_place *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
warn(struct survey *v, const struct config_place *place, const char *fmt, ...)
{
    char text[9000];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    v->report(v->arg, true, place, text);
}

static void
note_file(struct survey *v, unsigned source, const char *path)
{
    struct seen *grown;
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    if (v->n == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 64;

        if (!(grown = realloc(v->seen, cap * sizeof *grown)))
            return;
        v->seen = grown;
        v->cap = cap;
    }
    v->seen[v->n] = (struct seen){st.st_dev, st.st_ino, source, strdup(path)};
    v->n += v->seen[v->n].path != NULL;
}

/* That the folders of its pattern cannot be looked through. */
static void
tell_shut(struct survey *v, const struct config_source *s, int error)
{
    char remedy[FILE_REMEDY];

    file_remedy(s->path, error, FILE_FOLDER, remedy, sizeof remedy);
    warn(v, &s->place, "path=\"%s\": cannot look for it: %s%s", s->path, strerror(error), remedy);
}

/* Warns of a file that whoever runs us may not read; whether it is one. */
static bool
survey_rights(struct survey *v, const struct config_source *s, const char *path)
{
    char remedy[FILE_REMEDY];

    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 || errno != EACCES)
        return false;
    file_remedy(path, EACCES, FILE_TEXT, remedy, sizeof remedy);
    warn(v, &s->place, "%s cannot be read: %s%s", path, strerror(EACCES), remedy);
    return true;
}

/* A drop folder may be empty, but it has to be there. */
static void
survey_folder(struct survey *v, const struct config_source *s)
{
    struct glob_case folders;
    int result = glob_case_folders(s->path, &folders);
    bool there = false;
    struct stat st;

    for (unsigned i = 0; i < folders.n && !there; i++)
        there = stat(folders.path[i][0] ? folders.path[i] : ".", &st) == 0 && S_ISDIR(st.st_mode);
    if (result != 0)
        tell_shut(v, s, -result);
    else if (!there)
        warn(v, &s->place, "path=\"%s\": there is no such folder; make it, and let others put whole files into it",
             s->path);
    glob_case_free(&folders);
}

/* The format of 's' that refuses files by their first bytes, NULL for none. */
static const struct format *
refusing_format(const struct config_source *s)
{
    const struct format *format = &viewer_text_format;

    if (strcmp(s->format, "auto") != 0)
        format = format_find(str_z(s->format));
    return format && format->refuses ? format : NULL;
}

/* Warns of a file that would not be read, as the stream decides it. */
static void
survey_layout(struct survey *v, const struct config_source *s, const struct format *format, const char *path)
{
    uint8_t raw[SURVEY_LOOK];
    char text[6 * SURVEY_LOOK + 6];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? 0 : read(fd, raw, sizeof raw);
    enum text_encoding encoding;
    struct str head;
    size_t bom, used;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return;
    encoding = text_detect(raw, (size_t) n, &bom);
    head = str_make((const char *) raw + bom, (size_t) n - bom);
    if (encoding != TEXT_8BIT)
        head = str_make(text, text_utf16(encoding, raw + bom, (size_t) n - bom, false, &used, text));
    if ((strcmp(s->format, "auto") != 0 || format_probe(head) == format) && format->refuses(head))
        warn(v, &s->place, "%s will not be read: it is %s", path, format->refusal);
}

static bool
is_loopback(const struct sockaddr_storage *a)
{
    const struct sockaddr_in *four = (const void *) a;
    const struct sockaddr_in6 *six = (const void *) a;

    return a->ss_family == AF_INET ? ntohl(four->sin_addr.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* The first port that takes no privilege. */
static unsigned
first_free_port(void)
{
    FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
    unsigned port = 1024;

    if (f && fscanf(f, "%u", &port) != 1)
        port = 1024;
    if (f)
        fclose(f);
    return port;
}

static void
survey_traps(struct survey *v, const struct config_source *s)
{
    const struct config_traps *t = s->traps;

    if (t->port < first_free_port())
        warn(v, &s->place,
             "listen=\"%s\": a port below %u takes a privilege, which the service does not have: listen at 1162, or let"
             " systemd pass the socket; see truecause-sources(7)",
             s->path, first_free_port());
    if (t->n_from == 0 && !is_loopback(&t->address))
        warn(v, &s->place,
             "listen=\"%s\": anybody who knows the community is heard, and a community is no secret on the wire: name the"
             " senders with from=\"...\"",
             s->path);
}

static void
survey_source(struct survey *v, unsigned i)
{
    const struct config_source *s = &v->config->sources[i];
    const struct format *format = refusing_format(s);
    struct glob_case files;
    char near[4096];
    bool shut = false;
    int result;

    if (s->traps) {
        survey_traps(v, s);
        return;
    }
    result = glob_case_find(s->path, &files);
    if (s->read_once && files.n == 0 && !files.directory && result != -EACCES) {
        survey_folder(v, s);
        glob_case_free(&files);
        return;
    }
    if (result != 0 && files.n == 0)
        tell_shut(v, s, -result);
    else if (files.n == 0 && files.directory)
        warn(v, &s->place, "path=\"%s\" is a folder: write \"%s%s*\" for all the files in it", s->path, s->path,
             s->path[strlen(s->path) - 1] == '/' ? "" : "/");
    else if (files.n == 0 && glob_case_near(s->path, near, sizeof near))
        warn(v, &s->place, "path=\"%s\" matches no file; there is %s", s->path, near);
    else if (files.n == 0)
        warn(v, &s->place, "path=\"%s\" matches no file", s->path);
    else if (files.more)
        warn(v, &s->place, "path=\"%s\" matches over %d files; those beyond are left out", s->path, GLOB_CASE_MAX);
    for (unsigned k = 0; k < files.n; k++) {
        note_file(v, i, files.path[k]);
        shut = shut || (k < SURVEY_LAYOUTS && survey_rights(v, s, files.path[k]));
        if (format && k < SURVEY_LAYOUTS)
            survey_layout(v, s, format, files.path[k]);
    }
    glob_case_free(&files);
}

static int
compare_seen(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return x->source < y->source ? -1 : x->source > y->source;
}

/* One warning for each pair of sources, with one file as the example. */
static void
tell_shared(struct survey *v)
{
    unsigned n = v->config->n_sources;
    bool *told = calloc((size_t) n * n + 1, sizeof *told);

    for (size_t i = 1; told && i < v->n; i++) {
        const struct seen *a = &v->seen[i - 1], *b = &v->seen[i];

        if (a->device != b->device || a->inode != b->inode || a->source == b->source
            || told[(size_t) a->source * n + b->source])
            continue;
        told[(size_t) a->source * n + b->source] = true;
        warn(v, &v->config->sources[b->source].place,
             "this source and that at %s:%d match the same file, %s: it would be read twice; narrow one of the paths",
             v->config->sources[a->source].place.file, v->config->sources[a->source].place.line, b->path);
    }
    free(told);
}

/* A name that nobody knows is tried for ever by the daemon, so it is told here; so
 * is an address to send from that this computer does not have, or not yet. */
static void
survey_target(struct survey *v, const struct config_target *t)
{
    int error = t->source_address ? dial_source(t->source_address) : 0;

    if (error)
        warn(v, &t->place,
             "target \"%s\": source-address %s: %s: write an address of this computer (ip address shows them), or remove it",
             t->name, t->source_address, strerror(error));
    for (unsigned i = 0; i < t->n_addresses; i++) {
        const struct config_address *a = &t->addresses[i];
        int family = a->six ? AF_INET6 : strcmp(t->type, "snmp") == 0 ? AF_INET : AF_UNSPEC;
        char address[NI_MAXHOST], why[80] = "";

        if (transport_is_local(a->transport)
            || dial_address(a->host, family, address, sizeof address, why, sizeof why) == 0)
            continue;
        warn(v, &t->place, "target \"%s\": no %saddress for %.100s: %s; check the name, or give a numeric address", t->name,
             family == AF_INET6  ? "IPv6 "
             : family == AF_INET ? "IPv4 "
                                 : "",
             a->host, why);
    }
}

void
config_survey(const struct config *config, config_report *report, void *arg)
{
    struct survey v = {.config = config, .report = report, .arg = arg};

    for (unsigned i = 0; i < config->n_sources; i++)
        survey_source(&v, i);
    if (v.n > 1)
        qsort(v.seen, v.n, sizeof *v.seen, compare_seen);
    tell_shared(&v);
    for (unsigned i = 0; i < config->n_targets; i++)
        survey_target(&v, &config->targets[i]);
    for (size_t i = 0; i < v.n; i++)
        free(v.seen[i].path);
    free(v.seen);
}
