# SPDX-License-Identifier: BSD-2-Clause
"""splunk_check.py CONF MESSAGES: what the stanzas of truecause-syslog(7) make of messages,
one a line, is what they say by the grammar of RFC 5424.  The expressions are run by PCRE2
with the limits that Splunk gives an extraction unless told otherwise."""
import configparser
import ctypes
import re
import sys

from syslog_compare import ELEMENT, structured

MATCH_LIMIT, DEPTH_LIMIT = 100000, 1000  # transforms.conf of Splunk
ESCAPED = re.compile(r'\\(["\\\]])')


class Pcre2:
    """A compiled expression; texts are bytes."""

    library = ctypes.CDLL("libpcre2-8.so.0")

    def __init__(self, pattern):
        lib, error, at = self.library, ctypes.c_int(), ctypes.c_size_t()
        for name in ("pcre2_compile_8", "pcre2_match_context_create_8", "pcre2_match_data_create_from_pattern_8"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
        text = pattern.encode()
        self.code = ctypes.c_void_p(lib.pcre2_compile_8(text, ctypes.c_size_t(len(text)), 0, ctypes.byref(error),
                                                        ctypes.byref(at), None))
        if not self.code:
            sys.exit("PCRE2 error %d at %d: %s" % (error.value, at.value, pattern))
        self.context = ctypes.c_void_p(lib.pcre2_match_context_create_8(None))
        lib.pcre2_set_match_limit_8(self.context, MATCH_LIMIT)
        lib.pcre2_set_depth_limit_8(self.context, DEPTH_LIMIT)
        self.data = ctypes.c_void_p(lib.pcre2_match_data_create_from_pattern_8(self.code, None))

    def matches(self, text):
        """The groups of each match from left to right, as REPORT looks for them."""
        at = 0
        while True:
            n = self.library.pcre2_match_8(self.code, text, ctypes.c_size_t(len(text)), ctypes.c_size_t(at), 0, self.data,
                                           self.context)
            if n == -1:
                return
            if n < 0:
                sys.exit("PCRE2 gave up (%d) on %r" % (n, text))
            where = self.library.pcre2_get_ovector_pointer_8(self.data)
            yield [text[where[2 * i]:where[2 * i + 1]].decode() for i in range(1, n)]
            at = max(where[1], at + 1)


def main():
    conf = configparser.RawConfigParser(strict=False)
    conf.optionxform = str
    conf.read(sys.argv[1])
    props = conf["truecause"]
    opening = Pcre2(props["TIME_PREFIX"])
    host = Pcre2(conf[props["TRANSFORMS-host"]]["REGEX"])
    first, second = (conf[name] for name in props["REPORT-sd"].split(", "))
    source = first["FORMAT"].removesuffix("::$1")
    if second["SOURCE_KEY"] != source:
        sys.exit("the second extraction reads %s, the first writes %s" % (second["SOURCE_KEY"], source))
    data, parameter, lines = Pcre2(first["REGEX"]), Pcre2(second["REGEX"]), 0
    with open(sys.argv[2], "rb") as file:
        for lines, line in enumerate(file.read().split(b"\n")[:-1], 1):
            if len(line) > int(props["TRUNCATE"]):
                sys.exit("cut off: %r" % line)
            found = list(data.matches(line))
            if not list(opening.matches(line)) or [["ANFIELD"]] != list(host.matches(line)) or len(found) != 1:
                sys.exit("no time, no host or no structured data: %r" % line)
            rest = line.decode().split(" ", 6)[6]
            end = 0
            while element := ELEMENT.match(rest, end):
                end = element.end()
            if found[0] != [rest[:end]]:
                sys.exit("structured data: %r of %r" % (found[0], line))
            want = [[name, value] for values in structured(rest[:end]).values() for name, value in values.items()]
            have = [[name, ESCAPED.sub(r"\1", value)] for name, value in parameter.matches(rest[:end].encode())]
            if want != have or len({name for name, _ in have}) != len(have):
                sys.exit("want: %s\n got: %s" % (want, have))
    print("%d lines read" % lines)
    return 0 if lines else 1


sys.exit(main())
