# SPDX-License-Identifier: BSD-2-Clause
"""A real snmptrapd that is started, stopped and held at will, with an engine of its
own, and what it has written.

snmptrapd writes a notification to its file before it acknowledges it, so that an
acknowledged one is in the file whatever happens to snmptrapd after that.
"""
import os
import re
import shutil
import signal

from daemon import start, wait_for
from ports import free_port

VARBIND = re.compile(r'\.([\d.]+) = (?:"((?:[^"\\]|\\.)*)"|([^\t\n]*))')


class Trapd:
    def __init__(self, folder, name, passphrase, auth="SHA-256", priv="AES", wrap=()):
        self.folder, self.name = os.path.join(folder, name), name
        self.passphrase, self.auth, self.priv, self.wrap = passphrase, auth, priv, list(wrap)
        self.port = free_port()
        self.engine = 0
        self.out = os.path.join(self.folder, "received")
        self.persist = os.path.join(self.folder, "persist")
        self.process = None
        self.held = False
        self.starts = 0
        self.read = 0
        os.makedirs(self.persist)
        self.engine_is(1)

    # --- its engine ----------------------------------------------------------------
    def engine_is(self, number):
        """Another engine: as if the machine had been replaced.  Takes effect at a start."""
        self.engine = number
        shutil.rmtree(self.persist)
        os.mkdir(self.persist)

    def boots_are(self, boots):
        """What it finds at its next start, when it will add one.  While it is down."""
        with open(os.path.join(self.persist, "snmptrapd.conf"), "w") as f:
            f.write("engineBoots %d\noldEngineID 0x80001f8804%s\n" % (boots, self._engine_text().encode().hex()))

    def _engine_text(self):
        return "%s-%d" % (self.name, self.engine)

    # --- its life ------------------------------------------------------------------
    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self, passphrase=None):
        if self.alive:
            return
        secret = passphrase or self.passphrase
        with open(os.path.join(self.folder, "snmptrapd.conf"), "w") as f:
            f.write("authCommunity log public\nauthUser log joe\nengineID %s\ncreateUser joe %s \"%s\" %s \"%s\"\n" % (
                self._engine_text(), self.auth, secret, self.priv, secret))
        env = dict(os.environ, SNMPCONFPATH=self.folder, SNMP_PERSISTENT_DIR=self.persist, MIBS="", MIBDIRS="/nonexistent")
        env.pop("LD_PRELOAD", None)
        versions = self._versions()
        self.process = start(self.wrap + ["snmptrapd", "-f", "-n", "-m", "", "-A", "-Lf", self.out, "-OQn", "-F", "%v\n",
                              "udp:127.0.0.1:%d" % self.port], env=env)
        self.starts += 1
        self.held = False
        if not wait_for(120, lambda: self._versions() > versions or not self.alive) or not self.alive:
            raise RuntimeError("snmptrapd %s does not start" % self.name)

    def _versions(self):
        """How often it has said that it starts."""
        try:
            with open(self.out, "rb") as f:
                return f.read().count(b"NET-SNMP version")
        except FileNotFoundError:
            return 0

    def kill(self):
        if self.alive:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.held = False

    def terminate(self):
        """Writes its boots down, unlike a kill."""
        if self.alive:
            self.go_on()
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.process = None

    def hold(self):
        """Takes no time any more; what comes waits in its socket's buffer."""
        if self.alive:
            self.process.send_signal(signal.SIGSTOP)
            self.held = True

    def go_on(self):
        if self.alive and self.held:
            self.process.send_signal(signal.SIGCONT)
        self.held = False

    # --- what it got ---------------------------------------------------------------
    def new(self):
        """Notifications since the last call, each a dict of OID -> text."""
        try:
            with open(self.out, "rb") as f:
                f.seek(self.read)
                data = f.read()
        except FileNotFoundError:
            return
        data = data[:data.rfind(b"\n") + 1]
        self.read += len(data)
        for line in data.decode().splitlines():
            found = {oid: quoted if plain == "" and quoted is not None else plain
                     for oid, quoted, plain in VARBIND.findall(line)}
            if found:
                yield found
