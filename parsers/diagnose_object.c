/* SPDX-License-Identifier: BSD-2-Clause
 *
 * diagnose_object.c - what a record is about, out of what its signature's
 * pattern and inserts took.  Called by diagnose.c once a signature has been
 * found; decides no verdict. */
#include "build.h"

#include "parsers/diagnose_look.h"

#include "parsers/paths.h"
#include "parsers/viewer_text.h"
#include "parsers/when.h"

void
look_host(struct look *k, struct str host)
{
    struct str upper;

    if (str_has(k->ev->f.host) || !host.n)
        return;
    upper = arena_upper(k->arena, host);
    k->no_memory |= !str_has(upper);
    k->ev->f.host = upper;
}

/* A captured path as the record meant it; absent for a stand-in. */
static struct str
whole_path(struct look *k, enum signature_field field)
{
    struct str s = k->value[field];

    if (!str_has(s))
        return STR_NONE;
    s = paths_unwrap(k->arena, s);
    k->no_memory |= !str_has(s);
    if (s.n >= 2 && ((s.p[0] == '"' && s.p[s.n - 1] == '"') || (s.p[0] == '\'' && s.p[s.n - 1] == '\'')))
        s = str_make(s.p + 1, s.n - 2);
    if (!s.n || (s.p[0] == '<' && s.p[s.n - 1] == '>'))
        return STR_NONE;
    return s;
}

struct str
look_plain(const struct look *k, enum signature_field field)
{
    struct str s = str_trim(k->value[field]);

    return s.n && !paths_is_placeholder(s) ? s : STR_NONE;
}

static void
fill_paths(struct look *k)
{
    struct facts *f = &k->ev->f;
    struct str file = whole_path(k, SIGNATURE_FILE), target = whole_path(k, SIGNATURE_TARGET);
    struct str path = whole_path(k, SIGNATURE_PATH), instruction = whole_path(k, SIGNATURE_INSTRUCTION);
    struct path_parts parts = {STR_NONE, STR_NONE, STR_NONE};

    look_set(&f->file, file);
    look_set(&f->target, target);
    if (str_has(instruction) && !paths_is_placeholder(instruction))
        look_set(&f->instruction, paths_base(instruction));
    if (str_has(path))
        paths_read_package(path, &parts);
    else if (str_has(target) || str_has(file))
        paths_read(str_has(target) ? target : file, &parts);
    look_set(&f->server, parts.server);
    look_set(&f->share, parts.share);
    look_set(&f->package, parts.package);
    if (str_has(target) && !str_has(f->package)) {
        paths_read(file, &parts);
        look_set(&f->package, parts.package);
    }
}

/* A server by its name, or as \\\\SERVER with or without a share. */
static void
fill_server(struct look *k)
{
    struct str server = look_plain(k, SIGNATURE_SERVER);
    struct path_parts parts = {STR_NONE, STR_NONE, STR_NONE};

    if (str_starts(server, STR("\\\\"))) {
        paths_read(server, &parts);
        look_set(&k->ev->f.share, parts.share);
        server = parts.server;
    }
    look_set(&k->ev->f.server, server);
}

/* What the preamble says that the event is about. */
static void
fill_framed(struct look *k)
{
    struct str name = k->frame.object_name;

    if (str_case_eq(k->frame.object, STR("Package")) && paths_is_package(name))
        look_set(&k->ev->f.package, name);
    else if (str_case_eq(k->frame.object, STR("Job")))
        look_set(&k->ev->f.job, name);
}

/* True when 'text', a date and a time of the locale with a zone's name behind
 * them, is the record's own time or at most 'span' later.  Which number is the
 * day nobody says: either reading will do. */
static bool
is_soon(const struct when *own, struct str text, int64_t span)
{
    static const enum date_order orders[] = {DATE_ORDER_MDY, DATE_ORDER_DMY};
    size_t blank = str_find_char(text, ' ');
    struct str date = str_make(text.p, blank), time = str_trim(str_skip(text, blank));
    size_t end = str_find_char(time, ' ');
    struct str half = str_skip(time, end);

    if (str_case_starts(half, STR(" AM")) || str_case_starts(half, STR(" PM")))
        end += 3;
    time.n = end;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct when till = {0};

        if (own->local_known && viewer_when(date, time, orders[i], &till) && till.local >= own->local
            && till.local - own->local <= span)
            return true;
    }
    return false;
}

bool
diagnose_soon(const struct event *ev, const struct signature *s)
{
    return s->soon && str_has(ev->retry_until) && is_soon(&ev->when, ev->retry_until, s->soon);
}

void
diagnose_object(struct look *k, const struct signature *s)
{
    struct event *ev = k->ev;
    struct facts *f = &ev->f;
    struct str worker = look_plain(k, SIGNATURE_WORKER);

    /* what the pattern names goes before what a path only suggests */
    look_set(&f->package, look_plain(k, SIGNATURE_PACKAGE));
    fill_server(k);
    look_set(&f->share, look_plain(k, SIGNATURE_SHARE));
    look_set(&f->job, look_plain(k, SIGNATURE_JOB));
    look_set(&f->site, look_plain(k, SIGNATURE_SITE));
    look_set(&f->component, look_plain(k, SIGNATURE_COMPONENT));
    look_set(&f->component, s->writer);
    look_set(&f->thread, look_plain(k, SIGNATURE_THREAD));
    look_host(k, look_plain(k, SIGNATURE_HOST));
    look_set(&ev->retry_until, look_plain(k, SIGNATURE_UNTIL));
    fill_paths(k);
    fill_framed(k);
    ev->worker_known = worker.n > 0 && worker.n <= 8;
    for (size_t i = 0; i < worker.n && ev->worker_known; i++) {
        int digit = str_hex_value(worker.p[i]);

        ev->worker_known = digit >= 0;
        ev->worker = ev->worker * 16 + (unsigned) (digit & 15);
    }
}
