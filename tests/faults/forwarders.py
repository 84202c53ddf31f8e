# SPDX-License-Identifier: BSD-2-Clause
"""A log to a syslog receiver, over each transport that a product has: for transports.py.
Each is set up as its manual says for not losing anything.
"""
import products
from products import Product

TLS_FILES = 'ca="@CA@" certificate="@CERT@" key="@KEY@" '


def truecause(transport):
    files = TLS_FILES if transport == "tls" else ""
    return products.truecause("""
<truecause xmlns="urn:truecause:config:1" state="@DIR@/state">
  <source format="sms-log" path="@LOG@" host="BENCH" zone="UTC" poll="100ms"/>
  <target name="siem" type="syslog" address="%s:127.0.0.1:@PORT@" %shistory="all" overflow="block"/>
</truecause>
""" % (transport, files))


RSYSLOG = """
global(workDirectory="@DIR@"%s)
module(load="imfile")
%sinput(type="imfile" file="@LOG@" tag="bench")
template(name="raw" type="string" string="%%msg%%")
action(type="%s" target="127.0.0.1" port="@PORT@" template="raw" %s
       action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.filename="q"
       queue.saveonshutdown="on" queue.syncqueuefiles="on" queue.checkpointinterval="100" queue.size="50000")
"""
RSYSLOG_TLS = (' defaultNetstreamDriverCAFile="@CA@" defaultNetstreamDriverCertFile="@CERT@" '
               'defaultNetstreamDriverKeyFile="@KEY@"')
RSYSLOG_DRIVER = ('streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="x509/name" '
                  'streamDriverPermittedPeers="@NAME@" ')


def rsyslog(transport):
    command = products.rsyslogd()
    if not command or transport == "udp":
        return None
    if transport == "relp":
        config = RSYSLOG % ("", 'module(load="omrelp")\n', "omrelp", "")
    else:
        tls = transport == "tls"
        config = RSYSLOG % (RSYSLOG_TLS if tls else "", "", "omfwd", 'protocol="tcp" TCP_Framing="octet-counted" '
                            + (RSYSLOG_DRIVER if tls else ""))
    return Product("rsyslog, disk queue", command, config)


def syslog_ng(transport, folder, download):
    if transport not in ("tcp", "tls"):
        return []
    found = products.syslog_ng(folder, download)
    if not found:
        return []
    command, env = found
    tls = ' tls(ca-file("@CA@") cert-file("@CERT@") key-file("@KEY@") peer-verify(required-trusted))' \
        if transport == "tls" else ""
    config = """@version: 3.38
options { time-reopen(1); };
source s { file("@LOG@" follow-freq(0.1) flags(no-parse)); };
destination d { syslog("127.0.0.1" port(@PORT@) transport("TRANSPORT")TLS OPTIONS); };
log { source(s); destination(d); FLAGS };
""".replace("TRANSPORT", transport).replace("TLS", tls)
    reliable = 'disk-buffer(reliable(yes) mem-buf-size(10485760) disk-buf-size(1073741824) dir("@DIR@"))'
    return [Product("syslog-ng, flow-control", command, config.replace("OPTIONS", "").replace(
                "FLAGS", "flags(flow-control);"), env),
            Product("syslog-ng, reliable(yes)", command, config.replace("OPTIONS", reliable).replace("FLAGS", ""), env)]


def over(transport, only, folder, download):
    """The products of 'only' that have this transport here."""
    out = []
    if "truecause" in only and products.built(transport, folder):
        out.append(truecause(transport))
    elif "truecause" in only:
        print("truecause is built without it")
    if "rsyslog" in only and (product := rsyslog(transport)):
        out.append(product)
    if "syslog-ng" in only:
        out += syslog_ng(transport, folder, download)
    return out
