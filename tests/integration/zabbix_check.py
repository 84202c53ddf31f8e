# SPDX-License-Identifier: BSD-2-Clause
"""zabbix_check.py - looks at the templates for Zabbix as an import would, and runs
their JavaScript, with the engine that Zabbix has in it (Duktape), over what our
script wrote to the trapper file.  Called by packs.sh:

    zabbix_check.py TEMPLATES TRAPS EXPECTED

EXPECTED is what a snmptrapd printed of the same notifications, by name.  Prints
what is wrong and ends with 1."""
import json
import re
import subprocess
import sys
import tempfile

import yaml

PRIORITIES = {"critical": "DISASTER", "major": "HIGH", "minor": "AVERAGE", "warning": "WARNING", "indeterminate": "INFO"}
wrong = []


def want(true, what):
    if not true:
        wrong.append(what)


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def items(export):
    for template in export["templates"]:
        for item in template["items"]:
            yield template["template"], item


def look(export):
    """What the importer of Zabbix 6.0 demands, and what it would take in silence."""
    want(export["version"] == "6.0", "the version of the export is text: 6.0")
    ids = [node["uuid"] for node in walk(export) if isinstance(node, dict) and "uuid" in node]
    want(len(ids) == len(set(ids)), "an identifier is used twice")
    want(all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", i) for i in ids), "no UUID of version 4")
    groups = {group["name"] for group in export["groups"]}
    keys = {(template, item["key"]) for template, item in items(export)}
    all_keys = [item["key"] for _, item in items(export)]
    want(len(all_keys) == len(set(all_keys)), "both templates cannot be linked to one host: a key is in both")
    for template in export["templates"]:
        want({g["name"] for g in template["groups"]} <= groups, "a group that is not defined")
    for template, item in items(export):
        if item["type"] == "DEPENDENT":
            want((template, item["master_item"]["key"]) in keys, "no master item of %s" % item["key"])
        for trigger in item.get("triggers", []):
            for where in re.findall(r"/([^/]+)/([^,)]+)[,)]", trigger["expression"]):
                want(where in keys, "a trigger asks for %s, which is not there" % (where,))
    triggers = {t["name"]: t for _, item in items(export) for t in item.get("triggers", [])}
    for severity, priority in PRIORITIES.items():
        trigger = triggers["Truecause: %s alarm" % severity]
        want(trigger["priority"] == priority, "%s is not %s" % (severity, priority))
        want(trigger["correlation_mode"] == "TAG_VALUE" and trigger["type"] == "MULTIPLE", "no clear by key")
        want(trigger["correlation_tag"] in [tag["tag"] for tag in trigger["tags"]], "it correlates by a tag that it lacks")


def run(script, value):
    """What 'script' makes of 'value'; None where it gives null, which Zabbix does not keep."""
    with tempfile.NamedTemporaryFile("w", suffix=".js", encoding="utf-8") as f:
        f.write("var r = (function (value) {\n%s\n})(%s);\nprint(r === null ? 'null' : JSON.stringify(String(r)));\n"
                % (script, json.dumps(value)))
        f.flush()
        out = subprocess.run(["duk", f.name], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8", "surrogatepass")
    return json.loads(out)


def expected(path):
    """The objects of each notification by name."""
    found = []
    for line in open(path, encoding="utf-8"):
        name, _, value = line.rstrip("\n").partition(".0 = ")
        if name == "SNMPv2-MIB::snmpTrapOID":
            found.append({})
        elif found and name.startswith("TRUECAUSE-MIB::"):
            found[-1][name[len("TRUECAUSE-MIB::"):]] = value
    return found


def traps(path):
    """As the SNMP trapper of Zabbix takes its file apart: (address, text)."""
    parts = re.split(r"(?m)^[0-9.]+ ZBXTRAP (\S+)\n", open(path, encoding="utf-8").read())
    return list(zip(parts[1::2], (text.rstrip() for text in parts[2::2])))


def one(what, item, text, is_alarm, result):
    """The item with this text: what it should become, or nothing at all."""
    script = item["preprocessing"][0]["parameters"][0]
    # The importer takes none for a step in JavaScript.
    want("error_handler" not in item["preprocessing"][0], "%s has an error handler" % item["key"])
    got = run(script, text)
    want(got == (result if is_alarm else None), "%s, %s: want %r, got %r" % (item["key"], what, result if is_alarm else None, got))


def compare(export, records, objects):
    by_key = {item["key"]: item for _, item in items(export)}
    patterns = {name: re.compile(re.match(r'snmptrap\["(.*)"\]$', key).group(1)) for key in by_key
                for name in ["notice" if "tcNotice" in key else "alarm"] if key.startswith("snmptrap[")}
    want(len(records) == len(objects) and len(objects) >= 7, "%d records, %d notifications" % (len(records), len(objects)))
    for n, ((address, text), o) in enumerate(zip(records, objects)):
        alarm = "tcKey" in o
        what = "notification %d" % (n + 1)
        want(bool(patterns["alarm"].search(text)) == alarm, "%s: the item for alarms" % what)
        want(bool(patterns["notice"].search(text)) != alarm, "%s: the item for notices" % what)
        if not text.isascii() or re.search(r'"([0-9A-F]{2} )+"', text):
            continue  # shown in hexadecimal digits, for want of the MIB
        if alarm:
            line = "|".join(o[k] for k in ("tcState", "tcSeverity", "tcClass", "tcKey", "tcArticle", "tcSummary"))
        one(what, by_key["truecause.alarm"], text, alarm, line if alarm else None)
        one(what, by_key["truecause.notice"], text, not alarm, o["tcSummary"])
        one(what, by_key["truecause.open"], text, not alarm, o.get("tcOpenCount", "").split(" ")[0])
        one(what, by_key["truecause.dropped"], text, not alarm, o.get("tcDropped", "").split(" ")[0])
        # As the receiver in Perl that comes with Zabbix writes it.
        perl = re.sub(r"(?m)^(\S+) (.*)$", r"  \1 type=4  value=STRING: \2", text)
        one(what + " in Perl", by_key["truecause.alarm"], perl, alarm, line if alarm else None)
    return [address for address, _ in records]


def main():
    export = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["zabbix_export"]
    look(export)
    addresses = compare(export, traps(sys.argv[2]), expected(sys.argv[3]))
    want("192.0.2.10" in addresses, "no record has the address of the computer that failed")
    want("127.0.0.1" in addresses, "no record has the address of the sender")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
