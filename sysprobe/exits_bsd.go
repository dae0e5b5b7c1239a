//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/kqueue"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

type exitsClient = kinfoExitsClient

func newExitsClient(cfg Config) (*exitsClient, error) {
	return newKinfoExitsClient(cfg, procKernel{sysctl: sysctl.System, goos: runtime.GOOS, goarch: runtime.GOARCH},
		func() (exitWatch, error) { return kqueue.NewWatch() })
}
