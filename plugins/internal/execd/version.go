package execd

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version describes the running program: its own version, which Go takes from
// the tag or commit it was built at, and those of Go and Telegraf.
func Version() string {
	own, telegraf := "(unknown)", "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		own = info.Main.Version
		for _, dep := range info.Deps {
			if dep.Path == "github.com/influxdata/telegraf" {
				telegraf = dep.Version
			}
		}
	}
	return fmt.Sprintf("sysprobe-execd %s (%s %s/%s, Telegraf %s)", own, runtime.Version(), runtime.GOOS, runtime.GOARCH, telegraf)
}
