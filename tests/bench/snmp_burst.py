#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A burst of alarm changes at the default pace, from a log through the journal to a real
snmptrapd: nothing may be lost.

    snmp_burst.py [--count 100000]

Half of COUNT copies fail and are then mended, which makes COUNT notifications; at the
default pace of 1,000 a second 100,000 of them take 100 seconds.

A receiver has a machine of its own.  Here it goes before all others where that is
allowed; and how long it waited for a core all the same is told, and how many datagrams its
kernel dropped meanwhile.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from daemon import TRUECAUSE, end_well, wait_for  # noqa: E402
from inform_campaign import OIDS, PASSPHRASE  # noqa: E402
from inform_view import Ledger, Trail  # noqa: E402
from trapd import Trapd  # noqa: E402


def write_log(path, pairs):
    with open(path, "w") as f:
        for n in range(pairs):
            package, server = "DOG%05X" % (n % 0x100000), n % 50
            for how in ("Failed, Win32 Error = 32", "OK"):
                f.write("~Copying E:\\_S M0000.TMP\\f.exe to \\\\SRV%02d\\SMS_PKGE\\%s\\f.exe, %s  "
                        "$$<SMS_DESPOOLER><Thu Sep 10 %02d:%02d:%02d 1998~><thread=1D0>\r\n" % (
                            server, package, how, n // 3600 % 24, n // 60 % 60, n % 60))


def before_others():
    """What makes a command go before all others: the real-time class, else a nice value."""
    for wrap in (["chrt", "--rr", "1"], ["nice", "-n", "-10"]):
        done = subprocess.run(wrap + ["true"], capture_output=True)
        if done.returncode == 0 and not done.stderr:  # nice goes on where it may not
            return wrap
    return []


def dropped(port):
    """Datagrams that the kernel had no room for, at the socket of that port."""
    with open("/proc/net/udp") as f:
        return sum(int(line.split()[-1]) for line in f if line.split()[1].endswith(":%04X" % port))


def waited(pid):
    """Seconds that the process could have run and had no core."""
    with open("/proc/%d/schedstat" % pid) as f:
        return int(f.read().split()[1]) / 1e9


def main():
    end_well()
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="truecause-burst.") as folder:
        trapd = Trapd(folder, "trapd", PASSPHRASE, wrap=before_others())
        trapd.start()
        write_log(folder + "/Despool.log", count // 2)
        with open(os.open(folder + "/community", os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write("public\n")
        with open(folder + "/truecause.xml", "w") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state">\n'
                    '  <source format="sms-log" path="%s/Despool.log" host="SITE" zone="UTC"/>\n'
                    '  <target name="archive" type="xml" path="%s/events.xml" items="alarms"/>\n'
                    '  <target name="nms" type="snmp" address="udp:127.0.0.1:%d" version="2c" community-file="%s/community"/>\n'
                    "</truecause>\n" % (folder, folder, folder, trapd.port, folder))
        began = time.monotonic()
        done = subprocess.run([TRUECAUSE, "forward", "-c", folder + "/truecause.xml", "--once"], capture_output=True, text=True)
        seconds = time.monotonic() - began
        if done.returncode != 0:
            sys.exit("forward ended with %d: %s" % (done.returncode, done.stderr))
        ledger = Ledger(folder + "/events.xml")
        ledger.look()
        trail = Trail("nms", ledger, OIDS)

        def complete():
            for varbinds in trapd.new():
                trail.take(varbinds)
            trail.look()
            return trail.complete()
        wait_for(60, complete, 0.2)
        trail.settle()
        drops, wait = dropped(trapd.port), waited(trapd.process.pid)
        trapd.terminate()
    print("burst of %d alarm changes to snmptrapd at the default pace: %d arrived, %d twice, %d lost, %.0f s, %.0f/s; "
          "snmptrapd waited %.1f s for a core, its kernel dropped %d" % (
              len(ledger.changes), len(trail.seq_of), trail.again, len(trail.missing()), seconds,
              len(trail.seq_of) / seconds, wait, drops))
    runs, before = [], None
    for number in sorted(ledger.changes[i][0] for i in trail.missing()):
        if before is not None and number == before + 1:
            runs[-1] += 1
        else:
            runs.append(1)
        before = number
    if runs:
        print("lost in %d runs of %d at most" % (len(runs), max(runs)))
    for violation in trail.violations[:3]:
        print("VIOLATION: " + violation)
    return 1 if trail.violations or len(ledger.changes) < count // 2 * 2 else 0


if __name__ == "__main__":
    sys.exit(main())
