package sysprobe

import (
	"strconv"
	"strings"
)

// VLANProtocol is the EtherType of the tags of a VLAN (ETH_P_* of
// linux/if_ether.h).
type VLANProtocol uint16

// The VLAN protocols.
const (
	VLAN8021Q  VLANProtocol = 0x8100
	VLAN8021AD VLANProtocol = 0x88a8
)

// vlanProtocolNames are those of ip-link(8).
var vlanProtocolNames = map[VLANProtocol]string{VLAN8021Q: "802.1Q", VLAN8021AD: "802.1ad"}

// MACVLANMode is what the macvlans of one interface may send each other
// (MACVLAN_MODE_* of linux/if_link.h).
type MACVLANMode uint8

// The modes of a macvlan or macvtap.
const (
	MACVLANPrivate  MACVLANMode = 1
	MACVLANVEPA     MACVLANMode = 2
	MACVLANBridge   MACVLANMode = 4
	MACVLANPassthru MACVLANMode = 8
	MACVLANSource   MACVLANMode = 16
)

var macvlanModeNames = []string{1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}

// IPVLANMode is the layer at which an ipvlan forwards (IPVLAN_MODE_* of
// linux/if_link.h).
type IPVLANMode uint8

// The modes of an ipvlan or ipvtap.
const (
	IPVLANL2  IPVLANMode = 0
	IPVLANL3  IPVLANMode = 1
	IPVLANL3S IPVLANMode = 2
)

var ipvlanModeNames = []string{"l2", "l3", "l3s"}

// BondMode is how a bond uses its members (BOND_MODE_* of
// linux/if_bonding.h).
type BondMode uint8

// The modes of a bond.
const (
	BondRoundRobin   BondMode = 0
	BondActiveBackup BondMode = 1
	BondXOR          BondMode = 2
	BondBroadcast    BondMode = 3
	Bond8023AD       BondMode = 4 // LACP
	BondTLB          BondMode = 5
	BondALB          BondMode = 6
)

var bondModeNames = []string{"balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"}

// BondSlaveState is whether a bond sends through a member (BOND_STATE_* of
// linux/if_bonding.h).
type BondSlaveState uint8

// The states of a member.
const (
	BondSlaveActive BondSlaveState = 0
	BondSlaveBackup BondSlaveState = 1
)

var bondSlaveStateNames = []string{"active", "backup"}

// MIIStatus is what a bond thinks of the link of a member (BOND_LINK_* of
// linux/if_bonding.h).
type MIIStatus uint8

// The states of the link of a member.
const (
	MIIUp   MIIStatus = 0
	MIIFail MIIStatus = 1 // down, but not yet for as long as downdelay
	MIIDown MIIStatus = 2
	MIIBack MIIStatus = 3 // up, but not yet for as long as updelay
)

var miiStatusNames = []string{"up", "going_down", "down", "going_back"}

// BridgeSTP is who speaks the spanning tree protocol for a bridge (BR_*_STP
// of net/bridge/br_private.h).
type BridgeSTP uint8

// The spanning tree speakers.
const (
	STPOff    BridgeSTP = 0
	STPKernel BridgeSTP = 1
	STPUser   BridgeSTP = 2 // a daemon
)

var bridgeSTPNames = []string{"off", "kernel", "user"}

// BridgePortState is what the spanning tree protocol has a port do
// (BR_STATE_* of linux/if_bridge.h).
type BridgePortState uint8

// The states of a port.
const (
	BridgePortDisabled   BridgePortState = 0
	BridgePortListening  BridgePortState = 1
	BridgePortLearning   BridgePortState = 2
	BridgePortForwarding BridgePortState = 3
	BridgePortBlocking   BridgePortState = 4
)

var bridgePortStateNames = []string{"disabled", "listening", "learning", "forwarding", "blocking"}

// LinkDownReason is why a link is down, as its driver sees it
// (ETHTOOL_LINK_EXT_STATE_* of linux/ethtool.h).
type LinkDownReason uint8

// The reasons.
const (
	DownAutoneg     LinkDownReason = 0
	DownTraining    LinkDownReason = 1
	DownMismatch    LinkDownReason = 2 // of the logical layers
	DownSignal      LinkDownReason = 3 // bad signal integrity
	DownNoCable     LinkDownReason = 4
	DownCable       LinkDownReason = 5
	DownEEPROM      LinkDownReason = 6
	DownCalibration LinkDownReason = 7
	DownPower       LinkDownReason = 8 // needs more than there is
	DownOverheat    LinkDownReason = 9
	DownModule      LinkDownReason = 10
)

var linkDownReasonNames = []string{
	"autoneg", "link-training-failure", "logical-mismatch", "bad-signal-integrity", "no-cable", "cable-issue",
	"eeprom-issue", "calibration-failure", "power-budget-exceeded", "overheat", "module",
}

// linkDownDetails are the ETHTOOL_LINK_EXT_SUBSTATE_* of linux/ethtool.h, which
// begin at 1 for each reason.
var linkDownDetails = [...][]string{
	DownAutoneg: {
		"", "no-partner-detected", "ack-not-received", "next-page-exchange-failed", "no-partner-detected-force-mode",
		"fec-mismatch-during-override", "no-hcd",
	},
	DownTraining: {
		"", "kr-frame-lock-not-acquired", "kr-link-inhibit-timeout", "kr-link-partner-did-not-set-receiver-ready", "remote-fault",
	},
	DownMismatch: {
		"", "pcs-did-not-acquire-block-lock", "pcs-did-not-acquire-am-lock", "pcs-did-not-get-align-status",
		"fc-fec-is-not-locked", "rs-fec-is-not-locked",
	},
	DownSignal: {
		"", "large-number-of-physical-errors", "unsupported-rate", "serdes-reference-clock-lost", "serdes-alos",
	},
	DownCable:  {"", "unsupported-cable", "cable-test-failure"},
	DownModule: {"", "cmis-not-ready"},
}

// Detail returns the name of a detail of r (ETHTOOL_LINK_EXT_SUBSTATE_*), or
// its number where it has none.
func (r LinkDownReason) Detail(number uint8) string {
	if int(r) < len(linkDownDetails) {
		return enumText(number, linkDownDetails[r])
	}
	return enumText(number, nil)
}

// ProtoDownReasons are the reasons for which an interface is held down, a bit for
// each. Only the programs that hold it down know what a bit means; ip(8) has names
// for them in /etc/iproute2/protodown_reasons.d.
type ProtoDownReasons uint32

// String lists the numbers of the bits, from 0, separated by commas, as ip(8)
// prints them.
func (p ProtoDownReasons) String() string {
	var numbers []string
	for bit := range 32 {
		if p&(1<<bit) != 0 {
			numbers = append(numbers, strconv.Itoa(bit))
		}
	}
	return strings.Join(numbers, ",")
}
