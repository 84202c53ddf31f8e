# SPDX-License-Identifier: BSD-2-Clause
"""A receiver of notifications on pysnmp; peers.py says what it reads and prints."""
import asyncio
import json
import sys

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.proto import rfc1902

AUTH = {
    "-": config.USM_AUTH_NONE,
    "sha1": config.USM_AUTH_HMAC96_SHA,
    "sha224": config.USM_AUTH_HMAC128_SHA224,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha384": config.USM_AUTH_HMAC256_SHA384,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
PRIV = {
    "-": config.USM_PRIV_NONE,
    "aes128": config.USM_PRIV_CFB128_AES,
    "aes192-blumenthal": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes192-reeder": config.USM_PRIV_CFB192_AES,
    "aes256-blumenthal": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "aes256-reeder": config.USM_PRIV_CFB256_AES,
}
TYPES = {  # class and number of the tag
    (0x00, 2): "integer", (0x00, 4): "octets", (0x00, 6): "oid", (0x40, 0): "address", (0x40, 1): "counter",
    (0x40, 2): "unsigned", (0x40, 3): "ticks",
}
LEVEL = {1: "noAuthNoPriv", 2: "authNoPriv", 3: "authPriv"}


def tell(**what):
    print(json.dumps(what), flush=True)


def value_of(value):
    tag = value.tagSet[-1]
    name = TYPES.get((tag.tagClass, tag.tagId), str(tag))
    if name == "octets":
        return name, bytes(value).hex()
    return name, value.prettyPrint() if name in ("address", "oid") else str(int(value))


class Listener:
    def __init__(self, spec, sender):
        self.name, version, user, auth, auth_pass, priv, priv_pass = spec.split(",")
        self.engine = engine.SnmpEngine()
        self.transport = udp.UdpAsyncioTransport().open_server_mode(("127.0.0.1", 0))
        config.add_transport(self.engine, udp.DOMAIN_NAME, self.transport)
        if version == "3":
            # Of a trap the sender is authoritative, of an inform we are.
            for authoritative in (rfc1902.OctetString(hexValue=sender), None):
                config.add_v3_user(self.engine, user, AUTH[auth], None if auth == "-" else auth_pass, PRIV[priv],
                                   None if priv == "-" else priv_pass, securityEngineId=authoritative)
        else:
            config.add_v1_system(self.engine, "area", user)
        ntfrcv.NotificationReceiver(self.engine, self.take)
        self.about = {}
        self.engine.observer.register_observer(self.note, "rfc3412.receiveMessage:request")

    def note(self, _engine, _point, about, _context):
        self.about = dict(about)

    def take(self, _engine, _reference, context_engine, context, varbinds, _own):
        pdu = type(self.about["pdu"]).__name__
        tell(listener=self.name, pdu={"InformRequestPDU": "inform", "SNMPv2TrapPDU": "trap", "TrapPDU": "trap1"}[pdu],
             user=str(self.about["securityName"]), level=LEVEL[int(self.about["securityLevel"])], context=str(context),
             engine=bytes(context_engine).hex(), converted=pdu == "TrapPDU",
             varbinds=[(str(name), *value_of(value)) for name, value in varbinds])


async def main():
    loop = asyncio.get_running_loop()
    listeners = [Listener(spec, sys.argv[1]) for spec in sys.argv[2:]]
    for listener in listeners:
        await listener.transport._lport
        tell(listener=listener.name, port=listener.transport.transport.get_extra_info("sockname")[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
