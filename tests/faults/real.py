# SPDX-License-Identifier: BSD-2-Clause
"""A real rsyslogd with the orders of receivers.TcpReceiver: stopped, killed and started
again, at one port.  What it wrote to its file is what it received; how much its kernel
held when it was killed is read from /proc/net/tcp."""
import os
import signal
import socket
import subprocess
import time

import products
from daemon import start, wait_for
from ports import free_port

CONFIG = {
    "tcp": 'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="@PORT@" ruleset="r")\n',
    "tls": 'module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")\n'
           'input(type="imtcp" address="127.0.0.1" port="@PORT@" ruleset="r")\n',
    "relp": 'module(load="imrelp")\ninput(type="imrelp" address="127.0.0.1" port="@PORT@" ruleset="r")\n',
}
# Direct: imrelp then answers for what has been written, not for what waits in a queue.
COMMON = """global(workDirectory="@DIR@" maxMessageSize="64k"@FILES@)
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="r" queue.type="Direct") { action(type="omfile" file="@DIR@/received" template="raw") }
"""


class Rsyslogd:
    FAULTS = ("killed", "killed x5", "restarted", "away")

    def __init__(self, take, transport, certificates, folder):
        self.take, self.broken, self.process = take, None, None
        self.folder = folder + "/rsyslogd"
        os.mkdir(self.folder)
        self.port = free_port()
        files = ""
        if transport == "tls":
            files = ' defaultNetstreamDriverCAFile="%s" defaultNetstreamDriverCertFile="%s" defaultNetstreamDriverKeyFile="%s"' % (
                certificates.ca, *certificates.server["right"])
        text = (COMMON + CONFIG[transport]).replace("@FILES@", files).replace("@DIR@", self.folder).replace(
            "@PORT@", str(self.port))
        with open(self.folder + "/conf", "w") as f:
            f.write(text)
        self.file = open(self.folder + "/received", "a+b")
        self.rest = b""
        self.held = 0  # bytes that kernels held unread at the times of killing
        self.made = self.refused = 0

    def start(self):
        self.back()

    def back(self):
        command = [w.replace("@DIR@", self.folder) for w in products.rsyslogd()]
        with open(self.folder + "/out", "ab") as out:
            self.process = start(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

        def listens():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0 or self.process.poll() is not None

        if not wait_for(120, listens) or self.process.poll() is not None:
            raise RuntimeError("rsyslogd does not start: " + self.folder)

    @property
    def stuck(self):
        return False

    @stuck.setter
    def stuck(self, value):
        self.process.send_signal(signal.SIGSTOP if value else signal.SIGCONT)

    def leave(self, how):
        if how == "kill":
            self.process.send_signal(signal.SIGSTOP)
            self.held += self._unread()
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait()
        self.look()

    def _unread(self):
        held = 0
        with open("/proc/net/tcp") as f:
            for line in list(f)[1:]:
                fields = line.split()
                if int(fields[1].split(":")[1], 16) == self.port and fields[3] == "01":
                    held += int(fields[4].split(":")[1], 16)
        return held

    def look(self):
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        for line in lines:
            self.take(None, line, True)

    def stop(self):
        if self.process.poll() is None:
            self.leave("drain")
        self.file.close()
