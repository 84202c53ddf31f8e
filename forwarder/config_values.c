/* SPDX-License-Identifier: BSD-2-Clause
 *
 * config_values.c - what the text of an attribute means: times, sizes, network
 * addresses, secrets.  Called by config*.c; knows no XML. */
#include "build.h"

#include "forwarder/config_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "forwarder/target_syslog.h"
#include "parsers/when.h"

bool
config_time(const char *s, int64_t *ns)
{
    char *unit;
    long long n = strtoll(s, &unit, 10);
    int64_t each = strncmp(unit, "ms", 2) == 0    ? 1000000
                   : strncmp(unit, "min", 3) == 0 ? WHEN_MINUTE
                   : *unit == 's'                 ? WHEN_SECOND
                   : *unit == 'h'                 ? WHEN_HOUR
                                                  : WHEN_DAY;

    if (unit == s || n <= 0 || n > 36525 * WHEN_DAY / each)
        return false;
    *ns = n * each;
    return true;
}

bool
config_size(const char *s, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    char *unit;
    unsigned long long n = strtoull(s, &unit, 10);
    const char *which = *unit ? strchr(units, *unit) : NULL;
    unsigned shift = which ? 10 * (unsigned) (which - units + 1) : 0;

    if (unit == s || !which || n == 0 || n > (UINT64_C(1) << 60) >> shift)
        return false;
    *bytes = (uint64_t) n << shift;
    return true;
}

const char *
config_amounts(char *text, int64_t *ns, uint64_t *bytes)
{
    for (char *p = text, *space; *p; p = space) {
        space = p + strcspn(p, " ");
        if (*space)
            *space++ = '\0';
        if (strstr(p, "iB") ? !config_size(p, bytes) : !config_time(p, ns))
            return p;
    }
    return NULL;
}

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

static const char *
port_default(enum config_type type, const char *transport)
{
    if (type == CONFIG_SNMP)
        return "162";
    return strncmp(transport, "tcp", 3) == 0 ? "601" : strncmp(transport, "tls", 3) == 0 ? "6514" : "514";
}

/* Is the part before the first colon one that this kind of target takes? */
static bool
transport_ok(const char *transport, enum config_type type, char *why, size_t size)
{
    static const char *const syslog[] = {"udp", "udp6", "tcp", "tcp6", "tls", "tls6", "relp", "relp6",
                                         "unix", "unix-dgram", "unix-stream"};
    static const char *const later[] = {"dtls", "dtls6", "ssh"};
    const char *want = type == CONFIG_SNMP ? "udp: or udp6:"
                                           : "udp:, udp6:, tcp:, tcp6:, tls:, tls6:, relp:, relp6: or unix:";
    bool known = false;

    for (unsigned i = 0; i < sizeof syslog / sizeof syslog[0]; i++)
        known |= strcmp(transport, syslog[i]) == 0;
    if (known && type == CONFIG_SYSLOG && strncmp(transport, "relp", 4) == 0 && !target_syslog_has_relp()) {
        snprintf(why, size, "this program was built without RELP: build it with ./configure --with-relp (the library,"
                 " librelp, is under the GPL), or write tcp: or tls:");
        return false;
    }
    if (known && (type == CONFIG_SYSLOG || strncmp(transport, "udp", 3) == 0))
        return true;
    for (unsigned i = 0; i < sizeof later / sizeof later[0]; i++)
        known |= strcmp(transport, later[i]) == 0;
    if (known)
        snprintf(why, size, "\"%s:\" for %s is not in this version; write %s", transport,
                 type == CONFIG_SNMP ? "snmp" : "syslog", want);
    else
        snprintf(why, size, "it must begin with %s, as in \"udp:192.0.2.7:%s\"", want, port_default(type, "udp"));
    return false;
}

/* "unix:/dev/log": a path, and no port. */
static bool
unix_address(const char *transport, const char *path, struct config_address *a, char *why, size_t size)
{
    struct sockaddr_un room;

    if (*path != '/')
        snprintf(why, size, "write the whole path of the socket, as in \"%s:/dev/log\"", transport);
    else if (strlen(path) >= sizeof room.sun_path)
        snprintf(why, size, "the path of a socket has at most %zu bytes", sizeof room.sun_path - 1);
    else {
        *a = (struct config_address){strdup(transport), strdup(path), strdup("")};
        if (a->transport && a->host && a->port)
            return true;
        config_free_address(a);
        snprintf(why, size, "not enough memory");
    }
    return false;
}

bool
config_address(const char *s, enum config_type type, struct config_address *a, char *why, size_t size)
{
    size_t n = strcspn(s, ":");
    char transport[12] = "", host[256] = "", port[16] = "";
    const char *rest = s + n + (s[n] == ':'), *end;
    bool bracket = *rest == '[';

    snprintf(transport, sizeof transport, "%.*s", n < sizeof transport ? (int) n : 0, s);
    if (!transport_ok(s[n] == ':' ? transport : "", type, why, size))
        return false;
    if (strncmp(transport, "unix", 4) == 0)
        return unix_address(transport, rest, a, why, size);
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
        snprintf(port, sizeof port, "%s", port_default(type, transport));
    if (!bracket && strchr(rest, ':') != strrchr(rest, ':'))
        snprintf(why, size, "write an IPv6 address in brackets, as in \"%.4s:[2001:db8::7]:%s\"", transport,
                 port_default(type, transport));
    else if (!config_host(host, bracket))
        snprintf(why, size, "\"%.100s\" is neither a host name nor an IP%s address", host, bracket ? "v6" : "");
    else if (!bracket && strchr(transport, '6') && strspn(host, "0123456789.") == strlen(host))
        snprintf(why, size, "%s is for IPv6, and %.100s is not: write %.3s", transport, host, transport);
    else if (!port_ok(port))
        snprintf(why, size, "the port must be a number from 1 to 65535");
    else {
        /* Users of the address need not look for brackets: the 6 says it. */
        snprintf(transport + strlen(transport), 2, "%s", bracket && !strchr(transport, '6') ? "6" : "");
        *a = (struct config_address){strdup(transport), strdup(host), strdup(port)};
        if (a->transport && a->host && a->port)
            return true;
        config_free_address(a);
        snprintf(why, size, "not enough memory");
    }
    return false;
}

void
config_free_address(struct config_address *a)
{
    free(a->transport);
    free(a->host);
    free(a->port);
    *a = (struct config_address){NULL, NULL, NULL};
}

/* The one of 't' that 'a' contradicts or repeats, in words; true when there is none. */
static bool
address_fits(const struct config_target *t, const struct config_address *a, char *why, size_t size)
{
    size_t n = strcspn(a->transport, "6");

    for (const struct config_address *o = t->addresses; o < t->addresses + t->n_addresses; o++) {
        if (strcspn(o->transport, "6") != n || strncmp(o->transport, a->transport, n) != 0) {
            snprintf(why, size, "the addresses of one target must have one transport; make a second target for %s:",
                     a->transport);
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
        struct config_address a = {NULL, NULL, NULL};
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

/* Nobody but its owner may be able to read the file. */
ssize_t
config_secret_read(const char *path, const char *what, char *text, size_t cap, char *why, size_t size)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    ssize_t n = -1;

    if (fd < 0 || fstat(fd, &st) != 0)
        snprintf(why, size, "cannot read %s: %s%s%s%s", path, strerror(errno),
                 errno == ENOENT ? ": make it, with the " : "", errno == ENOENT ? what : "",
                 errno == ENOENT ? " in it and mode 600" : "");
    else if (!S_ISREG(st.st_mode))
        snprintf(why, size, "%s is not a regular file", path);
    else if (st.st_mode & 077)
        snprintf(why, size, "%s can be read by others than its owner (mode %03o): chmod 600 it", path, st.st_mode & 0777);
    else if ((n = read(fd, text, cap)) < 0)
        snprintf(why, size, "cannot read %s: %s", path, strerror(errno));
    else if ((size_t) n == cap)
        n--; /* too long: whoever looks at it finds that */
    if (fd >= 0)
        close(fd);
    return n;
}

/* A secret of one line. */
char *
config_secret(const char *path, const char *what, char *why, size_t size)
{
    char text[CONFIG_COMMUNITY + 5];
    ssize_t n = config_secret_read(path, what, text, sizeof text, why, size);
    char *secret = NULL;

    if (n >= 0) {
        n -= n > 0 && text[n - 1] == '\n';
        n -= n > 0 && text[n - 1] == '\r';
        if (n == 0)
            snprintf(why, size, "%s is empty: write the %s into it", path, what);
        else if (n > CONFIG_COMMUNITY)
            snprintf(why, size, "%s holds more than %d bytes: it must hold the %s and nothing else", path,
                     CONFIG_COMMUNITY, what);
        else if (memchr(text, '\0', (size_t) n) || memchr(text, '\n', (size_t) n))
            snprintf(why, size, "%s must hold the %s in one line and nothing else", path, what);
        else if (!(secret = strndup(text, (size_t) n)))
            snprintf(why, size, "not enough memory");
    }
    explicit_bzero(text, sizeof text);
    return secret;
}

char *
config_path(const struct config_reader *r, const char *path)
{
    size_t n = strlen(r->base) + strlen(path) + 2;
    char *out = malloc(n);

    if (out)
        snprintf(out, n, "%s%s%s", *path == '/' ? "" : r->base, *path == '/' || !*r->base ? "" : "/", path);
    return out;
}
