package sysprobe

import "strconv"

// VLANProtocol is the EtherType of the tags of a VLAN (ETH_P_* of
// linux/if_ether.h).
type VLANProtocol uint16

// The VLAN protocols.
const (
	VLAN8021Q  VLANProtocol = 0x8100
	VLAN8021AD VLANProtocol = 0x88a8
)

// String returns the name that ip-link(8) uses, or the number of p.
func (p VLANProtocol) String() string {
	switch p {
	case VLAN8021Q:
		return "802.1Q"
	case VLAN8021AD:
		return "802.1ad"
	default:
		return strconv.Itoa(int(p))
	}
}

// MarshalText writes String; it never fails.
func (p VLANProtocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (p *VLANProtocol) UnmarshalText(b []byte) error {
	for _, known := range [...]VLANProtocol{VLAN8021Q, VLAN8021AD} {
		if string(b) == known.String() {
			*p = known
			return nil
		}
	}
	return enumParse(p, nil, "VLAN protocol", b)
}

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

// String returns the name of m, or its number where it has none.
func (m MACVLANMode) String() string { return enumText(m, macvlanModeNames) }

// MarshalText writes String; it never fails.
func (m MACVLANMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (m *MACVLANMode) UnmarshalText(b []byte) error {
	return enumParse(m, macvlanModeNames, "macvlan mode", b)
}

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

// String returns the name of m, or its number where it has none.
func (m IPVLANMode) String() string { return enumText(m, ipvlanModeNames) }

// MarshalText writes String; it never fails.
func (m IPVLANMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (m *IPVLANMode) UnmarshalText(b []byte) error {
	return enumParse(m, ipvlanModeNames, "ipvlan mode", b)
}

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

// String returns the name of m, or its number where it has none.
func (m BondMode) String() string { return enumText(m, bondModeNames) }

// MarshalText writes String; it never fails.
func (m BondMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (m *BondMode) UnmarshalText(b []byte) error { return enumParse(m, bondModeNames, "bond mode", b) }

// BondSlaveState is whether a bond sends through a member (BOND_STATE_* of
// linux/if_bonding.h).
type BondSlaveState uint8

// The states of a member.
const (
	BondSlaveActive BondSlaveState = 0
	BondSlaveBackup BondSlaveState = 1
)

var bondSlaveStateNames = []string{"active", "backup"}

// String returns the name of s, or its number where it has none.
func (s BondSlaveState) String() string { return enumText(s, bondSlaveStateNames) }

// MarshalText writes String; it never fails.
func (s BondSlaveState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (s *BondSlaveState) UnmarshalText(b []byte) error {
	return enumParse(s, bondSlaveStateNames, "member state", b)
}

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

// String returns the name of s, or its number where it has none.
func (s MIIStatus) String() string { return enumText(s, miiStatusNames) }

// MarshalText writes String; it never fails.
func (s MIIStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (s *MIIStatus) UnmarshalText(b []byte) error {
	return enumParse(s, miiStatusNames, "MII status", b)
}

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

// String returns the name of s, or its number where it has none.
func (s BridgeSTP) String() string { return enumText(s, bridgeSTPNames) }

// MarshalText writes String; it never fails.
func (s BridgeSTP) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (s *BridgeSTP) UnmarshalText(b []byte) error {
	return enumParse(s, bridgeSTPNames, "spanning tree speaker", b)
}

// BridgePortState is what the spanning tree protocol has a port do
// (BR_STATE_* of linux/if_bridge.h).
type BridgePortState uint8

// The states of a port.
const (
	PortDisabled   BridgePortState = 0
	PortListening  BridgePortState = 1
	PortLearning   BridgePortState = 2
	PortForwarding BridgePortState = 3
	PortBlocking   BridgePortState = 4
)

var bridgePortStateNames = []string{"disabled", "listening", "learning", "forwarding", "blocking"}

// String returns the name of s, or its number where it has none.
func (s BridgePortState) String() string { return enumText(s, bridgePortStateNames) }

// MarshalText writes String; it never fails.
func (s BridgePortState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (s *BridgePortState) UnmarshalText(b []byte) error {
	return enumParse(s, bridgePortStateNames, "port state", b)
}

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

// String returns the name of r, or its number where it has none.
func (r LinkDownReason) String() string { return enumText(r, linkDownReasonNames) }

// MarshalText writes String; it never fails.
func (r LinkDownReason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (r *LinkDownReason) UnmarshalText(b []byte) error {
	return enumParse(r, linkDownReasonNames, "reason", b)
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
