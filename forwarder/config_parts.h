/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_parts.h - what the files config*.c share while a configuration is
 * read.  Nobody else includes this. */
#ifndef FORWARDER_CONFIG_PARTS_H
#define FORWARDER_CONFIG_PARTS_H

#include <libxml/tree.h>
#include <libxml/xmlschemas.h>

#include "forwarder/config.h"

/* One thing to say, kept until all files were read, then sorted by place. */
struct config_finding {
    struct config_place place;
    unsigned order;
    bool warning;
    char *text;
};

struct config_reader {
    struct config *config;
    char *base; /* folder of the main file; relative names start there */
    xmlSchema *schema;
    struct config_finding *findings;
    unsigned n_findings, cap_findings, errors;
    bool no_memory;
};

/* Notes a finding; 'file' must be one of config->files. */
void config_tell(struct config_reader *, bool warning, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* --- config_vocabulary.c: the words of the configuration ----------------------- */

enum config_element { CONFIG_TRUECAUSE = 1, CONFIG_SOURCE = 2, CONFIG_TARGET = 4, CONFIG_AGENT = 8 };
enum config_type { CONFIG_XML = 1, CONFIG_SNMP = 2, CONFIG_SYSLOG = 4, CONFIG_ANY = 7 };

struct config_word {
    enum config_element element;
    const char *name;
    unsigned types;    /* of targets that know it */
    unsigned required; /* of targets that need it */
    const char *want;  /* what is allowed, in words */
};
extern const struct config_word config_words[]; /* name NULL at the end */

const struct config_word *config_word_find(enum config_element, const char *name);
/* True for an attribute, or with 'value' for a value, that a later version knows. */
bool config_is_later(enum config_element, const char *name, const char *value);
/* Why a value that others know is not offered, and what to write; NULL for any
 * other value. */
const char *config_refusal(enum config_element, const char *name, const char *value);
/* The attribute that 'name' may have been meant for, or NULL. */
const char *config_word_near(enum config_element, const char *name);
/* CONFIG_XML .. or 0. */
enum config_type config_type_find(const char *name);
enum config_element config_element_find(const char *name);
const char *config_element_name(enum config_element);

/* --- config_xml.c: bytes to a checked tree -------------------------------------- */

/* What is known of an element besides libxml2's node; node->_private. */
struct config_mark {
    int line;
    bool bad; /* the schema refused something in it */
    unsigned first_attribute, n_attributes;
};
struct config_attribute_mark {
    struct str name; /* in the file's bytes */
    int line;
};
struct config_document {
    const char *file; /* one of config->files */
    char *bytes;
    xmlDoc *doc;
    struct config_mark *marks;
    struct config_attribute_mark *attributes;
};

/* Parses and validates one file; errors are told.  False when there is nothing
 * to work with. */
bool config_document_read(struct config_reader *, const char *file, struct config_document *);
void config_document_free(struct config_document *);
/* Where attribute 'name' of 'node' stands, else where the element begins. */
int config_attribute_line(const struct config_document *, const xmlNode *node, const char *name);
/* Whether 'node' was written with attribute 'name', also when its value was refused
 * (and told) and is not there any more. */
bool config_attribute_written(const struct config_document *, const xmlNode *node, const char *name);
bool config_schema_open(struct config_reader *);

/* --- config_values.c: text of attributes to values ------------------------------- */

bool config_time(const char *s, int64_t *ns);       /* "7d"; false when over 100 years */
bool config_size(const char *s, uint64_t *bytes);   /* "10GiB"; false over 2^60 */
/* "7d 1GiB", or one of them; the other is left as it is.  Takes 'text' apart:
 * NULL, or the word in it that is too much. */
const char *config_amounts(char *text, int64_t *ns, uint64_t *bytes);
/* --- config_address.c: the addresses of a target ---------------------------------- */

/* Splits "udp:host:port" into malloc'ed parts; on failure false with 'why' in words. */
bool config_address(const char *s, enum config_type type, struct config_address *, char *why, size_t size);
/* Several of them, blanks between, each once and of one transport; leaves what it
 * has split in 'target' for its owner, also on failure. */
bool config_addresses(const char *s, enum config_type type, struct config_target *target, char *why, size_t size);
void config_free_address(struct config_address *);
/* A host name or an IPv4 address; 'six': an IPv6 address without brackets. */
bool config_host(const char *host, bool six);

/* --- config_values.c again: secrets and paths --------------------------------------- */

/* Reads a secret of one line; 'what' it is, for messages: "community".  On
 * failure NULL with 'why' in words.  The caller wipes it. */
char *config_secret(const char *path, const char *what, char *why, size_t size);
/* 'path' as it is, or below the folder of the main file; malloc'ed. */
char *config_path(const struct config_reader *, const char *path);

/* --- config_tls.c: what belongs to tls: and tcp: addresses -------------------------- */

/* Reads the attributes of TLS and framing=, and the files that they name, of a
 * syslog target whose addresses are known; errors are told. */
void config_read_tls(struct config_reader *, const struct config_document *, const xmlNode *, struct config_target *);
/* "sha-256:AB:CD..." and the like; false when it is none. */
bool config_pin(const char *s, struct config_pin *);

/* --- config_source.c, config_target.c, config_agent.c: one element each ------------- */

/* The attribute 'name' of 'node', trimmed of what XML calls white space at the
 * ends and with single blanks inside (as xs:token); malloc'ed, NULL when absent. */
char *config_attribute(struct config_reader *, const xmlNode *node, const char *name);
void config_read_source(struct config_reader *, const struct config_document *, const xmlNode *);
/* config_traps.c: NULL when it does not listen; errors are told. */
struct config_traps *config_read_traps(struct config_reader *, const struct config_document *, const xmlNode *);
void config_free_traps(struct config_traps *); /* NULL-safe */
/* "udp:ADDRESS[:PORT]" and "ADDRESS[/BITS]"; false when it is none. */
bool config_listen(const char *s, struct config_traps *);
bool config_network(const char *s, struct config_network *);
void config_read_target(struct config_reader *, const struct config_document *, const xmlNode *);
/* config_snmp.c: version, community, user, keys and context of an snmp target. */
void config_read_security(struct config_reader *, const struct config_document *, const xmlNode *,
                          struct config_target *);
void config_read_engine_id(struct config_reader *, const struct config_document *, const xmlNode *root);
void config_read_agent(struct config_reader *, const struct config_document *, const xmlNode *);

#endif
