#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The oracle must see what it is there for: each kind of fault, made on purpose."""
import os
import shutil
import socket
import ssl
import tempfile
import time
import unittest

from certs import Authority
from daemon import wait_for
from logs import Log, block_of
from oracle import Archive, View
from receivers import TcpReceiver
from wires import Octets, Relp, Tls


def message(n, seq, text=None, ident=None):
    return ('<134>1 - HOST truecause - activity [origin software="truecause"][truecause@1 id="%s" class="activity" '
            'severity="info" seq="%d"] %s' % (ident or "%032x" % n, seq, text or LOG.text(n))).encode()


def line(n, text=None):
    return ('<event id="%032x" class="activity" severity="info"><text>%s</text></event>\n'
            % (n, text or LOG.text(n))).encode()


class Peer:
    last_seq = None


class OracleTest(unittest.TestCase):
    def setUp(self):
        global LOG
        self.folder = tempfile.mkdtemp(prefix="truecause-oracle.")
        LOG = self.log = Log(self.folder, "A")
        self.log.append(20)
        self.view = View("v", {"A": self.log})

    def tearDown(self):
        self.log.close()
        shutil.rmtree(self.folder)

    def test_all_well(self):
        peer = Peer()
        for n in range(20):
            self.view.message(peer, message(n, n + 1), True)
        self.assertTrue(self.view.complete())
        self.assertEqual(self.view.violations, [])
        self.assertEqual(self.view.again, 0)

    def test_lost(self):
        for n in range(20):
            if n != 7:
                self.view.xml_line(line(n))
        self.assertFalse(self.view.complete())
        self.assertEqual(self.view.missing(), {"A": [7]})

    def test_lost_at_the_end(self):
        for n in range(19):
            self.view.xml_line(line(n))
        self.assertFalse(self.view.complete())

    def test_invented(self):
        self.view.xml_line(line(20))
        self.assertIn("invented", self.view.violations[0])

    def test_altered(self):
        self.view.xml_line(line(3, "Something else #A000000003#"))
        self.view.message(None, message(4, 1, "Something else #A000000004#"), True)
        self.assertEqual(len(self.view.violations), 2)
        self.assertIn("altered", self.view.violations[1])

    def test_order(self):
        for n in (0, 2, 1):
            self.view.xml_line(line(n))
        self.assertIn("order", self.view.violations[0])

    def test_again_is_counted_in_runs(self):
        for n in (0, 1, 2, 1, 2, 3, 3):
            self.view.xml_line(line(n))
        self.assertEqual((self.view.again, self.view.runs_again, self.view.longest_again), (3, 2, 2))
        self.assertEqual(self.view.violations, [])

    def test_another_number_on_resend(self):
        self.view.message(Peer(), message(0, 1), True)
        self.view.message(Peer(), message(0, 2), True)
        self.assertIn("seq", self.view.violations[0])

    def test_gap_on_a_connection(self):
        peer = Peer()
        self.view.message(peer, message(0, 1), True)
        self.view.message(peer, message(1, 3), True)
        self.assertIn("seq", self.view.violations[0])

    def test_gap_between_connections(self):
        self.view.message(Peer(), message(0, 1), True)
        self.view.message(Peer(), message(1, 3), True)
        self.assertIn("begins with 3", self.view.violations[0])

    def test_gone_with_the_receiver(self):
        peer = Peer()
        for n in range(20):
            self.view.message(peer, message(n, n + 1), n < 15)
        self.assertTrue(self.view.complete())
        self.assertEqual(self.view.gone(), 5)

    def test_archive_over_rotation(self):
        archive = Archive(self.folder + "/events.xml", self.view)
        with open(archive.path, "wb") as f:
            f.write(b"<?xml version='1.0'?>\n<events version='1'>\n" + line(0) + line(1)[:10])
            f.flush()
            archive.look()
            self.assertEqual(self.view.events, 1)
            f.write(line(1)[10:] + b"</events>\n")
        os.rename(archive.path, self.folder + "/events-20261122-100000.xml")
        with open(archive.path, "wb") as f:
            f.write(b"<events version='1'>\n" + line(2))
        archive.look()
        self.assertEqual((self.view.events, self.view.violations), (3, []))
        self.assertFalse(os.path.exists(self.folder + "/events-20261122-100000.xml"))

    def break_off(self, how, wire, wrap, first, rest, read_to):
        """What a receiver says was read, and was acknowledged only, when it leaves so."""
        got, gone = [], []
        receiver = TcpReceiver(lambda c, m, read: (got if read else gone).append(m), wire=wire)
        receiver.start()
        with wrap(socket.create_connection(("127.0.0.1", receiver.port))) as s:
            s.sendall(first)
            self.assertTrue(wait_for(60, lambda: len(got) == read_to))
            receiver.hold()
            s.sendall(rest)
            time.sleep(0.05)
            receiver.reset_connections() if how == "reset" else receiver.leave(how)
        receiver.stop()
        self.assertIsNone(receiver.broken)
        return got, gone

    def test_receiver_says_what_was_acknowledged(self):
        for how in ("kill", "reset"):
            self.assertEqual(self.break_off(how, Octets, lambda s: s, b"5 first", b"6 second4 th", 1),
                             ([b"first"], [b"second"]))
        self.assertEqual(self.break_off("drain", Octets, lambda s: s, b"5 first", b"6 second4 th", 1),
                         ([b"first", b"second"], []))

    def test_receiver_that_leaves_in_order_answers_and_is_seen_to_end(self):
        got = []
        receiver = TcpReceiver(lambda c, m, read: got.append(m), wire=Relp)
        receiver.start()
        with socket.create_connection(("127.0.0.1", receiver.port)) as s:
            s.settimeout(10)
            s.sendall(b"1 syslog 1 a\n")
            self.assertTrue(wait_for(60, lambda: got))
            receiver.hold()
            s.sendall(b"2 syslog 1 b\n")
            time.sleep(0.05)
            receiver.leave("drain")
            came = b""
            while data := s.recv(4096):
                came += data
            self.assertEqual(came, b"1 rsp 6 200 OK\n2 rsp 6 200 OK\n0 serverclose 0\n")
            with self.assertRaises(OSError):  # its kernel is not deaf any more
                for _ in range(100):
                    s.sendall(b"3 syslog 1 c\n")
                    time.sleep(0.05)
        self.assertEqual(got, [b"a", b"b"])
        receiver.stop()

    def test_receiver_over_tls(self):
        ca = Authority(self.folder + "/ca")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.sign("server", "DNS:siem.example.org"))
        client = ssl.create_default_context(cafile=ca.certificate)
        self.assertEqual(self.break_off("kill", lambda: Tls(context),
                                        lambda s: client.wrap_socket(s, server_hostname="siem.example.org"),
                                        b"5 first", b"6 second4 th", 1), ([b"first"], [b"second"]))

    def test_receiver_over_tls_refuses(self):
        ca, other = Authority(self.folder + "/ca"), Authority(self.folder + "/other")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.sign("server", "DNS:siem.example.org"))
        context.load_verify_locations(ca.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        client = ssl.create_default_context(cafile=ca.certificate)
        client.load_cert_chain(*other.sign("client", "DNS:anfield"))
        got = []
        receiver = TcpReceiver(lambda c, m, read: got.append(m), wire=lambda: Tls(context))
        receiver.start()
        with socket.create_connection(("127.0.0.1", receiver.port)) as s, self.assertRaises(OSError):
            with client.wrap_socket(s, server_hostname="siem.example.org") as t:
                t.sendall(b"5 first")
                t.recv(1)
        self.assertTrue(wait_for(60, lambda: receiver.refused == 1))
        self.assertEqual(got, [])
        receiver.stop()

    def test_relp_answers_for_what_it_took(self):
        wire = Relp()
        self.assertEqual(list(wire.feed(b"1 open 22 relp_version=0\nx=1 2 3\n2 sys")), [])
        self.assertIn(b"1 rsp ", wire.replies())
        self.assertEqual(list(wire.feed(b"log 5 a b\nc\n3 syslog 2 no\n4 close 0\n")), [b"a b\nc", b"no"])
        self.assertEqual(wire.replies(), b"2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 0\n0 serverclose 0\n")
        with self.assertRaises(ValueError):
            list(wire.feed(b"6 syslog 1 x\n"))

    def test_rotation_keeps_every_record(self):
        log = Log(self.folder, "B", utf16=True, whole=self.folder + "/whole")
        log.append(30)
        for kind in ("numbered", "dated", "copytruncate", "gzip", "newer-copy", "numbered"):
            log.rotate(kind)
            log.append(7)
        log.close()
        with open(self.folder + "/whole", "rb") as f:
            text = f.read().decode("utf-16")
        self.assertEqual(text.encode(), block_of("B", 0, log.made, False))
        self.assertEqual(len([n for n in os.listdir(self.folder) if n.startswith("DespoolB")]), 6)


if __name__ == "__main__":
    unittest.main()
