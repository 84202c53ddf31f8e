/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack_zabbix.c - templates for Zabbix, in the form of its exports, and the script
 * between snmptrapd and its trapper file.  Called through the list in pack.c.  The
 * texts are mibs/packs/NAME.in; what the MIB says is filled in here. */
#include "build.h"

#include "forwarder/pack.h"

#include <string.h>

#include <openssl/evp.h>

static const char zabbix[] = {
#include "mibs/packs/zabbix.yaml.in.inc"
};
static const char trap[] = {
#include "mibs/packs/truecause-zabbix-trap.in.inc"
};

static const char alarms[] = "Truecause alarms by SNMP trap";

/* --- identifiers ------------------------------------------------------------ */

/* 32 hexadecimal digits of the form of a random UUID (RFC 4122 version 4), which
 * is all that Zabbix takes, the same for the same 'name' for ever: an import
 * finds by it what an older import made. */
static void
uuid(FILE *out, const char *name)
{
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};
    char whole[128];
    int n = snprintf(whole, sizeof whole, "truecause zabbix %s", name);

    if (EVP_Digest(whole, (size_t) n, hash, NULL, EVP_sha256(), NULL) != 1)
        memset(hash, 0, sizeof hash);
    hash[6] = (unsigned char) ((hash[6] & 0x0f) | 0x40);
    hash[8] = (unsigned char) ((hash[8] & 0x3f) | 0x80);
    for (unsigned i = 0; i < 16; i++)
        fprintf(out, "%02x", hash[i]);
}

#define UUID(function, name)                                                                                           \
    static void function(FILE *out, const struct pack_source *from)                                                    \
    {                                                                                                                  \
        (void) from;                                                                                                   \
        uuid(out, name);                                                                                               \
    }
UUID(uuid_group, "group")
UUID(uuid_alarms, "template alarms")
UUID(uuid_alarms_trap, "item snmptrap alarms")
UUID(uuid_alarm, "item truecause.alarm")
UUID(uuid_collector, "template collector")
UUID(uuid_collector_trap, "item snmptrap notice")
UUID(uuid_notice, "item truecause.notice")
UUID(uuid_silent, "trigger silent")
UUID(uuid_open, "item truecause.open")
UUID(uuid_dropped, "item truecause.dropped")
UUID(uuid_dropped_trigger, "trigger dropped")

/* --- what is looked for ------------------------------------------------------- */

/* The dotted OID from 'first' on as a regular expression without a backslash: one
 * would have to be doubled here and not there. */
static void
oid_pattern(FILE *out, const struct pack_source *from, unsigned first, const char *dot)
{
    for (unsigned i = first; i < from->enterprise->n; i++)
        fprintf(out, "%s%u", i > first ? dot : "", (unsigned) from->enterprise->sub[i]);
}

/* However snmptrapd shows it: .1.3.6..., iso.3.6..., SNMPv2-SMI::enterprises... */
static void
item_key(FILE *out, const struct pack_source *from, const char *arcs, const char *names)
{
    fputs("snmptrap[\"(3[.]6[.]1[.]4[.]1|enterprises)[.]", out);
    oid_pattern(out, from, 6, "[.]");
    fprintf(out, "[.]%d[.](%s)[^0-9.]|TRUECAUSE-MIB::(%s)\"]", MIB_ARC_NOTIFICATIONS, arcs, names);
}

static void
key(FILE *out, const struct pack_source *from)
{
    item_key(out, from, "[2-9]|[1-9][0-9]", "tc[A-Za-z]*(Raised|Cleared)");
}

static void
notice_key(FILE *out, const struct pack_source *from)
{
    item_key(out, from, "1", MIB_NOTICE_NAME);
}

/* --- JavaScript ---------------------------------------------------------------- */

#define AT "                  "

static void
put_labels(FILE *out, enum mib_object_id id)
{
    const struct mib_label *labels = mib_enums[mib_objects[id].enumeration].labels;

    fprintf(out, AT "    %s: {", mib_objects[id].name);
    for (const struct mib_label *l = labels; l->label; l++) {
        if (l != labels && (l - labels) % 6 == 0)
            fputs("\n" AT "       ", out);
        fprintf(out, "%s%d: '%s'%s", l == labels ? "" : " ", l->number, l->label, l[1].label ? "," : "");
    }
    fputs("}", out);
}

/* Takes a notification apart into 'v' by the names of the MIB, whether or not
 * snmptrapd knew them, in the forms that Zabbix's own receiver, SNMPTT-less
 * scripts and ours write. */
static void
javascript(FILE *out, const struct pack_source *from)
{
    fputs(AT "var v = {}, names = {\n" AT "   ", out);
    for (unsigned i = 0; i < MIB_OBJECTS; i++)
        fprintf(out, " %u: '%s'%s", mib_objects[i].arc, mib_objects[i].name,
                i + 1 == MIB_OBJECTS ? "\n" : i % 5 == 4 ? ",\n" AT "   " : ",");
    fputs(AT "}, labels = {\n", out);
    put_labels(out, MIB_OBJECT_STATE);
    fputs(",\n", out);
    put_labels(out, MIB_OBJECT_SEVERITY);
    fputs(",\n", out);
    put_labels(out, MIB_OBJECT_CLASS);
    fputs("\n" AT "};\n" AT "value.split('\\n').forEach(function (line) {\n"
          AT "    var n, x, m = line.match(/(?:(?:3\\.6\\.1\\.4\\.1|enterprises)\\.",
          out);
    oid_pattern(out, from, 6, "\\.");
    fprintf(out, "\\.%d\\.(\\d+)|TRUECAUSE-MIB::(tc\\w+))\\.0\\s+(?:=\\s*)?(?:type=\\d+\\s+value=)?(.*)$/);\n",
            MIB_ARC_OBJECTS);
    fputs(AT "    if (!m) { return; }\n"
          AT "    n = m[2] || names[m[1]];\n"
          AT "    x = m[3].replace(/^(STRING|INTEGER|Gauge32|Counter32): ?/, '');\n"
          AT "    if (/^\".*\"$/.test(x)) { x = x.slice(1, -1).replace(/\\\\(.)/g, '$1'); }\n"
          AT "    if (labels[n]) { x = x.replace(/\\(\\d+\\)$/, ''); x = labels[n][x] || x; }\n"
          AT "    v[n] = x;\n"
          AT "});",
          out);
}

/* --- triggers ------------------------------------------------------------------- */

#define FIELD "[^|]*[|]"

static void
put_trigger(FILE *out, const struct pack_severity *s)
{
    const char *label = pack_severity_label(s);
    char name[80];

    snprintf(name, sizeof name, "trigger %s", label);
    fputs("            - uuid: ", out);
    uuid(out, name);
    fprintf(out,
            "\n              expression: 'find(/%s/truecause.alarm,,\"regexp\",\"^(raised|updated)[|]%s[|]\")=1'\n",
            alarms, label);
    fprintf(out, "              correlation_mode: TAG_VALUE\n              correlation_tag: truecause-key\n");
    fprintf(out, "              name: 'Truecause: %s alarm'\n", label);
    fputs("              event_name: '{{ITEM.VALUE}.regsub(\"^" FIELD FIELD FIELD FIELD FIELD "(.*)$\", \"\\1\")}'\n",
          out);
    fprintf(out, "              priority: %s\n", s->zabbix);
    fprintf(out,
            "              description: 'An alarm with the severity %s, by the value of tcSeverity. The page "
            "truecause-faults(7) says what to do about each class.'\n",
            label);
    fputs("              type: MULTIPLE\n              manual_close: 'YES'\n              tags:\n", out);
    fputs("                - tag: truecause-class\n"
          "                  value: '{{ITEM.VALUE}.regsub(\"^" FIELD FIELD "([^|]*)[|]\", \"\\1\")}'\n"
          "                - tag: truecause-key\n"
          "                  value: '{{ITEM.VALUE}.regsub(\"^" FIELD FIELD FIELD "([^|]*)[|]\", \"\\1\")}'\n",
          out);
}

static void
triggers(FILE *out, const struct pack_source *from)
{
    (void) from;
    for (unsigned i = 0; i < PACK_SEVERITIES; i++)
        if (pack_severities[i].zabbix)
            put_trigger(out, &pack_severities[i]);
}

void
pack_zabbix(FILE *out, const struct pack_source *from)
{
    static const struct pack_mark marks[] = {
        {"UUID-GROUP", uuid_group},
        {"UUID-ALARMS", uuid_alarms},
        {"UUID-ALARMS-TRAP", uuid_alarms_trap},
        {"UUID-ALARM", uuid_alarm},
        {"UUID-COLLECTOR", uuid_collector},
        {"UUID-COLLECTOR-TRAP", uuid_collector_trap},
        {"UUID-NOTICE", uuid_notice},
        {"UUID-SILENT", uuid_silent},
        {"UUID-OPEN", uuid_open},
        {"UUID-DROPPED", uuid_dropped},
        {"UUID-DROPPED-TRIGGER", uuid_dropped_trigger},
        {"KEY", key},
        {"NOTICE-KEY", notice_key},
        {"OID", pack_mark_oid},
        {"JAVASCRIPT", javascript},
        {"TRIGGERS", triggers},
        {NULL, NULL},
    };

    pack_fill(out, str_make(zabbix, sizeof zabbix), marks, from);
}

void
pack_zabbix_trap(FILE *out, const struct pack_source *from)
{
    static const struct pack_mark no_marks[] = {{NULL, NULL}};

    pack_fill(out, str_make(trap, sizeof trap), no_marks, from);
}
