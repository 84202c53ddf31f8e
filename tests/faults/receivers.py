# SPDX-License-Identifier: BSD-2-Clause
"""Receivers that misbehave on demand, and keep account of what their kernel took.

A TCP receiver can go away in three ways:
  drain  it stops the peer first, reads all that was acknowledged, then closes;
  kill   the same on the wire, but what was acknowledged and not read is lost:
         it is put aside, so that the loss is known and not guessed;
  reset  it closes at once with RST, in the middle of whatever is under way.
"""
import queue
import select
import socket
import struct
import threading
import time

PIECE = 1 << 16


class Frames:
    """RFC 6587 octet counting, taken apart as bytes come."""

    def __init__(self):
        self.buffer = bytearray()
        self.at = 0

    def feed(self, data):
        self.buffer += data
        while True:
            blank = self.buffer.find(b" ", self.at, self.at + 12)
            if blank < 0:
                if len(self.buffer) - self.at >= 12:
                    raise ValueError("no frame: %r" % bytes(self.buffer[self.at:self.at + 40]))
                break
            end = blank + 1 + int(self.buffer[self.at:blank])
            if end > len(self.buffer):
                break
            yield bytes(self.buffer[blank + 1:end])
            self.at = end
        del self.buffer[:self.at]
        self.at = 0


class Connection:
    def __init__(self, sock):
        self.sock, self.frames, self.next_byte = sock, Frames(), 0.0
        self.last_seq = None


class TcpReceiver(threading.Thread):
    """'take(connection, message, read)' is called for each message, from this
    thread; 'read' False: acknowledged by the kernel, and lost with the receiver.
    Orders from other threads are carried out between two looks at the sockets."""

    def __init__(self, take, away=False):
        super().__init__(daemon=True)
        self.take = take
        self.orders = queue.SimpleQueue()
        self.listener = None
        self.connections = []
        self.stuck = False
        self.slow_until = 0.0
        self.stopping = False
        self.broken = None
        self.made = self.resets = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        if not away:
            self._back()

    @property
    def away(self):
        return self.listener is None

    # --- orders, from any thread ---------------------------------------------
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
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        s.bind(("127.0.0.1", self.port))
        s.listen(8)
        self.listener = s
        self.stuck = False

    def _leave(self, how):
        if self.listener:
            # What connected and was not accepted is a connection to its peer.
            while select.select([self.listener], [], [], 0)[0]:
                self.connections.append(Connection(self.listener.accept()[0]))
            self.listener.close()
            self.listener = None
        self._close_all(how)

    def _close_all(self, how):
        for c in self.connections:
            self._close(c, how)
        self.connections = []

    def _close(self, c, how):
        linger = struct.pack("ii", 1, 0)
        if how == "reset":
            self.resets += 1
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            c.sock.close()
            return
        # From here on this kernel acknowledges nothing more on this connection.
        try:
            c.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        c.sock.setblocking(False)
        try:
            while True:
                data = c.sock.recv(PIECE)
                if not data:
                    break
                for message in c.frames.feed(data):
                    self.take(c, message, how == "drain")
        except OSError:
            pass
        if how == "kill":
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        c.sock.close()

    def _round(self):
        watched = [] if self.stuck else [c.sock for c in self.connections]
        if self.listener:
            watched.append(self.listener)
        if not watched:
            time.sleep(0.005)
            return
        ready = select.select(watched, [], [], 0.005)[0]
        if self.listener in ready:
            self.connections.append(Connection(self.listener.accept()[0]))
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
        if not data:
            c.sock.close()
            self.connections.remove(c)
            return
        for message in c.frames.feed(data):
            self.take(c, message, True)


class UdpReceiver(threading.Thread):
    """Calls 'take(datagram)' for each."""

    def __init__(self, take):
        super().__init__(daemon=True)
        self.take = take
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.2)
        self.port = self.sock.getsockname()[1]
        self.count = 0
        self.stopping = False
        self.broken = None

    def run(self):
        while not self.stopping:
            try:
                data = self.sock.recv(PIECE)
            except socket.timeout:
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
        self.sock.close()
