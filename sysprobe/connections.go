package sysprobe

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
)

// Connections are the sockets of the process: TCP and UDP over IPv4 and IPv6,
// and UNIX ones, of the network namespace that the process is in. Sockets that are
// in no table there are left out: those of other kinds and of other namespaces,
// those of TCP and UDP that have no port yet, and those that are opened or closed
// meanwhile. A zombie has none. It is for the owner of the process.
//
// The kernel takes long to write the tables, however few of the sockets are of the
// process. For several processes, [Procs.ConnectionsOf] is cheaper.
//
// Source: sock_diag(7) in that namespace, which takes CAP_SYS_ADMIN to enter if it is
// another one, and /proc/PID/net elsewhere; see Connection.Unproven.
func (p *Process) Connections(ctx context.Context) (Connections, error) {
	return p.client.connections(ctx)
}

// ConnectionsOf are the sockets of several processes, in the order of ids: for
// each what [Procs.OpenProcess] and [Process.Connections] return, with the same
// privileges and errors, except that it reads the tables once for each network
// namespace (/proc/PID/ns/net), not for each process. So rows that are Malformed
// are counted once, with one of the processes in the namespace. The tables of a
// process whose namespace cannot be read are read for it alone.
//
// It lists the descriptors of all processes first (/proc/PID/fd), and then reads
// the tables; a process that is gone by then has an error, also if another process
// has its PID. Once ctx is done every process has the error of that.
func (p *Procs) ConnectionsOf(ctx context.Context, ids []ProcID) []ProcConnections {
	return p.client.connectionsOf(ctx, ids)
}

// ProcConnections are the sockets of one process of several, or why there are
// none.
type ProcConnections struct {
	Connections

	Err error
}

// Connections are the sockets of the own network namespace, or that of
// Config.NetNS, that match the filter: psutil's net_connections(). They come in the
// order of the kernel, once for each descriptor of a process that has them. Sockets
// that no process has, and those of processes whose descriptors this user must not
// see, are without a process. The descriptors of a process are those of its first
// thread, as in proc(5), or of the first one that lives: a socket in the table of
// another thread, which has one of its own (CLONE_FILES), is without a process.
//
// It reads the sockets first, and then looks into all processes for their owners,
// unless the filter leaves no socket. With BackendBPF, and with BackendAuto from the
// second call on, one program in the kernel does that, in a tenth of the time: then
// it takes CAP_BPF and CAP_PERFMON, sees processes of all users, and can miss one of
// which another thread than the first one executes a program meanwhile. To load the
// program takes as long as to look into a thousand processes without.
//
// It returns an error that wraps fs.ErrInvalid if the filter names kinds or states that there
// are not, and an error if there is no table at all, or no network in it, or if
// Config.Backend requires BPF and that cannot be had, and that of ctx once that is
// done.
//
// Source: sock_diag(7), and /proc/net where a kernel or a namespace denies that; a BPF
// iterator over open files (Linux 5.8), and /proc/PID/fd. On FreeBSD, of 12 and newer,
// net.inet.*.pcblist, net.local.*.pcblist and kern.file of sysctl(3), which leave out
// the sockets and files of users that this one must not see.
func (p *Procs) Connections(ctx context.Context, filter ConnectionFilter) (Connections, error) {
	return p.client.connections(ctx, filter)
}

// ConnectionFilter says which sockets are meant: those to which each part that is
// not zero applies.
type ConnectionFilter struct {
	// Kinds are psutil's; 0 means all.
	Kinds ConnKinds
	// LocalPort and RemotePort are of TCP and UDP; 0 means any, and sockets that have
	// none.
	LocalPort, RemotePort uint16
	// Status are the states one of which a socket is in; none means any. Sockets
	// that are not TCP's are in ConnNone.
	Status []ConnStatus
}

// Matches reports whether the filter means c.
func (f ConnectionFilter) Matches(c *Connection) bool {
	kind := kindOf(c.Family, c.Type)
	return (f.Kinds == 0 && kind == 0 || f.kinds()&kind != 0) && f.matchesState(c)
}

// matchesState is Matches for a socket of a kind that is meant.
func (f ConnectionFilter) matchesState(c *Connection) bool {
	return (f.LocalPort == 0 || f.LocalPort == c.Local.Port()) &&
		(f.RemotePort == 0 || f.RemotePort == c.Remote.Port()) &&
		(len(f.Status) == 0 || slices.Contains(f.Status, c.Status))
}

// kinds are the kinds that can have a socket that the filter means.
func (f ConnectionFilter) kinds() ConnKinds {
	kinds := f.Kinds
	if kinds == 0 {
		kinds = KindAll
	}
	if f.LocalPort != 0 || f.RemotePort != 0 {
		kinds &= KindInet
	}
	if len(f.Status) > 0 && !slices.Contains(f.Status, ConnNone) {
		kinds &= KindTCP
	}
	return kinds
}

// check returns an error that wraps fs.ErrInvalid for kinds and states that there are
// not.
func (f ConnectionFilter) check() error {
	if unknown := f.Kinds &^ KindAll; unknown != 0 {
		return fmt.Errorf("kinds of connections %v are not among %v: %w", f.Kinds, KindAll, fs.ErrInvalid)
	}
	for _, s := range f.Status {
		if int(s) >= len(connStatusNames) || connStatusNames[s] == "" {
			names := slices.DeleteFunc(slices.Clone(connStatusNames), func(name string) bool { return name == "" })
			return fmt.Errorf("status of connections %v is not among %v: %w", s, names, fs.ErrInvalid)
		}
	}
	return nil
}

// Connections are sockets.
type Connections struct {
	Sockets []Connection
	// Malformed counts the rows left out because they could not be decoded.
	Malformed int
}

// Connection is a socket.
type Connection struct {
	// Process and FD say which process has the socket, and under which descriptor;
	// absent if that is not known. Windows has no descriptors.
	Process Opt[ProcID]
	FD      Opt[int32]
	Family  Family
	Type    SocketType
	// Local and Remote are addresses of IPv4 or IPv6; the zero value if there is
	// no port.
	Local, Remote netip.AddrPort
	// Path is that of a UNIX socket: any bytes, with "@" for NULs, of which an
	// abstract one begins with one.
	Path   string
	Status ConnStatus
	// Unproven says that the row of a UNIX socket is out of /proc/net/unix, since
	// sock_diag(7) gave no answer. Any local user can write a row into that file, of
	// any path and of the socket of any process, by a socket whose path has a newline.
	Unproven bool
}

const opConnections = "read connections of process"

func (unsupportedProcess) connections(context.Context) (Connections, error) {
	return Connections{}, ErrNotSupported
}

func (unsupportedProcs) connections(context.Context, ConnectionFilter) (Connections, error) {
	return Connections{}, ErrNotSupported
}

func (unsupportedProcs) connectionsOf(_ context.Context, ids []ProcID) []ProcConnections {
	answers := make([]ProcConnections, len(ids))
	for i, id := range ids {
		answers[i].Err = opError(opConnections, strconv.Itoa(int(id.PID)), ErrNotSupported)
	}
	return answers
}
