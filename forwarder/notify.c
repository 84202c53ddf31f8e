/* SPDX-License-Identifier: BSD-2-Clause
 *
 * notify.c - messages to a service manager.  Called by daemon.c. */
#include "build.h"

#include "forwarder/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/log.h"
#include "parsers/text.h"

struct notify {
    int fd;
    struct sockaddr_un to;
    socklen_t to_n;
    int64_t watchdog;
};

static int64_t
watchdog_period(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    char *end;
    long long us;

    if (pid && strtoll(pid, NULL, 10) != (long long) getpid())
        return 0;
    if (!usec)
        return 0;
    us = strtoll(usec, &end, 10);
    return *end || us <= 0 || us > INT64_MAX / 1000 ? 0 : us * 1000;
}

struct notify *
notify_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct notify *n = NULL;
    size_t len = name ? strlen(name) : 0;

    if (!name)
        return NULL;
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof n->to.sun_path) {
        log_warn("NOTIFY_SOCKET does not name a socket: the service manager will not be told");
    } else if ((n = calloc(1, sizeof *n))) {
        n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        n->to.sun_family = AF_UNIX;
        memcpy(n->to.sun_path, name, len);
        if (name[0] == '@')
            n->to.sun_path[0] = '\0';
        n->to_n = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len + (name[0] != '@'));
        n->watchdog = watchdog_period();
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return n;
}

void
notify_close(struct notify *n)
{
    if (!n)
        return;
    if (n->fd >= 0)
        close(n->fd);
    free(n);
}

int64_t
notify_watchdog(const struct notify *n)
{
    return n ? n->watchdog : 0;
}

void
notify_send(struct notify *n, const char *fmt, ...)
{
    static struct log_limit limit;
    char text[1024];
    va_list ap;
    int len;

    if (!n || n->fd < 0)
        return;
    va_start(ap, fmt);
    len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    len = len < (int) sizeof text ? len : (int) sizeof text - 1;
    if (sendto(n->fd, text, (size_t) len, MSG_NOSIGNAL, (const struct sockaddr *) &n->to, n->to_n) < 0)
        log_limited(&limit, LOG_LEVEL_WARN, "cannot tell the service manager: %s", strerror(errno));
}

void
notify_status(struct notify *n, const char *text)
{
    char shown[512];

    text_show(str_z(text), shown, sizeof shown);
    notify_send(n, "STATUS=%s", shown);
}

void
notify_reloading(struct notify *n)
{
    notify_send(n, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic() / 1000);
}
