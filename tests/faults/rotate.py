#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make rotate: rounds of writing and rotating, each kind of rotation, ASCII and
UTF-16 side by side; then a copy-and-truncate whose writer does not wait.

    rotate.py [--rounds N] [--records M] [--seed N] [--kinds a,b] [--window ROUNDS]

No record may be lost, none may come twice, none out of order.  The program is
restarted now and then, and some rotations happen while it is down.  The window of
copy-and-truncate belongs to the method: what is written between copy and truncate
is in no file.  It is measured, and what is on disk must arrive.
"""
import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time

from daemon import Daemon, Sink, end_well, wait_for
from logs import MARK, Log


class Rounds:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.folder = tempfile.mkdtemp(prefix="truecause-rotate.")
        self.spool = os.path.join(self.folder, "spool")
        os.mkdir(self.spool)
        self.logs = [Log(self.spool, "A"), Log(self.spool, "B", utf16=True)]
        self.sink = Sink()
        self.daemon = Daemon(self._write_config(self.logs), self.folder + "/daemon.log")
        self.wrong = []
        self.counts = {}
        self.trace = []

    def _write_config(self, logs):
        path = os.path.join(self.folder, "truecause.xml")
        with open(path, "w") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state" keep="1min 64MiB">\n' % self.folder)
            for log in logs:
                f.write('  <source format="sms-log" path="%s" host="%s" zone="UTC" poll="50ms"/>\n'
                        % (log.path, log.host))
            f.write('  <target name="siem" type="syslog" address="tcp:127.0.0.1:%d" history="all" overflow="block"/>\n'
                    "</truecause>\n" % self.sink.port)
        return path

    def drained(self, seconds):
        written = sum(log.written for log in self.logs)
        return wait_for(seconds, lambda: self.sink.ask()["distinct"] >= written, 0.005)

    def round(self, kind, count):
        down = kind not in Log.DESTROYING and self.random.random() < 0.1
        if down:
            status = self.daemon.terminate(ready=True)
            if status != 0:
                self.wrong.append("SIGTERM: it ended with %s" % status)
        for log in self.logs:
            log.append(count)
            if kind in Log.DESTROYING:
                log.finish_record()
        if kind in Log.DESTROYING and not self.drained(60):
            self.wrong.append("%s: not read to the end after 60 s: %s" % (kind, self.sink.ask()))
        for log in self.logs:
            log.rotate(kind)
            log.append(count // 10 + 1)
        if down and self.random.random() < 0.5:
            for log in self.logs:
                log.rotate("numbered" if kind in ("numbered", "copytruncate", "gzip") else "dated")
                log.append(count // 10 + 1)
        self.daemon.start()
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.trace.append("%s%s, then up to %s" % (kind, " while down" if down else "", [log.made for log in self.logs]))

    def run(self):
        kinds = self.options.kinds.split(",")
        count = max(self.options.records // self.options.rounds // len(self.logs), 1)
        self.daemon.start()
        began = time.monotonic()
        for i in range(self.options.rounds):
            self.round(kinds[i % len(kinds)], count)
            if i % 20 == 19:
                if not self.drained(30):
                    self.wrong.append("round %d: not read to the end after 30 s" % i)
                for log in self.logs:
                    log.tidy()
            if self.wrong or not self.daemon.alive:
                break
            if i % 100 == 99:
                print("round %d, %.0f s" % (i + 1, time.monotonic() - began), flush=True)
        self.drained(60)
        if not self.daemon.alive:
            self.wrong.append("it ended by itself")
        self.daemon.terminate()
        stat = self.sink.ask()
        written = sum(log.written for log in self.logs)
        print("%d rounds, %d records in %.0f s: lost %d, double %d, out of order %d" % (
            sum(self.counts.values()), written, time.monotonic() - began, written - stat["distinct"], stat["again"],
            stat["late"]))
        print("kinds: " + ", ".join("%s %d" % kv for kv in sorted(self.counts.items())))
        # What it says of itself (heartbeats, gaps that a deletion may have left) has no mark.
        if written != stat["distinct"] or stat["again"] or stat["late"] or stat["unmarked"] > 50 + self.options.rounds:
            self.wrong.append("not each record once: %s, %s" % (stat, self.sink.ask("detail")))
        self.sink.close()

    def window(self, rounds):
        """Copy and truncate under a writer that goes on."""
        self.sink = Sink()
        spool = os.path.join(self.folder, "window")
        os.mkdir(spool)
        log = Log(spool, "W")
        self.daemon = Daemon(self._write_config([log]), self.folder + "/daemon.log")
        self.daemon.start()
        stop = []
        # Appending, so that a truncation moves the writer to the new end.
        log.live.close()
        log.live = open(log.path, "ab", buffering=0)

        def write():
            while not stop:
                log.append(20)
                time.sleep(0.002)

        writer = threading.Thread(target=write)
        writer.start()
        on_disk = set()
        for n in range(rounds):
            time.sleep(0.3)
            copy = "%s.1" % log.path
            log._shift_numbers()
            shutil.copyfile(log.path, copy)
            os.truncate(log.path, 0)
            with open(copy, "rb") as f:
                on_disk.update(int(m.group(2)) for m in MARK.finditer(f.read()))
            log.tidy(keep=8)
        stop.append(True)
        writer.join()
        with open(log.path, "rb") as f:
            on_disk.update(int(m.group(2)) for m in MARK.finditer(f.read()))
        wait_for(120, lambda: self.sink.ask()["distinct"] >= len(on_disk), 0.02)
        time.sleep(0.3)
        stat = self.sink.ask()
        self.daemon.terminate()
        self.sink.close()
        gone = log.written - len(on_disk)
        print("copy-and-truncate, a writer of 10 k records/s that does not wait: %d of %d records are in no file "
              "(%.1f a round); of the others lost %d, double %d" % (
                  gone, log.written, gone / rounds, max(len(on_disk) - stat["distinct"], 0), stat["again"]))
        if stat["distinct"] < len(on_disk) or stat["again"]:
            self.wrong.append("window: what is on disk did not arrive once: %s, %d on disk" % (stat, len(on_disk)))


def main():
    end_well()
    parser = argparse.ArgumentParser(description="rotation in rounds")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--records", type=int, default=10000000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--kinds", default=",".join(Log.KINDS))
    parser.add_argument("--window", type=int, default=30)
    options = parser.parse_args()
    print("seed: --seed %d" % options.seed, flush=True)
    rounds = Rounds(options)
    try:
        rounds.run()
        if options.window and not rounds.wrong:
            rounds.window(options.window)
    finally:
        rounds.daemon.terminate()
    for wrong in rounds.wrong:
        print("VIOLATION: " + wrong)
    if rounds.wrong:
        with open(rounds.folder + "/trace", "w") as f:
            f.write("\n".join(rounds.trace) + "\n")
        print("kept: " + rounds.folder)
        return 1
    shutil.rmtree(rounds.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
