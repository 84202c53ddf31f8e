# SPDX-License-Identifier: BSD-2-Clause
"""Compares what two programs read from event logs, record by record:

    evt_compare.py TRUECAUSE FILE...

runs 'evtexport' (libevt) and 'truecause export' on each FILE and prints the
first difference in number, time, source, computer, id and strings; exit 1 then.
evtexport 20200926 decodes characters beyond U+FFFF wrongly: they count as one
and the same.
"""
import re
import subprocess
import sys
import xml.etree.ElementTree as tree
from datetime import datetime, timezone

NS = "{urn:truecause:event:1}"


def plain(text):
    text = re.sub("[\U00010000-\U0010ffff]", "?", text)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def theirs(path):
    """The records as evtexport prints them."""
    out = subprocess.run(["evtexport", path], check=True, capture_output=True).stdout.decode("utf-8")
    for block in re.split(r"\n(?=Event number\t)", out)[1:]:
        strings = re.split(r"\nString: \d+\t*: ", block)
        field = dict(re.findall(r"^(\w[\w ]*?)\t+: (.*)$", strings[0], re.M))
        count = int(field["Number of strings"])
        assert count == len(strings) - 1, block
        if strings[-1].endswith("\n"):  # the line end, and the empty line between records
            strings[-1] = strings[-1].rstrip("\n") if count else strings[-1]
        when = datetime.strptime(field["Creation time"], "%b %d, %Y %H:%M:%S UTC")
        yield (field["Event number"], when.replace(tzinfo=timezone.utc), field["Source name"],
               field["Computer name"].upper(), str(int(field["Event identifier"].split()[0], 16) & 0xffff),
               plain("\n".join(strings[1:])))


def ours(program, path):
    """The records as our XML has them."""
    out = subprocess.run([program, "export", path], check=True, capture_output=True).stdout
    for event in tree.fromstring(out).iter(NS + "event"):
        origin = event.find(NS + "origin")
        when = datetime.strptime(event.find(NS + "when").get("time"), "%Y-%m-%dT%H:%M:%SZ")
        yield (origin.get("record"), when.replace(tzinfo=timezone.utc), origin.get("provider"), origin.get("host"),
               origin.get("event"), plain(event.find(NS + "text").text or ""))


def main():
    program, status, total = sys.argv[1], 0, 0
    for path in sys.argv[2:]:
        want = list(theirs(path))
        # Reports are held until proof can no longer come: order by number again.
        got = sorted(ours(program, path), key=lambda r: int(r[0]))
        for i, pair in enumerate(zip(want, got)):
            if pair[0] != pair[1]:
                print(f"{path}, record {i + 1}:\n  evtexport {pair[0]}\n  truecause {pair[1]}")
                status = 1
                break
        if len(want) != len(got):
            print(f"{path}: evtexport has {len(want)} records, truecause {len(got)}")
            status = 1
        total += len(want)
    print(f"{total} records in {len(sys.argv) - 2} files")
    return status or total == 0


if __name__ == "__main__":
    sys.exit(main())
