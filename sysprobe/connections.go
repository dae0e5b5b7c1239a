package sysprobe

import "net/netip"

// Connections are the sockets of the process: TCP and UDP over IPv4 and IPv6,
// and UNIX ones, of the network namespace that the process is in. What is in no
// table there is left out: sockets of other kinds and of other namespaces, those
// of TCP and UDP that have no port yet, and what is opened or closed meanwhile.
// A zombie has none. For the owner.
//
// The kernel takes long to write the tables (/proc/PID/net), however few of the
// sockets are of the process. Who asks for several processes had better use
// [Procs.ConnectionsOf].
func (p *Process) Connections() (Connections, error) { return p.client.connections() }

// ConnectionsOf are the sockets of several processes, in the order of ids: of
// each what [Procs.OpenProcess] and [Process.Connections] give, with the same
// privileges and errors, but that it reads the tables once for each network
// namespace (/proc/PID/ns/net), not for each process. So rows that are Malformed
// are counted once, with one of the processes in the namespace. The tables of a
// process whose namespace cannot be read are read for it alone.
//
// It lists the descriptors of all processes first (/proc/PID/fd), and then reads
// the tables; one that is gone by then has an error, also where another process
// has its PID.
func (p *Procs) ConnectionsOf(ids []ProcID) []ProcConnections { return p.client.connectionsOf(ids) }

// ProcConnections are the sockets of one process of several, or why there are
// none.
type ProcConnections struct {
	Connections

	Err error
}

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
