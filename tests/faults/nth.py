# SPDX-License-Identifier: BSD-2-Clause
"""Every Nth call fails, over a small run of the whole engine.

    nth.py [--seconds S | --all] [--class C[,C]] [--jobs N] [--only CLASS:ERROR:N]

forward --once reads a log and its rotated generation into an archive while the
Nth call of a class (shim.c) fails, N from 1 until a run in which none did.
That run may end with 0, and then everything is in the archive; or with 4 or 3
and a reason on stderr.  It never crashes or hangs.  A second run on the same
state, without faults, ends with 0 and an archive that is well-formed and holds
every event and alarm change of the reference, word for word, and nothing else
but alarms that the program raised about itself.

--all tries each N; --seconds tries N spread over all, as many as time allows.
TRUECAUSE names the program; SHIM the library, or "linked" where the program
has it in itself (a sanitizer build: leaks are looked for then)."""
import argparse
import concurrent.futures
import errno
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

PROGRAM = os.environ.get("TRUECAUSE", "truecause")
SHIM = os.environ.get("SHIM", "")
LINKED = SHIM == "linked"
TIMEOUT = 240  # seconds: that it hangs, and not that the machine is busy
LEAK = 23

# What can fail, and how: errno, 0 is a call that does only a part.
CASES = {
    "alloc": [errno.ENOMEM],
    "open": [errno.EIO, errno.ENOSPC, errno.EINTR, errno.EMFILE],
    "read": [errno.EIO, errno.EINTR, 0],
    "write": [errno.ENOSPC, errno.EIO, errno.EINTR, 0],
    "sync": [errno.EIO, errno.ENOSPC, errno.EINTR],
    "truncate": [errno.EIO, errno.ENOSPC, errno.EINTR],
    "rename": [errno.EIO, errno.ENOSPC],
    "map": [errno.ENOMEM],
}


def name_of(error):
    return errno.errorcode[error] if error else "SHORT"


def log_lines(first, count):
    """Records of a despooler at work; a seventh of the copies fails, some are repeated and succeed."""
    out = []
    for i in range(first, first + count):
        how = "Failed, Win32 Error = 32" if i % 7 == 3 else "OK"
        n = i - 2 if i % 7 == 5 and i % 2 else i
        out.append("~Copying E:\\_S M0000.TMP\\f%d.EXE to E:\\SMS_PKGE\\DOG%05X\\f%d.EXE, %s  $$<SMS_DESPOOLER>"
                   "<Thu Sep 10 %02d:%02d:%02d 1998~><thread=1D0>\r\n"
                   % (n, n // 10, n, how, i * 7 // 3600, i * 7 // 60 % 60, i * 7 % 60))
    return "".join(out).encode()


def make_sources(folder):
    os.makedirs(folder)
    with open(os.path.join(folder, "Despool.lo_"), "wb") as f:
        f.write(log_lines(0, 25))
    with open(os.path.join(folder, "Despool.log"), "wb") as f:
        f.write(log_lines(25, 28))
    os.utime(os.path.join(folder, "Despool.lo_"), (905400000, 905400000))


class Violation(Exception):
    pass


class Bench:
    """A folder in which runs are made, one after the other."""

    def __init__(self, top, sources, number):
        self.dir = os.path.join(top, "run%d" % number)
        os.makedirs(self.dir)
        self.config = os.path.join(self.dir, "truecause.xml")
        self.archive = os.path.join(self.dir, "events.xml")
        self.state = os.path.join(self.dir, "state")
        self.counter = os.path.join(self.dir, "counter")
        with open(self.config, "w") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s" enterprise-oid="1.3.6.1.4.1.99999.1">\n'
                    '  <source format="sms-log" path="%s/despool.log" host="ANFIELD" zone="America/Los_Angeles"/>\n'
                    '  <target name="archive" type="xml" path="%s"/>\n</truecause>\n'
                    % (self.state, sources, self.archive))

    def clear(self):
        shutil.rmtree(self.state, ignore_errors=True)
        for name in os.listdir(self.dir):
            if name.startswith("events"):
                os.unlink(os.path.join(self.dir, name))

    def run(self, fault=None):
        """Status, stderr, and whether the fault came to pass."""
        environment = dict(os.environ)
        environment.pop("LD_PRELOAD", None)
        if LINKED:
            environment["ASAN_OPTIONS"] = "detect_leaks=1:exitcode=%d:allocator_may_return_null=1" % LEAK
            environment["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
        if fault:
            with open(self.counter, "wb") as f:
                f.write(bytes(24))
            environment.update(SHIM_CLASS=fault[0], SHIM_ERROR=str(fault[1]), SHIM_NTH=str(fault[2]),
                               SHIM_FILE=self.counter)
            if not LINKED:
                environment["LD_PRELOAD"] = SHIM
        try:
            done = subprocess.run([PROGRAM, "forward", "-c", self.config, "--once"], env=environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=TIMEOUT)
        except subprocess.TimeoutExpired as e:
            raise Violation("hangs: no end after %d s; stderr: %s" % (TIMEOUT, (e.stderr or b"").decode()[-2000:]))
        words = done.stderr.decode("utf-8", "replace")
        if done.returncode < 0:
            raise Violation("crashed with %s\n%s" % (signal.Signals(-done.returncode).name, words[-6000:]))
        if done.returncode == LEAK or "Sanitizer" in words or "runtime error:" in words:
            raise Violation("the sanitizer says:\n%s" % words[-8000:])
        fired = False
        if fault:
            with open(self.counter, "rb") as f:
                fired = struct.unpack("=qqq", f.read(24))[1] > 0
        return done.returncode, words, fired

    def items(self):
        """The lines of events and of alarms that are not about the program itself; checks the document."""
        try:
            xml.etree.ElementTree.parse(self.archive)
        except (OSError, xml.etree.ElementTree.ParseError) as e:
            raise Violation("the archive: %s" % e)
        with open(self.archive, "rb") as f:
            lines = f.read().splitlines()
        return (sorted({l.strip() for l in lines if l.lstrip().startswith(b"<event ")}),
                sorted({l.strip() for l in lines if l.lstrip().startswith(b"<alarm ") and b'class="self"' not in l}))


def differences(got, expected):
    out = []
    for what, g, e in zip(("events", "alarms"), got, expected):
        for word, lines in (("missing", set(e) - set(g)), ("not of the reference", set(g) - set(e))):
            if lines:
                out.append("%d %s %s, as %s" % (len(lines), what, word, sorted(lines)[0].decode()[:300]))
    return out


def try_one(bench, reference, fault):
    """The status of the run that failed, None when nothing did."""
    bench.clear()
    status, words, fired = bench.run(fault)
    if status not in (0, 3, 4):
        raise Violation("ends with %d: %s" % (status, words[-2000:]))
    if status != 0 and not fired:
        raise Violation("ends with %d without a fault: %s" % (status, words[-2000:]))
    if status != 0 and not re.search(r"truecause: .{8}", words):
        raise Violation("ends with %d and says nothing: %r" % (status, words[-2000:]))
    early = None
    if status == 0:
        try:
            early = differences(bench.items(), reference)
        except Violation as v:
            # Every item is safe and the failure is said; the next start mends the document.
            early = None if "cannot write the closing tag" in words else [str(v)]
    again, words2, _ = bench.run()
    if again != 0:
        raise Violation("the run after it ends with %d: %s; the run before (%d) said: %s"
                        % (again, words2[-2000:], status, words[-2000:]))
    wrong = differences(bench.items(), reference)
    if wrong:
        raise Violation("after the next run %s; the one that failed (%d) said: %s" % ("; ".join(wrong), status, words[-2000:]))
    if early:
        raise Violation("ends with 0 and is not done, which only the next run is: %s; stderr: %s"
                        % ("; ".join(early), words[-2000:]))
    return status if fired else None


class Sweep:
    """All N of one class and error, handed out to workers."""

    def __init__(self, name, error, total, step):
        self.name, self.error, self.total, self.step = name, error, total, step
        self.tried, self.statuses, self.violations, self.highest = 0, {}, [], 0

    def numbers(self):
        if self.step <= 1:
            # A few beyond what a clean run counted: retries make more calls.
            return range(1, self.total + 200)
        return range(1 + hash((self.name, self.error)) % self.step % max(self.total, 1), self.total + 1, self.step)


def reference_of(bench):
    status, words, _ = bench.run()
    if status != 0:
        raise SystemExit("the reference run ends with %d: %s" % (status, words))
    return bench.items()


def calls_of(bench, name):
    bench.clear()
    bench.run((name, errno.EIO, 1 << 60))
    with open(bench.counter, "rb") as f:
        return struct.unpack("=qqq", f.read(24))[0]


def run_sweep(sweep, benches, reference, until, jobs):
    numbers = iter(sweep.numbers())
    lock = threading.Lock()
    state = {"quiet": 0}

    def work(bench):
        while time.monotonic() < until:
            with lock:
                n = next(numbers, None)
                if n is None or state["quiet"] > 3 or len(sweep.violations) >= 20:
                    return
            try:
                status = try_one(bench, reference, (sweep.name, sweep.error, n))
            except Violation as v:
                status = "violation"
                with lock:
                    sweep.violations.append((n, str(v)))
            with lock:
                sweep.tried += 1
                sweep.highest = max(sweep.highest, n)
                sweep.statuses[status] = sweep.statuses.get(status, 0) + 1
                state["quiet"] = state["quiet"] + 1 if status is None else 0

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for job in [pool.submit(work, b) for b in benches]:
            job.result()


def print_sweep(sweep):
    ends = ", ".join("%s: %d" % ("clean" if k is None else "status %s" % k, v)
                     for k, v in sorted(sweep.statuses.items(), key=str))
    print("%-9s %-7s %6d runs of %6d calls   %s" % (sweep.name, name_of(sweep.error), sweep.tried, sweep.total, ends))
    for n, words in sweep.violations[:5]:
        print("  --only %s:%s:%d  %s" % (sweep.name, name_of(sweep.error), n, words))
    if len(sweep.violations) > 5:
        print("  and %d more: %s" % (len(sweep.violations) - 5, " ".join(str(n) for n, _ in sweep.violations[5:])))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--class", dest="classes", default="alloc" if LINKED else ",".join(CASES))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="CLASS:ERROR:N, one run; its folder stays")
    options = parser.parse_args()
    top = tempfile.mkdtemp(prefix="truecause-nth.")
    sources = os.path.join(top, "logs")
    make_sources(sources)
    benches = [Bench(top, sources, i) for i in range(options.jobs)]
    reference = reference_of(benches[0])
    if len(reference[0]) != 53 or not reference[1]:
        raise SystemExit("the reference has %d events and %d alarm changes" % (len(reference[0]), len(reference[1])))
    if options.only:
        name, error, n = options.only.split(":")
        error = 0 if error == "SHORT" else getattr(errno, error)
        print("in %s" % top)
        try:
            print("status", try_one(benches[0], reference, (name, error, int(n))))
        except Violation as v:
            raise SystemExit(str(v))
        return
    pairs = [(c, e) for c in options.classes.split(",") for e in CASES[c]]
    totals = {c: calls_of(benches[0], c) for c in {c for c, _ in pairs}}
    started, bad, tried = time.monotonic(), 0, 0
    for i, (c, e) in enumerate(pairs):
        left = float("inf") if options.all else max(1, options.seconds - (time.monotonic() - started)) / (len(pairs) - i)
        # About 15 trials a second and job; at least a dozen of each.
        step = 1 if options.all else max(1, int(totals[c] / max(12, left * 8 * options.jobs)))
        sweep = Sweep(c, e, totals[c], step)
        run_sweep(sweep, benches, reference, time.monotonic() + left, options.jobs)
        print_sweep(sweep)
        bad += len(sweep.violations)
        tried += sweep.tried
    shutil.rmtree(top, ignore_errors=True)
    print("%d runs, %d violations, %.0f s" % (tried, bad, time.monotonic() - started))
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
