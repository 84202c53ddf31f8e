# SPDX-License-Identifier: BSD-2-Clause
"""A path of UDP between a sender and a receiver: what goes through is measured, and
can be lost, doubled, held back or stopped on demand.  The sender's port stays apart:
each peer of the front has a socket of its own towards the receiver."""
import random
import select
import socket
import threading
import time

PIECE = 1 << 16


class Relay(threading.Thread):
    def __init__(self, port=0, seed=1):
        super().__init__(daemon=True)
        self.front = self._socket()
        self.port = self.front.getsockname()[1]
        self.to = port  # of the receiver; may change
        self.random = random.Random(seed)
        self.lose = self.double = 0.0  # of each datagram, either way
        self.delay = 0.0  # seconds at most, each its own: so the order changes
        self.stopped = False  # takes all and passes nothing
        self.note = None  # called with each datagram from the front, in their order
        self.largest = self.there = self.back = self.lost = 0
        self.backs = {}  # sender's address -> socket
        self.late = []  # (when, socket, datagram, address)
        self.ending = False

    @staticmethod
    def _socket():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind(("127.0.0.1", 0))
        s.setblocking(False)
        return s

    def run(self):
        while not self.ending:
            wait = 0.05 if not self.late else max(0, min(0.05, min(l[0] for l in self.late) - time.monotonic()))
            senders = {s: a for a, s in self.backs.items()}
            for s in select.select([self.front, *senders], [], [], wait)[0]:
                self._take(s, senders.get(s))
            self._pass_late()

    def _take(self, s, sender):
        """All that is there; 'sender' None: from the front."""
        while True:
            try:
                data, address = s.recvfrom(PIECE)
            except OSError:
                return
            if sender is None:
                self.there += 1
                self.largest = max(self.largest, len(data))
                if self.note:
                    self.note(data)
                if address not in self.backs:
                    self.backs[address] = self._socket()
                self._pass(self.backs[address], data, ("127.0.0.1", self.to))
            else:
                self.back += 1
                self._pass(self.front, data, sender)

    def _pass(self, s, data, address):
        if self.stopped or self.random.random() < self.lose:
            self.lost += 1
            return
        for _ in range(2 if self.random.random() < self.double else 1):
            self.late.append((time.monotonic() + self.random.random() * self.delay, s, data, address))

    def _pass_late(self):
        now = time.monotonic()
        due = [l for l in self.late if l[0] <= now]
        self.late = [l for l in self.late if l[0] > now]
        for _, s, data, address in sorted(due, key=lambda l: l[0]):
            try:
                s.sendto(data, address)
            except OSError:
                self.lost += 1

    def stop(self):
        self.ending = True
        self.join(5)
        for s in (self.front, *self.backs.values()):
            s.close()
