# SPDX-License-Identifier: BSD-2-Clause
"""What reaches the daemon otherwise than by a log that grows, with the interface of
logs.Log: whole files in a drop folder.  Their records carry the same marks."""
import os

from logs import block_of, text_of


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
