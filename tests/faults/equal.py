#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same records in one batch, live line by line, split at any byte, and with
kill -9 in between: the same events, the same content, the same alarms at the end.

    equal.py [--seed N] [--failures N] [--kills N]

The input is some hundred failures with their Event 109s, and stalls.
'forward --once' over the whole files is what the live runs are compared with.
Outside <source> an event may differ in one way only: a 109 that was released
before its evidence came says probable, or, with figures that need none, does not
name the line of the log, which then names it.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from daemon import TRUECAUSE, Daemon, end_well, wait_for

PARTS = re.compile(r"<source [^>]*/>")
LINK = re.compile(r'<see event="[0-9a-f]*"/>')
EVENT109 = (
    '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="SMS"/>'
    '<EventID Qualifiers="49152">109</EventID><Level>2</Level><Task>0</Task><Keywords>0x80000000000000</Keywords>'
    '<TimeCreated SystemTime="%sZ"/><EventRecordID>%d</EventRecordID><Channel>Application</Channel>'
    "<Computer>ANFIELD</Computer><Security/></System><EventData><Data>\\\\ANFIELD\\SMS_PKGE\\%s</Data><Data>%s</Data>"
    "<Data>%s</Data></EventData></Event>\n")


def log_line(text, at):
    return ("%s  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n"
            % (text, time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(at)))).encode()


def stall_lines(at, name):
    """The despooler cannot open its instruction, and five minutes later it can."""
    lines = ["found ready instruction file for " + name, "failed to open " + name + " WIN32 ERROR = 32",
             "Cannot decompress instruction file"]
    again = ["found ready instruction file for " + name,
             "~Executing instruction of type MICROSOFT|SMS|MINIJOBINSTRUCTION|PACKAGE",
             "~Despooler successfully executed one instruction."]
    for when, texts in ((at, lines), (at + 300, again)):
        for n, text in enumerate(texts):
            yield when + n, "log", log_line(text, when + n)


def pieces(dice, failures):
    """[(file, bytes, whether a minute without records went before)] in the order in
    which a server would write them.  All of it is recent and within two hours: what stands for longer weighs more, by record
    time in a batch and by arrival live, and both are right."""
    base = int(time.time()) - 3 * 3600
    step = min(7000 // failures, 100)
    timed = []
    for i in range(failures):
        at = base + i * step + dice.randrange(20)
        package = "DOG%05X" % dice.randrange(40)
        name = "file%d.EXE" % dice.randrange(3)
        copy = "~Copying E:\\_S M%04d.TMP\\%s to E:\\SMS_PKGE\\%s\\%s, " % (i, name, package, name)
        code = dice.choice(("32", "32", "112", None))
        timed.append((at - 1, "log", log_line("~Found ready instruction sni%05d.sni" % i, at - 1)))
        if code:
            timed.append((at, "log", log_line(copy + "Failed, Win32 Error = " + code, at)))
        filled = dice.random() < 0.3
        if dice.random() < 0.8:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at + 2))
            timed.append((at + 2, "xml", (EVENT109 % (stamp, 5000 + i, package, "12" if filled else "",
                                                      "340" if filled else "")).encode()))
        if code and dice.random() < 0.5:
            timed.append((at + 30, "log", log_line(copy + "OK", at + 30)))
        timed.append((at + 40, "log", log_line("~Despooler successfully executed one instruction.", at + 40)))
        if i % 25 == 11:
            timed += stall_lines(at + 41, "1000tS%02d.ins" % (i // 25))
    timed.sort(key=lambda piece: piece[0])
    out = [("xml", b"<Events>\n", False)]
    out += [(name, data, b"~Found ready instruction" in data) for _, name, data in timed]
    return out + [("xml", b"</Events>\n", False)]


class Run:
    """One daemon or 'forward --once' over a spool of its own."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        self.files = {"log": folder + "/Despool.log", "xml": folder + "/AppEvent.xml"}
        self.config = folder + "/truecause.xml"
        self.archive = folder + "/events.xml"
        for path in self.files.values():
            open(path, "wb").close()
        with open(self.config, "w") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state">\n'
                    '  <source format="sms-log" path="%s" host="ANFIELD" zone="UTC" poll="20ms"/>\n'
                    '  <source format="event-xml" path="%s" host="ANFIELD" zone="UTC" poll="20ms"/>\n'
                    '  <target name="archive" type="xml" path="%s"/>\n</truecause>\n'
                    % (folder, self.files["log"], self.files["xml"], self.archive))
        self.daemon = Daemon(self.config, folder + "/daemon.log")
        self.kills = 0
        self.failed = None

    def append(self, name, data):
        with open(self.files[name], "ab") as f:
            f.write(data)

    def events(self):
        """id -> lines, of the archive; each line once (a crash may repeat it)."""
        events, alarms, seen = {}, {}, set()
        try:
            with open(self.archive, encoding="utf-8") as f:
                lines = f.readlines()
        except FileNotFoundError:
            lines = []
        for line in lines:
            if not line.endswith("\n") or line in seen:
                continue
            if line.startswith("<event ") and ' class="self"' not in line[:100]:
                seen.add(line)
                events.setdefault(line[11:43], []).append(PARTS.sub("", line))
            elif line.startswith("<alarm "):
                seen.add(line)
                fields = dict(re.findall(r' (key|state|class|count|first|last)="([^"]*)"', line[:line.index(">")]))
                if not fields["key"].startswith("self:"):
                    fields["state"] = "cleared" if fields["state"] == "cleared" else "open"
                    alarms[fields["key"]] = fields
        return events, alarms

    def once(self, items):
        for name, data, _ in items:
            self.append(name, data)
        return subprocess.run([TRUECAUSE, "forward", "-c", self.config, "--once"], stderr=subprocess.DEVNULL).returncode

    def is_read(self, name):
        """All whole lines that the file has were read."""
        path = self.files[name]
        with open(path, "rb") as f:
            end = f.read().rfind(b"\n") - 2
        status = self.daemon.ask("status")
        logs = [log for source in status["sources"] for log in source["logs"]] if status else []
        self.seen = [log for log in logs if log["path"] == path]
        self.held = status and status["reports"]["held"]
        return any(log["offset"] >= end for log in self.seen)

    def live(self, items, kill, dice):
        """Appends while the daemon runs; 'kill' tells after which items to kill it.
        Hours pass in seconds here, and what the files say of each other counts by the
        minute: so each is read before another one grows, and a report that waited for
        that minute is let go, as it is when records come at the times they bear."""
        try:
            self.daemon.start()
            before = None
            for i, (name, data, later) in enumerate(items):
                if before not in (name, None) and not wait_for(120, lambda: self.is_read(before)):
                    raise RuntimeError("not read in two minutes: %s, %s" % (self.files[before], self.seen))
                before = name
                self.append(name, data)
                if later and not wait_for(120, lambda: self.is_read(name) and self.held == 0):
                    raise RuntimeError("%s reports are held though the log was read on" % self.held)
                if i in kill:
                    time.sleep(dice.random() * 0.08)
                    self.kills += self.daemon.kill()
                    self.daemon.start()
        except Exception as e:
            self.failed = e

    def settle(self, want, seconds):
        if self.failed:
            self.daemon.kill()
            return
        # A 109 without evidence is held until its logs were at their end for 10 s.
        wait_for(seconds, lambda: len(self.events()[0]) >= want, 0.2)
        time.sleep(0.5)
        status = self.daemon.terminate()
        if status != 0:
            self.failed = "SIGTERM: it ended with %s" % status


def split(items, dice):
    """The same bytes, cut anywhere; each file's own order stays."""
    for name, data, later in items:
        while data:
            n = dice.randrange(1, 120)
            yield name, data[:n], later and n >= len(data)
            data = data[n:]


def early(batch, live):
    """A 109 that was released before its evidence, or that evidence."""
    return (' event="109"' in live and ' confidence="probable"' in live) or LINK.sub("", batch) == LINK.sub("", live)


def differences(want, got, name):
    """What is wrong, at most ten lines of it."""
    wrong, probable = [], 0
    want_events, want_alarms = want
    got_events, got_alarms = got
    for ident in want_events.keys() | got_events.keys():
        a, b = want_events.get(ident, []), got_events.get(ident, [])
        if len(a) != len(b):
            wrong.append("event %s: %d in the batch, %d here: %.200s" % (ident, len(a), len(b), (a + b)[0]))
        elif sorted(a) != sorted(b):
            if early(a[0], b[0]):
                probable += 1
            else:
                wrong.append("event %s differs:\n  %s  %s" % (ident, a[0], b[0]))
    for key in want_alarms.keys() | got_alarms.keys():
        if want_alarms.get(key) != got_alarms.get(key):
            wrong.append("alarm %s: batch %s, here %s" % (key, want_alarms.get(key), got_alarms.get(key)))
    print("%s: %d events, %d alarms, %d of the 109s came before their evidence, %d differences" % (
        name, len(got_events), len(got_alarms), probable, len(wrong)))
    return wrong[:10]


def main():
    end_well()
    parser = argparse.ArgumentParser(description="batch and live agree")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--failures", type=int, default=300)
    parser.add_argument("--kills", type=int, default=12)
    options = parser.parse_args()
    print("seed: --seed %d" % options.seed, flush=True)
    dice = random.Random(options.seed)
    folder = tempfile.mkdtemp(prefix="truecause-equal.")
    items = pieces(dice, options.failures)
    batch = Run(folder + "/batch")
    wrong = []
    if batch.once(items) != 0:
        wrong.append("forward --once failed")
    want = batch.events()
    cut = list(split(items, dice))
    plans = (("line by line", items, ()), ("split at any byte", cut, ()),
             ("killed", cut, set(dice.sample(range(len(cut)), min(options.kills, len(cut))))))
    runs = []
    for n, (name, what, kill) in enumerate(plans):
        run = Run("%s/live%d" % (folder, n))
        thread = threading.Thread(target=run.live, args=(what, kill, random.Random(options.seed + n)), daemon=True)
        thread.start()
        runs.append((name, run, thread))
    for name, run, thread in runs:
        thread.join()
    for name, run, thread in runs:
        run.settle(len(want[0]), 300)
        if run.failed:
            wrong.append("%s: %s" % (name, run.failed))
        wrong += [name + ": " + w for w in differences(want, run.events(), name)]
    print("batch: %d events, %d alarms; killed %d times" % (len(want[0]), len(want[1]), runs[2][1].kills))
    if not want[0] or not want[1] or runs[2][1].kills == 0:
        wrong.append("nothing was compared")
    for line in wrong:
        print("VIOLATION: " + line.rstrip())
    if wrong:
        print("kept: " + folder)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
