# SPDX-License-Identifier: BSD-2-Clause
"""What is owed to a receiver of informs, and what it got.

The archive of the same daemon, synced to disk, says which changes of alarms there were
and in which order.  A Ledger reads it; a Trail is what one receiver (or several that
stand in for each other) has of it:

  - every change arrives, none is invented, none altered;
  - a repetition carries the number (tcSeq) of the first;
  - for each key the changes come in their order, repetitions included: nothing is
    said of a key, not even again, that is older than what was said of it before: a
    raise never comes after its clear;
  - and when all has settled, the last that was said of each key is the last change.

Where a path may hold a datagram back and let a later one pass, only what was sent can
be judged: a Course has the ids in the order in which they went out.
"""
import collections
import os
import re

ALARM = re.compile(rb'^<alarm id="([0-9a-f]{32})"([^>]*)>')
FIELD = re.compile(rb' (key|state|class|severity)="([^"]*)"')
STATES = {"1": "raised", "2": "updated", "3": "cleared"}


class Ledger:
    """The alarm changes of an archive that grows, with the numbers of their order."""

    def __init__(self, path):
        self.path, self.read = path, 0
        self.changes = {}  # id -> (number, key, state)
        self.last = {}  # key -> id of its last change

    def look(self):
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb") as f:
            f.seek(self.read)
            data = f.read()
        data = data[:data.rfind(b"\n") + 1]
        for line in data.splitlines(keepends=True):
            if line == b"</events>\n":
                return  # cut off when writing goes on
            self.read += len(line)
            found = ALARM.match(line)
            if not found or found.group(1).decode() in self.changes:
                continue
            fields = {name.decode(): value.decode() for name, value in FIELD.findall(found.group(2))}
            ident = found.group(1).decode()
            self.changes[ident] = (len(self.changes), fields["key"], fields["state"])
            self.last[fields["key"]] = ident


def encoded(oid):
    """The content of an OBJECT IDENTIFIER as BER has it (X.690, 8.19)."""
    first, second, *rest = (int(part) for part in oid.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        out += bytes([arc >> shift & 0x7F | (0x80 if shift else 0) for shift in range(28, -1, -7)
                      if arc >> shift or not shift])
    return bytes(out)


class Course:
    """Ids as they were sent in plain text, repetitions included."""

    def __init__(self, name, ledger, oids):
        self.name, self.ledger = name, ledger
        self.key = encoded(oids["key"])
        self.ident = re.compile(re.escape(encoded(oids["id"]) + b"\x04\x20") + b"([0-9a-f]{32})")
        self.newest = {}  # key -> number of the newest change that was sent
        self.waiting = collections.deque()  # the archive may be behind; filled by another thread
        self.count = self.stale = 0
        self.violations = []

    def take(self, datagram):
        """A notice has no key, or no id."""
        found = self.ident.search(datagram)
        if found and self.key in datagram:
            self.waiting.append(found.group(1).decode())

    def look(self):
        while self.waiting and self.waiting[0] in self.ledger.changes:
            number, key, state = self.ledger.changes[self.waiting.popleft()]
            self.count += 1
            if self.newest.get(key, -1) > number:
                self.stale += 1
                if self.stale <= 20:
                    self.violations.append("%s: %s of %s (change %d) was sent after change %d" % (
                        self.name, state, key, number, self.newest[key]))
            self.newest[key] = max(self.newest.get(key, -1), number)

    def settle(self):
        """When nothing is under way: all that is owed was seen, and nothing else."""
        if self.waiting:
            self.violations.append("%s: sent id %s, which is in no archive" % (self.name, self.waiting[0]))
        for key, ident in self.ledger.last.items():
            if self.newest.get(key) != self.ledger.changes[ident][0]:
                self.violations.append("%s: the last change of %s was not seen on the way" % (self.name, key))
                break


class Trail:
    """'oids' gives the objects: key, id, state, seq.  'strict': one receiver, to which
    the path keeps the order."""

    def __init__(self, name, ledger, oids, strict=True):
        self.name, self.ledger, self.oids, self.strict = name, ledger, oids, strict
        self.seq_of = {}  # id -> tcSeq
        self.first = {}  # key -> number of the newest change that came for the first time
        self.said = {}  # key -> id of the last that came
        self.waiting = collections.deque()  # the archive may be behind
        self.notices = self.count = self.again = self.stale = 0
        self.violations = []

    def wrong(self, what):
        if len(self.violations) < 20:
            self.violations.append("%s: %s" % (self.name, what))

    def take(self, varbinds):
        ident = varbinds.get(self.oids["id"])
        if ident is None:
            self.notices += 1
            return
        self.count += 1
        self.waiting.append((ident, varbinds))

    def look(self):
        """In the order in which they came; one that is not in the archive yet holds up the rest."""
        while self.waiting and self.waiting[0][0] in self.ledger.changes:
            self._place(*self.waiting.popleft())

    def _place(self, ident, varbinds):
        number, key, state = self.ledger.changes[ident]
        if varbinds.get(self.oids["key"]) != key or STATES.get(varbinds.get(self.oids["state"])) != state:
            self.wrong("altered: %s of %s came as %s" % (state, key, varbinds))
        seq = int(varbinds[self.oids["seq"]])
        if ident in self.seq_of:
            self.again += 1
            if self.seq_of[ident] != seq:
                self.wrong("%s of %s came as number %d, then as %d" % (state, key, self.seq_of[ident], seq))
            if self.first[key] > number:
                self.stale += 1
                if self.strict:
                    self.wrong("order: %s of %s (change %d) came again after change %d" % (
                        state, key, number, self.first[key]))
        else:
            self.seq_of[ident] = seq
            if self.first.get(key, -1) > number:
                self.wrong("order: %s of %s (change %d) came for the first time after change %d" % (
                    state, key, number, self.first[key]))
            self.first[key] = max(self.first.get(key, -1), number)
        self.said[key] = ident

    def missing(self):
        return [i for i in self.ledger.changes if i not in self.seq_of]

    def complete(self):
        return not self.waiting and len(self.seq_of) == len(self.ledger.changes)

    def settle(self, said=True):
        """Verdicts that hold when nothing is under way."""
        for ident, _ in list(self.waiting)[:1]:
            self.wrong("invented: id %s is in no archive" % ident)
        lost = self.missing()
        if lost:
            self.wrong("lost %d of %d: %s ..." % (
                len(lost), len(self.ledger.changes), [self.ledger.changes[i] for i in lost[:5]]))
        for key, ident in self.ledger.last.items():
            if said and self.said.get(key) not in (None, ident):
                self.wrong("the last word on %s is %s, not %s" % (
                    key, self.ledger.changes[self.said[key]], self.ledger.changes[ident]))
        seqs = set(self.seq_of.values())
        if len(seqs) != len(self.seq_of):
            self.wrong("%d changes share %d numbers" % (len(self.seq_of), len(seqs)))
