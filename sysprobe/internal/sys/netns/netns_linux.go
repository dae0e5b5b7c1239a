package netns

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/caps"
)

// Named returns the paths of the namespaces in Dir, sorted; none where Dir does
// not exist. It leaves out a file on which no namespace is mounted: ip-netns(8)
// makes the file first, and removes it last.
func Named() ([]string, error) {
	paths, err := inDirectory(Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return paths, err
}

// List returns the paths of the namespaces that a path means, sorted: those in a
// directory, or those that match a pattern of filepath.Match. Any other path
// means itself, whether it exists or not.
func List(path string) ([]string, error) {
	if strings.ContainsAny(path, "*?[") {
		paths, err := filepath.Glob(path)
		if len(paths) == 0 && err == nil {
			err = searched(path)
		}
		slices.Sort(paths)
		return slices.DeleteFunc(paths, isNone), err
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return []string{path}, nil //nolint:nilerr // the namespace might come later
	}
	return inDirectory(path)
}

// searched returns why the directory of a pattern cannot be read, about which Glob is
// silent; nil where there is no such directory: it might come later.
func searched(pattern string) error {
	_, err := os.ReadDir(filepath.Dir(pattern[:strings.IndexAny(pattern, "*?[")] + "*"))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("read directory: %w", errors.Unwrap(err))
}

// inDirectory returns the paths of the namespaces in a directory, sorted.
func inDirectory(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", errors.Unwrap(err))
	}
	var paths []string
	for _, entry := range entries {
		if path := filepath.Join(dir, entry.Name()); !isNone(path) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// other says that a file is there, and is not that of a network namespace.
func other() error { return fmt.Errorf("not a network namespace: %w", fs.ErrNotExist) }

// isNone reports whether no network namespace is at path.
func isNone(path string) bool {
	var mount unix.Statfs_t
	if unix.Statfs(path, &mount) != nil || int64(mount.Type) != unix.NSFS_MAGIC {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false // whoever may stat(2) it learns that it is there
	}
	defer f.Close()
	return !isNetNS(f)
}

// isNetNS reports whether f is the file of a network namespace (ioctl_nsfs(2)).
// Before Linux 4.11 those of all kinds look alike.
func isNetNS(f *os.File) bool {
	var mount unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &mount) != nil || int64(mount.Type) != unix.NSFS_MAGIC {
		return false
	}
	kind, err := unix.IoctlRetInt(int(f.Fd()), unix.NS_GET_NSTYPE)
	return err != nil || kind == unix.CLONE_NEWNET
}

// Own is the file of the namespace of the thread that opens it. /proc/self is the first thread
// of this process, which Do might have moved to another namespace.
const Own = "/proc/thread-self/ns/net"

// Identify returns the identity of the namespace whose file is path; an empty
// path is the caller's own namespace. It returns an error that wraps
// fs.ErrNotExist where no namespace is at path, and fs.ErrPermission where the
// caller must not look.
func Identify(path string) (Identity, error) {
	path = cmp.Or(path, Own)
	var file unix.Stat_t
	err := unix.Stat(path, &file)
	if errors.Is(err, unix.ESRCH) { // of a process that exits
		err = unix.ENOENT
	}
	if err != nil {
		return Identity{}, os.NewSyscallError("stat", err)
	}
	if isNone(path) {
		return Identity{}, other()
	}
	return Identity{Device: uint64(file.Dev), Inode: file.Ino}, nil
}

// IsOwn reports whether the namespace of a file is the caller's own.
func IsOwn(file *os.File) bool {
	var own, other unix.Stat_t
	return unix.Stat(Own, &own) == nil && unix.Fstat(int(file.Fd()), &other) == nil && own.Dev == other.Dev && own.Ino == other.Ino
}

// MayEnter returns nil where this process has the CAP_SYS_ADMIN that setns(2)
// needs, and fs.ErrPermission where it has not.
func MayEnter() error {
	effective, err := caps.Effective()
	if err == nil && !effective.Has(caps.SysAdmin) {
		err = fs.ErrPermission
	}
	return err
}

// ErrOpen says that an errno is that of opening the file of a namespace, and not
// of what is done in it: a namespace that is gone and a family of generic netlink
// that the kernel lacks are both ENOENT.
var ErrOpen = errors.New("open network namespace")

// Open opens the file of a namespace. It returns an error that wraps ErrOpen and
// the errno of open(2), or fs.ErrNotExist where the file is not that of a network
// namespace.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // a named pipe would wait for a writer
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOpen, errors.Unwrap(err))
	}
	if !isNetNS(f) {
		return nil, fmt.Errorf("%w: %w", ErrOpen, errors.Join(other(), f.Close()))
	}
	return f, nil
}

// Do calls f on a thread that is in the namespace whose file is path; an empty
// path is the caller's own namespace. Sockets that f opens stay there. It
// returns the error of f, and without calling it fs.ErrNotExist where path does
// not exist, and fs.ErrPermission where the caller must not enter.
func Do(path string, f func() error) error {
	if path == "" {
		return f()
	}
	target, err := Open(path)
	if err != nil {
		return err
	}
	defer target.Close()
	done := make(chan error)
	go func() { done <- inside(target, f) }()
	return <-done
}

// inside calls f in the namespace target. The thread returns to its own one
// afterwards; where it cannot, it stays locked and ends with its goroutine.
func inside(target *os.File, f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open(Own)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if err := enter(target); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	err = f()
	if back := enter(home); back != nil {
		return errors.Join(err, back)
	}
	runtime.UnlockOSThread()
	return err
}

// enter moves this thread.
func enter(ns *os.File) error {
	return os.NewSyscallError("setns", unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET))
}
