#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench-peers: the same records through this daemon, rsyslogd and syslog-ng,
while something goes wrong: how many never arrive, how many come twice.

    peers.py [--count N] [--download] [--only truecause,rsyslog,syslog-ng]

  SIGTERM  the receiver is away, a queue has built up, the program is ended and
           started again; then the receiver comes back
  away     the receiver leaves for two seconds (it reads what it acknowledged first)
  reset    the receiver closes by RST and is there again at once
  kill -9  the program is killed at work and started again

A peer that is not installed is left out.  rsyslog and syslog-ng exclude each other
as Debian packages: --download unpacks syslog-ng beside, into a temporary folder.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
import products  # noqa: E402
from daemon import Sink, end_well, wait_for  # noqa: E402
from logs import Log  # noqa: E402
from products import Product  # noqa: E402

PATIENCE = 35  # rsyslogd tries again after 30 s unless told otherwise
SCENARIOS = ("SIGTERM", "away", "reset", "kill -9")


def truecause():
    return [products.truecause("""
<truecause xmlns="urn:truecause:config:1" state="@DIR@/state">
  <source format="sms-log" path="@LOG@" host="BENCH" zone="UTC"/>
  <target name="siem" type="syslog" address="tcp:127.0.0.1:@PORT@" history="all" overflow="block"/>
</truecause>
""")]


def rsyslog():
    command = products.rsyslogd()
    if not command:
        return []
    config = """
global(workDirectory="@DIR@")
module(load="imfile")
input(type="imfile" file="@LOG@" tag="bench")
template(name="raw" type="string" string="%%msg%%\\n")
action(type="omfwd" target="127.0.0.1" port="@PORT@" protocol="tcp" template="raw" %s)
"""
    kept = ('action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.filename="q" queue.saveonshutdown="on" '
            'queue.syncqueuefiles="on" queue.checkpointinterval="100" queue.size="50000"')
    return [Product("rsyslog, defaults", command, config % "", lines=True),
            Product("rsyslog, disk-assisted queue, synced", command, config % kept, lines=True)]


def syslog_ng(folder, download):
    found = products.syslog_ng(folder, download)
    if not found:
        return []
    command, env = found
    config = """@version: 3.38
options { time-reopen(1); };
source s { file("@LOG@" follow-freq(0.1) flags(no-parse)); };
destination d { network("127.0.0.1" port(@PORT@) transport("tcp") template("$MSG\\n") %s); };
log { source(s); destination(d); %s };
"""
    reliable = 'disk-buffer(reliable(yes) mem-buf-size(10485760) disk-buf-size(1073741824) dir("@DIR@"))'
    return [Product(name, command, config % options, env, lines=True) for name, options in (
        ("syslog-ng, defaults", ("", "")), ("syslog-ng, flow-control", ("", "flags(flow-control);")),
        ("syslog-ng, disk-buffer reliable(yes)", (reliable, "")))]


class Scenario:
    def __init__(self, product, name, count, folder):
        self.product, self.name, self.count = product, name, count
        self.folder = folder
        os.mkdir(folder)
        os.mkdir(folder + "/spool")

    def write(self, upto):
        """Some 100,000 records a second."""
        while self.log.written < upto:
            self.log.append(2000)
            time.sleep(0.015)

    def until_some(self):
        wait_for(20, lambda: self.sink.ask()["distinct"] > 1000, 0.005)

    def restart(self, how):
        self.process.send_signal(how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = self.product.start(self.folder)

    def run(self):
        """(lost, double)"""
        self.log = Log(self.folder + "/spool", "P")
        self.sink = Sink(*(["--lines"] if self.product.lines else []))
        self.product.write(self.folder, LOG=self.log.path, PORT=self.sink.port)
        if self.name == "SIGTERM":
            self.sink.ask("away")
        self.process = self.product.start(self.folder)
        time.sleep(0.5)
        if self.process.poll() is not None:
            with open(self.folder + "/out") as f:
                raise RuntimeError("%s does not run: %s" % (self.product.name, f.read()[-500:]))
        try:
            self.happen()
            return self.outcome()
        finally:
            self.process.kill()
            self.process.wait()
            self.sink.close()

    def happen(self):
        half = self.count // 2
        if self.name == "SIGTERM":
            self.write(self.count)
            time.sleep(2)
            self.restart(signal.SIGTERM)
            time.sleep(1)
            self.sink.ask("back")
            return
        self.write(half // 2)
        self.until_some()
        self.write(half)
        if self.name == "away":
            self.sink.ask("away")
            began = time.monotonic()
            self.write(self.count)
            time.sleep(max(2 - (time.monotonic() - began), 0))
            self.sink.ask("back")
        elif self.name == "reset":
            self.sink.ask("reset")
            self.sink.ask("back")
            self.write(self.count)
        else:
            self.restart(signal.SIGKILL)
            self.write(self.count)

    def outcome(self):
        """When all is there, or nothing has come for longer than peers wait between tries."""
        last, since = -1, time.monotonic()
        while time.monotonic() - since < PATIENCE:
            stat = self.sink.ask()
            if stat["distinct"] >= self.log.written:
                break
            if stat["messages"] != last:
                last, since = stat["messages"], time.monotonic()
            time.sleep(0.05)
        time.sleep(0.5)
        stat = self.sink.ask()
        return self.log.written - stat["distinct"], stat["again"]


def main():
    end_well()
    parser = argparse.ArgumentParser(description="losses beside those of the peers")
    parser.add_argument("--count", type=int, default=300000)
    parser.add_argument("--download", action="store_true", help="fetch syslog-ng if it is not installed")
    parser.add_argument("--only", default="truecause,rsyslog,syslog-ng")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="truecause-peers.")
    wanted = []
    if "truecause" in options.only:
        wanted += truecause()
    if "rsyslog" in options.only:
        wanted += rsyslog()
    if "syslog-ng" in options.only:
        wanted += syslog_ng(folder, options.download)
    print("lost / double of %d records" % options.count)
    print("%-38s" % "" + "".join("%20s" % name for name in SCENARIOS), flush=True)
    lost_ours = 0
    try:
        for i, product in enumerate(wanted):
            print("%-38s" % product.name, end="", flush=True)
            for name in SCENARIOS:
                lost, double = Scenario(product, name, options.count,
                                        "%s/run%d-%s" % (folder, i, name.replace(" ", ""))).run()
                if product.name == "truecause":
                    lost_ours += lost
                print("%20s" % ("%d / %d" % (lost, double)), end="", flush=True)
            print()
    finally:
        shutil.rmtree(folder)
    return 1 if lost_ours else 0


if __name__ == "__main__":
    sys.exit(main())
