package caps

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Capability is a number of capabilities(7).
type Capability uint

// The capabilities that this project asks for.
const (
	NetAdmin  Capability = unix.CAP_NET_ADMIN
	SysPtrace Capability = unix.CAP_SYS_PTRACE
	SysAdmin  Capability = unix.CAP_SYS_ADMIN
	Perfmon   Capability = unix.CAP_PERFMON
	BPF       Capability = unix.CAP_BPF
)

// Set is a set of capabilities, one bit each.
type Set uint64

// Has reports whether c is in the set.
func (s Set) Has(c Capability) bool { return s&(1<<c) != 0 }

// names are the names of the capabilities by number (include/uapi/linux/capability.h),
// without CAP_.
const names = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
	"net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot " +
	"sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog " +
	"wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"

// String returns the names of the set, in the order of their numbers, with commas
// between. What has no name yet is a number.
func (s Set) String() string {
	var listed []string
	known := strings.Fields(names)
	for number := range 64 {
		switch {
		case !s.Has(Capability(number)):
		case number < len(known):
			listed = append(listed, "CAP_"+strings.ToUpper(known[number]))
		default:
			listed = append(listed, strconv.Itoa(number))
		}
	}
	return strings.Join(listed, ",")
}

// Effective returns the effective capabilities of the calling thread. It
// returns the error of capget(2).
func Effective() (Set, error) {
	data, err := capget()
	return Set(data[0].Effective) | Set(data[1].Effective)<<32, err
}
