# SPDX-License-Identifier: BSD-2-Clause
"""syslog_compare.py SENT GOT: what send_syslog says it sent, and what syslog-ng's
parser made of it as JSON, an object a line.  Same messages, same order, same fields."""
import json
import re
import sys

ELEMENT = re.compile(r'\[([^ \]]+)((?: [^=]+="(?:[^"\\\]]|\\.)*")*)\]')
PARAMETER = re.compile(r' ([^=]+)="((?:[^"\\\]]|\\.)*)"')


def structured(text):
    """Elements and parameters by the grammar of RFC 5424, 6.3."""
    elements, at = {}, 0
    for element in ELEMENT.finditer(text):
        if element.start() != at:
            raise ValueError("no element at %d: %s" % (at, text))
        at = element.end()
        elements[element.group(1)] = {name: re.sub(r'\\(["\\\]])', r"\1", value)
                                      for name, value in PARAMETER.findall(element.group(2))}
    if at != len(text):
        raise ValueError("no element at %d: %s" % (at, text))
    return elements


def sent(path):
    with open(path, encoding="utf-8") as file:
        for block in file.read().split("--\n")[:-1]:
            fields = dict(line.split("=", 1) for line in block.splitlines())
            fields["sd"] = structured(fields["sd"])
            fields["msg"] = fields["msg"].removeprefix("\ufeff")
            yield fields


def got(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if (record["app"], record["procid"]) != ("truecause", ""):
                raise ValueError("APP-NAME or PROCID: " + line)
            yield {"pri": record["pri"], "host": record["host"], "msgid": record["msgid"], "sd": record["_SDATA"],
                   "msg": record["msg"].removeprefix("\ufeff")}


def main():
    want, have = list(sent(sys.argv[1])), list(got(sys.argv[2]))
    if len(want) != len(have) or not want:
        sys.exit("%d were sent, %d are there" % (len(want), len(have)))
    for number, (a, b) in enumerate(zip(want, have), 1):
        if a != b:
            sys.exit("message %d\nwant: %s\n got: %s" % (number, a, b))


if __name__ == "__main__":
    main()
