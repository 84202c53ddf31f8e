#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes an event log whose records were written by Samba:

    make_samba_evt.py FILE.evt FILE.jsonl

A smbd of its own, on 127.0.0.1 at an unprivileged port and with all its files in
a scratch folder, takes records in two ways: from 'eventlogadm -o write', and by
MS-EVEN's ReportEventW, for data of any bytes. (No SIDs: Samba 4.17 keeps none that
ReportEventW brings, and makes text of eventlogadm's.) They are read back over SMB with
ReadELW, which answers with EVENTLOGRECORDs as Samba's code makes them. FILE.evt
is these bytes behind a header and before an end mark; FILE.jsonl says what was
written, a record a line, from the lists here and not from what came back.

Debian: samba, python3-impacket. As root, because Samba gives an event log to
administrators alone. Times are those of now: Samba drops what is older than a
week. Neither 'make check' nor the build runs this.
"""
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from impacket.dcerpc.v5 import even, transport

PASSWORD = "of-this-test-alone"
TYPES = {"ERROR": 1, "WARNING": 2, "INFO": 4, "AUDIT SUCCESS": 8, "AUDIT FAILURE": 16}
SHARE = "\\\\ANFIELD\\SMS_PKGE\\DOG0005D"


def record(source, event, strings, kind="ERROR", category=0, computer="ANFIELD", data="", wire=False):
    return {"source": source, "computer": computer, "id32": event, "type": TYPES[kind], "category": category,
            "strings": strings, "data": data, "kind": kind, "wire": wire}


# In the order in which they are written. What goes over the wire has the log's name
# for its source; of audits eventlogadm makes records of type 0.
RECORDS = [
    record("EventLog", 0x80001775, [], "INFO"),
    record("SMS", 0xC000006D, [SHARE, "", ""]),
    record("SMS", 0x6D, [SHARE, "", ""]),
    record("SMS", 0xC000006D, ["\\\\BOBCAT\\SMS_PKGC\\DOG00061", "12", "340"]),
    record("SMS", 0x8000006D, [SHARE], "WARNING"),
    record("SMS_Scheduler", 0xC0000174, ["SMS_PKGE", "ANFIELD", "7", "52428800"], category=3),
    record("SMS Server", 0x4000006B, ["ANFIELD"], "INFO", computer="anfield"),
    record("Service Control Manager", 0x40001B7C, ["SMS_DESPOOLER", "running"], "INFO"),
    record("Service Control Manager", 0xC0001B58, ["SMS_EXECUTIVE", "%%1069"], data="6162"),
    record("DrWatson", 4097, ["despool.exe", "c0000005"], "INFO", data=b"exception at 77f6ce4c: x".hex()),
    record("Print", 0x80000004, ["Drucker \u00fcber der T\u00fcr", "\u0160koda \u20ac 5", "\u6771\u4eac"], "WARNING"),
    record("Security", 0x210, ["Administrator", "", "", "0x0,0x3e7"], "INFO", category=2),
    record("Security", 0x211, ["nobody", "DOG"], "WARNING", category=65535),
    record("X", 0, ["", "", ""], "INFO", computer="Y"),
    record("X", 0xFFFFFFFF, ["a" * 300], "WARNING"),
    record("Application", 0xC000006D, [SHARE], wire=True, data="0102ff0010"),
    record("Application", 0x4000006B, ["ANFIELD"], "WARNING", 7, wire=True, data="00"),
    record("Application", 0x1FFFF, [], "AUDIT FAILURE", wire=True, data="deadbeef" * 40),
    record("Application", 0x210, ["Administrator"], "AUDIT SUCCESS", wire=True),
    record("SMS", 0xC000006D, [SHARE, "", ""]),
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """smbd in the foreground of a folder."""

    def __init__(self, folder):
        self.port = free_port()
        self.conf = os.path.join(folder, "smb.conf")  # absolute, or samba-dcerpcd does not start
        places = ""
        for name in ("lock directory", "state directory", "cache directory", "private dir", "pid directory",
                     "ncalrpc dir"):
            path = os.path.join(folder, name.replace(" ", "-"))
            os.mkdir(path, 0o755)
            places += f"  {name} = {path}\n"
        with open(self.conf, "w", encoding="ascii") as f:
            f.write("[global]\n  workgroup = TEST\n  netbios name = TEST\n  server role = standalone server\n"
                    "  interfaces = 127.0.0.1\n  bind interfaces only = yes\n"
                    f"  smb ports = {self.port}\n  disable netbios = yes\n  passdb backend = tdbsam\n"
                    "  eventlog list = Application\n  rpc start on demand helpers = yes\n  load printers = no\n"
                    f"  log file = {folder}/log\n{places}")
        subprocess.run(["smbpasswd", "-c", self.conf, "-s", "-a", "root"], check=True, capture_output=True,
                       input=f"{PASSWORD}\n{PASSWORD}\n".encode())
        with open(os.path.join(folder, "out"), "wb") as out:
            self.process = subprocess.Popen(["smbd", "-F", "--no-process-group", "-s", self.conf], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, start_new_session=True)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def end(self):
        self.process.terminate()
        self.process.wait()


def write_local(conf, r):
    """One record through eventlogadm's standard input."""
    text = (f"LEN: 0\nRS1: 1699505740\nRCN: 0\nTMG: {r['generated']}\nTMW: {r['written']}\nEID: {r['id32']}\n"
            f"ETP: {r['kind']}\nECT: {r['category']}\nRS2: 0\nCRN: 0\nUSL: 0\nSRC: {r['source']}\n"
            f"SRN: {r['computer']}\n")
    text += "".join(f"STR: {s}\n" for s in r["strings"])
    text += f"DAT: {bytes.fromhex(r['data']).decode()}\n\n" if r["data"] else "\n"
    subprocess.run(["eventlogadm", "-s", conf, "-o", "write", "Application"], check=True,
                   input=text.encode("utf-8"))


def connect(port):
    rpc = transport.DCERPCTransportFactory(r"ncacn_np:127.0.0.1[\pipe\eventlog]")
    rpc.set_dport(port)
    rpc.set_credentials("root", PASSWORD)
    dce = rpc.get_dce_rpc()
    dce.connect()
    dce.bind(even.MSRPC_UUID_EVEN)
    return dce


def ndr_string(text):
    """The two lengths and the buffer of a lsa_String."""
    raw = text.encode("utf-16-le")
    n = len(raw)
    return struct.pack("<HHLLLL", n, n, 0x20000, n // 2, 0, n // 2) + raw + bytes(-n % 4)


def write_wire(dce, r):
    """One record through ReportEventW (opnum 11). Packed by hand: Samba takes no
    more than one string so, and impacket packs none."""
    data = bytes.fromhex(r["data"])
    handle = even.hElfrOpenELW(dce, "Application", "")["LogHandle"]
    stub = handle + struct.pack("<LHHLHxxL", r["generated"], r["type"], r["category"], r["id32"], len(r["strings"]),
                                len(data))
    stub += ndr_string(r["computer"]) + struct.pack("<L", 0)
    stub += struct.pack("<LLL", 0x20004, 1, 0x20008) + ndr_string(r["strings"][0]) if r["strings"] else bytes(4)
    stub += struct.pack("<LL", 0x2000C, len(data)) + data if data else bytes(4)
    stub += bytes(-len(stub) % 2) + struct.pack("<H", 0)
    stub += bytes(-len(stub) % 4) + struct.pack("<LLLL", 0x20010, 0, 0x20014, r["written"])
    dce.call(11, stub)
    dce.recv()


def read_all(port, count):
    """The records' bytes, oldest first."""
    until = time.monotonic() + 10
    while True:
        dce = connect(port)
        handle = even.hElfrOpenELW(dce, "Application", "")["LogHandle"]
        found = b""
        flags = even.EVENTLOG_SEQUENTIAL_READ | even.EVENTLOG_FORWARDS_READ
        while True:
            try:
                answer = even.hElfrReadELW(dce, handle, flags, 0, 65536)
            except even.DCERPCException:  # end of file
                break
            n = answer["NumberOfBytesRead"]
            if n == 0:
                break
            found += b"".join(answer["Buffer"])[:n]
        dce.disconnect()
        parts = []
        while found:
            length = struct.unpack_from("<L", found)[0]
            parts.append(found[:length])
            found = found[length:]
        if len(parts) == count or time.monotonic() > until:
            return parts
        time.sleep(0.2)  # right after a write a read can come back empty


def as_log(parts):
    """A log as "Save As" leaves one: header, records, end mark."""
    body = b"".join(parts)
    first = struct.unpack_from("<L", parts[0], 8)[0]
    following = first + len(parts)
    end = 48 + len(body)
    size = end + 40
    header = struct.pack("<12L", 48, 0x654C664C, 1, 1, 48, end, following, first, size, 0, 604800, 48)
    mark = struct.pack("<10L", 40, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 48, end, following, first, 40)
    return header + body + mark


def main():
    evt, listing = sys.argv[1:]
    folder = tempfile.mkdtemp(prefix="truecause-samba.")
    server = None
    try:
        server = Server(folder)
        now = int(time.time()) - 3600
        for i, r in enumerate(RECORDS):
            r["number"] = i + 1
            r["generated"] = now + 7 * i
            r["written"] = r["generated"] + i % 3
            if r["wire"]:
                dce = connect(server.port)
                write_wire(dce, r)
                dce.disconnect()
            else:
                write_local(server.conf, r)
        parts = read_all(server.port, len(RECORDS))
        if len(parts) != len(RECORDS):
            sys.exit(f"{len(parts)} of {len(RECORDS)} records came back")
    finally:
        if server:
            server.end()
        shutil.rmtree(folder)
    with open(evt, "wb") as f:
        f.write(as_log(parts))
    with open(listing, "w", encoding="ascii") as f:
        for r in RECORDS:
            row = {k: r[k] for k in ("number", "generated", "written", "id32", "type", "category", "source", "computer",
                                     "data")}
            if r["wire"]:
                row["written"] = None  # Samba's own clock
            row.update({f"string{i}": s for i, s in enumerate(r["strings"])})
            f.write(json.dumps(row) + "\n")
    print(f"{len(parts)} records, {os.path.getsize(evt)} bytes")


if __name__ == "__main__":
    main()
