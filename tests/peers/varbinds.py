# SPDX-License-Identifier: BSD-2-Clause
"""What an alarm of the archive must look like as a notification.

The one source is TRUECAUSE-MIB as 'truecause mib' prints it (names, numbers, order,
syntax) and the <alarm> element; nothing here knows the sender's tables.  Used by
peers.py and by the inform campaign.
"""
import re
import xml.etree.ElementTree as ElementTree

NS = "{urn:truecause:event:1}"
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0"
TRAP_COMMUNITY = "1.3.6.1.6.3.18.1.4.0"
TRAP_ENTERPRISE = "1.3.6.1.6.3.1.1.4.3.0"
TYPES = {"Integer32": "integer", "Unsigned32": "unsigned", "Counter32": "counter", "TruthValue": "integer",
         "TcText": "octets", "TcAlarmKey": "octets", "TcHexId": "octets", "TcTime": "octets"}
WHOLE = ("tcKey", "tcEventId", "tcTag", "tcFirst", "tcLast")  # never shortened


class Mib:
    def __init__(self, text, enterprise):
        self.enterprise = enterprise
        self.enums = {
            name: {label: int(number) for label, number in re.findall(r"([A-Za-z0-9]+)\((\d+)\)", body)}
            for name, body in re.findall(r"^(\w+) ::= TEXTUAL-CONVENTION.*?SYNTAX (?:INTEGER \{(.*?)\}|OCTET)", text,
                                         re.S | re.M)}
        self.objects = {}  # name -> (OID of the instance, type, enumeration or None)
        for name, syntax, arc in re.findall(r"^(\w+) OBJECT-TYPE\s+SYNTAX (\w+).*?::= \{ tcObjects (\d+) \}", text,
                                            re.S | re.M):
            self.objects[name] = ("%s.1.%s.0" % (enterprise, arc), TYPES.get(syntax, "integer"),
                                  None if syntax in TYPES else syntax)
        self.notifications = {}  # name -> (OID, names of its objects)
        for name, objects, arc in re.findall(
                r"^(\w+) NOTIFICATION-TYPE\s+OBJECTS \{(.*?)\}.*?::= \{ tcNotifications (\d+) \}", text, re.S | re.M):
            self.notifications[name] = ("%s.0.%s" % (enterprise, arc), re.findall(r"\w+", objects))
        self.names = {oid: name for name, (oid, _, _) in self.objects.items()}


def show(text):
    """Text as screens and receivers get it: what is no character in angle brackets."""
    out = []
    for c in text:
        n = ord(c)
        if 0xEF00 <= n <= 0xEFFF:
            out.append("<%02X>" % (n - 0xEF00))
        elif n < 0x20 or 0x7F <= n < 0xA0 or n in (0x2028, 0x2029):
            out.extend("<%02X>" % b for b in c.encode())
        else:
            out.append(c)
    return "".join(out)


def camel(word):
    first, *rest = word.split("-")
    return first + "".join(w.capitalize() for w in rest)


def figure(claim, name):
    if claim is None or claim.get("figures") is None:
        return -2
    text = (claim.get(name) or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(int(text), 2**31 - 1)
    return {"absent": -2, "blank": -1}.get(claim.get("figures"), -3)


def values_of(alarm):
    """Name -> str (text), int, or ('label of the enumeration',)."""
    def part(name):
        return alarm.find(NS + name)

    def attribute(name, *which):
        found = part(name)
        for w in which:
            if found is not None and found.get(w):
                return found.get(w)
        return ""

    cleared = alarm.get("state") == "cleared"
    cause, claim = part("cause"), part("claim")
    code = cause.get("win32") if cause is not None else None
    win32 = -1 if code is None else int(code) if int(code) < 2**31 else -2
    truth = {True: 1, False: 2}
    return {
        "tcKey": alarm.get("key"),
        "tcEventId": alarm.get("id"),
        "tcState": (alarm.get("state"),),
        "tcSeverity": ("cleared" if cleared else alarm.get("severity"),),
        "tcSummary": alarm.findtext(NS + "summary", ""),
        "tcClass": (camel(alarm.get("class")),),
        "tcTag": attribute("cause", "tag"),
        "tcClaim": (camel(attribute("claim", "cause") or "none"),),
        "tcMisreported": truth[attribute("cause", "misreported") == "true"],
        "tcConfidence": (attribute("cause", "confidence") or "none",),
        "tcWin32": win32,
        "tcSite": attribute("origin", "site"),
        "tcOriginHost": attribute("origin", "host"),
        "tcServer": attribute("object", "server"),
        "tcShare": attribute("object", "share"),
        "tcPackage": attribute("object", "package"),
        "tcFile": attribute("object", "file", "target", "instruction"),
        "tcAvailableMB": figure(claim, "available"),
        "tcRequiredMB": figure(claim, "required"),
        "tcCount": min(int(alarm.get("count")), 2**32 - 1),
        "tcFirst": alarm.get("first", ""),
        "tcLast": alarm.get("last", ""),
        "tcClearReason": alarm.get("reason", ""),
        "tcAction": alarm.findtext(NS + "action", ""),
        "tcArticle": " ".join(s.get("article") for s in alarm.findall(NS + "see") if s.get("article")),
    }


def alarms_of(path):
    """The <alarm> elements of an archive, in their order."""
    return [e for e in ElementTree.parse(path).getroot() if e.tag == NS + "alarm"]


def compare(mib, alarm, seq, varbinds, charset="utf-8"):
    """What is wrong with the varbinds (OID, type, value; octets in hexadecimal) of the
    notification of 'alarm' that is the receiver's number 'seq'; a list of sentences."""
    wrong = []
    cls = alarm.get("class")
    name = "tc%s%s" % (camel(cls)[0].upper() + camel(cls)[1:], "Cleared" if alarm.get("state") == "cleared" else "Raised")
    oid, objects = mib.notifications[name]
    want = dict(values_of(alarm), tcSeq=seq, tcTruncated=None)
    got = [tuple(v) for v in varbinds]
    head, body = got[:2], got[2:]
    if [h[:2] for h in head] != [(SYS_UP_TIME, "ticks"), (TRAP_OID, "oid")] or head[1][2] != oid:
        return ["head: %r, not %s %s" % (head, name, oid)]
    address = alarm.find(NS + "origin").get("address") if alarm.find(NS + "origin") is not None else None
    if address and ":" not in address:
        if body[-1:] != [(TRAP_ADDRESS, "address", address)]:
            wrong.append("the last is not snmpTrapAddress.0 %s: %r" % (address, body[-1:]))
        body = body[:-1]
    if [b[0] for b in body] != [mib.objects[o][0] for o in objects]:
        return wrong + ["objects or their order: %r" % [b[0] for b in body]]
    truncated = body[objects.index("tcTruncated")]
    if truncated[1] != "integer" or truncated[2] not in ("1", "2"):
        wrong.append("tcTruncated: %r" % (truncated,))
    shortened = []
    for (_, kind, value), o in zip(body, objects):
        _, syntax, enumeration = mib.objects[o]
        wanted = want[o]
        if kind != syntax:
            wrong.append("%s: type %s, not %s" % (o, kind, syntax))
        elif wanted is None:
            continue
        elif isinstance(wanted, tuple):
            if int(value) != mib.enums[enumeration][wanted[0]]:
                wrong.append("%s: %s, not %s" % (o, value, wanted[0]))
        elif isinstance(wanted, int):
            if int(value) != wanted:
                wrong.append("%s: %s, not %d" % (o, value, wanted))
        else:
            text, wanted = bytes.fromhex(value).decode(charset), show(wanted)
            if text == wanted:
                continue
            if o in WHOLE or not wanted.startswith(text):
                wrong.append("%s: %r, not %r" % (o, text, wanted))
            shortened.append(o)
    if bool(shortened) != (truncated[2] == "1"):
        wrong.append("tcTruncated %s, but shortened are %s" % (truncated[2], shortened or "none"))
    return wrong
