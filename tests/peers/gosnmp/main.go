// SPDX-License-Identifier: BSD-2-Clause

// A receiver of notifications on gosnmp; peers.py says what it reads and prints.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/gosnmp/gosnmp"
)

var auths = map[string]gosnmp.SnmpV3AuthProtocol{
	"-": gosnmp.NoAuth, "sha1": gosnmp.SHA, "sha224": gosnmp.SHA224, "sha256": gosnmp.SHA256,
	"sha384": gosnmp.SHA384, "sha512": gosnmp.SHA512,
}

var privs = map[string]gosnmp.SnmpV3PrivProtocol{
	"-": gosnmp.NoPriv, "aes128": gosnmp.AES,
	"aes192-blumenthal": gosnmp.AES192, "aes192-reeder": gosnmp.AES192C,
	"aes256-blumenthal": gosnmp.AES256, "aes256-reeder": gosnmp.AES256C,
}

var versions = map[string]gosnmp.SnmpVersion{"1": gosnmp.Version1, "2c": gosnmp.Version2c, "3": gosnmp.Version3}

var output sync.Mutex

func tell(what map[string]any) {
	line, err := json.Marshal(what)
	if err != nil {
		log.Fatal(err)
	}
	output.Lock()
	fmt.Println(string(line))
	output.Unlock()
}

func varbind(v gosnmp.SnmpPDU) [3]string {
	name := strings.TrimPrefix(v.Name, ".")
	switch v.Type {
	case gosnmp.OctetString:
		return [3]string{name, "octets", hex.EncodeToString(v.Value.([]byte))}
	case gosnmp.ObjectIdentifier:
		return [3]string{name, "oid", strings.TrimPrefix(v.Value.(string), ".")}
	case gosnmp.IPAddress:
		return [3]string{name, "address", v.Value.(string)}
	case gosnmp.Integer:
		return [3]string{name, "integer", gosnmp.ToBigInt(v.Value).String()}
	case gosnmp.TimeTicks:
		return [3]string{name, "ticks", gosnmp.ToBigInt(v.Value).String()}
	case gosnmp.Counter32:
		return [3]string{name, "counter", gosnmp.ToBigInt(v.Value).String()}
	case gosnmp.Gauge32, gosnmp.Uinteger32:
		return [3]string{name, "unsigned", gosnmp.ToBigInt(v.Value).String()}
	}
	return [3]string{name, v.Type.String(), fmt.Sprint(v.Value)}
}

func take(listener string, p *gosnmp.SnmpPacket) {
	what := map[string]any{"listener": listener, "user": p.Community, "context": "", "engine": "", "level": "noAuthNoPriv"}
	switch p.PDUType {
	case gosnmp.InformRequest:
		what["pdu"] = "inform"
	case gosnmp.SNMPv2Trap:
		what["pdu"] = "trap"
	case gosnmp.Trap:
		what["pdu"] = "trap1"
		what["enterprise"] = strings.TrimPrefix(p.Enterprise, ".")
		what["agent"], what["generic"], what["specific"], what["ticks"] = p.AgentAddress, p.GenericTrap, p.SpecificTrap, p.Timestamp
	default:
		what["pdu"] = p.PDUType.String()
	}
	if p.Version == gosnmp.Version3 {
		usm := p.SecurityParameters.(*gosnmp.UsmSecurityParameters)
		what["user"], what["context"], what["engine"] = usm.UserName, p.ContextName, hex.EncodeToString([]byte(p.ContextEngineID))
		switch p.MsgFlags & gosnmp.AuthPriv {
		case gosnmp.AuthPriv:
			what["level"] = "authPriv"
		case gosnmp.AuthNoPriv:
			what["level"] = "authNoPriv"
		}
	}
	varbinds := [][3]string{}
	for _, v := range p.Variables {
		varbinds = append(varbinds, varbind(v))
	}
	what["varbinds"] = varbinds
	tell(what)
}

func listen(spec string) {
	f := strings.Split(spec, ",") // name, version, user, auth, its pass phrase, priv, its pass phrase
	params := &gosnmp.GoSNMP{Version: versions[f[1]], Community: f[2], MaxOids: gosnmp.MaxOids}
	if os.Getenv("PEER_DEBUG") != "" {
		params.Logger = gosnmp.NewLogger(log.New(os.Stderr, "gosnmp "+f[0]+": ", 0))
	}
	if f[1] == "3" {
		params.SecurityModel = gosnmp.UserSecurityModel
		params.MsgFlags = gosnmp.NoAuthNoPriv
		if f[3] != "-" {
			params.MsgFlags = gosnmp.AuthNoPriv
		}
		if f[5] != "-" {
			params.MsgFlags = gosnmp.AuthPriv
		}
		params.SecurityParameters = &gosnmp.UsmSecurityParameters{UserName: f[2],
			AuthenticationProtocol: auths[f[3]], AuthenticationPassphrase: f[4],
			PrivacyProtocol: privs[f[5]], PrivacyPassphrase: f[6],
			AuthoritativeEngineID: "\x80\x00\x7e\xd9\x05gosnmp-" + f[0][:min(len(f[0]), 16)]}
	}
	probe, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	port := probe.LocalAddr().(*net.UDPAddr).Port
	probe.Close()
	receiver := gosnmp.NewTrapListener()
	receiver.Params = params
	receiver.OnNewTrap = func(p *gosnmp.SnmpPacket, _ *net.UDPAddr) { take(f[0], p) }
	go func() {
		if err := receiver.Listen(fmt.Sprintf("127.0.0.1:%d", port)); err != nil {
			log.Fatal(err)
		}
	}()
	<-receiver.Listening()
	tell(map[string]any{"listener": f[0], "port": port})
}

func main() {
	for _, spec := range os.Args[2:] { // os.Args[1]: the sender's engine, not needed
		listen(spec)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
