/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack_opennms.c - event definitions of OpenNMS (eventconf.xsd): one for each
 * notification and severity, told apart by a mask on the varbind tcSeverity, with
 * alarms that reduce by tcKey and are cleared by it.  Called through the list in
 * pack.c. */
#include "build.h"

#include "forwarder/pack.h"

#include <string.h>

#define UEI "uei.opennms.org/vendor/truecause/traps/"

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!-- TRUECAUSE-MIB for OpenNMS: event definitions.\n"
    "     Made by `truecause pack opennms` for the enterprise OID in the masks; do not edit.\n"
    "     Copy to etc/events/ as truecause.events.xml, name it in etc/eventconf.xml, and send the event\n"
    "     uei.opennms.org/internal/eventsConfigChange.  Set use-address-from-varbind=\"true\" in\n"
    "     etc/trapd-configuration.xml, or every alarm lands on the collector's node.\n"
    "     Valid against eventconf.xsd of OpenNMS; not tried in a running OpenNMS. -->\n"
    "<events xmlns=\"http://xmlns.opennms.org/xsd/eventconf\">\n";

static void
element(FILE *out, const char *name, const char *text)
{
    fprintf(out, "    <%s>%s</%s>\n", name, text, name);
}

/* Of an SNMPv2 notification OID ending in .0.n OpenNMS makes the enterprise id
 * before the 0 and the specific number n, as RFC 3584 does. */
static void
mask(FILE *out, const struct pack_source *from, unsigned arc, unsigned varbind, const char *value)
{
    char oid[PACK_OID_SIZE];

    fputs("    <mask>\n", out);
    fprintf(out, "      <maskelement><mename>id</mename><mevalue>.%s</mevalue></maskelement>\n", pack_oid(from, oid));
    fputs("      <maskelement><mename>generic</mename><mevalue>6</mevalue></maskelement>\n", out);
    fprintf(out, "      <maskelement><mename>specific</mename><mevalue>%u</mevalue></maskelement>\n", arc);
    if (value)
        fprintf(out, "      <varbind><vbnumber>%u</vbnumber><vbvalue>%s</vbvalue></varbind>\n", varbind, value);
    fputs("    </mask>\n", out);
}

/* What it means, then every value by name. */
static void
descr(FILE *out, const char *prose, const enum mib_object_id *order, unsigned n)
{
    fputs("    <descr>&lt;p&gt;", out);
    pack_xml(out, str_z(prose));
    fputs("&lt;/p&gt;&lt;p&gt;", out);
    for (unsigned i = 0; i < n; i++)
        fprintf(out, "%s%s=%%parm[#%u]%%", i ? "&lt;br/&gt;" : "", mib_objects[order[i]].name, i + 1);
    fputs("&lt;/p&gt;</descr>\n", out);
}

static void
decode(FILE *out, unsigned number, const char *label, bool first, unsigned parameter)
{
    if (first)
        fprintf(out, "    <varbindsdecode><parmid>parm[#%u]</parmid>\n", parameter);
    fprintf(out, "<decode varbindvalue=\"%u\" varbinddecodedstring=\"%s\"/>\n", number, label);
}

static void
decodes(FILE *out)
{
    for (unsigned i = 0; i < MIB_ALARM_VARBINDS; i++) {
        const struct mib_object *o = &mib_objects[mib_alarm_objects[i]];

        if (o->syntax == MIB_TRUTH) {
            decode(out, 1, "true", true, i + 1);
            decode(out, 2, "false", false, i + 1);
        } else if (o->syntax == MIB_ENUM) {
            const struct mib_label *labels = mib_enums[o->enumeration].labels;

            for (const struct mib_label *l = labels; l->label; l++)
                decode(out, (unsigned) l->number, l->label, l == labels, i + 1);
        } else {
            continue;
        }
        fputs("    </varbindsdecode>\n", out);
    }
}

/* Alarms of Truecause itself have keys that every collector uses; all others
 * name a thing that fails, whoever tells of it. */
static void
alarm_key(FILE *out, const char *attribute, const char *lead, enum event_class cls)
{
    fprintf(out, " %s=\"truecause:%s%s%%parm[#%u]%%\"", attribute, lead, cls == CLASS_SELF ? "%interface%:" : "",
            pack_alarm_position(MIB_OBJECT_KEY));
}

static void
alarm_event(FILE *out, const struct pack_source *from, const struct mib_notification *n,
            const struct pack_severity *s)
{
    bool cleared = s->severity == SEVERITY_CLEARED;
    char number[12], name[80];

    snprintf(number, sizeof number, "%d", mib_severity(s->severity));
    snprintf(name, sizeof name, "tc%s%s", n->stem, cleared ? "Cleared" : "Raised");
    fputs("  <event>\n", out);
    mask(out, from, cleared ? n->clear_arc : n->raise_arc, pack_alarm_position(MIB_OBJECT_SEVERITY),
         cleared ? NULL : number);
    fprintf(out, "    <uei>" UEI "%s%s%s</uei>\n", name, cleared ? "" : "/", cleared ? "" : pack_severity_label(s));
    fprintf(out, "    <event-label>TRUECAUSE-MIB: %s%s%s</event-label>\n", name, cleared ? "" : ", ",
            cleared ? "" : pack_severity_label(s));
    descr(out, cleared ? n->clear : n->raise, mib_alarm_objects, MIB_ALARM_VARBINDS);
    fprintf(out, "    <logmsg dest=\"logndisplay\">%%parm[#%u]%%</logmsg>\n",
            pack_alarm_position(MIB_OBJECT_SUMMARY));
    element(out, "severity", s->title);
    if (!cleared) {
        fprintf(out, "    <operinstruct>%%parm[#%u]%% (articles: %%parm[#%u]%%). In general: ",
                pack_alarm_position(MIB_OBJECT_ACTION), pack_alarm_position(MIB_OBJECT_ARTICLE));
        pack_xml(out, catalogue_advice(from->catalogue, n->cls)->action);
        fputs("</operinstruct>\n", out);
    }
    decodes(out);
    fputs("    <alarm-data", out);
    alarm_key(out, "reduction-key", cleared ? "cleared:" : "", n->cls);
    fprintf(out, " alarm-type=\"%d\"", cleared ? 2 : 1);
    if (cleared)
        alarm_key(out, "clear-key", "", n->cls);
    fputs(cleared ? " auto-clean=\"false\"/>\n" : " auto-clean=\"false\">\n", out);
    /* Without these an alarm keeps what its first event gave it: the class and
     * the severity of an alarm change under one key. */
    if (!cleared)
        fputs("      <update-field field-name=\"severity\"/>\n"
              "      <update-field field-name=\"descr\"/>\n"
              "      <update-field field-name=\"operinstruct\"/>\n"
              "    </alarm-data>\n",
              out);
    fputs("  </event>\n", out);
}

static void
notice_event(FILE *out, const struct pack_source *from, bool dropped)
{
    fputs("  <event>\n", out);
    mask(out, from, MIB_NOTICE_ARC, pack_notice_position(MIB_OBJECT_DROPPED),
         dropped ? "~^0*[1-9][0-9]*$" : NULL);
    fprintf(out, "    <uei>" UEI MIB_NOTICE_NAME "%s</uei>\n", dropped ? "/dropped" : "");
    fprintf(out, "    <event-label>TRUECAUSE-MIB: " MIB_NOTICE_NAME "%s</event-label>\n",
            dropped ? ", messages were dropped" : "");
    descr(out, mib_notice_prose, mib_notice_objects, MIB_NOTICE_VARBINDS);
    fprintf(out, "    <logmsg dest=\"logndisplay\">%%parm[#%u]%%</logmsg>\n",
            pack_notice_position(MIB_OBJECT_SUMMARY));
    element(out, "severity", dropped ? "Warning" : "Normal");
    fputs("  </event>\n", out);
}

/* The first definition that fits is taken: the narrower ones stand first. */
void
pack_opennms(FILE *out, const struct pack_source *from)
{
    fputs(head, out);
    for (const struct mib_notification *n = mib_notifications; n->stem; n++)
        for (unsigned s = 0; s < PACK_SEVERITIES; s++)
            alarm_event(out, from, n, &pack_severities[s]);
    notice_event(out, from, true);
    notice_event(out, from, false);
    fputs("</events>\n", out);
}
