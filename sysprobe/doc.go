// Package sysprobe reads network interfaces and processes from the kernel: what
// psutil's net_if_addrs, net_if_stats and process_iter read, for programs that
// ask every few seconds and for years.
//
// # Questions without a handle
//
// [Interfaces], [Links], [NetConnections], [Processes] and [FindProcess] open a handle,
// ask once and close it. [PIDs] and [PIDExists] list processes; [ReadMemory], [ReadCPUs],
// [ReadCPUTimes], [ReadLoad], [ReadBootTime], [ReadSessions], [ReadHost] and
// [ReadCgroupPIDs] are of the whole machine. [ReadSandbox] says what keeps facts from
// this process.
//
// # Handles and snapshots
//
// A program that asks again and again keeps a handle:
//
//   - [NICAddrs], of [OpenNICAddrs]: interfaces and their addresses.
//   - [NICStats], of [OpenNICStats]: state, speed and counters of interfaces.
//   - [NICWatch], of [OpenNICWatch]: their changes as they happen.
//   - [NetNSWatch], of [OpenNetNSWatch]: network namespaces that come and go.
//   - [Procs], of [OpenProcs]: the table of processes, and what is in it: sockets by
//     [Procs.Connections], single processes by [Procs.Lookup].
//   - [Process], of [Procs.OpenPID] and [Procs.OpenProcess]: one process, for what the
//     table does not have, for signals, priorities and limits, and to wait for its end.
//   - [CPUCount], of [OpenCPUCount]: how many processors the kernel uses.
//   - [Exits], of [OpenExits]: the moment, and on Linux the status, of exits of processes.
//   - [Accounting], of [Procs.OpenAccounting]: what those used that exited between two
//     snapshots.
//
// Handles are safe for concurrent use. A snapshot reads each kernel source once and
// fills structs that the caller keeps and passes again, whose memory it reuses: each
// handle documents what a snapshot still allocates. Zombies are a view of a snapshot of
// processes. Four types compare or keep what handles return and have nothing to close:
// [ProcRates] and [ZombieTracker] over snapshots, [DetailCache] for command lines,
// [UserNames] of [OpenUserNames].
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
