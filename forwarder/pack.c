/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack.c - the list of packs and what they share.  Called by cmd_pack.c and the
 * tests.  Writes to the stream it is given and nowhere else. */
#include "build.h"

#include "forwarder/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

const struct pack packs[] = {
    {"snmptt", "snmptt.conf", "SNMPTT: a line for each notification, and a call for Icinga or Nagios", pack_snmptt},
    {"opennms", "opennms.events.xml", "OpenNMS: event definitions with alarms that reduce and clear by key",
     pack_opennms},
    {"icinga2", "icinga2.conf", "Icinga 2: services for passive results", pack_icinga2},
    {"nagios", "nagios.cfg", "Nagios: the same services", pack_nagios},
    {"result", "truecause-result", "Icinga 2, Nagios: the script that SNMPTT calls", pack_result},
    {"zabbix", "zabbix.yaml", "Zabbix 6.0 and later: templates", pack_zabbix},
    {"zabbix-trap", "truecause-zabbix-trap", "Zabbix: the script that snmptrapd calls", pack_zabbix_trap},
    {"elastic", "elastic.json", "Elasticsearch: an ingest pipeline for syslog messages, to ECS", pack_elastic},
    {NULL, NULL, NULL, NULL},
};

const struct pack_severity pack_severities[PACK_SEVERITIES] = {
    {SEVERITY_CRITICAL, "Critical", "DISASTER", "Disaster", 2},
    {SEVERITY_MAJOR, "Major", "HIGH", "High", 2},
    {SEVERITY_MINOR, "Minor", "AVERAGE", "Average", 1},
    {SEVERITY_WARNING, "Warning", "WARNING", "Warning", 1},
    {SEVERITY_INFO, "Indeterminate", "INFO", "Information", 0},
    {SEVERITY_CLEARED, "Cleared", NULL, "OK", 0},
};

const struct pack *
pack_find(const char *name)
{
    for (const struct pack *p = packs; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

int
pack_write(FILE *out, const struct pack *pack, const struct pack_source *from)
{
    pack->write(out, from);
    return ferror(out) ? -EIO : 0;
}

const char *
pack_severity_label(const struct pack_severity *s)
{
    return mib_label(MIB_ENUM_SEVERITY, mib_severity(s->severity));
}

const char *
pack_oid(const struct pack_source *from, char out[PACK_OID_SIZE])
{
    size_t n = 0;

    for (unsigned i = 0; i < from->enterprise->n; i++)
        n += (size_t) snprintf(out + n, PACK_OID_SIZE - n, "%s%" PRIu32, i ? "." : "", from->enterprise->sub[i]);
    return out;
}

void
pack_mark_oid(FILE *out, const struct pack_source *from)
{
    char oid[PACK_OID_SIZE];

    fputs(pack_oid(from, oid), out);
}

static unsigned
position(const enum mib_object_id *order, unsigned n, enum mib_object_id id)
{
    for (unsigned i = 0; i < n; i++)
        if (order[i] == id)
            return i + 1;
    return 0;
}

unsigned
pack_alarm_position(enum mib_object_id id)
{
    return position(mib_alarm_objects, MIB_ALARM_VARBINDS, id);
}

unsigned
pack_notice_position(enum mib_object_id id)
{
    return position(mib_notice_objects, MIB_NOTICE_VARBINDS, id);
}

/* The next word of '*text', which it leaves; empty at the end. */
static struct str
next_word(struct str *text)
{
    struct str word;

    while (text->n && str_is_space(text->p[0]))
        *text = str_skip(*text, 1);
    word = str_make(text->p, 0);
    while (word.n < text->n && !str_is_space(word.p[word.n]))
        word.n++;
    if (word.n)
        *text = str_skip(*text, word.n);
    return word;
}

void
pack_wrap(FILE *out, const char *lead, int columns, struct str text)
{
    int column = 0;

    for (struct str word; (word = next_word(&text)).n;) {
        if (column && column + 1 + (int) word.n > columns) {
            fputc('\n', out);
            column = 0;
        }
        if (!column)
            column = fprintf(out, "%s", lead);
        else
            column += fprintf(out, " ");
        column += fprintf(out, "%.*s", STR_ARG(word));
    }
    if (column)
        fputc('\n', out);
}

void
pack_xml(FILE *out, struct str text)
{
    bool first = true;

    for (struct str word; (word = next_word(&text)).n; first = false) {
        if (!first)
            fputc(' ', out);
        for (size_t i = 0; i < word.n; i++) {
            switch (word.p[i]) {
            case '&':
                fputs("&amp;", out);
                break;
            case '<':
                fputs("&lt;", out);
                break;
            case '>':
                fputs("&gt;", out);
                break;
            case '"':
                fputs("&quot;", out);
                break;
            default:
                fputc(word.p[i], out);
            }
        }
    }
}

/* The mark that 'text' begins with, or NULL. */
static const struct pack_mark *
mark_at(struct str text, const struct pack_mark *marks)
{
    for (const struct pack_mark *m = marks; text.p[0] == '@' && m->name; m++) {
        size_t n = strlen(m->name);

        if (text.n >= n + 2 && memcmp(text.p + 1, m->name, n) == 0 && text.p[n + 1] == '@')
            return m;
    }
    return NULL;
}

void
pack_fill(FILE *out, struct str text, const struct pack_mark *marks, const struct pack_source *from)
{
    while (text.n) {
        const struct pack_mark *m = mark_at(text, marks);

        if (m)
            m->write(out, from);
        else
            fputc(text.p[0], out);
        text = str_skip(text, m ? strlen(m->name) + 2 : 1);
    }
}
