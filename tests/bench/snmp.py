#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Notifications a second: the snmp target beside a plain loop of snmp_send(), in one
run, against a sink that counts and against snmptrapd.

    snmp.py [--count N] [--pairs N] [WORD ...]

First it is shown that the two send the same: what snmptrapd writes of both must be equal,
and so must be the bytes that the sink counts.  Then they run in pairs, one right after the
other and each first in turn, the sender on one core and the receiver on another, before all
other processes where that is allowed (as root).  A ratio is that of a pair; told is the
median of all pairs, with the quarters below and above.

Where it is not allowed, rates swing on a busy machine: the time on the clock has what others
do in it.  CPU time has little of it, and its ratio is what holds then.  A sender of traps
waits for nothing, so that the share of its core which it got tells whether the machine was
busy.  WORD chooses: 2c, 3, trap, inform, sink, snmptrapd.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from daemon import BUILD, end_well, start, wait_for  # noqa: E402
from ports import free_port  # noqa: E402

BENCH = os.path.join(BUILD, "bench", "bench_snmp")
PASSPHRASE = "a pass phrase for benches"
BUDGET = {("2c", "trap"): 90, ("3", "trap"): 80, ("2c", "inform"): 80, ("3", "inform"): 80}
CORES = sorted(os.sched_getaffinity(0))
SENDER, RECEIVER = CORES[0], CORES[-1]
QUIET = dict(os.environ, SNMPCONFPATH="/nonexistent", MIBS="", MIBDIRS="/nonexistent")


def on(core):
    """For Popen: the process has that core, before all others where that is allowed."""
    def settle():
        os.sched_setaffinity(0, {core})
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            pass
    return settle


class Sink:
    def __init__(self, folder, version, kind):
        del folder
        self.process = start([os.path.join(BUILD, "bench", "snmp_sink"), kind, version, PASSPHRASE], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, env=QUIET, preexec_fn=on(RECEIVER))
        self.port = json.loads(self.process.stdout.readline())["port"]

    def ask(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def count(self):
        return self.ask()["count"]

    def bytes(self):
        return self.ask()["bytes"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Snmptrapd:
    """Writes for each what 'form' says, by default a mark, which is counted."""

    def __init__(self, folder, version, kind, form="#\n"):
        del version, kind
        self.out = folder + "/received"
        with open(folder + "/snmptrapd.conf", "w") as f:
            f.write("authCommunity log public\nauthUser log joe\n")
            for engine in ("", "-e 0x80007ed9056c6f6f70 ", "-e 0x80007ed9056f757273 "):
                f.write('createUser %sjoe SHA-256 "%s" AES "%s"\n' % (engine, PASSPHRASE, PASSPHRASE))
        for _ in range(5):
            if self.start(folder, form):
                return
        sys.exit("snmptrapd does not start")

    def start(self, folder, form):
        """False when somebody else has taken the port that was free."""
        self.port = free_port()
        with open(self.out, "w"):
            pass
        self.process = start(["snmptrapd", "-f", "-n", "-C", "-c", folder + "/snmptrapd.conf", "-m", "", "-A", "-Lf", self.out,
                              "-OQn", "-F", form, "udp:127.0.0.1:%d" % self.port],
                             env=dict(QUIET, SNMP_PERSISTENT_DIR=folder), preexec_fn=on(RECEIVER))
        return wait_for(20, lambda: "NET-SNMP version" in self.text() or self.process.poll() is not None) \
            and self.process.poll() is None

    def text(self):
        with open(self.out, encoding="utf-8") as f:
            return f.read()

    def count(self):
        with open(self.out, "rb") as f:
            return f.read().count(b"#")

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def config(folder, port, version, kind):
    for name, text in (("community", "public"), ("pass", PASSPHRASE)):
        with open(os.open("%s/%s" % (folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text + "\n")
    security = 'community-file="community"' if version == "2c" else (
        'user="joe" auth="sha256" auth-file="pass" priv="aes128" priv-file="pass"')
    root = ' engine-id="80007ed9056f757273"' if version == "3" else ""
    more = ' notification="inform" window="64"' if kind == "inform" else ""
    with open(folder + "/truecause.xml", "w") as f:
        f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state"%s>\n'
                '  <target name="nms" type="snmp" address="udp:127.0.0.1:%d" version="%s" pace="0" %s%s/>\n'
                "</truecause>\n" % (folder, root, port, version, security, more))
    os.makedirs(folder + "/state", exist_ok=True)
    return folder + "/truecause.xml"


def commands(folder, port, version, kind, count):
    return {"ours": [BENCH, "ours", config(folder, port, version, kind), "nms", str(count)],
            "plain": [BENCH, "plain", str(port), version, kind, str(count)]}


def run(receiver, command, count):
    before = receiver.count()
    done = subprocess.run(command, capture_output=True, text=True, env=QUIET, preexec_fn=on(SENDER))
    if done.returncode != 0:
        sys.exit("%s: %s" % (" ".join(command[:2]), done.stderr.strip()))
    told = json.loads(done.stdout.splitlines()[-1])
    last = [-1]

    def quiet():
        now = receiver.count()
        still, last[0] = now == last[0], now
        return still or now - before >= count
    wait_for(20, quiet, 0.3)
    told["received"] = receiver.count() - before
    return told


def same(version, kind):
    """Bytes of a message, which both send alike."""
    few, texts, size = 40, {}, {}  # that fit the buffer of a socket
    for who in ("ours", "plain"):
        with tempfile.TemporaryDirectory(prefix="truecause-bench-snmp.") as folder:
            receiver = Snmptrapd(folder, version, kind, "%v\n")
            run(receiver, commands(folder, receiver.port, version, kind, few)[who], few)
            wait_for(20, lambda: receiver.text().count("\t") >= few * 27, 0.3)
            receiver.close()
            texts[who] = [line for line in receiver.text().splitlines() if "\t" in line]
        if kind == "trap" or version == "2c":  # the library that answers informs of v3 counts no bytes
            with tempfile.TemporaryDirectory(prefix="truecause-bench-snmp.") as folder:
                sink = Sink(folder, version, kind)
                run(sink, commands(folder, sink.port, version, kind, few)[who], few)
                size[who] = sink.bytes() / sink.count()
                sink.close()
    if [len(t) for t in texts.values()] != [few, few]:
        sys.exit("v%s %ss: of %d each, %d and %d arrived" % (version, kind, few, len(texts["ours"]), len(texts["plain"])))
    for pair in zip(texts["ours"], texts["plain"]):
        if pair[0] != pair[1]:
            sys.exit("v%s %ss: the plain loop does not send what the target sends:\n%s\n%s" % (version, kind, *pair))
    # Numbers of requests and messages begin at random and have up to four bytes each.
    if size and abs(size["ours"] - size["plain"]) > 6:
        sys.exit("v%s %ss: %.1f bytes a message, of the plain loop %.1f" % (version, kind, size["ours"], size["plain"]))
    print("v%-2s %-7s same %d varbinds at snmptrapd%s" % (
        version, kind + "s", texts["ours"][0].count("\t") + 1,
        ", %.0f and %.0f bytes a message" % (size["ours"], size["plain"]) if size else ""), flush=True)


def spread(ratios):
    low, middle, high = statistics.quantiles(ratios, n=4)
    return "%.0f %% (%.0f to %.0f)" % (middle, low, high)


def compare(kind, version, receiver_class, count, pairs):
    told = {"ours": [], "plain": []}
    with tempfile.TemporaryDirectory(prefix="truecause-bench-snmp.") as folder:
        receiver = receiver_class(folder, version, kind)
        command = commands(folder, receiver.port, version, kind, count)
        for i in range(-1, pairs):
            for who in ("ours", "plain") if i % 2 else ("plain", "ours"):
                result = run(receiver, command[who], count)
                if i >= 0:  # one pair is for the caches
                    told[who].append(result)
        receiver.close()

    def ratios(what):
        return [100 * p[what] / o[what] for p, o in zip(told["plain"], told["ours"])]

    def middle(who, what):
        return statistics.median(t[what] for t in told[who])
    rate, cpu, budget = ratios("seconds"), ratios("cpu"), BUDGET[version, kind]
    share = min(100 * middle(who, "cpu") / middle(who, "seconds") for who in told)
    busy = kind == "trap" and share < 90
    ratio = statistics.median(cpu if busy else rate)
    print("v%-2s %-7s to %-9s  %s  ratio of rates %s, of CPU time %s, budget %d %%%s%s" % (
        version, kind + "s", receiver_class.__name__.lower(),
        "  ".join("%s %7.0f/s, %5.2f us CPU, %3.0f %% arrived" % (
            who, count / middle(who, "seconds"), middle(who, "cpu") / count * 1e6, 100 * middle(who, "received") / count)
            for who in told),
        spread(rate), spread(cpu), budget, "" if ratio >= budget else "  MISSED",
        "  (busy: senders had %.0f %% of their core, CPU time counts)" % share if busy else ""), flush=True)


def main():
    end_well()
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=15000)
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    if SENDER == RECEIVER:
        print("one core only: sender and receiver share it, and rates say little")
    for version, kind in BUDGET:
        if set(options.words) - {"sink", "snmptrapd"} <= {version, kind}:
            same(version, kind)
        for receiver_class in (Sink, Snmptrapd):
            words = {version, kind, receiver_class.__name__.lower()}
            if set(options.words) <= words:
                # snmptrapd takes a fifth of what the sink takes.
                compare(kind, version, receiver_class, options.count // (1 if receiver_class is Sink or kind == "trap" else 5),
                        options.pairs)


if __name__ == "__main__":
    main()
