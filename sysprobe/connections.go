package sysprobe

import "net/netip"

// Connections are the sockets of the process: TCP and UDP over IPv4 and IPv6,
// and UNIX ones, of the network namespace that the process is in. A zombie has
// none. For the owner.
func (p *Process) Connections() (Connections, error) { return p.client.connections() }

// Connections are the sockets of this network namespace, in the order of the
// kernel, once for each descriptor of a process that has them. Those that no
// process has, and those of processes that this user may not look into, are
// without a process. It looks into all processes. It returns an error where there
// is no table at all, or no network in it.
func (p *Procs) Connections() (Connections, error) { return p.client.connections() }

// Connections are sockets.
type Connections struct {
	Sockets []Connection
	// Malformed counts the rows left out because they could not be decoded.
	Malformed int
}

// Connection is a socket.
type Connection struct {
	// PID and FD say who has the socket; absent where that is not known.
	PID, FD Opt[int32]
	Family  Family
	Type    SocketType
	// Local and Remote are addresses of IPv4 or IPv6; the zero value where there
	// is no port.
	Local, Remote netip.AddrPort
	// Path is that of a UNIX socket: any bytes, with "@" for NULs, of which an
	// abstract one begins with one.
	Path   string
	Status ConnStatus
}
