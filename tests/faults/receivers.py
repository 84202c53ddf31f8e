# SPDX-License-Identifier: BSD-2-Clause
"""Receivers that misbehave on demand, and keep account of what their kernel took.

A TCP receiver can go away in three ways:
  drain  it stops the peer first, reads all that was acknowledged, then closes;
  kill   the same on the wire, but what was acknowledged and not read is lost:
         it is put aside, so that the loss is known and not guessed;
  reset  it closes at once with RST, in the middle of whatever is under way, and
         what was not read is put aside, too.
What stands on the bytes (octet counts, TLS, RELP) is a wire: see wires.py.
"""
import ctypes
import queue
import select
import socket
import struct
import threading
import time

from ports import free_port
from wires import Octets, Refused

PIECE = 1 << 16
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27


def deafen(sock):
    """From here on its kernel takes nothing more, and acknowledges nothing."""
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # BPF: return 0
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(drop)))


class Connection:
    def __init__(self, sock, wire):
        self.sock, self.wire, self.next_byte = sock, wire, 0.0
        self.last_seq = None

    def answer(self):
        data = self.wire.replies()
        while data:
            try:
                data = data[self.sock.send(data):]
            except BlockingIOError:
                select.select([], [self.sock], [], 5)


class TcpReceiver(threading.Thread):
    """'take(connection, message, read)' is called for each message, from this
    thread; 'read' False: acknowledged by the kernel, and lost with the receiver.
    Orders from other threads are carried out between two looks at the sockets."""

    def __init__(self, take, away=False, wire=Octets, room=16384):
        super().__init__(daemon=True)
        self.take = take
        self.wire = wire  # makes one for each connection; may be set while it runs
        self.room = room  # of the kernel's buffer; None: as the system has it
        self.orders = queue.SimpleQueue()
        self.listener = None
        self.connections = []
        self.stuck = False
        self.rounds = 0
        self.slow_until = 0.0
        self.stopping = False
        self.broken = None
        self.made = self.resets = self.refused = 0
        self.port = free_port()
        if not away:
            self._back()

    @property
    def away(self):
        return self.listener is None

    # --- orders, from any thread ---------------------------------------------
    def hold(self):
        """Reads nothing that comes after the return, as 'stuck' does after a round."""
        self.stuck = True
        before = self.rounds
        while self.rounds == before and self.is_alive():
            time.sleep(0.001)

    def back(self):
        self._order(self._back)

    def leave(self, how):
        self._order(lambda: self._leave(how))

    def reset_connections(self):
        """RST on what is open; it goes on listening."""
        self._order(lambda: self._close_all("reset"))

    def slow(self, seconds):
        """One byte at a time, with a pause."""
        self.slow_until = time.monotonic() + seconds

    def stop(self):
        if self.is_alive():
            self.leave("drain")
            self.stopping = True
            self.join(5)

    def _order(self, what):
        done = threading.Event()
        self.orders.put((what, done))
        while not done.wait(0.1):
            if not self.is_alive():
                raise RuntimeError("receiver has ended: %s" % self.broken)

    # --- its thread -----------------------------------------------------------
    def run(self):
        try:
            while not self.stopping:
                self._round()
                while not self.orders.empty():
                    what, done = self.orders.get()
                    what()
                    done.set()
        except Exception as e:  # told by whoever looks at 'broken'
            self.broken = e

    def _back(self):
        if self.listener:
            return
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Small, so that a receiver that does not read is noticed soon.
        if self.room:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.room)
        s.bind(("127.0.0.1", self.port))
        s.listen(8)
        self.listener = s
        self.stuck = False

    def _leave(self, how):
        if self.listener:
            # What connected and was not accepted is a connection to its peer.
            while select.select([self.listener], [], [], 0)[0]:
                self.connections.append(Connection(self.listener.accept()[0], self.wire()))
            self.listener.close()
            self.listener = None
        self._close_all(how)

    def _close_all(self, how):
        for c in self.connections:
            self._close(c, how)
        self.connections = []

    def _close(self, c, how):
        # From here on this kernel acknowledges nothing more on this connection.
        deafen(c.sock)
        c.sock.setblocking(False)
        try:
            while data := c.sock.recv(PIECE):
                for message in c.wire.feed(data):
                    self.take(c, message, how == "drain")
        except (OSError, Refused):
            pass  # all is read
        try:
            if how == "drain":
                c.wire.end()
                c.answer()
                # The peer shall see the end, and what it sent meanwhile is answered by RST.
                c.sock.shutdown(socket.SHUT_RDWR)
                c.sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        except OSError:
            pass
        if how != "drain":
            self.resets += how == "reset"
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.sock.close()

    def _round(self):
        self.rounds += 1
        watched = [] if self.stuck else [c.sock for c in self.connections]
        if self.listener:
            watched.append(self.listener)
        if not watched:
            time.sleep(0.005)
            return
        ready = select.select(watched, [], [], 0.005)[0]
        if self.listener in ready:
            self.connections.append(Connection(self.listener.accept()[0], self.wire()))
            self.made += 1
        slow = time.monotonic() < self.slow_until
        for c in [c for c in self.connections if c.sock in ready]:
            if slow and time.monotonic() < c.next_byte:
                continue
            c.next_byte = time.monotonic() + 0.2
            self._read(c, 1 if slow else PIECE)

    def _read(self, c, n):
        try:
            data = c.sock.recv(n)
        except OSError:
            data = b""
        try:
            for message in c.wire.feed(data):
                self.take(c, message, True)
            c.answer()
        except Refused:
            self.refused += 1
            data = b""
        except OSError:
            data = b""
        if not data:
            self._end(c)

    def _end(self, c):
        """The peer has ended, or is not wanted: told why, where the wire has words for it."""
        try:
            c.answer()
        except OSError:
            pass
        c.sock.close()
        self.connections.remove(c)


class UdpReceiver(threading.Thread):
    """Calls 'take(datagram)' for each.  Away, it is as if no program had the port."""

    def __init__(self, take):
        super().__init__(daemon=True)
        self.take = take
        self.port = free_port()
        self.count = self.made = 0
        self.stopping = False
        self.broken = None
        self.back()

    def back(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        s.bind(("127.0.0.1", self.port))
        s.settimeout(0.2)
        self.leaving, self.left = False, threading.Event()
        self.sock = s

    def leave(self, how):
        """What the kernel has is read before; 'how' is as if it were "drain"."""
        self.leaving = True
        self.left.wait(5)

    def _read(self):
        try:
            data = self.sock.recv(PIECE)
        except (socket.timeout, BlockingIOError):
            data = None
        if data is None and self.leaving:
            self.sock.close()
            self.sock = None
            self.left.set()
        return data

    def run(self):
        while not self.stopping:
            if self.sock is None:
                time.sleep(0.01)
                continue
            if self.leaving:
                self.sock.setblocking(False)
            data = self._read()
            if data is None:
                continue
            self.count += 1
            try:
                self.take(data)
            except Exception as e:
                self.broken = e
                return

    def stop(self):
        self.stopping = True
        self.join(5)
        if self.sock:
            self.sock.close()
