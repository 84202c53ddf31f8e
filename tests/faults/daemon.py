# SPDX-License-Identifier: BSD-2-Clause
"""The program under test as a process: started, killed, asked.

The environment says where things are, as for every other test: TRUECAUSE (the
program), TEST_BUILDDIR (where chance.so and sink are).  What is started here is
ended here, by its process id.
"""
import atexit
import json
import mmap
import os
import re
import signal
import struct
import subprocess
import sys
import time

TRUECAUSE = os.environ.get("TRUECAUSE", "truecause")
BUILD = os.environ.get("TEST_BUILDDIR", ".")


started = []  # processes, for the end


def end_well():
    """However a harness ends (SIGTERM unwinds it), what it started ends with it."""
    def end_all():
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    atexit.register(end_all)


def start(command, **options):
    process = subprocess.Popen(command, **options)
    started[:] = [p for p in started if p.poll() is None] + [process]
    return process


def wait_for(seconds, condition, every=0.01):
    """The condition's value once it is true, or what it was when time was up."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > until:
            return value
        time.sleep(every)


class Chance:
    """Steers chance.so of a running program (see chance.c)."""

    def __init__(self, path, seed=1):
        with open(path, "wb") as f:
            f.write(struct.pack("6q", 0, 0, 0, 0, seed, 0))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 48)
        self.path = path

    def _set(self, i, value):
        self.map[8 * i:8 * i + 8] = struct.pack("q", value)

    def fail(self, per_million, error):
        self._set(2, error)
        self._set(1, per_million)

    def clock(self, seconds):
        self._set(0, int(seconds * 1e9))

    @property
    def failed(self):
        return struct.unpack_from("q", self.map, 24)[0]


class Daemon:
    def __init__(self, config, log, chance=None, wrap=()):
        self.config, self.log_path = config, log
        self.process = None
        self.starts = self.unexpected = 0
        self.wrap = list(wrap)
        self.env = dict(os.environ)
        if chance:
            self.env["CHANCE_FILE"] = chance.path
            self.env["LD_PRELOAD"] = os.path.join(BUILD, "faults", "chance.so")
            # The sanitizers want to be first; these few functions do not disturb them.
            self.env["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + self.env.get("ASAN_OPTIONS", "")

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        if self.alive:
            return
        self.reap()
        self.starts += 1
        with open(self.log_path, "ab") as log:
            self.process = start(self.wrap + [TRUECAUSE, "forward", "-c", self.config], env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def reap(self):
        """Takes note of an end that nobody asked for."""
        if self.process is not None and self.process.poll() is not None:
            self.unexpected += 1
            self.process = None

    def kill(self):
        """SIGKILL; False when it had ended before."""
        if not self.alive:
            return False
        self.process.kill()
        self.process.wait()
        self.process = None
        return True

    def catches(self, number):
        """Has it set up this signal?"""
        try:
            with open("/proc/%d/status" % self.process.pid) as f:
                caught = next(line for line in f if line.startswith("SigCgt:"))
        except (OSError, StopIteration):
            return False
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)

    def terminate(self, limit=120, ready=False):
        """SIGTERM, which is like a kill until the daemon has set up its signals ('ready'
        waits for that); its exit status, None when it had to be killed."""
        if not self.alive:
            return None
        if ready:
            wait_for(60, lambda: not self.alive or self.catches(signal.SIGTERM))
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.process = None
        return status

    def memory(self, what="VmRSS"):
        """MiB."""
        with open("/proc/%d/status" % self.process.pid) as f:
            for line in f:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def cpu(self):
        """CPU seconds so far."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, *args):
        """A command over the control socket, answered as JSON; None when it cannot."""
        done = subprocess.run([TRUECAUSE, *args, "--json", "-c", self.config], capture_output=True, timeout=300)
        if done.returncode != 0:
            return None
        return json.loads(done.stdout)


def export_alarms(path, host, zone="UTC"):
    """Final alarms of 'truecause export': key -> fields of its last change."""
    out = {}
    run = subprocess.Popen([TRUECAUSE, "export", "--host", host, "--zone", zone, path], stdout=subprocess.PIPE)
    for line in run.stdout:
        if line.startswith(b"<alarm ") or line.startswith(b"  <alarm "):
            head = line[:line.index(b">")].decode()
            fields = dict(re.findall(r' (key|state|class|count|first|last|reason)="([^"]*)"', head))
            out[fields["key"]] = fields
    if run.wait() != 0:
        raise RuntimeError("truecause export ended with %d" % run.returncode)
    return out


class Sink:
    """tests/bench/sink as a process: a fast TCP receiver that counts marks."""

    def __init__(self, *options):
        self.lossy = "--udp" in options
        self.process = start([os.path.join(BUILD, "bench", "sink"), *options], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def ask(self, what="stat"):
        """stat, away (it stops its peers, reads the rest, closes), back, reset."""
        self.process.stdin.write(what.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(10)
