// Package sysprobe reads network interfaces and processes from the kernel: what
// psutil's net_if_addrs, net_if_stats and process_iter read, for programs that
// ask every few seconds and for years.
//
// # Handles and snapshots
//
// [OpenNICAddrs], [OpenNICStats] and [OpenProcs] return handles, safe for
// concurrent use. A snapshot reads each kernel source once and fills structs
// that the caller keeps and passes again, so that a steady state costs no
// allocation. Zombies are a view of a process snapshot; [OpenExits] hears when
// they died.
//
// # Absent, vanished, failed
//
// What a kernel, a driver or a permission withholds is an absent [Opt] and is
// counted in the snapshot; it is never a special number and never an error.
// Interfaces and processes that vanish while they are read are left out. An
// error means that there is no answer at all; it is an [*OpError].
//
// # Identity
//
// A process is a [ProcID], PID and start in ticks since boot. Wall-clock times
// are for people and move when the clock is stepped.
//
// # Containers
//
// [Config] moves the roots of proc(5) and /etc. Netlink sockets answer for a
// network namespace, not for a mount: see Config.NetNS.
package sysprobe
