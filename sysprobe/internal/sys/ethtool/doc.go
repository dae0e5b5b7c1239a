// Package ethtool asks the drivers of network interfaces for what only they
// know, through the generic netlink family "ethtool" (Linux 5.6).
//
// A pass asks every driver once. A driver can take its time, and the kernel
// asks one after the other under a lock, so that a pass runs in a goroutine of
// its own: Reader.Read waits for it for a limited time, and a later Read takes
// what it found after that.
//
// # What a library answers
//
// The port, wake-on-LAN and the private flags come from
// github.com/mdlayher/ethtool, which decodes all that is used of them. A panic
// in it becomes an error. It is asked about an interface that is new or has
// changed, and once a minute, because a dump through it makes twelve
// allocations for each interface.
//
// # What is decoded here
//
// The rest is decoded by package ethnl, because of what the library lacks:
//
//   - Speed, duplex and modes: its LinkMode has the modes that this end
//     advertises but not those that it supports, from which follows whether a
//     link is slower than it could be. It returns the kernel's number for an
//     unknown speed, 4294967295, as the speed.
//   - Link state: its LinkState is up or down, which the kernel also reports as
//     down where a driver cannot say. It has neither the reason why a link is
//     down nor the quality of the signal.
//   - Forward error correction: it makes one request for each interface, while
//     the kernel has a dump.
//   - Statistics of drivers, pause frames, rings and modules: it has none.
package ethtool
