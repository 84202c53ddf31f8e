/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_address.c - the addresses of a target: "udp:192.0.2.7:162", "tls:[::1]",
 * "unix:/dev/log", and several of them.  Called by config_target.c and config_tls.c;
 * asks no name server and knows no XML. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "forwarder/target_syslog.h"

/* A name or an address that could be one: what else it is, the resolver says. */
bool
config_host(const char *host, bool six)
{
    struct in6_addr a6;
    char plain[256];

    if (six) {
        snprintf(plain, sizeof plain, "%s", host);
        plain[strcspn(plain, "%")] = '\0'; /* fe80::1%eth0 */
        return inet_pton(AF_INET6, plain, &a6) == 1;
    }
    if (!*host || strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != strlen(host))
        return false;
    if (strspn(host, "0123456789.") == strlen(host))
        return inet_pton(AF_INET, host, &(struct in_addr){0}) == 1;
    return host[0] != '-' && host[0] != '.';
}

static bool
port_ok(const char *port)
{
    size_t n = strlen(port);
    long value = strtol(port, NULL, 10);

    return n > 0 && n <= 5 && strspn(port, "0123456789") == n && value > 0 && value <= 65535;
}

/* Is the word before the first colon one that this kind of target takes? */
static bool
transport_ok(struct str word, enum config_type type, struct config_address *a, char *why, size_t size)
{
    static const char *const later[] = {"dtls", "dtls6", "ssh"};
    bool snmp = type == CONFIG_SNMP, known;
    const char *want = snmp ? "udp: or udp6:" : "udp:, udp6:, tcp:, tcp6:, tls:, tls6:, relp:, relp6: or unix:";

    a->transport = transport_find(word, &a->six);
    known = a->transport != TRANSPORT_NONE;
    if (!snmp && a->transport == TRANSPORT_RELP && !target_syslog_has_relp()) {
        snprintf(why, size, "this program was built without RELP: build it with ./configure --with-relp (the library,"
                 " librelp, is under the GPL), or write tcp: or tls:");
        return false;
    }
    if (known && transport_port(a->transport, snmp))
        return true;
    for (unsigned i = 0; i < sizeof later / sizeof later[0]; i++)
        known |= str_eq(word, str_z(later[i]));
    if (known)
        snprintf(why, size, "\"%.*s:\" for %s is not in this version; write %s", STR_ARG(word),
                 snmp ? "snmp" : "syslog", want);
    else
        snprintf(why, size, "it must begin with %s, as in \"udp:192.0.2.7:%s\"", want, transport_port(TRANSPORT_UDP, snmp));
    return false;
}

/* Takes copies of 'host' and 'port'. */
static bool
fill(struct config_address *a, const char *host, const char *port, char *why, size_t size)
{
    a->host = strdup(host);
    a->port = strdup(port);
    if (a->host && a->port)
        return true;
    config_free_address(a);
    snprintf(why, size, "not enough memory");
    return false;
}

/* "unix:/dev/log": a path, and no port. */
static bool
unix_address(const char *path, struct config_address *a, char *why, size_t size)
{
    struct sockaddr_un room;

    if (*path == '/' && strlen(path) < sizeof room.sun_path)
        return fill(a, path, "", why, size);
    if (*path == '/')
        snprintf(why, size, "the path of a socket has at most %zu bytes", sizeof room.sun_path - 1);
    else
        snprintf(why, size, "write the whole path of the socket, as in \"%s:/dev/log\"", transport_name(a->transport));
    return false;
}

bool
config_address(const char *s, enum config_type type, struct config_address *a, char *why, size_t size)
{
    size_t n = strcspn(s, ":");
    char host[256] = "", port[16] = "";
    const char *rest = s + n + (s[n] == ':'), *end, *name, *usual;
    bool bracket = *rest == '[';

    *a = (struct config_address){TRANSPORT_NONE};
    if (!transport_ok(s[n] == ':' ? str_make(s, n) : STR(""), type, a, why, size))
        return false;
    if (transport_is_local(a->transport))
        return unix_address(rest, a, why, size);
    name = transport_name(a->transport);
    usual = transport_port(a->transport, type == CONFIG_SNMP);
    end = bracket ? strchr(rest, ']') : rest + strcspn(rest, ":");
    if (!end || (size_t) (end - rest) >= sizeof host) {
        snprintf(why, size, "%s", end ? "the host is too long" : "the ] after the IPv6 address is missing");
        return false;
    }
    snprintf(host, sizeof host, "%.*s", (int) (end - rest) - bracket, rest + bracket);
    end += bracket;
    if (*end == ':' && end[1])
        snprintf(port, sizeof port, "%s", end + 1);
    else if (*end)
        snprintf(port, sizeof port, "?");
    else
        snprintf(port, sizeof port, "%s", usual);
    if (!bracket && strchr(rest, ':') != strrchr(rest, ':'))
        snprintf(why, size, "write an IPv6 address in brackets, as in \"%s:[2001:db8::7]:%s\"", name, usual);
    else if (!config_host(host, bracket))
        snprintf(why, size, "\"%.100s\" is neither a host name nor an IP%s address", host, bracket ? "v6" : "");
    else if (!bracket && a->six && strspn(host, "0123456789.") == strlen(host))
        snprintf(why, size, "%s6 is for IPv6, and %.100s is not: write %s", name, host, name);
    else if (!port_ok(port))
        snprintf(why, size, "the port must be a number from 1 to 65535");
    else {
        a->six |= bracket;
        return fill(a, host, port, why, size);
    }
    return false;
}

void
config_free_address(struct config_address *a)
{
    free(a->host);
    free(a->port);
    *a = (struct config_address){TRANSPORT_NONE};
}

/* The one of 't' that 'a' contradicts or repeats, in words; true when there is none. */
static bool
address_fits(const struct config_target *t, const struct config_address *a, char *why, size_t size)
{
    for (const struct config_address *o = t->addresses; o < t->addresses + t->n_addresses; o++) {
        if (o->transport != a->transport) {
            snprintf(why, size, "the addresses of one target must have one transport; make a second target for %s%s:",
                     transport_name(a->transport), a->six ? "6" : "");
            return false;
        }
        if (strcmp(o->host, a->host) == 0 && strcmp(o->port, a->port) == 0) {
            snprintf(why, size, "%.100s port %s is named twice", a->host, a->port);
            return false;
        }
    }
    return true;
}

bool
config_addresses(const char *s, enum config_type type, struct config_target *t, char *why, size_t size)
{
    size_t n;

    for (s += strspn(s, " "); *s; s += n + strspn(s + n, " ")) {
        struct config_address a = {TRANSPORT_NONE};
        char *one;
        bool ok;

        n = strcspn(s, " ");
        if (t->n_addresses == CONFIG_ADDRESSES) {
            snprintf(why, size, "a target has at most %d addresses", CONFIG_ADDRESSES);
            return false;
        }
        if (!(one = strndup(s, n))) {
            snprintf(why, size, "not enough memory");
            return false;
        }
        ok = config_address(one, type, &a, why, size);
        free(one);
        if (!ok)
            return false;
        if (!address_fits(t, &a, why, size)) {
            config_free_address(&a);
            return false;
        }
        t->addresses[t->n_addresses++] = a;
    }
    if (t->n_addresses == 0)
        return config_address("", type, &t->addresses[0], why, size);
    return true;
}
