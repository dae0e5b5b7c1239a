package sysprobe

import (
	"cmp"
	"os"
	"time"
)

// Config says where a handle looks. The zero value, and a nil *Config, mean
// the machine's own kernel, seen from the caller's own namespaces.
type Config struct {
	// ProcRoot, SysRoot and EtcRoot are where proc(5), sysfs(5) and the
	// passwd(5) file of the machine to look at are mounted. Empty means /proc,
	// /sys and /etc. They do not move system calls: netlink answers for the
	// network namespace of the socket, whatever is mounted where.
	ProcRoot string
	SysRoot  string
	EtcRoot  string

	// NetNS is the network namespace to ask: a path such as /proc/1/ns/net, or
	// a name that ip-netns(8) made (/run/netns/NAME). Empty means the
	// caller's own. Entering another one needs CAP_SYS_ADMIN (setns(2)).
	NetNS string

	// Backend is how processes are read.
	Backend Backend

	// Workers is how many threads read proc(5) at once: 0 means one for each
	// processor that Go may use, at most 4, and for each 256 processes.
	Workers int

	// WatchVerify is how often a NICWatch compares its table with the kernel's,
	// and NICAddrs the interfaces it keeps: 0 means each minute, a negative
	// duration never.
	WatchVerify time.Duration

	// WatchBuffer is how many bytes of notifications the kernel keeps for a
	// NICWatch that has no time for them: 0 means a mebibyte. Without
	// CAP_NET_ADMIN it is at most net.core.rmem_max.
	WatchBuffer int

	// LinkFacts are the optional facts of a LinkSnapshot.
	LinkFacts LinkFacts

	// EthtoolTimeout is how long a LinkSnapshot waits for what drivers tell: 0
	// means a second. It does not bound the dump of the links themselves.
	EthtoolTimeout time.Duration

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// ConfigFromEnv returns a Config with the roots that HOST_PROC, HOST_SYS and
// HOST_ETC name, the variables by which Telegraf and gopsutil find the host's
// trees from inside a container. It is the only place that reads the
// environment.
func ConfigFromEnv() *Config {
	return &Config{
		ProcRoot: os.Getenv("HOST_PROC"),
		SysRoot:  os.Getenv("HOST_SYS"),
		EtcRoot:  os.Getenv("HOST_ETC"),
	}
}

// withDefaults returns a copy of c in which nothing is empty but NetNS, whose
// empty value has a meaning.
func (c *Config) withDefaults() Config {
	var d Config
	if c != nil {
		d = *c
	}
	orDefault(&d.ProcRoot, "/proc")
	orDefault(&d.SysRoot, "/sys")
	orDefault(&d.EtcRoot, "/etc")
	d.WatchVerify = cmp.Or(d.WatchVerify, time.Minute)
	d.WatchBuffer = cmp.Or(d.WatchBuffer, 1<<20)
	d.EthtoolTimeout = cmp.Or(d.EthtoolTimeout, time.Second)
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}

// orDefault sets an empty *s to fallback.
func orDefault(s *string, fallback string) {
	if *s == "" {
		*s = fallback
	}
}

// Backend is a way to read the process table.
type Backend uint8

// The backends. All answer the same questions and mean the same by every fact;
// where one is finer, the fact says so.
const (
	// BackendAuto is BackendBPF where that works, and BackendProcFS elsewhere.
	BackendAuto Backend = iota
	// BackendBPF asks the running kernel through a BPF iterator over tasks. It
	// costs a tenth of BackendProcFS and sees processes of all users, I/O and
	// open files included. It needs Linux 5.10 with BTF and not locked down for
	// confidentiality, CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), /proc for
	// Config.ProcRoot, and the PID and time namespaces of the machine. Counters
	// of a process can lack what threads did that ended during the sweep, until
	// the next one; they never shrink from sweep to sweep.
	BackendBPF
	// BackendProcFS reads the text files of proc(5).
	BackendProcFS
)

var backendNames = []string{"auto", "bpf", "procfs"}

// String returns the name of b, or its number where it has none.
func (b Backend) String() string { return enumText(b, backendNames) }

// MarshalText writes String; it never fails.
func (b Backend) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (b *Backend) UnmarshalText(text []byte) error {
	return enumParse(b, backendNames, "backend", text)
}
