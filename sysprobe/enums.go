package sysprobe

// Every enum has a table of names, called after it. The text methods are made
// from that.
//
//go:generate go run ./internal/gen ..

// State is what a process is doing, in psutil's terms for every system.
type State uint8

// The states of psutil's STATUS_* constants. Linux letters are those of
// task_state_array in fs/proc/array.c.
const (
	StateUnknown     State = iota // a letter no kernel of today uses
	StateRunning                  // R: on a CPU or ready for one
	StateSleeping                 // S: waits and can be woken by a signal
	StateDiskSleep                // D: waits and cannot be woken by a signal
	StateStopped                  // T: stopped by job control
	StateTracingStop              // t: stopped by a tracer
	StateZombie                   // Z: dead, not reaped by its parent
	StateDead                     // X, x: being removed
	StateWakeKill                 // K: Linux 2.6.33 to 3.13
	StateWaking                   // W: Linux 2.6.33 to 3.13; runnable on OpenBSD, NetBSD
	StateIdle                     // I: idle kernel thread; being created on BSD
	StateParked                   // P: parked kernel thread
	StateLocked                   // FreeBSD SLOCK: waits for a lock
	StateWaiting                  // FreeBSD SWAIT: waits for an interrupt
	StateSuspended                // NetBSD LSSUSPENDED
)

var stateNames = []string{
	"unknown", "running", "sleeping", "disk-sleep", "stopped", "tracing-stop", "zombie", "dead",
	"wake-kill", "waking", "idle", "parked", "locked", "waiting", "suspended",
}

// Duplex says whether a link sends and receives at once. The numbers are
// psutil's NIC_DUPLEX_*, not the kernel's.
type Duplex uint8

// The duplex modes.
const (
	DuplexUnknown Duplex = 0
	DuplexHalf    Duplex = 1
	DuplexFull    Duplex = 2
)

var duplexNames = []string{"unknown", "half", "full"}

// OperState is the operational state of a link (RFC 2863, IF_OPER_* of
// linux/if.h).
type OperState uint8

// The operational states. A driver that does not keep one says unknown, even
// of a link that works.
const (
	OperUnknown OperState = iota
	OperNotPresent
	OperDown
	OperLowerLayerDown
	OperTesting
	OperDormant
	OperUp
)

var operStateNames = []string{"unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"}

// Port is the kind of connector in use (PORT_* of linux/ethtool.h).
type Port uint8

// The connectors.
const (
	PortTP    Port = 0    // twisted pair
	PortAUI   Port = 1    // attachment unit interface
	PortMII   Port = 2    // media-independent interface
	PortFibre Port = 3    // fibre
	PortBNC   Port = 4    // coaxial
	PortDA    Port = 5    // direct attach copper
	PortNone  Port = 0xef // no connector
	PortOther Port = 0xff // something else
)

var portNames = []string{"tp", "aui", "mii", "fibre", "bnc", "da", 0xef: "none", 0xff: "other"}

// AddrScope says how far an address is valid (RT_SCOPE_* of
// linux/rtnetlink.h), in ip-address(8)'s words.
type AddrScope uint8

// The scopes.
const (
	ScopeGlobal  AddrScope = 0
	ScopeSite    AddrScope = 200
	ScopeLink    AddrScope = 253
	ScopeHost    AddrScope = 254
	ScopeNowhere AddrScope = 255
)

var addrScopeNames = []string{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}

// Family is the kind of an address. The numbers are Linux's AF_* on every
// system, so that a stored code means one thing.
type Family uint16

// The address families.
const (
	FamilyUnspec Family = 0
	FamilyUnix   Family = 1
	FamilyInet   Family = 2
	FamilyInet6  Family = 10
	FamilyLink   Family = 17
)

var familyNames = []string{FamilyUnspec: "unspec", FamilyUnix: "unix", FamilyInet: "inet", FamilyInet6: "inet6", FamilyLink: "link"}

// SchedPolicy is a scheduling policy (SCHED_* of linux/sched.h).
type SchedPolicy uint8

// The scheduling policies.
const (
	SchedOther    SchedPolicy = 0
	SchedFIFO     SchedPolicy = 1
	SchedRR       SchedPolicy = 2
	SchedBatch    SchedPolicy = 3
	SchedIdle     SchedPolicy = 5
	SchedDeadline SchedPolicy = 6
	SchedExt      SchedPolicy = 7
)

var schedPolicyNames = []string{"other", "fifo", "rr", "batch", 5: "idle", 6: "deadline", 7: "ext"}

// PriorityClass is the priority class of a process, which only Windows has
// (*_PRIORITY_CLASS of processthreadsapi.h), by psutil's numbers.
type PriorityClass uint16

// The priority classes.
const (
	PriorityNormal      PriorityClass = 0x20
	PriorityIdle        PriorityClass = 0x40
	PriorityHigh        PriorityClass = 0x80
	PriorityRealtime    PriorityClass = 0x100
	PriorityBelowNormal PriorityClass = 0x4000
	PriorityAboveNormal PriorityClass = 0x8000
)

var priorityClassNames = map[PriorityClass]string{
	PriorityNormal: "normal", PriorityIdle: "idle", PriorityHigh: "high", PriorityRealtime: "realtime",
	PriorityBelowNormal: "below_normal", PriorityAboveNormal: "above_normal",
}

// IOPrioClass is an I/O scheduling class (IOPRIO_CLASS_* of linux/ioprio.h).
type IOPrioClass uint8

// The I/O scheduling classes.
const (
	IOPrioNone IOPrioClass = iota
	IOPrioRT
	IOPrioBE
	IOPrioIdle
)

var ioPrioClassNames = []string{"none", "rt", "be", "idle"}

// IOHint is the priority of I/O of a process of Windows (IO_PRIORITY_HINT of wdm.h),
// by the numbers of psutil's IOPRIO_*.
type IOHint uint8

// The hints.
const (
	IOHintVeryLow IOHint = iota
	IOHintLow
	IOHintNormal
	IOHintHigh
	IOHintCritical // which only the system sets
)

var ioHintNames = []string{"very_low", "low", "normal", "high", "critical"}

// Resource is what a process has a limit of (RLIMIT_* of
// asm-generic/resource.h, getrlimit(2)). The numbers are those of most
// architectures, on all of them.
type Resource uint8

// The resources.
const (
	ResourceCPU        Resource = iota // CPU time in seconds
	ResourceFileSize                   // bytes
	ResourceData                       // bytes
	ResourceStack                      // bytes
	ResourceCore                       // bytes
	ResourceRSS                        // bytes; not in force since Linux 2.4.30
	ResourceProcesses                  // processes and threads of the user
	ResourceFiles                      // highest number of an open file, and one
	ResourceMemLock                    // bytes
	ResourceMemory                     // bytes of address space
	ResourceLocks                      // not in force since Linux 2.4.25
	ResourceSigPending                 // queued signals of the user
	ResourceMsgQueue                   // bytes of POSIX message queues of the user
	ResourceNice                       // 20 less the lowest nice value
	ResourceRTPriority                 // highest real-time priority
	ResourceRTTime                     // CPU time without a blocking call, in microseconds
	resources          = iota
)

// resourceNames are those of prlimit(1).
var resourceNames = []string{
	"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending",
	"msgqueue", "nice", "rtprio", "rttime",
}

// SocketType is the kind of a socket (SOCK_* of linux/net.h).
type SocketType uint8

// The types of sockets.
const (
	SocketStream    SocketType = 1
	SocketDatagram  SocketType = 2
	SocketRaw       SocketType = 3
	SocketSeqPacket SocketType = 5
)

var socketTypeNames = []string{1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket"}

// ConnStatus is the state of a TCP connection (TCP_* of net/tcp_states.h, RFC 9293).
// Its text is that of psutil's CONN_* constants.
type ConnStatus uint8

// The states of a connection.
const (
	ConnNone ConnStatus = iota // of sockets that are not TCP's
	ConnEstablished
	ConnSynSent
	ConnSynRecv
	ConnFinWait1
	ConnFinWait2
	ConnTimeWait
	ConnClose
	ConnCloseWait
	ConnLastAck
	ConnListen
	ConnClosing
	ConnNewSynRecv // as ConnSynRecv; Linux has two of them, psutil one

	// ConnDeleteTCB is a state of Windows alone, behind the numbers of Linux: the
	// control block of the connection is being deleted.
	ConnDeleteTCB ConnStatus = 128
)

var connStatusNames = []string{
	"NONE", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
	"LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV", ConnDeleteTCB: "DELETE_TCB",
}

// LinkFlags are the IFF_* of linux/if.h, on every system. The flags of other
// systems that Linux lacks have the bits behind those. Their text is psutil's: names
// separated by commas; bits without a name come last, together, in hexadecimal.
type LinkFlags uint32

// The link flags that code asks for; String knows the others too.
const (
	FlagUp           LinkFlags = 1 << 0
	FlagBroadcast    LinkFlags = 1 << 1
	FlagLoopback     LinkFlags = 1 << 3
	FlagPointToPoint LinkFlags = 1 << 4
	FlagRunning      LinkFlags = 1 << 6
	FlagLowerUp      LinkFlags = 1 << 16
)

// linkFlagsNames is in the order of the bits, which is psutil's order, followed
// by what psutil lacks.
var linkFlagsNames = []string{
	"up", "broadcast", "debug", "loopback", "pointopoint", "notrailers", "running", "noarp", "promisc", "allmulti",
	"master", "slave", "multicast", "portsel", "automedia", "dynamic", "lower_up", "dormant", "echo",
	"oactive", "simplex", "link0", "link1", "link2",
}

// IsUp reports what psutil's isup does since 5.7.3: administratively up, with
// a carrier and an operational state in which packets pass.
func (f LinkFlags) IsUp() bool { return f&(FlagUp|FlagRunning) == FlagUp|FlagRunning }

// AddrFlags are the IFA_F_* of linux/if_addr.h, and those of Windows. Their text is ip-address(8)'s
// words for IPv4, separated by commas; Text has those for a family.
type AddrFlags uint32

// The address flags that code asks for; Names knows the others too.
const (
	AddrSecondary  AddrFlags = 0x01 // IPv4: not the first of its network
	AddrTemporary  AddrFlags = 0x01 // IPv6: a privacy address (RFC 8981)
	AddrDADFailed  AddrFlags = 0x08
	AddrDeprecated AddrFlags = 0x20
	AddrTentative  AddrFlags = 0x40
	AddrPermanent  AddrFlags = 0x80
)

// What Windows knows of an address beyond that. Linux has no such flags.
const (
	AddrPreferred AddrFlags = 1 << 24 // in use: neither tentative nor deprecated
	AddrDHCP      AddrFlags = 1 << 25 // a DHCP server gave it
	AddrRouter    AddrFlags = 1 << 26 // of a prefix that a router advertised
	AddrLinkLayer AddrFlags = 1 << 27 // made of the link-layer address
	AddrRandom    AddrFlags = 1 << 28 // made of a random number
)

var (
	addrFlagsNames = []string{
		"secondary", "nodad", "optimistic", "dadfailed", "home", "deprecated", "tentative", "permanent",
		"mngtmpaddr", "noprefixroute", "autojoin", "stable-privacy",
		24: "preferred", 25: "dhcp", 26: "router", 27: "link-layer", 28: "random",
	}
	addrFlagsNamesIPv6 = append([]string{"temporary"}, addrFlagsNames[1:]...)
)

// Text lists the flags in ip-address(8)'s words, separated by commas. The
// family decides what the lowest bit means.
func (f AddrFlags) Text(family Family) string {
	if family == FamilyInet6 {
		return flagText(f, addrFlagsNamesIPv6)
	}
	return f.String()
}
