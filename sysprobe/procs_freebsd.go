package sysprobe

import (
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/jail"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

type procsClient = kinfoProcsClient

func newProcsClient(cfg Config) (*procsClient, error) {
	return newKinfoProcsClient(cfg, procKernel{
		sysctl: sysctl.System, jail: jail.Name, goos: runtime.GOOS, goarch: runtime.GOARCH,
	})
}
