#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Parsers of Graylog and Elasticsearch take what 'truecause forward' sends over TLS, and
their fields are compared with what the messages say by the grammar of RFC 5424.

    siem.py WORK [graylog] [elasticsearch]

WORK is the folder that fetch.sh has filled.  graylog/Receiver.java is Graylog's own
"Syslog TCP" input.  elasticsearch/Node.java is a node of Elasticsearch; its pipeline is
that of 'truecause pack elastic', and the front here stands for Filebeat's tcp input, which
hands on each frame as a document's "message" beside the name of its own host; each
goes there twice, as after a connection that broke.
"""
import collections
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "faults"), os.path.join(HERE, "..", "integration")]
from certs import Authority  # noqa: E402
from daemon import TRUECAUSE, end_well, start, wait_for  # noqa: E402
from syslog_compare import structured  # noqa: E402

FORGED = 'x" state="cleared"] [truecause@32473 key="forged" state="cleared"] y.exe'
NAMES = ("caf\xe9 \u20ac.exe", "tab\there.exe", "a\"b'c;d.exe", "long" * 400 + ".exe", FORGED, "end\\", "back\\\\slash.exe")
MESSAGE = re.compile(r"<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) ((?:\[(?:[^\"\]]|\"(?:[^\"\\]|\\.)*\")*\])+) ?(.*)", re.S)
Message = collections.namedtuple("Message", "pri time host app msgid elements text raw")


def parsed(raw):
    pri, time, host, app, _, msgid, elements, text = MESSAGE.fullmatch(raw).groups()
    return Message(int(pri), time, host, app, msgid, structured(elements), text.removeprefix("\ufeff"), raw)


def facts(message):
    return next(values for name, values in message.elements.items() if name.startswith("truecause@"))


# --- what is sent -----------------------------------------------------------------------


def certificates(folder):
    ca = Authority(folder + "/authority")
    for name, san in (("siem", "DNS:siem.example.org,IP:127.0.0.1"), ("collector", "DNS:collector.example.org")):
        for made, suffix in zip(ca.sign(name, san), (".pem", ".key")):
            shutil.copy(made, folder + "/" + name + suffix)
    shutil.copy(ca.certificate, folder + "/ca.pem")


def write_hostile(path):
    with open(path, "wb") as f:
        for i, name in enumerate(NAMES):
            f.write(("~Copying E:\\_S M0000.TMP\\%s to E:\\SMS_PKGE\\DOG00%03X\\%s, Failed, Win32 Error = %d  $$<SMS_DESPOOLER>"
                     "<Fri Sep 11 09:55:%02d 1998~><thread=1D0>\r\n" % (name, i + 1, name, (32, 5, 112)[i % 3], i)).encode())


def write_config(folder, ports):
    write_hostile(folder + "/Hostile.log")
    sample = os.path.join(HERE, "..", "data", "sample")
    with open(folder + "/truecause.xml", "w") as f:
        f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state" enterprise-oid="1.3.6.1.4.1.32473.109">\n' % folder)
        for path in (sample + "/Despool.log", sample + "/AppEvent.xml", folder + "/Hostile.log"):
            f.write('  <source format="auto" path="%s" host="ANFIELD" address="192.0.2.10" site="DOG"'
                    ' zone="America/Los_Angeles"/>\n' % path)
        f.write('  <target name="archive" type="xml" path="%s/events.xml"/>\n' % folder)
        for name, port in ports.items():
            f.write('  <target name="{1}" type="syslog" address="tls:127.0.0.1:{2}" ca="{0}/ca.pem"'
                    ' certificate="{0}/collector.pem" key="{0}/collector.key"/>\n'.format(folder, name, port))
        f.write("</truecause>\n")


def forward(folder, ports):
    """The ids of all items, in the archive's order."""
    write_config(folder, ports)
    done = subprocess.run([TRUECAUSE, "forward", "-c", folder + "/truecause.xml", "--once"], capture_output=True, text=True,
                          timeout=300)
    if done.returncode != 0:
        sys.exit("forward ended with %d:\n%s" % (done.returncode, done.stderr[-3000:]))
    return [item.get("id") for item in ElementTree.parse(folder + "/events.xml").getroot()
            if item.tag.endswith(("}event", "}alarm"))]


class Java:
    """A program of fetch.sh; its lines of JSON go to 'lines'."""

    def __init__(self, work, name, program, *args):
        path = "%s/%s" % (work, name)
        self.lines = []
        self.process = start(["java", "-XX:TieredStopAtLevel=1", "-cp", "%s/classes:%s/lib/*" % (path, path), program, *args],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        if not wait_for(180, lambda: self.lines or self.process.poll() is not None, 0.1) or not self.lines:
            sys.exit("%s did not start" % name)
        self.told = self.lines.pop(0)

    def _read(self):
        for line in self.process.stdout:
            at = line.find('{"')  # what is printed by the libraries' loggers is not ours
            if at >= 0:
                self.lines.append(json.loads(line[at:]))

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def ids_wrong(ids, got):
    return ["ids: %d sent, %d here, %d of them once" % (len(ids), len(got), len(set(got)))] if sorted(ids) != sorted(got) else []


# --- Graylog ----------------------------------------------------------------------------


def graylog_fields(message, expand):
    out = {"application_name": message.app, "level": message.pri % 8, "facility_num": message.pri // 8,
           "message": message.text.strip(), "source": message.host}
    for element, values in message.elements.items():
        for name, value in values.items():
            out[element + "_" + name if expand else name] = value.strip()
    return out


def warm_up(folder, receiver):
    """The first handshake of a Java program can take longer than a sender waits."""
    context = ssl.create_default_context(cafile=folder + "/ca.pem")
    context.load_cert_chain(folder + "/collector.pem", folder + "/collector.key")
    connection = socket.create_connection(("127.0.0.1", receiver.told["port"]))
    with context.wrap_socket(connection, server_hostname="siem.example.org") as s:
        message = b'<13>1 - - - - - [warm@32473 up="1"] x'
        s.sendall(b"%d %s" % (len(message), message))
        if not wait_for(60, lambda: receiver.lines, 0.1):
            sys.exit("graylog: takes no message")
    receiver.lines.clear()


def graylog_differences(lines, expand):
    wrong, backslashes, marks = [], 0, 0
    for told in lines:
        if "failed" in told:
            wrong.append("not decoded: " + told["failed"])
            continue
        want = graylog_fields(parsed(told["full_message"]), expand)
        if sorted(want) != sorted(set(told) - {"_id", "facility", "full_message", "timestamp"}):
            wrong.append("names of fields: %s" % sorted(set(want) ^ set(told)))
        for name, value in want.items():
            if told.get(name) == value:
                continue
            if isinstance(value, str) and told.get(name) == value.replace("\\", "").strip():
                backslashes += 1
            elif name == "message" and told[name] == "\ufeff" + value:
                marks += 1
            else:
                wrong.append("%s: %r, not %r" % (name, told.get(name), value))
    return wrong, backslashes, marks


def write_rule(path):
    """The example of truecause-syslog(7), below Graylog."""
    with open(os.path.join(HERE, "..", "..", "doc", "truecause-syslog.7"), encoding="utf-8") as page:
        section = page.read().split("\n.Ss Graylog\n")[1]
    with open(path, "w") as f:
        f.write(re.search(r"\n\.Bd [^\n]*\n(.*?)\.Ed\n", section, re.S).group(1).replace("\\e", "\\"))


def graylog(work, folder):
    write_rule(folder + "/rule")
    receivers = {name: Java(work, "graylog", "Receiver", folder + "/siem.pem", folder + "/siem.key", folder + "/ca.pem", *more)
                 for name, more in (("expanded, with the rule", ("true", folder + "/rule")), ("plain", ("false",)))}
    for receiver in receivers.values():
        warm_up(folder, receiver)
    ids = forward(folder, {name.split(",")[0]: receiver.told["port"] for name, receiver in receivers.items()})
    for name, receiver in receivers.items():
        wait_for(60, lambda: len(receiver.lines) >= len(ids), 0.1)
        receiver.close()
    for name, receiver in receivers.items():
        wrong, backslashes, marks = graylog_differences(receiver.lines, name != "plain")
        if backslashes and name != "plain":
            wrong.append("the rule has not put back all backslashes")
        got = [facts(parsed(told["full_message"])).get("id") for told in receiver.lines if "failed" not in told]
        yield "graylog, structured data %s: %d messages, %d with a byte order mark, %d values without backslashes" % (
            name, len(receiver.lines), marks, backslashes), ids_wrong(ids, got) + wrong


# --- Elasticsearch ----------------------------------------------------------------------


class Front:
    """Takes frames over TLS from one who has a certificate."""

    def __init__(self, folder):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder + "/ca.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_cert_chain(folder + "/siem.pem", folder + "/siem.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.frames = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            with self.context.wrap_socket(connection, server_side=True) as s, s.makefile("rb") as f:
                while True:
                    count = b""
                    while (c := f.read(1)) and c != b" ":
                        count += c
                    if not c:
                        break
                    self.frames.append(f.read(int(count)).decode())


def ask(port, path, body=None, method=None):
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), body if body is None else body.encode(),
                                     {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit("elasticsearch: %s: %s" % (path, error.read()[:3000].decode()))


def put(into, path, value):
    *steps, last = path.split(".")
    for step in steps:
        into = into.setdefault(step, {})
    into[last] = value


def ecs(message, params):
    """The document that the pipeline has to make of a frame."""
    own, out = facts(message), {"message": message.text, "@timestamp": message.time}
    found = dict(own, **{"%s.%s" % (element, name): value for element, values in message.elements.items()
                         if not element.startswith("truecause@") for name, value in values.items()})
    put(out, "host.name", message.host)
    for name, value in found.items():
        put(out, params["fields"].get(name, "truecause." + name), int(value) if name in params["numbers"] else value)
    for path, value in (
            ("event.original", message.raw), ("event.provider", "truecause"),
            ("event.kind", "alert" if "key" in own else "event"),
            ("event.severity", message.pri % 8), ("event.reason", own.get("cause", own.get("class"))),
            ("log.syslog.priority", message.pri), ("log.syslog.facility.code", message.pri // 8),
            ("log.syslog.severity.code", message.pri % 8), ("log.syslog.version", "1"), ("log.syslog.hostname", message.host),
            ("log.syslog.appname", message.app), ("log.syslog.msgid", message.msgid), ("log.source.address", "192.0.2.1:5"),
            ("tags", ["forwarded"])):
        put(out, path, value)
    return out


def elasticsearch(work, folder):
    node, front = Java(work, "elasticsearch", "Node", folder + "/data"), Front(folder)
    port = node.told["port"]
    pack = subprocess.run([TRUECAUSE, "pack", "elastic"], check=True, capture_output=True, text=True).stdout
    params = json.loads(pack)["processors"][0]["script"]["params"]
    ask(port, "/_ingest/pipeline/truecause", pack, "PUT")
    # Filebeat's template is like this: no text becomes a date because the first one looked like it.
    ask(port, "/events", '{"mappings": {"date_detection": false}}', "PUT")
    ids = forward(folder, {"front": front.port})
    wait_for(60, lambda: len(front.frames) >= len(ids), 0.1)
    frames = list(front.frames)
    others = ["<13>1 - - - - - - of another program", "no syslog at all", "<131>1 - a truecause - x [truecause@1 id=\"1\" text"]
    lines = [json.dumps({"message": raw, "host": {"name": "shipper"}, "log": {"source": {"address": "192.0.2.1:5"}},
                         "tags": ["forwarded"]}) for raw in frames + frames + others]
    answer = ask(port, "/events/_bulk?pipeline=truecause&refresh=true",
                 "".join('{"index":{}}\n%s\n' % line for line in lines), "POST")
    wrong = ["not taken: %s" % item["index"]["error"] for item in answer["items"] if "error" in item["index"]]
    got = [hit["_source"] for hit in ask(port, "/events/_search?size=10000")["hits"]["hits"]]
    left = [doc for doc in got if "provider" not in doc.get("event", {})]
    if sorted(doc["message"] for doc in left) != sorted(others):
        wrong.append("not left alone: %s" % left)
    by_id = {doc["event"]["id"]: doc for doc in got if doc not in left}
    wrong += ids_wrong(ids, [doc["event"]["id"] for doc in got if doc not in left])
    for message in map(parsed, frames):
        want, have = ecs(message, params), by_id.get(facts(message)["id"])
        if want != have:
            wrong.append("want %s\n     got %s" % (json.dumps(want, sort_keys=True), json.dumps(have, sort_keys=True)))
    alarms = ask(port, "/events/_count?q=event.kind:alert")["count"]
    if alarms != sum("key" in facts(parsed(raw)) for raw in frames):
        wrong.append("%d alerts" % alarms)
    node.close()
    yield "elasticsearch %s: %d documents, %d of them alerts" % (node.told["version"], len(by_id), alarms), wrong


def main():
    end_well()
    work, names = os.path.abspath(sys.argv[1]), sys.argv[2:] or ["elasticsearch", "graylog"]
    checks = failures = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="truecause-siem.") as folder:
            certificates(folder)
            for what, wrong in {"graylog": graylog, "elasticsearch": elasticsearch}[name](work, folder):
                checks += 1
                failures += bool(wrong)
                print("%s: %s" % ("FAILED" if wrong else "ok", what))
                for sentence in wrong[:5]:
                    print("    " + sentence)
                sys.stdout.flush()
    print("%d passed, %d failed" % (checks - failures, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
