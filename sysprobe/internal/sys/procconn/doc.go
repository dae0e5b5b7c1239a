// Package procconn subscribes to the proc connector of Linux (linux/cn_proc.h),
// through which the kernel multicasts an event for each process that forks,
// executes a program or exits. A Conn receives the exits.
//
// # Handshake
//
// A listener sends a request and the kernel acknowledges it with an event
// before the request returns. Four kinds of kernels answer in different ways:
// some filter events (from Linux 6.6 on), some count requests instead of
// sockets (before 6.6), some forget that they have listeners (a few releases
// from 6.7 on, until "cn_netlink_has_listeners replaces proc_event_num_listeners"),
// and some do not answer at all.
//
//	open a socket
//	     |
//	     v
//	request all events ---- no acknowledgement ---> ErrUnsupported: other PID or
//	     |            \                              user namespace, or the kernel
//	     |             \--- acknowledged with an     lacks CONFIG_PROC_EVENTS
//	     |                  errno ----------------> that errno
//	     | acknowledged
//	     v
//	request exits alone (not acknowledged on this socket, because the
//	     |                acknowledgement is no exit)
//	     v
//	request all events ---- no acknowledgement ---> the kernel dropped the
//	     |                                          acknowledgement that every
//	     | acknowledged                             listener filters out, and
//	     v                                          forgot its listeners:
//	request exits alone                             open another socket and
//	     |                                          request all events
//	     v                                               |
//	EXITS ALONE                                          v
//	(a kernel before 6.6 ignores the                ALL EVENTS
//	filter and sends all events)
//
// Close withdraws as many requests as were acknowledged, because a kernel before
// 6.6 counts them and would go on to build events without a listener.
//
// # Overrun
//
// Once the receive buffer of the socket is full, the kernel marks the socket as
// congested and drops events until the buffer is empty (netlink_overrun and
// netlink_rcv_wake in net/netlink/af_netlink.c). Events that were in the buffer
// then precede the gap. Conn.Exits reports the overrun.
package procconn
