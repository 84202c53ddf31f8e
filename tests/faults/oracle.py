# SPDX-License-Identifier: BSD-2-Clause
"""What was written, and what of it arrived where.

Each record written is an obligation to each acknowledging target.  A target's
view counts what it got by number; the text of each record is known from its
number (logs.py), so nothing can be invented and nothing altered unseen.
"""
import collections
import os
import re
import xml.sax.saxutils

from logs import MARK

ID = re.compile(rb'(?:<|\[truecause@\d+ |<[a-z]+ )[^>\]]*?\bid="([0-9a-f]{32})"')
SEQ = re.compile(rb'\[truecause@\d+ (?:[^\]"]|"(?:[^"\\]|\\.)*")*? seq="(\d+)"')
TEXT = re.compile(rb"<text>(.*?)</text>")
MISSING, GOT, GONE = 0, 1, 2  # GONE: acknowledged, then lost with the receiver
IDS_KEPT = 30000


class Violation(Exception):
    pass


class Counts:
    """One log's records at one target."""

    def __init__(self):
        self.state = bytearray()
        self.highest = -1
        self.first_missing = 0

    def take(self, n, read):
        """'first', 'again' or 'late' (a first time, after a higher number)."""
        if n >= len(self.state):
            self.state.extend(bytes(n + 100000 - len(self.state)))
        before = self.state[n]
        if read or before == MISSING:
            self.state[n] = GOT if read else GONE
        if before == GOT:
            return "again"
        late = n < self.highest and before == MISSING
        self.highest = max(self.highest, n)
        return "late" if late else "first"

    def has(self, n):
        return n < len(self.state) and self.state[n] == GOT

    def missing(self, upto):
        """Numbers below 'upto' that never came (those gone with a receiver are not among them)."""
        self.take_room(upto)
        at, out = self.first_missing, []
        while (at := self.state.find(MISSING, at, upto)) >= 0:
            out.append(at)
            at += 1
        self.first_missing = out[0] if out else upto
        return out

    def complete(self, upto):
        self.take_room(upto)
        at = self.state.find(MISSING, self.first_missing, upto)
        self.first_missing = at if at >= 0 else upto
        return at < 0

    def take_room(self, upto):
        if upto > len(self.state):
            self.state.extend(bytes(upto + 100000 - len(self.state)))

    def gone(self):
        return self.state.count(GONE)


class View:
    """What one target has."""

    def __init__(self, name, logs, gaps_allowed=False):
        self.name, self.logs = name, logs
        self.gaps_allowed = gaps_allowed  # drop-oldest
        self.counts = {code: Counts() for code in logs}
        self.items = self.events = self.again = self.runs_again = self.longest_again = 0
        self.run = 0
        self.violations = []
        self.seq_of = collections.OrderedDict()
        self.seq_highest = 0
        self.alarms = collections.OrderedDict()
        self.escalated = set()  # keys that weighed more for having stood for long
        self.other = None  # the view whose records of best effort have to be here as well

    def wrong(self, what, line):
        if len(self.violations) < 20:
            self.violations.append("%s: %s: %.300r" % (self.name, what, line))

    def _count(self, repeated):
        self.items += 1
        if repeated:
            self.again += 1
            self.run += 1
            self.runs_again += self.run == 1
            self.longest_again = max(self.longest_again, self.run)
        else:
            self.run = 0

    def _event(self, code, n, read, line):
        self.events += 1
        how = self.counts[code].take(n, read)
        if how == "late" and not self.gaps_allowed and not self.logs[code].unordered:
            self.wrong("order: number %d of log %s came late" % (n, code), line)
        self._count(how == "again")

    def _known(self, line):
        """The log and number of an event's line, checked against what was written."""
        m = MARK.search(line)
        if not m:
            return None
        code, n = m.group(1).decode(), int(m.group(2))
        log = self.logs.get(code)
        if log is None or n >= log.made:
            self.wrong("invented: a record that was never written", line)
            return None
        return code, n

    # --- XML lines -------------------------------------------------------------
    def xml_line(self, line):
        if line.startswith(b"<event "):
            known = self._known(line)
            if not known:
                if b' class="self"' not in line[:120]:
                    self.wrong("invented: an event without a mark", line)
                return
            text = TEXT.search(line)
            want = xml.sax.saxutils.escape(self.logs[known[0]].text(known[1])).encode()
            if not text or text.group(1) != want:
                self.wrong("altered: want %r" % want, line)
            self._event(*known, True, line)
        elif line.startswith(b"<alarm "):
            self._alarm(line)
        elif not line.startswith((b"<?xml ", b"<events ", b"</events>", b"<notice ")):
            self.wrong("not a line of the archive", line)

    def _alarm(self, line):
        ident = ID.match(line)
        fields = dict(re.findall(r' (key|state|class|count|first|last|reason)="([^"]*)"',
                                 line[:line.index(b">")].decode()))
        if not ident:
            self.wrong("an alarm without an id", line)
            return
        repeated = ident.group(1) in self.seq_of
        self._remember(ident.group(1), 0)
        self._count(repeated)
        if fields.get("reason", "").startswith("escalated"):
            self.escalated.add(fields["key"])
        if not repeated:
            self.alarms.pop(fields["key"], None)
            self.alarms[fields["key"]] = fields

    def _remember(self, ident, seq):
        self.seq_of[ident] = seq
        if len(self.seq_of) > IDS_KEPT:
            self.seq_of.popitem(last=False)

    # --- syslog messages -----------------------------------------------------------
    def message(self, connection, message, read):
        ident, seq = ID.search(message), SEQ.search(message)
        if b' kind="heartbeat"' in message:
            return  # tells the last number, and has none of its own
        if not seq:
            self.wrong("a message without seq", message)
            return
        number = int(seq.group(1))
        repeated = number <= self.seq_highest
        if connection is not None:
            self._sequence(connection, number, message)
        self.seq_highest = max(self.seq_highest, number)
        if ident:
            known_seq = self.seq_of.get(ident.group(1))
            if known_seq is not None and known_seq != number:
                self.wrong("seq: sent as %d, again as %d" % (known_seq, number), message)
            self._remember(ident.group(1), number)
        if b"[alarm " in message[:200]:
            self._count(repeated)
            return
        known = self._known(message)
        if known is None:
            self._count(repeated)
            return
        text = self.logs[known[0]].text(known[1])
        plain = text.lstrip("~").encode()
        escaped = text.replace("\\", "\\\\").encode()
        if plain not in message and escaped not in message:
            self.wrong("altered: want %r" % plain, message)
        self._event(*known, read, message)

    def _sequence(self, connection, number, message):
        """On one connection numbers follow each other; a new one may only go back,
        or on where the last one ended."""
        if connection.last_seq is not None:
            if number != connection.last_seq + 1 and not self.gaps_allowed:
                self.wrong("seq: %d follows %d on one connection" % (number, connection.last_seq), message)
        elif number > self.seq_highest + 1 and not self.gaps_allowed:
            self.wrong("seq: a connection begins with %d, %d was the last" % (number, self.seq_highest), message)
        connection.last_seq = number

    # --- verdicts --------------------------------------------------------------------
    def complete(self):
        return all(self.counts[code].complete(log.written) for code, log in self.logs.items() if not log.best_effort) \
            and not any(self._lacks(code) for code, log in self.logs.items() if log.best_effort)

    def _lacks(self, code):
        """Numbers that the other view has, of records that nobody owes."""
        if not self.other:
            return []
        mine, theirs = self.counts[code].state, self.other.counts[code].state
        return [n for n, state in enumerate(theirs) if state != MISSING and (n >= len(mine) or mine[n] == MISSING)]

    def missing(self):
        return {code: missing for code, log in self.logs.items()
                if (missing := self._lacks(code) if log.best_effort else self.counts[code].missing(log.written))}

    def gone(self):
        return sum(c.gone() for c in self.counts.values())


class Archive:
    """Reads what is new in a growing XML file, whole lines only, over the archive's
    own rotation.  Dated files that are read to their end are removed."""

    def __init__(self, path, view):
        self.path, self.view = path, view
        self.folder, name = os.path.split(path)
        self.dated = re.compile(re.escape(name[:-4]) + r"-\d{8}-\d{6}.*\.xml")
        self.read = {}  # inode -> bytes

    def look(self):
        # A file that is renamed meanwhile is still read in order: what is newer
        # than it waits for the next look.
        files = []
        for name in os.listdir(self.folder):
            if self.dated.fullmatch(name):
                path = os.path.join(self.folder, name)
                files.append((os.stat(path).st_mtime_ns, path))
        try:
            live = open(self.path, "rb")
        except FileNotFoundError:
            live = None
        for _, path in sorted(files):
            with open(path, "rb") as f:
                inode = os.fstat(f.fileno()).st_ino
                if live and inode == os.fstat(live.fileno()).st_ino:
                    break
                if not self._lines(f, inode):
                    self.view.wrong("a dated file without its end", path.encode())
            os.unlink(path)
            del self.read[inode]
        if live:
            if not self._renamed_meanwhile(files):
                self._lines(live, os.fstat(live.fileno()).st_ino)
            live.close()

    def _renamed_meanwhile(self, seen):
        return any(self.dated.fullmatch(name) and os.path.join(self.folder, name) not in [p for _, p in seen]
                   for name in os.listdir(self.folder))

    def _lines(self, f, inode):
        """True when the closing tag was seen."""
        f.seek(self.read.setdefault(inode, 0))
        data = f.read()
        for line in data[:data.rfind(b"\n") + 1].splitlines(keepends=True):
            if line == b"</events>\n":
                return True  # cut off when writing goes on
            self.view.xml_line(line)
            self.read[inode] += len(line)
        return False
