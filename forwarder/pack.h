/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack.h - ready-made files for NMS products, made from the MIB's own table and
 * the catalogue, for one enterprise OID.  `truecause pack` prints them; those in
 * mibs/packs/ are what it prints for the default OID. */
#ifndef FORWARDER_PACK_H
#define FORWARDER_PACK_H

#include <stdio.h>

#include "forwarder/mib_table.h"
#include "parsers/catalogue.h"

/* What a pack is made from, all borrowed. */
struct pack_source {
    const struct mib_oid *enterprise; /* as mib_enterprise() made it */
    const struct catalogue *catalogue;
};

struct pack {
    const char *name; /* as on the command line */
    const char *file; /* its name in mibs/packs/ */
    const char *what; /* one line for people */
    void (*write)(FILE *, const struct pack_source *);
};
extern const struct pack packs[]; /* name NULL at the end */

/* NULL where there is none of that name. */
const struct pack *pack_find(const char *name);

/* Writes 'pack'.  0, or -EIO when the stream failed. */
int pack_write(FILE *out, const struct pack *pack, const struct pack_source *from);

/* --- for the packs' own files (pack_*.c) ----------------------------------- */

void pack_snmptt(FILE *, const struct pack_source *);
void pack_opennms(FILE *, const struct pack_source *);
void pack_icinga2(FILE *, const struct pack_source *);
void pack_nagios(FILE *, const struct pack_source *);
void pack_result(FILE *, const struct pack_source *);
void pack_zabbix(FILE *, const struct pack_source *);
void pack_zabbix_trap(FILE *, const struct pack_source *);
void pack_elastic(FILE *, const struct pack_source *);

/* One of our severities in the words and numbers of each product: OpenNMS the same
 * names; Zabbix Disaster, High, Average, Warning, Info, OK; Icinga and Nagios 2, 2,
 * 1, 1, 0, 0. */
struct pack_severity {
    enum severity severity;
    const char *title;  /* SNMPTT, OpenNMS */
    const char *zabbix; /* in an export; NULL for what raises no trigger */
    const char *zabbix_title;
    int nagios;
};
enum { PACK_SEVERITIES = 6 };
extern const struct pack_severity pack_severities[PACK_SEVERITIES]; /* worst first, cleared last */

/* The label that TRUECAUSE-MIB has for it. */
const char *pack_severity_label(const struct pack_severity *);

/* Where an object stands among the varbinds of an alarm's notification or a
 * notice's, from 1, sysUpTime.0 and snmpTrapOID.0 not counted; 0: not at all. */
unsigned pack_alarm_position(enum mib_object_id);
unsigned pack_notice_position(enum mib_object_id);

/* "1.3.6.1.4.1.32473.109" */
enum { PACK_OID_SIZE = MIB_OID_MAX * 11 + 1 };
const char *pack_oid(const struct pack_source *, char out[PACK_OID_SIZE]);

/* Words of 'text' on lines of up to 'columns', each after 'lead'; a line feed
 * at the end of each. */
void pack_wrap(FILE *out, const char *lead, int columns, struct str text);
/* 'text' as the content of an XML element or attribute, runs of blanks as one. */
void pack_xml(FILE *out, struct str text);

/* Prints 'text'; each @NAME@ in it whose NAME is in 'marks' (NULL name at the
 * end) is what its function writes. */
struct pack_mark {
    const char *name;
    void (*write)(FILE *, const struct pack_source *);
};
void pack_fill(FILE *out, struct str text, const struct pack_mark *marks, const struct pack_source *from);

/* Writes the dotted enterprise OID: of a mark. */
void pack_mark_oid(FILE *, const struct pack_source *);

#endif
