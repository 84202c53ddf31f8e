# SPDX-License-Identifier: BSD-2-Clause
"""Sends translated Event 109s as SNMPv1 traps, each with a text of its own.

    trap_send.py HOST PORT COUNT RATE [FIRST]
Event number N (FIRST up, default 0) is of package BRSnnnnn; RATE is traps a
second, 0 for as fast as can be.  Prints how many were sent.  The encoding is our
own (RFC 1157), so that the decoder is tried against another hand."""
import socket
import sys
import time


def element(tag, content):
    n = len(content)
    head = bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + head + content


def number(value, tag=2):
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted):
    subs = [int(s) for s in dotted.split(".")]
    out = bytes([40 * subs[0] + subs[1]])
    for sub in subs[2:]:
        part = [sub & 0x7F]
        while sub > 0x7F:
            sub >>= 7
            part.insert(0, sub & 0x7F | 0x80)
        out += bytes(part)
    return element(6, out)


def varbind(i, text):
    return element(0x30, oid("1.3.6.1.4.1.311.1.13.1.9999.%d.0" % i) + element(4, text.encode()))


def event_trap(event, text, system, now, inserts=(), agent=bytes([192, 0, 2, 77])):
    """The datagram of an event of source SMS, as the agent of Windows sends it."""
    values = [text, "Unknown", system, "1", "0", *inserts]
    pdu = (
        oid("1.3.6.1.4.1.311.1.13.1.3.83.77.83") + element(0x40, agent) + number(6) + number(event)
        + number(now, 0x43) + element(0x30, b"".join(varbind(i + 1, v) for i, v in enumerate(values)))
    )
    return element(0x30, number(0) + element(4, b"public") + element(0xA4, pdu))


def trap(n, now):
    path = "\\\\BURSTER\\SMS_PKGE\\BRS%05d" % n
    text = (
        "Failed to install package. There isn't sufficient disk space on package server " + path
        + ". Disk space available on that server is  megabytes, space required is  megabytes."
    )
    return event_trap(109, text, "burster", now, [path, "", ""])


def main():
    host, port, count, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    first = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    start = time.monotonic()
    for i in range(count):
        if rate:
            ahead = start + i / rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        sock.sendto(trap(first + i, i), (host, port))
    print(count)


if __name__ == "__main__":
    main()
