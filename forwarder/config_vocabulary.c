/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_vocabulary.c - the words of the configuration: which attribute belongs
 * where, which kinds of target know it, and what to say when its value is not
 * one.  schemas/config.xsd says the same for editors; a test compares the two.
 * Words of later versions are here so that they are told from misspellings. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <string.h>

#include "forwarder/near.h"

#define R CONFIG_TRUECAUSE
#define S CONFIG_SOURCE
#define T CONFIG_TARGET
#define A CONFIG_AGENT

static const char time_words[] = "a number with ms, s, min, h or d, such as \"7d\"";
static const char size_words[] = "a number with KiB, MiB, GiB or TiB, such as \"10GiB\"";

const struct config_word config_words[] = {
    {R, "state", 0, 0, "the name of a folder"},
    {R, "enterprise-oid", 0, 0, "1.3.6.1.4.1.NUMBER and what you like below it, digits and dots, no leading zeros"},
    {R, "engine-id", 0, 0, "5 to 32 octets in hexadecimal, such as 80007ed9056e6d732d6669727374"},
    {R, "keep", 0, 0, "a time, a size, or both as in \"7d 1GiB\""},
    {R, "journal-limit", 0, 0, size_words},
    {S, "name", 0, 0, "at most 255 characters"},
    {S, "format", 0, 0,
     "\"auto\", \"sms-log\", \"bracket-log\", \"event-xml\", \"evtx\", \"viewer-text\", \"evt\", \"nt-trap\" or "
     "\"relay-line\""},
    {S, "path", 0, 0, "the name of a file; * ? and [..] stand for many"},
    {S, "host", 0, 0, "the name of the computer that wrote the files, without blanks"},
    {S, "address", 0, 0, "the IP address of that computer, IPv4 or IPv6, without port"},
    {S, "site", 0, 0, "a site code: three letters or digits"},
    {S, "zone", 0, 0, "a time zone such as \"America/Los_Angeles\", \"Pacific Standard Time\" or \"+01:00\""},
    {S, "date-order", 0, 0, "\"mdy\", \"dmy\" or \"ymd\""},
    {S, "code-page", 0, 0, "the name of an encoding such as \"windows-1252\" or \"shift_jis\""},
    {S, "poll", 0, 0, time_words},
    {S, "read", 0, 0, "\"follow\" (a log that grows) or \"once\" (a folder into which whole files are put)"},
    {S, "listen", 0, 0, "an address to listen at, such as \"udp:0.0.0.0:1162\" or \"udp:[::]:1162\""},
    {S, "community-file", 0, 0, "the name of a file that holds the communities, one a line"},
    {S, "from", 0, 0, "the addresses that are heard, such as \"192.0.2.0/24 2001:db8::7\""},
    {S, "rate", 0, 0, "traps a second, 1 to 100000"},
    {T, "name", CONFIG_ANY, CONFIG_ANY, "at most 64 letters, digits, dots, hyphens and underscores"},
    {T, "type", CONFIG_ANY, CONFIG_ANY, "\"xml\", \"snmp\" or \"syslog\""},
    {T, "items", CONFIG_ANY, 0, "\"alarms\", \"events\" or \"all\""},
    {T, "severity", CONFIG_ANY, 0, "\"critical\", \"major\", \"minor\", \"warning\" or \"info\""},
    {T, "history", CONFIG_ANY, 0, "\"all\" or \"summary\""},
    {T, "overflow", CONFIG_ANY, 0, "\"block\" or \"drop-oldest\""},
    {T, "heartbeat", CONFIG_ANY, 0, "a time from \"1s\" to \"7d\", or \"off\""},
    {T, "resend", CONFIG_SNMP | CONFIG_SYSLOG, 0, "\"start\" or \"off\""},
    {T, "path", CONFIG_XML, CONFIG_XML, "the name of a file"},
    {T, "form", CONFIG_XML | CONFIG_SYSLOG, 0, "\"document\" or \"lines\", or of syslog \"rfc5424\" or \"rfc3164\""},
    {T, "rotate", CONFIG_XML, 0, "a time, a size, or both as in \"1d 100MiB\", from \"1s\" and \"64KiB\" up"},
    {T, "address", CONFIG_SNMP | CONFIG_SYSLOG, CONFIG_SNMP | CONFIG_SYSLOG,
     "a transport, a host and a port, such as \"udp:192.0.2.7:162\" or \"tcp:[2001:db8::7]:601\""},
    {T, "source-address", CONFIG_SNMP | CONFIG_SYSLOG, 0, "an IP address of this computer, without port"},
    {T, "pace", CONFIG_SNMP | CONFIG_SYSLOG, 0, "messages a second, 0 to 1000000; 0 is without limit"},
    {T, "version", CONFIG_SNMP, 0, "\"1\", \"2c\" or \"3\""},
    {T, "community-file", CONFIG_SNMP, 0, "the name of a file that holds the community"},
    {T, "user", CONFIG_SNMP, 0, "a name of 1 to 32 characters that the receiver knows"},
    {T, "auth", CONFIG_SNMP, 0, "\"sha1\", \"sha224\", \"sha256\", \"sha384\" or \"sha512\""},
    {T, "auth-file", CONFIG_SNMP, 0, "the name of a file that holds the pass phrase"},
    {T, "priv", CONFIG_SNMP, 0,
     "\"aes128\", \"aes192-blumenthal\", \"aes192-reeder\", \"aes256-blumenthal\" or \"aes256-reeder\""},
    {T, "priv-file", CONFIG_SNMP, 0, "the name of a file that holds the pass phrase"},
    {T, "context", CONFIG_SNMP, 0, "a name of 1 to 32 characters"},
    {T, "notification", CONFIG_SNMP, 0, "\"trap\" or \"inform\""},
    {T, "timeout", CONFIG_SNMP, 0, "a time from \"100ms\" to \"60s\""},
    {T, "retries", CONFIG_SNMP, 0, "a number, 0 to 10"},
    {T, "charset", CONFIG_SNMP, 0, "\"utf-8\" or \"ascii\""},
    {T, "window", CONFIG_SNMP, 0, "a number, 1 to 64"},
    {T, "pdu-size", CONFIG_SNMP | CONFIG_SYSLOG, 0, "bytes, 1024 to 65507, or of syslog 480 to 8000"},
    {T, "facility", CONFIG_SYSLOG, 0, "a syslog facility such as \"local0\" or \"daemon\""},
    {T, "framing", CONFIG_SYSLOG, 0, "\"octet-counting\" or \"newline\""},
    {T, "ca", CONFIG_SYSLOG, 0, "the name of a file with certificates of CAs, PEM"},
    {T, "certificate", CONFIG_SYSLOG, 0, "the name of a file with our certificate, PEM"},
    {T, "key", CONFIG_SYSLOG, 0, "the name of a file with the key of our certificate, PEM"},
    {T, "fingerprint", CONFIG_SYSLOG, 0,
     "\"sha-256:\" and 32 bytes in hex with colons between (or sha-1: and 20), more of them with blanks between; openssl"
     " x509 -in FILE -noout -fingerprint -sha256 prints one"},
    {T, "server-name", CONFIG_SYSLOG, 0, "a name that the receiver's certificate has, or an IP address without brackets"},
    {A, "socket", 0, 0, "where the master agent listens, such as \"/var/agentx/master\" or \"tcp:127.0.0.1:705\""},
    {A, "start", 0, 0, "\"yes\" or \"no\""},
    {0, NULL, 0, 0, NULL},
};

/* Value NULL: the attribute itself is of a later version. */
static const struct {
    enum config_element element;
    const char *name, *value;
} later[] = {
    {S, "format", "dumpel"},    {S, "type", NULL},         {S, "stale", NULL},
    {T, "type", "kafka"},        {T, "type", "email"},
    {R, "control", NULL},       {R, "catalogue", NULL},
};

/* Values that other programs take: why not here, and what instead.  Two drafts
 * make a long key of a short one, and receivers know one of them: see
 * snmp_usm.c. */
static const char md5[] =
    "MD5 has been broken for years, and RFC 7860 has better: write \"sha256\", or another SHA that the receiver knows";
static const char des[] = "DES has keys of 56 bits, which anybody can try out: write \"aes128\" (RFC 3826)";
static const char des3[] = "no standard of SNMPv3 has triple DES: write \"aes128\" (RFC 3826)";
static const char reeder_192[] = "write \"aes192-reeder\", which is the AES-192-C of net-snmp and Cisco's";
static const char reeder_256[] = "write \"aes256-reeder\", which is the AES-256-C of net-snmp and Cisco's";
static const char which_192[] =
    "there are two incompatible forms of AES-192 in SNMPv3: write \"aes192-blumenthal\" (AES-192 of net-snmp) or "
    "\"aes192-reeder\" (Cisco and most others)";
static const char which_256[] =
    "there are two incompatible forms of AES-256 in SNMPv3: write \"aes256-blumenthal\" (AES-256 of net-snmp) or "
    "\"aes256-reeder\" (Cisco and most others)";
static const char relp[] = "RELP is a way of syslog: write type=\"syslog\" and address=\"relp:HOST:PORT\"";
static const struct {
    enum config_element element;
    const char *name, *value, *why;
} refused[] = {
    {T, "type", "relp", relp},
    {T, "auth", "md5", md5},           {T, "auth", "hmac-md5", md5},
    {T, "priv", "des", des},           {T, "priv", "3des", des3},
    {T, "priv", "des3", des3},         {T, "priv", "3des-ede", des3},
    {T, "priv", "aes192", which_192},  {T, "priv", "aes-192", which_192},
    {T, "priv", "aes256", which_256},  {T, "priv", "aes-256", which_256},
    {T, "priv", "aes192c", reeder_192}, {T, "priv", "aes-192-c", reeder_192},
    {T, "priv", "aes256c", reeder_256}, {T, "priv", "aes-256-c", reeder_256},
};

const char *
config_refusal(enum config_element element, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (refused[i].element == element && strcmp(refused[i].name, name) == 0
            && strcasecmp(refused[i].value, value) == 0)
            return refused[i].why;
    return NULL;
}

const struct config_word *
config_word_find(enum config_element element, const char *name)
{
    for (const struct config_word *w = config_words; w->name; w++)
        if (w->element == element && strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

bool
config_is_later(enum config_element element, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (later[i].element == element && strcmp(later[i].name, name) == 0
            && (later[i].value ? value && strcmp(later[i].value, value) == 0 : !value))
            return true;
    return false;
}

const char *
config_word_near(enum config_element element, const char *name)
{
    const char *best = NULL;

    for (const struct config_word *w = config_words; w->name; w++)
        if (w->element == element && near_enough(name, w->name)
            && (!best || near_distance(name, w->name) < near_distance(name, best)))
            best = w->name;
    return best;
}

enum config_type
config_type_find(const char *name)
{
    if (strcmp(name, "xml") == 0)
        return CONFIG_XML;
    if (strcmp(name, "snmp") == 0)
        return CONFIG_SNMP;
    return strcmp(name, "syslog") == 0 ? CONFIG_SYSLOG : (enum config_type) 0;
}

enum config_element
config_element_find(const char *name)
{
    if (strcmp(name, "truecause") == 0)
        return R;
    if (strcmp(name, "source") == 0)
        return S;
    if (strcmp(name, "agent") == 0)
        return A;
    return strcmp(name, "target") == 0 ? T : (enum config_element) 0;
}

const char *
config_element_name(enum config_element element)
{
    return element == R ? "truecause" : element == S ? "source" : element == A ? "agent" : "target";
}
