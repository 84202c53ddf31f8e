// SPDX-License-Identifier: BSD-2-Clause

// A receiver of notifications on SNMP4J; peers.py says what it reads and prints.
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.snmp4j.CommandResponder;
import org.snmp4j.CommandResponderEvent;
import org.snmp4j.MessageDispatcher;
import org.snmp4j.MessageDispatcherImpl;
import org.snmp4j.MessageException;
import org.snmp4j.PDU;
import org.snmp4j.PDUv1;
import org.snmp4j.ScopedPDU;
import org.snmp4j.Snmp;
import org.snmp4j.mp.CounterSupport;
import org.snmp4j.mp.MPv1;
import org.snmp4j.mp.MPv2c;
import org.snmp4j.mp.MPv3;
import org.snmp4j.mp.StatusInformation;
import org.snmp4j.security.AuthHMAC128SHA224;
import org.snmp4j.security.AuthHMAC192SHA256;
import org.snmp4j.security.AuthHMAC256SHA384;
import org.snmp4j.security.AuthHMAC384SHA512;
import org.snmp4j.security.AuthSHA;
import org.snmp4j.security.PrivAES128;
import org.snmp4j.security.PrivAES192;
import org.snmp4j.security.PrivAES256;
import org.snmp4j.security.SecurityLevel;
import org.snmp4j.security.SecurityModels;
import org.snmp4j.security.SecurityProtocols;
import org.snmp4j.security.USM;
import org.snmp4j.security.UsmUser;
import org.snmp4j.security.nonstandard.PrivAES192With3DESKeyExtension;
import org.snmp4j.security.nonstandard.PrivAES256With3DESKeyExtension;
import org.snmp4j.smi.Address;
import org.snmp4j.smi.OID;
import org.snmp4j.smi.OctetString;
import org.snmp4j.smi.SMIConstants;
import org.snmp4j.smi.UdpAddress;
import org.snmp4j.smi.Variable;
import org.snmp4j.smi.VariableBinding;
import org.snmp4j.transport.DefaultUdpTransportMapping;

public final class Receiver implements CommandResponder {
    private static final Map<String, OID> AUTH = Map.of("sha1", AuthSHA.ID, "sha224", AuthHMAC128SHA224.ID, "sha256",
        AuthHMAC192SHA256.ID, "sha384", AuthHMAC256SHA384.ID, "sha512", AuthHMAC384SHA512.ID);
    private static final Map<String, OID> PRIV = Map.of("aes128", PrivAES128.ID, "aes192-blumenthal", PrivAES192.ID,
        "aes256-blumenthal", PrivAES256.ID, "aes192-reeder", PrivAES192With3DESKeyExtension.ID, "aes256-reeder",
        PrivAES256With3DESKeyExtension.ID);

    private final String name;
    private final Snmp snmp;

    private Receiver(String spec) throws Exception {
        String[] f = spec.split(","); // name, version, user, auth, its pass phrase, priv, its pass phrase
        DefaultUdpTransportMapping transport = new DefaultUdpTransportMapping(new UdpAddress("127.0.0.1/0"));
        MessageDispatcher dispatcher = new MessageDispatcherImpl();
        name = f[0];
        snmp = new Snmp(dispatcher, transport);
        dispatcher.addMessageProcessingModel(new MPv1());
        dispatcher.addMessageProcessingModel(new MPv2c());
        if (f[1].equals("3")) {
            SecurityModels models = new SecurityModels();
            SecurityProtocols protocols = new SecurityProtocols(SecurityProtocols.SecurityProtocolSet.maxCompatibility);
            protocols.addPrivacyProtocol(new PrivAES192With3DESKeyExtension());
            protocols.addPrivacyProtocol(new PrivAES256With3DESKeyExtension());
            OctetString engine = new OctetString(MPv3.createLocalEngineID(new OctetString(Integer.toHexString(name.hashCode()))));
            USM usm = new USM(protocols, engine, 7);
            usm.setEngineDiscoveryEnabled(true);
            models.addSecurityModel(usm);
            MPv3 v3 = new MPv3(engine.getValue(), null, protocols, models, CounterSupport.getInstance());
            dispatcher.addMessageProcessingModel(v3);
            usm.addUser(new UsmUser(new OctetString(f[2]), AUTH.get(f[3]), f[3].equals("-") ? null : new OctetString(f[4]),
                PRIV.get(f[5]), f[5].equals("-") ? null : new OctetString(f[6])));
        }
        snmp.addCommandResponder(this);
        transport.listen();
        System.out.println("{\"listener\":\"" + name + "\",\"port\":" + transport.getListenAddress().getPort() + "}");
    }

    private static String varbind(VariableBinding v) {
        Variable value = v.getVariable();
        String type = switch (value.getSyntax()) {
            case SMIConstants.SYNTAX_OCTET_STRING -> "octets";
            case SMIConstants.SYNTAX_OBJECT_IDENTIFIER -> "oid";
            case SMIConstants.SYNTAX_IPADDRESS -> "address";
            case SMIConstants.SYNTAX_INTEGER -> "integer";
            case SMIConstants.SYNTAX_TIMETICKS -> "ticks";
            case SMIConstants.SYNTAX_COUNTER32 -> "counter";
            case SMIConstants.SYNTAX_GAUGE32 -> "unsigned";
            default -> value.getSyntaxString();
        };
        String text = switch (type) {
            case "octets" -> hex(((OctetString) value).getValue());
            case "ticks", "counter", "unsigned" -> Long.toString(value.toLong());
            case "integer" -> Integer.toString(value.toInt());
            case "oid" -> ((OID) value).toDottedString();
            default -> value.toString();
        };
        return "[\"" + v.getOid().toDottedString() + "\",\"" + type + "\",\"" + text + "\"]";
    }

    private static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte b : bytes)
            out.append(String.format("%02x", b & 0xff));
        return out.toString();
    }

    @Override
    public <A extends Address> void processPdu(CommandResponderEvent<A> event) {
        PDU pdu = event.getPDU();
        StringBuilder out = new StringBuilder("{\"listener\":\"" + name + "\",\"user\":\""
            + new OctetString(event.getSecurityName()) + "\"");
        String kind = switch (pdu.getType()) {
            case PDU.INFORM -> "inform";
            case PDU.TRAP -> "trap";
            case PDU.V1TRAP -> "trap1";
            default -> PDU.getTypeString(pdu.getType());
        };
        String level = switch (event.getSecurityLevel()) {
            case SecurityLevel.AUTH_PRIV -> "authPriv";
            case SecurityLevel.AUTH_NOPRIV -> "authNoPriv";
            default -> "noAuthNoPriv";
        };
        out.append(",\"pdu\":\"" + kind + "\",\"level\":\"" + level + "\"");
        if (pdu instanceof PDUv1 v1)
            out.append(",\"enterprise\":\"" + v1.getEnterprise().toDottedString() + "\",\"agent\":\"" + v1.getAgentAddress()
                + "\",\"generic\":" + v1.getGenericTrap() + ",\"specific\":" + v1.getSpecificTrap() + ",\"ticks\":"
                + v1.getTimestamp());
        if (pdu instanceof ScopedPDU scoped)
            out.append(",\"context\":\"" + scoped.getContextName() + "\",\"engine\":\""
                + hex(scoped.getContextEngineID().getValue()) + "\"");
        else
            out.append(",\"context\":\"\",\"engine\":\"\"");
        List<String> varbinds = new ArrayList<>();
        for (VariableBinding v : pdu.getVariableBindings())
            varbinds.add(varbind(v));
        synchronized (System.out) {
            System.out.println(out + ",\"varbinds\":[" + String.join(",", varbinds) + "]}");
        }
        event.setProcessed(true);
        if (pdu.getType() == PDU.INFORM)
            acknowledge(event, pdu);
    }

    private <A extends Address> void acknowledge(CommandResponderEvent<A> event, PDU pdu) {
        PDU response = (PDU) pdu.clone();
        response.setType(PDU.RESPONSE);
        response.setErrorStatus(PDU.noError);
        response.setErrorIndex(0);
        try {
            event.getMessageDispatcher().returnResponsePdu(event.getMessageProcessingModel(), event.getSecurityModel(),
                event.getSecurityName(), event.getSecurityLevel(), response, event.getMaxSizeResponsePDU(),
                event.getStateReference(), new StatusInformation());
        } catch (MessageException e) {
            System.err.println("snmp4j " + name + ": " + e.getMessage());
        }
    }

    public static void main(String[] args) throws Exception {
        List<Receiver> receivers = new ArrayList<>();
        for (int i = 1; i < args.length; i++) // args[0]: the sender's engine, not needed
            receivers.add(new Receiver(args[i]));
        while (System.in.read() >= 0)
            continue;
        System.exit(0);
    }
}
