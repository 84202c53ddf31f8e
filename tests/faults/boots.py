# SPDX-License-Identifier: BSD-2-Clause
"""The engine that SNMPv3 traps claim to come from (RFC 3414, section 2.4), read off the
datagrams: its id must never change, its boots must rise with each start and be the same
until the next, its time must not run backwards while they are."""


def element(data, at):
    """Tag, start and end of the content of the BER element at 'at'."""
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[start:start + count], "big"), start + count
    if start + length > len(data):
        raise ValueError("an element longer than its datagram")
    return tag, start, start + length


def number(data, start, end):
    return int.from_bytes(data[start:end], "big", signed=True)


def engine_of(data):
    """(id, boots, time) of an SNMPv3 message."""
    _, at, _ = element(data, 0)
    _, start, end = element(data, at)
    if number(data, start, end) != 3:
        raise ValueError("not SNMPv3")
    _, _, end = element(data, end)  # msgGlobalData
    _, at, _ = element(data, end)  # msgSecurityParameters, an OCTET STRING around a SEQUENCE
    _, at, _ = element(data, at)
    _, start, end = element(data, at)
    engine = data[start:end]
    _, start, end = element(data, end)
    boots = number(data, start, end)
    _, start, end = element(data, end)
    return engine, boots, number(data, start, end)


class Boots:
    def __init__(self):
        self.engine, self.boots, self.time = None, 0, 0
        self.lives = self.count = 0  # starts that were heard of
        self.before = 0  # boots of the lives that are over
        self.violations = []

    def started(self):
        """A new life begins, and nothing of the one before is under way."""
        self.before = self.boots

    def take(self, data):
        engine, boots, now = engine_of(data)
        self.count += 1
        if self.engine is None:
            self.engine = engine
        elif engine != self.engine:
            self._wrong("engine %s, before it %s" % (engine.hex(), self.engine.hex()))
        if boots <= self.before or boots < self.boots:
            self._wrong("boots %d after %d" % (boots, self.boots))
        elif boots > self.boots:
            self.lives += 1
        elif now < self.time:
            self._wrong("time %d after %d, boots %d" % (now, self.time, boots))
        self.boots, self.time = boots, now

    def _wrong(self, what):
        if len(self.violations) < 20:
            self.violations.append("our engine: " + what)

    def __str__(self):
        return "%d traps of %d lives, engine %s, boots %d at last" % (
            self.count, self.lives, self.engine.hex() if self.engine else "none", self.boots)
