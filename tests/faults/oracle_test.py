#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The oracle must see what it is there for: each kind of fault, made on purpose."""
import os
import shutil
import socket
import tempfile
import time
import unittest

from daemon import wait_for
from logs import Log, block_of
from oracle import Archive, View
from receivers import TcpReceiver


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

    def test_receiver_says_what_was_acknowledged(self):
        got, gone = [], []
        receiver = TcpReceiver(lambda c, m, read: (got if read else gone).append(m))
        receiver.start()
        with socket.create_connection(("127.0.0.1", receiver.port)) as s:
            s.sendall(b"5 first")
            self.assertTrue(wait_for(5, lambda: got))
            receiver.stuck = True
            time.sleep(0.05)
            s.sendall(b"6 second4 th")
            time.sleep(0.05)
            receiver.leave("kill")
        self.assertEqual((got, gone), ([b"first"], [b"second"]))
        receiver.stopping = True

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
