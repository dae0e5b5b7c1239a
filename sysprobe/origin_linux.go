package sysprobe

import (
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
	"telegraf-sysprobe/sysprobe/internal/sys/cgroupfs"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// originReader reads which cgroups processes are in. It is safe for concurrent
// use, each call with a Buffer of its own.
type originReader struct {
	root    *procdir.Root
	sysRoot string
	cache   *originCache
}

func newOriginReader(root *procdir.Root, sysRoot string) *originReader {
	return &originReader{root: root, sysRoot: sysRoot, cache: newOriginCache()}
}

// begin starts a snapshot. It looks which hierarchies there are: every process is
// in the same ones.
func (o *originReader) begin(buf *procdir.Buffer, now time.Time) {
	b, err := o.root.Read(buf, "self/cgroup")
	var file cgroup.File
	if err == nil {
		file, _ = cgroup.Decode(b) //nolint:errcheck // the file of each process is read then
	}
	o.cache.begin(file, now)
}

// read returns the Origin of a process whose directory that is, or of one of its
// threads. Before is what the snapshot before had; it stays if the file cannot be
// read. Hierarchies of controllers show the dead in the root: a dead process has
// what it had before there, which is nothing where no snapshot saw it alive.
func (o *originReader) read(buf *procdir.Buffer, dir procdir.Dir, before *Origin, dead bool) (*Origin, error) {
	file, err := o.file(buf, dir)
	if err != nil || dead && len(file.Path) == 1 && !file.UnifiedOnly {
		return before, err
	}
	return o.cache.of(file.Path), nil
}

// file reads in which cgroups a process is.
func (o *originReader) file(buf *procdir.Buffer, dir procdir.Dir) (cgroup.File, error) {
	b, err := dir.Read(buf, "cgroup")
	if err != nil {
		return cgroup.File{}, err
	}
	return cgroup.Decode(b)
}

// readByID returns the Origin of the cgroup with that ID, which the process is
// in, on a machine where IDs suffice. If proc(5) hides the process, the file system
// of cgroups might have the path; the error says that it was hidden.
func (o *originReader) readByID(buf *procdir.Buffer, pid int32, id uint64) (*Origin, error) {
	origin, read := o.cache.find(id)
	if !read {
		return origin, nil
	}
	file, err := o.file(buf, o.root.Dir(pid))
	switch {
	case err == nil:
		return o.cache.learn(id, file.Path), nil
	case origin != nil:
		return o.cache.learn(id, nil), nil
	default:
		return o.cache.learn(id, o.pathOfID(id)), err
	}
}

// ofID returns the Origin of the cgroup with that ID, or nil.
func (o *originReader) ofID(id uint64) *Origin {
	if origin, _ := o.cache.find(id); origin != nil {
		return origin
	}
	if id == cgroupfs.RootID && !o.cache.idsSuffice() {
		return nil // all processes can be there
	}
	path := o.pathOfID(id)
	if path == nil || len(path) == 1 && !o.cache.idsSuffice() {
		return nil
	}
	return o.cache.learn(id, path)
}

// pathOfID returns the path of the cgroup with that ID; nil if there is no such
// cgroup, or if this user must not look.
func (o *originReader) pathOfID(id uint64) []byte {
	path, err := cgroupfs.Path(o.sysRoot, id)
	if err != nil {
		return nil
	}
	return []byte(path)
}
