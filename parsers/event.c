/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event.c - the names of the enumerations in event.h.  One table each, used
 * in both directions, so that XML, syslog, SNMP and configuration agree. */
#include "build.h"

#include "parsers/event.h"

#include "parsers/when.h"

static const char *const class_names[CLASS_COUNT] = {
#define CLASS(e, n) [CLASS_##e] = n,
    EVENT_CLASSES(CLASS)
#undef CLASS
};

static const char *const fact_names[FACT_COUNT] = {
#define F(e, n) [FACT_##e] = n,
    EVENT_FACTS(F)
#undef F
};

static const char *const severity_names[] = {"critical", "major", "minor", "warning", "info", "cleared"};
static const char *const figures_names[] = {"", "filled", "blank", "absent", "unreadable"};
static const char *const basis_names[] = {"",        "code", "log-match", "blank-figures",
                                          "figures", "text", "sequence"};
static const char *const confidence_names[] = {"", "unverified", "probable", "confirmed"};
static const char *const state_names[] = {"raised", "updated", "cleared"};
static const char *const notice_names[] = {"history", "heartbeat"};

/* Index of 'name' among the 'n' names, or -1. */
static int
name_index(const char *const *names, int n, struct str name)
{
    for (int i = 0; i < n; i++)
        if (str_eq(str_z(names[i]), name))
            return i;
    return -1;
}

const char *
perr_text(enum perr e)
{
    switch (e) {
    case PERR_OK:
        return "no error";
    case PERR_TRUNCATED:
        return "the record ends before its own end mark";
    case PERR_SYNTAX:
        return "not of this format";
    case PERR_RANGE:
        return "a number or date that cannot be";
    case PERR_NOMEM:
        return "out of memory";
    case PERR_LIMIT:
        return "more parts than the bound allows";
    case PERR_UNSUPPORTED:
        return "a layout that is not supported";
    }
    return "unknown error";
}

const char *
event_class_name(enum event_class c)
{
    return class_names[c];
}

bool
event_class_find(struct str name, enum event_class *cls)
{
    int i = name_index(class_names, CLASS_COUNT, name);

    if (i >= 0)
        *cls = (enum event_class) i;
    return i >= 0;
}

bool
event_class_is_fault(enum event_class c)
{
    switch (c) {
    case CLASS_FILE_CONTENTION:
    case CLASS_DISK_FULL:
    case CLASS_STALL:
    case CLASS_ACCESS_DENIED:
    case CLASS_NETWORK:
    case CLASS_NOT_FOUND:
    case CLASS_CORRUPT_DATA:
    case CLASS_CONFIGURATION:
    case CLASS_SERVICE:
    case CLASS_DATABASE:
    case CLASS_PACKAGE_EMPTIED:
    case CLASS_RETRY:
    case CLASS_SELF:
        return true;
    case CLASS_UNCLASSIFIED:
    case CLASS_RESTART:
    case CLASS_RECOVERED:
    case CLASS_ACTIVITY:
    case CLASS_COUNT:
        return false;
    }
    return false;
}

const char *
event_fact_name(enum event_fact f)
{
    return fact_names[f];
}

bool
event_fact_find(struct str name, enum event_fact *f)
{
    int i = name_index(fact_names, FACT_COUNT, name);

    if (i >= 0)
        *f = (enum event_fact) i;
    return i >= 0;
}

const char *
severity_name(enum severity s)
{
    return severity_names[s];
}

bool
severity_find(struct str name, enum severity *s)
{
    int i = name_index(severity_names, SEVERITY_CLEARED + 1, name);

    if (i >= 0)
        *s = (enum severity) i;
    return i >= 0;
}

/* Syslog severity (RFC 5424 6.2.1) of a perceived severity, after the mapping
 * of RFC 5674 section 2.2; info is 6. */
int
severity_syslog(enum severity s)
{
    static const int map[] = {1, 2, 3, 4, 6, 5};

    return map[s];
}

const char *
figures_name(enum figures f)
{
    return figures_names[f];
}

const char *
basis_name(enum basis b)
{
    return basis_names[b];
}

const char *
confidence_name(enum confidence c)
{
    return confidence_names[c];
}

const char *
alarm_state_name(enum alarm_state s)
{
    return state_names[s];
}

const char *
notice_kind_name(enum notice_kind k)
{
    return notice_names[k];
}

size_t
when_text(const struct when *w, char *out)
{
    size_t n = 0;

    if (w->utc_known) {
        n = when_iso(w->utc, w->fraction, out);
        out[n++] = 'Z';
    } else if (w->local_known) {
        n = when_iso(w->local, w->fraction, out);
    }
    out[n] = '\0';
    return n;
}
