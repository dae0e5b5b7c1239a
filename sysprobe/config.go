package sysprobe

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"slices"
	"time"
)

// Config says where a handle looks. The zero value, and a nil *Config, mean
// the machine's own kernel, seen from the caller's own namespaces.
//
// Every function that takes a Config checks all of it first. It returns an error
// that wraps fs.ErrInvalid, with the field, its value and what it can be, if a
// value has no meaning, and one that wraps [ErrNotSupported] if Backend is one of
// another system. [OpenUserNames], which returns no error, uses EtcRoot, RunRoot and
// Now alone and does not check the rest.
type Config struct {
	// ProcRoot, SysRoot, EtcRoot and RunRoot are where proc(5), sysfs(5), the
	// passwd(5) file, and both the sessions and the services of users of the machine
	// to look at are mounted. Empty means /proc, /sys, /etc and /run, the latter
	// /var/run on the BSDs and macOS. They do not move system calls: netlink shows the
	// network namespace of the socket, whatever is mounted where.
	ProcRoot string
	SysRoot  string
	EtcRoot  string
	RunRoot  string

	// NetNS is the network namespace of NICAddrs, NICStats, NICWatch, Exits and, for
	// Connections alone, Procs: a path such as /proc/1/ns/net, or the name that
	// ip-netns(8) gave (/run/netns/NAME). Empty means the caller's own namespace. The
	// error of a path that is not there, or is not that of a network namespace, wraps
	// fs.ErrNotExist, and that of any other than Linux [ErrNotSupported], also of functions
	// that look at nothing in it. Entering another one needs CAP_SYS_ADMIN (setns(2)). The kernel
	// keeps a namespace, with the interfaces in it, for as long as a handle is open in
	// it, also when its owner has removed it, of which a NetNSWatch notifies.
	NetNS string

	// Backend is how processes are read.
	Backend Backend

	// Workers is how many threads read proc(5) at once: 0 means one for each
	// processor that Go may use, at most 4, and for each 256 processes. There can
	// be 1024.
	Workers int

	// OnlyDead lets the snapshots of Procs pass over processes that live, except for
	// process 1, the parents and the tracers of dead ones, and those that the
	// ProcSnapshot already has, as long as they live. Dead are zombies and processes
	// whose first thread is dead, which is all that a ZombieTracker asks for. With
	// BackendBPF the kernel passes over the others, so that they take no memory and
	// a fraction of the time; with BackendProcFS each of them costs one file. On other
	// systems than Linux it changes nothing.
	OnlyDead bool

	// WatchVerify is the interval at which NICWatch compares its table with the
	// kernel's, and after which NICAddrs reads interfaces although the kernel
	// notified of no change: 0 means a minute, a negative duration never.
	WatchVerify time.Duration

	// WatchBuffer is the number of bytes that the kernel keeps of notifications
	// which NICWatch has not read yet: 0 means a mebibyte. Without CAP_NET_ADMIN
	// it is at most net.core.rmem_max, and always less than a gibibyte.
	WatchBuffer int

	// EthtoolTimeout is how long NICStats.Snapshot waits for drivers: 0 means a
	// second, and a negative duration is invalid. It does not limit the dump of the
	// links themselves.
	EthtoolTimeout time.Duration

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// ConfigFromEnv returns a Config with the roots that HOST_PROC, HOST_SYS, HOST_ETC and
// HOST_RUN name, the variables by which Telegraf and gopsutil find the host's
// trees from inside a container. It is the only place that reads the
// environment.
func ConfigFromEnv() *Config {
	return &Config{
		ProcRoot: os.Getenv("HOST_PROC"),
		SysRoot:  os.Getenv("HOST_SYS"),
		EtcRoot:  os.Getenv("HOST_ETC"),
		RunRoot:  os.Getenv("HOST_RUN"),
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
	orDefault(&d.RunRoot, runRoot())
	d.WatchVerify = cmp.Or(d.WatchVerify, time.Minute)
	d.WatchBuffer = cmp.Or(d.WatchBuffer, 1<<20)
	d.EthtoolTimeout = cmp.Or(d.EthtoolTimeout, time.Second)
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}

// The bounds of the numbers of a Config.
const (
	maxConfigWorkers = 1024
	maxWatchBuffer   = math.MaxInt32 / 2 // of SO_RCVBUF, which the kernel doubles
)

// check returns an error that names the first field whose value has no meaning on
// the system goos.
func (c *Config) check(goos string) error {
	var timeout error
	if c.EthtoolTimeout < 0 {
		timeout = fmt.Errorf("EthtoolTimeout %v is negative: %w", c.EthtoolTimeout, fs.ErrInvalid)
	}
	return cmp.Or(
		c.Backend.check(goos),
		inRange("Workers", c.Workers, 0, maxConfigWorkers),
		inRange("WatchBuffer", c.WatchBuffer, 0, maxWatchBuffer),
		timeout)
}

// configured calls f with c and its defaults, unless a value of c has no meaning.
func configured[T any](c *Config, f func(Config) (T, error)) (T, error) {
	cfg := c.withDefaults()
	if err := cfg.check(runtime.GOOS); err != nil {
		var none T
		return none, opError("check Config", "", err)
	}
	if err := cfg.checkNetNS(); err != nil {
		var none T
		return none, err
	}
	return f(cfg)
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
	// BackendAuto is BackendBPF where that works, BackendProcFS elsewhere on
	// Linux, and the only one that another system has.
	BackendAuto Backend = iota
	// BackendBPF asks the running kernel through a BPF iterator over tasks. It
	// costs a tenth of BackendProcFS and sees processes of all users, I/O and
	// open files included. It needs Linux 5.10 with BTF and not locked down for
	// confidentiality, CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), and for
	// Config.ProcRoot a /proc of the PID and time namespaces of the caller, which
	// need not be those of the machine. Identities are those of proc(5). Counters
	// of a process can lack what threads did that ended during the sweep, until
	// the next one; they never shrink from sweep to sweep.
	BackendBPF
	// BackendProcFS reads the text files of proc(5).
	BackendProcFS
	// BackendNTAPI asks NtQuerySystemInformation, the only way on Windows.
	BackendNTAPI
	// BackendSysctl reads the tables of sysctl(3): FreeBSD, OpenBSD, NetBSD and
	// macOS.
	BackendSysctl
)

var backendNames = []string{"auto", "bpf", "procfs", "ntapi", "sysctl"}

// backendsOf are the backends of a system.
func backendsOf(goos string) []Backend {
	switch goos {
	case "linux":
		return []Backend{BackendAuto, BackendBPF, BackendProcFS}
	case "windows":
		return []Backend{BackendAuto, BackendNTAPI}
	case "darwin", "freebsd", "netbsd", "openbsd":
		return []Backend{BackendAuto, BackendSysctl}
	default:
		return []Backend{BackendAuto}
	}
}

// check returns an error that wraps fs.ErrInvalid for a backend that there is not,
// and ErrNotSupported for one of another system than goos.
func (b Backend) check(goos string) error {
	here := backendsOf(goos)
	cause := ErrNotSupported
	switch {
	case slices.Contains(here, b):
		return nil
	case int(b) >= len(backendNames):
		cause = fs.ErrInvalid
	}
	return fmt.Errorf("Backend %v is not among %v, which %s has: %w", b, here, goos, cause)
}

// runRoot is where this system has its sessions.
func runRoot() string {
	if runtime.GOOS == "linux" {
		return "/run"
	}
	return "/var/run"
}
