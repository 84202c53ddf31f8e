/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config.h (forwarder) - the configuration as the rest of the program sees it.
 * Read by forwarder/config.c from XML against schemas/config.xsd; every value
 * here has been checked and every default filled in.  All memory belongs to
 * the struct config, which never changes once it was read and lives until its
 * last reference is given up: a target at work keeps the one it was made of
 * over a reload. */
#ifndef FORWARDER_CONFIG_H
#define FORWARDER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "forwarder/transport.h"
#include "parsers/event.h"
#include "parsers/format.h"

#define CONFIG_STATE_DEFAULT "/var/lib/truecause"

/* Where a thing was written, for messages: file:line. */
struct config_place {
    const char *file;
    int line;
};

/* Addresses that share their first 'bits'. */
enum { CONFIG_NETWORKS = 64, CONFIG_COMMUNITY = 255 };
/* Bytes of an SNMP engine's id (RFC 3411) and of a key of SNMPv3, at most. */
enum { CONFIG_ENGINE_ID = 32, CONFIG_KEY = 64 };
struct config_network {
    int family; /* AF_INET, AF_INET6 */
    uint8_t bytes[16];
    unsigned bits;
};

/* A key made of a pass phrase, which nobody keeps. */
struct config_key {
    uint8_t bytes[CONFIG_KEY];
    size_t n; /* 0: none */
};

/* A source that listens for traps. */
struct config_traps {
    struct sockaddr_storage address; /* where */
    socklen_t address_size;
    uint16_t port;
    char **community; /* read from community-file */
    unsigned n_communities;
    struct config_network from[CONFIG_NETWORKS]; /* senders that are heard; none: all */
    unsigned n_from;
    unsigned rate; /* traps a second, on the average of 10 s */
    const char *enterprise_oid; /* of the configuration: our own notifications */
};

struct config_source {
    struct config_place place;
    char *name;   /* default: path */
    char *format; /* a name of format_table, or "auto" */
    char *path;   /* glob; of a source that listens: listen= as written */
    char *host, *address, *site, *zone; /* NULL where not given; host upper case */
    enum date_order date_order;
    char *code_page; /* NULL: the rule of text.h */
    unsigned poll_ms;
    bool read_once; /* a drop folder: its files are whole, and read once each */
    struct config_traps *traps; /* NULL: it reads files */
};

/* Where a target is: "udp:host:port", "tcp:[::1]:port", "unix:/dev/log". */
struct config_address {
    enum transport transport;
    char *host; /* name or address, no brackets; unix: the path */
    char *port; /* unix: "" */
    bool six;   /* IPv6 and nothing else: the transport has a 6, or the address stands in brackets */
};
enum { CONFIG_ADDRESSES = 8 };

/* The fingerprint of a receiver's certificate. */
enum { CONFIG_PINS = 8 };
struct config_pin {
    bool sha1; /* else SHA-256 */
    uint8_t bytes[32];
};

enum config_items { CONFIG_ITEMS_ALARMS, CONFIG_ITEMS_EVENTS, CONFIG_ITEMS_ALL };

struct config_target {
    struct config_place place;
    char *name;
    char *type; /* xml, snmp, syslog */
    enum config_items items;
    enum severity severity; /* lowest severity of a raise; SEVERITY_INFO takes all */
    bool history_all;
    bool overflow_block;
    unsigned heartbeat_ms; /* 0: none */
    bool resend_start;     /* all open alarms again when the program starts */
    /* xml */
    char *path;
    bool form_lines;
    uint64_t rotate_bytes; /* 0: not by size */
    int64_t rotate_ns;     /* 0: not by time */
    /* snmp, syslog */
    struct config_address addresses[CONFIG_ADDRESSES]; /* one receiver's, the preferred one first */
    unsigned n_addresses;
    char *source_address; /* numeric; NULL: the kernel chooses */
    /* snmp */
    char *version;   /* "1", "2c", "3" */
    char *community; /* read from community-file; NULL with version 3 */
    char *user;      /* version 3: these; else NULL */
    char *auth, *priv; /* algorithms as configured, NULL: none */
    struct config_key auth_key, priv_key;
    char *context; /* NULL: the default one */
    bool inform;
    bool ascii; /* texts are transliterated */
    unsigned timeout_ms, retries, window; /* of informs; 0: informs.h has the time and the window */
    unsigned pdu_size; /* bytes of a notification or message; 0: what its way takes */
    unsigned pace;     /* notifications a second, 0 = unpaced */
    /* syslog */
    int facility; /* 0..23, default 16 (local0) */
    bool form_rfc3164;    /* else RFC 5424 */
    bool framing_newline; /* tcp, unix; else octets are counted */
    /* tls */
    char *ca, *certificate, *key; /* files, NULL where not given; of a certificate without key=, its own */
    char *server_name;            /* NULL: the address's host */
    struct config_pin pins[CONFIG_PINS];
    unsigned n_pins;
    uint8_t tls_digest[32]; /* of these files as they were when the configuration was read */
};

/* Where the agent serves what it shows. */
#define CONFIG_AGENT_SOCKET "/var/agentx/master"
struct config_agent {
    struct config_place place;
    char *socket; /* of the master agent, as libnetsnmp takes it */
    bool start;   /* by the daemon */
};

struct config {
    char *state;          /* directory */
    char *enterprise_oid; /* dotted digits, no leading dot */
    uint32_t pen;         /* the number after 1.3.6.1.4.1. */
    uint8_t engine_id[CONFIG_ENGINE_ID];
    size_t engine_id_n; /* 0: the one of the state folder */
    int64_t keep_ns;
    uint64_t keep_bytes;
    uint64_t journal_limit;
    struct config_place place;
    struct config_source *sources;
    unsigned n_sources;
    struct config_target *targets;
    unsigned n_targets;
    struct config_agent *agent; /* NULL: none */
    char **files; /* the main file, then those of conf.d in the order they were read */
    unsigned n_files;
    unsigned refs; /* beyond the first; config_ref() */
};

/* Called once a finding, in the order of places; 'text' says what, why and how
 * to mend it.  Line 0: the file as a whole. */
typedef void config_report(void *arg, bool warning, const struct config_place *, const char *text);

/* Reads 'path' and the conf.d folder beside it (conf.d/ *.xml, in name order).
 * Reports every error found, not only the first.  NULL when there was one, else
 * with one reference, the caller's. */
struct config *config_load(const char *path, config_report *, void *arg);
/* One more reference; gives one up, and with the last one all memory.  Any
 * thread. */
struct config *config_ref(struct config *);
void config_unref(struct config *); /* NULL-safe */

/* The version of SNMP that a target speaks: 1, 2 for SNMPv2c, 3. */
int config_snmp_version(const struct config_target *);
/* Whether a target speaks SNMPv3, for which an engine must have begun. */
bool config_wants_engine(const struct config *);

/* Warnings that need a look at the files that sources name: none matches (with
 * the nearest name), two sources match the same one, a folder is named, a folder
 * cannot be read; and at names of targets that the resolver does not know.  Can
 * block as long as a hung share does: for `check`. */
void config_survey(const struct config *, config_report *, void *arg);

#endif
