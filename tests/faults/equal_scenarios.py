#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The records of the scenario files through the real daemon: in one batch, line by
line while it runs, and split at any byte with kill -9 in between, give the same
events and leave the same alarms open.

    equal_scenarios.py [--seed N] [--some N] [--jobs N] [--exact] [WORD]

Each scenario of tests/scenarios (whose file or title holds WORD; with --some, so
many of them by chance) is read anew as files: what it says of restarts, of the
clock and of what to expect is passed by.  'forward --once' is the batch, and what
'export' says is compared with it where one host and zone holds for all files; live
runs are ended by a 'forward --once', too, which lets go what they hold.  A report
may be told before its evidence, or with less of it, and alarms that age or silence
changed are not compared: live, both are measured by the clock.  Scenarios in which
a rotated log grows are left out.  --exact allows no report to be told with less.
"""
import argparse
import concurrent.futures
import glob
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from xml.sax.saxutils import escape, quoteattr

from daemon import TRUECAUSE, Daemon, end_well, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = re.compile(r"<source [^>]*/>")
INPUT = re.compile(r"^([A-Za-z0-9_.-]+)(#[^|\s]*)?\| ?(.*)$")
REPEAT = re.compile(r"^repeat (\d+) (.*)$")


def words(text):
    """NAME=VALUE words; quotes hold blanks together."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="")
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    return [w.partition("=")[::2] for w in lexer]


def event_xml(fields):
    one = dict(fields)
    out = ['<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name=%s/>'
           '<EventID Qualifiers="49152">%s</EventID><Level>%s</Level>' % (quoteattr(one["from"]), one["id"], one.get("level", "2"))]
    if "time" in one:
        out.append('<TimeCreated SystemTime="%s"/>' % one["time"])
    out.append("<Channel>Application</Channel>")
    if "computer" in one:
        out.append("<Computer>%s</Computer>" % one["computer"])
    out.append("</System><EventData>" + "".join("<Data>%s</Data>" % escape(v) for n, v in fields if n == "insert") + "</EventData>")
    if "text" in one:
        out.append('<RenderingInfo Culture="en-US"><Message>%s</Message></RenderingInfo>' % escape(one["text"]))
    return "".join(out) + "</Event>"


class Scenario:
    def __init__(self, where, title):
        self.where, self.title = where, title
        self.sources, self.items = {}, []  # name -> fields; (source, bytes) in the order of the script

    def goes_back(self):
        """A rotated log that grows after the one that took its place: a batch, which
        merges files by time, has no late records; a daemon is made to see some."""
        return any(fields.get("file", "").endswith(".lo_") for fields in self.sources.values())

    def put(self, name, text):
        eol = "\r\n" if self.sources[name].get("eol") == "crlf" else "\n"
        self.items.append((name, (text + eol).encode("utf-8", "surrogateescape")))


def read(path):
    scenarios = []
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            kind, _, rest = line.partition(" ")
            if kind == "scenario":
                scenarios.append(Scenario("%s:%d" % (os.path.basename(path), number), rest))
            elif kind == "source":
                name, _, fields = rest.partition(" ")
                scenarios[-1].sources[name] = dict(words(fields))
            elif kind == "eventlog":
                name, _, fields = rest.partition(" ")
                scenarios[-1].put(name.partition("#")[0], event_xml(words(fields)))
            elif kind == "repeat":
                times, what = REPEAT.match(line).groups()
                name, _, text = INPUT.match(what).groups()
                for n in range(int(times)):
                    scenarios[-1].put(name, text.replace("{n}", str(n)))
            elif not line.startswith("#"):
                m = INPUT.match(line)
                if m and scenarios and m.group(1) in scenarios[-1].sources:
                    scenarios[-1].put(m.group(1), m.group(3))
    return scenarios


class Run:
    def __init__(self, folder, scenario):
        os.mkdir(folder)
        self.files, self.archive, self.failed = {}, folder + "/events.xml", ""
        config = folder + "/truecause.xml"
        with open(config, "w", encoding="utf-8") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state">\n' % folder)
            for n, (name, fields) in enumerate(scenario.sources.items()):
                os.mkdir("%s/%d" % (folder, n))
                path = self.files[name] = "%s/%d/%s" % (folder, n, fields.get("file", name))
                open(path, "wb").close()
                f.write('  <source path=%s poll="20ms"%s/>\n' % (quoteattr(path), "".join(
                    " %s=%s" % (a, quoteattr(fields[a])) for a in ("format", "host", "site", "zone", "date-order") if a in fields)))
            f.write('  <target name="archive" type="xml" path="%s"/>\n</truecause>\n' % self.archive)
        self.daemon = Daemon(config, folder + "/daemon.log")
        self.kills = 0

    def append(self, name, data):
        with open(self.files[name], "ab") as f:
            f.write(data)

    def once(self):
        with open(self.daemon.log_path, "ab") as log:
            code = subprocess.run([TRUECAUSE, "forward", "-c", self.daemon.config, "--once"], stdout=log, stderr=log, check=False).returncode
        if code not in (0, 1):
            self.failed = "forward --once ended with %d" % code

    def is_read(self, name):
        """All whole lines that the file has were read."""
        with open(self.files[name], "rb") as f:
            end = f.read().rfind(b"\n") - 2
        status = self.daemon.ask("status")
        logs = [log for source in status["sources"] for log in source["logs"]] if status else []
        return end < 0 or any(log["path"] == self.files[name] and log["offset"] >= end for log in logs)

    def live(self, items, kill, dice):
        """Each file is read before another one grows, as by daemons that keep up."""
        self.daemon.start()
        before = None
        for i, (name, data) in enumerate(items):
            if before not in (name, None):
                # One without a trailer may go on: it is read when more comes, or at the end.
                wait_for(120, lambda: self.daemon.ask("status"), 0.05)
                wait_for(10, lambda: self.is_read(before), 0.05)
            before = name
            self.append(name, data)
            if i in kill:
                time.sleep(dice.random() * 0.1)
                self.kills += self.daemon.kill()
                self.daemon.start()
        wait_for(2, lambda: self.is_read(before), 0.05)
        if self.daemon.terminate(ready=True) != 0:
            self.failed = "it did not end well"
            return
        self.once()

    def result(self):
        with open(self.archive, encoding="utf-8", errors="surrogateescape") as f:
            return collect(f)


def collect(lines):
    """id -> line without its source, and key -> the last state of its alarm."""
    events, alarms, seen = {}, {}, set()
    for line in lines:
        line = line.strip()
        if line in seen:
            continue  # a crash may repeat it
        seen.add(line)
        if line.startswith("<event ") and ' class="self"' not in line[:100]:
            events.setdefault(line[11:43], []).append(SOURCE.sub("", line))
        elif line.startswith("<alarm "):
            fields = dict(re.findall(r' (key|state|class|count|reason)="([^"]*)"', line[:line.index(">")]))
            if not fields["key"].startswith("self:"):
                before = alarms.get(fields["key"], {"clock": False})
                # Age and silence are measured by the records in a batch, by the clock live.
                fields["clock"] = before["clock"] or "aged" in fields.get("reason", "") or "silent since" in line
                fields["state"] = "cleared" if fields["state"] == "cleared" else "open"
                alarms[fields["key"]] = fields
    return events, alarms


def attribute(line, name):
    m = re.search(r' %s="([^"]*)"' % name, line)
    return m.group(1) if m else ""


def told_early(batch, live):
    """A report that was told before its evidence, or before the better one."""
    claims = all('<claim cause="disk-full"' in line for line in (batch, live))
    return claims and attribute(batch, "basis") != "figures" and (
        attribute(live, "confidence") != "confirmed" or "<evidence " in live)


exact = False


def differences(want, got):
    wrong = []
    for ident in sorted(want[0].keys() | got[0].keys()):
        a, b = want[0].get(ident, []), got[0].get(ident, [])
        if len(a) != len(b):
            wrong.append("event %s: %d in the batch, %d here: %.200s" % (ident, len(a), len(b), (a + b)[0]))
        elif sorted(a) != sorted(b) and (exact or not told_early(a[0], b[0])):
            wrong.append("event %s differs:\n  %s\n  %s" % (ident, a[0], b[0]))
    for key in sorted(want[1].keys() | got[1].keys()):
        a, b = want[1].get(key, {"state": "cleared", "clock": False}), got[1].get(key, {"state": "cleared", "clock": False})
        if a["clock"] or b["clock"]:
            continue
        names = ("state", "class", "count") if "open" in (a["state"], b["state"]) else ("state",)
        if any(a.get(n) != b.get(n) for n in names):
            wrong.append("alarm %s: batch %s, here %s" % (key, a, b))
    return wrong


def exported(run, scenario):
    """What export says, where it can be told the same of all files; else None."""
    sources = list(scenario.sources.values())
    if any(s.get(a) != sources[0].get(a) for s in sources for a in ("host", "zone", "site", "date-order")):
        return None
    options = [w for a in ("host", "zone", "site", "date-order") if a in sources[0] for w in ("--" + a, sources[0][a])]
    done = subprocess.run([TRUECAUSE, "export", *options, *run.files.values()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          encoding="utf-8", errors="surrogateescape", check=False)
    return collect(done.stdout.splitlines())


def split(items, dice):
    for name, data in items:
        while data:
            n = dice.randrange(1, 120)
            yield name, data[:n]
            data = data[n:]


def check(scenario, folder, seed):
    """[what is wrong], events, kills."""
    dice = random.Random("%d %s" % (seed, scenario.where))
    os.mkdir(folder)
    batch = Run(folder + "/batch", scenario)
    for name, data in scenario.items:
        batch.append(name, data)
    batch.once()
    want, wrong, kills = batch.result(), [], 0
    export = exported(batch, scenario)
    if export:
        wrong += ["export: " + w for w in differences(want, export)]
    cut = list(split(scenario.items, dice))
    for name, items, kill in (("line by line", scenario.items, ()),
                              ("split and killed", cut, set(dice.sample(range(len(cut)), min(2, len(cut)))))):
        run = Run(folder + "/" + name.replace(" ", "-"), scenario)
        run.live(items, kill, dice)
        kills += run.kills
        wrong += [name + ": " + w for w in ([run.failed] if run.failed else differences(want, run.result()))]
    if not want[0]:
        wrong.append("no event at all")
    return (["batch: " + batch.failed] if batch.failed else []) + wrong, sum(map(len, want[0].values())), kills


def main():
    global exact
    end_well()
    parser = argparse.ArgumentParser(description="batch and live agree on the records of the scenarios")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--some", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--exact", action="store_true")
    options = parser.parse_args()
    exact = options.exact
    print("seed: --seed %d" % options.seed, flush=True)
    found = [s for path in sorted(glob.glob(os.path.join(HERE, "../scenarios/*.scn"))) for s in read(path)]
    found = [s for s in found if s.items and options.word in s.where + " " + s.title and not s.goes_back()]
    if options.some:
        found = random.Random(options.seed).sample(found, min(options.some, len(found)))
    folder = tempfile.mkdtemp(prefix="truecause-scenarios.")
    events = kills = bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = [(s, pool.submit(check, s, "%s/%d" % (folder, n), options.seed)) for n, s in enumerate(found)]
        for n, (scenario, future) in enumerate(work):
            wrong, some, killed = future.result()
            events, kills = events + some, kills + killed
            if wrong:
                bad += 1
                print("VIOLATION: %s: %s (%s/%d)" % (scenario.where, scenario.title, folder, n))
                for line in wrong[:6]:
                    print("  " + line, flush=True)
            else:
                shutil.rmtree("%s/%d" % (folder, n))
    print("%d scenarios, %d events, killed %d times: %d differ" % (len(found), events, kills, bad))
    if bad or not found or not kills:
        print("kept: " + folder)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
