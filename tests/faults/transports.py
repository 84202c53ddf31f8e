#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make faults-syslog: what each transport of syslog loses when the receiver fails under
load, and what other forwarders lose by the same.

    transports.py [--count N] [--only truecause,rsyslog,syslog-ng] [--transports tcp,tls,relp,udp]
                  [--faults NAME,...] [--download] [--rsyslogd]

Each trial is one product, one transport, one fault; records are known by number.  The
receiver knows what its kernel had acknowledged and it had not read when it was killed:

    LOST (GONE) / DOUBLE

LOST never arrived; GONE of them the receiver's kernel had acknowledged, so that no
sender over TCP can know of them.  For truecause it is a failure (exit status 1) when a
record is lost that was not so acknowledged, when RELP loses any, or when something
reaches a receiver whose certificate is not the one that was asked for.

--rsyslogd has a real rsyslogd in place of our receiver; GONE is then about how many
messages its kernels held when they were killed, as far as /proc tells.
"""
import argparse
import os
import shutil
import sys
import tempfile
import threading
import time

import forwarders
from certs import Authority
from daemon import end_well, wait_for
from logs import MARK, Log
from oracle import Counts
from real import Rsyslogd
from receivers import TcpReceiver, UdpReceiver
from wires import Octets, Relp, Tls

NAME = "siem.example.org"
PATIENCE = 40  # rsyslog tries again after 30 s where it cannot be told otherwise
OUTAGE = 2.5   # seconds; senders try again about twice meanwhile


class Ledger:
    """What came, by number."""

    def __init__(self):
        self.counts, self.messages, self.again = Counts(), 0, 0
        self.lock = threading.Lock()

    def take(self, connection, message, read):
        m = MARK.search(message)
        if not m:
            return
        with self.lock:
            self.messages += 1
            self.again += self.counts.take(int(m.group(2)), read) == "again"


class Certificates:
    """One set for a whole run."""

    def __init__(self, folder):
        ours, others = Authority(folder + "/ca"), Authority(folder + "/other-ca", "Other CA")
        san = "DNS:%s,IP:127.0.0.1" % NAME
        past = ("20200101000000Z", "20210101000000Z")
        self.ca = ours.certificate
        self.server = {"right": ours.sign("server", san), "expired": ours.sign("expired", san, *past),
                       "wrong name": ours.sign("other", "DNS:other.example.org"), "wrong CA": others.sign("server", san)}
        self.client, self.client_expired = ours.sign("client", "DNS:anfield"), ours.sign("old-client", "DNS:anfield", *past)

    def wire(self, which):
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server[which])
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return lambda: Tls(context)


class Trial:
    def __init__(self, options, product, transport, certificates, folder):
        self.product, self.transport, self.certificates, self.folder = product, transport, certificates, folder
        self.count = options.count
        os.mkdir(folder)
        os.mkdir(folder + "/spool")
        self.log = Log(folder + "/spool", "P")
        self.ledger = Ledger()
        self.violations = []
        self.ours = product.name == "truecause"
        if transport == "udp":
            self.receiver = UdpReceiver(lambda data: self.ledger.take(None, data, True))
        elif options.rsyslogd:
            self.receiver = Rsyslogd(self.ledger.take, transport, certificates, folder)
        else:
            self.receiver = TcpReceiver(self.ledger.take, wire=self.wire("right"), room=None)
        self.receiver.start()
        self.client, self.key = folder + "/client.pem", folder + "/client.key"
        self.own_certificate(certificates.client)

    def wire(self, which):
        return {"tcp": Octets, "relp": Relp}.get(self.transport) or self.certificates.wire(which)

    def own_certificate(self, files):
        """The sender's, over the one before."""
        for to, source in zip((self.key, self.client), reversed(files)):
            shutil.copyfile(source, to + ".new")
            os.chmod(to + ".new", 0o600)
            os.rename(to + ".new", to)

    def write(self, share):
        """Goes on writing, some 100,000 records a second, up to that share of the whole."""
        upto = int(self.count * share)
        while self.log.written < upto:
            self.log.append(min(1000, upto - self.log.written))
            time.sleep(0.01)

    def came(self):
        """Messages so far; a real receiver's file is looked at."""
        if isinstance(self.receiver, Rsyslogd):
            self.receiver.look()
        return self.ledger.messages

    def missing(self):
        self.came()
        with self.ledger.lock:
            return len(self.ledger.counts.missing(self.log.written))

    def until_some(self):
        before = self.came()
        if not wait_for(PATIENCE if self.ours else 10, lambda: self.came() > before or not self.missing(), 0.005):
            self.violations.append("nothing arrived for a while")

    # --- faults ----------------------------------------------------------------
    def killed(self):
        """While it does not keep up, so that its kernel holds what it has not read."""
        self.receiver.stuck = True
        self.write(0.6)
        time.sleep(0.3)
        self.receiver.leave("kill")
        time.sleep(1)
        self.receiver.back()

    def killed_often(self):
        """At work, and back at once."""
        for i in range(5):
            self.write(0.4 + i * 0.1)
            self.receiver.leave("kill")
            self.receiver.back()
            self.until_some()

    def reset(self):
        self.receiver.stuck = True
        self.write(0.6)
        time.sleep(0.3)
        self.receiver.reset_connections()
        self.receiver.stuck = False

    def slow(self):
        self.receiver.slow(3)
        self.write(1)
        time.sleep(3)

    def restarted(self):
        """In order, as by its service: it reads what it has, ends, and begins."""
        for i in range(3):
            self.write(0.4 + i * 0.1)
            self.receiver.leave("drain")
            self.receiver.back()
            self.until_some()

    def away(self):
        self.receiver.leave("drain")
        self.write(0.8)
        time.sleep(OUTAGE)
        self.receiver.back()

    def certificate(self, which):
        """The receiver comes back with a certificate that is not to be trusted; then with the right one."""
        self.receiver.leave("drain")
        before, made = self.ledger.messages, self.receiver.made
        self.receiver.wire = self.wire(which)
        self.receiver.back()
        self.write(0.8)
        if not wait_for(PATIENCE, lambda: self.receiver.made > made + 1, 0.05):
            self.violations.append("it gave up trying")
        self.receiver.leave("drain")
        if self.ledger.messages != before:
            self.violations.append("%d messages went to a receiver with a certificate that is %s" % (
                self.ledger.messages - before, which))
        self.receiver.wire = self.wire("right")
        self.receiver.back()

    def client_expired(self):
        """Our own certificate expires: the receiver refuses, until the file is replaced."""
        self.own_certificate(self.certificates.client_expired)
        self.receiver.leave("drain")
        refused = self.receiver.refused
        self.receiver.back()
        self.write(0.8)
        if not wait_for(PATIENCE, lambda: self.receiver.refused > refused + 1, 0.05):
            self.violations.append("it gave up trying, or the receiver took it")
        self.own_certificate(self.certificates.client)

    FAULTS = {"killed": killed, "killed x5": killed_often, "reset": reset, "slow": slow, "restarted": restarted,
              "away": away, "expired": lambda self: self.certificate("expired"),
              "wrong name": lambda self: self.certificate("wrong name"),
              "wrong CA": lambda self: self.certificate("wrong CA"), "own expired": client_expired}
    OF_TLS = ("expired", "wrong name", "wrong CA", "own expired")

    def run(self, fault):
        """(lost, gone, double)"""
        self.product.write(self.folder, LOG=self.log.path, PORT=self.receiver.port, CA=self.certificates.ca,
                           CERT=self.client, KEY=self.key, NAME=NAME)
        process = self.product.start(self.folder)
        try:
            self.write(0.3)
            self.until_some()
            self.FAULTS[fault](self)
            self.write(1)
            self.wait()
            if process.poll() is not None:
                self.violations.append("it ended by itself with %d" % process.returncode)
        finally:
            process.kill()
            process.wait()
            self.receiver.stop()
        if self.receiver.broken:
            self.violations.append("receiver: %r" % self.receiver.broken)
        counts = self.ledger.counts
        missing, gone = len(counts.missing(self.log.written)), counts.gone()
        self.judge(missing, gone)
        if isinstance(self.receiver, Rsyslogd):
            gone = self.receiver.held // (os.path.getsize(self.receiver.file.name) // max(self.ledger.messages, 1) or 1)
            return missing, gone, self.ledger.again
        return missing + gone, gone, self.ledger.again

    def judge(self, missing, gone):
        if not self.ours or self.transport == "udp":
            return
        if self.transport == "relp" and missing + gone:
            self.violations.append("RELP lost %d" % (missing + gone))
        elif missing and not isinstance(self.receiver, Rsyslogd):
            self.violations.append("%d lost that the receiver's kernel never acknowledged" % missing)

    def wait(self):
        """Until all is there, or nothing has come for longer than senders wait between tries."""
        last, since = -1, time.monotonic()
        while time.monotonic() - since < PATIENCE and not self.receiver.broken:
            missing = self.missing()
            if not missing:
                break
            if self.came() != last:
                last, since = self.came(), time.monotonic()
            # Where something was lost for good nothing tells the end.
            if self.ours and time.monotonic() - since > (5 if self.transport == "udp" else 20):
                break
            time.sleep(0.05)
        time.sleep(0.3)


def main():
    end_well()
    parser = argparse.ArgumentParser(description="what the transports of syslog lose")
    parser.add_argument("--count", type=int, default=60000)
    parser.add_argument("--only", default="truecause,rsyslog,syslog-ng")
    parser.add_argument("--transports", default="tcp,tls,relp,udp")
    parser.add_argument("--faults", default=",".join(Trial.FAULTS))
    parser.add_argument("--download", action="store_true", help="fetch syslog-ng if it is not installed")
    parser.add_argument("--rsyslogd", action="store_true", help="a real rsyslogd receives")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="truecause-transports.")
    certificates = Certificates(folder)
    violations = []
    print("lost (of them acknowledged by the receiver's kernel) / double, of %d records" % options.count)
    turn = 0
    for transport in options.transports.split(","):
        wanted = [f for f in options.faults.split(",") if transport == "tls" or f not in Trial.OF_TLS]
        if transport == "udp":
            wanted = [f for f in wanted if f == "away"]
        if options.rsyslogd:
            wanted = [f for f in wanted if f in Rsyslogd.FAULTS]
        print("\n%-26s" % transport.upper() + "".join("%20s" % f for f in wanted), flush=True)
        for product in forwarders.over(transport, options.only.split(","), folder, options.download):
            print("%-26s" % product.name, end="", flush=True)
            for fault in wanted:
                turn += 1
                trial = Trial(options, product, transport, certificates, "%s/%d" % (folder, turn))
                lost, gone, double = trial.run(fault)
                print("%20s" % ("%d (%d) / %d" % (lost, gone, double)), end="", flush=True)
                violations += ["%s, %s, %s: %s (folder %d)" % (product.name, transport, fault, v, turn)
                               for v in trial.violations]
            print(flush=True)
    ours = [v for v in violations if v.startswith("truecause,")]
    for violation in violations:
        print(("VIOLATION: " if violation in ours else "note: ") + violation)
    if ours:
        print("kept: " + folder)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
