package taskiter

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// TestSockets finds more sockets of this process than a read has records of, and no
// other files.
func TestSockets(t *testing.T) {
	needBPF(t)
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a test's own
	// A descriptor of a file that is a socket, and not of the socket.
	file, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(file) //nolint:errcheck // nothing was written
	want := map[int32]uint64{}
	for range 2500 {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd) //nolint:errcheck // nothing was written
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			t.Fatal(err)
		}
		want[int32(fd)] = st.Ino
	}
	sockets, err := OpenSockets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer sockets.Close() //nolint:errcheck // it was read only
	var table taskrec.SocketTable
	for range 2 {
		if err := sockets.Read(t.Context(), &table); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, s := range table.Sockets {
			if s.PID != int32(os.Getpid()) {
				continue
			}
			if s.FD == int32(file) {
				t.Errorf("%+v, which is no socket", s)
			}
			if inode, ok := want[s.FD]; ok && inode == s.Inode {
				found++
			}
		}
		if found != len(want) {
			t.Errorf("%d sockets, want %d", found, len(want))
		}
		if !slices.IsSortedFunc(table.Sockets, func(a, b taskrec.Socket) int { return int(a.PID) - int(b.PID) }) {
			t.Error("not by PID")
		}
	}
}
