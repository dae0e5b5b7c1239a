package execd

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version describes the running program: its own version, which Go takes from
// the tag or commit it was built at, and those of Go and Telegraf.
func Version() string {
	telegraf := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/influxdata/telegraf" {
				telegraf = dep.Version
			}
		}
	}
	return fmt.Sprintf("sysprobe-execd %s (%s %s/%s, Telegraf %s)", OwnVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, telegraf)
}

// OwnVersion is the version of the program alone.
func OwnVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
