/* SPDX-License-Identifier: BSD-2-Clause
 *
 * notify_listen.c - a service manager's ear for tests: notify_listen PATH
 * prints every message that comes to the datagram socket PATH, one a line, with
 * a blank where the message has a line end.  Ends with its standard input. */
#include "build.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct pollfd p[2] = {{.events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    char text[4096];

    if (argc != 2 || strlen(argv[1]) >= sizeof at.sun_path) {
        fputs("usage: notify_listen PATH\n", stderr);
        return 2;
    }
    snprintf(at.sun_path, sizeof at.sun_path, "%s", argv[1]);
    p[0].fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (p[0].fd < 0 || bind(p[0].fd, (const struct sockaddr *) &at, sizeof at) != 0) {
        perror(argv[1]);
        return 1;
    }
    while (poll(p, 2, -1) > 0) {
        ssize_t n = p[0].revents ? recv(p[0].fd, text, sizeof text, 0) : 0;

        for (ssize_t i = 0; i < n; i++)
            putchar(text[i] == '\n' ? ' ' : text[i]);
        if (n > 0)
            putchar('\n');
        fflush(stdout);
        if (p[1].revents)
            break;
    }
    return 0;
}
