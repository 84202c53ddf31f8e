# SPDX-License-Identifier: BSD-2-Clause
"""What stands on the bytes of a connection, for receivers.py: octet-counted frames
(RFC 6587) and those of newlines, the same in TLS (RFC 5425), and RELP.

A wire is fed what the kernel gave and yields whole messages.  'replies()' has the
bytes that go back to the peer, 'end()' adds a farewell to them; 'Refused' says that the
peers do not want each other.
"""
import ssl


class Refused(Exception):
    pass


class Silent:
    """Nothing goes back."""

    def replies(self):
        return b""

    def end(self):
        pass


class Octets(Silent):
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


class Lines(Silent):
    """A message a line."""

    def __init__(self):
        self.buffer = b""

    def feed(self, data):
        *whole, self.buffer = (self.buffer + data).split(b"\n")
        yield from whole


class Tls:
    """'inner' in TLS, this side being the server."""

    def __init__(self, context, inner=Octets):
        self.coming, self.going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.coming, self.going, server_side=True)
        self.inner = inner()
        self.agreed = False

    def feed(self, data):
        self.coming.write(data)
        try:
            if not self.agreed:
                self.tls.do_handshake()
                self.agreed = True
            while plain := self.tls.read(1 << 16):
                yield from self.inner.feed(plain)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        except ssl.SSLError as e:
            raise Refused(str(e))

    def replies(self):
        return self.going.read()

    def end(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # its answer is not waited for


class Relp:
    """RELP, server's side: "TXNR COMMAND LENGTH[ DATA]\\n", each answered with its number."""
    OFFER = b"200 OK\nrelp_version=0\nrelp_software=truecause-test\ncommands=syslog"

    def __init__(self):
        self.buffer = bytearray()
        self.answers = bytearray()
        self.last = 0

    def _frame(self):
        """(number, command, data), or None when there is no whole one."""
        head = bytes(self.buffer[:60]).split(b" ", 2)
        if len(head) < 3:
            return None
        number, command, rest = head
        digits = len(rest) - len(rest.lstrip(b"0123456789"))
        if digits == len(rest):
            return None
        begin = len(number) + len(command) + 2 + digits
        length = int(rest[:digits])
        end = begin + (1 + length if length else 0)
        if end >= len(self.buffer):
            return None
        if self.buffer[end:end + 1] != b"\n":
            raise ValueError("no RELP frame: %r" % bytes(self.buffer[:80]))
        data = bytes(self.buffer[end - length:end]) if length else b""
        del self.buffer[:end + 1]
        return int(number), command, data

    def _answer(self, number, text):
        self.answers += b"%d rsp %d %s\n" % (number, len(text), text) if text else b"%d rsp 0\n" % number

    def feed(self, data):
        self.buffer += data
        while frame := self._frame():
            number, command, text = frame
            if number != self.last + 1:
                raise ValueError("RELP: %d follows %d" % (number, self.last))
            self.last = number
            if command == b"open":
                self._answer(number, self.OFFER)
            elif command == b"syslog":
                yield text
                self._answer(number, b"200 OK")
            elif command == b"close":
                self._answer(number, b"")
                self.answers += b"0 serverclose 0\n"
            else:
                raise ValueError("RELP: command %r" % command)

    def replies(self):
        out, self.answers = bytes(self.answers), bytearray()
        return out

    def end(self):
        self.answers += b"0 serverclose 0\n"
