/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_target.c - a <target> element to a struct config_target: which
 * attributes its type knows and needs, and their defaults.  The schema has
 * accepted the values one by one.  Called by config.c. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/informs.h"
#include "forwarder/syslog_msg.h"
#include "parsers/when.h"

enum { ROTATE_LEAST = 64 << 10 };

static const char *const facilities[] = {"kern",   "user",   "mail",   "daemon", "auth",   "syslog",   "lpr",    "news",
                                         "uucp",   "cron",   "authpriv", "ftp",  "ntp",    "audit",    "alert",  "clock",
                                         "local0", "local1", "local2", "local3", "local4", "local5",   "local6", "local7"};

/* The value of an attribute compared; false when it is absent. */
static bool
is(struct config_reader *r, const xmlNode *node, const char *name, const char *value)
{
    char *v = config_attribute(r, node, name);
    bool same = v && strcmp(v, value) == 0;

    free(v);
    return same;
}

static unsigned
number(struct config_reader *r, const xmlNode *node, const char *name, unsigned otherwise)
{
    char *v = config_attribute(r, node, name);
    unsigned n = v ? (unsigned) strtoul(v, NULL, 10) : otherwise;

    free(v);
    return n;
}

/* Attributes that this type does not know, and those it needs. */
static void
check_words(struct config_reader *r, const struct config_document *d, const xmlNode *node, const struct config_target *t,
            enum config_type type)
{
    for (const struct config_word *w = config_words; w->name; w++) {
        xmlAttr *a;

        if (w->element != CONFIG_TARGET)
            continue;
        a = xmlHasNsProp(node, (const xmlChar *) w->name, NULL);
        if (a && !(w->types & type)) {
            config_tell(r, false, d->file, config_attribute_line(d, node, w->name),
                        "a target of type %s has no \"%s\": remove it", t->type, w->name);
        } else if (!a && (w->required & type)) {
            config_tell(r, false, d->file, t->place.line, "target \"%s\" of type %s has no %s: add %s=\"...\", %s", t->name,
                        t->type, w->name, w->name, w->want);
        }
    }
}

/* The local address must be one that every receiver's can be reached from. */
static void
read_source_address(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    struct in6_addr unused;
    bool six;

    t->source_address = config_attribute(r, node, "source-address");
    if (!t->source_address)
        return;
    six = strchr(t->source_address, ':') != NULL;
    if (inet_pton(six ? AF_INET6 : AF_INET, t->source_address, &unused) != 1)
        config_tell(r, false, d->file, config_attribute_line(d, node, "source-address"),
                    "source-address=\"%.60s\" is not valid: write %s", t->source_address,
                    config_word_find(CONFIG_TARGET, "source-address")->want);
    if (transport_is_local(t->addresses[0].transport)) {
        config_tell(r, false, d->file, config_attribute_line(d, node, "source-address"),
                    "source-address belongs to the network, and the address begins with \"%s:\": remove source-address",
                    transport_name(t->addresses[0].transport));
        return;
    }
    for (unsigned i = 0; i < t->n_addresses; i++)
        if (t->addresses[i].host[strspn(t->addresses[i].host, "0123456789.")] == '\0' ? six
            : t->addresses[i].six && !six)
            config_tell(r, false, d->file, config_attribute_line(d, node, "source-address"),
                        "source-address=\"%.60s\" and address=\"%s%s:%.100s\" are not both IPv4 or both IPv6: change one",
                        t->source_address, transport_name(t->addresses[i].transport), t->addresses[i].six ? "6" : "",
                        t->addresses[i].host);
}

static void
read_network(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t,
             enum config_type type)
{
    char *address = config_attribute(r, node, "address"), why[4500];

    if (address && !config_addresses(address, type, t, why, sizeof why))
        config_tell(r, false, d->file, config_attribute_line(d, node, "address"), "address=\"%.200s\": %s", address, why);
    read_source_address(r, d, node, t);
    if (type == CONFIG_SYSLOG)
        config_read_tls(r, d, node, t);
    free(address);
}

/* How often a sign of life goes: by itself only where nobody keeps it. */
static void
read_heartbeat(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t,
               enum config_type type)
{
    char *text = config_attribute(r, node, "heartbeat");
    int64_t ns = type == CONFIG_XML ? 0 : 5 * WHEN_MINUTE;

    if (text && strcmp(text, "off") == 0)
        ns = 0;
    else if (text && (!config_time(text, &ns) || ns < WHEN_SECOND || ns > 7 * WHEN_DAY))
        config_tell(r, false, d->file, config_attribute_line(d, node, "heartbeat"),
                    "heartbeat=\"%.40s\" is not valid: write %s", text,
                    config_word_find(CONFIG_TARGET, "heartbeat")->want);
    t->heartbeat_ms = (unsigned) (ns / 1000000);
    free(text);
}

/* What belongs to notifications that are acknowledged. */
static void
read_informs(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    static const char *const words[] = {"timeout", "retries", "window"};
    char *text = config_attribute(r, node, "timeout");
    int64_t ns = INFORMS_TIMEOUT_MS * INT64_C(1000000);

    t->inform = is(r, node, "notification", "inform");
    t->ascii = is(r, node, "charset", "ascii");
    t->retries = number(r, node, "retries", INFORMS_RETRIES);
    t->window = number(r, node, "window", INFORMS_WINDOW);
    if (text && (!config_time(text, &ns) || ns < WHEN_SECOND / 10 || ns > WHEN_MINUTE))
        config_tell(r, false, d->file, config_attribute_line(d, node, "timeout"), "timeout=\"%.40s\" is not valid: write %s",
                    text, config_word_find(CONFIG_TARGET, "timeout")->want);
    t->timeout_ms = (unsigned) (ns / 1000000);
    for (size_t i = 0; i < sizeof words / sizeof *words && !t->inform; i++)
        if (xmlHasNsProp(node, (const xmlChar *) words[i], NULL))
            config_tell(r, true, d->file, config_attribute_line(d, node, words[i]),
                        "%s is for informs, and this target sends traps: add notification=\"inform\", or remove it",
                        words[i]);
    free(text);
}

static void
read_rotate(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t)
{
    char *text = config_attribute(r, node, "rotate");

    if (text && (config_amounts(text, &t->rotate_ns, &t->rotate_bytes) || (t->rotate_ns && t->rotate_ns < WHEN_SECOND)
                 || (t->rotate_bytes && t->rotate_bytes < ROTATE_LEAST)))
        config_tell(r, false, d->file, config_attribute_line(d, node, "rotate"),
                    "rotate=\"%.40s\" is not valid: write %s", text, config_word_find(CONFIG_TARGET, "rotate")->want);
    free(text);
}

/* The words of form= and the range of pdu-size= depend on the type. */
static void
read_form(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t,
          enum config_type type)
{
    bool syslog = type == CONFIG_SYSLOG, rfc = is(r, node, "form", "rfc5424") || is(r, node, "form", "rfc3164");
    bool xml = is(r, node, "form", "document") || is(r, node, "form", "lines");
    unsigned least = syslog ? SYSLOG_MSG_MIN : 1024, most = syslog ? SYSLOG_MSG_MAX : 65507;

    t->form_lines = is(r, node, "form", "lines");
    t->form_rfc3164 = is(r, node, "form", "rfc3164");
    if ((syslog && xml) || (type == CONFIG_XML && rfc))
        config_tell(r, false, d->file, config_attribute_line(d, node, "form"), "form of a target of type %s is %s",
                    t->type, syslog ? "\"rfc5424\" or \"rfc3164\"" : "\"document\" or \"lines\"");
    t->pdu_size = number(r, node, "pdu-size", type == CONFIG_SNMP ? 1400 : 0);
    if (t->pdu_size && (t->pdu_size < least || t->pdu_size > most))
        config_tell(r, false, d->file, config_attribute_line(d, node, "pdu-size"),
                    "pdu-size of a target of type %s is %u to %u bytes", t->type, least, most);
}

static void
read_facility(struct config_reader *r, const xmlNode *node, struct config_target *t)
{
    t->facility = 16;
    for (int i = 0; i < (int) (sizeof facilities / sizeof facilities[0]); i++)
        if (is(r, node, "facility", facilities[i]))
            t->facility = i;
}

static void
check_same(struct config_reader *r, const struct config_document *d, const xmlNode *node, const struct config_target *t)
{
    for (const struct config_target *o = r->config->targets; o < t; o++) {
        if (o->name && strcmp(o->name, t->name) == 0)
            config_tell(r, false, d->file, config_attribute_line(d, node, "name"),
                        "a target with the name \"%s\" stands at %s:%d already: name this one differently", t->name,
                        o->place.file, o->place.line);
        if (o->path && t->path && strcmp(o->path, t->path) == 0)
            config_tell(r, false, d->file, config_attribute_line(d, node, "path"),
                        "the target \"%s\" at %s:%d writes to %s already: name another file", o->name, o->place.file,
                        o->place.line, t->path);
    }
}

static void
fill_target(struct config_reader *r, const struct config_document *d, const xmlNode *node, struct config_target *t,
            enum config_type type)
{
    char *severity = config_attribute(r, node, "severity"), *path = config_attribute(r, node, "path");
    bool acknowledged;

    t->items = type == CONFIG_SNMP ? CONFIG_ITEMS_ALARMS : CONFIG_ITEMS_ALL;
    if (is(r, node, "items", "alarms"))
        t->items = CONFIG_ITEMS_ALARMS;
    else if (is(r, node, "items", "events"))
        t->items = CONFIG_ITEMS_EVENTS;
    else if (is(r, node, "items", "all"))
        t->items = CONFIG_ITEMS_ALL;
    if (type == CONFIG_SNMP && t->items != CONFIG_ITEMS_ALARMS)
        config_tell(r, false, d->file, config_attribute_line(d, node, "items"),
                    "an snmp target takes alarms: there is no notification for a single event; leave items out");
    t->severity = SEVERITY_INFO;
    if (severity)
        severity_find(str_z(severity), &t->severity);
    t->history_all = type == CONFIG_XML ? !is(r, node, "history", "summary") : is(r, node, "history", "all");
    if (type == CONFIG_SNMP)
        read_informs(r, d, node, t);
    /* Who acknowledges is waited for (design section 6). */
    acknowledged = type == CONFIG_XML || t->inform;
    t->overflow_block = acknowledged ? !is(r, node, "overflow", "drop-oldest") : is(r, node, "overflow", "block");
    t->resend_start = is(r, node, "resend", "start");
    if (path && !(t->path = config_path(r, path)))
        r->no_memory = true;
    /* What an snmptrapd that prints names takes without a loss on a small
     * machine: all of 100,000 at 1,000 a second, 96 of 100 at 2,000.  Informs
     * are paced by their acknowledgements. */
    t->pace = number(r, node, "pace", type == CONFIG_SNMP && !t->inform ? 1000 : 0);
    read_form(r, d, node, t, type);
    read_heartbeat(r, d, node, t, type);
    read_rotate(r, d, node, t);
    read_facility(r, node, t);
    read_network(r, d, node, t, type);
    if (type == CONFIG_SNMP)
        config_read_security(r, d, node, t);
    /* What reads /dev/log knows no other, unless it was told. */
    if (transport_is_local(t->addresses[0].transport))
        t->form_rfc3164 = !is(r, node, "form", "rfc5424");
    /* Its receiver acknowledges: nothing is given up by itself. */
    if (t->addresses[0].transport == TRANSPORT_RELP)
        t->overflow_block = !is(r, node, "overflow", "drop-oldest");
    free(severity);
    free(path);
}

void
config_read_target(struct config_reader *r, const struct config_document *d, const xmlNode *node)
{
    struct config *c = r->config;
    struct config_target *t, *grown = realloc(c->targets, (c->n_targets + 1) * sizeof *grown);
    enum config_type type;

    if (!grown) {
        r->no_memory = true;
        return;
    }
    c->targets = grown;
    t = &grown[c->n_targets++];
    *t = (struct config_target){.place = {d->file, config_attribute_line(d, node, NULL)}};
    t->name = config_attribute(r, node, "name");
    t->type = config_attribute(r, node, "type");
    if (!t->name || !t->type || !(type = config_type_find(t->type)))
        return; /* no memory: config_attribute() has noted it */
    check_words(r, d, node, t, type);
    fill_target(r, d, node, t, type);
    check_same(r, d, node, t);
}
