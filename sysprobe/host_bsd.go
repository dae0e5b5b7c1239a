//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"runtime"
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// hostClient asks the running kernel.
type hostClient struct{ unsupportedHost }

func (hostClient) read(Config) (Host, error) { return runningHost().read() }

func (hostClient) cpus(Config) (HostCPUs, error) { return runningHost().cpus() }

func (hostClient) memory(Config) (HostMemory, error) { return runningHost().memory() }

func (hostClient) load(Config) (LoadAverage, error) { return runningHost().load() }

func (hostClient) bootTime(Config) (time.Time, error) { return runningHost().bootTime() }

func (hostClient) pids(Config) ([]int32, error) { return runningHost().pids() }

func (hostClient) pidExists(_ Config, pid int32) (bool, error) { return runningHost().pidExists(pid) }

func runningHost() hostSysctl {
	return hostSysctl{call: sysctl.System, named: sysctl.Named, raw: sysctl.Raw, goos: runtime.GOOS, goarch: runtime.GOARCH}
}
