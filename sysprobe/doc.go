// Package sysprobe reads network interfaces and processes from the kernel: what
// psutil's net_if_addrs, net_if_stats and process_iter read, for programs that
// ask every few seconds and for years.
//
// # Handles and snapshots
//
// [OpenNICAddrs], [OpenNICStats] and [OpenProcs] return handles, safe for
// concurrent use. A snapshot reads each kernel source once and fills structs
// that the caller keeps and passes again, whose memory it reuses: each handle
// documents what a snapshot still allocates. [Interfaces], [Links] and
// [Processes] open a handle, take one snapshot and close it. Zombies are a view of
// a process snapshot. Two handles know of processes that exit: [Exits] the moment
// and the status of each, [Accounting] what each used.
//
// A handle loads nothing before a snapshot needs it. A call that can wait takes a
// context, and returns its error soon after it ends.
//
// # Absent, vanished, failed
//
// What a kernel, a driver or a permission withholds is an absent [Opt] and is
// counted in the snapshot; it is never a special number and never an error.
// Interfaces and processes that vanish while they are read are left out. An
// error means that there is no answer at all; that of a handle, and of a function
// such as [Links] or [ReadHost], is an [*OpError], unless it is [ErrNotSupported] of a
// question that this system does not answer.
//
// # Identity
//
// A process is a [ProcID], PID and start in ticks since boot. Wall-clock times
// are for people and move when the clock is stepped.
//
// # Containers
//
// [Config] moves the roots of proc(5) and /etc. Netlink sockets show a
// network namespace, whatever is mounted: see Config.NetNS.
package sysprobe
