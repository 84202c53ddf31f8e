# SPDX-License-Identifier: BSD-2-Clause
"""Ports for receivers that go away and come back: as free_port of tools/daemons.sh.

They are below those that the kernel gives to whoever asks for any, or connects:
while a receiver is away nobody else is given its port, and who connects to it
cannot be connected to himself.  A link in /tmp keeps two tests from one port.
"""
import atexit
import os
import random
import socket

FIRST, COUNT = 20000, 12000


def free_port():
    """Free for UDP and TCP at 127.0.0.1 now, and ours until we end."""
    while True:
        port = FIRST + random.SystemRandom().randrange(COUNT)
        link = "/tmp/truecause-port.%d" % port
        try:
            os.symlink(str(os.getpid()), link)
        except FileExistsError:
            _remove_if_left(link)
            continue
        atexit.register(os.remove, link)
        try:
            for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue


def _remove_if_left(link):
    """By a test that was killed."""
    try:
        if not os.path.exists("/proc/" + os.readlink(link)):
            os.remove(link)
    except OSError:
        pass
