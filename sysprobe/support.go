package sysprobe

import (
	"io/fs"
	"runtime"
	"slices"
)

// Feature is a handle of this package, "Process", a method of one,
// "Process.MemoryMaps", or a function that needs no handle, "ReadHost".
type Feature string

// The handles; their methods are features too.
const (
	FeatureNICAddrs Feature = "NICAddrs"
	FeatureNICStats Feature = "NICStats"
	FeatureNICWatch Feature = "NICWatch"
	FeatureProcs    Feature = "Procs"
	FeatureProcess  Feature = "Process"
	FeatureExits    Feature = "Exits"
	// FeatureZombies is that the zombies of the system are known: a Procs has
	// them, or there are none, see [KeepsZombies].
	FeatureZombies Feature = "Zombies"
)

// Supported returns nil where this system supports f: of a handle at least one
// method. It returns an error that wraps [ErrNotSupported] where the system
// does not, and one that wraps fs.ErrInvalid where there is no such feature.
// What a kernel or a privilege lacks shows only when a method is called.
func Supported(f Feature) error {
	const op = "look for a backend of"
	systems, ok := supportedOn[f]
	switch {
	case !ok:
		return opError(op, string(f), fs.ErrInvalid)
	case !slices.Contains(systems, runtime.GOOS):
		return opError(op, string(f), ErrNotSupported)
	default:
		return nil
	}
}

// KeepsZombies reports whether this system keeps a process that exited until its
// parent reaps it. Windows does not: it frees the process once no handle to it is
// open, whatever its parent does. A Procs there has no zombies, and no Exits are
// needed to date them.
func KeepsZombies() bool { return runtime.GOOS != "windows" }

// HasNice reports whether the processes of this system have nice values. Those of
// Windows have priority classes instead, see [Proc.Priority], though not every one has
// one.
func HasNice() bool { return runtime.GOOS != "windows" }

// mayExec reports whether a process of this system can execute another program
// than the one it was started with.
func mayExec() bool { return runtime.GOOS != "windows" }
