#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench-tail: tail -> journal -> syslog, durable, beside rsyslog in the same run.

    tail.py [--count N] [--long N] [--singles N] [--rounds N] [--only drain,dead,...]
            [--transports tcp,tls,relp,udp]

The program has one core, receiver and writer the other.  It prints and never
judges; figures of different runs are not to be compared.

  drain    a file that is there already, read to its end and received, over each transport
  dead     the same, with a second target that nobody listens to
  latency  single records appended to an idle log, until the receiver has them
  outage   20,000 records a second, the receiver away for ten seconds
  memory   resident size over the longest load
  peers    the file of 'drain' through rsyslogd over the same, queue in memory and on disk
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
import products  # noqa: E402
from certs import Authority  # noqa: E402
from daemon import BUILD, Daemon, Sink, end_well, start, wait_for  # noqa: E402
from logs import Log, block_of  # noqa: E402

CORE, OTHER = "0", "1"


def on_core(core):
    return ["taskset", "-c", core] if os.cpu_count() > 1 and shutil.which("taskset") else []


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="truecause-bench.")
        self.authority = Authority(self.folder + "/ca")
        self.certificate = self.authority.sign("server", "IP:127.0.0.1,DNS:localhost")
        self.turn = 0

    def configure(self, path, sink, dead=False, poll="1s", transport="tcp"):
        """A new state folder and configuration."""
        self.turn += 1
        folder = os.path.join(self.folder, "run%d" % self.turn)
        os.mkdir(folder)
        name = os.path.join(folder, "truecause.xml")
        ca = ' ca="%s"' % self.authority.certificate if transport == "tls" else ""
        with open(name, "w") as f:
            f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state">\n'
                    '  <source format="sms-log" path="%s" host="BENCH" zone="UTC" poll="%s"/>\n'
                    '  <target name="siem" type="syslog" address="%s:127.0.0.1:%d"%s history="all" overflow="block"/>\n'
                    % (folder, path, poll, transport, sink.port, ca))
            if dead:
                # Nobody listens at the discard port.
                f.write('  <target name="dead" type="syslog" address="tcp:127.0.0.1:9" history="all"/>\n')
            f.write("</truecause>\n")
        return Daemon(name, folder + "/log", wrap=on_core(CORE))

    def sink(self, transport, lines=False):
        options = {"tls": ["--tls", *self.certificate], "relp": ["--relp"], "udp": ["--udp"]}.get(transport, [])
        return Sink(*options, *(["--lines"] if lines and transport in ("tcp", "tls") else []))

    def load(self, count):
        path = os.path.join(self.folder, "load.log")
        with open(path, "wb") as f:
            subprocess.run([os.path.join(BUILD, "bench", "bench_load"), str(count)], stdout=f, check=True)
        return path

    def drain(self, path, count, dead, transport="tcp"):
        """Rate, CPU seconds a million, peak MiB, records that came."""
        sink = self.sink(transport)
        daemon = self.configure(path, sink, dead, transport=transport)
        began = time.monotonic()
        daemon.start()
        seconds, came = self.received(sink, count, began)
        if came < count and transport != "udp":
            raise RuntimeError("%s of %d records arrived; %s" % (sink.ask(), count, daemon.log_path))
        cpu, peak = daemon.cpu(), daemon.memory("VmHWM")
        daemon.terminate()
        sink.close()
        return came / seconds, cpu / count * 1e6, peak, came

    @staticmethod
    def received(sink, count, began, quiet=60.0):
        """Seconds until 'count' records have come, or no more come; how many did."""
        last, at = 0, time.monotonic()
        while True:
            stat = sink.ask()
            came, now = stat["messages"] - stat["alarms"], time.monotonic()
            if came > last:
                last, at = came, now
            if came >= count or now - at > (quiet if came == 0 or not sink.lossy else 3):
                return at - began, came
            time.sleep(0.05)

    def drains(self):
        count = self.options.count
        path = self.load(count)
        for transport in self.options.transports.split(","):
            if not products.built(transport, self.folder):
                print("truecause is built without %s: not measured" % transport.upper())
                continue
            runs = {False: [], True: []}
            # In turns, so that both meet the same machine.
            for _ in range(self.options.rounds):
                for dead in ((False, True) if self.wanted("dead") and transport == "tcp" else (False,)):
                    runs[dead].append(self.drain(path, count, dead, transport))
            name = "truecause, all -> journal -> " + transport.upper()
            for dead, name in ((False, name), (True, "the same beside a dead target")):
                if runs[dead]:
                    rate, cpu, peak, came = max(runs[dead])
                    print("%-42s %9.0f records/s  %6.2f CPU s per 1 M  %6.1f MB   (best of %d: %s)%s" % (
                        name, rate, cpu, peak, len(runs[dead]), " ".join("%.0f k" % (r[0] / 1000) for r in runs[dead]),
                        "" if came >= count else "   only %d came" % came), flush=True)
            if self.wanted("peers"):
                self.peer("rsyslogd, queue in memory, " + transport.upper(), transport, "")
                self.peer("rsyslogd, disk queue, synced, " + transport.upper(), transport,
                          'queue.type="LinkedList" queue.filename="q" queue.syncqueuefiles="on" '
                          'queue.checkpointinterval="100" queue.saveonshutdown="on"')

    def wanted(self, part):
        return part in self.options.only.split(",")

    def latency(self):
        folder = os.path.join(self.folder, "latency")
        os.mkdir(folder)
        log = Log(folder, "X")
        log.append(1)
        sink = Sink("--trace")
        arrived = {}

        def read():
            for line in sink.process.stdout:
                number, at = line.split()
                arrived[int(number)] = int(at)

        threading.Thread(target=read, daemon=True).start()
        daemon = self.configure(log.path, sink)
        daemon.start()
        if not wait_for(30, lambda: 0 in arrived):
            raise RuntimeError("nothing arrived; see " + daemon.log_path)
        time.sleep(1)
        waits = []
        for n in range(1, self.options.singles + 1):
            at = time.monotonic_ns()
            log.append(1)
            if not wait_for(10, lambda: n in arrived, 0.0005):
                raise RuntimeError("record %d did not arrive in 10 s" % n)
            waits.append((arrived[n] - at) / 1e6)
            time.sleep(0.01 + (n % 7) / 300)
        daemon.terminate()
        sink.close()
        waits.sort()
        print("append to receipt, idle, %d records          median %.1f ms, p99 %.1f ms, longest %.1f ms" % (
            len(waits), statistics.median(waits), waits[int(len(waits) * 0.99)], waits[-1]))

    def outage(self):
        folder = os.path.join(self.folder, "outage")
        os.mkdir(folder)
        log = Log(folder, "X")
        sink = Sink()
        daemon = self.configure(log.path, sink)
        daemon.start()
        rate, stop = 20000, []

        def write():
            began, written = time.monotonic(), 0
            while not stop:
                due = int((time.monotonic() - began) * rate) - written
                log.append(due)
                written += due
                time.sleep(0.01)

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(3)
        sink.ask("away")
        time.sleep(10)
        sink.ask("back")
        before = sink.ask()["distinct"]
        came = wait_for(60, lambda: sink.ask()["distinct"] > before, 0.005)
        began, first, written = time.monotonic(), sink.ask()["distinct"], log.written
        behind = written - first
        caught_up = came and wait_for(120, lambda: log.written - sink.ask()["distinct"] < rate // 5, 0.01)
        seconds = time.monotonic() - began
        got = sink.ask()["distinct"] - first
        stop.append(True)
        writer.join()
        done = wait_for(30, lambda: sink.ask()["distinct"] >= log.written, 0.05)
        stat = sink.ask()
        daemon.terminate()
        sink.close()
        print("after 10 s without receiver at %d k/s        %d behind, drained at %.0f records/s (%.1f x the input), "
              "lost %d, double %d%s" % (rate // 1000, behind, got / seconds, got / seconds / rate, log.written - stat["distinct"],
                               stat["again"], "" if caught_up and done else "  NOT CAUGHT UP"))

    def memory(self):
        folder = os.path.join(self.folder, "memory")
        os.mkdir(folder)
        sink = Sink()
        path = os.path.join(folder, "Despool.log")
        open(path, "wb").close()
        daemon = self.configure(path, sink)
        daemon.start()
        began, written, samples = time.monotonic(), 0, []
        chunk = 100000
        # Numbers return after ten blocks: the sink then sees them again.
        blocks = [block_of("X", i * chunk, chunk, True) for i in range(4)]
        with open(path, "ab", buffering=0) as f:
            while written < self.options.long and time.monotonic() - began < self.options.minutes * 60:
                block = blocks[(written // chunk) % len(blocks)]
                while block:
                    block = block[f.write(block):]
                written += chunk

                def close_behind():
                    stat = sink.ask()
                    return stat["messages"] - stat["alarms"] >= written - 2 * chunk

                wait_for(120, close_behind, 0.02)
                samples.append((written, daemon.memory()))
                if f.tell() > 1 << 30:
                    # All but the last two blocks has arrived; wait for those, begin anew.
                    wait_for(120, lambda: sink.ask()["messages"] - sink.ask()["alarms"] >= written, 0.02)
                    f.truncate(0)
                    time.sleep(2.5)
        seconds = time.monotonic() - began
        daemon.terminate()
        sink.close()
        tenth = max(len(samples) // 10, 1)
        early = statistics.mean(s[1] for s in samples[tenth:2 * tenth] or samples)
        late = statistics.mean(s[1] for s in samples[-tenth:])
        print("resident over %.1f M records in %.0f s             %.1f MB in the second tenth, %.1f MB in the last "
              "(%+.1f %%), peak %.1f" % (written / 1e6, seconds, early, late, (late / early - 1) * 100, max(s[1] for s in samples)))

    def peer(self, name, transport, queue):
        if not shutil.which("rsyslogd", path=os.environ["PATH"] + ":/usr/sbin"):
            print("rsyslogd is not installed: not compared")
            return
        count = self.options.count
        path = self.load(count)
        self.turn += 1
        folder = os.path.join(self.folder, "run%d" % self.turn)
        os.mkdir(folder)
        sink = self.sink(transport, lines=True)
        action = {"tcp": 'type="omfwd" protocol="tcp"', "udp": 'type="omfwd" protocol="udp"', "relp": 'type="omrelp"',
                  "tls": 'type="omfwd" protocol="tcp" streamDriver="ossl" streamDriverMode="1" '
                         'streamDriverAuthMode="x509/certvalid"'}[transport]
        with open(folder + "/rsyslog.conf", "w") as f:
            f.write('global(workDirectory="%s" defaultNetstreamDriverCAFile="%s")\n'
                    'module(load="imfile")\n%smain_queue(queue.size="200000")\n'
                    'input(type="imfile" file="%s" tag="bench")\n'
                    'template(name="raw" type="string" string="%%msg%%%s")\n'
                    'action(%s target="127.0.0.1" port="%d" template="raw" %s)\n'
                    % (folder, self.authority.certificate, 'module(load="omrelp")\n' if transport == "relp" else "", path,
                       "\\n" if transport in ("tcp", "tls") else "", action, sink.port, queue))
        process = start(on_core(CORE) + ["rsyslogd", "-n", "-f", folder + "/rsyslog.conf", "-i", folder + "/pid"],
                        stderr=subprocess.DEVNULL)
        began = time.monotonic()
        seconds, got = self.received(sink, count, began)
        peer = Daemon(None, None)
        peer.process = process
        cpu, peak = peer.cpu(), peer.memory("VmHWM")
        process.terminate()
        process.wait()
        sink.close()
        print("%-42s %9.0f records/s  %6.2f CPU s per 1 M  %6.1f MB%s" % (
            name, got / seconds, cpu / count * 1e6, peak, "" if got >= count else "   only %d of %d came" % (got, count)),
            flush=True)

    def run(self):
        os.sched_setaffinity(0, {int(OTHER)} if os.cpu_count() > 1 else {0})
        if self.wanted("drain"):
            self.drains()
        for part in ("latency", "outage", "memory"):
            if self.wanted(part):
                getattr(self, part)()


def main():
    end_well()
    parser = argparse.ArgumentParser(description="tail -> journal -> syslog, measured")
    parser.add_argument("--count", type=int, default=1000000)
    parser.add_argument("--long", type=int, default=50000000)
    parser.add_argument("--minutes", type=float, default=10, help="of the memory part, at most")
    parser.add_argument("--singles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--transports", default="tcp,tls,relp,udp")
    parser.add_argument("--only", default="drain,dead,peers,latency,outage,memory")
    bench = Bench(parser.parse_args())
    try:
        bench.run()
    finally:
        shutil.rmtree(bench.folder)


if __name__ == "__main__":
    main()
