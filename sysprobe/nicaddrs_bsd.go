//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

type nicAddrsClient = ribNICAddrsClient

func newNICAddrsClient(cfg Config) (*nicAddrsClient, error) {
	return newRIBNICAddrsClient(cfg, sysctl.System, runtime.GOOS, runtime.GOARCH)
}
