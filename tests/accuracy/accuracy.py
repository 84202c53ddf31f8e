#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""accuracy.py TRUECAUSE [RECORDS [FAULTS [SEED]]]: precision and recall on invented
logs whose truth is known because it was planted.

Writes the logs and event logs of eight hosts into a temporary folder, lets the
program export them host by host, and compares verdicts record by record (by file
and offset) and alarms by key.  Prints a table; exit status 1 when a class, an
alarm or a fact is below the target of 99.9 %."""
import bisect
import collections
import os
import random
import re
import subprocess
import sys
import tempfile
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from families import Names, Planter  # noqa: E402
from world import FORMS, Host, Record, Truth, Writer, event_xml  # noqa: E402

TARGET, DAMAGED, REPEATED = 99.9, 0.02, 0.01
EVENT = re.compile(r'<event id="[^"]*" class="([^"]*)" severity="[^"]*"')
SOURCE = re.compile(r'<source format="[^"]*" name="([^"]*)" offset="(\d+)"')
FACTS = {'win32': re.compile(r'<cause [^>]*\bwin32="([^"]*)"'), 'tag': re.compile(r'<cause [^>]*\btag="([^"]*)"'),
         'misreported': re.compile(r'<cause [^>]*\bmisreported="([^"]*)"'),
         'confidence': re.compile(r'<cause [^>]*\bconfidence="([^"]*)"'),
         'claim': re.compile(r'<claim [^>]*\bcause="([^"]*)"'), 'package': re.compile(r'<object [^>]*\bpackage="([^"]*)"'),
         'server': re.compile(r'<object [^>]*\bserver="([^"]*)"')}
ALARM = re.compile(r'<alarm id="[^"]*" key="([^"]*)" state="([^"]*)" severity="[^"]*" class="([^"]*)"(?:.*?reason="([^"]*)")?')


def plan(host, rng, records, faults, names):
    """Blocks for the host's threads, then turns until all are written."""
    planter = Planter(host, names, rng)
    queues = {t: [] for t in host.threads + host.side_threads}
    total = planted = 0
    share = faults / max(records, 1)
    while total < records:
        fault = planted < faults and rng.random() < share * 4.2
        block = planter.fault() if fault else planter.healthy()
        planted += sum(1 for r in block if not isinstance(r.truth['cls'], tuple) and r.truth['fam'] not in
                       ('stored', 'pause', 'sent', 'copied', 'executed', 'private-38a')) if fault else 0
        threads = host.threads if all(r.component == 'SMS_DESPOOLER' for r in block) else host.side_threads
        queues[rng.choice(threads)].append(block)
        total += len(block)
    for q in queues.values():
        q.reverse()
    step = 15  # seconds from line to line of a host, on average
    live = [t for t in queues if queues[t]]
    current = {}
    while live:
        thread = rng.choice(live)
        if not current.get(thread):
            current[thread] = list(reversed(queues[thread].pop()))
        r = current[thread].pop()
        host.clock += timedelta(milliseconds=int(1 + rng.random() * 2000 * step))
        r.at, r.thread = host.clock.replace(microsecond=host.clock.microsecond // 1000 * 1000), thread
        host.records.append(r)
        if rng.random() < REPEATED and r.truth['fam'] in ('healthy', 'false-friend', 'pause'):
            host.records.append(r)
        if not current[thread] and not queues[thread]:
            live.remove(thread)
    leave_alone(host)
    if host.form != 'bracket':
        hang(host)
    return planted


def leave_alone(host):
    """An event that means one thing alone and another beside a line that shows one of
    the codes of 'alone' is not planted where such a line stands within two minutes."""
    lines = sorted((r.at, r.truth.get('win32')) for r in host.records if r.truth.get('win32'))
    times = [at for at, _ in lines]
    kept, near = [], timedelta(minutes=2)
    for anchor, event, truth in host.events:
        around = lines[bisect.bisect_left(times, anchor.at - near):bisect.bisect_right(times, anchor.at + near)]
        if not any(code in event.get('alone', ()) for _, code in around):
            kept.append((anchor, event, truth))
    host.events = kept


def hang(host):
    """At the end the despooler says that it waits, and only others go on, for three hours."""
    host.alarms['STALL:%s:-' % host.name] = ('stall', None)
    for minutes, component, text, cls in ((1, 'SMS_DESPOOLER', '~Waiting for an available despooling thread.', 'activity'),
                                          (180, 'SMS_SCHEDULER', '~No jobs to schedule', 'activity')):
        host.clock += timedelta(minutes=minutes)
        r = Record(text, Truth(fam='hang', cls=cls), component)
        r.at, r.thread = host.clock.replace(microsecond=0), host.threads[0]
        host.records.append(r)


def write(host, folder, rng):
    """The host's files; their truth by file name and offset."""
    truth, files = {}, []
    routes = collections.OrderedDict()
    for r in host.records:
        name = {'SMS_LAN_SENDER': 'sender', 'SMS_DESPOOLER': 'despool'}.get(r.component, 'several')
        routes.setdefault(name, []).append(r)
    hurt = 0
    for name, records in routes.items():
        path = os.path.join(folder, '%s-%s.log' % (name, host.name.lower()))
        out = Writer(path, rng, DAMAGED)
        for r in records:
            if host.form == 'bracket':
                out.put(host.bracketed(r), r.truth, whole=True)
            else:
                out.put(r.text + host.trailer(r), r.truth)
        out.file.close()
        truth[os.path.basename(path)] = out.truth
        files.append(path)
        hurt += out.hurt
    events = sorted(((anchor.at + timedelta(seconds=e['lag']), n, e, t) for n, (anchor, e, t) in enumerate(host.events)),
                    key=lambda x: x[:2])
    path = os.path.join(folder, 'AppEvent-%s.xml' % host.name.lower())
    out = Writer(path, rng, 0)
    out.put('<Events>', {}, whole=True)
    for number, (at, _, e, t) in enumerate(events):
        out.put(event_xml(host, number + 1, at, e), t, whole=True)
    out.put('</Events>', {}, whole=True)
    out.file.close()
    del out.truth[0]
    truth[os.path.basename(path)] = {at: t for at, t in out.truth.items() if t}
    return truth, files + [path], hurt


class Table:
    def __init__(self):
        self.hit, self.got, self.want = collections.Counter(), collections.Counter(), collections.Counter()
        self.wrong = []

    def add(self, want, got, where):
        want = got if isinstance(want, tuple) and got in want else want[0] if isinstance(want, tuple) else want
        self.want[want] += 1
        self.got[got] += 1
        if want == got:
            self.hit[want] += 1
        elif len(self.wrong) < 40:
            self.wrong.append('%s: %s instead of %s' % (where, got, want))

    def show(self, title):
        worst = 100.0
        print('%-28s %9s %9s %10s %9s' % (title, 'planted', 'given', 'precision', 'recall'))
        for name in sorted(set(self.want) | set(self.got)):
            precision = 100.0 * self.hit[name] / self.got[name] if self.got[name] else 100.0
            recall = 100.0 * self.hit[name] / self.want[name] if self.want[name] else 100.0
            if name[0] != "(":
                worst = min(worst, precision, recall)
            print('%-28s %9d %9d %9.3f%% %8.3f%%' % (name, self.want[name], self.got[name], precision, recall))
        print()
        return worst


def compare(host, text, truth, classes, families, facts, alarms, folder):
    seen, last = set(), {}
    for line in text:
        m = EVENT.search(line)
        if m:
            s = SOURCE.search(line)
            name, offset = s.group(1), int(s.group(2))
            t = truth[name].get(offset)
            where = '%s:%d' % (name, offset)
            if t is None:
                classes.add('(no record)', m.group(1), where + ' is no planted record')
                continue
            seen.add((name, offset))
            where += ' (%s)' % t['fam']
            classes.add(t['cls'], m.group(1), where)
            families.add(t['fam'], t['fam'] if m.group(1) in (t['cls'] if isinstance(t['cls'], tuple) else (t['cls'],)) else '(wrong)', where)
            for fact, pattern in FACTS.items():
                if fact in t:
                    v = pattern.search(line)
                    value = v.group(1) if v else ''
                    facts.add(fact, fact if value == t[fact] else '(wrong %s)' % fact, '%s: %s="%s" instead of "%s"' % (where, fact, value, t[fact]))
            continue
        m = ALARM.match(line)
        if m:
            if m.group(4) not in ('reclassified', 'renamed'):
                last[m.group(1).upper()] = (m.group(2), m.group(3))
    for name, records in truth.items():
        for offset, t in records.items():
            if (name, offset) not in seen:
                classes.add(t['cls'], '(lost)', '%s:%d (%s)' % (name, offset, t['fam']))
    for key, (cls, cleared) in host.alarms.items():
        state, got = last.get(key, ('none', 'no alarm'))
        alarms.add(cls, got, key)
        if cleared:
            alarms.add('cleared', 'cleared' if state == 'cleared' else 'left open', key)


def main():
    exe = os.path.abspath(sys.argv[1])
    records = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    faults = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 20261123
    classes, families, facts, alarms = Table(), Table(), Table(), Table()
    total = planted = hurt = 0
    for number in range(8):
        rng = random.Random(seed * 8 + number)
        host = Host(number, FORMS[number % 4], rng)
        names = Names(rng)
        planted += plan(host, rng, records // 8, faults // 8, names)
        with tempfile.TemporaryDirectory(prefix='truecause-accuracy-') as folder:
            truth, files, n = write(host, folder, rng)
            hurt += n
            total += sum(len(t) for t in truth.values())
            with subprocess.Popen([exe, 'export', '--host', host.name, '--zone', host.zone] + files, stdout=subprocess.PIPE,
                                  encoding='utf-8') as run:
                compare(host, run.stdout, truth, classes, families, facts, alarms, folder)
            if run.returncode not in (0, 1):
                sys.exit('export ended with %d' % run.returncode)
    print('%d records of 8 hosts, %d of them planted faults, %d damaged, seed %d\n' % (total, planted, hurt, seed))
    worst = min(t.show(title) for t, title in ((classes, 'class of the event'), (families, 'family'), (facts, 'fact'), (alarms, 'class of the alarm')))
    wrong = [w for t in (classes, facts, alarms) for w in t.wrong]
    for w in wrong[:40]:
        print('wrong:', w)
    print('least: %.3f %% (target %.1f %%)' % (worst, TARGET))
    sys.exit(0 if worst >= TARGET else 1)


main()
