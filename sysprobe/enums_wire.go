package sysprobe

import "strconv"

// The numbers of kernels, and what they mean here. The tables are data: they
// are compiled and tested on every system, whichever it is they describe.

// stateOfLetter is the third field of /proc/PID/stat (task_state_array and
// its predecessors in fs/proc/array.c).
func stateOfLetter(letter byte) State {
	switch letter {
	case 'R':
		return StateRunning
	case 'S':
		return StateSleeping
	case 'D':
		return StateDiskSleep
	case 'T':
		return StateStopped
	case 't':
		return StateTracingStop
	case 'Z':
		return StateZombie
	case 'X', 'x':
		return StateDead
	case 'K':
		return StateWakeKill
	case 'W':
		return StateWaking
	case 'I':
		return StateIdle
	case 'P':
		return StateParked
	default:
		return StateUnknown
	}
}

// duplexOfKernel maps DUPLEX_* of linux/ethtool.h, of which 0 is half and 0xff
// unknown.
func duplexOfKernel(raw uint8) Duplex {
	switch raw {
	case 0:
		return DuplexHalf
	case 1:
		return DuplexFull
	default:
		return DuplexUnknown
	}
}

// Speeds that are none (linux/ethtool.h): unknown, and unknown cut to the 16
// bits of the old struct ethtool_cmd by drivers that never set speed_hi.
const (
	speedUnknown   = 0xffffffff
	speedUnknown16 = 0xffff
)

// speedOfKernel is a speed in Mbit/s, absent where the driver does not know.
func speedOfKernel(raw uint32) Opt[uint32] {
	if raw == 0 || raw == speedUnknown || raw == speedUnknown16 {
		return Opt[uint32]{}
	}
	return Some(raw)
}

// hardwareTypeNames are the ARPHRD_* of linux/if_arp.h in ip-link(8)'s words.
var hardwareTypeNames = map[uint16]string{
	0: "netrom", 1: "ether", 2: "eether", 3: "ax25", 4: "pronet", 5: "chaos", 6: "ieee802", 7: "arcnet",
	8: "atalk", 15: "dlci", 19: "atm", 23: "metricom", 24: "ieee1394", 32: "infiniband",
	256: "slip", 257: "cslip", 258: "slip6", 259: "cslip6", 260: "rsrvd", 264: "adapt", 270: "rose", 271: "x25",
	272: "hwx25", 280: "can", 290: "mctp", 512: "ppp", 513: "hdlc", 516: "lapb", 517: "ddcmp", 518: "rawhdlc",
	519: "rawip", 768: "ipip", 769: "tunnel6", 770: "frad", 771: "skip", 772: "loopback", 773: "ltalk", 774: "fddi",
	775: "bif", 776: "sit", 777: "ip/ddp", 778: "gre", 779: "pimreg", 780: "hippi", 781: "ash", 782: "econet",
	783: "irda", 784: "fcpp", 785: "fcal", 786: "fcpl", 787: "fcfb0", 800: "tr", 801: "ieee802.11",
	802: "ieee802.11/prism", 803: "ieee802.11/radiotap", 804: "ieee802.15.4", 805: "ieee802.15.4/monitor",
	820: "phonet", 821: "phonet_pipe", 822: "caif", 823: "ip6gre", 824: "netlink", 825: "6lowpan", 826: "vsockmon",
	0xfffe: "none", 0xffff: "void",
}

// hardwareTypeName names an ARPHRD_*, or prints its number.
func hardwareTypeName(t uint16) string {
	if name := hardwareTypeNames[t]; name != "" {
		return name
	}
	return strconv.Itoa(int(t))
}
