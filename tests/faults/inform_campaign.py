#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Informs under faults: real snmptrapds that die, hang, are replaced, get a wrong key
or count their boots backwards, a path that loses and doubles, two addresses that stand
in for each other, and a daemon that is killed; at random from a seed that is printed.

    inform_campaign.py --cycles 200 [--minutes M] [--seed N] [--folder DIR] [--smoke]

Every alarm change in the daemon's own archive is owed to every target
(inform_view.py), and no receiver may get an older one of an alarm after a newer one,
whatever was killed in between.  Now and then all is healed and everything must have arrived.  Then,
too, the boots of our engine must have risen with each start, and its id never changed.
What goes wrong is printed, the folder is kept, and the exit status is 1.  --smoke does
each kind of fault once, in a fixed order.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time

from boots import Boots
from daemon import Daemon, end_well, wait_for
from inform_view import Course, Ledger, Trail
from receivers import UdpReceiver
from relay import Relay
from trapd import Trapd

PASSPHRASE = "a pass phrase for tests"
WRONG = "some other pass phrase"
ENTERPRISE = os.environ.get("ENTERPRISE_OID", "1.3.6.1.4.1.32473.109")
OIDS = {name: "%s.1.%d.0" % (ENTERPRISE, arc) for name, arc in (("key", 1), ("id", 2), ("state", 3), ("seq", 26))}
HEAL_EVERY = 20
SETTLE_SECONDS = 180
CALM_SECONDS = 170  # longer than the time window of RFC 3414, so that a lost clock shows
SERVER_FAULTS = 14  # of one server: fewer than make a storm


class Despooler:
    """A log whose copies fail, are mended and fail again, a few packages a server."""

    def __init__(self, path, seed):
        self.file = open(path, "ab", buffering=0)
        self.random = random.Random(seed)
        self.server = self.faults = self.lines = 0
        self.failed = {}  # package -> file

    def write(self, changes):
        out = []
        for _ in range(changes):
            if self.faults >= SERVER_FAULTS:
                self.server, self.faults, self.failed = self.server + 1, 0, {}
            package = self.random.choice(("DOG0000A", "DOG0000B", "DOG0000C"))
            name = self.failed.get(package)
            if name and self.random.random() < 0.7:
                how = "OK"
                del self.failed[package]
            else:
                self.faults += 1
                name = name or "f%06d.exe" % self.lines
                self.failed[package] = name
                how = "Failed, Win32 Error = %d" % self.random.choice((32, 32, 112, 5))
            at = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime())
            self.lines += 1
            out.append("~Copying E:\\_S M0000.TMP\\%s to \\\\SRV%05d\\SMS_PKGE\\%s\\%s, %s  "
                       "$$<SMS_DESPOOLER><%s~><thread=1D0>\r\n" % (name, self.server, package, name, how, at))
        self.file.write("".join(out).encode())


class Campaign:
    def __init__(self, folder, seed):
        self.folder, self.random = folder, random.Random(seed)
        self.done, self.violations = {}, []
        self.slowest, self.lost = 0.0, 0
        self.trace = open(folder + "/trace", "w")
        self.log = Despooler(folder + "/Despool.log", seed)
        self.trapds = {name: Trapd(folder, name, PASSPHRASE) for name in ("plain", "secure", "first", "second", "far", "calm")}
        self.relay = Relay(self.trapds["far"].port, seed)
        self.boots = Boots()
        self.boots_receiver = UdpReceiver(self.boots.take)
        self.boots_receiver.start()
        self.ledger = Ledger(folder + "/events.xml")
        self.trails = {name: Trail(name, self.ledger, OIDS, name not in ("pair", "far"))
                       for name in ("plain", "secure", "pair", "far", "calm")}
        self.course = Course("far", self.ledger, OIDS)  # its path may change the order, so what is sent counts
        self.relay.note = self.course.take
        self.relay.start()
        self.mates = {"first": "pair", "second": "pair"}
        # What each of a pair has by itself: order holds there, completeness for both.
        self.halves = {name: Trail(name, self.ledger, OIDS) for name in self.mates}
        self.calm_since = time.monotonic()
        self.steady = False  # from one healing to the next the daemon is left alone
        self.steady_rounds = 0
        for trapd in self.trapds.values():
            trapd.boots_are(50)
            trapd.start()
        self.daemon = Daemon(self._write_config(), folder + "/daemon.log")

    def _write_config(self):
        for name, text in (("community", "public"), ("pass", PASSPHRASE)):
            with open(os.open(os.path.join(self.folder, name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(text + "\n")
        v2c = 'version="2c" community-file="community"'
        v3 = 'version="3" user="joe" auth="sha256" auth-file="pass" priv="aes128" priv-file="pass"'
        inform = 'notification="inform" timeout="400ms" retries="2" history="all" pace="0"'
        port = {name: trapd.port for name, trapd in self.trapds.items()}
        targets = [
            ("plain", "udp:127.0.0.1:%d" % port["plain"], v2c, inform),
            ("secure", "udp:127.0.0.1:%d" % port["secure"], v3, inform),
            ("pair", "udp:127.0.0.1:%d udp:127.0.0.1:%d" % (port["first"], port["second"]), v3, inform),
            ("far", "udp:127.0.0.1:%d" % self.relay.port, v2c, inform),
            ("calm", "udp:127.0.0.1:%d" % port["calm"], v3, inform),
            ("boots", "udp:127.0.0.1:%d" % self.boots_receiver.port, v3, 'notification="trap" history="all" pace="0"'),
        ]
        path = os.path.join(self.folder, "truecause.xml")
        with open(path, "w") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state">\n' % self.folder
                    + '  <source format="sms-log" path="%s/Despool.log" host="SITE" zone="UTC" poll="20ms"/>\n' % self.folder
                    + '  <target name="archive" type="xml" path="%s/events.xml" items="alarms"/>\n' % self.folder
                    + "".join('  <target name="%s" type="snmp" address="%s" %s %s/>\n' % t for t in targets)
                    + "</truecause>\n")
        return path

    def note(self, what):
        self.done[what] = self.done.get(what, 0) + 1
        self.trace.write("%.3f %s\n" % (time.time(), what))
        self.trace.flush()

    def wrong(self, what):
        self.violations.append(what)

    # --- faults ----------------------------------------------------------------------
    def trapd_fault(self, name, what=None):
        trapd = self.trapds[name]
        if what is None:
            kinds = ["kill", "terminate", "hold", "back", "back"]
            if name == "secure":
                kinds += ["replace", "wrong key", "boots back"]
            what = self.random.choice(kinds)
        self.note("%s: %s" % (name, what))
        if what == "kill":
            trapd.kill()
        elif what == "terminate":
            trapd.terminate()
        elif what == "hold":
            trapd.hold()
        elif what == "back":
            self.back(trapd)
        elif what == "replace":
            trapd.kill()
            trapd.engine_is(trapd.engine + 1)
            trapd.start()
        elif what == "wrong key":
            trapd.kill()
            trapd.start(WRONG)
        elif what == "boots back":
            trapd.kill()
            trapd.boots_are(self.random.randrange(1, 40))
            trapd.start()

    def back(self, trapd):
        trapd.go_on()
        if trapd.alive and self.daemon_knows_wrong(trapd):
            trapd.kill()
        trapd.start()

    @staticmethod
    def daemon_knows_wrong(trapd):
        with open(os.path.join(trapd.folder, "snmptrapd.conf")) as f:
            return WRONG in f.read()

    def path_fault(self):
        what = self.random.choice(("loses", "doubles", "stops", "slow", "well"))
        self.relay.lose = 0.3 if what == "loses" else 0.0
        self.relay.double = 0.5 if what == "doubles" else 0.0
        self.relay.stopped = what == "stops"
        self.relay.delay = 0.2 if what == "slow" else 0.0
        self.note("path: " + what)

    def end_daemon(self):
        dice = self.random.random()
        if self.steady:
            return
        if dice < 0.35 and self.daemon.kill():
            self.note("kill -9")
        elif dice < 0.45 and self.daemon.alive:
            status = self.daemon.terminate(60, 0.5)
            self.note("SIGTERM" if status != -signal.SIGTERM else "SIGTERM before it was ready")
            if status not in (0, 4, -signal.SIGTERM):
                self.wrong("SIGTERM: it ended with %s" % status)

    def look(self):
        self.ledger.look()
        for name, trapd in self.trapds.items():
            for varbinds in trapd.new():
                if name in self.mates:
                    self.halves[name].take(varbinds)
                self.trails[self.mates.get(name, name)].take(varbinds)
        for trail in (*self.trails.values(), *self.halves.values(), self.course):
            trail.look()

    def check_daemon(self):
        if not self.daemon.alive:
            before = self.daemon.unexpected
            self.daemon.reap()
            if self.daemon.unexpected > before:
                self.wrong("it ended by itself: see daemon.log")
            self.note("start")
            time.sleep(0.05)  # the receiver of traps takes what is there
            self.boots.started()
        self.daemon.start()

    def cycle(self):
        self.check_daemon()
        self.log.write(self.random.randint(1, 40))
        if self.random.random() < 0.35:
            self.trapd_fault(self.random.choice(("plain", "secure", "secure", "first", "second", "far")))
        if self.random.random() < 0.15:
            self.path_fault()
        if time.monotonic() - self.calm_since > CALM_SECONDS:
            self.trapd_fault("calm", "kill")
            self.trapds["calm"].start()
            self.calm_since = time.monotonic()
        time.sleep(self.random.random() * 0.6)
        self.look()
        self.end_daemon()

    # --- healing and verdicts ----------------------------------------------------------
    def heal(self, restart):
        restart = restart and not self.steady
        for trapd in self.trapds.values():
            self.back(trapd)
        self.relay.lose = self.relay.double = self.relay.delay = 0.0
        self.relay.stopped = False
        if restart:  # a new start forgets how long to wait before the next try
            self.daemon.kill()
        self.note("healed, restarted" if restart else "healed")
        self.check_daemon()
        size, began = os.path.getsize(self.folder + "/Despool.log"), time.monotonic()

        def complete():
            self.look()
            return self.ledger.changes and all(t.complete() for t in self.trails.values())

        def settled():
            return complete() and self.all_read(size) and complete()
        if not wait_for(SETTLE_SECONDS, settled, 0.1) or not self.daemon.alive:
            self.wrong("not settled after %d s" % SETTLE_SECONDS)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.lost = sum(len(t.missing()) for t in self.trails.values())
        for name, trail in self.trails.items():
            trail.settle(said=name != "pair")
            self.violations += trail.violations
        self.course.settle()
        for half in (*self.halves.values(), self.course):
            self.violations += half.violations
        self.steady_rounds += self.steady
        self.steady = not restart and self.random.random() < 0.5
        self.violations += self.boots.violations
        if self.boots_receiver.broken:
            self.wrong("the receiver of traps: %r" % self.boots_receiver.broken)

    def all_read(self, size):
        """The daemon has read the log to its end, and nothing is owed to anybody: after a kill
        repetitions go on when the last change has long arrived."""
        status = self.daemon.ask("status")
        return status is not None and all(
            logs and logs[0]["offset"] >= size for logs in (source["logs"] for source in status["sources"])) and all(
            target["behind"] == 0 for target in status["targets"])

    def finish(self):
        self.daemon.kill()
        self.look()
        for trapd in self.trapds.values():
            trapd.kill()
        self.relay.stop()
        self.boots_receiver.stop()
        self.trace.close()

    def report(self, cycles, seconds):
        print("cycles %d in %.0f s; %d alarm changes; %s" % (cycles, seconds, len(self.ledger.changes), ", ".join(
            "%s %d" % item for item in sorted(self.done.items()))))
        for trail in (*self.trails.values(), *self.halves.values()):
            print("%-7s notifications %d, changes %d, again %d (of them after a newer one: %d)" % (
                trail.name, trail.count, len(trail.seq_of), trail.again, trail.stale))
        print("far     sent %d (of them after a newer one: %d)" % (self.course.count, self.course.stale))
        print("path: %d there, %d back, %d lost on it" % (self.relay.there, self.relay.back, self.relay.lost))
        print("boots: %s" % self.boots)
        print("healed at latest after %.1f s; %d rounds between healings without an end of the daemon" % (
            self.slowest, self.steady_rounds))
        print("lost %d, violations %d" % (self.lost, len(self.violations)))
        for violation in self.violations[:40]:
            print("VIOLATION: " + violation)


def smoke(campaign):
    """Each fault once, in an order that is always the same; before that a path on which ways are
    lost while some messages are acknowledged, and the daemon is left alone."""
    campaign.steady = True
    campaign.relay.lose = 0.5
    for _ in range(6):
        campaign.check_daemon()
        campaign.log.write(25)
        time.sleep(0.4)
        campaign.look()
    campaign.heal(False)
    campaign.steady = False
    steps = [("plain", "kill"), ("secure", "kill"), ("first", "kill"), ("plain", "back"), ("secure", "replace"),
             ("first", "back"), ("second", "hold"), ("secure", "wrong key"), ("second", "back"), ("secure", "back"),
             ("secure", "boots back"), ("plain", "hold"), ("far", "terminate")]
    for i, (name, what) in enumerate(steps):
        campaign.check_daemon()
        campaign.log.write(25)
        campaign.relay.lose = 0.2 if i % 2 else 0.0
        time.sleep(0.25)
        campaign.trapd_fault(name, what)
        campaign.look()
        if i in (3, 7, 11) and campaign.daemon.kill():
            campaign.note("kill -9")
    campaign.heal(True)
    return len(steps)


def main():
    end_well()
    parser = argparse.ArgumentParser(description="faults at random against the informs of truecause forward")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=0, help="end after that, whatever the cycles")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--folder", help="where to work (default: a new one)")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    print("seed: --seed %d" % options.seed, flush=True)
    folder = options.folder or tempfile.mkdtemp(prefix="truecause-informs.")
    os.makedirs(folder, exist_ok=True)
    campaign = Campaign(folder, options.seed)
    began, cycle = time.monotonic(), 0
    try:
        if options.smoke:
            cycle = smoke(campaign)
        else:
            for cycle in range(1, options.cycles + 1):
                campaign.cycle()
                late = options.minutes and time.monotonic() - began > options.minutes * 60
                if cycle % HEAL_EVERY == 0 or cycle == options.cycles or late:
                    campaign.heal(campaign.random.random() < 0.7)
                if campaign.violations or late:
                    break
                if cycle % 200 == 0:
                    print("cycle %d, %.0f s, %d changes" % (cycle, time.monotonic() - began, len(campaign.ledger.changes)),
                          flush=True)
    finally:
        campaign.finish()
        campaign.report(cycle, time.monotonic() - began)
    if campaign.violations:
        print("kept: " + folder)
        return 1
    if not options.folder:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
