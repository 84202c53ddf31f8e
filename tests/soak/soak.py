#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make soak SECONDS=3600: 10,000 records a second, rotation every minute, a second
target that comes and goes; what is lost, what comes twice, and what memory does.

    soak.py [--seconds N] [--rate N] [--rotate SECONDS]
"""
import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from daemon import Daemon, Sink, end_well, wait_for  # noqa: E402
from logs import Log  # noqa: E402


def configure(folder, log, steady, flapping):
    path = os.path.join(folder, "truecause.xml")
    with open(path, "w") as f:
        f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state" keep="1min 64MiB">\n'
                '  <source format="sms-log" path="%s" host="SOAK" zone="UTC"/>\n'
                '  <target name="steady" type="syslog" address="tcp:127.0.0.1:%d" history="all" overflow="block"/>\n'
                '  <target name="flapping" type="syslog" address="tcp:127.0.0.1:%d" history="all" overflow="block"/>\n'
                '  <target name="archive" type="xml" path="%s/events.xml" rotate="64MiB"/>\n</truecause>\n'
                % (folder, log.path, steady.port, flapping.port, folder))
    return path


class Writer(threading.Thread):
    KINDS = ("dated", "numbered", "copytruncate", "newer-copy", "gzip")

    def __init__(self, log, rate, every):
        super().__init__(daemon=True)
        self.log, self.rate, self.every = log, rate, every
        self.stopping = False
        self.rotations = 0

    def run(self):
        began, written, rotate_at = time.monotonic(), 0, self.every
        while not self.stopping:
            elapsed = time.monotonic() - began
            due = int(elapsed * self.rate) - written
            self.log.append(due)
            written += due
            if elapsed > rotate_at:
                self.log.rotate(self.KINDS[self.rotations % len(self.KINDS)])
                self.log.tidy(keep=3)
                self.rotations += 1
                rotate_at += self.every
            time.sleep(0.01)


def keep_small(folder):
    """Archives of earlier hours are not what is tested."""
    dated = sorted(name for name in os.listdir(folder) if name.startswith("events-"))
    for name in dated[:-2]:
        os.unlink(os.path.join(folder, name))


def main():
    end_well()
    parser = argparse.ArgumentParser(description="an hour under load")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--rate", type=int, default=10000)
    parser.add_argument("--rotate", type=float, default=60)
    parser.add_argument("--flap", type=float, default=20, help="seconds of a turn; a quarter of it away")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="truecause-soak.")
    os.mkdir(folder + "/spool")
    log = Log(folder + "/spool", "S", failures=True)
    steady, flapping = Sink(), Sink()
    daemon = Daemon(configure(folder, log, steady, flapping), folder + "/daemon.log")
    daemon.start()
    writer = Writer(log, options.rate, options.rotate)
    began = time.monotonic()
    writer.start()
    samples, turns, wrong, lag = [], 0, [], 0
    while time.monotonic() - began < options.seconds and daemon.alive and writer.is_alive():
        elapsed = time.monotonic() - began
        turn = elapsed % options.flap
        if turn < options.flap / 4:
            flapping.ask("away")
        elif flapping.ask("back") and int(elapsed / options.flap) >= turns:
            turns += 1
        samples.append((elapsed, daemon.memory()))
        lag = max(lag, log.written - steady.ask()["distinct"])
        keep_small(folder)
        if len(samples) % 300 == 0:
            print("%5.0f s: %d written, %.1f MB, %.1f CPU s, behind at most %d" % (
                elapsed, log.written, samples[-1][1], daemon.cpu(), lag), flush=True)
        time.sleep(1)
    alive = daemon.alive
    writer.stopping = True
    writer.join()
    log.finish_record()
    flapping.ask("back")
    wait_for(120, lambda: all(s.ask()["distinct"] >= log.written for s in (steady, flapping)), 0.1)
    cpu = daemon.cpu() if alive else 0
    status = daemon.terminate()
    print("%d records in %.0f s, %d rotations, the second target was away %d times, %.1f CPU s (%.0f %% of one core)" % (
        log.written, options.seconds, writer.rotations, turns, cpu, cpu / options.seconds * 100))
    for name, sink in (("steady", steady), ("flapping", flapping)):
        stat = sink.ask()
        print("%-9s lost %d, double %d, out of order %d, connections %d" % (
            name, log.written - stat["distinct"], stat["again"], stat["late"], stat["connections"]))
        if stat["distinct"] != log.written or stat["late"] or (stat["again"] and name == "steady"):
            wrong.append("%s: %s" % (name, stat))
        sink.close()
    window = min(300, options.seconds / 4)
    first = [m for at, m in samples if window / 5 < at <= window]
    last = [m for at, m in samples if at >= samples[-1][0] - window]
    growth = (statistics.mean(last) / statistics.mean(first) - 1) * 100
    print("resident: first %.0f s %.1f MB, last %.0f s %.1f MB: %+.2f %%, peak %.1f MB; behind at most %d records" % (
        window, statistics.mean(first), window, statistics.mean(last), growth, max(m for _, m in samples), lag))
    if not alive or status != 0:
        wrong.append("it ended by itself, or with %s" % status)
    for line in wrong:
        print("VIOLATION: " + line)
    if wrong:
        print("kept: " + folder)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
