#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""First start over ten years of logs: the snmp target gets one summary line and the
alarms that are still open, and nothing more; the archive gets everything.

    history.py [--records N] [--years N]
"""
import argparse
import os
import shutil
import sys
import tempfile
import time

from daemon import Daemon, end_well, export_alarms, wait_for
from receivers import UdpReceiver


def values(data):
    """All primitive values of a BER message, depth first: (tag, bytes)."""
    at = 0
    while at + 2 <= len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            n = size & 0x7F
            size = int.from_bytes(data[at:at + n], "big")
            at += n
        body = data[at:at + size]
        at += size
        if tag & 0x20:
            yield from values(body)
        else:
            yield tag, body


def oid(body):
    out, n = [], 0
    for byte in body:
        n = n << 7 | byte & 0x7F
        if not byte & 0x80:
            out.append(n)
            n = 0
    return [1, out[0] - 40] + out[1:]


def write_logs(folder, records, years):
    """Dated generations over the years, the live file last; returns (whole, total).
    Failures are mended at once but for nine of the last days."""
    end = int(time.time()) - 3 * 3600
    begin = end - years * 365 * 86400
    step = (end - begin) / records
    per_file = records // (years * 12) + 1
    whole = os.path.join(folder, "whole.txt")
    # Nine failures of between two and five days ago stay open.  All of the last day
    # is well: what is not history is told as it happens.
    a_day = 86400 / step
    open_ones = {int(records - 2 * a_day - i * max(a_day / 3, 1)) for i in range(9)}
    n = 0
    with open(whole, "wb") as everything:
        while n < records:
            lines = []
            for n in range(n, min(n + per_file, records)):
                at = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(begin + n * step))
                if n in open_ones:
                    package, text = "OPN%05X" % (records - n), "Failed, Win32 Error = 32"
                elif n % 50 == 7 and n < records - a_day - 2:
                    package, text = "DOG%05X" % (n % 1000), "Failed, Win32 Error = 32"
                elif n % 50 == 8 and n < records - a_day - 1:
                    package, text = "DOG%05X" % ((n - 1) % 1000), "OK"
                else:
                    lines.append("Waiting for ready instruction file #X%09d#  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n"
                                 % (n, at))
                    continue
                lines.append("~Copying E:\\_S M0000.TMP\\a.EXE to E:\\SMS_PKGE\\%s\\a.EXE, %s  "
                             "$$<SMS_DESPOOLER><%s~><thread=1D0>\r\n" % (package, text, at))
            n += 1
            data = "".join(lines).encode()
            everything.write(data)
            if n < records:
                stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(begin + n * step))
                path = os.path.join(folder, "spool", "Despool-%s.log" % stamp)
            else:
                path = os.path.join(folder, "spool", "Despool.log")
            with open(path, "wb") as f:
                f.write(data)
            os.utime(path, (begin + n * step, begin + n * step))
    return whole


def main():
    end_well()
    parser = argparse.ArgumentParser(description="first start over years of logs")
    parser.add_argument("--records", type=int, default=1500000)
    parser.add_argument("--years", type=int, default=10)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="truecause-history.")
    os.mkdir(folder + "/spool")
    whole = write_logs(folder, options.records, options.years)
    opened = {k: v for k, v in export_alarms(whole, "ANFIELD").items() if v["state"] != "cleared"}
    traps = []
    receiver = UdpReceiver(traps.append)
    receiver.start()
    with open(folder + "/community", "w") as f:
        f.write("public\n")
    os.chmod(folder + "/community", 0o600)
    with open(folder + "/truecause.xml", "w") as f:
        f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state">\n'
                '  <source format="sms-log" path="%s/spool/Despool.log" host="ANFIELD" zone="UTC"/>\n'
                '  <target name="archive" type="xml" path="%s/events.xml"/>\n'
                '  <target name="nms" type="snmp" address="udp:127.0.0.1:%d" version="2c" community-file="%s/community"'
                ' heartbeat="off"/>\n</truecause>\n' % (folder, folder, folder, receiver.port, folder))
    daemon = Daemon(folder + "/truecause.xml", folder + "/daemon.log")
    began = time.monotonic()
    daemon.start()

    def archived():
        try:
            with open(folder + "/events.xml", "rb") as f:
                return sum(line.startswith(b"<event ") for line in f) >= options.records
        except FileNotFoundError:
            return False

    wrong = []
    if not wait_for(600, archived, 0.5):
        wrong.append("the archive has not all records")
    seconds = time.monotonic() - began
    wait_for(120, lambda: len(traps) > len(opened), 0.1)
    time.sleep(2)  # would more come, they were under way by now
    daemon.terminate()
    receiver.stop()
    got, notices = [], []
    for trap in traps:
        strings = [body.decode("utf-8", "replace") for tag, body in values(trap) if tag == 4]
        key = next((s for s in strings if s.startswith(("dist:", "stall:", "file:", "comp:", "self:"))), None)
        (got if key else notices).append(key or strings[-1])
    print("%d records of %d years in %.1f s: %d alarms open; the snmp target got %d notices and %d alarms" % (
        options.records, options.years, seconds, len(opened), len(notices), len(got)))
    for notice in notices:
        print("notice: " + notice)
    if len(notices) != 1:
        wrong.append("%d notices, one is right" % len(notices))
    if sorted(got) != sorted(opened):
        wrong.append("alarms told: %s; open: %s" % (sorted(got), sorted(opened)))
    if not opened:
        wrong.append("no alarm was open: nothing was tested")
    for line in wrong:
        print("VIOLATION: " + line)
    if wrong:
        print("kept: " + folder)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
