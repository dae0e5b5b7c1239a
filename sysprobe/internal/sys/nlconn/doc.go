// Package nlconn speaks netlink(7) with the kernel: it opens sockets in a
// network namespace, makes requests, repeats dumps until they are consistent,
// and receives the notifications of rtnetlink(7).
//
// Sockets are those of github.com/mdlayher/netlink. Messages are not read with
// its Conn.Receive or Conn.ReceiveIter: both copy every datagram, and both end
// at NLMSG_DONE without yielding it, which is the message in whose header the
// kernel sets NLM_F_DUMP_INTR when a table changed behind the last datagram.
package nlconn
