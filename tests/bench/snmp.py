#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Notifications a second: the snmp target beside a plain loop of snmp_send(), in one
run, against a sink that counts and against snmptrapd.

    snmp.py [--count N] [--rounds N] [WORD ...]

The two take turns, ROUNDS times; the figures are the best of each, the ratio is that
of the two.  WORD chooses: 2c, 3, trap, inform, sink, snmptrapd.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from daemon import BUILD, end_well, start, wait_for  # noqa: E402

BENCH = os.path.join(BUILD, "bench", "bench_snmp")
PASSPHRASE = "a pass phrase for benches"
BUDGET = {("2c", "trap"): 90, ("3", "trap"): 80, ("2c", "inform"): 80, ("3", "inform"): 80}
QUIET = dict(os.environ, SNMPCONFPATH="/nonexistent", MIBS="", MIBDIRS="/nonexistent")


class Sink:
    def __init__(self, folder, version, kind):
        del folder
        self.process = start([os.path.join(BUILD, "bench", "snmp_sink"), kind, version, PASSPHRASE], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, env=QUIET)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def count(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["count"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Snmptrapd:
    """Writes a line for each, which is counted."""

    def __init__(self, folder, version, kind):
        del version, kind
        self.out = folder + "/received"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        with open(folder + "/snmptrapd.conf", "w") as f:
            f.write("authCommunity log public\nauthUser log joe\n")
            for engine in ("", "-e 0x80007ed905706c61696e ", "-e 0x80007ed9056f757273 "):
                f.write('createUser %sjoe SHA-256 "%s" AES "%s"\n' % (engine, PASSPHRASE, PASSPHRASE))
        self.process = start(["snmptrapd", "-f", "-n", "-C", "-c", folder + "/snmptrapd.conf", "-m", "", "-Lf", self.out, "-F",
                              "#\n", "udp:127.0.0.1:%d" % self.port], env=dict(QUIET, SNMP_PERSISTENT_DIR=folder))
        if not wait_for(20, lambda: os.path.exists(self.out) and "NET-SNMP version" in open(self.out).read()):
            sys.exit("snmptrapd does not start")

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


def run(receiver, command, count):
    before = receiver.count()
    done = subprocess.run(command, capture_output=True, text=True, env=QUIET)
    if done.returncode != 0:
        print("%s: %s" % (" ".join(command[:2]), done.stderr.strip()))
        return None
    told = json.loads(done.stdout.splitlines()[-1])
    last = [-1]

    def quiet():
        now = receiver.count()
        still, last[0] = now == last[0], now
        return still or now - before >= count
    wait_for(20, quiet, 0.3)
    told["received"] = receiver.count() - before
    return told


def compare(kind, version, receiver_class, count, rounds):
    folder = tempfile.mkdtemp(prefix="truecause-bench-snmp.")
    best = {}
    try:
        receiver = receiver_class(folder, version, kind)
        commands = {"ours": [BENCH, "ours", config(folder, receiver.port, version, kind), "nms", str(count)],
                    "plain": [BENCH, "plain", str(receiver.port), version, kind, str(count)]}
        for _ in range(rounds):
            for who, command in commands.items():
                told = run(receiver, command, count)
                if told and (who not in best or told["seconds"] < best[who]["seconds"]):
                    best[who] = told
        receiver.close()
    finally:
        shutil.rmtree(folder)
    if len(best) < 2:
        print("v%-2s %ss to %-9s  not measured" % (version, kind, receiver_class.__name__.lower()))
        return
    ours, plain = best["ours"], best["plain"]
    ratio = 100 * plain["seconds"] / ours["seconds"]
    print("v%-2s %-7s to %-9s  ours %7.0f/s (%5.2f us CPU, %3.0f %% arrived)  plain %7.0f/s (%5.2f us CPU, %3.0f %% arrived)"
          "  ratio %3.0f %% (of CPU %3.0f %%), budget %d %%%s" % (
              version, kind + "s", receiver_class.__name__.lower(), count / ours["seconds"], ours["cpu"] / count * 1e6,
              100 * ours["received"] / count, count / plain["seconds"], plain["cpu"] / count * 1e6,
              100 * plain["received"] / count, ratio, 100 * plain["cpu"] / ours["cpu"], BUDGET[version, kind],
              "" if ratio >= BUDGET[version, kind] else "  MISSED"), flush=True)


def main():
    end_well()
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    for version, kind in BUDGET:
        for receiver_class in (Sink, Snmptrapd):
            words = {version, kind, receiver_class.__name__.lower()}
            if set(options.words) <= words:
                # snmptrapd takes a fifth of what the sink takes.
                compare(kind, version, receiver_class, options.count // (1 if receiver_class is Sink or kind == "trap" else 5),
                        options.rounds)


if __name__ == "__main__":
    main()
