/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack_icinga2.c - services of Icinga 2 and Nagios for passive results, and the
 * script between SNMPTT and them.  Called through the list in pack.c.  The texts
 * are mibs/packs/NAME.in; what the MIB says is filled in here. */
#include "build.h"

#include "forwarder/pack.h"

static const char icinga2[] = {
#include "mibs/packs/icinga2.conf.in.inc"
};
static const char nagios[] = {
#include "mibs/packs/nagios.cfg.in.inc"
};
static const char result[] = {
#include "mibs/packs/truecause-result.in.inc"
};

static const struct pack_mark no_marks[] = {{NULL, NULL}};

/* One branch of a case in sh for each severity: its label, as snmptrapd shows it
 * with and without the MIB. */
static void
severities(FILE *out, const struct pack_source *from)
{
    (void) from;
    for (unsigned i = 0; i < PACK_SEVERITIES; i++) {
        const char *label = pack_severity_label(&pack_severities[i]);
        int number = mib_severity(pack_severities[i].severity);

        fprintf(out, "%s | '%s(%d)' | %d) rank=%u code=%d label=%s ;;%s", label, label, number, number, i + 1,
                pack_severities[i].nagios, label, i + 1 < PACK_SEVERITIES ? "\n" : "");
    }
}

static void
cleared(FILE *out, const struct pack_source *from)
{
    (void) from;
    fprintf(out, "%d", PACK_SEVERITIES);
}

void
pack_icinga2(FILE *out, const struct pack_source *from)
{
    pack_fill(out, str_make(icinga2, sizeof icinga2), no_marks, from);
}

void
pack_nagios(FILE *out, const struct pack_source *from)
{
    pack_fill(out, str_make(nagios, sizeof nagios), no_marks, from);
}

void
pack_result(FILE *out, const struct pack_source *from)
{
    static const struct pack_mark marks[] = {{"SEVERITIES", severities}, {"CLEARED", cleared}, {NULL, NULL}};

    pack_fill(out, str_make(result, sizeof result), marks, from);
}
