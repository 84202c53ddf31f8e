# SPDX-License-Identifier: BSD-2-Clause
"""Logs that are written and rotated, every record known by its number.

Used by the campaign, the rotation rounds, the soak and the equality test.  A
record of log A with number 17 carries the mark #A000000017#; its text follows
from log and number alone, so that whoever receives it can be checked without a
store of what was sent.  'whole' is the same log as it would be had nobody ever
rotated it: what "truecause export" is asked about.
"""
import gzip
import os
import re
import shutil
import time

MARK = re.compile(rb"#([A-Z])(\d{9})#")
# Time of record 0: recent, so that nothing is history, escalates or ages.
EPOCH = int(time.time()) - 3600
BOM = b"\xff\xfe"
# Files of one scheme of names are ordered by their names, schemes among each other
# by time, which moves in ticks of a file system of up to 10 ms.
TICK = 0.011
RECORDS_A_SECOND = 1000

WORK = (
    "Waiting for ready instruction file",
    "got access to SQL Server",
    "Successfully loaded Site information",
    "Memory usage: blocks=0 bytes=0",
    "Adding group: MICROSOFT|MOUSE|1.0",
    "Use drive E for storing the compressed package",
)


def text_of(code, n, failures):
    """The record's text.  Of twenty records with failures one copy fails; most
    are copied later, so that alarms come, go, and some stay open."""
    turn, block = n % 20, n // 20
    if failures and turn in (7, 13, 17):
        package = "DOG%05X" % (block % 38)  # an odd block is copied in the end, an even one stays
        if turn == 7:
            how = "Failed, Win32 Error = %s" % ("32" if block % 3 else "112")
        elif turn == 17 and block % 2:
            how = "OK"  # of the file that failed
        elif turn == 13:
            return "Mark #%s%09d# between" % (code, n)
        else:
            return "Mark #%s%09d# later" % (code, n)
        name = "f%09d.EXE" % block
        return "~Copying E:\\#%s%09d#\\%s to E:\\SMS_PKGE\\%s\\%s, %s" % (code, n, name, package, name, how)
    return "%s, mark #%s%09d#" % (WORK[n % len(WORK)], code, n)


def trailer_of(n):
    at = time.gmtime(EPOCH + n // RECORDS_A_SECOND)
    return "  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n" % time.strftime("%a %b %d %H:%M:%S %Y", at)


def block_of(code, first, count, failures):
    """'count' records from number 'first', as bytes."""
    out = []
    second, trailer = None, ""
    for n in range(first, first + count):
        if n // RECORDS_A_SECOND != second:
            second, trailer = n // RECORDS_A_SECOND, trailer_of(n)
        out.append(text_of(code, n, failures))
        out.append(trailer)
    return "".join(out).encode("ascii")


class Log:
    """One log: its live file, its generations, and its numbers."""

    unordered = False  # its records arrive in their order
    best_effort = False  # each of them is owed to each target that acknowledges

    def __init__(self, folder, code, utf16=False, failures=False, whole=None, start=0):
        self.folder, self.code, self.utf16, self.failures = folder, code, utf16, failures
        self.stem = "Despool" if code == "A" else "Despool%s" % code
        self.path = os.path.join(folder, self.stem + ".log")
        self.host = "HOST" + code
        self.written = start  # records that are whole in the file
        self.made = start  # records begun
        self.pending = b""  # the rest of a record that is half written
        self.whole = open(whole, "wb") if whole else None
        self.dated = 0
        self.live = None
        self.generation_of = {}  # generation's name -> last number in it
        self._open("xb")
        if self.whole and utf16:
            self.whole.write(BOM)

    def _open(self, mode):
        self.live = open(self.path, mode, buffering=0)
        if self.utf16 and self.live.tell() == 0:
            self.live.write(BOM)

    def _encode(self, data):
        return data.decode("ascii").encode("utf-16-le") if self.utf16 else data

    def append(self, count, cut=None):
        """Writes 'count' more records.  With 'cut' (a random.Random) the last of
        them may stay half written until the next append."""
        data = self.pending + self._encode(block_of(self.code, self.made, count, self.failures))
        if self.whole:
            self.whole.write(data[len(self.pending):])
        self.made += count
        self.pending = b""
        if cut and count and cut.random() < 0.3:
            keep = cut.randrange(1, 60)
            data, self.pending = data[:-keep], data[-keep:]
        self._write(data)
        self.written = self.made - (1 if self.pending else 0)

    def _write(self, data):
        while data:
            data = data[self.live.write(data):]

    def finish_record(self):
        self._write(self.pending)
        self.pending = b""
        self.written = self.made

    def text(self, n):
        return text_of(self.code, n, self.failures)

    # --- rotation: each leaves whole records behind -------------------------
    KINDS = ("rename", "numbered", "dated", "copytruncate", "recreate", "gzip", "newer-copy", "regrow")
    # What may only be done to a log that has been read to its end, because the
    # bytes are gone afterwards.
    DESTROYING = ("rename", "recreate", "regrow")

    def rotate(self, kind):
        self.finish_record()
        getattr(self, "_" + kind.replace("-", "_"))()
        time.sleep(TICK)

    def _rename(self):
        """Despool.log -> Despool.lo_, over the one before."""
        self._move_to(os.path.join(self.folder, self.stem + ".lo_"))

    def _move_to(self, to):
        self.live.close()
        os.rename(self.path, to)
        self._open("xb")

    def _shift_numbers(self):
        numbered = []
        for name in os.listdir(self.folder):
            m = re.fullmatch(re.escape(self.stem) + r"\.log\.(\d+)(\.gz)?", name)
            if m:
                numbered.append((int(m.group(1)), m.group(2) or ""))
        for number, suffix in sorted(numbered, reverse=True):
            base = self.path + "."
            os.rename("%s%d%s" % (base, number, suffix), "%s%d%s" % (base, number + 1, suffix))

    def _numbered(self):
        self._shift_numbers()
        self._move_to(self.path + ".1")

    def _dated(self):
        # A time of its own for each, in the order of rotation.
        self.dated += 1
        at = time.gmtime(EPOCH + self.dated)
        self._move_to(os.path.join(self.folder, time.strftime(self.stem + "-%Y%m%d-%H%M%S.log", at)))

    def _copytruncate(self):
        """The writer waits between copy and truncate; see rotate.py for one that does not."""
        self._shift_numbers()
        shutil.copyfile(self.path, self.path + ".1")
        self.live.close()
        os.truncate(self.path, 0)
        self._open("ab")

    def _recreate(self):
        self.live.close()
        os.unlink(self.path)
        self._open("xb")

    def _gzip(self):
        self._numbered()
        first = self.path + ".1"
        with open(first, "rb") as plain, gzip.open(first + ".gz", "wb", compresslevel=1) as packed:
            shutil.copyfileobj(plain, packed)
        os.unlink(first)

    def _newer_copy(self):
        """The same log, longer, as another file (a scheduled copy job)."""
        new = os.path.join(self.folder, ".%s.copying" % self.stem)
        shutil.copyfile(self.path, new)
        os.rename(new, self.path)
        self.live.close()
        self._open("ab")
        self.append(3)

    def _regrow(self):
        """Shrinks, and is longer than before when it is looked at again."""
        size = os.path.getsize(self.path)
        more = []
        grown = len(BOM) if self.utf16 else 0
        while grown <= size + 200:
            data = self._encode(block_of(self.code, self.made, 50, self.failures))
            self.made += 50
            more.append(data)
            grown += len(data)
        data = b"".join(more)
        if self.whole:
            self.whole.write(data)
        self.live.close()
        os.truncate(self.path, 0)
        self._open("ab")
        self._write(data)
        self.written = self.made

    def tidy(self, keep=3):
        """Removes generations but the newest few; for logs that are read to their end."""
        names = []
        for name in os.listdir(self.folder):
            if name.startswith((self.stem + ".log.", self.stem + "-")):
                path = os.path.join(self.folder, name)
                names.append((os.stat(path).st_mtime_ns, path))
        for _, path in sorted(names)[:-keep or None]:
            os.unlink(path)

    def close(self):
        self.finish_record()
        self.live.close()
        if self.whole:
            self.whole.close()
