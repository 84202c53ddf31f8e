#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The fault campaign: logs that are written and rotated, a daemon that is killed,
receivers that misbehave, disks that fill up and fail, a clock that jumps; all of
it at random from a seed that is printed.

    campaign.py --cycles 200 [--seed N] [--folder DIR] [--minutes M]

Every record written is an obligation (oracle.py).  Now and then all is healed and
every obligation must have been met: in the archive, and at the TCP receiver but
for what its kernel acknowledged before it was killed, which is counted apart.  At
the end the open alarms must be those of 'truecause export' over the same logs.

What goes wrong is printed, the folder is kept, and the exit status is 1.
"""
import argparse
import errno
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from arrivals import Dropped, EventLog, Traps
from daemon import Chance, Daemon, end_well, export_alarms, wait_for
from logs import Log
from oracle import Archive, View
from ports import free_port
from receivers import TcpReceiver, UdpReceiver

HEAL_EVERY = 25
SETTLE_SECONDS = 90
TOP = os.path.dirname(os.path.abspath(__file__))


class Disk:
    """A small file system of its own where we may mount one, else a folder."""

    def __init__(self, path, megabytes):
        self.path = path
        os.mkdir(path)
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "truecause-test", path],
            stderr=subprocess.DEVNULL).returncode == 0
        self.ballast = os.path.join(path, "ballast")

    def fill(self, leave):
        """All but 'leave' bytes, roughly."""
        if not self.mounted:
            return False
        free = os.statvfs(self.path)
        size = free.f_bavail * free.f_bsize - leave
        if size <= 0:
            return False
        with open(self.ballast, "ab") as f:
            try:
                os.posix_fallocate(f.fileno(), f.tell(), size)
            except OSError as e:
                if e.errno != errno.ENOSPC:
                    raise
        return True

    def free(self):
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)

    def close(self, keep):
        if self.mounted:
            if keep:
                shutil.copytree(self.path, self.path + ".kept", ignore=shutil.ignore_patterns("*.sock"))
            subprocess.run(["umount", self.path], check=True)


class Campaign:
    def __init__(self, folder, seed, far):
        self.folder, self.far = folder, far
        self.random = random.Random(seed)
        self.done = {}  # fault -> times
        self.trace = open(folder + "/trace", "w")
        self.violations = []
        self.alarms_compared = None
        self.slowest = 0.0
        self.spool = os.path.join(folder, "spool")
        os.mkdir(self.spool)
        self.state, self.archive_disk = Disk(folder + "/state", 96), Disk(folder + "/archive", 24)
        self.logs = {}
        for code, utf16, failures in (("A", False, True), ("B", True, True), ("C", False, False)):
            whole = os.path.join(folder, "whole-%s.log" % code) if failures else None
            self.logs[code] = Log(self.spool, code, utf16, failures, whole)
        self.rotating = list(self.logs.values())
        self.logs["D"] = Dropped(os.path.join(folder, "in"), "D")
        self.events = self.logs["E"] = EventLog(os.path.join(folder, "events"), "E")
        self.logs["T"] = Traps("T", free_port())
        self.archive_view = View("archive", self.logs)
        self.main_view = View("siem", self.logs)
        self.flaky_view = View("flaky", self.logs, gaps_allowed=True)
        self.udp_view = View("udp", self.logs, gaps_allowed=True)
        self.archive_view.other, self.main_view.other = self.main_view, self.archive_view
        self.events.is_read = lambda n: self.archive_view.counts["E"].has(n)
        self.archive = Archive(self.archive_disk.path + "/events.xml", self.archive_view)
        self.main = TcpReceiver(self.main_view.message)
        self.flaky = TcpReceiver(self.flaky_view.message, away=True)
        self.udp = UdpReceiver(lambda data: self.udp_view.message(None, data, True))
        self.traps = UdpReceiver(lambda data: None)
        self.receivers = (self.main, self.flaky, self.udp, self.traps)
        for receiver in self.receivers:
            receiver.start()
        self.chance = Chance(folder + "/chance", seed)
        self.daemon = Daemon(self._write_config(), folder + "/daemon.log", self.chance)
        self.io_faults = False
        self.healed_at = -math.inf

    def _write_config(self):
        path = os.path.join(self.folder, "truecause.xml")
        community = os.path.join(self.folder, "community")
        with open(community, "w") as f:
            f.write("public\n")
        os.chmod(community, 0o600)
        sources = "".join(
            '  <source name="%s" format="sms-log" path="%s" host="%s" zone="UTC" poll="50ms"/>\n'
            % (log.code, log.path, log.host) for log in self.rotating)
        dropped = self.logs["D"]
        sources += '  <source name="D" path="%s/" read="once" host="%s" zone="UTC" poll="50ms"/>\n' % (
            dropped.folder, dropped.host)
        sources += '  <source name="E" format="evt" path="%s" host="%s" poll="50ms"/>\n' % (
            self.events.path, self.events.host)
        communities = os.path.join(self.folder, "communities")
        with open(communities, "w") as f:
            f.write("public\n")
        os.chmod(communities, 0o600)
        sources += '  <source name="T" listen="udp:127.0.0.1:%d" community-file="%s" from="127.0.0.1"/>\n' % (
            self.logs["T"].port, communities)
        with open(path, "w") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s" keep="1min 16MiB" journal-limit="64MiB">\n'
                    % self.state.path + sources +
                    '  <target name="archive" type="xml" path="%s/events.xml" rotate="2MiB"/>\n' % self.archive_disk.path +
                    '  <target name="siem" type="syslog" address="tcp:127.0.0.1:%d" history="all" overflow="block"/>\n'
                    % self.main.port +
                    '  <target name="flaky" type="syslog" address="tcp:127.0.0.1:%d" history="all"/>\n' % self.flaky.port +
                    '  <target name="udp" type="syslog" address="udp:127.0.0.1:%d" history="all"/>\n' % self.udp.port +
                    '  <target name="nms" type="snmp" address="udp:127.0.0.1:%d" version="2c" history="all"'
                    ' community-file="%s"/>\n' % (self.traps.port, community) +
                    "</truecause>\n")
        return path

    # --- faults -----------------------------------------------------------------
    def note(self, what, log=None):
        self.done[what] = self.done.get(what, 0) + 1
        self.trace.write("%.3f %s%s\n" % (time.time(), what, " %s after %d" % (log.code, log.written) if log else ""))
        self.trace.flush()

    def write(self):
        for log in self.random.sample(list(self.logs.values()), self.random.randint(1, 4)):
            log.append(self.random.choice((1, 3, 10, 40, 120)), self.random)

    def read_whole(self, log):
        """Waits until everything of this log is in the archive; a daemon that is down
        or a disk that is full does not count against it."""
        def complete():
            self.archive.look()
            return self.archive_view.counts[log.code].complete(log.written)
        return wait_for(0.3, complete, 0.02)

    def rotate(self, may_destroy):
        log = self.random.choice(self.rotating)
        kind = self.random.choice(Log.KINDS)
        if kind in Log.DESTROYING:
            log.finish_record()
            if not may_destroy or not self.daemon.alive or not self.read_whole(log):
                kind = "dated"
        self.note("rotated: " + kind, log)
        log.rotate(kind)

    def receiver(self):
        which = self.main if self.random.random() < 0.6 else self.flaky
        name = "siem" if which is self.main else "flaky"
        if which.away:
            if self.random.random() < 0.5:
                which.back()
            return
        what = self.random.choice(("drain", "kill", "kill", "reset", "slow", "stuck", "unstuck"))
        if what in ("drain", "kill"):
            which.leave(what)
        elif what == "reset":
            which.reset_connections()
        elif what == "slow":
            which.slow(1.5)
        else:
            which.stuck = what == "stuck"
        self.note("%s: %s" % (name, what))

    def disk(self):
        if self.io_faults:
            self.chance.fail(0, 0)
            self.state.free()
            self.archive_disk.free()
            self.io_faults = False
            self.healed_at = time.monotonic()
            return
        what = self.random.choice(("journal full", "archive full", "EIO", "ENOSPC", "short writes"))
        if what == "journal full":
            done = self.state.fill(self.random.randrange(0, 300000))
        elif what == "archive full":
            done = self.archive_disk.fill(self.random.randrange(0, 100000))
        else:
            error = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "short writes": 0}[what]
            self.chance.fail(self.random.choice((2000, 20000, 200000)), error)
            done = True
        if done:
            self.io_faults = True
            self.note(what)

    def clock(self):
        # Over a restart a clock that is hours ahead escalates and ages alarms, and
        # rightly so: far jumps leave the alarms out of the comparison.
        jumps = [0, 600, -600, 0.5, -0.5]
        if self.far:
            jumps += [400 * 86400, -400 * 86400]
        self.chance.clock(self.random.choice(jumps))
        self.note("clock jump")

    def disk_was_bad(self):
        """Is there a fault, or was there a moment ago?  A program that met it takes its
        time to end, on a busy machine above all."""
        return self.io_faults or time.monotonic() < self.healed_at + 30

    def end_daemon(self):
        dice = self.random.random()
        time.sleep(self.random.random() * 0.15)
        if dice < 0.45:
            if self.daemon.kill():
                self.note("kill -9")
        elif dice < 0.6 and self.daemon.alive:
            faults = self.disk_was_bad()
            status = self.daemon.terminate()
            self.note("SIGTERM")
            if status == -signal.SIGTERM:
                self.note("SIGTERM before it was ready")
            elif status is None:
                self.wrong("SIGTERM: it did not end within 30 s")
            elif status not in (0, 4) or (status == 4 and not faults and not self.receivers_away()):
                self.wrong("SIGTERM: it ended with %d" % status)

    def receivers_away(self):
        return any(r.away or r.stuck for r in (self.main, self.flaky))

    def cycle(self):
        if not self.daemon.alive:
            self.note("start")
        self.daemon.start()
        self.write()
        if self.random.random() < 0.3:
            self.rotate(True)
            self.write()
        if self.random.random() < 0.1 and self.read_whole(self.events):
            self.events.clear()
            self.note("event log cleared")
        if self.random.random() < 0.25:
            self.receiver()
        if self.random.random() < (0.5 if self.io_faults else 0.08):
            self.disk()
        if self.random.random() < 0.05:
            self.clock()
        self.end_daemon()
        if not self.daemon.alive:
            before = self.daemon.unexpected
            self.daemon.reap()
            if self.daemon.unexpected > before:
                self.note("ended by itself")
                if not self.disk_was_bad():
                    self.wrong("it ended by itself, with no fault of a disk: see daemon.log")
            for _ in range(self.random.choice((0, 0, 1, 3))):
                self.write()
                self.rotate(False)
                self.note("rotated while down")
        self.archive.look()

    # --- healing and verdicts ---------------------------------------------------
    def wrong(self, what):
        self.violations.append(what)

    def heal(self):
        self.chance.fail(0, 0)
        self.chance.clock(0)
        self.state.free()
        self.archive_disk.free()
        self.io_faults = False
        for log in self.logs.values():
            log.finish_record()
        self.main.stuck = self.flaky.stuck = False
        self.main.slow_until = 0
        self.main.back()
        # A new start forgets how long to wait before the next try.
        self.daemon.terminate()
        self.daemon.reap()
        self.note("healed")
        self.daemon.start()

        def settled():
            self.archive.look()
            return self.archive_view.complete() and self.main_view.complete()

        began = time.monotonic()
        if not wait_for(SETTLE_SECONDS, settled, 0.02) or not self.daemon.alive:
            self.wrong("not settled after %d s" % SETTLE_SECONDS)
        self.slowest = max(self.slowest, time.monotonic() - began)
        for view in (self.archive_view, self.main_view):
            for code, numbers in view.missing().items():
                self.wrong("%s: lost %d records of log %s: %s%s" % (
                    view.name, len(numbers), code, numbers[:20], " ..." if len(numbers) > 20 else ""))
        for view in (self.archive_view, self.main_view, self.flaky_view, self.udp_view):
            self.violations += view.violations
        for receiver in self.receivers:
            if receiver.broken:
                self.wrong("receiver: %r" % receiver.broken)
        for log in self.logs.values():
            log.tidy()

    def compare_alarms(self):
        """The open alarms, as the daemon has them, and as export finds them."""
        want = {}
        for log in self.logs.values():
            if log.whole:
                log.whole.flush()
                want.update(export_alarms(log.whole.name, log.host))
        final = {k: v for k, v in self.archive_view.alarms.items() if not k.startswith("self:")}
        # What stood for hours of arrival weighs more, and export knows no arrival.
        for key in self.archive_view.escalated:
            want.pop(key, None), final.pop(key, None)
        for key in sorted(want.keys() | final.keys()):
            if self._plain(want.get(key)) != self._plain(final.get(key)):
                self.wrong("alarm %s: archive has %s, export has %s" % (key, final.get(key), want.get(key)))
        listed = self.daemon.ask("alarms", "list")
        if listed is None:
            self.wrong("truecause alarms list does not answer")
            return
        rows = listed["alarms"] if isinstance(listed, dict) else listed
        rows = {row["key"]: row for row in rows
                if not row["key"].startswith("self:") and row["key"] not in self.archive_view.escalated}
        opened = {k: v for k, v in want.items() if v["state"] != "cleared"}
        for key in sorted(opened.keys() | rows.keys()):
            row = rows.get(key)
            if key not in opened or row is None:
                self.wrong("alarm %s: list has %s, export has %s" % (key, row, opened.get(key)))
            # An alarm's last occurrence moves on without an item of its own.
            elif any(str(row[name]) != opened[key][name] for name in ("class", "count", "first")) \
                    or row["last"] < opened[key]["last"]:
                self.wrong("alarm %s: list has %s, export has %s" % (key, row, opened[key]))
        self.alarms_compared = len(want), len(opened)

    @staticmethod
    def _plain(fields):
        if fields is None:
            return None
        state = "cleared" if fields["state"] == "cleared" else "open"
        return state, fields["class"], fields["count"], fields["first"], fields["last"]

    def finish(self):
        self.daemon.terminate()
        for receiver in self.receivers:
            receiver.stop()
        for log in self.logs.values():
            log.close()

    def report(self, cycles, seconds):
        records = sum(log.written for log in self.logs.values())
        print("cycles %d in %.0f s, records %d, starts %d, calls failed %d"
              % (cycles, seconds, records, self.daemon.starts, self.chance.failed))
        print("records of each: " + ", ".join("%s %d" % (code, log.written) for code, log in self.logs.items())
              + "; traps that came: %d" % sum(self.archive_view.counts["T"].has(n) for n in range(self.logs["T"].written)))
        print("faults: " + ", ".join("%s %d" % item for item in sorted(self.done.items())))
        print("healed at latest after %.1f s" % self.slowest)
        for view in (self.archive_view, self.main_view, self.flaky_view, self.udp_view):
            missing = sum(map(len, view.missing().values()))
            print("%-8s events %d, lost %s, again %d in %d runs (longest %d), acknowledged and lost with the receiver %d"
                  % (view.name, view.events, missing if not view.gaps_allowed else "(best effort) %d" % missing,
                     view.again, view.runs_again, view.longest_again, view.gone()))
        print("nms      notifications %d" % self.traps.count)
        if self.alarms_compared:
            print("alarms: %d keys, %d open, compared with those of export" % self.alarms_compared)
        invented = sum("invented" in v for v in self.violations)
        print("lost %d, invented %d, violations %d" % (
            sum(len(n) for v in (self.archive_view, self.main_view) for n in v.missing().values()),
            invented, len(self.violations)))
        for violation in self.violations[:40]:
            print("VIOLATION: " + violation)

    def remove(self):
        for disk in (self.state, self.archive_disk):
            disk.free()
            disk.close(bool(self.violations))


def main():
    end_well()
    parser = argparse.ArgumentParser(description="faults at random against truecause forward")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=0, help="end after that, whatever the cycles")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--folder", help="where to work (default: a new one)")
    parser.add_argument("--far", action="store_true", help="the clock jumps by years, too; alarms are not compared")
    options = parser.parse_args()
    print("seed: --seed %d" % options.seed, flush=True)
    folder = options.folder or tempfile.mkdtemp(prefix="truecause-faults.")
    os.makedirs(folder, exist_ok=True)
    campaign = Campaign(folder, options.seed, options.far)
    began = time.monotonic()
    cycle = 0
    try:
        for cycle in range(1, options.cycles + 1):
            campaign.cycle()
            late = options.minutes and time.monotonic() - began > options.minutes * 60
            if cycle % HEAL_EVERY == 0 or cycle == options.cycles or late:
                campaign.heal()
            if campaign.violations or late:
                break
            if cycle % 1000 == 0:
                print("cycle %d, %.0f s" % (cycle, time.monotonic() - began), flush=True)
        if not campaign.violations and not options.far:
            campaign.compare_alarms()
    finally:
        campaign.finish()
        campaign.report(cycle, time.monotonic() - began)
        campaign.remove()
    if campaign.violations:
        print("kept: " + folder)
        return 1
    if not options.folder:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
