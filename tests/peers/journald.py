#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""systemd-journald takes what 'truecause forward' sends to /dev/log, and its fields are
compared with the items of the archive.  Runs as root, with /run in a mount namespace of
its own: the journal of this computer sees nothing of it.

    journald.py
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from siem import NAMES, TRUECAUSE, end_well, start, wait_for, write_hostile

HERE = os.path.dirname(os.path.abspath(__file__))
JOURNALD = "/lib/systemd/systemd-journald"
SOCKET = "/run/systemd/journal/dev-log"
LEVELS = {"critical": 1, "major": 2, "minor": 3, "warning": 4, "info": 6, "cleared": 5}
PARAMETER = re.compile(r' ([A-Za-z]+)="((?:[^"\\]|\\.)*)"')


def forward(folder):
    """The items of the archive, by id."""
    write_hostile(folder + "/Hostile.log")
    with open(folder + "/truecause.xml", "w") as f:
        f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state" enterprise-oid="1.3.6.1.4.1.32473.109">\n' % folder)
        for path in (HERE + "/../data/sample/Despool.log", folder + "/Hostile.log"):
            f.write('  <source format="auto" path="%s" host="ANFIELD" zone="America/Los_Angeles"/>\n' % path)
        f.write('  <target name="archive" type="xml" path="%s/events.xml"/>\n' % folder)
        f.write('  <target name="journal" type="syslog" address="unix:%s"/>\n</truecause>\n' % SOCKET)
    done = subprocess.run([TRUECAUSE, "forward", "-c", folder + "/truecause.xml", "--once"], capture_output=True, text=True,
                          timeout=300)
    if done.returncode != 0:
        sys.exit("forward ended with %d:\n%s" % (done.returncode, done.stderr[-3000:]))
    return {item.get("id"): item for item in ElementTree.parse(folder + "/events.xml").getroot()
            if item.tag.endswith(("}event", "}alarm"))}


def entries():
    told = subprocess.run(["journalctl", "-D", "/run/log/journal", "--no-pager", "-o", "json", "_TRANSPORT=syslog"],
                          capture_output=True, text=True, check=False).stdout
    return [json.loads(line) for line in told.splitlines()]


def difference(entry, items):
    """A sentence on what is wrong, or None."""
    found = PARAMETER.findall(entry["MESSAGE"])
    facts = dict(found)
    item = items.get(facts.get("id"))
    if item is None or len(facts) != len(found):
        return "no item, or a parameter twice: %r" % entry["MESSAGE"]
    cleared = item.get("state") == "cleared" or (item.tag.endswith("}alarm") and item.get("severity") == "info")
    want = ["truecause", item.get("class"), LEVELS["cleared" if cleared else item.get("severity")], "16", item.get("key"),
            item.get("state")]
    have = [entry.get("SYSLOG_IDENTIFIER"), entry.get("SYSLOG_PID"), int(entry["PRIORITY"]), entry.get("SYSLOG_FACILITY"),
            facts.get("key"), facts.get("state")]
    return None if want == have else "want %s, got %s" % (want, have)


def main():
    end_well()
    if "inside" not in sys.argv:
        return subprocess.run(["unshare", "--mount", sys.executable, os.path.abspath(__file__), "inside"], check=False).returncode
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)  # unshare has made all mounts private
    os.makedirs("/run/systemd/journald.conf.d")
    with open("/run/systemd/journald.conf.d/truecause.conf", "w") as f:
        f.write("[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToSyslog=no\nForwardToWall=no\nRateLimitIntervalSec=0\n")
    journald = start([JOURNALD])
    if not wait_for(60, lambda: os.path.exists(SOCKET) or journald.poll() is not None, 0.1) or journald.poll() is not None:
        sys.exit("systemd-journald did not start")
    with tempfile.TemporaryDirectory(prefix="truecause-journald.", dir="/run") as folder:
        items = forward(folder)
    got = wait_for(60, lambda: (lambda e: len(e) >= len(items) and e)(entries()), 0.5) or entries()
    wrong = [sentence for sentence in (difference(entry, items) for entry in got) if sentence]
    if len(got) != len(items) or len(items) < len(NAMES):
        wrong.append("%d items, %d entries" % (len(items), len(got)))
    version = subprocess.run(["journalctl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    print("%s: systemd-journald %s: %d entries" % ("FAILED" if wrong else "ok", version, len(got)))
    for sentence in wrong[:5]:
        print("    " + sentence)
    print("%d passed, %d failed" % (not wrong, bool(wrong)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
