//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/ifmedia"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

type nicStatsClient = ribNICStatsClient

func newNICStatsClient(Config) (*nicStatsClient, error) {
	socket, err := ifmedia.Open()
	if err != nil {
		return nil, opError("open link table", "", err)
	}
	return newRIBNICStatsClient(nicKernel{
		sysctl: sysctl.System, ioctl: socket.Ioctl, close: socket.Close, goos: runtime.GOOS, goarch: runtime.GOARCH,
	})
}
