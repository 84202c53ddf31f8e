#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Receivers that are not net-snmp take what 'truecause forward' sends, and every
varbind is compared with the alarm in the archive of the same run.

    peers.py WORK [PEER ...]

WORK is the folder that fetch.sh has filled.  A receiver is a program
    RECEIVER ENGINE NAME,VERSION,USER,AUTH,PASS,PRIV,PASS ...
that opens a port of 127.0.0.1 for each listener ('-' for what it has not; in v1 and
v2c USER is the community; ENGINE is the sender's id in hexadecimal), and prints a line
of JSON for each: {"listener": NAME, "port": N}; then one for each notification, with
listener, pdu (trap, inform, trap1), user, level, context, engine and varbinds, each
[OID, type, value].  It acknowledges informs, and ends when its standard input does.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "faults"))
import varbinds  # noqa: E402
from daemon import TRUECAUSE, end_well, start, wait_for  # noqa: E402
from relay import Relay  # noqa: E402

ENTERPRISE = os.environ.get("ENTERPRISE_OID", "1.3.6.1.4.1.32473.109")
ENGINE = "80007ed905547275656361757365"
BUDGET = 1400
AUTH_PASS, PRIV_PASS = "the pass phrase of auth", "the pass phrase of priv"
Case = collections.namedtuple("Case", "name version notification auth priv context")


def cases():
    yield Case("v1-trap", "1", "trap", None, None, None)
    for notification in ("trap", "inform"):
        yield Case("v2c-" + notification, "2c", notification, None, None, None)
        for auth, priv in (
                (None, None), ("sha1", None), ("sha256", None), ("sha1", "aes128"), ("sha224", "aes128"),
                ("sha256", "aes128"), ("sha384", "aes128"), ("sha512", "aes128"), ("sha1", "aes192-blumenthal"),
                ("sha1", "aes192-reeder"), ("sha256", "aes192-blumenthal"), ("sha1", "aes256-blumenthal"),
                ("sha1", "aes256-reeder"), ("sha224", "aes256-blumenthal"), ("sha224", "aes256-reeder"),
                ("sha256", "aes256-blumenthal"), ("sha256", "aes256-reeder"), ("sha512", "aes256-blumenthal")):
            yield Case("v3-%s-%s-%s" % (auth or "noauth", priv or "nopriv", notification), "3", notification, auth, priv,
                       "sms" if auth == "sha256" else None)


COMMANDS = {
    "gosnmp": lambda work: [work + "/gosnmp/receiver"],
    "pysnmp": lambda work: [work + "/pysnmp/venv/bin/python", work + "/pysnmp/receiver.py"],
    "snmp4j": lambda work: ["java", "-cp", "%s/snmp4j/classes:%s/snmp4j/lib/*" % (work, work), "Receiver"],
}


class Peer:
    """One receiver, all its listeners."""

    def __init__(self, name, work, wanted):
        self.name, self.ports = name, {}
        self.got = {case.name: [] for case in wanted}
        specs = ["%s,%s,%s,%s,%s,%s,%s" % (
            c.name, c.version, "joe" if c.version == "3" else "public", c.auth or "-", AUTH_PASS if c.auth else "-",
            c.priv or "-", PRIV_PASS if c.priv else "-") for c in wanted]
        self.process = start(COMMANDS[name](work) + [ENGINE, *specs], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            told = json.loads(line)
            if "port" in told:
                self.ports[told["listener"]] = told["port"]
            else:
                self.got[told["listener"]].append(told)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.thread.join(20)


def write_logs(folder):
    """The sample, and names that are hard to carry."""
    data = os.path.join(HERE, "..", "data", "sample")
    hostile = ["DOG00%03X" % i for i in range(1, 5)]
    lines = []
    for i, (package, name) in enumerate(zip(hostile, ("caf\xe9 \u20ac.exe", "tab\there.exe", "a\"b'c;d.exe", "long" * 90 + ".exe"))):
        lines.append("~Copying E:\\_S M0000.TMP\\%s to E:\\SMS_PKGE\\%s\\%s, Failed, Win32 Error = %d  "
                     "$$<SMS_DESPOOLER><Fri Sep 11 09:55:%02d 1998~><thread=1D0>\r\n" % (name, package, name, (32, 5, 112, 32)[i], i))
    with open(os.path.join(folder, "Hostile.log"), "wb") as f:
        f.write("".join(lines).encode("utf-8"))
    return [("sms-log", os.path.join(data, "Despool.log")), ("event-xml", os.path.join(data, "AppEvent.xml")),
            ("sms-log", os.path.join(folder, "Hostile.log"))]


def secret(folder, name, text):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(text + "\n")
    return path


def target_of(peer, case, port, files):
    out = '  <target name="%s.%s" type="snmp" address="udp:127.0.0.1:%d" version="%s" pace="0"' % (
        peer, case.name, port, case.version)
    if case.notification == "inform":
        out += ' notification="inform"'
    if case.version != "3":
        return out + ' community-file="%s"/>\n' % files["community"]
    out += ' user="joe"'
    if case.auth:
        out += ' auth="%s" auth-file="%s"' % (case.auth, files["auth"])
    if case.priv:
        out += ' priv="%s" priv-file="%s"' % (case.priv, files["priv"])
    if case.context:
        out += ' context="%s"' % case.context
    return out + "/>\n"


def forward(folder, targets):
    files = {"community": secret(folder, "community", "public"), "auth": secret(folder, "auth", AUTH_PASS),
             "priv": secret(folder, "priv", PRIV_PASS)}
    config = os.path.join(folder, "truecause.xml")
    with open(config, "w") as f:
        f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state"%s>\n' % (
            folder, ' engine-id="%s"' % ENGINE if any(c.version == "3" for _, c, _ in targets) else ""))
        for kind, path in write_logs(folder):
            f.write('  <source format="%s" path="%s" host="ANFIELD" address="192.0.2.10" site="DOG"%s/>\n' % (
                kind, path, ' zone="America/Los_Angeles"' if kind == "sms-log" else ""))
        f.write('  <target name="archive" type="xml" path="%s/events.xml"/>\n' % folder)
        for peer, case, port in targets:
            f.write(target_of(peer, case, port, files))
        f.write("</truecause>\n")
    return subprocess.run([TRUECAUSE, "forward", "-c", config, "--once"], capture_output=True, text=True, timeout=300)


def unconverted(told):
    """The varbinds of an SNMPv1 trap as RFC 3584 makes them of v2 (clause 3.1)."""
    if "enterprise" not in told:  # the receiver has done it, and added what the head of the trap holds
        added = (varbinds.TRAP_COMMUNITY, varbinds.TRAP_ENTERPRISE)
        values = [v for v in told["varbinds"] if v[0] not in added]
        addresses = [v for v in values if v[0] == varbinds.TRAP_ADDRESS]
        if len(addresses) == 2 and addresses[0] == addresses[1]:
            values.remove(addresses[0])
        return values
    head = [[varbinds.SYS_UP_TIME, "ticks", str(told["ticks"])],
            [varbinds.TRAP_OID, "oid", "%s.0.%d" % (told["enterprise"], told["specific"])]]
    return head + told["varbinds"]


def check_case(mib, case, alarms, got):
    """Sentences on what is wrong."""
    wrong = []
    if len(got) != len(alarms):
        wrong.append("%d notifications, not %d" % (len(got), len(alarms)))
    kind = "trap1" if case.version == "1" else case.notification
    level = "authPriv" if case.priv else "authNoPriv" if case.auth else "noAuthNoPriv"
    by_id = {alarm.get("id"): (n, alarm) for n, alarm in enumerate(alarms, 1)}
    id_oid, seen = mib.objects["tcEventId"][0], set()
    for told in got:
        values = unconverted(told) if kind == "trap1" else told["varbinds"]
        ident = next((bytes.fromhex(v[2]).decode() for v in values if v[0] == id_oid), None)
        if ident not in by_id:
            wrong.append("an id that nobody has: %r" % ident)
            continue
        if ident in seen and case.notification == "trap":
            wrong.append("twice: " + ident)
        seen.add(ident)
        n, alarm = by_id[ident]
        wrong += ["%s: %s" % (alarm.get("key"), what) for what in varbinds.compare(mib, alarm, n, values)]
        if told["pdu"] != kind:
            wrong.append("pdu %s, not %s" % (told["pdu"], kind))
        if case.version == "3" and (told["user"], told["level"], told["context"]) != ("joe", level, case.context or ""):
            wrong.append("user, level, context: %(user)s, %(level)s, %(context)s" % told)
        if case.version == "3" and told["engine"] != ENGINE:
            wrong.append("context engine %s, not ours" % told["engine"])
        if kind == "trap1" and told.get("agent") not in (None, "192.0.2.10"):
            wrong.append("agent-addr %s" % told["agent"])
    lacking = [a.get("key") for a in alarms if a.get("id") not in seen]
    return wrong + (["never came: %s" % lacking[:5]] if lacking else [])


def main():
    end_well()
    work, names = sys.argv[1], sys.argv[2:] or sorted(COMMANDS)
    words = os.environ.get("PEER_CASES", "").split()  # of a case's name: only those that have one of them
    wanted = [c for c in cases() if not words or any(w in c.name for w in words)]
    mib = varbinds.Mib(subprocess.run([TRUECAUSE, "mib"], check=True, capture_output=True, text=True).stdout, ENTERPRISE)
    failures = checks = 0
    for name in names:
        peer = Peer(name, work, wanted)
        wait_for(120, lambda: len(peer.ports) == len(wanted) or peer.process.poll() is not None, 0.1)
        if len(peer.ports) != len(wanted):
            sys.exit("%s: opened %d of %d ports" % (name, len(peer.ports), len(wanted)))
        relays = {case.name: Relay(peer.ports[case.name]) for case in wanted}
        for relay in relays.values():
            relay.start()
        with tempfile.TemporaryDirectory(prefix="truecause-peers.") as folder:
            done = forward(folder, [(name, case, relays[case.name].port) for case in wanted])
            if done.returncode != 0:
                print("FAILED: %s: forward ended with %d:\n%s" % (name, done.returncode, done.stderr[-3000:]))
                failures += 1
            alarms = varbinds.alarms_of(folder + "/events.xml")
            wait_for(10, lambda: all(len(got) >= len(alarms) for got in peer.got.values()), 0.1)
        peer.close()
        for case in wanted:
            relays[case.name].stop()
            wrong = check_case(mib, case, alarms, peer.got[case.name])
            if relays[case.name].largest > BUDGET:
                wrong.append("a message of %d bytes" % relays[case.name].largest)
            checks += 1
            failures += bool(wrong)
            print("%s: %s %s: %d notifications, %d alarms, largest message %d bytes" % (
                "FAILED" if wrong else "ok", name, case.name, len(peer.got[case.name]), len(alarms), relays[case.name].largest))
            for what in wrong[:5]:
                print("    " + what)
        sys.stdout.flush()
    print("%d passed, %d failed" % (checks - failures, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
