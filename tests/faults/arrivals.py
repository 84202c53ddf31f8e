# SPDX-License-Identifier: BSD-2-Clause
"""What reaches the daemon otherwise than by a log that grows, with the interface of
logs.Log: whole files in a drop folder, copies of a binary event log, traps.  Their
records carry the same marks."""
import collections
import os
import socket
import struct
import sys

from logs import EPOCH, RECORDS_A_SECOND, block_of, text_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import trap_send  # noqa: E402


class Dropped:
    """Whole files, put into a folder in every way that is allowed."""
    unordered = True  # several files are read at a time
    best_effort = False
    failures = False
    whole = None

    def __init__(self, folder, code):
        self.folder, self.code, self.host = folder, code, "HOST" + code
        os.mkdir(folder)
        self.written = self.made = 0
        self.files = 0
        self.slow = None  # a file that its writer has not closed, and the rest of it

    def _path(self, suffix=""):
        return os.path.join(self.folder, "%06d.log%s" % (self.files, suffix))

    def append(self, count, choice):
        self.finish_record()
        data = block_of(self.code, self.made, count, False)
        self.made += count
        self.files += 1
        how = choice.choice(("renamed", "closed", "slow", "grown"))
        if how == "grown" and os.path.exists(os.path.join(self.folder, "%06d.log" % (self.files - 1))):
            self.files -= 1
            with open(self._path(), "ab") as f:
                f.write(data)
        elif how == "slow":
            f = open(self._path(), "wb", buffering=0)
            half = choice.randrange(len(data))
            f.write(data[:half])
            self.slow = f, data[half:]
            return
        elif how == "renamed":
            with open(self._path(".tmp"), "wb") as f:
                f.write(data)
            os.rename(self._path(".tmp"), self._path())
        else:
            with open(self._path(), "wb") as f:
                f.write(data)
        self.written = self.made

    def finish_record(self):
        if self.slow:
            f, rest = self.slow
            f.write(rest)
            f.close()
            self.slow = None
            self.written = self.made

    def text(self, n):
        return text_of(self.code, n, False)

    def tidy(self, keep=3):
        """Removes what was read long ago."""
        for name in sorted(os.listdir(self.folder))[:-keep or None]:
            os.unlink(os.path.join(self.folder, name))

    def close(self):
        self.finish_record()


class EventLog:
    """A binary event log (.evt) that is copied again and again while it grows, wraps
    and is cleared.  What nobody has read yet is not overwritten: that would be a
    loss of the copying, which the daemon can only count."""
    unordered = best_effort = failures = False
    whole = None
    HEADER, SIZE, LEAST = 48, 64 * 1024, 56

    def __init__(self, folder, code):
        self.folder, self.code, self.host = folder, code, "HOST" + code
        os.mkdir(folder)
        self.path = os.path.join(folder, "AppEvent.Evt")
        self.written = self.made = 0
        self.is_read = lambda n: False
        self.shown = None  # the header as it was when it was last right
        self.clear()

    def clear(self):
        self.ring = bytearray(self.SIZE)
        self.live = collections.deque()  # number of the mark, offset
        self.at, self.number = self.HEADER, 1
        self.oldest = 0
        self.copies = 0

    def _record(self, n):
        names = ("SMS\0" + self.host + "\0").encode("utf-16-le")
        text = (self.text(n) + "\0").encode("utf-16-le")
        when = EPOCH + n // RECORDS_A_SECOND
        strings = self.LEAST + len(names) + -len(names) % 4
        end = strings + len(text)
        length = end + -end % 4 + 4
        fixed = struct.pack("<I4s4I4H6I", length, b"LfLe", self.number, when, when, 999, 4, 1, 0, 0, 0, strings, 0,
                            strings, 0, end)
        return (fixed + names).ljust(strings, b"\0") + text + b"\0" * (-end % 4) + struct.pack("<I", length)

    def _free(self):
        """Bytes from where the next record goes to the oldest one."""
        if not self.live:
            return self.SIZE - self.HEADER
        return (self.live[0][1] - self.at) % (self.SIZE - self.HEADER)

    def _put(self, data):
        first = min(len(data), self.SIZE - self.at)
        self.ring[self.at:self.at + first] = data[:first]
        self.ring[self.HEADER:self.HEADER + len(data) - first] = data[first:]
        self.at += len(data)
        if self.at >= self.SIZE:
            self.at -= self.SIZE - self.HEADER

    def _append_one(self):
        """False when an unread record is in the way."""
        record = self._record(self.made)
        room = self.SIZE - self.at
        fill = room if room < self.LEAST else 0
        while self._free() <= fill + len(record) + 40:
            if not self.is_read(self.live[0][0]):
                return False
            self.live.popleft()
        if fill:
            self.ring[self.at:] = struct.pack("<I", 0x27) * (fill // 4)
            self.at = self.HEADER
        self.live.append((self.made, self.at))
        self._put(record)
        self.number += 1
        self.made += 1
        return True

    def append(self, count, choice):
        for _ in range(count):
            if not self._append_one():
                break
        self._copy(choice)
        self.written = self.made

    def _copy(self, choice):
        if not self.live:
            return
        oldest = self.number - len(self.live)
        end = self.at
        mark = struct.pack("<10I", 40, 0x11111111, 0x22222222, 0x33333333, 0x44444444, self.live[0][1], end, self.number,
                           oldest, 40)
        self._put(mark)
        self.at = end
        header = struct.pack("<I4s10I", 48, b"LfLe", 1, 1, self.live[0][1], end, self.number, oldest, self.SIZE, 0, 0, 48)
        if self.copies and choice.random() < 0.5:  # copied while the service runs
            header = self.shown[:36] + struct.pack("<I", 1) + self.shown[40:]
        else:
            self.shown = header
        self.copies += 1
        self.ring[:self.HEADER] = header
        if choice.random() < 0.5:
            with open(self.path + ".tmp", "wb") as f:
                f.write(self.ring)
            os.rename(self.path + ".tmp", self.path)
            return
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb", buffering=0) as f:
            for at in range(0, self.SIZE, 8192):
                f.write(self.ring[at:at + 8192])

    def text(self, n):
        return "Waiting for ready instruction file, mark #%s%09d#" % (self.code, n)

    def finish_record(self):
        pass

    tidy = close = finish_record


class Traps:
    """Translated events as traps.  Who sends them learns nothing of their fate, so none
    is owed to anybody; but what one target has the other must get."""
    unordered = best_effort = True
    failures = False
    whole = None

    def __init__(self, code, port):
        self.code, self.host, self.port = code, "HOST" + code, port
        self.written = self.made = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def append(self, count, choice):
        for _ in range(count):
            n = self.made
            self.made += 1
            self.socket.sendto(trap_send.event_trap(999, self.text(n), self.host, n), ("127.0.0.1", self.port))
        self.written = self.made

    def text(self, n):
        return "Waiting for ready instruction file, mark #%s%09d#" % (self.code, n)

    def finish_record(self):
        pass

    tidy = finish_record

    def close(self):
        self.socket.close()
