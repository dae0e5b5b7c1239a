package sysprobe

import (
	"math"
	"strconv"
)

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

// stateOfNetBSD maps p_realstat and p_stat of struct kinfo_proc2
// (sys/sysctl.h): the process is SZOMB 5 once it is dead, SDYING 3 and SDEAD 6
// on the way there and beyond, whatever its last thread is said to do.
func stateOfNetBSD(process, thread int) State {
	switch process {
	case 3, 5, 6:
		return StateZombie
	case 4: // SSTOP
		return StateStopped
	}
	switch thread {
	case 1: // LSIDL
		return StateIdle
	case 2: // LSRUN: ready for a processor
		return StateWaking
	case 3: // LSSLEEP
		return StateSleeping
	case 4: // LSSTOP
		return StateStopped
	case 5: // LSZOMB
		return StateZombie
	case 7: // LSONPROC
		return StateRunning
	case 8: // LSSUSPENDED
		return StateSuspended
	default:
		return StateUnknown
	}
}

// stateOfOpenBSD maps p_stat of struct kinfo_proc (sys/proc.h). A process that
// waits to be reaped is SDEAD 6; SZOMB 5 is not in use any more.
func stateOfOpenBSD(stat int) State {
	switch stat {
	case 1: // SIDL
		return StateIdle
	case 2: // SRUN: ready for a processor
		return StateWaking
	case 3: // SSLEEP
		return StateSleeping
	case 4: // SSTOP
		return StateStopped
	case 5, 6:
		return StateZombie
	case 7: // SONPROC
		return StateRunning
	default:
		return StateUnknown
	}
}

// stateOfDarwin maps p_stat of struct extern_proc (sys/proc.h). Process 0 is the
// kernel's, whatever it is said to be.
func stateOfDarwin(pid int32, stat int) State {
	switch stat {
	case 1: // SIDL
		return StateIdle
	case 2: // SRUN
		return StateRunning
	case 3: // SSLEEP
		return StateSleeping
	case 4: // SSTOP
		return StateStopped
	case 5: // SZOMB
		if pid != 0 {
			return StateZombie
		}
	}
	return StateUnknown
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

// familyOf maps the AF_* of the system goos. AF_UNSPEC and AF_INET are 0 and 2
// everywhere. Any other number stays as it is, except where it would read as
// one of Linux's: that is unspec.
func familyOf(goos string, number int) Family {
	inet6, link := 24, 18 // OpenBSD, NetBSD (sys/socket.h)
	switch goos {
	case "linux":
		inet6, link = 10, 17 // AF_PACKET
	case "darwin":
		inet6 = 30
	case "freebsd", "dragonfly":
		inet6 = 28
	case "windows":
		inet6, link = 23, -1 // psutil's AF_LINK, where the system has none
	}
	switch {
	case number == inet6:
		return FamilyInet6
	case number == link:
		return FamilyLink
	case number < 0 || number > math.MaxUint16 || Family(number) == FamilyInet6 || Family(number) == FamilyLink:
		return FamilyUnspec
	default:
		return Family(number)
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
